"""A tenant node's parts, and the mode that runs them alone."""

from collections.abc import Callable
from typing import Any

from twisted.internet.defer import Deferred
from twisted.logger import Logger

from pbe.api.admin.health import alive
from pbe.api.tenant.durability import Durability
from pbe.api.tenant.site import TenantSite
from pbe.errors import Forbidden
from pbe.gateway.proof import Proofs
from pbe.host.assignment import Assignment
from pbe.host.errands import Errands
from pbe.host.host import Host
from pbe.host.keeper import Keeper
from pbe.host.loader import Loaded, Loader
from pbe.host.membership import Control, Membership
from pbe.host.rewind import Rewind
from pbe.host.waker import Waker
from pbe.net.outbound import Outbound
from pbe.replication.moment import Moment
from pbe.replication.replica import Replica
from pbe.replication.replicator import Overtaken, Replicator, Restored
from pbe.replication.source import Source
from pbe.roles import tls
from pbe.roles.config import Config
from pbe.roles.folder import Folder, read_secret
from pbe.roles.links import LinkControl
from pbe.roles.listening import Place, told
from pbe.roles.machine import Machine
from pbe.roles.mail import mailer
from pbe.roles.tools import Tools, within
from pbe.storage.file_cache import FileCache
from pbe.storage.sqlite_memory import be_lean
from pbe.storage.sqlite_readers import Readers
from pbe.tenant import superuser
from pbe.tenant.file_store import FileHome
from pbe.tenant.opening import open_tenant
from pbe.tenant.services import TenantServices
from pbe.tenant.tenant import Tenant
from pbe.web.errors import to_response
from pbe.web.request import Request
from pbe.web.response import Response, json_response
from pbe.web.server import HttpServer

DRAIN_S = 30.0
REGISTER_S = 5.0
JITTER_STEPS = 1 << 30

_log = Logger()


class Shipping:
    """The replicator as the loader wants it: it tells each tenant's own listener that another node has the log."""

    def __init__(self, make: Callable[[Callable[[str], None]], Replicator]) -> None:
        self.replicator = make(self._fenced)
        self._listeners: dict[str, Callable[[], None]] = {}

    async def restore(
        self, tenant_id: str, name: str, path: str, *, at: Moment | None = None, source: str = ""
    ) -> Restored:
        """Make the local file current, or what it was."""
        return await self.replicator.restore(tenant_id, name, path, at=at, source=source)

    async def attach(
        self, tenant_id: str, source: Source, *, epoch: int, mode: str, on_lost: Callable[[], None]
    ) -> Replica:
        """Replicate the database."""
        self._listeners[tenant_id] = on_lost
        return await self.replicator.attach(tenant_id, source, epoch=epoch, mode=mode)

    def _fenced(self, tenant_id: str) -> None:
        listener = self._listeners.pop(tenant_id, None)
        if listener is not None:
            listener()


class PersistentLoader(Loader):
    """Loads once more where another node wrote between the restore and the fence: after the fence nobody can."""

    async def load(self, assignment: Assignment, on_lost: Callable[[], None], rewind: Rewind | None = None) -> Loaded:
        """The tenant, restored and replicating."""
        try:
            return await super().load(assignment, on_lost, rewind)
        except Overtaken:
            return await super().load(assignment, on_lost, rewind)


