"""Holds requests while their tenant wakes or moves: bounded in number and time."""

from collections.abc import Callable

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime

from pbe.errors import Unavailable
from pbe.routing.table import Route, RouteTable
from pbe.web.request import Request

HELD_MAX = 10_000
HELD_PER_TENANT_MAX = 500
HOLD_S = 30.0


class WaitingRoom:
    """Requests of tenants that no node serves at the moment."""

    def __init__(self, table: RouteTable, clock: IReactorTime, wake: Callable[[Route], None]) -> None:
        self._table = table
        self._clock = clock
        self._wake = wake
        self._held = 0
        self._held_by_tenant: dict[str, int] = {}

    @property
    def held(self) -> int:
        """How many wait now."""
        return self._held

    async def changed(self, route: Route, request: Request, until: float) -> Route:
        """The tenant's route once it is another than `route`; asks for the tenant to be woken if it has no node.

        Raises `Unavailable` when the room is full, at `until`, when the tenant is gone, or when the client left.
        """
        tenant_id = route.tenant_id
        now = self._table.by_tenant(tenant_id)
        if now is not None and now is not route:
            return now
        left_s = until - self._clock.seconds()
        if left_s <= 0:
            raise Unavailable(cause=f"{tenant_id} did not come to a node in time")
        if self._held >= HELD_MAX or self._held_by_tenant.get(tenant_id, 0) >= HELD_PER_TENANT_MAX:
            raise Unavailable(cause=f"too many requests wait for {tenant_id}")
        await self._wait(route, request, left_s)
        now = self._table.by_tenant(tenant_id)
        if now is None or request.closed:
            raise Unavailable(cause=f"{tenant_id} went away")
        return now

    async def _wait(self, route: Route, request: Request, left_s: float) -> None:
        tenant_id = route.tenant_id
        waiter: Deferred[None] = Deferred()

        def wake() -> None:
            if not waiter.called:
                waiter.callback(None)

        self._held += 1
        self._held_by_tenant[tenant_id] = self._held_by_tenant.get(tenant_id, 0) + 1
        forget = self._table.on_change(tenant_id, wake)
        timer = self._clock.callLater(left_s, wake)
        request.on_close(wake)
        try:
            if not route.node_id:
                self._wake(route)
            await waiter
        finally:
            forget()
            if timer.active():
                timer.cancel()
            self._held -= 1
            left = self._held_by_tenant[tenant_id] - 1
            if left:
                self._held_by_tenant[tenant_id] = left
            else:
                del self._held_by_tenant[tenant_id]
