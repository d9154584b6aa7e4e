"""One tenant's application while it is in memory: its databases and what hangs on them."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING

from twisted.internet.defer import Deferred

from pbe.storage.sqlite import Database
from pbe.tenant.bootstrap import bootstrap
from pbe.tenant.catalog import Catalog
from pbe.tenant.counts import Counts
from pbe.tenant.cron import Crons
from pbe.tenant.ephemera import Ephemera
from pbe.tenant.file_store import FileStore
from pbe.tenant.log import Log
from pbe.tenant.page_cache import PageCache
from pbe.tenant.pipeline import Pipeline
from pbe.tenant.rate_limit import RateLimits
from pbe.tenant.rule_cache import RuleCache
from pbe.tenant.services import TenantServices
from pbe.tenant.settings import Settings
from pbe.tenant.token_cache import TokenCache

DATABASES = ("data.db", "auxiliary.db", "hooks.db")
CACHES_KIB = {"data.db": 1024, "auxiliary.db": 128, "hooks.db": 32}
"""Page caches. SQLite takes twenty pages at once, or the whole cache where that is smaller."""

if TYPE_CHECKING:
    from pbe.tenant.realtime import Realtime


class Tenant:
    """The container that the services of `pbe.tenant` work on; one for each loaded tenant of a node.

    folder: the local files, a cache of the object store. closing: coroutines that `close` runs first, the latest added
    first (spools to flush, streams to end). streams: open long-lived answers, which keep the tenant in memory.
    settings, limits: changed by `settings_store` only, which then calls `on_settings`. running: what `background`
    started. backup: what is being made or restored. Not promised: that another node has not taken the tenant over; the
    replicator finds out.
    """

    def __init__(
        self, tenant_id: str, folder: Path, databases: tuple[Database, Database, Database], services: TenantServices
    ) -> None:
        self.id = tenant_id
        self.folder = folder
        self.services = services
        self.clock = services.clock
        self.now = services.now
        self.workers = services.workers
        self.streams = 0
        self.backup: str | None = None
        self.pipeline = Pipeline()
        self.realtime: Realtime | None = None
        self.files = FileStore(tenant_id, services.files) if services.files is not None else None
        self.catalog = Catalog()
        self.closing: list[Callable[[], Awaitable[None]]] = []
        self.data, self.auxiliary, self.hooks = databases
        self.counts = Counts(self.data)
        self.pages = PageCache(self.data)
        self.rule_cache = RuleCache()
        self.settings = Settings.default()
        self.limits = RateLimits(())
        self.on_settings: list[Callable[[], None]] = []
        self.ephemera = Ephemera(self.now)
        self.tokens = TokenCache()
        self.running: set[Deferred[None]] = set()
        self.crons = Crons(self.clock, self.now, lambda job_id, work: cron_launch(self, job_id, work))
        self.log = Log(str(folder), self.auxiliary, self.settings.logs, self.clock, self.now, services.random_bytes)
        self.closing += [self.log.close, self._finish_running, self.crons.close]

    @property
    def databases(self) -> tuple[Database, ...]:
        """All databases, the most precious first."""
        return (self.data, self.auxiliary, self.hooks)

    def memory_bytes(self) -> int:
        """Roughly what the tenant takes of the process."""
        return sum(database.memory_bytes() for database in self.databases)

    async def _finish_running(self) -> None:
        """Wait for what runs in the background."""
        for task in list(self.running):
            await settled(task)

    async def stop(self) -> None:
        """End what the tenant runs, its databases stay open; the first error is raised once all has ended."""
        closing, self.closing = self.closing, []
        await _each(list(reversed(closing)))

    async def close(self) -> None:
        """End what the tenant runs and close its databases; the first error is raised once all are closed."""
        await _each([self.stop, *(database.close for database in self.databases)])


def settled(task: Deferred[None]) -> Deferred[None]:
    """Fires when the task ends, however it does; the task's outcome stays its own."""
    waiter: Deferred[None] = Deferred()

    def done(result: None) -> None:
        waiter.callback(None)
        return result

    task.addBoth(done)
    return waiter


def cron_launch(tenant: Tenant, job_id: str, work: Awaitable[None]) -> None:
    """Start a job's coroutine."""
    from pbe.tenant import cron_system

    cron_system.launch(tenant, job_id, work)


async def _each(steps: list[Callable[[], Awaitable[None]]]) -> None:
    errors: list[Exception] = []
    for step in steps:
        try:
            await step()
        except Exception as error:
            errors.append(error)
    if errors:
        raise errors[0]


async def open_tenant(tenant_id: str, folder: Path, services: TenantServices) -> Tenant:
    """The tenant whose files are in `folder`, made where there are none. Raises `DatabaseBroken`, OSError."""
    from pbe.tenant import cron_system, settings_store

    folder.mkdir(parents=True, exist_ok=True)
    opened: list[Database] = []
    try:
        for name in DATABASES:
            opened.append(Database(folder / name, services.readers, services.clock, cache_kib=CACHES_KIB[name]))
        data, auxiliary, hooks = opened
        await bootstrap(data, auxiliary, hooks, services.now(), services.random_bytes)
        tenant = Tenant(tenant_id, folder, (data, auxiliary, hooks), services)
        await tenant.catalog.reload(data)
        await settings_store.load(tenant)
        cron_system.install(tenant)
    except Exception:
        for database in opened:
            await database.close()
        raise
    return tenant
