"""Whatever is sent, the answer is a clear 4xx in JSON or a closed connection, and the server goes on."""

import json
import os
import socket
from collections.abc import Iterator

import pytest

from tests.kit.cluster_processes import SUPERUSER, Client
from tests.kit.processes import Pbe

READ_S_MAX = 15.0
PORT = b"%PORT%"
RECORDS = "/api/collections/notes/records"


@pytest.fixture(scope="module")
def pbe(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pbe]:
    """An all-in-one with a tenant `shop` that anyone may read and write."""
    with Pbe(tmp_path_factory.mktemp("pbe"), "all-in-one").running() as process:
        body = {"id": "shop", "domain": "shop.localhost", "superuser": SUPERUSER}
        assert process.ask("POST", "/api/cp/tenants", body).status == 201
        client = Client(process.port, "shop").login()
        fields = [
            {"name": "title", "type": "text", "required": True, "max": 20},
            {"name": "count", "type": "number", "onlyInt": True},
            {"name": "mail", "type": "email"},
            {"name": "when", "type": "date"},
            {"name": "kind", "type": "select", "values": ["a", "b"], "maxSelect": 1},
            {"name": "site", "type": "url"},
        ]
        rules = dict.fromkeys(("listRule", "viewRule", "createRule", "updateRule", "deleteRule"), "")
        made = client.ask("POST", "/api/collections", {"name": "notes", "type": "base", "fields": fields, **rules})
        assert made.status == 200, made.content
        yield process


def talk(port: int, data: bytes, *, half: bool = False) -> bytes:
    """All that comes back for the bytes; `half` closes our side of the connection after them."""
    with socket.create_connection(("127.0.0.1", port), READ_S_MAX) as connection:
        connection.settimeout(READ_S_MAX)
        try:
            connection.sendall(data.replace(PORT, str(port).encode()))
            if half:
                connection.shutdown(socket.SHUT_WR)
            got = b""
            while piece := connection.recv(65536):
                got += piece
        except ConnectionError:
            return got if "got" in locals() else b""
        return got


def head(method: str, path: str, *lines: str) -> bytes:
    """A request's head to the tenant."""
    return "\r\n".join(
        [f"{method} {path} HTTP/1.1", "Host: shop.localhost", *lines, "Connection: close", "", ""]
    ).encode()


def post(path: str, body: bytes, content_type: str = "application/json", *lines: str) -> bytes:
    """A request with a body to the tenant."""
    return head("POST", path, f"Content-Type: {content_type}", f"Content-Length: {len(body)}", *lines) + body


def well(pbe: Pbe) -> bool:
    """The server still serves."""
    by_tenant = pbe.ask("GET", "/api/health", headers={"X-Tenant-ID": "shop"})
    return by_tenant.status == 200 and pbe.ask("GET", "/api/cp/health").json["status"] == "healthy"


