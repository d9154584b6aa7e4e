"""A seeded life of one database: random transactions, crashes, take-overs and store faults; nothing acknowledged may be
lost. `python -m tests.kit.soak --seeds 1000` runs many and names the seeds that fail.
"""

import argparse
import random
import shutil
import tempfile
import time
from pathlib import Path
from typing import Any

from twisted.internet.defer import Deferred

from pbe.errors import PbeError, Unavailable
from pbe.objects.memory import MemoryStore
from pbe.pages.retention import Window
from pbe.replication.lease import Fenced
from pbe.replication.replica import Replica
from pbe.replication.replicator import Overtaken, Replicator
from pbe.replication.settings import Settings
from tests.kit.faulty_store import FaultyStore, export_folder
from tests.kit.plain_source import PlainSource
from tests.kit.replication_world import TENANT, World, stock_restore

NAME = "data.db"
LOADS_MAX = 60
SMALL = Settings(
    checkpoint_pages=25,
    range_bytes=4096,
    fetch_bytes_max=16384,
    snapshot_bytes_min=4096,
    attach_s_max=30.0,
    window=Window(window_s=3600, fine_s=600, level0_s=1800, settle_s=60),
)
Rows = list[tuple[Any, ...]]


class Broken(AssertionError):
    """An invariant does not hold."""


class Process:
    """One node's process: a replicator, and the database while it is loaded."""

    def __init__(self, life: "Life", node_id: str) -> None:
        self.life = life
        self.node_id = node_id
        self.newest = 1 << 60
        self.path = life.world.folder / node_id / NAME
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.source: PlainSource | None = None
        self.replica: Replica | None = None
        world = life.world
        self.store = FaultyStore(life.inner, world.clock, life.random.randrange(1 << 30), life.rate)
        self.replicator = Replicator(
            self.store,
            world.workers,
            world.clock,
            world.now,
            node_id=node_id,
            jitter=life.random.random,
            alert=world.alerts.append,
            settings=SMALL,
        )

    def load(self, epoch: int) -> None:
        """Restore, open, attach, as often as the store and other writers make it necessary."""
        world = self.life.world
        errors: list[str] = []
        for _ in range(LOADS_MAX):
            try:
                world.run(self.replicator.restore(TENANT, NAME, str(self.path)), steps=4000)
                life = self.life
                self.source = PlainSource(self.path, page_size=life.page_size, auto_vacuum=life.auto_vacuum)
                attaching = self.replicator.attach(TENANT, self.source, epoch=epoch, mode="async")
                self.replica = world.run(attaching, steps=4000)
                return
            except (Overtaken, Unavailable) as error:
                errors.append(str(error))
                if self.source is not None:
                    self.source.close()
                    self.source = None
                world.clock.advance(1)
        raise Broken(f"{self.node_id} could not load: {errors[-2:]} {world.alerts[-3:]}")

    def die(self) -> None:
        """Kill -9: whatever is on the wire may still arrive, nothing else happens."""
        self.replicator.services.wheel.stop()
        self.replicator.services.uploader.stop()
        if self.replica is not None:
            self.replica.state = "detached"
        if self.source is not None:
            self.source.on_commit = self.source.before_write = None
            self.source.close()
        self.source = self.replica = None


