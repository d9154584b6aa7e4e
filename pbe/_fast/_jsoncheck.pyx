"""Whether bytes are JSON, UTF-8 or a stored instant; `jsoncheck_twin.py` is the specification.

Every step is checked against the end of the bytes; nothing is copied or decoded.
"""

from libc.stdint cimport uint8_t
from libc.string cimport memchr, memcmp

ANY, LIST, POINT = range(3)
cdef int NESTING_MAX = 100
cdef int LIST_ITEMS_MAX = 64
cdef int LIST_KIND = 1
cdef int POINT_KIND = 2
cdef int MONTH_DAYS[12]
MONTH_DAYS[:] = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]


def is_date(bytes text not None):
    """Whether `text` is an instant of the years 2 to 9999 as PocketBase stores it."""
    return is_date_text(text, len(text))


def is_json(bytes text not None, int kind):
    """Whether `text` is one JSON value: any, a list as PocketBase writes it, or a point."""
    return is_json_text(text, len(text), kind)


cdef inline bint is_digit(uint8_t char) noexcept nogil:
    return 0x30 <= char <= 0x39


cdef int pair(const uint8_t* at) noexcept nogil:
    """Two digits as a number, -1 where they are none."""
    if not is_digit(at[0]) or not is_digit(at[1]):
        return -1
    return (at[0] - 0x30) * 10 + at[1] - 0x30


cdef bint is_date_text(const uint8_t* text, Py_ssize_t size) noexcept nogil:
    """Whether the text is an instant as PocketBase stores it: 2006-01-02 15:04:05.000Z."""
    cdef int century, year, month, day
    if size != 24:
        return False
    if text[4] != 0x2D or text[7] != 0x2D or text[10] != 0x20 or text[13] != 0x3A or text[16] != 0x3A:
        return False
    if text[19] != 0x2E or text[23] != 0x5A or pair(text + 20) < 0 or not is_digit(text[22]):
        return False
    century = pair(text)
    year = pair(text + 2)
    month = pair(text + 5)
    day = pair(text + 8)
    if century < 0 or year < 0:
        return False
    year += century * 100
    if year < 2 or not 1 <= month <= 12 or not 1 <= day <= MONTH_DAYS[month - 1]:
        return False
    if month == 2 and day == 29 and (year % 4 or (year % 100 == 0 and year % 400)):
        return False
    return 0 <= pair(text + 11) < 24 and 0 <= pair(text + 14) < 60 and 0 <= pair(text + 17) < 60


cdef int utf8_size(const uint8_t* at, const uint8_t* end) noexcept nogil:
    """The bytes of the well-formed character at `at` (Unicode 15, table 3-7), 0 where there is none."""
    cdef uint8_t first = at[0]
    cdef uint8_t low = 0x80
    cdef uint8_t high = 0xBF
    cdef int size, index
    if first < 0x80:
        return 1
    if 0xC2 <= first <= 0xDF:
        size = 2
    elif 0xE0 <= first <= 0xEF:
        size = 3
        if first == 0xE0:
            low = 0xA0
        elif first == 0xED:
            high = 0x9F
    elif 0xF0 <= first <= 0xF4:
        size = 4
        if first == 0xF0:
            low = 0x90
        elif first == 0xF4:
            high = 0x8F
    else:
        return 0
    if end - at < size or not low <= at[1] <= high:
        return 0
    for index in range(2, size):
        if not 0x80 <= at[index] <= 0xBF:
            return 0
    return size


cdef inline const uint8_t* after_space(const uint8_t* at, const uint8_t* end) noexcept nogil:
    while at < end and (at[0] == 0x20 or at[0] == 0x09 or at[0] == 0x0A or at[0] == 0x0D):
        at += 1
    return at


cdef bint is_json_text(const uint8_t* text, Py_ssize_t size, int kind) noexcept nogil:
    """Whether the text is one JSON value of the kind: any, a list, a point."""
    cdef const uint8_t* end = text + size
    cdef const uint8_t* at = after_space(text, end)
    if at == end:
        return False
    if kind == POINT_KIND:
        return after_point(text, end) == end
    if kind == LIST_KIND:
        return after_list(text, end) == end
    at = after_value(at, end, NESTING_MAX)
    return at != NULL and after_space(at, end) == end


cdef const uint8_t* after_list(const uint8_t* at, const uint8_t* end) noexcept nogil:
    """The place after ["a","b"] as PocketBase writes it: distinct strings, none empty, none with an escape."""
    cdef const uint8_t* starts[64]
    cdef Py_ssize_t sizes[64]
    cdef int count = 0
    cdef int other
    cdef const uint8_t* stop
    cdef Py_ssize_t size
    if end - at < 2 or at[0] != 0x5B:
        return NULL
    at += 1
    if at[0] == 0x5D:
        return at + 1
    while at < end and at[0] == 0x22 and count < LIST_ITEMS_MAX:
        stop = after_string(at, end)
        if stop == NULL or stop == end:
            return NULL
        size = stop - at
        if size <= 2 or memchr(at, 0x5C, size) != NULL:
            return NULL
        for other in range(count):
            if sizes[other] == size and memcmp(starts[other], at, size) == 0:
                return NULL
        starts[count] = at
        sizes[count] = size
        count += 1
        if stop[0] == 0x5D:
            return stop + 1
        if stop[0] != 0x2C:
            return NULL
        at = stop + 1
    return NULL


