"""The cluster under TLS: every link and port, with certificates of the cluster's own authority on both ends."""

import contextlib
import datetime
import socket
import ssl
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.kit.processes import Pbe, free_port

DAY = datetime.timedelta(days=1)


class Authority:
    """Signs certificates into a folder."""

    def __init__(self, folder: Path, name: str) -> None:
        self.folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        self.path = folder / f"{name}.pem"
        self.path.write_bytes(self._sign(self._name, self._key, ca=True))

    def _sign(self, name: x509.Name, key: ec.EllipticCurvePrivateKey, *, ca: bool) -> bytes:
        now = datetime.datetime.now(datetime.UTC)
        made = (
            x509.CertificateBuilder().subject_name(name).issuer_name(self._name).public_key(key.public_key())
            .serial_number(x509.random_serial_number()).not_valid_before(now - DAY).not_valid_after(now + DAY)
            .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
            .sign(self._key, hashes.SHA256())
        )  # fmt: skip
        return made.public_bytes(serialization.Encoding.PEM)

    def certify(self, name: str) -> tuple[str, ...]:
        """The flags of a process with a certificate of its own."""
        key = ec.generate_private_key(ec.SECP256R1())
        cert_path, key_path = self.folder / f"{name}.crt", self.folder / f"{name}.key"
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        cert_path.write_bytes(self._sign(subject, key, ca=False))
        plain, pkcs8 = serialization.NoEncryption(), serialization.PrivateFormat.PKCS8
        key_path.write_bytes(key.private_bytes(serialization.Encoding.PEM, pkcs8, plain))
        return (f"--tls-cert={cert_path}", f"--tls-key={key_path}", f"--tls-ca={self.path}")


class Secured(Pbe):
    """A process whose port speaks TLS: its greeting tells that it serves."""

    greeting = "Control plane"

    def start(self) -> "Secured":
        """Run it, and wait until it has greeted."""
        self.spawn()
        self.wait(lambda: self.greeting in self.text(), "did not greet")
        return self


def test_a_cluster_under_tls(tmp_path: Path) -> None:
    """Two members, a node and a gateway: the CLI by https, a tenant through the gateway's https."""
    authority = Authority(tmp_path, "ours")
    secret = tmp_path / "secret"
    secret.write_text("s" * 64)
    ports = {"cp-1": free_port(), "cp-2": free_port()}
    peers = ",".join(f"{name}=127.0.0.1:{port}" for name, port in ports.items())
    with contextlib.ExitStack() as stack:
        members = {}
        for name, port in ports.items():
            flags = (
                f"--node-id={name}", f"--raft-peers={peers}", f"--raft-bind-addr=127.0.0.1:{port}",
                f"--cluster-secret-file={secret}", "--create-admin", *authority.certify(name),
            )  # fmt: skip
            members[name] = Secured(tmp_path, "control-plane", *flags, name=name)
            members[name].spawn()
            stack.callback(members[name].kill)
        members["cp-1"].wait(lambda: any("token" in one.text() for one in members.values()), "made no admin")
        token = next(one.token for one in members.values() if "token" in one.text())
        control = ",".join(f"127.0.0.1:{one.port}" for one in members.values())
        common = (f"--control-plane={control}", f"--cluster-secret-file={secret}")
        node = Secured(
            tmp_path, "tenant-node", *common, f"--replica-url=file://{tmp_path}/objects", *authority.certify("node")
        )
        node.greeting = "Tenant node"
        stack.enter_context(node.running())
        secure = free_port()
        gateway = Pbe(tmp_path, "gateway", *common, f"--https-addr=127.0.0.1:{secure}", *authority.certify("gate"))
        stack.enter_context(gateway.running())
        cli = ("--server", f"https://127.0.0.1:{members['cp-2'].port}", "--ca", str(authority.path), "--token", token)
        made = node.cli(*cli, "tenant", "create", "shop", "--domain", "shop.localhost")
        assert made.returncode == 0, made.stderr
        assert gateway.ask("GET", "/api/health", headers={"Host": "shop.localhost"}).status == 200
        context = ssl.create_default_context(cafile=str(authority.path))
        context.check_hostname = False
        with context.wrap_socket(socket.create_connection(("127.0.0.1", secure), 10)) as connection:
            connection.sendall(b"GET /api/health HTTP/1.1\r\nHost: shop.localhost\r\nConnection: close\r\n\r\n")
            assert connection.recv(65536).startswith(b"HTTP/1.1 200")
        with pytest.raises((ssl.SSLError, ConnectionError)):
            _dial_raft(ports["cp-1"], Authority(tmp_path, "foreign").certify("stranger"))


def _dial_raft(port: int, flags: tuple[str, ...]) -> None:
    """What a stranger's certificate gets of a member's Raft port."""
    cert, key = (flag.partition("=")[2] for flag in flags[:2])
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.load_cert_chain(cert, key)
    with context.wrap_socket(socket.create_connection(("127.0.0.1", port), 10)) as connection:
        connection.settimeout(10)
        connection.sendall(b"\0" * 64)
        if not connection.recv(1):
            raise ConnectionError("closed")
