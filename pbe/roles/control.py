"""The control plane's parts, and the mode that runs them alone."""

import itertools
from collections.abc import Iterable, Sequence
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.error import CannotListenError
from twisted.logger import Logger
from twisted.python.failure import Failure

from pbe.api.admin.access import Access
from pbe.api.admin.health import Health
from pbe.api.admin.history import History
from pbe.api.admin.nodes import Nodes
from pbe.api.admin.passwords import Passwords
from pbe.api.admin.placement import PlacementRules
from pbe.api.admin.raft import Raft
from pbe.api.admin.site import PlatformSite, routes
from pbe.api.admin.tenants import Tenants
from pbe.cluster.alarm import Alarm
from pbe.cluster.beats import Beats
from pbe.cluster.counsel import Counsel
from pbe.cluster.desk import Desk
from pbe.cluster.feed import Feed
from pbe.cluster.settling import Settling
from pbe.cluster.steward import Steward
from pbe.consensus import ControlPlane
from pbe.consensus.archive import Archive
from pbe.fleet import Event
from pbe.fleet.records import Record
from pbe.roles import admins, listening, tls
from pbe.roles.config import Config
from pbe.roles.console import end_broken, say
from pbe.roles.folder import Folder, make_secret
from pbe.roles.links import link_server, raft_transport, with_links
from pbe.roles.tools import Tools
from pbe.roles.values import ConfigError
from pbe.routing.publisher import RoutePublisher
from pbe.storage.lmdb_control import LmdbControl
from pbe.web.server import HttpServer

DRAIN_S = 5.0
_log = Logger()


class ControlParts:
    """One member of the control plane: consensus, housekeeping, the desk, and the platform's API."""

    def __init__(self, config: Config, tools: Tools, secret: bytes, *, loopback_open: bool) -> None:
        self._raft_listen = config.raft_listen
        self._reactor = tools.reactor
        self.transport = raft_transport(config, tools, secret)
        self.plane = ControlPlane.create(
            store=LmdbControl(config.dir / "control"),
            member_id=config.node_id,
            address=config.raft_address,
            peers={peer.id: str(peer.address) for peer in config.raft_peers},
            join=bool(config.raft_join),
            clock=tools.reactor,
            now=tools.now,
            random=tools.random_below,
            transport=self.transport,
            run=tools.disk.run,
        )
        store = tools.store(config) if config.replica_url else None
        self.archive = Archive(store, self.plane, tools.reactor) if store is not None else None
        beats = Beats()
        self.steward = Steward(self.plane, beats, tools.reactor)
        self.alarm = Alarm(self.plane, beats, self.steward.place, tools.reactor, tools.now)
        self.desk = Desk(self.plane, beats, self.steward, tools.reactor, tools.now)
        self.feed = Feed(self.plane)
        self.routes = RoutePublisher(self._routes, self.plane.fleet.revision)
        self.health = Health(self.plane, config.mode)
        tenants = Tenants(self.plane, Passwords(tools.work.run), Settling(self.plane, tools.reactor).superuser)
        endpoints = routes(
            tenants,
            History(self.plane, self.desk.errands, tenants.restore),
            Nodes(self.plane, self.desk),
            PlacementRules(self.plane, Counsel(self.plane, self.steward)),
            Raft(self.plane, self.plane, self.archive.snapshot if self.archive is not None else None),
            self.health,
        )
        self.site = PlatformSite(Access(self.plane, loopback_open=loopback_open), endpoints, self.health)

    async def start(self) -> None:
        """Begin to take part. Raises ConfigError where the Raft address cannot be listened on."""
        self.plane.broken.addErrback(self._broke)
        self.plane.start()
        if self.transport is not None:
            try:
                await self.transport.listening
            except CannotListenError as error:
                raise ConfigError(f"Cannot listen for Raft on {self._raft_listen}: {error.socketError}.") from error
        self.steward.start()
        self.alarm.start()
        if self.archive is not None:
            self.archive.start()

    def open_routes(self) -> None:
        """Begin to tell gateways; after this process's own node is told, so that it is never behind them."""
        self.routes.reset(self.plane.fleet.revision)
        self.plane.watch(self.plane.fleet.revision, self._publish)

    def _routes(self) -> tuple[int, Iterable[tuple[str, str, Record]]]:
        fleet = self.plane.fleet
        nodes = [("nodes", key, record) for key, record in fleet.nodes.sorted_items()]
        return fleet.revision, [*nodes, *(("routes", key, record) for key, record in fleet.routes.sorted_items())]

    def _publish(self, revision: int, events: Sequence[Event] | None) -> None:
        if events is None:
            self.routes.reset(revision)
            return
        for _, group in itertools.groupby(events, lambda event: event.revision):
            self.routes.publish(list(group))

    def _broke(self, failure: Failure) -> None:
        end_broken(self._reactor, f"The control plane's member cannot go on: {failure.getErrorMessage()}.")

    async def stop(self) -> None:
        """End in order: housekeeping first, so that nothing is proposed to a member that stops."""
        self.steward.stop()
        self.alarm.stop()
        if self.archive is not None:
            self.archive.stop()
        await self.plane.stop()


class ControlRole:
    """`--mode=control-plane`."""

    def __init__(self, config: Config, reactor: Any) -> None:
        self._config = config
        self._tools = Tools(reactor)
        self._folder: Folder | None = None
        self._parts: ControlParts | None = None
        self._server: HttpServer | None = None
        self._closing: list[Any] = []

    async def start(self) -> list[str]:
        """Open the log, take part, and serve the platform's API and the cluster's links on one port."""
        config, tools = self._config, self._tools
        self._folder = Folder(config.dir)
        secret = make_secret(config, tools.random_bytes)
        parts = self._parts = ControlParts(config, tools, secret, loopback_open=False)
        links = link_server(config, tools, secret, parts)
        self._server = HttpServer(with_links(parts.site.handle, links), clock=tools.reactor, now=tools.now)
        place = listening.Place(config.http_addr)
        self._closing = [place.close, links.stop]
        await parts.start()
        parts.open_routes()
        place.open(tools.reactor, tls.served(config, self._server))
        if config.create_admin:
            # A majority may be long in coming, and the platform is served meanwhile.
            Deferred.fromCoroutine(self._greet(parts.plane)).addErrback(lambda f: _log.failure("no admin", failure=f))
        return [f"Control plane {config.node_id}: http://{place.address}"]

    async def _greet(self, plane: ControlPlane) -> None:
        await plane.ready()
        for line in await admins.greeting(plane, self._tools.random_bytes):
            say(line)

    async def stop(self) -> None:
        """Close the port, let running requests end, hand leadership over."""
        for close in self._closing:
            await _maybe(close())
        if self._server is not None:
            await self._server.drain(DRAIN_S)
        if self._parts is not None:
            await self._parts.stop()
        self._tools.close()
        if self._folder is not None:
            self._folder.close()


async def _maybe(result: Any) -> None:
    if result is not None:
        await result
