"""Owns one database's log: reads it, checkpoints it, and loses no frame.

Theory of operation. SQLite may restart the log with the first write after a checkpoint has copied all of it. So from
the start of each checkpoint until the first commit after its end the keeper is armed: before each transaction it seals
the log (`log_reader.Seal`). It is the only one who checkpoints, which it does while nothing waits for the store, so
that a store that is away leaves everything unshipped in the log.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from twisted.internet.defer import Deferred

from pbe.errors import PbeError, Unavailable
from pbe.pages.ltx import Header
from pbe.pages.page_set import PageSet
from pbe.pages.wal import FRAME_HEADER_BYTES, WalPosition
from pbe.replication.flush import Flushed, Order, flush_database, flush_log
from pbe.replication.local_record import APART, LocalRecord, write_record
from pbe.replication.log_reader import LostFrames, Seal, seal_log
from pbe.replication.services import Services
from pbe.replication.source import Source

TRUNCATE_TRIES_MAX = 40
PAUSE_S = 0.05
#: So few frames are read, compressed and summed in about 0.1 ms.
INLINE_FRAMES_MAX = 8


class LogKeeper:
    """`label` names the database in alerts; `position` None reads the log from its front.

    One `read` at a time. All on the reactor's thread but what it gives to workers.
    """

    def __init__(
        self,
        services: Services,
        source: Source,
        label: str,
        pages: PageSet,
        position: WalPosition | None,
        sealed: Sequence[tuple[int, int, int]],
    ) -> None:
        self.pages = pages
        self.appended = 0
        self._services = services
        self._source = source
        self._label = label
        self._position = position
        self._epochs: tuple[int, ...] = ()
        self._seals: list[Seal] = []
        self._sealed = list(sealed)
        self._frames = 0
        self._checkpointed_at = 0
        self._armed = self._unsealed = False
        self._checkpointing = self._pinned = False

    @property
    def frame_bytes(self) -> int:
        """Bytes of one frame of the log."""
        return FRAME_HEADER_BYTES + self._source.page_size

    def committed(self, frames: int) -> None:
        """A transaction has left `frames` frames in the log."""
        self.appended += frames - self._frames if frames > self._frames else frames
        self._frames = frames
        self._unsealed = True
        if not self._checkpointing:
            self._armed = False

    def before_write(self) -> None:
        """A transaction begins, which may restart the log."""
        if not (self._armed and self._unsealed):
            return
        seal = seal_log(self._source.path, self._position, self._frames)
        self._unsealed = False
        if seal is not None:
            self._seals = [old for old in self._seals if old.data or not old.start.same_generation(seal.start)]
            self._seals.append(seal)
            mark = (seal.start.salt1, seal.start.salt2)
            self._sealed = [old for old in self._sealed if old[:2] != mark] + [(*mark, seal.end)]
            self.write_record(self._epochs, sync=False)

    def write_record(self, epochs: tuple[int, ...], *, sync: bool, shipped: tuple[int, int] | None = None) -> None:
        """Notes beside the database what a restart has to know."""
        self._epochs = epochs
        write_record(self._source.path, LocalRecord(epochs, tuple(self._sealed), shipped), sync=sync)

    def shipped(self, header: Header) -> None:
        """The file of a read is in the store: seals of what it covers say nothing any more."""
        if header.wal_size:
            marks = [seal[:2] for seal in self._sealed]
            mark = (header.salt1, header.salt2)
            self._sealed = self._sealed[marks.index(mark) :] if mark in marks else []
        elif APART in self._sealed:
            self._sealed = self._sealed[self._sealed.index(APART) + 1 :]
            self.write_record(self._epochs, sync=False)

    async def read(self, order: Callable[[], Order]) -> Flushed:
        """What was committed since the last read; of the whole database where the log does not tell."""
        seals = tuple(self._seals)
        arguments = (self._source.path, self._position, seals, self._frames, self.pages, order())
        try:
            if self._is_small():
                flushed = flush_log(*arguments)
            else:
                flushed = await self._services.workers.run(flush_log, *arguments)
        except LostFrames as error:
            self._services.counters.lost_frames += 1
            self._services.alert(f"{self._label} is compared as a whole: {error}")
            return await self.read_whole(order)
        self._position = position = flushed.position
        kept = [seal for seal in seals if position is not None and seal.start.same_generation(position)]
        self._seals = [Seal(seal.start, seal.end) for seal in kept[-1:]] + self._seals[len(seals) :]
        return flushed

    def _is_small(self) -> bool:
        """Whether reading what is new costs less than handing it to a worker and back would."""
        position = self._position
        return position is not None and not self._seals and 0 <= self._frames - position.frames <= INLINE_FRAMES_MAX

    async def read_whole(self, order: Callable[[], Order]) -> Flushed:
        """The whole database, for a chain's first file too; writes wait for a checkpoint only, not for the reading."""
        release = await self._source.hold_writes()
        self._pinned = True
        try:
            try:
                await self._empty_log()
                self._position, self._frames = None, 0
                self._seals.clear()
                self._sealed = [APART]
                self._armed = False
                self.write_record(self._epochs, sync=False)
                now = order()
            finally:
                release()
            return await self._services.workers.run(flush_database, self._source.path, self.pages, now)
        finally:
            self._pinned = False

    async def _empty_log(self) -> None:
        """A truncating checkpoint, however long a reader takes; Unavailable where it takes too long."""
        for _ in range(TRUNCATE_TRIES_MAX):
            if not self._checkpointing:
                try:
                    frames, copied = await self._source.checkpoint("truncate")
                except Unavailable:
                    frames, copied = 1, 0
                if frames == copied:
                    return
            pause: Deferred[None] = Deferred()
            self._services.clock.callLater(PAUSE_S, pause.callback, None)
            await pause
        raise Unavailable(cause=f"a reader holds the log of {self._label}")

    def tidy(self) -> None:
        """Begins a checkpoint where enough was appended since the last; call it when nothing waits for the store."""
        settings = self._services.settings
        if self._pinned or self._checkpointing or self.appended - self._checkpointed_at < settings.checkpoint_pages:
            return
        self._checkpointing = self._armed = self._unsealed = True
        self._checkpointed_at = self.appended
        Deferred.fromCoroutine(self._checkpoint())

    async def _checkpoint(self) -> None:
        self._services.counters.checkpoints += 1
        try:
            frames, copied = await self._source.checkpoint("passive")
            size = frames * self.frame_bytes
            if size > self._services.settings.log_bytes_max and copied < frames:
                self._services.alert(f"a reader keeps the log of {self._label} at {size} bytes")
        except PbeError as error:
            self._services.alert(f"{self._label} could not be checkpointed: {error}")
        finally:
            self._checkpointing = False
