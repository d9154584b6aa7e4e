"""Connections that a tenant makes to the world: HTTP calls to identity providers, mail servers.

A tenant chooses the addresses, so an `Outbound` without `allow_private` refuses those that are not public, after the
name was resolved and before anything is sent (a name may resolve to anything).
"""

import ipaddress
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.defer import TimeoutError as DeferredTimeout
from twisted.internet.endpoints import HostnameEndpoint, wrapClientTLS
from twisted.internet.interfaces import (
    IAddress,
    IHostnameResolver,
    IHostResolution,
    IReactorPluggableNameResolver,
    IReactorTCP,
    IReactorTime,
    IResolutionReceiver,
    IStreamClientEndpoint,
)
from twisted.internet.protocol import Protocol, connectionDone
from twisted.internet.ssl import optionsForClientTLS
from twisted.python.failure import Failure
from twisted.web.client import Agent, FileBodyProducer, ResponseDone
from twisted.web.http import PotentialDataLoss
from twisted.web.http_headers import Headers
from twisted.web.iweb import IAgentEndpointFactory
from zope.interface import implementer

from pbe.errors import NetError

CONNECT_S = 10
CALL_S = 30
REPLY_BYTES_MAX = 2 * 1024 * 1024
USER_AGENT = b"pbe"
_LATE = "no answer in time"
_GLOBAL_UNICAST = ipaddress.IPv6Network("2000::/3")
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
_IPV4_BITS = 0xFFFFFFFF


@dataclass(frozen=True, slots=True)
class Reply:
    """An HTTP answer, whole."""

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)


class Outbound:
    """Makes connections and HTTP calls. reactor: the process's, with TCP, timers and name resolution."""

    def __init__(self, reactor: Any, *, allow_private: bool) -> None:
        self.allow_private = allow_private
        self._reactor = reactor
        self._guarded = reactor if allow_private else _GuardedReactor(reactor)
        self._public = _GuardedReactor(reactor)
        self._agent = Agent.usingEndpointFactory(reactor, _Endpoints(self.endpoint))  # type: ignore[no-untyped-call]
        self._public_agent = Agent.usingEndpointFactory(  # type: ignore[no-untyped-call]
            reactor, _Endpoints(self._public_endpoint)
        )

    def endpoint(self, host: str, port: int, tls: bool) -> IStreamClientEndpoint:
        """Where to connect; TLS is checked against the host's name."""
        plain = HostnameEndpoint(self._guarded, host, port, timeout=CONNECT_S)
        return wrapClientTLS(optionsForClientTLS(host), plain) if tls else plain

    def _public_endpoint(self, host: str, port: int, tls: bool) -> IStreamClientEndpoint:
        plain = HostnameEndpoint(self._public, host, port, timeout=CONNECT_S)
        return wrapClientTLS(optionsForClientTLS(host), plain) if tls else plain

    def starttls(self, host: str) -> Any:
        """The TLS options for a connection that turns secure later."""
        return optionsForClientTLS(host)

    async def call(
        self,
        method: str,
        url: str,
        headers: Sequence[tuple[str, str]] = (),
        body: bytes = b"",
        *,
        reply_bytes_max: int = REPLY_BYTES_MAX,
        timeout_s: float = CALL_S,
        public_only: bool = False,
    ) -> Reply:
        """The answer to one HTTP request, redirects not followed; `public_only` as if private addresses were not
        allowed. Raises `NetError`.
        """
        agent = self._public_agent if public_only else self._agent
        names = Headers({b"User-Agent": [USER_AGENT]})
        for name, value in headers:
            names.setRawHeaders(name, [value])
        try:
            producer = FileBodyProducer(BytesIO(body)) if body else None  # type: ignore[no-untyped-call]
            waiting = agent.request(method.encode(), url.encode("ascii"), names, producer)
            waiting.addTimeout(timeout_s, self._reactor)
            response = await waiting
            collector = _Collector(reply_bytes_max)
            response.deliverBody(collector)
            collector.done.addTimeout(timeout_s, self._reactor)
            data = await collector.done
        except (DeferredTimeout, CancelledError):
            raise NetError("call", url, hint=_LATE) from None
        except NetError:
            raise
        except Exception as error:
            raise NetError("call", url, hint=_reason(error)) from error
        found = {key.decode("latin-1").lower(): values[-1].decode("latin-1") for key, values in _pairs(response)}
        return Reply(response.code, data, found)


