"""One tenant runs the worst it can; what do the others' views take meanwhile?

    python bench/noisy_neighbour.py [ROWS] [SECONDS]

One node, one core. A quiet tenant's record is viewed over one connection, a request at a time, first alone and then
beside each kind of abuse by two clients of another tenant. Prints p50 and p99 of the views, how they compare with those
alone, and what the abuser got: its slow result or a clear refusal, and how often. Goal: p99 within twice that alone, or
under 10 ms.
"""

import http.client
import json
import multiprocessing
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench.load_client import Outcome, run
from bench.servers import Pbe

ROWS, SECONDS = 200_000, 4.0
ABUSERS = 2
CORE = 0
BODY_BYTES = 32 * 1024 * 1024
P99_MS_GOAL = 10.0
Ask = tuple[str, str, Any]


def sql(text: str) -> Ask:
    """A superuser's own SQL."""
    return ("POST", "/api/sql", {"query": text})


def abuses() -> dict[str, Ask]:
    """The worst requests, by name."""
    big = "/api/collections/big/records"
    return {
        "cross join in SQL": sql("SELECT count(*) FROM big a, big b WHERE a.n + b.n = 1"),
        "count(*) over all rows": sql("SELECT count(*) FROM big"),
        "one long function": sql("SELECT length(replace(hex(zeroblob(20000000)), '0', 'xx'))"),
        "filter without index": ("GET", f"{big}?filter=title~'zzz'%26%26n!=1&sort=-title", None),
        "a view over all of it": ("GET", "/api/collections/all_of_it/records?sort=-total", None),
        "cross join by @collection": ("GET", f"{big}?filter=@collection.big.n%3E@collection.big:x.n", None),
        "a regular expression": ("POST", "/api/collections/strict/records", {"text": "a" * 4000 + "!"}),
        "a body of 32 MB": ("POST", big, {"title": "x" * (BODY_BYTES - 100)}),
        "a body of many keys": ("POST", big, {f"k{number}": [number] for number in range(200_000)}),
        "a thousand rows again": ("GET", f"{big}?perPage=1000", None),
    }


def fill(server: Pbe, rows: int) -> None:
    """The abuser's collections, in the tenant that the server speaks to."""
    rules = dict.fromkeys(("listRule", "viewRule", "createRule", "updateRule", "deleteRule"), "")
    fields = [{"name": "title", "type": "text", "max": BODY_BYTES}, {"name": "n", "type": "number"}]
    server.ask("POST", "/api/collections", {"name": "big", "type": "base", "fields": fields, **rules})
    pattern = {"name": "text", "type": "text", "pattern": "^(a+)+$"}
    server.ask("POST", "/api/collections", {"name": "strict", "type": "base", "fields": [pattern], **rules})
    insert = (
        f"WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c WHERE i < {rows})"
        " INSERT INTO big (id, title, n) SELECT printf('row%012d', i), 'Title ' || i, i FROM c"
    )
    server.ask(*sql(insert))
    view = "SELECT a.id, sum(a.n * b.n) AS total FROM big a JOIN big b ON a.n % 977 = b.n % 977 GROUP BY a.id"
    server.ask(
        "POST",
        "/api/collections",
        {"name": "all_of_it", "type": "view", "viewQuery": view, "listRule": "", "viewRule": ""},
    )


def abuse(port: int, headers: dict[str, str], ask: Ask, until: float, told: Any) -> None:
    """Ask the same again and again until then; tells status and seconds of each answer."""
    method, path, body = ask
    data = json.dumps(body) if body is not None else None
    while time.monotonic() < until:
        began = time.monotonic()
        try:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
            connection.request(method, path, data, {**headers, "Content-Type": "application/json"})
            response = connection.getresponse()
            response.read()
            status = response.status
            connection.close()
        except OSError:
            status = 0
        told.put((status, time.monotonic() - began))


def beside(server: Pbe, headers: dict[str, str], ask: Ask, views: Callable[[int], bytes], seconds: float) -> Any:
    """The views' outcome while the abusers ask, and what these were told."""
    told: Any = multiprocessing.Queue()
    until = time.monotonic() + seconds + 0.5
    arguments = (server.port, headers, ask, until, told)
    abusers = [multiprocessing.Process(target=abuse, args=arguments) for _ in range(ABUSERS)]
    for process in abusers:
        process.start()
    time.sleep(0.3)
    outcome = run(server.port, views, connections=1, seconds=seconds)
    answers = []
    for process in abusers:
        process.join(60)
        process.kill()
    while not told.empty():
        answers.append(told.get())
    return outcome, answers


def compare(rows: int, seconds: float) -> dict[str, float]:
    """p99 in milliseconds by abuse, "alone" among them."""
    with tempfile.TemporaryDirectory(prefix="pbe-bench-") as folder:
        server = Pbe(Path(folder), core=CORE, tenant="quiet")
        try:
            return _compare(server, rows, seconds)
        finally:
            server.stop()


def _compare(server: Pbe, rows: int, seconds: float) -> dict[str, float]:
    fields = [{"name": "title", "type": "text"}]
    server.ask("POST", "/api/collections", {"name": "posts", "type": "base", "fields": fields, "viewRule": ""})
    made = server.ask("POST", "/api/collections/posts/records", {"title": "one"})
    view = server.request("GET", f"/api/collections/posts/records/{made['id']}")
    server.create("hostile")
    server.use("hostile")
    fill(server, rows)
    headers = {**server.headers, "Authorization": server.token}
    alone = run(server.port, lambda _: view, connections=1, seconds=seconds)
    found = {"alone": alone.percentile_ms(0.99)}
    print(f"{rows} rows of the abuser, {ABUSERS} abusers, views of another tenant one at a time, milliseconds")
    print(_line("alone", alone, alone, []))
    for name, ask in abuses().items():
        outcome, answers = beside(server, headers, ask, lambda _: view, seconds)
        found[name] = outcome.percentile_ms(0.99)
        print(_line(name, outcome, alone, answers), flush=True)
    return found


def _line(name: str, outcome: Outcome, alone: Outcome, answers: list[tuple[int, float]]) -> str:
    p99 = outcome.percentile_ms(0.99)
    ratio = p99 / max(alone.percentile_ms(0.99), 1e-6)
    good = "yes" if p99 < P99_MS_GOAL or ratio <= 2 else "NO"
    worst = max((spent for _, spent in answers), default=0.0)
    statuses = ", ".join(f"{count} x {status}" for status, count in _counted(answers))
    return (
        f"{name:26} p50 {outcome.percentile_ms(0.5):7.2f}  p99 {p99:8.2f}  max {outcome.percentile_ms(1.0):8.2f}"
        f"  x{ratio:6.1f}  within {good:3}  views {outcome.answers:6}  abuser: {statuses or '-'}, up to {worst:.2f} s"
    )


def _counted(answers: list[tuple[int, float]]) -> list[tuple[int, int]]:
    statuses = [status for status, _ in answers]
    return sorted((status, statuses.count(status)) for status in set(statuses))


if __name__ == "__main__":
    given = sys.argv[1:]
    compare(int(given[0]) if given else ROWS, float(given[1]) if len(given) > 1 else SECONDS)
