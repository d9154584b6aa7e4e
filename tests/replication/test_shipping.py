from pathlib import Path

import pytest

from pbe.errors import Misuse
from pbe.pages.ltx import Header, decode
from pbe.replication.moment import Moment
from pbe.replication.settings import Settings
from tests.kit.replication_world import TENANT, Node, World, dump


@pytest.fixture
def world(tmp_path: Path) -> World:
    """A store in memory and no node yet."""
    return World(tmp_path)


def keys(world: World, level: str = "0000") -> list[str]:
    """The names of the files of a level of data.db."""
    prefix = f"tenants/{TENANT}/litestream/data.db/{level}/"
    return [info.key[len(prefix) :] for info in world.run(world.store.list(prefix))]


def loaded(world: World, mode: str = "async") -> Node:
    """A node that serves an empty table."""
    node = world.node()
    node.load(mode=mode)
    node.write("CREATE TABLE t(a INTEGER PRIMARY KEY, b)")
    world.clock.advance(1)
    return node


def restored_elsewhere(world: World, **options: Moment) -> list[str]:
    """What another node's disk has after a restore."""
    path = world.folder / "elsewhere.db"
    world.run(world.node("other").replicator.copy(TENANT, "data.db", str(path), **options))
    return dump(path)


def test_a_new_database_is_shipped_whole(world: World) -> None:
    """The first file is transaction 1 and has every page; the lease names the owner."""
    loaded(world)
    found = world.run(world.store.get(f"tenants/{TENANT}/litestream/data.db/0000/{keys(world)[0]}"))
    assert decode(found.data).header.is_snapshot
    assert b'"owner": "n1"' in world.run(world.store.get(f"tenants/{TENANT}/lease.json")).data


def test_commits_reach_the_store_within_a_second(world: World) -> None:
    """A commit is in the store a flush interval later, several commits in one file, and a restore has them."""
    node = loaded(world)
    before = len(keys(world))
    for n in range(5):
        node.write(("INSERT INTO t VALUES (?, 'x')", (n,)))
    assert len(keys(world)) == before
    world.clock.advance(0.3)
    assert len(keys(world)) == before + 1
    assert restored_elsewhere(world) == dump(node.path())


def test_an_idle_database_sends_nothing_and_has_no_timer(world: World) -> None:
    """After the last flush there is no request and nothing on the wheel."""
    node = loaded(world)
    world.clock.advance(10)
    before = keys(world)
    world.clock.advance(3600)
    assert keys(world) == before
    assert node.replicas["data.db"].position.pending == node.replicas["data.db"].position.txid


def test_only_changed_pages_are_shipped(world: World) -> None:
    """A commit that leaves every page as it was is not worth a file."""
    node = loaded(world)
    node.write("INSERT INTO t VALUES (1, 'x')")
    world.clock.advance(1)
    before = keys(world)
    node.write("UPDATE t SET b = 'x'")
    world.clock.advance(1)
    assert keys(world) == before
    assert not node.replicas["data.db"].dirty


def test_a_reply_waits_for_its_put_in_sync_mode(world: World) -> None:
    """The write is answered when its transaction is in the store, without waiting for the interval."""
    node = loaded(world, "sync")
    before = len(keys(world))
    waiting = node.start_write("INSERT INTO t VALUES (1, 'x')")
    world.clock.advance(0)
    assert waiting.called
    assert len(keys(world)) == before + 1
    world.finish(waiting)


def test_names_and_lineage_are_in_the_header(world: World) -> None:
    """A flush is one transaction, says which part of the log it has, and which epoch wrote it."""
    node = loaded(world)
    node.write("INSERT INTO t VALUES (1, 'x')")
    world.clock.advance(1)
    key = f"tenants/{TENANT}/litestream/data.db/0000/{keys(world)[-1]}"
    found = world.run(world.store.get(key))
    header = Header.unpack(found.data)
    assert (header.min_txid, header.max_txid, header.node_id) == (3, 3, 1)
    assert header.wal_offset >= 32
    assert header.wal_size % 4120 == 0
    assert found.info.metadata["litestream-timestamp"].startswith("2026-11-24T")
    assert found.info.metadata["pbe-dbsum"] == node.replicas["data.db"].position.sum


