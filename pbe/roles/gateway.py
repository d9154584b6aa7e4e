"""A gateway's parts, and the mode that runs them alone."""

import ipaddress
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.task import LoopingCall
from twisted.logger import Logger
from twisted.python.failure import Failure

from pbe.api.admin.health import alive
from pbe.client.pool import ClientPool
from pbe.errors import PbeError, Unavailable
from pbe.gateway.gateway import Gateway
from pbe.gateway.proof import Proofs
from pbe.gateway.resolve import NoTenantNamed
from pbe.roles import tls
from pbe.roles.config import Config
from pbe.roles.folder import read_secret
from pbe.roles.links import LinkControl, dialling
from pbe.roles.listening import Place
from pbe.roles.tools import Tools, within
from pbe.roles.values import Network
from pbe.routing.feed import TOPIC, RouteFeed
from pbe.routing.table import Route, RouteTable
from pbe.web.errors import to_response
from pbe.web.request import Request
from pbe.web.response import Response, json_response
from pbe.web.server import HttpServer

DRAIN_S = 30.0
PLACE_S = 5.0
SWEEP_S = 10.0
SYNC_S = 5.0
HEALTH = "/api/health"

_log = Logger()


class GatewayParts:
    """The route table, kept fresh, and the gateway that uses it. `call` asks the control plane."""

    def __init__(
        self,
        config: Config,
        tools: Tools,
        secret: bytes,
        call: Callable[[str, Any, float], Any],
        local: Callable[[Request], Any] | None = None,
    ) -> None:
        self.table = RouteTable(config.domain)
        self.synced: Deferred[None] = Deferred()
        self.feed = RouteFeed(self.table, lambda: self.synced.callback(None))
        self._call = call
        self._waking: set[str] = set()
        self._pool = ClientPool(dialling(config, tools), tools.reactor)
        self._sweeper = LoopingCall(self._pool.sweep)
        self._sweeper.clock = tools.reactor
        self.gateway = Gateway(
            self.table,
            self._pool,
            Proofs(secret),
            tools.reactor,
            trusted=Trust(config.trusted_callers),
            wake=self._wake,
            local=local,
            node_id=config.node_id if local is not None else "",
        )

    def start(self) -> None:
        """Begin to give old connections back."""
        self._sweeper.start(SWEEP_S, now=False)

    def whole(self) -> Deferred[None]:
        """Fires once the route table is whole; may be cancelled."""
        waiting: Deferred[None] = Deferred()
        self.synced.addCallback(lambda _: None if waiting.called else waiting.callback(None))
        return waiting

    def stop(self) -> None:
        """Drop the connections to nodes."""
        if self._sweeper.running:
            self._sweeper.stop()
        self._pool.close()

    def _wake(self, route: Route) -> None:
        """Have a tenant placed; the table hears of it by the watch."""
        tenant_id = route.tenant_id
        if tenant_id in self._waking:
            return
        self._waking.add(tenant_id)
        placing = Deferred.fromCoroutine(self._call("route.get", {"tenant_id": tenant_id}, PLACE_S))
        placing.addErrback(_not_placed, tenant_id)
        placing.addBoth(lambda _: self._waking.discard(tenant_id))


def _not_placed(failure: Failure, tenant_id: str) -> None:
    if isinstance(failure.value, PbeError):
        _log.info("{tenant} was not placed: {why}", tenant=tenant_id, why=str(failure.value))
    else:
        _log.failure("placing {tenant} failed", failure=failure, tenant=tenant_id)


class Trust:
    """Whether a request's caller may name its tenant by X-Tenant-ID."""

    def __init__(self, networks: tuple[Network, ...]) -> None:
        self._networks = networks
        self._listed = lru_cache(maxsize=4096)(self._look)

    def __call__(self, request: Request) -> bool:
        """By the address that connected."""
        return bool(self._networks) and self._listed(request.peer)

    def _look(self, peer: str) -> bool:
        try:
            address = ipaddress.ip_address(peer)
        except ValueError:
            return False
        mapped = getattr(address, "ipv4_mapped", None)
        return any((mapped or address) in network for network in self._networks)


class GatewayRole:
    """`--mode=gateway`."""

    def __init__(self, config: Config, reactor: Any) -> None:
        self._config = config
        self._tools = Tools(reactor)
        self._parts: GatewayParts | None = None
        self._control: LinkControl | None = None
        self._server: HttpServer | None = None
        self._places: list[Place] = []

    async def start(self) -> list[str]:
        """Follow the routes and serve clients."""
        config, tools = self._config, self._tools
        secret = read_secret(config.cluster_secret_file)
        self._control = LinkControl(config, tools, secret)
        parts = self._parts = GatewayParts(config, tools, secret, self._control.call)
        self._server = HttpServer(self.handle, clock=tools.reactor, now=tools.now)
        self._places = [Place(config.http_addr)]
        lines = [f"Gateway {config.node_id}: http://{self._places[0].address}"]
        parts.start()
        self._control.client.watch(TOPIC, 0, parts.feed.heard)
        self._control.client.start()
        await within(parts.whole(), tools.reactor, SYNC_S)
        self._places[0].open(tools.reactor, self._server)
        certificates = tls.certificates(config)
        if config.https_addr and certificates is not None:
            self._places.append(Place(config.https_addr))
            self._places[1].open(tools.reactor, certificates.serve(self._server))
            lines.append(f"Gateway {config.node_id}: https://{self._places[1].address}")
        return lines

    async def handle(self, request: Request) -> Response:
        """A client's request; without a tenant only the process's health is told."""
        parts = self._parts
        try:
            if parts is None or not parts.feed.is_synced:
                if request.path.rstrip("/") == HEALTH:
                    raise NoTenantNamed
                raise Unavailable("The gateway does not know the tenants yet.")
            return await parts.gateway.handle(request)
        except NoTenantNamed as error:
            if request.path.rstrip("/") == HEALTH:
                return json_response(alive(self._config.mode))
            return to_response(error, platform=True)
        except Exception as error:
            return to_response(error, platform=True)

    async def stop(self) -> None:
        """Take nothing new, let running requests end."""
        for place in self._places:
            await place.close()
        if self._server is not None:
            await self._server.drain(DRAIN_S)
        if self._control is not None:
            self._control.client.stop()
        if self._parts is not None:
            self._parts.stop()
        self._tools.close()
