"""A node with a real host and a control plane, on one clock, for tenants that sleep while a job of theirs is due."""

from pathlib import Path
from typing import Any

from pbe.cluster.alarm import Alarm
from pbe.cluster.local import LocalControl
from pbe.errors import NetError
from pbe.host.host import Host
from pbe.host.loader import Loader
from pbe.host.membership import Membership
from pbe.host.waker import Waker
from pbe.tenant.opening import open_tenant
from pbe.tenant.tenant import Tenant
from tests.kit.cluster_world import World
from tests.kit.host_fakes import FakeReplicator
from tests.kit.tenant_services import NOW_S, services

IDLE_S = 60.0
CRON = "*/10 * * * *"
PERIOD_S = 600


class Sleepers:
    """One node. `jobs`: the tenants that have a job each ten minutes; `ran`: (tenant, second) of each run."""

    def __init__(self, folder: Path, *jobs: str) -> None:
        self.jobs = set(jobs)
        self.ran: list[tuple[str, int]] = []
        self.opened: list[str] = []
        self.cut = False
        self.world = World()
        self.clock = self.world.clock
        world = self.world
        self.alarm = Alarm(world.plane, world.beats, world.steward.place, self.clock, self.now)
        self.alarm.start()
        self._control = LocalControl(world.desk, world.feed)
        self.host = self.boot("n1", folder)

    def boot(self, node_id: str, folder: Path) -> Host:
        """Start a node; `membership` is the latest one's."""
        waker = Waker(self, self.now)
        node = {"id": node_id, "address": f"{node_id}:8091", "capacity": 10}
        self.membership = Membership(node, self, self.clock, _no_superuser, "async", waker=waker)
        loader = Loader(folder / node_id, services(self.clock), FakeReplicator(), self._open)
        host = Host(node_id, loader, self.membership, _handler, self.clock, idle_s_max=IDLE_S, waker=waker)
        host.start()
        self.membership.join(host)
        self.world.pass_time(0.1)
        return host

    def now(self) -> float:
        """As the tenants' services have it."""
        return NOW_S + self.clock.seconds()

    async def call(self, method: str, payload: Any, timeout_s: float) -> Any:
        """The control plane, unless `cut`."""
        if self.cut:
            raise NetError("call", method)
        return await self._control.call(method, payload, timeout_s)

    def subscribe(self, topic: str, revision: int, listener: Any) -> Any:
        """The control plane's feed."""
        return self._control.subscribe(topic, revision, listener)

    async def _open(self, tenant_id: str, *rest: Any) -> Tenant:
        self.opened.append(tenant_id)
        tenant = await open_tenant(tenant_id, *rest)

        async def job() -> None:
            self.ran.append((tenant_id, int(self.clock.seconds())))

        if tenant_id in self.jobs:
            tenant.crons.add("own", CRON, job)
        return tenant

    def load(self, tenant_id: str) -> None:
        """As a request does."""
        self.host._start(self.host.tenant(tenant_id))
        self.world.pass_time(1)

    def pass_s(self, seconds: float) -> None:
        """Let time pass, half a second at a time."""
        for _ in range(round(seconds * 2)):
            self.clock.advance(0.5)

    def wake(self, tenant_id: str) -> Any:
        """The control plane's record."""
        return self.world.plane.fleet.wakes.get(tenant_id)

    def awake(self) -> Any:
        """The tenants in memory."""
        return self.host.heartbeat()["tenants"]


async def _no_superuser(tenant: Any, email: str, password_hash: str) -> None:
    raise AssertionError("nobody is to be made here")


def _handler(tenant: Tenant) -> Any:
    return tenant
