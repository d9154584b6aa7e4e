"""LZ4 blocks of at most 64 KiB, compressed and expanded without the GIL.

Format: LZ4_Block_format.md. The compressor is greedy with a table of 4,096 positions: the last five bytes are
literals, and the last match starts twelve bytes or more before the end. The expander checks every length against both
buffers before it moves a byte.
"""

from cpython.bytes cimport PyBytes_FromStringAndSize
from libc.stdint cimport uint8_t, uint16_t, uint32_t, uint64_t
from libc.stdlib cimport free, malloc
from libc.string cimport memcpy, memset

cdef extern from *:
    """
    #include <stdint.h>
    static inline unsigned pbe_same_bytes(uint64_t difference) {
    #if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
        return (unsigned)__builtin_clzll(difference) >> 3;
    #else
        return (unsigned)__builtin_ctzll(difference) >> 3;
    #endif
    }
    """
    unsigned pbe_same_bytes(uint64_t difference) noexcept nogil

#: Bytes of the largest block: positions are 16 bits wide.
BLOCK_BYTES_MAX = 65536
cdef size_t TABLE_BYTES = 4096 * 2
cdef size_t SKIP_TRIGGER = 6


cdef size_t lz4_bound(size_t size) noexcept nogil:
    """The most bytes that `size` bytes become."""
    return size + size // 255 + 16


cdef inline uint32_t word32(const uint8_t* at) noexcept nogil:
    cdef uint32_t word
    memcpy(&word, at, 4)
    return word


cdef inline uint32_t slot(uint32_t word) noexcept nogil:
    return (word * <uint32_t>2654435761U) >> 20


cdef inline size_t put_length(uint8_t* dst, size_t op, size_t rest) noexcept nogil:
    """Writes what of a length did not fit its nibble; the new write position."""
    while rest >= 255:
        dst[op] = 255
        op += 1
        rest -= 255
    dst[op] = <uint8_t>rest
    return op + 1


cdef inline size_t put_literals(const uint8_t* src, size_t count, uint8_t* dst, size_t op, uint8_t match) noexcept nogil:
    """Writes a token with `match` in its low nibble and `count` literals; the new write position."""
    if count >= 15:
        dst[op] = 0xF0 | match
        op = put_length(dst, op + 1, count - 15)
    else:
        dst[op] = <uint8_t>(count << 4) | match
        op += 1
    memcpy(dst + op, src, count)
    return op + count


cdef size_t match_end(const uint8_t* src, size_t at, size_t ref, size_t limit) noexcept nogil:
    """Where the bytes from `at` stop being those from `ref`, at most `limit`."""
    cdef uint64_t x, y
    while at + 8 <= limit:
        memcpy(&x, src + at, 8)
        memcpy(&y, src + ref, 8)
        if x != y:
            return at + pbe_same_bytes(x ^ y)
        at += 8
        ref += 8
    while at < limit and src[at] == src[ref]:
        at += 1
        ref += 1
    return at


cdef size_t lz4_compress(const uint8_t* src, size_t size, uint8_t* dst, uint16_t* table) noexcept nogil:
    """Compresses into `dst`, which has lz4_bound(size) bytes; `table` is 4,096 entries of scratch. Bytes written."""
    cdef size_t ip = 1, anchor = 0, op = 0, ref = 0, end, last, limit, search, length
    cdef uint32_t key
    cdef bint found
    if size >= 13:
        last = size - 12
        limit = size - 5
        memset(table, 0, TABLE_BYTES)
        while ip <= last:
            found = False
            search = 1 << SKIP_TRIGGER
            while ip <= last:
                key = slot(word32(src + ip))
                ref = table[key]
                table[key] = <uint16_t>ip
                if ref < ip and word32(src + ref) == word32(src + ip):
                    found = True
                    break
                ip += search >> SKIP_TRIGGER
                search += 1
            if not found:
                break
            while ip > anchor and ref > 0 and src[ip - 1] == src[ref - 1]:
                ip -= 1
                ref -= 1
            end = match_end(src, ip + 4, ref + 4, limit)
            length = end - ip - 4
            op = put_literals(src + anchor, ip - anchor, dst, op, 15 if length >= 15 else <uint8_t>length)
            dst[op] = <uint8_t>((ip - ref) & 255)
            dst[op + 1] = <uint8_t>((ip - ref) >> 8)
            op += 2
            if length >= 15:
                op = put_length(dst, op, length - 15)
            ip = end
            anchor = end
            if ip <= last:
                table[slot(word32(src + ip - 2))] = <uint16_t>(ip - 2)
    return put_literals(src + anchor, size - anchor, dst, op, 0)


