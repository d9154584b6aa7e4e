"""/api/realtime/ws: the same topics and events over a WebSocket; docs/realtime.rst has the messages.

Autobahn speaks the protocol: handshake, masking, fragments, UTF-8, pings, close codes. Events go out as ready frames.
"""

from functools import partial
from typing import Any

import orjson
import txaio
from autobahn.twisted.websocket import WebSocketServerFactory, WebSocketServerProtocol
from autobahn.websocket.compress import PerMessageDeflateOffer, PerMessageDeflateOfferAccept
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall, IPushProducer
from zope.interface import implementer

from pbe.api.tenant.caller import real_ip
from pbe.api.tenant.realtime_frame import Frames, text_frame
from pbe.api.tenant.realtime_session import CLOSES, SLOW_READER, TRY_AGAIN, Session
from pbe.api.tenant.request_info import info_of
from pbe.api.tenant.route import Route
from pbe.errors import BadRequest
from pbe.net import direct
from pbe.tenant.realtime import realtime_of
from pbe.tenant.realtime_client import Subscription
from pbe.tenant.realtime_seat import Lane, Message, Seat
from pbe.tenant.request_info import RequestInfo
from pbe.tenant.tenant import Tenant
from pbe.web.request import Request
from pbe.web.response import Response, Takeover

MESSAGE_BYTES_MAX = 512 * 1024
PING_S = 30
PONG_S = 20
SWEEP_S = 5
HANDSHAKE_S = 10
PING = b"\x89\x00"
PONG, PONG_BYTES = b"\x8a\x80", 6  # masked, without content
NORMAL = 1000


def routes() -> list[Route]:
    """The upgrade."""
    return [Route("GET", "/api/realtime/ws", connect, quiet=True)]


async def connect(request: Request, tenant: Tenant) -> Response:
    """Hand the connection to a WebSocket; 400 for a request that does not ask for one."""
    if not request.upgrade or request.headers.get("upgrade").lower() != "websocket":
        raise BadRequest("A WebSocket upgrade is required.")
    factory = _factory_of(tenant)
    protocol: Any = factory.buildProtocol(None)
    protocol.prepare(tenant, await info_of(request), real_ip(request, tenant))
    lines = [b"GET ", request.target, b" HTTP/1.1\r\n"]
    for name, value in request.headers.raw:
        lines += (name, b": ", value, b"\r\n")
    lines.append(b"\r\n")
    return Takeover(protocol, first=b"".join(lines))


def _factory_of(tenant: Tenant) -> "SocketFactory":
    realtime = realtime_of(tenant)
    if not isinstance(realtime.sockets, SocketFactory):
        realtime.sockets = SocketFactory(tenant)
    return realtime.sockets


class SocketFactory(WebSocketServerFactory):
    """The WebSockets of one tenant, and the frames they share."""

    noisy = False

    def __init__(self, tenant: Tenant) -> None:
        txaio.config.loop = tenant.clock  # type: ignore[attr-defined]
        super().__init__(reactor=tenant.clock, server="")  # type: ignore[no-untyped-call]
        self.protocol = Socket
        self.frames = Frames()
        self.lanes = {
            deflate: Lane(partial(self.frames.of, deflate=deflate), chunked=False) for deflate in (False, True)
        }
        self.open: set[Socket] = set()
        self._clock = tenant.clock
        self._pinger: IDelayedCall | None = None
        self.setProtocolOptions(  # type: ignore[no-untyped-call]
            maxFramePayloadSize=MESSAGE_BYTES_MAX,
            maxMessagePayloadSize=MESSAGE_BYTES_MAX,
            openHandshakeTimeout=HANDSHAKE_S,
            closeHandshakeTimeout=HANDSHAKE_S,
            tcpNoDelay=True,
            failByDrop=False,
            perMessageCompressionAccept=_accept_deflate,
        )

    def opened(self, socket: "Socket") -> None:
        """A socket is open: see to it that it stays alive."""
        self.open.add(socket)
        if self._pinger is None:
            self._pinger = self._clock.callLater(SWEEP_S, self._sweep)

    def closed(self, socket: "Socket") -> None:
        """A socket is gone."""
        self.open.discard(socket)
        if not self.open and self._pinger is not None:
            if self._pinger.active():
                self._pinger.cancel()
            self._pinger = None

    def _sweep(self) -> None:
        """Ping what was silent for PING_S, drop what did not answer for PONG_S more; one timer for all.

        The protocol's own pings take a timer, and the parsing of a frame, for each socket.
        """
        now = self._clock.seconds()
        for socket in list(self.open):
            socket.check(now)
        self._pinger = self._clock.callLater(SWEEP_S, self._sweep) if self.open else None


def _accept_deflate(offers: list[Any]) -> Any:
    """Per-message deflate without context from message to message: it keeps no memory, and frames can be shared."""
    for offer in offers:
        if isinstance(offer, PerMessageDeflateOffer) and offer.accept_no_context_takeover:
            return PerMessageDeflateOfferAccept(  # type: ignore[no-untyped-call]
                offer,
                request_no_context_takeover=True,
                no_context_takeover=True,
                max_message_size=MESSAGE_BYTES_MAX,
            )
    return None


