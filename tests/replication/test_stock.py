"""pbe and the real litestream read and continue each other's replicas, in a folder and over the S3 API."""

import os
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import apsw
import pytest

from pbe.objects.folder import FolderStore
from pbe.objects.s3 import S3Store
from pbe.objects.store import ObjectStore
from pbe.replication.moment import Moment
from pbe.replication.replica import rfc3339
from tests.kit.moto_peer import MotoPeer
from tests.kit.replication_world import TENANT, Node, World, dump, stock_restore
from tests.kit.workers import InlineWorkers
from tests.peers import litestream

CREDENTIALS = {"LITESTREAM_ACCESS_KEY_ID": "a", "LITESTREAM_SECRET_ACCESS_KEY": "b", "AWS_REGION": "us-east-1"}


class Place:
    """A store and the URL under which litestream finds data.db's replica in it."""

    def __init__(self, store: ObjectStore, url: str, endpoint: str = "") -> None:
        self.store = store
        self.url = url
        self.endpoint = endpoint
        self.env = {**{key: value for key, value in os.environ.items() if not key.startswith("AWS_")}, **CREDENTIALS}

    def config(self, folder: Path, database: Path) -> Path:
        """A litestream configuration that replicates `database` here."""
        lines = ["dbs:", f"  - path: {database}", "    replica:", f"      url: {self.url.partition('?')[0]}"]
        if self.endpoint:
            lines += [f"      endpoint: {self.endpoint}", "      region: us-east-1", "      force-path-style: true"]
        path = folder / "litestream.yml"
        path.write_text("\n".join([*lines, ""]))
        return path


@pytest.fixture(scope="module")
def moto(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MotoPeer]:
    """One S3 server for all tests of the module."""
    peer = MotoPeer(tmp_path_factory.mktemp("moto"))
    yield peer
    peer.close()


