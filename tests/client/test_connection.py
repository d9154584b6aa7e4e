"""Connections to servers: answers at any chunking, what breaks off, what is asked again."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from twisted.internet.defer import Deferred
from twisted.internet.error import ConnectionLost
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.python.failure import Failure

from pbe.client.answer import ClientAnswer
from pbe.client.connection import ClientConnection
from pbe.client.errors import BadAnswer, NoAnswer
from pbe.errors import BadRequest, Misuse

ASK = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"


class Wire:
    """A connection and the server's side of it as strings."""

    def __init__(self) -> None:
        self.released: list[ClientConnection] = []
        self.lost: list[ClientConnection] = []
        self.clock = Clock()
        self.transport = StringTransport(lenient=True)
        self.connection = ClientConnection("x:1", self.released.append, self.lost.append)
        self.connection.makeConnection(self.transport)

    def ask(self, method: str = "GET", body: Any = None, head: bytes = ASK) -> list[Any]:
        """Send a request; what came of it, once something has."""
        results: list[Any] = []
        asking = Deferred.fromCoroutine(self.connection.ask(method, head, body))
        asking.addCallbacks(results.append, lambda failure: results.append(failure.value))
        return results

    def answer(self, data: bytes, step: int = 0) -> None:
        """The server says `data`, in pieces of `step` bytes."""
        for at in range(0, len(data), step or max(len(data), 1)):
            self.connection.dataReceived(data[at : at + (step or len(data))])

    def sent(self) -> bytes:
        """What was sent since the last call."""
        data: bytes = self.transport.value()
        self.transport.clear()
        return data


def whole(answer: ClientAnswer) -> Any:
    """The body, or the error that it ended in; None while it is not complete."""
    results: list[Any] = []
    reading = Deferred.fromCoroutine(answer.body.whole(10**6))
    reading.addCallbacks(results.append, lambda failure: results.append(failure.value))
    return results[0] if results else None


@pytest.mark.parametrize("step", [0, 1, 3])
@pytest.mark.parametrize(
    ("data", "status", "body", "kept"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", 200, b"hello", True),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", 200, b"", True),
        (b"HTTP/1.1 204 No Content\r\n\r\n", 204, b"", True),
        (b"HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n", 304, b"", True),
        (
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3;x=y\r\nllo\r\n0\r\nT: t\r\n\r\n",
            200,
            b"hello",
            True,
        ),
        (b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi", 200, b"hi", True),
        (b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nhi", 200, b"hi", False),
        (b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nhi", 200, b"hi", False),
    ],
)
def test_an_answer_is_read_however_it_is_cut(data: bytes, status: int, body: bytes, kept: bool, step: int) -> None:
    """And the connection is kept for the next where the server keeps it."""
    wire = Wire()
    results = wire.ask()
    assert wire.sent() == ASK
    wire.answer(data, step)
    assert results[0].status == status
    assert whole(results[0]) == body
    assert (len(wire.released) == 1) is kept
    assert wire.transport.disconnecting is not kept


def test_a_connection_serves_one_request_after_the_other() -> None:
    """Two at once are misuse; the second after the first is fine, a HEAD among them."""
    wire = Wire()
    first = wire.ask()
    assert isinstance(wire.ask()[0], Misuse)
    wire.answer(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na")
    head = wire.ask("HEAD", head=b"HEAD / HTTP/1.1\r\nHost: x\r\n\r\n")
    wire.answer(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
    last = wire.ask()
    wire.answer(b"HTTP/1.1 404 Not Found\r\nContent-Length: 1\r\n\r\nb")
    assert [results[0].status for results in (first, head, last)] == [200, 200, 404]
    assert whole(last[0]) == b"b"
    assert len(wire.released) == 3


def test_an_answer_without_a_length_ends_with_the_connection() -> None:
    """Cleanly closed it is whole, broken it is not."""
    for reason, good in ((None, True), (Failure(ConnectionLost()), False)):
        wire = Wire()
        results = wire.ask()
        wire.answer(b"HTTP/1.1 200 OK\r\n\r\nab")
        assert not wire.released
        if reason is None:
            wire.connection.connectionLost()
        else:
            wire.connection.connectionLost(reason)
        body = whole(results[0])
        assert (body == b"ab") if good else isinstance(body, BadAnswer)


@pytest.mark.parametrize(
    "data",
    [
        b"nonsense\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nA b: c\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX: " + b"a" * 300_000,
        bytes(range(256)),
    ],
)
def test_what_is_no_answer_is_an_error_and_drops_the_connection(data: bytes) -> None:
    """Garbage, two lengths, a head without end."""
    wire = Wire()
    results = wire.ask()
    wire.answer(data, 65536)
    assert isinstance(results[0], BadAnswer)
    assert wire.transport.disconnecting
    assert not wire.released


def test_a_body_that_breaks_off_is_told_to_its_reader() -> None:
    """By a lost connection, and by garbage in its chunks."""
    wire = Wire()
    results = wire.ask()
    wire.answer(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhe")
    assert whole(results[0]) is None
    wire.connection.connectionLost()
    other = Wire()
    results = other.ask()
    other.answer(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n")
    assert isinstance(whole(results[0]), BadAnswer)
    assert other.transport.disconnecting


def test_silence_and_an_early_end_are_no_answer() -> None:
    """A kept connection that ends without a byte is stale, a new one is not; bytes out of turn drop a connection."""
    wire = Wire()
    results = wire.ask()
    wire.connection.connectionLost()
    assert isinstance(results[0], NoAnswer)
    assert not results[0].stale
    kept = Wire()
    kept.ask()
    kept.answer(b"HTTP/1.1 204 No Content\r\n\r\n")
    results = kept.ask()
    kept.connection.connectionLost()
    assert results[0].stale
    idle = Wire()
    idle.answer(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
    assert idle.transport.disconnecting


def test_a_slow_reader_slows_the_server() -> None:
    """Reading stops while much waits, and goes on when it is read."""
    wire = Wire()
    results = wire.ask()
    wire.answer(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n" + b"x" * 300_000)
    assert wire.transport.producerState == "paused"
    read: list[bytes] = []
    Deferred.fromCoroutine(results[0].body.read()).addCallback(read.append)
    assert wire.transport.producerState == "producing"
    results[0].close()
    assert wire.transport.disconnecting


def test_a_body_in_pieces_follows_its_source() -> None:
    """What the source says is sent at once, no faster than the server takes it; an early answer ends it."""
    gate: list[Deferred[None]] = []
    closed: list[str] = []

    async def pieces() -> AsyncIterator[bytes]:
        try:
            for piece in (b"one", b"two", b"three"):
                yield piece
                gate.append(Deferred())
                await gate[-1]
        finally:
            closed.append("closed")

    wire = Wire()
    results = wire.ask("POST", pieces())
    assert wire.sent() == ASK + b"one"
    wire.connection.pauseProducing()
    gate[0].callback(None)
    assert wire.sent() == b"two"
    gate_count = len(gate)
    assert gate_count == 1
    wire.connection.resumeProducing()
    wire.answer(b"HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\n\r\nno")
    assert results[0].status == 413
    assert whole(results[0]) == b"no"
    assert wire.transport.disconnecting
    assert not wire.released


def test_a_source_that_fails_fails_the_request() -> None:
    """The server never takes half a body for the whole."""

    async def broken() -> AsyncIterator[bytes]:
        yield b"half"
        raise BadRequest("The client left.")

    wire = Wire()
    results = wire.ask("POST", broken())
    assert isinstance(results[0], BadRequest)
    assert wire.transport.disconnecting
