"""One client's connection: requests in, answers out, in order.

Theory of operation. `Inbound` collects what arrives; what to do is decided in `_advance`: one request at a time is
handed to the handler, the others of a pipeline wait in `Inbound.ready`, which one read of the socket bounds, since
reading stops while anything waits.

    waiting for a head → head complete → handler runs → answer is written → waiting for a head | closing
                              body arrives meanwhile, the reader's pace slows the client

A message that cannot be parsed becomes a refusal behind the requests before it: they are answered first, then it, then
the connection closes.
"""

from collections.abc import Callable, Coroutine
from typing import Any
from typing import Protocol as Interface

from twisted.internet.interfaces import IHalfCloseableProtocol, IProtocol, IPushProducer
from twisted.internet.protocol import Protocol, connectionDone
from twisted.python.failure import Failure
from zope.interface import implementer

from pbe.net import direct
from pbe.web.answer import StreamedAnswer
from pbe.web.body import cut_off
from pbe.web.driver import drive
from pbe.web.errors import to_response
from pbe.web.inbound import Inbound
from pbe.web.limits import Limits
from pbe.web.refusal import TIMED_OUT, Refusal
from pbe.web.request import Request
from pbe.web.response import PushBody, Response, Takeover, render_head

NEVER = float("inf")
LOOPBACK = ("127.", "::1", "::ffff:127.")
_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
_BODILESS = frozenset({204, 304})


class Owner(Interface):
    """What a connection needs of its server."""

    limits: Limits
    now: float  # coarse, of the last sweep
    date_line: bytes
    draining: bool
    handler: Callable[[Request], Coroutine[Any, Any, Response]]

    def opened(self, connection: "HttpConnection") -> bool:
        """Whether there is room for one more."""

    def closed(self, connection: "HttpConnection") -> None:
        """The connection is gone."""


