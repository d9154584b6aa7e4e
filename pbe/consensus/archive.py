"""Snapshots in the object store: the leader writes one now and then, and the newest brings a lost cluster back."""

from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import LoopingCall
from twisted.logger import Logger

from pbe.consensus.control_plane import ControlPlane
from pbe.consensus.snapshot_file import PREFIX, Snapshot, SnapshotBroken, key_of, pack, place_of, unpack
from pbe.errors import InvariantBroken, ObjectMissing, StoreError, Unavailable
from pbe.objects.store import ObjectStore

PERIOD_S = 600.0
SNAPSHOTS_KEPT = 24
_log = Logger()


class Archive:
    """The snapshots of one cluster. `start` lets a leader write one each PERIOD_S in which the state has changed."""

    def __init__(self, store: ObjectStore, plane: ControlPlane, clock: IReactorTime) -> None:
        self._store = store
        self._plane = plane
        self._clock = clock
        self._saved_revision = 0
        self._loop = LoopingCall(self._now_and_then)
        self._loop.clock = clock
        plane.serve("raft.snapshot", self._save_for)

    def start(self) -> None:
        """Begin."""
        self._loop.start(PERIOD_S, now=False)

    def stop(self) -> None:
        """End; a snapshot under way is left alone."""
        if self._loop.running:
            self._loop.stop()

    async def snapshot(self) -> dict[str, Any]:
        """Have the leader, wherever it is, write a snapshot now: its key, term, index and bytes."""
        if self._plane.is_leader:
            return await self.save()
        answer: dict[str, Any] = await self._plane.ask_leader("raft.snapshot", None, 30.0)
        return answer

    async def _save_for(self, payload: Any) -> dict[str, Any]:
        return await self.save()

    async def save(self) -> dict[str, Any]:
        """Write the state as this member has it, a piece in a turn of the reactor; older ones beyond the limit go."""
        index, term = self._plane.applied
        revision = self._plane.fleet.revision
        parts = []
        for piece in pack(term, index, self._plane.fleet):
            parts.append(piece)
            await self._turn()
        data = b"".join(parts)
        key = key_of(term, index)
        try:
            await self._store.put(key, data)
            await self._thin()
        except StoreError as error:
            raise Unavailable("The object store did not take the snapshot.", cause=str(error)) from error
        self._saved_revision = revision
        return {"key": key, "term": term, "index": index, "bytes": len(data)}

    async def _turn(self) -> None:
        waiting: Deferred[None] = Deferred()
        self._clock.callLater(0, waiting.callback, None)
        await waiting

    async def _thin(self) -> None:
        await self._store.delete([key for _, key in (await listed(self._store))[:-SNAPSHOTS_KEPT]])

    def _now_and_then(self) -> None:
        if self._plane.is_leader and self._plane.fleet.revision != self._saved_revision:
            saving = Deferred.fromCoroutine(self.save())
            saving.addErrback(lambda f: _log.error("no snapshot was written: {why}", why=str(f.value)))


async def listed(store: ObjectStore) -> list[tuple[tuple[int, int], str]]:
    """((term, index), key) of every snapshot, the newest last."""
    found = [(place_of(info.key), info.key) for info in await store.list(PREFIX)]
    return sorted((place, key) for place, key in found if place is not None)


async def newest(store: ObjectStore) -> tuple[str, Snapshot]:
    """The newest snapshot that is whole, with its key; one that is damaged is passed over with a loud word."""
    for _, key in reversed(await listed(store)):
        try:
            return key, unpack((await store.get(key)).data, key)
        except (SnapshotBroken, InvariantBroken) as error:
            _log.error("{key} cannot be used: {why}", key=key, why=str(error))
    raise ObjectMissing("restore", PREFIX, hint="there is no whole snapshot in this store")
