"""`--mode=all-in-one`: control plane, tenant node and gateway in one process, on one port."""

from typing import Any

from twisted.internet.defer import Deferred

from pbe.api.admin.site import PREFIX
from pbe.cluster.local import LocalControl
from pbe.gateway.resolve import NoTenantNamed
from pbe.roles import admins, tls
from pbe.roles.config import Config
from pbe.roles.control import ControlParts
from pbe.roles.folder import Folder, make_secret
from pbe.roles.gateway import GatewayParts
from pbe.roles.host import NodeParts
from pbe.roles.links import link_server, with_links
from pbe.roles.listening import Place, told
from pbe.roles.tools import Tools, within
from pbe.roles.values import Address
from pbe.web.errors import to_response
from pbe.web.request import Request
from pbe.web.response import Response
from pbe.web.server import HttpServer

DRAIN_S = 30.0
REGISTER_S = 5.0
_PLATFORM = PREFIX.encode()


class AllInOneRole:
    """Everything; requests go from the gateway to the tenant within the process."""

    def __init__(self, config: Config, reactor: Any) -> None:
        self._config = config
        self._tools = Tools(reactor)
        self._folder: Folder | None = None
        self._control: ControlParts | None = None
        self._node: NodeParts | None = None
        self._gateway: GatewayParts | None = None
        self._server: HttpServer | None = None
        self._place: Place | None = None
        self._links: Any = None

    async def start(self) -> list[str]:
        """Bring the parts up, each on the one before, and open the port last."""
        config, tools = self._config, self._tools
        self._folder = Folder(config.dir)
        secret = make_secret(config, tools.random_bytes)
        control = self._control = ControlParts(config, tools, secret, loopback_open=config.http_addr.is_loopback)
        self._links = link_server(config, tools, secret, control)
        self._server = HttpServer(with_links(self.handle, self._links), clock=tools.reactor, now=tools.now)
        self._place = Place(config.http_addr)
        address = told(config.node_address or config.http_addr, self._place.address)
        await control.start()
        await control.plane.ready()
        local = LocalControl(control.desk, control.feed)
        node = self._node = NodeParts(config, tools, local, str(address), alone=True)
        gateway = self._gateway = GatewayParts(config, tools, secret, local.call, node.handle)
        node.start()
        await within(node.membership.registered(), tools.reactor, REGISTER_S)
        control.open_routes()
        control.routes.source(0, gateway.feed.heard)
        gateway.start()
        lines = await admins.greeting(control.plane, tools.random_bytes)
        self._place.open(tools.reactor, tls.served(config, self._server))
        return [*lines, *self._addresses(self._place.address)]

    def _addresses(self, where: Address) -> list[str]:
        name = "localhost" if where.host == "127.0.0.1" else where.host
        return [
            f"Platform: http://{name}:{where.port}/api/cp/",
            f"Tenants:  http://ID.{self._config.domain}:{where.port}/ (or X-Tenant-ID: ID from this machine)",
        ]

    async def handle(self, request: Request) -> Response:
        """The platform's API by path, unless the host is a tenant's own; everything else is a tenant's by host."""
        control, gateway = self._control, self._gateway
        if control is None:
            return to_response(NoTenantNamed(), platform=True)
        if request.raw_path.startswith(_PLATFORM) and (gateway is None or gateway.table.find(request.host) is None):
            return await control.site.handle(request)
        try:
            if gateway is None:
                raise NoTenantNamed
            return await gateway.gateway.handle(request)
        except NoTenantNamed as error:
            if request.path.rstrip("/") == "/api/health":
                return await control.site.handle(request)
            return to_response(error, platform=True)
        except Exception as error:
            return to_response(error, platform=True)

    async def stop(self) -> None:
        """Take nothing new, ship and close every tenant, then the rest."""
        if self._control is not None:
            # Or it would count out the node that is about to fall silent.
            self._control.steward.stop()
        if self._place is not None:
            await self._place.close()
        draining = [Deferred.fromCoroutine(self._server.drain(DRAIN_S))] if self._server is not None else []
        if self._node is not None:
            await self._node.stop()
        for drained in draining:
            await drained
        if self._links is not None:
            self._links.stop()
        if self._gateway is not None:
            self._gateway.stop()
        if self._control is not None:
            await self._control.stop()
        self._tools.close()
        if self._folder is not None:
            self._folder.close()
