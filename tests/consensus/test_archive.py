"""Snapshots in the object store, and what comes back from them."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pbe.consensus import rescue
from pbe.consensus.archive import SNAPSHOTS_KEPT, Archive, listed, newest
from pbe.consensus.machine import fleet_of
from pbe.consensus.snapshot_file import SnapshotBroken, key_of, pack, place_of, unpack
from pbe.errors import DiskError, ObjectMissing, PbeError
from pbe.fleet import Fleet
from pbe.fleet.commands import TenantCreate, encode_entry
from pbe.objects.memory import MemoryStore
from pbe.storage.lmdb_control import LmdbControl
from tests.consensus.kit import Alone


def fleet(tenants: int) -> Fleet:
    """A state with some tenants."""
    made = Fleet()
    for number in range(tenants):
        made.apply(encode_entry(TenantCreate(f"t{number}", f"t{number}.localhost"), f"r{number}", 1))
    return made


@pytest.fixture
def member(tmp_path: Path) -> Alone:
    """A member with one tenant and an archive in memory."""
    alone = Alone(tmp_path / "control")
    alone.result(alone.plane.propose(TenantCreate("shop", "shop.localhost")))
    return alone


def test_a_snapshot_is_what_it_was(member: Alone) -> None:
    """The newest of the store has the very state, by its hash, and names the entry it goes up to."""
    store = MemoryStore(lambda: 0.0)
    archive = Archive(store, member.plane, member.clock)
    saved = member.result(archive.snapshot())
    index, term = member.plane.applied
    assert (saved["index"], saved["term"], saved["key"]) == (index, term, key_of(term, index))
    key, snapshot = member.result(newest(store))
    assert key == saved["key"]
    assert snapshot.fleet.state_hash == member.plane.fleet.state_hash
    assert (snapshot.index, snapshot.term) == (index, term)
    member.result(member.plane.stop())


def test_a_leader_writes_one_each_period_in_which_something_changed(member: Alone) -> None:
    """No change, no snapshot; and only so many are kept."""
    store = MemoryStore(lambda: 0.0)
    archive = Archive(store, member.plane, member.clock)
    archive.start()
    for number in range(SNAPSHOTS_KEPT + 3):
        member.result(member.plane.propose(TenantCreate(f"t{number}", f"t{number}.localhost")))
        for _ in range(2):
            member.clock.pump([300.0, 300.0, 0.1])
    archive.stop()
    found = member.result(listed(store))
    assert len(found) == SNAPSHOTS_KEPT
    assert found[-1][0] == (member.plane.applied[1], member.plane.applied[0])
    member.result(member.plane.stop())


def test_a_damaged_snapshot_is_passed_over(member: Alone) -> None:
    """The one before it is used; without any whole one the store is said to have none."""
    store = MemoryStore(lambda: 0.0)
    member.result(store.put(key_of(1, 5), b"".join(pack(1, 5, fleet(2)))))
    whole = b"".join(pack(2, 9, fleet(3)))
    member.result(store.put(key_of(2, 9), whole[:-3]))
    member.result(store.put("control-plane/snapshots/nonsense", b"x"))
    key, snapshot = member.result(newest(store))
    assert (key, len(snapshot.fleet.tenants)) == (key_of(1, 5), 2)
    member.result(store.delete([key]))
    with pytest.raises(ObjectMissing):
        member.result(newest(store))
    member.result(member.plane.stop())


@given(st.data())
def test_no_damage_goes_unnoticed(data: st.DataObject) -> None:
    """A file that is cut or changed anywhere is refused, with one kind of error; a tail after the end is not read."""
    whole = b"".join(pack(3, 7, fleet(data.draw(st.integers(0, 4)))))
    assert unpack(whole + b"tail", "x").fleet.state_hash == unpack(whole, "x").fleet.state_hash
    at = data.draw(st.integers(0, len(whole) - 1))
    flipped = bytes([whole[at] ^ data.draw(st.integers(1, 255))])
    for broken in (whole[:at], whole[:at] + flipped + whole[at + 1 :]):
        with pytest.raises(PbeError):
            unpack(broken, "x")


@given(st.binary(max_size=200))
def test_garbage_is_no_snapshot(garbage: bytes) -> None:
    """Whatever else lies in the bucket."""
    with pytest.raises(SnapshotBroken):
        unpack(garbage, "x")


def test_keys_name_term_and_index() -> None:
    """And only keys of that form do; they sort by number, not by text."""
    assert place_of(key_of(12, 9)) == (12, 9)
    for key in ("snapshot-1-2.snap", "control-plane/snapshots/snapshot-1.snap", "control-plane/snapshots/x"):
        assert place_of(key) is None


def test_every_member_restored_from_one_snapshot_begins_alike(tmp_path: Path) -> None:
    """Same state, same membership, a term of its own; a folder with a state is refused."""
    snapshot = unpack(b"".join(pack(4, 70, fleet(3))), "x")
    addresses = {"cp-1": "a:1", "cp-2": "b:2"}
    begun = []
    for name in addresses:
        store = LmdbControl(tmp_path / name)
        rescue.restore(store, name, addresses, snapshot)
        with pytest.raises(DiskError):
            rescue.restore(store, name, addresses, snapshot)
        loaded = store.load()
        begun.append((loaded.hard, loaded.checkpoint, sorted(loaded.records)))
        assert fleet_of(loaded.checkpoint, loaded.records).state_hash == snapshot.fleet.state_hash
        store.close()
    assert begun[0] == begun[1]
    assert (begun[0][0].term, begun[0][1].index, begun[0][1].config.voters) == (5, 70, ("cp-1", "cp-2"))


def test_a_survivor_recovers_alone_with_all_it_had_and_says_so_in_the_audit(tmp_path: Path) -> None:
    """The state, and what was only in the log; the lost members are named; it leads when it starts."""
    store = LmdbControl(tmp_path / "control")
    snapshot = unpack(b"".join(pack(4, 70, fleet(3))), "x")
    rescue.restore(store, "cp-1", {"cp-1": "127.0.0.1:7000", "cp-2": "b:2", "cp-3": "c:3"}, snapshot)
    assert rescue.recover(store, "cp-1", "", 1_700_000_000_000) == ["cp-2", "cp-3"]
    store.close()
    member = Alone(tmp_path / "control")
    assert member.plane.is_leader
    assert len(member.plane.fleet.tenants) == 3
    assert [line.action for line in member.plane.fleet.audit.rows.values()] == ["raft.recover"]
    member.result(member.plane.propose(TenantCreate("after", "after.localhost")))
    member.result(member.plane.stop())


def test_there_is_nothing_to_recover_in_an_empty_folder(tmp_path: Path) -> None:
    """One sentence, and nothing is made."""
    store = LmdbControl(tmp_path / "control")
    with pytest.raises(DiskError, match="no state to recover"):
        rescue.recover(store, "cp-1", "", 1)
    store.close()
