"""Marks only move forward: the term over a member's whole life, commit and applied while its process lives."""

from tests.sim.members import Member, SimCluster


class CheckMarks:
    """Remembers each member's marks."""

    def __init__(self, cluster: SimCluster) -> None:
        self._cluster = cluster
        self._marks: dict[str, tuple[int, int, int, int]] = {}
        cluster.watchers.append(self.look)

    def look(self, member: Member) -> None:
        """A member has acted."""
        log = member.core.log
        marks = (member.starts, member.disk.hard.term, log.committed, log.applied)
        before = self._marks.get(member.name, (0, 0, 0, 0))
        if marks[1] < before[1]:
            self._cluster.violation(f"{member.name}'s term went from {before[1]} to {marks[1]}")
        if marks[0] == before[0] and (marks[2] < before[2] or marks[3] < before[3]):
            self._cluster.violation(f"{member.name}'s commit and applied went from {before[2:]} to {marks[2:]}")
        if not log.offset <= log.applied <= log.committed <= log.last:
            self._cluster.violation(f"{member.name}'s marks are out of order: {marks}, {log.offset}, {log.last}")
        self._marks[member.name] = marks
