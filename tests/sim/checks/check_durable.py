"""A leader commits only what a majority of each half of its configuration has on disk (paper, 5.3)."""

from pbe.raft import CONFIG
from tests.sim.members import Member, SimCluster


class CheckDurable:
    """Looks at the disks when a leader moves its commit mark, but for entries that change the majority itself."""

    def __init__(self, cluster: SimCluster) -> None:
        self._cluster = cluster
        self._seen: dict[str, int] = {}
        cluster.watchers.append(self.look)

    def look(self, member: Member) -> None:
        """A member has acted."""
        core = member.core
        log, config = core.log, core.config
        seen = max(self._seen.get(member.name, 0), log.offset)
        self._seen[member.name] = log.committed
        fresh = log.entries[seen - log.offset : log.committed - log.offset]
        if not core.is_leader or not fresh or any(entry.kind == CONFIG for entry in fresh):
            return
        for half in (config.voters, config.outgoing):
            having = sum(1 for name in half if self._has(name, fresh[-1].index, fresh[-1].term))
            if half and having < len(half) // 2 + 1:
                self._cluster.violation(f"{member.name} commits {log.committed}, only {having} of {half} have it")

    def _has(self, name: str, index: int, term: int) -> bool:
        member = self._cluster.members.get(name)
        if member is None:
            return False
        disk = member.disk
        entry = disk.entries.get(index)
        return index <= disk.offset[0] or (entry is not None and entry.term == term)
