"""Conditional and partial GETs, decided as Go's ServeContent does: RFC 9110 sections 13 and 14.

Pure: header texts in, a decision out. The stock server sends no ETag; ours is one more validator, so a client of it
behaves the same.
"""

import calendar
import time
from collections.abc import Callable
from dataclasses import dataclass
from email.utils import formatdate

RANGES_MAX = 1000
_DATE_FORMS = ("%a, %d %b %Y %H:%M:%S GMT", "%A, %d-%b-%y %H:%M:%S GMT", "%a %b %d %H:%M:%S %Y")
Header = Callable[[str], str]


class RangeError(ValueError):
    """The Range header makes no sense; `overlap` where it does, but none of it is inside the file."""

    def __init__(self, *, overlap: bool = False) -> None:
        self.overlap = overlap
        super().__init__("invalid range: failed to overlap" if overlap else "invalid range")


@dataclass(frozen=True, slots=True)
class Span:
    """`length` bytes from `start`."""

    start: int
    length: int

    def content_range(self, size: int) -> str:
        """The Content-Range header of this part."""
        return f"bytes {self.start}-{self.start + self.length - 1}/{size}"


def http_date(seconds: int) -> str:
    """The date as headers have it."""
    return formatdate(seconds, usegmt=True)


def parse_date(text: str) -> int | None:
    """Seconds since the epoch of one of HTTP's three forms of a date, None for anything else."""
    for form in _DATE_FORMS:
        try:
            return calendar.timegm(time.strptime(text, form))
        except ValueError:
            continue
    return None


def precondition(header: Header, etag: str, modified_s: int) -> int:
    """304 or 412 where the request's conditions say so, else 200; for GET and HEAD only."""
    if_match = header("if-match")
    if if_match:
        if not _matches(if_match, etag, weak=False):
            return 412
    else:
        since = parse_date(header("if-unmodified-since"))
        if since is not None and modified_s > since:
            return 412
    if_none_match = header("if-none-match")
    if if_none_match:
        return 304 if _matches(if_none_match, etag, weak=True) else 200
    since = parse_date(header("if-modified-since"))
    return 304 if since is not None and modified_s <= since else 200


def wanted_range(header: Header, etag: str, modified_s: int) -> str:
    """The Range header, "" where If-Range says that the client's part is of another file."""
    condition = header("if-range")
    if not condition:
        return header("range")
    fits = condition == etag if condition.startswith('"') else parse_date(condition) == modified_s
    return header("range") if fits else ""


def spans(text: str, size: int) -> list[Span]:
    """The parts of a file of `size` bytes that a Range header asks for; none: the whole file. Raises `RangeError`."""
    if not text:
        return []
    if not text.startswith("bytes="):
        raise RangeError
    found: list[Span] = []
    outside = False
    parts = text[6:].split(",", RANGES_MAX + 1)
    if len(parts) > RANGES_MAX:
        raise RangeError
    for part in parts:
        if not part.strip(" \t"):
            continue
        span = _span(part.strip(" \t"), size)
        if span is None:
            outside = True
        else:
            found.append(span)
    if outside and not found:
        if size == 0:
            return []
        raise RangeError(overlap=True)
    # A sum of more than the file is an attack, or senseless: the whole file is shorter.
    return found if sum(span.length for span in found) <= size else []


def _span(part: str, size: int) -> Span | None:
    """One part, None for one that begins past the end."""
    first, dash, last = (piece.strip(" \t") for piece in part.partition("-"))
    if not dash:
        raise RangeError
    if not first:
        length = min(_number(last), size)
        return Span(size - length, length)
    start = _number(first)
    if start >= size:
        return None
    if not last:
        return Span(start, size - start)
    end = _number(last)
    if start > end:
        raise RangeError
    return Span(start, min(end, size - 1) - start + 1)


def _number(text: str) -> int:
    if not text.isascii() or not text.isdigit() or len(text) > 18:
        raise RangeError
    return int(text)


def _matches(header: str, etag: str, *, weak: bool) -> bool:
    """Whether a list of entity tags names `etag`; "*" names any."""
    for item in header.split(","):
        tag = item.strip()
        if tag == "*":
            return True
        if weak:
            tag = tag.removeprefix("W/")
        if tag == etag:
            return True
    return False
