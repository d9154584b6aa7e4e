"""Links between the processes: what the control plane offers, and how nodes and gateways reach it."""

from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
from twisted.internet.endpoints import HostnameEndpoint, TCP4ServerEndpoint, TCP6ServerEndpoint
from twisted.internet.interfaces import IStreamClientEndpoint

from pbe.cluster.desk import Call, Desk
from pbe.cluster.feed import Feed
from pbe.consensus.link_transport import LinkTransport
from pbe.fleet.changes import NODE_TOPIC_PREFIX, Changes
from pbe.net.handlers import Emit, Handlers, Peer
from pbe.net.link_client import LinkClient
from pbe.net.link_server import SWITCHING, LinkServer
from pbe.net.upgrade import LINK_PATH
from pbe.roles import tls
from pbe.roles.config import Config
from pbe.roles.tools import Tools
from pbe.routing.feed import TOPIC
from pbe.routing.publisher import RoutePublisher
from pbe.web.request import Request
from pbe.web.response import Response, Takeover
from pbe.wire.handshake import PROTOCOL

CONNECT_TIMEOUT_S = 3

Handle = Callable[[Request], Awaitable[Response]]


def offers(desk: Desk, feed: Feed, routes: RoutePublisher) -> Handlers:
    """The desk's calls, the routes and the nodes' own topics, for peers."""
    handlers = Handlers()
    for name, call in desk.calls().items():
        handlers.method(name, _method(call))
    handlers.source(TOPIC, routes.source)
    handlers.family(NODE_TOPIC_PREFIX, lambda topic: _source(feed, topic))
    return handlers


def _method(call: Call) -> Callable[[Peer, Any], Any]:
    async def method(peer: Peer, body: Any) -> Any:
        return await call(body)

    return method


def _source(feed: Feed, topic: str) -> Callable[[int, Emit], Callable[[], None]]:
    def source(revision: int, emit: Emit) -> Callable[[], None]:
        return feed.subscribe(topic, revision, emit)

    return source


def link_server(config: Config, tools: Tools, secret: bytes, parts: Any) -> LinkServer:
    """Takes links of nodes and gateways."""
    return LinkServer(
        offers(parts.desk, parts.feed, parts.routes),
        secret=secret,
        name=config.node_id,
        role=config.mode,
        clock=tools.reactor,
        random_bytes=tools.random_bytes,
    )


def raft_transport(config: Config, tools: Tools, secret: bytes) -> LinkTransport | None:
    """The links between the control plane's members; None for a member that is to be alone."""
    listen = config.raft_listen
    if listen is None:
        return None
    kind = TCP6ServerEndpoint if ":" in listen.host else TCP4ServerEndpoint
    bare = kind(tools.reactor, listen.port, interface=listen.host)
    certificates = tls.certificates(config)
    return LinkTransport(
        config.node_id,
        certificates.listen(bare) if certificates is not None else bare,
        dialling(config, tools),
        secret=secret,
        clock=tools.reactor,
        random_bytes=tools.random_bytes,
        seeds=[str(address) for address in config.raft_join],
    )


def with_links(handle: Handle, links: LinkServer) -> Callable[[Request], Any]:
    """`handle`, but the Upgrade of a peer becomes a link."""
    path = LINK_PATH.encode()

    async def link() -> Response:
        return Takeover(links.build(), head=SWITCHING)

    def answer(request: Request) -> Any:
        if request.upgrade and request.raw_path == path and request.headers.get("upgrade").lower() == PROTOCOL:
            return link()
        return handle(request)

    return answer


class LinkControl:
    """The control plane over a lasting link, as `host.membership.Control` and the gateway want it."""

    def __init__(self, config: Config, tools: Tools, secret: bytes) -> None:
        self.client = LinkClient(
            [str(address) for address in config.control_plane],
            dialling(config, tools),
            Handlers(),
            secret=secret,
            name=config.node_id,
            role=config.mode,
            clock=tools.reactor,
            random_bytes=tools.random_bytes,
        )

    async def call(self, method: str, payload: Any = None, timeout_s: float = 5.0) -> Any:
        """Ask whichever member the link is to."""
        return await self.client.call(method, payload, timeout_s)

    def subscribe(self, topic: str, revision: int, listener: Callable[[int, Changes], None]) -> Callable[[], None]:
        """Be told what happens on a topic, over all links to come."""
        return self.client.watch(topic, revision, lambda now, body: listener(now, msgspec.convert(body, Changes)))


def dialling(config: Config, tools: Tools) -> Callable[[str], IStreamClientEndpoint]:
    """Makes the endpoint of another process's address, given as text; under TLS where the cluster has an authority."""
    certificates = tls.certificates(config)

    def endpoint(address: str) -> IStreamClientEndpoint:
        host, _, port = address.rpartition(":")
        bare = HostnameEndpoint(tools.reactor, host.strip("[]"), int(port), timeout=CONNECT_TIMEOUT_S)
        return certificates.dial(bare) if certificates is not None else bare

    return endpoint
