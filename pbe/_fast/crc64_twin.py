"""CRC-64/GO-ISO a byte at a time: reflected polynomial d800000000000000, all ones in and out."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing_extensions import Buffer


_ONES = 0xFFFFFFFFFFFFFFFF


def _table() -> tuple[int, ...]:
    """What each value of the lowest byte folds to."""
    rows = []
    for value in range(256):
        for _ in range(8):
            value = value >> 1 ^ (0xD800000000000000 if value & 1 else 0)
        rows.append(value)
    return tuple(rows)


_TABLE = _table()


def update(crc: int, data: Buffer) -> int:
    """`crc` after `data`; start from 0, as Go's crc64.Update has it."""
    table, state = _TABLE, crc ^ _ONES
    for byte in memoryview(data).cast("B"):
        state = table[state & 255 ^ byte] ^ state >> 8
    return state ^ _ONES
