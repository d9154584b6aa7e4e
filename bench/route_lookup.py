"""Route lookups: the leaf and its twin, over a table of many tenants.

    python bench/route_lookup.py [TENANTS] [LOOKUPS]

Prints nanoseconds a lookup for whole hosts, for `<id>.<domain>`, for misses, and for the whole `RouteTable.find`,
with a hash of what was found, which is the same for both. Pin it to one core for figures worth comparing.
"""

import sys
import time
import zlib
from typing import Any

from pbe._fast import routetable, routetable_twin
from pbe.fleet.records import Node, Route
from pbe.routing.table import RouteTable


def hosts(tenants: int, lookups: int) -> dict[str, list[bytes]]:
    """Headers as clients send them, in an order that jumps about."""
    numbers = [number * 7919 % tenants for number in range(lookups)]
    return {
        "whole host": [b"shop%d.example.com:443" % number for number in numbers],
        "id and domain": [b"t%d.platform.com" % number for number in numbers],
        "unknown": [b"nobody%d.example.org" % number for number in numbers],
    }


def fill(table: Any, tenants: int) -> Any:
    """A leaf's table of `tenants`."""
    for number in range(tenants):
        table.put_host(b"shop%d.example.com" % number, number)
        table.put_id(b"t%d" % number, number)
    return table


def lookups_ns(find: Any, headers: list[bytes]) -> tuple[float, int]:
    """Nanoseconds a lookup, and a hash of what was found."""
    begun = time.perf_counter()
    for header in headers:
        find(header)
    spent_ns = (time.perf_counter() - begun) * 1e9 / len(headers)
    return spent_ns, zlib.crc32(repr([str(find(header)) for header in headers]).encode())


def run(tenants: int, lookups: int) -> list[str]:
    """The report's lines."""
    lines = [f"{tenants} tenants, {lookups} lookups of each kind"]
    fast = fill(routetable.HostTable(b".platform.com"), tenants)
    twin = fill(routetable_twin.HostTable(b".platform.com"), tenants)
    table = RouteTable("platform.com")
    table.put_node(Node("n", "10.0.0.1:8091"))
    for number in range(tenants):
        table.put_route(Route(f"t{number}", f"shop{number}.example.com", "n", 1, "active"))
    for name, headers in hosts(tenants, lookups).items():
        (fast_ns, found), (twin_ns, found_by_twin) = lookups_ns(fast.find, headers), lookups_ns(twin.find, headers)
        whole_ns, _ = lookups_ns(table.find, headers)
        if found != found_by_twin:
            raise SystemExit(f"{name}: the leaf and its twin disagree")
        lines.append(
            f"{name:14} leaf {fast_ns:6.0f} ns  twin {twin_ns:6.0f} ns  ({twin_ns / fast_ns:.1f} x)  "
            f"table {whole_ns:6.0f} ns  hash {found:08x}"
        )
    return lines


if __name__ == "__main__":
    given = [int(argument) for argument in sys.argv[1:3]]
    print("\n".join(run(*(given + [100_000, 200_000][len(given) :]))))
