"""Sends messages by SMTP: Twisted's client, TLS from the start or by STARTTLS where the server offers it.

A password is only ever sent over TLS, or to this machine.
"""

import io
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from twisted.internet.defer import Deferred, TimeoutError
from twisted.internet.error import ConnectionDone
from twisted.internet.interfaces import IReactorTime, IStreamClientEndpoint
from twisted.internet.protocol import Factory, connectionDone
from twisted.mail.smtp import SUCCESS, ESMTPClient, LOGINAuthenticator, PLAINAuthenticator
from twisted.python.failure import Failure

from pbe.ids import random_id
from pbe.mail.message import MailRefused, Message, render

REPLY_S = 30
SEND_S = 60
_LOCAL_HOSTS = frozenset({"localhost", "127.0.0.1", "::1"})

Connect = Callable[[str, int, bool], IStreamClientEndpoint]
"""Host, port, TLS from the start → where to connect."""


@dataclass(frozen=True, slots=True)
class SmtpServer:
    """Where to send, and as whom. tls: from the first byte. auth_method: PLAIN (or "") or LOGIN."""

    host: str
    port: int = 587
    username: str = ""
    password: str = ""
    tls: bool = False
    auth_method: str = ""
    local_name: str = ""


def parse_url(url: str) -> SmtpServer:
    """The server of `smtp://user:password@host:port?auth=LOGIN&local=name` or `smtps://…`; raises ValueError."""
    parts = urlsplit(url)
    if parts.scheme not in ("smtp", "smtps") or not parts.hostname or parts.path not in ("", "/"):
        raise ValueError("an SMTP URL looks like smtp://user:password@host:587 or smtps://user:password@host:465")
    options = {name: values[-1] for name, values in parse_qs(parts.query).items()}
    auth_method = options.get("auth", "").upper()
    if auth_method not in ("", "PLAIN", "LOGIN"):
        raise ValueError("an SMTP URL's auth is PLAIN or LOGIN")
    tls = parts.scheme == "smtps"
    return SmtpServer(
        parts.hostname,
        parts.port or (465 if tls else 587),
        unquote(parts.username or ""),
        unquote(parts.password or ""),
        tls,
        auth_method,
        options.get("local", ""),
    )


class SmtpMailer:
    """Sends each message over a connection of its own, within SEND_S.

    connect: gives the endpoint for a server; starttls: the TLS options for STARTTLS to a host.
    """

    def __init__(
        self,
        server: SmtpServer,
        connect: Connect,
        starttls: Callable[[str], Any],
        clock: IReactorTime,
        now: Callable[[], float],
        random_bytes: Callable[[int], bytes],
    ) -> None:
        self._server = server
        self._connect = connect
        self._starttls = starttls
        self._clock = clock
        self._now = now
        self._random_bytes = random_bytes

    async def send(self, message: Message) -> None:
        """The server took the message for every recipient, or MailRefused says what it answered."""
        data = render(message, self._now(), random_id(self._random_bytes))
        done: Deferred[None] = Deferred()
        done.addTimeout(SEND_S, self._clock)
        session = _Session(self._server, self._starttls(self._server.host), self._clock, done)
        session.load(message.sender, message.to, data)
        endpoint = self._connect(self._server.host, self._server.port, self._server.tls)
        connecting = endpoint.connect(Factory.forProtocol(lambda: session))
        connecting.addErrback(session.fail)
        try:
            await done
        except MailRefused:
            raise
        except TimeoutError:
            raise MailRefused("the SMTP server did not answer in time") from None
        except Exception as error:
            raise MailRefused(_readable(error)) from error
        finally:
            connecting.cancel()
            session.drop()


class _Session(ESMTPClient):
    """One message's conversation. Calls back `done` once, whatever happens."""

    timeout = REPLY_S  # type: ignore[assignment]

    def __init__(self, server: SmtpServer, context: Any, clock: IReactorTime, done: Deferred[None]) -> None:
        identity = (server.local_name or "localhost").encode("ascii", "replace")
        super().__init__(  # type: ignore[no-untyped-call]
            server.password.encode() if server.username else None, context, identity
        )
        self.requireAuthentication = bool(server.username)
        self.requireTransportSecurity = bool(server.username) and server.host not in _LOCAL_HOSTS
        if server.username:
            kind = LOGINAuthenticator if server.auth_method == "LOGIN" else PLAINAuthenticator
            self.registerAuthenticator(kind(server.username.encode()))  # type: ignore[no-untyped-call]
        self._clock = clock
        self._done: Deferred[None] | None = done
        self._message: tuple[str, tuple[str, ...], bytes] | None = None
        self._recipients: tuple[str, ...] = ()
        self._data = b""

    def callLater(self, delay: float, function: Any) -> Any:
        return self._clock.callLater(delay, function)

    def load(self, sender: str, recipients: tuple[str, ...], data: bytes) -> None:
        """What to send once connected."""
        self._message = (sender, recipients, data)

    def getMailFrom(self) -> str | None:
        if self._message is None:
            return None
        (sender, self._recipients, self._data), self._message = self._message, None
        return sender

    def getMailTo(self) -> list[bytes]:
        return [recipient.encode() for recipient in self._recipients]

    def getMailData(self) -> io.BytesIO:
        return io.BytesIO(self._data.replace(b"\r\n", b"\n"))  # the client makes CRLF of each LF

    def sentMail(self, code: int, resp: bytes, numOk: int, addresses: Any, log: Any) -> None:
        if code in SUCCESS and numOk == len(self._recipients):
            self._finish(None)
        else:
            refused = next((a for a in addresses if a[1] not in SUCCESS), (b"", code, resp))
            self._finish(MailRefused(_answer(refused[1], refused[2])))

    def sendError(self, exc: Any) -> None:
        super().sendError(exc)  # type: ignore[no-untyped-call]
        self._finish(MailRefused(_readable(exc)))

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        super().connectionLost(reason)  # type: ignore[no-untyped-call]
        closed = isinstance(reason.value, ConnectionDone)
        self._finish(MailRefused("the SMTP server closed the connection") if closed else reason.value)

    def fail(self, failure: Failure) -> None:
        """The message was not sent, unless it was already."""
        self._finish(failure.value)

    def drop(self) -> None:
        """Nobody waits any more: close what is still open."""
        self._done = None
        if self.transport is not None:
            self.transport.loseConnection()

    def _finish(self, error: BaseException | None) -> None:
        done, self._done = self._done, None
        if done is not None and not done.called:
            if error is None:
                done.callback(None)
            else:
                done.errback(error)


def _readable(error: Any) -> str:
    """What a superuser may read of an error of the SMTP client or of the network."""
    code, answer = getattr(error, "code", None), getattr(error, "resp", None)
    if isinstance(answer, bytes) and answer:
        return _answer(code if isinstance(code, int) else -1, answer)
    return str(error).splitlines()[0] if str(error) else type(error).__name__


def _answer(code: int, text: bytes) -> str:
    readable = text.decode("utf-8", "replace")
    return f"{code} {readable}" if code > 0 else readable
