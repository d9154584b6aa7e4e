"""`/api/cp/config/placement`: the rules by which tenants get their nodes."""

from typing import Any, Protocol

import msgspec

from pbe.api.admin import body, outcome, shown
from pbe.api.admin.access import Caller
from pbe.api.admin.plane import Plane
from pbe.api.admin.tenants import read_fleet
from pbe.errors import BadRequest, field_error
from pbe.fleet import commands, to_json
from pbe.fleet.records import AffinityRule
from pbe.web.request import Request
from pbe.web.response import Response, json_response

SHAPE = {
    "strategy": body.text,
    "max_tenant_per_node": body.number,
    "min_free_capacity": body.number,
    "prefer_same_zone": body.boolean,
    "anti_affinity": body.anything,
    "revision": body.anything,
}


class Counsel(Protocol):
    """What the leader would decide; `cluster.counsel` gives it."""

    async def explain(self, tenant_id: str) -> dict[str, Any]:
        """The node that a tenant would get."""

    async def moves(self, most: int) -> list[dict[str, Any]]:
        """Moves that would even the nodes out."""


class PlacementRules:
    """The endpoints of the placement configuration, and of what it would lead to."""

    def __init__(self, plane: Plane, counsel: Counsel) -> None:
        self._plane = plane
        self._counsel = counsel

    async def explain(self, request: Request, caller: Caller) -> Response:
        """GET /api/cp/tenants/{id}/placement: the node it would get now, and why."""
        return json_response(await self._counsel.explain(request.params["id"]))

    async def moves(self, request: Request, caller: Caller) -> Response:
        """GET …/placement/moves: moves that would even the nodes out, at most `max`; nothing is moved."""
        raw = request.query_value("max", "10")
        moves = await self._counsel.moves(int(raw) if raw.isascii() and raw.isdecimal() and len(raw) < 5 else 0)
        return json_response({"items": moves, "moves": moves})

    async def show(self, request: Request, caller: Caller) -> Response:
        """GET: the rules in force."""
        placement = (await read_fleet(self._plane, request)).placement
        return shown.one(request, to_json(placement), placement.revision)

    async def update(self, request: Request, caller: Caller) -> Response:
        """PUT and PATCH: change the named rules; `anti_affinity` is replaced as a whole."""
        given = await body.read_object(request)
        body.check(given, SHAPE)
        given.pop("revision", None)
        if "anti_affinity" in given:
            given["anti_affinity"] = _rules(given["anti_affinity"])
        command = commands.PlacementSet(if_revision=shown.if_match(request), **given)
        content = await request.body(body.BODY_BYTES_MAX)
        placement = await outcome.carry_out(self._plane, request, caller, command, content)
        return shown.one(request, to_json(placement), placement.revision)


def _rules(given: Any) -> tuple[AffinityRule, ...]:
    if not isinstance(given, list):
        raise _fault("Must be a list of rules")
    rules = []
    for rule in given:
        if not isinstance(rule, dict) or not isinstance(rule.get("tenant_pattern"), str):
            raise _fault("Each rule must have a tenant_pattern")
        try:
            rules.append(AffinityRule(**{name: rule[name] for name in rule}))
            msgspec.msgpack.decode(msgspec.msgpack.encode(rules[-1]), type=AffinityRule)
        except (TypeError, msgspec.MsgspecError, ValueError) as error:
            raise _fault("A rule has tenant_pattern, node_labels (texts) and attract (true or false)") from error
    return tuple(rules)


def _fault(message: str) -> BadRequest:
    return BadRequest("The placement is not valid.", {"anti_affinity": field_error("validation_invalid_rule", message)})
