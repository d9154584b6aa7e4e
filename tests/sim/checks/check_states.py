"""The same log gives the same state: hashes and configurations at an applied index are equal on all members."""

from tests.sim.members import Member, SimCluster


class CheckStates:
    """Remembers hash and configuration by applied index."""

    def __init__(self, cluster: SimCluster) -> None:
        self._cluster = cluster
        self._known: dict[int, tuple[object, ...]] = {}
        cluster.watchers.append(self.look)

    def look(self, member: Member) -> None:
        """A member has acted."""
        if member.plane is None:
            return
        machine, core = member.plane._machine, member.core
        if machine.applied != core.log.applied or not core.config.members:
            return
        found = (machine.fleet.state_hash, machine.fleet.revision, core.config)
        known = self._known.setdefault(machine.applied, found)
        if known != found:
            self._cluster.violation(f"{member.name} differs at applied index {machine.applied}: {found} {known}")
