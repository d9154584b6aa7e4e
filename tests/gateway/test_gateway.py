"""The gateway: who is asked, what is believed, what is held, what is streamed."""

import pytest
from twisted.internet.defer import Deferred
from twisted.internet.protocol import Protocol

from pbe.errors import NotFound
from pbe.web.request import Request
from pbe.web.response import Response, Takeover
from tests.kit.edge import Edge


def get(host: bytes, *headers: bytes, method: bytes = b"GET") -> bytes:
    """A request's head."""
    return method + b" /a?b=c HTTP/1.1\r\nHost: " + host + b"\r\n" + b"".join(h + b"\r\n" for h in headers) + b"\r\n"


async def tell(request: Request) -> Response:
    """What a node knows of a request."""
    body = await request.body(10**6)
    words = [request.tenant_id or "-", request.method, request.target.decode(), request.peer, body.decode("latin-1")]
    return Response(200, [(b"X-Node", b"1"), (b"Connection", b"x-node")], " ".join(words).encode())


def edge() -> Edge:
    """Two nodes that tell."""
    edge = Edge()
    edge.node("n1", tell)
    edge.node("n2", tell)
    return edge


def status(out: bytes) -> int:
    """The first answer's status."""
    return int(out.split()[1])


@pytest.mark.parametrize(
    ("host", "header", "expected"),
    [
        (b"t1.example.com", b"X-A: b", b"t1 "),
        (b"t2.localhost:8090", b"X-A: b", b"t2 "),
        (b"localhost", b"X-Tenant-ID: t2", b"t2 "),
        (b"127.0.0.1:8090", b"X-Tenant-ID:  t1 ", b"t1 "),
        (b"t1.example.com", b"X-Tenant-ID: t2", b"t1 "),
    ],
)
def test_the_tenant_is_found_by_host_then_by_header(host: bytes, header: bytes, expected: bytes) -> None:
    """A domain wins over the header."""
    out = edge().client().send(get(host, header))
    assert status(out) == 200
    assert out.partition(b"\r\n\r\n")[2].startswith(expected)


@pytest.mark.parametrize(
    ("host", "header", "expected"),
    [
        (b"localhost:8090", b"X-A: b", 400),
        (b"127.0.0.1", b"X-A: b", 400),
        (b"[::1]:8090", b"X-A: b", 400),
        (b"app.localhost", b"X-A: b", 400),
        (b"example", b"X-A: b", 400),
        (b"nosuch.localhost", b"X-A: b", 404),
        (b"other.example.com", b"X-A: b", 404),
        (b"localhost", b"X-Tenant-ID: nosuch", 404),
        (b"localhost", b"X-Tenant-ID: ../t1", 404),
        (b"localhost", b"X-Tenant-ID: ", 404),
        (b"localhost", b"X-PB-Tenant-ID: t1", 400),
    ],
)
def test_no_tenant_named_is_400_and_an_unknown_one_404(host: bytes, header: bytes, expected: int) -> None:
    """Both in PocketBase's shape, and the internal header names nobody."""
    out = edge().client().send(get(host, header))
    assert status(out) == expected
    assert b'"message":"' in out


def test_a_stranger_cannot_name_a_tenant_by_header() -> None:
    """X-Tenant-ID from an address that is not trusted is as if it were not there."""
    there = edge()
    client = there.client()
    client.connection._inbound.local = False
    assert status(client.send(get(b"localhost", b"X-Tenant-ID: t1"))) == 400


def test_what_only_a_gateway_says_is_dropped_from_clients() -> None:
    """The node sees one tenant, the true peer, and none of the client's claims or connection headers."""
    seen: list[Request] = []

    async def keep(request: Request) -> Response:
        seen.append(request)
        return Response(204)

    there = Edge()
    there.node("n1", keep)
    claims = [b"X-PB-Tenant-ID: t2", b"X-PB-Gateway: x", b"X-PB-Peer: 6.6.6.6", b"X-Tenant-ID: t2", b"X-Hop: 1"]
    there.client().send(
        get(b"t1.localhost", *claims, b"Connection: x-hop, close", b"X-Forwarded-For: 1.2.3.4", b"TE: x")
    )
    (request,) = seen
    assert (request.tenant_id, request.peer, request.local) == ("t1", "127.0.0.1", False)
    assert [name for name, _ in request.headers.raw] == [b"host", b"x-forwarded-for"]


def test_a_node_believes_only_a_gateway() -> None:
    """A proof for another tenant, or none, names nobody."""
    there = edge()
    for proof in (there.proofs.of("t2"), b"", b"0" * 64, "é".encode()):
        request = Request("GET", b"/", there.client().connection._inbound and _headers(b"t1", proof))
        assert not there.proofs.accept(request)
        assert request.tenant_id is None
        assert len(request.headers) == 0
    request = Request("GET", b"/", _headers(b"t1", there.proofs.of("t1")))
    assert there.proofs.accept(request)
    assert request.tenant_id == "t1"


