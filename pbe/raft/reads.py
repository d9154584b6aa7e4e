"""Reads that wait for a leader to prove that it still leads (ReadIndex, thesis 6.4)."""

import msgspec


class Read(msgspec.Struct, frozen=True, gc=False):
    """One read: `context` is its number with whoever asked, `member` is who asked."""

    context: int
    member: str


class ReadQueue:
    """One round of heartbeats proves leadership for all reads that wait when it begins; later ones join the next."""

    __slots__ = ("_max", "acks", "index", "number", "running", "waiting")

    def __init__(self, waiting_max: int) -> None:
        self._max = waiting_max
        self.waiting: list[Read] = []
        self.running: list[Read] = []
        self.number = 0
        self.index = 0
        self.acks: dict[str, bool] = {}

    @property
    def full(self) -> bool:
        """Whether no more reads may wait."""
        return len(self.waiting) + len(self.running) >= self._max

    def begin(self, index: int, member: str) -> int:
        """Start the next round for all that wait, to be answered with the commit index of now; its number."""
        self.number += 1
        self.running, self.waiting = self.waiting, []
        self.index = index
        self.acks = {member: True}
        return self.number

    def finish(self) -> tuple[int, list[Read]]:
        """End the round: its index and its reads."""
        done, self.running = self.running, []
        self.acks = {}
        return self.index, done

    def drain(self) -> list[int]:
        """Give up: the contexts of this member's own reads are returned as lost; others' asked here will ask again.

        Round numbers keep growing, so that an answer to an old round never counts for a new one.
        """
        lost = [read.context for read in (*self.running, *self.waiting) if not read.member]
        self.running, self.waiting, self.acks = [], [], {}
        return lost
