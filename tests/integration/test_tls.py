"""HTTPS at the gateway: requests, errors, streams and upgrades, and what is not TLS."""

import datetime
import json
import socket
import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.kit.cluster_processes import cluster
from tests.kit.processes import Pbe, free_port

PATIENCE_S = 10.0
GET = b"GET /api/health HTTP/1.1\r\nHost: safe.localhost\r\n"


def certificate(folder: Path) -> tuple[Path, Path]:
    """A certificate of our own, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    day = datetime.timedelta(days=1)
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(1).not_valid_before(now - day).not_valid_after(now + day).sign(key, hashes.SHA256())
    )  # fmt: skip
    cert_path, key_path = folder / "cert.pem", folder / "key.pem"
    cert_path.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    plain = serialization.NoEncryption()
    key_path.write_bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain))
    return cert_path, key_path


@pytest.fixture(scope="module")
def https(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Pbe, int]]:
    """A gateway with HTTPS on a port of its own, before a node with one tenant."""
    folder = tmp_path_factory.mktemp("tls")
    cert, key = certificate(folder)
    port = free_port()
    flags = (f"--https-addr=127.0.0.1:{port}", f"--tls-cert={cert}", f"--tls-key={key}")
    with cluster(folder) as world:
        world.make("safe")
        with Pbe(folder, "gateway", *world.shared(), *flags, name="gateway-https").running() as gateway:
            yield gateway, port


def connect(port: int) -> ssl.SSLSocket:
    """A TLS connection that trusts anybody."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context.wrap_socket(socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_S))


def rest(connection: socket.socket) -> bytes:
    """All until the server closes, as TLS closes."""
    found = b""
    while piece := connection.recv(65536):
        found += piece
    return found


def test_requests_are_answered_and_connections_kept(https: tuple[Pbe, int]) -> None:
    """Two on one connection, then an end as asked for, complete and clean."""
    with connect(https[1]) as connection:
        for _ in range(2):
            connection.sendall(GET + b"\r\n")
            answer = connection.recv(65536)
            assert answer.endswith(b'{"message":"API is healthy.","code":200,"data":{}}')
        connection.sendall(GET + b"Connection: close\r\n\r\n")
        assert rest(connection).endswith(b'"data":{}}')


def test_bad_requests_are_told_before_the_end(https: tuple[Pbe, int]) -> None:
    """The refusal arrives whole, though the connection is closed behind it."""
    with connect(https[1]) as connection:
        connection.sendall(b"nonsense\r\n\r\n")
        answer = rest(connection)
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert json.loads(answer.partition(b"\r\n\r\n")[2])["status"] == 400


def test_streams_and_upgrades_work_too(https: tuple[Pbe, int]) -> None:
    """Server-sent events and a WebSocket."""
    with connect(https[1]) as connection:
        connection.sendall(GET.replace(b"health", b"realtime") + b"\r\n")
        found = b""
        while b"PB_CONNECT" not in found:
            found += connection.recv(65536)
    with connect(https[1]) as connection:
        upgrade = b"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
        key = b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        connection.sendall(GET.replace(b"health", b"realtime/ws") + upgrade + key)
        found = b""
        while b'"type":"connect"' not in found:
            found += connection.recv(65536)
        assert found.startswith(b"HTTP/1.1 101")


def test_what_is_no_tls_is_dropped_and_nothing_is_logged_as_a_fault(https: tuple[Pbe, int]) -> None:
    """Plain HTTP, garbage, a half greeting, a client that leaves in the middle: others are served."""
    pbe, port = https
    for data in (GET + b"\r\n", bytes(range(256)), b"\x16\x03\x01"):
        with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_S) as connection:
            connection.sendall(data)
    with connect(port) as connection:
        connection.sendall(GET)
    with connect(port) as connection:
        connection.sendall(GET + b"\r\n")
        assert connection.recv(65536).startswith(b"HTTP/1.1 200")
    assert "Unhandled" not in pbe.text()
    assert "Traceback" not in pbe.text()
