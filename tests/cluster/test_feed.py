"""What nodes are told."""

from typing import Any

import pytest

from pbe.errors import BadRequest
from pbe.fleet import commands
from pbe.fleet.changes import Changes, node_topic
from tests.kit.cluster_world import World


class Heard:
    """A subscriber that keeps the state of each table."""

    def __init__(self) -> None:
        self.revision = 0
        self.resets = 0
        self.tables: dict[str, dict[str, Any]] = {}

    def __call__(self, revision: int, changes: Changes) -> None:
        """Take a message."""
        if changes.reset:
            self.resets += 1
            self.tables = {}
        for table, key, record in changes.records():
            self.tables.setdefault(table, {})[key] = record
        self.revision = max(self.revision, revision)


def test_a_node_is_told_only_of_its_tenants() -> None:
    """A tenant that becomes its own comes with its records and superuser; one that leaves is told once more."""
    world = World()
    for name in ("n1", "n2"):
        world.run(world.plane.propose(commands.NodeRegister(name, name)))
    heard = Heard()
    world.feed.subscribe(node_topic("n2"), 0, heard)
    world.run(world.plane.propose(commands.TenantCreate("a", "a.localhost", node_id="n1")))
    world.run(world.plane.propose(commands.SuperuserSet("a", "a@b.co", "hash")))
    assert heard.tables == {}
    epoch = world.plane.fleet.routes.rows["a"].epoch
    world.run(world.plane.propose(commands.RouteAssign((("a", "n2", epoch),))))
    assert heard.tables["routes"]["a"].node_id == "n2"
    assert heard.tables["tenants"]["a"].id == "a"
    assert heard.tables["superusers"]["a"].email == "a@b.co"
    world.run(world.plane.propose(commands.RouteAssign((("a", "n1", epoch + 1),))))
    assert heard.tables["routes"]["a"].node_id == "n1"
    world.run(world.plane.propose(commands.TenantUpdate("a", plan="pro")))
    assert heard.tables["tenants"]["a"].plan == "free"


def test_other_topics_are_refused() -> None:
    """There is one kind of topic."""
    world = World()
    for topic in ("", "node/", "nonsense", "routes"):
        with pytest.raises(BadRequest):
            world.feed.subscribe(topic, 0, Heard())
