"""A control plane side without log, disk, net or time, and nodes whose hosts only remember what they were told."""

from collections.abc import Coroutine
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock, deferLater

from pbe.cluster.beats import Beats
from pbe.cluster.desk import Desk
from pbe.cluster.feed import Feed
from pbe.cluster.local import LocalControl
from pbe.cluster.steward import Steward
from pbe.errors import NetError
from pbe.fleet import commands
from pbe.fleet.records import Tenant
from pbe.host.membership import Membership
from tests.kit.plane import FakePlane


class FakeHost:
    """A host that has what it was asked for, and evicts when told; `stuck`: its commits cannot be shipped."""

    def __init__(self) -> None:
        self.loaded: list[str] = []
        self.evicted: list[str] = []
        self.stuck = False
        self.load: dict[str, Any] = {"cpu_usage": 0.1}

    def heartbeat(self) -> dict[str, Any]:
        """A healthy node."""
        return {"node_id": self.node_id, "cached_tenants": len(self.loaded), "resources": self.load}

    node_id = ""

    async def tenant(self, tenant_id: str) -> Any:
        """Its name is enough."""
        self.loaded.append(tenant_id)
        return f"loaded {tenant_id}"

    async def evict(self, tenant_id: str) -> bool:
        """Gone, unless stuck."""
        if not self.stuck:
            self.evicted.append(tenant_id)
        return not self.stuck


class FakeNode:
    """A node: membership over a control that a test can cut; `late_s`: how long its answers are on the way."""

    def __init__(self, world: "World", node_id: str) -> None:
        self.host = FakeHost()
        self.host.node_id = node_id
        self.superusers: list[tuple[Any, str, str]] = []
        self.cut = False
        self.late_s = 0.0
        self._clock = world.clock
        self._control = LocalControl(world.desk, world.feed)
        node = {"id": node_id, "address": f"{node_id}:8091", "capacity": 10}
        self.membership = Membership(node, self, world.clock, self._save, "async")

    async def call(self, method: str, payload: Any, timeout_s: float) -> Any:
        """The control plane, unless cut off."""
        if self.cut:
            raise NetError("call", method)
        answer = await self._control.call(method, payload, timeout_s)
        if self.late_s:
            await deferLater(self._clock, min(self.late_s, timeout_s))
        if self.late_s > timeout_s:
            raise NetError("timeout", method)
        return answer

    def subscribe(self, topic: str, revision: int, listener: Any) -> Any:
        """The control plane's feed."""
        return self._control.subscribe(topic, revision, listener)

    async def _save(self, tenant: Any, email: str, password_hash: str) -> None:
        self.superusers.append((tenant, email, password_hash))

    def join(self) -> None:
        """Begin to live."""
        self.membership.join(self.host)


class World:
    """The cluster."""

    def __init__(self, clock: Clock | None = None) -> None:
        self.clock = clock or Clock()
        self.plane = FakePlane()
        self.beats = Beats()
        self.steward = Steward(self.plane, self.beats, self.clock)
        self.desk = Desk(self.plane, self.beats, self.steward, self.clock, self.clock.seconds)
        self.feed = Feed(self.plane)
        self.steward.start()

    def node(self, node_id: str) -> FakeNode:
        """A node that has joined."""
        node = FakeNode(self, node_id)
        node.join()
        self.pass_time(0.1)
        return node

    def tenant(self, tenant_id: str, **fields: Any) -> Tenant:
        """A tenant that was just made; whoever acts on it has acted."""
        self.run(self.plane.propose(commands.TenantCreate(tenant_id, f"{tenant_id}.localhost", **fields)))
        self.pass_time(0.1)
        return self.plane.fleet.tenants.rows[tenant_id]

    def where(self, tenant_id: str) -> str:
        """The node of a tenant."""
        return self.plane.fleet.tenants.rows[tenant_id].node_id

    def pass_time(self, seconds: float) -> None:
        """Let the clock run in small steps."""
        for _ in range(round(seconds * 10)):
            self.clock.advance(0.1)

    def run(self, coroutine: Coroutine[Any, Any, Any]) -> Any:
        """The result of a coroutine that need not wait."""
        results: list[Any] = []
        failures: list[Any] = []
        Deferred.fromCoroutine(coroutine).addCallbacks(results.append, failures.append)
        if failures:
            failures[0].raiseException()
        return results[0]
