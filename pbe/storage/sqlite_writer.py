"""The one writer of a database: works queue, and run in order.

Theory of operation. The queue holds grouped works, exclusive works and holds. At the end of a reactor turn `_pump`
takes what stands at its head:

* a run of grouped works shares one transaction on the main connection, a savepoint each; all are answered after COMMIT;
* an exclusive work has a transaction and a connection of its own, so that it may suspend while reads go on, seeing only
  what is committed; everything else queues until it ends;
* a hold is an exclusive work that writes nothing (checkpoints, close).

What waits behind an exclusive work is refused after WAIT_S_MAX; an exclusive work is cancelled after EXCLUSIVE_S_MAX.
"""

from collections import deque
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, TypeVar

import apsw
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.python.failure import Failure

from pbe.errors import Misuse, Unavailable
from pbe.storage.sqlite_errors import DatabaseBroken, translated
from pbe.storage.sqlite_transaction import Job, Params, Transaction
from pbe.storage.workers import Runs

T = TypeVar("T")
Work = Callable[[Transaction], Coroutine[Any, Any, T]]

QUEUED_WORKS_MAX = 1000
GROUP_WORKS_MAX = 200
WAIT_S_MAX = 10.0
SWEEP_S = 0.5
EXCLUSIVE_S_MAX = 30.0


class _Queued:
    """A work and where its outcome goes; `work` is None for an exclusive turn, which is only told to begin."""

    __slots__ = ("deadline", "done", "work")

    def __init__(self, work: Work[Any] | None, deadline: float, cancelled: Callable[["_Queued"], None]) -> None:
        self.work = work
        self.deadline = deadline
        self.done: Deferred[Any] = Deferred(lambda _: cancelled(self))


class Writer:
    """Runs the writes of one database on the connection that `main()` gives, and exclusive ones on `second()`'s.

    committed() is called after each COMMIT and says whether anything was written; begin() before each BEGIN.
    `durable`, where set, holds the answers back. All on the reactor's thread.
    """

    def __init__(
        self,
        main: Callable[[], apsw.Connection],
        second: Callable[[], apsw.Connection],
        begin: Callable[[], None],
        committed: Callable[[], bool],
        clock: IReactorTime,
        workers: Runs,
    ) -> None:
        self._main = main
        self._open_second = second
        self._second: apsw.Connection | None = None
        self._begin = begin
        self._committed = committed
        self._clock = clock
        self._workers = workers
        self._queue: deque[_Queued] = deque()
        self._pump_due = False
        self._sweep_due = False
        self._busy = False
        self._closed = False
        self.durable: Callable[[], Awaitable[None]] | None = None

    @property
    def busy(self) -> bool:
        """Whether a work runs, waits, or holds the slot."""
        return self._busy or bool(self._queue)

    async def grouped(self, work: Work[T]) -> T:
        """Run `work` with what else arrives in this turn; it must not suspend."""
        result: T = await self._enqueue(work).done
        return result

    async def exclusive(self, work: Work[T]) -> T:
        """Run `work` in a transaction of its own; it may suspend for up to EXCLUSIVE_S_MAX."""
        await self._enqueue(None).done
        try:
            connection = self._second = self._second or self._open_second()
            result, wrote = await self._run_exclusive(connection, work)
        finally:
            self._release()
        if wrote and self.durable is not None:
            await self.durable()
        return result

    async def hold(self) -> Callable[[], None]:
        """Wait for the writer's slot and keep it; no work runs until the result is called (once)."""
        await self._enqueue(None).done
        return self._release

    def close(self) -> None:
        """Close the second connection and refuse every further work; call it holding the slot."""
        self._closed = True
        if self._second is not None:
            self._second.close()
            self._second = None
        self._refuse(lambda _: True, "the database is closed")

    def _enqueue(self, work: Work[Any] | None) -> _Queued:
        if self._closed:
            raise Unavailable(cause="the database is closed")
        if len(self._queue) >= QUEUED_WORKS_MAX:
            raise Unavailable(cause=f"{QUEUED_WORKS_MAX} writes of this database wait already")
        queued = _Queued(work, self._clock.seconds() + WAIT_S_MAX, self._cancelled)
        self._queue.append(queued)
        if not self._busy and not self._pump_due:
            self._schedule()
        return queued

    def _cancelled(self, queued: _Queued) -> None:
        """Who waited is gone: what has not begun will not."""
        if queued in self._queue:
            self._queue.remove(queued)

    def _schedule(self) -> None:
        self._pump_due = True
        self._clock.callLater(0, self._pump)

    def _pump(self) -> None:
        self._pump_due = False
        if self._busy or not self._queue:
            return
        if self._queue[0].work is None:
            self._busy = True
            if not self._sweep_due:
                self._sweep_due = True
                self._clock.callLater(SWEEP_S, self._sweep)
            self._queue.popleft().done.callback(None)
            return
        group: list[_Queued] = []
        while self._queue and self._queue[0].work is not None and len(group) < GROUP_WORKS_MAX:
            group.append(self._queue.popleft())
        if self._queue:
            self._schedule()
        self._run_group(group)

    def _sweep(self) -> None:
        """While an exclusive work has the slot, refuse what waited for too long behind it."""
        self._sweep_due = self._busy
        if not self._busy:
            return
        now = self._clock.seconds()
        self._refuse(lambda queued: queued.deadline <= now, f"the write waited for {WAIT_S_MAX:.0f} s")
        self._clock.callLater(SWEEP_S, self._sweep)

    def _refuse(self, which: Callable[[_Queued], bool], cause: str) -> None:
        refused = [queued for queued in self._queue if which(queued)]
        if refused:
            self._queue = deque(queued for queued in self._queue if not which(queued))
        for queued in refused:
            queued.done.errback(Unavailable(cause=cause))

    def _release(self) -> None:
        self._busy = False
        if self._queue and not self._pump_due:
            self._schedule()

    def _run_group(self, group: list[_Queued]) -> None:
        try:
            outcomes = self._transact(group)
        except Exception as error:
            # Nothing of the group was committed.
            for queued in group:
                queued.done.errback(error)
            return
        wrote = self._committed()
        if wrote and self.durable is not None:
            held = Deferred.fromCoroutine(_awaited(self.durable))
            held.addCallbacks(
                lambda _: _answer(group, outcomes), lambda failure: _answer(group, [failure] * len(group))
            )
        else:
            _answer(group, outcomes)

    def _transact(self, group: list[_Queued]) -> list[Any]:
        """Run the group in one transaction; the result or `Failure` of each work."""
        self._begin()
        main = self._main()
        try:
            main.execute("BEGIN IMMEDIATE")
        except apsw.Error as error:
            raise translated(error, "BEGIN IMMEDIATE") from error
        try:
            transaction = Transaction(main)
            alone = len(group) == 1
            outcomes = [self._run_one(main, transaction, queued, alone) for queued in group]
            if alone and isinstance(outcomes[0], Failure):
                main.execute("ROLLBACK")
            else:
                main.execute("COMMIT")
        except BaseException as error:
            if main.in_transaction:
                main.execute("ROLLBACK")
            if isinstance(error, apsw.Error):
                raise translated(error, "COMMIT") from error
            raise
        return outcomes

    def _run_one(self, main: apsw.Connection, transaction: Transaction, queued: _Queued, alone: bool) -> Any:
        """The outcome of one work of a group; where it failed, its changes are undone."""
        work = queued.work
        if work is None:
            raise Misuse("group writes", "an exclusive work was queued as a grouped one")
        if not alone:
            main.execute("SAVEPOINT work")
        try:
            outcome = _run_now(work(transaction))
        except Exception:
            failure = Failure()  # type: ignore[no-untyped-call]
            if not main.in_transaction:
                if alone:
                    raise
                raise DatabaseBroken("write", "SQLite undid the whole group", hint=failure.getErrorMessage()) from None
            if not alone:
                main.execute("ROLLBACK TO work")
                main.execute("RELEASE work")
            return failure
        if not alone:
            main.execute("RELEASE work")
        return outcome

    async def _run_exclusive(self, connection: apsw.Connection, work: Work[T]) -> tuple[T, bool]:
        heavy = _Heavy(connection, self._workers)
        self._begin()
        try:
            connection.execute("BEGIN IMMEDIATE")
        except apsw.Error as error:
            raise translated(error, "BEGIN IMMEDIATE") from error
        try:
            running = Deferred.fromCoroutine(work(Transaction(connection, heavy.run)))
            running.addTimeout(EXCLUSIVE_S_MAX, self._clock, _timed_out)
            result = await running
            connection.execute("COMMIT")
        except BaseException as error:
            await heavy.settle()
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            if isinstance(error, apsw.Error):
                raise translated(error, "COMMIT") from error
            raise
        return result, self._committed()


