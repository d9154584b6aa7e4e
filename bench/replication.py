"""Replication beside the real litestream, on the same load in the same run.

    python -m bench.replication [--databases 100] [--seconds 20] [--restore-mib 10 100]

Both replicate into folders. pbe replicates inside the process that writes, so its CPU is that of the process with the
replicator less that of the same process without; litestream's is its own process's. Lag is from a commit to the moment
when the first file that was flushed after it lies in the folder. Prints ratios, and a hash of what was restored.
"""

import argparse
import hashlib
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from pbe.pages.ltx import Header
from tests.kit.plain_source import PlainSource
from tests.peers import litestream

RATE = 2.0
SAMPLED = 5
TICK_S = 0.01


def commit(source: PlainSource, serial: int) -> None:
    """One row, as a small application writes it."""
    text = hashlib.md5(str(serial).encode(), usedforsecurity=False).hexdigest() * 4
    source.commit([("INSERT INTO t(b) VALUES (?)", (text,))])


def open_sources(folder: Path, count: int) -> list[PlainSource]:
    """Databases with one table each, each in a folder of its own."""
    sources = []
    for n in range(count):
        path = folder / f"t{n:04}" / "data.db"
        path.parent.mkdir(parents=True)
        source = PlainSource(path)
        source.run("CREATE TABLE IF NOT EXISTS t(a INTEGER PRIMARY KEY, b)")
        sources.append(source)
    return sources


def child(folder: Path, store: Path, count: int, seconds: float, rate: float, replicate: bool) -> dict[str, Any]:
    """Writes at `rate` commits a second to each of `count` databases; what that cost. In a process of its own."""
    from twisted.internet import reactor
    from twisted.internet.defer import Deferred
    from twisted.internet.task import LoopingCall

    from pbe.objects.folder import FolderStore
    from pbe.replication.replicator import Replicator
    from pbe.storage.workers import Workers

    loop: Any = reactor
    sources = open_sources(folder, count)
    commits: dict[int, list[float]] = {n: [] for n in range(SAMPLED)}
    state: dict[str, Any] = {"serial": 0}
    ship, objects = Workers(4, loop.callFromThread), Workers(8, loop.callFromThread)
    replicator = Replicator(
        FolderStore(store, objects), ship, loop, time.time, node_id="n", jitter=lambda: 0.5, alert=lambda text: None
    )

    def write() -> None:
        """As many commits as are due."""
        due = int((time.monotonic() - state["began"]) * rate * count)
        while state["serial"] < due:
            index = state["serial"] % count
            commit(sources[index], state["serial"])
            if index < SAMPLED:
                commits[index].append(time.time())
            state["serial"] += 1

    async def everything() -> None:
        """Attach, write, rest, measure."""
        if replicate:
            for n, source in enumerate(sources):
                await replicator.attach(f"t{n:04}", source, epoch=1, mode="async")
        pause: Deferred[None] = Deferred()
        loop.callLater(1.5, pause.callback, None)
        await pause
        before, state["began"] = resource.getrusage(resource.RUSAGE_SELF), time.monotonic()
        writing = LoopingCall(write)
        if rate:
            writing.start(TICK_S)
        pause = Deferred()
        loop.callLater(seconds, pause.callback, None)
        await pause
        if rate:
            writing.stop()
        after = resource.getrusage(resource.RUSAGE_SELF)
        state["cpu"] = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        state["rss"] = rss_kib(os.getpid())
        if replicate:
            await replicator.stop()

    def done(_: Any) -> None:
        """Ends the process's loop."""
        ship.stop()
        objects.stop()
        loop.stop()

    loop.callWhenRunning(lambda: Deferred.fromCoroutine(everything()).addBoth(done))
    loop.run()
    return {"cpu": state["cpu"], "commits": state["serial"], "rss": state["rss"], "times": commits}


