"""Writes and reads the page part of LTX files, and sums the whole: compression and CRC in one pass without the GIL.

Layout: 100 bytes of header, page frames in ascending order, six zero bytes, the page index, its size, and a trailer of
two checksums. The file's checksum is over the header, each page's frame head and *uncompressed* bytes, the six zero
bytes, the index and its size, and the first half of the trailer.
"""

from cpython cimport array
from cpython.bytes cimport PyBytes_FromStringAndSize
from libc.stdint cimport uint8_t, uint16_t, uint32_t, uint64_t
from libc.stdlib cimport free, malloc
from libc.string cimport memcpy

from pbe._fast._crc64 cimport crc64_add
from pbe._fast._lz4block cimport lz4_bound, lz4_compress, lz4_expand

import array

cdef size_t TABLE_BYTES = 4096 * 2
cdef size_t HEADER_BYTES = 100
cdef size_t TRAILER_BYTES = 16
cdef uint64_t FLAG = <uint64_t>1 << 63
cdef uint32_t FRAME_MAGIC = 0x184D2204
cdef array.array LONGS = array.array("Q")
cdef array.array INTS = array.array("I")


cdef inline void put32(uint8_t* at, uint32_t word) noexcept nogil:
    at[0] = <uint8_t>(word >> 24)
    at[1] = <uint8_t>((word >> 16) & 255)
    at[2] = <uint8_t>((word >> 8) & 255)
    at[3] = <uint8_t>(word & 255)


cdef inline uint32_t get32(const uint8_t* at) noexcept nogil:
    return (<uint32_t>at[0] << 24) | (<uint32_t>at[1] << 16) | (<uint32_t>at[2] << 8) | at[3]


cdef inline uint32_t little32(const uint8_t* at) noexcept nogil:
    return (<uint32_t>at[3] << 24) | (<uint32_t>at[2] << 16) | (<uint32_t>at[1] << 8) | at[0]


cdef size_t put_varint(uint8_t* at, uint64_t value) noexcept nogil:
    """Writes `value` as LEB128; the bytes it took, at most 10."""
    cdef size_t count = 0
    while value >= 128:
        at[count] = <uint8_t>((value & 127) | 128)
        value >>= 7
        count += 1
    at[count] = <uint8_t>value
    return count + 1


cdef class Encoder:
    """One file being written: `pages` any number of times, then `finish`; the caller writes the header itself."""

    cdef uint64_t _crc
    cdef uint64_t _at
    cdef uint32_t _page_size
    cdef uint32_t _last
    cdef bytearray _index
    cdef bint _closed
    cdef uint16_t _table[4096]

    def __init__(self, const uint8_t[::1] header not None, uint32_t page_size):
        if header.shape[0] != <Py_ssize_t>HEADER_BYTES or page_size < 512 or page_size > 65536:
            raise ValueError("a header has 100 bytes, a page 512 to 65536")
        self._crc = crc64_add(0, &header[0], HEADER_BYTES)
        self._at = HEADER_BYTES
        self._page_size = page_size
        self._last = 0
        self._index = bytearray()
        self._closed = False

    def pages(self, const uint8_t[::1] data not None, const uint32_t[::1] pgnos not None,
              const uint64_t[::1] offsets not None):
        """The frames of the pages at `offsets` of `data`; ValueError out of order or outside the data."""
        cdef Py_ssize_t index, count = pgnos.shape[0]
        cdef uint64_t size = <uint64_t>data.shape[0]
        cdef size_t written = 0, noted = 0, packed
        cdef uint8_t* out
        cdef uint8_t* notes
        cdef const char* fault = NULL
        if self._closed or offsets.shape[0] != count:
            raise ValueError("page numbers and offsets do not fit, or the file is finished")
        if count == 0:
            return b""
        out = <uint8_t*>malloc(<size_t>count * (10 + lz4_bound(self._page_size)))
        notes = <uint8_t*>malloc(<size_t>count * 30)
        try:
            if out == NULL or notes == NULL:
                raise MemoryError
            with nogil:
                for index in range(count):
                    if pgnos[index] <= self._last:
                        fault = "pages have to ascend"
                        break
                    if offsets[index] > size or size - offsets[index] < self._page_size:
                        fault = "a page lies outside the data"
                        break
                    self._last = pgnos[index]
                    packed = self._frame(pgnos[index], &data[0] + offsets[index], out + written)
                    noted += put_varint(notes + noted, pgnos[index])
                    noted += put_varint(notes + noted, self._at)
                    noted += put_varint(notes + noted, packed)
                    self._at += packed
                    written += packed
            if fault != NULL:
                self._closed = True
                raise ValueError((<bytes>fault).decode())
            self._index += PyBytes_FromStringAndSize(<char*>notes, <Py_ssize_t>noted)
            return PyBytes_FromStringAndSize(<char*>out, <Py_ssize_t>written)
        finally:
            free(out)
            free(notes)

    cdef size_t _frame(self, uint32_t pgno, const uint8_t* page, uint8_t* out) noexcept nogil:
        """Writes one page frame and sums it; its bytes."""
        cdef size_t packed = lz4_compress(page, self._page_size, out + 10, &self._table[0])
        put32(out, pgno)
        out[4] = 0
        out[5] = 1
        put32(out + 6, <uint32_t>packed)
        self._crc = crc64_add(self._crc, out, 10)
        self._crc = crc64_add(self._crc, page, self._page_size)
        return packed + 10

    def finish(self):
        """The end mark, index and trailer; ValueError when called twice."""
        cdef bytes tail
        cdef const uint8_t[::1] view
        if self._closed:
            raise ValueError("the file is finished")
        self._closed = True
        self._index.append(0)
        tail = bytes(6) + bytes(self._index) + len(self._index).to_bytes(8, "big") + bytes(8)
        view = tail
        self._crc = crc64_add(self._crc, &view[0], <size_t>view.shape[0])
        return tail + (<object>(self._crc | FLAG)).to_bytes(8, "big")


