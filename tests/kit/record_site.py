"""A tenant with collections in a folder, asked through its record routes, without a socket or a reactor."""

import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock

from pbe.api.tenant import records
from pbe.api.tenant.caller import AUTH_NOTE
from pbe.api.tenant.route import Route
from pbe.schema.collection import Collection, new
from pbe.schema.field import Field
from pbe.schema.fields import add
from pbe.tenant.opening import open_tenant
from pbe.tenant.record import Record
from pbe.tenant.record_read import find_where
from pbe.tenant.record_save import save
from pbe.tenant.tenant import Tenant
from pbe.tenant.unit import Unit
from pbe.web.body import Body
from pbe.web.errors import to_response
from pbe.web.headers import Headers
from pbe.web.request import Request
from pbe.web.response import Response
from pbe.web.router import Router
from tests.kit.sqlite_bench import outcome
from tests.kit.tenant_services import services

RULES = ("list_rule", "view_rule", "create_rule", "update_rule", "delete_rule")


@dataclass
class Answer:
    """A status and a body."""

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def json(self) -> Any:
        """The body, parsed."""
        return json.loads(self.body) if self.body else None

    @property
    def ids(self) -> list[str]:
        """The ids of a list's items."""
        return [item["id"] for item in self.json["items"]]


class RecordSite:
    """One tenant; `ask` does what a client would."""

    def __init__(self, folder: Path, routes: Callable[[], list[Route]] | None = None, **others: Any) -> None:
        self.clock = Clock()
        self.tenant: Tenant = self.run(open_tenant("acme", folder, services(self.clock, **others)))
        self.router = Router()
        for route in [*records.routes(), *(routes() if routes else [])]:
            self.router.add(route.method, route.pattern, route.handler)

    def run(self, waiting: Awaitable[Any]) -> Any:
        """The result of a coroutine, after as many turns as it takes."""
        done: Deferred[Any] = Deferred.fromCoroutine(waiting)  # type: ignore[arg-type]
        for _ in range(200):
            if done.called:
                break
            self.clock.advance(0)
        return outcome(done)

    def collection(
        self, name: str, *fields: Field, kind: str = "base", rules: str | None = "", **changes: Any
    ) -> Collection:
        """A collection with these fields beside its own; every rule is `rules` unless `changes` says otherwise."""
        bare = new(kind, name, lambda: "s" * 50)
        made = bare.evolve(fields=add(bare.fields, *fields), **(dict.fromkeys(RULES, rules) | changes), is_new=False)

        async def create(tx: Any) -> None:
            columns = ", ".join(f'"{field.name}" {field.column_type()}' for field in made.fields)
            tx.execute(f'CREATE TABLE "{name}" ({columns})')
            for index in made.indexes:
                tx.execute(index)

        if kind != "view":
            self.run(self.tenant.data.write(create))
        self.tenant.catalog.replace([*self.tenant.catalog.collections(), made])
        return made

    def rules(self, name: str, **changes: Any) -> None:
        """Change a collection in memory."""
        every = self.tenant.catalog.collections()
        self.tenant.catalog.replace([one.evolve(**changes) if one.name == name else one for one in every])

    def record(self, collection: str, record_id: str) -> Record:
        """A stored record."""
        found = self.tenant.catalog.collection(collection)
        assert found is not None
        return self.run(find_where(Unit(self.tenant), found, "id", record_id))[0]  # type: ignore[no-any-return]

    def superuser(self) -> Record:
        """A superuser."""
        collection = self.tenant.catalog.collection("_superusers")
        assert collection is not None
        made = Record.new(collection)
        made.set("email", "root@x.co")
        made.set("password", "1234567890")
        self.run(save(Unit(self.tenant), made))
        return made

    def ask(
        self,
        method: str,
        target: str,
        body: Any = None,
        *,
        auth: Record | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """The answer to a request; `body` is JSON unless it is bytes."""
        return self.run(self._answer(method, target, body, auth, headers))  # type: ignore[no-any-return]

    def start(self, method: str, target: str, body: Any = None, *, auth: Record | None = None) -> Deferred[Answer]:
        """The answer to a request that may take its time; `turn` goes on with it."""
        return Deferred.fromCoroutine(self._answer(method, target, body, auth, None))

    def turn(self, turns: int = 20) -> None:
        """Let the reactor turn some times, no time passing."""
        self.clock.pump([0] * turns)

    async def _answer(
        self, method: str, target: str, body: Any, auth: Record | None, headers: Mapping[str, str] | None
    ) -> Answer:
        raw = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        lines = {"content-type": "application/json"} | dict(headers or {})
        reader = Body(len(raw))
        if raw:
            reader.feed(raw)
        reader.finish()
        pairs = [(key.lower().encode(), value.encode()) for key, value in lines.items()]
        request = Request(method, target.encode(), Headers(pairs), reader=reader)
        request.notes[AUTH_NOTE] = auth
        found = self.router.find(method, request.raw_path.decode())
        assert found is not None
        handler, request.params = found
        try:
            response: Response = await handler(request, self.tenant)
        except Exception as error:
            response = to_response(error)
        shown = {key.decode().lower(): value.decode() for key, value in response.headers}
        return Answer(response.status, await _whole(response.body), shown)

    def close(self) -> None:
        """Close the tenant."""
        self.run(self.tenant.close())


async def _whole(body: Any) -> bytes:
    """A body's bytes, also where it comes in pieces."""
    return body if isinstance(body, bytes) else b"".join([piece async for piece in body])
