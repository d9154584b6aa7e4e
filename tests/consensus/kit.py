"""A member of the control plane without a network, on a clock that the test moves."""

from pathlib import Path
from random import Random
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock

from pbe.consensus import ControlPlane
from pbe.storage.lmdb_control import LmdbControl


class Alone:
    """One member in a folder."""

    def __init__(self, folder: Path, **more: Any) -> None:
        self.clock = Clock()
        self.plane = ControlPlane.create(
            store=LmdbControl(folder),
            member_id="cp-1",
            address="127.0.0.1:7000",
            clock=self.clock,
            now=lambda: 1_700_000_000.0 + self.clock.seconds(),
            random=Random(1).randrange,
            **more,
        )
        self.plane.start()

    def result(self, coroutine: Any) -> Any:
        """Run the coroutine until it has a result; its exception is raised here."""
        deferred = Deferred.fromCoroutine(coroutine)
        outcome: list[Any] = []
        deferred.addBoth(outcome.append)
        for _ in range(400):
            if outcome:
                break
            self.clock.advance(0.05)
        if hasattr(outcome[0], "raiseException"):
            outcome[0].raiseException()
        return outcome[0]
