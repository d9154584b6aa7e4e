"""Finds a number by a Host header; `routetable_twin` is the specification.

The header is brought into its normal form in a buffer on the stack, and one bytes object is made for the probe.
"""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from cpython.dict cimport PyDict_GetItem
from cpython.object cimport PyObject
from libc.string cimport memcmp

HOST_BYTES_MAX = 320
cdef Py_ssize_t MOST = 320


cdef class HostTable:
    """Two maps, whole hosts and ids, to numbers from 0; -1 is "not there"."""

    cdef bytes _suffix
    cdef dict _hosts
    cdef dict _ids

    def __init__(self, bytes suffix not None):
        self._suffix = suffix
        self._hosts = {}
        self._ids = {}

    def put_host(self, bytes host not None, number: int):
        """`host` in lower case, without port or trailing dot."""
        self._hosts[host] = number

    def put_id(self, bytes tenant_id not None, number: int):
        """`tenant_id` as it stands before the suffix."""
        self._ids[tenant_id] = number

    def drop_host(self, bytes host not None):
        """Forget a host; nothing happens where it is unknown."""
        self._hosts.pop(host, None)

    def drop_id(self, bytes tenant_id not None):
        """Forget an id; nothing happens where it is unknown."""
        self._ids.pop(tenant_id, None)

    def find(self, bytes header not None):
        """The number for the value of a Host header, -1 where nothing is found."""
        cdef char[320] host
        cdef Py_ssize_t size = PyBytes_GET_SIZE(header)
        cdef const char* text = PyBytes_AS_STRING(header)
        cdef Py_ssize_t length = 0
        cdef Py_ssize_t before
        cdef char byte
        cdef PyObject* found
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
        found = PyDict_GetItem(self._hosts, PyBytes_FromStringAndSize(host, length))
        if found is not NULL:
            return <object>found
        before = length - PyBytes_GET_SIZE(self._suffix)
        if before < 0 or memcmp(host + before, PyBytes_AS_STRING(self._suffix), length - before) != 0:
            return -1
        found = PyDict_GetItem(self._ids, PyBytes_FromStringAndSize(host, before))
        if found is not NULL:
            return <object>found
        return -1

    def by_id(self, bytes tenant_id not None):
        """The number of an id, -1 where it is unknown."""
        cdef PyObject* found = PyDict_GetItem(self._ids, tenant_id)
        if found is NULL:
            return -1
        return <object>found

    def __len__(self):
        return len(self._ids)