class _Heavy:
    """Statements of an exclusive work that run on a worker, one at a time."""

    def __init__(self, connection: apsw.Connection, workers: Runs) -> None:
        self._connection = connection
        self._workers = workers
        self._running: Deferred[Any] | None = None

    async def run(self, sql: str | Job, params: Params) -> Any:
        if self._running is not None:
            raise Misuse("run a heavy statement", "one is running in this transaction")
        # `done` shields `running`: a cancelled work must not lose sight of the thread that uses its connection.
        done: Deferred[Any] = Deferred()
        self._running = running = Deferred.fromCoroutine(self._workers.run(self._fetch, sql, params))
        running.addBoth(self._finished, done)
        outcome = await done
        if isinstance(outcome, apsw.Error):
            raise translated(outcome, sql if isinstance(sql, str) else "") from outcome
        return outcome

    def _fetch(self, sql: str | Job, params: Params) -> Any:
        try:
            if not isinstance(sql, str):
                return sql(self._connection)
            return self._connection.execute(sql, params).fetchall()
        except apsw.Error as error:
            return error

    def _finished(self, outcome: Any, done: Deferred[Any]) -> None:
        self._running = None
        if not done.called:
            done.callback(outcome)

    async def settle(self) -> None:
        """Interrupt the statement that still runs and wait until its thread has let go of the connection."""
        if self._running is not None:
            self._connection.interrupt()
            await self._running


def _timed_out(_: Any, timeout_s: float) -> None:
    raise Unavailable(cause=f"the transaction was open for {timeout_s:.0f} s")


def _run_now(coroutine: Coroutine[Any, Any, T]) -> T:
    """The result of a coroutine that does not suspend; `Misuse` where it does."""
    try:
        coroutine.send(None)
    except StopIteration as stop:
        result: T = stop.value
        return result
    coroutine.close()
    raise Misuse("group writes", "the work suspended", hint="write(…, exclusive=True)")


def _answer(group: list[_Queued], outcomes: list[Any]) -> None:
    for queued, outcome in zip(group, outcomes, strict=True):
        queued.done.callback(outcome)


async def _awaited(durable: Callable[[], Awaitable[None]]) -> None:
    await durable()
