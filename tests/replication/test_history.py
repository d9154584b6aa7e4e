from pathlib import Path

import pytest

from pbe.errors import BadRequest
from pbe.objects.counted import CountedStore
from pbe.pages.compaction import snapshots
from pbe.pages.ltx import decode
from pbe.pages.restore_plan import LtxInfo, NoSuchMoment, plan_restore
from pbe.pages.retention import Window
from pbe.replication.moment import Moment
from pbe.replication.restore import BrokenReplica
from pbe.replication.settings import Settings
from tests.kit.replication_world import TENANT, Node, World, dump

BRIEF = Settings(snapshot_bytes_min=10_000, window=Window(window_s=86_400, fine_s=7200, level0_s=1800, settle_s=60))


@pytest.fixture
def world(tmp_path: Path) -> World:
    """A store in memory, and a retention of a day."""
    return World(tmp_path, settings=BRIEF)


def serving(world: World) -> Node:
    """A node that serves an empty table."""
    node = world.node()
    node.load()
    node.write("CREATE TABLE t(a INTEGER PRIMARY KEY, b)")
    world.clock.advance(1)
    return node


def work(node: Node, minutes: int) -> None:
    """Twelve commits a minute, with the clock going on in small steps."""
    for n in range(minutes):
        for _ in range(12):
            node.write(("INSERT INTO t VALUES (NULL, ?)", (f"{n} " * 50,)))
            node.world.clock.pump([0.3, 4.7])


def level(node: Node, wanted: int) -> list[LtxInfo]:
    """What the replica knows of a level."""
    return [info for info in node.replicas["data.db"].files if info.level == wanted]


def listed(world: World) -> set[str]:
    """The keys of data.db's replica."""
    return {info.key for info in world.run(world.store.list(f"tenants/{TENANT}/litestream/data.db/"))}


def test_levels_fill_and_old_files_go(world: World) -> None:
    """After hours of work each level has its files, level 0 only young ones, and memory agrees with the store."""
    node = serving(world)
    work(node, 80)
    assert all(level(node, n) for n in (0, 1, 2, 3, 9))
    assert len(level(node, 0)) < 12 * 45
    assert {info.key for info in node.replicas["data.db"].files} == listed(world)
    assert node.replicator.services.counters.snapshots >= 2
    target = world.folder / "elsewhere.db"
    world.run(node.replicator.copy(TENANT, "data.db", str(target)))
    assert dump(target) == dump(node.path())


def test_moments_of_the_window_stay_restorable(world: World) -> None:
    """A moment noted on the way comes back although its own files were merged and deleted."""
    node = serving(world)
    noted: list[tuple[Moment, list[str]]] = []
    for _ in range(6):
        work(node, 2)
        world.clock.pump([31.0] * 3)
        noted.append((Moment(before_ms=int(world.now() * 1000)), dump(node.path())))
    world.clock.pump([60.0] * 60)
    for moment, expected in noted:
        target = world.folder / "moment.db"
        world.run(node.replicator.copy(TENANT, "data.db", str(target), at=moment))
        assert dump(target) == expected


def test_a_tenant_goes_back_in_place_and_back_again(world: World) -> None:
    """A restore of a moment is a new transaction: the state that it replaced is itself a moment."""
    node = serving(world)
    node.write("INSERT INTO t VALUES (1, 'good')")
    world.clock.pump([1.0] * 3)
    good = Moment(txid=node.replicas["data.db"].position.txid)
    node.write("DELETE FROM t", "INSERT INTO t VALUES (2, 'bad')")
    world.clock.pump([1.0] * 3)
    bad = Moment(txid=node.replicas["data.db"].position.txid)
    node.unload()
    node.load(at=good)
    assert node.rows() == [(1, "good")]
    assert node.replicas["data.db"].position.txid > (bad.txid or 0)
    node.unload()
    node.crash()
    node.wipe()
    node.load(epoch=2)
    assert node.rows() == [(1, "good")]
    node.unload()
    node.load(epoch=2, at=bad)
    assert node.rows() == [(2, "bad")]


