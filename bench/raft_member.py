"""One member of a control plane as a process of its own, with a line protocol for load.

``python -m bench.raft_member MEMBER FOLDER CLIENT_PORT STORE MEMBER=PORT…``; STORE is lmdb or segments. The rest is as
in the real deployment: LMDB, the state machine, proved links. A client sends lines, `W key` to create, `R` to read, `L`
for the name of the leader, and gets `+` or `-` and why.
"""

import gc
import os
import sys
import time
from pathlib import Path
from random import SystemRandom
from typing import Any

from twisted.internet import reactor
from twisted.internet.defer import Deferred
from twisted.internet.endpoints import HostnameEndpoint, TCP4ServerEndpoint
from twisted.internet.protocol import Factory, Protocol

from bench.raft_segments import SegmentControl
from pbe.consensus import ControlPlane
from pbe.consensus.link_transport import LinkTransport
from pbe.fleet import commands
from pbe.storage.lmdb_control import LmdbControl

SECRET = b"a secret of the bench's own, long enough"
VALUE = "x" * 256
STORES = {"lmdb": LmdbControl, "segments": SegmentControl}


class Lines(Protocol):
    """A client's connection: one request at a time."""

    def __init__(self, plane: ControlPlane) -> None:
        self._plane = plane
        self._buffer = b""

    def connectionMade(self) -> None:
        """No waiting for more to send."""
        self.transport.setTcpNoDelay(True)

    def dataReceived(self, data: bytes) -> None:
        """A whole line is a request."""
        self._buffer += data
        while b"\n" in self._buffer:
            line, _, self._buffer = self._buffer.partition(b"\n")
            answer = Deferred.fromCoroutine(self._answer(line))
            answer.addCallbacks(self._say, lambda failure: self._say(f"-{failure.value!r}"))

    async def _answer(self, line: bytes) -> str:
        kind, _, key = line.decode().partition(" ")
        if kind == "R":
            await self._plane.read()
        elif kind == "W":
            await self._plane.propose(commands.TenantCreate(key, f"{key}.localhost", metadata={"v": VALUE}))
        elif kind == "L":
            return f"+{self._plane.leader}"
        return "+"

    def _say(self, text: str) -> None:
        if self.transport.connected:
            self.transport.write(text.replace("\n", " ").encode() + b"\n")


def dial(address: str) -> Any:
    """An endpoint for host:port."""
    host, _, port = address.rpartition(":")
    return HostnameEndpoint(reactor, host, int(port))


def main() -> None:
    """Run until killed."""
    member, folder, client_port, store, *pairs = sys.argv[1:]
    ports = {name: int(port) for name, _, port in (pair.partition("=") for pair in pairs)}
    peers = {name: f"127.0.0.1:{port}" for name, port in ports.items()}
    listen = TCP4ServerEndpoint(reactor, ports[member], interface="127.0.0.1")
    transport = LinkTransport(member, listen, dial, secret=SECRET, clock=reactor, random_bytes=os.urandom)
    plane = ControlPlane.create(
        store=STORES[store](Path(folder)),
        member_id=member,
        address=peers[member],
        peers=peers,
        clock=reactor,
        now=time.time,
        random=SystemRandom().randrange,
        transport=transport,
    )
    plane.start()
    factory = Factory.forProtocol(Lines)
    factory.buildProtocol = lambda address: Lines(plane)
    reactor.listenTCP(int(client_port), factory, backlog=512, interface="127.0.0.1")
    gc.collect()
    gc.freeze()
    reactor.run()


if __name__ == "__main__":
    main()
