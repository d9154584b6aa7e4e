"""`/api/cp/nodes`: list, show, drain, take back and forget tenant nodes."""

from collections.abc import Mapping
from typing import Any

from pbe.api.admin import body, outcome, shown
from pbe.api.admin.access import Caller
from pbe.api.admin.plane import Plane, Pulse
from pbe.api.admin.tenants import read_fleet
from pbe.errors import BadRequest, NotFound
from pbe.fleet import Fleet, commands, to_json
from pbe.fleet.records import NODE_STATUSES, Node
from pbe.web.request import Request
from pbe.web.response import Response, json_response

CHANGEABLE = {"capacity": body.number, "region": body.text, "zone": body.text, "labels": body.texts}


class Nodes:
    """The endpoints of nodes: what the log knows of them, and what their heartbeats say."""

    def __init__(self, plane: Plane, pulse: Pulse) -> None:
        self._plane = plane
        self._pulse = pulse

    def _json(self, fleet: Fleet, node: Node, pulse: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
        beat = dict(pulse.get(node.id, {}))
        resources = {**to_json(node.resources), **dict(beat.pop("resources", {}))}
        tenants = fleet.tenants.count("node_id", node.id)
        return {
            "cached_tenants": 0,
            "last_heartbeat": "",
            **to_json(node),
            "active_tenants": tenants,
            **beat,
            "resources": resources,
        }

    async def index(self, request: Request, caller: Caller) -> Response:
        """GET: all nodes by id, by the page; `status` picks."""
        pulse = await self._pulse.nodes()
        fleet = await read_fleet(self._plane, request)
        status = request.query_value("status")
        if status not in ("", *NODE_STATUSES):
            raise BadRequest(f"The parameter status must be one of {', '.join(NODE_STATUSES)}.")
        keys = fleet.nodes.group("status", status) if status else sorted(fleet.nodes.rows)
        keys, counts = shown.page_of(request, keys)
        return shown.many("nodes", (self._json(fleet, fleet.nodes.rows[key], pulse) for key in keys), counts)

    async def show(self, request: Request, caller: Caller) -> Response:
        """GET one; its load changes each second, so it always comes whole."""
        pulse = await self._pulse.nodes()
        fleet = await read_fleet(self._plane, request)
        node = fleet.nodes.get(request.params["id"])
        if node is None:
            raise NotFound("There is no such node.")
        return json_response(self._json(fleet, node, pulse), headers=[(b"ETag", b'"%d"' % node.revision)])

    async def update(self, request: Request, caller: Caller) -> Response:
        """PATCH: capacity, region, zone and labels, until the node registers again."""
        given = await body.read_object(request)
        body.check(given, CHANGEABLE)
        command = commands.NodeUpdate(id=request.params["id"], if_revision=shown.if_match(request), **given)
        return await self._changed(request, caller, command)

    async def drain(self, request: Request, caller: Caller) -> Response:
        """POST …/drain: no new tenants; it serves until each tenant has moved."""
        return await self._changed(request, caller, commands.NodeDrain(id=request.params["id"], draining=True))

    async def undrain(self, request: Request, caller: Caller) -> Response:
        """POST …/undrain: it takes tenants again."""
        return await self._changed(request, caller, commands.NodeDrain(id=request.params["id"], draining=False))

    async def remove(self, request: Request, caller: Caller) -> Response:
        """DELETE: forget a node that has no tenants."""
        await outcome.carry_out(self._plane, request, caller, commands.NodeRemove(id=request.params["id"]))
        return Response(204)

    async def _changed(self, request: Request, caller: Caller, command: Any) -> Response:
        content = await request.body(body.BODY_BYTES_MAX)
        node = await outcome.carry_out(self._plane, request, caller, command, content)
        return shown.one(request, self._json(self._plane.fleet, node, await self._pulse.nodes()), node.revision)
