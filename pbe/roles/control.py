"""The control plane's parts, and the mode that runs them alone."""

from pathlib import Path
from typing import Any

from pbe.api.admin.access import Access
from pbe.api.admin.health import Health
from pbe.api.admin.nodes import Nodes
from pbe.api.admin.passwords import Passwords
from pbe.api.admin.placement import PlacementRules
from pbe.api.admin.raft import Raft
from pbe.api.admin.site import PlatformSite, routes
from pbe.api.admin.tenants import Tenants
from pbe.cluster.beats import Beats
from pbe.cluster.desk import Desk
from pbe.cluster.feed import Feed
from pbe.cluster.settling import Settling
from pbe.cluster.steward import Steward
from pbe.consensus import ControlPlane
from pbe.roles import admins, listening
from pbe.roles.config import Config
from pbe.roles.folder import Folder, make_secret
from pbe.roles.links import link_server, with_links
from pbe.roles.tools import Tools
from pbe.storage.lmdb_control import LmdbControl
from pbe.web.server import HttpServer

DRAIN_S = 5.0


class ControlParts:
    """One member of the control plane: consensus, housekeeping, the desk, and the platform's API."""

    def __init__(self, config: Config, tools: Tools, folder: Path, *, loopback_open: bool, role: str) -> None:
        advertised = config.raft_advertise_addr or config.raft_bind_addr
        self.plane = ControlPlane.create(
            store=LmdbControl(folder),
            member_id=config.node_id,
            address=str(advertised),
            peers={peer.id: str(peer.address) for peer in config.raft_peers},
            join=bool(config.raft_join),
            clock=tools.reactor,
            now=tools.now,
            random=tools.random_below,
            run=tools.disk.run,
        )
        beats = Beats()
        self.steward = Steward(self.plane, beats, tools.reactor)
        self.desk = Desk(self.plane, beats, self.steward, tools.reactor, tools.now)
        self.feed = Feed(self.plane)
        self.health = Health(self.plane, role)
        endpoints = routes(
            Tenants(self.plane, Passwords(tools.work.run), Settling(self.plane, tools.reactor).superuser),
            Nodes(self.plane, self.desk),
            PlacementRules(self.plane),
            Raft(self.plane, self.plane),
            self.health,
        )
        self.site = PlatformSite(Access(self.plane, loopback_open=loopback_open), endpoints, self.health)

    async def start(self) -> None:
        """Begin to take part."""
        self.plane.start()
        self.steward.start()

    async def stop(self) -> None:
        """End in order: housekeeping first, so that nothing is proposed to a member that stops."""
        self.steward.stop()
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
        parts = self._parts = ControlParts(config, tools, config.dir / "control", loopback_open=False, role=config.mode)
        links = link_server(config, tools, secret, parts)
        self._server = HttpServer(with_links(parts.site.handle, links), clock=tools.reactor, now=tools.now)
        port = listening.listen(tools.reactor, config.http_addr, self._server)
        self._closing = [port.stopListening, links.stop]
        await parts.start()
        lines = [f"Control plane {config.node_id}: http://{listening.bound(port)}"]
        if config.create_admin:
            await parts.plane.ready()
            lines += await admins.greeting(parts.plane, tools.random_bytes)
        return lines

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
