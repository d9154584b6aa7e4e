import json
from pathlib import Path

import pytest

from pbe.replication.local_record import APART, LocalRecord, read_record, set_aside, write_record
from tests.kit.replication_world import TENANT, Node, World, dump


@pytest.fixture
def world(tmp_path: Path) -> World:
    """A store in memory."""
    return World(tmp_path)


def serving(world: World) -> Node:
    """A node that serves one row."""
    node = world.node()
    node.load()
    node.write("CREATE TABLE t(a INTEGER PRIMARY KEY, b)", "INSERT INTO t VALUES (1, 'shipped')")
    world.clock.advance(1)
    return node


def elsewhere(world: World) -> list[str]:
    """What another disk has after a restore."""
    path = world.folder / "elsewhere.db"
    world.run(world.node("other").replicator.copy(TENANT, "data.db", str(path)))
    return dump(path)


def test_a_crash_loses_nothing_that_the_disk_has(world: World) -> None:
    """After kill -9 in the middle of writing, the same disk goes on with every row and ships what was not shipped."""
    node = serving(world)
    node.write("INSERT INTO t VALUES (2, 'not shipped')")
    node.crash()
    restored = node.load(epoch=2)
    assert (restored.kept, restored.bytes_read) == (True, 0)
    assert node.rows() == [(1, "shipped"), (2, "not shipped")]
    world.clock.advance(1)
    assert elsewhere(world) == dump(node.path())


def test_unshipped_rows_survive_a_restart_of_the_log(world: World) -> None:
    """What was committed, checkpointed, and overwritten in the log before it was shipped is still found."""
    node = serving(world)
    node.write("INSERT INTO t VALUES (2, 'not shipped')")
    log = node.replicas["data.db"].log
    log.appended += 10_000
    log.tidy()
    node.write("INSERT INTO t VALUES (3, 'in the new log')")
    node.crash()
    record = read_record(str(node.path()))
    assert record is not None
    assert len(record.seals) == 1
    assert node.load(epoch=2).kept
    assert len(node.rows()) == 3
    world.clock.advance(1)
    assert elsewhere(world) == dump(node.path())


def test_files_that_were_overtaken_are_kept_aside(world: World) -> None:
    """Rows that only a lost node has are not served, but an operator finds them, and hears where."""
    node = serving(world)
    node.write("INSERT INTO t VALUES (2, 'only here')")
    node.crash()
    other = world.node("n2")
    other.load(epoch=2)
    other.write("INSERT INTO t VALUES (2, 'there')")
    world.clock.advance(1)
    other.unload()
    assert not node.load(epoch=3).kept
    assert node.rows() == [(1, "shipped"), (2, "there")]
    aside = list((node.path().parent / "overtaken").glob("*/data.db"))
    assert len(aside) == 1
    assert "t (2, 2, 'only here')" in dump(aside[0])
    assert any("overtaken" in alert and str(aside[0].parent) in alert for alert in world.alerts)


def test_files_closed_in_order_are_not_kept_aside(world: World) -> None:
    """They hold nothing that the store has not."""
    node = serving(world)
    node.unload()
    other = world.node("n2")
    other.load(epoch=2)
    other.write("INSERT INTO t VALUES (2, 'there')")
    world.clock.advance(1)
    assert not node.load(epoch=3).kept
    assert not (node.path().parent / "overtaken").exists()


def test_a_disk_from_a_backup_is_not_taken_for_newer(world: World) -> None:
    """Files that lack what the log has are overtaken, although the epoch is theirs."""
    node = serving(world)
    node.crash()
    kept = {path: path.read_bytes() for path in node.path().parent.iterdir() if path.is_file()}
    node.load(epoch=1)
    node.write("INSERT INTO t VALUES (2, 'newer')")
    world.clock.advance(1)
    node.crash()
    for path in node.path().parent.iterdir():
        path.unlink()
    for path, data in kept.items():
        path.write_bytes(data)
    assert not node.load(epoch=1).kept
    assert node.rows() == [(1, "shipped"), (2, "newer")]


def test_an_existing_database_is_taken_in(world: World) -> None:
    """A file that the store knows nothing of (pb_data copied in) is kept and shipped whole."""
    first = serving(world)
    first.unload()
    data = first.path().read_bytes()
    log = Path(f"{first.path()}-wal").read_bytes()
    fresh = World(world.folder / "fresh")
    node = fresh.node()
    node.path().parent.mkdir(parents=True)
    node.path().write_bytes(data)
    Path(f"{node.path()}-wal").write_bytes(log)
    restored = node.load()
    assert (restored.found, restored.kept) == (False, True)
    assert node.rows() == [(1, "shipped")]
    assert elsewhere(fresh) == dump(node.path())


def test_records_survive_garbage(tmp_path: Path) -> None:
    """A record reads back as it was; anything else is no record."""
    path = str(tmp_path / "data.db")
    record = LocalRecord((1, 2), ((5, 6, 7), APART), (9, 10))
    write_record(path, record, sync=True)
    assert read_record(path) == record
    for broken in (
        "",
        "{",
        "[]",
        "null",
        json.dumps({"epochs": [1]}),
        json.dumps({"epochs": 1, "seals": [], "shipped": 1}),
    ):
        (tmp_path / "data.db-replica").write_text(broken)
        assert read_record(path) is None


def test_only_a_few_sets_are_kept_aside(tmp_path: Path) -> None:
    """Older sets make room for newer ones."""
    path = tmp_path / "data.db"
    for n in range(5):
        path.write_text(str(n))
        set_aside(str(path), f"2026-0{n + 1}")
    assert sorted(folder.name for folder in (tmp_path / "overtaken").iterdir()) == [
        "data.db.2026-03",
        "data.db.2026-04",
        "data.db.2026-05",
    ]
    assert set_aside(str(path), "x") is None
