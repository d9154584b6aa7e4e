"""Log matching: two logs with an entry of the same index and term are equal up to it (paper, 5.3)."""

from typing import Any

from tests.sim.members import Member, SimCluster


class CheckLogs:
    """For each (index, term) ever seen: the data, and the term before it. By induction that is the whole property."""

    def __init__(self, cluster: SimCluster) -> None:
        self._cluster = cluster
        self._known: dict[tuple[int, int], tuple[int, bytes]] = {}
        self._looked: dict[str, list[Any]] = {}
        cluster.watchers.append(self.look)

    def look(self, member: Member) -> None:
        """A member has acted: look at the entries that it did not have before."""
        log = member.core.log
        last = self._looked.get(member.name)
        for position in range(len(log.entries) - 1, -1, -1):
            entry = log.entries[position]
            if entry is last:
                break
            before = log.entries[position - 1].term if position else log.offset_term
            known = self._known.setdefault((entry.index, entry.term), (before, entry.data))
            if known != (before, entry.data):
                self._cluster.violation(f"{member.name} has another entry {entry.index} of term {entry.term}")
        if log.entries:
            self._looked[member.name] = log.entries[-1]