#: name: (bytes, the statuses that may answer; 0 stands for a closed connection without an answer)
CASES: dict[str, tuple[bytes, tuple[int, ...]]] = {
    "json cut off": (post(RECORDS, b'{"title": "x"'), (400,)),
    "json of another type": (post(RECORDS, b"[1, 2]"), (400,)),
    "json that is no utf-8": (post(RECORDS, b'{"title": "\xff\xfe"}'), (200, 400)),
    "json nested without end": (post(RECORDS, b'{"title":' * 20_000), (400,)),
    "an empty body": (post(RECORDS, b""), (400,)),
    "a required field missing": (post(RECORDS, b"{}"), (400,)),
    "a text too long": (post(RECORDS, json.dumps({"title": "x" * 21}).encode()), (400,)),
    "a number that is none": (post(RECORDS, b'{"title": "x", "count": 1.5}'), (400,)),
    "a mail that is none": (post(RECORDS, b'{"title": "x", "mail": "nonsense"}'), (400,)),
    "a choice that is none": (post(RECORDS, b'{"title": "x", "kind": "c"}'), (400,)),
    "an address that is none": (post(RECORDS, b'{"title": "x", "site": "no url"}'), (400,)),
    "an id that is none": (post(RECORDS, b'{"title": "x", "id": "../../etc/x"}'), (400,)),
    "multipart without boundary": (post(RECORDS, b"--x\r\n", "multipart/form-data"), (400,)),
    "multipart cut off": (post(RECORDS, b'--x\r\nContent-Disposition: form-data; name="t', "multipart/form-data; boundary=x"), (400,)),
    "a filter without end": (head("GET", RECORDS + "?filter=title%20%3D"), (400,)),
    "a filter of an unknown field": (head("GET", RECORDS + "?filter=nonsense%3D1"), (400,)),
    "a filter that quotes": (head("GET", RECORDS + "?filter=title%3D'%3B%20DROP%20TABLE%20notes"), (400,)),
    "a filter nested without end": (head("GET", RECORDS + "?filter=" + "(" * 3000), (400,)),
    "a sort of an unknown field": (head("GET", RECORDS + "?sort=nonsense"), (400,)),
    "an unknown collection": (head("GET", "/api/collections/nonsense/records"), (404,)),
    "an unknown record": (head("GET", RECORDS + "/nonsense"), (404,)),
    "an unknown path": (head("GET", "/api/nonsense"), (404,)),
    "a method that is none": (head("BREW", RECORDS), (400, 404, 405)),
    "collections as a guest": (post("/api/collections", b"{}"), (401, 403)),
    "a token that is none": (head("PATCH", "/api/collections/notes", "Authorization: nonsense", "Content-Length: 0"), (401, 403)),
    "a login that is none": (post("/api/collections/_superusers/auth-with-password", b'{"identity": 5}'), (400,)),
    "a body over the limit": (head("POST", RECORDS, "Content-Type: application/json", "Content-Length: 99999999999"), (413,)),
    "a length that is negative": (head("POST", RECORDS, "Content-Length: -1"), (400,)),
    "a length that is no number": (head("POST", RECORDS, "Content-Length: ten"), (400,)),
    "two lengths": (head("POST", RECORDS, "Content-Length: 2", "Content-Length: 3") + b"{}", (400,)),
    "a length and chunks": (head("POST", RECORDS, "Content-Length: 5", "Transfer-Encoding: chunked") + b"0\r\n\r\n", (400,)),
    "a chunk of nonsense": (head("POST", RECORDS, "Transfer-Encoding: chunked") + b"zz\r\n{}\r\n0\r\n\r\n", (400,)),
    "an unknown coding": (head("POST", RECORDS, "Transfer-Encoding: gzip, chunked") + b"0\r\n\r\n", (400, 501)),
    "a header with a line feed": (b"GET /api/health HTTP/1.1\r\nHost: shop.localhost\r\nX-A: b\nInjected: c\r\n\r\n", (200, 400)),
    "a header with a bare return": (b"GET /api/health HTTP/1.1\r\nHost: shop.localhost\r\nX-A: b\rInjected: c\r\n\r\n", (400,)),
    "a header with nul": (b"GET /api/health HTTP/1.1\r\nHost: shop.localhost\r\nX-A: \0\r\n\r\n", (400,)),
    "a header name with a space": (b"GET /api/health HTTP/1.1\r\nHost: shop.localhost\r\nX A: b\r\n\r\n", (400,)),
    "a head too long": (b"GET /api/health HTTP/1.1\r\nHost: shop.localhost\r\nX-A: " + b"a" * 100_000 + b"\r\n\r\n", (400, 431)),
    "too many headers": (b"GET /api/health HTTP/1.1\r\nHost: shop.localhost\r\n" + b"X-A: b\r\n" * 1000 + b"\r\n", (400, 431)),
    "a target too long": (head("GET", "/api/" + "a" * 100_000), (400, 414, 431)),
    "no host": (b"GET /api/collections HTTP/1.1\r\n\r\n", (400,)),
    "two hosts": (b"GET /api/collections HTTP/1.1\r\nHost: shop.localhost\r\nHost: evil.localhost\r\n\r\n", (400,)),
    "another protocol's version": (b"GET /api/health HTTP/7.3\r\nHost: shop.localhost\r\n\r\n", (400, 505)),
    "no http at all": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(200), (400, 0)),
    "nothing but line ends": (b"\r\n" * 10_000, (400, 0)),
    "an unknown tenant by host": (b"GET /api/health HTTP/1.1\r\nHost: nobody.localhost\r\nConnection: close\r\n\r\n", (404,)),
    "an unknown tenant by header": (b"GET /api/health HTTP/1.1\r\nHost: 127.0.0.1:%PORT%\r\nX-Tenant-ID: nobody\r\nConnection: close\r\n\r\n", (404,)),
    "a tenant id that is none": (b"GET /api/health HTTP/1.1\r\nHost: 127.0.0.1:%PORT%\r\nX-Tenant-ID: ../x\r\nConnection: close\r\n\r\n", (400, 404)),
    "no tenant": (b"GET /api/collections HTTP/1.1\r\nHost: 127.0.0.1:%PORT%\r\nConnection: close\r\n\r\n", (400,)),
    "the platform for another site": (b"GET /api/cp/tenants HTTP/1.1\r\nHost: localhost:%PORT%\r\nOrigin: http://evil.example\r\nConnection: close\r\n\r\n", (401,)),
    "a tenant of nonsense": (b'POST /api/cp/tenants HTTP/1.1\r\nHost: localhost:%PORT%\r\nContent-Length: 11\r\nConnection: close\r\n\r\n{"id": ".."}'[:-1], (400,)),
    "an upgrade to nonsense": (head("GET", "/api/health", "Upgrade: nonsense", "Connection: Upgrade"), (200, 400)),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_bad_input_gets_a_clear_answer(pbe: Pbe, name: str) -> None:
    """A 4xx in PocketBase's shape, or a closed connection; then the server is as well as before."""
    data, allowed = CASES[name]
    got = talk(pbe.port, data, half=True)
    status = int(got.split(b" ", 2)[1]) if got.startswith(b"HTTP/1.") else 0
    assert status in allowed, got[:500]
    if 400 <= status < 500 and b"\r\n\r\n" in got:
        body = json.loads(got.partition(b"\r\n\r\n")[2])
        assert {"status", "message", "data"} <= set(body), body
        assert body["status"] == status
    assert well(pbe)


