"""The leader's housekeeping: judge nodes, place tenants without one, re-place those of dead nodes, empty draining ones.

Theory of operation. Everything is derived anew from the state and the heartbeats in each round, so a round that is lost
with its leader is simply done by the next. Rounds do not overlap; they run each ROUND_S, and at once when the state
changed, but GAP_S apart, so that a thousand changes a second cost twenty rounds. Decisions become commands that name
the epoch they were made for: one that the state has overtaken does nothing. A round that begins late, since this
process was slow, first lets in the heartbeats that lie unread: silence here is no node's death.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.logger import Logger
from twisted.python.failure import Failure

from pbe.cluster.beats import Beats, usage
from pbe.cluster.placement import Decision, Hall, Seat
from pbe.cluster.plane import Plane
from pbe.errors import NotFound, RequestError, Unavailable
from pbe.fleet import Event, Fleet, Rejected, commands
from pbe.fleet.records import Node, Route, Tenant

ROUND_S = 0.5
GAP_S = 0.05
LATE_S = 0.5
ASSIGNMENTS_MAX = 1000
MOVES_MAX = 4

_TELLING = frozenset({"tenants", "nodes", "config"})
_log = Logger()


class Steward:
    """Keeps every tenant on a live node; acts only while this member leads."""

    def __init__(self, plane: Plane, beats: Beats, clock: IReactorTime) -> None:
        self._plane = plane
        self._beats = beats
        self._clock = clock
        self._leading = False
        self._running = False
        self._again = False
        self._let_in = False
        self._rested_s = float("-inf")
        self._timer: IDelayedCall | None = None
        self._unwatch: Callable[[], None] | None = None
        self._stopped = True

    def start(self) -> None:
        """Begin the rounds."""
        self._stopped = False
        self._unwatch = self._plane.watch(self._plane.fleet.revision, self._changed)
        self._schedule(0)

    def stop(self) -> None:
        """End the rounds; one that is under way ends by itself."""
        self._stopped = True
        unwatch, self._unwatch = self._unwatch, None
        if unwatch is not None:
            unwatch()
        if self._timer is not None and self._timer.active():
            self._timer.cancel()

    async def place(self, tenant_id: str) -> Route:
        """The route of a tenant that has, or now gets, a node that is not down. Raises NotFound, Unavailable."""
        route = self._served(tenant_id)
        if route is None:
            await self._assign([tenant_id], last_resort=True)
            route = self._served(tenant_id)
        if route is None:
            raise Unavailable("No node can take the tenant now.", cause=tenant_id)
        return route

    def _served(self, tenant_id: str) -> Route | None:
        fleet = self._plane.fleet
        route = fleet.routes.get(tenant_id)
        if route is None or route.status == "deleted":
            raise NotFound("There is no such tenant.")
        node = fleet.nodes.get(route.node_id)
        return route if node is not None and node.status != "down" else None

    # rounds

    def _changed(self, revision: int, events: Sequence[Event] | None) -> None:
        if events is None or any(event.table in _TELLING for event in events):
            self._schedule(0)

    def _schedule(self, delay_s: float) -> None:
        if self._stopped:
            return
        if self._running:
            self._again = self._again or not delay_s
            return
        delay_s = max(delay_s, self._rested_s - self._clock.seconds())
        if self._timer is not None and self._timer.active():
            if self._timer.getTime() <= self._clock.seconds() + delay_s:
                return
            self._timer.cancel()
        self._timer = self._clock.callLater(delay_s, self._begin, self._clock.seconds() + delay_s)

    def _begin(self, due_s: float) -> None:
        if self._clock.seconds() - due_s > LATE_S and not self._let_in:
            self._let_in = True
            self._timer = self._clock.callLater(GAP_S, self._begin, self._clock.seconds() + GAP_S)
            return
        self._let_in = False
        self._running, self._again = True, False
        Deferred.fromCoroutine(self._round()).addErrback(_failed).addCallback(lambda _: self._ended())

    def _ended(self) -> None:
        self._running = False
        self._rested_s = self._clock.seconds() + GAP_S
        self._schedule(0 if self._again else ROUND_S)

    async def _round(self) -> None:
        if not self._plane.is_leader:
            self._leading = False
            return
        if not self._leading:
            self._leading = True
            self._beats.begin(self._clock.seconds())
        for node in list(self._plane.fleet.nodes.rows.values()):
            await self._judge(node)
        await self._assign(self._homeless())
        await self._move_on()

    async def _judge(self, node: Node) -> None:
        verdict = self._beats.verdict(node.id, self._clock.seconds())
        if verdict is None:
            return
        status = "draining" if node.draining and verdict.status != "down" else verdict.status
        if status != node.status:
            _log.warn("node {node}: {old} → {new} {why}", node=node.id, old=node.status, new=status, why=verdict.reason)
            await self._plane.propose(commands.NodeStatus(node.id, verdict.status, verdict.reason))

    def _homeless(self) -> list[str]:
        """Tenants that are new, or whose node is down."""
        fleet = self._plane.fleet
        waiting = [key for key in fleet.tenants.group("status", "created") if not fleet.tenants.rows[key].node_id]
        for node_id in fleet.nodes.group("status", "down"):
            waiting += fleet.tenants.group("node_id", node_id)
        return waiting

    async def _assign(self, tenant_ids: Iterable[str], *, last_resort: bool = False) -> None:
        hall = Hall(self._plane.fleet.placement, self.seats(), last_resort=last_resort)
        decisions: list[Decision] = []
        for tenant_id in tenant_ids:
            tenant = self._plane.fleet.tenants.get(tenant_id)
            decision = hall.choose(tenant, avoid=tenant.node_id) if tenant is not None else None
            if decision is not None:
                decisions.append(decision)
        for start in range(0, len(decisions), ASSIGNMENTS_MAX):
            await self._order(decisions[start : start + ASSIGNMENTS_MAX])

    async def _order(self, decisions: list[Decision]) -> None:
        rows = self._plane.fleet.routes.rows
        assignments = tuple((one.tenant_id, one.node_id, rows[one.tenant_id].epoch) for one in decisions)
        reason = decisions[0].reason if len(decisions) == 1 else f"{len(decisions)} tenants placed"
        await self._plane.propose(commands.RouteAssign(assignments, reason=reason))

    def seats(self) -> list[Seat]:
        """The nodes as places for tenants, with what they have and how busy they are."""
        fleet = self._plane.fleet
        return [
            Seat(node, fleet.tenants.count("node_id", node.id), usage(beat.payload) if beat else {})
            for node in fleet.nodes.rows.values()
            for beat in [self._beats.get(node.id)]
        ]

    # moves

    async def _move_on(self) -> None:
        """Give up moves whose target died; move tenants off draining nodes, a few at a time."""
        fleet = self._plane.fleet
        moving = [route for route in fleet.routes.rows.values() if route.target] if _any_target(fleet) else []
        for route in moving:
            target = fleet.nodes.get(route.target)
            if target is None or target.status == "down":
                await self._try(commands.MoveAbort(route.tenant_id, "the target node is down"))
        free = MOVES_MAX - len(moving)
        for node_id in fleet.nodes.group("status", "draining"):
            for tenant_id in fleet.tenants.group("node_id", node_id):
                if free <= 0:
                    return
                free -= await self._leave(fleet.tenants.rows[tenant_id])

    async def _leave(self, tenant: Tenant) -> int:
        route = self._plane.fleet.routes.get(tenant.id)
        if route is None or route.target:
            return 0
        decision = Hall(self._plane.fleet.placement, self.seats()).choose(tenant, avoid=tenant.node_id)
        if decision is None:
            return 0
        await self._try(commands.MoveStart(tenant.id, decision.node_id))
        return 1

    async def _try(self, command: Any) -> None:
        try:
            await self._plane.propose(command)
        except Rejected as rejected:
            _log.info("not done: {why}", why=str(rejected))


def _any_target(fleet: Fleet) -> bool:
    return bool(fleet.routes.groups["target"])


def _failed(failure: Failure) -> None:
    if isinstance(failure.value, RequestError | Rejected):
        _log.warn("a round of housekeeping was cut short: {error}", error=str(failure.value))
    else:
        _log.failure("a round of housekeeping failed", failure=failure)
