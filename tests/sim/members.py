"""Members of a simulated cluster: the real control plane over simulated disk, network and clock."""

from collections.abc import Callable
from random import Random
from typing import Any

from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from pbe.consensus import ControlPlane
from pbe.consensus.tuning import Tuning
from tests.sim.disk import SimDisk
from tests.sim.net import SimNet, SimTransport
from tests.sim.world import MemberClock, World

EPOCH_S = 1_700_000_000.0


class Member:
    """One member: its disk outlives its processes."""

    def __init__(self, cluster: "SimCluster", name: str, *, first: bool) -> None:
        self.cluster, self.name, self.first = cluster, name, first
        self.disk = SimDisk()
        self.clock: MemberClock | None = None
        self.plane: ControlPlane | None = None
        self.frozen = False
        self.starts = 0

    @property
    def up(self) -> bool:
        """Whether the process runs."""
        return self.plane is not None

    @property
    def core(self) -> Any:
        """The core of the running process."""
        return self.plane._core if self.plane is not None else None

    def start(self) -> None:
        """Start the process on what the disk has."""
        cluster, world = self.cluster, self.cluster.world
        self.starts += 1
        random = Random(world.random.getrandbits(64))
        self.clock = clock = MemberClock(world, 1 + world.random.uniform(-cluster.drift, cluster.drift))
        clock.offset = world.random.uniform(0, 100)
        transport = SimTransport(cluster.net, self.name, cluster.acted)
        transport.seeds = tuple(cluster.members)
        self.disk.stage_saves = False
        self.plane = ControlPlane.create(
            store=self.disk,
            member_id=self.name,
            address=f"{self.name}:7000",
            peers={member.name: f"{member.name}:7000" for member in cluster.members.values() if member.first},
            join=not self.first,
            clock=clock,
            now=lambda: EPOCH_S + clock.seconds(),
            random=random.randrange,
            transport=transport,
            run=self._run,
            tuning=cluster.tuning,
        )
        self.plane.broken.addErrback(self._broke)
        self.plane.start()
        cluster.acted(self.name)

    def _broke(self, failure: Failure) -> None:
        self.cluster.violation(f"{self.name} stopped: {failure.getTraceback()}")

    async def _run(self, function: Callable[..., Any], *arguments: Any) -> Any:
        """A worker: the write is staged now, and durable once the disk has synced it."""
        clock, disk, cluster = self.clock, self.disk, self.cluster
        disk.stage_saves = True
        result = function(*arguments)
        disk.stage_saves = False
        waiting: Deferred[None] = Deferred()

        def synced() -> None:
            if clock is self.clock and clock is not None and clock.alive:
                disk.sync()
                waiting.callback(None)
                cluster.acted(self.name)

        cluster.world.later(cluster.sync_delay(), synced)
        await waiting
        return result

    def crash(self) -> None:
        """Power is lost."""
        if self.plane is None or self.clock is None:
            return
        self.clock.alive = False
        self.plane = None
        self.disk.crash(self.cluster.world.random)
        self.cluster.net.crashed(self.name)


class SimCluster:
    """Members by name, and who looks at them after each step."""

    def __init__(self, world: World, net: SimNet, size: int, tuning: Tuning, *, drift: float, sync_s: float) -> None:
        self.world, self.net, self.tuning, self.drift, self.sync_s = world, net, tuning, drift, sync_s
        self.stall_until = 0.0
        self.watchers: list[Callable[[Member], None]] = []
        self.violations: list[str] = []
        self.members: dict[str, Member] = {}
        for name in "abcdefg"[:size]:
            self.members[name] = Member(self, name, first=True)

    def start(self) -> None:
        """Start everybody."""
        for member in self.members.values():
            member.start()

    def join(self, name: str) -> None:
        """Start a member that is in no configuration yet."""
        if name not in self.members:
            self.members[name] = Member(self, name, first=False)
        if not self.members[name].up:
            self.members[name].start()

    def sync_delay(self) -> float:
        """How long the next sync takes."""
        random = self.world.random
        delay = self.sync_s * (0.5 + random.expovariate(1.0))
        if self.world.time < self.stall_until and random.random() < 0.3:
            delay += random.uniform(0.3, 3.0)
        return delay

    def acted(self, name: str) -> None:
        """A member has done something: look at it."""
        member = self.members[name]
        if member.up:
            for watcher in self.watchers:
                watcher(member)

    def running(self) -> list[Member]:
        """The members whose process runs."""
        return [member for member in self.members.values() if member.up]

    def leaders(self) -> list[Member]:
        """Those that believe to lead."""
        return [member for member in self.running() if member.core.is_leader]

    def violation(self, text: str) -> None:
        """An invariant is broken."""
        self.violations.append(f"{self.world.time:.3f} {text}")
