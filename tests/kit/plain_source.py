"""The replicator's `Source` on one plain connection, for SQL that the writer of a tenant would not run (VACUUM)."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import apsw


class PlainSource:
    """A database file in WAL mode; `commit` runs statements in one transaction, `run` one statement outside of any."""

    def __init__(self, path: Path, *, page_size: int = 4096, auto_vacuum: int = 0) -> None:
        self.path = str(path)
        self.name = path.name
        self.on_commit: Callable[[int], None] | None = None
        self.before_write: Callable[[], None] | None = None
        self.durable: Callable[[], Awaitable[None]] | None = None
        self._frames = 0
        fresh = not path.exists() or path.stat().st_size == 0
        self.connection = self._open()
        if fresh:
            self.connection.pragma("page_size", page_size)
            self.connection.pragma("auto_vacuum", auto_vacuum)
        self.connection.pragma("journal_mode", "wal")
        # A small cache spills frames of open transactions into the log.
        self.connection.pragma("cache_size", 12)
        self.page_size: int = self.connection.pragma("page_size")
        self.connection.set_wal_hook(self._hook)

    def _open(self) -> apsw.Connection:
        connection = apsw.Connection(self.path)
        connection.wal_autocheckpoint(0)
        connection.config(apsw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1)
        connection.set_busy_timeout(1000)
        connection.pragma("synchronous", 1)
        return connection

    def _hook(self, _connection: Any, _name: str, frames: int) -> int:
        self._frames = frames
        return apsw.SQLITE_OK

    def commit(self, statements: list[tuple[str, tuple[Any, ...]]], *, keep: bool = True) -> bool:
        """Runs the statements in one transaction, and rolls it back unless `keep`; whether anything was written."""
        self._begin()
        self.connection.execute("BEGIN IMMEDIATE")
        for sql, params in statements:
            self.connection.execute(sql, params)
        self.connection.execute("COMMIT" if keep else "ROLLBACK")
        return self._end()

    def run(self, sql: str) -> bool:
        """Runs one statement that is its own transaction; whether anything was written."""
        self._begin()
        for _ in self.connection.execute(sql):
            continue
        return self._end()

    def _begin(self) -> None:
        self._frames = 0
        if self.before_write is not None:
            self.before_write()

    def _end(self) -> bool:
        if self._frames and self.on_commit is not None:
            self.on_commit(self._frames)
        return bool(self._frames)

    async def checkpoint(self, mode: str) -> tuple[int, int]:
        """A checkpoint on a connection of its own."""
        connection = self._open()
        modes = {"passive": apsw.SQLITE_CHECKPOINT_PASSIVE, "truncate": apsw.SQLITE_CHECKPOINT_TRUNCATE}
        try:
            return connection.wal_checkpoint(mode=modes[mode])
        finally:
            connection.close()

    async def hold_writes(self) -> Callable[[], None]:
        """Nobody writes but who asks now."""
        return lambda: None

    def rows(self) -> list[tuple[Any, ...]]:
        """Every row, as this connection sees it."""
        return list(self.connection.execute("SELECT a, b FROM t ORDER BY a"))

    def close(self) -> None:
        """Closes the connection; the log stays."""
        self.connection.close()
