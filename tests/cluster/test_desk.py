"""Calls of nodes and gateways, right and wrong."""

from typing import Any

import pytest

from pbe.errors import BadRequest, NotFound, RequestError
from tests.kit.cluster_world import World


def test_a_node_registers_beats_and_shows() -> None:
    """Its lease is answered, and its heartbeat is what the API shows of it."""
    world = World()
    node = {"id": "n1", "address": "n1:8091", "capacity": 5, "labels": {"a": "b"}, "unknown": 1}
    assert world.run(world.desk.register(node)) == {"lease_ms": 3000}
    beat = {"node_id": "n1", "cached_tenants": 2, "resources": {"cpu_usage": 0.25}, "tenants": ["x"]}
    assert world.run(world.desk.heartbeat(beat)) == {"lease_ms": 3000}
    shown = world.desk.node("n1")
    assert (shown["cached_tenants"], shown["resources"]["cpu_usage"]) == (2, 0.25)
    assert shown["last_heartbeat"].endswith("Z")
    assert world.desk.node("n9") == {}


def test_a_heartbeat_of_a_stranger_is_told_to_register() -> None:
    """NotFound, as for a node that was declared down."""
    world = World()
    with pytest.raises(NotFound):
        world.run(world.desk.heartbeat({"node_id": "n1"}))


@pytest.mark.parametrize(
    ("method", "payload"),
    [
        ("register", None),
        ("register", {}),
        ("register", {"id": 5, "address": "x"}),
        ("register", {"id": "n 1", "address": "x"}),
        ("register", {"id": "n1", "address": "x", "capacity": 0}),
        ("register", {"id": "n1", "address": "x", "labels": {"a": 1}}),
        ("heartbeat", []),
        ("heartbeat", {"node_id": ["n1"]}),
        ("route", None),
        ("route", {"tenant_id": 5}),
        ("status", {"tenant_id": "a", "status": "archived"}),
        ("status", {"tenant_id": "nobody", "status": "active"}),
        ("released", {"tenant_id": "a", "epoch": "x"}),
        ("superuser_done", 7),
    ],
)
def test_a_lying_peer_gets_an_error_and_changes_nothing(method: str, payload: Any) -> None:
    """Whatever it sends, one error and the same state."""
    world = World()
    world.tenant("a")
    before = world.plane.fleet.state_hash
    with pytest.raises(RequestError):
        world.run(getattr(world.desk, method)(payload))
    assert world.plane.fleet.state_hash == before


def test_a_stale_report_is_refused() -> None:
    """A node that no longer owns the tenant cannot say that it is active."""
    world = World()
    world.node("n1")
    world.tenant("a")
    with pytest.raises(BadRequest):
        world.run(world.desk.status({"tenant_id": "a", "epoch": 7, "status": "active"}))
    assert world.run(world.desk.status({"tenant_id": "a", "epoch": 1, "status": "active"})) == {}
    assert world.plane.fleet.tenants.rows["a"].status == "active"


def test_a_follower_asks_the_leader() -> None:
    """A node may be linked to any member: its words reach the leader, and its load shows at both."""
    leader, follower = World(), World()
    follower.plane.is_leader = False
    follower.plane.other = leader.plane
    leader.pass_time(0.1)
    calls = follower.desk.calls()
    leader.run(calls["node.register"]({"id": "n1", "address": "n1:8091"}))
    leader.run(calls["node.heartbeat"]({"node_id": "n1", "cached_tenants": 7}))
    leader.tenant("a")
    assert leader.run(calls["route.get"]({"tenant_id": "a"}))["node_id"] == "n1"
    assert leader.run(follower.desk.nodes())["n1"]["cached_tenants"] == 7
    follower.plane.other = None
    assert leader.run(follower.desk.nodes()) == {}
