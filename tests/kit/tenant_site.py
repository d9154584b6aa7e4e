"""A tenant's whole site in memory: requests in, answers out, with real databases in a temporary folder."""

import json
import random
from collections.abc import AsyncIterable, Coroutine
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock

from pbe.api.tenant.site import TenantSite
from pbe.mail.message import MailRefused, Message
from pbe.objects.memory import MemoryStore
from pbe.storage.file_cache import FileCache
from pbe.tenant import superuser
from pbe.tenant.file_store import FileHome
from pbe.tenant.opening import open_tenant
from pbe.tenant.password import hash_password
from pbe.tenant.tenant import Tenant
from pbe.web.body import Body
from pbe.web.headers import Headers
from pbe.web.request import Request
from pbe.web.response import Response
from tests.kit.tenant_services import NOW_S, services
from tests.kit.workers import InlineWorkers

T = TypeVar("T")
TURNS_MAX = 100
ROOT_EMAIL, ROOT_PASSWORD = "root@example.com", "pass123456"


def done(coroutine: Coroutine[Any, Any, T], clock: Clock) -> T:
    """The result of a coroutine that waits for turns of the reactor only."""
    deferred = Deferred.fromCoroutine(coroutine)
    results: list[T] = []
    errors: list[Any] = []
    deferred.addCallbacks(results.append, errors.append)
    for _ in range(TURNS_MAX):
        if results or errors:
            break
        clock.advance(0)
    if errors:
        errors[0].raiseException()
    assert results, "the coroutine waits for something"
    return results[0]


class MailTray:
    """Keeps what was sent; refuses while `refuse` says why."""

    def __init__(self) -> None:
        self.messages: list[Message] = []
        self.refuse = ""

    async def send(self, message: Message) -> None:
        """Keep it."""
        if self.refuse:
            raise MailRefused(self.refuse)
        self.messages.append(message)


@dataclass
class Answer:
    """A response, read."""

    status: int
    headers: dict[str, list[str]]
    body: bytes

    @property
    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)


BCRYPT_COST_MIN = 4


class World:
    """One tenant with a superuser, its clock, its mail."""

    def __init__(self, folder: Path, **others: Any) -> None:
        self.clock = Clock()
        self.mail = MailTray()
        self.objects = MemoryStore(lambda: NOW_S + self.clock.seconds())
        workers = InlineWorkers()
        home = FileHome(self.objects, FileCache(folder / "cache", workers), workers)
        given = {"mailer": self.mail, "files": home, "random_bytes": random.Random(1).randbytes}
        self.services = services(self.clock, **(given | others))
        self.tenant: Tenant = self.done(open_tenant("acme", folder / "acme", self.services))
        hashed = self.done(hash_password(workers, ROOT_PASSWORD, BCRYPT_COST_MIN))
        self.done(superuser.upsert(self.tenant, ROOT_EMAIL, hashed))
        self.site = TenantSite(self.tenant)
        self.token = ""

    def done(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """The coroutine's result."""
        return done(coroutine, self.clock)

    def query(self, sql: str, *, auxiliary: bool = False) -> list[Any]:
        """Rows of data.db, or of auxiliary.db with every log entry in it."""
        self.done(self.tenant.log.settle())
        return self.done((self.tenant.auxiliary if auxiliary else self.tenant.data).query(sql))

    def login(self, email: str = ROOT_EMAIL, password: str = ROOT_PASSWORD, collection: str = "_superusers") -> str:
        """A session's token."""
        body = {"identity": email, "password": password}
        answer = self.ask("POST", f"/api/collections/{collection}/auth-with-password", body)
        assert answer.status == 200, answer.body
        return str(answer.json["token"])

    def root(self, method: str, target: str, body: Any = None, **headers: str) -> Answer:
        """Ask as the superuser."""
        if not self.token:
            self.token = self.login()
        return self.ask(method, target, body, **({"authorization": self.token} | headers))

    def ask(self, method: str, target: str, body: Any = None, *, peer: str = "127.0.0.1", **headers: str) -> Answer:
        """Ask as whoever the headers say (an underscore stands for a dash)."""
        raw = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        pairs = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
        if raw and not any(name == b"content-type" for name, _ in pairs):
            pairs.append((b"content-type", b"application/json"))
        reader = Body(len(raw))
        if raw:
            reader.feed(raw)
            reader.finish()
        request = Request(method, target.encode(), Headers(pairs), peer=peer, reader=reader)
        return read(self.done(self._whole(request)))

    async def _whole(self, request: Request) -> Response:
        return await gathered(await self.site.handle(request))

    def upload(self, target: str, filename: str, content: bytes, field: str = "file") -> Answer:
        """Send one file as the superuser."""
        body = (
            f'--xx\r\nContent-Disposition: form-data; name="{field}"; filename="{filename}"\r\n\r\n'.encode()
            + content
            + b"\r\n--xx--\r\n"
        )
        return self.root("POST", target, body, content_type="multipart/form-data; boundary=xx")

    def close(self) -> None:
        """End the tenant."""
        self.done(self.tenant.close())


def read(response: Response) -> Answer:
    """The response's headers by lower-case name, and its body."""
    found: dict[str, list[str]] = {}
    for line in response.prebuilt.decode().splitlines():
        name, _, value = line.partition(": ")
        found.setdefault(name.lower(), []).append(value)
    for raw_name, raw_value in response.headers:
        found.setdefault(raw_name.decode().lower(), []).append(raw_value.decode())
    body = response.body if isinstance(response.body, bytes) else b""
    return Answer(response.status, found, body)


async def gathered(response: Response) -> Response:
    """The response with a streamed body made whole."""
    if isinstance(response.body, AsyncIterable):
        response.body = b"".join([piece async for piece in response.body])
    return response
