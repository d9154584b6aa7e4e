"""A real SMTP server, Twisted's, without a network: endpoints that are connected in memory."""

from collections.abc import Callable
from typing import Any

from twisted.cred.checkers import InMemoryUsernamePasswordDatabaseDontUse
from twisted.cred.portal import IRealm, Portal
from twisted.internet.address import IPv4Address
from twisted.internet.defer import Deferred, succeed
from twisted.internet.interfaces import IStreamClientEndpoint
from twisted.internet.task import Clock
from twisted.mail import smtp
from twisted.mail.imap4 import LOGINCredentials, PLAINCredentials
from twisted.test.iosim import FakeTransport, IOPump, connect
from zope.interface import implementer

_HOST = IPv4Address("TCP", "127.0.0.1", 25)


@implementer(smtp.IMessage)
class _Letter:
    def __init__(self, box: "MailBox") -> None:
        self.box = box
        self.lines: list[bytes] = []

    def lineReceived(self, line: bytes) -> None:
        self.lines.append(line)

    def eomReceived(self) -> Deferred[None]:
        self.box.keep(b"\r\n".join(self.lines))
        return succeed(None)

    def connectionLost(self) -> None:
        self.lines.clear()


@implementer(smtp.IMessageDelivery, IRealm)
class MailBox:
    """Takes mail for anybody but the addresses in `refused`; `letters` holds the raw messages."""

    def __init__(self, users: dict[bytes, bytes] | None = None) -> None:
        self.letters: list[bytes] = []
        self.envelopes: list[tuple[str, str]] = []
        self.refused: set[str] = set()
        self.sender = ""
        self.portal = Portal(self)
        self.users = users or {}
        checker = InMemoryUsernamePasswordDatabaseDontUse()
        for name, password in self.users.items():
            checker.addUser(name, password)
        self.portal.registerChecker(checker)

    def keep(self, letter: bytes) -> None:
        """A letter is whole."""
        self.letters.append(letter)

    def requestAvatar(self, avatarId: Any, mind: Any, *interfaces: Any) -> Any:
        """Everybody who logs in gets this box."""
        return smtp.IMessageDelivery, self, lambda: None

    def receivedHeader(self, helo: Any, origin: Any, recipients: Any) -> bytes:
        """A short one."""
        return b"Received: here"

    def validateFrom(self, helo: Any, origin: Any) -> Any:
        """Any sender will do."""
        self.sender = str(origin)
        return origin

    def validateTo(self, user: Any) -> Callable[[], _Letter]:
        """Anybody but the refused."""
        if str(user) in self.refused:
            raise smtp.SMTPBadRcpt(user)
        self.envelopes.append((self.sender, str(user)))
        return lambda: _Letter(self)

    def server(self) -> smtp.ESMTP:
        """A server's side of one connection, which asks for a log-in where there are users."""
        protocol = smtp.ESMTP({b"PLAIN": PLAINCredentials, b"LOGIN": LOGINCredentials} if self.users else None)
        protocol.portal = self.portal
        protocol.delivery = None if self.users else self
        protocol.host = b"mail.test"
        return protocol


@implementer(IStreamClientEndpoint)
class MemoryEndpoint:
    """Connects to `server()`; `pump()` moves bytes until nobody has any to say."""

    pumps: list[IOPump]

    def __init__(self, server: Callable[[], Any]) -> None:
        self._server = server
        self.pumps = []

    def connect(self, factory: Any) -> Deferred[Any]:
        """Connect a new server's protocol with the factory's."""
        server, client = self._server(), factory.buildProtocol(None)
        if hasattr(server, "callLater"):
            server.callLater = Clock().callLater
        transports = [
            FakeTransport(side, isServer=side is server, hostAddress=_HOST, peerAddress=_HOST)
            for side in (server, client)
        ]
        pump = connect(server, transports[0], client, transports[1], greet=False)
        self.pumps.append(pump)
        return succeed(client)

    def pump(self) -> None:
        """Let both sides talk."""
        for pump in self.pumps:
            while pump.pump():
                continue
