"""Finds a number by a Host header; `routetable_twin` is the specification.

One open-addressed table holds both maps, its keys lie in one arena: a look-up touches two places in memory, where a
dictionary of bytes objects touches five. Dropped keys leave a grave behind, and their bytes, until the next rebuild.
The hash is seeded by the process's own, so that nobody can choose names that collide.
"""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_GET_SIZE
from libc.stdint cimport int32_t, uint8_t, uint32_t, uint64_t
from libc.stdlib cimport calloc, free, malloc, realloc
from libc.string cimport memcmp, memcpy

HOST_BYTES_MAX = 320
cdef Py_ssize_t MOST = 320
cdef Py_ssize_t KEY_MOST = 65535
cdef enum:
    EMPTY = 0
    HOST = 1
    ID = 2
    GRAVE = 3


cdef struct Slot:
    uint32_t hash
    int32_t number
    uint32_t offset
    uint32_t size_and_kind  # size << 2 | kind


cdef uint64_t mix(const char* text, Py_ssize_t size, uint64_t seed, uint64_t kind) noexcept nogil:
    """Eight bytes at a time, each multiplied in; the rest byte by byte into one last word."""
    cdef uint64_t state = seed ^ (kind * <uint64_t>0x9E3779B97F4A7C15) ^ <uint64_t>size
    cdef uint64_t word
    cdef Py_ssize_t at = 0
    while size - at >= 8:
        memcpy(&word, text + at, 8)
        state = (state ^ word) * <uint64_t>0xFF51AFD7ED558CCD
        state ^= state >> 32
        at += 8
    word = 0
    while at < size:
        word = (word << 8) | <uint8_t>text[at]
        at += 1
    state = (state ^ word ^ seed) * <uint64_t>0xC4CEB9FE1A85EC53
    state ^= state >> 29
    return state * <uint64_t>0x9E3779B97F4A7C15


