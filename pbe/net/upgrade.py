"""The dialling side of an HTTP/1.1 Upgrade: asks, checks the answer, and makes way for the link."""

from typing import Any

from twisted.internet.interfaces import IProtocol
from twisted.internet.protocol import Protocol, connectionDone
from twisted.python.failure import Failure

from pbe.wire.handshake import PROTOCOL

ANSWER_BYTES_MAX = 4096
LINK_PATH = "/internal/link"


class UpgradeDialler(Protocol):
    """Upgrades its connection and feeds `inner` from then on.

    The answer's time limit is the inner link's greeting limit, which runs already.
    """

    transport: Any

    def __init__(self, host: str, inner: IProtocol) -> None:
        self._host = host
        self._inner = inner
        self._buffer = b""
        self._upgraded = False

    def connectionMade(self) -> None:
        """Ask for the upgrade; the link can drop the connection from now on."""
        self._inner.transport = self.transport  # type: ignore[attr-defined]
        head = f"GET {LINK_PATH} HTTP/1.1\r\nHost: {self._host}\r\nConnection: Upgrade\r\nUpgrade: {PROTOCOL}\r\n\r\n"
        self.transport.write(head.encode())

    def dataReceived(self, data: bytes) -> None:
        """The answer's head, then the link's bytes."""
        if self._upgraded:
            self._inner.dataReceived(data)
            return
        self._buffer += data
        head, found, rest = self._buffer.partition(b"\r\n\r\n")
        if found and head.startswith(b"HTTP/1.1 101 "):
            self._upgraded = True
            self._buffer = b""
            self._inner.makeConnection(self.transport)
            if rest:
                self._inner.dataReceived(rest)
        elif found or len(self._buffer) > ANSWER_BYTES_MAX:
            self.transport.abortConnection()

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """The connection is gone."""
        self._inner.connectionLost(reason)
