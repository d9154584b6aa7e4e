"""Query strings and urlencoded forms, read as Go's net/url reads them."""

from urllib.parse import unquote_to_bytes

PAIRS_MAX = 10_000


def parse(raw: bytes) -> dict[str, list[str]]:
    """Every key with its values in order.

    A pair with a ';' or a broken percent escape is dropped, as the stock server drops it for a query. Invalid UTF-8
    becomes U+FFFD. Pairs past PAIRS_MAX are ignored.
    """
    values: dict[str, list[str]] = {}
    if not raw:
        return values
    for pair in raw.split(b"&", PAIRS_MAX)[:PAIRS_MAX]:
        if not pair or b";" in pair:
            continue
        key, _, value = pair.partition(b"=")
        if b"%" in pair and not (_escapes_hold(key) and _escapes_hold(value)):
            continue
        values.setdefault(unescape(key), []).append(unescape(value))
    return values


def unescape(raw: bytes) -> str:
    """One key or value: '+' is a space, %XX a byte."""
    return unquote_to_bytes(raw.replace(b"+", b" ")).decode("utf-8", "replace")


def _escapes_hold(raw: bytes) -> bool:
    """Whether every '%' is followed by two hexadecimal digits."""
    pieces = raw.split(b"%")[1:]
    return all(len(piece) >= 2 and _is_hex(piece[0]) and _is_hex(piece[1]) for piece in pieces)


def _is_hex(byte: int) -> bool:
    return byte in b"0123456789abcdefABCDEF"
