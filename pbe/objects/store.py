"""What an object store is to pbe: keys, bytes, conditional writes.

Every method is a coroutine; blocking work is done by `Runs`, off the reactor's thread. Keys are relative
(`tenants/a/lease.json`), use "/" and no ".." part. Strong consistency is assumed: what was put is what is then got and
listed. An etag changes with each put and means nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, TypeVar

from pbe.errors import Misuse

T = TypeVar("T")

#: Where litestream looks for the time of a file: RFC 3339. A folder store keeps it as the file's own time.
TIMESTAMP_KEY = "litestream-timestamp"
KEY_BYTES_MAX = 1024


class Runs(Protocol):
    """Whoever runs a blocking function elsewhere."""

    async def run(self, function: Callable[..., T], *args: Any) -> T:
        """The function's result; what it raises is raised."""
        ...


@dataclass(frozen=True, slots=True)
class Info:
    """An object without its bytes; `modified_ms` is the store's own time, `metadata` is empty in listings."""

    key: str
    size: int
    etag: str
    modified_ms: int
    metadata: Mapping[str, str] = field(default_factory=dict)


#: Under a name of its own, since stores have a method `list`.
Infos = list[Info]


@dataclass(frozen=True, slots=True)
class Object:
    """Bytes of an object (all, or the range asked for) and what `Info` says of the whole of it."""

    info: Info
    data: bytes


class ObjectStore(Protocol):
    """One bucket, or a prefix of one. Raises ObjectMissing, PreconditionFailed, StoreError."""

    #: "s3" or "file": how litestream lays out a replica on this kind of store.
    layout: str

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
        """Writes the whole object and gives its etag; nobody ever sees half of one.

        if_none_match: only where there is none; if_match: only over the object with that etag. Two writers of the same
        condition: one of them gets PreconditionFailed. StoreError means that nobody knows whether it was written.
        """
        ...

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
        """`put` of a file's bytes without holding them in memory."""
        ...

    async def get(self, key: str, *, start: int = 0, length: int | None = None) -> Object:
        """The bytes from `start`, at most `length`; start < 0 counts from the end. A range past the end is b""."""
        ...

    async def head(self, key: str) -> Info:
        """What is known of an object, with its metadata."""
        ...

    async def list(self, prefix: str, *, after: str = "") -> Infos:
        """All objects whose key starts with `prefix` and is greater than `after`, in key order."""
        ...

    async def delete(self, keys: Iterable[str]) -> None:
        """Deletes the objects there are; a missing one is no error."""
        ...


def check_key(key: str) -> str:
    """`key` itself; Misuse for one that a store would refuse or a folder would leave by."""
    parts = key.split("/")
    encoded = key.encode("utf-8", "surrogatepass")
    if not key or len(encoded) > KEY_BYTES_MAX or any(part in ("", ".", "..") for part in parts) or "\0" in key:
        raise Misuse("name an object", repr(key))
    return key


def byte_range(start: int, length: int | None, size: int) -> tuple[int, int]:
    """(first, end) of a range of `size` bytes, clipped."""
    first = max(0, size + start) if start < 0 else min(start, size)
    end = size if length is None else min(size, first + length)
    return first, max(first, end)
