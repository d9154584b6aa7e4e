"""Two ends of a link, joined without a socket."""

from itertools import count

from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport

from pbe.net.handlers import Handlers
from pbe.net.link import Link
from pbe.net.link_limits import LinkLimits
from pbe.wire.handshake import Handshake

SECRET = b"s" * 32
_nonces = count(1)


def nonce(size: int) -> bytes:
    """Bytes that are different each time."""
    return next(_nonces).to_bytes(size, "big")


class End:
    """One end: its link, and what became of it."""

    def __init__(
        self, *, dialled: bool, name: str, handlers: Handlers, clock: Clock, limits: LinkLimits, secret: bytes = SECRET
    ) -> None:
        handshake = Handshake(dialled=dialled, secret=secret, name=name, role=name[:2], nonce=nonce(32))
        self.opened: list[Link] = []
        self.closed: list[str] = []
        self.transport = StringTransport(lenient=True)
        self.link = Link(
            handshake,
            handlers,
            clock,
            limits,
            opened=self.opened.append,
            closed=lambda _, why: self.closed.append(why),
        )


class LinkPair:
    """A dialler and a listener; `carry` moves bytes until both are silent."""

    def __init__(
        self,
        offered: Handlers | None = None,
        back: Handlers | None = None,
        *,
        limits: LinkLimits | None = None,
        secret: bytes = SECRET,
    ) -> None:
        self.clock = Clock()
        limits = limits or LinkLimits()
        self.dialler = End(
            dialled=True, name="gw-1", handlers=back or Handlers(), clock=self.clock, limits=limits, secret=secret
        )
        self.listener = End(dialled=False, name="cp-1", handlers=offered or Handlers(), clock=self.clock, limits=limits)
        for end in (self.listener, self.dialler):
            end.link.makeConnection(end.transport)
        self.carry()

    def carry(self, step: int = 0) -> None:
        """Move bytes both ways, `step` at a time, and tell both ends of a connection that was dropped."""
        moved = True
        while moved:
            moved = False
            for sender, receiver in ((self.dialler, self.listener), (self.listener, self.dialler)):
                data = sender.transport.value()
                sender.transport.clear()
                for at in range(0, len(data), step or max(len(data), 1)):
                    moved = True
                    receiver.link.dataReceived(data[at : at + (step or len(data))])
        if self.dialler.transport.disconnecting or self.listener.transport.disconnecting:
            for end in (self.dialler, self.listener):
                if not end.closed:
                    end.link.connectionLost()

    def later(self, seconds: float) -> None:
        """Let time pass in steps of a second, bytes moving between them."""
        for _ in range(int(seconds)):
            self.clock.advance(1.0)
            self.carry()
