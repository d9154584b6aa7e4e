"""The route table: a Host header to the tenant and the node that has it, without asking anyone.

Fed with the records of the replicated state; a copy of it that is behind is still a good table, since a node that
does not have a tenant says so.
"""

from collections.abc import Callable

from pbe._fast import routetable
from pbe.fleet.records import Node as NodeRecord
from pbe.fleet.records import Route as RouteRecord

Waiter = Callable[[], None]


class NodeEntry:
    """A node as the table knows it; shared by all its routes, so a new address reaches them at once."""

    __slots__ = ("address", "id", "status")

    def __init__(self, node_id: str) -> None:
        self.id = node_id
        self.address = ""  # "" while only routes speak of it
        self.status = ""


class Route:
    """Who serves one tenant. Belongs to the table; immutable but for its node's address."""

    __slots__ = ("domain", "epoch", "node", "status", "target", "tenant_id")

    def __init__(self, record: RouteRecord, node: NodeEntry | None) -> None:
        self.tenant_id = record.tenant_id
        self.domain = record.domain
        self.epoch = record.epoch
        self.status = record.status
        self.target = record.target
        self.node = node

    @property
    def node_id(self) -> str:
        """The node that has the tenant, "" while none has."""
        return self.node.id if self.node is not None else ""

    @property
    def address(self) -> str:
        """Where to send its requests, "" where that is not known."""
        return self.node.address if self.node is not None else ""

    def __repr__(self) -> str:
        return f"<Route {self.tenant_id} → {self.node_id or 'nowhere'}, epoch {self.epoch}, {self.status}>"


class RouteTable:
    """Routes by whole host, by `<id>.<domain>`, and by id."""

    def __init__(self, domain: str) -> None:
        self.domain = domain
        self.revision = 0  # of the state that was put in last
        self._hosts = routetable.HostTable(b"." + domain.encode())
        self._routes: list[Route | None] = []
        self._free: list[int] = []
        self._nodes: dict[str, NodeEntry] = {}
        self._waiters: dict[str, list[Waiter]] = {}

    def find(self, host: bytes) -> Route | None:
        """The route of a Host header's value."""
        number = self._hosts.find(host)
        return self._routes[number] if number >= 0 else None

    def by_tenant(self, tenant_id: str) -> Route | None:
        """The route of a tenant's id."""
        number = self._hosts.by_id(tenant_id.encode())
        return self._routes[number] if number >= 0 else None

    def node(self, node_id: str) -> NodeEntry | None:
        """A node that was put in or that a route speaks of."""
        return self._nodes.get(node_id)

    def on_change(self, tenant_id: str, waiter: Waiter) -> Callable[[], None]:
        """Call `waiter` once at the tenant's next change, or its node's; the result forgets it."""
        waiters = self._waiters.setdefault(tenant_id, [])
        waiters.append(waiter)

        def forget() -> None:
            if waiter in waiters:
                waiters.remove(waiter)
            if not waiters and self._waiters.get(tenant_id) is waiters:
                del self._waiters[tenant_id]

        return forget

    def put_route(self, record: RouteRecord) -> None:
        """A tenant's route as it is now."""
        key = record.tenant_id.encode()
        number = self._hosts.by_id(key)
        node = self._node(record.node_id) if record.node_id else None
        if number >= 0:
            old = self._routes[number]
            if old is not None and old.domain != record.domain:
                self._drop_host(old.domain, number)
        else:
            number = self._free.pop() if self._free else len(self._routes)
            if number == len(self._routes):
                self._routes.append(None)
            self._hosts.put_id(key, number)
        self._hosts.put_host(record.domain.encode(), number)
        self._routes[number] = Route(record, node)
        self._tell(record.tenant_id)

    def drop_route(self, tenant_id: str) -> None:
        """The tenant is no more; nothing happens where it is unknown."""
        key = tenant_id.encode()
        number = self._hosts.by_id(key)
        if number < 0:
            return
        old = self._routes[number]
        if old is not None:
            self._drop_host(old.domain, number)
        self._hosts.drop_id(key)
        self._routes[number] = None
        self._free.append(number)
        self._tell(tenant_id)

    def put_node(self, record: NodeRecord) -> None:
        """A node as it is now."""
        node = self._node(record.id)
        node.address, node.status = record.address, record.status
        for tenant_id in list(self._waiters):
            route = self.by_tenant(tenant_id)
            if route is not None and route.node is node:
                self._tell(tenant_id)

    def drop_node(self, node_id: str) -> None:
        """The node is no more. Its entry stays, since routes may speak of it, and it may come back under them."""
        node = self._nodes.get(node_id)
        if node is not None:
            node.address, node.status = "", "down"

    def tenant_ids(self) -> list[str]:
        """Every tenant in the table."""
        return [route.tenant_id for route in self._routes if route is not None]

    def node_ids(self) -> list[str]:
        """Every node in the table."""
        return list(self._nodes)

    def __len__(self) -> int:
        return len(self._hosts)

    def _drop_host(self, domain: str, number: int) -> None:
        """Forget the host unless another tenant has it by now."""
        host = domain.encode()
        if self._hosts.find(host) == number:
            self._hosts.drop_host(host)

    def _node(self, node_id: str) -> NodeEntry:
        node = self._nodes.get(node_id)
        if node is None:
            node = self._nodes[node_id] = NodeEntry(node_id)
        return node

    def _tell(self, tenant_id: str) -> None:
        for waiter in tuple(self._waiters.pop(tenant_id, ())):
            waiter()
