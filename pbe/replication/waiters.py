"""Who waits for a mark to be reached, each with a deadline."""

from __future__ import annotations

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime

from pbe.errors import OutcomeUnknown

#: For each database; more have to come again.
WAITERS_MAX = 10_000


class Waiters:
    """Marks only grow."""

    def __init__(self, clock: IReactorTime) -> None:
        self._clock = clock
        self._waiting: dict[Deferred[None], int] = {}

    def __len__(self) -> int:
        return len(self._waiting)

    async def wait(self, mark: int, wait_s_max: float) -> None:
        """Returns once `reached(mark)`; OutcomeUnknown after `wait_s_max`, or what `fail` was given."""
        if len(self._waiting) >= WAITERS_MAX:
            raise OutcomeUnknown("Too many requests wait for the object store.")
        waiting: Deferred[None] = Deferred()
        waiting.addTimeout(wait_s_max, self._clock, _too_late)
        self._waiting[waiting] = mark
        try:
            await waiting
        finally:
            self._waiting.pop(waiting, None)

    def reached(self, mark: int) -> None:
        """Everybody who waits for `mark` or less goes on."""
        for waiting in [waiting for waiting, wanted in self._waiting.items() if wanted <= mark]:
            if self._waiting.pop(waiting, None) is not None:
                waiting.callback(None)

    def fail(self, error: Exception) -> None:
        """Nobody's mark will be reached."""
        waiting, self._waiting = self._waiting, {}
        for deferred in waiting:
            deferred.errback(error)


def _too_late(_: object, timeout_s: float) -> None:
    raise OutcomeUnknown(f"Not in the object store after {timeout_s:.0f} s.")
