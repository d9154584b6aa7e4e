"""Logging in beside viewing: how many log-ins a second one core gives, and what views take meanwhile.

    python bench/auth.py [SECONDS] [CLIENTS]

One core. A record is viewed over one connection, a request at a time, first alone and then beside clients that log in
again and again with a right password (bcrypt, cost 10): at pbe of another tenant, at the real PocketBase of the same
server, since it has but one. Then the cheap ways: refreshing a session, and views with a session's token. Goal: the p99
of views beside log-ins within twice that alone.
"""

import hashlib
import multiprocessing
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench.load_client import Outcome, run
from bench.servers import EMAIL, PASSWORD, Pbe, PocketBase, Server, real_binary

SECONDS, CLIENTS = 4.0, 4
CORE = 0
LOGIN = "/api/collections/_superusers/auth-with-password"


def logins(port: int, request: bytes, connections: int, seconds: float, told: Any) -> None:
    """Log in for so long; what came of it goes to the queue."""
    outcome = run(port, lambda _: request, connections=connections, seconds=seconds)
    told.put((outcome.answers, outcome.failures, outcome.percentile_ms(0.5), outcome.seconds))


def measure(server: Server, view: bytes, login: bytes, seconds: float, clients: int) -> dict[str, float]:
    """Views alone, then beside log-ins; milliseconds and log-ins a second."""
    run(server.port, lambda _: view, connections=1, seconds=min(seconds, 0.5))
    alone = run(server.port, lambda _: view, connections=1, seconds=seconds)
    told: Any = multiprocessing.Queue()
    busy = multiprocessing.Process(target=logins, args=(server.port, login, clients, seconds + 0.6, told))
    busy.start()
    time.sleep(0.3)
    beside = run(server.port, lambda _: view, connections=1, seconds=seconds)
    answers, failures, login_ms, spent = told.get(timeout=60)
    busy.join(60)
    if failures:
        raise RuntimeError(f"{server.name}: {failures} of {answers} log-ins failed")
    return {
        "alone p50": alone.percentile_ms(0.5),
        "alone p99": alone.percentile_ms(0.99),
        "beside p50": beside.percentile_ms(0.5),
        "beside p99": beside.percentile_ms(0.99),
        "views a second beside": beside.answers / beside.seconds,
        "log-ins a second": answers / spent,
        "log-in p50": login_ms,
    }


def prepare(server: Server) -> bytes:
    """A public record; the request that views it."""
    fields = [{"name": "title", "type": "text"}]
    server.ask("POST", "/api/collections", {"name": "posts", "type": "base", "fields": fields, "viewRule": ""})
    made = server.ask("POST", "/api/collections/posts/records", {"title": "one"})
    return server.request("GET", f"/api/collections/posts/records/{made['id']}")


def sessions(server: Server, view: bytes, seconds: float) -> dict[str, float]:
    """Requests per server CPU-second with a session: a view with its token, and a refresh."""
    token = f"\r\nAuthorization: {server.token}\r\n\r\n".encode()
    with_token = view.replace(b"\r\n\r\n", token)
    refresh = server.request("POST", "/api/collections/_superusers/auth-refresh", token=server.token)
    return {
        "view with a token, per CPU-second": _per_cpu_second(server, with_token, seconds),
        "refresh, per CPU-second": _per_cpu_second(server, refresh, seconds),
    }


def _per_cpu_second(server: Server, request: bytes, seconds: float) -> float:
    began = server.cpu_s()
    outcome: Outcome = run(server.port, lambda _: request, connections=16, seconds=seconds)
    if outcome.failures:
        raise RuntimeError(f"{server.name}: {outcome.first_failure[:200]!r}")
    return outcome.answers / max(server.cpu_s() - began, 0.01)


def compare(seconds: float, clients: int) -> dict[str, dict[str, float]]:
    """Both servers' figures."""
    found: dict[str, dict[str, float]] = {}
    body = {"identity": EMAIL, "password": PASSWORD}
    with tempfile.TemporaryDirectory(prefix="pbe-bench-") as folder:
        real = PocketBase(Path(folder), real_binary(), core=CORE)
        try:
            view = prepare(real)
            found["PocketBase"] = measure(real, view, real.request("POST", LOGIN, body), seconds, clients)
            found["PocketBase"] |= sessions(real, view, seconds)
        finally:
            real.stop()
        pbe = Pbe(Path(folder), core=CORE, tenant="quiet")
        try:
            view = prepare(pbe)
            pbe.create("busy")
            pbe.use("busy")
            login = pbe.request("POST", LOGIN, body)
            pbe.use("quiet")
            found["pbe"] = measure(pbe, view, login, seconds, clients)
            found["pbe"] |= sessions(pbe, view, seconds)
        finally:
            pbe.stop()
    return found


def show(found: dict[str, dict[str, float]]) -> None:
    """A line for each figure, and whether the goal is reached."""
    names = list(found["pbe"])
    print(f"{'':36}" + "".join(f"{server:>14}" for server in found))
    for name in names:
        print(f"{name:36}" + "".join(f"{figures[name]:14.2f}" for figures in found.values()))
    for server, figures in found.items():
        ratio = figures["beside p99"] / max(figures["alone p99"], 1e-6)
        print(f"{server}: p99 of views beside log-ins is {ratio:.2f} times that alone")
    print("work", hashlib.sha256("".join(names).encode()).hexdigest()[:12])


if __name__ == "__main__":
    given = sys.argv[1:]
    show(compare(float(given[0]) if given else SECONDS, int(given[1]) if len(given) > 1 else CLIENTS))
