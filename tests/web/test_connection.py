"""The HTTP connection on strings: what it answers, in which order, and when it closes."""

from collections.abc import AsyncIterator

import pytest
from twisted.internet.defer import Deferred

from pbe.errors import NotFound
from pbe.web.limits import Limits
from pbe.web.request import Request
from pbe.web.response import Response, json_response, no_content
from tests.kit.http_peer import HttpPeer

GET = b"GET /a HTTP/1.1\r\nHost: x\r\n\r\n"


async def echo(request: Request) -> Response:
    """Answers with the path and the body."""
    body = await request.body(1000)
    return Response(200, body=request.path.encode() + b"|" + body)


def answers(data: bytes) -> list[int]:
    """The statuses in `data`."""
    return [int(line.split()[1]) for line in data.split(b"\r\n") if line.startswith(b"HTTP/1.1 ")]


@pytest.mark.parametrize("piece_bytes", [0, 1, 7])
def test_a_request_is_answered_however_it_is_cut(piece_bytes: int) -> None:
    """A request with a body is answered once, whole or a byte at a time."""
    peer = HttpPeer(echo)
    out = peer.send(b"POST /p HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello", piece_bytes=piece_bytes)
    assert out == b"HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\n/p|hello"
    assert not peer.gone


@pytest.mark.parametrize("piece_bytes", [0, 1])
def test_chunks_are_put_together(piece_bytes: int) -> None:
    """A chunked body with an extension and a trailer is read as its bytes."""
    peer = HttpPeer(echo)
    body = b"3;x=y\r\nabc\r\n2\r\nde\r\n0\r\nTrailer: t\r\n\r\n"
    out = peer.send(
        b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n" + body + GET, piece_bytes=piece_bytes
    )
    assert b"/|abcde" in out
    assert out.endswith(b"/a|")


def test_pipelined_requests_are_answered_in_order() -> None:
    """A slow first answer holds back the second, and reading stops meanwhile."""
    waiting: list[Deferred[None]] = []

    async def slow(request: Request) -> Response:
        waiting.append(Deferred())
        await waiting[-1]
        return Response(200, body=request.path.encode())

    peer = HttpPeer(slow)
    assert peer.send(GET + GET.replace(b"/a", b"/b")) == b""
    assert len(waiting) == 1
    assert peer.transport.producerState == "paused"
    waiting[0].callback(None)
    assert peer.taken().endswith(b"/a")
    waiting[1].callback(None)
    assert peer.taken().endswith(b"/b")
    assert peer.transport.producerState == "producing"


def test_head_gets_the_head_alone() -> None:
    """HEAD names the length and sends no body."""
    peer = HttpPeer(echo)
    out = peer.send(GET.replace(b"GET", b"HEAD"))
    assert out == b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n"


def test_no_content_has_no_length() -> None:
    """204 carries neither body nor length."""

    async def handler(request: Request) -> Response:
        return no_content()

    assert HttpPeer(handler).send(GET) == b"HTTP/1.1 204 No Content\r\n\r\n"