def _headers(tenant_id: bytes, proof: bytes):
    from pbe.web.headers import Headers

    return Headers([(b"x-pb-tenant-id", tenant_id), (b"x-pb-gateway", proof)])


def test_connections_to_nodes_are_kept_and_shared() -> None:
    """Requests in a row use one connection, of two clients too, and never mix tenants."""
    there = edge()
    first, second = there.client(), there.client()
    for client, host in ((first, b"t1"), (second, b"t1"), (first, b"t2"), (first, b"t1")):
        out = client.send(get(host + b".localhost"))
        assert b"\r\n\r\n" + host + b" GET /a?b=c 127.0.0.1 " in out
        assert b"X-Node" not in out
    assert there.net.dialled == ["n1:8091", "n2:8091"]


@pytest.mark.parametrize("piece_bytes", [0, 1])
def test_bodies_pass_both_ways_however_they_are_framed(piece_bytes: int) -> None:
    """A length, chunks, and a HEAD."""
    client = edge().client()
    out = client.send(get(b"t1.localhost", b"Content-Length: 5", method=b"POST") + b"hello", piece_bytes=piece_bytes)
    assert out.endswith(b"t1 POST /a?b=c 127.0.0.1 hello")
    chunked = get(b"t1.localhost", b"Transfer-Encoding: chunked", method=b"POST") + b"2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n"
    assert client.send(chunked, piece_bytes=piece_bytes).endswith(b" hello")
    out = client.send(get(b"t1.localhost", method=b"HEAD"))
    assert out.endswith(b"\r\n\r\n")
    assert b"Content-Length: 25\r\n" in out
    assert client.send(get(b"t1.localhost")).endswith(b"t1 GET /a?b=c 127.0.0.1 ")


def test_an_upload_is_never_whole_in_memory() -> None:
    """The node reads piece by piece while the client sends, and the gateway holds back a client that is faster."""
    received = [0]

    async def count(request: Request) -> Response:
        async for piece in request.stream():
            received[0] += len(piece)
        return Response(200, body=b"%d" % received[0])

    there = Edge()
    there.node("n1", count)
    client = there.client()
    piece, pieces = b"x" * 65536, 64
    client.send(get(b"t1.localhost", b"Content-Length: %d" % (len(piece) * pieces), method=b"POST"))
    for number in range(1, pieces + 1):
        out = client.send(piece)
        assert received[0] == number * len(piece)
    assert out.endswith(b"\r\n\r\n%d" % received[0])


def test_a_slow_client_slows_the_node() -> None:
    """An endless answer is read from the node no faster than the client takes it."""
    made = [0]

    async def endless(request: Request) -> Response:
        async def pieces():
            while made[0] < 1000:
                made[0] += 1
                yield b"x" * 16384

        return Response(200, body=pieces())

    there = Edge()
    there.node("n1", endless)
    client = there.client()
    client.connection.pauseProducing()
    (node_end,) = [client]
    client.send(get(b"t1.localhost"))
    client.connection.resumeProducing()
    there.net.carry()
    assert node_end.gone is False
    assert made[0] == 1000


def test_a_client_that_leaves_takes_its_request_along() -> None:
    """The node learns of it while it works, and while it answers."""
    gone: list[str] = []

    async def wait(request: Request) -> Response:
        request.on_close(lambda: gone.append("working"))
        await Deferred()
        return Response()

    there = Edge()
    there.node("n1", wait)
    client = there.client()
    client.send(get(b"t1.localhost"))
    client.connection.connectionLost()
    there.net.carry()
    assert gone == ["working"]


def test_a_sleeping_tenant_is_woken_and_its_requests_held() -> None:
    """They are answered as soon as the route says where."""
    there = edge()
    clients = [there.client(), there.client()]
    assert [client.send(get(b"t3.localhost")) for client in clients] == [b"", b""]
    assert there.woken == ["t3", "t3"]
    assert there.gateway.room.held == 2
    there.place("t3", "n2")
    there.net.carry()
    assert [status(client.taken()) for client in clients] == [200, 200]
    assert there.gateway.room.held == 0


def test_a_tenant_that_does_not_wake_is_503_in_time() -> None:
    """With Retry-After, and nothing is left behind; one that is deleted meanwhile is told so too."""
    there = edge()
    client = there.client()
    client.send(get(b"t3.localhost"))
    there.later(31)
    out = client.taken()
    assert status(out) == 503
    assert b"Retry-After: 1\r\n" in out
    client.send(get(b"t3.localhost"))
    there.table.drop_route("t3")
    assert status(client.taken()) == 503
    assert there.gateway.room.held == 0


