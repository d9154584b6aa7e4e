"""Sends one message to many sockets; `fanout_twin` is the specification.

The descriptors and prefixes are gathered first; the loop of sends then runs without the GIL, so that workers go on.
"""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_GET_SIZE
from libc.errno cimport EAGAIN, errno
from libc.stdio cimport snprintf
from libc.stdlib cimport free, malloc
from libc.string cimport memset

cdef extern from "<sys/uio.h>" nogil:
    cdef struct iovec:
        void* iov_base
        size_t iov_len

cdef extern from "<sys/socket.h>" nogil:
    cdef struct msghdr:
        iovec* msg_iov
        size_t msg_iovlen
    ssize_t sendmsg(int fd, const msghdr* message, int flags)
    int MSG_NOSIGNAL
    int MSG_DONTWAIT

PREFIX_BYTES_MAX = 64 * 1024


cdef struct Target:
    int fd
    char* prefix
    Py_ssize_t prefix_size
    Py_ssize_t sent
    Py_ssize_t wanted


cdef Py_ssize_t send_one(Target* target, char* tail, Py_ssize_t tail_size, bint chunked) noexcept nogil:
    cdef char[32] head
    cdef iovec[4] parts
    cdef msghdr message
    cdef int count = 0
    cdef int head_size
    cdef ssize_t sent
    target.wanted = target.prefix_size + tail_size
    if chunked:
        head_size = snprintf(head, 32, b"%zx\r\n", <size_t>target.wanted)
        parts[count].iov_base = head
        parts[count].iov_len = head_size
        count += 1
        target.wanted += head_size + 2
    parts[count].iov_base = target.prefix
    parts[count].iov_len = target.prefix_size
    count += 1
    parts[count].iov_base = tail
    parts[count].iov_len = tail_size
    count += 1
    if chunked:
        parts[count].iov_base = <char*>b"\r\n"
        parts[count].iov_len = 2
        count += 1
    memset(&message, 0, sizeof(message))
    message.msg_iov = parts
    message.msg_iovlen = count
    sent = sendmsg(target.fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT)
    if sent < 0:
        return 0 if errno == EAGAIN else -1
    return sent


def send_all(list fds not None, list prefixes not None, bytes tail not None, bint chunked):
    """Send to every descriptor; the answer names those that did not take all, as (position, bytes taken or -1)."""
    cdef Py_ssize_t count = len(fds)
    cdef Py_ssize_t at
    cdef Py_ssize_t tail_size = PyBytes_GET_SIZE(tail)
    cdef char* tail_text = PyBytes_AS_STRING(tail)
    cdef Target* targets
    cdef bytes prefix
    if count != len(prefixes):
        raise ValueError("as many prefixes as sockets, none too long")
    if count == 0:
        return []
    targets = <Target*>malloc(count * sizeof(Target))
    if targets is NULL:
        raise MemoryError()
    try:
        for at in range(count):
            prefix = prefixes[at]
            if prefix is None or PyBytes_GET_SIZE(prefix) > 65536:
                raise ValueError("as many prefixes as sockets, none too long")
            targets[at].fd = fds[at]
            targets[at].prefix = PyBytes_AS_STRING(prefix)
            targets[at].prefix_size = PyBytes_GET_SIZE(prefix)
        with nogil:
            for at in range(count):
                targets[at].sent = send_one(&targets[at], tail_text, tail_size, chunked)
        return [(at, targets[at].sent) for at in range(count) if targets[at].sent != targets[at].wanted]
    finally:
        free(targets)
