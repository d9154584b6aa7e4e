"""An object store in a folder: `file://`, for one machine or a shared mount.

An object is a file, written beside its place, synced, and moved or linked there, so that a crash leaves the old object
or the new one. Conditions are checked under a lock on the folder's `.lock`, so they hold between processes of one
machine. Metadata is an extended attribute of the file; where the file system has none, it lies in a hidden file beside
the object that names the object's etag, so that metadata of an object that was replaced is never taken for the new
one's. Hidden files are no objects. A time under TIMESTAMP_KEY becomes the
file's own, which is where litestream looks for it in a folder.
"""

from __future__ import annotations

import contextlib
import fcntl
import itertools
import json
import os
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import IO

from pbe.errors import ObjectMissing, PreconditionFailed, StoreError
from pbe.objects.store import TIMESTAMP_KEY, Info, Infos, Object, Runs, byte_range, check_key

COPY_BYTES = 1 << 20
ATTRIBUTE = "user.pbe.metadata"


class FolderStore:
    """Objects are files under `root`. durable=False leaves out fsync, for tests."""

    layout = "file"

    def __init__(self, root: str | Path, workers: Runs, *, durable: bool = True) -> None:
        self._root = Path(root)
        self._workers = workers
        self._durable = durable
        self._serial = itertools.count()

    async def put(
        self,
        key: str,
        data: bytes,
        *,
        if_none_match: bool = False,
        if_match: str | None = None,
        metadata: Mapping[str, str] | None = None,
        content_type: str | None = None,
        storage_class: str | None = None,
    ) -> str:
        """Writes an object; see `ObjectStore.put`."""
        return await self._workers.run(self._put, check_key(key), data, if_none_match, if_match, dict(metadata or {}))

    async def put_file(
        self,
        key: str,
        path: str | Path,
        *,
        if_none_match: bool = False,
        if_match: str | None = None,
        metadata: Mapping[str, str] | None = None,
        content_type: str | None = None,
        storage_class: str | None = None,
    ) -> str:
        """Writes an object from a file."""
        arguments = (Path(path), if_none_match, if_match, dict(metadata or {}))
        return await self._workers.run(self._put, check_key(key), *arguments)

    async def get(self, key: str, *, start: int = 0, length: int | None = None) -> Object:
        """Reads an object or a range of it."""
        return await self._workers.run(self._get, check_key(key), start, length)

    async def head(self, key: str) -> Info:
        """What is known of an object."""
        return await self._workers.run(self._head, check_key(key))

    async def list(self, prefix: str, *, after: str = "") -> Infos:
        """The objects under a prefix."""
        return await self._workers.run(self._list, prefix, after)

    async def delete(self, keys: Iterable[str]) -> None:
        """Deletes objects."""
        await self._workers.run(self._delete, [check_key(key) for key in keys])

    def _put(
        self, key: str, source: bytes | Path, if_none_match: bool, if_match: str | None, metadata: dict[str, str]
    ) -> str:
        path = self._root / key
        spare = path.parent / f".{os.getpid()}-{next(self._serial)}.tmp"
        try:
            try:
                file = spare.open("wb")
            except FileNotFoundError:
                path.parent.mkdir(parents=True, exist_ok=True)
                file = spare.open("wb")
            with file:
                _fill(file, source)
                beside = not _attach_metadata(file, metadata)
                _stamp(file, metadata)
                etag = _etag(os.fstat(file.fileno()))
                if self._durable:
                    os.fsync(file.fileno())
            if beside:
                _meta_path(path, etag).write_text(json.dumps(metadata))
            try:
                self._place(spare, path, if_none_match, if_match)
            except PreconditionFailed:
                _meta_path(path, etag).unlink(missing_ok=True)
                raise
        except OSError as error:
            raise StoreError("put an object", key, hint=str(error)) from error
        finally:
            with contextlib.suppress(FileNotFoundError):
                spare.unlink()
        return etag

    def _place(self, spare: Path, path: Path, if_none_match: bool, if_match: str | None) -> None:
        """Moves the written file to its place, if the condition holds."""
        if if_none_match:
            try:
                os.link(spare, path)
            except FileExistsError:
                raise PreconditionFailed("put an object", str(path)) from None
        else:
            with self._locked():
                found = _etag_of(path)
                if if_match is not None and found != if_match:
                    raise PreconditionFailed("put an object", str(path))
                spare.replace(path)
                if found is not None:
                    _meta_path(path, found).unlink(missing_ok=True)
        if self._durable:
            _sync_folder(path.parent)

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        with (self._root / ".lock").open("ab") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _get(self, key: str, start: int, length: int | None) -> Object:
        try:
            with (self._root / key).open("rb") as file:
                info = self._info(key, os.fstat(file.fileno()), with_metadata=True)
                first, end = byte_range(start, length, info.size)
                file.seek(first)
                return Object(info, file.read(end - first))
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
            raise ObjectMissing("get an object", key) from None
        except OSError as error:
            raise StoreError("get an object", key, hint=str(error)) from error

    def _head(self, key: str) -> Info:
        try:
            path = self._root / key
            if not path.is_file():
                raise ObjectMissing("get an object", key)
            return self._info(key, path.stat(), with_metadata=True)
        except OSError as error:
            raise StoreError("head an object", key, hint=str(error)) from error

    def _list(self, prefix: str, after: str) -> Infos:
        base = self._root / prefix.rpartition("/")[0]
        found: list[Info] = []
        for folder, _, names in os.walk(base):
            for name in names:
                path = Path(folder, name)
                key = path.relative_to(self._root).as_posix()
                if name.startswith(".") or not key.startswith(prefix) or key <= after:
                    continue
                with contextlib.suppress(FileNotFoundError):
                    found.append(self._info(key, path.stat(), with_metadata=False))
        return sorted(found, key=lambda info: info.key)

    def _delete(self, keys: Sequence[str]) -> None:
        for key in keys:
            path = self._root / key
            try:
                etag = _etag_of(path)
                if etag is not None:
                    path.unlink(missing_ok=True)
                    _meta_path(path, etag).unlink(missing_ok=True)
            except OSError as error:
                raise StoreError("delete an object", key, hint=str(error)) from error

    def _info(self, key: str, status: os.stat_result, *, with_metadata: bool) -> Info:
        etag, metadata = _etag(status), {}
        if with_metadata:
            metadata = _read_metadata(self._root / key, etag)
        return Info(key, status.st_size, etag, status.st_mtime_ns // 1_000_000, metadata)


def _fill(file: IO[bytes], source: bytes | Path) -> None:
    """Writes the source's bytes."""
    if isinstance(source, Path):
        with source.open("rb") as plain:
            shutil.copyfileobj(plain, file, COPY_BYTES)
    else:
        file.write(source)
    file.flush()


def _attach_metadata(file: IO[bytes], metadata: Mapping[str, str]) -> bool:
    """Keeps the metadata with the file; False where the file system cannot."""
    if not metadata:
        return True
    try:
        os.setxattr(file.fileno(), ATTRIBUTE, json.dumps(metadata).encode())
    except (OSError, AttributeError):
        return False
    return True


def _read_metadata(path: Path, etag: str) -> dict[str, str]:
    """The metadata of the object at `path`, wherever it is kept."""
    with contextlib.suppress(OSError, AttributeError, ValueError):
        return dict(json.loads(os.getxattr(path, ATTRIBUTE)))
    with contextlib.suppress(FileNotFoundError, ValueError):
        return dict(json.loads(_meta_path(path, etag).read_text()))
    return {}


def _stamp(file: IO[bytes], metadata: Mapping[str, str]) -> None:
    """Gives the file the time that its metadata names."""
    if TIMESTAMP_KEY in metadata:
        moment = datetime.fromisoformat(metadata[TIMESTAMP_KEY])
        nanoseconds = round(moment.timestamp() * 1000) * 1_000_000
        os.utime(file.fileno(), ns=(nanoseconds, nanoseconds))


def _etag(status: os.stat_result) -> str:
    """A file that was written again is another inode or has another time."""
    return f"{status.st_ino:x}-{status.st_mtime_ns:x}-{status.st_size:x}"


def _etag_of(path: Path) -> str | None:
    try:
        return _etag(path.stat())
    except FileNotFoundError:
        return None


def _meta_path(path: Path, etag: str) -> Path:
    return path.parent / f".{path.name}.{etag}.meta"


def _sync_folder(folder: Path) -> None:
    """Makes a new name survive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
