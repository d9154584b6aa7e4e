"""Real processes of pbe on real ports, for the integration tests: started, asked, killed, started again."""

import contextlib
import http.client
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
START_S_MAX = 60.0
STOP_S_MAX = 40.0
ASK_S_MAX = 30.0
_TOKEN = re.compile(r"admin_[A-Za-z0-9_-]{32}")


def free_port() -> int:
    """A port that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def environment() -> dict[str, str]:
    """The environment with this checkout first, and without settings of whoever runs the tests."""
    foreign = ("PBE_", "S3_", "AWS_", "RAFT_", "NODE_", "CONTROL_PLANE", "TLS_", "MAX_TENANTS")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(foreign) or name == "PBE_FAST"}
    kept["PYTHONPATH"] = os.pathsep.join(filter(None, [str(ROOT), kept.get("PYTHONPATH", "")]))
    return kept


class Answer:
    """An HTTP answer, read."""

    def __init__(self, status: int, headers: Mapping[str, str], content: bytes) -> None:
        self.status = status
        self.headers = headers
        self.content = content

    @property
    def json(self) -> Any:
        """The body, decoded."""
        return json.loads(self.content)


def ask(port: int, method: str, path: str, body: Any = None, headers: Mapping[str, str] | None = None) -> Answer:
    """One request over a connection of its own; `body` that is bytes goes as it is, else as JSON."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=ASK_S_MAX)
    sent = dict(headers or {})
    content = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
    if content is not None:
        sent.setdefault("Content-Type", "application/json")
    try:
        connection.request(method, path, content, sent)
        response = connection.getresponse()
        found = {name.lower(): value for name, value in response.getheaders()}
        return Answer(response.status, found, response.read())
    finally:
        connection.close()


class Pbe:
    """One process of pbe. `flags` are those of `twistd pbe`; it listens on `port` of loopback."""

    def __init__(self, folder: Path, mode: str, *flags: str, name: str = "", port: int = 0) -> None:
        self.folder = folder / (name or mode)
        self.log = folder / f"{name or mode}.log"
        self.mode = mode
        self.flags = flags
        self.port = port or free_port()
        self.process: subprocess.Popen[bytes] | None = None

    def command(self) -> list[str]:
        """What is run."""
        fixed = [f"--mode={self.mode}", f"--dir={self.folder}", f"--http-addr=127.0.0.1:{self.port}"]
        return [sys.executable, "-m", "pbe", "serve", *fixed, *self.flags]

    def environment(self) -> dict[str, str]:
        """The variables it is run with."""
        return environment()

    def start(self) -> "Pbe":
        """Run it, and wait until it answers."""
        self.spawn()
        self.wait(lambda: self.ask("GET", "/api/health").status == 200, "did not answer")
        return self

    def spawn(self) -> None:
        """Run it."""
        with self.log.open("ab") as output:
            self.process = subprocess.Popen(
                self.command(), stdout=output, stderr=output, cwd=ROOT, env=self.environment(), start_new_session=True
            )

    def wait(self, good: Any, what: str, limit_s: float = START_S_MAX) -> None:
        """Return once `good()` is true; errors of the network count as not yet."""
        until = time.monotonic() + limit_s
        while time.monotonic() < until:
            if self.process is not None and self.process.poll() is not None:
                raise RuntimeError(f"{self.mode} ended with {self.process.returncode}:\n{self.text()[-4000:]}")
            with contextlib.suppress(OSError, http.client.HTTPException):
                if good():
                    return
            time.sleep(0.02)
        raise RuntimeError(f"{self.mode} {what} within {limit_s} s:\n{self.text()[-4000:]}")

    def text(self) -> str:
        """All that it has printed."""
        return self.log.read_text(errors="replace")

    @property
    def token(self) -> str:
        """The admin's token that the first start printed."""
        self.wait(lambda: _TOKEN.search(self.text()) is not None, "printed no token")
        found = _TOKEN.search(self.text())
        assert found is not None
        return found.group()

    def ask(self, method: str, path: str, body: Any = None, headers: Mapping[str, str] | None = None) -> Answer:
        """One request to it."""
        return ask(self.port, method, path, body, headers)

    def cli(self, *words: str, token: str = "") -> subprocess.CompletedProcess[str]:
        """A command of the CLI against it."""
        variables = {**environment(), "PBE_SERVER": f"http://127.0.0.1:{self.port}", "PBE_TOKEN": token}
        return subprocess.run(
            [sys.executable, "-m", "pbe", *words],
            cwd=ROOT, env=variables, capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip

    def kill(self) -> None:
        """Kill -9."""
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait()

    def terminate(self) -> int:
        """SIGTERM; its exit status once it has ended."""
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(STOP_S_MAX)
        except subprocess.TimeoutExpired:
            self.kill()
            raise

    @contextlib.contextmanager
    def running(self) -> Iterator["Pbe"]:
        """Run it for the block."""
        try:
            yield self.start()
        finally:
            self.kill()