def rss_kib(pid: int) -> int:
    """Resident memory of a process."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1])
    return 0


def cpu_s(pid: int) -> float:
    """CPU seconds a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class Arrivals:
    """When each level-0 file of the sampled replicas came to lie in its folder."""

    def __init__(self, folders: list[Path]) -> None:
        self._folders = folders
        self._seen: list[dict[str, float]] = [{} for _ in folders]

    def look(self) -> None:
        """Notes what is new."""
        now = time.time()
        for folder, seen in zip(self._folders, self._seen, strict=True):
            if folder.exists():
                for name in os.listdir(folder):
                    if name.endswith(".ltx") and not name.startswith("."):
                        seen.setdefault(name, now)

    def lags(self, commits: dict[int, list[float]]) -> list[float]:
        """Seconds from each sampled commit to the first file flushed after it; commits at the very end are left out."""
        found = []
        for index, (folder, seen) in enumerate(zip(self._folders, self._seen, strict=True)):
            files = [(at, folder / name) for name, at in sorted(seen.items())]
            stamped = [
                (at, Header.unpack(path.read_bytes()).timestamp_ms / 1000) for at, path in files if path.exists()
            ]
            for moment in commits.get(index, []):
                later = [at for at, stamp in stamped if stamp >= moment - 0.001]
                if later:
                    found.append(max(0.0, min(later) - moment))
        return sorted(found)


