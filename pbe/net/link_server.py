"""The listening side of links: builds them, knows who is there, asks them all."""

from collections.abc import Callable
from typing import Any

from twisted.internet.defer import Deferred, DeferredList
from twisted.internet.interfaces import IAddress, IReactorTime
from twisted.internet.protocol import Factory

from pbe.errors import Misuse, PbeError
from pbe.net.handlers import Handlers
from pbe.net.link import Link
from pbe.net.link_limits import LinkLimits
from pbe.wire.handshake import NONCE_BYTES, PROTOCOL, SECRET_BYTES_MIN, Handshake

LINKS_MAX = 4000
SWITCHING = b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: " + PROTOCOL.encode() + b"\r\n\r\n"


class LinkServer(Factory):
    """Offers `handlers` on every link.

    As a protocol factory it serves a bare TCP port. On the HTTP port, answer an Upgrade to PROTOCOL with SWITCHING and
    hand the connection to `build()`.
    """

    noisy = False

    def __init__(
        self,
        handlers: Handlers,
        *,
        secret: bytes,
        name: str,
        role: str,
        clock: IReactorTime,
        random_bytes: Callable[[int], bytes],
        limits: LinkLimits | None = None,
    ) -> None:
        if len(secret) < SECRET_BYTES_MIN:
            raise Misuse("open links", hint=f"a cluster secret has at least {SECRET_BYTES_MIN} bytes")
        self.handlers = handlers
        self.limits = limits or LinkLimits()
        self.links: set[Link] = set()
        self.on_open: list[Callable[[Link], None]] = []
        self.on_close: list[Callable[[Link], None]] = []
        self._secret = secret
        self._name = name
        self._role = role
        self._clock = clock
        self._random_bytes = random_bytes
        self._greeting: set[Link] = set()

    def buildProtocol(self, addr: IAddress | None) -> Link | None:
        """A connection to the bare port; refused while LINKS_MAX are there."""
        return self.build() if len(self.links) + len(self._greeting) < LINKS_MAX else None

    def build(self) -> Link:
        """A link for a connection that a peer has opened."""
        nonce = self._random_bytes(NONCE_BYTES)
        handshake = Handshake(dialled=False, secret=self._secret, name=self._name, role=self._role, nonce=nonce)
        link = Link(
            handshake, self.handlers, self._clock, self.limits, opened=self._link_opened, closed=self._link_closed
        )
        self._greeting.add(link)
        return link

    def peer(self, name: str) -> Link | None:
        """The newest open link of the peer called `name`."""
        found = [link for link in self.links if link.name == name]
        return max(found, key=lambda link: link.opened_at) if found else None

    async def survey(self, method: str, body: Any, timeout_s: float, *, role: str = "") -> dict[str, Any | PbeError]:
        """Ask every peer, or every one of `role`, for at most `timeout_s`: each one's answer or error by its name."""
        asked = [link for link in self.links if not role or link.role == role]
        answers: dict[str, Any | PbeError] = {}

        async def ask(link: Link) -> None:
            try:
                answers[link.name] = await link.call(method, body, timeout_s)
            except PbeError as error:
                answers.setdefault(link.name, error)

        await DeferredList([Deferred.fromCoroutine(ask(link)) for link in asked])
        return answers

    def stop(self) -> None:
        """Close every link."""
        for link in (*self.links, *self._greeting):
            link.abort("the server stops")

    def _link_opened(self, link: Link) -> None:
        self._greeting.discard(link)
        self.links.add(link)
        for listener in self.on_open:
            listener(link)

    def _link_closed(self, link: Link, why: str) -> None:
        self._greeting.discard(link)
        if link in self.links:
            self.links.discard(link)
            for listener in self.on_close:
                listener(link)