class NodeParts:
    """One tenant node: its tenants, their replication, and its part in the cluster."""

    def __init__(self, config: Config, tools: Tools, control: Control, address: str, *, alone: bool) -> None:
        be_lean()
        shipping = Shipping(lambda fenced: _replicator(config, tools, fenced))
        self.replicator = shipping.replicator
        self.cache = FileCache(config.dir / "cache", tools.work)
        outbound = Outbound(tools.reactor, allow_private=config.private_outbound)
        services = TenantServices(
            clock=tools.reactor,
            now=tools.now,
            random_bytes=tools.random_bytes,
            workers=tools.work,
            readers=Readers(tools.read),
            files=FileHome(tools.store(config), self.cache, tools.work),
            outbound=outbound,
            mailer=mailer(config, tools),
        )
        node = {
            "id": config.node_id,
            "address": address,
            "capacity": config.max_tenants,
            "region": config.region,
            "zone": config.zone,
            "labels": dict(config.labels),
        }
        waker = Waker(control, tools.now)
        self.membership = Membership(
            node, control, tools.reactor, superuser.upsert, config.durability, shares_fate=alone, waker=waker
        )
        self.host = Host(
            config.node_id,
            PersistentLoader(config.dir / "tenants", services, shipping, open_tenant),
            self.membership,
            _site,
            tools.reactor,
            tenants_max=config.max_tenants,
            resources=Machine(config.dir, tools.reactor.seconds, with_cpu=not alone).resources,
            waker=waker,
        )
        keeper = Keeper(self.host, self.replicator, tools.store(config), config.dir / "tenants")
        self.membership.errands = Errands(keeper.carry_out, control.call, tools.reactor)
        self._durability = Durability(self.replicator.replica, self.host.tenant)

    def start(self) -> None:
        """Register, and take tenants."""
        Deferred.fromCoroutine(self.cache.scan()).addErrback(
            lambda failure: _log.failure("the cache of files was not counted", failure=failure)
        )
        self.host.start()
        self.membership.join(self.host)

    async def handle(self, request: Request) -> Response:
        """The answer to a request whose tenant is known and proved; errors are raised."""
        tenant_id = request.tenant_id or ""
        membership = self.membership
        if tenant_id in membership.waiting:
            await membership.ready(tenant_id)
        response = await self._durability.handle(request, self.host.handle)
        membership.served(tenant_id)
        return response

    async def stop(self) -> None:
        """Ship and close every tenant."""
        await self.host.drain()
        self.membership.leave()
        await self.replicator.stop()


def _replicator(config: Config, tools: Tools, fenced: Callable[[str], None]) -> Replicator:
    return Replicator(
        tools.store(config),
        tools.ship,
        tools.reactor,
        tools.now,
        node_id=config.node_id,
        jitter=lambda: tools.random_below(JITTER_STEPS) / JITTER_STEPS,
        alert=lambda text: _log.error("{text}", text=text),
        fenced=fenced,
    )


def _site(tenant: Tenant) -> Any:
    return TenantSite(tenant).handle


class NodeRole:
    """`--mode=tenant-node`."""

    def __init__(self, config: Config, reactor: Any) -> None:
        self._config = config
        self._tools = Tools(reactor)
        self._folder: Folder | None = None
        self._parts: NodeParts | None = None
        self._control: LinkControl | None = None
        self._server: HttpServer | None = None
        self._place: Place | None = None
        self._proofs: Proofs | None = None

    async def start(self) -> list[str]:
        """Reach the control plane, and serve what gateways bring."""
        config, tools = self._config, self._tools
        self._folder = Folder(config.dir)
        secret = read_secret(config.cluster_secret_file)
        self._proofs = Proofs(secret)
        self._server = HttpServer(self.handle, clock=tools.reactor, now=tools.now)
        self._place = Place(config.http_addr)
        address = told(config.node_address or config.http_addr, self._place.address)
        warnings = await tools.probe_store(config)
        self._control = LinkControl(config, tools, secret)
        self._parts = NodeParts(config, tools, self._control, str(address), alone=False)
        self._control.client.start()
        self._parts.start()
        await within(self._parts.membership.registered(), tools.reactor, REGISTER_S)
        self._place.open(tools.reactor, tls.served(config, self._server))
        return [f"Tenant node {config.node_id}: http://{self._place.address}, told as {address}", *warnings]

    async def handle(self, request: Request) -> Response:
        """A gateway's request; anyone else may only ask for the process's health."""
        try:
            if self._proofs is not None and self._parts is not None and self._proofs.accept(request):
                return await self._parts.handle(request)
            if request.path.rstrip("/") == "/api/health":
                return json_response(alive(self._config.mode))
            raise Forbidden("Tenants are reached through a gateway.")
        except Exception as error:
            return to_response(error, platform=request.tenant_id is None)

    async def stop(self) -> None:
        """Take nothing new, ship everything, say good-bye."""
        if self._place is not None:
            await self._place.close()
        draining = [Deferred.fromCoroutine(self._server.drain(DRAIN_S))] if self._server is not None else []
        if self._parts is not None:
            await self._parts.stop()
        for drained in draining:
            await drained
        if self._control is not None:
            self._control.client.stop()
        self._tools.close()
        if self._folder is not None:
            self._folder.close()
