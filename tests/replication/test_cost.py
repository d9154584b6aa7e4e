from pathlib import Path

import pytest

from pbe.cli.main import main
from pbe.objects.counted import CountedStore
from pbe.replication.cost import Fleet, Requests, busy_requests, load_requests, monthly_bill
from pbe.replication.storage_class import storage_class
from tests.kit.replication_world import World


def test_the_model_agrees_with_a_simulated_hour(tmp_path: Path) -> None:
    """The requests of a database that is written to for an hour are those that the model says, within a tenth."""
    world = World(tmp_path)
    counted = CountedStore(world.store)
    world.store = counted
    node = world.node()
    node.load()
    node.write("CREATE TABLE t(a INTEGER PRIMARY KEY, b)")
    world.clock.advance(1)
    puts, gets = counted.requests.puts, counted.requests.gets
    for n in range(7200):
        node.write(("INSERT OR REPLACE INTO t VALUES (?, ?)", (n % 50, f"{n}")))
        world.clock.pump([0.25, 0.25])
    seen = Requests(counted.requests.puts - puts, counted.requests.gets - gets)
    model = busy_requests(3600, world.settings, writes_per_s=2.0)
    assert seen.puts == pytest.approx(model.puts, rel=0.1)
    assert abs(seen.gets - model.gets) <= 0.2 * model.gets + 10


def test_a_load_costs_what_the_model_says_or_less(tmp_path: Path) -> None:
    """Three databases are loaded with no more requests than the model has."""
    world = World(tmp_path)
    counted = CountedStore(world.store)
    world.store = counted
    node = world.node()
    for name in ("data.db", "auxiliary.db", "hooks.db"):
        node.load(name)
        node.write("CREATE TABLE t(a INTEGER PRIMARY KEY, b)", name=name)
    world.clock.advance(1)
    for name in list(node.replicas):
        node.unload(name)
    node.wipe()
    before = counted.requests.puts, counted.requests.gets, counted.requests.lists
    for name in ("data.db", "auxiliary.db", "hooks.db"):
        node.load(name, epoch=2)
    model = load_requests()
    assert counted.requests.puts - before[0] <= model.puts
    assert counted.requests.gets - before[1] <= model.gets + 2
    assert counted.requests.lists - before[2] == model.lists


def test_the_bill_adds_up_and_idle_tenants_ask_for_nothing() -> None:
    """The total is the sum of its parts; a fleet that sleeps pays for bytes only; twice the fleet is twice the bill."""
    bill = monthly_bill(Fleet())
    parts = {what: dollars for what, dollars in bill.items() if what not in ("total", "tenant")}
    assert bill["total"] == pytest.approx(sum(parts.values()))
    asleep = monthly_bill(Fleet(active=0.0))
    assert all(dollars == 0 for what, dollars in asleep.items() if what.startswith("requests"))
    assert monthly_bill(Fleet(tenants=200_000))["total"] == pytest.approx(2 * bill["total"])


def test_the_command_prints_the_bill(capsys: pytest.CaptureFixture[str]) -> None:
    """`pbe cost` asks no server, and refuses shares that are none."""
    assert main(["cost", "--tenants", "1000"]) == 0
    assert "total" in capsys.readouterr().out
    assert main(["cost", "--active", "0.9", "--archived", "0.9"]) == 1


@pytest.mark.parametrize(
    ("status", "size", "days", "expected"),
    [
        ("active", 10**9, 90, "STANDARD"),
        ("idle", 10**6, 40, "STANDARD_IA"),
        ("idle", 10**6, 3, "STANDARD"),
        ("idle", 1000, 40, "STANDARD"),
        ("archived", 10**6, 0, "DEEP_ARCHIVE"),
        ("archived", 1000, 0, "STANDARD"),
    ],
)
def test_classes_follow_the_tenants_state(status: str, size: int, days: float, expected: str) -> None:
    """Small objects stay where they are cheap, living tenants where they are near."""
    assert storage_class(status, size, days) == expected