@implementer(IProtocol, IHalfCloseableProtocol, IPushProducer)
class HttpConnection(Protocol):
    """The server's side of one HTTP/1.1 connection."""

    transport: Any

    def __init__(self, owner: Owner) -> None:
        self._owner = owner
        self._current: Request | None = None
        self._streamed: StreamedAnswer | None = None
        self._advancing = False
        self._closing = False
        self._slow = False  # the client takes its answer slower than we send
        self._reading = True
        self._half_closed = False  # the client sends no more
        self._successor: IProtocol | None = None
        self.deadline = NEVER

    # what Twisted calls

    def connectionMade(self) -> None:
        """A client connected."""
        transport, owner = self.transport, self._owner
        if not owner.opened(self):
            transport.abortConnection()
            return
        address = transport.getPeer()
        peer = str(getattr(address, "host", ""))
        local = peer.startswith(LOOPBACK) or not peer
        secure = hasattr(transport, "getPeerCertificate")
        self._inbound = Inbound(owner.limits, peer=peer, local=local, secure=secure)
        for option in ("setTcpNoDelay", "setTcpKeepAlive"):
            if hasattr(transport, option):
                getattr(transport, option)(True)
        transport.registerProducer(self, True)
        self.deadline = owner.now + owner.limits.header_timeout_s

    def dataReceived(self, data: bytes) -> None:
        """Bytes of the client."""
        if self._successor is not None:
            self._successor.dataReceived(data)
            return
        if self._closing:
            return
        self._inbound.feed(data)
        self._advance()

    def readConnectionLost(self) -> None:
        """The client will send no more; it may still read what it asked for."""
        if self._successor is not None:
            if IHalfCloseableProtocol.providedBy(self._successor):
                self._successor.readConnectionLost()
            else:
                self.transport.loseConnection()
            return
        self._half_closed = True
        if self._closing:
            self.transport.loseConnection()
            return
        last = self._inbound.ready[-1] if self._inbound.ready else self._current
        if isinstance(last, Request):
            last.keep_alive = False
        self._inbound.fail(cut_off())
        if self._streamed is not None:
            self._stop_streaming()
            self._drop()
        elif self._current is None and not self._inbound.ready:
            self._close()

    def writeConnectionLost(self) -> None:
        """Our side is closed; the client's end is awaited until the deadline."""

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """The connection is gone."""
        self._owner.closed(self)
        if self._successor is not None:
            self._successor.connectionLost(reason)
            return
        self._closing = True
        if not hasattr(self, "_inbound"):
            return
        self._inbound.fail(cut_off())
        self._inbound.ready.clear()
        self._stop_streaming()
        if self._current is not None:
            current, self._current = self._current, None
            current.mark_closed()

    def pauseProducing(self) -> None:
        """The client reads slowly."""
        self._slow = True
        self._set_pace()

    def resumeProducing(self) -> None:
        """The client caught up."""
        self._slow = False
        if self._streamed is not None:
            self._streamed.resumed()
        self._advance()

    def stopProducing(self) -> None:
        """Nothing can be written any more; connectionLost says the rest."""

    # what the server calls

    def expire(self) -> None:
        """The deadline has passed."""
        if self._closing or self._successor is not None:
            self.transport.abortConnection()
        elif self._slow:
            self._drop()
        elif self._inbound.in_head:
            self._inbound.ended = True
            self._inbound.ready.append(TIMED_OUT)
            self.deadline = NEVER
            self._advance()
        elif self._current is not None:
            self.deadline = NEVER
            self._current.keep_alive = False
            self._inbound.fail(cut_off())
        else:
            self._close()

    def drain(self) -> None:
        """Close as soon as nothing is in progress."""
        if self._current is None and self._successor is None and not self._inbound.ready and not self._closing:
            self._close()

    # requests

    def _advance(self) -> None:
        if self._advancing:
            return
        self._advancing = True
        try:
            ready = self._inbound.ready
            while self._current is None and ready and not self._slow and not self._closing:
                request = ready.popleft()
                if isinstance(request, Refusal):
                    self._refuse(request)
                else:
                    self._handle(request)
        finally:
            self._advancing = False
        self._set_pace()

    def _handle(self, request: Request) -> None:
        self._current = request
        reader = request.reader
        if not reader.complete:
            reader.wanted = self._set_pace
            if request.version == "1.1" and request.headers.get_bytes(b"expect") is not None:
                reader.wanted = self._send_continue
        drive(
            self._owner.handler(request),
            lambda response: self._respond(request, response),
            lambda error: self._failed(request, error),
        )

    def _failed(self, request: Request, error: BaseException) -> None:
        if self._current is request:  # else the client is gone, and what its handler waited for with it
            self._respond(request, to_response(error))

    def _send_continue(self) -> None:
        current = self._current
        if current is not None:
            current.reader.wanted = self._set_pace
            if not current.reader.received:
                self.send(_CONTINUE)
        self._set_pace()

    def _set_pace(self) -> None:
        """Read or stop reading, and set the deadline by what is awaited."""
        if self._closing or self._successor is not None:
            return
        inbound, owner = self._inbound, self._owner
        receiving = inbound.receiving
        current = self._current
        want = not self._slow and not (receiving is not None and receiving.reader.full)
        if current is not None and inbound.ready:
            want = False
        if want is not self._reading and not self._half_closed:
            self._reading = want
            if want:
                self.transport.resumeProducing()
            else:
                self.transport.pauseProducing()
        if self._slow:
            self.deadline = owner.now + owner.limits.write_timeout_s
        elif receiving is not None and want:
            self.deadline = owner.now + owner.limits.read_timeout_s
        elif current is not None:
            self.deadline = NEVER
        elif inbound.in_head:
            if self.deadline == NEVER or self.deadline > owner.now + owner.limits.header_timeout_s:
                self.deadline = owner.now + owner.limits.header_timeout_s
        else:
            self.deadline = owner.now + owner.limits.idle_timeout_s

    # answers

    def _respond(self, request: Request, response: Response) -> None:
        if self._current is not request:  # the client is gone
            if isinstance(response.body, PushBody):
                response.body.stopped()
            return
        if isinstance(response, Takeover):
            self._hand_over(request, response)
            return
        keep = request.keep_alive and not self._owner.draining and self._body_may_be_skipped(request)
        try:
            self._send_answer(request, response, keep=keep)
        except Exception as error:  # a head that cannot be rendered
            if self._current is request and self._streamed is None:
                self._send_answer(request, to_response(error), keep=False)

    def _send_answer(self, request: Request, response: Response, *, keep: bool) -> None:
        body, status = response.body, response.status
        extra = self._owner.date_line
        if not keep:
            extra += b"Connection: close\r\n"
        elif request.version == "1.0":
            extra += b"Connection: keep-alive\r\n"
        bare = status in _BODILESS
        if isinstance(body, bytes):
            if not bare and response.header(b"content-length") is None:
                extra += b"Content-Length: %d\r\n\r\n" % len(body)
            else:
                extra += b"\r\n"
            head = render_head(response, extra)
            self.send(head if bare or request.method == "HEAD" else head + body)
            self.answered(keep=keep)
            return
        announced = response.header(b"content-length")
        length = int(announced) if announced is not None else None
        chunked = length is None and request.version == "1.1" and not bare
        if chunked:
            extra += b"Transfer-Encoding: chunked\r\n"
        elif length is None and not bare:
            keep = False
        self.send(render_head(response, extra + b"\r\n"))
        silent = bare or request.method == "HEAD"
        self._streamed = StreamedAnswer(self, chunked=chunked, length=length, keep=keep, silent=silent)
        self._streamed.start(body)

    def _body_may_be_skipped(self, request: Request) -> bool:
        """Whether the connection can go on after what is left of the request's body."""
        reader = request.reader
        if reader.complete:
            return True
        if reader.length is None or request.headers.get_bytes(b"expect") is not None:
            return False
        return reader.length - reader.received <= self._owner.limits.discard_bytes_max and not self._inbound.ended

    def send(self, data: bytes) -> bool:
        """Write to the client; False while it reads slowly."""
        direct.write(self.transport, data)
        return not self._slow

    def answered(self, *, keep: bool) -> None:
        """The current answer is complete."""
        request, self._current, self._streamed = self._current, None, None
        if request is None:
            return
        request.forget_listeners()
        if not keep or self._owner.draining:  # a long answer may have begun before the server's end did
            self._close()
            return
        if not request.reader.complete:
            request.reader.abandon()
        if self._inbound.leftover is not None:
            self._inbound.go_on()
        self._advance()

    def broken(self) -> None:
        """The current answer cannot be completed."""
        self._streamed = None
        self._drop()

    def _hand_over(self, request: Request, takeover: Takeover) -> None:
        leftover = self._inbound.take_leftover()
        request.forget_listeners()
        self._current = None
        self.deadline = NEVER
        self.transport.unregisterProducer()
        if not self._reading:
            self.transport.resumeProducing()
        if takeover.head:
            direct.write(self.transport, takeover.head)
        successor = self._successor = takeover.protocol
        successor.makeConnection(self.transport)
        if takeover.first:
            successor.dataReceived(takeover.first)
        if leftover:
            successor.dataReceived(leftover)

    def _refuse(self, refusal: Refusal) -> None:
        extra = self._owner.date_line + b"Connection: close\r\n"
        response = refusal.to_response()
        body = response.body if isinstance(response.body, bytes) else b""
        self.send(render_head(response, extra + b"Content-Length: %d\r\n\r\n" % len(body)) + body)
        self._close()

    def _stop_streaming(self) -> None:
        streamed, self._streamed = self._streamed, None
        if streamed is not None:
            streamed.stopped()

    def _close(self) -> None:
        """Send what is written, then close; a client that still sends is listened to for a while.

        A close while its bytes wait unread in the kernel would reset the connection, and the answer with it.
        """
        if self._closing:
            return
        self._closing = True
        self.deadline = self._owner.now + self._owner.limits.linger_timeout_s + 1.0
        transport = self.transport
        transport.unregisterProducer()
        if not self._reading and not self._half_closed:
            transport.resumeProducing()
        if self._slow:
            self.deadline = self._owner.now + self._owner.limits.write_timeout_s
        if direct.is_plain(transport) and not self._half_closed:
            transport.loseWriteConnection()
        else:
            transport.loseConnection()

    def _drop(self) -> None:
        self._closing = True
        self.transport.abortConnection()
