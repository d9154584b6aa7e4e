"""Ports of this process: opened, named, closed."""

from pathlib import Path
from typing import Any

from twisted.internet.error import CannotListenError
from twisted.internet.interfaces import IProtocolFactory

from pbe.roles.values import Address, ConfigError

BACKLOG = 1024


def listen(reactor: Any, address: Address, factory: IProtocolFactory) -> Any:
    """The port, listening; ConfigError where the address is taken or not ours."""
    try:
        return reactor.listenTCP(address.port, factory, backlog=BACKLOG, interface=address.host)
    except (CannotListenError, OSError, OverflowError) as error:
        raise ConfigError(f"Cannot listen on {address}: {_reason(error)}.") from error


def listen_tls(reactor: Any, address: Address, factory: IProtocolFactory, cert: Path, key: Path) -> Any:
    """The same with TLS; ConfigError also where certificate and key are not one pair of PEM files."""
    from OpenSSL import SSL
    from twisted.internet import ssl

    try:
        factory_of_contexts: Any = ssl.DefaultOpenSSLContextFactory(  # type: ignore[no-untyped-call]
            str(key), str(cert), sslmethod=SSL.TLS_METHOD
        )
        context = factory_of_contexts.getContext()
        context.use_certificate_chain_file(str(cert))
        context.set_min_proto_version(SSL.TLS1_2_VERSION)
        context.check_privatekey()
    except SSL.Error as error:
        raise ConfigError(f"The certificate {cert} and the key {key} do not fit: {error}.") from error
    try:
        return reactor.listenSSL(address.port, factory, factory_of_contexts, backlog=BACKLOG, interface=address.host)
    except (CannotListenError, OSError, OverflowError) as error:
        raise ConfigError(f"Cannot listen on {address}: {_reason(error)}.") from error


def bound(port: Any) -> Address:
    """Where the port really listens: the number is known once it is open."""
    host = port.getHost()
    return Address(host.host, host.port)


def _reason(error: Exception) -> str:
    inner = getattr(error, "socketError", error)
    return getattr(inner, "strerror", None) or str(inner)
