"""Bad input over real sockets: each case is a clear 4xx or 5xx, or a closed connection; the server is well after it."""

import json
import socket
import struct
import zlib
from collections.abc import Iterator

import pytest

from tests.kit.cluster_processes import SUPERUSER
from tests.kit.processes import Pbe

PATIENCE_S = 5.0
HOST = b"Host: bad.localhost\r\n"


@pytest.fixture(scope="module")
def pbe(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pbe]:
    """An all-in-one with one tenant, whose collection `things` anybody may read and write."""
    with Pbe(tmp_path_factory.mktemp("pbe"), "all-in-one").running() as process:
        body = {"id": "bad", "domain": "bad.example.com", "superuser": SUPERUSER}
        assert process.ask("POST", "/api/cp/tenants", body).status == 201
        there = {"Host": "bad.localhost"}
        login = {"identity": SUPERUSER["email"], "password": SUPERUSER["password"]}
        token = process.ask("POST", "/api/collections/_superusers/auth-with-password", login, there).json["token"]
        rules = dict.fromkeys(("listRule", "viewRule", "createRule", "updateRule", "deleteRule"), "")
        fields = [{"name": "title", "type": "text", "max": 10}, {"name": "n", "type": "number", "onlyInt": True}]
        made = {"name": "things", "type": "base", "fields": fields, **rules}
        assert process.ask("POST", "/api/collections", made, {**there, "Authorization": token}).status == 200
        yield process