cdef class HostTable:
    """Two maps, whole hosts and ids, to numbers from 0; -1 is "not there"."""

    cdef bytes _suffix
    cdef uint64_t _seed
    cdef Slot* _slots
    cdef size_t _mask
    cdef size_t _used  # slots that are not empty, graves too
    cdef size_t _live
    cdef size_t _ids
    cdef char* _arena
    cdef size_t _arena_size
    cdef size_t _arena_used

    def __cinit__(self):
        self._slots = <Slot*>calloc(64, sizeof(Slot))
        self._arena = <char*>malloc(4096)
        if self._slots is NULL or self._arena is NULL:
            raise MemoryError()
        self._mask = 63
        self._arena_size = 4096

    def __dealloc__(self):
        free(self._slots)
        free(self._arena)

    def __init__(self, bytes suffix not None):
        self._suffix = suffix
        self._seed = <uint64_t>hash(b"the seed of route tables")

    cdef Slot* _find(self, const char* text, Py_ssize_t size, uint32_t kind) noexcept nogil:
        """The slot that holds the key, NULL where none does."""
        cdef uint64_t hashed = mix(text, size, self._seed, kind)
        cdef uint32_t short_hash = <uint32_t>(hashed >> 32)
        cdef uint32_t wanted = (<uint32_t>size << 2) | kind
        cdef size_t at = <size_t>(hashed >> 8) & self._mask
        cdef Slot* slot
        while True:
            slot = &self._slots[at]
            if slot.size_and_kind == EMPTY:
                return NULL
            if slot.hash == short_hash and slot.size_and_kind == wanted:
                if memcmp(self._arena + slot.offset, text, size) == 0:
                    return slot
            at = (at + 1) & self._mask

    cdef int _place(self, uint32_t offset, Py_ssize_t size, uint32_t kind, int32_t number) noexcept nogil:
        """Fill an empty slot for a key that lies in the arena and is not in the table."""
        cdef uint64_t hashed = mix(self._arena + offset, size, self._seed, kind)
        cdef size_t at = <size_t>(hashed >> 8) & self._mask
        while self._slots[at].size_and_kind != EMPTY:
            at = (at + 1) & self._mask
        self._slots[at].hash = <uint32_t>(hashed >> 32)
        self._slots[at].number = number
        self._slots[at].offset = offset
        self._slots[at].size_and_kind = (<uint32_t>size << 2) | kind
        self._used += 1
        return 0

    cdef int _rebuild(self) except -1:
        """A table with room for twice what lives, and an arena without the bytes of the dead."""
        cdef Slot* old = self._slots
        cdef char* old_arena = self._arena
        cdef size_t old_count = self._mask + 1
        cdef size_t count = 64
        cdef size_t at
        cdef Py_ssize_t size
        while count < self._live * 4:
            count *= 2
        cdef Slot* slots = <Slot*>calloc(count, sizeof(Slot))
        cdef char* arena = <char*>malloc(self._arena_size)
        if slots is NULL or arena is NULL:
            free(slots)
            free(arena)
            raise MemoryError()
        self._slots, self._mask, self._used = slots, count - 1, 0
        self._arena, self._arena_used = arena, 0
        for at in range(old_count):
            if old[at].size_and_kind != EMPTY and old[at].size_and_kind & 3 != GRAVE:
                size = old[at].size_and_kind >> 2
                memcpy(arena + self._arena_used, old_arena + old[at].offset, size)
                self._place(<uint32_t>self._arena_used, size, old[at].size_and_kind & 3, old[at].number)
                self._arena_used += size
        free(old)
        free(old_arena)
        return 0

    cdef int _put(self, bytes key, uint32_t kind, int32_t number) except -1:
        cdef Py_ssize_t size = PyBytes_GET_SIZE(key)
        cdef Slot* slot
        cdef char* grown
        if size > KEY_MOST or number < 0:
            raise ValueError("a key of at most 65535 bytes, a number from 0")
        slot = self._find(PyBytes_AS_STRING(key), size, kind)
        if slot is not NULL:
            slot.number = number
            return 0
        if (self._used + 1) * 4 > (self._mask + 1) * 3:
            self._rebuild()
        if self._arena_used + size > self._arena_size:
            if self._arena_size > 0x40000000:
                raise MemoryError()
            grown = <char*>realloc(self._arena, self._arena_size * 2 + size)
            if grown is NULL:
                raise MemoryError()
            self._arena, self._arena_size = grown, self._arena_size * 2 + size
        memcpy(self._arena + self._arena_used, PyBytes_AS_STRING(key), size)
        self._place(<uint32_t>self._arena_used, size, kind, number)
        self._arena_used += size
        self._live += 1
        self._ids += kind == ID
        return 0

    cdef int _drop(self, bytes key, uint32_t kind) except -1:
        cdef Slot* slot = self._find(PyBytes_AS_STRING(key), PyBytes_GET_SIZE(key), kind)
        if slot is not NULL:
            slot.size_and_kind = GRAVE
            self._live -= 1
            self._ids -= kind == ID
        return 0

    def put_host(self, bytes host not None, int32_t number):
        """`host` in lower case, without port or trailing dot."""
        self._put(host, HOST, number)

    def put_id(self, bytes tenant_id not None, int32_t number):
        """`tenant_id` as it stands before the suffix."""
        self._put(tenant_id, ID, number)

    def drop_host(self, bytes host not None):
        """Forget a host; nothing happens where it is unknown."""
        self._drop(host, HOST)

    def drop_id(self, bytes tenant_id not None):
        """Forget an id; nothing happens where it is unknown."""
        self._drop(tenant_id, ID)

    def find(self, bytes header not None):
        """The number for the value of a Host header, -1 where nothing is found."""
        cdef char[320] host
        cdef Py_ssize_t size = PyBytes_GET_SIZE(header)
        cdef const char* text = PyBytes_AS_STRING(header)
        cdef Py_ssize_t length = 0
        cdef Py_ssize_t before
        cdef char byte
        cdef Slot* slot
        if size > MOST or (size > 0 and text[0] == c"["):
            return -1
        while length < size:
            byte = text[length]
            if byte == c":":
                break
            if c"A" <= byte <= c"Z":
                byte += 32
            host[length] = byte
            length += 1
        if length > 0 and host[length - 1] == c".":
            length -= 1
        slot = self._find(host, length, HOST)
        if slot is not NULL:
            return slot.number
        before = length - PyBytes_GET_SIZE(self._suffix)
        if before < 0 or memcmp(host + before, PyBytes_AS_STRING(self._suffix), length - before) != 0:
            return -1
        slot = self._find(host, before, ID)
        return slot.number if slot is not NULL else -1

    def by_id(self, bytes tenant_id not None):
        """The number of an id, -1 where it is unknown."""
        cdef Slot* slot = self._find(PyBytes_AS_STRING(tenant_id), PyBytes_GET_SIZE(tenant_id), ID)
        return slot.number if slot is not NULL else -1

    def __len__(self):
        return self._ids
