"""What the replicator needs of a database, and nothing more. `storage.sqlite.Database` satisfies it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Protocol, TypeVar

T = TypeVar("T")


class Source(Protocol):
    """One SQLite file in WAL mode whose connections all belong to this process.

    Nobody but the replicator checkpoints it: `wal_autocheckpoint` is 0 on every connection, and closing the last one
    does not checkpoint either.
    """

    name: str
    path: str
    page_size: int
    #: Called on the reactor's thread after each commit with the frames that the log now has.
    on_commit: Callable[[int], None] | None
    #: Called on the reactor's thread before a transaction opens; what it raises refuses the transaction.
    before_write: Callable[[], None] | None

    @property
    def durable(self) -> Callable[[], Awaitable[None]] | None:
        """Awaited after each commit and before its answer, where set."""
        ...

    @durable.setter
    def durable(self, durable: Callable[[], Awaitable[None]] | None) -> None: ...

    async def checkpoint(self, mode: str) -> tuple[int, int]:
        """Copies the log into the file, on a worker: (frames in the log, frames copied). "passive" or "truncate"."""
        ...

    async def hold_writes(self) -> Callable[[], None]:
        """Waits until no transaction is open and keeps it so until the result is called."""
        ...


class Runs(Protocol):
    """Whoever runs a blocking function elsewhere."""

    async def run(self, function: Callable[..., T], *args: Any) -> T:
        """The function's result; what it raises is raised."""
        ...
