"""A bounded cache of immutable files on the node's disk, in front of an object store.

Keys are relative paths; what is stored under a key never changes. A file is fetched at most once at a time, however
many ask for it, and the one that was used longest ago goes when the cache is full. Files of an earlier run are counted
by `scan`. Nothing here is precious: the folder may be deleted while no node runs.
"""

import contextlib
import os
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterable
from pathlib import Path

from twisted.internet.defer import Deferred

from pbe.storage.workers import Runs

CACHE_BYTES_MAX = 2 * 1024**3
PART_SUFFIX = ".part"
Fetch = Callable[[Path], Awaitable[None]]


class FileCache:
    """Files under `folder`, `bytes_max` in all; one file more may be there while it is being used."""

    def __init__(self, folder: Path, workers: Runs, *, bytes_max: int = CACHE_BYTES_MAX) -> None:
        self._folder = folder
        self._workers = workers
        self._bytes_max = bytes_max
        self._sizes: OrderedDict[str, int] = OrderedDict()
        self._bytes = 0
        self._serial = 0
        self._fetching: dict[str, list[Deferred[None]]] = {}

    @property
    def bytes_used(self) -> int:
        """What all files take."""
        return self._bytes

    async def scan(self) -> None:
        """Count what an earlier run left, oldest first; half-written files are removed."""
        for key, size in await self._workers.run(_found, self._folder):
            if key not in self._sizes:
                self._keep(key, size)
        await self._shrink("")

    async def get(self, key: str, fetch: Fetch) -> Path:
        """The file of `key`; where it is not here, `fetch(path)` has to write it. Raises what `fetch` raises."""
        if key in self._sizes:
            self._sizes.move_to_end(key)
            path = self._folder / key
            if await self._workers.run(path.exists):
                return path
            self._forget(key)
        waiting = self._fetching.get(key)
        if waiting is not None:
            door: Deferred[None] = Deferred()
            waiting.append(door)
            await door
            return self._folder / key
        self._fetching[key] = []
        error: Exception | None = None
        try:
            return await self._fetch(key, fetch)
        except Exception as failed:
            error = failed
            raise
        finally:
            for door in self._fetching.pop(key):
                if error is None:
                    door.callback(None)
                else:
                    door.errback(error)

    async def drop(self, keys: Iterable[str]) -> None:
        """Forget files; those that are not here are no error."""
        paths = []
        for key in keys:
            self._forget(key)
            paths.append(self._folder / key)
        await self._workers.run(_unlink, paths)

    async def drop_under(self, prefix: str) -> None:
        """Forget all files whose key begins with `prefix`."""
        await self.drop([key for key in self._sizes if key.startswith(prefix)])

    def part(self, key: str) -> Path:
        """A path for a file in the making, in the folder where `key` will be; the caller writes and removes it."""
        self._serial += 1
        return self._folder / f"{key}.{os.getpid()}-{self._serial}{PART_SUFFIX}"

    async def adopt(self, key: str, part: Path) -> Path:
        """Take a finished file of `part()` as the content of `key`."""
        path = self._folder / key
        size = await self._workers.run(_move, part, path)
        self._forget(key)
        self._keep(key, size)
        await self._shrink(key)
        return path

    async def _fetch(self, key: str, fetch: Fetch) -> Path:
        part = self.part(key)
        await self._workers.run(lambda: part.parent.mkdir(parents=True, exist_ok=True))
        try:
            await fetch(part)
            return await self.adopt(key, part)
        finally:
            await self._workers.run(_unlink, [part])

    def _keep(self, key: str, size: int) -> None:
        self._sizes[key] = size
        self._bytes += size

    def _forget(self, key: str) -> None:
        self._bytes -= self._sizes.pop(key, 0)

    async def _shrink(self, spared: str) -> None:
        leaving: list[Path] = []
        while self._bytes > self._bytes_max and self._sizes:
            oldest = next(iter(self._sizes))
            if oldest == spared:
                break
            self._forget(oldest)
            leaving.append(self._folder / oldest)
        if leaving:
            await self._workers.run(_unlink, leaving)


def _found(folder: Path) -> list[tuple[str, int]]:
    """Key and size of each file, the one used longest ago first."""
    found: list[tuple[float, str, int]] = []
    for where, _, names in os.walk(folder):
        for name in names:
            path = Path(where, name)
            with contextlib.suppress(FileNotFoundError):
                if name.endswith(PART_SUFFIX):
                    path.unlink()
                    continue
                status = path.stat()
                found.append((status.st_atime, path.relative_to(folder).as_posix(), status.st_size))
    return [(key, size) for _, key, size in sorted(found)]


def _move(part: Path, path: Path) -> int:
    path.parent.mkdir(parents=True, exist_ok=True)
    size = part.stat().st_size
    part.replace(path)
    return size


def _unlink(paths: Iterable[Path]) -> None:
    for path in paths:
        path.unlink(missing_ok=True)
