"""A simulated disk: what is saved may be lost until it is synced, syncs take time, and entries rot."""

from collections.abc import Iterable, Sequence
from random import Random
from typing import Any

from pbe.raft import Entry, HardState
from pbe.storage.control import Checkpoint, Loaded


class SimDisk:
    """A `ControlStore` in memory. `staged` is what a save has written and not synced yet."""

    def __init__(self) -> None:
        self.member = ""
        self.hard = HardState()
        self.offset = (0, 0)
        self.entries: dict[int, Entry] = {}
        self.saved_checkpoint = Checkpoint()
        self.records: dict[tuple[str, str], bytes] = {}
        self.recover_to = 0
        self.rotten: set[int] = set()
        self.staged: list[Any] = []
        self.stage_saves = False
        self.write_amount = 0

    @property
    def last(self) -> int:
        """The index of the last synced entry."""
        return max(self.entries, default=self.offset[0])

    def load(self) -> Loaded:
        """What a member starts from after a crash: entries up to the first that rotted."""
        entries: list[Entry] = []
        index, damaged = self.offset[0] + 1, ""
        while index in self.entries:
            if index in self.rotten:
                damaged = f"log/{index}"
                break
            entries.append(self.entries[index])
            index += 1
        if damaged:
            self.recover_to = max(self.recover_to, self.last)
            if (entries[-1].index if entries else self.offset[0]) < self.saved_checkpoint.index:
                self.offset, entries = (self.saved_checkpoint.index, self.saved_checkpoint.term), []
            self.entries = {entry.index: entry for entry in entries}
            self.rotten = set()
        records = [(table, key, data) for (table, key), data in sorted(self.records.items())]
        return Loaded(
            self.member,
            self.hard,
            self.offset,
            entries,
            self.saved_checkpoint,
            records,
            self.recover_to,
            damaged,
        )

    def claim(self, member: str) -> None:
        """Write whose disk this is."""
        self.member = member

    def save(self, hard: HardState, entries: Sequence[Entry]) -> None:
        """Stage, or write at once when no save is being timed."""
        self._do(lambda: self._save(hard, entries))

    def _save(self, hard: HardState, entries: Sequence[Entry]) -> None:
        if entries:
            for index in [index for index in self.entries if index >= entries[0].index]:
                del self.entries[index]
                self.rotten.discard(index)
            self.entries.update((entry.index, entry) for entry in entries)
        self.hard = hard
        self.write_amount += 1

    def checkpoint(
        self, checkpoint: Checkpoint, changes: Iterable[tuple[str, str, bytes | None]], offset: tuple[int, int]
    ) -> None:
        """Write changed records; synced at once."""
        for table, key, data in changes:
            if data is None:
                self.records.pop((table, key), None)
            else:
                self.records[table, key] = data
        self.saved_checkpoint = checkpoint
        if offset[0] > self.offset[0]:
            self.offset = offset
            self.entries = {index: entry for index, entry in self.entries.items() if index > offset[0]}
            self.rotten = {index for index in self.rotten if index > offset[0]}

    def install(
        self, hard: HardState, checkpoint: Checkpoint, records: Iterable[tuple[str, str, bytes]], recover_to: int = 0
    ) -> None:
        """Replace everything by a snapshot."""
        kept = {(table, key): data for table, key, data in records}
        self._do(lambda: self._install(hard, checkpoint, kept, recover_to))

    def _install(
        self, hard: HardState, checkpoint: Checkpoint, records: dict[tuple[str, str], bytes], recover_to: int
    ) -> None:
        self.hard, self.saved_checkpoint, self.records = hard, checkpoint, records
        self.offset, self.entries, self.rotten = (checkpoint.index, checkpoint.term), {}, set()
        self.recover_to = recover_to if recover_to > checkpoint.index else 0

    def recovered(self) -> None:
        """The log reaches `recover_to` again."""
        self.recover_to = 0

    def close(self) -> None:
        """Nothing to let go of."""

    def _do(self, work: Any) -> None:
        if self.stage_saves:
            self.staged.append(work)
        else:
            work()

    def sync(self) -> None:
        """What was staged is durable."""
        staged, self.staged = self.staged, []
        for work in staged:
            work()

    def crash(self, random: Random) -> None:
        """Power is lost: of what was staged a prefix has reached the disk, each save as a whole."""
        staged, self.staged = self.staged, []
        for work in staged[: random.randint(0, len(staged))]:
            work()
        self.stage_saves = False

    def rot(self, random: Random) -> bool:
        """Spoil one entry of the log; whether there was one."""
        if not self.entries:
            return False
        self.rotten.add(random.choice(sorted(self.entries)))
        return True
