"""A client of server-sent events, in memory."""

import json
from typing import Any

from pbe.web.body import Body
from pbe.web.headers import Headers
from pbe.web.request import Request
from pbe.web.response import PushBody
from tests.kit.tenant_site import World


class EventClient:
    """A stream of a world's site; `events()` are those since the last call, as (event, data) with ids checked."""

    def __init__(self, world: World, *, peer: str = "127.0.0.1", **headers: str) -> None:
        self.world = world
        self.peer = peer
        self.finished = False
        self.aborted = False
        self.fast = True
        self.raw = b""
        self.writes = 0
        pairs = [(name.encode(), value.encode()) for name, value in headers.items()]
        request = Request("GET", b"/api/realtime", Headers(pairs), peer=peer, reader=Body(0))
        response = world.done(world.site.handle(request))
        assert response.status == 200, response.body
        assert isinstance(response.body, PushBody)
        self.body = response.body
        self.body.start(self)
        self.id = ""
        ((name, data),) = self.events()
        assert name == "PB_CONNECT"
        self.id = data["clientId"]

    # the sink

    def write(self, data: bytes) -> bool:
        """Take bytes."""
        self.raw += data
        self.writes += 1
        return self.fast

    def plain(self) -> None:
        """No socket."""

    def finish(self) -> None:
        """The server ended the stream."""
        self.finished = True

    def abort(self) -> None:
        """The server cut the stream off."""
        self.aborted = True

    # the client

    def subscribe(self, *topics: str, token: str = "", peer: str = "") -> int:
        """Set the list of topics; the answer's status."""
        headers = {"authorization": token} if token else {}
        body = {"clientId": self.id, "subscriptions": list(topics)}
        return self.world.ask("POST", "/api/realtime", body, peer=peer or self.peer, **headers).status

    def events(self) -> list[tuple[str, Any]]:
        """What came since the last call."""
        for _ in range(5):
            self.world.clock.advance(0)
        raw, self.raw = self.raw, b""
        found = []
        for block in raw.split(b"\n\n")[:-1]:
            first, second, third = block.split(b"\n", 2)
            assert first == b"id:" + (self.id.encode() or first[3:])
            found.append((second.removeprefix(b"event:").decode(), json.loads(third.removeprefix(b"data:"))))
        return found

    def heard(self) -> list[tuple[str, str, str]]:
        """What came, as (topic without options, action, record's id)."""
        return [(name.partition("?")[0], data["action"], data["record"].get("id", "")) for name, data in self.events()]