@implementer(IPushProducer)
class Socket(WebSocketServerProtocol):
    """One WebSocket: the outlet of its client, and the mouth and ear of its session."""

    factory: SocketFactory
    transport: Any

    def prepare(self, tenant: Tenant, info: RequestInfo, ip: str) -> None:
        """What the handler knows of the request; called before the connection is handed over."""
        self._tenant = tenant
        self._realtime = realtime_of(tenant)
        self._info = info
        self._ip = ip
        self._opened = False
        self._shutting = False
        self._heard_at = 0.0
        self._pinged = False
        self._session = Session(
            tenant, self._realtime, info, ip, tell=self._tell, deliver=self._send_events, close=self._shut
        )

    # what Autobahn calls

    def onOpen(self) -> None:
        """The handshake is done."""
        self._deflate = self._perMessageCompress is not None
        self._opened = True
        self._heard_at = self._tenant.clock.seconds()
        self.factory.opened(self)
        self._tenant.streams += 1
        self._realtime.park.opened()
        self.transport.registerProducer(self, True)
        task = Deferred.fromCoroutine(self._begin())
        task.addErrback(lambda _: self._shut(TRY_AGAIN, "refused"))

    async def _begin(self) -> None:
        client = await self._realtime.connect(self._info, self._ip, self)
        if self._opened:
            self._session.begin(client)
        else:
            self._realtime.broker.forget(client)

    def dataReceived(self, data: bytes) -> None:
        """Bytes of the client; an answer to our ping, alone, is not worth a parser."""
        if self._opened:
            self._heard_at = self._tenant.clock.seconds()
            self._pinged = False
            between_frames = not self.data and self.current_frame is None
            if len(data) == PONG_BYTES and data.startswith(PONG) and between_frames and self._is_up():
                return
        super().dataReceived(data)

    def check(self, now: float) -> None:
        """The sweep's look at this socket."""
        silent_s = now - self._heard_at
        if silent_s >= PING_S + PONG_S:
            self.transport.abortConnection()
        elif silent_s >= PING_S and not self._pinged and self._is_up():
            self._pinged = True
            direct.write(self.transport, PING)

    def onMessage(self, payload: bytes, isBinary: bool) -> None:
        """A message of the client."""
        if isBinary:
            self._shut(1003, "text only")
        else:
            self._session.heard(payload)

    def onClose(self, wasClean: bool, code: int | None, reason: str | None) -> None:
        """The connection is gone; one that went by itself may come back."""
        if not self._opened:
            return
        self._opened = False
        self.factory.closed(self)
        self._tenant.streams -= 1
        client, self._session.client = self._session.client, None
        if client is None:
            self._realtime.park.missed()
        elif code == NORMAL and wasClean:
            self._realtime.broker.forget(client)
            self._realtime.park.lost(client)
        else:
            self._realtime.park.lost(client)

    # the outlet

    def deliver(self, messages: list[tuple[Subscription | None, Message]]) -> None:
        """Send these in one write, and seat the subscriptions where the connection is a plain socket."""
        self._send_events([message for _, message in messages])
        for subscription, _ in messages:
            if subscription is not None and subscription.seat is None and direct.is_clear(self.transport):
                lane = self.factory.lanes[self._deflate]
                subscription.seat = Seat(lane, self.transport, b"", subscription.topic)

    def end(self, reason: str) -> None:
        """Close with the code for the reason; one that does not read is cut off after telling it."""
        code, text = CLOSES.get(reason, (TRY_AGAIN, reason))
        self._shut(code, text)
        if code == SLOW_READER:
            self.transport.abortConnection()

    # the producer of what is sent

    def pauseProducing(self) -> None:
        """The client reads slowly."""
        if self._session.client is not None:
            self._session.client.slow = True

    def resumeProducing(self) -> None:
        """The client reads again."""
        if self._session.client is not None:
            self._realtime.broker.resume(self._session.client)

    def stopProducing(self) -> None:
        """Nothing can be sent any more."""

    # inside

    def _send_events(self, messages: list[Message]) -> None:
        if messages and self._is_up():
            frames = self.factory.frames
            direct.write(self.transport, b"".join(frames.of(message, deflate=self._deflate) for message in messages))

    def _is_up(self) -> bool:
        return self._opened and self.state == self.STATE_OPEN

    def _tell(self, said: dict[str, Any]) -> None:
        if self._is_up():
            direct.write(self.transport, text_frame(orjson.dumps(said), deflate=self._deflate))

    def _shut(self, code: int, reason: str) -> None:
        client = self._session.client
        for subscription in client.subscriptions.values() if client is not None else ():
            subscription.seat = None
        if self._opened and not self._shutting:  # sendClose itself takes no code below 3000 but 1000
            self._shutting = True
            self.sendCloseFrame(code, reason.encode(), False)
