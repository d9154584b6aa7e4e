"""Mail reaches a real SMTP server, and what the server or the network refuses is told."""

import email
import os
from email import policy
from typing import Any

import pytest
from twisted.internet.defer import Deferred
from twisted.internet.error import ConnectionRefusedError
from twisted.internet.task import Clock
from twisted.internet.testing import MemoryReactorClock

from pbe.mail import smtp
from pbe.mail.message import MailRefused, Message
from pbe.mail.smtp import SmtpMailer, SmtpServer, parse_url
from tests.kit.smtp_peer import MailBox, MemoryEndpoint

MESSAGE = Message("Süpport", "support@example.com", ("a@b.co",), "Hello {x}", "<p>One</p><p>Two ä</p>")


def _send(server: SmtpServer, box: MailBox, message: Message = MESSAGE) -> Deferred[None]:
    endpoint = MemoryEndpoint(box.server)
    mailer = SmtpMailer(server, lambda *_: endpoint, lambda _: None, Clock(), lambda: 1_790_000_000.0, os.urandom)
    sent = Deferred.fromCoroutine(mailer.send(message))
    endpoint.pump()
    return sent


def _error(sent: Deferred[None]) -> Any:
    errors: list[Any] = []
    sent.addErrback(errors.append)
    assert errors
    return errors[0].value


def test_a_message_arrives_whole() -> None:
    """Envelope, headers and both bodies are what was sent, non-ASCII included."""
    box = MailBox()
    sent = _send(SmtpServer("mail.test"), box)
    assert sent.called
    assert box.envelopes == [("support@example.com", "a@b.co")]
    mail = email.message_from_bytes(box.letters[0], policy=policy.default)
    assert mail["from"] == "Süpport <support@example.com>"
    assert mail["subject"] == "Hello {x}"
    assert mail["message-id"].endswith("@example.com>")
    assert mail.get_body(("plain",)).get_content().split() == ["One", "Two", "ä"]  # type: ignore[union-attr]
    assert "<p>Two ä</p>" in mail.get_body(("html",)).get_content()  # type: ignore[union-attr]


@pytest.mark.parametrize("method", ["", "PLAIN", "LOGIN"])
def test_a_login_is_made(method: str) -> None:
    """A server that wants a log-in gets it, by the method that is asked for."""
    box = MailBox({b"user": b"secret"})
    server = SmtpServer("localhost", username="user", password="secret", auth_method=method)
    assert _send(server, box).called
    assert len(box.letters) == 1


def test_a_wrong_password_is_told() -> None:
    """The server's refusal is what the caller reads."""
    box = MailBox({b"user": b"secret"})
    error = _error(_send(SmtpServer("localhost", username="user", password="wrong"), box))
    assert isinstance(error, MailRefused)
    assert "535" in error.reason


def test_no_password_without_tls() -> None:
    """To another machine a password is not sent in the clear, whatever the server offers."""
    box = MailBox({b"user": b"secret"})
    error = _error(_send(SmtpServer("mail.test", username="user", password="secret"), box))
    assert "TLS" in error.reason
    assert not box.letters


def test_a_refused_recipient_is_told() -> None:
    """A server that does not know the recipient makes the send fail."""
    box = MailBox()
    box.refused.add("a@b.co")
    assert "550" in _error(_send(SmtpServer("mail.test"), box)).reason


def test_a_silent_server_does_not_hold_the_caller() -> None:
    """A server that accepts and says nothing costs SEND_S."""
    from twisted.internet.protocol import Protocol

    clock, endpoint = Clock(), MemoryEndpoint(Protocol)
    mailer = SmtpMailer(SmtpServer("x"), lambda *_: endpoint, lambda _: None, clock, lambda: 1.0, os.urandom)
    sent = Deferred.fromCoroutine(mailer.send(MESSAGE))
    endpoint.pump()
    clock.pump([1] * smtp.SEND_S)
    assert "Timeout" in _error(sent).reason


def test_no_server_is_told() -> None:
    """A refused connection is the caller's error, at once."""

    class Nowhere:
        def connect(self, factory: Any) -> Deferred[Any]:
            failed: Deferred[Any] = Deferred()
            failed.errback(ConnectionRefusedError())
            return failed

    clock = MemoryReactorClock()
    mailer = SmtpMailer(SmtpServer("x"), lambda *_: Nowhere(), lambda _: None, clock, lambda: 1.0, os.urandom)
    assert "refused" in _error(Deferred.fromCoroutine(mailer.send(MESSAGE))).reason


@pytest.mark.parametrize("address", ["", "a", "a@b@c", "a@b.co\r\nBcc: c@d.co", "a b@c.d"])
def test_an_address_cannot_smuggle(address: str) -> None:
    """What is no address is refused before anything is sent."""
    box = MailBox()
    error = _error(_send(SmtpServer("x"), box, Message("n", "s@x.co", (address,), "s", "h")))
    assert isinstance(error, MailRefused)
    assert not box.letters


def test_a_subject_cannot_smuggle_a_header() -> None:
    """A line break in a subject or a name stays a space."""
    box = MailBox()
    message = Message("n\r\nBcc: x@y.z", "s@x.co", ("a@b.co",), "s\r\nX-Evil: 1", "h")
    assert _send(SmtpServer("x"), box, message).called
    mail = email.message_from_bytes(box.letters[0], policy=policy.default)
    assert mail["x-evil"] is None
    assert mail["bcc"] is None
    assert mail["subject"] == "s X-Evil: 1"


@pytest.mark.parametrize(
    ("url", "server"),
    [
        ("smtp://h", SmtpServer("h", 587)),
        ("smtps://h", SmtpServer("h", 465, tls=True)),
        ("smtp://u%40x:p%3A@h:25?auth=login&local=me", SmtpServer("h", 25, "u@x", "p:", False, "LOGIN", "me")),
    ],
)
def test_urls(url: str, server: SmtpServer) -> None:
    """The platform's server is given as one URL."""
    assert parse_url(url) == server


@pytest.mark.parametrize("url", ["", "h:25", "http://h", "smtp://", "smtp://h/x", "smtp://h?auth=MD5", "smtp://h:x"])
def test_wrong_urls(url: str) -> None:
    """Everything else is a ValueError."""
    with pytest.raises(ValueError, match=r"."):
        parse_url(url)
