"""A tenant as a pb_data: all of it in a zip that stock PocketBase opens, and all of such a zip in a tenant.

Unlike a backup an exchange takes the tenant's backups along, and may leave out the superuser who was made only to carry
it out. An import replaces what the tenant had; databases of PocketBase 0.23 and later are brought up to date.
"""

import zipfile
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePosixPath

from pbe.errors import BadRequest, ObjectMissing
from pbe.query.sql import name as quoted
from pbe.schema.bind import BindError
from pbe.storage.sqlite import Transaction
from pbe.storage.sqlite_connection import open_connection
from pbe.tenant import backup, backup_archive
from pbe.tenant.backup_archive import Archive, NotABackup
from pbe.tenant.backup_store import BackupStore
from pbe.tenant.catalog import read_collections
from pbe.tenant.exchange_upgrade import refuse_old, upgrade
from pbe.tenant.settings import Settings, SettingsUnreadable
from pbe.tenant.tenant import Tenant

BACKUPS = "backups/"
_PIECE_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class Imported:
    """What came in."""

    collections: int
    records: int
    files: int
    backups: int


async def export_into(tenant: Tenant, folder: Path, *, without_superuser: str = "") -> Path:
    """Pack the tenant into a zip in `folder`. without_superuser: the id of one who is left out."""
    await tenant.log.settle()
    work = tenant.workers.run
    path = folder / "pb_data.zip"
    archive = await work(Archive, path)
    for database in tenant.databases:
        copy = folder / database.name
        await database.read_job(partial(backup_archive.snapshot, copy))
        if without_superuser and database is tenant.data:
            await work(_leave_out, copy, without_superuser)
        await work(archive.add, database.name, copy)
        await work(copy.unlink)
    await _add_files(tenant, archive)
    await _add_backups(tenant, archive)
    await work(archive.close)
    return path


def _leave_out(path: Path, superuser_id: str) -> None:
    """Remove a superuser and what he left behind from a copy of data.db."""
    connection = open_connection(str(path))
    try:
        with connection:
            connection.execute("DELETE FROM _superusers WHERE id = ?", (superuser_id,))
            for table in ("_authOrigins", "_mfas", "_otps", "_externalAuths"):
                connection.execute(f"DELETE FROM {quoted(table)} WHERE recordRef = ?", (superuser_id,))
        connection.pragma("journal_mode", "delete")
    finally:
        connection.close()


async def _add_files(tenant: Tenant, archive: Archive) -> None:
    files = tenant.files
    for info in await files.list() if files is not None else ():
        if files is not None and "/thumbs_" not in info.key:
            try:
                stored = await files.open(info.key)
            except ObjectMissing:
                continue  # deleted meanwhile
            await tenant.workers.run(archive.add_stored, info.key, stored.path, stored.kind)


async def _add_backups(tenant: Tenant, archive: Archive) -> None:
    if tenant.services.files is None:
        return
    store = await BackupStore.of(tenant)
    for info in await store.list():
        path = await store.fetch(tenant, info, info.key)
        await tenant.workers.run(archive.add, BACKUPS + info.key, path)


async def import_from(tenant: Tenant, path: Path, folder: Path) -> Imported:
    """Make the tenant what the zip at `path` holds; `folder` is for what is unpacked. Raises `BadRequest`.

    Nothing is changed where the zip is refused.
    """
    work = tenant.workers.run
    path = await work(rooted, path, folder / "rooted.zip")
    unpacked = folder / "pb_data"
    unpacked.mkdir()
    await work(backup_archive.unpack, path, unpacked)
    await work(_look_into, unpacked / "data.db")
    stored = await work(backup_archive.stored_files, unpacked)
    backups = await work(_unpack_backups, path, folder / "backups")
    await backup.replace(tenant, unpacked)
    await upgrade(tenant)
    if backups and tenant.services.files is not None:
        store = await BackupStore.of(tenant)
        for one in backups:
            await store.put(one.name, one)
    tables = [entry.name for entry in tenant.catalog.collections() if not entry.is_view]
    records = 0
    for table in tables:
        records += int((await tenant.data.query(f"SELECT count(*) FROM {quoted(table)}", heavy=True))[0][0])
    return Imported(len(tenant.catalog.collections()), records, len(stored), len(backups))


def rooted(path: Path, target: Path) -> Path:
    """The zip whose data.db is at its root: `path` itself, or a copy at `target` without the folder around it."""
    try:
        with zipfile.ZipFile(path) as archive:
            names = [PurePosixPath(name) for name in archive.namelist() if name.endswith("data.db")]
            names = [name for name in names if name.name == "data.db"]
            prefix = min((name.parent.as_posix() for name in names), key=len, default=".")
            if prefix == ".":
                return path
            with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as copy:
                _copy_below(archive, copy, prefix + "/")
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError) as error:
        raise NotABackup("The file is not a zip of a pb_data.", cause=str(error)) from error
    return target


def _copy_below(archive: zipfile.ZipFile, copy: zipfile.ZipFile, prefix: str) -> None:
    for entry in archive.infolist():
        inner = entry.filename.removeprefix(prefix)
        if entry.is_dir() or inner == entry.filename or not inner:
            continue
        with archive.open(entry) as source, copy.open(inner, "w", force_zip64=True) as target:
            while piece := source.read(_PIECE_BYTES):
                target.write(piece)


def _unpack_backups(path: Path, folder: Path) -> list[Path]:
    """The backups in the zip as files; names that are no plain file names are passed over."""
    folder.mkdir()
    found: list[Path] = []
    with zipfile.ZipFile(path) as archive:
        for entry in archive.infolist():
            key = entry.filename.removeprefix(BACKUPS)
            plain = key != entry.filename and key and not set(key) & set("/\\\0") and not key.startswith(".")
            if entry.is_dir() or not plain or key.endswith(backup_archive.ATTRIBUTES):
                continue
            with archive.open(entry) as source, (folder / key).open("wb") as target:
                while piece := source.read(_PIECE_BYTES):
                    target.write(piece)
            found.append(folder / key)
    return found


def _look_into(path: Path) -> None:
    """Refuse a data.db that a tenant could not be opened with: too old, too new, or with encrypted settings."""
    connection = open_connection(str(path))
    try:
        refuse_old([str(row[1]) for row in connection.execute("PRAGMA table_info(_collections)")])
        read_collections(Transaction(connection))
        for (value,) in connection.execute("SELECT value FROM _params WHERE id = 'settings'"):
            Settings.from_json(value)
    except BindError as error:
        raise BadRequest("The collections are of a PocketBase that is newer than 0.40.", cause=error.text) from error
    except SettingsUnreadable as error:
        raise BadRequest(
            "The settings are encrypted or damaged. Without the row `settings` in `_params` the tenant would have the "
            "default ones: delete it from data.db, then import again.",
            cause=str(error),
        ) from error
    except (ValueError, KeyError, TypeError) as error:
        raise BadRequest("The collections in data.db cannot be read.", cause=str(error)) from error
    finally:
        connection.close()
