"""The replicator of a node: what a host asks for when it loads, serves and drops tenants.

Loading: `restore` brings the newest state (or finds that the files on disk are it, or ahead of it), the host opens the
file, `attach` makes it ours: it claims the lease under the epoch that the control plane gave, and appends a record
without pages to the log, whose key shows that nobody has written since the restore. Where somebody has, `attach` fences
him all the same and raises `Overtaken`: restore and attach once more, now nobody can come between.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from twisted.internet.defer import DeferredLock
from twisted.internet.interfaces import IReactorTime

from pbe.errors import Misuse, ObjectMissing, PbeError, StoreError, Unavailable, WorldError
from pbe.objects.store import ObjectStore
from pbe.pages.ltx import HEADER_BYTES, Header, decode, trailer_checksum
from pbe.pages.page_set import PageSet
from pbe.pages.restore_plan import LtxInfo, NoSuchMoment, plan_restore
from pbe.replication.fence import append_fence, fence_beyond, is_own_record
from pbe.replication.flush import fill_unknown, remove_spares
from pbe.replication.keys import parse_listing, replicas_prefix
from pbe.replication.lease import Fenced, claim, release
from pbe.replication.local_record import LocalRecord, Verdict, judge, read_record, remove_files, set_aside
from pbe.replication.maintenance import Maintenance
from pbe.replication.moment import Moment
from pbe.replication.patient_store import PatientStore
from pbe.replication.recent_files import RecentFiles
from pbe.replication.replica import Replica, rfc3339
from pbe.replication.restore import Built, build, exact_times, flushed_ms
from pbe.replication.services import Services, Standing
from pbe.replication.settings import MODES, Settings
from pbe.replication.source import Runs, Source
from pbe.replication.uploader import Uploader
from pbe.replication.verify import Sampler, Verified, verify
from pbe.replication.wheel import Wheel

SMALL_BYTES = 1 << 18
#: For so long a listing is taken for the truth; a fence finds out where it was not.
LISTING_S_MAX = 1.0


class Overtaken(WorldError):
    """The log went on after the local files were restored; restore again."""


@dataclass(frozen=True, slots=True)
class Restored:
    """found: whether the store has the database at all; kept: the file on disk was used as it is."""

    found: bool
    kept: bool = False
    txid: int = 0
    files: int = 0
    bytes_read: int = 0
    sum_checked: bool = False


@dataclass(frozen=True, slots=True)
class Reached:
    """The last transaction of a moment, and when it was shipped (ms since the epoch)."""

    txid: int
    flushed_ms: int


@dataclass(slots=True)
class Listing:
    """What lay under a tenant's prefix at a moment; `served` names the databases that have used it."""

    at_s: float
    files: dict[str, list[LtxInfo]]
    served: set[str] = field(default_factory=set)


