"""What goes to a subscriber, and by which way: lanes hold those whose messages differ in a prefix only."""

from collections.abc import Callable
from typing import Any, NamedTuple


class Message(NamedTuple):
    """One event on its way: the subscription's text, its JSON, its place in the tenant's order (0 for none)."""

    topic: str
    data: bytes
    number: int = 0


Tail = Callable[[Message], bytes]


class Lane:
    """One way of putting messages on the wire: what comes behind the prefix, and whether it is an HTTP chunk."""

    __slots__ = ("chunked", "tail")

    def __init__(self, tail: Tail, *, chunked: bool) -> None:
        self.tail = tail
        self.chunked = chunked


class Seat:
    """A subscription's place: a plain TCP connection, its socket, its prefix.

    topic: the subscription's where the lane's tail depends on it, else "".
    """

    __slots__ = ("fd", "key", "lane", "prefix", "topic", "transport")

    def __init__(self, lane: Lane, transport: Any, prefix: bytes, topic: str = "") -> None:
        self.lane = lane
        self.topic = topic
        self.key = (lane, topic)
        self.transport = transport
        self.fd: int = transport.fileno()
        self.prefix = prefix