def talk(port: int, data: bytes, *, pieces: int = 1) -> bytes:
    """All that comes back until the server closes or has nothing to say for a while."""
    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_S) as connection:
        step = max(1, len(data) // pieces)
        try:
            for at in range(0, len(data), step):
                connection.sendall(data[at : at + step])
        except ConnectionError:
            pass  # the server has heard enough
        found = b""
        connection.settimeout(0.5)
        try:
            while piece := connection.recv(65536):
                found += piece
        except (TimeoutError, ConnectionError):
            return found
        return found


def post(path: bytes, body: bytes, kind: bytes = b"application/json", method: bytes = b"POST") -> bytes:
    """A whole request to the tenant."""
    head = b"%b %b HTTP/1.1\r\n%bContent-Type: %b\r\nContent-Length: %d\r\n\r\n"
    return head % (method, path, HOST, kind, len(body)) + body


RECORDS = b"/api/collections/things/records"
JSON = b"Content-Type: application/json\r\n"
FORM = b"multipart/form-data; boundary=B"
HTTP_CASES = {
    "two lengths": (b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\nab", 400),
    "length and chunks": (
        b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        400,
    ),
    "a header with a newline": (b"GET / HTTP/1.1\r\n" + HOST + b"X: a\nY: b\r\n\r\n", 400),
    "a folded header": (b"GET / HTTP/1.1\r\n" + HOST + b"X: a\r\n b\r\n\r\n", 400),
    "a NUL in a header": (b"GET / HTTP/1.1\r\n" + HOST + b"X: a\0b\r\n\r\n", 400),
    "headers without end": (b"GET / HTTP/1.1\r\n" + HOST + b"X: " + b"a" * 200_000, 431),
    "too many headers": (b"GET / HTTP/1.1\r\n" + HOST + b"X: a\r\n" * 300 + b"\r\n", 431),
    "no host": (b"GET / HTTP/1.1\r\n\r\n", 400),
    "two hosts": (b"GET / HTTP/1.1\r\n" + HOST + HOST + b"\r\n", 400),
    "a space in the target": (b"GET /a b HTTP/1.1\r\n" + HOST + b"\r\n", 400),
    "a tunnel": (b"CONNECT a:1 HTTP/1.1\r\n" + HOST + b"\r\n", 400),
    "another version": (b"GET / HTTP/4.2\r\n" + HOST + b"\r\n", 400),
    "garbage": (bytes(range(256)) * 4, 400),
    "a TLS greeting": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(100), 400),
    "a chunk that is none": (
        b"POST " + RECORDS + b" HTTP/1.1\r\n" + HOST + JSON + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n",
        400,
    ),
    "an unknown encoding": (b"POST / HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: gzip, chunked\r\n\r\n", 501),
    "no tenant": (b"GET /api/collections/things/records HTTP/1.1\r\nHost: localhost\r\n\r\n", 400),
    "an unknown tenant": (b"GET /api/health HTTP/1.1\r\nHost: nosuch.localhost\r\n\r\n", 404),
    "an unknown tenant by header": (b"GET /api/health HTTP/1.1\r\nHost: localhost\r\nX-Tenant-ID: no\r\n\r\n", 404),
    "an upgrade that nobody offers": (
        b"GET /api/nothing HTTP/1.1\r\n" + HOST + b"Connection: Upgrade\r\nUpgrade: x\r\n\r\n",
        404,
    ),
    "a websocket without a key": (
        b"GET /api/realtime/ws HTTP/1.1\r\n" + HOST + b"Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
        400,
    ),
    "a body over the limit": (
        b"POST " + RECORDS + b" HTTP/1.1\r\n" + HOST + b"Content-Length: 99999999999\r\n\r\n",
        413,
    ),
    "malformed JSON": (post(RECORDS, b'{"title":'), 400),
    "a list instead of an object": (post(RECORDS, b"[]"), 400),
    "a key twice": (post(RECORDS, b'{"title":"a","title":"b"}'), 400),
    "invalid UTF-8": (post(RECORDS, b'{"title":"\xff"}'), 400),
    "nested without end": (post(RECORDS, b'{"title":' + b"[" * 100_000), 400),
    "a number out of range": (post(RECORDS, b'{"n":1e999}'), 400),
    "a wrong content type": (post(RECORDS, b"title", b"text/plain"), 400),
    "a form with a broken escape": (post(RECORDS, b"title=%zz", b"application/x-www-form-urlencoded"), 400),
    "a multipart form cut off": (post(RECORDS, b"--B\r\nContent-Disposition: form-data; name=a\r\n\r\nx", FORM), 400),
    "a multipart form without boundary": (post(RECORDS, b"--B--", b"multipart/form-data"), 400),
    "a value too long": (post(RECORDS, b'{"title":"12345678901"}'), 400),
    "a value of the wrong kind": (post(RECORDS, b'{"n":1.5}'), 400),
    "an id that is none": (post(RECORDS, b'{"id":"x"}'), 400),
    "an unknown collection": (post(b"/api/collections/nosuch/records", b"{}"), 404),
    "a bad filter": (b"GET " + RECORDS + b"?filter=%28 HTTP/1.1\r\n" + HOST + b"\r\n", 400),
    "a filter of an unknown field": (b"GET " + RECORDS + b"?filter=nosuch%3D1 HTTP/1.1\r\n" + HOST + b"\r\n", 400),
    "a bad sort": (b"GET " + RECORDS + b"?sort=nosuch HTTP/1.1\r\n" + HOST + b"\r\n", 400),
    "a page that is no number": (b"GET " + RECORDS + b"?page=x HTTP/1.1\r\n" + HOST + b"\r\n", 400),
    "a filter too long": (b"GET " + RECORDS + b"?filter=" + b"a" * 4000 + b" HTTP/1.1\r\n" + HOST + b"\r\n", 400),
    "a record that is not there": (b"GET " + RECORDS + b"/nosuchrecord123 HTTP/1.1\r\n" + HOST + b"\r\n", 404),
    "a path that climbs": (b"GET /%2e%2e/%2e%2e/etc/passwd HTTP/1.1\r\n" + HOST + b"\r\n", 404),
    "an unknown route": (post(b"/api/nosuch", b"{}"), 404),
    "a tenant that is no name": (
        b"POST /api/cp/tenants HTTP/1.1\r\nHost: localhost\r\nContent-Length: 26\r\n\r\n"
        + b'{"id":"A B","domain":"x.y"}'[:26],
        400,
    ),
    "realtime without a client": (post(b"/api/realtime", b'{"clientId":"x","subscriptions":["a"]}'), 404),
}


def healthy(pbe: Pbe) -> None:
    """The server and the tenant answer."""
    assert pbe.ask("GET", "/api/health").status == 200
    assert pbe.ask("GET", RECORDS.decode(), headers={"Host": "bad.localhost"}).status == 200


@pytest.mark.parametrize("name", HTTP_CASES)
def test_a_bad_request_gets_a_clear_answer(pbe: Pbe, name: str) -> None:
    """One status, a JSON body in PocketBase's shape, and a server that is well."""
    data, status = HTTP_CASES[name]
    for pieces in (1, 7):
        answer = talk(pbe.port, data, pieces=pieces)
        assert answer.startswith(b"HTTP/1.1 %d " % status), answer[:300]
        if name != "a websocket without a key":
            body = json.loads(answer.partition(b"\r\n\r\n")[2])
            assert body["status"] == status
            assert body["message"]
    healthy(pbe)


@pytest.mark.parametrize(
    "data",
    [b"GET / HT", b"POST " + RECORDS + b" HTTP/1.1\r\n" + HOST + b"Content-Length: 10\r\n\r\n12345", b""],
)
def test_a_request_that_stops_half_way_costs_nothing(pbe: Pbe, data: bytes) -> None:
    """Cut off, or silent: nothing is written, and the others are served."""
    with socket.create_connection(("127.0.0.1", pbe.port), timeout=PATIENCE_S) as connection:
        connection.sendall(data)
        healthy(pbe)
    with socket.create_connection(("127.0.0.1", pbe.port), timeout=PATIENCE_S) as connection:
        connection.sendall(data)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    healthy(pbe)
    assert pbe.ask("GET", RECORDS.decode(), headers={"Host": "bad.localhost"}).json["totalItems"] == 0


def frame(kind: int, stream: int, payload: bytes) -> bytes:
    """A frame with a good checksum."""
    head = struct.pack(">IBBI", len(payload), 1, kind, stream)
    return head + struct.pack(">I", zlib.crc32(payload, zlib.crc32(head))) + payload


@pytest.mark.parametrize(
    "data",
    [
        b"\xff" * 100,
        b"GET / HTTP/1.1\r\n\r\n" * 10,
        frame(3, 1, b"\x93\xa4ping\x01\xc0"),
        frame(1, 0, b"garbage"),
        frame(1, 0, b"\x94\xaapbe-link/1\xa1x\xa1y\xc4\x20" + bytes(32)) + frame(2, 0, bytes(32)),
        struct.pack(">I", 2**32 - 1) + bytes(100),
        frame(1, 0, bytes(5000)),
    ],
)
def test_a_frame_of_garbage_costs_its_own_connection(pbe: Pbe, data: bytes) -> None:
    """After the upgrade nothing but a proved peer is listened to."""
    upgrade = b"GET /internal/link HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: pbe-link/1\r\n\r\n"
    with socket.create_connection(("127.0.0.1", pbe.port), timeout=PATIENCE_S) as connection:
        connection.sendall(upgrade)
        assert connection.recv(12) == b"HTTP/1.1 101"
        connection.sendall(data)
        connection.settimeout(PATIENCE_S)
        try:
            while connection.recv(65536):
                pass
        except ConnectionError:
            pass  # dropped, which is as good
    healthy(pbe)