@pytest.fixture(params=["folder", "s3"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    """An empty folder store, and an empty bucket."""
    replica = f"tenants/{TENANT}/litestream/data.db"
    if request.param == "folder":
        yield Place(FolderStore(tmp_path / "objects", InlineWorkers()), f"file://{tmp_path}/objects/{replica}")
        return
    peer: MotoPeer = request.getfixturevalue("moto")
    s3 = peer.place()
    store = S3Store(s3, InlineWorkers())
    query = f"endpoint={peer.endpoint}&forcePathStyle=true&region=us-east-1"
    yield Place(store, f"s3://{s3.bucket}/{replica}?{query}", peer.endpoint)
    store.close()


def busy(node: Node, world: World, rounds: int) -> None:
    """Transactions of several kinds, each flushed."""
    for n in range(rounds):
        node.write(*[("INSERT INTO t VALUES (NULL, ?)", (f"{n} " * 400,))] * 5)
        if n % 3 == 2:
            node.write("DELETE FROM t WHERE a % 4 = 0")
        if n % 5 == 4:
            node.write("UPDATE t SET b = 'short' WHERE a % 3 = 0")
        pause(world, 0.3)


def pause(world: World, seconds: float) -> None:
    """Time passes for us and for the store: litestream compares our times with the store's own."""
    time.sleep(seconds)
    world.clock.advance(seconds)


def served(place: Place, tmp_path: Path) -> tuple[World, Node]:
    """A node that serves a table."""
    world = World(tmp_path / "world", place.store)
    world.epoch_s = time.time()
    node = world.node()
    node.load()
    node.write("CREATE TABLE t(a INTEGER PRIMARY KEY, b)")
    pause(world, 0.5)
    return world, node


def replicate(place: Place, folder: Path, database: Path, work: list[str]) -> None:
    """Runs stock `litestream replicate` while another process's connection does `work`, until all is shipped."""
    config = place.config(folder, database)
    with (folder / "litestream.log").open("wb") as log:
        command = [str(litestream()), "replicate", "-config", str(config)]
        process = subprocess.Popen(command, stdout=log, stderr=log, env=place.env)
    time.sleep(1.5)
    connection = apsw.Connection(str(database))
    connection.set_busy_timeout(5000)
    connection.pragma("journal_mode", "wal")
    for sql in work:
        connection.execute(sql)
        time.sleep(0.05)
    time.sleep(2.5)
    process.terminate()
    process.wait(20)
    connection.close()


def test_stock_restores_by_newest_time_and_txid(place: Place, tmp_path: Path) -> None:
    """Litestream restores what pbe shipped: the newest state, and each moment that was noted on the way."""
    world, node = served(place, tmp_path)
    moments: list[tuple[int, int, list[str]]] = []
    for _ in range(3):
        busy(node, world, 2)
        position = node.replicas["data.db"].position
        moments.append((position.txid, int(world.now() * 1000) + 1, dump(node.path())))
        pause(world, 1.2)
    busy(node, world, 3)
    target = tmp_path / "newest.db"
    stock_restore(place.url, target, env=place.env)
    assert dump(target) == dump(node.path())
    for txid, moment_ms, expected in moments:
        by_txid, by_time = tmp_path / f"{txid}.db", tmp_path / f"{txid}-time.db"
        stock_restore(place.url, by_txid, "-txid", f"{txid:016x}", env=place.env)
        stock_restore(place.url, by_time, "-timestamp", rfc3339(moment_ms), env=place.env)
        assert dump(by_txid) == dump(by_time) == expected


def test_we_restore_by_time_and_txid(place: Place, tmp_path: Path) -> None:
    """The same moments come back through us."""
    world, node = served(place, tmp_path)
    busy(node, world, 3)
    txid, moment_ms = node.replicas["data.db"].position.txid, int(world.now() * 1000) + 1
    expected = dump(node.path())
    pause(world, 1.2)
    busy(node, world, 3)
    for moment in (Moment(txid=txid), Moment(before_ms=moment_ms), Moment.parse(rfc3339(moment_ms))):
        target = tmp_path / "moment.db"
        world.run(node.replicator.copy(TENANT, "data.db", str(target), at=moment))
        assert dump(target) == expected


def test_we_open_what_stock_replicated(place: Place, tmp_path: Path) -> None:
    """A replica that litestream made is restored byte for byte as it does, and pbe goes on in the same chain."""
    database = tmp_path / "stock.db"
    work = ["CREATE TABLE t(a INTEGER PRIMARY KEY, b)", *["INSERT INTO t VALUES (NULL, zeroblob(5000))"] * 20]
    replicate(place, tmp_path, database, [*work, "DELETE FROM t WHERE a < 5", "VACUUM"])
    target = tmp_path / "theirs.db"
    stock_restore(place.url, target, env=place.env)
    world = World(tmp_path / "world", place.store)
    node = world.node()
    ours = tmp_path / "ours.db"
    world.run(node.replicator.copy(TENANT, "data.db", str(ours)))
    assert ours.read_bytes() == target.read_bytes()
    node.load()
    assert len(node.rows()) == 16
    busy(node, world, 4)
    again = tmp_path / "again.db"
    stock_restore(place.url, again, env=place.env)
    assert dump(again) == dump(node.path())


@pytest.mark.parametrize("ending", ["flushed", "fence", "reload"])
def test_stock_takes_over_what_we_shipped(place: Place, tmp_path: Path, ending: str) -> None:
    """Litestream goes on from a pbe replica, whatever its newest record is, and nothing written by either is lost."""
    world, node = served(place, tmp_path)
    busy(node, world, 4)
    node.unload()
    if ending != "flushed":
        node.load(epoch=2)
        if ending == "reload":
            node.write("INSERT INTO t VALUES (5000, 'late')")
        node.unload()
    database = tmp_path / "taken.db"
    stock_restore(place.url, database, env=place.env)
    before = dump(database)
    assert before == dump(node.path())
    replicate(place, tmp_path, database, ["INSERT INTO t VALUES (9000, 'theirs')"])
    target = tmp_path / "after.db"
    stock_restore(place.url, target, env=place.env)
    rows = [line for line in dump(target) if not line.startswith("_litestream")]
    assert rows == [*before, "t (9000, 9000, 'theirs')"]
    ours = tmp_path / "ours.db"
    world.run(world.node("n2").replicator.copy(TENANT, "data.db", str(ours)))
    assert dump(ours) == dump(target)
