"""The half of a link that runs what the peer asks for, within limits."""

from typing import Any, Protocol

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger
from twisted.python.failure import Failure

from pbe.errors import Misuse, NetError, NotFound, PbeError, PeerError, Unavailable
from pbe.net.faults import to_fault
from pbe.net.handlers import Handlers, Peer
from pbe.net.link_limits import LinkLimits
from pbe.wire import kinds, message
from pbe.wire.frame import Frame

_log = Logger()


class Line(Peer, Protocol):
    """The link, as this half sees it."""

    def reply(self, kind: int, stream: int, payload: bytes) -> None:
        """Send a frame on the peer's stream."""


class Serving:
    """The calls and watches of one peer that run here."""

    def __init__(self, line: Line, handlers: Handlers, limits: LinkLimits, clock: IReactorTime) -> None:
        self._line = line
        self._handlers = handlers
        self._limits = limits
        self._clock = clock
        self._calls: dict[int, Deferred[Any]] = {}
        self._watches: dict[int, Any] = {}
        self._stopped = False

    def on_call(self, got: Frame) -> None:
        """Run a method and answer on the stream, unless the peer gives it up or its time runs out first."""
        call = message.decode(got.payload, message.Call)
        stream = got.stream
        self._must_be_new(stream)
        method = self._handlers.methods.get(call.method)
        if method is None:
            self._refuse(stream, NotFound(f"There is no method {call.method[:64]!r}."))
            return
        if len(self._calls) >= self._limits.calls_max:
            self._refuse(stream, Unavailable(cause="too many calls at once"))
            return
        running: Deferred[Any] = Deferred.fromCoroutine(method(self._line, call.body))
        self._calls[stream] = running
        running.addTimeout(max(call.timeout_ms, 1) / 1000, self._clock)
        running.addCallbacks(self._answer, self._fail, callbackArgs=(stream,), errbackArgs=(stream, call.method))

    def on_watch(self, got: Frame) -> None:
        """Begin to emit on the stream."""
        watch = message.decode(got.payload, message.Watch)
        stream = got.stream
        self._must_be_new(stream)
        source = self._handlers.find_source(watch.topic)
        if source is None:
            self._refuse(stream, NotFound(f"There is no topic {watch.topic[:64]!r}."))
            return
        if len(self._watches) >= self._limits.watches_max:
            self._refuse(stream, Unavailable(cause="too many watches"))
            return
        self._watches[stream] = None

        def emit(revision: int, body: Any) -> None:
            if stream in self._watches:
                self._line.reply(kinds.EVENT, stream, message.encode(message.Event(revision, body)))

        try:
            stop = source(watch.revision, emit)
        except PbeError as error:
            self._watches.pop(stream, None)
            self._refuse(stream, error)
            return
        if stream in self._watches and not self._stopped:
            self._watches[stream] = stop
        else:
            stop()

    def on_post(self, payload: bytes) -> None:
        """Hand a post to its topic's handler; one that nobody takes is dropped."""
        topic, data = message.decode_post(payload)
        handler = self._handlers.posts.get(topic)
        if handler is not None:
            handler(self._line, data)

    def on_cancel(self, stream: int) -> None:
        """The peer gave the stream up."""
        running = self._calls.pop(stream, None)
        if running is not None:
            running.cancel()
        stop = self._watches.pop(stream, None)
        if stop is not None:
            stop()

    def stop(self) -> None:
        """The connection is gone."""
        self._stopped = True
        calls, self._calls = self._calls, {}
        watches, self._watches = self._watches, {}
        for running in calls.values():
            running.cancel()
        for stop in watches.values():
            if stop is not None:
                stop()

    def _must_be_new(self, stream: int) -> None:
        if stream == 0 or stream in self._calls or stream in self._watches:
            raise PeerError("open a stream", str(stream), hint="it is open already")

    def _answer(self, result: Any, stream: int) -> None:
        if self._calls.pop(stream, None) is None:
            return
        try:
            self._line.reply(kinds.REPLY, stream, message.encode(result))
        except (Misuse, TypeError, ValueError) as error:  # too large for a frame, or not plain data
            _log.failure("an answer cannot be sent")
            self._refuse(stream, NetError("answer a call", hint=str(error)))

    def _fail(self, failure: Failure, stream: int, method: str) -> None:
        error = failure.value
        if not isinstance(error, PbeError | CancelledError) and not isinstance(error, TimeoutError):
            _log.failure("method {method} failed", failure=failure, method=method)
        if self._calls.pop(stream, None) is not None:
            if not isinstance(error, PbeError):
                error = NetError("call", method, hint=type(error).__name__)
            self._refuse(stream, error)

    def _refuse(self, stream: int, error: PbeError) -> None:
        self._line.reply(kinds.FAULT, stream, message.encode(to_fault(error)))
