"""One SQLite database of a tenant, for one process that owns every connection to it.

Reads run on the reactor's connection for INLINE_S at most; what takes longer is interrupted there and run again on a
worker (`sqlite_readers`). Writes go through `sqlite_writer`. The WAL is only ever checkpointed by `checkpoint`, so that
a replicator that listens at `on_commit` and `before_write` sees every frame.

Not promised: a result of `query` may be older than a write that another coroutine has queued but not awaited.
"""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

import apsw
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime

from pbe._fast import rowjson
from pbe._fast.rowjson_twin import Failure
from pbe.errors import Unavailable
from pbe.storage.sqlite_budget import Budget
from pbe.storage.sqlite_connection import BUSY_WORKER_MS, CACHE_KIB, STATEMENTS, open_connection
from pbe.storage.sqlite_errors import translated, translated_failure
from pbe.storage.sqlite_readers import Readers, Seat
from pbe.storage.sqlite_rows import make_rows
from pbe.storage.sqlite_transaction import Params, Row, Transaction
from pbe.storage.sqlite_writer import Work, Writer

__all__ = ["Database", "Params", "Row", "Transaction", "Work"]

T = TypeVar("T")

INLINE_S = 0.002
PROGRESS_STEPS = 1000
CHECKPOINT_PAGES = 1000


