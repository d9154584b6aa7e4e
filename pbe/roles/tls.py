"""TLS of this process: certificates for clients, and between the cluster's processes in both directions."""

from pathlib import Path
from typing import Any

from OpenSSL import SSL
from twisted.internet import ssl
from twisted.internet.interfaces import IProtocolFactory, IStreamClientEndpoint, IStreamServerEndpoint
from twisted.protocols.tls import TLSMemoryBIOFactory
from zope.interface import implementer

from pbe.roles.config import Config
from pbe.roles.values import ConfigError


class Certificates:
    """The process's certificate and key, and (for links) who signs those of its peers.

    A peer is known by its signature, not by its name: members and nodes are reached by address, and the cluster's own
    authority signs nobody else. The cluster secret is asked for as well, inside.
    """

    def __init__(self, cert: Path, key: Path, authority: Path | None) -> None:
        self._open = _Fixed(_context(cert, key))
        self.for_links = authority is not None
        if authority is not None:
            context = _context(cert, key)
            try:
                context.load_verify_locations(str(authority))
            except SSL.Error as error:
                raise ConfigError(f"The file {authority} of --tls-ca holds no certificates: {error}.") from error
            context.set_verify(SSL.VERIFY_PEER | SSL.VERIFY_FAIL_IF_NO_PEER_CERT, _as_openssl_says)
            self._mutual = _Fixed(context)

    def serve(self, factory: IProtocolFactory) -> IProtocolFactory:
        """`factory` under TLS; whoever connects shows no certificate."""
        return TLSMemoryBIOFactory(self._open, False, factory)

    def listen(self, inner: IStreamServerEndpoint) -> IStreamServerEndpoint:
        """An endpoint whose peers have to show a certificate of the cluster."""
        return _Listens(inner, self._mutual) if self.for_links else inner

    def dial(self, inner: IStreamClientEndpoint) -> IStreamClientEndpoint:
        """An endpoint that shows our certificate and wants one of the cluster."""
        return _Dials(inner, self._mutual) if self.for_links else inner


@implementer(IStreamServerEndpoint)
class _Listens:
    """Listens under TLS."""

    def __init__(self, inner: IStreamServerEndpoint, context: Any) -> None:
        self._inner = inner
        self._context = context

    def listen(self, protocolFactory: IProtocolFactory) -> Any:
        """Twisted asks to listen."""
        return self._inner.listen(TLSMemoryBIOFactory(self._context, False, protocolFactory))


@implementer(IStreamClientEndpoint)
class _Dials:
    """Connects under TLS; what `connect` gives is the TLS protocol around the factory's own."""

    def __init__(self, inner: IStreamClientEndpoint, context: Any) -> None:
        self._inner = inner
        self._context = context

    def connect(self, protocolFactory: IProtocolFactory) -> Any:
        """Twisted asks to connect."""
        return self._inner.connect(TLSMemoryBIOFactory(self._context, True, protocolFactory))


def certificates(config: Config) -> Certificates | None:
    """The configured certificates, None where the process speaks plain."""
    if config.tls_cert is None or config.tls_key is None:
        return None
    return Certificates(config.tls_cert, config.tls_key, config.tls_ca)


def served(config: Config, factory: IProtocolFactory) -> IProtocolFactory:
    """`factory` as the cluster's own ports serve it: under TLS where the cluster has an authority."""
    found = certificates(config)
    return found.serve(factory) if found is not None and found.for_links else factory


def _context(cert: Path, key: Path) -> Any:
    context = SSL.Context(SSL.TLS_METHOD)
    try:
        context.use_certificate_chain_file(str(cert))
        context.use_privatekey_file(str(key))
        context.check_privatekey()
    except SSL.Error as error:
        raise ConfigError(f"The certificate {cert} and the key {key} do not fit: {error}.") from error
    context.set_min_proto_version(SSL.TLS1_2_VERSION)
    context.set_options(SSL.OP_NO_COMPRESSION | SSL.OP_CIPHER_SERVER_PREFERENCE | SSL.OP_NO_RENEGOTIATION)
    return context


def _as_openssl_says(connection: Any, certificate: Any, error_number: int, depth: int, good: int) -> bool:
    return bool(good)


class _Fixed(ssl.ContextFactory):
    """Always the same context."""

    isClient = False

    def __init__(self, context: Any) -> None:
        self._context = context

    def getContext(self) -> Any:
        """The context."""
        return self._context
