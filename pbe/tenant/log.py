"""A tenant's log: what happened, kept in `_logs` of auxiliary.db as the stock server keeps it.

Levels are slog's. Rows come by way of `log_spool`; whoever reads `_logs` awaits `settle` first. `delete_before` and
`delete_all` are the retention.
"""

from collections.abc import Callable, Mapping
from typing import Any

from twisted.internet.interfaces import IReactorTime

from pbe.storage.sqlite import Database, Transaction
from pbe.tenant.log_size import cut
from pbe.tenant.log_spool import LogSpool

DEBUG, INFO, WARN, ERROR = -4, 0, 4, 8
DAY_S = 86400
_IMPORT = """
    INSERT OR IGNORE INTO `_logs` (`id`, `level`, `message`, `data`, `created`)
    SELECT value ->> 0, value ->> 2, value ->> 3, value -> 4,
           strftime('%Y-%m-%d %H:%M:%fZ', value ->> 1, 'unixepoch')
    FROM json_each(?)
"""
_DELETE_BEFORE = "DELETE FROM `_logs` WHERE `created` <= strftime('%Y-%m-%d %H:%M:%fZ', ?, 'unixepoch')"


class Log:
    """The log of one tenant. `write` is cheap and never raises; the rest are coroutines on auxiliary.db."""

    def __init__(
        self,
        folder: str,
        auxiliary: Database,
        options: Mapping[str, Any],
        clock: IReactorTime,
        now: Callable[[], float],
        random_bytes: Callable[[int], bytes],
    ) -> None:
        self.options = options
        """The settings' `logs` section; who changes the settings sets it."""
        self._auxiliary = auxiliary
        self._now = now
        self._spool = LogSpool(folder, self._import, clock, random_bytes)

    @property
    def enabled(self) -> bool:
        """Whether anything is kept at all."""
        return bool(self.options["maxDays"])

    def write(self, level: int, message: str, data: dict[str, Any]) -> None:
        """Keep an entry, unless the settings do not want its level. `data` is the log's from now on."""
        options = self.options
        if level < options["minLevel"] or not options["maxDays"]:
            return
        self._spool.append((self._now(), level, message, cut(data, options["maxDataSize"])))

    async def settle(self) -> None:
        """All that was written is in `_logs`."""
        await self._spool.settle()

    async def delete_before(self, when: float) -> None:
        """Delete what was logged up to `when`, seconds since the epoch."""
        await self.settle()
        await self._heavy_write(_DELETE_BEFORE, (when,))

    async def delete_expired(self) -> None:
        """Delete what is older than the settings' `maxDays`."""
        await self.delete_before(self._now() - DAY_S * int(self.options["maxDays"]))

    async def delete_all(self) -> None:
        """Delete everything."""
        await self.settle()
        await self._heavy_write("DELETE FROM `_logs`", ())

    async def close(self) -> None:
        """Settle and stop; nothing may be written afterwards."""
        await self._spool.close()

    async def _import(self, batch: str) -> None:
        await self._heavy_write(_IMPORT, (batch,))

    async def _heavy_write(self, sql: str, params: tuple[Any, ...]) -> None:
        async def work(transaction: Transaction) -> None:
            await transaction.heavy(sql, params)

        await self._auxiliary.write(work, exclusive=True)
