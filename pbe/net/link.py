"""One connection between two processes of the cluster, in the wire's frames.

Theory of operation.

    greeting   hello and proof; nothing else is listened to, for at most `handshake_timeout_s`
      → open   calls, watches and posts both ways, a ping in every silence
      → closed every call and watch that waits here fails, every one that runs for the peer is cancelled

Whatever is wrong with a peer (garbage, a lie, silence, a reader too slow) costs this connection and nothing else.
"""

from collections.abc import Callable
from typing import Any

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.interfaces import IProtocol, IPushProducer, IReactorTime
from twisted.internet.protocol import Protocol, connectionDone
from twisted.logger import Logger
from twisted.python.failure import Failure
from zope.interface import implementer

from pbe.errors import NetError, PbeError, PeerError
from pbe.net import direct
from pbe.net.faults import from_fault
from pbe.net.handlers import Handlers
from pbe.net.link_limits import LinkLimits
from pbe.net.serving import Serving
from pbe.wire import frame, kinds, message
from pbe.wire.frame import HANDSHAKE_FRAME_BYTES_MAX, Decoder, Frame
from pbe.wire.handshake import Handshake

Listener = Callable[[int, Any], None]
_log = Logger()


class _Watch:
    """One watch of ours on this connection."""

    __slots__ = ("ended", "listener", "topic")

    def __init__(self, topic: str, listener: Listener, ended: Callable[[PbeError], None]) -> None:
        self.topic = topic
        self.listener = listener
        self.ended = ended


