"""Splitting SQL-like text at separators outside of quotes and parentheses."""

from collections.abc import Iterator

from pbe.errors import PbeError

_SPACES = "\t\n\v\f\r \x85\xa0"
_QUOTES = "'\"`"


class Unbalanced(PbeError):
    """A quote or a parenthesis is open at the end; `part` is the text from where the token began."""

    def __init__(self, part: str) -> None:
        self.part = part
        super().__init__("split", part, hint="unbalanced parenthesis or quoted expression")


def split(text: str, separators: str, *, keep: bool = False) -> list[str]:
    """The non-empty tokens, spaces around them cut; with `keep` each ends with its separator. Raises `Unbalanced`."""
    return list(_tokens(text, separators, keep))


def _tokens(text: str, separators: str, keep: bool) -> Iterator[str]:
    cut = "".join(char for char in _SPACES if char not in separators)
    begin = 0
    for end in _boundaries(text, separators):
        token = text[begin : end + 1 if keep else end].strip(cut)
        begin = end + 1
        if token:
            yield token


def _boundaries(text: str, separators: str) -> Iterator[int]:
    """Where the separators are, and the end of the text."""
    depth, quote, before, begin = 0, "", "", 0
    for at, char in enumerate(text):
        if before != "\\":
            if char == "(" and not quote:
                depth += 1
            elif char == ")" and depth and not quote:
                depth -= 1
            elif char in _QUOTES:
                quote = "" if quote == char else quote or char
        if char in separators and not depth and not quote:
            yield at
            before, begin = "", at + 1
        else:
            before = char
    if depth or quote:
        raise Unbalanced(text[begin:])
    yield len(text)
