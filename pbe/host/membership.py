"""A node's part in the cluster: it registers, says each second that it lives, and learns which tenants are its own.

Theory of operation. The lease runs LEASE from when a heartbeat was *sent*, so it ends here before the control plane
counts it over. While it runs, the node serves what its routes say; without it, nothing. A heartbeat goes out each
HEARTBEAT_S whether the ones before were answered or not, and an answer counts however late it is: where this process or
the control plane is slow for a moment, one slow answer does not cost the lease. Routes come by the watch:

    route here, no target    → ours under its epoch
    route here with a target → leaving: ship, close, tell the control plane, which makes the target the owner
    route elsewhere or gone  → close; another owner's fence refuses what we could not ship

A superuser that waits for a tenant is made before the tenant's next request is served.
"""

from collections.abc import Awaitable, Callable
from typing import Any, Protocol

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.logger import Logger
from twisted.python.failure import Failure

from pbe.errors import NotFound, PbeError
from pbe.fleet.changes import Changes, node_topic
from pbe.fleet.records import PendingSuperuser, Route
from pbe.host.assignment import Assignment
from pbe.host.errands import Errands
from pbe.host.waker import Waker

HEARTBEAT_S = 1.0
CALL_S = 2.0
BEAT_S_MAX = 3.0
RETRY_S = 0.5
LEASE_MARGIN_S = 0.2
SERVED = frozenset({"active", "idle"})

_log = Logger()


class Control(Protocol):
    """The control plane as a node reaches it."""

    async def call(self, method: str, payload: Any, timeout_s: float) -> Any:
        """Ask; raises PbeError."""

    def subscribe(self, topic: str, revision: int, listener: Callable[[int, Changes], None]) -> Callable[[], None]:
        """Be told what happens on a topic; the result stops it."""


class Tenants(Protocol):
    """What membership needs of the host."""

    def heartbeat(self) -> dict[str, Any]:
        """What the control plane wants to know."""

    async def tenant(self, tenant_id: str) -> Any:
        """The tenant, loaded."""

    async def evict(self, tenant_id: str) -> bool:
        """Take the tenant out of memory."""


#: Makes or updates a superuser of a loaded tenant: (tenant, e-mail, password hash).
SaveSuperuser = Callable[[Any, str, str], Awaitable[Any]]


