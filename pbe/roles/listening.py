"""Ports of this process: opened, named, closed."""

import socket
from typing import Any

from twisted.internet import defer
from twisted.internet.interfaces import IProtocolFactory

from pbe.roles.values import Address, ConfigError

BACKLOG = 1024


class Place:
    """A TCP port of this process: taken at once, so that a taken address is noticed, opened when there is a server."""

    def __init__(self, wanted: Address) -> None:
        family = socket.AF_INET6 if ":" in wanted.host else socket.AF_INET
        try:
            self._socket = socket.socket(family, socket.SOCK_STREAM)
            self._socket.setblocking(False)
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            self._socket.bind(
                (socket.gethostbyname(wanted.host) if family == socket.AF_INET else wanted.host, wanted.port)
            )
            # Two processes may bind one address as long as neither listens: so listen, and accept later.
            self._socket.listen(BACKLOG)
        except OSError as error:
            self._socket.close()
            raise ConfigError(f"Cannot listen on {wanted}: {error.strerror}.") from error
        host, port = self._socket.getsockname()[:2]
        self.address = Address(host, port)
        self._port: Any = None

    def open(self, reactor: Any, factory: IProtocolFactory) -> None:
        """Serve who connects, and who has connected meanwhile."""
        self._port = reactor.adoptStreamPort(self._socket.fileno(), self._socket.family, factory)
        self._socket.close()

    async def close(self) -> None:
        """Take nobody new."""
        if self._port is not None:
            await defer.maybeDeferred(self._port.stopListening)
        else:
            self._socket.close()


def told(wanted: Address, real: Address) -> Address:
    """The address to tell others: port 0 and every-interface hosts made real where they can be."""
    host = wanted.host if wanted.host not in ("0.0.0.0", "::") else socket.gethostname()
    return Address(host, wanted.port or real.port)
