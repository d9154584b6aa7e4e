"""Writes and reads the page part of LTX files, and sums the whole.

Layout: 100 bytes of header, page frames in ascending order, six zero bytes, the page index, its size, and a trailer of
two checksums. The file's checksum is over the header, each page's frame head and *uncompressed* bytes, the six zero
bytes, the index and its size, and the first half of the trailer.
"""

from __future__ import annotations

from array import array
from typing import TYPE_CHECKING

import lz4.frame

from pbe._fast import crc64_twin, lz4block_twin

if TYPE_CHECKING:
    from typing_extensions import Buffer

_FLAG = 1 << 63


def _varint(value: int) -> bytes:
    """`value` as LEB128."""
    out = bytearray()
    while value >= 128:
        out.append(value & 127 | 128)
        value >>= 7
    out.append(value)
    return bytes(out)


class Encoder:
    """One file being written: `pages` any number of times, then `finish`; the caller writes the header itself."""

    def __init__(self, header: Buffer, page_size: int) -> None:
        if len(memoryview(header)) != 100 or not 512 <= page_size <= 65536:
            raise ValueError("a header has 100 bytes, a page 512 to 65536")
        self._crc, self._at, self._last = crc64_twin.update(0, header), 100, 0
        self._page_size = page_size
        self._index = bytearray()
        self._closed = False

    def pages(self, data: Buffer, pgnos: array[int], offsets: array[int]) -> bytes:
        """The frames of the pages at `offsets` of `data`; ValueError out of order or outside the data."""
        if self._closed or len(pgnos) != len(offsets):
            raise ValueError("page numbers and offsets do not fit, or the file is finished")
        view, frames = memoryview(data).cast("B"), []
        for pgno, offset in zip(pgnos, offsets, strict=True):
            page = bytes(view[offset : offset + self._page_size])
            if pgno <= self._last or len(page) < self._page_size:
                self._closed = True
                raise ValueError("pages have to ascend" if pgno <= self._last else "a page lies outside the data")
            self._last = pgno
            block = lz4block_twin.compress(page)
            head = pgno.to_bytes(4, "big") + b"\0\1" + len(block).to_bytes(4, "big")
            self._crc = crc64_twin.update(crc64_twin.update(self._crc, head), page)
            self._index += _varint(pgno) + _varint(self._at) + _varint(len(head) + len(block))
            self._at += len(head) + len(block)
            frames.append(head + block)
        return b"".join(frames)

    def finish(self) -> bytes:
        """The end mark, index and trailer; ValueError when called twice."""
        if self._closed:
            raise ValueError("the file is finished")
        self._closed = True
        index = bytes(self._index) + b"\0"
        tail = bytes(6) + index + len(index).to_bytes(8, "big") + bytes(8)
        self._crc = crc64_twin.update(self._crc, tail)
        return tail + (self._crc | _FLAG).to_bytes(8, "big")


class Decoder:
    """One file being read from chunks of any size: `feed` each, then `finish`. Memory: one chunk and one page."""

    def __init__(self) -> None:
        self.header = b""
        self.index = b""
        self._rest = bytearray()
        self._crc, self._page_size, self._last, self._paged = 0, 0, 0, False

    def feed(self, chunk: Buffer) -> tuple[array[int], bytes]:
        """(pgnos, pages): the pages that `chunk` completes, one behind the other; ValueError for a broken file."""
        self._rest += bytes(chunk)
        if not self.header and len(self._rest) >= 100:
            self._open()
        numbers, pages = array("I"), []
        while self.header and not self._paged:
            frame = self._frame()
            if frame is None:
                break
            pgno, page = frame
            if pgno == 0:
                self._paged = True
                break
            if pgno <= self._last:
                raise ValueError(f"page {pgno} comes behind page {self._last}")
            self._last = pgno
            numbers.append(pgno)
            pages.append(page)
        return numbers, b"".join(pages)

    def _open(self) -> None:
        """Takes the header off the front."""
        self.header = bytes(self._rest[:100])
        del self._rest[:100]
        size = self._page_size = int.from_bytes(self.header[8:12], "big")
        if self.header[:4] != b"LTX1":
            raise ValueError("not an LTX file")
        if not 512 <= size <= 65536 or size & (size - 1):
            raise ValueError(f"{size} is no page size")
        self._crc = crc64_twin.update(0, self.header)

    def _frame(self) -> tuple[int, bytes] | None:
        """The next page, page 0 for the end mark, or None where it is not whole yet."""
        rest = self._rest
        if len(rest) < 6:
            return None
        pgno, flags = int.from_bytes(rest[:4], "big"), int.from_bytes(rest[4:6], "big")
        if pgno == 0 and flags == 0:
            return self._take(6, 6, 0, b"")
        if pgno == 0 or flags > 1:
            raise ValueError(f"the page frame behind page {self._last} is broken")
        return self._block(pgno) if flags else self._lz4_frame(pgno)

    def _block(self, pgno: int) -> tuple[int, bytes] | None:
        """A page that is an LZ4 block behind its size."""
        if len(self._rest) < 10:
            return None
        packed = int.from_bytes(self._rest[6:10], "big")
        if packed > self._page_size + self._page_size // 255 + 16:
            raise ValueError(f"the page frame behind page {self._last} is broken")
        if len(self._rest) < 10 + packed:
            return None
        page = lz4block_twin.expand(self._rest[10 : 10 + packed], self._page_size)
        return self._take(10, 10 + packed, pgno, page)

    def _lz4_frame(self, pgno: int) -> tuple[int, bytes] | None:
        """A page that is an LZ4 frame."""
        machine = lz4.frame.LZ4FrameDecompressor()
        try:
            page = machine.decompress(bytes(self._rest[6:]))
        except RuntimeError as error:
            raise ValueError(f"the page frame behind page {self._last} is broken") from error
        if not machine.eof:
            return None
        if len(page) != self._page_size:
            raise ValueError(f"the page frame behind page {self._last} is broken")
        return self._take(6, len(self._rest) - len(machine.unused_data or b""), pgno, bytes(page))

    def _take(self, head: int, used: int, pgno: int, page: bytes) -> tuple[int, bytes]:
        """Sums a frame and takes it off the front."""
        self._crc = crc64_twin.update(crc64_twin.update(self._crc, self._rest[:head]), page)
        del self._rest[:used]
        return pgno, page

    def finish(self) -> int:
        """The file's checksum; ValueError where the file is short, has a tail, or does not sum up."""
        rest = bytes(self._rest)
        if not self._paged or len(rest) < 25:
            raise ValueError("the file ends early")
        if int.from_bytes(rest[-24:-16], "big") != len(rest) - 24:
            raise ValueError("the page index has another size than it says")
        self.index = rest[:-24]
        self._crc = crc64_twin.update(self._crc, rest[:-8])
        found = int.from_bytes(rest[-8:], "big")
        if found != self._crc | _FLAG:
            raise ValueError("the file's checksum does not match")
        return found
