"""multipart/form-data, fed at any chunking; a state machine without IO.

    preamble → (headers → content)* → end        at each delimiter line: "--boundary", "--boundary--" at the end

`feed` answers events: `Part` when a part's headers are complete, bytes of its content, `PART_END`.
"""

import dataclasses
import re
from urllib.parse import unquote

PART_END = object()
PART_HEAD_BYTES_MAX = 10 * 1024
PARTS_MAX = 1000
BOUNDARY_CHARS_MAX = 70
_BOUNDARY = re.compile(rb"[0-9A-Za-z'()+_,\-./:=? ]{0,69}[0-9A-Za-z'()+_,\-./:=?]")


class MultipartFault(ValueError):
    """The bytes are not multipart/form-data with this boundary."""


@dataclasses.dataclass(frozen=True, slots=True)
class Part:
    """The head of one part; filename is None for a plain value."""

    name: str
    filename: str | None
    content_type: str


Event = Part | bytes | object


class MultipartParser:
    """Feeds on the body's bytes. Keeps at most a delimiter's length, or one part's head, of them."""

    def __init__(self, boundary: bytes) -> None:
        if _BOUNDARY.fullmatch(boundary) is None:
            raise MultipartFault("no usable boundary")
        self._delimiter = b"\r\n--" + boundary
        self._buffer = bytearray(b"\r\n")  # so that a delimiter at the very start is one too
        self._state = self._preamble
        self._parts = 0
        self.ended = False

    def feed(self, data: bytes) -> list[Event]:
        """The events that `data` completes."""
        self._buffer += data
        events: list[Event] = []
        while self._state(events):
            pass
        return events

    def finish(self) -> None:
        """No more bytes: the closing delimiter must have come, its line end need not."""
        if not self.ended:
            raise MultipartFault("the body ended before its last boundary")

    def _preamble(self, events: list[Event]) -> bool:
        at = self._buffer.find(self._delimiter)
        if at < 0:
            self._forget(len(self._buffer) - len(self._delimiter) + 1)
            return False
        return self._delimited(at, events, in_part=False)

    def _content(self, events: list[Event]) -> bool:
        at = self._buffer.find(self._delimiter)
        if at < 0:
            kept = self._partial_delimiter()
            self._emit(len(self._buffer) - kept, events)
            return False
        return self._delimited(at, events, in_part=True)

    def _delimited(self, at: int, events: list[Event], *, in_part: bool) -> bool:
        """A delimiter's text is at `at`: is it a whole line? Blanks may follow it."""
        rest = self._buffer[at + len(self._delimiter) : at + len(self._delimiter) + PART_HEAD_BYTES_MAX]
        if rest.startswith(b"--"):
            self._end_part(at, events, in_part=in_part)
            self.ended = True
            self._state = self._epilogue
            self._buffer.clear()
            return False
        line = rest.lstrip(b" \t")
        if len(line) >= 2 or (line and not line.startswith((b"\r", b"-"))):
            if line.startswith(b"\r\n"):
                self._end_part(at, events, in_part=in_part)
                self._forget(at + len(self._delimiter) + len(rest) - len(line) + 2)
                self._state = self._head
                return True
            if in_part:
                self._emit(at + 2, events)  # only looked like one; go on behind its line end
            else:
                self._forget(at + 2)
            return True
        if in_part:
            self._emit(at, events)
        return False

    def _end_part(self, at: int, events: list[Event], *, in_part: bool) -> None:
        if in_part:
            if at:
                events.append(bytes(self._buffer[:at]))
            events.append(PART_END)

    def _head(self, events: list[Event]) -> bool:
        at = 0 if self._buffer.startswith(b"\r\n") else self._buffer.find(b"\r\n\r\n")
        if at < 0:
            if len(self._buffer) > PART_HEAD_BYTES_MAX:
                raise MultipartFault("a part's head is too long")
            return False
        self._parts += 1
        if self._parts > PARTS_MAX:
            raise MultipartFault("too many parts")
        events.append(parse_head(bytes(self._buffer[:at])))
        # A part without content ends at a delimiter whose line end is the head's own.
        self._forget(at if at == 0 else at + 2)
        self._state = self._first_content
        return True

    def _first_content(self, events: list[Event]) -> bool:
        """Behind the head: its empty line may already be the delimiter's line end."""
        if len(self._buffer) < len(self._delimiter):
            if self._delimiter.startswith(bytes(self._buffer)):
                return False
        elif self._buffer.startswith(self._delimiter):
            self._state = self._content
            return True
        if len(self._buffer) < 2:
            return False
        self._forget(2)
        self._state = self._content
        return True

    def _epilogue(self, events: list[Event]) -> bool:
        self._buffer.clear()
        return False

    def _partial_delimiter(self) -> int:
        """How many bytes at the end may be the beginning of a delimiter."""
        most = min(len(self._buffer), len(self._delimiter) - 1)
        for size in range(most, 0, -1):
            if self._delimiter.startswith(bytes(self._buffer[-size:])):
                return size
        return 0

    def _emit(self, size: int, events: list[Event]) -> None:
        if size > 0:
            events.append(bytes(self._buffer[:size]))
            self._forget(size)

    def _forget(self, size: int) -> None:
        if size > 0:
            del self._buffer[:size]


def boundary_of(content_type: str) -> bytes:
    """The boundary that a Content-Type names; `MultipartFault` where it names none."""
    parameters = parse_parameters(content_type.partition(";")[2])
    boundary = parameters.get("boundary", "")
    if not boundary:
        raise MultipartFault("no boundary")
    return boundary.encode("latin-1", "replace")


def parse_head(head: bytes) -> Part:
    """One part's headers. A part that is not form-data, or has no name, gets the empty name, which nobody keeps."""
    name, filename, content_type = "", None, ""
    for line in head.split(b"\r\n"):
        key, separator, value = line.partition(b":")
        if not separator:
            if line:
                raise MultipartFault("a part's header without a colon")
            continue
        text = value.strip().decode("utf-8", "replace")
        if key.strip().lower() == b"content-disposition":
            kind, _, rest = text.partition(";")
            if kind.strip().lower() == "form-data":
                parameters = parse_parameters(rest)
                name = parameters.get("name", "")
                filename = parameters.get("filename") or None
        elif key.strip().lower() == b"content-type":
            content_type = text
    if filename is not None:
        filename = filename.rsplit("/", 1)[-1]
    return Part(name, filename or None, content_type)


_PARAMETER = re.compile(r"""\s*([^\s=;"]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s;]*))\s*(?:;|$)""", re.DOTALL)
_ESCAPED = re.compile(r'\\(["\\])')


def parse_parameters(text: str) -> dict[str, str]:
    """`a=b; c="d"; e*=UTF-8''%41`, names in lower case; what cannot be read ends the list."""
    values: dict[str, str] = {}
    at = 0
    while (match := _PARAMETER.match(text, at)) is not None:
        key, quoted, bare = match.group(1).lower(), match.group(2), match.group(3)
        value = _ESCAPED.sub(r"\1", quoted) if quoted is not None else bare
        if key.endswith("*") and value.lower().startswith("utf-8'"):
            key, value = key[:-1], unquote(value.split("'", 2)[-1], errors="replace")
        values.setdefault(key, value)
        at = match.end()
    return values
