"""What nodes and gateways may ask of the control plane: one coroutine for each call of the wire.

The caller has proved that it knows the cluster's secret; what it sends is still checked. The table of calls is in
docs/contracts.rst.
"""

import functools
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec
from twisted.internet.interfaces import IReactorTime

from pbe.cluster.beats import LEASE_S, Beats
from pbe.cluster.errands import DONE, Errands
from pbe.cluster.plane import Plane
from pbe.cluster.steward import Steward
from pbe.errors import BadRequest, NotFound, RequestError
from pbe.fleet import Rejected, commands

Call = Callable[[Any], Awaitable[Any]]
REPORTED = frozenset({"deploying", "active", "idle"})


class TenantWord(msgspec.Struct, frozen=True):
    """`{tenant_id, epoch, status}`: what a node says of a tenant; `status` only where the call has one."""

    tenant_id: str
    epoch: int = 0
    status: str = ""
    revision: int = 0
    at_ms: int = 0


class Desk:
    """Answers calls at any member: what only the leader knows or may decide, a follower asks the leader."""

    def __init__(
        self, plane: Plane, beats: Beats, steward: Steward, clock: IReactorTime, now: Callable[[], float]
    ) -> None:
        self._plane = plane
        self._beats = beats
        self._steward = steward
        self._clock = clock
        self._now = now
        self.errands = Errands(plane, steward, clock, now)
        self._leaders: dict[str, Call] = {
            "node.register": self.register,
            "node.heartbeat": self.heartbeat,
            "node.pulse": self.pulse,
            "route.place": self.place,
            DONE: self.errands.done,
        }
        for name, call in self._leaders.items():
            plane.serve(name, call)

    def calls(self) -> dict[str, Call]:
        """The calls by their names on the wire."""
        return {
            **{name: functools.partial(self._at_leader, name) for name in self._leaders},
            "route.get": self.route,
            "tenant.status": self.status,
            "tenant.released": self.released,
            "superuser.done": self.superuser_done,
            "wake.set": self.wake,
        }

    async def _at_leader(self, name: str, payload: Any) -> Any:
        if self._plane.is_leader:
            return await self._leaders[name](payload)
        return await self._plane.ask_leader(name, payload)

    async def register(self, payload: Any) -> dict[str, Any]:
        """A node is there, or there again."""
        known = {name: value for name, value in _object(payload).items() if name in _REGISTER}
        try:
            command = msgspec.convert({**known, "_": "node.register"}, commands.NodeRegister)
        except msgspec.ValidationError as error:
            raise BadRequest(f"The node's fields are not valid: {error}.") from error
        self._beats.heard(command.id, {"resources": command.resources}, self._clock.seconds(), self._now())
        await self._propose(command)
        return _lease()

    async def heartbeat(self, payload: Any) -> dict[str, Any]:
        """A node is alive; NotFound tells it to register (again)."""
        node_id = _object(payload).get("node_id")
        node = self._plane.fleet.nodes.get(node_id) if isinstance(node_id, str) else None
        if node is None or node.status == "down":
            raise NotFound("The node has to register.")
        self._beats.heard(node.id, payload, self._clock.seconds(), self._now())
        errands = self.errands.of(node.id)
        return {**_lease(), "errands": errands} if errands else _lease()

    async def route(self, payload: Any) -> dict[str, Any]:
        """Where a tenant is; one without a node gets one."""
        word = _word(payload)
        fleet = self._plane.fleet
        route = fleet.routes.get(word.tenant_id)
        node = fleet.nodes.get(route.node_id) if route is not None else None
        if route is None or node is None or node.status == "down":
            placed: dict[str, Any] = await self._at_leader("route.place", payload)
            return placed
        return {
            "tenant_id": route.tenant_id,
            "node_id": route.node_id,
            "address": node.address,
            "epoch": route.epoch,
            "status": route.status,
        }

    async def place(self, payload: Any) -> dict[str, Any]:
        """The same, where the answer has to be decided."""
        route = await self._steward.place(_word(payload).tenant_id)
        node = self._plane.fleet.nodes.rows[route.node_id]
        return {
            "tenant_id": route.tenant_id,
            "node_id": node.id,
            "address": node.address,
            "epoch": route.epoch,
            "status": route.status,
        }

    async def pulse(self, payload: Any) -> dict[str, Any]:
        """What heartbeats say, by node: a member that does not lead shows it too."""
        return {node_id: dict(self.node(node_id)) for node_id in self._plane.fleet.nodes.rows}

    async def nodes(self) -> Mapping[str, Mapping[str, Any]]:
        """The pulse, for the API: nothing where the leader does not answer."""
        try:
            found: dict[str, Mapping[str, Any]] = await self._at_leader("node.pulse", None)
        except RequestError:
            return {}
        return found

    async def status(self, payload: Any) -> dict[str, Any]:
        """A node tells how a tenant of its is."""
        word = _word(payload)
        if word.status not in REPORTED:
            raise BadRequest("The status is not one that a node reports.")
        await self._propose(commands.TenantStatus(word.tenant_id, word.status, word.epoch))
        return {}

    async def released(self, payload: Any) -> dict[str, Any]:
        """The source of a move has shipped and closed the tenant: the target owns it from now on."""
        word = _word(payload)
        await self._propose(commands.MoveFinish(word.tenant_id, word.epoch))
        return {}

    async def superuser_done(self, payload: Any) -> dict[str, Any]:
        """A node has made the superuser that waited."""
        word = _word(payload)
        await self._propose(commands.SuperuserDone(word.tenant_id, word.revision))
        return {}

    async def wake(self, payload: Any) -> dict[str, Any]:
        """A node tells when a job of a tenant of its is due next."""
        word = _word(payload)
        await self._propose(commands.WakeSet(word.tenant_id, word.epoch, word.at_ms))
        return {}

    def node(self, node_id: str) -> Mapping[str, Any]:
        """What the node's last heartbeat said, in the API's words."""
        beat = self._beats.get(node_id)
        if beat is None:
            return {}
        known = {name: beat.payload[name] for name in ("cached_tenants", "resources") if name in beat.payload}
        if not isinstance(known.get("resources", {}), Mapping):
            del known["resources"]
        moment = datetime.fromtimestamp(beat.wall_s, UTC)
        return {**known, "last_heartbeat": f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"}

    async def _propose(self, command: Any) -> Any:
        try:
            return await self._plane.propose(command)
        except Rejected as rejected:
            raise _as_error(rejected) from rejected


_REGISTER = frozenset(commands.NodeRegister.__struct_fields__)


def _as_error(rejected: Rejected) -> RequestError:
    return NotFound(rejected.message) if rejected.kind == "missing" else rejected.as_bad_request()


def _lease() -> dict[str, Any]:
    return {"lease_ms": int(LEASE_S * 1000)}


def _object(payload: Any) -> dict[str, Any]:
    if not isinstance(payload, dict):
        raise BadRequest("The call needs an object.")
    return payload


def _word(payload: Any) -> TenantWord:
    try:
        return msgspec.convert(payload, TenantWord)
    except msgspec.ValidationError as error:
        raise BadRequest(f"The call is not valid: {error}.") from error
