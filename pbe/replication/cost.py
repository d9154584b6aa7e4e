"""What the object store will cost: a model of the requests that replication makes, and a bill. Pure.

The model counts what `Replica` and `Maintenance` do for one database that is written to without a pause for some
seconds a day; the tests hold it against the counted requests of a simulated hour. Prices are S3's in us-east-1, in US
dollars; they are data, change them.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

from pbe.pages.compaction import LEVEL_SECONDS
from pbe.replication.settings import Settings

MONTH_DAYS = 30
GB = 1e9


@dataclass(frozen=True, slots=True)
class Prices:
    """Dollars for 1,000 requests, for a GB a month, and for a GB read back from where that costs."""

    put_1000: float = 0.005
    get_1000: float = 0.0004
    ia_put_1000: float = 0.01
    deep_put_1000: float = 0.05
    standard_gb: float = 0.023
    ia_gb: float = 0.0125
    deep_gb: float = 0.00099
    deep_read_gb: float = 0.02


@dataclass(frozen=True, slots=True)
class Requests:
    """Requests; puts and lists have the same price, gets and heads another, deletes none."""

    puts: float = 0.0
    gets: float = 0.0
    lists: float = 0.0
    deletes: float = 0.0

    def times(self, factor: float) -> Requests:
        """So many times as many."""
        return Requests(self.puts * factor, self.gets * factor, self.lists * factor, self.deletes * factor)

    def plus(self, other: Requests) -> Requests:
        """Both."""
        return Requests(
            self.puts + other.puts, self.gets + other.gets, self.lists + other.lists, self.deletes + other.deletes
        )

    def dollars(self, prices: Prices) -> float:
        """What they cost."""
        return (self.puts + self.lists) / 1000 * prices.put_1000 + self.gets / 1000 * prices.get_1000


@dataclass(frozen=True, slots=True)
class Fleet:
    """Tenants and how they are used.

    active, archived: shares of 1, the rest is idle; busy_s: seconds a day with commits in an active tenant's main
    database, with the two others a tenth of that; gb: of one tenant; loads: times a day that an active one is loaded.
    """

    tenants: int = 100_000
    active: float = 0.2
    archived: float = 0.2
    busy_s: float = 600.0
    gb: float = 0.5
    loads: float = 2.0
    sync_writes: float = 0.0


def busy_requests(busy_s: float, settings: Settings, writes_per_s: float = 1e9) -> Requests:
    """Requests of one database that has a commit in every flush interval, or `writes_per_s` where those are fewer,
    for `busy_s` in one go.
    """
    if busy_s <= 0:
        return Requests()
    appends = min(_flushes(busy_s, settings, 1 / writes_per_s), writes_per_s * busy_s)
    merged = {level: busy_s / period_s for level, period_s in LEVEL_SECONDS.items()}
    # A level that has one file to merge leaves it: only periods with two or more count.
    fine = merged[1] if appends / max(1.0, merged[1]) >= 2 else 0.0
    middle = merged[2] if (fine or appends) / max(1.0, merged[2]) >= 2 else 0.0
    coarse = merged[3] if merged[3] >= 1 else 0.0
    # Level 1 is merged from memory; level 2 reads level 1, level 3 reads level 2.
    gets = (fine if middle else 0.0) + (middle if coarse else 0.0) + 2
    return Requests(puts=appends + fine + middle + coarse, gets=gets, deletes=busy_s / 600)


def _flushes(busy_s: float, settings: Settings, spacing_s: float) -> float:
    """Appends of a database with a commit each `spacing_s`: the interval grows with each `busy_s` of the settings, and
    begins with a commit.
    """
    count, left, step = 0.0, busy_s, 1
    while left > 0:
        interval = min(settings.flush_s_max, settings.flush_s_min * step)
        span = left if interval >= settings.flush_s_max else min(left, settings.busy_s)
        count += span / max(interval + settings.tick_s, ceil((interval + settings.tick_s) / spacing_s) * spacing_s)
        left -= span
        step += 1
    return count


def load_requests() -> Requests:
    """Loading and dropping one tenant: a listing, the newest file and a snapshot with what follows for each of three
    databases, the lease read and written, a record for each.
    """
    return Requests(puts=4, gets=3 * 4 + 1, lists=1)


def monthly_bill(fleet: Fleet, settings: Settings | None = None, prices: Prices | None = None) -> dict[str, float]:
    """Dollars a month, by what they are for; "total", and "tenant" for one."""
    settings, prices = settings or Settings(), prices or Prices()
    active = fleet.tenants * fleet.active
    archived = fleet.tenants * fleet.archived
    idle = fleet.tenants - active - archived
    day = busy_requests(fleet.busy_s, settings).plus(busy_requests(fleet.busy_s / 10, settings).times(2))
    day = day.plus(Requests(puts=fleet.sync_writes + 3, gets=20))
    requests = day.times(active * MONTH_DAYS).dollars(prices)
    loads = load_requests().times(active * fleet.loads * MONTH_DAYS).dollars(prices)
    # The window keeps about half a database more beside the snapshots of a week.
    history = active * fleet.gb * 0.5 * prices.standard_gb
    bill = {
        "storage, active (Standard)": active * fleet.gb * prices.standard_gb,
        "storage, history of the window": history,
        "storage, idle (Standard-IA)": idle * fleet.gb * prices.ia_gb,
        "storage, archived (Deep Archive)": archived * fleet.gb * prices.deep_gb,
        "requests, shipping and merging": requests,
        "requests, loading": loads,
        "requests, idle tenants": 0.0,
    }
    total = sum(bill.values())
    return {**bill, "total": total, "tenant": total / max(1, fleet.tenants)}
