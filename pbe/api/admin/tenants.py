"""`/api/cp/tenants`: make, list, show, change, delete and move tenants."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from pbe.api.admin import body, outcome, shown
from pbe.api.admin.access import Caller
from pbe.api.admin.passwords import Passwords
from pbe.api.admin.plane import Plane
from pbe.errors import BadRequest, NotFound, field_error
from pbe.fleet import Fleet, commands, to_json
from pbe.fleet.records import TENANT_STATUSES, Quotas, Tenant
from pbe.web.request import Request
from pbe.web.response import Response, json_response

#: The platform's documents name some quotas in other words: alias → (quota, factor).
ALIASES = {
    "storageQuotaMB": ("max_storage", 1024 * 1024),
    "storageQuotaMb": ("max_storage", 1024 * 1024),
    "apiRequestsQuota": ("max_api_requests", 1),
}
CHANGEABLE: Mapping[str, body.Check] = {
    "domain": body.text,
    "owner": body.text,
    "plan": body.text,
    "region": body.text,
    "quotas": body.numbers,
    "metadata": body.mapping,
    **dict.fromkeys(ALIASES, body.number),
}
#: What a client may send back as it got it: who changes one of these uses its own endpoint.
FIXED = ("id", "status", "node_id")
SHOWN_ONLY = ("created", "updated", "revision", "metrics", "epoch")
FILTERS = ("status", "node_id", "owner", "plan", "region", "domain")


def tenant_json(fleet: Fleet, tenant: Tenant) -> dict[str, Any]:
    """A tenant as the API shows it: its record, and the epoch of its owner."""
    route = fleet.routes.get(tenant.id)
    return {**to_json(tenant), "epoch": route.epoch if route is not None else 0}


class Tenants:
    """The endpoints of tenants over the control plane. settled: waits a little for the superuser of a tenant."""

    def __init__(self, plane: Plane, passwords: Passwords, settled: Callable[[str], Awaitable[None]]) -> None:
        self._plane = plane
        self._passwords = passwords
        self._settled = settled

    async def create(self, request: Request, caller: Caller) -> Response:
        """POST: id and domain, and whatever else a tenant has; with `superuser` its first superuser."""
        given = await body.read_object(request)
        shape = {**CHANGEABLE, "id": body.text, "superuser": body.anything, **dict.fromkeys(SHOWN_ONLY, body.anything)}
        body.check(given, shape, required=("id", "domain"))
        superuser: dict[str, Any] = await self._superuser(given.get("superuser"))
        command = commands.TenantCreate(
            id=given["id"],
            domain=_domain(given["domain"]),
            quotas=_quotas(given),
            **{name: given[name] for name in ("owner", "plan", "region", "metadata") if name in given},
            **superuser,
        )
        tenant = await outcome.carry_out(self._plane, request, caller, command, await request.body(body.BODY_BYTES_MAX))
        if superuser:
            await self._settled(tenant.id)
        return shown.one(request, tenant_json(self._plane.fleet, tenant), tenant.revision, 201)

    async def _superuser(self, given: Any) -> dict[str, str]:
        if given is None:
            return {}
        if not isinstance(given, dict):
            fault = field_error("validation_invalid_type", "Must be an object of email and password")
            raise BadRequest("The request has invalid fields: superuser.", {"superuser": fault})
        email, hashed = await self._passwords.read(given, prefix="superuser.")
        return {"superuser_email": email, "superuser_hash": hashed}

    async def index(self, request: Request, caller: Caller) -> Response:
        """GET: all tenants by id, by the page; deleted ones only when `status` asks for them (or for `all`)."""
        fleet = await read_fleet(self._plane, request)
        keys, counts = shown.page_of(request, _selected(fleet, request))
        rows = fleet.tenants.rows
        return shown.many("tenants", (tenant_json(fleet, rows[key]) for key in keys), counts)

    async def show(self, request: Request, caller: Caller) -> Response:
        """GET one, a deleted one too."""
        fleet = await read_fleet(self._plane, request)
        tenant = _found(fleet, request.params["id"])
        return shown.one(request, tenant_json(fleet, tenant), tenant.revision)

    async def update(self, request: Request, caller: Caller) -> Response:
        """PUT and PATCH: change the named fields; quotas are partial too, metadata is replaced as a whole."""
        given = await body.read_object(request)
        tenant_id = request.params["id"]
        shape = {**CHANGEABLE, **dict.fromkeys((*FIXED, *SHOWN_ONLY), body.anything)}
        body.check(given, shape)
        _refuse_fixed(self._plane.fleet.tenants.get(tenant_id), tenant_id, given)
        changes: dict[str, Any] = {
            name: given[name] for name in ("owner", "plan", "region", "metadata") if name in given
        }
        if "domain" in given:
            changes["domain"] = _domain(given["domain"])
        command = commands.TenantUpdate(
            id=tenant_id, quotas=_quotas(given), if_revision=shown.if_match(request), **changes
        )
        tenant = await outcome.carry_out(self._plane, request, caller, command, await request.body(body.BODY_BYTES_MAX))
        return shown.one(request, tenant_json(self._plane.fleet, tenant), tenant.revision)

    async def delete(self, request: Request, caller: Caller) -> Response:
        """DELETE: soft; its domain and its owner's slot are free at once, its objects stay."""
        command = commands.TenantDelete(id=request.params["id"], if_revision=shown.if_match(request))
        tenant = await outcome.carry_out(self._plane, request, caller, command)
        return shown.one(request, tenant_json(self._plane.fleet, tenant), tenant.revision)

    async def restore(self, request: Request, caller: Caller) -> Response:
        """POST …/restore: undo a deletion, if the domain and the owner's quota still allow it."""
        command = commands.TenantRestore(id=request.params["id"])
        tenant = await outcome.carry_out(self._plane, request, caller, command)
        return shown.one(request, tenant_json(self._plane.fleet, tenant), tenant.revision)

    async def migrate(self, request: Request, caller: Caller) -> Response:
        """POST …/migrate {targetNode}: begin to move a tenant; 202 with the tenant, whose status tells the rest."""
        given = await body.read_object(request)
        body.check(given, {"targetNode": body.text, "target_node": body.text})
        target = given.get("targetNode") or given.get("target_node")
        if not target:
            raise BadRequest("", {"targetNode": field_error("validation_required", "Cannot be blank")})
        command = commands.MoveStart(tenant_id=request.params["id"], target=target)
        tenant = await outcome.carry_out(self._plane, request, caller, command, await request.body(body.BODY_BYTES_MAX))
        return shown.one(request, tenant_json(self._plane.fleet, tenant), tenant.revision, 202)

    async def superuser(self, request: Request, caller: Caller) -> Response:
        """PUT …/superuser {email, password}: its node makes the superuser or sets the password."""
        given = await body.read_object(request)
        email, hashed = await self._passwords.read(given)
        tenant_id = request.params["id"]
        command = commands.SuperuserSet(tenant_id=tenant_id, email=email, password_hash=hashed)
        await outcome.carry_out(self._plane, request, caller, command, await request.body(body.BODY_BYTES_MAX))
        await self._settled(tenant_id)
        return json_response({"tenant_id": tenant_id, "email": email})


