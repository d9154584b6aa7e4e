"""A node that is killed: real processes, real files, a real clock.

`python -m tests.kit.killed_node --kills 200` kills a writing node 200 times, deletes its disk each time, and starts it
again: `sync` may lose no acknowledged row, `async` none that was committed more than a second before.
"""

import argparse
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from twisted.internet.defer import Deferred

from pbe.objects.folder import FolderStore
from pbe.replication.replicator import Replicator
from pbe.storage.workers import Workers
from tests.kit.plain_source import PlainSource

ASYNC_LOSS_S_MAX = 1.0
START_S_MAX = 60


def say(*words: object) -> None:
    """One line to whoever kills."""
    sys.stdout.write(" ".join(map(str, words)) + "\n")
    sys.stdout.flush()


async def serve(loop: Any, replicator: Replicator, folder: Path, tenant_id: str, epoch: int, sync: bool) -> None:
    """Restores a tenant, says what it has, and writes rows for ever."""
    path = folder / tenant_id / "data.db"
    path.parent.mkdir(parents=True, exist_ok=True)
    await replicator.restore(tenant_id, "data.db", str(path))
    source = PlainSource(path)
    replica = await replicator.attach(tenant_id, source, epoch=epoch, mode="async")
    source.run("CREATE TABLE IF NOT EXISTS t(a INTEGER PRIMARY KEY, b)")
    count, last = next(iter(source.connection.execute("SELECT count(*), coalesce(max(a), 0) FROM t")))
    say("has", tenant_id, count, last)
    while True:
        last += 1
        source.commit([("INSERT INTO t VALUES (?, zeroblob(500))", (last,))])
        if sync:
            await replica.durable()
        say("row", tenant_id, last, time.time())
        pause: Deferred[None] = Deferred()
        loop.callLater(random.uniform(0.0, 0.1), pause.callback, None)
        await pause


def node(folder: Path, store: Path, tenants: int, epoch: int, sync: bool) -> None:
    """The node's process, which never ends by itself."""
    from twisted.internet import reactor

    loop: Any = reactor
    ship, objects = Workers(2, loop.callFromThread), Workers(8, loop.callFromThread)
    replicator = Replicator(
        FolderStore(store, objects),
        ship,
        loop,
        time.time,
        node_id=f"n{epoch}",
        jitter=random.random,
        alert=lambda text: say("alert", text.replace("\n", " ")),
    )

    def begin() -> None:
        """All tenants at once."""
        for n in range(tenants):
            serving = Deferred.fromCoroutine(serve(loop, replicator, folder, f"t{n}", epoch, sync))
            serving.addErrback(lambda failure: say("error", failure.getErrorMessage()))

    loop.callWhenRunning(begin)
    loop.run()


class Killer:
    """Starts nodes over one store and remembers what they said."""

    def __init__(self, folder: Path, tenants: int, sync: bool, seed: int) -> None:
        self._folder = folder
        self._tenants = tenants
        self._sync = sync
        self._random = random.Random(seed)
        self._rows: dict[str, list[tuple[int, float]]] = {}
        self._epoch = 0

    def start(self) -> "subprocess.Popen[str]":
        """A node on an empty disk; returns once it has said what every tenant has, which is checked."""
        self._epoch += 1
        disk = self._folder / "disk"
        shutil.rmtree(disk, ignore_errors=True)
        options = [str(disk), str(self._folder / "objects"), str(self._tenants), str(self._epoch), str(int(self._sync))]
        command = [sys.executable, "-m", "tests.kit.killed_node", "--node", *options]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        waiting = {f"t{n}" for n in range(self._tenants)}
        while waiting:
            words = self._line(process)
            if words[0] == "has":
                waiting.discard(words[1])
                self.check(words[1], int(words[2]), int(words[3]))
        return process

    def _line(self, process: "subprocess.Popen[str]") -> list[str]:
        words = (process.stdout.readline() if process.stdout else "").split()
        if not words or words[0] == "error":
            raise AssertionError(f"the node ended: {words}")
        if words[0] == "row":
            self._rows.setdefault(words[1], []).append((int(words[2]), float(words[3])))
        return words

    def check(self, tenant_id: str, count: int, last: int) -> None:
        """What came back has every row that may not be lost, and no gap."""
        least = max((row for row, _ in self._rows.get(tenant_id, [])), default=0)
        if count != last or last < least:
            raise AssertionError(f"{tenant_id} has {count} rows up to {last}, and may not have lost row {least}")
        self._rows[tenant_id] = []

    def kill(self, process: "subprocess.Popen[str]") -> None:
        """Lets the node write for a while, then kills it, and forgets rows that it was allowed to lose."""
        until = time.monotonic() + self._random.uniform(0.3, 1.5)
        while time.monotonic() < until:
            self._line(process)
        killed = time.time()
        os.kill(process.pid, signal.SIGKILL)
        rest = process.stdout.read().splitlines() if process.stdout else []
        process.wait()
        if process.stdout:
            process.stdout.close()
        for words in (line.split() for line in rest):
            if len(words) == 4 and words[0] == "row":
                self._rows.setdefault(words[1], []).append((int(words[2]), float(words[3])))
        if not self._sync:
            for tenant_id, rows in self._rows.items():
                self._rows[tenant_id] = [row for row in rows if row[1] < killed - ASYNC_LOSS_S_MAX]


def kill_often(folder: Path, kills: int, tenants: int, *, sync: bool, seed: int = 1) -> None:
    """Kills a node `kills` times; AssertionError where a row is lost that may not be."""
    killer = Killer(folder, tenants, sync, seed)
    process = killer.start()
    for _ in range(kills):
        killer.kill(process)
        process = killer.start()
    process.kill()
    process.wait()
    if process.stdout:
        process.stdout.close()


def main() -> None:
    """Kills, or is killed."""
    if sys.argv[1:2] == ["--node"]:
        disk, store, tenants, epoch, sync = sys.argv[2:]
        node(Path(disk), Path(store), int(tenants), int(epoch), sync == "1")
        return
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--tenants", type=int, default=20)
    options = parser.parse_args()
    for sync in (True, False):
        folder = Path(tempfile.mkdtemp(prefix="pbe-kill-"))
        kill_often(folder, options.kills // 2, options.tenants, sync=sync)
        shutil.rmtree(folder)
        say("sync" if sync else "async", options.kills // 2, "kills, nothing lost")


if __name__ == "__main__":
    main()
