"""A control plane, nodes and a gateway as real processes of this machine, with S3 by moto's server."""

import contextlib
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from pbe.objects.s3 import S3Place
from tests.kit.moto_peer import MotoPeer
from tests.kit.processes import Answer, Pbe, ask

SUPERUSER = {"email": "root@example.com", "password": "pass123456"}
SERVED_S_MAX = 30.0
PAUSE_S_MAX = 2.0


def patiently(try_once: Callable[[], Answer]) -> Answer:
    """Do what a client is asked to do: a 503 with Retry-After is tried again, for SERVED_S_MAX at most."""
    until = time.monotonic() + SERVED_S_MAX
    while True:
        got = try_once()
        if got.status != 503 or "retry-after" not in got.headers or time.monotonic() > until:
            return got
        time.sleep(min(float(got.headers["retry-after"]), PAUSE_S_MAX))


class Cluster:
    """One control plane and one gateway; nodes as they are wanted."""

    def __init__(self, folder: Path, place: S3Place) -> None:
        self.folder = folder
        self.place = place
        self.control = Pbe(folder, "control-plane", "--node-id=cp-1", "--create-admin")
        self.gateway: Pbe
        self.nodes: dict[str, Pbe] = {}
        self._stack = contextlib.ExitStack()

    @contextlib.contextmanager
    def running(self, nodes: int = 1) -> Iterator["Cluster"]:
        """Start everything, and end it with the block."""
        with self._stack:
            self._stack.enter_context(self.control.running())
            for number in range(1, nodes + 1):
                self.add_node(f"node-{number}")
            flags = (*self.shared(), "--trusted-callers=127.0.0.1")
            self.gateway = Pbe(self.folder, "gateway", *flags)
            self._stack.enter_context(self.gateway.running())
            yield self

    def shared(self) -> tuple[str, ...]:
        """What nodes and gateways are told."""
        secret = self.control.folder / "cluster-secret"
        return (f"--control-plane=127.0.0.1:{self.control.port}", f"--cluster-secret-file={secret}")

    def add_node(self, name: str, *flags: str) -> Pbe:
        """Start one more node."""
        place = self.place
        store = (
            f"--replica-url=s3://{place.bucket}", f"--s3-endpoint={place.endpoint}",
            f"--s3-access-key={place.access_key}", f"--s3-secret-key={place.secret_key}",
        )  # fmt: skip
        node = Pbe(self.folder, "tenant-node", *self.shared(), *store, f"--node-id={name}", *flags, name=name)
        self._stack.enter_context(node.running())
        self.nodes[name] = node
        return node

    @property
    def node(self) -> Pbe:
        """The first node."""
        return self.nodes["node-1"]

    def admin(self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None) -> Answer:
        """Ask the control plane as its admin."""
        token = {"Authorization": f"Bearer {self.control.token}"}
        return self.control.ask(method, path, body, {**token, **(headers or {})})

    def make(self, tenant_id: str) -> "Client":
        """A tenant with a superuser, and the superuser's client."""
        body = {"id": tenant_id, "domain": f"{tenant_id}.localhost", "superuser": SUPERUSER}
        key = {"Idempotency-Key": f"make {tenant_id}"}
        made = patiently(lambda: self.admin("POST", "/api/cp/tenants", body, key))
        assert made.status == 201, made.content
        return Client(self.gateway.port, tenant_id).login()

    def lapsed(self) -> bool:
        """Whether this machine was so slow that a node's heartbeats lost it its lease: it says so."""
        return any("the lease had run out" in node.text() for node in self.nodes.values())


class Client:
    """A tenant's superuser, by X-Tenant-ID through the gateway."""

    def __init__(self, port: int, tenant_id: str) -> None:
        self.port = port
        self.headers = {"X-Tenant-ID": tenant_id}

    def login(self) -> "Client":
        """Get a token."""
        body = {"identity": SUPERUSER["email"], "password": SUPERUSER["password"]}
        got = self.ask_patiently("POST", "/api/collections/_superusers/auth-with-password", body)
        assert got.status == 200, got.content
        self.headers["Authorization"] = got.json["token"]
        return self

    def ask(self, method: str, path: str, body: Any = None) -> Answer:
        """One request."""
        return ask(self.port, method, path, body, self.headers)

    def ask_patiently(self, method: str, path: str, body: Any = None) -> Answer:
        """One request, again while the answer says to try again."""
        return patiently(lambda: self.ask(method, path, body))

    def make_notes(self) -> None:
        """A collection `notes` with a text `title`."""
        body = {"name": "notes", "type": "base", "fields": [{"name": "title", "type": "text"}]}
        got = self.ask_patiently("POST", "/api/collections", body)
        assert got.status == 200, got.content

    def write(self, title: str) -> bool:
        """Write one note; whether it was acknowledged in the end."""
        return self.ask_patiently("POST", "/api/collections/notes/records", {"title": title}).status == 200

    def write_once(self, title: str) -> bool:
        """Write one note; whether it was acknowledged at the first try."""
        return self.ask("POST", "/api/collections/notes/records", {"title": title}).status == 200

    def titles(self) -> set[str]:
        """The titles of all notes."""
        found: set[str] = set()
        page = 1
        while True:
            got = self.ask_patiently("GET", f"/api/collections/notes/records?perPage=500&page={page}&skipTotal=1")
            assert got.status == 200, got.content
            found |= {item["title"] for item in got.json["items"]}
            if len(got.json["items"]) < 500:
                return found
            page += 1

    def until_served(self) -> None:
        """Return once the tenant answers again."""
        until = time.monotonic() + SERVED_S_MAX
        while True:
            with contextlib.suppress(OSError):
                got = self.ask("GET", "/api/health")
                if got.status == 200:
                    return
            assert time.monotonic() < until, got.content
            time.sleep(0.1)


@contextlib.contextmanager
def cluster(folder: Path, nodes: int = 1) -> Iterator[Cluster]:
    """A running cluster on a fresh bucket."""
    moto = MotoPeer(folder)
    try:
        with Cluster(folder, moto.place()).running(nodes) as running:
            yield running
    finally:
        moto.close()
