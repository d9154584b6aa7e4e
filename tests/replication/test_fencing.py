from pathlib import Path

import pytest

from pbe.errors import Unavailable
from pbe.objects.store import ObjectStore
from pbe.pages.ltx import decode
from pbe.replication.lease import Fenced, Lease
from pbe.replication.replicator import Overtaken
from tests.kit.replication_world import TENANT, Node, World, dump

PREFIX = f"tenants/{TENANT}/litestream/data.db/0000/"


@pytest.fixture
def world(tmp_path: Path) -> World:
    """A store in memory."""
    return World(tmp_path)


def serving(world: World, mode: str = "async") -> Node:
    """A node that serves one row under epoch 1."""
    node = world.node("n1")
    node.load(epoch=1, mode=mode)
    node.write("CREATE TABLE t(a INTEGER PRIMARY KEY, b)", "INSERT INTO t VALUES (1, 'first')")
    world.clock.advance(1)
    return node


def files(world: World, store: ObjectStore | None = None) -> list[str]:
    """The names in level 0."""
    return [info.key[len(PREFIX) :] for info in world.run((store or world.store).list(PREFIX))]


def test_a_new_owner_appends_a_record_without_pages(world: World) -> None:
    """It carries the new epoch, and takes the key that the old owner would write next."""
    serving(world)
    before = files(world)
    world.node("n2").load(epoch=2)
    fence = decode(world.run(world.store.get(PREFIX + files(world)[-1])).data)
    assert len(files(world)) == len(before) + 1
    assert (list(fence.pgnos), fence.header.node_id, fence.header.wal_offset) == ([], 2, 32)


def test_the_old_owner_cannot_append_and_is_told(world: World) -> None:
    """Its held reply fails, its next writes are refused, its host hears of it, and the log has nothing of it."""
    old = serving(world, "sync")
    new = world.node("n2")
    new.load(epoch=2)
    before = files(world)
    with pytest.raises(Unavailable):
        old.write("INSERT INTO t VALUES (2, 'zombie')")
    assert world.fenced == [("n1", TENANT)]
    assert old.replicas["data.db"].position.state == "fenced"
    with pytest.raises(Unavailable):
        old.write("INSERT INTO t VALUES (3, 'zombie')")
    assert files(world) == before
    assert new.rows() == [(1, "first")]


def test_a_node_that_slept_asks_before_it_appends(world: World) -> None:
    """After a minute of silence the lease is read first, so that a log whose keys were deleted meanwhile stays safe."""
    old = serving(world)
    new = world.node("n2")
    new.load(epoch=2)
    world.run(world.store.delete([PREFIX + name for name in files(world)[-1:]]))
    world.clock.advance(3600)
    before = files(world)
    old.write("INSERT INTO t VALUES (2, 'zombie')")
    world.clock.advance(1)
    assert files(world) == before
    assert old.replicas["data.db"].position.state == "fenced"


def test_an_earlier_epoch_is_refused(world: World) -> None:
    """Who comes with an epoch that is over, or with another's, never gets to append."""
    serving(world)
    world.node("n2").load(epoch=5)
    for node_id, epoch in (("n1", 1), ("n3", 4), ("n3", 5)):
        with pytest.raises(Fenced):
            world.node(node_id).load("data.db", epoch=epoch)


def test_a_write_between_restore_and_fence_is_not_lost(world: World) -> None:
    """The new owner finds the key taken, fences behind it all the same, and has to restore once more."""
    old = serving(world)
    new = world.node("n2")
    path = new.path()
    path.parent.mkdir(parents=True)
    world.run(new.replicator.restore(TENANT, "data.db", str(path)))
    old.write("INSERT INTO t VALUES (2, 'between')")
    world.clock.advance(1)
    with pytest.raises(Overtaken):
        new.attach_opened(epoch=2)
    old.write("INSERT INTO t VALUES (3, 'too late')")
    world.clock.advance(1)
    new.load(epoch=2)
    assert new.rows() == [(1, "first"), (2, "between")]
    assert dump(path)[1:] == dump(new.path())[1:]


def test_both_of_two_new_owners_cannot_win(world: World) -> None:
    """The one with the later epoch owns the tenant; the other is fenced at its next append."""
    serving(world)
    first, second = world.node("n2"), world.node("n3")
    first.load(epoch=2)
    second.load(epoch=3)
    first.write("INSERT INTO t VALUES (2, 'first')")
    second.write("INSERT INTO t VALUES (2, 'second')")
    world.clock.advance(1)
    assert first.replicas["data.db"].position.state == "fenced"
    assert second.replicas["data.db"].position.state == "live"
    other = world.node("n4")
    other.load(epoch=4)
    assert other.rows() == [(1, "first"), (2, "second")]


def test_an_orderly_hand_over_notes_how_far_it_got(world: World) -> None:
    """After a release the lease says so, and the next owner starts from everything."""
    old = serving(world)
    old.write("INSERT INTO t VALUES (2, 'last')")
    txid = old.replicas["data.db"].position.pending
    old.unload()
    world.run(old.replicator.release(TENANT, 1, {"data.db": txid}))
    lease = Lease.unpack(world.run(world.store.get(f"tenants/{TENANT}/lease.json")).data)
    assert lease == Lease(1, "n1", {"data.db": txid}, released=True)
    new = world.node("n2")
    new.load(epoch=2)
    assert new.rows() == [(1, "first"), (2, "last")]


def test_a_garbled_lease_stops_everybody(world: World) -> None:
    """Nobody serves a tenant whose lease cannot be read, and the sentence says what to do."""
    world.run(world.store.put(f"tenants/{TENANT}/lease.json", b"{}"))
    with pytest.raises(Fenced, match=r"lease\.json"):
        world.node("n1").load(epoch=1)