def test_a_node_that_has_the_tenant_no_more_is_asked_once() -> None:
    """After 421 the request waits for the new route and goes there, its body too."""
    there = edge()

    async def misdirected(request: Request) -> Response:
        return Response(421)

    there.node("n1", misdirected)
    client = there.client()
    client.send(get(b"t1.localhost", b"Content-Length: 5", method=b"POST") + b"hello")
    there.place("t1", "n2", 2)
    there.net.carry()
    assert client.taken().endswith(b"t1 POST /a?b=c 127.0.0.1 hello")


def test_a_body_half_sent_to_the_wrong_node_is_sent_again_from_its_start() -> None:
    """What the first node took is replayed to the second, then the rest follows."""
    there = edge()

    async def misdirected(request: Request) -> Response:
        return Response(421)

    there.node("n1", misdirected)
    client = there.client()
    client.send(get(b"t1.localhost", b"Content-Length: 10", method=b"POST") + b"hello")
    there.place("t1", "n2", 2)
    there.net.carry()
    assert client.send(b"world").endswith(b"helloworld")


def test_a_node_that_is_down_is_tried_again_until_it_moves() -> None:
    """A refused connection loses no request: it was never sent."""
    there = edge()
    del there.net.listeners["n1:8091"]
    client = there.client()
    assert client.send(get(b"t1.localhost", b"Content-Length: 5", method=b"POST") + b"hello") == b""
    there.later(1)
    there.place("t1", "n2", 2)
    there.net.carry()
    assert client.taken().endswith(b" hello")


def test_the_breaker_opens_and_closes_again() -> None:
    """After failures in a row the node is left alone; when it is back it is found."""
    there = edge()
    node = there.net.listeners.pop("n1:8091")
    clients = [there.client() for _ in range(6)]
    outs = [client.send(get(b"t1.localhost")) for client in clients]
    assert there.gateway.open_circuits() == ["n1:8091"]
    assert status(outs[5]) == 503
    assert len(there.net.dialled) == 5
    there.net.listeners["n1:8091"] = node
    there.later(3)
    assert there.gateway.open_circuits() == []
    assert status(there.client().send(get(b"t1.localhost"))) == 200


def test_an_answer_that_breaks_off_is_not_taken_for_whole() -> None:
    """Before the head 503 where it may be repeated, else 504; in the body the connection drops."""
    there = edge()

    async def silent(request: Request) -> Response:
        await Deferred()
        return Response()

    there.node("n1", silent)
    for method, expected in ((b"GET", 503), (b"POST", 504)):
        client = there.client()
        client.send(get(b"t1.localhost", method=method))
        there.net.cut()
        assert status(client.taken()) == expected

    async def half(request: Request) -> Response:
        async def pieces():
            yield b"abc"
            await Deferred()

        return Response(200, [(b"Content-Length", b"6")], pieces())

    there.node("n1", half)
    client = there.client()
    assert client.send(get(b"t1.localhost")).endswith(b"abc")
    there.net.cut()
    assert client.gone


def test_a_tenant_of_this_process_needs_no_second_socket() -> None:
    """All-in-one hands the request over, with the tenant set and the claims dropped."""
    there = Edge(local=tell)
    there.place("t0", "n0")
    out = there.client().send(get(b"t0.localhost", b"X-PB-Tenant-ID: t1"))
    assert out.endswith(b"t0 GET /a?b=c 127.0.0.1 ")
    assert there.net.dialled == []


class Echo(Protocol):
    """Answers in capitals."""

    def dataReceived(self, data: bytes) -> None:
        """Bytes of the other side."""
        assert self.transport is not None
        self.transport.write(data.upper())


def test_an_upgrade_passes_through() -> None:
    """After the 101 bytes flow both ways; the end of one side is the other's."""

    async def websocket(request: Request) -> Response:
        if not request.upgrade or request.headers.get("upgrade") != "websocket":
            raise NotFound
        head = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"
        return Takeover(Echo(), head=head)

    there = Edge()
    there.node("n1", websocket)
    client = there.client()
    out = client.send(get(b"t1.localhost", b"Connection: Upgrade", b"Upgrade: websocket") + b"early")
    assert out.startswith(b"HTTP/1.1 101 Switching Protocols\r\n"), out
    assert out.endswith(b"\r\n\r\nEARLY")
    assert client.send(b"late") == b"LATE"
    there.net.cut()
    assert client.gone
    refused = there.client().send(get(b"t1.localhost", b"Connection: Upgrade", b"Upgrade: other"))
    assert status(refused) == 404
