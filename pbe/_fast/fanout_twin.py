"""Sends one message to many sockets: the specification of `_fanout`.

What each gets is its own prefix and the common tail, as one HTTP chunk if `chunked`. The sockets are non-blocking; one
that does not take all at once is told of, the others do not wait for it.
"""

import os

PREFIX_BYTES_MAX = 64 * 1024


def send_all(fds: list[int], prefixes: list[bytes], tail: bytes, chunked: bool) -> list[tuple[int, int]]:
    """Send to every descriptor; the answer names those that did not take all, as (position, bytes taken or -1).

    -1 is an error of that socket. ValueError where the lists differ in length or a prefix is too long, before any is
    sent.
    """
    if len(fds) != len(prefixes) or any(len(prefix) > PREFIX_BYTES_MAX for prefix in prefixes):
        raise ValueError("as many prefixes as sockets, none too long")
    short: list[tuple[int, int]] = []
    for position, (fd, prefix) in enumerate(zip(fds, prefixes, strict=True)):
        parts = [prefix, tail]
        if chunked:
            parts = [b"%x\r\n" % (len(prefix) + len(tail)), prefix, tail, b"\r\n"]
        wanted = sum(map(len, parts))
        try:
            sent = os.writev(fd, parts)
        except BlockingIOError:
            sent = 0
        except OSError:
            sent = -1
        if sent != wanted:
            short.append((position, sent))
    return short
