"""A node's tenants: loaded by their first request, evicted when the node is full or they are idle.

Theory of operation. Each tenant in memory has a `Room`. A request enters an active room at once; otherwise it waits at
the door of the one that is loading, however many wait: there is one load. An evicting room lets its running requests
end (QUIET_S_MAX), ships its last commits, and is gone; who waited there loads it anew. Where the last commits cannot be
shipped the room becomes active again, since nothing that was acknowledged may be dropped, except when its log was lost
to another owner: then nothing of it is ours any more.
"""

import contextlib
from collections.abc import Callable
from typing import Any

from twisted.internet.defer import CancelledError, Deferred, DeferredList, DeferredSemaphore
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import LoopingCall
from twisted.logger import Logger

from pbe.errors import Conflict, NotFound, Unavailable
from pbe.host.assignment import Assignment, Assignments, Misdirected
from pbe.host.loader import Loaded, Loader
from pbe.host.rewind import Rewind
from pbe.host.room import Handler, Room, RoomState
from pbe.host.score import first_to_leave
from pbe.host.waker import Waker
from pbe.tenant.tenant import Tenant

TENANTS_MAX = 200
IDLE_S_MAX = 30 * 60.0
SWEEP_S = 30.0
DRAIN_S_MAX = 30.0
QUIET_S_MAX = 20.0
FLUSH_S_MAX = 10.0
LOADS_MAX = 8
ACTIVE_S = 60.0
REQUESTS_DECAY = 0.9

_log = Logger()


