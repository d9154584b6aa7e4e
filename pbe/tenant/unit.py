"""A unit of work: where statements run, and what happens once its transaction is over.

Services take a `Unit` instead of a database, so that the same code serves a request of its own and one of fifty in a
batch. Outside a transaction reads run inline under the database's budget; inside one they see its changes.
"""

from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, TypeVar

from twisted.logger import Logger

from pbe.storage.sqlite import Params, Row, Transaction
from pbe.tenant.tenant import Tenant

T = TypeVar("T")
Completion = Callable[[BaseException | None], Awaitable[None]]
_log = Logger()


class Unit:
    """Work for one tenant. `exclusive` work may wait while its transaction is open."""

    __slots__ = ("_completions", "exclusive", "tenant", "tx")

    def __init__(self, tenant: Tenant, tx: Transaction | None = None, *, exclusive: bool = False) -> None:
        self.tenant = tenant
        self.tx = tx
        self.exclusive = exclusive
        self._completions: list[Completion] = []

    async def query(self, sql: str, params: Params = (), *, heavy: bool = False) -> list[Row]:
        """The rows of a statement; heavy ones leave the reactor's thread where that is possible.

        Outside a transaction any statement that turns out to be slow leaves it too; inside one, only who knows.
        """
        if self.tx is None:
            return await self.tenant.data.query(sql, params, heavy=heavy)
        if heavy and self.exclusive:
            return await self.tx.heavy(sql, params)
        return self.tx.query(sql, params)

    async def query_ruled(self, sql: str, params: Params = (), *, heavy: bool = False) -> list[Row]:
        """As `query`, for a statement with somebody's rule in it, which may be as slow as he made it."""
        return await self.query(sql, params, heavy=heavy or self.exclusive)

    def on_completed(self, step: Completion) -> None:
        """Run `step(None)` after the commit, or `step(error)` where there was none; in the order they came."""
        self._completions.append(step)

    async def completed(self, error: BaseException | None) -> None:
        """Run the steps; one that fails after a commit is logged, since what was committed stays."""
        steps, self._completions = self._completions, []
        for step in steps:
            try:
                await step(error)
            except Exception:
                _log.failure("a step after a transaction failed")


async def transact(tenant: Tenant, work: Callable[[Unit], Coroutine[Any, Any, T]], *, exclusive: bool = False) -> T:
    """Run `work(unit)` in a transaction and return its result once the commit and what follows it are done.

    Without `exclusive` the work must not wait for anything.
    """
    unit = Unit(tenant, exclusive=exclusive)

    async def within(tx: Transaction) -> T:
        unit.tx = tx
        return await work(unit)

    try:
        result = await tenant.data.write(within, exclusive=exclusive)
    except BaseException as error:
        unit.tx = None
        await unit.completed(error)
        raise
    unit.tx = None
    await unit.completed(None)
    return result
