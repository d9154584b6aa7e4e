"""Realtime with unmodified clients: the JavaScript SDK, in one process and in three, and against the real server."""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

from tests import peers
from tests.kit.cluster_processes import SUPERUSER, cluster
from tests.kit.processes import Pbe, environment
from tests.parity.harness.servers import ADMIN_EMAIL, ADMIN_PASSWORD, RealTemplate

SCRIPT = Path(__file__).resolve().parent / "js" / "realtime.mjs"
STEPS = ["made", "subscribed", "updated", "deleted", "batched", "unsubscribed"]


def listen(base: str, email: str, password: str) -> None:
    """The whole script; what fails is told with what the SDK said."""
    modules = peers.node_modules()
    variables = {
        **environment(),
        "POCKETBASE_SDK": (modules / "pocketbase" / "dist" / "pocketbase.es.mjs").as_uri(),
        "EVENTSOURCE": (modules / "eventsource" / "dist" / "index.js").as_uri(),
    }
    for name in [name for name in os.environ if name.upper().endswith("_PROXY")]:
        variables.pop(name, None)
    command = [str(peers.node()), str(SCRIPT), base, email, password]
    done = subprocess.run(command, env=variables, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.split() == STEPS


def test_the_stock_sdk_hears_what_it_may(tmp_path: Path) -> None:
    """Through an all-in-one, by subdomain."""
    with Pbe(tmp_path, "all-in-one").running() as pbe:
        body = {"id": "ears", "domain": "ears.example.com", "superuser": SUPERUSER}
        assert pbe.ask("POST", "/api/cp/tenants", body).status == 201
        listen(f"http://ears.localhost:{pbe.port}", SUPERUSER["email"], SUPERUSER["password"])


def test_the_stock_sdk_hears_through_a_gateway(tmp_path: Path) -> None:
    """The stream passes the gateway while it is written."""
    with cluster(tmp_path) as world:
        world.make("ears")
        listen(f"http://ears.localhost:{world.gateway.port}", SUPERUSER["email"], SUPERUSER["password"])
        _websocket(world.gateway.port)


def test_the_real_server_tells_the_same(tmp_path: Path) -> None:
    """What the script expects is what the real PocketBase does."""
    with RealTemplate(tmp_path).peer() as real:
        listen(f"http://127.0.0.1:{real.port}", ADMIN_EMAIL, ADMIN_PASSWORD)


def _websocket(port: int) -> None:
    """An upgrade passes the gateway, and what is said comes back."""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection, connection.makefile("rb") as reader:
        lines = [
            "GET /api/realtime/ws HTTP/1.1",
            f"Host: ears.localhost:{port}",
            "Connection: Upgrade",
            "Upgrade: websocket",
            "Sec-WebSocket-Version: 13",
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
            "",
            "",
        ]
        connection.sendall("\r\n".join(lines).encode())
        assert reader.readline().startswith(b"HTTP/1.1 101")
        while reader.readline() != b"\r\n":
            pass
        first, size = reader.read(2)
        assert first == 0x81
        assert json.loads(reader.read(size))["type"] == "connect"
        payload = b'{"type":"ping"}'
        connection.sendall(bytes((0x81, 0x80 | len(payload))) + bytes(4) + payload)
        first, size = reader.read(2)
        assert json.loads(reader.read(size)) == {"type": "pong"}


def test_the_python_sdk_hears_too(tmp_path: Path) -> None:
    """PyPI's pocketbase, unmodified."""
    with Pbe(tmp_path, "all-in-one").running() as pbe:
        body = {"id": "ears", "domain": "ears.example.com", "superuser": SUPERUSER}
        assert pbe.ask("POST", "/api/cp/tenants", body).status == 201
        script = SCRIPT.parent.parent / "python_sdk.py"
        command = [sys.executable, str(script), f"http://ears.localhost:{pbe.port}", *SUPERUSER.values()]
        variables = {key: value for key, value in environment().items() if not key.upper().endswith("_PROXY")}
        done = subprocess.run(command, env=variables, capture_output=True, text=True, timeout=60, check=False)
        assert (done.returncode, done.stdout) == (0, "done\n"), done.stderr
