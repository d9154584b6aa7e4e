"""Sending to many sockets at once, by the leaf and by its twin."""

import socket
from collections.abc import Iterator
from types import ModuleType

import pytest

from pbe._fast import fanout, fanout_twin

BOTH = pytest.mark.parametrize("module", [fanout, fanout_twin], ids=["leaf", "twin"])
Pair = tuple[socket.socket, socket.socket]


@pytest.fixture
def pairs() -> Iterator[list[Pair]]:
    """Three pairs of joined sockets."""
    made = [socket.socketpair() for _ in range(3)]
    for pair in made:
        for end in pair:
            end.setblocking(False)
    yield made
    for pair in made:
        for end in pair:
            end.close()


def received(end: socket.socket) -> bytes:
    """All that is there."""
    found = b""
    try:
        while piece := end.recv(1 << 20):
            found += piece
    except BlockingIOError:
        return found
    return found


@BOTH
@pytest.mark.parametrize("chunked", [False, True])
def test_each_gets_its_prefix_and_the_common_tail(module: ModuleType, pairs: list[Pair], chunked: bool) -> None:
    """As one chunk where that is asked for; empty prefixes are fine."""
    prefixes = [b"", b"one:", b"x" * 300]
    tail = b"tail\r\n"
    assert module.send_all([ours.fileno() for ours, _ in pairs], prefixes, tail, chunked) == []
    for (_, theirs), prefix in zip(pairs, prefixes, strict=True):
        data = prefix + tail
        assert received(theirs) == (b"%x\r\n%b\r\n" % (len(data), data) if chunked else data)


@BOTH
def test_a_full_socket_and_a_closed_one_hold_nobody_up(module: ModuleType, pairs: list[Pair]) -> None:
    """The full one says how much it took, the broken one -1, the third has all."""
    tail = b"x" * 4_000_000
    pairs[1][1].close()
    answer = dict(module.send_all([ours.fileno() for ours, _ in pairs[:2]], [b"a", b"b"], tail, False))
    assert 0 < answer[0] < len(tail)
    assert answer[1] == -1
    assert module.send_all([pairs[0][0].fileno(), pairs[2][0].fileno()], [b"c", b"d"], b"e", False) == [(0, 0)]
    assert received(pairs[2][1]) == b"de"
    assert received(pairs[0][1]) == (b"a" + tail)[: answer[0]]


@BOTH
def test_nothing_is_sent_to_nobody_and_mistakes_send_nothing(module: ModuleType, pairs: list[Pair]) -> None:
    """Lists of different lengths, and a prefix without measure, are refused before the first send."""
    assert module.send_all([], [], b"x", True) == []
    fd = pairs[0][0].fileno()
    for fds, prefixes in (([fd], []), ([fd, fd], [b"a"]), ([fd, fd], [b"a", b"x" * 70_000])):
        with pytest.raises(ValueError, match="prefix"):
            module.send_all(fds, prefixes, b"x", False)
    assert received(pairs[0][1]) == b""
