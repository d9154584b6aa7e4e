"""Tenants find nodes, lose them with their nodes, and find others."""

import pytest

from pbe.cluster.beats import GRACE_S, LEASE_S
from pbe.errors import NotFound, Unavailable
from pbe.fleet import commands
from tests.kit.cluster_world import World


def test_a_new_tenant_gets_a_node_at_once() -> None:
    """The least loaded one; the node learns that the tenant is its own."""
    world = World()
    first, second = world.node("n1"), world.node("n2")
    assert world.tenant("a").node_id == "n1"
    assert world.tenant("b").node_id == "n2"
    found = first.membership.find("a")
    assert found is not None
    assert found.epoch == 1
    assert second.membership.find("a") is None
    assert world.plane.fleet.tenants.rows["a"].status == "assigning"


def test_many_tenants_at_once_are_placed_together() -> None:
    """A flood of new tenants costs a few rounds and commands, not one for each."""
    world = World()
    for name in ("n1", "n2"):
        world.node(name)
    world.run(world.plane.propose(commands.NodeUpdate("n1", capacity=500)))
    for number in range(100):
        world.run(world.plane.propose(commands.TenantCreate(f"t{number}", f"t{number}.localhost")))
        world.clock.advance(0.001)
    world.pass_time(0.5)
    assert all(world.where(f"t{number}") for number in range(100))
    assert sum(isinstance(command, commands.RouteAssign) for command in world.plane.proposed) < 6


def test_a_tenant_waits_until_a_node_comes() -> None:
    """Without a node it stays `created`, and a request for it is told to try again."""
    world = World()
    assert world.tenant("a").status == "created"
    with pytest.raises(Unavailable):
        world.run(world.desk.route({"tenant_id": "a"}))
    world.node("n1")
    assert world.where("a") == "n1"
    assert world.run(world.desk.route({"tenant_id": "a"}))["address"] == "n1:8091"


def test_an_unknown_or_deleted_tenant_has_no_route() -> None:
    """404."""
    world = World()
    world.node("n1")
    world.tenant("a")
    world.run(world.plane.propose(commands.TenantDelete("a")))
    for tenant_id in ("a", "nobody"):
        with pytest.raises(NotFound):
            world.run(world.desk.route({"tenant_id": tenant_id}))


def test_a_dead_node_s_tenants_get_another_within_the_lease_and_a_round() -> None:
    """A node that falls silent is down when its lease is over; its tenants move under new epochs."""
    world = World()
    first, second = world.node("n1"), world.node("n2")
    names = [f"t{number}" for number in range(6)]
    for name in names:
        world.tenant(name)
    world.pass_time(GRACE_S)
    first.cut = True
    world.pass_time(LEASE_S + 1.0)
    assert world.plane.fleet.nodes.rows["n1"].status == "down"
    assert {world.where(name) for name in names} == {"n2"}
    assert not first.membership.live()
    assert second.membership.live()
    assert {world.plane.fleet.routes.rows[name].epoch for name in names} == {1, 2}


def test_the_node_stops_before_the_control_plane_counts_it_out() -> None:
    """At no moment does a node serve whose tenants were given away."""
    world = World()
    node = world.node("n1")
    world.node("n2")
    world.tenant("a")
    world.pass_time(GRACE_S)
    node.cut = True
    for _ in range(100):
        world.clock.advance(0.05)
        given_away = world.where("a") != "n1"
        assert not (given_away and node.membership.live())
    assert world.where("a") == "n2"


def test_a_node_that_comes_back_keeps_what_nobody_else_could_take() -> None:
    """The only node dies: its tenants stay its own and are served when it registers again."""
    world = World()
    node = world.node("n1")
    world.tenant("a")
    world.pass_time(GRACE_S)
    node.cut = True
    world.pass_time(5.0)
    assert world.plane.fleet.nodes.rows["n1"].status == "down"
    with pytest.raises(Unavailable):
        world.run(world.desk.route({"tenant_id": "a"}))
    node.cut = False
    world.pass_time(1.0)
    assert world.plane.fleet.nodes.rows["n1"].status == "healthy"
    assert node.membership.live()
    assert world.run(world.desk.route({"tenant_id": "a"}))["node_id"] == "n1"


