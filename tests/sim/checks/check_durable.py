"""A leader commits only what a majority of each half of its configuration has on disk (paper, 5.3)."""

from pbe.raft import CONFIG, Config, Entry
from tests.sim.members import Member, SimCluster


class CheckDurable:
    """Looks at the disks when a leader moves its commit mark, but for entries that change the majority itself."""

    def __init__(self, cluster: SimCluster) -> None:
        self._cluster = cluster
        self._seen: dict[str, int] = {}
        self._configs: dict[str, Config] = {}
        cluster.watchers.append(self.look)

    def look(self, member: Member) -> None:
        """A member has acted."""
        core = member.core
        log, config = core.log, core.config
        seen = max(self._seen.get(member.name, 0), log.offset)
        self._seen[member.name] = log.committed
        before = self._configs.get(member.name, config)
        self._configs[member.name] = config
        fresh = log.entries[seen - log.offset : log.committed - log.offset]
        if not core.is_leader or not fresh or any(entry.kind == CONFIG for entry in fresh):
            return
        # A change that was committed before may have been applied in the same step, after this commit.
        if not self._majority(before, fresh[-1]) and not self._majority(config, fresh[-1]):
            self._cluster.violation(f"{member.name} commits {log.committed}, which no majority of {config.voters} has")

    def _majority(self, config: Config, entry: Entry) -> bool:
        for half in (config.voters, config.outgoing):
            having = sum(1 for name in half if self._has(name, entry.index, entry.term))
            if half and having < len(half) // 2 + 1:
                return False
        return True

    def _has(self, name: str, index: int, term: int) -> bool:
        member = self._cluster.members.get(name)
        if member is None:
            return False
        disk = member.disk
        entry = disk.entries.get(index)
        return index <= disk.offset[0] or (entry is not None and entry.term == term)
