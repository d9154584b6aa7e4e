"""Verifies frames of a SQLite write-ahead log and finds the last image of each page, word by word."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing_extensions import Buffer


_FRAME = struct.Struct(">6I")
_MASK = 0xFFFFFFFF


def checksum(data: Buffer, s0: int, s1: int, big_endian: bool) -> tuple[int, int]:
    """The pair after `data`; ValueError unless its length is a multiple of 8."""
    view = memoryview(data).cast("B")
    if len(view) % 8:
        raise ValueError("the checksum covers whole pairs of words")
    for x, y in struct.iter_unpack(">II" if big_endian else "<II", view):
        s0 = s0 + x + s1 & _MASK
        s1 = s1 + y + s0 & _MASK
    return s0, s1


def scan(
    data: Buffer, page_size: int, salt1: int, salt2: int, s0: int, s1: int, big_endian: bool
) -> tuple[int, int, int, int, dict[int, int]]:
    """(frames, commit, s0, s1, pages): what is committed at the start of `data`, which begins at a frame.

    frames: up to and with the last valid commit frame; commit: the database's pages after it (0 without one); s0, s1:
    the checksum there; pages: page number to the offset in `data` of its last committed image, none beyond commit.
    """
    if page_size < 512 or page_size % 8:
        raise ValueError(f"{page_size} is no page size")
    view, step = memoryview(data).cast("B"), 24 + page_size
    frames, commit, good, pages, pending = 0, 0, (s0, s1), {}, {}
    for index, at in enumerate(range(0, len(view) - step + 1, step)):
        pgno, size, frame_salt1, frame_salt2, sum0, sum1 = _FRAME.unpack_from(view, at)
        if (frame_salt1, frame_salt2) != (salt1, salt2) or pgno == 0:
            break
        s0, s1 = checksum(view[at : at + 8], s0, s1, big_endian)
        s0, s1 = checksum(view[at + 24 : at + step], s0, s1, big_endian)
        if (s0, s1) != (sum0, sum1):
            break
        pending[pgno] = at + 24
        if size:
            frames, commit, good = index + 1, size, (s0, s1)
            pages.update(pending)
            pending = {}
    return frames, commit, *good, {pgno: at for pgno, at in pages.items() if pgno <= commit}
