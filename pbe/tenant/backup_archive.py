"""The zip of a tenant: a stock pb_data, which stock PocketBase restores, and what such a zip holds.

Everything here blocks: it is for workers.
"""

import base64
import hashlib
import json
import shutil
import stat
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath

import apsw

from pbe.errors import BadRequest

DATABASES = ("data.db", "auxiliary.db", "hooks.db")
STORAGE = "storage/"
ATTRIBUTES = ".attrs"
ENTRIES_MAX = 1_000_000
UNPACKED_BYTES_MAX = 64 * 1024**3
RATIO_MAX = 1000
"""A database of zeros shrinks this much; a zip that promises more is a bomb."""
_PIECE = 1 << 20


class NotABackup(BadRequest):
    """The zip is none that could be restored."""


def snapshot(path: Path, connection: apsw.Connection) -> None:
    """Copy the database that `connection` reads, as it is at this moment, to `path`. Writers do not wait for it."""
    target = apsw.Connection(str(path))
    try:
        with target.backup("main", connection, "main") as copying:
            while not copying.done:
                copying.step()
    finally:
        target.close()


class Archive:
    """A zip in the making."""

    def __init__(self, path: Path) -> None:
        self._zip = zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=6)

    def add(self, name: str, path: Path) -> None:
        """Add a file."""
        self._zip.write(path, name)

    def add_stored(self, key: str, path: Path, kind: str) -> None:
        """Add an uploaded file with the attributes that the stock server keeps beside it."""
        self._zip.write(path, STORAGE + key)
        attributes = {
            "user.cache_control": "",
            "user.content_disposition": "",
            "user.content_encoding": "",
            "user.content_language": "",
            "user.content_type": kind,
            "user.metadata": {"original-filename": key.rpartition("/")[2]},
            "md5": base64.b64encode(_md5(path)).decode(),
        }
        self._zip.writestr(STORAGE + key + ATTRIBUTES, json.dumps(attributes))

    def close(self) -> None:
        """The zip is complete."""
        self._zip.close()


def unpack(path: Path, folder: Path) -> None:
    """Unpack the databases and the uploaded files of a zip. Raises `NotABackup`.

    Nothing is written outside the folder, links are not followed, and a zip that would fill the disk is refused.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            entries = list(_wanted(archive, path.stat().st_size))
            for entry in entries:
                target = folder / entry.filename
                target.parent.mkdir(parents=True, exist_ok=True)
                with archive.open(entry) as source, target.open("wb") as file:
                    _copy(source, file, entry.file_size)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError) as error:
        raise NotABackup(cause=str(error)) from error
    check(folder)


def _wanted(archive: zipfile.ZipFile, packed: int) -> Iterator[zipfile.ZipInfo]:
    """The entries that are a tenant's; the rest of a pb_data (types, local backups) is passed over."""
    entries = archive.infolist()
    if len(entries) > ENTRIES_MAX:
        raise NotABackup(cause="too many entries")
    total = sum(entry.file_size for entry in entries)
    if total > UNPACKED_BYTES_MAX or total > max(packed, 1) * RATIO_MAX:
        raise NotABackup(cause="it would unpack to too much")
    for entry in entries:
        parts = PurePosixPath(entry.filename).parts
        if entry.is_dir() or not parts or stat.S_ISLNK(entry.external_attr >> 16):
            continue
        if ".." in parts or entry.filename.startswith("/") or "\\" in entry.filename or "\0" in entry.filename:
            raise NotABackup(cause="a name leads elsewhere")
        if entry.filename in _database_files() or (parts[0] == "storage" and len(parts) == 4):
            yield entry


def _database_files() -> Iterable[str]:
    return [name + suffix for name in DATABASES for suffix in ("", "-wal")]


def _copy(source: object, target: object, size: int) -> None:
    left = size
    while piece := source.read(_PIECE):  # type: ignore[attr-defined]
        left -= len(piece)
        if left < 0:
            raise NotABackup(cause="an entry is longer than it says")
        target.write(piece)  # type: ignore[attr-defined]


def check(folder: Path) -> None:
    """Refuse a folder whose data.db is no sound database of PocketBase 0.23 or later, and fold in what WALs hold."""
    if not (folder / "data.db").is_file():
        raise NotABackup("data.db file is missing or invalid.")
    for name in DATABASES:
        if (folder / name).is_file():
            _fold_in(folder / name)
    tables = _tables(folder / "data.db")
    if not {"_collections", "_params", "_superusers"} <= tables:
        raise NotABackup("The backup is not of PocketBase 0.23 or later.", cause="system tables are missing")
    if (folder / "auxiliary.db").is_file() and "_logs" not in _tables(folder / "auxiliary.db"):
        (folder / "auxiliary.db").unlink()


def _fold_in(path: Path) -> None:
    """Take what a WAL holds into the file, and give it the page size that tenants' databases have."""
    try:
        connection = apsw.Connection(str(path))
        try:
            connection.pragma("journal_mode", "delete")
            if connection.pragma("quick_check", 1) != "ok":
                raise NotABackup(cause=f"{path.name} is damaged")
            if connection.pragma("page_size") != 4096:
                connection.pragma("page_size", 4096)
                connection.execute("VACUUM")
        finally:
            connection.close()
    except apsw.Error as error:
        raise NotABackup(cause=f"{path.name}: {error}") from error


def _tables(path: Path) -> set[str]:
    connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)
    try:
        return {str(row[0]) for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    except apsw.Error as error:
        raise NotABackup(cause=str(error)) from error
    finally:
        connection.close()


def stored_files(folder: Path) -> list[tuple[str, Path]]:
    """The uploaded files of an unpacked backup by key, without the stock server's attributes and thumbs."""
    storage = folder / "storage"
    found = [path for path in storage.glob("*/*/*") if path.is_file()]
    return sorted((path.relative_to(storage).as_posix(), path) for path in found if not path.name.endswith(ATTRIBUTES))


def overwrite(database_path: str, source: Path, opens: object) -> None:
    """Make the content of `source` the content of a live database, in one commit that lands in its WAL.

    opens: what opens a connection to the live database as every other is opened.
    """
    target = opens(database_path)  # type: ignore[operator]
    try:
        origin = apsw.Connection(str(source), flags=apsw.SQLITE_OPEN_READONLY)
        try:
            with target.backup("main", origin, "main") as copying:
                while not copying.done:
                    copying.step()
        finally:
            origin.close()
    finally:
        target.close()


def remove(folder: Path) -> None:
    """Remove a folder with all that is in it."""
    shutil.rmtree(folder, ignore_errors=True)


def _md5(path: Path) -> bytes:
    digest = hashlib.md5(usedforsecurity=False)
    with path.open("rb") as file:
        while piece := file.read(_PIECE):
            digest.update(piece)
    return digest.digest()
