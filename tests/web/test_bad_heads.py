"""Requests that are not HTTP as we take it: each costs its own connection and no more."""

import pytest

from pbe.web.limits import Limits
from pbe.web.request import Request
from pbe.web.response import Response
from tests.kit.http_peer import HttpPeer

BAD = {
    "two lengths": (b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab", 400),
    "the same length twice": (b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\na", 400),
    "length and chunks": (
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        400,
    ),
    "chunks and length": (
        b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\n0\r\n\r\n",
        400,
    ),
    "length with a sign": (b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: +1\r\n\r\na", 400),
    "length of words": (b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: two\r\n\r\nab", 400),
    "length past 64 bits": (b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999999\r\n\r\n", 400),
    "chunked twice": (b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n", 400),
    "a compressed body": (b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 501),
    "chunked is not last": (b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked, gzip\r\n\r\n", 400),
    "a chunk length of words": (b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n", 400),
    "a space in a header's name": (b"GET / HTTP/1.1\r\nHost: x\r\nA b: c\r\n\r\n", 400),
    "a space before the colon": (b"GET / HTTP/1.1\r\nHost : x\r\n\r\n", 400),
    "a header without a colon": (b"GET / HTTP/1.1\r\nHost: x\r\nnonsense\r\n\r\n", 400),
    "a folded header": (b"GET / HTTP/1.1\r\nHost: x\r\nA: b\r\n c\r\n\r\n", 400),
    "a bare newline in a header": (b"GET / HTTP/1.1\r\nHost: x\r\nA: b\nC: d\r\n\r\n", 400),
    "a bare return in a header": (b"GET / HTTP/1.1\r\nHost: x\r\nA: b\rC: d\r\n\r\n", 400),
    "a NUL in a header": (b"GET / HTTP/1.1\r\nHost: x\r\nA: b\0c\r\n\r\n", 400),
    "no host": (b"GET / HTTP/1.1\r\n\r\n", 400),
    "two hosts": (b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400),
    "a host with a space": (b"GET / HTTP/1.1\r\nHost: a b\r\n\r\n", 400),
    "a host with a slash": (b"GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", 400),
    "a space in the target": (b"GET /a b HTTP/1.1\r\nHost: x\r\n\r\n", 400),
    "a relative target": (b"GET a HTTP/1.1\r\nHost: x\r\n\r\n", 400),
    "a target of another scheme": (b"GET ftp://x/ HTTP/1.1\r\nHost: x\r\n\r\n", 400),
    "no method": (b" / HTTP/1.1\r\nHost: x\r\n\r\n", 400),
    "an unknown method": (b"FETCH / HTTP/1.1\r\nHost: x\r\n\r\n", 400),
    "a tunnel": (b"CONNECT x:443 HTTP/1.1\r\nHost: x\r\n\r\n", 400),
    "HTTP/0.9": (b"GET /\r\n\r\n", 400),
    "HTTP/2": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400),
    "HTTP/3.1": (b"GET / HTTP/3.1\r\nHost: x\r\n\r\n", 400),
    "garbage": (bytes(range(256)), 400),
    "a TLS greeting": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(500), 400),
    "a wire frame": (b"\x00\x00\x00\x10PBE1" + bytes(16), 400),
    "too many headers": (b"GET / HTTP/1.1\r\nHost: x\r\n" + b"A: b\r\n" * 201 + b"\r\n", 431),
    "a header too long": (b"GET / HTTP/1.1\r\nHost: x\r\nA: " + b"b" * 5000 + b"\r\n\r\n", 431),
    "a target too long": (b"GET /" + b"b" * 5000 + b" HTTP/1.1\r\nHost: x\r\n\r\n", 431),
    "an endless header": (b"GET / HTTP/1.1\r\nHost: x\r\nA: " + b"b" * 9000, 431),
}


async def ok(request: Request) -> Response:
    """Reads what there is and answers."""
    return Response(200, body=await request.body(100))


@pytest.mark.parametrize("piece_bytes", [0, 1])
@pytest.mark.parametrize("name", BAD)
def test_a_bad_request_is_refused_and_its_connection_closed(name: str, piece_bytes: int) -> None:
    """A clear 4xx or 5xx in JSON once, then the end, whole or a byte at a time."""
    data, status = BAD[name]
    peer = HttpPeer(ok, Limits(head_bytes_max=4096))
    out = peer.send(data, piece_bytes=piece_bytes)
    assert out.startswith(b"HTTP/1.1 %d " % status), out
    assert out.count(b"HTTP/1.1 ") == 1
    assert b'"status":%d' % status in out
    assert b"Connection: close" in out
    assert peer.gone
    assert peer.send(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n") == b""


def test_what_came_before_the_garbage_is_answered_first() -> None:
    """A pipeline of one good and one bad request gets both answers, in order."""
    out = HttpPeer(ok).send(b"GET / HTTP/1.1\r\nHost: x\r\n\r\nnonsense\r\n\r\n")
    assert [line.split()[1] for line in out.split(b"\r\n") if line.startswith(b"HTTP")] == [b"200", b"400"]


def test_half_a_head_is_waited_for_a_minute() -> None:
    """A head that never ends gets 408, however steadily it drips."""
    peer = HttpPeer(ok)
    peer.send(b"GET / HTTP/1.1\r\nHost: x\r\n")
    for _ in range(6):
        assert not peer.gone
        peer.send(b"A: b\r\n")
        out = peer.later(10)
    assert out.startswith(b"HTTP/1.1 408 ")
    assert peer.gone


def test_half_a_body_is_waited_for_five_minutes() -> None:
    """A body that stops half-way gets 400 after the silence, and the connection closes."""
    peer = HttpPeer(ok)
    peer.send(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n12345")
    assert peer.later(299) == b""
    assert peer.later(2).startswith(b"HTTP/1.1 400 ")
    assert peer.gone


def test_a_silent_connection_is_closed_without_a_word() -> None:
    """Nothing asked, nothing answered."""
    peer = HttpPeer(ok)
    assert peer.later(61) == b""
    assert peer.gone
    peer = HttpPeer(ok)
    peer.send(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
    peer.later(299)
    assert not peer.gone
    peer.later(2)
    assert peer.gone


def test_a_body_over_the_limit_is_refused_before_it_comes() -> None:
    """The announced length is enough to say 413; chunks are counted as they come."""
    peer = HttpPeer(ok)
    assert peer.send(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 101\r\n\r\n").startswith(b"HTTP/1.1 413 ")
    peer = HttpPeer(ok)
    peer.send(b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")
    assert peer.send(b"40\r\n" + b"x" * 64 + b"\r\n") == b""
    assert peer.send(b"40\r\n" + b"x" * 64 + b"\r\n").startswith(b"HTTP/1.1 413 ")
    assert peer.gone


def test_chunks_that_are_all_framing_are_cut_off() -> None:
    """A chunk's extension without an end does not go on for ever."""
    peer = HttpPeer(ok)
    peer.send(b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1;")
    for _ in range(40):
        out = peer.send(b"x" * 4000)
        if out:
            break
    assert out.startswith(b"HTTP/1.1 400 ")
    assert peer.gone


def test_an_upgrade_that_nobody_takes_is_an_ordinary_request() -> None:
    """h2c offers are ignored, with and without a body, and the connection goes on."""
    peer = HttpPeer(ok)
    offer = b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQ\r\n"
    get = b"GET / HTTP/1.1\r\nHost: x\r\n" + offer + b"\r\n"
    post = b"POST / HTTP/1.1\r\nHost: x\r\n" + offer + b"Content-Length: 3\r\n\r\nabc"
    chunked = b"POST / HTTP/1.1\r\nHost: x\r\n" + offer + b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"
    for piece_bytes in (0, 1):
        assert peer.send(get + post + chunked + get, piece_bytes=piece_bytes).count(b"HTTP/1.1 200") == 4
    assert not peer.gone
