"""A tenant's HTTP API beside the real PocketBase: requests per server CPU-second, each server on one core, in turn.

    python bench/tenant_http.py [ROWS] [SECONDS] [ROUNDS]

CPU seconds of the server's whole process count, so a slow client or neighbour costs little. Both servers hold the same
rows and give the same answers (compared before each run, times apart). Each has on what a tenant has on by default:
request log, rules, limits, hooks, and on pbe's side replication to a folder. Prints the ratio for each line.
"""

import hashlib
import json
import random
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench.load_client import Outcome, run
from bench.servers import Pbe, PocketBase, Server, real_binary

ROWS, SECONDS, ROUNDS = 10_000, 1.5, 2
AUTHORS = 50
CONNECTIONS = 32
BATCH = 50
CORE = 0
POSTS = "/api/collections/posts/records"
GOALS = {
    "view": 4,
    "list 30, first page": 10,
    "list 30, random page": 8,
    "list 30, no total": 8,
    "list + expand": 10,
    "protected list": 8,
    "filter + sort": 12,
    "create": 4,
    "update": 5,
    "batch of 50": 3,
}
Requests = Callable[[int], bytes]


def fill(server: Server, rows: int) -> str:
    """The same collections and rows on every server; the token of one author."""
    field = lambda name, kind, **options: {"name": name, "type": kind, **options}  # noqa: E731
    people = server.ask("GET", "/api/collections/users")
    for rule in ("listRule", "viewRule"):
        people[rule] = ""
    server.ask("PATCH", "/api/collections/users", people)
    for number in range(AUTHORS):
        body = {"id": author(number), "email": f"a{number}@x.co", "password": "1234567890", "name": f"Author {number}"}
        server.ask("POST", "/api/collections/users/records", {**body, "passwordConfirm": "1234567890"})
    fields = [
        field("title", "text"),
        field("body", "editor"),
        field("n", "number"),
        field("active", "bool"),
        field("kind", "select", values=["a", "b", "c"]),
        field("tags", "select", values=["x", "y", "z"], maxSelect=3),
        field("data", "json"),
        field("author", "relation", collectionId=people["id"], maxSelect=1),
        field("created", "autodate", onCreate=True),
        field("updated", "autodate", onCreate=True, onUpdate=True),
    ]
    rules = dict.fromkeys(("listRule", "viewRule", "createRule", "updateRule", "deleteRule"), "")
    server.ask("POST", "/api/collections", {"name": "posts", "type": "base", "fields": fields, **rules})
    private = {**rules, "listRule": "author = @request.auth.id"}
    named = [{**one, "id": ""} for one in fields]
    server.ask("POST", "/api/collections", {"name": "private", "type": "base", "fields": named, **private})
    server.ask("PATCH", "/api/settings", {"batch": {"enabled": True, "maxRequests": BATCH, "timeout": 60}})
    for collection in ("posts", "private"):
        for start in range(0, rows, BATCH):
            wanted = [
                {
                    "method": "POST",
                    "url": f"/api/collections/{collection}/records",
                    "body": {"id": post(n), **values(n)},
                }
                for n in range(start, min(start + BATCH, rows))
            ]
            server.ask("POST", "/api/batch", {"requests": wanted})
    signed = {"identity": "a7@x.co", "password": "1234567890"}
    return str(server.ask("POST", "/api/collections/users/auth-with-password", signed)["token"])


def post(number: int) -> str:
    """A record's id."""
    return f"post{number:011}"


def author(number: int) -> str:
    """A user's id."""
    return f"user{number % AUTHORS:011}"


def values(number: int) -> dict[str, Any]:
    """A post's values."""
    return {
        "title": f"Post number {number}",
        "body": f"<p>Some text of post {number}, as long as people write it on a good day, with a few words more.</p>",
        "n": (number * 7919) % 10_007 / 4,
        "active": number % 3 == 0,
        "kind": "abc"[number % 3],
        "tags": ["x", "y", "z"][: number % 4],
        "data": {"views": number, "labels": ["one", "two"]},
        "author": author(number),
    }


