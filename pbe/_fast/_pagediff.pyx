"""Fingerprints of pages: what tells a changed page from an unchanged one, and sums up a database.

Two lanes of 128-bit multiplications over words mixed with fixed odd constants, so that neither two changes in one
page nor one change in two pages cancel, as they would under a CRC. Not a defence against somebody who makes collisions
in a database of his own on purpose.
"""

from cpython cimport array
from libc.stdint cimport uint8_t, uint32_t, uint64_t
from libc.string cimport memcpy

import array

cdef extern from *:
    """
    #include <stdint.h>
    static inline uint64_t pbe_mum(uint64_t a, uint64_t b) {
        unsigned __int128 product = (unsigned __int128)a * b;
        return (uint64_t)product ^ (uint64_t)(product >> 64);
    }
    """
    uint64_t pbe_mum(uint64_t a, uint64_t b) noexcept nogil

cdef uint64_t K0 = 0x9E3779B97F4A7C15
cdef uint64_t K1 = 0xD6E8FEB86659FD93
cdef uint64_t K2 = 0xC2B2AE3D27D4EB4F
cdef uint64_t K3 = 0xA0761D6478BD642F
cdef array.array LONGS = array.array("Q")
cdef array.array INTS = array.array("I")


cdef uint64_t digest(uint32_t pgno, const uint8_t* page, size_t size) noexcept nogil:
    """The fingerprint of `size` bytes, a multiple of 32; never 0, which stands for an unknown page."""
    cdef uint64_t a = pgno ^ K0, b = (<uint64_t>pgno << 32) ^ K1
    cdef uint64_t w[4]
    cdef size_t at = 0
    while at + 32 <= size:
        memcpy(w, page + at, 32)
        a = pbe_mum(w[0] ^ K2 ^ a, w[1] ^ K3) + w[0]
        b = pbe_mum(w[2] ^ K3 ^ b, w[3] ^ K2) + w[2]
        at += 32
    a = pbe_mum(a ^ K1, b ^ K0)
    return a if a else 1


def fingerprint(uint32_t pgno, const uint8_t[::1] page not None):
    """The fingerprint of one page; ValueError unless its length is a positive multiple of 32."""
    cdef uint64_t result
    cdef size_t size = <size_t>page.shape[0]
    if size == 0 or size % 32:
        raise ValueError(f"{size} bytes are no page")
    with nogil:
        result = digest(pgno, &page[0], size)
    return result


def fingerprints(const uint8_t[::1] data not None, uint32_t page_size, const uint32_t[::1] pgnos not None,
                 const uint64_t[::1] offsets not None):
    """array('Q') of the fingerprints of the pages at `offsets` of `data`; ValueError where one lies outside."""
    cdef Py_ssize_t index, count = pgnos.shape[0]
    cdef uint64_t size = <uint64_t>data.shape[0]
    cdef array.array out = array.clone(LONGS, count, zero=False)
    cdef uint64_t[::1] sums
    cdef bint outside = False
    if page_size == 0 or page_size % 32 or offsets.shape[0] != count:
        raise ValueError("page numbers, offsets and page size do not fit")
    if count == 0:
        return out
    sums = out
    with nogil:
        for index in range(count):
            if offsets[index] > size or size - offsets[index] < page_size:
                outside = True
                break
            sums[index] = digest(pgnos[index], &data[0] + offsets[index], page_size)
    if outside:
        raise ValueError("a page lies outside the data")
    return out


def changed(const uint32_t[::1] pgnos not None, const uint64_t[::1] offsets not None,
            const uint64_t[::1] fresh not None, const uint64_t[::1] known not None):
    """(pgnos, offsets) of the pages whose fresh fingerprint is not the known one; known[n - 1] is that of page n."""
    cdef Py_ssize_t index, count = pgnos.shape[0], kept = 0
    cdef uint64_t known_count = <uint64_t>known.shape[0]
    cdef array.array numbers = array.clone(INTS, count, zero=False)
    cdef array.array places = array.clone(LONGS, count, zero=False)
    cdef uint32_t[::1] number_view
    cdef uint64_t[::1] place_view
    if offsets.shape[0] != count or fresh.shape[0] != count:
        raise ValueError("page numbers, offsets and fingerprints do not fit")
    if count == 0:
        return numbers, places
    number_view = numbers
    place_view = places
    for index in range(count):
        if pgnos[index] == 0:
            raise ValueError("pages count from 1")
        if pgnos[index] <= known_count and known[pgnos[index] - 1] == fresh[index]:
            continue
        number_view[kept] = pgnos[index]
        place_view[kept] = offsets[index]
        kept += 1
    del number_view, place_view
    return numbers[:kept], places[:kept]