cdef const uint8_t* after_point(const uint8_t* at, const uint8_t* end) noexcept nogil:
    """The place after {"lon":1,"lat":2} as PocketBase writes it."""
    at = after_word(at, end, b'{"lon":', 7)
    if at != NULL:
        at = after_number(at, end)
    if at != NULL:
        at = after_word(at, end, b',"lat":', 7)
    if at != NULL:
        at = after_number(at, end)
    return after_word(at, end, b"}", 1) if at != NULL else NULL


cdef const uint8_t* after_value(
    const uint8_t* at, const uint8_t* end, int deeper
) noexcept nogil:
    """The place after the JSON value at `at`, NULL where there is none."""
    if at == end:
        return NULL
    if at[0] == 0x22:
        return after_string(at, end)
    if at[0] == 0x7B or at[0] == 0x5B:
        return after_nest(at, end, deeper - 1) if deeper > 0 else NULL
    if at[0] == 0x74:
        return after_word(at, end, b"true", 4)
    if at[0] == 0x66:
        return after_word(at, end, b"false", 5)
    if at[0] == 0x6E:
        return after_word(at, end, b"null", 4)
    return after_number(at, end)


cdef const uint8_t* after_word(
    const uint8_t* at, const uint8_t* end, const char* word, Py_ssize_t size
) noexcept nogil:
    return at + size if end - at >= size and memcmp(at, word, size) == 0 else NULL


cdef const uint8_t* after_number(const uint8_t* at, const uint8_t* end) noexcept nogil:
    if at < end and at[0] == 0x2D:
        at += 1
    if at == end or not is_digit(at[0]):
        return NULL
    if at[0] == 0x30:
        at += 1
    else:
        while at < end and is_digit(at[0]):
            at += 1
    if at < end and at[0] == 0x2E:
        at += 1
        if at == end or not is_digit(at[0]):
            return NULL
        while at < end and is_digit(at[0]):
            at += 1
    if at < end and (at[0] == 0x65 or at[0] == 0x45):
        at += 1
        if at < end and (at[0] == 0x2B or at[0] == 0x2D):
            at += 1
        if at == end or not is_digit(at[0]):
            return NULL
        while at < end and is_digit(at[0]):
            at += 1
    return at


cdef const uint8_t* after_string(const uint8_t* at, const uint8_t* end) noexcept nogil:
    cdef int step, index
    at += 1
    while at < end:
        if at[0] == 0x22:
            return at + 1
        if at[0] < 0x20:
            return NULL
        if at[0] == 0x5C:
            at += 1
            if at == end:
                return NULL
            if at[0] == 0x75:
                if end - at < 5:
                    return NULL
                for index in range(1, 5):
                    if not is_hex(at[index]):
                        return NULL
                at += 5
            elif is_escape(at[0]):
                at += 1
            else:
                return NULL
            continue
        step = utf8_size(at, end)
        if step == 0:
            return NULL
        at += step
    return NULL


cdef inline bint is_hex(uint8_t char) noexcept nogil:
    return is_digit(char) or 0x41 <= char <= 0x46 or 0x61 <= char <= 0x66


cdef inline bint is_escape(uint8_t char) noexcept nogil:
    """One of " \\ / b f n r t."""
    return (
        char == 0x22 or char == 0x5C or char == 0x2F or char == 0x62
        or char == 0x66 or char == 0x6E or char == 0x72 or char == 0x74
    )


cdef const uint8_t* after_nest(
    const uint8_t* at, const uint8_t* end, int deeper
) noexcept nogil:
    """The place after the object or array that opens at `at`."""
    cdef bint keyed = at[0] == 0x7B
    cdef uint8_t closing = 0x7D if keyed else 0x5D
    at = after_space(at + 1, end)
    if at < end and at[0] == closing:
        return at + 1
    while at < end:
        if keyed:
            if at[0] != 0x22:
                return NULL
            at = after_string(at, end)
            if at == NULL:
                return NULL
            at = after_space(at, end)
            if at == end or at[0] != 0x3A:
                return NULL
            at = after_space(at + 1, end)
        at = after_value(at, end, deeper)
        if at == NULL:
            return NULL
        at = after_space(at, end)
        if at == end:
            return NULL
        if at[0] == closing:
            return at + 1
        if at[0] != 0x2C:
            return NULL
        at = after_space(at + 1, end)
    return NULL
