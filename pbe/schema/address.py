"""What counts as an e-mail address, a domain and a URL.

The languages accepted are those of PocketBase's validators, with their oddities; a test takes time at most quadratic in
the length of a host, and linear in the rest.
"""

import re
from collections.abc import Iterator
from urllib.parse import urlsplit

from pbe.errors import field_error
from pbe.schema.rules import Entry

URL_CHARS_MAX = 2083
URL_BYTES_MIN = 3
DOMAIN_BYTES_MAX = 255
_WIDE = "\u00a0-\ud7ff\uf900-\ufdcf\ufdf0-\uffef"
_ATOM = re.compile(rf"[a-zA-Z0-9!#$%&'*+\-/=?^_`{{|}}~{_WIDE}]+")
_EDGE = re.compile(rf"[a-zA-Z0-9{_WIDE}]")
_LABEL = re.compile(rf"[a-zA-Z0-9\-._~{_WIDE}]+")
_TOP_EDGE = re.compile(rf"[a-zA-Z{_WIDE}]")
_DOMAIN_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?", re.IGNORECASE | re.ASCII)
_DOMAIN_TOP = re.compile(r"[a-z]{1,63}|xn--[a-z0-9]{1,59}", re.IGNORECASE | re.ASCII)
_SCHEME = re.compile(r"(?:ftp|tcp|udp|wss?|https?)://")
_BAD_ESCAPE = re.compile(r"%(?![0-9a-fA-F]{2})")
_BAD_USER = re.compile(r"[^a-zA-Z0-9\-._:~!$&'()*+,;=%@]")
_OCTET = r"(?:\d{1,2}|1\d\d|2[0-4]\d|25[0-5])"
_FIRST_OCTET = r"(?:[1-9]\d?|1\d\d|2[01]\d|22[0-3]|24\d|25[0-5])"
_END = r"\.?(?::\d{1,5})?(?:[/?#].*)?"
_IP = re.compile(rf"{_FIRST_OCTET}(?:\.{_OCTET}){{3}}{_END}", re.ASCII | re.DOTALL)
_IP6 = re.compile(rf"\[(?P<ip>[0-9a-fA-F:.]+)\]{_END}", re.ASCII | re.DOTALL)
_LETTER = "a-zA-Z\u00a1-\uffff"
_TAIL = re.compile(rf"[{_LETTER}0-9]+(?:-{{1,2}}[{_LETTER}0-9]+)*(?:\.[{_LETTER}]+)?{_END}", re.DOTALL)
_HOST_END = re.compile(r"[/?#:]|\Z")
_NAMED = re.compile(r"[a-zA-Z0-9]+(?:[-_.][a-zA-Z0-9]+)*", re.ASCII)
_ALNUM = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789")


def is_email(text: str) -> bool:
    """A local part of dot-separated atoms, `@`, and a domain of two labels or more."""
    local, at, domain = text.rpartition("@")
    if not at or not all(_ATOM.fullmatch(atom) for atom in local.split(".")):
        return False
    labels = domain.removesuffix(".").split(".")
    return len(labels) >= 2 and all(map(_is_label, labels[:-1])) and _is_top(labels[-1])


def _is_label(label: str) -> bool:
    return bool(label and _EDGE.match(label) and _EDGE.match(label[-1]) and _LABEL.fullmatch(label))


def _is_top(label: str) -> bool:
    return bool(label and _TOP_EDGE.match(label) and _TOP_EDGE.match(label[-1]) and _LABEL.fullmatch(label))


def is_domain(text: str) -> bool:
    """Labels of letters, digits and hyphens, the last of letters only; ASCII."""
    labels = text.split(".")
    return (
        len(text) <= DOMAIN_BYTES_MAX
        and len(labels) >= 2
        and all(_DOMAIN_LABEL.fullmatch(label) for label in labels[:-1])
        and _DOMAIN_TOP.fullmatch(labels[-1]) is not None
    )


def domain_rule(value: str) -> Entry | None:
    """Refuses what is no domain."""
    return None if not value or is_domain(value) else field_error("validation_is_domain", "must be a valid domain")


def url_rule(value: str) -> Entry | None:
    """Refuses what is no URL; the empty text passes."""
    return None if not value or is_url(value) else field_error("validation_is_url", "must be a valid URL")


def is_url(text: str) -> bool:
    """An optional scheme and user, a host, an optional port, path, query or fragment; no spaces."""
    size = len(text.encode("utf-8", "replace"))
    if len(text) >= URL_CHARS_MAX or size <= URL_BYTES_MIN or text.startswith(".") or any(map(str.isspace, text)):
        return False
    absolute = "://" in text or ":" not in text
    if not _parses(text if absolute else f"http://{text}"):
        return False
    rest = _SCHEME.sub("", text, count=1)
    starts = [0, *(at + 1 for at, char in enumerate(rest) if char == "@" and at)]
    return any(_is_place(rest[start:]) for start in starts)


def _parses(text: str) -> bool:
    """Whether a URL parser takes it at all, and finds a host, or a path with a dot."""
    if any(ord(char) < 0x20 or ord(char) == 0x7F for char in text):
        return False
    before, _, fragment = text.partition("#")
    path_and_host = before.partition("?")[0]
    if _BAD_ESCAPE.search(path_and_host) or _BAD_ESCAPE.search(fragment):
        return False
    try:
        parts = urlsplit(path_and_host)
        port = parts.netloc.rpartition("@")[2].rpartition("]")[2].rpartition(":")[2]
    except ValueError:
        return False
    user, at, host = parts.netloc.rpartition("@")
    if (at and _BAD_USER.search(user)) or host.startswith(".") or (":" in host and not _is_port(host, port)):
        return False
    return bool(parts.netloc) or not parts.path or "." in parts.path


def _is_port(host: str, port: str) -> bool:
    return host.endswith("]") or not port or port.isdecimal()


def _is_place(text: str) -> bool:
    """Whether the text is a host with what may follow it."""
    if _IP.fullmatch(text) or ((found := _IP6.fullmatch(text)) and ":" in found["ip"]):
        return True
    host = text[: _HOST_END.search(text).start()]  # type: ignore[union-attr]
    return any(_TAIL.fullmatch(text, at) for at in (0, *_first_labels(host), *_named_prefixes(host)))


def _first_labels(host: str) -> Iterator[int]:
    """Where a prefix may end: at least two characters of a label, then whole or begun labels after dots and hyphens."""
    first = whole = joined = False
    for at, char in enumerate(host):
        alnum = char in _ALNUM
        ends = (first and alnum) or (joined and alnum)
        next_joined = (whole and char in "-.") or (joined and alnum)
        first = (at == 0 and alnum) or (first and (alnum or char in "-_"))
        whole = ends or (whole and joined and alnum)
        joined = next_joined
        if ends:
            yield at + 1


def _named_prefixes(host: str) -> Iterator[int]:
    """Where a prefix like `www.` or `sub.domain` may end: its last label but one ends in two letters or digits."""
    if host.startswith("www."):
        yield 4
    match = _NAMED.match(host)
    for at in range(4, (match.end() if match else 0) + 1):
        name, dot, last = host[:at].rpartition(".")
        if dot and last and last.isalnum() and len(name) >= 2 and name[-1] in _ALNUM and name[-2] in _ALNUM:
            yield at


def url_host(text: str) -> str:
    """Host and port of a URL that has a scheme; "" without one."""
    try:
        return urlsplit(text).netloc.rpartition("@")[2] if "://" in text else ""
    except ValueError:
        return ""
