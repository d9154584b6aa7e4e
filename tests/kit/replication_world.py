"""A node's replicator over real SQLite files, with a clock that only moves when told, and workers without threads."""

import shutil
import subprocess
from collections.abc import Coroutine, Mapping
from pathlib import Path
from typing import Any

import apsw
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.python.failure import Failure

from pbe.objects.memory import MemoryStore
from pbe.objects.store import ObjectStore
from pbe.replication.moment import Moment
from pbe.replication.replica import Replica
from pbe.replication.replicator import Replicator, Restored
from pbe.replication.settings import Settings
from pbe.storage.sqlite import Database, Transaction
from pbe.storage.sqlite_readers import Readers
from tests.kit.workers import InlineWorkers
from tests.peers import litestream

EPOCH_S = 1_795_508_000.0

TENANT = "acme"


class World:
    """One store, one clock, any number of nodes. `alerts` is what operators would have read."""

    def __init__(self, folder: Path, store: ObjectStore | None = None, settings: Settings | None = None) -> None:
        self.folder = folder
        self.epoch_s = EPOCH_S
        self.clock = Clock()
        self.store: ObjectStore = store or MemoryStore(self.now)
        self.settings = settings or Settings()
        self.workers = InlineWorkers()
        self.alerts: list[str] = []
        self.fenced: list[tuple[str, str]] = []

    def now(self) -> float:
        """The wall clock."""
        return self.epoch_s + self.clock.seconds()

    def node(self, node_id: str = "n1", store: ObjectStore | None = None) -> "Node":
        """A node with its own folder."""
        return Node(self, node_id, store or self.store)

    def pump(self, times: int = 8) -> None:
        """Runs what is due now, and what that makes due."""
        for _ in range(times):
            self.clock.advance(0)

    def run(self, coroutine: Coroutine[Any, Any, Any], advance_s: float = 0.05, steps: int = 400) -> Any:
        """The coroutine's result, moving the clock as far as it takes."""
        deferred = Deferred.fromCoroutine(coroutine)
        return self.finish(deferred, advance_s, steps)

    def finish(self, deferred: "Deferred[Any]", advance_s: float = 0.05, steps: int = 400) -> Any:
        """The Deferred's result, moving the clock as far as it takes."""
        outcome: list[Any] = []
        deferred.addBoth(outcome.append)
        for _ in range(steps):
            if outcome:
                break
            self.clock.advance(0)
            if not outcome:
                self.clock.advance(advance_s)
        if not outcome:
            raise AssertionError("it never finished")
        if isinstance(outcome[0], Failure):
            outcome[0].raiseException()
        return outcome[0]


class Node:
    """A replicator and the databases that it serves, under `world.folder/node_id`."""

    def __init__(self, world: World, node_id: str, store: ObjectStore) -> None:
        self.world = world
        self.node_id = node_id
        self.folder = world.folder / node_id
        self.folder.mkdir(parents=True, exist_ok=True)
        self.store = store
        self.readers = Readers(world.workers)
        self.databases: dict[str, Database] = {}
        self.replicas: dict[str, Replica] = {}
        self.start()

    def start(self) -> None:
        """A new process: nothing is remembered but the disk."""
        world = self.world
        self.replicator = Replicator(
            self.store,
            world.workers,
            world.clock,
            world.now,
            node_id=self.node_id,
            jitter=lambda: 0.5,
            alert=world.alerts.append,
            fenced=lambda tenant_id: world.fenced.append((self.node_id, tenant_id)),
            settings=world.settings,
        )

    def path(self, name: str = "data.db") -> Path:
        """Where a database lies."""
        return self.folder / TENANT / name

    def load(self, name: str = "data.db", *, epoch: int = 1, mode: str = "async", at: Moment | None = None) -> Restored:
        """Restores, opens and attaches a database as a host does."""
        path = self.path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        restored: Restored = self.world.run(self.replicator.restore(TENANT, name, str(path), at=at))
        self.attach_opened(name, epoch=epoch, mode=mode)
        return restored

    def attach_opened(self, name: str = "data.db", *, epoch: int = 1, mode: str = "async") -> None:
        """Opens what is on disk and attaches it; on an error it is closed again."""
        database = Database(self.path(name), self.readers, self.world.clock)
        self.databases[name] = database
        try:
            self.replicas[name] = self.world.run(self.replicator.attach(TENANT, database, epoch=epoch, mode=mode))
        except BaseException:
            self.world.run(database.close())
            del self.databases[name]
            raise

    def write(self, *statements: str | tuple[str, tuple[Any, ...]], name: str = "data.db") -> None:
        """One transaction."""
        self.world.finish(self.start_write(*statements, name=name))

    def start_write(self, *statements: str | tuple[str, tuple[Any, ...]], name: str = "data.db") -> "Deferred[None]":
        """One transaction, not waited for."""

        async def work(tx: Transaction) -> None:
            for statement in statements:
                sql, params = statement if isinstance(statement, tuple) else (statement, ())
                tx.execute(sql, params)

        return Deferred.fromCoroutine(self.databases[name].write(work))

    def rows(self, sql: str = "SELECT * FROM t ORDER BY 1", name: str = "data.db") -> list[tuple[Any, ...]]:
        """What a query gives."""
        return list(self.world.run(self.databases[name].query(sql)))

    def unload(self, name: str = "data.db", *, flush: bool = True) -> None:
        """Detaches and closes a database."""
        self.world.run(self.replicator.detach(self.replicas.pop(name), flush=flush))
        self.world.run(self.databases.pop(name).close())

    def crash(self) -> None:
        """The process dies: the disk stays as it is, nothing is shipped any more."""
        self.replicator.services.uploader.stop()
        self.replicator.services.wheel.stop()
        for replica in self.replicas.values():
            replica.state = "detached"
        for database in self.databases.values():
            database.on_commit = database.before_write = database.durable = None
            self.world.run(database.close())
        self.databases, self.replicas = {}, {}
        self.start()

    def wipe(self) -> None:
        """The disk is lost."""
        shutil.rmtree(self.folder)
        self.folder.mkdir()


def dump(path: Path) -> list[str]:
    """Every row of every table of a database file, for comparison; the file is left as it is."""
    copy = path.with_name(path.name + ".dump")
    shutil.copyfile(path, copy)
    for suffix in ("-wal",):
        if Path(f"{path}{suffix}").exists():
            shutil.copyfile(f"{path}{suffix}", f"{copy}{suffix}")
    connection = apsw.Connection(str(copy))
    lines = [f"integrity {connection.pragma('integrity_check')}"]
    for (table,) in list(connection.execute("SELECT name FROM sqlite_master WHERE type='table' ORDER BY 1")):
        lines += [f"{table} {row!r}" for row in connection.execute(f'SELECT rowid, * FROM "{table}" ORDER BY rowid')]
    connection.close()
    for suffix in ("", "-wal", "-shm"):
        Path(f"{copy}{suffix}").unlink(missing_ok=True)
    return lines


def stock_restore(url: str, target: Path, *options: str, env: Mapping[str, str] | None = None) -> None:
    """Restores with the real litestream, integrity checked; AssertionError with its words where it fails."""
    command = [str(litestream()), "restore", "-integrity-check", "full", "-o", str(target), *options, url]
    done = subprocess.run(command, capture_output=True, text=True, env=dict(env or {}), timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
