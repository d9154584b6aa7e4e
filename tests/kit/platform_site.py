"""The platform's API over a fake control plane, asked without a socket."""

import json
from collections.abc import Mapping
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock

from pbe.api.admin.access import Access, token_hash
from pbe.api.admin.health import Health
from pbe.api.admin.history import History
from pbe.api.admin.nodes import Nodes
from pbe.api.admin.passwords import Passwords
from pbe.api.admin.placement import PlacementRules
from pbe.api.admin.raft import Raft
from pbe.api.admin.site import PlatformSite, routes
from pbe.api.admin.tenants import Tenants
from pbe.cluster.beats import Beats
from pbe.cluster.counsel import Counsel
from pbe.cluster.steward import Steward
from pbe.errors import Conflict
from pbe.fleet import commands
from pbe.web.body import Body
from pbe.web.headers import Headers
from pbe.web.request import Request
from tests.kit.plane import FakePlane

TOKEN = "admin_" + "t" * 32


class Answer:
    """An answer, read."""

    def __init__(self, status: int, headers: dict[str, str], content: bytes) -> None:
        self.status = status
        self.headers = headers
        self.content = content

    @property
    def json(self) -> Any:
        """The body, decoded."""
        return json.loads(self.content)


class FakePulse:
    """Heartbeats that never came, but for what a test puts in `beats`."""

    def __init__(self) -> None:
        self.beats: dict[str, dict[str, Any]] = {}

    async def nodes(self) -> Mapping[str, Mapping[str, Any]]:
        """What was put in."""
        return self.beats


class FakeErrands:
    """Remembers what nodes were asked for, and answers it, or refuses with `failing`."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, dict[str, Any]]] = []
        self.answer: dict[str, Any] = {"moment": "2026-01-01T00:00:00.000Z", "txids": {"data.db": "0000000000000007"}}
        self.failing: Exception | None = None

    async def ask(self, name: str, payload: dict[str, Any]) -> dict[str, Any]:
        """Remember."""
        self.asked.append((name, dict(payload)))
        if self.failing is not None:
            raise self.failing
        return self.answer


class FakeMembership:
    """Remembers what was asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, ...]] = []

    async def add_member(self, member_id: str, address: str) -> None:
        """Remember."""
        self.asked.append(("add", member_id, address))

    async def remove_member(self, member_id: str) -> None:
        """Remember, or refuse the last one."""
        if member_id == "cp-1":
            raise Conflict("The last member stays.")
        self.asked.append(("remove", member_id))

    async def transfer(self, target: str) -> None:
        """Remember."""
        self.asked.append(("transfer", target))


class Platform:
    """A platform to ask; by default the caller is a program of this machine in all-in-one."""

    def __init__(self, *, loopback_open: bool = True) -> None:
        self.plane = FakePlane()
        self.pulse = FakePulse()
        self.membership = FakeMembership()
        self.settled: list[str] = []
        health = Health(self.plane, "all-in-one")
        passwords = Passwords(_at_once)
        tenants = Tenants(self.plane, passwords, self._settled)
        self.errands = FakeErrands()
        endpoints = routes(
            tenants,
            History(self.plane, self.errands, tenants.restore),
            Nodes(self.plane, self.pulse),
            PlacementRules(self.plane, Counsel(self.plane, Steward(self.plane, Beats(), Clock()))),
            Raft(self.plane, self.membership, _snapshot),
            health,
        )
        self.site = PlatformSite(Access(self.plane, loopback_open=loopback_open), endpoints, health)

    async def _settled(self, tenant_id: str) -> None:
        self.settled.append(tenant_id)

    def add_admin(self, token: str = TOKEN) -> None:
        """Make the first admin."""
        self.run(self.plane.propose(commands.AdminCreate("admin_1", "a@b.co", token_hash(token))))

    def add_node(self, node_id: str = "node-1") -> None:
        """Register a node."""
        self.run(self.plane.propose(commands.NodeRegister(node_id, f"http://{node_id}:8091")))

    def ask(
        self,
        method: str,
        target: str,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
        *,
        peer: str = "127.0.0.1",
    ) -> Answer:
        """The answer to one request; `body` is sent as it is when it is bytes, else as JSON."""
        content = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        sent = {"host": "localhost:8090", **{name.lower(): value for name, value in (headers or {}).items()}}
        reader = Body(len(content))
        if content:
            reader.feed(content)
            reader.finish()
        request = Request(
            method,
            target.encode(),
            Headers([(name.encode(), value.encode()) for name, value in sent.items()]),
            peer=peer,
            local=peer.startswith("127."),
            reader=reader,
        )
        response = self.run(self.site.handle(request))
        got = {name.decode().lower(): value.decode() for name, value in response.headers}
        assert isinstance(response.body, bytes)
        return Answer(response.status, got, response.body)

    def run(self, coroutine: Any) -> Any:
        """The result of a coroutine that need not wait."""
        results: list[Any] = []
        failures: list[Any] = []
        Deferred.fromCoroutine(coroutine).addCallbacks(results.append, failures.append)
        if failures:
            failures[0].raiseException()
        return results[0]


async def _at_once(work: Any) -> Any:
    return work()


async def _snapshot() -> dict[str, Any]:
    return {"term": 1, "index": 7, "key": "control-plane/snapshots/snapshot-1-7.snap", "bytes": 5}
