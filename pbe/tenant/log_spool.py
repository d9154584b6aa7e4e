"""The request log's waiting room: entries gather in memory, go to a file, and from there into `_logs` in large batches.

Theory of operation. `append` only keeps a tuple. A timer of SPOOL_S writes what gathered to the spool file, which
outlives a killed process; one of IMPORT_S, a full spool, a reader of the logs or the tenant's close moves it on.
The rows' ids follow from the spool's name and the line's number, so a spool imported twice (a process killed between
commit and unlink) is imported once. An import is one statement on a worker: the reactor does not wait for it.

Not promised: entries of the last SPOOL_S are lost with the process, those of the last IMPORT_S with the machine.
"""

import os
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import orjson
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall, IReactorTime

from pbe.ids import random_id

SPOOL_S = 1.0
IMPORT_S = 60.0
ENTRIES_IN_MEMORY_MAX = 500
SPOOL_BYTES_MAX = 2 * 1024 * 1024
"""A spool this large is imported at once."""
SPOOLED_ENTRIES_MAX = 36**3
_SUFFIX = ".log-spool"
_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
_PAIRS = tuple(high + low for high in _DIGITS for low in _DIGITS)

Entry = tuple[float, int, str, dict[str, Any]]
"""When (seconds since the epoch), level, message, data."""
Importer = Callable[[str], Awaitable[None]]
"""Takes a JSON array of [id, when, level, message, data] and makes rows of it."""


class LogSpool:
    """One tenant's spool in `folder`. Everything but `append` may touch the disk; nothing here raises for a full disk
    before `settle`.
    """

    def __init__(
        self, folder: str, importer: Importer, clock: IReactorTime, random_bytes: Callable[[int], bytes]
    ) -> None:
        self._folder = Path(folder)
        self._importer = importer
        self._clock = clock
        self._random_bytes = random_bytes
        self._entries: list[Entry] = []
        self._path: Path | None = None
        self._bytes = self._lines = 0
        self._spooling: IDelayedCall | None = None
        self._importing: IDelayedCall | None = None
        self._settling: list[Deferred[None]] | None = None
        self._left_behind = bool(list(self._folder.glob(f"*{_SUFFIX}")))

    def append(self, entry: Entry) -> None:
        """Take an entry; `data` must not be changed afterwards."""
        self._entries.append(entry)
        if self._spooling is None:
            self._spooling = self._clock.callLater(SPOOL_S, self.spool)
        elif len(self._entries) >= ENTRIES_IN_MEMORY_MAX:
            self.spool()

    def spool(self) -> None:
        """Write what gathered to the spool file."""
        _cancel(self._spooling)
        self._spooling = None
        if not self._entries:
            return
        lines = b"".join(orjson.dumps(entry, default=str, option=_SPOOLED) for entry in self._entries)
        if self._path is None:
            self._path = self._folder / f"{random_id(self._random_bytes, 4)}{_SUFFIX}"
            self._bytes = self._lines = 0
        with self._path.open("ab") as file:
            file.write(lines)
        self._bytes += len(lines)
        self._lines += len(self._entries)
        self._entries = []
        full = self._bytes >= SPOOL_BYTES_MAX or self._lines + ENTRIES_IN_MEMORY_MAX >= SPOOLED_ENTRIES_MAX
        if full or self._importing is None:
            _cancel(self._importing)
            self._importing = self._clock.callLater(0 if full else IMPORT_S, self._settle_later)

    async def settle(self) -> None:
        """Every entry appended before is in `_logs` when this returns; raises what the database raised."""
        while self._settling is not None:
            waiter: Deferred[None] = Deferred()
            self._settling.append(waiter)
            await waiter
        if not self._entries and self._path is None and not self._left_behind:
            return
        self._settling = []
        try:
            await self._import_all()
        finally:
            waiters, self._settling = self._settling, None
            for waiter in waiters:
                waiter.callback(None)

    async def close(self) -> None:
        """Settle and keep no timer. Nothing may be appended afterwards."""
        try:
            await self.settle()
        finally:
            self.spool()
            _cancel(self._importing)
            self._importing = None

    async def _import_all(self) -> None:
        self.spool()
        _cancel(self._importing)
        self._importing = None
        self._path = None
        for path in sorted(self._folder.glob(f"*{_SUFFIX}")):
            batch = import_batch(path.name.removesuffix(_SUFFIX), path.read_bytes())
            if batch:
                await self._importer(batch)
            path.unlink()
        self._left_behind = False

    def _settle_later(self) -> None:
        self._importing = None
        Deferred.fromCoroutine(self.settle()).addErrback(self._try_again)

    def _try_again(self, _failure: object) -> None:
        """The database could not take the spool: it stays, and the next timer tries again."""
        self._left_behind = True
        if self._importing is None:
            self._importing = self._clock.callLater(IMPORT_S, self._settle_later)


_SPOOLED = orjson.OPT_APPEND_NEWLINE | orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS


def import_batch(name: str, spooled: bytes) -> str:
    """The JSON array for the importer of a spool's lines; "" where there are none. A torn last line is dropped."""
    items = []
    for number, line in enumerate(spooled.splitlines()):
        try:
            when = orjson.loads(line)[0]
        except (orjson.JSONDecodeError, LookupError, TypeError):
            continue
        items.append(b'["' + row_id(when, name, number).encode() + b'",' + line[1:])
    return (b"[" + b",".join(items) + b"]").decode() if items else ""


def row_id(when: float, name: str, number: int) -> str:
    """A row's id, 15 characters: milliseconds, the line's number, the spool's name. Ids of one spool are ordered."""
    return _base36(int(when * 1000), 8) + _base36(number, 3) + name


def _base36(number: int, width: int) -> str:
    """The last `width` digits of a number."""
    digits = ""
    for _ in range(0, width, 2):
        number, pair = divmod(number, 36 * 36)
        digits = _PAIRS[pair] + digits
    return digits[-width:]


def _cancel(call: IDelayedCall | None) -> None:
    if call is not None and call.active():
        call.cancel()


def spool_names(folder: str) -> list[str]:
    """The spool files in a tenant's folder, for who copies or removes it."""
    return sorted(name for name in os.listdir(folder) if name.endswith(_SUFFIX))
