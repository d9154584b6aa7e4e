from libc.stdint cimport uint64_t, uint8_t

cdef uint64_t crc64_add(uint64_t crc, const uint8_t* data, size_t size) noexcept nogil
