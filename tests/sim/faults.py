"""What goes wrong in a run: crashes, cuts, slow disks, bit rot, jumping clocks, hand-overs, changes of membership."""

from collections.abc import Callable
from typing import Any

from twisted.internet.defer import Deferred

from pbe.raft import Change, ConfigChange
from tests.sim.members import Member, SimCluster

JOINERS = ("x", "y")


class Faults:
    """Something happens every `pause_s` on average, until `stop`."""

    def __init__(self, cluster: SimCluster, pause_s: float, *, membership: bool, rot: bool) -> None:
        self._cluster, self._pause_s = cluster, pause_s
        self._kinds: list[Callable[[], None]] = [
            self.crash,
            self.crash,
            self.crash_leader,
            self.cut_one,
            self.cut_half,
            self.cut_one_way,
            self.heal,
            self.slow_disks,
            self.jump,
            self.transfer,
            self.restart_all,
        ]
        if membership:
            self._kinds += [self.join, self.remove, self.replace]
        self._rot = rot
        self.stopped = False

    def start(self) -> None:
        """Begin."""
        self._later()

    def _later(self) -> None:
        world = self._cluster.world
        world.later(world.random.expovariate(1 / self._pause_s), self._happen)

    def _happen(self) -> None:
        if not self.stopped:
            self._cluster.world.random.choice(self._kinds)()
            self._later()

    def stop(self) -> None:
        """No more faults: everything is repaired and everybody runs."""
        self.stopped = True
        self._cluster.stall_until = 0.0
        self._cluster.net.calm()
        for member in self._cluster.members.values():
            if not member.up:
                member.start()

    def crash(self) -> None:
        """A member loses power and comes back later."""
        running = self._cluster.running()
        if running:
            self._crash(self._cluster.world.random.choice(running))

    def crash_leader(self) -> None:
        """The leader loses power."""
        leaders = self._cluster.leaders()
        if leaders:
            self._crash(leaders[-1])

    def restart_all(self) -> None:
        """Power fails for everybody at once."""
        if self._cluster.world.random.random() < 0.3:
            for member in self._cluster.running():
                self._crash(member)

    def _crash(self, member: Member) -> None:
        world = self._cluster.world
        member.crash()
        if self._rot and world.random.random() < 0.3 and not self._weakened(member):
            member.disk.rot(world.random)
        world.later(world.random.choice((0.02, 0.3, 2.0)) * (0.5 + world.random.random()), self._restart, member)

    def _weakened(self, member: Member) -> bool:
        """Whether another disk is damaged: a majority's disks must stay whole, no protocol survives more."""
        others = (other for other in self._cluster.members.values() if other is not member)
        return any(other.disk.rotten or other.disk.recover_to for other in others)

    def _restart(self, member: Member) -> None:
        if not member.up and not self.stopped:
            member.start()

    def cut_one(self) -> None:
        """One member is cut off from all others."""
        self._cut_off([self._cluster.world.random.choice(list(self._cluster.members))])

    def cut_half(self) -> None:
        """The cluster falls into two parts."""
        names = list(self._cluster.members)
        self._cut_off(self._cluster.world.random.sample(names, len(names) // 2))

    def _cut_off(self, part: list[str]) -> None:
        rest = [name for name in self._cluster.members if name not in part]
        self._cluster.net.cut |= {(a, b) for a in part for b in rest} | {(b, a) for a in part for b in rest}

    def cut_one_way(self) -> None:
        """One member hears nothing of another, which hears it."""
        names = list(self._cluster.members)
        first, second = self._cluster.world.random.sample(names, 2) if len(names) > 1 else (names[0], names[0])
        self._cluster.net.cut.add((first, second))

    def heal(self) -> None:
        """All cuts are mended."""
        self._cluster.net.cut.clear()

    def slow_disks(self) -> None:
        """Some syncs take long for a while."""
        self._cluster.stall_until = self._cluster.world.time + self._cluster.world.random.uniform(0.5, 4.0)

    def jump(self) -> None:
        """A member's clock jumps, forward or back."""
        running = self._cluster.running()
        member = self._cluster.world.random.choice(running) if running else None
        if member is not None and member.clock is not None:
            member.clock.offset += self._cluster.world.random.uniform(-2.0, 5.0)

    def transfer(self) -> None:
        """Leadership is handed to somebody."""
        self._order(lambda plane, name: plane.transfer(name))

    def join(self) -> None:
        """A new member asks to be taken in, or one that was let go."""
        name = self._cluster.world.random.choice(JOINERS)
        member = self._cluster.members.get(name)
        if member is None:
            self._cluster.join(name)

    def remove(self) -> None:
        """A member is let go."""
        self._order(lambda plane, name: plane.remove_member(name))

    def replace(self) -> None:
        """Two members change at once, through a joint configuration."""
        leaders = self._cluster.leaders()
        if leaders and leaders[-1].plane is not None:
            core = leaders[-1].core
            learners = list(core.config.learners)
            voters = [member for member in core.config.voters if member != leaders[-1].name]
            if len(voters) < 2:
                return
            demoted = self._cluster.world.random.choice(voters)
            changes = [Change("add_learner", demoted), *(Change("add_voter", member) for member in learners)]
            if len(changes) > 1 and not core.propose_change(ConfigChange(tuple(changes))):
                leaders[-1].plane._driver.pump()

    def _order(self, act: Callable[[Any, str], Any]) -> None:
        running = self._cluster.running()
        if not running:
            return
        plane = self._cluster.world.random.choice(running).plane
        name = self._cluster.world.random.choice(list(self._cluster.members))
        if plane is not None and len(plane._core.config.voters) > 2:
            Deferred.fromCoroutine(act(plane, name)).addErrback(lambda failure: None)
