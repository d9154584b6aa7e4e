"""A node without a cluster: a replicator in memory, assignments in a dict, and a host around them."""

from collections.abc import Callable, Coroutine
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock

from pbe.errors import StoreError
from pbe.host.assignment import Assignment
from pbe.host.host import Host
from pbe.host.loader import Loader
from pbe.replication.moment import Moment
from pbe.tenant.opening import open_tenant
from pbe.tenant.tenant import Tenant
from tests.kit.tenant_services import services


class FakeReplica:
    """One attached database; tells the fake replicator what is asked of it."""

    def __init__(self, owner: "FakeReplicator", subject: str) -> None:
        self.owner = owner
        self.subject = subject

    async def durable(self) -> None:
        """As the real one: fails while the store is away."""
        if self.owner.away:
            raise StoreError("append", self.subject)
        self.owner.log.append(f"durable {self.subject}")

    async def detach(self, *, flush: bool = True) -> None:
        """As the real one."""
        self.owner.log.append(f"detach {self.subject}{'' if flush else ' unflushed'}")


class FakeReplicator:
    """Restores nothing and remembers everything."""

    def __init__(self) -> None:
        self.log: list[str] = []
        self.away = False
        self.broken = ""
        self.gate: Deferred[None] | None = None
        self.on_lost: dict[str, Callable[[], None]] = {}

    async def restore(
        self, tenant_id: str, name: str, path: str, *, at: Moment | None = None, source: str = ""
    ) -> SimpleNamespace:
        """Wait for `gate`, fail while the store is away, and for moments of the database that is `broken`."""
        if self.gate is not None:
            waiting: Deferred[None] = Deferred()
            self.gate.addCallback(lambda _: waiting.callback(None))
            await waiting
        if self.away or (at is not None and name == self.broken):
            raise StoreError("restore", f"{tenant_id}/{name}")
        suffix = "" if at is None else f" at {at.txid}" + (f" of {source}" if source else "")
        self.log.append(f"restore {tenant_id}/{name}{suffix}")
        return SimpleNamespace(found=True)

    async def attach(
        self, tenant_id: str, source: Any, *, epoch: int, mode: str, on_lost: Callable[[], None]
    ) -> FakeReplica:
        """Remember the epoch and whom to tell of a loss."""
        self.log.append(f"attach {tenant_id}/{source.name} {epoch} {mode}")
        self.on_lost[tenant_id] = on_lost
        return FakeReplica(self, f"{tenant_id}/{source.name}")


class FakeAssignments:
    """Every tenant in `epochs` is this node's."""

    def __init__(self, *tenant_ids: str) -> None:
        self.epochs = dict.fromkeys(tenant_ids, 1)
        self.alive = True

    def find(self, tenant_id: str) -> Assignment | None:
        """The assignment of a known tenant."""
        epoch = self.epochs.get(tenant_id)
        return None if epoch is None else Assignment(tenant_id, epoch)

    def live(self) -> bool:
        """Whether the lease lives."""
        return self.alive


class Node:
    """A host on a Clock whose tenants answer with their id and the request."""

    def __init__(self, folder: Path, *tenant_ids: str, **options: Any) -> None:
        self.clock = Clock()
        self.replicator = FakeReplicator()
        self.assignments = FakeAssignments(*tenant_ids)
        self.held: dict[str, Deferred[None]] = {}
        self.opened: list[str] = []
        loader = Loader(folder, services(self.clock), self.replicator, self.open)
        self.host = Host("node_1", loader, self.assignments, self.handler, self.clock, **options)
        self.host.start()

    async def open(self, tenant_id: str, *rest: Any) -> Tenant:
        """Open the tenant and count it."""
        self.opened.append(tenant_id)
        return await open_tenant(tenant_id, *rest)

    def handler(self, tenant: Tenant) -> Callable[[Any], Coroutine[Any, Any, str]]:
        """Answers at once, or when the Deferred in `held` fires."""

        async def handle(request: Any) -> str:
            if request.text in self.held:
                await self.held[request.text]
            return f"{tenant.id}: {request.text}"

        return handle

    def ask(self, tenant_id: str, text: str = "hello") -> Deferred[Any]:
        """A request that has begun."""
        return self.start(self.host.handle(SimpleNamespace(tenant_id=tenant_id, text=text)))

    def start(self, coroutine: Coroutine[Any, Any, Any]) -> Deferred[Any]:
        """The coroutine, driven for a few turns."""
        deferred = Deferred.fromCoroutine(coroutine)
        self.turn()
        return deferred

    def turn(self) -> None:
        """Let what is due now happen."""
        for _ in range(40):
            self.clock.advance(0)

    def pass_s(self, seconds: int) -> None:
        """Let time pass, a second at a time."""
        for _ in range(seconds):
            self.clock.advance(1)
        self.turn()
