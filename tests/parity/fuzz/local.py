"""pbe without processes: one tenant's site in this process, asked as a peer is asked over a socket."""

import os
import time
from collections.abc import Awaitable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import bcrypt
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock

from pbe.api.tenant.site import TenantSite
from pbe.tenant import superuser
from pbe.tenant.opening import open_tenant
from pbe.tenant.tenant import Tenant
from pbe.web.body import Body
from pbe.web.headers import Headers
from pbe.web.request import Request
from pbe.web.response import render_head
from tests.kit.sqlite_bench import outcome
from tests.kit.tenant_services import services
from tests.parity.harness.exchange import Answer, Call
from tests.parity.harness.servers import ADMIN_EMAIL, ADMIN_PASSWORD, sign_in

TURNS_MAX = 2000
ADMIN_HASH = bcrypt.hashpw(ADMIN_PASSWORD.encode(), bcrypt.gensalt(4)).decode()
"""Made once, at bcrypt's lowest cost: every case signs in."""


class LocalPeer:
    """A tenant on a Clock that turns as often as an answer takes, with the real time and randomness."""

    def __init__(self, folder: Path) -> None:
        self.name = "pbe"
        self.saved: dict[str, str] = {}
        self.tokens: dict[str, str] = {}
        self._clock = Clock()
        made = services(self._clock, now=time.time, random_bytes=os.urandom)
        self._tenant: Tenant = self._run(open_tenant("fuzz", folder, made))
        self._site = TenantSite(self._tenant)

    def _run(self, waiting: Awaitable[Any]) -> Any:
        done: Deferred[Any] = Deferred.fromCoroutine(waiting)  # type: ignore[arg-type]
        for _ in range(TURNS_MAX):
            if done.called:
                break
            self._clock.advance(0)
        return outcome(done)

    def superuser(self) -> None:
        """Make the superuser that the real server has, and sign in."""
        self._run(superuser.upsert(self._tenant, ADMIN_EMAIL, ADMIN_HASH))
        sign_in(self)  # type: ignore[arg-type]

    def ask(self, call: Call) -> Answer:
        """The answer to a call."""
        raw = call.body or b""
        reader = Body(len(raw))
        if raw:
            reader.feed(raw)
        reader.finish()
        pairs = [(key.lower().encode("latin-1"), value.encode()) for key, value in call.headers.items()]
        response = self._run(
            self._site.handle(Request(call.method, call.target.encode(), Headers(pairs), reader=reader))
        )
        head = render_head(response, b"").decode("latin-1").split("\r\n")[1:]
        lines = (line.partition(": ") for line in head if line)
        body = response.body if isinstance(response.body, bytes) and call.method != "HEAD" else b""
        return Answer(response.status, {name.lower(): value for name, _, value in lines}, body)

    def close(self) -> None:
        """Close the tenant."""
        self._run(self._tenant.close())


@contextmanager
def local_peer() -> Iterator[LocalPeer]:
    """A fresh tenant with the superuser signed in."""
    with TemporaryDirectory(prefix="fuzz-") as folder:
        peer = LocalPeer(Path(folder))
        try:
            peer.superuser()
            yield peer
        finally:
            peer.close()
