"""The control plane's side of the route watch: a short history, and the whole state for whoever is further behind."""

from collections import deque
from collections.abc import Callable, Iterable
from typing import Any

import msgspec

from pbe.fleet.records import Record
from pbe.fleet.state import Event
from pbe.routing.feed import TABLES

HISTORY_REVISIONS_MAX = 10_000
PIECE_RECORDS = 5000
Emit = Callable[[int, Any], None]
Changes = list[list[Any]]


class RoutePublisher:
    """A source for the topic `feed.TOPIC`.

    state: the present revision and every record of TABLES as (table, key, record); called only for watchers that the
    history cannot serve. `publish` is given every event of the state machine, in order.
    """

    def __init__(self, state: Callable[[], tuple[int, Iterable[tuple[str, str, Record]]]], revision: int) -> None:
        self._state = state
        self._history: deque[tuple[int, Changes]] = deque()
        self._since = revision  # the history holds everything after this revision
        self._emits: dict[int, Emit] = {}
        self._next = 0

    @property
    def watcher_count(self) -> int:
        """Who listens now."""
        return len(self._emits)

    def publish(self, events: Iterable[Event]) -> None:
        """The events of one command, all of one revision."""
        changes: Changes = []
        revision = 0
        for event in events:
            revision = event.revision
            if event.table in TABLES:
                changes.append([event.table, event.key, plain(event.value)])
        if not changes:
            return
        self._history.append((revision, changes))
        if len(self._history) > HISTORY_REVISIONS_MAX:
            self._since = self._history.popleft()[0]
        for emit in list(self._emits.values()):
            emit(revision, {"changes": changes})

    def reset(self, revision: int) -> None:
        """The state was replaced by a snapshot: everyone is sent the whole of it."""
        self._history.clear()
        self._since = revision
        for emit in list(self._emits.values()):
            self._send_all(emit)

    def source(self, revision: int, emit: Emit) -> Callable[[], None]:
        """Everything after `revision`, then what happens; revision 0 asks for the whole state."""
        newest = self._history[-1][0] if self._history else self._since
        if revision < max(self._since, 1) or revision > newest:
            self._send_all(emit)
        else:
            for past, changes in self._history:
                if past > revision:
                    emit(past, {"changes": changes})
        self._next += 1
        number = self._next
        self._emits[number] = emit

        def stop() -> None:
            self._emits.pop(number, None)

        return stop

    def _send_all(self, emit: Emit) -> None:
        revision, records = self._state()
        piece: Changes = []
        first = True
        for table, key, record in records:
            piece.append([table, key, plain(record)])
            if len(piece) == PIECE_RECORDS:
                emit(0, {"reset": True, "first": first, "changes": piece, "more": True})
                piece, first = [], False
        emit(revision, {"reset": True, "first": first, "changes": piece, "more": False})


def plain(record: Any) -> Any:
    """A record as plain data, None as itself."""
    return None if record is None else msgspec.to_builtins(record)