def is_public(address: str) -> bool:
    """Whether an IP address is one of the internet, and not of this machine or a network behind it."""
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(found, ipaddress.IPv6Address):
        inner = _ipv4_inside(found)
        if inner is None:
            return found in _GLOBAL_UNICAST and found.is_global
        return _is_public_ipv4(inner)
    return _is_public_ipv4(found)


def _is_public_ipv4(address: ipaddress.IPv4Address) -> bool:
    return address.is_global and not address.is_multicast


def _ipv4_inside(address: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    """The IPv4 address that packets for an IPv6 one end at: mapped, 6to4, NAT64."""
    if address in _NAT64:
        return ipaddress.IPv4Address(int(address) & _IPV4_BITS)
    return address.ipv4_mapped or address.sixtofour


def _pairs(response: Any) -> list[tuple[bytes, list[bytes]]]:
    return list(response.headers.getAllRawHeaders())


def _reason(error: Exception) -> str:
    reasons = getattr(error, "reasons", None)
    cause = reasons[0].value if reasons else error
    if isinstance(cause, CancelledError):
        return _LATE
    return str(cause) or type(cause).__name__


class _Collector(Protocol):
    """Gathers a body up to its limit."""

    def __init__(self, bytes_max: int) -> None:
        self.done: Deferred[bytes] = Deferred(lambda _: self._abort())
        self._bytes_max = bytes_max
        self._parts: list[bytes] = []
        self._size = 0

    def dataReceived(self, data: bytes) -> None:
        self._size += len(data)
        if self._size > self._bytes_max:
            self._abort()
            self._finish(NetError("read a reply", hint=f"more than {self._bytes_max} bytes"))
        else:
            self._parts.append(data)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        if isinstance(reason.value, ResponseDone | PotentialDataLoss):
            self._finish(b"".join(self._parts))
        else:
            self._finish(NetError("read a reply", hint="the connection broke"))

    def _finish(self, result: bytes | NetError) -> None:
        if not self.done.called:
            if isinstance(result, bytes):
                self.done.callback(result)
            else:
                self.done.errback(result)

    def _abort(self) -> None:
        abort = getattr(self.transport, "abortConnection", None) or getattr(self.transport, "loseConnection", None)
        if abort is not None:
            abort()


@implementer(IAgentEndpointFactory)
class _Endpoints:
    def __init__(self, endpoint: Callable[[str, int, bool], IStreamClientEndpoint]) -> None:
        self._endpoint = endpoint

    def endpointForURI(self, uri: Any) -> IStreamClientEndpoint:
        if uri.scheme not in (b"http", b"https"):
            raise NetError("call", uri.toBytes().decode("latin-1"), hint="neither http nor https")
        return self._endpoint(uri.host.decode("ascii"), uri.port, uri.scheme == b"https")


@implementer(IReactorPluggableNameResolver, IReactorTime, IReactorTCP)
class _GuardedReactor:
    """The reactor with a name resolver that gives public addresses only."""

    def __init__(self, reactor: Any) -> None:
        self._reactor = reactor
        self.nameResolver = _PublicNames(reactor.nameResolver)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._reactor, name)


@implementer(IHostnameResolver)
class _PublicNames:
    def __init__(self, resolver: Any) -> None:
        self._resolver = resolver

    def resolveHostName(self, resolutionReceiver: Any, *args: Any, **kwargs: Any) -> Any:
        return self._resolver.resolveHostName(_PublicReceiver(resolutionReceiver), *args, **kwargs)


@implementer(IResolutionReceiver)
class _PublicReceiver:
    def __init__(self, receiver: Any) -> None:
        self._receiver = receiver

    def resolutionBegan(self, resolutionInProgress: IHostResolution) -> None:
        self._receiver.resolutionBegan(resolutionInProgress)

    def addressResolved(self, address: IAddress) -> None:
        if is_public(getattr(address, "host", "")):
            self._receiver.addressResolved(address)

    def resolutionComplete(self) -> None:
        self._receiver.resolutionComplete()
