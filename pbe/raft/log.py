"""The log in memory: everything since the last compaction.

    offset < … stable … ≤ handed … ≤ last        offset < … applied ≤ committed ≤ last

`offset` is the last index that a snapshot stands for, `stable` what is synced on this member's disk, `handed` what its
driver was told to save, `committed` what a majority has, `applied` what the driver was told to apply and has applied.
"""

from collections.abc import Sequence

from pbe.errors import InvariantBroken
from pbe.raft.entries import Entry


class Log:
    """Entries by index, with the marks above; owns the entries' list."""

    __slots__ = ("applied", "committed", "entries", "handed", "offset", "offset_term", "size_bytes", "stable")

    def __init__(self, offset: int, offset_term: int, entries: Sequence[Entry] = ()) -> None:
        self.offset, self.offset_term = offset, offset_term
        self.entries = list(entries)
        self.size_bytes = sum(len(entry.frame) for entry in entries)
        self.committed = self.applied = offset
        self.stable = self.handed = self.last

    @property
    def last(self) -> int:
        """The index of the newest entry."""
        return self.offset + len(self.entries)

    @property
    def last_term(self) -> int:
        """The term of the newest entry."""
        return self.entries[-1].term if self.entries else self.offset_term

    def term(self, index: int) -> int | None:
        """The term of the entry, None when it was compacted away or is not there yet."""
        if index == self.offset:
            return self.offset_term
        if self.offset < index <= self.last:
            return self.entries[index - self.offset - 1].term
        return None

    def has(self, index: int, term: int) -> bool:
        """Whether the entry of that index is of that term (paper, 5.3: then all before it agree as well)."""
        return self.term(index) == term

    def up_to_date(self, index: int, term: int) -> bool:
        """Whether a candidate with that last entry may get this member's vote (paper, 5.4.1)."""
        return term > self.last_term or (term == self.last_term and index >= self.last)

    def slice(self, first: int, last: int, bytes_max: int) -> list[Entry]:
        """The entries from `first` to `last`, both included, cut to so many bytes but at least one."""
        chosen = self.entries[first - self.offset - 1 : last - self.offset]
        size = 0
        for position, entry in enumerate(chosen):
            size += len(entry.frame)
            if size > bytes_max and position:
                return chosen[:position]
        return chosen

    def append(self, entries: Sequence[Entry]) -> None:
        """Add entries that follow the last one."""
        self.entries.extend(entries)
        self.size_bytes += sum(len(entry.frame) for entry in entries)

    def merge(self, entries: Sequence[Entry]) -> None:
        """Take a leader's entries, whose predecessor is here: a conflicting suffix gives way (paper, 5.3)."""
        for position, entry in enumerate(entries):
            if not self.has(entry.index, entry.term):
                if entry.index <= self.last:
                    self.truncate(entry.index)
                self.append(entries[position:])
                return

    def truncate(self, first: int) -> None:
        """Drop the entries from `first` on; what is committed can never be dropped."""
        if first <= self.committed:
            raise InvariantBroken(
                "append", f"entry {first}", hint=f"a leader contradicts the committed entry (commit {self.committed})"
            )
        dropped = self.entries[first - self.offset - 1 :]
        del self.entries[first - self.offset - 1 :]
        self.size_bytes -= sum(len(entry.frame) for entry in dropped)
        self.stable = min(self.stable, first - 1)
        self.handed = min(self.handed, first - 1)

    def commit_to(self, index: int) -> bool:
        """Move the commit mark forward; whether it moved."""
        if index <= self.committed:
            return False
        if index > self.last:
            raise InvariantBroken("commit", f"entry {index}", hint=f"the log ends at {self.last}: entries were lost")
        self.committed = index
        return True

    def saved(self, index: int, term: int) -> None:
        """The driver has synced everything up to that entry, unless it was replaced meanwhile."""
        if self.has(index, term):
            self.stable = max(self.stable, index)

    def compact(self, index: int) -> None:
        """Forget the entries up to `index`, which must be applied."""
        if index <= self.offset:
            return
        if index > self.applied:
            raise InvariantBroken("compact", f"entry {index}", hint=f"only {self.applied} is applied")
        term = self.term(index)
        dropped = self.entries[: index - self.offset]
        del self.entries[: index - self.offset]
        self.size_bytes -= sum(len(entry.frame) for entry in dropped)
        self.offset, self.offset_term = index, term or 0

    def restore(self, index: int, term: int) -> None:
        """Replace everything by a snapshot."""
        self.entries = []
        self.size_bytes = 0
        self.offset, self.offset_term = index, term
        self.committed = self.applied = self.stable = self.handed = index

    def meeting_point(self, index: int, term: int) -> tuple[int, int]:
        """The last (index, term) at or before `index` whose term is not above `term`: where two logs may still agree.

        By it one rejection skips a whole run of terms instead of one entry.
        """
        at = min(index, self.last)
        while at > self.offset:
            found = self.entries[at - self.offset - 1].term
            if found <= term:
                return at, found
            at -= 1
        return at, self.offset_term if at == self.offset and self.offset_term <= term else 0
