"""A growing buffer that JSON is written into; `jsonbuffer_twin.py` is the specification."""

from cpython.bytes cimport PyBytes_FromStringAndSize
from cpython.mem cimport PyMem_Free, PyMem_Malloc, PyMem_Realloc
from libc.stdint cimport int64_t, uint8_t
from libc.string cimport memcpy

from pbe._fast._jsoncheck cimport utf8_size

cdef extern from "Python.h":
    char* PyOS_double_to_string(double value, char code, int precision, int flags, int* kind) except NULL

cdef extern from "<math.h>" nogil:
    bint isfinite(double value)
    bint signbit(double value)
    double fabs(double value)

cdef extern from "<stdio.h>" nogil:
    int snprintf(char* out, size_t size, const char* form, ...)

cdef Py_ssize_t ROOM = 4096
cdef Py_ssize_t ROOM_KEPT_MAX = 1 << 16
cdef int64_t EXACT_INT_MAX = 1 << 53
cdef double EXACT_PRINT_MAX = 1e15
cdef const char* HEX = b"0123456789abcdef"


cdef class Buffer:
    """Bytes at `data`, `size` of them written; one thread at a time."""

    def __cinit__(self):
        self.room = ROOM
        self.data = <char*>PyMem_Malloc(self.room)
        if self.data == NULL:
            raise MemoryError()

    def __dealloc__(self):
        PyMem_Free(self.data)

    def text(self, bytes utf8 not None):
        """Write a quoted string; False, and nothing written, where it is no UTF-8."""
        return self.put_text(utf8, len(utf8))

    def integer(self, int64_t value):
        """Write an integer, rounded to a double beyond 2 ** 53 as PocketBase does."""
        return self.put_number(value)

    def double(self, double value):
        """Write a number as PocketBase prints it; False, and nothing written, where JSON has none for it."""
        return self.put_double(value)

    def take(self):
        """What was written; the buffer is empty afterwards."""
        out = self.taken()
        self.size = 0
        return out

    cdef bytes taken(self):
        """What is written, as bytes. The memory of one large answer is not kept."""
        out = PyBytes_FromStringAndSize(self.data, self.size)
        if self.room > ROOM_KEPT_MAX:
            PyMem_Free(self.data)
            self.room = ROOM
            self.data = <char*>PyMem_Malloc(self.room)
            if self.data == NULL:
                self.room = 0
                raise MemoryError()
            self.size = 0
        return out

    cdef bint put_number(self, int64_t value) except -1:
        """An integer; beyond 2 ** 53 as the double that PocketBase makes of it."""
        if -EXACT_INT_MAX <= value <= EXACT_INT_MAX:
            return self.put_integer(value)
        return self.put_double(<double>value)

    cdef int grow(self, Py_ssize_t more) except -1:
        cdef Py_ssize_t room = self.room * 2
        cdef char* data
        while room < self.size + more:
            room *= 2
        data = <char*>PyMem_Realloc(self.data, room)
        if data == NULL:
            raise MemoryError()
        self.data = data
        self.room = room
        return 0

    cdef bint put_text(self, const uint8_t* text, Py_ssize_t size) except -1:
        """A quoted string; False, and nothing written, where the text is no UTF-8."""
        cdef Py_ssize_t start = self.size
        cdef const uint8_t* at = text
        cdef const uint8_t* end = text + size
        cdef const uint8_t* plain
        cdef int step
        self.put_char(b'"'[0])
        while at < end:
            plain = at
            while at < end and at[0] >= 0x20 and at[0] < 0x80 and at[0] != 0x22 and at[0] != 0x5C:
                at += 1
            if at > plain:
                self.put(<const char*>plain, at - plain)
            if at == end:
                break
            if at[0] >= 0x80:
                step = utf8_size(at, end)
                if step == 0:
                    self.size = start
                    return False
                self.put(<const char*>at, step)
                at += step
            else:
                self.put_escape(at[0])
                at += 1
        self.put_char(b'"'[0])
        return True

    cdef int put_escape(self, uint8_t char) except -1:
        cdef char out[6]
        out[0] = b"\\"[0]
        if char == 0x22 or char == 0x5C:
            out[1] = <char>char
        elif char == 0x08:
            out[1] = b"b"[0]
        elif char == 0x09:
            out[1] = b"t"[0]
        elif char == 0x0A:
            out[1] = b"n"[0]
        elif char == 0x0C:
            out[1] = b"f"[0]
        elif char == 0x0D:
            out[1] = b"r"[0]
        else:
            memcpy(out + 1, b"u00", 3)
            out[4] = HEX[char >> 4]
            out[5] = HEX[char & 15]
            return self.put(out, 6)
        return self.put(out, 2)

    cdef bint put_integer(self, int64_t value) except -1:
        cdef char out[24]
        self.put(out, snprintf(out, 24, "%lld", <long long>value))
        return True

    cdef bint put_double(self, double value) except -1:
        """A number as PocketBase prints it; False for infinities and NaN."""
        cdef char* text
        cdef Py_ssize_t size = 0
        cdef Py_ssize_t mark
        if not isfinite(value):
            return False
        if fabs(value) < EXACT_PRINT_MAX and value == <double><int64_t>value and not (value == 0 and signbit(value)):
            return self.put_integer(<int64_t>value)
        text = PyOS_double_to_string(value, b"r"[0], 0, 0, NULL)
        try:
            while text[size]:
                size += 1
            mark = 0
            while mark < size and text[mark] != b"e"[0]:
                mark += 1
            if mark == size:
                self.put(text, size)
            else:
                self.put_scientific(text, mark, size)
        finally:
            PyMem_Free(text)
        return True

    cdef int put_scientific(self, const char* text, Py_ssize_t mark, Py_ssize_t size) except -1:
        """`text` has an `e` at `mark`: 1.5e-05 becomes 0.000015, 1e+16 its digits, 1.5e-07 becomes 1.5e-7."""
        cdef int exponent = 0
        cdef Py_ssize_t at
        cdef bint small = text[mark + 1] == b"-"[0]
        cdef char out[8]
        cdef Py_ssize_t fraction = 0
        for at in range(mark + 2, size):
            exponent = exponent * 10 + (text[at] - b"0"[0])
        if (small and exponent >= 7) or (not small and exponent >= 21):
            self.put(text, mark)
            self.put(out, snprintf(out, 8, "e%c%d", <int>(b"-"[0] if small else b"+"[0]), exponent))
            return 0
        at = 0
        if text[0] == b"-"[0]:
            self.put_char(text[0])
            at = 1
        if small:
            self.put(b"0.", 2)
            for _ in range(exponent - 1):
                self.put_char(b"0"[0])
        while at < mark:
            if text[at] == b"."[0]:
                fraction = mark - at - 1
            else:
                self.put_char(text[at])
            at += 1
        if not small:
            for _ in range(exponent - fraction):
                self.put_char(b"0"[0])
        return 0
