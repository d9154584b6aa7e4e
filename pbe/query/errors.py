"""Why a filter, rule or sort could not be compiled."""

from pbe.errors import PbeError

_NAMED = {"\a": "\\a", "\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\v": "\\v", "\\": "\\\\"}


class FilterError(PbeError):
    """The text of a filter, rule or sort is wrong, or it names what it may not.

    `str(error)` is what the stock server says of it, which superusers see who save a rule; to others an endpoint shows
    an error of its own (400 for a list's filter, 404 for a view's rule).
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)


def quoted(text: str, quote: str = '"') -> str:
    """`text` as a Go literal: what messages put in quotes."""
    return quote + "".join(_escaped(char, quote) for char in text) + quote


def _escaped(char: str, quote: str) -> str:
    if char == quote:
        return "\\" + char
    if char in _NAMED:
        return _NAMED[char]
    if char.isprintable():
        return char
    code = ord(char)
    if code < 0x80:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
