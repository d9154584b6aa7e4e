"""One uploader for all databases of a node: bounded, patient, and never in doubt about what it wrote.

A level-0 key is written once, by whoever comes first (`If-None-Match: *`). An attempt whose outcome nobody knows is
repeated with the same bytes; where the repetition finds the key taken, the object under it tells whether it is ours.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from twisted.internet.defer import Deferred, DeferredSemaphore
from twisted.internet.interfaces import IDelayedCall, IReactorTime

from pbe.errors import ObjectMissing, PreconditionFailed, StoreError, Unavailable
from pbe.objects.store import ObjectStore
from pbe.pages.ltx import HEADER_BYTES, BrokenLtx, Header, trailer_checksum
from pbe.replication.lease import Fenced
from pbe.replication.settings import Settings


@dataclass(frozen=True, slots=True)
class Parcel:
    """One object on its way: bytes in memory, or a file. checksum and epoch are those inside the LTX."""

    key: str
    checksum: int
    epoch: int
    metadata: Mapping[str, str]
    data: bytes | None = None
    path: Path | None = None


class Uploader:
    """Puts parcels, at most `uploads_max` at a time. jitter() gives 0 ≤ x < 1."""

    def __init__(
        self,
        store: ObjectStore,
        clock: IReactorTime,
        jitter: Callable[[], float],
        settings: Settings,
        alert: Callable[[str], None],
    ) -> None:
        self._store = store
        self._clock = clock
        self._jitter = jitter
        self._settings = settings
        self._alert = alert
        self._places = DeferredSemaphore(settings.uploads_max)
        self._sleeping: dict[Deferred[None], IDelayedCall] = {}
        self._stopped = False
        #: When the store stopped answering, on the reactor's clock; None while it answers.
        self.away_since: float | None = None
        self.retries = 0

    async def place(self, parcel: Parcel) -> None:
        """Puts an object whose content anybody would have made the same: one that is there already will do."""
        try:
            await self.append(parcel, self._settings.attach_s_max)
        except Fenced:
            return

    async def append(self, parcel: Parcel, tries_s_max: float | None = None) -> None:
        """Returns once the object is in the store. Fenced where another one has the key.

        Goes on for ever, or for `tries_s_max`, then raises the last StoreError; `stop` ends it with Unavailable.
        """
        began, wait_s = self._clock.seconds(), self._settings.retry_s_min
        while True:
            try:
                await self._places.acquire()
                try:
                    await self._put_once(parcel)
                finally:
                    self._places.release()
                self._answered()
                return
            except StoreError as error:
                self._failed(parcel, error)
                if tries_s_max is not None and self._clock.seconds() - began + wait_s > tries_s_max:
                    raise
            await self._sleep(wait_s * (0.5 + self._jitter()))
            wait_s = min(wait_s * 2, self._settings.retry_s_max)
            self.retries += 1

    def wake(self) -> None:
        """Everybody who waits before another attempt tries now."""
        for sleeper, timer in list(self._sleeping.items()):
            timer.cancel()
            del self._sleeping[sleeper]
            sleeper.callback(None)

    def stop(self) -> None:
        """Ends every append that waits; those on the wire finish by themselves."""
        self._stopped = True
        self.wake()

    async def _put_once(self, parcel: Parcel) -> None:
        """One attempt, and after a 412 the question whose object it is."""
        try:
            if parcel.path is not None:
                await self._store.put_file(parcel.key, parcel.path, if_none_match=True, metadata=parcel.metadata)
            else:
                await self._store.put(parcel.key, parcel.data or b"", if_none_match=True, metadata=parcel.metadata)
        except PreconditionFailed:
            if not await self._is_ours(parcel):
                raise Fenced("append to a log", parcel.key, hint="another writer has this transaction") from None

    async def _is_ours(self, parcel: Parcel) -> bool:
        """Whether the object under the parcel's key is the parcel: an earlier attempt came through after all."""
        try:
            front = (await self._store.get(parcel.key, start=0, length=HEADER_BYTES)).data
            tail = (await self._store.get(parcel.key, start=-8)).data
            return trailer_checksum(tail) == parcel.checksum and Header.unpack(front).node_id == parcel.epoch
        except (ObjectMissing, BrokenLtx):
            return False

    def _answered(self) -> None:
        if self.away_since is not None:
            self.away_since = None
            self._alert("the object store answers again")
            self.wake()

    def _failed(self, parcel: Parcel, error: StoreError) -> None:
        if self.away_since is None:
            self.away_since = self._clock.seconds()
            self._alert(f"the object store fails, commits queue in the logs: {error} ({parcel.key})")

    async def _sleep(self, seconds: float) -> None:
        if self._stopped:
            raise Unavailable(cause="the uploader has stopped")
        sleeper: Deferred[None] = Deferred()

        def rise() -> None:
            """Ends the sleep by its timer."""
            del self._sleeping[sleeper]
            sleeper.callback(None)

        self._sleeping[sleeper] = self._clock.callLater(seconds, rise)
        await sleeper
        if self._stopped:
            raise Unavailable(cause="the uploader has stopped")
