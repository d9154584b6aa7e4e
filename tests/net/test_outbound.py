"""Calls that a tenant chooses the address of: nothing behind this machine can be reached with them."""

from collections.abc import Coroutine
from typing import Any

import pytest
from twisted.internet.address import IPv4Address
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IHostnameResolver, IReactorPluggableNameResolver
from twisted.internet.testing import MemoryReactorClock, StringTransport
from zope.interface import implementer

from pbe.errors import NetError
from pbe.net.outbound import CALL_S, Outbound, Reply, is_public

PUBLIC, PRIVATE = "93.184.216.34", "10.0.0.7"


@implementer(IHostnameResolver)
class Names:
    """Resolves what it was told; an address is its own name."""

    def __init__(self, known: dict[str, list[str]]) -> None:
        self._known = known

    def resolveHostName(self, receiver: Any, host: str, port: int = 0, *_: Any, **__: Any) -> Any:  # type: ignore[override]
        """Give every address at once."""
        receiver.resolutionBegan(self)
        for address in self._known.get(host, [host] if host[0].isdigit() else []):
            receiver.addressResolved(IPv4Address("TCP", address, port))
        receiver.resolutionComplete()
        return receiver


@implementer(IReactorPluggableNameResolver)
class Reactor(MemoryReactorClock):
    """A reactor in memory with names of its own."""

    def __init__(self, known: dict[str, list[str]]) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.nameResolver = Names(known)

    def installNameResolver(self, resolver: Any) -> None:  # type: ignore[override]
        """Nobody does."""


class Calling:
    """One call under way."""

    def __init__(self, coroutine: Coroutine[Any, Any, Reply]) -> None:
        self.replies: list[Reply] = []
        self.errors: list[Any] = []
        Deferred.fromCoroutine(coroutine).addCallbacks(self.replies.append, self.errors.append)

    def hint(self) -> str:
        """Why it failed."""
        (failure,) = self.errors
        assert isinstance(failure.value, NetError)
        return failure.value.hint or ""


def _hosts(reactor: Reactor) -> list[str]:
    reactor.advance(0.5)
    return [client[0] for client in reactor.tcpClients]


def _serve(reactor: Reactor, answer: bytes) -> Any:
    """Let the only connection succeed, and answer what was asked over it."""
    factory: Any = reactor.tcpClients[0][2]
    protocol = factory.buildProtocol(None)
    transport: Any = StringTransport()  # type: ignore[no-untyped-call]
    transport.abortConnection = transport.loseConnection
    protocol.makeConnection(transport)
    protocol.dataReceived(answer)
    return transport


@pytest.mark.parametrize(
    "address", ["8.8.8.8", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808", "2002:808:808::"]
)
def test_addresses_of_the_internet(address: str) -> None:
    """However an IPv4 address is written."""
    assert is_public(address)


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "10.1.2.3", "192.168.1.1", "172.16.0.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "224.0.0.1",
        "255.255.255.255", "240.0.0.1", "::1", "::", "fe80::1%eth0", "fc00::1", "fec0::1", "ff02::1",
        "::ffff:127.0.0.1", "::7f00:1", "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "64:ff9b:1::1", "2002:7f00:1::",
        "2002:a00:1::", "2001:0:7f00:1::1", "2001:db8::1", "localhost", "", "127.1", "0x7f000001",
    ],
)  # fmt: skip
def test_addresses_of_this_machine_and_its_networks(address: str) -> None:
    """Also where they hide in an IPv6 address, and what is no address at all."""
    assert not is_public(address)


@pytest.mark.parametrize("url", ["http://127.0.0.1:8090/", "http://inside.example/", f"http://{PRIVATE}/latest"])
def test_a_private_address_is_never_connected_to(url: str) -> None:
    """Neither written out nor behind a name."""
    reactor = Reactor({"inside.example": [PRIVATE]})
    calling = Calling(Outbound(reactor, allow_private=False).call("GET", url))
    assert _hosts(reactor) == []
    assert calling.hint()


def test_a_name_with_both_kinds_of_address_gives_its_public_ones() -> None:
    """The private one is left out."""
    reactor = Reactor({"both.example": [PRIVATE, PUBLIC]})
    Calling(Outbound(reactor, allow_private=False).call("GET", "http://both.example/"))
    assert _hosts(reactor) == [PUBLIC]


def test_private_addresses_may_be_allowed_and_refused_again_for_one_call() -> None:
    """--private-outbound does not concern what a stranger's profile names."""
    reactor = Reactor({})
    outbound = Outbound(reactor, allow_private=True)
    refused = Calling(outbound.call("GET", f"http://{PRIVATE}/", public_only=True))
    assert _hosts(reactor) == []
    assert refused.hint()
    Calling(outbound.call("GET", f"http://{PRIVATE}/"))
    assert _hosts(reactor) == [PRIVATE]


@pytest.mark.parametrize("url", ["ftp://93.184.216.34/", "file:///etc/passwd", "gopher://93.184.216.34/", "nothing"])
def test_only_http_is_spoken(url: str) -> None:
    """Whatever else is a `NetError`."""
    reactor = Reactor({})
    calling = Calling(Outbound(reactor, allow_private=True).call("GET", url))
    assert calling.hint()
    assert _hosts(reactor) == []


def test_an_answer_comes_whole_and_redirects_are_not_followed() -> None:
    """The caller decides what a Location is worth."""
    reactor = Reactor({})
    calling = Calling(
        Outbound(reactor, allow_private=False).call("POST", f"http://{PUBLIC}/t", [("X-A", "b")], b"grant=1")
    )
    assert _hosts(reactor) == [PUBLIC]
    transport = _serve(reactor, b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1/\r\nContent-Length: 2\r\n\r\nhi")
    asked = transport.value()
    assert asked.startswith(b"POST /t HTTP/1.1\r\n")
    assert b"X-A: b\r\n" in asked
    assert b"User-Agent: pbe\r\n" in asked
    assert [(reply.status, reply.body) for reply in calling.replies] == [(302, b"hi")]
    assert calling.replies[0].headers["location"] == "http://127.0.0.1/"
    assert _hosts(reactor) == [PUBLIC]


def test_an_answer_that_is_too_large_is_cut_off() -> None:
    """Its connection is closed."""
    reactor = Reactor({})
    calling = Calling(Outbound(reactor, allow_private=True).call("GET", f"http://{PUBLIC}/", reply_bytes_max=10))
    _hosts(reactor)
    _serve(reactor, b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n" + b"x" * 50)
    assert calling.hint() == "more than 10 bytes"


@pytest.mark.parametrize("begun", [False, True])
def test_a_server_that_says_nothing_is_left(begun: bool) -> None:
    """Before its answer or in the middle of it."""
    reactor = Reactor({})
    calling = Calling(Outbound(reactor, allow_private=True).call("GET", f"http://{PUBLIC}/"))
    _hosts(reactor)
    _serve(reactor, b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf" if begun else b"")
    reactor.advance(CALL_S)
    assert calling.hint() == "no answer in time"
