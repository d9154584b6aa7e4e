"""What every role works with, made once for a process: reactor, clocks, randomness, threads, the object store."""

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.interfaces import IReactorTime

from pbe.errors import StoreError
from pbe.objects.folder import FolderStore
from pbe.objects.probe import probe
from pbe.objects.s3 import S3Place, S3Store
from pbe.objects.store import ObjectStore
from pbe.roles.config import Config
from pbe.storage.workers import Workers

STORE_THREADS = 32
SHIP_THREADS = 4
WORK_THREADS = 4
READ_THREADS = 4
DISK_THREADS = 2
READ_NICE = 5
WORK_NICE = 10


class Tools:
    """The process's tools; `close` ends the threads.

    work: bcrypt and images; read: slow SQL; disk: checkpoints and syncs of the log; objects: requests to the object
    store, which may hang; ship: what replication computes, which must not wait for them.
    """

    def __init__(self, reactor: Any) -> None:
        self.reactor = reactor
        call = reactor.callFromThread
        self.work = Workers(WORK_THREADS, call, nice=WORK_NICE, name="work")
        self.read = Workers(READ_THREADS, call, nice=READ_NICE, name="read")
        self.disk = Workers(DISK_THREADS, call, name="disk")
        self.objects = Workers(STORE_THREADS, call, name="objects", jobs_waiting_max=100_000)
        self.ship = Workers(SHIP_THREADS, call, name="ship", jobs_waiting_max=100_000)
        self.now: Callable[[], float] = time.time
        self.random_bytes: Callable[[int], bytes] = os.urandom

    def random_below(self, most: int) -> int:
        """A whole number from 0, below `most`."""
        return int.from_bytes(os.urandom(8), "big") % most

    def store(self, config: Config) -> ObjectStore:
        """The object store that the configuration names."""
        parts = urlsplit(config.replica_url)
        if parts.scheme == "file":
            return FolderStore(Path(unquote(parts.path)), self.objects)
        place = S3Place(
            bucket=parts.netloc,
            prefix=parts.path,
            endpoint=config.s3_endpoint,
            region=config.s3_region,
            access_key=config.s3_access_key,
            secret_key=config.s3_secret_key,
        )
        return S3Store(place, self.objects)

    async def probe_store(self, config: Config) -> list[str]:
        """Refuses (`Unfit`) a store on which two nodes could overwrite each other; a sentence where it is away."""
        try:
            await probe(self.store(config), self.random_bytes(8).hex())
        except StoreError as error:
            if not error.recoverable:
                raise
            return [f"The object store does not answer yet, tenants cannot be loaded: {error}"]
        return []

    def close(self) -> None:
        """End the threads once their jobs are done."""
        for workers in (self.work, self.read, self.disk, self.objects, self.ship):
            workers.stop()


async def within(waiting: Deferred[Any], clock: IReactorTime, seconds: float) -> bool:
    """Whether `waiting` fired in time; after that nobody waits for it any more."""
    timer = clock.callLater(seconds, waiting.cancel)
    try:
        await waiting
    except CancelledError:
        return False
    finally:
        if timer.active():
            timer.cancel()
    return True