class Membership:
    """Fulfils `host.assignment.Assignments`. `join` once the host is there.

    shares_fate: the control plane is in this very process, so a lease has nothing to protect from: it only begins.
    `waiting`: superusers to be made, by tenant; `errands`: runs what else the control plane asks for.
    """

    def __init__(
        self,
        node: dict[str, Any],
        control: Control,
        clock: IReactorTime,
        save: SaveSuperuser,
        durability: str,
        *,
        shares_fate: bool = False,
        waker: Waker | None = None,
    ) -> None:
        self.node_id: str = node["id"]
        self._node = node
        self._control = control
        self._clock = clock
        self._save = save
        self._durability = durability
        self._shares_fate = shares_fate
        self.errands: Errands | None = None
        self._waker = waker
        self._host: Tenants | None = None
        self._routes: dict[str, Route] = {}
        self.waiting: dict[str, PendingSuperuser] = {}
        self._saving: dict[str, list[Deferred[None]]] = {}
        self._leaving: set[str] = set()
        self._reported: dict[str, int] = {}
        self._lease_until_s = float("-inf")
        self._picture: set[str] | None = None
        self._timer: IDelayedCall | None = None
        self._stop: Callable[[], None] | None = None
        self._joined = False
        self._registering = False
        self._heard = False
        self._hopeful: list[Deferred[None]] = []

    # what the host asks

    def find(self, tenant_id: str) -> Assignment | None:
        """The assignment of a tenant that is this node's and stays."""
        route = self._routes.get(tenant_id)
        if route is None or route.node_id != self.node_id or route.target:
            return None
        return Assignment(tenant_id, route.epoch, self._durability)

    def _epoch(self, tenant_id: str) -> int | None:
        """The epoch of a tenant that is this node's, even while it is about to leave."""
        route = self._routes.get(tenant_id)
        return route.epoch if route is not None and route.node_id == self.node_id else None

    def live(self) -> bool:
        """Whether the lease runs."""
        return self._clock.seconds() < self._lease_until_s

    # joining and leaving

    def join(self, host: Tenants) -> None:
        """Register and begin to live."""
        self._host = host
        self._joined = True
        if self._waker is not None:
            self._waker.join(host.tenant, self._epoch)
        self._stop = self._control.subscribe(node_topic(self.node_id), 0, self._told)
        self._register()

    def registered(self) -> Deferred[None]:
        """Fires once the control plane has taken the node in; may be cancelled."""
        waiting: Deferred[None] = Deferred()
        if self._heard:
            waiting.callback(None)
        else:
            self._hopeful.append(waiting)
        return waiting

    def leave(self) -> None:
        """Say no more; the lease runs out by itself, and with it our right to the tenants."""
        self._joined = False
        if self._stop is not None:
            self._stop()
        if self._timer is not None and self._timer.active():
            self._timer.cancel()

    def _register(self) -> None:
        """Ask to be taken in, until it is done; heartbeats wait for it."""
        self._registering = True
        self._begin(self._say("node.register", CALL_S))

    def _beat(self) -> None:
        self._next(self._beat, HEARTBEAT_S)
        self._begin(self._say("node.heartbeat", BEAT_S_MAX))

    def _next(self, what: Callable[[], None], delay_s: float) -> None:
        """What is said next, and when; replaces what was to be said."""
        if self._timer is not None and self._timer.active():
            self._timer.cancel()
        self._timer = self._clock.callLater(delay_s, what) if self._joined else None

    async def _say(self, method: str, limit_s: float) -> None:
        sent_s = self._clock.seconds()
        host = self._host
        if host is None:
            return
        payload = host.heartbeat()
        registers = method == "node.register"
        if registers:
            payload = {**self._node, "resources": payload.get("resources", {})}
        try:
            answer = await self._control.call(method, payload, limit_s)
        except PbeError as error:
            self._not_heard(method, error)
            return
        if self._heard and not self.live():
            _log.warn("the lease had run out: no heartbeat was answered in time")
        lease_s = float("inf") if self._shares_fate else answer["lease_ms"] / 1000 - LEASE_MARGIN_S
        self._lease_until_s = max(self._lease_until_s, sent_s + lease_s)
        self._welcome()
        if self.errands is not None:
            self.errands.heard(answer.get("errands"))
        if registers:
            self._registering = False
            self._next(self._beat, HEARTBEAT_S)

    def _not_heard(self, method: str, error: PbeError) -> None:
        """Try again soon; a node that is not known there registers."""
        if method == "node.register":
            _log.warn("{method}: {error}", method=method, error=str(error))
            self._next(self._register, RETRY_S)
        elif self._registering:
            return
        elif isinstance(error, NotFound):
            self._registering = True
            self._next(self._register, 0.0)
        else:
            _log.warn("{method}: {error}", method=method, error=str(error))
            timer = self._timer
            if timer is None or not timer.active() or timer.getTime() > self._clock.seconds() + RETRY_S:
                self._next(self._beat, RETRY_S)

    def _welcome(self) -> None:
        self._heard = True
        hopeful, self._hopeful = self._hopeful, []
        for waiting in hopeful:
            if not waiting.called:
                waiting.callback(None)

    # what the control plane tells

    def _told(self, revision: int, changes: Changes) -> None:
        if changes.reset:
            self._picture = set()
        for table, key, record in changes.records():
            if table == "routes":
                self._route(key, record)
            elif table == "superusers":
                self._superuser(key, record)
            elif table == "wakes" and self._waker is not None:
                self._waker.told(key, record)
        if self._picture is not None:
            self._picture.update(key for table, key, _ in changes.items if table == "routes")
            if not changes.more:
                gone, self._picture = set(self._routes) - self._picture, None
                for tenant_id in gone:
                    self._route(tenant_id, None)

    def _superuser(self, tenant_id: str, record: PendingSuperuser | None) -> None:
        if record is None:
            self.waiting.pop(tenant_id, None)
            return
        self.waiting[tenant_id] = record
        if self.find(tenant_id) is not None:
            self._begin(self.ready(tenant_id))

    def _route(self, tenant_id: str, route: Route | None) -> None:
        old = self._routes.get(tenant_id)
        if route is None or self.node_id not in (route.node_id, route.target):
            self._routes.pop(tenant_id, None)
            self.waiting.pop(tenant_id, None)
            self._reported.pop(tenant_id, None)
            if self._waker is not None:
                self._waker.left(tenant_id)
            if old is not None and old.node_id == self.node_id:
                self._begin(self._close(tenant_id))
            return
        self._routes[tenant_id] = route
        if route.node_id != self.node_id:
            return
        if route.target:
            self._begin(self._hand_over(tenant_id))
        elif tenant_id in self.waiting:
            self._begin(self.ready(tenant_id))
        if self._waker is not None:
            self._waker.answer(tenant_id)

    async def _close(self, tenant_id: str) -> None:
        if self._host is not None:
            await self._host.evict(tenant_id)

    async def _hand_over(self, tenant_id: str) -> None:
        """Ship and close, then say so; what cannot be shipped stays, and the move waits or is given up."""
        if tenant_id in self._leaving or self._host is None:
            return
        self._leaving.add(tenant_id)
        try:
            while self._joined and (route := self._routes.get(tenant_id)) is not None and route.target:
                if await self._host.evict(tenant_id):
                    payload = {"tenant_id": tenant_id, "epoch": route.epoch}
                    await self._control.call("tenant.released", payload, CALL_S)
                    return
                await self._pause()
        finally:
            self._leaving.discard(tenant_id)

    async def _pause(self) -> None:
        waiting: Deferred[None] = Deferred()
        self._clock.callLater(RETRY_S, waiting.callback, None)
        await waiting

    # superusers and reports

    async def ready(self, tenant_id: str) -> None:
        """Make the superuser that waits for the tenant, if one does; however many wait for it, it is made once."""
        if tenant_id not in self.waiting:
            return
        waiting: Deferred[None] = Deferred()
        waiters = self._saving.setdefault(tenant_id, [])
        waiters.append(waiting)
        if len(waiters) == 1:
            Deferred.fromCoroutine(self._make_superuser(tenant_id)).addBoth(self._saved, tenant_id)
        await waiting

    def _saved(self, outcome: Failure | None, tenant_id: str) -> None:
        if outcome is not None:
            _log.warn("the superuser of {tenant} waits on: {why}", tenant=tenant_id, why=str(outcome.value))
        for waiting in self._saving.pop(tenant_id):
            waiting.callback(None)

    async def _make_superuser(self, tenant_id: str) -> None:
        pending = self.waiting.get(tenant_id)
        if pending is None or self._host is None:
            return
        tenant = await self._host.tenant(tenant_id)
        await self._save(tenant, pending.email, pending.password_hash)
        if self.waiting.get(tenant_id) is pending:
            del self.waiting[tenant_id]
        payload = {"tenant_id": tenant_id, "revision": pending.revision}
        self._begin(self._control.call("superuser.done", payload, CALL_S))

    def served(self, tenant_id: str) -> None:
        """A request of the tenant was answered: tell the control plane once for each epoch that it is active."""
        route = self._routes.get(tenant_id)
        if route is None or route.status in SERVED or self._reported.get(tenant_id) == route.epoch:
            return
        if route.node_id == self.node_id and not route.target:
            self._reported[tenant_id] = route.epoch
            payload = {"tenant_id": tenant_id, "epoch": route.epoch, "status": "active"}
            self._begin(self._control.call("tenant.status", payload, CALL_S))

    def _begin(self, work: Any) -> None:
        Deferred.fromCoroutine(work).addErrback(_told_off)


def _told_off(failure: Failure) -> None:
    if isinstance(failure.value, PbeError):
        _log.warn("not done: {error}", error=str(failure.value))
    else:
        _log.failure("a duty to the control plane failed", failure=failure)
