"""A network in memory: endpoints whose connections are carried by hand."""

from collections.abc import Callable
from typing import Any

from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.error import ConnectionDone, ConnectionRefusedError
from twisted.internet.testing import StringTransport
from twisted.python.failure import Failure


class Connection:
    """Two protocols joined."""

    def __init__(self, client: Any, server: Any) -> None:
        self.ends = [(client, StringTransport(lenient=True)), (server, StringTransport(lenient=True))]
        self.over = False
        for protocol, transport in self.ends:
            protocol.makeConnection(transport)

    def carry(self) -> bool:
        """Move what was written; whether anything moved. A closed end closes the other."""
        moved = False
        for (_, source), (protocol, _) in (self.ends, self.ends[::-1]):
            data = source.value()
            if data:
                moved = True
                source.clear()
                protocol.dataReceived(data)
        if not self.over and any(transport.disconnecting for _, transport in self.ends):
            self.over = moved = True
            for protocol, _ in self.ends:
                protocol.connectionLost(Failure(ConnectionDone()))
        return moved


class MemoryNet:
    """Listeners by address."""

    def __init__(self) -> None:
        self.listeners: dict[str, Callable[[], Any]] = {}
        self.connections: list[Connection] = []
        self.dialled: list[str] = []

    def endpoint(self, address: str) -> "Dialler":
        """An endpoint that dials `address`."""
        return Dialler(self, address)

    def carry(self) -> None:
        """Move bytes until all is quiet."""
        while any(connection.carry() for connection in self.connections if not connection.over):
            pass

    def cut(self) -> None:
        """Break every connection."""
        for connection in self.connections:
            for _, transport in connection.ends:
                transport.loseConnection()
        self.carry()


class Dialler:
    """One address of a MemoryNet."""

    def __init__(self, net: MemoryNet, address: str) -> None:
        self.net = net
        self.address = address

    def connect(self, factory: Any) -> "Deferred[Any]":
        """Join a protocol of `factory` with the listener's, or refuse."""
        self.net.dialled.append(self.address)
        listener = self.net.listeners.get(self.address)
        if listener is None:
            return fail(ConnectionRefusedError(f"nobody at {self.address}"))
        protocol = factory.buildProtocol(None)
        self.net.connections.append(Connection(protocol, listener()))
        return succeed(protocol)
