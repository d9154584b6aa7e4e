"""Brings one tenant from the object store into memory, and back.

Order matters. Loading: restore all files, open, attach the replicator, serve. Unloading: the last flush comes after
what still writes (spools) has ended and before the databases close.
"""

import functools
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from twisted.internet.defer import Deferred, DeferredList
from twisted.python.failure import Failure

from pbe.errors import Unavailable
from pbe.host.assignment import Assignment
from pbe.host.rewind import Rewind
from pbe.replication.local_record import remove_files
from pbe.replication.moment import Moment
from pbe.tenant.services import TenantServices
from pbe.tenant.tenant import DATABASES, Tenant


class Replicated(Protocol):
    """One attached database, as `replication.Replica`."""

    async def durable(self) -> None:
        """Return once all that was committed by now is in the store."""
        ...

    async def detach(self, *, flush: bool = True) -> None:
        """Stop replicating; with `flush`, after a last upload."""
        ...


class Replicates(Protocol):
    """As `replication.Replicator`."""

    async def restore(self, tenant_id: str, name: str, path: str, *, at: Moment | None = None, source: str = "") -> Any:
        """Make the local file current: fetch it, or leave it alone where it continues the store's log."""
        ...

    async def attach(
        self, tenant_id: str, source: Any, *, epoch: int, mode: str, on_lost: Callable[[], None]
    ) -> Replicated:
        """Replicate `source`; `on_lost` is called once when another owner has appended to its log."""
        ...


Opens = Callable[[str, Path, TenantServices], Awaitable[Tenant]]


@dataclass(slots=True)
class Loaded:
    """A tenant in memory with its replicas, in the order of its databases."""

    tenant: Tenant
    replicas: list[Replicated]

    async def durable(self) -> None:
        """Return once all commits of all databases are in the store."""
        await _all([replica.durable() for replica in self.replicas])


class Loader:
    """Loads tenants into `folder`/<id>; local files stay there after unloading, for a quick return."""

    def __init__(self, folder: Path, services: TenantServices, replicator: Replicates, opens: Opens) -> None:
        self._folder = folder
        self._services = services
        self._replicator = replicator
        self._opens = opens

    async def load(self, assignment: Assignment, on_lost: Callable[[], None], rewind: Rewind | None = None) -> Loaded:
        """The tenant, restored and replicating; with `rewind`, as it was. On an error nothing stays open."""
        tenant_id = assignment.tenant_id
        folder = self._folder / tenant_id
        folder.mkdir(parents=True, exist_ok=True)
        if rewind is None:
            await _all([self._replicator.restore(tenant_id, name, str(folder / name)) for name in DATABASES])
        else:
            await self._rewind(tenant_id, folder, rewind)
        loaded = Loaded(await self._opens(tenant_id, folder, self._services), [])
        try:
            for database in loaded.tenant.databases:
                replica = await self._replicator.attach(
                    tenant_id, database, epoch=assignment.epoch, mode=assignment.durability, on_lost=on_lost
                )
                loaded.replicas.append(replica)
        except Exception:
            await self.unload(loaded, flush=False)
            raise
        return loaded

    async def _rewind(self, tenant_id: str, folder: Path, rewind: Rewind) -> None:
        """All databases as they were. Without records no later load takes these files for the newest state."""
        paths = {name: str(folder / name) for name in DATABASES}
        for path in paths.values():
            remove_files(path)
        try:
            for name, path in paths.items():
                at = rewind.moments[name]
                restored = await self._replicator.restore(tenant_id, name, path, at=at, source=rewind.source)
                if not restored.found:
                    raise Unavailable(cause=f"the store has no {name} of {tenant_id}")
        except BaseException:
            for path in paths.values():
                remove_files(path)
            raise

    async def unload(self, loaded: Loaded, *, flush: bool) -> None:
        """Stop, ship the rest (`flush`), close. Goes through to the end; raises the first error then."""
        steps: list[Callable[[], Awaitable[None]]] = [loaded.tenant.stop]
        steps += [functools.partial(replica.detach, flush=flush) for replica in loaded.replicas]
        errors: list[Exception] = []
        for step in [*steps, loaded.tenant.close]:
            try:
                await step()
            except Exception as error:
                errors.append(error)
        if errors:
            raise errors[0]


async def _all(coroutines: list[Any]) -> None:
    """Run coroutines side by side; the first error is raised, after all have ended."""
    deferreds = [Deferred.fromCoroutine(coroutine) for coroutine in coroutines]
    for _ok, outcome in await DeferredList(deferreds, consumeErrors=True):
        if isinstance(outcome, Failure):
            outcome.raiseException()
