"""An object store in memory: for tests and simulations, and what the other stores have to behave like."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from pbe.errors import ObjectMissing, PreconditionFailed
from pbe.objects.store import Info, Infos, Object, byte_range, check_key


class MemoryStore:
    """All objects in one dict; `now` gives seconds since the epoch. Nothing here waits."""

    def __init__(self, now: Callable[[], float], *, layout: str = "s3") -> None:
        self.layout = layout
        self.objects: dict[str, Object] = {}
        self._now = now
        self._puts = 0

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
        found = self.objects.get(check_key(key))
        if (if_none_match and found is not None) or (if_match is not None and self._etag(found) != if_match):
            raise PreconditionFailed("put an object", key)
        self._puts += 1
        info = Info(key, len(data), f"m{self._puts}", int(self._now() * 1000), dict(metadata or {}))
        self.objects[key] = Object(info, bytes(data))
        return info.etag

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
        data = Path(path).read_bytes()
        return await self.put(key, data, if_none_match=if_none_match, if_match=if_match, metadata=metadata)

    async def get(self, key: str, *, start: int = 0, length: int | None = None) -> Object:
        """Reads an object or a range of it."""
        found = self._find(key)
        first, end = byte_range(start, length, len(found.data))
        return Object(found.info, found.data[first:end])

    async def head(self, key: str) -> Info:
        """What is known of an object."""
        return self._find(key).info

    async def list(self, prefix: str, *, after: str = "") -> Infos:
        """The objects under a prefix."""
        keys = sorted(key for key in self.objects if key.startswith(prefix) and key > after)
        found = [self.objects[key].info for key in keys]
        return [Info(info.key, info.size, info.etag, info.modified_ms) for info in found]

    async def delete(self, keys: Iterable[str]) -> None:
        """Deletes objects."""
        for key in keys:
            self.objects.pop(check_key(key), None)

    def _find(self, key: str) -> Object:
        try:
            return self.objects[check_key(key)]
        except KeyError:
            raise ObjectMissing("get an object", key) from None

    @staticmethod
    def _etag(found: Object | None) -> str | None:
        return found.info.etag if found is not None else None
