"""Cuts a log entry's data to the size that the settings allow, keeping what still reads as JSON."""

import re
from typing import Any

import orjson

TRUNCATED = "__pb_truncated__"
_STRING = re.compile(rb'"(?:[^"\\]|\\.)*"', re.DOTALL)
_PLAIN = re.compile(rb"[^,\]}]*")


def cut(data: dict[str, Any], bytes_max: int) -> dict[str, Any]:
    """`data`, or what the first `bytes_max` bytes of its JSON (keys sorted) hold of it, marked as truncated.

    A name whose value was cut has null. 0 means no limit.
    """
    if bytes_max <= 0:
        return data
    text = orjson.dumps(data, default=str, option=orjson.OPT_SORT_KEYS)
    if len(text) <= bytes_max:
        return data
    kept = _Reader(text[:bytes_max]).value()[0]
    return {**(kept if isinstance(kept, dict) else {}), TRUNCATED: True}


class _Reader:
    """Reads valid JSON that stops somewhere. Each method gives (what was read, whether it was whole)."""

    def __init__(self, text: bytes) -> None:
        self._text = text
        self._at = 0

    def value(self) -> tuple[Any, bool]:
        head = self._text[self._at : self._at + 1]
        if head == b"{":
            return self._object()
        if head == b"[":
            return self._array()
        match = (_STRING if head == b'"' else _PLAIN).match(self._text, self._at)
        if match is None or (head != b'"' and match.end() == len(self._text)):
            return None, False
        self._at = match.end()
        return orjson.loads(match[0]), True

    def _object(self) -> tuple[dict[str, Any], bool]:
        found: dict[str, Any] = {}
        while self._step() not in (b"}", b""):
            name, whole = self.value()
            if not whole:
                return found, False
            found[name] = None
            if self._step() == b"":
                return found, False
            found[name], whole = self.value()
            if not whole:
                return found, False
        return found, self._text[self._at - 1 : self._at] == b"}"

    def _array(self) -> tuple[list[Any], bool]:
        found: list[Any] = []
        while self._step() not in (b"]", b""):
            item, whole = self.value()
            if not whole:
                return [*found, item] if isinstance(item, dict | list) else found, False
            found.append(item)
        return found, self._text[self._at - 1 : self._at] == b"]"

    def _step(self) -> bytes:
        """The next structural byte, passed over; b"" at the end."""
        byte = self._text[self._at : self._at + 1]
        self._at += len(byte)
        if byte in (b"{", b"[") and self._text[self._at : self._at + 1] in (b"}", b"]"):
            return self._step()
        return byte
