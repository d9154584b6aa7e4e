"""Waits until the platform has done what was ordered, within a limit: so that the next request finds it done."""

from collections.abc import Sequence

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.interfaces import IReactorTime

from pbe.cluster.plane import Plane
from pbe.fleet import Event

SETTLE_S_MAX = 5.0


class Settling:
    """Waits by the state's events. Nothing here fails: what takes longer than SETTLE_S_MAX happens later."""

    def __init__(self, plane: Plane, clock: IReactorTime) -> None:
        self._plane = plane
        self._clock = clock

    async def superuser(self, tenant_id: str) -> None:
        """Return once the tenant's node has made the superuser that waits for it; at once where no node could."""
        if not self._waits(tenant_id) or not self._somebody_could():
            return
        done: Deferred[None] = Deferred()

        def listen(revision: int, events: Sequence[Event] | None) -> None:
            if not done.called and not self._waits(tenant_id):
                done.callback(None)

        stop = self._plane.watch(self._plane.fleet.revision, listen)
        timer = self._clock.callLater(SETTLE_S_MAX, done.cancel)
        try:
            await done
        except CancelledError:
            return
        finally:
            stop()
            if timer.active():
                timer.cancel()

    def _waits(self, tenant_id: str) -> bool:
        return self._plane.fleet.superusers.get(tenant_id) is not None

    def _somebody_could(self) -> bool:
        return any(node.status != "down" for node in self._plane.fleet.nodes.rows.values())
