"""What a replica needs beside its appends: merged levels, snapshots, and an end for what nobody needs.

Theory of operation. An append sets a turn at the next boundary of level 1; a turn merges what is due, takes a snapshot
where restores have become long or a day has passed, deletes what is obsolete, and sets the next turn only where
something is left to do. So a database that is not written to costs a few turns and then none. A turn and a flush may
run at the same time: a turn only reads what is acknowledged, and appends to other levels.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from zlib import crc32

from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from pbe.errors import PbeError
from pbe.objects.store import TIMESTAMP_KEY
from pbe.pages.compaction import LEVEL_SECONDS, bytes_since_snapshot, due, inputs, merge, snapshots
from pbe.pages.ltx import BrokenLtx, Header, decode, trailer_checksum
from pbe.pages.restore_plan import LtxInfo
from pbe.pages.retention import obsolete
from pbe.replication.keys import file_key
from pbe.replication.lease import Fenced
from pbe.replication.recent_files import RecentFiles
from pbe.replication.replica import Replica, rfc3339
from pbe.replication.restore import SUM_KEY, BrokenReplica
from pbe.replication.services import Services
from pbe.replication.snapshot import heal, take_snapshot
from pbe.replication.uploader import Parcel

MERGES_PER_TURN_MAX = 20
DELETE_EVERY_S = 600.0
SNAPSHOT_EVERY_S = 600.0


def merge_bytes(keys: list[str], parts: list[bytes]) -> bytes:
    """The files merged into one; BrokenReplica names the one at fault. On a worker."""
    files = []
    for key, part in zip(keys, parts, strict=True):
        try:
            files.append(decode(part))
        except BrokenLtx as error:
            raise BrokenReplica("merge files", key, hint=str(error)) from error
    return merge(files)


class Maintenance:
    """Looks after one replica. `recent` is shared by the node."""

    def __init__(self, services: Services, replica: Replica, recent: RecentFiles) -> None:
        self._services = services
        self._settings = services.settings
        self._replica = replica
        self._recent = recent
        now = services.now()
        self._merged_s = dict.fromkeys(LEVEL_SECONDS, now)
        self._deleted_s = self._snapshot_s = 0.0
        self._changed_s = now
        self._running = False
        self._set_s: float | None = None
        replica.shipped = self._shipped

    def _shipped(self, info: LtxInfo, data: bytes | None, total: str) -> None:
        """Something was appended."""
        self._changed_s = self._services.now()
        if data is not None and info.min_txid > 1:
            self._recent.put(info.key, data, total)
        self.wake()

    def wake(self, level: int = 1) -> None:
        """Sets a turn at the next boundary of `level`, unless an earlier one is set."""
        period = LEVEL_SECONDS[level]
        self._at(period - self._services.now() % period)

    def _at(self, delay_s: float) -> None:
        # Databases share boundaries, not moments: each has its own fraction of a second.
        spread_s = crc32(self._replica.label.encode()) % 1000 / 1000
        moment_s = self._services.clock.seconds() + delay_s + spread_s
        if self._running or self._replica.state != "live" or (self._set_s is not None and self._set_s <= moment_s):
            return
        self._set_s = moment_s
        self._services.wheel.at(moment_s, lambda: self._begin(moment_s))

    def _begin(self, moment_s: float) -> None:
        if self._set_s != moment_s:
            return
        self._set_s = None
        if self._replica.state == "live" and not self._running:
            self._running = True
            Deferred.fromCoroutine(self.turn()).addErrback(self._crashed)

    def _crashed(self, failure: Failure) -> None:
        self._services.alert(f"looking after {self._replica.label} failed: {failure.getTraceback()}")

    async def turn(self) -> None:
        """Does what is due, and sets the next turn where something is left."""
        self._running = True
        retry = False
        try:
            for part in (self._merge_levels, self._snapshot, self._delete):
                if self._replica.state == "live":
                    await self._sound(part)
        except Fenced as error:
            self._replica.fence(error)
        except PbeError as error:
            retry = True
            self._services.alert(f"{self._replica.label} could not be looked after, it is tried again: {error}")
        finally:
            self._running = False
        self._again(retry)

    async def _sound(self, part: Callable[[], Awaitable[None]]) -> None:
        """Runs a part of a turn; an object that turns out to be broken is reported, and the database shipped anew."""
        try:
            await part()
        except BrokenReplica as error:
            self._services.counters.broken += 1
            self._services.alert(f"CORRUPT: {error}; {self._replica.label} is shipped anew from its disk")
            await self._replica.alone(partial(heal, self._services, self._replica, error.subject))

    def _again(self, retry: bool) -> None:
        files, limit, now_ms = self._replica.files, self._settings.merge_bytes_max, int(self._services.now() * 1000)
        pending = [
            level for level, period_s in LEVEL_SECONDS.items() if inputs(files, level, limit, now_ms + period_s * 1000)
        ]
        if retry or pending:
            self.wake(pending[0] if pending else 1)
        elif self._changed_s > self._deleted_s - self._settings.window.level0_s:
            # Once more when the newest files of level 0 are old enough to go.
            self._at(self._settings.window.level0_s + DELETE_EVERY_S)

    async def _merge_levels(self) -> None:
        now = self._services.now()
        for level in LEVEL_SECONDS:
            if due(level, self._merged_s[level], now):
                for _ in range(MERGES_PER_TURN_MAX):
                    chain = inputs(self._replica.files, level, self._settings.merge_bytes_max, int(now * 1000))
                    if not chain:
                        break
                    await self._merge(level, chain)
                self._merged_s[level] = now

    async def _merge(self, level: int, chain: list[LtxInfo]) -> None:
        parts, total = [], ""
        for info in chain:
            found = self._recent.take(info.key)
            if found is None:
                stored = await self._services.store.get(info.key)
                found = stored.data, stored.info.metadata.get(SUM_KEY, "")
            parts.append(found[0])
            total = found[1]
        merged = await self._services.workers.run(merge_bytes, [info.key for info in chain], parts)
        header = Header.unpack(merged)
        span = (header.min_txid, header.max_txid)
        replica = self._replica
        key = file_key(self._services.store.layout, replica.tenant_id, replica.name, level, *span)
        metadata = {TIMESTAMP_KEY: rfc3339(header.timestamp_ms)}
        if total:
            metadata[SUM_KEY] = total
        await self._services.uploader.place(Parcel(key, trailer_checksum(merged), 0, metadata, merged))
        stored_ms = int(self._services.now() * 1000)
        replica.files.append(LtxInfo(level, *span, len(merged), header.timestamp_ms, key, stored_ms))
        self._services.counters.compactions += 1

    def _wants_snapshot(self) -> bool:
        """Whether restores read much beside the newest snapshot, or it is a day old and something has changed."""
        replica, now = self._replica, self._services.now()
        whole = snapshots(replica.files)
        if not whole or now - self._snapshot_s < SNAPSHOT_EVERY_S:
            return False
        newest = whole[-1]
        if newest.max_txid >= max(info.max_txid for info in replica.files):
            return False
        half = len(replica.log.pages) * replica.source.page_size // 2
        long = bytes_since_snapshot(replica.files) > max(self._settings.snapshot_bytes_min, half)
        return long or now * 1000 - newest.created_ms >= self._settings.snapshot_s * 1000

    async def _snapshot(self) -> None:
        if not self._wants_snapshot():
            return
        self._snapshot_s = self._services.now()
        await take_snapshot(self._services, self._replica)

    async def _delete(self) -> None:
        """Deletes what is obsolete, by the owner only: the lease is read first."""
        now = self._services.now()
        if now - self._deleted_s < DELETE_EVERY_S:
            return
        self._deleted_s = now
        gone = obsolete(self._replica.files, int(now * 1000), self._settings.window)
        if gone:
            await self._replica.confirm()
            await self._services.store.delete([info.key for info in gone])
            keys = {info.key for info in gone}
            self._replica.files[:] = [info for info in self._replica.files if info.key not in keys]
