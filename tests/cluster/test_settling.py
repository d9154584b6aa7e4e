"""Waiting for what was ordered."""

from typing import Any

from twisted.internet.defer import Deferred

from pbe.cluster.settling import SETTLE_S_MAX, Settling
from pbe.fleet import commands
from tests.kit.cluster_world import World


def begin(world: World, tenant_id: str) -> list[Any]:
    """Wait for the superuser of a tenant; the list has one item once the wait is over."""
    results: list[Any] = []
    settling = Settling(world.plane, world.clock)
    Deferred.fromCoroutine(settling.superuser(tenant_id)).addCallback(results.append)
    return results


def test_the_wait_ends_when_the_node_has_made_the_superuser() -> None:
    """Not before, and not later."""
    world = World()
    world.run(world.plane.propose(commands.NodeRegister("n1", "n1")))
    world.run(world.plane.propose(commands.TenantCreate("a", "a.localhost", superuser_email="a@b.co", node_id="n1")))
    results = begin(world, "a")
    world.run(world.plane.propose(commands.TenantUpdate("a", plan="pro")))
    assert results == []
    revision = world.plane.fleet.superusers.rows["a"].revision
    world.run(world.plane.propose(commands.SuperuserDone("a", revision)))
    assert results == [None]


def test_the_wait_is_bounded() -> None:
    """A node that does not do it is not waited for for ever, and no listener stays."""
    world = World()
    world.run(world.plane.propose(commands.NodeRegister("n1", "n1")))
    world.run(world.plane.propose(commands.TenantCreate("a", "a.localhost", superuser_email="a@b.co", node_id="n1")))
    before = len(world.plane.listeners)
    results = begin(world, "a")
    world.clock.advance(SETTLE_S_MAX)
    assert (results, len(world.plane.listeners)) == ([None], before)


def test_nobody_waits_where_no_node_could() -> None:
    """Without nodes, or without a superuser that waits, there is nothing to wait for."""
    world = World()
    world.tenant("a", superuser_email="a@b.co", superuser_hash="x")
    assert begin(world, "a") == [None]
    assert begin(world, "nobody") == [None]
