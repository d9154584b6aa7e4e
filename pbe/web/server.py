"""The HTTP/1.1 server: connections, their deadlines, and a graceful end."""

from collections.abc import Awaitable, Callable, Coroutine
from email.utils import formatdate
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IAddress, IReactorTime
from twisted.internet.protocol import Factory
from twisted.internet.task import LoopingCall

from pbe.web.connection import HttpConnection
from pbe.web.limits import Limits
from pbe.web.request import Request
from pbe.web.response import Response

Handler = Callable[[Request], Awaitable[Response]]
SWEEP_S = 1.0


class HttpServer(Factory):
    """Serves `handler`, a coroutine function from request to response, on every connection.

    One sweep a second holds the deadlines of all connections, so a request costs no timer. `clock` counts seconds for
    deadlines; `now` is wall-clock time for the Date header.
    """

    noisy = False

    def __init__(
        self,
        handler: Callable[[Request], Coroutine[Any, Any, Response]],
        limits: Limits | None = None,
        clock: IReactorTime | None = None,
        now: Callable[[], float] | None = None,
    ) -> None:
        self.handler = handler
        self.limits = limits or Limits()
        self.draining = False
        self.date_line = b""
        self.now = 0.0
        self._clock = clock
        self._wall = now
        self._connections: set[HttpConnection] = set()
        self._drained: Deferred[None] | None = None
        self._sweeper = LoopingCall(self.sweep)
        if clock is not None:
            self._sweeper.clock = clock
        self._tick()

    @property
    def connection_count(self) -> int:
        """Open connections."""
        return len(self._connections)

    def buildProtocol(self, addr: IAddress | None) -> HttpConnection:
        """A connection arrives."""
        return HttpConnection(self)

    def doStart(self) -> None:
        """The port opens: begin to sweep."""
        super().doStart()  # type: ignore[no-untyped-call]
        if self._clock is not None and not self._sweeper.running:
            self._sweeper.start(SWEEP_S, now=True)

    def doStop(self) -> None:
        """The port is closed."""
        super().doStop()  # type: ignore[no-untyped-call]
        if self._sweeper.running and not self._connections:
            self._sweeper.stop()

    def sweep(self) -> None:
        """Close what is past its deadline."""
        self._tick()
        late = [connection for connection in self._connections if connection.deadline <= self.now]
        for connection in late:
            connection.expire()

    async def drain(self, timeout_s: float = 30.0) -> None:
        """Take no further request on open connections, and wait for those in progress, at most `timeout_s`.

        The caller has closed the port. What is not done in time is dropped.
        """
        self.draining = True
        for connection in list(self._connections):
            connection.drain()
        if self._connections and self._clock is not None:
            self._drained = Deferred()
            timer = self._clock.callLater(timeout_s, self._give_up)
            await self._drained
            if timer.active():
                timer.cancel()
        if self._sweeper.running:
            self._sweeper.stop()

    def opened(self, connection: HttpConnection) -> bool:
        """A connection asks for a place."""
        if len(self._connections) >= self.limits.connections_max:
            return False
        self._connections.add(connection)
        return True

    def closed(self, connection: HttpConnection) -> None:
        """A connection is gone."""
        self._connections.discard(connection)
        if not self._connections and self._drained is not None and not self._drained.called:
            self._drained.callback(None)

    def _give_up(self) -> None:
        for connection in list(self._connections):
            connection.transport.abortConnection()

    def _tick(self) -> None:
        if self._clock is not None:
            self.now = self._clock.seconds()
        if self._wall is not None:
            self.date_line = b"Date: %b\r\n" % formatdate(self._wall(), usegmt=True).encode()