@implementer(IProtocol, IPushProducer)
class Link(Protocol):
    """One side of a link; `name` and `role` are the peer's once it is open.

    opened: called once the peer has proved itself; closed: called once at the end with the reason, opened or not.
    """

    transport: Any

    def __init__(
        self,
        handshake: Handshake,
        handlers: Handlers,
        clock: IReactorTime,
        limits: LinkLimits,
        *,
        opened: "Callable[[Link], None]",
        closed: "Callable[[Link, str], None]",
    ) -> None:
        self.name = ""
        self.role = ""
        self.is_open = False
        self.opened_at = 0.0
        self._handshake = handshake
        self._clock = clock
        self._limits = limits
        self._opened = opened
        self._closed = closed
        self._decoder = Decoder(HANDSHAKE_FRAME_BYTES_MAX)
        self._serving = Serving(self, handlers, limits, clock)
        self._calls: dict[int, Deferred[Any]] = {}
        self._watches: dict[int, _Watch] = {}
        self._next_stream = 1 if handshake.dialled else 2
        self._over = False
        self._slow = False
        self._waiting_bytes = 0  # written since the peer stopped reading
        self._heard_at = clock.seconds()
        self._timer = clock.callLater(limits.handshake_timeout_s, self._tick)
        self._why = ""

    # what Twisted calls

    def connectionMade(self) -> None:
        """The connection stands: greet."""
        if self._over:
            self.transport.abortConnection()
            return
        if hasattr(self.transport, "setTcpNoDelay"):
            self.transport.setTcpNoDelay(True)
        self.transport.registerProducer(self, True)
        self._write(self._handshake.start())

    def dataReceived(self, data: bytes) -> None:
        """Bytes of the peer."""
        if self._over:
            return
        self._heard_at = self._clock.seconds()
        try:
            for got in self._decoder.feed(data):
                self._take(got)
        except PeerError as error:
            self.abort(str(error))

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """The connection is gone."""
        why = self._why or reason.getErrorMessage()
        self._over = True
        self.is_open = False
        if self._timer.active():
            self._timer.cancel()
        self._serving.stop()
        calls, self._calls = self._calls, {}
        watches, self._watches = self._watches, {}
        for waiting in calls.values():
            waiting.errback(NetError("call", self.name, hint=why))
        for watch in watches.values():
            watch.ended(NetError("watch", self.name, hint=why))
        self._closed(self, why)

    def pauseProducing(self) -> None:
        """The peer reads slowly."""
        self._slow = True

    def resumeProducing(self) -> None:
        """The peer caught up."""
        self._slow = False
        self._waiting_bytes = 0

    def stopProducing(self) -> None:
        """Nothing can be sent any more."""

    # what this process asks of the peer

    async def call(self, method: str, body: Any, timeout_s: float) -> Any:
        """The peer's answer. Raises what its method raised, `NetError` where the link broke or time ran out.

        A `NetError` does not say whether the method ran.
        """
        if not self.is_open:
            raise NetError("call", f"{self.name} {method}", hint="the link is not open")
        stream = self._open_stream()
        self._send(kinds.CALL, stream, message.encode(message.Call(method, int(timeout_s * 1000), body)))
        waiting: Deferred[Any] = Deferred()
        self._calls[stream] = waiting
        timer = self._clock.callLater(timeout_s, self._call_late, stream, method)
        try:
            return await waiting
        except CancelledError:
            self._give_up(stream)
            raise
        finally:
            if timer.active():
                timer.cancel()

    def subscribe(
        self, topic: str, revision: int, listener: Listener, ended: Callable[[PbeError], None]
    ) -> Callable[[], None]:
        """Have `listener` called with (revision, body) of every event after `revision`; the result stops it.

        `ended` is called once with the reason if the peer or the connection ends it; resume from the last one seen.
        """
        if not self.is_open:
            raise NetError("watch", f"{self.name} {topic}", hint="the link is not open")
        stream = self._open_stream()
        self._watches[stream] = _Watch(topic, listener, ended)
        self._send(kinds.WATCH, stream, message.encode(message.Watch(topic, revision)))

        def stop() -> None:
            if self._watches.pop(stream, None) is not None:
                self._send(kinds.CANCEL, stream, b"")

        return stop

    def post(self, topic: bytes, data: bytes) -> bool:
        """Send `data` without an answer; False where it was dropped because the peer reads too slowly or is gone.

        True promises nothing: a post may be lost with the connection, but never comes twice or out of order.
        """
        if not self.is_open or self._waiting_bytes > self._limits.posts_bytes_max:
            return False
        self._send(kinds.POST, 0, message.encode_post(topic, data))
        return True

    def abort(self, why: str) -> None:
        """Drop the connection; what waits in it fails with `why`."""
        if not self._over:
            self._over = True
            self.is_open = False
            self._why = why
            if self.transport is not None:
                self.transport.abortConnection()

    def never_connected(self) -> None:
        """The connection this link was made for did not come about."""
        self._over = True
        if self._timer.active():
            self._timer.cancel()

    def close(self) -> None:
        """Close once everything written is sent."""
        self._why = self._why or "closed by us"
        self.transport.unregisterProducer()
        self.transport.loseConnection()

    # what serves the peer

    def reply(self, kind: int, stream: int, payload: bytes) -> None:
        """Send a frame that answers the peer's stream."""
        if not self._over:
            self._send(kind, stream, payload)

    # inside

    def _take(self, got: Frame) -> None:
        if self._over:
            return
        if self.is_open:
            self._receive(got)
        else:
            self._greet(got)

    def _greet(self, got: Frame) -> None:
        self._write(self._handshake.receive(got))
        peer = self._handshake.peer
        if peer is None:
            return
        self.name, self.role = peer.name, peer.role
        self.is_open = True
        self.opened_at = self._clock.seconds()
        self._decoder.frame_bytes_max = self._limits.frame_bytes_max
        self._timer.reset(self._limits.ping_s)
        self._opened(self)

    def _receive(self, got: Frame) -> None:
        kind = got.kind
        if kind == kinds.EVENT:
            self._on_event(got)
        elif kind == kinds.POST:
            self._serving.on_post(got.payload)
        elif kind == kinds.REPLY:
            self._on_reply(got)
        elif kind == kinds.CALL:
            self._serving.on_call(got)
        elif kind == kinds.WATCH:
            self._serving.on_watch(got)
        elif kind == kinds.CANCEL:
            self._serving.on_cancel(got.stream)
        elif kind == kinds.FAULT:
            self._on_fault(got)
        elif kind == kinds.PING:
            self._send(kinds.PONG, 0, got.payload[:8])
        elif kind != kinds.PONG:
            raise PeerError("read a frame", f"kind {kind}", hint="unknown")

    def _on_event(self, got: Frame) -> None:
        watch = self._watches.get(got.stream)
        if watch is None:
            return  # stopped meanwhile
        event = message.decode(got.payload, message.Event)
        try:
            watch.listener(event.revision, event.body)
        except Exception as error:
            _log.failure("a listener of {topic} failed", topic=watch.topic)
            del self._watches[got.stream]
            self._send(kinds.CANCEL, got.stream, b"")
            watch.ended(NetError("watch", watch.topic, hint=f"its listener failed: {error!r}"))

    def _on_reply(self, got: Frame) -> None:
        waiting = self._calls.pop(got.stream, None)
        if waiting is not None:
            waiting.callback(message.decode_any(got.payload))

    def _on_fault(self, got: Frame) -> None:
        fault = message.decode(got.payload, message.Fault)
        waiting = self._calls.pop(got.stream, None)
        if waiting is not None:
            waiting.errback(from_fault(fault, "call", self.name))
        watch = self._watches.pop(got.stream, None)
        if watch is not None:
            watch.ended(from_fault(fault, f"watch {watch.topic}", self.name))

    def _call_late(self, stream: int, method: str) -> None:
        waiting = self._calls.get(stream)
        if waiting is not None:
            self._give_up(stream)
            waiting.errback(NetError("call", f"{self.name} {method}", hint="no answer in time"))

    def _give_up(self, stream: int) -> None:
        if self._calls.pop(stream, None) is not None and self.is_open:
            self._send(kinds.CANCEL, stream, b"")

    def _open_stream(self) -> int:
        stream = self._next_stream
        while stream in self._calls or stream in self._watches:
            stream = _after(stream)
        self._next_stream = _after(stream)
        return stream

    def _send(self, kind: int, stream: int, payload: bytes) -> None:
        self._write(frame.encode(kind, stream, payload, self._limits.frame_bytes_max))

    def _write(self, data: bytes) -> None:
        if not data or self._over:
            return
        if self._slow:
            self._waiting_bytes += len(data)
            if self._waiting_bytes > self._limits.outgoing_bytes_max:
                self.abort("it reads too slowly")
                return
        direct.write(self.transport, data)

    def _tick(self) -> None:
        silent_s = self._clock.seconds() - self._heard_at
        if not self.is_open:
            self.abort("no greeting in time")
        elif silent_s >= self._limits.silence_s:
            self.abort(f"silent for {silent_s:.0f} s")
        else:
            self._timer = self._clock.callLater(self._limits.ping_s, self._tick)
            self._send(kinds.PING, 0, b"")


def _after(stream: int) -> int:
    """The next id of the same parity, within 31 bits."""
    return stream + 2 if stream < 2**31 - 3 else stream % 2 or 2
