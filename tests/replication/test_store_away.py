from pathlib import Path

import pytest

from pbe.errors import OutcomeUnknown, Unavailable
from pbe.objects.memory import MemoryStore
from pbe.replication.settings import Settings
from tests.kit.faulty_store import FaultyStore
from tests.kit.replication_world import TENANT, Node, World, dump

SMALL = Settings(backlog_bytes_max=200_000, checkpoint_pages=20, durable_s_max=3.0)


@pytest.fixture
def world(tmp_path: Path) -> World:
    """A store that can be away."""
    world = World(tmp_path, settings=SMALL)
    world.store = FaultyStore(MemoryStore(world.now), world.clock, 1, 0.0)
    return world


def away(world: World, is_away: bool) -> None:
    """Cuts the store off, or brings it back."""
    assert isinstance(world.store, FaultyStore)
    world.store.away = is_away


def serving(world: World, mode: str = "async") -> Node:
    """A node that serves an empty table."""
    node = world.node()
    node.load(mode=mode)
    node.write("CREATE TABLE t(a INTEGER PRIMARY KEY, b)")
    world.clock.pump([0.1] * 10)
    return node


def test_commits_queue_in_the_log_and_ship_when_the_store_is_back(world: World) -> None:
    """Writes go on without the store; nothing is checkpointed away; the alert comes once, and so does the all-clear."""
    node = serving(world)
    away(world, True)
    for n in range(20):
        node.write(("INSERT INTO t VALUES (?, 'x')", (n,)))
        world.clock.pump([0.1] * 5)
    position = node.replicas["data.db"].position
    assert position.lag_s > 5
    assert position.backlog_bytes > 20 * 4096
    assert sum("commits queue" in alert for alert in world.alerts) == 1
    away(world, False)
    world.clock.pump([0.5] * 60)
    assert node.replicas["data.db"].position.backlog_bytes == 0
    assert sum("answers again" in alert for alert in world.alerts) == 1
    path = world.folder / "elsewhere.db"
    world.run(world.node("other").replicator.copy(TENANT, "data.db", str(path)))
    assert dump(path) == dump(node.path())


def test_writes_are_refused_beyond_the_budget(world: World) -> None:
    """With more waiting than the budget, a write is refused with a time to come back, and taken again later."""
    node = serving(world)
    away(world, True)
    for n in range(200):
        if node.replicas["data.db"].position.backlog_bytes > SMALL.backlog_bytes_max:
            break
        node.write(("INSERT INTO t VALUES (?, zeroblob(3000))", (n,)))
        world.clock.pump([0.1])
    with pytest.raises(Unavailable) as refused:
        node.write("INSERT INTO t VALUES (500, 'one more')")
    assert refused.value.retry_after_s == 5
    assert node.rows("SELECT count(*) > 10 FROM t") == [(1,)]
    away(world, False)
    world.clock.pump([0.5] * 60)
    node.write("INSERT INTO t VALUES (1000, 'again')")


def test_a_sync_write_is_not_acknowledged(world: World) -> None:
    """The reply says that the outcome is not known, the row is there, and it is shipped once that is possible."""
    node = serving(world, "sync")
    away(world, True)
    with pytest.raises(OutcomeUnknown):
        node.write("INSERT INTO t VALUES (1, 'x')")
    assert node.rows() == [(1, "x")]
    away(world, False)
    world.clock.pump([0.5] * 60)
    assert not node.replicas["data.db"].dirty


def test_loads_answer_503(world: World) -> None:
    """A tenant that would have to be loaded cannot be, for now."""
    serving(world)
    away(world, True)
    with pytest.raises(Unavailable):
        world.node("n2").load(epoch=2)


def test_a_stop_does_not_wait_for_ever(world: World) -> None:
    """A node that stops while the store is away says which databases have commits that only its disk has."""
    node = serving(world)
    away(world, True)
    node.write("INSERT INTO t VALUES (1, 'x')")
    world.run(node.replicator.stop(), steps=2000)
    assert any("only this disk has" in alert for alert in world.alerts)
    away(world, False)
    world.run(node.databases.pop("data.db").close())
    node.replicas.clear()
    node.start()
    assert node.load(epoch=2).kept
    assert node.rows() == [(1, "x")]


def test_waiting_for_a_txid_forces_nothing(world: World) -> None:
    """`wait` returns when the transaction is in the store by itself, and gives up in time."""
    node = serving(world)
    replica = node.replicas["data.db"]
    node.write("INSERT INTO t VALUES (1, 'x')")
    pending = replica.position.pending
    assert pending == replica.position.txid + 1
    world.run(replica.wait(pending, 2.0), advance_s=0.05)
    assert replica.position.txid == pending
    world.run(replica.wait(1, 0.1))
    with pytest.raises(OutcomeUnknown):
        world.run(replica.wait(pending + 5, 1.0))
