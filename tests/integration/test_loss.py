"""Tenants survive the loss of the machine they are on."""

import contextlib
import shutil
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import apsw
import pytest

from tests import peers
from tests.kit.cluster_processes import Client, Cluster, cluster
from tests.kit.processes import environment


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A control plane, a node and a gateway, S3 by moto."""
    with cluster(tmp_path_factory.mktemp("cluster")) as running:
        yield running


def litestream_restore(world: Cluster, tenant_id: str, target: Path) -> None:
    """Have the stock tool restore data.db from the bucket."""
    place = world.place
    url = f"s3://{place.bucket}/tenants/{tenant_id}/litestream/data.db"
    configuration = target.with_suffix(".yml")
    configuration.write_text(
        f"dbs:\n  - path: {target}\n    replicas:\n      - url: {url}\n        endpoint: {place.endpoint}\n"
        f"        region: us-east-1\n        force-path-style: true\n"
    )
    command = [
        str(peers.litestream()),
        "restore",
        "-config",
        str(configuration),
        "-integrity-check",
        "full",
        str(target),
    ]
    variables = {**environment(), "AWS_ACCESS_KEY_ID": place.access_key, "AWS_SECRET_ACCESS_KEY": place.secret_key}
    done = subprocess.run(command, env=variables, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def titles_in(path: Path) -> set[str]:
    """The titles in a database file."""
    with contextlib.closing(apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)) as connection:
        return {str(row[0]) for row in connection.execute("SELECT title FROM notes")}


def test_every_acknowledged_row_survives_the_loss_of_the_disk(world: Cluster, tmp_path: Path) -> None:
    """A second after the last acknowledgement the machine may burn: rows and stock restore agree."""
    client = world.make("lost")
    client.make_notes()
    wanted = {f"note {number}" for number in range(200)}
    assert all(client.write(title) for title in sorted(wanted))
    time.sleep(1.0)
    world.node.kill()
    shutil.rmtree(world.node.folder)
    litestream_restore(world, "lost", tmp_path / "restored.db")
    assert titles_in(tmp_path / "restored.db") == wanted
    world.node.start()
    client.until_served()
    assert client.titles() == wanted
    assert client.write("after the fire")
    assert client.titles() == wanted | {"after the fire"}


def test_not_one_acknowledged_row_is_missing_when_the_disk_survives(world: Cluster) -> None:
    """Kill -9 in the middle of writing; the last second's rows too are there after the start."""
    client = world.make("killed")
    client.make_notes()
    acknowledged: list[str] = []

    def write(number: int) -> None:
        own = Client(client.port, "killed")
        own.headers = client.headers
        with contextlib.suppress(OSError):
            for count in range(10_000):
                title = f"{number}-{count}"
                if not own.write_once(title):
                    return
                acknowledged.append(title)

    writers = [threading.Thread(target=write, args=(number,)) for number in range(4)]
    for writer in writers:
        writer.start()
    time.sleep(2.0)
    world.node.kill()
    known = set(acknowledged)
    for writer in writers:
        writer.join(40)
    known |= set(acknowledged)
    assert len(known) > 50
    world.node.start()
    client.until_served()
    assert known - client.titles() == set()


def test_a_terminated_node_ships_everything_before_it_ends(world: Cluster, tmp_path: Path) -> None:
    """SIGTERM right after an acknowledgement loses nothing, though the disk goes with it."""
    client = world.make("ended")
    client.make_notes()
    wanted = {f"note {number}" for number in range(20)}
    assert all(client.write(title) for title in wanted)
    world.node.terminate()
    shutil.rmtree(world.node.folder)
    world.node.start()
    client.until_served()
    assert client.titles() == wanted
