"""The pool: connections are shared, kept for a while, and asked again only where that is safe."""

from typing import Any

import pytest
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock

from pbe.client import pool as pool_module
from pbe.client.errors import NoAnswer, NotAsked
from pbe.client.pool import ClientPool
from pbe.web.request import Request
from pbe.web.response import Response
from pbe.web.server import HttpServer
from tests.kit.memory_net import MemoryNet


class Place:
    """A server at x:1 that tells how it was asked, and a pool."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.net = MemoryNet()
        self.asked: list[str] = []
        self.server = HttpServer(self.handle, clock=self.clock)
        self.net.listeners["x:1"] = lambda: self.server.buildProtocol(None)
        self.pool = ClientPool(self.net.endpoint, self.clock)

    async def handle(self, request: Request) -> Response:
        """Tell method, path, body."""
        self.asked.append(request.method)
        return Response(200, body=b"%b %b" % (request.target, await request.body(1000)))

    def ask(self, method: str = "GET", body: bytes = b"", address: str = "x:1") -> list[Any]:
        """What came of a request."""
        results: list[Any] = []
        head = b"%b /p HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % (method.encode(), len(body))
        asking = Deferred.fromCoroutine(self.pool.ask(address, method, head, body or None))
        asking.addCallbacks(results.append, lambda failure: results.append(failure.value))
        self.net.carry()
        return results


def test_one_connection_serves_requests_in_a_row() -> None:
    """And as many as there are at once."""
    place = Place()
    for _ in range(5):
        assert place.ask("POST", b"hi")[0].status == 200
    assert place.net.dialled == ["x:1"]
    assert place.pool.connection_count == 1


def test_a_kept_connection_that_went_stale_is_replaced_where_that_is_safe() -> None:
    """A GET is asked again over a new one; a POST is not, for it may have happened."""
    for method, again in (("GET", True), ("POST", False)):
        place = Place()
        place.ask()
        (connection,) = place.net.connections
        server, transport = connection.ends[1]
        server.dataReceived = lambda data: None  # the server closes, and the client asks before it knows
        transport.loseConnection()
        results = place.ask(method)
        if again:
            assert results[0].status == 200
            assert len(place.net.dialled) == 2
        else:
            assert isinstance(results[0], NoAnswer)
            assert results[0].stale


def test_idle_connections_are_not_kept_for_ever() -> None:
    """They are swept, and not used past their time even before."""
    place = Place()
    place.ask()
    place.clock.advance(59)
    place.ask()
    assert len(place.net.dialled) == 1
    place.clock.advance(61)
    place.ask()
    assert len(place.net.dialled) == 2
    place.clock.advance(61)
    place.pool.sweep()
    place.net.carry()
    assert place.pool.connection_count == 0


def test_limits_and_refusals_are_known_not_to_have_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody there, and no room: another attempt is safe."""
    place = Place()
    assert isinstance(place.ask(address="y:1")[0], NotAsked)
    monkeypatch.setattr(pool_module, "CONNECTIONS_MAX", 0)
    assert isinstance(place.ask()[0], NotAsked)
    assert place.asked == []


def test_closing_drops_every_connection() -> None:
    """Nothing stays open."""
    place = Place()
    place.ask()
    place.pool.close()
    place.net.carry()
    assert place.pool.connection_count == 0
