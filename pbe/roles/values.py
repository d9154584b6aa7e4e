"""What the value of a setting may be: text in, a value out, or `ConfigError` with what was expected."""

import ipaddress
import re
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlsplit

from pbe import ids
from pbe.mail.smtp import parse_url

_TRUE = frozenset({"1", "true", "yes", "on", "debug"})
_FALSE = frozenset({"0", "false", "no", "off", "", "info", "warn", "warning", "error"})
_MEMBER_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}")
_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_HOST = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9._-]*[A-Za-z0-9])?")
_LABEL_KEY = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]*")

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class ConfigError(Exception):
    """A setting is wrong; its text is the one sentence for the operator."""


@dataclass(frozen=True, slots=True)
class Address:
    """A host and a TCP port."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine can reach it."""
        if self.host == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False


@dataclass(frozen=True, slots=True)
class Peer:
    """A control plane member: its id and where its Raft listens."""

    id: str
    address: Address


def text(raw: str) -> str:
    """Any text that is not empty."""
    if not raw.strip():
        raise ConfigError("must not be empty")
    return raw.strip()


def choice(*allowed: str) -> Callable[[str], str]:
    """One of the allowed words."""

    def parse(raw: str) -> str:
        if raw not in allowed:
            raise ConfigError(f"must be one of {', '.join(allowed)}")
        return raw

    return parse


def integer(least: int, most: int) -> Callable[[str], int]:
    """A whole number within both bounds."""

    def parse(raw: str) -> int:
        if not re.fullmatch(r"[0-9]{1,9}", raw.strip()) or not least <= int(raw) <= most:
            raise ConfigError(f"must be a whole number from {least} to {most}")
        return int(raw)

    return parse


def switch(raw: str) -> bool:
    """True or false in any usual spelling."""
    word = raw.strip().lower()
    if word in _TRUE:
        return True
    if word in _FALSE:
        return False
    raise ConfigError("must be true or false")


def debug(raw: str) -> bool:
    """A switch, or the name of a log level: only DEBUG means more."""
    return switch(raw)


def member_id(raw: str) -> str:
    """A name of letters, digits, dots, dashes and underscores."""
    if not _MEMBER_ID.fullmatch(raw):
        raise ConfigError("must be 1 to 63 letters, digits, dots, dashes and underscores")
    return raw


def address(raw: str, default_port: int | None = None) -> Address:
    """HOST:PORT, [IPv6]:PORT, or :PORT for every interface; a leading http:// is forgiven."""
    rest = raw.strip().removeprefix("http://").removeprefix("tcp://").rstrip("/")
    host, colon, port = rest.rpartition(":")
    if (not colon or rest.endswith("]")) and default_port is not None:
        host, port = rest, str(default_port)
    host = host.removeprefix("[").removesuffix("]")
    if not re.fullmatch(r"[0-9]{1,5}", port) or int(port) > 65535 or not _is_host(host):
        raise ConfigError("must be HOST:PORT with a port up to 65535")
    return Address(host or "0.0.0.0", int(port))


def _is_host(host: str) -> bool:
    if not host or _HOST.fullmatch(host):
        return True
    try:
        ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return False
    return True


def addresses(default_port: int) -> Callable[[str], tuple[Address, ...]]:
    """A comma list of HOST or HOST:PORT, none twice; empty gives none."""

    def parse(raw: str) -> tuple[Address, ...]:
        listed = tuple(address(part, default_port) for part in raw.split(",") if part.strip())
        if any(not one.port for one in listed):
            raise ConfigError("must name real ports, not 0")
        if len(set(listed)) != len(listed):
            raise ConfigError("must not name an address twice")
        return listed

    return parse


def peers(raw: str) -> tuple[Peer, ...]:
    """A comma list of ID:PORT (the id is the host) or ID=HOST:PORT, no id twice."""
    listed = tuple(_peer(part.strip()) for part in raw.split(",") if part.strip())
    if not listed:
        raise ConfigError("must name at least one member, as cp-1:7000 or cp-1=10.0.0.1:7000")
    if len({peer.id for peer in listed}) != len(listed):
        raise ConfigError("must not name a member twice")
    return listed


def _peer(part: str) -> Peer:
    name, equals, where = part.partition("=")
    if equals:
        return Peer(member_id(name.strip()), address(where, 7000))
    place = address(part, 7000)
    return Peer(member_id(place.host), place)


def domain(raw: str) -> str:
    """A host name in lower case; a single label is allowed, for localhost."""
    name = raw.strip().lower().rstrip(".")
    if not ids.is_domain(f"tenant.{name}"):
        raise ConfigError("must be a host name such as platform.example.com")
    return name


def bucket(raw: str) -> str:
    """The name of an S3 bucket."""
    if not _BUCKET.fullmatch(raw):
        raise ConfigError("must be a bucket's name: 3 to 63 lower-case letters, digits, dots and dashes")
    return raw


def replica_url(raw: str) -> str:
    """s3://bucket, s3://bucket/prefix or file:///absolute/path."""
    parts = urlsplit(raw.strip())
    if parts.query or parts.fragment:
        raise ConfigError("must have no ? and no #")
    if parts.scheme == "s3" and _BUCKET.fullmatch(parts.netloc):
        return raw.strip().rstrip("/")
    if parts.scheme == "file" and not parts.netloc and parts.path.startswith("/"):
        return raw.strip()
    raise ConfigError("must be s3://bucket/prefix or file:///path")


def endpoint(raw: str) -> str:
    """An http or https URL without a path."""
    parts = urlsplit(raw.strip())
    if parts.scheme not in ("http", "https") or not parts.netloc or parts.path not in ("", "/"):
        raise ConfigError("must be a URL such as http://127.0.0.1:4566")
    return raw.strip().rstrip("/")


def smtp_url(raw: str) -> str:
    """An SMTP server as a URL."""
    try:
        parse_url(raw.strip())
    except ValueError as error:
        raise ConfigError("must be a URL such as smtp://user:password@host:587 or smtps://host") from error
    return raw.strip()


def labels(raw: str) -> dict[str, str]:
    """A comma list of key=value."""
    out: dict[str, str] = {}
    for part in filter(None, (piece.strip() for piece in raw.split(","))):
        key, equals, value = part.partition("=")
        if not equals or not _LABEL_KEY.fullmatch(key):
            raise ConfigError("must be key=value pairs, as disk=ssd,rack=7")
        out[key] = value
    return out


def networks(raw: str) -> tuple[Network, ...]:
    """A comma list of addresses and networks."""
    try:
        return tuple(ipaddress.ip_network(part.strip()) for part in raw.split(",") if part.strip())
    except ValueError as error:
        raise ConfigError("must be networks such as 10.0.0.0/8,127.0.0.1") from error
