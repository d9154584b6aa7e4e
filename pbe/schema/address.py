"""What counts as an e-mail address, a domain and a URL.

The languages accepted are those of PocketBase's validators; the tests here are linear in the text's length.
"""

import re
from urllib.parse import urlsplit

from pbe.errors import field_error
from pbe.schema.rules import Entry

URL_CHARS_MAX = 2083
URL_BYTES_MIN = 3
DOMAIN_BYTES_MAX = 255
PORT_DIGITS_MAX = 5
_WIDE = "\u00a0-\ud7ff\uf900-\ufdcf\ufdf0-\uffef"
_ATOM = re.compile(rf"[a-zA-Z0-9!#$%&'*+\-/=?^_`{{|}}~{_WIDE}]+")
_EDGE = re.compile(rf"[a-zA-Z0-9{_WIDE}]")
_LABEL = re.compile(rf"[a-zA-Z0-9\-._~{_WIDE}]+")
_TOP_EDGE = re.compile(rf"[a-zA-Z{_WIDE}]")
_TOP = re.compile(rf"[a-zA-Z0-9\-._~{_WIDE}]+")
_QUOTED = re.compile(
    rf'"(?:[\x01-\x08\x0b\x0c\x0e-\x1f\x20\x21\x23-\x5b\x5d-\x7f{_WIDE}]|\\[\x01-\x09\x0b\x0c\x0d-\x7f{_WIDE}])*"'
)
_DOMAIN_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?", re.IGNORECASE | re.ASCII)
_DOMAIN_TOP = re.compile(r"[a-z]{1,63}|xn--[a-z0-9]{1,59}", re.IGNORECASE | re.ASCII)
_SCHEME = re.compile(r"(?:ftp|tcp|udp|wss?|https?)://")
_HOST = re.compile("[a-zA-Z0-9\u00a1-\uffff](?:[a-zA-Z0-9\u00a1-\uffff_.-]*[a-zA-Z0-9\u00a1-\uffff-])?")
_BAD_ESCAPE = re.compile(r"%(?![0-9a-fA-F]{2})")


def is_email(text: str) -> bool:
    """A local part of dot-separated atoms or one quoted string, `@`, and a domain of two labels or more."""
    local, at, domain = text.rpartition("@")
    if not at or not _is_local(local):
        return False
    labels = domain.removesuffix(".").split(".")
    return len(labels) >= 2 and all(map(_is_label, labels[:-1])) and _is_top(labels[-1])


def _is_local(local: str) -> bool:
    return bool(_QUOTED.fullmatch(local)) or all(_ATOM.fullmatch(atom) for atom in local.split("."))


def _is_label(label: str) -> bool:
    return bool(label and _EDGE.match(label) and _EDGE.match(label[-1]) and _LABEL.fullmatch(label))


def _is_top(label: str) -> bool:
    return bool(label and _TOP_EDGE.match(label) and _TOP_EDGE.match(label[-1]) and _TOP.fullmatch(label))


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
    if not text or len(text) >= URL_CHARS_MAX or size <= URL_BYTES_MIN or text.startswith(".") or not _parses(text):
        return False
    rest = _SCHEME.sub("", text, count=1) if _SCHEME.match(text) else text
    if any(char.isspace() for char in rest):
        return False
    if not _SCHEME.match(text) and "." not in _path_of(text) and not _has_host(text):
        return False
    return _is_authority(rest)


def _has_host(text: str) -> bool:
    return text.startswith("//") or "://" in text or ":" in text


def _path_of(text: str) -> str:
    return re.split(r"[?#]", text, maxsplit=1)[0]


def _is_authority(rest: str) -> bool:
    """Whether user, host and port are well formed; the path may hold anything."""
    authority = re.split(r"[/?#]", rest, maxsplit=1)[0]
    host = authority.rpartition("@")[2]
    if host.startswith("["):
        end = host.find("]")
        return end > 0 and _is_port(host[end + 1 :])
    name, colon, port = host.partition(":")
    return (not colon or _is_port(colon + port)) and _HOST.fullmatch(name.removesuffix(".")) is not None


def _is_port(text: str) -> bool:
    return not text or (text[0] == ":" and text[1:].isdecimal() and len(text) - 1 <= PORT_DIGITS_MAX)


def _parses(text: str) -> bool:
    """Whether a URL parser takes it at all: no control characters, no broken escapes in the path."""
    if any(ord(char) < 0x20 or ord(char) == 0x7F for char in text):
        return False
    before_query = re.split(r"\?", text, maxsplit=1)[0]
    if _BAD_ESCAPE.search(before_query):
        return False
    try:
        return not urlsplit(text if "://" in text else f"http://{text}").netloc.startswith(".")
    except ValueError:
        return False


def url_host(text: str) -> str:
    """Host and port of a URL that has a scheme; "" without one."""
    try:
        return urlsplit(text).netloc.rpartition("@")[2] if "://" in text else ""
    except ValueError:
        return ""
