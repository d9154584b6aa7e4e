"""CRC-64/GO-ISO without a table.

The generator is x^64 + x^4 + x^3 + x + 1, so a whole word folds back onto the low end by a few shifts: first the word
times the inverse of the generator's tail, then what overflowed, once more. Source: the property of the polynomial;
check value of "123456789" is b90956c775a41001.
"""

from libc.stdint cimport uint64_t, uint8_t
from libc.string cimport memcpy


cdef uint64_t crc64_add(uint64_t crc, const uint8_t* data, size_t size) noexcept nogil:
    """`crc` after `size` more bytes; both are plain sums, 0 for no bytes (as Go's crc64.Update has them)."""
    cdef uint64_t word, fold, over
    cdef size_t at = 0
    cdef int bit
    crc = ~crc
    while at + 8 <= size:
        memcpy(&word, data + at, 8)
        word ^= crc
        fold = word ^ (word >> 1) ^ (word >> 3) ^ (word >> 4)
        over = (word << 63) ^ (word << 61) ^ (word << 60)
        crc = fold ^ over ^ (over >> 1) ^ (over >> 3) ^ (over >> 4)
        at += 8
    while at < size:
        crc ^= data[at]
        for bit in range(8):
            crc = (crc >> 1) ^ (<uint64_t>0xD800000000000000 & (0 - (crc & 1)))
        at += 1
    return ~crc


def update(crc, const uint8_t[::1] data not None):
    """`crc` after `data`; start from 0."""
    cdef uint64_t state = crc
    cdef size_t size = <size_t>data.shape[0]
    if size == 0:
        return state
    with nogil:
        state = crc64_add(state, &data[0], size)
    return state
