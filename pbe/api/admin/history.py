"""`/api/cp/tenants/{id}/restore` and `/verify`: a tenant as it was, and whether its replica is what it should be."""

import re
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any, Protocol

from pbe.api.admin import body, outcome
from pbe.api.admin.access import Caller
from pbe.api.admin.plane import Plane
from pbe.errors import BadRequest, NotFound, field_error
from pbe.fleet import commands
from pbe.fleet.records import Tenant
from pbe.web.request import Request
from pbe.web.response import Response, json_response

TXID = re.compile(r"[0-9a-fA-F]{1,16}")
TIME = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)")

Endpoint = Callable[[Request, Caller], Awaitable[Response]]


class Errands(Protocol):
    """Has a tenant's node do something; `cluster` gives it."""

    async def ask(self, name: str, payload: dict[str, Any]) -> dict[str, Any]:
        """The node's answer, or its refusal raised."""


class History:
    """The endpoints; `undelete` is what a restore without a moment means."""

    def __init__(self, plane: Plane, errands: Errands, undelete: Endpoint) -> None:
        self._plane = plane
        self._errands = errands
        self._undelete = undelete

    async def restore(self, request: Request, caller: Caller) -> Response:
        """POST {at | txid, to, domain}: the tenant, or a new one, as it was; without a body, undo a deletion."""
        given = await body.read_object(request)
        if not given:
            return await self._undelete(request, caller)
        body.check(given, dict.fromkeys(("at", "txid", "to", "domain"), body.text))
        moment = _moment(given)
        tenant = await self._served(request.params["id"])
        target = given.get("to", "")
        if "domain" in given and not target:
            raise BadRequest("", {"domain": field_error("validation_unknown_field", "Goes with a new tenant only")})
        asked = {"tenant_id": tenant.id, **moment}
        if target:
            # Before anything is made: whether there is such a moment at all.
            await self._errands.ask("tenant.reach", asked)
            await self._make(request, caller, tenant, given)
            asked |= {"tenant_id": target, "source": tenant.id}
        answer = await self._errands.ask("tenant.restore", asked)
        return json_response({"id": target or tenant.id, "source": tenant.id, **answer})

    async def verify(self, request: Request, caller: Caller) -> Response:
        """POST: restore all databases beside the served ones and compare; 200 with `ok` either way."""
        tenant = await self._served(request.params["id"])
        answer = await self._errands.ask("tenant.verify", {"tenant_id": tenant.id})
        return json_response({"id": tenant.id, **answer})

    async def _served(self, tenant_id: str) -> Tenant:
        tenant = (await self._plane.read()).tenants.get(tenant_id)
        if tenant is None or tenant.status == "deleted":
            raise NotFound("There is no such tenant.")
        return tenant

    async def _make(self, request: Request, caller: Caller, tenant: Tenant, given: dict[str, Any]) -> None:
        command = commands.TenantCreate(
            id=given["to"],
            domain=given.get("domain", "").strip().lower() or f"{given['to']}.localhost",
            owner=tenant.owner,
            plan=tenant.plan,
            region=tenant.region,
        )
        await outcome.carry_out(self._plane, request, caller, command, await request.body(body.BODY_BYTES_MAX))


def _moment(given: dict[str, Any]) -> dict[str, int]:
    """`{txid}` or `{at_ms}`: exactly one of both has to be given."""
    if ("at" in given) == ("txid" in given):
        fault = field_error("validation_required", "Give a time as at, or a txid, not both")
        raise BadRequest("The request has invalid fields: at.", {"at": fault})
    if "txid" in given:
        if TXID.fullmatch(given["txid"]) is None or not int(given["txid"], 16):
            fault = field_error("validation_invalid_txid", "Must be a txid of 1 to 16 hexadecimal digits")
            raise BadRequest("The request has invalid fields: txid.", {"txid": fault})
        return {"txid": int(given["txid"], 16)}
    try:
        if TIME.fullmatch(given["at"]) is None:
            raise ValueError(given["at"])
        return {"at_ms": round(datetime.fromisoformat(given["at"].upper()).timestamp() * 1000)}
    except (ValueError, OverflowError) as error:
        fault = field_error("validation_invalid_time", "Must be a time of RFC 3339, as 2026-11-24T10:30:00Z")
        raise BadRequest("The request has invalid fields: at.", {"at": fault}) from error
