"""Work that a request sets in motion and does not wait for."""

from collections.abc import Coroutine
from typing import Any

from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from pbe.errors import Unavailable
from pbe.tenant.log import ERROR, Log

TASKS_MAX = 200


class Background:
    """The tasks of one tenant; what fails goes to its log."""

    def __init__(self, log: Log) -> None:
        self._log = log
        self._running: set[Deferred[None]] = set()

    def start(self, work: Coroutine[Any, Any, None], message: str) -> None:
        """Run `work`; a failure is logged under `message`. `Unavailable` where TASKS_MAX run already."""
        if len(self._running) >= TASKS_MAX:
            work.close()
            raise Unavailable(cause=f"{TASKS_MAX} tasks run in the background")
        task = Deferred.fromCoroutine(work)
        task.addErrback(self._failed, message)
        if not task.called:
            self._running.add(task)
            task.addBoth(lambda _: self._running.discard(task))

    async def finish(self) -> None:
        """Wait for what runs."""
        for task in list(self._running):
            await settled(task)

    def _failed(self, failure: Failure, message: str) -> None:
        self._log.write(ERROR, message, {"error": str(failure.value)})


def settled(task: Deferred[None]) -> Deferred[None]:
    """Fires when the task ends, however it does; the task's outcome stays its own."""
    waiter: Deferred[None] = Deferred()

    def done(result: None) -> None:
        waiter.callback(None)
        return result

    task.addBoth(done)
    return waiter
