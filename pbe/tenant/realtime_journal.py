"""The last events of a tenant, for clients that come back: bounded, in memory, gone with the tenant.

An event is kept as what its groups heard. A client that comes back with the same topics and the same identity belongs
to the same groups, so it gets what it would have got; while it is away its groups are kept alive (see
`Realtime.park`).
"""

from collections import deque
from collections.abc import Hashable, Iterable

EVENTS_MAX = 2000
BYTES_MAX = 4 * 1024 * 1024
ENTRY_BYTES = 200
Entry = tuple[int, list[tuple[Hashable, bytes]], int]


class Journal:
    """Events by number. Numbers begin at 1 with the tenant's loading and never repeat within it."""

    def __init__(self) -> None:
        self.number = 0
        self.keeping = False  # whether anybody could ask
        self._entries: deque[Entry] = deque()
        self._bytes = 0
        self._since = 0  # everything after this number is here

    def add(self, heard: list[tuple[Hashable, bytes]]) -> int:
        """Number an event, and keep it while somebody could ask for it."""
        self.number += 1
        if not self.keeping:
            self._since = self.number
            return self.number
        size = ENTRY_BYTES + sum(len(data) + ENTRY_BYTES for _, data in heard)
        self._entries.append((self.number, heard, size))
        self._bytes += size
        while len(self._entries) > EVENTS_MAX or self._bytes > BYTES_MAX:
            self._since, _, gone = self._entries.popleft()
            self._bytes -= gone
        return self.number

    def after(self, number: int) -> Iterable[tuple[int, list[tuple[Hashable, bytes]]]] | None:
        """The events after `number`, None where some of them are gone or the number is not of this tenant's loading."""
        if number < self._since or number > self.number:
            return None
        return [(at, heard) for at, heard, _ in self._entries if at > number]

    def forget(self) -> None:
        """Nobody can ask any more."""
        self._entries.clear()
        self._bytes = 0
        self._since = self.number
        self.keeping = False
