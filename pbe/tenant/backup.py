"""Backups of a tenant: make one, restore one, and the automatic ones.

One at a time: `tenant.backup` names it meanwhile. Making one copies each database while writes go on. Restoring one
writes its pages over the live databases, in a commit each, so that whoever replicates them sees nothing but a large
commit; sessions, collections and settings are those of the backup from then on.
"""

import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from pbe.errors import BadRequest, NotFound
from pbe.schema import dates
from pbe.storage.sqlite import Database, Transaction
from pbe.storage.sqlite_connection import open_connection
from pbe.tenant import backup_archive, mime, settings_store
from pbe.tenant.backup_archive import Archive
from pbe.tenant.backup_store import BackupStore
from pbe.tenant.pipeline import Event
from pbe.tenant.tenant import Tenant
from pbe.tenant.token_cache import TokenCache

BUSY = "Try again later - another backup/restore process has already been started."
AUTO_PREFIX = "@auto_pb_backup_"
_NOT_A_WORD = re.compile(r"[^a-z0-9]+")
_HEAD_BYTES = 4096
_TEMPORARY = ".pb_temp_to_delete"


class BackupEvent(Event):
    """onBackupCreate and onBackupRestore."""

    __slots__ = ("key",)

    def __init__(self, name: str, key: str) -> None:
        super().__init__(name)
        self.key = key


async def make(tenant: Tenant, key: str = "") -> str:
    """Make a backup and store it; the answer is its name. Raises `BadRequest`, `StoreError`, OSError."""
    event = BackupEvent("onBackupCreate", key or default_name(tenant, "pb_backup_"))

    async def act(_: Event) -> None:
        store = await BackupStore.of(tenant)
        with temporary(tenant) as folder:
            await _pack(tenant, folder)
            await store.put(event.key, folder / "backup.zip")

    with _active(tenant, event.key):
        await tenant.pipeline.trigger(event, act)
    return event.key


async def _pack(tenant: Tenant, folder: Path) -> None:
    await tenant.log.settle()
    work = tenant.workers.run
    archive = await work(Archive, folder / "backup.zip")
    for database in tenant.databases:
        copy = folder / database.name
        await database.read_job(partial(backup_archive.snapshot, copy))
        await work(archive.add, database.name, copy)
        await work(copy.unlink)
    files = tenant.files
    for info in await files.list() if files is not None else ():
        if files is not None and "/thumbs_" not in info.key:
            stored = await files.open(info.key)
            await work(archive.add_stored, info.key, stored.path, stored.kind)
    await work(archive.close)


async def make_automatic(tenant: Tenant) -> None:
    """Make a backup and delete the oldest automatic ones past the settings' number."""
    await make(tenant, default_name(tenant, AUTO_PREFIX))
    keep = tenant.settings.backups["cronMaxKeep"]
    store = await BackupStore.of(tenant)
    automatic = [info for info in await store.list() if info.key.startswith(AUTO_PREFIX)]
    automatic.sort(key=lambda info: (info.modified_ms, info.key), reverse=True)
    for info in automatic[keep:]:
        await store.delete(info.key)


async def restore(tenant: Tenant, key: str) -> None:
    """Make the tenant what it was when the backup was made. Raises `NotABackup`, `NotFound`."""
    event = BackupEvent("onBackupRestore", key)

    async def act(_: Event) -> None:
        store = await BackupStore.of(tenant)
        info = await store.head(event.key)
        if info is None:
            raise NotFound
        path = await store.fetch(tenant, info, event.key)
        with temporary(tenant) as folder:
            await tenant.workers.run(backup_archive.unpack, path, folder)
            await replace(tenant, folder)

    with _active(tenant, key):
        await tenant.pipeline.trigger(event, act)


async def replace(tenant: Tenant, folder: Path) -> None:
    """Put an unpacked pb_data in the place of the tenant's data, its uploaded files first."""
    wanted = await tenant.workers.run(backup_archive.stored_files, folder)
    if tenant.files is not None:
        for file_key, path in wanted:
            kind = await tenant.workers.run(_kind_of, path)
            await tenant.files.put_path(file_key, path, kind)
    await tenant.log.settle()
    for database in tenant.databases:
        source = folder / database.name
        if source.is_file():
            await _overwrite(tenant, database, source)
    await tenant.catalog.reload(tenant.data)
    tenant.tokens = TokenCache()
    await settings_store.load(tenant)
    if tenant.files is not None:
        kept = {file_key for file_key, _ in wanted}
        await tenant.files.delete([info.key for info in await tenant.files.list() if info.key not in kept])


async def _overwrite(tenant: Tenant, database: Database, source: Path) -> None:
    """Write the pages while nobody else writes; then commit something small, which tells the replicator of them."""
    release = await database.hold_writes()
    try:
        await tenant.workers.run(backup_archive.overwrite, database.path, source, open_connection)
    finally:
        release()

    async def touch(transaction: Transaction) -> None:
        version = transaction.query("PRAGMA user_version")[0][0]
        transaction.execute(f"PRAGMA user_version = {int(version)}")

    await database.write(touch)


def default_name(tenant: Tenant, prefix: str) -> str:
    """The prefix, the application's name and the time."""
    app = _NOT_A_WORD.sub("_", str(tenant.settings.meta["appName"]).lower()).strip("_")[:50]
    moment = datetime.fromtimestamp(tenant.now(), UTC)
    return f"{prefix}{app}_{moment:%Y%m%d%H%M%S}.zip"


@contextmanager
def _active(tenant: Tenant, key: str) -> Iterator[None]:
    """The backup of that name is being made or restored; `BadRequest` where another one is."""
    if tenant.backup is not None:
        raise BadRequest(BUSY)
    tenant.backup = key
    try:
        yield
    finally:
        tenant.backup = None


@contextmanager
def temporary(tenant: Tenant) -> Iterator[Path]:
    """A folder on the tenant's disk that goes with the block."""
    folder = tenant.folder / _TEMPORARY
    folder.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder) as name:
        yield Path(name)


def _kind_of(path: Path) -> str:
    with path.open("rb") as file:
        return mime.sniff(file.read(_HEAD_BYTES))


def modified(info_ms: int) -> str:
    """A backup's time as a canonical date."""
    return dates.from_seconds(info_ms / 1000)
