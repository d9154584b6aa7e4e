"""When the node's tenants have to be awake: told to the control plane, and heard from it.

Theory of operation. The control plane keeps one time per tenant, that of its next waking job. It is told when the
tenant leaves memory, and while the tenant is loaded only when the record would be too late, or is older than STALE_S. A
tenant that is loaded while its recorded time has passed slept through that job, so the job is started then, once,
however the tenant came to be loaded. A call from the control plane therefore only has to load it. Not promised: that a
job which ran less than STALE_S before a node died is not started once more by the next owner.
"""

from collections.abc import Awaitable, Callable, Iterable
from typing import Any, Protocol

from twisted.internet.defer import Deferred
from twisted.logger import Logger
from twisted.python.failure import Failure

from pbe.errors import PbeError
from pbe.fleet.records import Wake
from pbe.tenant.tenant import Tenant

STALE_S = 600.0
CALL_S = 2.0

_log = Logger()


class Asks(Protocol):
    """The control plane, as far as it is asked here."""

    async def call(self, method: str, payload: Any, timeout_s: float) -> Any:
        """Ask; raises PbeError."""


class Waker:
    """One node's. `join` once the host is there. now: seconds since the epoch."""

    def __init__(self, control: Asks, now: Callable[[], float]) -> None:
        self._control = control
        self._now = now
        self._load: Callable[[str], Awaitable[Any]] | None = None
        self._epoch: Callable[[str], int | None] = lambda tenant_id: None
        self._known: dict[str, Wake] = {}
        self._unsaid: dict[str, int] = {}
        self._waking: set[str] = set()

    def join(self, load: Callable[[str], Awaitable[Any]], epoch: Callable[[str], int | None]) -> None:
        """Begin: `load` brings a tenant into memory; `epoch` is that of a tenant that is this node's, else None."""
        self._load, self._epoch = load, epoch

    # what the control plane tells

    def told(self, tenant_id: str, wake: Wake | None) -> None:
        """The record of a tenant, None where there is none or the tenant is another node's."""
        if wake is None:
            self._known.pop(tenant_id, None)
        else:
            self._known[tenant_id] = wake
            self.answer(tenant_id)

    def left(self, tenant_id: str) -> None:
        """The tenant is another node's now: its time is told there."""
        self._known.pop(tenant_id, None)
        self._unsaid.pop(tenant_id, None)

    def answer(self, tenant_id: str) -> None:
        """Load the tenant if it is called, and ours."""
        wake = self._known.get(tenant_id)
        if wake is None or not wake.called_ms or self._load is None or tenant_id in self._waking:
            return
        if tenant_id not in self._unsaid and self._epoch(tenant_id) is not None:
            self._waking.add(tenant_id)
            work = self._wake(tenant_id, self._load)
            Deferred.fromCoroutine(work).addErrback(_not_done).addBoth(lambda _: self._waking.discard(tenant_id))

    async def _wake(self, tenant_id: str, load: Callable[[str], Awaitable[Any]]) -> None:
        tenant: Tenant = await load(tenant_id)
        wake = self._known.get(tenant_id)
        if wake is not None and wake.called_ms and tenant_id not in self._unsaid:
            # It was awake already: its own clock did the work.
            self._say(tenant_id, _due_ms(tenant))

    # what the host tells

    def loaded(self, tenant: Tenant) -> None:
        """A tenant has come into memory: start what it slept through."""
        wake = self._known.get(tenant.id)
        at_ms = self._unsaid.get(tenant.id, wake.at_ms if wake is not None else 0)
        if 0 < at_ms <= self._now() * 1000:
            tenant.crons.catch_up(at_ms / 1000)
            self._say(tenant.id, _due_ms(tenant))

    def unloads(self, tenant: Tenant) -> None:
        """A tenant is about to leave memory: its clock stops."""
        self._tell(tenant.id, _due_ms(tenant))

    def sweep(self, tenants: Iterable[Tenant]) -> None:
        """Tell what is not known yet, at most once per STALE_S for each loaded tenant, and answer calls again."""
        for tenant_id, at_ms in list(self._unsaid.items()):
            self._say(tenant_id, at_ms)
        for tenant in tenants:
            due_ms, wake = _due_ms(tenant), self._known.get(tenant.id)
            if wake is None or not due_ms or due_ms < wake.at_ms or self._now() * 1000 - wake.at_ms > STALE_S * 1000:
                self._tell(tenant.id, due_ms)
        for tenant_id in list(self._known):
            self.answer(tenant_id)

    def _tell(self, tenant_id: str, at_ms: int) -> None:
        wake = self._known.get(tenant_id)
        known_ms = wake.at_ms if wake is not None and not wake.called_ms else 0
        if self._unsaid.get(tenant_id, known_ms) != at_ms or (wake is not None and wake.called_ms):
            self._say(tenant_id, at_ms)

    def _say(self, tenant_id: str, at_ms: int) -> None:
        epoch = self._epoch(tenant_id)
        if epoch is None:
            self._unsaid.pop(tenant_id, None)
            return
        self._unsaid[tenant_id] = at_ms
        Deferred.fromCoroutine(self._call(tenant_id, epoch, at_ms)).addErrback(_not_done)

    async def _call(self, tenant_id: str, epoch: int, at_ms: int) -> None:
        await self._control.call("wake.set", {"tenant_id": tenant_id, "epoch": epoch, "at_ms": at_ms}, CALL_S)
        if self._unsaid.get(tenant_id) == at_ms:
            del self._unsaid[tenant_id]
            known = self._known.get(tenant_id)
            if at_ms and (known is None or known.at_ms != at_ms):
                self._known[tenant_id] = Wake(tenant_id, at_ms)
            elif not at_ms:
                self._known.pop(tenant_id, None)


def _due_ms(tenant: Tenant) -> int:
    due = tenant.crons.wake_at()
    return 0 if due is None else int(due * 1000)


def _not_done(failure: Failure) -> None:
    if isinstance(failure.value, PbeError):
        _log.warn("waking is put off: {error}", error=str(failure.value))
    else:
        _log.failure("a tenant was not woken", failure=failure)