cdef class Decoder:
    """One file being read from chunks of any size: `feed` each, then `finish`. Memory: one chunk and one page."""

    cdef uint64_t _crc
    cdef uint32_t _page_size
    cdef uint32_t _last
    cdef bytearray _rest
    cdef readonly bytes header
    cdef bint _paged
    cdef readonly object index

    def __init__(self):
        self._crc = 0
        self._page_size = 0
        self._last = 0
        self._rest = bytearray()
        self.header = b""
        self._paged = False
        self.index = b""

    def feed(self, chunk):
        """(pgnos, pages): the pages that `chunk` completes, one behind the other; ValueError for a broken file."""
        self._rest += chunk
        if not self.header:
            if len(self._rest) < <Py_ssize_t>HEADER_BYTES:
                return array.clone(INTS, 0, zero=False), b""
            self._open()
        if self._paged:
            return array.clone(INTS, 0, zero=False), b""
        return self._pages()

    def _open(self):
        """Takes the header off the front."""
        cdef const uint8_t[::1] view
        self.header = bytes(self._rest[:100])
        if self.header[:4] != b"LTX1":
            raise ValueError("not an LTX file")
        view = self.header
        self._crc = crc64_add(0, &view[0], HEADER_BYTES)
        self._page_size = get32(&view[8])
        if self._page_size < 512 or self._page_size > 65536 or self._page_size & (self._page_size - 1):
            raise ValueError(f"{self._page_size} is no page size")
        del self._rest[:100]

    def _pages(self):
        cdef const uint8_t[::1] view = self._rest
        cdef size_t size = <size_t>view.shape[0], at = 0, used, done = 0
        # A page frame has no fewer than 10 bytes, and LZ4 expands at most 255 times.
        cdef size_t room = 0, grown
        cdef uint8_t* out = NULL
        cdef uint8_t* bigger
        cdef uint32_t pgno
        cdef int status = 0
        cdef array.array numbers = array.array("I")
        try:
            while not self._paged:
                if done == room:
                    grown = room * 2 if room else (size // 2048 + 2)
                    bigger = <uint8_t*>malloc(grown * self._page_size)
                    if bigger == NULL:
                        raise MemoryError
                    if done:
                        memcpy(bigger, out, done * self._page_size)
                    free(out)
                    out = bigger
                    room = grown
                pgno = 0
                used = 0
                with nogil:
                    status = 0
                    if size - at >= 6:
                        status = self._page(&view[0] + at, size - at, out + done * self._page_size, &pgno, &used)
                if status < 0:
                    raise ValueError(f"the page frame behind page {self._last} is broken")
                if status == 0:
                    break
                at += used
                if pgno == 0:
                    self._paged = True
                    break
                if pgno <= self._last:
                    raise ValueError(f"page {pgno} comes behind page {self._last}")
                self._last = pgno
                numbers.append(pgno)
                done += 1
            pages = PyBytes_FromStringAndSize(<char*>out, <Py_ssize_t>(done * self._page_size))
        finally:
            free(out)
            del view
        del self._rest[:at]
        return numbers, pages

    cdef int _page(self, const uint8_t* src, size_t size, uint8_t* dst, uint32_t* pgno, size_t* used) noexcept nogil:
        """1 and what one frame took; 0 where it is not whole yet; -1 where it is broken. pgno 0: the end mark."""
        cdef uint32_t number = get32(src), packed
        cdef uint32_t flags = (<uint32_t>src[4] << 8) | src[5]
        cdef size_t head = 6
        cdef Py_ssize_t got
        if number == 0:
            if flags:
                return -1
            self._crc = crc64_add(self._crc, src, 6)
            used[0] = 6
            return 1
        if flags == 1:
            if size < 10:
                return 0
            packed = get32(src + 6)
            head = 10
            if packed > lz4_bound(self._page_size):
                return -1
            if size - 10 < packed:
                return 0
            got = lz4_expand(src + 10, packed, dst, self._page_size, 0)
            if got != <Py_ssize_t>self._page_size:
                return -1
            used[0] = 10 + packed
        elif flags == 0:
            got = self._lz4_frame(src + 6, size - 6, dst, used)
            if got <= 0:
                return <int>got
            used[0] += 6
        else:
            return -1
        pgno[0] = number
        self._crc = crc64_add(self._crc, src, head)
        self._crc = crc64_add(self._crc, dst, self._page_size)
        return 1

    cdef int _lz4_frame(self, const uint8_t* src, size_t size, uint8_t* dst, size_t* used) noexcept nogil:
        """One LZ4 frame of one page: 1 and its bytes, 0 not whole yet, -1 broken. LZ4_Frame_format.md."""
        cdef size_t at = 7, packed, done = 0
        cdef uint32_t word
        cdef Py_ssize_t got
        cdef uint8_t flags
        if size < 7:
            return 0
        flags = src[4]
        if little32(src) != FRAME_MAGIC or flags >> 6 != 1 or flags & 1:
            return -1
        if flags & 8:
            at += 8
        while True:
            if size < at + 4:
                return 0
            word = little32(src + at)
            at += 4
            if word == 0:
                break
            packed = word & 0x7FFFFFFF
            if packed > 4 * lz4_bound(65536):
                return -1
            if size - at < packed:
                return 0
            if word >> 31:
                if packed > self._page_size - done:
                    return -1
                memcpy(dst + done, src + at, packed)
                done += packed
            else:
                got = lz4_expand(src + at, packed, dst, self._page_size, done)
                if got < 0:
                    return -1
                done = <size_t>got
            at += packed
            if flags & 16:
                at += 4
        if flags & 4:
            at += 4
        if size < at:
            return 0
        if done != self._page_size:
            return -1
        used[0] = at
        return 1

    def finish(self):
        """The file's checksum; ValueError where the file is short, has a tail, or does not sum up."""
        cdef const uint8_t[::1] view
        cdef Py_ssize_t size = len(self._rest)
        if not self._paged or size < 25:
            raise ValueError("the file ends early")
        index_size = int.from_bytes(self._rest[size - 24 : size - 16], "big")
        if index_size != size - 24:
            raise ValueError("the page index has another size than it says")
        self.index = bytes(self._rest[: size - 24])
        view = self._rest
        self._crc = crc64_add(self._crc, &view[0], <size_t>(size - 8))
        del view
        found = int.from_bytes(self._rest[size - 8 :], "big")
        if found != self._crc | FLAG:
            raise ValueError("the file's checksum does not match")
        return found
