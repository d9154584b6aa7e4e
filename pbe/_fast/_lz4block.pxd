from libc.stdint cimport uint8_t, uint16_t

cdef size_t lz4_bound(size_t size) noexcept nogil
cdef size_t lz4_compress(const uint8_t* src, size_t size, uint8_t* dst, uint16_t* table) noexcept nogil
cdef Py_ssize_t lz4_expand(const uint8_t* src, size_t size, uint8_t* dst, size_t room, size_t done) noexcept nogil
