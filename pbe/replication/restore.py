"""Builds a database file from a chain of LTX files: parallel ranged reads, decoding on workers, newest pages first."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from twisted.internet.defer import Deferred

from pbe.errors import Misuse, WorldError
from pbe.objects.store import TIMESTAMP_KEY, Object, ObjectStore
from pbe.pages.ltx import HEADER_BYTES, BrokenLtx, Header
from pbe.pages.page_set import PageSet
from pbe.pages.restore_plan import LtxInfo
from pbe.replication.restore_target import FileReader, RestoreTarget
from pbe.replication.settings import Settings
from pbe.replication.source import Runs

#: The database's checksum after the file, in its object's metadata.
SUM_KEY = "pbe-dbsum"
EPOCH_KEY = "pbe-epoch"


class BrokenReplica(WorldError):
    """An object of a replica is not what it should be; `subject` is its key."""

    recoverable = False


@dataclass(frozen=True, slots=True)
class Built:
    """A restored file: where in the chain it stands and what its pages are."""

    header: Header
    pages: PageSet
    sum_checked: bool
    files: int
    bytes_read: int


async def build(store: ObjectStore, workers: Runs, path: str, chain: Sequence[LtxInfo], settings: Settings) -> Built:
    """The database at `path` as the chain, oldest first, has it. BrokenReplica, StoreError, DiskError."""
    if not chain:
        raise Misuse("restore a database", path, hint="an empty chain")
    building = _Building(store, workers, path, chain, settings)
    try:
        return await building.run()
    except BaseException:
        building.abandon()
        raise


class _Building:
    """One restore on its way."""

    def __init__(
        self, store: ObjectStore, workers: Runs, path: str, chain: Sequence[LtxInfo], settings: Settings
    ) -> None:
        self._workers = workers
        self._path = path
        self._chain = chain
        self._pieces = _Pieces(store, list(reversed(chain)), settings)
        self._target: RestoreTarget | None = None
        self._sum = ""
        self._stamp_ms = 0
        self._bytes = 0

    async def run(self) -> Built:
        """All files, then the end."""
        newest = self._chain[-1]
        for info in reversed(self._chain):
            try:
                await self._lay(info)
            except BrokenLtx as error:
                raise BrokenReplica("restore a database", info.key, hint=str(error)) from error
        target = self._target
        if target is None:
            raise BrokenReplica("restore a database", newest.key, hint="the object is empty")
        try:
            await self._workers.run(target.finish, self._sum)
        except BrokenLtx as error:
            raise BrokenReplica("restore a database", newest.key, hint=str(error)) from error
        span = (self._chain[0].min_txid, newest.max_txid, self._stamp_ms)
        header = Header(target.page_size, target.commit, *span)
        return Built(header, target.pages, bool(self._sum), len(self._chain), self._bytes)

    async def _lay(self, info: LtxInfo) -> None:
        """One file, piece by piece."""
        reader: FileReader | None = None
        for _ in range(self._pieces.count(info)):
            found = await self._pieces.next()
            self._bytes += len(found.data)
            if self._target is None:
                self._sum = found.info.metadata.get(SUM_KEY, "")
                header = Header.unpack(found.data)
                self._stamp_ms = header.timestamp_ms
                self._target = RestoreTarget(self._path, header)
            reader = reader or FileReader(self._target)
            await self._workers.run(reader.feed, found.data)
        if reader is not None:
            await self._workers.run(reader.finish)

    def abandon(self) -> None:
        """Leaves nothing behind."""
        self._pieces.drop()
        if self._target is not None:
            self._target.abandon()


class _Pieces:
    """The bytes of several objects in order, read ahead in ranges; bounded by requests and by bytes."""

    def __init__(self, store: ObjectStore, files: Sequence[LtxInfo], settings: Settings) -> None:
        self._store = store
        self._step = settings.range_bytes
        self._todo = deque(
            (info.key, start, min(self._step, info.size - start) if info.size > self._step else None)
            for info in files
            for start in range(0, max(1, info.size), self._step)
        )
        self._ahead: deque[tuple[int, Deferred[Object]]] = deque()
        self._bytes = 0
        self._bytes_max = settings.fetch_bytes_max
        self._requests_max = settings.fetches_max

    def count(self, info: LtxInfo) -> int:
        """How many pieces an object has."""
        return len(range(0, max(1, info.size), self._step))

    async def next(self) -> Object:
        """The next piece; its place in the window goes to one that is not asked for yet."""
        self._fill()
        size, waiting = self._ahead.popleft()
        try:
            return await waiting
        finally:
            self._bytes -= size

    def _fill(self) -> None:
        while self._todo and len(self._ahead) < self._requests_max:
            key, start, length = self._todo[0]
            size = length or self._step
            if self._ahead and self._bytes + size > self._bytes_max:
                return
            self._todo.popleft()
            self._bytes += size
            self._ahead.append((size, Deferred.fromCoroutine(self._store.get(key, start=start, length=length))))

    def drop(self) -> None:
        """What is still on its way is nobody's: its errors are not reported."""
        self._todo.clear()
        for _, waiting in self._ahead:
            waiting.addErrback(lambda _: None)
        self._ahead.clear()


async def exact_times(store: ObjectStore, files: Iterable[LtxInfo], before_ms: int) -> list[LtxInfo]:
    """The files that were flushed before `before_ms`, with few questions.

    A listing has the time of upload, which is later than that of the flush; the exact one is in the metadata. Times
    rise with txids, so each level is searched by halves for its first file that is too new.
    """
    levels: dict[int, list[LtxInfo]] = {}
    for info in files:
        levels.setdefault(info.level, []).append(info)
    kept: list[LtxInfo] = []
    for found in levels.values():
        found.sort(key=lambda info: (info.max_txid, info.min_txid))
        low, high = 0, len(found)
        while low < high:
            middle = (low + high) // 2
            if await flushed_ms(store, found[middle], before_ms) < before_ms:
                low = middle + 1
            else:
                high = middle
        kept += [replace(info, created_ms=min(info.created_ms, before_ms - 1)) for info in found[:low]]
    return kept


async def flushed_ms(store: ObjectStore, info: LtxInfo, before_ms: int) -> int:
    """When `info` was flushed; a file that was uploaded before `before_ms` is not asked for."""
    if info.created_ms < before_ms or store.layout == "file":
        return info.created_ms
    noted = (await store.head(info.key)).metadata.get(TIMESTAMP_KEY)
    if noted is not None:
        return round(datetime.fromisoformat(noted).timestamp() * 1000)
    return Header.unpack((await store.get(info.key, start=0, length=HEADER_BYTES)).data).timestamp_ms
