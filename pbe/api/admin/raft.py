"""`/api/cp/raft`: the control plane's members."""

from collections.abc import Awaitable, Callable
from typing import Any, Protocol

from pbe.api.admin import body
from pbe.api.admin.access import Caller
from pbe.api.admin.plane import Plane
from pbe.errors import BadRequest
from pbe.web.request import Request
from pbe.web.response import Response, json_response

#: Writes a snapshot: its key, term, index and bytes.
Snapshot = Callable[[], Awaitable[dict[str, Any]]]


class Membership(Protocol):
    """What the control plane can do with its members; each raises RequestError and ends when it is done."""

    async def add_member(self, member_id: str, address: str) -> None:
        """Take a member in: it learns first, then votes."""

    async def remove_member(self, member_id: str) -> None:
        """Let a member go."""

    async def transfer(self, target: str) -> None:
        """Make another member the leader."""


class Raft:
    """The endpoints of the control plane's own members. snapshot: writes one, None where there is no object store."""

    def __init__(self, plane: Plane, membership: Membership, snapshot: Snapshot | None) -> None:
        self._plane = plane
        self._membership = membership
        self._snapshot = snapshot

    async def status(self, request: Request, caller: Caller) -> Response:
        """GET …/status: leader, term, commit, applied, members, as this member knows them; never waits."""
        return json_response({**self._plane.status(), "state_hash": self._plane.fleet.state_hash})

    async def add(self, request: Request, caller: Caller) -> Response:
        """POST …/members {id, address}."""
        given = await body.read_object(request)
        body.check(given, {"id": body.text, "address": body.text}, required=("id", "address"))
        await self._membership.add_member(given["id"], given["address"])
        return await self.status(request, caller)

    async def remove(self, request: Request, caller: Caller) -> Response:
        """DELETE …/members/{id}."""
        await self._membership.remove_member(request.params["id"])
        return await self.status(request, caller)

    async def transfer(self, request: Request, caller: Caller) -> Response:
        """POST …/transfer {target}."""
        given = await body.read_object(request)
        body.check(given, {"target": body.text}, required=("target",))
        await self._membership.transfer(given["target"])
        return await self.status(request, caller)

    async def snapshot(self, request: Request, caller: Caller) -> Response:
        """POST …/snapshot: the whole state into the object store, now."""
        if self._snapshot is None:
            raise BadRequest("The control plane has no object store for snapshots: start it with --replica-url.")
        return json_response(await self._snapshot())
