"""A growing buffer that JSON is written into, the specification in Python of `_jsonbuffer.pyx`.

Strings come out as orjson writes them, numbers as PocketBase does: shortest digits that round-trip, an exponent below
1e-6 and from 1e21 only, integers beyond 2 ** 53 rounded to a double.
"""

from math import isfinite

import orjson

EXACT_INT_MAX = 2**53


class Buffer:
    """Bytes that were written; one thread at a time."""

    def __init__(self) -> None:
        self._out = bytearray()

    def text(self, utf8: bytes) -> bool:
        """Write a quoted string; False, and nothing written, where it is no UTF-8."""
        try:
            self._out += orjson.dumps(utf8.decode())
        except UnicodeDecodeError:
            return False
        return True

    def integer(self, value: int) -> bool:
        """Write an integer of 64 bits."""
        if not -EXACT_INT_MAX <= value <= EXACT_INT_MAX:
            return self.double(float(value))
        self._out += str(value).encode()
        return True

    def double(self, value: float) -> bool:
        """Write a number; False, and nothing written, where JSON has none for it."""
        if not isfinite(value):
            return False
        self._out += number(value)
        return True

    def take(self) -> bytes:
        """What was written; the buffer is empty afterwards."""
        out, self._out = bytes(self._out), bytearray()
        return out


def number(value: float) -> bytes:
    """A finite number."""
    text = repr(value).removesuffix(".0")
    if "e" not in text:
        return text.encode()
    sign = "-" if text.startswith("-") else ""
    mantissa, _, power = text.lstrip("-").partition("e")
    exponent = int(power)
    whole, _, fraction = mantissa.partition(".")
    if -7 < exponent < 0:
        return f"{sign}0.{'0' * (-exponent - 1)}{whole}{fraction}".encode()
    if 0 <= exponent < 21:
        return f"{sign}{whole}{fraction}{'0' * (exponent - len(fraction))}".encode()
    return f"{sign}{mantissa}e{'-' if exponent < 0 else '+'}{abs(exponent)}".encode()
