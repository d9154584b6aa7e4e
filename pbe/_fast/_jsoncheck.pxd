from libc.stdint cimport uint8_t

cdef bint is_date_text(const uint8_t* text, Py_ssize_t size) noexcept nogil
cdef int utf8_size(const uint8_t* at, const uint8_t* end) noexcept nogil
cdef bint is_json_text(const uint8_t* text, Py_ssize_t size, int kind) noexcept nogil
