"""Work that a request sets in motion and does not wait for."""

from collections.abc import Coroutine
from typing import Any

from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from pbe.errors import Unavailable
from pbe.tenant.log import ERROR
from pbe.tenant.tenant import Tenant

TASKS_MAX = 200


def start(tenant: Tenant, work: Coroutine[Any, Any, None], message: str) -> None:
    """Run `work`; a failure goes to the tenant's log under `message`. `Unavailable` where TASKS_MAX run already."""
    running: set[Deferred[None]] = tenant.running
    if len(running) >= TASKS_MAX:
        work.close()
        raise Unavailable(cause=f"{TASKS_MAX} tasks run in the background")
    task = Deferred.fromCoroutine(work)
    if task.called:
        task.addErrback(_log, tenant, message)
        return
    running.add(task)
    task.addErrback(_log, tenant, message)
    task.addBoth(lambda _: running.discard(task))


def _log(failure: Failure, tenant: Tenant, message: str) -> None:
    tenant.log.write(ERROR, message, {"error": str(failure.value)})
