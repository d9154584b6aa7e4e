"""From a folder of files to a tenant."""

from pathlib import Path

from pbe.storage.sqlite import Database
from pbe.tenant import cron_system, file_place, settings_store
from pbe.tenant.bootstrap import bootstrap
from pbe.tenant.services import TenantServices
from pbe.tenant.tenant import DATABASES, Tenant

CACHES_KIB = {"data.db": 1024, "auxiliary.db": 128, "hooks.db": 32}
"""Page caches. SQLite takes twenty pages at once, or the whole cache where that is smaller."""


async def open_tenant(tenant_id: str, folder: Path, services: TenantServices) -> Tenant:
    """The tenant whose files are in `folder`, made where there are none. Raises `DatabaseBroken`, OSError."""
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
        file_place.install(tenant)
    except Exception:
        for database in opened:
            await database.close()
        raise
    return tenant
