"""One database on its way to the store.

Theory of operation. Commits mark the database dirty. A flush reads what the log has committed since the last one, makes
one LTX file of it, and appends it to the log in the store under the next txid; at most one flush is on its way, and
what is committed meanwhile rides the next. An append is repeated with the same bytes until it succeeds or finds the
key taken by somebody else, which ends the replica: state "fenced". While the store is away nothing is encoded and
nothing is checkpointed: the log on disk is the queue, and `before_write` refuses writes once it is too long.

    live --append finds another writer, or the lease is another's--> fenced
    live, fenced --detach--> detached
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from pbe.errors import PbeError, Unavailable
from pbe.objects.store import TIMESTAMP_KEY
from pbe.pages.page_set import PageSet
from pbe.pages.restore_plan import LtxInfo
from pbe.replication.flush import Flushed, Order
from pbe.replication.keys import file_key
from pbe.replication.lease import Fenced, confirm
from pbe.replication.log_keeper import LogKeeper
from pbe.replication.position import Position
from pbe.replication.restore import EPOCH_KEY, SUM_KEY
from pbe.replication.services import Services, Standing
from pbe.replication.source import Source
from pbe.replication.uploader import Parcel
from pbe.replication.waiters import Waiters

#: A database that was quiet for so long begins again with the shortest flush interval.
QUIET_S = 3.0


class Replica:
    """Made by `Replicator.attach`. Everything here runs on the reactor's thread but what it gives to workers."""

    def __init__(self, services: Services, tenant_id: str, source: Source, epoch: int, standing: Standing) -> None:
        self.tenant_id = tenant_id
        self.name = source.name
        self.label = f"{tenant_id}/{source.name}"
        self.source = source
        self.epoch = epoch
        self.state = "live"
        self.files = standing.files
        pages = standing.pages or PageSet(source.page_size)
        self.log = LogKeeper(services, source, self.label, pages, standing.position, standing.sealed)
        self._services = services
        self._settings = services.settings
        self._txid = standing.txid
        self._checksum = standing.checksum
        self._stamp_ms = standing.newest.timestamp_ms if standing.newest is not None else 0
        self._sum = pages.text() if pages.complete else ""
        self._commits = self._flushing = self._shipped = 0
        self._shipped_frames = 0
        self._undelivered: tuple[Flushed, int, int] | None = None
        self._pumping = self._scheduled = False
        self._dirty_since: float | None = None
        self._busy_since = self._flushed_at = services.clock.seconds()
        self._confirmed_at = services.clock.seconds()
        self._durable = Waiters(services.clock)
        self._reached = Waiters(services.clock)
        self._idle = Waiters(services.clock)
        #: Called once the replica is detached.
        self.forget: Callable[[], None] = lambda: None
        #: Called after each append with the new file and, where they are small, its bytes and the database's checksum.
        self.shipped: Callable[[LtxInfo, bytes | None, str], None] = lambda info, data, total: None

    @property
    def position(self) -> Position:
        """Where the replica stands now."""
        dirty = self._dirty_since
        lag_s = 0.0 if dirty is None else max(0.0, self._services.clock.seconds() - dirty)
        return Position(self._txid, self.pending_txid, self.epoch, lag_s, self.backlog_bytes, self._sum, self.state)

    @property
    def pending_txid(self) -> int:
        """The txid that carries everything committed so far."""
        if not self.dirty:
            return self._txid
        return self._txid + (1 if not self._pumping or self._commits == self._flushing else 2)

    @property
    def backlog_bytes(self) -> int:
        """Bytes of the log that are not in the store yet."""
        return (self.log.appended - self._shipped_frames) * self.log.frame_bytes

    @property
    def dirty(self) -> bool:
        """Whether something is committed that is not in the store."""
        return self._commits > self._shipped

    def listen(self, *, sync: bool) -> None:
        """Hangs the replica into its database."""
        self.source.on_commit = self._on_commit
        self.source.before_write = self._before_write
        self.source.durable = self.durable if sync else None

    def _on_commit(self, frames: int) -> None:
        self.log.committed(frames)
        self._commits += 1
        if self._dirty_since is None:
            now = self._dirty_since = self._services.clock.seconds()
            if now - self._flushed_at > QUIET_S:
                self._busy_since = now
            self._schedule()

    def _before_write(self) -> None:
        if self.state != "live":
            raise Unavailable(cause=f"the replica of {self.label} is {self.state}")
        if self.backlog_bytes > self._settings.backlog_bytes_max:
            raise Unavailable(retry_after_s=5, cause=f"{self.backlog_bytes} bytes of {self.label} wait for the store")
        self.log.before_write()

    def _interval(self) -> float:
        """Seconds from a first commit to its flush: longer where commits have not paused for long."""
        busy_s = self._services.clock.seconds() - self._busy_since
        settings = self._settings
        return min(settings.flush_s_max, settings.flush_s_min * (1 + busy_s // settings.busy_s))

    def _schedule(self) -> None:
        if self._scheduled or self._pumping or self._dirty_since is None or self.state != "live":
            return
        self._scheduled = True
        self._services.wheel.at(self._dirty_since + self._interval(), self._due)

    def _due(self) -> None:
        self._scheduled = False
        self.flush_soon()

    def flush_soon(self) -> None:
        """Begins a flush now, unless one is on its way or there is nothing to ship."""
        if not self._pumping and self.dirty and self.state == "live":
            self._pumping = True
            Deferred.fromCoroutine(self._pump()).addErrback(self._crashed)

    async def _pump(self) -> None:
        """Flushes until nobody waits; then the wheel takes over."""
        try:
            while self.dirty and self.state == "live":
                await self.flush()
                if not self._durable and not self._idle:
                    break
        except Fenced as error:
            self.fence(error)
        except PbeError as error:
            self._services.alert(f"{self.label} could not be flushed, it is tried again: {error}")
            self._services.wheel.after(self._settings.retry_s_max, self.flush_soon)
        finally:
            self._pumping = False
            self._idle.reached(0)
        self._schedule()

    def _crashed(self, failure: Failure) -> None:
        """A mistake of ours: the database stays dirty, and an operator hears of it."""
        self._services.alert(f"flushing {self.label} failed: {failure.getTraceback()}")

    async def flush(self) -> None:
        """One flush: what is committed now is in the store when this returns. Only one may run."""
        since, self._dirty_since = self._dirty_since, None
        try:
            if self._undelivered is None:
                commits, frames = self._commits, self.log.appended
                self._flushing = commits
                self._undelivered = (await self.log.read(self.next_order), commits, frames)
            # What was read is read: whatever becomes of this attempt, the next one ships the same file.
            flushed, commits, frames = self._undelivered
            await self.ship(flushed)
            self._undelivered = None
        except BaseException:
            self._dirty_since = since if since is not None else self._dirty_since
            raise
        self._shipped = max(commits, self._shipped)
        self._shipped_frames = max(frames, self._shipped_frames)
        self._flushed_at = self._services.clock.seconds()
        self._durable.reached(self._shipped)
        if self.state == "live":
            self.log.tidy()

    async def alone(self, work: Callable[[], Awaitable[None]]) -> None:
        """Runs work that appends by itself, with no flush on its way."""
        while self._pumping:
            await self._idle.wait(0, self._settings.attach_s_max)
        self._pumping = True
        try:
            if self._undelivered is not None:
                await self.ship(self._undelivered[0])
                self._undelivered = None
            await work()
        finally:
            self._pumping = False
            self._idle.reached(0)
        self._schedule()

    def next_order(self) -> Order:
        """Name and time of the next file; times never fall."""
        self._stamp_ms = max(self._stamp_ms, int(self._services.now() * 1000))
        return Order(self._txid + 1, self._stamp_ms, self.epoch)

    async def ship(self, flushed: Flushed, tries_s_max: float | None = None) -> None:
        """Appends a flushed file; nothing where no page has changed."""
        header = flushed.header
        self._sum = flushed.sum or self._sum
        if header is None:
            if self._durable:
                # No append will tell whether the tenant is still ours, and somebody waits.
                await self.confirm()
            return
        await self._confirm()
        key = file_key(self._services.store.layout, self.tenant_id, self.name, 0, header.min_txid, header.max_txid)
        metadata = {TIMESTAMP_KEY: rfc3339(header.timestamp_ms), EPOCH_KEY: str(self.epoch)}
        if flushed.sum:
            metadata[SUM_KEY] = flushed.sum
        size = flushed.size
        parcel = Parcel(key, flushed.checksum, self.epoch, metadata, flushed.data, flushed.path)
        await self._services.uploader.append(parcel, tries_s_max)
        if flushed.path is not None:
            flushed.path.unlink(missing_ok=True)
        if flushed.position is not None or flushed.path is not None:
            self.log.shipped(header)
        self._txid, self._checksum = header.max_txid, flushed.checksum
        self._confirmed_at = self._services.clock.seconds()
        stored_ms = int(self._services.now() * 1000)
        info = LtxInfo(0, header.min_txid, header.max_txid, size, header.timestamp_ms, key, stored_ms)
        self.files.append(info)
        counters = self._services.counters
        counters.flushes += 1
        counters.bytes_shipped += size
        self._reached.reached(self._txid)
        self.shipped(info, flushed.data, flushed.sum)

    async def _confirm(self) -> None:
        """Whoever has been silent for long asks whether the tenant is still his before he appends."""
        if self._services.clock.seconds() - self._confirmed_at > self._settings.confirm_s:
            await self.confirm()

    async def confirm(self) -> None:
        """Reads the lease; Fenced where it is another's by now."""
        await confirm(self._services.store, self.tenant_id, self.epoch, self._services.node_id)
        self._confirmed_at = self._services.clock.seconds()

    async def durable(self) -> None:
        """Returns once all that is committed now is in the store.

        Unavailable where another node has the tenant (it never will be), OutcomeUnknown after `durable_s_max`.
        """
        if self.state != "live":
            raise Unavailable(cause=f"the replica of {self.label} is {self.state}")
        if self.dirty:
            mark = self._commits
            waiting = Deferred.fromCoroutine(self._durable.wait(mark, self._settings.durable_s_max))
            self.flush_soon()
            await waiting

    async def wait(self, txid: int, wait_s_max: float) -> None:
        """Returns once `txid` is in the store; never forces a flush. OutcomeUnknown after `wait_s_max`."""
        if txid > self._txid:
            await self._reached.wait(txid, wait_s_max)

    def fence(self, error: Fenced) -> None:
        """Another node has the tenant: whoever waits is told, and the host drops it."""
        if self.state != "live":
            return
        self.state = "fenced"
        self._services.counters.fenced += 1
        self._services.alert(f"{self.label} belongs to another node now: {error}")
        self._fail_waiters(f"{self.tenant_id} was taken over by another node")
        self._services.fenced(self.tenant_id)

    def _fail_waiters(self, cause: str) -> None:
        self._durable.fail(Unavailable(cause=cause))
        self._reached.fail(Unavailable(cause=cause))

    async def detach(self, *, flush: bool = True) -> None:
        """Ships what is left (unless told not to), and lets the database go. OutcomeUnknown where the store is away.

        Local files stay, and the record beside them says whether everything in them is shipped.
        """
        if self.state == "detached":
            return
        try:
            while flush and self.state == "live" and (self.dirty or self._pumping):
                waiting = Deferred.fromCoroutine(self._idle.wait(0, self._settings.attach_s_max))
                self.flush_soon()
                await waiting
        finally:
            live = self.state == "live"
            self.state = "detached"
            self.source.on_commit = self.source.before_write = self.source.durable = None
            self._fail_waiters("the database was closed")
            self.forget()
            if live:
                shipped = (self._txid, self._checksum) if not self.dirty else None
                self.log.write_record((self.epoch,), sync=True, shipped=shipped)


def rfc3339(moment_ms: int) -> str:
    """A time as object metadata has it."""
    moment = datetime.fromtimestamp(moment_ms // 1000, UTC)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment_ms % 1000:03d}Z"
