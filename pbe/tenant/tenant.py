"""One tenant's application while it is in memory: its databases and what hangs on them."""

from collections.abc import Awaitable, Callable
from pathlib import Path

from pbe.storage.sqlite import Database
from pbe.tenant.background import Background
from pbe.tenant.catalog import Catalog
from pbe.tenant.counts import Counts
from pbe.tenant.cron import Crons
from pbe.tenant.ephemera import Ephemera
from pbe.tenant.file_store import FileStore
from pbe.tenant.log import ERROR, Log
from pbe.tenant.page_cache import PageCache
from pbe.tenant.pipeline import Pipeline
from pbe.tenant.rate_limit import RateLimits
from pbe.tenant.rule_cache import RuleCache
from pbe.tenant.services import TenantServices
from pbe.tenant.settings import Settings
from pbe.tenant.token_cache import TokenCache

DATABASES = ("data.db", "auxiliary.db", "hooks.db")


class Tenant:
    """The container that the services of `pbe.tenant` work on; one for each loaded tenant of a node.

    folder: the local files, a cache of the object store. closing: coroutines that `close` runs first, the latest added
    first (spools to flush, streams to end). streams: open long-lived answers, which keep the tenant in memory.
    settings, limits: changed by `settings_store` only, which then calls `on_settings`. realtime: made by
    `realtime.realtime_of`. backup: what is being made or restored. Not promised: that another node has not taken the
    tenant over; the replicator finds out.
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
        self.realtime: object | None = None
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
        self.log = Log(str(folder), self.auxiliary, self.settings.logs, self.clock, self.now, services.random_bytes)
        self.background = Background(self.log)
        self.crons = Crons(self.clock, self.now, self._launch)
        self.closing += [self.log.close, self.background.finish, self.crons.close]

    @property
    def databases(self) -> tuple[Database, ...]:
        """All databases, the most precious first."""
        return (self.data, self.auxiliary, self.hooks)

    def memory_bytes(self) -> int:
        """Roughly what the tenant takes of the process."""
        return sum(database.memory_bytes() for database in self.databases)

    def _launch(self, job_id: str, work: Awaitable[None]) -> None:
        """Run a job's coroutine in the background; its failure goes to the tenant's log."""

        async def run() -> None:
            await work

        try:
            self.background.start(run(), f"Failed to run the cron job {job_id}")
        except Exception as error:
            self.log.write(ERROR, f"Failed to start the cron job {job_id}", {"error": str(error)})

    async def stop(self) -> None:
        """End what the tenant runs, its databases stay open; the first error is raised once all has ended."""
        closing, self.closing = self.closing, []
        await _each(list(reversed(closing)))

    async def close(self) -> None:
        """End what the tenant runs and close its databases; the first error is raised once all are closed."""
        await _each([self.stop, *(database.close for database in self.databases)])


async def _each(steps: list[Callable[[], Awaitable[None]]]) -> None:
    errors: list[Exception] = []
    for step in steps:
        try:
            await step()
        except Exception as error:
            errors.append(error)
    if errors:
        raise errors[0]