class Life:
    """The model: every state that was committed, and the newest that was acknowledged as durable."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.random = random.Random(seed)
        self.world = World(folder, settings=SMALL)
        self.inner = MemoryStore(self.world.now)
        self.rate = self.random.choice([0.0, 0.05, 0.2, 0.4])
        self.page_size = self.random.choice([512, 1024, 4096, 4096, 16384, 65536])
        self.auto_vacuum = self.random.choice([0, 0, 1, 2])
        self.states: list[Rows] = []
        self.acked = -1
        self.epoch = 1
        self.zombies: list[Process] = []
        self.broken: list[str] = []
        self.waiting: list[tuple[int, Deferred[None]]] = []
        self.process = Process(self, "n1")
        self.process.load(1)
        self.source.run("CREATE TABLE t(a INTEGER PRIMARY KEY, b)")
        self.committed()

    @property
    def source(self) -> PlainSource:
        """The database that is served."""
        if self.process.source is None:
            raise Broken("no database is loaded")
        return self.process.source

    def committed(self) -> None:
        """Notes the state that the last transaction left."""
        self.states.append(self.source.rows())

    def step(self) -> None:
        """One random thing happens."""
        choices = [self.write] * 12 + [self.wait] * 8 + [self.durable] * 4 + [self.rollback, self.vacuum]
        choices += [self.crash, self.lose_disk, self.take_over, self.reload, self.outage, self.long_wait]
        self.random.choice(choices)()

    def write(self) -> None:
        """A transaction of a few statements."""
        statements: list[tuple[str, tuple[Any, ...]]] = []
        for _ in range(self.random.randint(1, 6)):
            kind = self.random.random()
            blob = self.random.randbytes(self.random.choice([5, 60, 400, 5000]))
            if kind < 0.6:
                statements.append(("INSERT INTO t(b) VALUES (?)", (blob,)))
            elif kind < 0.8:
                statements.append(("UPDATE t SET b = ? WHERE a % 5 = ?", (blob[:50], self.random.randint(0, 4))))
            else:
                statements.append(("DELETE FROM t WHERE a % 4 = ?", (self.random.randint(0, 3),)))
        self.attempt(lambda: self.source.commit(statements))

    def attempt(self, work: Any) -> None:
        """A write, which may be refused but not half done."""
        try:
            work()
        except Unavailable:
            return
        self.committed()

    def rollback(self) -> None:
        """A large transaction that spills into the log and is undone."""
        rows = [("INSERT INTO t(b) VALUES (zeroblob(3000))", ())] * 40
        self.attempt(lambda: self.source.commit(rows, keep=False))

    def vacuum(self) -> None:
        """The database shrinks."""
        sql = "PRAGMA incremental_vacuum" if self.auto_vacuum == 2 else "VACUUM"
        self.attempt(lambda: self.source.run(sql))

    def wait(self) -> None:
        """Time passes."""
        self.world.clock.pump([self.random.choice([0.0, 0.02, 0.1, 0.4])] * 3)

    def long_wait(self) -> None:
        """Minutes pass: levels are merged, snapshots taken, files deleted."""
        self.world.clock.pump([self.random.choice([5.0, 40.0, 400.0])] * 4)

    def durable(self) -> None:
        """Somebody waits for what is committed now."""
        if self.process.replica is None or self.process.replica.state != "live":
            return
        mark = len(self.states) - 1
        process = self.process
        waiting = Deferred.fromCoroutine(self.process.replica.durable())

        def acknowledged(_: None) -> None:
            """The reply went out, unless there is nobody any more to send it."""
            if process.store.dead:
                return
            if mark > process.newest:
                # Up to `newest` its writes were in the log before the new owner's fence: late, but true.
                self.broken.append("a node that lost its tenant acknowledged a write")
                return
            self.acked = max(self.acked, mark)

        waiting.addCallbacks(acknowledged, lambda failure: failure.trap(PbeError))
        self.world.clock.pump([0.05] * self.random.randint(0, 8))

    def outage(self) -> None:
        """The store is away for a while."""
        self.process.store.away = True
        for _ in range(self.random.randint(1, 6)):
            self.write()
            self.wait()
        self.process.store.away = False

    def crash(self) -> None:
        """The process dies and comes back on its disk: nothing that was committed may be missing."""
        self.process.die()
        self.world.clock.pump([self.random.choice([0.0, 0.1, 3.0])])
        self.epoch += self.random.randint(0, 1)
        self.process = Process(self, self.process.node_id)
        self.process.load(self.epoch)
        self.settle(len(self.states) - 1, "after a crash")

    def lose_disk(self) -> None:
        """The machine is lost: what was acknowledged must come back."""
        self.process.die()
        shutil.rmtree(self.process.path.parent)
        self.epoch += 1
        self.process = Process(self, self.process.node_id)
        self.process.load(self.epoch)
        self.settle(self.acked, "after the loss of the disk")

    def take_over(self) -> None:
        """Another node takes the tenant while the old one is paused and wakes up later, still writing."""
        old = self.process
        if old.replica is None:
            return
        zombie = self.random.random() < 0.7
        if not zombie:
            old.die()
        self.epoch += 1
        self.process = Process(self, "n2" if old.node_id == "n1" else "n1")
        for other in [other for other in self.zombies if other.node_id == self.process.node_id]:
            other.die()
            self.zombies.remove(other)
        if zombie:
            self.zombies.append(old)
        acked = self.acked
        self.process.load(self.epoch)
        self.settle(max(acked, self.acked), "after a take-over")
        old.newest = len(self.states) - 1
        if zombie and old.source is not None:
            self.haunt(old)

    def haunt(self, old: Process) -> None:
        """The old owner writes on: none of it may be acknowledged, and in the end it is fenced."""
        if old.source is None or old.replica is None:
            return
        try:
            old.source.commit([("INSERT INTO t(b) VALUES ('zombie')", ())])
        except Unavailable:
            return
        waiting = Deferred.fromCoroutine(old.replica.durable())
        outcome: list[Any] = []
        waiting.addCallbacks(outcome.append, lambda failure: failure.trap(PbeError))
        self.world.clock.pump([0.3] * 20)
        if outcome and outcome[0] is None:
            raise Broken("a node that lost its tenant acknowledged a write")

    def reload(self) -> None:
        """An orderly unload and load on the same node."""
        if self.process.replica is None:
            return
        try:
            self.world.run(self.process.replicator.detach(self.process.replica), steps=2000)
        except PbeError:
            self.crash()
            return
        self.acked = len(self.states) - 1
        self.source.close()
        self.process.load(self.epoch)
        self.settle(len(self.states) - 1, "after a reload")

    def settle(self, least: int, when: str) -> None:
        """The database has to be in a state that was committed, and not older than `least`."""
        rows = self.source.rows() if self.has_table() else []
        found = [index for index, state in enumerate(self.states) if state == rows]
        if not self.has_table() and least < 0:
            self.source.run("CREATE TABLE t(a INTEGER PRIMARY KEY, b)")
            self.states = []
            self.committed()
            self.acked = -1
            return
        if not found or found[-1] < least:
            raise Broken(f"{when} it is at state {found[-1:]}, not {least} or later of {len(self.states)}")
        del self.states[found[-1] + 1 :]
        self.acked = min(self.acked, len(self.states) - 1)

    def has_table(self) -> bool:
        """Whether the table has been created in what was restored."""
        return bool(list(self.source.connection.execute("SELECT 1 FROM sqlite_master WHERE name = 't'")))

    def finish(self, *, stock: bool) -> None:
        """The faults end; what is committed gets there, and both tools restore it."""
        self.process.store.rate, self.process.store.away = 0.0, False
        self.write()
        if self.process.replica is None or self.process.replica.state != "live":
            raise Broken(f"the owner is not live: {self.world.alerts[-3:]}")
        self.world.run(self.process.replica.durable(), steps=4000)
        target = self.world.folder / "restored.db"
        self.world.run(self.process.replicator.copy(TENANT, NAME, str(target)), steps=4000)
        check(target, self.states[-1], "our restore")
        if stock:
            folder = self.world.folder / "exported"
            export_folder(self.inner, folder)
            theirs = self.world.folder / "theirs.db"
            stock_restore(f"file://{folder}/tenants/{TENANT}/litestream/{NAME}", theirs)
            check(theirs, self.states[-1], "litestream's restore")
        if any("failed: Traceback" in alert for alert in self.world.alerts):
            raise Broken(next(alert for alert in self.world.alerts if "failed: Traceback" in alert))
        for process in [*self.zombies, self.process]:
            process.die()
        if self.broken:
            raise Broken(self.broken[0])


def check(path: Path, rows: Rows, what: str) -> None:
    """A restored file is sound and has these rows."""
    source = PlainSource(path)
    try:
        if source.connection.pragma("integrity_check") != "ok" or source.rows() != rows:
            raise Broken(f"{what} is not what was committed")
    finally:
        source.close()


def live(seed: int, steps: int, *, stock: bool) -> None:
    """One life; Broken, or whatever else goes wrong, for a seed that fails."""
    folder = Path(tempfile.mkdtemp(prefix="pbe-soak-"))
    try:
        life = Life(folder, seed)
        for _ in range(steps):
            life.step()
        life.finish(stock=stock)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def main() -> None:
    """Runs seeds and prints those that fail."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=1000)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--steps", type=int, default=60)
    parser.add_argument("--stock-every", type=int, default=25)
    options = parser.parse_args()
    failed = []
    began = time.monotonic()
    for seed in range(options.first, options.first + options.seeds):
        try:
            live(seed, options.steps, stock=seed % options.stock_every == 0)
        except (AssertionError, PbeError, Fenced) as error:
            failed.append(seed)
            print(f"seed {seed}: {type(error).__name__}: {error}", flush=True)  # noqa: T201
    print(f"{options.seeds} seeds, {len(failed)} failed {failed}, {time.monotonic() - began:.0f} s")  # noqa: T201


if __name__ == "__main__":
    main()
