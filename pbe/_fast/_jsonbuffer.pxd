cimport cython
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_GET_SIZE
from libc.stdint cimport int64_t, uint8_t
from libc.string cimport memcpy


@cython.final
cdef class Buffer:
    cdef char* data
    cdef Py_ssize_t size
    cdef Py_ssize_t room

    cdef bytes taken(self)
    cdef int grow(self, Py_ssize_t more) except -1
    cdef bint put_text(self, const uint8_t* text, Py_ssize_t size) except -1
    cdef int put_escape(self, uint8_t char) except -1
    cdef bint put_number(self, int64_t value) except -1
    cdef bint put_integer(self, int64_t value) except -1
    cdef bint put_double(self, double value) except -1
    cdef int put_scientific(self, const char* text, Py_ssize_t mark, Py_ssize_t size) except -1

    cdef inline int put(self, const char* data, Py_ssize_t size) except -1:
        if self.size + size > self.room:
            self.grow(size)
        memcpy(self.data + self.size, data, size)
        self.size += size
        return 0

    cdef inline int put_bytes(self, bytes data) except -1:
        return self.put(PyBytes_AS_STRING(data), PyBytes_GET_SIZE(data))

    cdef inline int put_char(self, char char) except -1:
        if self.size + 1 > self.room:
            self.grow(1)
        self.data[self.size] = char
        self.size += 1
        return 0
