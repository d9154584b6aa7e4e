"""Errands: from whoever asks to the tenant's node and back."""

from typing import Any

import pytest
from twisted.internet.defer import Deferred

from pbe.cluster.errands import Errands as Follower
from pbe.cluster.errands import NodeFailed
from pbe.errors import BadRequest, NotFound, OutcomeUnknown, Unavailable
from pbe.host.assignment import Misdirected
from pbe.host.errands import Errands
from tests.kit.cluster_world import World
from tests.kit.plane import FakePlane


class Worker:
    """A node with an errand to run: what it does is what a test puts in `acts`, the last one for ever."""

    def __init__(self, world: World) -> None:
        self.node = world.node("n1")
        self.begun: list[tuple[str, Any]] = []
        self.acts: list[Any] = [{"ok": True}]
        self.node.membership.errands = Errands(self._carry_out, self.node.call, world.clock)

    async def _carry_out(self, name: str, payload: Any) -> dict[str, Any]:
        self.begun.append((name, payload))
        act = self.acts.pop(0) if len(self.acts) > 1 else self.acts[0]
        if isinstance(act, Exception):
            raise act
        answer: dict[str, Any] = await act if isinstance(act, Deferred) else act
        return answer


def _ask(world: World) -> tuple[list[Any], list[Any]]:
    answers: list[Any] = []
    errors: list[Any] = []
    asking = Deferred.fromCoroutine(world.desk.errands.ask("tenant.verify", {"tenant_id": "a"}))
    asking.addCallbacks(answers.append, lambda failure: errors.append(failure.value))
    return answers, errors


def test_an_errand_is_begun_once_and_answered() -> None:
    """Told with each heartbeat until it is done, begun with the first."""
    world = World()
    worker = Worker(world)
    world.tenant("a")
    worker.acts = [Deferred()]
    answers, _ = _ask(world)
    world.pass_time(5)
    assert worker.begun == [("tenant.verify", {"tenant_id": "a"})]
    worker.acts[0].callback({"ok": True})
    assert answers == [{"ok": True}]
    world.pass_time(3)
    worker.node.membership.errands.heard([])
    assert len(worker.begun) == 1
    assert world.desk.errands.of("n1") == []


@pytest.mark.parametrize("error", [BadRequest("No such moment."), NotFound("No."), Unavailable("The store is away.")])
def test_a_refusal_comes_back_as_it_was(error: Any) -> None:
    """Its kind and its words."""
    world = World()
    worker = Worker(world)
    world.tenant("a")
    worker.acts = [error]
    _, errors = _ask(world)
    world.pass_time(2)
    assert [(type(one), one.message) for one in errors] == [(type(error), error.message)]


def test_a_node_that_hears_of_the_errand_before_the_tenant_tries_again() -> None:
    """Misdirected is not the end of it, unless it stays so."""
    world = World()
    worker = Worker(world)
    world.tenant("a")
    worker.acts = [Misdirected(), Misdirected(), {"ok": True}]
    answers, _ = _ask(world)
    world.pass_time(4)
    assert answers == [{"ok": True}]
    worker.acts = [Misdirected()]
    _, errors = _ask(world)
    world.pass_time(15)
    assert isinstance(errors[0], Unavailable)


def test_the_outcome_is_told_again_after_a_cut() -> None:
    """The link was away when the errand ended."""
    world = World()
    worker = Worker(world)
    world.tenant("a")
    worker.acts = [Deferred()]
    answers, _ = _ask(world)
    world.pass_time(1.5)
    worker.node.cut = True
    worker.acts[0].callback({"ok": True})
    world.pass_time(1)
    assert answers == []
    worker.node.cut = False
    world.pass_time(2)
    assert (answers, len(worker.begun)) == ([{"ok": True}], 1)


def test_a_member_that_does_not_lead_has_the_leader_do_it() -> None:
    """The refusal is the node's own words there too, and a failure of the node is 500."""
    world = World()
    worker = Worker(world)
    world.tenant("a")
    follower = FakePlane()
    follower.is_leader, follower.other = False, world.plane
    errands = Follower(follower, world.steward, world.clock, world.clock.seconds)
    outcomes: list[Any] = []
    for act in ({"ok": True}, BadRequest("No such moment."), ValueError("broken")):
        worker.acts = [act]
        asking = Deferred.fromCoroutine(errands.ask("tenant.verify", {"tenant_id": "a"}))
        asking.addCallbacks(outcomes.append, lambda failure: outcomes.append(failure.value))
        world.pass_time(2)
    assert outcomes[0] == {"ok": True}
    assert (type(outcomes[1]), outcomes[1].message) == (BadRequest, "No such moment.")
    assert (type(outcomes[2]), outcomes[2].status) == (NodeFailed, 500)


def test_an_unknown_tenant_and_a_silent_node() -> None:
    """404 at once; 504 after the time, which is said of a fault that nobody has heard of."""
    world = World()
    _, errors = _ask(world)
    assert isinstance(errors[0], NotFound)
    worker = Worker(world)
    world.tenant("a")
    worker.acts = [Deferred()]
    _, errors = _ask(world)
    world.pass_time(301)
    assert isinstance(errors[0], OutcomeUnknown)
    with pytest.raises(BadRequest):
        world.run(world.desk.errands.done([]))
    assert world.run(world.desk.errands.done({"id": "unknown"})) == {}
