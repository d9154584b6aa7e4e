"""A transaction, as the work that `Database.write` runs sees it."""

from collections.abc import Awaitable, Callable, Iterable
from typing import Any

import apsw

from pbe.errors import Misuse
from pbe.storage.sqlite_errors import translated

Row = tuple[Any, ...]
Params = tuple[Any, ...] | list[Any] | dict[str, Any]
Job = Callable[[apsw.Connection], Any]
"""What runs on a worker with the transaction's connection; it neither commits nor keeps the connection."""


class Transaction:
    """Statements within one transaction; not to be kept after the work returns.

    Each call blocks the reactor for as long as SQLite takes: work that may be long belongs into an exclusive write,
    statement by statement through `heavy`. A statement that fails undoes itself only; the work that does not catch
    the error is undone as a whole.
    """

    __slots__ = ("_connection", "_heavy")

    def __init__(
        self,
        connection: apsw.Connection,
        heavy: Callable[[str | Job, Params], Awaitable[Any]] | None = None,
    ) -> None:
        self._connection = connection
        self._heavy = heavy

    def execute(self, sql: str, params: Params = ()) -> None:
        """Run one or more statements to their end. Raises `ConstraintViolation`, `SqlError` and their kin."""
        try:
            self._connection.execute(sql, params).fetchall()
        except apsw.Error as error:
            raise translated(error, sql) from error

    def execute_many(self, sql: str, rows: Iterable[Params]) -> None:
        """Run one statement for each row of parameters."""
        try:
            self._connection.executemany(sql, rows).fetchall()
        except apsw.Error as error:
            raise translated(error, sql) from error

    def query(self, sql: str, params: Params = ()) -> list[Row]:
        """All rows of a statement, this transaction's own changes included."""
        try:
            return self._connection.execute(sql, params).fetchall()
        except apsw.Error as error:
            raise translated(error, sql) from error

    async def heavy(self, sql: str, params: Params = ()) -> list[Row]:
        """As `query`, on a worker, while the transaction stays open; of exclusive writes only."""
        if self._heavy is None:
            raise Misuse("run a heavy statement", "a grouped write cannot wait", hint="write(…, exclusive=True)")
        rows: list[Row] = await self._heavy(sql, params)
        return rows

    async def heavy_job(self, job: Job) -> Any:
        """`job(connection)` on a worker, while the transaction stays open; of exclusive writes only."""
        if self._heavy is None:
            raise Misuse("run a heavy job", "a grouped write cannot wait", hint="write(…, exclusive=True)")
        return await self._heavy(job, ())

    @property
    def changes(self) -> int:
        """Rows that the last INSERT, UPDATE or DELETE changed."""
        return self._connection.changes()

    @property
    def last_rowid(self) -> int:
        """The rowid of the last row inserted."""
        return self._connection.last_insert_rowid()
