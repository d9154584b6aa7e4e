"""The last events of a tenant, for clients that come back: bounded, in memory, gone with the tenant.

An event is kept as what its groups heard. A client that comes back with the same topics and the same identity belongs
to the same groups, so it gets what it would have got; while it is away its groups are kept alive (see
`realtime_park`).
"""

from collections import deque
from collections.abc import Hashable, Sequence
from typing import NamedTuple

from pbe.tenant.realtime_identity import Needs
from pbe.tenant.realtime_subscription import Options

EVENTS_MAX = 2000
BYTES_MAX = 4 * 1024 * 1024
ENTRY_BYTES = 200


class Kept(NamedTuple):
    """What one group heard of an event."""

    topic: str
    options: Options
    needs: Needs
    who: Hashable
    data: bytes


class Entry(NamedTuple):
    """One event: its number, whose e-mail it may hold (see `realtime_message.owner_of`), what each group heard."""

    number: int
    owner_id: str
    heard: Sequence[Kept]


class Journal:
    """Events by number. Numbers begin at 1 with the tenant's loading and never repeat within it."""

    def __init__(self) -> None:
        self.number = 0
        self.keeping = False  # whether anybody could ask
        self._entries: deque[Entry] = deque()
        self._bytes = 0
        self._since = 0  # everything after this number is here

    def add(self, owner_id: str, heard: Sequence[Kept]) -> int:
        """Number an event, and keep it while somebody could ask for it."""
        self.number += 1
        if not self.keeping:
            self._since = self.number
            return self.number
        entry = Entry(self.number, owner_id, heard)
        self._entries.append(entry)
        self._bytes += _size(entry)
        while len(self._entries) > EVENTS_MAX or self._bytes > BYTES_MAX:
            gone = self._entries.popleft()
            self._since = gone.number
            self._bytes -= _size(gone)
        return self.number

    def after(self, number: int) -> list[Entry] | None:
        """The events after `number`, None where some of them are gone or the number is not of this tenant's loading."""
        if number < self._since or number > self.number:
            return None
        return [entry for entry in self._entries if entry.number > number]

    def forget(self) -> None:
        """Nobody can ask any more."""
        self._entries.clear()
        self._bytes = 0
        self._since = self.number
        self.keeping = False


def _size(entry: Entry) -> int:
    return ENTRY_BYTES + sum(len(kept.data) + ENTRY_BYTES for kept in entry.heard)
