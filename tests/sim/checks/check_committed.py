"""State machine safety: what one member has committed at an index, no other commits differently (paper, 5.4.3)."""

from tests.sim.members import Member, SimCluster


class CheckCommitted:
    """All committed entries, as whoever committed them first had them; they must also be on a majority's disks."""

    def __init__(self, cluster: SimCluster) -> None:
        self._cluster = cluster
        self.entries: dict[int, tuple[int, bytes]] = {}
        self._seen: dict[str, tuple[int, int]] = {}
        cluster.watchers.append(self.look)

    def look(self, member: Member) -> None:
        """A member has acted."""
        log = member.core.log
        starts, seen = self._seen.get(member.name, (0, 0))
        if starts != member.starts:
            seen = 0
        for index in range(max(seen, log.offset) + 1, log.committed + 1):
            entry = log.entries[index - log.offset - 1]
            found = (entry.term, entry.data)
            known = self.entries.setdefault(index, found)
            if known != found:
                self._cluster.violation(f"{member.name} commits entry {index} of term {entry.term}, not {known[0]}")
        self._seen[member.name] = (member.starts, log.committed)