def test_a_request_that_stops_half_way_costs_only_its_connection(pbe: Pbe) -> None:
    """Half a head, half a body, half a chunk: the connection is closed or answered, everything else goes on."""
    body = post(RECORDS, b'{"title": "whole"}')
    for cut in (1, 20, 60, len(body) - 5):
        got = talk(pbe.port, body[:cut], half=True)
        assert got == b"" or got.startswith(b"HTTP/1.1 4"), got
    chunked = head("POST", RECORDS, "Content-Type: application/json", "Transfer-Encoding: chunked") + b"5\r\n{"
    got = talk(pbe.port, chunked, half=True)
    assert got == b"" or got.startswith(b"HTTP/1.1 4"), got
    listed = pbe.ask("GET", RECORDS, headers={"X-Tenant-ID": "shop"}).json
    assert all(item["title"] != "whole" for item in listed["items"])
    assert well(pbe)


def test_garbage_on_the_wire_costs_only_its_connection(pbe: Pbe) -> None:
    """A peer that upgrades and then sends no frame, or a frame of garbage, is dropped."""
    upgrade = b"GET /internal/link HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: pbe-link/1\r\n\r\n"
    for garbage in (b"\0" * 64, os.urandom(4096), b"\xff" * 14, b"\0\0\0\x05\x01\x01\0\0\0\0\0\0\0\0hello"):
        got = talk(pbe.port, upgrade + garbage, half=True)
        assert got.startswith(b"HTTP/1.1 101"), got
        assert well(pbe)