def test_http_1_0_closes_unless_asked_to_stay() -> None:
    """A 1.0 client is answered and left; with keep-alive it stays."""
    peer = HttpPeer(echo)
    assert b"Connection: close" in peer.send(b"GET / HTTP/1.0\r\n\r\n")
    assert peer.gone
    peer = HttpPeer(echo)
    assert b"Connection: keep-alive" in peer.send(b"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
    assert not peer.gone


def test_continue_is_said_when_the_body_is_wanted() -> None:
    """Expect: 100-continue is answered only by a handler that reads."""
    peer = HttpPeer(echo)
    out = peer.send(b"POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n")
    assert out == b"HTTP/1.1 100 Continue\r\n\r\n"
    assert peer.send(b"ok").endswith(b"/|ok")

    async def refuse(request: Request) -> Response:
        raise NotFound

    peer = HttpPeer(refuse)
    out = peer.send(b"POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n")
    assert answers(out) == [404]
    assert peer.gone


def test_a_small_unread_body_is_skipped_a_large_one_closes() -> None:
    """The connection goes on after a small body that nobody read."""

    async def ignore(request: Request) -> Response:
        return json_response({"path": request.path})

    peer = HttpPeer(ignore)
    head = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n"
    assert answers(peer.send(head % 10 + b"12345")) == [200]
    assert answers(peer.send(b"67890" + GET)) == [200]
    assert answers(peer.send(head % 10_000_000 + b"12345")) == [200]
    assert peer.gone


def test_an_answer_in_pieces_is_chunked_or_as_long_as_it_said() -> None:
    """Pieces are chunks unless the length is named; a broken promise drops the connection."""

    async def pieces(request: Request) -> Response:
        async def body():
            yield b"ab"
            yield b""
            yield b"cde"

        length = request.query_value("length")
        return Response(200, [(b"Content-Length", length.encode())] if length else None, body())

    peer = HttpPeer(pieces)
    assert peer.send(GET).endswith(b"Transfer-Encoding: chunked\r\n\r\n2\r\nab\r\n3\r\ncde\r\n0\r\n\r\n")
    assert peer.send(GET.replace(b"/a", b"/a?length=5")).endswith(b"\r\n\r\nabcde")
    assert not peer.gone
    peer.send(GET.replace(b"/a", b"/a?length=6"))
    assert peer.gone


def test_a_slow_reader_stops_the_body_and_is_dropped_in_the_end() -> None:
    """The iterator is not asked for more than the client takes."""
    made: list[int] = []

    async def endless(request: Request) -> Response:
        async def body():
            while True:
                made.append(1)
                yield b"x" * 1000

        return Response(200, body=body())

    peer = HttpPeer(endless)
    original = peer.transport.write

    def write(data: bytes) -> None:
        original(data)
        if made and len(made) % 10 == 0:
            peer.connection.pauseProducing()

    peer.transport.write = write
    peer.send(GET)
    assert len(made) == 10
    peer.connection.resumeProducing()
    assert len(made) == 20
    peer.later(301)
    assert peer.gone
    peer.connection.connectionLost()


def test_a_client_that_goes_away_is_told_to_the_handler() -> None:
    """on_close fires once, and a late answer is dropped."""
    gone: list[str] = []
    waiting: Deferred[None] = Deferred()

    async def handler(request: Request) -> Response:
        request.on_close(lambda: gone.append(request.path))
        await waiting
        return no_content()

    peer = HttpPeer(handler)
    peer.send(GET)
    peer.connection.connectionLost()
    assert gone == ["/a"]
    waiting.callback(None)
    assert peer.taken() == b""


def test_an_unexpected_error_is_a_bare_500() -> None:
    """The client reads nothing of the cause, and the server goes on."""

    async def broken(request: Request) -> Response:
        raise ZeroDivisionError("secret")

    peer = HttpPeer(broken)
    out = peer.send(GET)
    assert answers(out) == [500]
    assert b"secret" not in out
    assert answers(peer.send(GET)) == [500]


def test_a_header_with_a_newline_is_never_sent() -> None:
    """A handler that would split the answer makes a 500 of it."""

    async def split(request: Request) -> Response:
        return Response(200, [(b"X-A", b"1\r\nSet-Cookie: a=b")])

    out = HttpPeer(split).send(GET)
    assert answers(out) == [500]
    assert b"Set-Cookie" not in out


def test_draining_closes_idle_connections_and_lets_the_others_finish() -> None:
    """drain() is done when the last answer is out."""
    waiting: Deferred[None] = Deferred()

    async def slow(request: Request) -> Response:
        await waiting
        return no_content()

    peer = HttpPeer(slow)
    peer.send(GET)
    done: list[object] = []
    Deferred.fromCoroutine(peer.server.drain()).addCallback(done.append)
    assert not peer.gone
    waiting.callback(None)
    assert b"Connection: close" in peer.taken()
    assert peer.gone
    peer.connection.connectionLost()
    assert done == [None]


def test_an_answer_that_was_long_under_way_when_draining_began_ends_its_connection() -> None:
    """A stream that began before the drain said nothing of closing; its connection closes all the same."""
    more: Deferred[None] = Deferred()

    async def pieces() -> AsyncIterator[bytes]:
        yield b"first"
        await more
        yield b"last"

    async def stream(request: Request) -> Response:
        return Response(200, body=pieces())

    peer = HttpPeer(stream)
    assert b"first" in peer.send(GET)
    Deferred.fromCoroutine(peer.server.drain())
    assert not peer.gone
    more.callback(None)
    assert peer.taken().endswith(b"last\r\n0\r\n\r\n")
    assert peer.gone


def test_one_connection_too_many_is_dropped() -> None:
    """The limit of connections holds."""
    peer = HttpPeer(echo, Limits(connections_max=0))
    assert peer.gone


def test_a_client_that_only_stops_sending_gets_its_answers() -> None:
    """A half-closed connection is answered to its last pipelined request, then closed; an idle one at once."""
    waiting: list[Deferred[None]] = []

    async def slow(request: Request) -> Response:
        waiting.append(Deferred())
        await waiting[-1]
        return no_content()

    peer = HttpPeer(slow)
    peer.send(GET + GET)
    peer.connection.readConnectionLost()
    waiting[0].callback(None)
    assert b"close" not in peer.taken()
    waiting[1].callback(None)
    assert b"Connection: close" in peer.taken()
    assert peer.gone
    idle = HttpPeer(slow)
    idle.connection.readConnectionLost()
    assert idle.gone