cdef Py_ssize_t lz4_expand(const uint8_t* src, size_t size, uint8_t* dst, size_t room, size_t done) noexcept nogil:
    """Expands behind the `done` bytes that `dst` holds already; the bytes it then holds, or -1 for a broken block."""
    cdef size_t ip = 0, op = done, count, distance, part
    cdef uint8_t token, more
    while ip < size:
        token = src[ip]
        ip += 1
        count = token >> 4
        if count == 15:
            while True:
                if ip >= size:
                    return -1
                more = src[ip]
                ip += 1
                count += more
                if more != 255:
                    break
        if count > size - ip or count > room - op:
            return -1
        if count <= 16 and size - ip >= 16 and room - op >= 16:
            memcpy(dst + op, src + ip, 16)
        else:
            memcpy(dst + op, src + ip, count)
        ip += count
        op += count
        if ip == size:
            return <Py_ssize_t>op
        if size - ip < 2:
            return -1
        distance = src[ip] | (<size_t>src[ip + 1] << 8)
        ip += 2
        if distance == 0 or distance > op:
            return -1
        count = token & 15
        if count == 15:
            while True:
                if ip >= size:
                    return -1
                more = src[ip]
                ip += 1
                count += more
                if more != 255:
                    break
        count += 4
        if count > room - op:
            return -1
        if distance >= 16 and count <= 32 and room - op >= 32:
            memcpy(dst + op, dst + op - distance, 16)
            memcpy(dst + op + 16, dst + op - distance + 16, 16)
            op += count
        elif distance == 1:
            memset(dst + op, dst[op - 1], count)
            op += count
        else:
            while count:
                part = count if count < distance else distance
                memcpy(dst + op, dst + op - distance, part)
                op += part
                count -= part
                distance += part
    return -1


def compress(const uint8_t[::1] data not None):
    """`data` as one LZ4 block; ValueError for more than BLOCK_BYTES_MAX bytes."""
    cdef size_t size = <size_t>data.shape[0], written
    cdef uint8_t* out
    cdef uint16_t* table
    cdef uint8_t nothing = 0
    cdef const uint8_t* source = &data[0] if size else &nothing
    if size > <size_t>BLOCK_BYTES_MAX:
        raise ValueError("a block has at most 65536 bytes")
    out = <uint8_t*>malloc(lz4_bound(size))
    table = <uint16_t*>malloc(TABLE_BYTES)
    try:
        if out == NULL or table == NULL:
            raise MemoryError
        with nogil:
            written = lz4_compress(source, size, out, table)
        return PyBytes_FromStringAndSize(<char*>out, <Py_ssize_t>written)
    finally:
        free(out)
        free(table)


def expand(const uint8_t[::1] block not None, Py_ssize_t size):
    """The `size` bytes that `block` stands for; ValueError where it stands for anything else."""
    cdef Py_ssize_t got
    cdef uint8_t* out
    if block.shape[0] == 0 or size < 0:
        raise ValueError("not an LZ4 block")
    out = <uint8_t*>malloc(<size_t>size + 1)
    if out == NULL:
        raise MemoryError
    try:
        with nogil:
            got = lz4_expand(&block[0], <size_t>block.shape[0], out, <size_t>size, 0)
        if got != size:
            raise ValueError("not an LZ4 block of that size")
        return PyBytes_FromStringAndSize(<char*>out, size)
    finally:
        free(out)
