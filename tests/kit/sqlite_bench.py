"""A database on a Clock, for tests."""

from collections.abc import Coroutine
from pathlib import Path
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock

from pbe.storage.sqlite import Database, Transaction
from pbe.storage.sqlite_readers import Readers
from tests.kit.workers import InlineWorkers


class Bench:
    """A database on a Clock, with workers in hand."""

    def __init__(self, folder: Path, workers: Any = None, **options: Any) -> None:
        self.clock = Clock()
        self.workers = workers or InlineWorkers()
        self.readers = Readers(self.workers)
        self.database = Database(folder / "data.db", self.readers, self.clock, **options)
        self.run(self.write("CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT UNIQUE NOT NULL)"))

    def write(self, sql: str, params: tuple[Any, ...] = ()) -> Coroutine[Any, Any, None]:
        """A grouped write of one statement."""

        async def work(tx: Transaction) -> None:
            tx.execute(sql, params)

        return self.database.write(work)

    def start(self, coroutine: Coroutine[Any, Any, Any]) -> Deferred[Any]:
        """The coroutine, driven; its failure is not reported as unhandled."""
        deferred = Deferred.fromCoroutine(coroutine)
        deferred.addErrback(lambda failure: failure)
        return deferred

    def run(self, coroutine: Coroutine[Any, Any, Any]) -> Any:
        """The coroutine's result after one turn of the reactor."""
        deferred = Deferred.fromCoroutine(coroutine)
        self.clock.advance(0)
        return outcome(deferred)

    def rows(self) -> list[Any]:
        """The names in the table."""
        return [row[0] for row in self.run(self.database.query("SELECT name FROM t ORDER BY id"))]


def outcome(deferred: Deferred[Any]) -> Any:
    """What a Deferred that has fired holds; raises its failure."""
    results: list[Any] = []
    deferred.addBoth(results.append)
    assert results, "still waiting"
    if hasattr(results[0], "raiseException"):
        results[0].raiseException()
    return results[0]
