"""What a leader knows of one member's log, and how it sends to it."""

from collections import deque

PROBE, REPLICATE, SNAPSHOT = "probe", "replicate", "snapshot"


class Inflights:
    """The appends sent and not acknowledged yet: at most so many messages and so many bytes."""

    __slots__ = ("_bytes", "_bytes_max", "_count_max", "_sent")

    def __init__(self, count_max: int, bytes_max: int) -> None:
        self._count_max, self._bytes_max = count_max, bytes_max
        self._sent: deque[tuple[int, int]] = deque()
        self._bytes = 0

    @property
    def full(self) -> bool:
        """Whether nothing more may be sent."""
        return len(self._sent) >= self._count_max or self._bytes >= self._bytes_max

    def add(self, last: int, size: int) -> None:
        """An append up to index `last` was sent."""
        self._sent.append((last, size))
        self._bytes += size

    def free(self, index: int) -> None:
        """Everything up to `index` has arrived."""
        while self._sent and self._sent[0][0] <= index:
            self._bytes -= self._sent.popleft()[1]

    def clear(self) -> None:
        """Forget all."""
        self._sent.clear()
        self._bytes = 0

    def __len__(self) -> int:
        return len(self._sent)


class Progress:
    """One member as the leader sees it.

    Theory of operation. PROBE: where the logs meet is not known, one append at a time, `paused` until an answer or a
    heartbeat's. REPLICATE: appends are pipelined, `next` runs ahead of `match`. SNAPSHOT: nothing is sent until the
    member has the log back that the leader still has.

        PROBE --match known--> REPLICATE --rejection, loss--> PROBE --log compacted--> SNAPSHOT --done, failed--> PROBE
    """

    __slots__ = (
        "active",
        "inflights",
        "match",
        "match_at_heartbeat",
        "next",
        "paused",
        "pending_snapshot",
        "sent_at_heartbeat",
        "sent_commit",
        "state",
    )

    def __init__(self, next_index: int, inflights: Inflights) -> None:
        self.match = 0
        self.next = next_index
        self.state = PROBE
        self.paused = False
        self.active = False
        self.inflights = inflights
        self.pending_snapshot = 0
        self.match_at_heartbeat = 0
        self.sent_at_heartbeat = 0
        self.sent_commit = 0

    @property
    def held(self) -> bool:
        """Whether no append may be sent now."""
        if self.state == PROBE:
            return self.paused
        return self.state == SNAPSHOT or self.inflights.full

    def become_probe(self) -> None:
        """Ask again where the logs meet."""
        self.next = max(self.match + 1, self.pending_snapshot + 1 if self.state == SNAPSHOT else 0)
        self._become(PROBE)

    def become_replicate(self) -> None:
        """Pipeline from here on."""
        self.next = self.match + 1
        self._become(REPLICATE)

    def become_snapshot(self, index: int) -> None:
        """A snapshot up to `index` is on its way."""
        self._become(SNAPSHOT)
        self.pending_snapshot = index

    def _become(self, state: str) -> None:
        self.state = state
        self.paused = False
        self.pending_snapshot = 0
        self.inflights.clear()

    def sent(self, last: int, size: int) -> None:
        """An append with entries up to `last` was sent."""
        if self.state == REPLICATE:
            self.next = last + 1
            self.inflights.add(last, size)
        else:
            self.paused = True

    def silent_since_heartbeat(self) -> bool:
        """Whether what was sent before the last heartbeat's answer is still not acknowledged; notes the marks.

        Comparing with the marks of the answer before, and not with the log's end, is what keeps a busy pipeline from
        being sent twice.
        """
        silent = self.match == self.match_at_heartbeat and self.match < self.sent_at_heartbeat
        self.match_at_heartbeat, self.sent_at_heartbeat = self.match, self.next - 1
        return silent

    def acknowledged(self, index: int) -> bool:
        """The member has everything up to `index`; whether that is news."""
        self.next = max(self.next, index + 1)
        if index <= self.match:
            return False
        self.match = index
        self.paused = False
        return True

    def rejected(self, index: int, hint: int) -> bool:
        """The member lacks entry `index`, and could meet at `hint`; False when the answer is an old one."""
        if self.state == REPLICATE:
            if index <= self.match:
                return False
            self.next = self.match + 1
            return True
        if self.next - 1 != index:
            return False
        if index == self.match:
            # It had that entry and lost it, as when its disk was damaged: what it is counted for goes back with it.
            self.match = min(self.match, hint)
        self.next = max(min(index, hint + 1), self.match + 1)
        self.paused = False
        return True
