"""A node's part in the cluster."""

from pbe.fleet import commands
from tests.kit.cluster_world import FakeNode, World


def test_a_superuser_is_made_once_and_then_forgotten() -> None:
    """The node makes what waits, tells the control plane, and does not make it again."""
    world = World()
    node = world.node("n1")
    world.tenant("a", superuser_email="a@b.co", superuser_hash="hash")
    world.run(node.membership.ready("a"))
    assert node.superusers == [("loaded a", "a@b.co", "hash")]
    assert world.plane.fleet.superusers.get("a") is None
    world.run(world.plane.propose(commands.SuperuserSet("a", "c@d.co", "other")))
    assert node.superusers[1:] == [("loaded a", "c@d.co", "other")]
    world.run(node.membership.ready("nobody"))


def test_a_tenant_is_reported_active_once_for_each_epoch() -> None:
    """The first answer makes it active, the next ones cost nothing."""
    world = World()
    node = world.node("n1")
    world.tenant("a")
    for _ in range(3):
        node.membership.served("a")
    assert world.plane.fleet.tenants.rows["a"].status == "active"
    assert sum(isinstance(command, commands.TenantStatus) for command in world.plane.proposed) == 1
    node.membership.served("nobody")


def test_a_tenant_that_leaves_is_closed() -> None:
    """Deleted or given to another node: the host is told to let it go."""
    world = World()
    node = world.node("n1")
    world.tenant("a")
    world.tenant("b")
    world.node("n2")
    world.run(world.plane.propose(commands.TenantDelete("a")))
    world.run(world.plane.propose(commands.RouteAssign((("b", "n2", 1),))))
    assert node.host.evicted == ["a", "b"]
    assert node.membership.find("a") is None
    assert node.membership.find("b") is None


def test_without_an_answer_the_lease_runs_out_and_comes_back() -> None:
    """A node that is cut off stops serving by itself, and serves again after it was heard."""
    world = World()
    node = world.node("n1")
    assert node.membership.live()
    node.cut = True
    world.pass_time(2.5)
    assert node.membership.live()
    world.pass_time(1.0)
    assert not node.membership.live()
    node.cut = False
    world.pass_time(1.5)
    assert node.membership.live()


def test_a_node_that_leaves_says_no_more() -> None:
    """After the last word nothing is sent and no timer is left."""
    world = World()
    node = FakeNode(world, "n1")
    node.join()
    world.steward.stop()
    node.membership.leave()
    world.pass_time(5.0)
    assert not world.clock.getDelayedCalls()


def test_slow_answers_do_not_cost_the_lease() -> None:
    """Heartbeats go out each second whatever became of the last: what is answered within the lease counts."""
    world = World()
    node = world.node("n1")
    world.pass_time(1.0)
    node.late_s = 1.7
    for _ in range(100):
        world.pass_time(0.1)
        assert node.membership.live()
    node.late_s = 2.9
    world.pass_time(4.0)
    assert not node.membership.live()
    node.late_s = 0.0
    world.pass_time(1.5)
    assert node.membership.live()


def test_a_node_that_was_removed_registers_once_again() -> None:
    """However many heartbeats are refused meanwhile, and then it lives on."""
    world = World()
    node = world.node("n1")
    node.late_s = 1.7
    world.pass_time(1.0)
    registered = sum(isinstance(command, commands.NodeRegister) for command in world.plane.proposed)
    world.run(world.plane.propose(commands.NodeRemove("n1")))
    world.pass_time(8.0)
    assert sum(isinstance(command, commands.NodeRegister) for command in world.plane.proposed) == registered + 1
    assert node.membership.live()
