"""Connections to servers by address, kept while they are of use."""

from collections.abc import AsyncIterator, Callable

from twisted.internet.interfaces import IReactorTime, IStreamClientEndpoint
from twisted.internet.protocol import Factory

from pbe.client.answer import ClientAnswer
from pbe.client.connection import ClientConnection
from pbe.client.errors import NoAnswer, NotAsked

IDLE_MAX = 64
IDLE_S = 60.0
CONNECTIONS_MAX = 20_000
REPEATABLE = frozenset({"GET", "HEAD", "OPTIONS", "PUT", "DELETE"})


class ClientPool:
    """Asks servers, each over as many connections as there are requests at once.

    endpoint: address ("host:port") to a client endpoint with its own connect timeout. Per address at most IDLE_MAX
    connections wait, for at most IDLE_S; all together there are at most CONNECTIONS_MAX.
    """

    def __init__(self, endpoint: Callable[[str], IStreamClientEndpoint], clock: IReactorTime) -> None:
        self._endpoint = endpoint
        self._clock = clock
        self._idle: dict[str, list[ClientConnection]] = {}
        self._all: set[ClientConnection] = set()

    @property
    def connection_count(self) -> int:
        """Open connections."""
        return len(self._all)

    async def connection(self, address: str, *, fresh: bool = False) -> ClientConnection:
        """A connection to ask over, kept or (always, if `fresh`) new. Raises `NotAsked`."""
        idle = self._idle.get(address)
        while idle and not fresh:
            connection = idle.pop()
            if connection.connected_now and self._clock.seconds() - connection.idle_since < IDLE_S:
                return connection
            connection.abort()
        if len(self._all) >= CONNECTIONS_MAX:
            raise NotAsked("connect", address, hint=f"{CONNECTIONS_MAX} connections are open")
        connection = ClientConnection(address, self._release, self._forget)
        try:
            await self._endpoint(address).connect(_Once(connection))
        except Exception as error:
            raise NotAsked("connect", address, hint=str(error) or type(error).__name__) from error
        self._all.add(connection)
        return connection

    async def ask(
        self, address: str, method: str, head: bytes, body: bytes | AsyncIterator[bytes] | None = None
    ) -> ClientAnswer:
        """The answer of the server at `address`; asked again once over a new connection if a kept one was stale.

        Only what may be repeated is: an idempotent method whose body does not come in pieces.
        """
        connection = await self.connection(address)
        try:
            return await connection.ask(method, head, body)
        except NoAnswer as error:
            if not error.stale or method not in REPEATABLE or not (body is None or isinstance(body, bytes)):
                raise
        connection = await self.connection(address, fresh=True)
        return await connection.ask(method, head, body)

    def sweep(self) -> None:
        """Close what was idle for too long; to be called now and then."""
        limit = self._clock.seconds() - IDLE_S
        for address, idle in list(self._idle.items()):
            for connection in [one for one in idle if one.idle_since < limit]:
                idle.remove(connection)
                connection.abort()
            if not idle:
                del self._idle[address]

    def close(self) -> None:
        """Drop every connection."""
        for connection in list(self._all):
            connection.abort()

    def _release(self, connection: ClientConnection) -> None:
        idle = self._idle.setdefault(connection.subject, [])
        if len(idle) >= IDLE_MAX:
            connection.abort()
            return
        connection.idle_since = self._clock.seconds()
        idle.append(connection)

    def _forget(self, connection: ClientConnection) -> None:
        self._all.discard(connection)
        idle = self._idle.get(connection.subject)
        if idle is not None and connection in idle:
            idle.remove(connection)


class _Once(Factory):
    """A factory of the one protocol it was given."""

    noisy = False

    def __init__(self, protocol: ClientConnection) -> None:
        self._protocol = protocol

    def buildProtocol(self, addr: object) -> ClientConnection:
        """That protocol."""
        return self._protocol
