"""Where a tenant's backups are: the node's object store, or a bucket of the tenant's own."""

import os
import re
from pathlib import Path

from pbe.errors import ObjectMissing, StoreError
from pbe.objects.store import Info, ObjectStore
from pbe.tenant.own_store import own_store
from pbe.tenant.tenant import Tenant

FETCH_BYTES = 8 * 1024 * 1024
KIND = "application/zip"
_KEY = re.compile(r"[^/\\\0]{1,255}")


class BackupStore:
    """The backups of one tenant by their names, which are file names."""

    def __init__(self, objects: ObjectStore, prefix: str) -> None:
        self._objects = objects
        self._prefix = prefix

    @classmethod
    async def of(cls, tenant: Tenant) -> "BackupStore":
        """The tenant's. Raises `StoreError` where there is no place for any."""
        s3 = tenant.settings.backups["s3"]
        if s3["enabled"]:
            return cls(await own_store(tenant, s3), "")
        if tenant.services.files is None:
            raise StoreError("open the backups", tenant.id, hint="this node has no object store")
        return cls(tenant.services.files.objects, f"backups/{tenant.id}/")

    async def list(self) -> list[Info]:
        """All backups by name."""
        found = await self._objects.list(self._prefix)
        named = [Info(one.key.removeprefix(self._prefix), one.size, one.etag, one.modified_ms) for one in found]
        return [one for one in named if "/" not in one.key]

    async def exists(self, key: str) -> bool:
        """Whether there is a backup of that name."""
        return await self.head(key) is not None

    async def head(self, key: str) -> Info | None:
        """What is known of a backup; None where there is none, or its name cannot be one."""
        if not _KEY.fullmatch(key) or key in (".", ".."):
            return None
        try:
            return await self._objects.head(self._prefix + key)
        except ObjectMissing:
            return None

    async def put(self, key: str, path: Path) -> None:
        """Store a finished zip."""
        await self._objects.put_file(self._prefix + key, path, content_type=KIND)

    async def delete(self, key: str) -> None:
        """Delete a backup."""
        await self._objects.delete([self._prefix + key])

    async def fetch(self, tenant: Tenant, info: Info, key: str) -> Path:
        """The backup as a local file, which belongs to the node's cache."""
        if tenant.services.files is None:
            raise StoreError("fetch a backup", key, hint="this node has no cache")

        async def write(path: Path) -> None:
            at = 0
            while at < info.size:
                found = await self._objects.get(self._prefix + key, start=at, length=FETCH_BYTES)
                await tenant.workers.run(_append, path, found.data, info.modified_ms)
                at += len(found.data)
                if not found.data:
                    raise StoreError("fetch a backup", key, hint="it ended early")

        etag = re.sub(r"[^A-Za-z0-9]", "", info.etag) or "none"
        return await tenant.services.files.cache.get(f"{tenant.id}/backups/{etag}/{key}", write)


def _append(path: Path, data: bytes, modified_ms: int) -> None:
    with path.open("ab") as file:
        file.write(data)
    os.utime(path, (modified_ms / 1000, modified_ms / 1000))
