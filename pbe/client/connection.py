"""One HTTP/1.1 connection to a server: one request at a time, kept for the next.

Theory of operation.

    idle → request written, its body as it comes → head of the answer → body → idle | closed
                                                 → 101: the bytes belong to whoever took the connection over

A server that answers before it has read the whole request is heard; the connection is not used again.
"""

from collections.abc import AsyncIterator, Callable
from typing import Any

import httptools
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.interfaces import IProtocol, IPushProducer
from twisted.internet.protocol import Protocol, connectionDone
from twisted.python.failure import Failure
from zope.interface import implementer

from pbe.client.answer import ClientAnswer, RawHeaders
from pbe.client.errors import BadAnswer, NoAnswer
from pbe.errors import Misuse
from pbe.net import direct
from pbe.net.body import Body

HEAD_BYTES_MAX = 256 * 1024
_BODILESS = frozenset({204, 304})


@implementer(IProtocol, IPushProducer)
class ClientConnection(Protocol):
    """A connection of a pool. `released` is called with itself when it is idle again, `lost` when it is gone."""

    transport: Any

    def __init__(
        self, subject: str, released: "Callable[[ClientConnection], None]", lost: "Callable[[ClientConnection], None]"
    ) -> None:
        self.subject = subject
        self.connected_now = False
        self.used = 0
        self.idle_since = 0.0
        self._released = released
        self._lost = lost
        self._waiting: Deferred[ClientAnswer] | None = None
        self._answer: ClientAnswer | None = None
        self._head_only = False
        self._sending = False
        self._slow = False
        self._paused = False
        self._flow: Deferred[None] | None = None
        self._pumping: Deferred[None] | None = None
        self._successor: IProtocol | None = None
        self._leftover = b""
        self._headers: RawHeaders = []
        self._reset_parser()

    # for whoever has the connection

    async def ask(self, method: str, head: bytes, body: bytes | AsyncIterator[bytes] | None) -> ClientAnswer:
        """Send a request, its head complete with the empty line, its body framed as the head says.

        Raises `NoAnswer` or `BadAnswer`, and what the body's iterator raised, after which the connection is gone.
        """
        if self._waiting is not None or self._answer is not None:
            raise Misuse("send a request", self.subject, hint="the connection is busy")
        self.used += 1
        self._head_only = method == "HEAD"
        waiting: Deferred[ClientAnswer] = Deferred(self._cancelled)
        self._waiting = waiting
        if isinstance(body, bytes) or body is None:
            direct.write(self.transport, head + body if body else head)
        else:
            direct.write(self.transport, head)
            self._sending = True
            self._pumping = Deferred.fromCoroutine(self._pump(body))
            self._pumping.addErrback(self._pump_failed)
        return await waiting

    def take_over(self, successor: IProtocol) -> None:
        """After a 101: `successor` gets the connection and what came behind the head."""
        self._successor = successor
        self._answer = None
        self.transport.unregisterProducer()
        successor.makeConnection(self.transport)
        leftover, self._leftover = self._leftover, b""
        if leftover:
            successor.dataReceived(leftover)

    def abort(self) -> None:
        """Drop the connection; a body that is being sent is not read any further."""
        self._stop_sending()
        if self.transport is not None:
            self.transport.abortConnection()

    # what Twisted calls

    def connectionMade(self) -> None:
        """The connection stands."""
        self.connected_now = True
        for option in ("setTcpNoDelay", "setTcpKeepAlive"):
            if hasattr(self.transport, option):
                getattr(self.transport, option)(True)
        self.transport.registerProducer(self, True)

    def dataReceived(self, data: bytes) -> None:
        """Bytes of the server."""
        if self._successor is not None:
            self._successor.dataReceived(data)
            return
        if self._waiting is None and self._answer is None:
            self.abort()  # it speaks out of turn: nothing it says can be trusted to be an answer
            return
        try:
            self._parser.feed_data(data)
            if self._answer is None and self._waiting is not None:
                self._head_bytes += len(data)
                if self._head_bytes > HEAD_BYTES_MAX:
                    raise httptools.HttpParserError("the head is too long")
        except httptools.HttpParserUpgrade as upgrade:
            self._leftover = data[upgrade.args[0] :]
        except httptools.HttpParserError as error:
            self._fail(BadAnswer("read an answer", self.subject, hint=str(error)))
            self.abort()
        self._hand_out()

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """The connection is gone; an answer without a length ends with it."""
        self.connected_now = False
        self._lost(self)
        if self._successor is not None:
            self._successor.connectionLost(reason)
            return
        answer = self._answer
        if answer is not None and self._until_close and not self._broken(reason):
            answer.body.finish()
        stale = self.used > 1 and not self._head_bytes
        hint = reason.getErrorMessage()
        self._fail(NoAnswer("wait for an answer", self.subject, hint=hint, stale=stale))
        self._stop_sending()

    def pauseProducing(self) -> None:
        """The server reads slowly."""
        self._slow = True

    def resumeProducing(self) -> None:
        """The server caught up."""
        self._slow = False
        self._wake()

    def stopProducing(self) -> None:
        """Nothing can be sent any more."""
        self._wake()

    # what httptools calls

    def on_header(self, name: bytes, value: bytes) -> None:
        """One header, or a trailer, which is dropped."""
        if self._answer is None and not self._head_complete:
            self._headers.append((name, value.rstrip(b" \t")))

    def on_headers_complete(self) -> None:
        """A head is complete; the interim ones are passed over."""
        status = self._parser.get_status_code()
        if 100 <= status < 200 and status != 101:
            self._headers = []
            return
        self._head_complete = True
        length: int | None = None
        chunked = False
        for name, value in self._headers:
            lower = name.lower()
            if lower == b"content-length":
                length = int(value)
            elif lower == b"transfer-encoding":
                chunked = True
        if self._head_only or status in _BODILESS or status == 101:
            length = 0
        self._until_close = length is None and not chunked
        self._keep = self._parser.should_keep_alive() and not self._until_close
        body = Body(length)
        self._answer = ClientAnswer(status, self._headers, body, self.abort)
        self._finished = length == 0

    def on_body(self, data: bytes) -> None:
        """A piece of the body."""
        if self._answer is not None and not self._answer.body.complete:
            self._answer.body.feed(data)

    def on_message_complete(self) -> None:
        """The answer is complete."""
        if self._answer is not None:
            self._finished = True
            self._answer.body.finish()

    # inside

    def _reset_parser(self) -> None:
        self._parser = httptools.HttpResponseParser(self)
        self._headers = []
        self._head_bytes = 0
        self._head_complete = False
        self._until_close = False
        self._keep = False
        self._finished = False

    def _hand_out(self) -> None:
        """Give the answer to whoever waits, keep the body's pace, and the connection for the next when it is over."""
        answer = self._answer
        if answer is None:
            return
        if answer.body.complete and answer.status != 101:
            self._over(answer)
        else:
            answer.body.wanted = self._set_pace
            self._set_pace()
        waiting, self._waiting = self._waiting, None
        if waiting is not None:
            waiting.callback(answer)

    def _over(self, answer: ClientAnswer) -> None:
        keep = self._keep and not self._sending and self.connected_now
        self._answer = None
        self._set_pace()
        if not keep:
            self._end()
            return
        self._reset_parser()
        self._released(self)

    def _end(self) -> None:
        if self._sending:
            self.abort()
        elif self.connected_now:
            self.transport.unregisterProducer()
            self.transport.loseConnection()

    def _set_pace(self) -> None:
        want_pause = self._answer is not None and self._answer.body.full
        if want_pause is not self._paused and self.connected_now:
            self._paused = want_pause
            if want_pause:
                self.transport.pauseProducing()
            else:
                self.transport.resumeProducing()

    def _fail(self, error: NoAnswer | BadAnswer) -> None:
        waiting, self._waiting = self._waiting, None
        answer, self._answer = self._answer, None
        if answer is not None:
            answer.body.fail(BadAnswer("read an answer", self.subject, hint=error.hint))
            if waiting is not None:
                waiting.callback(answer)
        elif waiting is not None:
            waiting.errback(error)

    def _cancelled(self, _: Deferred[ClientAnswer]) -> None:
        self._waiting = None
        self.abort()

    async def _pump(self, body: AsyncIterator[bytes]) -> None:
        async for piece in body:
            direct.write(self.transport, piece)
            if self._slow:
                self._flow = Deferred()
                await self._flow
        self._sending = False

    def _pump_failed(self, failure: Failure) -> None:
        """The body cannot be had: the server must not take half of it for the whole."""
        self._pumping = None
        if isinstance(failure.value, CancelledError):
            return
        waiting, self._waiting = self._waiting, None
        self.abort()
        if waiting is not None:
            waiting.errback(failure)

    def _stop_sending(self) -> None:
        pumping, self._pumping = self._pumping, None
        if pumping is not None and self._sending:
            pumping.cancel()

    def _wake(self) -> None:
        flow, self._flow = self._flow, None
        if flow is not None:
            flow.callback(None)

    def _broken(self, reason: Failure) -> bool:
        from twisted.internet.error import ConnectionDone

        return not isinstance(reason.value, ConnectionDone)
