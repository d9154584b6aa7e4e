"""A message and its bytes (RFC 5322, MIME)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

from pbe.errors import PbeError
from pbe.mail.plain_text import plain_text

_ADDRESS_SPECIALS = frozenset("\r\n\0")
_SEVEN_BITS = SMTP.clone(cte_type="7bit")


class MailRefused(PbeError):
    """A message could not be sent; `reason` may be shown to a superuser."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__("send mail", hint=reason)


@dataclass(frozen=True, slots=True)
class Message:
    """One message. text: derived from `html` where it is empty. headers: added, names and values as given."""

    sender_name: str
    sender: str
    to: tuple[str, ...]
    subject: str
    html: str
    text: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)


def render(message: Message, now: float, unique: str) -> bytes:
    """The message as sent, lines ended by CRLF; `unique` makes its Message-ID. Raises MailRefused for what cannot be.

    A line break in a header's value is folded away: no header can be smuggled in.
    """
    mail = EmailMessage(policy=_SEVEN_BITS)
    try:
        mail["From"] = _address(message.sender_name, message.sender)
        mail["To"] = [_address("", address) for address in message.to]
        mail["Subject"] = _one_line(message.subject)
        mail["Date"] = format_datetime(datetime.fromtimestamp(now, UTC))
        for name, value in message.headers.items():
            mail[_one_line(name)] = _one_line(value)
        if "message-id" not in mail:
            mail["Message-ID"] = f"<{unique}@{message.sender.rpartition('@')[2]}>"
        mail.set_content(message.text or plain_text(message.html))
        mail.add_alternative(message.html, subtype="html")
        return mail.as_bytes()
    except (MessageError, ValueError, LookupError, AttributeError, IndexError) as error:
        raise MailRefused(f"the message cannot be written: {error}") from error


def _address(name: str, address: str) -> Address:
    if _ADDRESS_SPECIALS & set(address) or address.count("@") != 1:
        raise ValueError("an address is invalid")
    return Address(_one_line(name), addr_spec=address)


def _one_line(text: str) -> str:
    return " ".join(text.replace("\0", "").split())
