"""Election safety: at most one leader a term (paper, 5.2), and none without the committed entries (5.4, 3.6.3)."""

from tests.sim.checks.check_committed import CheckCommitted
from tests.sim.members import Member, SimCluster


class CheckLeaders:
    """Remembers the leader of each term."""

    def __init__(self, cluster: SimCluster, committed: CheckCommitted) -> None:
        self._cluster, self._committed = cluster, committed
        self._leaders: dict[int, str] = {}
        cluster.watchers.append(self.look)

    def look(self, member: Member) -> None:
        """A member has acted."""
        core = member.core
        if not core.is_leader or self._leaders.get(core.term) == member.name:
            return
        if core.term in self._leaders:
            self._cluster.violation(f"term {core.term} has two leaders: {self._leaders[core.term]} and {member.name}")
        self._leaders[core.term] = member.name
        for index, (term, _) in self._committed.entries.items():
            if index > core.log.offset and core.log.term(index) != term:
                self._cluster.violation(f"{member.name} leads term {core.term} without the committed entry {index}")
                return
