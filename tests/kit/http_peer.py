"""An HTTP client on a string: bytes in, bytes out, no socket."""

from collections.abc import Callable, Coroutine
from typing import Any

from twisted.internet.address import IPv4Address
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport

from pbe.web.connection import HttpConnection
from pbe.web.limits import Limits
from pbe.web.request import Request
from pbe.web.response import Response
from pbe.web.server import HttpServer


class HttpPeer:
    """One connection to a server of `handler`; `clock` moves its deadlines by `later`."""

    def __init__(
        self, handler: Callable[[Request], Coroutine[Any, Any, Response]], limits: Limits | None = None
    ) -> None:
        self.clock = Clock()
        self.server = HttpServer(handler, limits, self.clock)
        self.transport = StringTransport(peerAddress=IPv4Address("TCP", "127.0.0.1", 5000))
        self.connection: HttpConnection = self.server.buildProtocol(None)
        self.connection.makeConnection(self.transport)

    def send(self, data: bytes, *, piece_bytes: int = 0) -> bytes:
        """Send `data`, whole or in pieces; the answer's bytes since the last call."""
        step = piece_bytes or max(len(data), 1)
        for at in range(0, len(data), step):
            self.connection.dataReceived(data[at : at + step])
        return self.taken()

    def taken(self) -> bytes:
        """What the server wrote since the last call."""
        data: bytes = self.transport.value()
        self.transport.clear()
        return data

    def later(self, seconds: float) -> bytes:
        """Let time pass; what the server wrote meanwhile."""
        self.clock.advance(seconds)
        self.server.sweep()
        return self.taken()

    @property
    def gone(self) -> bool:
        """Whether the server closed or dropped the connection."""
        return bool(self.transport.disconnecting)
