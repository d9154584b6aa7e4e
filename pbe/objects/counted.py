"""Counts the requests that go to an object store, by kind, for the bill and for the proof that idle costs none."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from pbe.objects.store import Info, Infos, Object, ObjectStore

LIST_KEYS_PER_REQUEST = 1000


@dataclass(slots=True)
class Requests:
    """Requests and bytes since the counter was made, as a bill has them; failed ones count too."""

    puts: int = 0
    gets: int = 0
    heads: int = 0
    lists: int = 0
    deletes: int = 0
    bytes_in: int = 0
    bytes_out: int = 0

    @property
    def total(self) -> int:
        """All requests."""
        return self.puts + self.gets + self.heads + self.lists + self.deletes


class CountedStore:
    """`store`, with every request noted in `requests`."""

    def __init__(self, store: ObjectStore) -> None:
        self._store = store
        self.layout = store.layout
        self.requests = Requests()

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
        """Writes an object."""
        self.requests.puts += 1
        self.requests.bytes_in += len(data)
        return await self._store.put(
            key,
            data,
            if_none_match=if_none_match,
            if_match=if_match,
            metadata=metadata,
            content_type=content_type,
            storage_class=storage_class,
        )

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
        self.requests.puts += 1
        self.requests.bytes_in += Path(path).stat().st_size
        return await self._store.put_file(
            key,
            path,
            if_none_match=if_none_match,
            if_match=if_match,
            metadata=metadata,
            content_type=content_type,
            storage_class=storage_class,
        )

    async def get(self, key: str, *, start: int = 0, length: int | None = None) -> Object:
        """Reads an object or a range of it."""
        self.requests.gets += 1
        found = await self._store.get(key, start=start, length=length)
        self.requests.bytes_out += len(found.data)
        return found

    async def head(self, key: str) -> Info:
        """What is known of an object."""
        self.requests.heads += 1
        return await self._store.head(key)

    async def list(self, prefix: str, *, after: str = "") -> Infos:
        """The objects under a prefix."""
        found = await self._store.list(prefix, after=after)
        self.requests.lists += max(1, -(-len(found) // LIST_KEYS_PER_REQUEST))
        return found

    async def delete(self, keys: Iterable[str]) -> None:
        """Deletes objects."""
        listed = [*keys]
        self.requests.deletes += -(-len(listed) // LIST_KEYS_PER_REQUEST)
        await self._store.delete(listed)
