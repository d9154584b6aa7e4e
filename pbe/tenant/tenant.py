"""One tenant's application while it is in memory: its databases and what hangs on them."""

from collections.abc import Awaitable, Callable
from pathlib import Path

from pbe.storage.sqlite import Database
from pbe.tenant.services import TenantServices

DATABASES = ("data.db", "auxiliary.db", "hooks.db")


class Tenant:
    """The container that the services of `pbe.tenant` work on; one for each loaded tenant of a node.

    folder: the local files, a cache of the object store. closing: coroutines that `close` runs first, the latest added
    first (spools to flush, streams to end). Not promised: that another node has not taken the tenant over; the
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
        self.closing: list[Callable[[], Awaitable[None]]] = []
        self.data, self.auxiliary, self.hooks = databases

    @property
    def databases(self) -> tuple[Database, ...]:
        """All databases, the most precious first."""
        return (self.data, self.auxiliary, self.hooks)

    def memory_bytes(self) -> int:
        """Roughly what the tenant takes of the process."""
        return sum(database.memory_bytes() for database in self.databases)

    async def close(self) -> None:
        """End what the tenant runs and close its databases; the first error is raised once all are closed."""
        errors: list[Exception] = []
        for close in [*reversed(self.closing), *(database.close for database in self.databases)]:
            try:
                await close()
            except Exception as error:
                errors.append(error)
        self.closing.clear()
        if errors:
            raise errors[0]


async def open_tenant(tenant_id: str, folder: Path, services: TenantServices) -> Tenant:
    """The tenant whose files are in `folder`, made where there are none. Raises `DatabaseBroken`, OSError."""
    folder.mkdir(parents=True, exist_ok=True)
    opened: list[Database] = []
    try:
        for name in DATABASES:
            opened.append(Database(folder / name, services.readers, services.clock))
    except Exception:
        for database in opened:
            await database.close()
        raise
    data, auxiliary, hooks = opened
    return Tenant(tenant_id, folder, (data, auxiliary, hooks), services)