class Database:
    """A database file in WAL mode; opened by the constructor, on the reactor's thread, in less than a millisecond.

    on_commit, before_write, durable: what a replicator hangs in, see docs/contracts.rst. Without `on_commit` the
    database checkpoints itself after each CHECKPOINT_PAGES new pages. Raises `DatabaseBroken` for an unsound file.
    """

    def __init__(
        self,
        path: str | Path,
        readers: Readers,
        clock: IReactorTime,
        *,
        inline_s: float = INLINE_S,
        cache_kib: int = CACHE_KIB,
    ) -> None:
        self.path = str(path)
        self.name = Path(path).name
        self.generation = 0
        self.on_commit: Callable[[int], None] | None = None
        self.before_write: Callable[[], None] | None = None
        self._readers = readers
        self._clock = clock
        self._seat = Seat(self.path)
        self._budget = Budget(inline_s)
        self._frames = 0
        self._frames_seen = 0
        self._checkpoint_from = 0
        self._checkpointing = False
        self._closed = False
        self._cache_kib = cache_kib
        self._main: apsw.Connection | None = None
        self._rows: rowjson.Rows | None = None
        self._used = False
        self.page_size: int = self._open_main().pragma("page_size")
        self._writer = Writer(self._primary, self._open_second, self._begin, self._committed, clock, readers.workers)

    @property
    def durable(self) -> Callable[[], Awaitable[None]] | None:
        """Awaited after each COMMIT and before its answer, where set."""
        return self._writer.durable

    @durable.setter
    def durable(self, durable: Callable[[], Awaitable[None]] | None) -> None:
        self._writer.durable = durable

    @property
    def closed(self) -> bool:
        """Whether `close` was called."""
        return self._closed

    async def query(self, sql: str, params: Params = (), *, heavy: bool = False) -> list[Row]:
        """All rows of a read-only statement; heavy ones go straight to a worker.

        Raises `SqlError`, `QueryTooSlow` after the readers' limit, `Unavailable`.
        """
        if self._closed:
            raise Unavailable(cause="the database is closed")
        budget = self._budget
        if not heavy and budget.admits(sql):
            try:
                rows = self._primary().execute(sql, params).fetchall()
            except apsw.InterruptError:
                budget.ended(sql, interrupted=True)
            except apsw.Error as error:
                raise translated(error, sql) from error
            else:
                budget.ended(sql)
                return rows
        return await self._readers.run(self._seat, lambda reader: reader.connection.execute(sql, params).fetchall())

    async def rows(self, sql: str, job: Callable[[rowjson.Rows, bool], T], *, heavy: bool = False) -> T:
        """`job(rows, release)`, which writes rows as JSON with the row writer it is given; `sql` is its dearest text.

        As `query`: inline for INLINE_S, then again from its beginning on a worker, so the job must have no effects.
        `release` goes to the methods of `rows`.
        """
        if self._closed:
            raise Unavailable(cause="the database is closed")
        budget = self._budget
        if not heavy and budget.admits(sql):
            try:
                result = job(self._row_writer(), False)
            except Failure as failure:
                if failure.code & 0xFF != apsw.SQLITE_INTERRUPT:
                    raise translated_failure(failure) from failure
                budget.ended(sql, interrupted=True)
            else:
                budget.ended(sql)
                return result
        return await self._readers.run(self._seat, lambda reader: job(reader.rows, True))

    async def read_job(self, job: Callable[[apsw.Connection], T]) -> T:
        """`job(connection)` on a worker, with a connection that only reads; it must leave the connection as it was."""
        if self._closed:
            raise Unavailable(cause="the database is closed")
        return await self._readers.run(self._seat, lambda reader: job(reader.connection))

    async def write(self, work: Work[T], *, exclusive: bool = False) -> T:
        """Run `work(transaction)` and return its result after COMMIT; what it raises undoes it.

        Work that suspends needs `exclusive`. Raises `Unavailable` where the queue is full or waits too long.
        """
        if exclusive:
            return await self._writer.exclusive(work)
        return await self._writer.grouped(work)

    async def checkpoint(self, mode: str) -> tuple[int, int]:
        """Copy WAL frames into the file: (frames in the WAL, of which are now in the file too).

        mode: "passive" never waits; "truncate" empties the WAL and needs `hold_writes`, for it takes the writer's lock.
        """
        self._checkpoint_from = self._frames_seen
        frames, backfilled = await self._readers.workers.run(self._checkpoint_on_worker, mode)
        return frames, backfilled

    async def hold_writes(self) -> Callable[[], None]:
        """Wait for the writer's slot; no write runs until the result is called."""
        return await self._writer.hold()

    async def close(self) -> None:
        """Let the queued writes finish, then close every connection; the WAL stays as it is."""
        if self._closed:
            return
        release = await self._writer.hold()
        self._closed = True
        self._writer.close()
        release()
        await self._readers.close(self._seat)
        self._close_main()

    def memory_bytes(self) -> int:
        """Roughly what the reactor's connection takes: page cache, schema and statements."""
        kinds = (apsw.SQLITE_DBSTATUS_CACHE_USED, apsw.SQLITE_DBSTATUS_SCHEMA_USED, apsw.SQLITE_DBSTATUS_STMT_USED)
        return 0 if self._main is None else sum(self._main.status(kind)[0] for kind in kinds)

    def rest(self) -> None:
        """Close the reactor's connection where nobody used it since the last call; the next use opens it again."""
        if not self._used and not self._writer.busy:
            self._close_main()
        self._used = False

    def _primary(self) -> apsw.Connection:
        """The reactor's connection."""
        self._used = True
        return self._main or self._open_main()

    def _row_writer(self) -> rowjson.Rows:
        """The row writer on it."""
        self._used = True
        if self._rows is None:
            self._rows = make_rows(self._main or self._open_main(), STATEMENTS)
        return self._rows

    def _open_main(self) -> apsw.Connection:
        try:
            main = self._main = open_connection(self.path, cache_kib=self._cache_kib)
        except apsw.Error as error:
            raise translated(error, f"open {self.path}") from error
        main.set_progress_handler(self._budget.over, PROGRESS_STEPS)
        main.set_wal_hook(self._wal_hook)
        return main

    def _close_main(self) -> None:
        if self._rows is not None:
            self._rows.close()
        if self._main is not None:
            self._main.close()
        self._main = self._rows = None

    def _open_second(self) -> apsw.Connection:
        try:
            connection = open_connection(self.path)
        except apsw.Error as error:
            raise translated(error, f"open {self.path}") from error
        connection.set_wal_hook(self._wal_hook)
        return connection

    def _begin(self) -> None:
        self._budget.lift()
        if self.before_write is not None:
            self.before_write()

    def _wal_hook(self, _connection: apsw.Connection, _name: str, frames: int) -> int:
        self._frames = frames
        return apsw.SQLITE_OK

    def _committed(self) -> bool:
        """Count the commit that the WAL hook saw, and tell the replicator; False where nothing was written."""
        frames, self._frames = self._frames, 0
        if not frames:
            return False
        self.generation += 1
        if self.on_commit is not None:
            self.on_commit(frames)
            return True
        if frames < self._frames_seen:
            self._checkpoint_from = 0
        self._frames_seen = frames
        if frames - self._checkpoint_from >= CHECKPOINT_PAGES and not self._checkpointing:
            self._checkpointing = True
            Deferred.fromCoroutine(self.checkpoint("passive")).addBoth(self._checkpointed)
        return True

    def _checkpointed(self, _: object) -> None:
        # One that failed is tried again after the next pages: the WAL stays whole, only longer.
        self._checkpointing = False

    def _checkpoint_on_worker(self, mode: str) -> tuple[int, int]:
        modes = {"passive": apsw.SQLITE_CHECKPOINT_PASSIVE, "truncate": apsw.SQLITE_CHECKPOINT_TRUNCATE}
        try:
            connection = open_connection(self.path, busy_ms=BUSY_WORKER_MS, statements=0)
            try:
                return connection.wal_checkpoint(mode=modes[mode])
            finally:
                connection.close()
        except apsw.Error as error:
            raise translated(error, f"checkpoint {self.path}") from error