def test_all_databases_go_to_the_same_moment(world: World) -> None:
    """A time means the same for each database of a tenant, though their transactions have other numbers."""
    node = serving(world)
    node.load("hooks.db")
    node.write("CREATE TABLE t(a INTEGER PRIMARY KEY, b)", name="hooks.db")
    for n in range(4):
        node.write(("INSERT INTO t VALUES (?, 'data')", (n,)))
        if n == 1:
            node.write("INSERT INTO t VALUES (1, 'hook')", name="hooks.db")
        world.clock.pump([1.0] * 2)
        if n == 2:
            moment = Moment(before_ms=int(world.now() * 1000))
    node.write("INSERT INTO t VALUES (2, 'later')", name="hooks.db")
    world.clock.pump([1.0])
    for name in ("data.db", "hooks.db"):
        node.unload(name)
        node.load(name, at=moment)
    assert node.rows() == [(0, "data"), (1, "data"), (2, "data")]
    assert node.rows(name="hooks.db") == [(1, "hook")]


def test_moments_outside_the_history_are_refused(world: World) -> None:
    """Before the first transaction and after the last there is nothing; words that are no moment are told so."""
    node = serving(world)
    for moment in (Moment(before_ms=1), Moment(txid=999)):
        with pytest.raises(NoSuchMoment):
            world.run(node.replicator.copy(TENANT, "data.db", str(world.folder / "x.db"), at=moment))
    with pytest.raises(BadRequest):
        Moment.parse("yesterday")
    assert Moment.parse("00000000000000ff") == Moment(txid=255)
    assert Moment.parse("2026-11-24T10:30:00Z") == Moment.parse("2026-11-24 12:30:00+02:00")
    assert not (world.folder / "x.db").exists()


def test_an_hour_of_idleness_costs_no_request(world: World) -> None:
    """Once the last levels are merged and the last files deleted, a tenant that nobody writes to asks for nothing."""
    counted = CountedStore(world.store)
    world.store = counted
    node = serving(world)
    work(node, 5)
    world.clock.pump([60.0] * 180)
    before = counted.requests.total
    world.clock.pump([60.0] * 60)
    assert counted.requests.total == before
    assert len(node.replicas) == 1


def test_verification_reads_everything_and_compares(world: World) -> None:
    """A sound replica passes, and is compared with the server that has not moved on."""
    node = serving(world)
    work(node, 2)
    verified = world.run(node.replicator.verify(TENANT, "data.db", str(world.folder / "spare")))
    assert verified.sum_noted
    assert verified.compared_with_server
    assert verified.txid == node.replicas["data.db"].position.txid
    assert not list(world.folder.glob("spare*"))


def damage(world: World, key: str) -> None:
    """Flips one bit of an object."""
    found = world.run(world.store.get(key))
    data = bytearray(found.data)
    data[len(data) // 2] ^= 1
    world.run(world.store.put(key, bytes(data), metadata=found.info.metadata))


@pytest.mark.parametrize("finder", ["merge", "sample"])
def test_a_damaged_object_is_named_and_the_replica_healed(world: World, finder: str) -> None:
    """A merge or the daily sample finds the bit, names the object loudly, and ships the database anew from the disk."""
    node = serving(world)
    if finder == "merge":
        work(node, 3)
    world.clock.pump([40.0] * (2 if finder == "merge" else 10))
    damaged = plan_restore(node.replicas["data.db"].files)[-1].key
    damage(world, damaged)
    with pytest.raises(BrokenReplica, match=damaged):
        world.run(node.replicator.verify(TENANT, "data.db", str(world.folder / "spare")))
    world.clock.pump([60.0] * 10 if finder == "merge" else [3600.0] * 24)
    world.clock.pump([1.0] * 3)
    assert sum("CORRUPT" in alert and damaged in alert for alert in world.alerts) >= 2
    assert snapshots(node.replicas["data.db"].files)[-1].level == 9
    assert f"{damaged}.broken" in listed(world)
    if damaged in listed(world):
        # Made anew from the files that it had been made of.
        decode(world.run(world.store.get(damaged)).data)
    node.write("INSERT INTO t VALUES (5000, 'after')")
    world.clock.pump([1.0, 60.0, 600.0])
    target = world.folder / "elsewhere.db"
    world.run(node.replicator.copy(TENANT, "data.db", str(target)))
    assert dump(target) == dump(node.path())