class Replicator:
    """One per node. `workers` runs what blocks; `now` is the wall clock in seconds; jitter() gives 0 ≤ x < 1."""

    def __init__(
        self,
        store: ObjectStore,
        workers: Runs,
        clock: IReactorTime,
        now: Callable[[], float],
        *,
        node_id: str,
        jitter: Callable[[], float],
        alert: Callable[[str], None],
        fenced: Callable[[str], None] = lambda _: None,
        settings: Settings | None = None,
    ) -> None:
        settings = settings or Settings()
        store = PatientStore(store, clock, jitter)
        wheel = Wheel(clock, settings.tick_s)
        uploader = Uploader(store, clock, jitter, settings, alert)
        self.services = Services(store, workers, clock, now, node_id, settings, wheel, uploader, alert, fenced)
        self.replicas: dict[tuple[str, str], Replica] = {}
        self._standings: dict[tuple[str, str], Standing] = {}
        self._listings: dict[str, Listing] = {}
        self._claims: dict[str, DeferredLock] = {}
        Sampler(self.services, lambda: list(self.replicas.values())).start()
        self._recent = RecentFiles(settings.recent_bytes_max)
        self._stopped = False

    async def restore(
        self, tenant_id: str, name: str, path: str, *, at: Moment | None = None, source: str = ""
    ) -> Restored:
        """Makes the file at `path` the database's newest state, or that of a moment.

        The newest state: local files stay where they are it, or have all of it and more; where another writer went on
        they are set aside. Of a moment: the file is replaced, and the next `attach` ships the difference as a new
        transaction, so that the way back stays open; `source` is the tenant whose moment it is, where that is another.
        Unavailable where the store is away, NoSuchMoment, BrokenReplica.
        """
        try:
            return await self._restore(tenant_id, name, path, at, source)
        except ObjectMissing:
            # The owner has just merged and deleted what the listing named: the next listing has the merged file.
            for one in {tenant_id, source}:
                self._listings.pop(one, None)
            return await self._restore(tenant_id, name, path, at, source)

    async def _restore(self, tenant_id: str, name: str, path: str, at: Moment | None, source: str) -> Restored:
        """One attempt of `restore`."""
        try:
            files = await self._files(tenant_id, name)
            if not files:
                self._standings[tenant_id, name] = Standing()
                return Restored(found=False, kept=Path(path).exists())
            standing = await self._newest(files)
            if at is None and await self._keep(path, standing):
                self._standings[tenant_id, name] = standing
                return Restored(True, True, standing.txid)
            built = await self._build(path, await self._files(source, name) if source else files, at)
        except StoreError as error:
            if error.recoverable:
                raise Unavailable(retry_after_s=5, cause=str(error)) from error
            raise
        if at is None:
            standing.pages = built.pages
        else:
            standing.apart, standing.pages = True, None
        standing.position, standing.local = None, False
        self._standings[tenant_id, name] = standing
        return Restored(True, False, built.header.max_txid, built.files, built.bytes_read, built.sum_checked)

    async def copy(self, tenant_id: str, name: str, path: str, *, at: Moment | None = None) -> Restored:
        """Writes a state of the database to `path`, for a new tenant or an operator; nothing is remembered of it."""
        files = await self._files(tenant_id, name)
        if not files:
            return Restored(found=False)
        try:
            built = await self._build(path, files, at)
        except ObjectMissing:
            self._listings.pop(tenant_id, None)
            built = await self._build(path, await self._files(tenant_id, name), at)
        return Restored(True, False, built.header.max_txid, built.files, built.bytes_read, built.sum_checked)

    async def reach(self, tenant_id: str, name: str, at: Moment) -> Reached | None:
        """Where a restore of the moment would arrive; None where the store has nothing. NoSuchMoment, StoreError."""
        files = await self._files(tenant_id, name)
        if not files:
            return None
        newest = (await self._plan(files, at))[-1]
        return Reached(newest.max_txid, await flushed_ms(self.services.store, newest, 0))

    async def verify(self, tenant_id: str, name: str, near: str) -> Verified:
        """Restores the newest state to a spare file beside `near` and compares it. BrokenReplica names the object."""
        replica = self.replicas.get((tenant_id, name))
        files = list(replica.files) if replica is not None else await self._files(tenant_id, name)
        return await verify(self.services, files, near, replica)

    async def attach(self, tenant_id: str, source: Source, *, epoch: int, mode: str) -> Replica:
        """Begins to ship `source` under `epoch`; mode is "async" or "sync" (commits are answered once shipped).

        A database that the store does not have is shipped whole before this returns. Fenced where a later epoch owns
        the tenant, Overtaken where the file is not the newest state any more, Unavailable where the store is away.
        """
        if mode not in MODES or epoch < 1:
            raise Misuse("attach a database", source.name, hint=f"mode {mode!r}, epoch {epoch}")
        key = (tenant_id, source.name)
        if key in self.replicas or self._stopped:
            raise Misuse("attach a database", source.path, hint="it is attached, or the replicator has stopped")
        remove_spares(source.path)
        standing = self._standings.pop(key, None)
        if standing is None:
            standing = await self._survey(tenant_id, source)
        replica = Replica(self.services, tenant_id, source, epoch, standing)
        replica.listen(sync=mode == "sync")
        try:
            await self._begin(replica, standing)
        except BaseException as error:
            replica.source.on_commit = replica.source.before_write = replica.source.durable = None
            if isinstance(error, StoreError) and error.recoverable:
                raise Unavailable(retry_after_s=5, cause=str(error)) from error
            raise
        self.replicas[key] = replica
        replica.forget = lambda: self._forget(key, replica)
        Maintenance(self.services, replica, self._recent).wake()
        return replica

    def replica(self, tenant_id: str, name: str) -> Replica | None:
        """The attached database, or None."""
        return self.replicas.get((tenant_id, name))

    async def release(self, tenant_id: str, epoch: int, txids: dict[str, int]) -> None:
        """Notes in the lease that this node has let the tenant go with everything shipped."""
        await release(self.services.store, tenant_id, epoch, self.services.node_id, txids)

    async def detach(self, replica: Replica, *, flush: bool = True) -> None:
        """`Replica.detach`."""
        await replica.detach(flush=flush)

    def _forget(self, key: tuple[str, str], replica: Replica) -> None:
        if self.replicas.get(key) is replica:
            del self.replicas[key]

    async def stop(self) -> None:
        """Ships what every database still has, as far as the store answers, and stops."""
        self._stopped = True
        for replica in list(self.replicas.values()):
            try:
                await self.detach(replica)
            except PbeError as error:
                self.services.alert(f"{replica.label} stopped with commits that only this disk has: {error}")
        self.services.uploader.stop()
        self.services.wheel.stop()

    async def _begin(self, replica: Replica, standing: Standing) -> None:
        """Lease, fence, and what the store does not have yet."""
        services, tries_s = self.services, self.services.settings.attach_s_max
        await self._claim(replica.tenant_id, replica.epoch)
        epochs = (replica.epoch,)
        before = standing.newest
        if before is not None and not (standing.current and before.node_id == replica.epoch):
            replica.log.write_record((before.node_id, replica.epoch), sync=True)
            if not await append_fence(services, replica, before.commit, tries_s):
                if not (standing.local and await is_own_record(services, replica, before)):
                    # The file is not the newest state, and must not pass for it once the log ends in our fence.
                    shipped = None if standing.local else (standing.txid, standing.checksum)
                    replica.log.write_record((), sync=True, shipped=shipped)
                await fence_beyond(services, replica, before, tries_s)
                self._listings.pop(replica.tenant_id, None)
                raise Overtaken("attach a database", replica.label, hint="restore it again")
        replica.log.write_record(epochs, sync=True)
        try:
            if standing.txid == 0 or standing.apart:
                await replica.ship(await replica.log.read_whole(replica.next_order), tries_s)
            elif standing.local:
                await replica.ship(await replica.log.read(replica.next_order), tries_s)
        except Fenced as error:
            raise Overtaken("attach a database", replica.label, hint=str(error)) from error
        if not replica.log.pages.complete:
            await services.workers.run(fill_unknown, replica.source.path, replica.log.pages)

    async def _claim(self, tenant_id: str, epoch: int) -> None:
        lock = self._claims.setdefault(tenant_id, DeferredLock())
        await lock.acquire()
        try:
            await claim(self.services.store, tenant_id, epoch, self.services.node_id)
        finally:
            lock.release()

    async def _files(self, tenant_id: str, name: str) -> list[LtxInfo]:
        """One database's files; one listing serves all databases of a tenant that load together, each once."""
        lock = self._claims.setdefault(tenant_id, DeferredLock())
        await lock.acquire()
        try:
            now, store = self.services.clock.seconds(), self.services.store
            listing = self._listings.get(tenant_id)
            if listing is None or name in listing.served or now - listing.at_s > LISTING_S_MAX:
                found = await store.list(replicas_prefix(tenant_id))
                listing = Listing(now, parse_listing(store.layout, tenant_id, found))
                self._listings[tenant_id] = listing
                self.services.wheel.after(LISTING_S_MAX, lambda: self._drop_listing(tenant_id, listing))
            listing.served.add(name)
            return listing.files.pop(name, [])
        finally:
            lock.release()

    def _drop_listing(self, tenant_id: str, listing: Listing | None) -> None:
        if self._listings.get(tenant_id) is listing:
            del self._listings[tenant_id]

    async def _newest(self, files: list[LtxInfo]) -> Standing:
        """What the newest file says of itself."""
        level0 = [info for info in files if info.level == 0]
        newest = max(level0 or files, key=lambda info: info.max_txid)
        reach = max(info.max_txid for info in files)
        store = self.services.store
        if newest.size <= SMALL_BYTES:
            data = (await store.get(newest.key)).data
            header, checksum = decode(data).header, trailer_checksum(data)
        else:
            header = Header.unpack((await store.get(newest.key, start=0, length=HEADER_BYTES)).data)
            checksum = trailer_checksum((await store.get(newest.key, start=-8)).data)
        return Standing(reach, header, checksum, list(files))

    async def _keep(self, path: str, standing: Standing) -> bool:
        """Whether the files on disk are the newest state or ahead of it; those that are not are moved or deleted."""
        record, header = read_record(path), standing.newest
        if header is None or not Path(path).exists():
            return False
        verdict = Verdict("overtaken")
        if header.max_txid == standing.txid:
            arguments = (path, record, header, standing.checksum)
            verdict = await self.services.workers.run(judge, *arguments)
        if verdict.kind != "overtaken":
            _take_local(standing, verdict, record, header)
            return True
        if record is not None and record.shipped is not None:
            remove_files(path)
            return False
        stamp = rfc3339(int(self.services.now() * 1000)).replace(":", "")
        folder = set_aside(path, stamp)
        self.services.alert(f"{path} was overtaken by another writer and may hold commits of its own: see {folder}")
        return False

    async def _survey(self, tenant_id: str, source: Source) -> Standing:
        """The standing of a file that was not restored through us: only one that the log agrees with is taken."""
        files = await self._files(tenant_id, source.name)
        if not files:
            return Standing()
        standing = await self._newest(files)
        record, header = read_record(source.path), standing.newest
        if header is not None and header.max_txid == standing.txid:
            verdict = await self.services.workers.run(judge, source.path, record, header, standing.checksum)
            if verdict.kind != "overtaken":
                _take_local(standing, verdict, record, header)
                return standing
        raise Overtaken("attach a database", source.path, hint="restore it first")

    async def _build(self, path: str, files: list[LtxInfo], at: Moment | None) -> Built:
        """Restores the newest state or a moment; counts it."""
        services = self.services
        chain = await self._plan(files, at)
        built = await build(services.store, services.workers, path, chain, services.settings)
        services.counters.restores += 1
        return built

    async def _plan(self, files: list[LtxInfo], at: Moment | None) -> list[LtxInfo]:
        """The files of the newest state or of a moment."""
        if at is None:
            return plan_restore(files)
        if at.txid is not None:
            return plan_restore(files, txid=at.txid)
        if at.before_ms is None:
            raise NoSuchMoment("plan a restore", hint="a moment is a txid or a time")
        early = await exact_times(self.services.store, files, at.before_ms)
        return plan_restore(early, before_ms=at.before_ms)


def _take_local(standing: Standing, verdict: Verdict, record: LocalRecord | None, header: Header) -> None:
    """The files on disk are the chain's newest state, or ahead of it."""
    standing.local = True
    standing.apart, standing.current = verdict.kind == "apart", verdict.kind == "current"
    standing.position = verdict.position
    standing.sealed = record.seals if record is not None else ()
    standing.pages = PageSet(header.page_size)
    standing.pages.resize(header.commit)
