"""Large bodies pass a gateway and a node without being in either's memory."""

import json
import socket
from pathlib import Path

from tests.kit.cluster_processes import SUPERUSER, cluster
from tests.kit.processes import Pbe, ask

BODY_BYTES = 1024 * 1024 * 1024
PIECE = bytes(1024 * 1024)
GROWTH_KIB_MAX = 64 * 1024
_FORM = "multipart/form-data; boundary=B"


def peak_kib(process: Pbe) -> int:
    """The most memory that a process ever had."""
    assert process.process is not None
    status = Path(f"/proc/{process.process.pid}/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0])


def test_a_large_upload_is_in_nobodys_memory(tmp_path: Path) -> None:
    """1 GiB goes through the gateway to the node and into a file; what the node says of it comes back."""
    with cluster(tmp_path) as world:
        world.make("big")
        port = world.gateway.port
        host = {"Host": f"big.localhost:{port}"}
        login = {"identity": SUPERUSER["email"], "password": SUPERUSER["password"]}
        token = ask(port, "POST", "/api/collections/_superusers/auth-with-password", login, host).json["token"]
        before = {name: peak_kib(one) for name, one in (("gateway", world.gateway), ("node", world.node))}
        head = b'--B\r\nContent-Disposition: form-data; name="file"; filename="a.zip"\r\n\r\n'
        tail = b"\r\n--B--\r\n"
        lines = [
            "POST /api/backups/upload HTTP/1.1",
            f"Host: big.localhost:{port}",
            f"Authorization: {token}",
            f"Content-Type: {_FORM}",
            f"Content-Length: {len(head) + BODY_BYTES + len(tail)}",
            "",
            "",
        ]
        with socket.create_connection(("127.0.0.1", port), timeout=60) as connection:
            connection.sendall("\r\n".join(lines).encode() + head)
            for _ in range(BODY_BYTES // len(PIECE)):
                connection.sendall(PIECE)
            connection.sendall(tail)
            answer = b""
            while b"\r\n\r\n" not in answer or not answer.endswith(b"}"):
                answer += connection.recv(65536)
        assert answer.startswith(b"HTTP/1.1 400 ")  # it is no archive, and the node looked to find out
        assert "file" in json.loads(answer.partition(b"\r\n\r\n")[2])["data"]
        for name, one in (("gateway", world.gateway), ("node", world.node)):
            grown_kib = peak_kib(one) - before[name]
            assert grown_kib < GROWTH_KIB_MAX, f"{name} grew by {grown_kib} KiB"
