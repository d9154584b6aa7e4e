"""Commits, linearizable reads and failover of three members on one disk: pbe (both logs), etcd, pysyncobj, in one run.

``python -m bench.raft_commit [--seconds 4] [--kills 5] [--only pbe,segments,etcd,pysyncobj]``. 256-byte values, every
member fsyncs. pbe: its real members (links that prove the secret, the real state machine with its indexes and events),
asked over a line protocol. etcd: Debian's, asked over its own HTTP/JSON gateway, which costs it something. pysyncobj: a
replicated dict with its journal on disk, three members in processes, asked over the same line protocol.
"""

import argparse
import base64
import contextlib
import json
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from bench.raft_clients import Measured, http_complete, line_complete, load

MEMBERS = ("cp-1", "cp-2", "cp-3")
KEY = base64.b64encode(b"key").decode()
VALUE = base64.b64encode(b"x" * 256).decode()


def free_ports(count: int) -> list[int]:
    """Ports that nobody listens on now."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


class Cluster:
    """Three processes; `ports` are those for clients, `commands` what starts each."""

    def __init__(self, commands: list[list[str]], ports: list[int], ask: Callable[[int], bytes | None]) -> None:
        self._commands, self.ports, self._ask = commands, ports, ask
        self.processes = [self._start(command) for command in commands]

    def _start(self, command: list[str]) -> subprocess.Popen[bytes]:
        return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def leader(self, timeout_s: float = 20.0) -> int:
        """The position of the member that leads."""
        until = time.monotonic() + timeout_s
        while time.monotonic() < until:
            for position, port in enumerate(self.ports):
                if self.processes[position].poll() is None and self._ask(port) == str(position).encode():
                    return position
            time.sleep(0.02)
        raise TimeoutError("no leader")

    def kill(self, position: int) -> None:
        """The member's process dies."""
        self.processes[position].kill()
        self.processes[position].wait()

    def restart(self, position: int) -> None:
        """The member starts again on its disk."""
        self.processes[position] = self._start(self._commands[position])

    def stop(self) -> None:
        """End all processes."""
        for process in self.processes:
            process.kill()
            process.wait()


def exchange(port: int, request: bytes, complete: Callable[[bytes], bool], timeout_s: float = 1.0) -> bytes:
    """One request on a connection of its own; b"" when it fails."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout_s) as connection:
            connection.sendall(request)
            answer = b""
            while not complete(answer):
                data = connection.recv(65536)
                if not data:
                    return b""
                answer += data
            return answer
    except OSError:
        return b""


def http(path: str, body: dict[str, object]) -> bytes:
    """A POST of JSON."""
    data = json.dumps(body).encode()
    return b"POST %s HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%s" % (path.encode(), len(data), data)


@contextlib.contextmanager
def lines_cluster(module: str, folder: Path, *extra: str) -> Iterator[Cluster]:
    """Members of ours or of pysyncobj, as `bench.<module>` processes."""
    ports, client_ports = free_ports(3), free_ports(3)
    pairs = [f"{name}={port}" for name, port in zip(MEMBERS, ports, strict=True)]
    commands = [
        [sys.executable, "-m", f"bench.{module}", name, str(folder / name), str(client_port), *extra, *pairs]
        for name, client_port in zip(MEMBERS, client_ports, strict=True)
    ]

    def ask(port: int) -> bytes | None:
        name = exchange(port, b"L\n", line_complete)[1:-1].decode()
        return str(MEMBERS.index(name)).encode() if name in MEMBERS else None

    cluster = Cluster(commands, client_ports, ask)
    try:
        yield cluster
    finally:
        cluster.stop()


@contextlib.contextmanager
def etcd_cluster(folder: Path) -> Iterator[Cluster]:
    """Debian's etcd."""
    ports, client_ports = free_ports(3), free_ports(3)
    urls = [f"http://127.0.0.1:{port}" for port in ports]
    client_urls = [f"http://127.0.0.1:{port}" for port in client_ports]
    initial = ",".join(f"{name}={url}" for name, url in zip(MEMBERS, urls, strict=True))
    commands = [
        [
            *("etcd", "--name", name, "--data-dir", str(folder / name), "--initial-cluster", initial),
            *("--initial-advertise-peer-urls", url, "--listen-peer-urls", url),
            *("--advertise-client-urls", client_url, "--listen-client-urls", client_url, "--log-level", "error"),
        ]
        for name, url, client_url in zip(MEMBERS, urls, client_urls, strict=True)
    ]
    ids: dict[str, int] = {}

    def ask(port: int) -> bytes | None:
        answer = exchange(port, http("/v3/maintenance/status", {}), http_complete).partition(b"\r\n\r\n")[2]
        if not answer.startswith(b"{"):
            return None
        status = json.loads(answer)
        ids[status["header"]["member_id"]] = client_ports.index(port)
        leader = ids.get(status.get("leader", ""))
        return None if leader is None else str(leader).encode()

    cluster = Cluster(commands, client_ports, ask)
    try:
        yield cluster
    finally:
        cluster.stop()