def run_child(arguments: list[str], arrivals: Arrivals | None) -> dict[str, Any]:
    """Runs `child` in a process, looking for arrivals meanwhile."""
    command = [sys.executable, "-m", "bench.replication", "--child", *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        while process.poll() is None:
            if arrivals is not None:
                arrivals.look()
            time.sleep(TICK_S)
        if arrivals is not None:
            arrivals.look()
        found: dict[str, Any] = json.loads(process.stdout.read() if process.stdout else "{}")
    return found


def percentile(values: list[float], share: float) -> float:
    """A value that `share` of the values stay under."""
    return values[min(len(values) - 1, int(len(values) * share))] if values else float("nan")


def summary(found: dict[str, Any], arrivals: Arrivals) -> dict[str, float]:
    """The figures of a busy run."""
    lags = arrivals.lags({int(index): times for index, times in found["times"].items()})
    cpu = 1000 * found["cpu"] / max(1, found["commits"])
    return {"cpu": cpu, "p50": percentile(lags, 0.5), "p99": percentile(lags, 0.99), "rss": found["rss"] / 1024}


def ours(folder: Path, count: int, seconds: float, rate: float) -> dict[str, float]:
    """Pbe's share of the writing process."""
    options = [str(count), str(seconds), str(rate)]
    plain = run_child([str(folder / "plain"), str(folder / "none"), *options, "0"], None)
    store = folder / "pbe-objects"
    arrivals = Arrivals([store / f"tenants/t{n:04}/litestream/data.db/ltx/0" for n in range(min(SAMPLED, count))])
    with_us = run_child([str(folder / "pbe"), str(store), *options, "1"], arrivals)
    with_us["cpu"] = max(0.0, with_us["cpu"] - plain["cpu"])
    with_us["rss"] -= plain["rss"]
    return summary(with_us, arrivals)


def theirs(folder: Path, count: int, seconds: float, rate: float) -> dict[str, float]:
    """Litestream beside a process that writes."""
    databases, store = folder / "stock", folder / "stock-objects"
    sources = open_sources(databases, count)
    for source in sources:
        source.close()
    lines = ["dbs:"]
    for n in range(count):
        lines += [f"  - path: {databases}/t{n:04}/data.db", "    replica:", f"      url: file://{store}/t{n:04}"]
    config = folder / "litestream.yml"
    config.write_text("\n".join([*lines, ""]))
    process = subprocess.Popen(
        [str(litestream()), "replicate", "-config", str(config)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        time.sleep(4)
        sources = [PlainSource(databases / f"t{n:04}" / "data.db") for n in range(count)]
        arrivals = Arrivals([store / f"t{n:04}/ltx/0" for n in range(min(SAMPLED, count))])
        times: dict[int, list[float]] = {n: [] for n in range(SAMPLED)}
        began, before, serial = time.monotonic(), cpu_s(process.pid), 0
        while (passed := time.monotonic() - began) < seconds:
            while serial < int(passed * rate * count):
                commit(sources[serial % count], serial)
                if serial % count < SAMPLED:
                    times[serial % count].append(time.time())
                serial += 1
            arrivals.look()
            time.sleep(TICK_S)
        used, rss = cpu_s(process.pid) - before, rss_kib(process.pid)
        until = time.monotonic() + 2.5
        while time.monotonic() < until:
            arrivals.look()
            time.sleep(TICK_S)
        for source in sources:
            source.close()
        return summary({"cpu": used, "commits": serial, "rss": rss, "times": times}, arrivals)
    finally:
        process.terminate()
        process.wait()


def restores(folder: Path, mib: int) -> tuple[float, float, str]:
    """MB/s of database bytes restored from a folder by us and by litestream, and a hash of the result."""
    from bench.ltx import make_pages
    from pbe.objects.folder import FolderStore
    from pbe.objects.memory import MemoryStore
    from tests.kit.replication_world import TENANT, World

    world = World(folder / f"restore{mib}", MemoryStore(time.time))
    node = world.node()
    node.path().parent.mkdir(parents=True)
    node.path().write_bytes(make_pages(mib))
    store = FolderStore(folder / f"objects{mib}", world.workers)
    world.store = store
    node = world.node()
    node.load()
    for n in range(20):
        node.write(("UPDATE posts SET views = ? WHERE rowid % 997 = ?", (n, n)))
        world.clock.advance(1)
    size = node.path().stat().st_size
    target = folder / f"ours{mib}.db"
    best = [0.0, 0.0]
    for _ in range(3):
        target.unlink(missing_ok=True)
        start = time.perf_counter()
        world.run(node.replicator.copy(TENANT, "data.db", str(target)))
        best[0] = max(best[0], size / (time.perf_counter() - start) / 1e6)
    replica = f"file://{folder}/objects{mib}/tenants/{TENANT}/litestream/data.db"
    for _ in range(3):
        other = folder / f"theirs{mib}.db"
        other.unlink(missing_ok=True)
        start = time.perf_counter()
        subprocess.run([str(litestream()), "restore", "-o", str(other), replica], check=True, capture_output=True)
        best[1] = max(best[1], size / (time.perf_counter() - start) / 1e6)
    if other.read_bytes() != target.read_bytes():
        raise AssertionError("the two restores differ")
    return best[0], best[1], hashlib.sha256(target.read_bytes()).hexdigest()[:12]


def run(databases: int, seconds: float, restore_mib: list[int]) -> dict[str, Any]:
    """Everything, in a temporary folder."""
    folder = Path(tempfile.mkdtemp(prefix="pbe-bench-"))
    try:
        found: dict[str, Any] = {}
        for name, rate in (("busy", RATE), ("idle", 0.0)):
            place = folder / name
            place.mkdir()
            found[name] = (ours(place, databases, seconds, rate), theirs(place, databases, seconds, rate))
        found["restore"] = {mib: restores(folder, mib) for mib in restore_mib}
        return found
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def show(found: dict[str, Any], databases: int, seconds: float) -> None:
    """Prints what was found, ours, theirs, and the ratio."""

    def line(what: str, mine: float, stock: float, unit: str) -> None:
        """One figure."""
        print(f"{what:<46} pbe {mine:9.3f}  litestream {stock:9.3f} {unit:<5} ratio {mine / stock if stock else 0:.2f}")

    (mine, stock), (idle, stock_idle) = found["busy"], found["idle"]
    line(f"CPU for 1,000 commits over {databases} databases", mine["cpu"], stock["cpu"], "s")
    line("lag, half of the commits below", mine["p50"], stock["p50"], "s")
    line("lag, 99 of 100 below", mine["p99"], stock["p99"], "s")
    line("memory, busy", mine["rss"], stock["rss"], "MiB")
    line("memory, idle", idle["rss"], stock_idle["rss"], "MiB")
    line("CPU, idle", idle["cpu"] / seconds / 10, stock_idle["cpu"] / seconds / 10, "%")
    for mib, (ours_mb, theirs_mb, digest) in found["restore"].items():
        line(f"restore of {mib} MiB ({digest})", ours_mb, theirs_mb, "MB/s")


def main() -> None:
    """Prints the figures, or is the child that writes."""
    if sys.argv[1:2] == ["--child"]:
        folder, store, count, seconds, rate, replicate = sys.argv[2:]
        out = child(Path(folder), Path(store), int(count), float(seconds), float(rate), replicate == "1")
        print(json.dumps(out))
        return
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--databases", type=int, default=100)
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--restore-mib", type=int, nargs="*", default=[10, 100])
    options = parser.parse_args()
    found = run(options.databases, options.seconds, options.restore_mib)
    show(found, options.databases, options.seconds)


if __name__ == "__main__":
    main()
