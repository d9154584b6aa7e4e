"""An object store whose reads are tried again: what only reads may be repeated without a thought."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from typing import TypeVar

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime

from pbe.errors import StoreError
from pbe.objects.store import Info, Infos, Object, ObjectStore

T = TypeVar("T")

READ_TRIES_MAX = 6
RETRY_S_MIN = 0.05


class PatientStore:
    """`store`; reads and deletes that fail for now are repeated, READ_TRIES_MAX times in all. Writes are not."""

    def __init__(self, store: ObjectStore, clock: IReactorTime, jitter: Callable[[], float]) -> None:
        self.layout = store.layout
        self.put, self.put_file = store.put, store.put_file  # one attempt each
        self._store = store
        self._clock = clock
        self._jitter = jitter

    async def _patiently(self, read: Callable[[], Awaitable[T]]) -> T:
        """The result of one of several attempts; the last one's error."""
        wait_s = RETRY_S_MIN
        for _ in range(READ_TRIES_MAX - 1):
            try:
                return await read()
            except StoreError as error:
                if not error.recoverable:
                    raise
            pause: Deferred[None] = Deferred()
            self._clock.callLater(wait_s * (0.5 + self._jitter()), pause.callback, None)
            await pause
            wait_s *= 2
        return await read()

    async def get(self, key: str, *, start: int = 0, length: int | None = None) -> Object:
        """Reads an object or a range of it."""
        return await self._patiently(lambda: self._store.get(key, start=start, length=length))

    async def head(self, key: str) -> Info:
        """What is known of an object."""
        return await self._patiently(lambda: self._store.head(key))

    async def list(self, prefix: str, *, after: str = "") -> Infos:
        """The objects under a prefix."""
        return await self._patiently(lambda: self._store.list(prefix, after=after))

    async def delete(self, keys: Iterable[str]) -> None:
        """Deletes objects."""
        listed = [*keys]
        await self._patiently(lambda: self._store.delete(listed))
