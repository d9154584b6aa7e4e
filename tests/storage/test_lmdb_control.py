"""A member's disk in LMDB."""

from pathlib import Path

import lmdb
import pytest

from pbe.errors import DiskError
from pbe.raft import HardState, bootstrap, make_entry
from pbe.storage.control import Checkpoint, ControlDamaged
from pbe.storage.lmdb_control import LmdbControl


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where the member's files are."""
    return tmp_path / "control"


def entries(first: int, last: int, term: int = 1) -> list:
    """Entries of one term."""
    return [make_entry(index, term, b"data%d" % index) for index in range(first, last + 1)]


def spoil(folder: Path, database: bytes, key: bytes) -> None:
    """Flip a bit of one value."""
    env = lmdb.open(str(folder), max_dbs=4)
    with env.begin(write=True, db=env.open_db(database)) as txn:
        value = bytearray(txn.get(key))
        value[-1] ^= 1
        txn.put(key, bytes(value))
    env.close()


def test_an_empty_disk_is_a_beginning(folder: Path) -> None:
    """Nothing was written: no member, term, entries or records."""
    loaded = LmdbControl(folder).load()
    assert (loaded.member, loaded.hard, loaded.offset, list(loaded.entries)) == ("", HardState(), (0, 0), [])


def test_what_was_saved_is_there_after_a_restart(folder: Path) -> None:
    """Vote, entries, checkpoint and records come back; a later save replaces the conflicting tail."""
    store = LmdbControl(folder)
    store.save(HardState(1, "a", 0), entries(1, 5))
    store.save(HardState(2, "b", 2), entries(4, 4, term=2))
    config = bootstrap({"a": "x:1"})
    store.checkpoint(Checkpoint(2, 1, config, b"meta"), [("tenants", "t", b"1"), ("tenants", "u", b"2")], (0, 0))
    store.checkpoint(Checkpoint(3, 1, config, b"meta2"), [("tenants", "u", None)], (2, 1))
    store.close()
    loaded = LmdbControl(folder).load()
    assert loaded.hard == HardState(2, "b", 2)
    assert loaded.offset == (2, 1)
    assert [(entry.index, entry.term) for entry in loaded.entries] == [(3, 1), (4, 2)]
    assert loaded.checkpoint == Checkpoint(3, 1, config, b"meta2")
    assert loaded.records == [("tenants", "t", b"1")]


def test_a_snapshot_replaces_everything(folder: Path) -> None:
    """Log and records of before are gone."""
    store = LmdbControl(folder)
    store.save(HardState(1, "a", 0), entries(1, 5))
    store.checkpoint(Checkpoint(2, 1), [("tenants", "old", b"1")], (0, 0))
    store.install(HardState(3, "", 9), Checkpoint(9, 3), [("tenants", "new", b"2")])
    loaded = store.load()
    assert (loaded.offset, list(loaded.entries), loaded.records) == ((9, 3), [], [("tenants", "new", b"2")])


def test_a_disk_belongs_to_one_member(folder: Path) -> None:
    """Another id is refused with both names."""
    store = LmdbControl(folder)
    store.claim("cp-1")
    store.claim("cp-1")
    with pytest.raises(ControlDamaged, match=r"cp-1.*cp-2"):
        store.claim("cp-2")


def test_a_broken_entry_is_cut_and_the_member_marked(folder: Path) -> None:
    """What follows a broken entry goes too, its key is named, and the mark to recover to stays until it is reached."""
    store = LmdbControl(folder)
    store.save(HardState(1, "a", 0), entries(1, 5))
    store.close()
    spoil(folder, b"log", (3).to_bytes(8, "big"))
    store = LmdbControl(folder)
    loaded = store.load()
    assert [entry.index for entry in loaded.entries] == [1, 2]
    assert (loaded.recover_to, loaded.damaged) == (5, f"{folder} log/3")
    assert (store.load().recover_to, store.load().damaged) == (5, "")
    store.recovered()
    assert store.load().recover_to == 0


def test_a_broken_entry_that_is_in_the_state_only_shortens_the_log(folder: Path) -> None:
    """The log then begins behind the checkpoint."""
    store = LmdbControl(folder)
    store.save(HardState(1, "a", 0), entries(1, 5))
    store.checkpoint(Checkpoint(4, 1), [], (0, 0))
    store.close()
    spoil(folder, b"log", (2).to_bytes(8, "big"))
    loaded = LmdbControl(folder).load()
    assert (loaded.offset, list(loaded.entries), loaded.recover_to) == ((4, 1), [], 5)


def test_a_broken_vote_stops_the_member(folder: Path) -> None:
    """It cannot be repaired from peers: the key is named."""
    store = LmdbControl(folder)
    store.save(HardState(1, "a", 0), [])
    store.close()
    spoil(folder, b"meta", b"hard")
    with pytest.raises(ControlDamaged, match="meta/hard"):
        LmdbControl(folder).load()


def test_a_full_disk_is_an_error_and_changes_nothing(folder: Path) -> None:
    """The whole call is undone."""
    store = LmdbControl(folder, map_bytes=64 * 1024)
    store.save(HardState(1, "a", 0), entries(1, 2))
    with pytest.raises(DiskError, match="largest size"):
        store.save(HardState(2, "b", 0), [make_entry(3, 2, b"x" * 100_000)])
    loaded = store.load()
    assert (loaded.hard, len(loaded.entries)) == (HardState(1, "a", 0), 2)
