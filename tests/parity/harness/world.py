"""A world: both servers with the same set-up, against which the scenarios of one module run in order."""

import contextlib
import importlib
import pkgutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Any

from tests.parity import scenarios
from tests.parity.harness.compare import differences
from tests.parity.harness.exchange import Answer, Peer
from tests.parity.harness.scenario import Step, check, keep, request
from tests.parity.harness.servers import RealTemplate


def modules() -> list[str]:
    """The names of the scenario modules."""
    return sorted(found.name for found in pkgutil.iter_modules(scenarios.__path__))


def load(name: str) -> Any:
    """One scenario module, its steps checked."""
    module = importlib.import_module(f"tests.parity.scenarios.{name}")
    for step in [*module.SETUP, *module.SCENARIOS]:
        check(step)
    names = [step["name"] for step in module.SCENARIOS]
    twice = {one for one in names if names.count(one) > 1}
    if twice:
        raise ValueError(f"{name}: two scenarios are called {twice}")
    return module


class World:
    """The two peers of one module."""

    def __init__(self, real: Peer, ours: Peer) -> None:
        self.real = real
        self.ours = ours

    def prepare(self, steps: list[Step]) -> None:
        """Runs the set-up on both; RuntimeError with the answer where a step fails."""
        for step in steps:
            for peer in (self.real, self.ours):
                answer = self._ask(step, peer)
                failed = answer.status != step["status"] if "status" in step else answer.status >= 400
                if failed:
                    raise RuntimeError(f"set-up {step['name']!r} on {peer.name}: {answer.status} {answer.body[:800]!r}")

    def compare(self, step: Step) -> list[str]:
        """Runs one scenario on both and says what differs."""
        theirs = self._ask(step, self.real)
        mine = self._ask(step, self.ours)
        return differences(step, (theirs, self.real.saved), (mine, self.ours.saved))

    @staticmethod
    def _ask(step: Step, peer: Peer) -> Answer:
        answer = peer.ask(request(step, peer))
        if answer.status < 400:
            keep(step, peer, answer)
        return answer


@contextlib.contextmanager
def world(
    template: RealTemplate, ours: Callable[[], AbstractContextManager[Peer]], setup: list[Step]
) -> Iterator[World]:
    """A prepared world; `ours` opens the peer that is held against the real server."""
    with template.peer() as real, ours() as other:
        made = World(real, other)
        made.prepare(setup)
        yield made