async def read_fleet(plane: Plane, request: Request) -> Fleet:
    """The state to answer a GET from: linearizable, unless the client says that it may be old."""
    consistency = request.query_value("consistency")
    if consistency not in ("", "linearizable", "stale"):
        raise BadRequest("The parameter consistency must be linearizable or stale.")
    return plane.fleet if consistency == "stale" else await plane.read()


def _found(fleet: Fleet, tenant_id: str) -> Tenant:
    tenant = fleet.tenants.get(tenant_id)
    if tenant is None:
        raise NotFound("There is no such tenant.")
    return tenant


def _selected(fleet: Fleet, request: Request) -> list[str]:
    asked = {name: value for name in FILTERS if (value := request.query_value(name))}
    asked.update({"node_id": node} if (node := request.query_value("node")) else {})
    status = asked.pop("status", "")
    if status not in ("", "all", *TENANT_STATUSES):
        raise BadRequest(f"The parameter status must be all or one of {', '.join(TENANT_STATUSES)}.")
    table = fleet.tenants
    if status and status != "all":
        keys = table.group("status", status)
    elif asked.get("node_id"):
        keys = table.group("node_id", asked["node_id"])
    elif asked.get("owner"):
        keys = table.group("owner", asked["owner"])
    else:
        keys = sorted(table.rows)
    search = request.query_value("search").lower()
    return [key for key in keys if _matches(table.rows[key], status, asked, search)]


def _matches(tenant: Tenant, status: str, asked: Mapping[str, str], search: str) -> bool:
    if not status and tenant.status == "deleted":
        return False
    if search and search not in tenant.id and search not in tenant.domain:
        return False
    return all(getattr(tenant, name) == value for name, value in asked.items())


def _domain(given: str) -> str:
    return given.strip().lower()


def _quotas(given: Mapping[str, Any]) -> dict[str, int]:
    quotas = dict(given.get("quotas", {}))
    unknown = sorted(name for name in quotas if name not in Quotas.__struct_fields__)
    if unknown:
        fault = field_error("validation_unknown_field", f"There is no quota {', '.join(unknown)}")
        raise BadRequest("The request has invalid fields: quotas.", {"quotas": fault})
    for alias, (name, factor) in ALIASES.items():
        if alias in given:
            quotas[name] = given[alias] * factor
    return quotas


def _refuse_fixed(tenant: Tenant | None, tenant_id: str, given: Mapping[str, Any]) -> None:
    """A change of what has its own endpoint is refused; sending back what one has got is not a change."""
    faults = {}
    for name in FIXED:
        now = tenant_id if name == "id" else getattr(tenant, name, None)
        if name in given and given[name] != now:
            faults[name] = field_error("validation_read_only", "Cannot be changed here")
    if faults and tenant is not None:
        raise BadRequest("The request has fields that cannot be changed here: " + ", ".join(faults) + ".", faults)
