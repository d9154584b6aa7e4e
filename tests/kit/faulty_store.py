"""An object store that fails as real ones do, from a seed: errors before and after the effect, uploads cut short, the
same request served twice, requests that arrive long after their sender has given up, and slow answers.
"""

import random
from collections.abc import Iterable, Mapping
from pathlib import Path

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime

from pbe.errors import PreconditionFailed, StoreError
from pbe.objects.memory import MemoryStore
from pbe.objects.store import Info, Infos, Object

LATE_S_MAX = 20.0


class FaultyStore:
    """`inner`, through a bad network. rate: how many requests of 1 go wrong; away: all of them do.

    dead: the process that asks has died: what was on the wire may still arrive, but nobody hears of it.
    """

    layout = "s3"

    def __init__(self, inner: MemoryStore, clock: IReactorTime, seed: int, rate: float) -> None:
        self.inner = inner
        self.rate = rate
        self.away = False
        self.dead = False
        self._clock = clock
        self._random = random.Random(seed)

    async def _pass(self, reading: bool) -> str:
        """Waits as long as the network takes, then says what becomes of the request."""
        pause: Deferred[None] = Deferred()
        self._clock.callLater(self._random.uniform(0.0, 0.08), pause.callback, None)
        await pause
        if self.dead and (reading or self._random.random() < 0.5):
            await Deferred()
        if self.away:
            raise StoreError("reach the store", hint="away")
        if self._random.random() >= self.rate:
            return "fine"
        fate = self._random.choice(["before", "torn", "after", "twice", "late"])
        if reading or fate in ("before", "torn"):
            raise StoreError("reach the store", hint=fate)
        return fate

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
        """Writes an object, perhaps."""
        fate = await self._pass(False)
        if fate == "late":
            self._clock.callLater(
                self._random.uniform(0, LATE_S_MAX), self._late, key, data, if_none_match, if_match, metadata
            )
            raise StoreError("put an object", key, hint="late")
        etag = await self.inner.put(key, data, if_none_match=if_none_match, if_match=if_match, metadata=metadata)
        if self.dead:
            await Deferred()
        if fate == "after":
            raise StoreError("put an object", key, hint="after")
        if fate == "twice":
            await self.inner.put(key, data, if_none_match=if_none_match, if_match=if_match, metadata=metadata)
        return etag

    def _late(
        self,
        key: str,
        data: bytes,
        if_none_match: bool,
        if_match: str | None,
        metadata: Mapping[str, str] | None,
    ) -> None:
        """A request that was still on its way: nobody hears of its outcome."""
        request = self.inner.put(key, data, if_none_match=if_none_match, if_match=if_match, metadata=metadata)
        Deferred.fromCoroutine(request).addErrback(lambda failure: failure.trap(PreconditionFailed))

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
        """Writes an object from a file, perhaps."""
        data = Path(path).read_bytes()
        return await self.put(key, data, if_none_match=if_none_match, if_match=if_match, metadata=metadata)

    async def get(self, key: str, *, start: int = 0, length: int | None = None) -> Object:
        """Reads an object, perhaps."""
        await self._pass(True)
        return await self.inner.get(key, start=start, length=length)

    async def head(self, key: str) -> Info:
        """What is known of an object, perhaps."""
        await self._pass(True)
        return await self.inner.head(key)

    async def list(self, prefix: str, *, after: str = "") -> Infos:
        """The objects under a prefix, perhaps."""
        await self._pass(True)
        return await self.inner.list(prefix, after=after)

    async def delete(self, keys: Iterable[str]) -> None:
        """Deletes objects, perhaps."""
        await self._pass(True)
        await self.inner.delete(list(keys))


def export_folder(inner: MemoryStore, folder: Path) -> None:
    """Writes a store's replicas where litestream finds them under a file:// URL."""
    for key, found in inner.objects.items():
        parts = key.split("/")
        if len(parts) == 6 and parts[2] == "litestream":
            target = folder / "/".join(parts[:4]) / "ltx" / str(int(parts[4], 16)) / parts[5]
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(found.data)
