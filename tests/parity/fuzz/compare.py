"""One case on both servers."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tests.parity.fuzz.local import LocalPeer, local_peer
from tests.parity.harness.compare import differences
from tests.parity.harness.exchange import Answer, Call, Peer
from tests.parity.harness.scenario import Step, keep, request


class Pair:
    """The real server, kept for many cases, and a local tenant for each.

    thorough: after each case every collection but `users` is taken away, however it came about.
    """

    def __init__(self, real: Peer, *, thorough: bool = False) -> None:
        self.real = real
        self._thorough = thorough
        self._made: list[str] = []

    def first_difference(self, setup: list[Step], steps: list[Step]) -> tuple[Step, list[str]] | None:
        """The first step that the two answer differently, and what differs."""
        with local_peer() as ours, self._cleaned():
            for step in setup:
                found = self._compare(step, ours)
                if found:
                    return step, found
            for step in steps:
                found = self._compare(step, ours)
                if found:
                    return step, found
        return None

    def _compare(self, step: Step, ours: LocalPeer) -> list[str]:
        who = step.get("as", "guest")
        if who != "guest" and who not in self.real.tokens:
            step = {**step, "as": "guest"}
        theirs, mine = self._ask(step, self.real), self._ask(step, ours)
        return differences(step, (theirs, self.real.saved), (mine, ours.saved))

    def _ask(self, step: Step, peer: Any) -> Answer:
        answer: Answer = peer.ask(request(step, peer))
        if answer.status < 400:
            keep(step, peer, answer)
            if peer is self.real and step.get("POST") == "/api/collections":
                self._made.append(step["json"]["name"])
        return answer

    @contextmanager
    def _cleaned(self) -> Iterator[None]:
        """Take the case's collections and tokens away from the real server again."""
        admin = dict(self.real.tokens)
        try:
            yield
        finally:
            for name in reversed(self._made):
                self.real.ask(Call("DELETE", f"/api/collections/{name}", {"Authorization": admin["admin"]}))
            self._made.clear()
            if self._thorough:
                self._import_only_users(admin["admin"])
            self.real.tokens = admin

    def _import_only_users(self, token: str) -> None:
        """Take away whatever a case left, relations and views that depend on one another too."""
        headers = {"Authorization": token, "Content-Type": "application/json"}
        users = self.real.ask(Call("GET", "/api/collections/users", headers)).json()
        body = json.dumps({"collections": [users], "deleteMissing": True}).encode()
        done = self.real.ask(Call("PUT", "/api/collections/import", headers, body))
        if done.status != 204:
            raise RuntimeError(f"the real server cannot be cleaned: {done.body!r}")
