"""Who follows the state: events by revision, as far back as a bounded ring reaches."""

from collections import deque
from collections.abc import Callable, Sequence

from pbe.fleet import Event

EVENTS_KEPT_MAX = 65_536
Listener = Callable[[int, Sequence[Event] | None], None]


class Watch:
    """The newest events, and listeners to the next ones.

    A listener is called with (revision, events) once per batch of applied commands, in order, each event once; with
    (revision, None) it has to read the whole state anew, which is then at that revision. It is called on the reactor's
    thread and must not wait; it may stop itself or others.
    """

    def __init__(self, revision: int, kept_max: int = EVENTS_KEPT_MAX) -> None:
        self._kept_max = kept_max
        self._kept: deque[Sequence[Event]] = deque()
        self._count = 0
        self._floor = revision
        self._revision = revision
        self._listeners: dict[int, tuple[int, Listener]] = {}
        self._next = 0

    @property
    def oldest(self) -> int:
        """The oldest revision that a listener can still resume from."""
        return self._floor

    def add(self, revision: int, listener: Listener) -> Callable[[], None]:
        """Tell the listener everything after `revision` (0 = everything, anew); the result stops it.

        A revision from the future, as another member may have given it, waits until this member gets there.
        """
        number = self._next = self._next + 1
        self._listeners[number] = (max(revision, self._revision), listener)
        if revision < self._floor or revision == 0:
            listener(self._revision, None)
        elif revision < self._revision:
            missed = [event for events in self._kept for event in events if event.revision > revision]
            listener(self._revision, missed)
        return lambda: self._remove(number)

    def _remove(self, number: int) -> None:
        self._listeners.pop(number, None)

    def publish(self, revision: int, events: Sequence[Event]) -> None:
        """The state has moved on to `revision` by these events."""
        self._revision = revision
        if not events:
            return
        self._kept.append(events)
        self._count += len(events)
        while self._count > self._kept_max and len(self._kept) > 1:
            gone = self._kept.popleft()
            self._count -= len(gone)
            self._floor = gone[-1].revision
        for number, (after, listener) in list(self._listeners.items()):
            if number not in self._listeners:
                continue
            fresh = events if events[0].revision > after else [event for event in events if event.revision > after]
            if fresh:
                listener(revision, fresh)

    def reset(self, revision: int) -> None:
        """The state was replaced by a snapshot: everybody has to read it anew."""
        self._kept.clear()
        self._count = 0
        self._floor = self._revision = revision
        for number, (_, listener) in list(self._listeners.items()):
            if number in self._listeners:
                self._listeners[number] = (revision, listener)
                listener(revision, None)
