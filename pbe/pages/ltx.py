"""LTX files, the unit of replication: some pages of a database as of a range of transaction ids.

The format is Litestream's (0.5.16 and later write what we write): a header of 100 bytes, page frames of LZ4 blocks in
ascending order, an index, a trailer. We write what stock `litestream restore` accepts and no more: the flag that says
"no rolling checksum", both rolling checksums zero. A file whose `min_txid` is 1 is a snapshot and has every page.
"""

from __future__ import annotations

import re
import struct
from array import array
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from pbe._fast import ltxfile
from pbe.errors import WorldError

if TYPE_CHECKING:
    from typing_extensions import Buffer

HEADER_BYTES = 100
TRAILER_BYTES = 16
NO_CHECKSUM = 2
#: The byte of a database that SQLite locks; its page is never stored.
LOCK_BYTE = 0x40000000
_HEADER = struct.Struct(">4s3I6Q2IQ20x")
_NAME = re.compile(r"([0-9a-f]{16})-([0-9a-f]{16})\.ltx")


class BrokenLtx(WorldError):
    """A file is not whole, not LTX, or not what it claims to be; reading it again gives the same."""

    recoverable = False


@dataclass(frozen=True, slots=True)
class Header:
    """What an LTX file is about.

    commit: the database's pages afterwards; timestamp_ms: when its newest transaction was flushed, since the epoch;
    wal_offset, wal_size, salt1, salt2: the part of the write-ahead log it was read from, zero in merged files; node_id:
    the epoch of the writer, which stock Litestream ignores.
    """

    page_size: int
    commit: int
    min_txid: int
    max_txid: int
    timestamp_ms: int
    wal_offset: int = 0
    wal_size: int = 0
    salt1: int = 0
    salt2: int = 0
    node_id: int = 0
    flags: int = NO_CHECKSUM

    @property
    def is_snapshot(self) -> bool:
        """Whether the file holds the whole database."""
        return self.min_txid == 1

    def pack(self) -> bytes:
        """The 100 bytes at the front of the file."""
        self.validate()
        wal = (self.wal_offset, self.wal_size, self.salt1, self.salt2)
        sizes = (self.flags, self.page_size, self.commit)
        return _HEADER.pack(b"LTX1", *sizes, self.min_txid, self.max_txid, self.timestamp_ms, 0, *wal, self.node_id)

    @classmethod
    def unpack(cls, data: Buffer) -> Header:
        """The header at the front of `data`; BrokenLtx where there is none."""
        view = memoryview(data)
        if len(view) < HEADER_BYTES:
            raise BrokenLtx("read an LTX header", f"{len(view)} bytes")
        magic, flags, size, commit, low, high, stamp, _, offset, length, salt1, salt2, node = _HEADER.unpack_from(view)
        if magic != b"LTX1":
            raise BrokenLtx("read an LTX header", repr(bytes(magic)), hint="not an LTX file")
        header = cls(size, commit, low, high, stamp, offset, length, salt1, salt2, node, flags)
        header.validate()
        return header

    def validate(self) -> None:
        """BrokenLtx for a header that stock Litestream would refuse."""
        wrong = ""
        if self.flags & ~NO_CHECKSUM:
            wrong = f"flags {self.flags:#x}"
        elif not is_page_size(self.page_size):
            wrong = f"page size {self.page_size}"
        elif not 1 <= self.min_txid <= self.max_txid:
            wrong = f"transactions {self.min_txid} to {self.max_txid}"
        elif self.wal_offset == 0 and (self.wal_size or self.salt1 or self.salt2):
            wrong = "a log position without an offset"
        if wrong:
            raise BrokenLtx("check an LTX header", wrong)


@dataclass(frozen=True, slots=True)
class Ltx:
    """A whole file in memory: `pages` holds the pages of `pgnos`, one behind the other."""

    header: Header
    pgnos: array[int]
    pages: bytes
    checksum: int

    def items(self) -> Iterator[tuple[int, memoryview]]:
        """Each page number and its page."""
        size, view = self.header.page_size, memoryview(self.pages)
        for index, pgno in enumerate(self.pgnos):
            yield pgno, view[index * size : (index + 1) * size]


def is_page_size(size: int) -> bool:
    """Whether SQLite has databases with pages of `size` bytes."""
    return 512 <= size <= 65536 and size & (size - 1) == 0


def lock_page(page_size: int) -> int:
    """The number of the page that is never stored; it reads as zeros."""
    return LOCK_BYTE // page_size + 1


def file_name(min_txid: int, max_txid: int) -> str:
    """The name of the file of a range of transactions."""
    return f"{min_txid:016x}-{max_txid:016x}.ltx"


def parse_name(name: str) -> tuple[int, int] | None:
    """The range that `name` stands for, or None for a foreign file."""
    match = _NAME.fullmatch(name)
    if match is None:
        return None
    low, high = int(match[1], 16), int(match[2], 16)
    return (low, high) if 1 <= low <= high else None


def snapshot_pages(page_size: int, first: int, last: int) -> array[int]:
    """The page numbers of first..last that a snapshot has: all but the lock page."""
    lock = lock_page(page_size)
    return array("I", [pgno for pgno in range(first, last + 1) if pgno != lock])


def encode(header: Header, data: Buffer, pgnos: array[int], offsets: array[int]) -> bytes:
    """A whole file: the pages at `offsets` of `data`, whose numbers ascend. Misplaced pages raise ValueError."""
    front = header.pack()
    encoder = ltxfile.Encoder(front, header.page_size)
    return b"".join((front, encoder.pages(data, pgnos, offsets), encoder.finish()))


def decode(data: Buffer) -> Ltx:
    """The whole file, its checksum and the order of its pages verified; BrokenLtx otherwise."""
    decoder = ltxfile.Decoder()
    try:
        pgnos, pages = decoder.feed(data)
        checksum = decoder.finish()
    except ValueError as error:
        raise BrokenLtx("read an LTX file", str(error)) from error
    header = Header.unpack(decoder.header)
    check_pages(header, pgnos)
    return Ltx(header, pgnos, pages, checksum)


def check_pages(header: Header, pgnos: array[int]) -> None:
    """BrokenLtx unless the pages fit the header: none beyond commit, none missing in a snapshot."""
    if pgnos and pgnos[-1] > header.commit:
        raise BrokenLtx("read an LTX file", f"page {pgnos[-1]} of {header.commit}")
    if header.is_snapshot and pgnos != snapshot_pages(header.page_size, 1, header.commit):
        raise BrokenLtx("read an LTX snapshot", f"{len(pgnos)} pages of {header.commit}")


def trailer_checksum(data: Buffer) -> int:
    """The file's checksum as its last eight bytes have it, unverified."""
    return int.from_bytes(memoryview(data)[-8:], "big")


def merged_header(first: Header, last: Header) -> Header:
    """The header of the file that `first` to `last` merge into."""
    return replace(
        last, min_txid=first.min_txid, wal_offset=0, wal_size=0, salt1=0, salt2=0, node_id=0, flags=NO_CHECKSUM
    )
