"""The write-ahead log of SQLite, read as it grows.

Theory of operation. A `WalPosition` says how far a log has been read: the salts of its present generation, the offset,
and the running checksum there. `read_tail` takes the bytes from that offset on and gives what is committed in them and
the position after it; frames of an open or rolled back transaction, torn frames, and frames left over from an earlier
generation end the tail without being an error. A log whose header has other salts than the position has been
restarted: whoever follows it has to know that nothing was left unread before.

Format: https://www.sqlite.org/fileformat2.html#walformat
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pbe._fast import walframe
from pbe.pages.ltx import is_page_size

if TYPE_CHECKING:
    from typing_extensions import Buffer

HEADER_BYTES = 32
FRAME_HEADER_BYTES = 24
VERSION = 3007000
_MAGIC_LITTLE, _MAGIC_BIG = 0x377F0682, 0x377F0683
_HEADER = struct.Struct(">8I")


@dataclass(frozen=True, slots=True)
class WalPosition:
    """How far one generation of a log has been read; `offset` is in bytes from the start of the file."""

    page_size: int
    salt1: int
    salt2: int
    offset: int
    s0: int
    s1: int
    big_endian: bool
    sequence: int

    @property
    def frame_bytes(self) -> int:
        """Bytes of one frame."""
        return FRAME_HEADER_BYTES + self.page_size

    @property
    def frames(self) -> int:
        """Frames read so far."""
        return (self.offset - HEADER_BYTES) // self.frame_bytes

    def same_generation(self, other: WalPosition) -> bool:
        """Whether both are in the same generation of a log."""
        return (self.salt1, self.salt2, self.page_size) == (other.salt1, other.salt2, other.page_size)


@dataclass(frozen=True, slots=True)
class Tail:
    """What was committed behind a position.

    frames: committed frames, 0 for nothing new; commit: the database's pages after them; pages: page number to the
    offset of its last image in the bytes that were read.
    """

    position: WalPosition
    frames: int
    commit: int
    pages: dict[int, int]


def read_header(data: Buffer) -> WalPosition | None:
    """The position before the first frame, or None where there is no whole and valid header."""
    view = memoryview(data).cast("B")
    if len(view) < HEADER_BYTES:
        return None
    magic, version, page_size, sequence, salt1, salt2, sum0, sum1 = _HEADER.unpack_from(view)
    if magic not in (_MAGIC_LITTLE, _MAGIC_BIG) or version != VERSION or not is_page_size(page_size):
        return None
    big = magic == _MAGIC_BIG
    s0, s1 = walframe.checksum(view[:24], 0, 0, big)
    if (s0, s1) != (sum0, sum1):
        return None
    return WalPosition(page_size, salt1, salt2, HEADER_BYTES, s0, s1, big, sequence)


def read_tail(position: WalPosition, data: Buffer) -> Tail:
    """What `data`, the log's bytes from `position.offset` on, has committed."""
    p = position
    frames, commit, s0, s1, pages = walframe.scan(data, p.page_size, p.salt1, p.salt2, p.s0, p.s1, p.big_endian)
    offset = p.offset + frames * p.frame_bytes
    after = WalPosition(p.page_size, p.salt1, p.salt2, offset, s0, s1, p.big_endian, p.sequence)
    return Tail(after, frames, commit, pages)
