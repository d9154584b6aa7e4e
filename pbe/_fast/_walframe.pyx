"""Verifies frames of a SQLite write-ahead log and finds the last image of each page.

Format: SQLite's "WAL file format", https://www.sqlite.org/fileformat2.html#walformat. The loop over frames holds no
Python object and runs without the GIL.
"""

from libc.stdint cimport int64_t, uint8_t, uint32_t
from libc.string cimport memcpy

cdef extern from *:
    """
    #include <stdint.h>
    static inline uint32_t pbe_swap32(uint32_t x) { return __builtin_bswap32(x); }
    #if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    #define PBE_HOST_BIG 1
    #else
    #define PBE_HOST_BIG 0
    #endif
    """
    uint32_t pbe_swap32(uint32_t x) noexcept nogil
    int PBE_HOST_BIG

cdef size_t FRAME_HEADER = 24


cdef uint32_t big32(const uint8_t* at) noexcept nogil:
    """The big-endian word at `at`."""
    cdef uint32_t word
    memcpy(&word, at, 4)
    return word if PBE_HOST_BIG else pbe_swap32(word)


cdef void add_words(const uint8_t* data, size_t size, bint swap, uint32_t* s0, uint32_t* s1) noexcept nogil:
    """The running checksum over `size` bytes, a multiple of 8, in the log's own byte order."""
    cdef uint32_t a = s0[0], b = s1[0], x, y
    cdef size_t at = 0
    if swap:
        while at + 8 <= size:
            memcpy(&x, data + at, 4)
            memcpy(&y, data + at + 4, 4)
            a += pbe_swap32(x) + b
            b += pbe_swap32(y) + a
            at += 8
    else:
        while at + 8 <= size:
            memcpy(&x, data + at, 4)
            memcpy(&y, data + at + 4, 4)
            a += x + b
            b += y + a
            at += 8
    s0[0] = a
    s1[0] = b


def checksum(const uint8_t[::1] data not None, uint32_t s0, uint32_t s1, bint big_endian):
    """The pair after `data`; ValueError unless its length is a multiple of 8."""
    cdef uint32_t a = s0, b = s1
    cdef size_t size = <size_t>data.shape[0]
    if size % 8:
        raise ValueError("the checksum covers whole pairs of words")
    if size:
        with nogil:
            add_words(&data[0], size, big_endian != PBE_HOST_BIG, &a, &b)
    return a, b


def scan(const uint8_t[::1] data not None, uint32_t page_size, uint32_t salt1, uint32_t salt2, uint32_t s0,
         uint32_t s1, bint big_endian):
    """(frames, commit, s0, s1, pages): what is committed at the start of `data`, which begins at a frame.

    frames: up to and with the last valid commit frame; commit: the database's pages after it (0 without one); s0, s1:
    the checksum there; pages: page number to the offset in `data` of its last committed image, none beyond commit.
    """
    cdef size_t size = <size_t>data.shape[0], step = FRAME_HEADER + page_size, at = 0
    cdef uint32_t a = s0, b = s1, good_a = s0, good_b = s1, commit = 0, word
    cdef int64_t frames = 0, valid = 0, index
    cdef bint swap = big_endian != PBE_HOST_BIG
    cdef const uint8_t* base
    if page_size < 512 or page_size % 8:
        raise ValueError(f"{page_size} is no page size")
    if size < step:
        return 0, 0, s0, s1, {}
    base = &data[0]
    with nogil:
        while at + step <= size:
            if big32(base + at + 8) != salt1 or big32(base + at + 12) != salt2 or big32(base + at) == 0:
                break
            add_words(base + at, 8, swap, &a, &b)
            add_words(base + at + FRAME_HEADER, page_size, swap, &a, &b)
            if big32(base + at + 16) != a or big32(base + at + 20) != b:
                break
            valid += 1
            word = big32(base + at + 4)
            if word:
                commit = word
                frames = valid
                good_a = a
                good_b = b
            at += step
    pages = {}
    for index in range(frames):
        at = <size_t>index * step
        word = big32(base + at)
        if word <= commit:
            pages[word] = at + FRAME_HEADER
    return frames, commit, good_a, good_b, pages
