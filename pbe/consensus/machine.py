"""The state machine behind the log: applies what is committed, remembers how far, and writes it behind to the store."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import msgspec

from pbe.consensus.watch import Watch
from pbe.fleet import Event, Fleet, Meta
from pbe.fleet.state import State
from pbe.fleet.tables import encode
from pbe.raft import CONFIG, Config, Entry, HardState, SnapshotMeta
from pbe.storage.control import Checkpoint, ControlStore, Loaded

Outcome = Callable[[str, Any], None]
_decode_meta = msgspec.msgpack.Decoder(Meta).decode


class Machine:
    """The fleet at index `applied`, its watchers, and what the store does not have of it yet.

    on_outcome(request id, result) is called for each command applied, also for those of other members.
    """

    def __init__(self, loaded: Loaded, on_outcome: Outcome) -> None:
        checkpoint = loaded.checkpoint
        self.fleet = fleet_of(checkpoint, loaded.records)
        self.applied, self.term = checkpoint.index, checkpoint.term
        self.watch = Watch(self.fleet.revision)
        self._on_outcome = on_outcome
        self._stored = checkpoint.index
        self._stored_config = checkpoint.config

    def apply(self, entries: Sequence[Entry]) -> None:
        """Apply committed entries, tell who waits for them, then the watchers."""
        events: list[Event] = []
        outcomes: list[tuple[str, Any]] = []
        for entry in entries:
            if entry.kind != CONFIG and entry.data:
                applied = self.fleet.apply(entry.data)
                events.extend(applied.events)
                outcomes.append((applied.request_id, applied.result))
            self.applied, self.term = entry.index, entry.term
        for request_id, result in outcomes:
            self._on_outcome(request_id, result)
        self.watch.publish(self.fleet.revision, events)

    def behind(self, config: Config) -> bool:
        """Whether the store lacks anything."""
        return self.applied != self._stored or config != self._stored_config

    def checkpoint(self, store: ControlStore, config: Config, offset: tuple[int, int]) -> None:
        """Write what has changed, with the index it is at, and let the log forget up to `offset`."""
        dirty = self.fleet.state.take_dirty()
        changes = [
            (table, key, None if record is None else encode(record)) for (table, key), record in sorted(dirty.items())
        ]
        store.checkpoint(self._frame(self.applied, self.term, config), changes, offset)
        self._stored, self._stored_config = self.applied, config

    def _frame(self, index: int, term: int, config: Config) -> Checkpoint:
        return Checkpoint(index, term, config, encode(self.fleet.meta()))

    def replace(self, meta: SnapshotMeta, fleet: Fleet) -> None:
        """Take over the state of a snapshot, which the store has already."""
        self.fleet = fleet
        self.applied = self._stored = meta.index
        self.term = meta.term
        self._stored_config = meta.config
        self.watch.reset(fleet.revision)


def begin(store: ControlStore, config: Config) -> Loaded:
    """Begin a cluster: as if a snapshot of an empty state with this configuration had been taken at index 1, term 1.

    All first members begin with the same one; whoever joins later finds entry 1 compacted, and is sent a snapshot.
    """
    hard = HardState(term=1, commit=1)
    store.install(hard, Checkpoint(1, 1, config, encode(Fleet().meta())), [])
    return store.load()


def fleet_of(checkpoint: Checkpoint, records: Iterable[tuple[str, str, bytes]]) -> Fleet:
    """The fleet of a checkpoint; raises InvariantBroken when its records do not have the hash that it names."""
    state = State()
    for table, key, data in records:
        state.load(table, key, data)
    if not checkpoint.meta:
        return Fleet(state)
    return Fleet.of(state, _decode_meta(checkpoint.meta))
