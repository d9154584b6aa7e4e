"""A cluster of whole members in one process: real links over a network in memory, real LMDB, a clock that is moved."""

from collections.abc import Iterable
from itertools import count
from pathlib import Path
from random import Random
from typing import Any

from twisted.internet.defer import Deferred, succeed
from twisted.internet.task import Clock

from pbe.consensus import ControlPlane
from pbe.consensus.link_transport import LinkTransport
from pbe.storage.lmdb_control import LmdbControl
from tests.kit.memory_net import MemoryNet

SECRET = b"s" * 32
STEP_S = 0.01


class _Listening:
    def __init__(self, net: MemoryNet, address: str) -> None:
        self._net, self._address = net, address

    def listen(self, factory: Any) -> Any:
        """Take connections at the address."""
        self._net.listeners[self._address] = lambda: factory.buildProtocol(None)
        return succeed(self)

    def stopListening(self) -> None:
        """Take none any more."""
        self._net.listeners.pop(self._address, None)


class Cluster:
    """Members by id; `run` moves bytes and time."""

    def __init__(self, folder: Path, members: Iterable[str] = ("a", "b", "c")) -> None:
        self.folder, self.net, self.clock = folder, MemoryNet(), Clock()
        self.planes: dict[str, ControlPlane] = {}
        self.first = {member: f"{member}:7000" for member in members}
        self._nonces = count(1)
        for member in self.first:
            self.start(member)

    def start(self, member: str, *, join: bool = False, secret: bytes = SECRET) -> ControlPlane:
        """Start the member (again)."""
        address = f"{member}:7000"
        transport = LinkTransport(
            member,
            _Listening(self.net, address),  # type: ignore[arg-type]
            self.net.endpoint,  # type: ignore[arg-type]
            secret=secret,
            clock=self.clock,
            random_bytes=lambda size: next(self._nonces).to_bytes(size, "big"),
            seeds=tuple(self.first.values()) if join else (),
        )
        plane = ControlPlane.create(
            store=LmdbControl(self.folder / member),
            member_id=member,
            address=address,
            peers=None if join else self.first,
            join=join,
            clock=self.clock,
            now=lambda: 1_700_000_000.0 + self.clock.seconds(),
            random=Random(len(self.planes)).randrange,
            transport=transport,
        )
        self.planes[member] = plane
        plane.start()
        return plane

    def run(self, seconds: float) -> None:
        """Let time pass."""
        for _ in range(round(seconds / STEP_S)):
            self.net.carry()
            self.clock.advance(STEP_S)
        self.net.carry()

    def result(self, coroutine: Any, seconds: float = 15.0) -> Any:
        """Run until the coroutine has a result; its exception is raised here."""
        outcome: list[Any] = []
        Deferred.fromCoroutine(coroutine).addBoth(outcome.append)
        for _ in range(round(seconds / STEP_S)):
            if outcome:
                break
            self.net.carry()
            self.clock.advance(STEP_S)
        if hasattr(outcome[0], "raiseException"):
            outcome[0].raiseException()
        return outcome[0]

    def leader(self) -> ControlPlane:
        """The leader, once there is one that a majority follows."""
        for _ in range(1000):
            leaders = [p for p in self.planes.values() if p.is_leader and p.status()["quorum"]]
            if leaders:
                return max(leaders, key=lambda plane: plane.status()["term"])
            self.run(0.05)
        raise AssertionError("no leader")

    def followers(self) -> list[ControlPlane]:
        """The others."""
        leader = self.leader()
        return [plane for plane in self.planes.values() if plane is not leader]

    def stop(self, member: str) -> None:
        """Stop the member in good order."""
        self.result(self.planes.pop(member).stop())

    def close(self) -> None:
        """Stop everybody."""
        for member in list(self.planes):
            self.stop(member)
