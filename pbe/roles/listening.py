"""Ports of this process: opened, named, closed."""

import socket
from pathlib import Path
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

    def open_tls(self, reactor: Any, factory: IProtocolFactory, cert: Path, key: Path) -> None:
        """The same with TLS; ConfigError where certificate and key are not one pair of PEM files."""
        from twisted.protocols.tls import TLSMemoryBIOFactory

        context = _tls(cert, key)
        self.open(reactor, TLSMemoryBIOFactory(context, False, factory))

    async def close(self) -> None:
        """Take nobody new."""
        if self._port is not None:
            await defer.maybeDeferred(self._port.stopListening)
        else:
            self._socket.close()


def _tls(cert: Path, key: Path) -> Any:
    from OpenSSL import SSL
    from twisted.internet import ssl

    try:
        context: Any = ssl.DefaultOpenSSLContextFactory(  # type: ignore[no-untyped-call]
            str(key), str(cert), sslmethod=SSL.TLS_METHOD
        )
        context.getContext().use_certificate_chain_file(str(cert))
        context.getContext().set_min_proto_version(SSL.TLS1_2_VERSION)
        context.getContext().check_privatekey()
    except SSL.Error as error:
        raise ConfigError(f"The certificate {cert} and the key {key} do not fit: {error}.") from error
    return context


def told(wanted: Address, real: Address) -> Address:
    """The address to tell others: port 0 and every-interface hosts made real where they can be."""
    host = wanted.host if wanted.host not in ("0.0.0.0", "::") else socket.gethostname()
    return Address(host, wanted.port or real.port)
