"""The gateway: finds a request's tenant and has it served, by this process or by the node that has it.

Theory of operation.

    resolve the tenant → no node: wake it and wait → its node is this process: hand it over
                                                    → another: through the breaker, the proxy
    the node is not reached, or answers 421 → wait for the route to change, or a little, and try again until `HOLD_S`
"""

from collections.abc import Awaitable, Callable

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime

from pbe.client.errors import NotAsked
from pbe.client.pool import ClientPool
from pbe.errors import Unavailable
from pbe.gateway.breaker import Breaker
from pbe.gateway.heads import strip_resolved
from pbe.gateway.proof import Proofs
from pbe.gateway.proxy import Misdirected, Proxy, RequestBody
from pbe.gateway.resolve import Resolver
from pbe.gateway.waiting import HOLD_S, WaitingRoom
from pbe.routing.table import Route, RouteTable
from pbe.web.request import Request
from pbe.web.response import Response

ATTEMPTS_MAX = 8
RETRY_S = 0.25
Local = Callable[[Request], Awaitable[Response]]


class Gateway:
    """Serves tenants' requests.

    trusted: whether a request may name its tenant by X-Tenant-ID; wake: asks the control plane to place a tenant that
    has no node (called for each waiting request; must be cheap); local and node_id: the handler for tenants of this
    process's own node, if it has one.
    """

    def __init__(
        self,
        table: RouteTable,
        pool: ClientPool,
        proofs: Proofs,
        clock: IReactorTime,
        *,
        trusted: Callable[[Request], bool],
        wake: Callable[[Route], None],
        local: Local | None = None,
        node_id: str = "",
    ) -> None:
        self.table = table
        self.resolver = Resolver(table, trusted)
        self.room = WaitingRoom(table, clock, wake)
        self._proxy = Proxy(pool, proofs)
        self._clock = clock
        self._local = local
        self._node_id = node_id
        self._breakers: dict[str, Breaker] = {}

    def open_circuits(self) -> list[str]:
        """The addresses that are not asked at the moment."""
        return [address for address, breaker in self._breakers.items() if breaker.is_open]

    async def handle(self, request: Request) -> Response:
        """The answer for a client; errors are raised, as everywhere."""
        route = self.resolver.find(request)
        strip_resolved(request.headers.raw)
        if self._local is not None and route.node_id == self._node_id and route.node_id:
            request.tenant_id = route.tenant_id
            return await self._local(request)
        return await self._serve(request, route)

    async def _serve(self, request: Request, route: Route) -> Response:
        until = self._clock.seconds() + HOLD_S
        body = RequestBody(request)
        for attempt in range(ATTEMPTS_MAX):
            while not route.address:
                route = await self.room.changed(route, request, until)
            if self._local is not None and route.node_id == self._node_id:
                request.tenant_id = route.tenant_id
                return await self._local(request)
            try:
                return await self._ask(request, body, route)
            except NotAsked as error:
                reason = str(error)
                route = await self._soon(route, request, min(until, self._clock.seconds() + RETRY_S * 2**attempt))
            except Misdirected as misdirected:
                reason = f"{route.node_id} has {route.tenant_id} no more"
                if not misdirected.replayable:
                    break
                route = await self._soon(route, request, min(until, self._clock.seconds() + RETRY_S * 2**attempt))
        raise Unavailable(cause=reason)

    async def _ask(self, request: Request, body: RequestBody, route: Route) -> Response:
        breaker = self._breakers.get(route.address)
        if breaker is None:
            breaker = self._breakers[route.address] = Breaker(self._clock.seconds)
        breaker.enter(route.address)
        try:
            response = await self._proxy.carry(request, body, route)
        except NotAsked:
            breaker.failed()
            raise
        except Misdirected:
            breaker.succeeded()
            raise
        except BaseException:
            breaker.gave_up()
            raise
        breaker.succeeded()
        return response

    async def _soon(self, route: Route, request: Request, until: float) -> Route:
        """The route when it changes, or as it is after a little while."""
        now = self.table.by_tenant(route.tenant_id)
        if now is not None and now is not route:
            return now
        pause: Deferred[None] = Deferred()

        def go_on() -> None:
            if not pause.called:
                pause.callback(None)

        forget = self.table.on_change(route.tenant_id, go_on)
        timer = self._clock.callLater(max(until - self._clock.seconds(), 0), go_on)
        request.on_close(go_on)
        await pause
        forget()
        if timer.active():
            timer.cancel()
        if request.closed:
            raise Unavailable(cause="the client left")
        return self.table.by_tenant(route.tenant_id) or route
