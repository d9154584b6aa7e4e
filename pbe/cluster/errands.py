"""Errands for nodes: what the leader has them do, told with its answers to their heartbeats until they have done it.

Nodes keep one link to any member and speak to the leader through it; so an errand, asked for at any member, reaches
its node within a heartbeat. It lives in the leader's memory: one that is lost with its leader is answered 504, and what
became of it is to be asked anew.
"""

import itertools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.interfaces import IReactorTime

from pbe.cluster.plane import Plane
from pbe.cluster.steward import Steward
from pbe.errors import BadRequest, Conflict, NotFound, OutcomeUnknown, RequestError, Unavailable

ERRAND_S_MAX = 300.0
ERRANDS_MAX = 100
ORDER = "errand.order"
DONE = "errand.done"
_KINDS: dict[str, type[RequestError]] = {
    kind.__name__: kind for kind in (BadRequest, Conflict, NotFound, Unavailable, OutcomeUnknown)
}


class NodeFailed(RequestError):
    """500: the node could not do what it was asked for; the message says why."""

    status = 500


@dataclass(slots=True)
class Errand:
    """One that is under way."""

    node_id: str
    name: str
    payload: Any
    done: Deferred[dict[str, Any]]


class Errands:
    """The errands of all nodes; acts where this member leads."""

    def __init__(self, plane: Plane, steward: Steward, clock: IReactorTime, now: Callable[[], float]) -> None:
        self._plane = plane
        self._steward = steward
        self._clock = clock
        self._now = now
        self._numbers = itertools.count(1)
        self._errands: dict[str, Errand] = {}
        plane.serve(ORDER, self.order)

    async def ask(self, name: str, payload: dict[str, Any]) -> dict[str, Any]:
        """Have the node of `payload["tenant_id"]` do it; one without a node gets one. The node's answer or refusal."""
        errand = {"name": name, "payload": payload}
        if self._plane.is_leader:
            outcome = await self.order(errand)
        else:
            outcome = await self._plane.ask_leader(ORDER, errand, ERRAND_S_MAX + 5)
        if "answer" in outcome:
            answer: dict[str, Any] = outcome["answer"]
            return answer
        raise _KINDS.get(str(outcome.get("kind")), NodeFailed)(str(outcome.get("message", "")))

    async def order(self, asked: Any) -> dict[str, Any]:
        """At the leader: place the tenant, tell its node, wait; the outcome, a refusal too, as the node told it."""
        if len(self._errands) >= ERRANDS_MAX:
            raise Unavailable(cause="too many errands at once")
        route = await self._steward.place(asked["payload"]["tenant_id"])
        errand_id = f"{int(self._now() * 1000):x}-{next(self._numbers)}"
        errand = self._errands[errand_id] = Errand(route.node_id, asked["name"], asked["payload"], Deferred())
        timer = self._clock.callLater(ERRAND_S_MAX, errand.done.cancel)
        try:
            return await errand.done
        except CancelledError:
            raise OutcomeUnknown("The node has not answered in time.") from None
        finally:
            del self._errands[errand_id]
            if timer.active():
                timer.cancel()

    def of(self, node_id: str) -> list[dict[str, Any]]:
        """What the node is to be told."""
        return [
            {"id": errand_id, "name": errand.name, "payload": errand.payload}
            for errand_id, errand in self._errands.items()
            if errand.node_id == node_id and not errand.done.called
        ]

    async def done(self, outcome: Any) -> dict[str, Any]:
        """A node tells how an errand ended; one that nobody waits for any more is taken too."""
        if not isinstance(outcome, dict):
            raise BadRequest("The call needs an object.")
        errand = self._errands.get(str(outcome.get("id")))
        if errand is not None and not errand.done.called:
            errand.done.callback(outcome)
        return {}
