"""Writes straight to the socket while nothing waits before it.

Twisted buffers what is written and sends it in the next turn of its loop: two epoll_ctl calls and a turn for each
answer. While the buffer is empty the kernel can be asked at once, and only what it does not take is buffered.
"""

from twisted.internet.interfaces import ITransport
from twisted.internet.tcp import Connection

DIRECT_BYTES_MAX = 256 * 1024


def is_plain(transport: object) -> bool:
    """Whether `transport` is a TCP connection without TLS, neither its own nor a wrapper's.

    A wrapper passes on whatever it has not itself, so asking it for a method would ask the connection underneath.
    """
    return isinstance(transport, Connection) and not transport.TLS


def is_clear(transport: object) -> bool:
    """Whether `transport` is a plain TCP connection with nothing waiting, so that its socket may be written to."""
    return (
        isinstance(transport, Connection)
        and not transport.dataBuffer
        and not transport._tempDataBuffer
        and not transport.TLS
        and bool(transport.connected)
        and not transport.disconnecting
        and not transport._writeDisconnecting
    )


def write(transport: ITransport, data: bytes) -> None:
    """Hand `data` to the kernel if `transport` is a plain TCP connection with an empty buffer, else to Twisted.

    The order of bytes is kept in either case. A failed send is left to Twisted, which reports it as usual.
    """
    if isinstance(transport, Connection) and len(data) <= DIRECT_BYTES_MAX and is_clear(transport):
        try:
            sent = transport.socket.send(data)
        except OSError:
            sent = 0
        if sent == len(data):
            return
        data = data[sent:]
    transport.write(data)
