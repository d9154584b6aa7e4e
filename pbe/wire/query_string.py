"""Query strings and urlencoded forms, read as Go's net/url reads them."""

from collections.abc import Iterator
from urllib.parse import unquote_to_bytes

PAIRS_MAX = 10_000


class BadForm(ValueError):
    """A pair has a ';' or a broken percent escape."""


def parse(raw: bytes) -> dict[str, list[str]]:
    """Every key with its values in order; a pair that cannot be read is left out. Invalid UTF-8 becomes U+FFFD."""
    values: dict[str, list[str]] = {}
    for key, value in _pairs(raw):
        if key is not None:
            values.setdefault(key, []).append(value)
    return values


def parse_strict(raw: bytes) -> dict[str, list[str]]:
    """As `parse`, but raises `BadForm` for a pair that cannot be read, or more than PAIRS_MAX of them."""
    values: dict[str, list[str]] = {}
    if raw.count(b"&") >= PAIRS_MAX:
        raise BadForm("too many pairs")
    for key, value in _pairs(raw):
        if key is None:
            raise BadForm(value)
        values.setdefault(key, []).append(value)
    return values


def unescape(raw: bytes) -> str:
    """One key or value: '+' is a space, %XX a byte."""
    return unquote_to_bytes(raw.replace(b"+", b" ")).decode("utf-8", "replace")


def _pairs(raw: bytes) -> Iterator[tuple[str | None, str]]:
    """Key and value, or None and the reason."""
    if not raw:
        return
    for pair in raw.split(b"&", PAIRS_MAX)[:PAIRS_MAX]:
        if not pair:
            continue
        key, _, value = pair.partition(b"=")
        if b";" in pair:
            yield None, "a semicolon"
        elif b"%" in pair and not (_escapes_hold(key) and _escapes_hold(value)):
            yield None, "a broken escape"
        else:
            yield unescape(key), unescape(value)


def _escapes_hold(raw: bytes) -> bool:
    """Whether every '%' is followed by two hexadecimal digits."""
    pieces = raw.split(b"%")[1:]
    return all(len(piece) >= 2 and _is_hex(piece[0]) and _is_hex(piece[1]) for piece in pieces)


def _is_hex(byte: int) -> bool:
    return byte in b"0123456789abcdefABCDEF"
