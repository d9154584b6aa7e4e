"""The leader's alarm clock: calls tenants that sleep while a job of theirs is due.

Theory of operation. A node records when each tenant's next waking job is due. Every ROUND_S the leader looks for times
that have passed. A tenant that its node's heartbeat names as loaded keeps its own time and is left alone. Others are
called by a command, which their node learns from its feed: a call outlives the leader, and the node too, since whoever
gets the tenant then gets the call. At most NODE_CALLS_MAX calls of a node are open at once, so that midnight is no
stampede; a call that was not answered within PATIENCE_S stays, but holds nobody else up.
"""

from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import LoopingCall
from twisted.logger import Logger
from twisted.python.failure import Failure

from pbe.cluster.beats import Beats
from pbe.cluster.plane import Plane
from pbe.errors import RequestError
from pbe.fleet import Rejected, commands
from pbe.fleet.records import Wake

ROUND_S = 5.0
PATIENCE_S = 600.0
NODE_CALLS_MAX = 16
CALLS_MAX = 1000

_log = Logger()


class Alarm:
    """Acts only while this member leads. place: gives a tenant without a node one. now: seconds since the epoch."""

    def __init__(
        self,
        plane: Plane,
        beats: Beats,
        place: Callable[[str], Awaitable[Any]],
        clock: IReactorTime,
        now: Callable[[], float],
    ) -> None:
        self._plane = plane
        self._beats = beats
        self._place = place
        self._now = now
        self._rounds = LoopingCall(self._begin)
        self._rounds.clock = clock

    def start(self) -> None:
        """Begin the rounds."""
        self._rounds.start(ROUND_S, now=False)

    def stop(self) -> None:
        """End the rounds."""
        if self._rounds.running:
            self._rounds.stop()

    def _begin(self) -> Deferred[None]:
        return Deferred.fromCoroutine(self._round()).addErrback(_failed)

    async def _round(self) -> None:
        if not self._plane.is_leader:
            return
        now_ms = int(self._now() * 1000)
        wakes = [wake for wake in self._plane.fleet.wakes.rows.values() if wake.at_ms <= now_ms]
        if not wakes:
            return
        called = self._choose(sorted(wakes, key=lambda wake: (wake.at_ms, wake.tenant_id)), now_ms)
        for tenant_id, _ in called:
            if not self._node(tenant_id):
                await self._place(tenant_id)
        if called:
            await self._plane.propose(commands.WakeCall(tuple(called)))

    def _choose(self, wakes: list[Wake], now_ms: int) -> list[tuple[str, int]]:
        """Whom to call now, of those that are due."""
        open_calls: Counter[str] = Counter(
            self._node(wake.tenant_id) for wake in wakes if wake.called_ms > max(now_ms - PATIENCE_S * 1000, 0)
        )
        awake: dict[str, frozenset[str]] = {}
        chosen: list[tuple[str, int]] = []
        for wake in wakes:
            node_id = self._node(wake.tenant_id)
            if wake.called_ms or open_calls[node_id] >= NODE_CALLS_MAX or len(chosen) >= CALLS_MAX:
                continue
            if node_id not in awake:
                awake[node_id] = self._awake(node_id)
            if wake.tenant_id not in awake[node_id]:
                open_calls[node_id] += 1
                chosen.append((wake.tenant_id, wake.at_ms))
        return chosen

    def _node(self, tenant_id: str) -> str:
        route = self._plane.fleet.routes.get(tenant_id)
        return route.node_id if route is not None else ""

    def _awake(self, node_id: str) -> frozenset[str]:
        """The tenants that the node's last heartbeat names as loaded."""
        beat = self._beats.get(node_id)
        told = beat.payload.get("tenants") if beat is not None else None
        return frozenset(one for one in told if isinstance(one, str)) if isinstance(told, list | tuple) else frozenset()


def _failed(failure: Failure) -> None:
    if isinstance(failure.value, RequestError | Rejected):
        _log.warn("a round of the alarm clock was cut short: {error}", error=str(failure.value))
    else:
        _log.failure("a round of the alarm clock failed", failure=failure)
