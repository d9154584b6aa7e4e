"""Log entries and their one encoding: the same bytes go to the disk and to every peer.

An entry's frame is big-endian ``crc32 u32 · length u32 · index u64 · term u64 · kind u8 · data``. `length` counts data
alone, the checksum covers everything behind itself. A frame is made once, by the leader that appends the entry.
"""

import struct
from typing import Any
from zlib import crc32

import msgspec

from pbe.errors import PeerError

NORMAL = 0
CONFIG = 1
DATA_BYTES_MAX = 4 * 1024 * 1024
_HEAD = struct.Struct(">IIQQB")
HEAD_BYTES = _HEAD.size
_BODY = struct.Struct(">IQQB")
INDEX_MAX = 2**63


class BrokenFrame(PeerError):
    """Bytes that are no frame: too short, too long, or with a checksum that does not match."""


class Entry(msgspec.Struct, frozen=True, gc=False):
    """One entry of the log. `data` b"" of kind NORMAL is the no-op by which a leader begins its term."""

    index: int
    term: int
    kind: int
    data: bytes
    frame: bytes


def make_entry(index: int, term: int, data: bytes, kind: int = NORMAL) -> Entry:
    """A new entry with its frame."""
    body = _BODY.pack(len(data), index, term, kind) + data
    return Entry(index, term, kind, data, crc32(body).to_bytes(4, "big") + body)


def read_frame(buffer: Any, start: int = 0) -> tuple[Entry, int]:
    """The entry whose frame begins at `start`, and where the next begins; raises BrokenFrame.

    `buffer` is bytes or a memoryview; the entry owns copies.
    """
    if len(buffer) - start < HEAD_BYTES:
        raise BrokenFrame("read", "log entry", hint="the frame's head is cut off")
    checksum, length, index, term, kind = _HEAD.unpack_from(buffer, start)
    end = start + HEAD_BYTES + length
    if length > DATA_BYTES_MAX or end > len(buffer):
        raise BrokenFrame("read", f"log entry {index}", hint="the frame is cut off or its length is damaged")
    frame = bytes(buffer[start:end])
    if crc32(memoryview(frame)[4:]) != checksum:
        raise BrokenFrame("read", f"log entry {index}", hint="the checksum does not match")
    return Entry(index, term, kind, frame[HEAD_BYTES:], frame), end


def read_frames(buffer: Any) -> tuple[Entry, ...]:
    """All entries of a buffer that holds whole frames and nothing else."""
    entries, at = [], 0
    while at < len(buffer):
        entry, at = read_frame(buffer, at)
        entries.append(entry)
    return tuple(entries)
