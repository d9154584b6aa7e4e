"""Realtime: events delivered by pbe and by the real PocketBase, in the same run.

    python bench/realtime.py [one|wide|deep] [SECONDS]

    one    200 subscribers of one topic, 50 writes a second
    wide   10,000 subscribers over 100 tenants (100 collections of one real server), 100 writes a second in all
    deep   2,000 subscribers of one topic, 10 writes a second

Each server runs on a core of its own, the crowd on another. Printed: events for each second of the server's CPU time,
latency from the write's start to the subscriber's ears, memory for each subscriber. Ratios are what to look at.
"""

import contextlib
import dataclasses
import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from bench.realtime_crowd import Crowd, Target
from tests.kit.cluster_processes import SUPERUSER
from tests.kit.processes import Pbe, ask
from tests.parity.harness.servers import ADMIN_EMAIL, ADMIN_PASSWORD, RealTemplate

LOADS = {"one": (200, 1, 50.0), "wide": (10_000, 100, 100.0), "deep": (2_000, 1, 10.0), "tiny": (4, 2, 20.0)}
CORE_SERVER, CORE_CROWD = 0, 1
FIELDS = [{"name": "title", "type": "text"}, {"name": "sent", "type": "text"}]


@dataclasses.dataclass
class Result:
    """One measurement."""

    name: str
    events: int
    expected: int
    user_s: float
    kernel_s: float
    p50_ms: float
    p99_ms: float
    kib_each: float

    @property
    def per_cpu_s(self) -> float:
        """Events for each second of the server's CPU time."""
        return self.events / max(self.user_s + self.kernel_s, 0.01)

    def line(self) -> str:
        """For people."""
        return (
            f"{self.name:9} {self.events:8}/{self.expected} events  {self.per_cpu_s:9.0f} per CPU-second"
            f" ({self.kernel_s / max(self.user_s + self.kernel_s, 0.01):.0%} kernel)"
            f"  p50 {self.p50_ms:6.1f} ms  p99 {self.p99_ms:6.1f} ms  {self.kib_each:6.1f} KiB a subscriber"
        )


def cpu_s(pid: int) -> tuple[float, float]:
    """CPU time of a process so far, user's and kernel's."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    ticks = os.sysconf("SC_CLK_TCK")
    return int(fields[11]) / ticks, int(fields[12]) / ticks


def rss_kib(pid: int) -> int:
    """Resident memory of a process."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") // 1024


def pin(pid: int, core: int) -> None:
    """Keep a process, with all its threads, on one core where there is more than one."""
    cores = os.cpu_count() or 1
    for thread in Path(f"/proc/{pid}/task").iterdir():
        with contextlib.suppress(ProcessLookupError):
            os.sched_setaffinity(int(thread.name), {core % cores})


def collection(port: int, host: str, name: str, token: str) -> Target:
    """A collection that anybody may hear of."""
    rules = dict.fromkeys(("listRule", "viewRule"), "")
    body = {"name": name, "type": "base", "fields": FIELDS, **rules}
    headers = {"Host": host, "Authorization": token}
    answer = ask(port, "POST", "/api/collections", body, headers)
    if answer.status != 200:
        raise SystemExit(f"no collection: {answer.content!r}")
    return Target(port, host, name, token)


def login(port: int, host: str, email: str, password: str) -> str:
    """A superuser's token."""
    body = {"identity": email, "password": password}
    answer = ask(port, "POST", "/api/collections/_superusers/auth-with-password", body, {"Host": host})
    return str(answer.json["token"])


@contextlib.contextmanager
def our_server(folder: Path, topics: int) -> Iterator[tuple[int, list[Target]]]:
    """An all-in-one with a tenant for each topic."""
    with Pbe(folder, "all-in-one", f"--max-tenants={topics + 10}").running() as pbe:
        targets = []
        for number in range(topics):
            body = {"id": f"b{number}", "domain": f"b{number}.example.com", "superuser": SUPERUSER}
            if pbe.ask("POST", "/api/cp/tenants", body).status != 201:
                raise SystemExit("no tenant")
            host = f"b{number}.localhost"
            token = login(pbe.port, host, SUPERUSER["email"], SUPERUSER["password"])
            targets.append(collection(pbe.port, host, "notes", token))
        assert pbe.process is not None
        yield pbe.process.pid, targets


@contextlib.contextmanager
def real_server(folder: Path, topics: int) -> Iterator[tuple[int, list[Target]]]:
    """A real server with a collection for each topic."""
    with RealTemplate(folder).peer() as peer:
        host = f"127.0.0.1:{peer.port}"
        token = login(peer.port, host, ADMIN_EMAIL, ADMIN_PASSWORD)
        yield _pid_of(peer.port), [collection(peer.port, host, f"notes{number}", token) for number in range(topics)]


def _pid_of(port: int) -> int:
    """The process that was started to listen on `port`."""
    for entry in Path("/proc").iterdir():
        with contextlib.suppress(OSError):
            if entry.name.isdigit() and f"127.0.0.1:{port}".encode() in (entry / "cmdline").read_bytes():
                return int(entry.name)
    raise SystemExit("the real server is not there")


def measure(name: str, pid: int, targets: list[Target], load: str, transport: str, seconds: float) -> Result:
    """One crowd on one server."""
    subscribers, _, rate = LOADS[load]
    pin(pid, CORE_SERVER)
    before_kib = rss_kib(pid)
    crowd = Crowd(targets, subscribers, transport)
    kib_each = (rss_kib(pid) - before_kib) / subscribers
    try:
        crowd.run(rate, min(seconds, 1.0))
        before_s = cpu_s(pid)
        heard = crowd.run(rate, seconds)
        user_s, kernel_s = (after - before for after, before in zip(cpu_s(pid), before_s, strict=True))
    finally:
        crowd.close()
    expected = heard.writes * subscribers // len(targets)
    latencies = heard.percentile(0.5), heard.percentile(0.99)
    return Result(name, len(heard.latencies_ms), expected, user_s, kernel_s, *latencies, kib_each)


def run(load: str, seconds: float, show: Callable[[str], None] = lambda line: None) -> list[Result]:
    """Every server and transport under one load."""
    topics = LOADS[load][1]
    results = []
    with tempfile.TemporaryDirectory() as name:
        with real_server(Path(name), topics) as (pid, targets):
            results.append(measure("real SSE", pid, targets, load, "sse", seconds))
            show(results[-1].line())
        with our_server(Path(name), topics) as (pid, targets):
            for transport in ("sse", "ws"):
                results.append(measure(f"pbe {transport.upper()}", pid, targets, load, transport, seconds))
                show(results[-1].line())
    return results


if __name__ == "__main__":
    arguments = [*sys.argv[1:], "one", "10"][:2] if len(sys.argv) < 3 else sys.argv[1:3]
    pin(os.getpid(), CORE_CROWD)
    found = run(arguments[0], float(arguments[1]), print)
    print("  ".join(f"{one.name}: {one.per_cpu_s / found[0].per_cpu_s:.1f} x the real server" for one in found[1:]))
