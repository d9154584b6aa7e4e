"""Small things to remember for a while: that a mail was just sent, a name that a later request asks for."""

from collections.abc import Callable
from typing import Any

ENTRIES_MAX = 10_000


class Ephemera:
    """Values by name, each until its time is over. Gone when the tenant is evicted; past ENTRIES_MAX the oldest go."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._entries: dict[str, tuple[float, Any]] = {}

    def put(self, name: str, value: Any, seconds: float) -> None:
        """Keep `value` for `seconds`."""
        self._entries.pop(name, None)
        if len(self._entries) >= ENTRIES_MAX:
            self._make_room()
        self._entries[name] = (self._now() + seconds, value)

    def get(self, name: str) -> Any:
        """The value, None where there is none any more."""
        entry = self._entries.get(name)
        if entry is None:
            return None
        if entry[0] <= self._now():
            del self._entries[name]
            return None
        return entry[1]

    def pop(self, name: str) -> Any:
        """The value, which is forgotten with this."""
        value = self.get(name)
        self._entries.pop(name, None)
        return value

    def _make_room(self) -> None:
        now = self._now()
        self._entries = {name: entry for name, entry in self._entries.items() if entry[0] > now}
        for name in list(self._entries)[: max(len(self._entries) - ENTRIES_MAX + 1, 0)]:
            del self._entries[name]
