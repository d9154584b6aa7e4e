"""Lasting links: dialled again, watches resumed, everybody asked."""

from typing import Any

from twisted.internet.task import Clock

from pbe.errors import NetError, Unavailable
from pbe.net.handlers import Emit, Handlers, Peer
from pbe.net.link_client import LinkClient
from pbe.net.link_server import SWITCHING, LinkServer
from pbe.web.request import Request
from pbe.web.response import Response, Takeover, text_response
from pbe.web.server import HttpServer
from tests.kit.link_pair import SECRET, nonce
from tests.kit.memory_net import MemoryNet
from tests.net.test_link import start


class Cluster:
    """A server at one address, clients that know it."""

    def __init__(self, secret: bytes = SECRET) -> None:
        self.clock = Clock()
        self.net = MemoryNet()
        self.emits: list[Emit] = []
        self.asked: list[int] = []
        handlers = Handlers()
        handlers.source("log", self.source)
        handlers.method("echo", self.echo)
        self.server = LinkServer(
            handlers, secret=SECRET, name="cp-1", role="control", clock=self.clock, random_bytes=nonce
        )
        self.http = HttpServer(self.handle, clock=self.clock)
        self.net.listeners["cp-1:8090"] = lambda: self.http.buildProtocol(None)
        self.secret = secret

    async def handle(self, request: Request) -> Response:
        """The HTTP port: links and a word."""
        if request.upgrade:
            return Takeover(self.server.build(), head=SWITCHING)
        return text_response("hello")

    async def echo(self, peer: Peer, body: Any) -> Any:
        """The body and who asked."""
        return [body, peer.name, peer.role]

    def source(self, revision: int, emit: Emit) -> Any:
        """Remembers who asked from where."""
        self.asked.append(revision)
        self.emits.append(emit)
        return lambda: self.emits.remove(emit)

    def client(self, *addresses: str, name: str = "gw-1", handlers: Handlers | None = None) -> LinkClient:
        """A started client."""
        client = LinkClient(
            addresses or ("cp-1:8090",),
            self.net.endpoint,
            handlers or Handlers(),
            secret=self.secret,
            name=name,
            role="gateway",
            clock=self.clock,
            random_bytes=nonce,
        )
        client.start()
        self.net.carry()
        return client

    def later(self, seconds: float) -> None:
        """Let time pass."""
        for _ in range(int(seconds * 10)):
            self.clock.advance(0.1)
            self.net.carry()


def test_a_link_is_reached_by_http_upgrade() -> None:
    """The HTTP port serves both, and the link knows who is there."""
    cluster = Cluster()
    client = cluster.client()
    answer = start(client.call("echo", 1, 5.0))
    cluster.net.carry()
    assert answer == [[1, "gw-1", "gateway"]]
    assert cluster.server.peer("gw-1") is not None


def test_a_client_tries_the_next_address_and_comes_back() -> None:
    """Addresses take turns, with a pause that grows; a call waits for the link within its deadline."""
    cluster = Cluster()
    client = cluster.client("cp-0:8090", "cp-1:8090")
    answer = start(client.call("echo", 1, 5.0))
    assert answer == []
    cluster.later(1)
    assert answer == [[1, "gw-1", "gateway"]]
    cluster.net.cut()
    assert client.link is None
    cluster.later(2)
    assert client.link is not None
    del cluster.net.listeners["cp-1:8090"]
    cluster.net.cut()
    late = start(client.call("echo", 1, 3.0))
    cluster.later(60)
    assert isinstance(late[0], Unavailable)
    assert 14 < len(cluster.net.dialled) < 40


def test_a_watch_resumes_where_it_was() -> None:
    """After a break the source is asked from the last revision that was heard."""
    cluster = Cluster()
    client = cluster.client()
    seen: list[tuple[int, Any]] = []
    stop = client.watch("log", 5, lambda revision, body: seen.append((revision, body)))
    cluster.net.carry()
    cluster.emits[0](6, "a")
    cluster.net.carry()
    cluster.net.cut()
    assert cluster.emits == []
    cluster.later(2)
    cluster.emits[0](7, "b")
    cluster.net.carry()
    assert cluster.asked == [5, 6]
    assert seen == [(6, "a"), (7, "b")]
    stop()
    cluster.net.carry()
    assert cluster.emits == []


def test_a_survey_gathers_what_comes_in_time() -> None:
    """Answers and errors by peer; one that is silent is an error after the deadline."""
    cluster = Cluster()

    async def has(peer: Peer, body: Any) -> Any:
        return body == "tenant-1"

    async def silent(peer: Peer, body: Any) -> Any:
        from twisted.internet.defer import Deferred

        return await Deferred()

    for name, method in {"gw-1": has, "gw-2": silent}.items():
        handlers = Handlers()
        handlers.method("has", method)
        cluster.client(name=name, handlers=handlers)
    cluster.client(name="gw-3")
    answers = start(cluster.server.survey("has", "tenant-1", 1.0, role="gateway"))
    cluster.net.carry()
    assert answers == []
    cluster.later(2)
    assert answers[0]["gw-1"] is True
    assert isinstance(answers[0]["gw-2"], NetError)
    assert set(answers[0]) == {"gw-1", "gw-2", "gw-3"}
    assert start(cluster.server.survey("has", "x", 1.0, role="nobody")) == [{}]


def test_a_client_without_the_secret_never_gets_in() -> None:
    """It tries again and again; the server serves others meanwhile."""
    cluster = Cluster(secret=b"not the cluster's secret")
    stranger = cluster.client(name="stranger")
    cluster.later(5)
    assert stranger.link is None
    assert cluster.server.links == set()
    stranger.stop()
    assert isinstance(start(stranger.call("echo", 1, 1.0))[0], Unavailable)


def test_an_http_server_that_upgrades_nothing_is_left() -> None:
    """Another answer than 101, and silence, end the attempt."""
    cluster = Cluster()

    async def refuse(request: Request) -> Response:
        return text_response("no links here", 404)

    refusing = HttpServer(refuse, clock=cluster.clock)
    cluster.net.listeners["cp-2:8090"] = lambda: refusing.buildProtocol(None)
    client = cluster.client("cp-2:8090", "cp-1:8090")
    cluster.later(2)
    assert client.link is not None
    assert cluster.net.connections[0].over
