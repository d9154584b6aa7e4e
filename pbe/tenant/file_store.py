"""A tenant's files: the object store is their home, the node's disk a cache.

Objects are ``tenants/<id>/storage/<collection id>/<record id>/<name>`` and, beside them,
``thumbs_<name>/<size>_<name>``, which are made when they are first asked for. Names have a random part and contents
never change, so whatever is in the cache is good. A file is stored once `put` returns: not before it is in the object
store. What a crash leaves behind without a record is found by `file_orphans`.
"""

import os
import shutil
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from twisted.internet.defer import DeferredSemaphore

from pbe.errors import ObjectMissing
from pbe.objects.store import Info, ObjectStore
from pbe.storage.file_cache import FileCache
from pbe.storage.workers import Runs
from pbe.tenant import mime, thumb

SMALL_BYTES_MAX = 256 * 1024
FETCH_BYTES = 8 * 1024 * 1024
HEAD_BYTES = 4096
THUMBS_MAX = 2


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file on the local disk. kind: its type by its first bytes; modified_s: when it was stored, in whole seconds."""

    path: Path
    size: int
    kind: str
    modified_s: int


class FileHome:
    """Where a node keeps all tenants' files: the object store, its cache, and how many thumbs are made at once."""

    def __init__(self, objects: ObjectStore, cache: FileCache, workers: Runs) -> None:
        self.objects = objects
        self.cache = cache
        self.workers = workers
        self.thumbs = DeferredSemaphore(THUMBS_MAX)


class FileStore:
    """The files of one tenant. Raises `ObjectMissing`, `StoreError`, and OSError where the disk fails.

    own: opens the bucket that the tenant brings along, where its files are then; set by `file_place`.
    """

    def __init__(self, tenant_id: str, home: FileHome) -> None:
        self._home = f"tenants/{tenant_id}/storage/"
        self._local = f"{tenant_id}/storage/"
        self._own_local = f"{tenant_id}/own/"
        self._objects = home.objects
        self._cache = home.cache
        self._workers = home.workers
        self._thumbs = home.thumbs
        self.own: Callable[[], Awaitable[ObjectStore]] | None = None

    async def _place(self) -> tuple[ObjectStore, str]:
        """The store of the files, and what is before every key there."""
        if self.own is None:
            return self._objects, self._home
        return await self.own(), ""

    def _cached(self, key: str) -> str:
        return (self._local if self.own is None else self._own_local) + key

    async def put(self, key: str, upload: Any) -> None:
        """Store an upload (`tenant.upload.NewFile`); it is in the object store once this returns."""
        received = upload.received
        if upload.size <= SMALL_BYTES_MAX:
            await self.put_bytes(key, received.read(), upload.content_type)
            return
        objects, home = await self._place()
        cached = self._cached(key)
        part = self._cache.part(cached)
        try:
            await self._workers.run(_copy, received, part)
            await objects.put_file(home + key, part, content_type=upload.content_type)
            await self._cache.adopt(cached, part)
        finally:
            await self._workers.run(_remove, part)

    async def put_bytes(self, key: str, data: bytes, content_type: str) -> None:
        """Store a small file."""
        objects, home = await self._place()
        await objects.put(home + key, data, content_type=content_type)

    async def put_path(self, key: str, path: Path, content_type: str) -> None:
        """Store a file that is on the disk already, and stays there; always on the platform, as it is of a pb_data."""
        await self._objects.put_file(self._home + key, path, content_type=content_type)

    async def delete(self, keys: Sequence[str]) -> None:
        """Delete files, thumbs of theirs too."""
        objects, home = await self._place()
        doomed = list(keys)
        for key in keys:
            folder, _, name = key.rpartition("/")
            found = await objects.list(f"{home}{folder}/thumbs_{name}/")
            doomed += [info.key.removeprefix(home) for info in found]
        await self.delete_keys(doomed)

    async def delete_record(self, prefix: str) -> None:
        """Delete all files under ``collectionId/recordId/``."""
        objects, home = await self._place()
        found = await objects.list(home + prefix)
        await self.delete_keys([info.key.removeprefix(home) for info in found])

    async def list(self, prefix: str = "") -> list[Info]:
        """What the platform stores under a prefix, keys without the tenant's own part.

        Nothing of a bucket that the tenant brings along: it may hold others' objects, and is in no pb_data.
        """
        if self.own is not None:
            return []
        found = await self._objects.list(self._home + prefix)
        return [Info(one.key.removeprefix(self._home), one.size, one.etag, one.modified_ms) for one in found]

    async def open(self, key: str) -> StoredFile:
        """The file on the local disk, fetched where it is not here. Raises `ObjectMissing`."""

        async def fetch(path: Path) -> None:
            await self._fetch(key, path)

        path = await self._cache.get(self._cached(key), fetch)
        return await self._workers.run(_describe, path)

    async def thumb(self, key: str, original: str, size: str) -> StoredFile:
        """The thumb of the file `original` in that size, made where there is none yet. Raises `ThumbError`."""

        async def fetch(path: Path) -> None:
            try:
                await self._fetch(key, path)
            except ObjectMissing:
                await self._make_thumb(key, original, size, path)

        path = await self._cache.get(self._cached(key), fetch)
        return await self._workers.run(_describe, path)

    async def _make_thumb(self, key: str, original: str, size: str, path: Path) -> None:
        source = await self.open(original)
        if source.kind not in thumb.SOURCE_KINDS:
            raise thumb.ThumbError("make a thumb", original, hint=f"{source.kind} is no image")
        await self._thumbs.acquire()
        try:
            data, kind = await self._workers.run(thumb.make, source.path, source.kind, size)
        finally:
            self._thumbs.release()
        await self.put_bytes(key, data, kind)
        await self._workers.run(path.write_bytes, data)

    async def _fetch(self, key: str, path: Path) -> None:
        """Write the object's bytes to `path`, a piece at a time, with the object's time."""
        objects, home = await self._place()
        at = 0
        while True:
            found = await objects.get(home + key, start=at, length=FETCH_BYTES)
            await self._workers.run(_append, path, found.data, found.info.modified_ms)
            at += len(found.data)
            if at >= found.info.size or not found.data:
                return

    async def delete_keys(self, keys: Sequence[str]) -> None:
        """Delete just these."""
        if keys:
            objects, home = await self._place()
            await objects.delete([home + key for key in keys])
            await self._cache.drop([self._cached(key) for key in keys])


def _copy(received: Any, part: Path) -> None:
    part.parent.mkdir(parents=True, exist_ok=True)
    with part.open("wb") as file:
        shutil.copyfileobj(received.open(), file, 1 << 20)


def _remove(path: Path) -> None:
    path.unlink(missing_ok=True)


def _append(path: Path, data: bytes, modified_ms: int) -> None:
    with path.open("ab") as file:
        file.write(data)
    os.utime(path, (modified_ms / 1000, modified_ms / 1000))


def _describe(path: Path) -> StoredFile:
    with path.open("rb") as file:
        status = os.fstat(file.fileno())
        return StoredFile(path, status.st_size, mime.sniff(file.read(HEAD_BYTES)), int(status.st_mtime))
