"""Restores a replica for no other reason than to see that it can be, and compares what comes out.

Three comparisons: every file's own checksum, the database's checksum against the one noted beside its newest file, and,
where the database is being served and has not moved on, against what the server believes it shipped.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from pbe.errors import PbeError
from pbe.pages.restore_plan import LtxInfo, plan_restore
from pbe.replication.flush import spare_path
from pbe.replication.replica import Replica
from pbe.replication.restore import BrokenReplica, build
from pbe.replication.services import Services
from pbe.replication.snapshot import heal

SAMPLE_EVERY_S = 86400.0
SAMPLE_MAX = 5


@dataclass(frozen=True, slots=True)
class Verified:
    """What a verification has read: all of it was as it should be."""

    txid: int
    files: int
    bytes_read: int
    pages: int
    sum_noted: bool
    compared_with_server: bool


async def verify(services: Services, files: list[LtxInfo], near: str, replica: Replica | None) -> Verified:
    """Restores the newest state of `files` to a spare file beside `near`. BrokenReplica names the object at fault."""
    chain = plan_restore(files)
    spare = spare_path(near)
    try:
        built = await build(services.store, services.workers, spare, chain, services.settings)
        live = replica is not None and replica.position.txid == chain[-1].max_txid and bool(replica.position.sum)
        if replica is not None and live and replica.position.sum != built.pages.text():
            hint = f"restores to {built.pages.text()}, the server has {replica.position.sum}"
            raise BrokenReplica("verify a replica", chain[-1].key, hint=hint)
    except BrokenReplica as error:
        services.counters.broken += 1
        services.alert(f"CORRUPT: {error}")
        raise
    finally:
        Path(spare).unlink(missing_ok=True)
    services.counters.verified += 1
    return Verified(chain[-1].max_txid, built.files, built.bytes_read, len(built.pages), built.sum_checked, live)


class Sampler:
    """Verifies a few of the databases that are served, once a day, those first that have waited longest."""

    def __init__(self, services: Services, replicas: Callable[[], list[Replica]]) -> None:
        self._services = services
        self._replicas = replicas
        self._turn = 0
        self._verified: dict[str, int] = {}

    def start(self) -> None:
        """Sets the next sample."""
        self._services.wheel.after(SAMPLE_EVERY_S, self._begin)

    def _begin(self) -> None:
        Deferred.fromCoroutine(self.sample()).addErrback(self._crashed)
        self.start()

    def _crashed(self, failure: Failure) -> None:
        self._services.alert(f"the daily verification failed: {failure.getTraceback()}")

    async def sample(self) -> None:
        """One sample. A replica that is broken is shipped anew from the disk of the server that has it."""
        self._turn += 1
        waiting = sorted(self._replicas(), key=lambda replica: (self._verified.get(replica.label, 0), replica.label))
        labels = {replica.label for replica in waiting}
        self._verified = {label: turn for label, turn in self._verified.items() if label in labels}
        for replica in waiting[:SAMPLE_MAX]:
            self._verified[replica.label] = self._turn
            try:
                await verify(self._services, list(replica.files), replica.source.path, replica)
            except BrokenReplica as error:
                await replica.alone(partial(heal, self._services, replica, error.subject))
                self._services.alert(f"{replica.label} was shipped anew from its disk")
            except PbeError as error:
                self._services.alert(f"{replica.label} could not be verified: {error}")
