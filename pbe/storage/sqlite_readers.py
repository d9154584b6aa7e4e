"""Read connections on worker threads: where queries go that the reactor cannot wait for.

Each database has a `Seat`. At most QUERIES_MAX of its queries run at once, so that one tenant cannot take all the
threads; further ones wait in its own bounded queue. Connections are kept for the next query, CONNECTIONS_MAX of them
over all databases.
"""

import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable
from typing import TypeVar

import apsw
from twisted.internet.defer import Deferred

from pbe._fast.rowjson_twin import Failure
from pbe.errors import Unavailable
from pbe.storage.sqlite_connection import BUSY_WORKER_MS, open_connection
from pbe.storage.sqlite_errors import QueryTooSlow, translated, translated_failure
from pbe.storage.sqlite_rows import make_rows
from pbe.storage.workers import Runs

T = TypeVar("T")

QUERIES_MAX = 2
QUERIES_WAITING_MAX = 64
CONNECTIONS_MAX = 32
QUERY_S_MAX = 30.0
PROGRESS_STEPS = 50_000
CACHE_KIB = 512
STATEMENTS = 20


class Reader:
    """A read connection and the row writer on it."""

    __slots__ = ("connection", "rows")

    def __init__(self, path: str) -> None:
        self.connection = open_connection(
            path, busy_ms=BUSY_WORKER_MS, cache_kib=CACHE_KIB, statements=STATEMENTS, read_only=True
        )
        self.rows = make_rows(self.connection, STATEMENTS)

    def close(self) -> None:
        """Give back both."""
        self.rows.close()
        self.connection.close()


class Seat:
    """One database's share of the readers; reactor's thread, but for `active`, which `Readers` guards."""

    __slots__ = ("active", "closed", "path", "running", "waiting")

    def __init__(self, path: str) -> None:
        self.path = path
        self.running = 0
        self.waiting: deque[Deferred[None]] = deque()
        self.active: set[Reader] = set()
        self.closed = False


class Readers:
    """Runs read-only jobs of many databases on `workers`.

    query_s_max: a job's statement is interrupted after that long (`QueryTooSlow`), as PocketBase's query timeout.
    """

    def __init__(
        self, workers: Runs, *, query_s_max: float = QUERY_S_MAX, connections_max: int = CONNECTIONS_MAX
    ) -> None:
        self.workers = workers
        self._query_s_max = query_s_max
        self._connections_max = connections_max
        self._lock = threading.Lock()
        self._idle: OrderedDict[Reader, Seat] = OrderedDict()

    async def run(self, seat: Seat, job: Callable[[Reader], T]) -> T:
        """`job(reader)` on a worker. Raises `Unavailable` where too many queries of this database wait."""
        if seat.running >= QUERIES_MAX:
            if len(seat.waiting) >= QUERIES_WAITING_MAX:
                raise Unavailable(cause=f"{QUERIES_WAITING_MAX} slow queries of this database wait already")
            turn: Deferred[None] = Deferred(lambda cancelled: seat.waiting.remove(cancelled))
            seat.waiting.append(turn)
            await turn
        seat.running += 1
        try:
            if seat.closed:
                raise Unavailable(cause="the database is closed")
            return await self.workers.run(self._on_worker, seat, job)
        finally:
            seat.running -= 1
            if seat.waiting:
                seat.waiting.popleft().callback(None)

    async def close(self, seat: Seat) -> None:
        """Interrupt the database's queries, refuse the waiting ones, and close its connections."""
        seat.closed = True
        await self.workers.run(self._close_on_worker, seat)

    def _close_on_worker(self, seat: Seat) -> None:
        with self._lock:
            idle = [reader for reader, owner in self._idle.items() if owner is seat]
            for reader in idle:
                del self._idle[reader]
            for reader in seat.active:
                # The job's end finds the seat closed and closes its connection itself.
                reader.connection.interrupt()
        for reader in idle:
            reader.close()

    def _on_worker(self, seat: Seat, job: Callable[[Reader], T]) -> T:
        reader = self._take(seat)
        deadline = time.monotonic() + self._query_s_max
        reader.connection.set_progress_handler(lambda: seat.closed or time.monotonic() > deadline, PROGRESS_STEPS)
        try:
            return job(reader)
        except Failure as failure:
            raise translated_failure(failure) from failure
        except apsw.InterruptError as error:
            raise QueryTooSlow("the database closes" if seat.closed else f"{self._query_s_max:.0f} s passed") from error
        except apsw.Error as error:
            raise translated(error) from error
        finally:
            self._give_back(seat, reader)

    def _take(self, seat: Seat) -> Reader:
        with self._lock:
            for reader, owner in self._idle.items():
                if owner is seat:
                    del self._idle[reader]
                    seat.active.add(reader)
                    return reader
        try:
            reader = Reader(seat.path)
        except apsw.Error as error:
            raise translated(error) from error
        with self._lock:
            seat.active.add(reader)
        return reader

    def _give_back(self, seat: Seat, reader: Reader) -> None:
        surplus: list[Reader] = []
        with self._lock:
            seat.active.discard(reader)
            if seat.closed:
                surplus.append(reader)
            else:
                self._idle[reader] = seat
            while len(self._idle) > self._connections_max:
                surplus.append(self._idle.popitem(last=False)[0])
        for extra in surplus:
            extra.close()
