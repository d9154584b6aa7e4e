"""A gateway, nodes and a client in memory."""

from collections.abc import Callable, Coroutine
from typing import Any

from twisted.internet.task import Clock

from pbe.client.pool import ClientPool
from pbe.errors import NotFound
from pbe.fleet.records import Node, Route
from pbe.gateway.gateway import Gateway
from pbe.gateway.proof import Proofs
from pbe.routing.table import RouteTable
from pbe.web.request import Request
from pbe.web.response import Response
from pbe.web.server import HttpServer
from tests.kit.http_peer import HttpPeer
from tests.kit.memory_net import MemoryNet

SECRET = b"s" * 32
Handle = Callable[[Request], Coroutine[Any, Any, Response]]


class Edge:
    """Tenants t1 on node n1, t2 on node n2, t3 nowhere; `woken` lists who was to be woken."""

    def __init__(self, *, local: Handle | None = None) -> None:
        self.net = MemoryNet()
        self.clock = Clock()
        self.table = RouteTable("localhost")
        self.proofs = Proofs(SECRET)
        self.pool = ClientPool(self.net.endpoint, self.clock)
        self.woken: list[str] = []
        self.gateway = Gateway(
            self.table,
            self.pool,
            self.proofs,
            self.clock,
            trusted=lambda request: request.local,
            wake=lambda route: self.woken.append(route.tenant_id),
            local=local,
            node_id="n0" if local is not None else "",
        )
        for number in (1, 2):
            self.place(f"t{number}", f"n{number}")
        self.place("t3", "")

    def place(self, tenant_id: str, node_id: str, epoch: int = 1) -> None:
        """Put a tenant on a node."""
        if node_id:
            self.table.put_node(Node(node_id, f"{node_id}:8091"))
        self.table.put_route(Route(tenant_id, f"{tenant_id}.example.com", node_id, epoch))

    def node(self, node_id: str, handle: Handle) -> None:
        """A node that serves what comes with a good proof."""

        async def believing(request: Request) -> Response:
            if not self.proofs.accept(request):
                raise NotFound("No gateway sent this")
            return await handle(request)

        server = HttpServer(believing, clock=self.clock)
        self.net.listeners[f"{node_id}:8091"] = lambda: server.buildProtocol(None)

    def client(self) -> "EdgeClient":
        """A client's connection to the gateway."""
        return EdgeClient(self)

    def later(self, seconds: float) -> None:
        """Let time pass."""
        for _ in range(round(seconds * 10)):
            self.clock.advance(0.1)
            self.net.carry()


class EdgeClient(HttpPeer):
    """An HttpPeer whose bytes are carried on to the nodes."""

    def __init__(self, edge: Edge) -> None:
        super().__init__(edge.gateway.handle)
        self.edge = edge

    def send(self, data: bytes, *, piece_bytes: int = 0) -> bytes:
        """Send, carry, and take what came back."""
        super_out = super().send(data, piece_bytes=piece_bytes)
        self.edge.net.carry()
        return super_out + self.taken()