def endpoints(server: Server, rows: int, token: str) -> dict[str, tuple[Requests, int]]:
    """The requests of each line, and how many answers one of its requests stands for."""
    get = lambda path, who="": server.request("GET", path, token=who)  # noqa: E731
    pages = max(rows // 30, 1)
    order = random.Random(7)
    picked = [order.randrange(rows) for _ in range(4096)]
    spread = [order.randrange(pages) + 1 for _ in range(512)]

    def cycle(made: list[bytes]) -> Requests:
        return lambda number: made[number % len(made)]

    def batch(number: int) -> bytes:
        body = [{"method": "POST", "url": POSTS, "body": values(number * BATCH + k)} for k in range(BATCH)]
        return server.request("POST", "/api/batch", {"requests": body})

    filtered = f"{POSTS}?filter=n%3E1000%20%26%26%20active%3Dtrue&sort=-n,title"
    return {
        "view": (cycle([get(f"{POSTS}/{post(n)}") for n in picked]), 1),
        "list 30, first page": (cycle([get(POSTS)]), 1),
        "list 30, random page": (cycle([get(f"{POSTS}?page={page}") for page in spread]), 1),
        "list 30, no total": (cycle([get(f"{POSTS}?skipTotal=1&page={page}") for page in spread]), 1),
        "list + expand": (cycle([get(f"{POSTS}?expand=author&page={page}") for page in spread]), 1),
        "protected list": (cycle([get("/api/collections/private/records", token)]), 1),
        "filter + sort": (cycle([get(filtered)]), 1),
        "create": (lambda n: server.request("POST", POSTS, values(n)), 1),
        "update": (
            lambda n: server.request("PATCH", f"{POSTS}/{post(picked[n % 4096])}", {"title": f"New {n}", "n": n}),
            1,
        ),
        "batch of 50": (batch, 1),
    }


def digest(server: Server, requests: Requests) -> str:
    """A hash of the first answer, without what differs by time."""
    import socket

    from bench.load_client import answer_end

    with socket.create_connection(("127.0.0.1", server.port)) as connection:
        connection.sendall(requests(0))
        data = b""
        while answer_end(data) < 0:
            data += connection.recv(1 << 20)
    head, _, body = data.partition(b"\r\n\r\n")
    if b"chunked" in head.lower():
        body = _unchunked(body)
    parsed = json.loads(body)
    return hashlib.sha256(json.dumps(_timeless(parsed), sort_keys=True).encode()).hexdigest()[:12]


def _unchunked(body: bytes) -> bytes:
    out = b""
    while body:
        size, _, rest = body.partition(b"\r\n")
        length = int(size, 16)
        if not length:
            break
        out += rest[:length]
        body = rest[length + 2 :]
    return out


def _timeless(value: Any) -> Any:
    if isinstance(value, dict):
        dropped = ("created", "updated", "collectionId", "id")
        return {key: _timeless(item) for key, item in value.items() if key not in dropped}
    return [_timeless(item) for item in value] if isinstance(value, list) else value


def measure(server: Server, requests: Requests, seconds: float) -> tuple[float, Outcome]:
    """Requests per CPU second, and the run."""
    before = server.cpu_s()
    outcome = run(server.port, requests, connections=CONNECTIONS, seconds=seconds)
    spent = server.cpu_s() - before
    if outcome.failures:
        raise RuntimeError(f"{server.name}: {outcome.failures} failures, {outcome.first_failure[:400]!r}")
    return outcome.answers / max(spent, 1e-3), outcome


def compare(rows: int, seconds: float, rounds: int, binary: Path) -> dict[str, dict[str, float]]:
    """Requests per CPU second by line and server; prints each line as it is known."""
    with tempfile.TemporaryDirectory(prefix="pbe-bench-") as folder:
        servers: list[Server] = [Pbe(Path(folder), core=CORE), PocketBase(Path(folder), binary, core=CORE)]
        try:
            lines = {server.name: endpoints(server, rows, fill(server, rows)) for server in servers}
            print(f"{rows} rows, {CONNECTIONS} connections, requests per server CPU-second, one core each, in turn")
            found = {}
            for line in lines["pbe"]:
                found[line] = _line(line, servers, lines, seconds, rounds)
            return found
        finally:
            for server in servers:
                server.stop()


def _line(line: str, servers: list[Server], lines: dict[str, Any], seconds: float, rounds: int) -> dict[str, float]:
    digests = {server.name: digest(server, lines[server.name][line][0]) for server in servers}
    if len(set(digests.values())) != 1:
        raise RuntimeError(f"{line}: the answers differ, {digests}")
    rates: dict[str, list[float]] = {server.name: [] for server in servers}
    latency = {}
    for _ in range(rounds):
        for server in servers:
            rate, outcome = measure(server, lines[server.name][line][0], seconds)
            rates[server.name].append(rate)
            latency[server.name] = outcome.percentile_ms(0.99)
    best = {name: max(values) for name, values in rates.items()}
    ratio = best["pbe"] / best["PocketBase"]
    print(
        f"{line:22} pbe {best['pbe']:9.0f}   PocketBase {best['PocketBase']:9.0f}   ratio {ratio:5.1f}"
        f"   goal {GOALS[line]:3}   p99 ms {latency['pbe']:6.1f} / {latency['PocketBase']:6.1f}"
        f"   answers {digests['pbe']}",
        flush=True,
    )
    return best


def main() -> None:
    """The command line."""
    given = sys.argv[1:]
    rows = int(given[0]) if given else ROWS
    seconds = float(given[1]) if len(given) > 1 else SECONDS
    rounds = int(given[2]) if len(given) > 2 else ROUNDS
    compare(rows, seconds, rounds, real_binary())


if __name__ == "__main__":
    main()
