"""One tenant's place on a node."""

from collections.abc import Awaitable, Callable
from enum import Enum
from typing import Any

from twisted.internet.defer import Deferred

from pbe.errors import Unavailable
from pbe.host.loader import Loaded
from pbe.host.score import Use

WAITING_REQUESTS_MAX = 1000

Handler = Callable[[Any], Awaitable[Any]]


class RoomState(Enum):
    """Loading → active → evicting → gone; or back to active where the last flush failed."""

    LOADING = "loading"
    ACTIVE = "active"
    EVICTING = "evicting"


class Room:
    """A tenant that is loading, active or evicting, the requests in it, and those that wait at its door.

    `loaded` and `handler` are there while it is active; `lost` once another node owns its log. requests: counted with a
    decay, see `Host`.
    """

    __slots__ = (
        "_quiet",
        "_waiting",
        "handler",
        "last_used_s",
        "loaded",
        "lost",
        "requests",
        "running",
        "state",
        "tenant_id",
    )

    def __init__(self, tenant_id: str, now_s: float) -> None:
        self.tenant_id = tenant_id
        self.state = RoomState.LOADING
        self.loaded: Loaded | None = None
        self.handler: Handler | None = None
        self.lost = False
        self.running = 0
        self.requests = 0.0
        self.last_used_s = now_s
        self._waiting: list[Deferred[None]] = []
        self._quiet: list[Deferred[None]] = []

    @property
    def in_use(self) -> bool:
        """Whether a request runs or a stream is open."""
        return self.running > 0 or (self.loaded is not None and self.loaded.tenant.streams > 0)

    def use(self, now_s: float) -> Use:
        """The room's use, for the score."""
        memory = self.loaded.tenant.memory_bytes() if self.loaded else 0
        return Use(self.tenant_id, now_s - self.last_used_s, self.requests, memory)

    async def changed(self) -> None:
        """Return when the state has changed; raises what the load failed with."""
        if len(self._waiting) >= WAITING_REQUESTS_MAX:
            raise Unavailable(cause=f"{WAITING_REQUESTS_MAX} requests wait for {self.tenant_id} already")
        door: Deferred[None] = Deferred()
        self._waiting.append(door)
        await door

    def become(self, state: RoomState) -> None:
        """Change the state, and let in whom it concerns."""
        self.state = state
        self.open_door(None)

    def open_door(self, error: Exception | None) -> None:
        """Wake all that wait; with an error, it is theirs."""
        waiting, self._waiting = self._waiting, []
        for door in waiting:
            if error is None:
                door.callback(None)
            else:
                door.errback(error)

    def left(self) -> None:
        """A request has ended."""
        self.running -= 1
        if not self.running and self._quiet:
            quiet, self._quiet = self._quiet, []
            for waiter in quiet:
                waiter.callback(None)

    def quiet(self) -> Deferred[None]:
        """Fires when no request runs any more; may be cancelled."""
        done: Deferred[None] = Deferred()
        if self.running:
            self._quiet.append(done)
        else:
            done.callback(None)
        return done
