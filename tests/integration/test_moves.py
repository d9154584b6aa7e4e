"""Tenants between nodes: moved by hand, by a drain, and by the death of a node, while a client goes on writing."""

import contextlib
import threading
import time
from collections.abc import Iterator

import pytest

from tests.kit.cluster_processes import Client, Cluster, cluster

MOVE_S_MAX = 60.0
WRITES_S_MAX = 30.0
TRIES_MAX = 12


class Writer:
    """Writes notes one after the other until it is stopped; remembers what was acknowledged and what was refused."""

    def __init__(self, client: Client) -> None:
        self.acknowledged: set[str] = set()
        self.refused: list[int] = []
        self._client = client
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        count = 0
        while not self._stop.is_set():
            count += 1
            title = f"{id(self)}-{count}"
            with contextlib.suppress(OSError):
                status = self._client.ask("POST", "/api/collections/notes/records", {"title": title}).status
                if status == 200:
                    self.acknowledged.add(title)
                else:
                    self.refused.append(status)
            time.sleep(0.01)

    def until_more(self, count: int) -> None:
        """Return once so many more notes were acknowledged."""
        wanted = len(self.acknowledged) + count
        limit = time.monotonic() + WRITES_S_MAX
        while len(self.acknowledged) < wanted:
            assert time.monotonic() < limit, (len(self.acknowledged), self.refused)
            time.sleep(0.02)

    def stop(self) -> None:
        """Write no more."""
        self._stop.set()
        self._thread.join(60)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A control plane, two nodes and a gateway."""
    with cluster(tmp_path_factory.mktemp("cluster"), nodes=2) as running:
        yield running


def where(world: Cluster, tenant_id: str) -> tuple[str, str]:
    """The tenant's node and status."""
    shown = world.admin("GET", f"/api/cp/tenants/{tenant_id}").json
    return shown["node_id"], shown["status"]


def until(world: Cluster, tenant_id: str, node_id: str) -> None:
    """Return once the tenant is served by the node."""
    limit = time.monotonic() + MOVE_S_MAX
    while where(world, tenant_id) != (node_id, "active"):
        assert time.monotonic() < limit, (where(world, tenant_id), world.nodes[node_id].text()[-3000:])
        time.sleep(0.05)


def test_a_move_by_hand_loses_nothing_and_refuses_nobody(world: Cluster) -> None:
    """There and back again under writes: every acknowledged note is there, and no write was refused.

    Only where the machine stood still for the length of a lease may a node have answered 503, and it says why.
    """
    client = world.make("moving")
    client.make_notes()
    writer = Writer(client)
    try:
        for _ in range(2):
            home = where(world, "moving")[0]
            other = next(name for name in world.nodes if name != home)
            writer.until_more(10)
            moved = world.control.cli("tenant", "migrate", "moving", other, token=world.control.token)
            assert moved.returncode == 0, moved.stderr
            until(world, "moving", other)
            writer.until_more(10)
    finally:
        writer.stop()
    assert writer.acknowledged - client.titles() == set()
    assert writer.refused == [] or (set(writer.refused) == {503} and world.lapsed()), writer.refused


def test_a_drained_node_gives_all_its_tenants_away(world: Cluster) -> None:
    """Each goes to the other node; the drained one stays up, empty, and takes tenants again when it is undrained."""
    names = [f"drain{number}" for number in range(4)]
    clients = {name: world.make(name) for name in names}
    for client in clients.values():
        client.make_notes()
        assert client.write("before")
    token = world.control.token
    assert world.control.cli("node", "drain", "node-1", token=token).returncode == 0
    for name in names:
        limit = time.monotonic() + MOVE_S_MAX
        while where(world, name)[0] != "node-2":
            assert time.monotonic() < limit, where(world, name)
            time.sleep(0.1)
    for client in clients.values():
        assert client.titles() == {"before"}
        assert client.write("after")
    shown = world.admin("GET", "/api/cp/nodes/node-1").json
    assert (shown["status"], shown["active_tenants"]) == ("draining", 0)
    assert world.control.cli("node", "undrain", "node-1", token=token).returncode == 0
    fresh = [f"fresh{number}" for number in range(TRIES_MAX)]
    assert any(world.make(name) and where(world, name)[0] == "node-1" for name in fresh)


def test_a_dead_node_s_tenants_are_served_by_another(world: Cluster) -> None:
    """Kill -9: what was acknowledged a second before is there on the other node, within seconds."""
    client = world.make("orphan")
    client.make_notes()
    home = where(world, "orphan")[0]
    other = next(name for name in world.nodes if name != home)
    wanted = {f"note {number}" for number in range(50)}
    assert all(client.write(title) for title in sorted(wanted))
    time.sleep(1.0)
    world.nodes[home].kill()
    client.until_served()
    assert client.titles() == wanted
    assert where(world, "orphan")[0] == other
    assert world.admin("GET", f"/api/cp/nodes/{home}").json["status"] == "down"
    assert world.control.cli("health", token=world.control.token).returncode == 1
    world.nodes[home].start()
    assert client.titles() == wanted
