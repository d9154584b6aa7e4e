"""How many tenants fit: memory of one node with many active tenants, and how fast one opens.

    python bench/tenant_density.py [TENANTS] [RECORDS]

Each tenant has its three databases, 10 collections and RECORDS records, and is asked (view, list, a create) within the
last minute. Prints the node's proportional set size, without and with its tenants, against as many times the real
server's with the same data; then, after a restart, the time from the first request of each tenant to its answer, its
files being on this machine's disk. Goals: 200 tenants in 200 MB, a tenth of the peer's, 10 ms.
"""

import statistics
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench.load_client import run
from bench.servers import Pbe, PocketBase, Server, real_binary

TENANTS, RECORDS = 200, 1000
COLLECTIONS = 10
CORE = 0
MB = 1024


def tenant_id(number: int) -> str:
    """A tenant's id."""
    return f"dense{number:04}"


def fill(server: Server, records: int) -> None:
    """Ten collections with the records spread over them."""
    fields = [
        {"name": "title", "type": "text"},
        {"name": "body", "type": "editor"},
        {"name": "n", "type": "number"},
        {"name": "active", "type": "bool"},
        {"name": "data", "type": "json"},
        {"name": "created", "type": "autodate", "onCreate": True},
    ]
    rules = dict.fromkeys(("listRule", "viewRule", "createRule"), "")
    each = records // COLLECTIONS
    for number in range(COLLECTIONS):
        name = f"things{number}"
        server.ask("POST", "/api/collections", {"name": name, "type": "base", "fields": fields, **rules})
        server.ask(
            "POST",
            "/api/sql",
            {
                "query": f"WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c WHERE i < {each})"
                f" INSERT INTO {name} (id, title, body, n, active, data, created)"
                " SELECT printf('thing%010d', i), 'Title ' || i, '<p>Some text of it</p>', i, i % 2,"
                " json_object('views', i), '2026-01-01 10:00:00.000Z' FROM c"
            },
        )


def ask_some(server: Server) -> None:
    """What an active tenant is asked."""
    for number in range(COLLECTIONS):
        base = f"/api/collections/things{number}/records"
        server.ask("GET", f"{base}/thing0000000001", token="")
        server.ask("GET", base, token="")
    server.ask("POST", "/api/collections/things0/records", {"title": "new"}, token="")


def first_answer_ms(server: Pbe, tenant: str) -> float:
    """From a tenant's first request to its answer."""
    server.headers = {"X-Tenant-ID": tenant}
    view = server.request("GET", "/api/collections/things0/records/thing0000000001")
    outcome = run(server.port, lambda _: view, connections=1, seconds=0, count=1)
    if outcome.failures:
        raise RuntimeError(f"{tenant}: {outcome.first_failure[:300]!r}")
    return outcome.percentile_ms(1.0)


def measure(tenants: int, records: int, binary: Path) -> dict[str, float]:
    """Megabytes and milliseconds by name."""
    found: dict[str, float] = {}
    with tempfile.TemporaryDirectory(prefix="pbe-bench-") as place:
        folder = Path(place)
        server = Pbe(folder, core=CORE, tenant=tenant_id(0), tenants_max=tenants)
        try:
            found["empty node"] = server.memory_kib()["Pss"] / MB
            for number in range(tenants):
                if number:
                    server.create(tenant_id(number))
                    server.use(tenant_id(number))
                fill(server, records)
                ask_some(server)
            found["after filling"] = server.memory_kib()["Pss"] / MB
        finally:
            server.stop()
        found.update(_reopened(folder, tenants))
        peer = PocketBase(folder, binary, core=CORE)
        try:
            fill(peer, records)
            for _ in range(5):
                ask_some(peer)
            found["one PocketBase"] = peer.memory_kib()["Pss"] / MB
        finally:
            peer.stop()
    return found


def _reopened(folder: Path, tenants: int) -> dict[str, float]:
    """The node started again on its files: each tenant's first answer, then all of them in use."""
    found: dict[str, float] = {}
    server = Reopened(folder, tenants_max=tenants)
    try:
        time.sleep(1.0)
        found["node again"] = server.memory_kib()["Pss"] / MB
        times = [first_answer_ms(server, tenant_id(number)) for number in range(tenants)]
        found["first answer, median ms"] = statistics.median(times)
        found["first answer, worst ms"] = max(times)
        for number in range(tenants):
            server.headers = {"X-Tenant-ID": tenant_id(number)}
            ask_some(server)
        memory = server.memory_kib()
        found["all active"] = memory["Pss"] / MB
        found["all active, resident"] = memory["Rss"] / MB
    finally:
        server.stop()
    return found


class Reopened(Pbe):
    """pbe on a folder that has its tenants already."""

    def create(self, tenant: str) -> None:
        """There is one."""

    def use(self, tenant: str) -> None:
        """Nobody signs in."""
        self.headers = {}


def main(tenants: int, records: int, binary: Path) -> dict[str, float]:
    """Measure and print."""
    found = measure(tenants, records, binary)
    print(f"{tenants} tenants, 3 databases, {COLLECTIONS} collections, {records} records each")
    for name, value in found.items():
        print(f"{name:26} {value:9.1f} {'' if 'ms' in name else 'MB'}")
    each = (found["all active"] - found["node again"]) * 1024 / tenants
    peers = found["one PocketBase"] * tenants
    print(f"{'a tenant':26} {each:9.0f} KB   goal: all in 200 MB for 200")
    print(f"{'as many PocketBases':26} {peers:9.1f} MB   {found['all active'] / peers:.3f} of it, goal 0.1")
    return found


if __name__ == "__main__":
    given = [int(argument) for argument in sys.argv[1:3]]
    main(*(given + [TENANTS, RECORDS][len(given) :]), real_binary())  # type: ignore[arg-type]