class Host:
    """The tenants of one node.

    handlers: makes the request handler of a loaded tenant (`api` in practice; made by `roles`). resources: the
    machine's size and load for heartbeats. waker: told which tenants come and go. Raises `Misdirected` for tenants of
    other nodes, and `Unavailable` without a live lease.
    """

    def __init__(
        self,
        node_id: str,
        loader: Loader,
        assignments: Assignments,
        handlers: Callable[[Tenant], Handler],
        clock: IReactorTime,
        *,
        tenants_max: int = TENANTS_MAX,
        idle_s_max: float = IDLE_S_MAX,
        resources: Callable[[], dict[str, Any]] = dict,
        waker: Waker | None = None,
    ) -> None:
        self.node_id = node_id
        self._loader = loader
        self._assignments = assignments
        self._handlers = handlers
        self._clock = clock
        self._tenants_max = tenants_max
        self._idle_s_max = idle_s_max
        self._resources = resources
        self._waker = waker
        self._rooms: dict[str, Room] = {}
        self._rewinds: dict[str, Rewind] = {}
        self._loads = DeferredSemaphore(LOADS_MAX)
        self._draining = False
        self._sweeping = LoopingCall(self._sweep)
        self._sweeping.clock = clock

    def start(self) -> None:
        """Begin to look for idle tenants."""
        self._sweeping.start(SWEEP_S, now=False)

    async def handle(self, request: Any) -> Any:
        """Answer a request whose `tenant_id` the gateway has set."""
        tenant_id = request.tenant_id
        if not self._assignments.live():
            raise Unavailable(cause="the node has no live lease")
        room = self._rooms.get(tenant_id)
        if room is None or room.state is not RoomState.ACTIVE:
            room = await self._enter(tenant_id)
        handler = room.handler
        if handler is None:
            raise Unavailable(cause=f"{tenant_id} has no handler")
        room.running += 1
        room.requests += 1
        room.last_used_s = self._clock.seconds()
        try:
            return await handler(request)
        finally:
            room.left()

    async def tenant(self, tenant_id: str) -> Tenant:
        """The tenant, loaded. Raises `NotFound`, `Misdirected`, `Unavailable`, or what its load failed with."""
        room = self._rooms.get(tenant_id)
        if room is None or room.state is not RoomState.ACTIVE:
            room = await self._enter(tenant_id)
        room.last_used_s = self._clock.seconds()
        if room.loaded is None:
            raise Unavailable(cause=f"{tenant_id} is not loaded")
        return room.loaded.tenant

    async def evict(self, tenant_id: str) -> bool:
        """Take the tenant out of memory; True when it is gone, False where its last commits could not be shipped."""
        room = self._rooms.get(tenant_id)
        if room is not None and room.state is not RoomState.ACTIVE:
            with contextlib.suppress(Exception):
                # A load that fails is reported to whom it concerns.
                await room.changed()
            room = self._rooms.get(tenant_id)
        if room is None:
            return True
        return room.state is RoomState.ACTIVE and await self._evict(room)

    async def rewind(self, tenant_id: str, rewind: Rewind) -> None:
        """Load the tenant anew as it was; requests wait at the door meanwhile. What the load failed with is raised."""
        if tenant_id in self._rewinds:
            raise Conflict("The tenant is being restored.")
        # What only the local files have is shipped before they are replaced.
        await self.tenant(tenant_id)
        self._rewinds[tenant_id] = rewind
        try:
            if not await self.evict(tenant_id):
                raise Unavailable("The object store is away.", cause=f"{tenant_id} cannot leave")
            await self.tenant(tenant_id)
        finally:
            self._rewinds.pop(tenant_id, None)
        if not rewind.done:
            raise Unavailable("The tenant was not restored, try again.")

    def lost(self, tenant_id: str) -> None:
        """Another owner has the tenant's log: drop it at once, ship nothing."""
        room = self._rooms.get(tenant_id)
        if room is None or room.lost:
            return
        _log.warn("{tenant} was taken over by another node: dropped", tenant=tenant_id)
        room.lost = True
        if room.state is RoomState.ACTIVE:
            self._start(self._evict(room))

    async def drain(self) -> None:
        """Take no new tenant and let all go within DRAIN_S_MAX; the end of a node."""
        self._draining = True
        if self._sweeping.running:
            self._sweeping.stop()
        leaving = [Deferred.fromCoroutine(self.evict(tenant_id)) for tenant_id in list(self._rooms)]
        for deferred in leaving:
            deferred.addErrback(lambda f: _log.failure("a tenant was not closed in order", failure=f))
        await self._within(DeferredList(leaving), DRAIN_S_MAX)
        for room in list(self._rooms.values()):
            # The store is away. The commits stay in the local files and are shipped after the next start here.
            self._start(self._unload(room, flush=False))

    def heartbeat(self) -> dict[str, Any]:
        """What the control plane wants to know every few seconds."""
        now = self._clock.seconds()
        active = [r for r in self._rooms.values() if r.state is RoomState.ACTIVE]
        return {
            "node_id": self.node_id,
            "status": "draining" if self._draining else "healthy",
            "capacity": self._tenants_max,
            "active_tenants": sum(1 for room in active if room.in_use or now - room.last_used_s <= ACTIVE_S),
            "cached_tenants": len(active),
            "tenants": sorted(self._rooms),
            "resources": self._resources(),
        }

    async def _enter(self, tenant_id: str) -> Room:
        while True:
            room = self._rooms.get(tenant_id)
            if room is None:
                room = self._begin_load(tenant_id)
            if room.state is RoomState.ACTIVE:
                return room
            await room.changed()

    def _begin_load(self, tenant_id: str) -> Room:
        if self._draining:
            raise Unavailable(cause="the node is draining")
        if not tenant_id:
            raise NotFound(cause="no tenant is named")
        assignment = self._assignments.find(tenant_id)
        if assignment is None:
            raise Misdirected(cause=f"{tenant_id} is not assigned to {self.node_id}")
        room = self._rooms[tenant_id] = Room(tenant_id, self._clock.seconds())
        # In the next turn, when whoever asked waits at the door.
        self._clock.callLater(0, lambda: self._start(self._load(room, assignment)))
        return room

    async def _load(self, room: Room, assignment: Assignment) -> None:
        try:
            await self._make_space()
            await self._loads.acquire()
            try:
                rewind = self._rewinds.get(room.tenant_id)
                if rewind is not None and rewind.done:
                    rewind = None
                loaded = await self._loader.load(assignment, lambda: self.lost(room.tenant_id), rewind)
                if rewind is not None:
                    rewind.done = True
            finally:
                self._loads.release()
            try:
                room.handler = self._handlers(loaded.tenant)
            except Exception:
                await self._loader.unload(loaded, flush=False)
                raise
        except Exception as error:
            self._rooms.pop(room.tenant_id, None)
            room.open_door(error)
            return
        if self._rooms.get(room.tenant_id) is not room:
            # The node has ended meanwhile.
            await self._loader.unload(loaded, flush=False)
            return
        room.loaded = loaded
        room.last_used_s = self._clock.seconds()
        if self._waker is not None and not room.lost:
            self._waker.loaded(loaded.tenant)
        room.become(RoomState.ACTIVE)
        if room.lost:
            await self._evict(room)

    async def _make_space(self) -> None:
        """Evict until the rooms are at most TENANTS_MAX, the caller's own included."""
        while len(self._rooms) > self._tenants_max:
            now = self._clock.seconds()
            resting = [r for r in self._rooms.values() if r.state is RoomState.ACTIVE and not r.in_use]
            tenant_id = first_to_leave([room.use(now) for room in resting], self._idle_s_max)
            if tenant_id is None:
                evicting = [r for r in self._rooms.values() if r.state is RoomState.EVICTING]
                if not evicting:
                    raise Unavailable(cause=f"all {self._tenants_max} places are in use")
                await evicting[0].changed()
            elif not await self._evict(self._rooms[tenant_id]):
                raise Unavailable(cause=f"the object store is away: {tenant_id} cannot leave")

    async def _evict(self, room: Room) -> bool:
        room.become(RoomState.EVICTING)
        await self._within(room.quiet(), QUIET_S_MAX)
        if not await self._ship(room) and not room.lost:
            _log.warn("{tenant} stays: its last commits were not shipped", tenant=room.tenant_id)
            room.become(RoomState.ACTIVE)
            return False
        await self._unload(room, flush=not room.lost)
        return True

    async def _ship(self, room: Room) -> bool:
        """Whether all commits of the tenant are in the store by now."""
        if room.loaded is None or room.lost:
            return False
        try:
            return await self._within(Deferred.fromCoroutine(room.loaded.durable()), FLUSH_S_MAX)
        except Exception as error:
            _log.warn("shipping {tenant}: {error}", tenant=room.tenant_id, error=error)
            return False

    async def _unload(self, room: Room, *, flush: bool) -> None:
        loaded: Loaded | None = room.loaded
        room.loaded = room.handler = None
        try:
            if loaded is not None:
                if self._waker is not None and not room.lost:
                    self._waker.unloads(loaded.tenant)
                await self._loader.unload(loaded, flush=flush)
        finally:
            self._rooms.pop(room.tenant_id, None)
            room.open_door(None)

    async def _within(self, deferred: Deferred[Any], limit_s: float) -> bool:
        """Whether `deferred` fired within `limit_s`; cancelled otherwise."""
        deadline = self._clock.callLater(limit_s, deferred.cancel)
        try:
            await deferred
        except CancelledError:
            return False
        finally:
            if deadline.active():
                deadline.cancel()
        return True

    def _sweep(self) -> None:
        now = self._clock.seconds()
        for room in list(self._rooms.values()):
            room.requests *= REQUESTS_DECAY
            if room.loaded is not None:
                for database in room.loaded.tenant.databases:
                    database.rest()
            if room.state is RoomState.ACTIVE and not room.in_use and now - room.last_used_s >= self._idle_s_max:
                self._start(self._evict(room))
        if self._waker is not None:
            active = [room.loaded for room in self._rooms.values() if room.state is RoomState.ACTIVE]
            self._waker.sweep([loaded.tenant for loaded in active if loaded is not None])

    def _start(self, coroutine: Any) -> None:
        Deferred.fromCoroutine(coroutine).addErrback(
            lambda f: _log.failure("a tenant was not loaded or closed in order", failure=f)
        )