def test_checkpoints_lose_no_frame(tmp_path: Path) -> None:
    """Through many checkpoints and restarts of the log, with writes between all of them, nothing is missing."""
    world = World(tmp_path, settings=Settings(checkpoint_pages=60))
    node = loaded(world)
    for n in range(60):
        node.write(*[("INSERT INTO t VALUES (NULL, zeroblob(3000))", ())] * 40)
        if n % 7 == 0:
            world.clock.advance(0.3)
    world.clock.advance(1)
    assert node.replicator.services.counters.checkpoints > 5
    assert node.replicator.services.counters.lost_frames == 0
    assert Path(f"{node.path()}-wal").stat().st_size < 5_000_000
    assert restored_elsewhere(world) == dump(node.path())


@pytest.mark.parametrize("vacuum", ["none", "full", "incremental"])
def test_growing_and_shrinking(world: World, vacuum: str) -> None:
    """VACUUM and every auto_vacuum mode leave a replica of the same size and content."""
    node = world.node()
    node.path().parent.mkdir(parents=True)
    node.load()
    node.write("CREATE TABLE t(a INTEGER PRIMARY KEY, b)")
    for n in range(6):
        node.write(*[("INSERT INTO t VALUES (NULL, zeroblob(9000))", ())] * 30)
        node.write(f"DELETE FROM t WHERE a % {n + 2} = 0")
        world.clock.advance(0.3)
    world.clock.advance(1)
    assert restored_elsewhere(world) == dump(node.path())


def test_somebody_elses_checkpoint_costs_a_comparison_not_the_data(world: World) -> None:
    """Where frames vanish from the log unread, the whole database is compared, and only the difference is shipped."""
    node = loaded(world)
    node.write(*[("INSERT INTO t VALUES (NULL, zeroblob(3000))", ())] * 40)
    world.clock.advance(1)
    node.write("INSERT INTO t VALUES (1000, 'unread')")
    world.run(node.databases["data.db"].checkpoint("truncate"))
    node.write("INSERT INTO t VALUES (1001, 'after')")
    world.clock.advance(1)
    assert node.replicator.services.counters.lost_frames == 1
    assert any("compared as a whole" in alert for alert in world.alerts)
    assert restored_elsewhere(world) == dump(node.path())
    sizes = [info.size for info in world.run(world.store.list(f"tenants/{TENANT}/litestream/data.db/0000/"))]
    assert sizes[-1] < 2000


def test_an_orderly_reload_keeps_the_files(world: World) -> None:
    """After a detach the same node finds its files current, reads nothing, and goes on in the same chain."""
    node = loaded(world)
    node.write("INSERT INTO t VALUES (1, 'x')")
    node.unload()
    restored = node.load()
    assert (restored.kept, restored.bytes_read) == (True, 0)
    node.write("INSERT INTO t VALUES (2, 'y')")
    world.clock.advance(1)
    assert restored_elsewhere(world) == dump(node.path())


def test_a_lost_disk_comes_back_from_the_store(world: World) -> None:
    """Every row that was shipped is there on a new disk, and the checksum was compared."""
    node = loaded(world)
    node.write("INSERT INTO t VALUES (1, 'x')")
    world.clock.advance(1)
    node.crash()
    node.wipe()
    restored = node.load(epoch=2)
    assert restored.sum_checked
    assert node.rows() == [(1, "x")]
    node.write("INSERT INTO t VALUES (2, 'y')")
    world.clock.advance(1)
    assert restored_elsewhere(world) == dump(node.path())


def test_misuse_is_refused(world: World) -> None:
    """Attaching twice, a mode nobody knows, and an epoch of 0 are the caller's mistakes."""
    node = loaded(world)
    database = node.databases["data.db"]
    for epoch, mode in ((1, "async"), (1, "never"), (0, "async")):
        with pytest.raises(Misuse):
            world.run(node.replicator.attach(TENANT, database, epoch=epoch, mode=mode))
