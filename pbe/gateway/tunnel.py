"""Two connections joined after an upgrade: bytes pass both ways at the slower side's pace."""

from typing import Any

from twisted.internet.interfaces import IProtocol, IPushProducer
from twisted.internet.protocol import Protocol, connectionDone
from twisted.python.failure import Failure
from zope.interface import implementer

from pbe.net import direct


@implementer(IProtocol, IPushProducer)
class TunnelEnd(Protocol):
    """One side. What it reads its twin writes; when it slows down its twin stops reading; one ends, both end."""

    transport: Any

    def __init__(self) -> None:
        self.twin: TunnelEnd | None = None
        self._early: list[bytes] = []
        self._made = False

    def connectionMade(self) -> None:
        """The connection of this side is ours."""
        self._made = True
        self.transport.registerProducer(self, True)
        early, self._early = self._early, []
        for data in early:
            direct.write(self.transport, data)

    def dataReceived(self, data: bytes) -> None:
        """Bytes for the other side."""
        if self.twin is not None:
            self.twin.pass_on(data)

    def pass_on(self, data: bytes) -> None:
        """Write the twin's bytes."""
        if self._made:
            direct.write(self.transport, data)
        else:
            self._early.append(data)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """The connection ended: the other one follows when it has sent what it got."""
        twin, self.twin = self.twin, None
        if twin is not None:
            twin.twin = None
            twin.end()

    def end(self) -> None:
        """Close once all is written."""
        if self._made:
            self.transport.unregisterProducer()
            self.transport.loseConnection()

    def pauseProducing(self) -> None:
        """The twin sends faster than its peer reads."""
        if self.twin is not None and self.twin._made:
            self.twin.transport.pauseProducing()

    def resumeProducing(self) -> None:
        """Its peer caught up."""
        if self.twin is not None and self.twin._made:
            self.twin.transport.resumeProducing()

    def stopProducing(self) -> None:
        """Nothing can be sent any more."""


def join() -> tuple[TunnelEnd, TunnelEnd]:
    """Two ends of one tunnel."""
    one, other = TunnelEnd(), TunnelEnd()
    one.twin, other.twin = other, one
    return one, other