def line_write(client: int, number: int) -> bytes:
    """A write of a key of its own."""
    return f"W k{client}-{number}-{time.time_ns()}\n".encode()


def line_read(client: int, number: int) -> bytes:
    """A linearizable read."""
    return b"R\n"


def etcd_write(client: int, number: int) -> bytes:
    """A put of a key of its own."""
    key = base64.b64encode(f"k{client}-{number}".encode()).decode()
    return http("/v3/kv/put", {"key": key, "value": VALUE})


def etcd_read(client: int, number: int) -> bytes:
    """A linearizable get."""
    return http("/v3/kv/range", {"key": KEY})


def measure(name: str, cluster: Cluster, seconds: float, kills: int) -> dict[str, Measured]:
    """One system's rows, printed as they come."""
    ours = name != "etcd"
    write, read = (line_write, line_read) if ours else (etcd_write, etcd_read)
    complete, good = (line_complete, (b"+",)) if ours else (http_complete, (b"HTTP/1.1 200",))
    leader = cluster.leader()
    port = cluster.ports[leader]
    load(port, 8, min(1.0, seconds), write, complete, good)
    rows = {
        "write 1": load(port, 1, seconds, write, complete, good),
        "write 64": load(port, 64, seconds, write, complete, good),
        "read 64": load(port, 64, seconds, read, complete, good),
        "read 64 at a follower": load(cluster.ports[(leader + 1) % 3], 64, seconds, read, complete, good),
    }
    for title, row in rows.items():
        print(f"{name:10} {title:22} {row.row()}", flush=True)
    if kills:
        times = [failover(cluster, write, complete, good) for _ in range(kills)]
        worst, median = max(times), statistics.median(times)
        print(
            f"{name:10} kill -9 of the leader   writes back after {median:.3f} s median, {worst:.3f} s worst of {kills}"
        )
    return rows


def failover(
    cluster: Cluster, write: Callable[[int, int], bytes], complete: Callable[[bytes], bool], good: tuple
) -> float:
    """Kill the leader; seconds until another member acknowledges a write."""
    leader = cluster.leader()
    time.sleep(1.0)
    others = [port for position, port in enumerate(cluster.ports) if position != leader]
    cluster.kill(leader)
    began, number = time.perf_counter(), 0
    while True:
        number += 1
        answer = exchange(others[number % 2], write(99, number), complete, 2.0)
        if answer.startswith(good):
            break
        if time.perf_counter() - began > 20:
            raise TimeoutError("writes are not back")
    took = time.perf_counter() - began
    cluster.restart(leader)
    cluster.leader()
    time.sleep(1.0)
    return took


def run(only: list[str], seconds: float, kills: int) -> dict[str, dict[str, Measured]]:
    """Measure the systems named, in turn."""
    results: dict[str, dict[str, Measured]] = {}
    folder = Path(tempfile.mkdtemp(prefix="raft-commit-", dir=Path.cwd()))
    starts = {
        "pbe": lambda where: lines_cluster("raft_member", where, "lmdb"),
        "segments": lambda where: lines_cluster("raft_member", where, "segments"),
        "etcd": etcd_cluster,
        "pysyncobj": lambda where: lines_cluster("raft_pysyncobj", where),
    }
    try:
        for name in only:
            where = folder / name
            where.mkdir()
            with starts[name](where) as cluster:
                # Neither of the others' members can be killed and come back: one cannot be read, one forgets its vote.
                results[name] = measure(name, cluster, seconds, kills if name in ("pbe", "etcd") else 0)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return results


def main() -> None:
    """The command line; ends with the ratios."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=4.0)
    parser.add_argument("--kills", type=int, default=5)
    parser.add_argument("--only", default="pbe,segments,etcd,pysyncobj")
    arguments = parser.parse_args()
    results = run(arguments.only.split(","), arguments.seconds, arguments.kills)
    ours = results.get("pbe", {})
    for name, rows in results.items():
        if name == "pbe" or not ours:
            continue
        ratios = ", ".join(f"{title} x{ours[title].rate / rows[title].rate:.2f}" for title in rows if rows[title].rate)
        print(f"pbe against {name}: {ratios}")


if __name__ == "__main__":
    main()
