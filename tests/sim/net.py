"""A simulated network between members: delays, losses, duplicates, reordering, asymmetric cuts, closed links."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from tests.sim.world import World

Tap = Callable[[str, str, bytes], None]


class SimNet:
    """Carries parcels between the transports of members that are up.

    ordered: like TCP, nothing overtakes on one link; else parcels may be repeated and overtake each other.
    """

    def __init__(self, world: World, *, delay_s: float, loss: float, duplicate: float, ordered: bool) -> None:
        self._world = world
        self.delay_s, self.loss, self.duplicate, self.ordered = delay_s, loss, duplicate, ordered
        self.up: dict[str, SimTransport] = {}
        self.cut: set[tuple[str, str]] = set()
        self._arrives: dict[tuple[str, str], float] = {}
        self.taps: list[Tap] = []
        self.delivered = 0

    def calm(self) -> None:
        """No more faults, and no delays of the election timeout's order: with those, nobody promises a leader."""
        self.delay_s = min(self.delay_s, 0.02)
        self.loss = self.duplicate = 0.0
        self.cut.clear()

    def send(self, sender: str, to: str, parcels: list[bytes]) -> None:
        """Put parcels on their way."""
        for parcel in parcels:
            for tap in self.taps:
                tap(sender, to, parcel)
        if (sender, to) in self.cut or self._world.random.random() < self.loss:
            return
        copies = 2 if self._world.random.random() < self.duplicate else 1
        for _ in range(copies):
            delay = self.delay_s * (0.2 + self._world.random.expovariate(1.25))
            at = self._world.time + delay
            if self.ordered:
                at = self._arrives[sender, to] = max(at, self._arrives.get((sender, to), 0.0))
            self._world.later(at - self._world.time, self._arrive, sender, to, parcels)

    def _arrive(self, sender: str, to: str, parcels: list[bytes]) -> None:
        transport = self.up.get(to)
        if transport is not None and (sender, to) not in self.cut:
            self.delivered += 1
            transport.arrive(sender, parcels)

    def crashed(self, member: str) -> None:
        """The member's process is gone: the others' ends of its links are closed."""
        self.up.pop(member, None)
        for other in sorted(self.up):
            if (member, other) not in self.cut:
                self._world.later(self.delay_s, self._close, other, member)

    def _close(self, at: str, member: str) -> None:
        transport = self.up.get(at)
        if transport is not None and transport.listener is not None:
            transport.listener.closed(member)
            transport.after(at)


class SimTransport:
    """One member's transport. `after(member)` is called when the member has acted."""

    def __init__(self, net: SimNet, member: str, after: Callable[[str], None]) -> None:
        self._net, self._member, self.after = net, member, after
        self.listener: Any = None
        self._peers: set[str] = set()
        self.seeds: tuple[str, ...] = ()

    def start(self, listener: Any) -> None:
        """Be reachable."""
        self.listener = listener
        self._net.up[self._member] = self

    def set_peers(self, addresses: Mapping[str, str]) -> None:
        """Whom to be linked to."""
        self._peers = set(addresses)

    def send(self, member: str, parcels: Sequence[Sequence[bytes]]) -> bool:
        """Send; links are there whenever both ends are up."""
        self._net.send(self._member, member, [b"".join(parcel) for parcel in parcels])
        return True

    def arrive(self, sender: str, parcels: list[bytes]) -> None:
        """Parcels came."""
        self.listener.received(sender, parcels)
        self.after(self._member)

    def linked(self) -> list[str]:
        """Everybody who is up, for one who wants to join."""
        return [member for member in self.seeds if member in self._net.up]

    def stop(self) -> None:
        """Be gone."""
        if self._net.up.get(self._member) is self:
            del self._net.up[self._member]