def test_a_new_leader_does_not_declare_everybody_dead() -> None:
    """Heartbeats of an earlier reign are not missed during the grace period."""
    world = World()
    nodes = [world.node("n1"), world.node("n2")]
    world.plane.is_leader = False
    world.pass_time(10.0)
    world.plane.is_leader = True
    world.pass_time(1.0)
    statuses = {world.plane.fleet.nodes.rows[name].status for name in ("n1", "n2")}
    assert statuses == {"healthy"}
    assert all(node.membership.live() for node in nodes)


def test_a_degraded_node_gets_no_new_tenants() -> None:
    """A hot node keeps what it has; a client that waits and has no other choice is served all the same."""
    world = World()
    node = world.node("n1")
    node.host.load = {"cpu_usage": 0.95}
    world.pass_time(6.0)
    assert world.plane.fleet.nodes.rows["n1"].status == "degraded"
    assert world.tenant("a").node_id == ""
    assert world.run(world.desk.route({"tenant_id": "a"}))["node_id"] == "n1"


def test_a_draining_node_serves_until_each_tenant_has_moved() -> None:
    """Each tenant is shipped by the source before the target owns it; in the end the node is empty."""
    world = World()
    source = world.node("n1")
    names = [f"t{number}" for number in range(6)]
    for name in names:
        world.tenant(name)
    world.node("n2")
    source.host.stuck = True
    world.run(world.plane.propose(commands.NodeDrain("n1", draining=True)))
    world.pass_time(3.0)
    assert {world.where(name) for name in names} == {"n1"}
    source.host.stuck = False
    world.pass_time(10.0)
    assert {world.where(name) for name in names} == {"n2"}
    assert set(source.host.evicted) == set(names)
    assert world.plane.fleet.nodes.rows["n1"].status == "draining"
    assert not world.plane.fleet.routes.groups["target"]


def test_a_move_whose_target_dies_is_given_up() -> None:
    """The source stays the owner and serves again."""
    world = World()
    source, target = world.node("n1"), world.node("n2")
    world.tenant("a")
    world.pass_time(GRACE_S)
    source.host.stuck = True
    world.run(world.plane.propose(commands.MoveStart("a", "n2")))
    assert source.membership.find("a") is None
    target.cut = True
    world.pass_time(LEASE_S + 2.0)
    found = source.membership.find("a")
    assert found is not None
    assert found.epoch == 1
    assert world.plane.fleet.tenants.rows["a"].status == "active"


def test_a_follower_leaves_all_to_the_leader() -> None:
    """Only the leader judges and places."""
    world = World()
    world.plane.is_leader = False
    world.tenant("a")
    world.pass_time(20.0)
    assert [type(command).__name__ for command in world.plane.proposed] == ["TenantCreate"]
    with pytest.raises(Unavailable):
        world.run(world.desk.calls()["node.heartbeat"]({"node_id": "n1"}))


def test_a_leader_that_was_slow_hears_what_lies_unread_before_it_judges() -> None:
    """Four seconds without a turn are its own silence, not the nodes'; one that is silent after it is down."""
    world = World()
    node = world.node("n1")
    world.tenant("a")
    world.pass_time(GRACE_S)
    node.membership.leave()
    world.clock.advance(LEASE_S + 1.0)
    assert world.plane.fleet.nodes.rows["n1"].status == "healthy"
    world.run(world.desk.heartbeat({**node.host.heartbeat(), "status": "healthy"}))
    world.pass_time(1.0)
    assert world.plane.fleet.nodes.rows["n1"].status == "healthy"
    world.pass_time(LEASE_S)
    assert world.plane.fleet.nodes.rows["n1"].status == "down"
