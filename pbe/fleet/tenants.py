"""Commands about tenants: create, update, status, delete, restore, purge, and their first superuser."""

import msgspec
from msgspec import UNSET

from pbe.fleet import checks, commands
from pbe.fleet.records import PendingSuperuser, Quotas, Route, Tenant
from pbe.fleet.rejected import Rejected, missing, taken
from pbe.fleet.state import State

# Theory of operation: a status may become one of these by `tenant.status`. Routing commands (assign, move, release)
# set the status they imply themselves; deletion and restoration have their own commands.
NEXT_STATUSES: dict[str, frozenset[str]] = {
    "created": frozenset({"assigning"}),
    "assigning": frozenset({"created", "deploying", "active", "evicted"}),
    "deploying": frozenset({"assigning", "active", "evicted"}),
    "active": frozenset({"assigning", "idle", "migrating", "evicted"}),
    "idle": frozenset({"assigning", "active", "migrating", "evicted", "archived"}),
    "migrating": frozenset({"assigning", "active", "idle"}),
    "evicted": frozenset({"assigning", "archived"}),
    "archived": frozenset({"evicted", "assigning"}),
    "deleted": frozenset(),
}


def create(state: State, command: commands.TenantCreate) -> Tenant:
    """The new tenant, with a route from the start and a node when the command names one."""
    checks.tenant_id(command.id)
    if state.tenants.get(command.id) is not None:
        raise taken("id", "id")
    checks.free_domain(state, command.domain)
    checks.plan(command.plan)
    checks.text("region", command.region)
    checks.metadata("metadata", command.metadata)
    defaults: dict[str, int] = {}
    if command.owner:
        owner = checks.user(state, command.owner, "owner")
        checks.room_for_tenant(state, owner)
        limits = owner.quotas
        defaults = {
            "max_storage": limits.default_storage_per_tenant,
            "max_api_requests": limits.default_api_requests_per_hour,
            "max_users": limits.default_max_users,
        }
    quotas = checks.merged(Quotas(), {**defaults, **command.quotas})
    if command.node_id:
        checks.node(state, command.node_id, "node_id")
    return _write_new(state, command, quotas)


def _write_new(state: State, command: commands.TenantCreate, quotas: Quotas) -> Tenant:
    status = "assigning" if command.node_id else "created"
    epoch = 1 if command.node_id else 0
    if command.superuser_email:
        pending = PendingSuperuser(command.id, command.superuser_email, command.superuser_hash)
        state.put(state.superusers, command.id, pending)
    route = Route(command.id, command.domain, command.node_id, epoch, status, created=state.now)
    state.put(state.routes, command.id, route)
    tenant = Tenant(
        id=command.id,
        domain=command.domain,
        status=status,
        node_id=command.node_id,
        owner=command.owner,
        plan=command.plan,
        region=command.region,
        quotas=quotas,
        created=state.now,
        updated=state.now,
        metadata=command.metadata,
    )
    return state.put(state.tenants, command.id, tenant)


def update(state: State, command: commands.TenantUpdate) -> Tenant:
    """The tenant with the named fields changed; its route follows the domain."""
    tenant = checks.living_tenant(state, command.id)
    checks.fresh(tenant, command.if_revision)
    if command.domain is not UNSET:
        checks.free_domain(state, command.domain, but=tenant.id)
    if command.plan is not UNSET:
        checks.plan(command.plan)
    if command.region is not UNSET:
        checks.text("region", command.region)
    if command.metadata is not UNSET:
        checks.metadata("metadata", command.metadata)
    if command.owner is not UNSET and command.owner not in ("", tenant.owner):
        checks.room_for_tenant(state, checks.user(state, command.owner, "owner"))
    quotas = checks.merged(tenant.quotas, command.quotas)
    fields = ("domain", "owner", "plan", "region", "metadata")
    changed = checks.patched(tenant, command, fields, quotas=quotas, updated=state.now)
    if changed.domain != tenant.domain:
        route = state.routes.rows[tenant.id]
        state.put(state.routes, tenant.id, msgspec.structs.replace(route, domain=changed.domain))
    return state.put(state.tenants, tenant.id, changed)


def set_status(state: State, command: commands.TenantStatus) -> Tenant:
    """The tenant in its new status, if the table of statuses allows the step."""
    tenant = checks.living_tenant(state, command.id)
    if command.epoch and state.routes.rows[tenant.id].epoch != command.epoch:
        raise Rejected("epoch", "stale_epoch", "The tenant has another owner by now", "stale")
    if command.status == tenant.status:
        return tenant
    if command.status not in NEXT_STATUSES[tenant.status]:
        raise Rejected("status", "validation_invalid_status", f"{tenant.status} cannot become {command.status}")
    return write_status(state, tenant, command.status)


def write_status(state: State, tenant: Tenant, status: str, **route_changes: object) -> Tenant:
    """Write tenant and route with the status; `route_changes` may name node_id, epoch and target of the route."""
    route = msgspec.structs.replace(state.routes.rows[tenant.id], status=status, **route_changes)
    state.put(state.routes, tenant.id, route)
    changed = msgspec.structs.replace(tenant, status=status, node_id=route.node_id, updated=state.now)
    return state.put(state.tenants, tenant.id, changed)


def delete(state: State, command: commands.TenantDelete) -> Tenant:
    """The tenant, deleted softly; its route stays without a domain so that the epoch keeps growing."""
    tenant = checks.living_tenant(state, command.id)
    checks.fresh(tenant, command.if_revision)
    route = state.routes.rows[tenant.id]
    buried = msgspec.structs.replace(route, domain="", node_id="", target="", epoch=route.epoch + 1, status="deleted")
    state.put(state.routes, tenant.id, buried)
    if state.superusers.get(tenant.id) is not None:
        state.remove(state.superusers, tenant.id)
    if state.wakes.get(tenant.id) is not None:
        state.remove(state.wakes, tenant.id)
    changed = msgspec.structs.replace(tenant, status="deleted", node_id="", updated=state.now)
    return state.put(state.tenants, tenant.id, changed)


def restore(state: State, command: commands.TenantRestore) -> Tenant:
    """The tenant alive again, evicted: its data wait in the object store."""
    tenant = state.tenants.get(command.id)
    if tenant is None or tenant.status != "deleted":
        raise missing("id", "deleted tenant")
    checks.free_domain(state, tenant.domain)
    if tenant.owner:
        checks.room_for_tenant(state, checks.user(state, tenant.owner, "owner"))
    route = msgspec.structs.replace(state.routes.rows[tenant.id], domain=tenant.domain, status="evicted")
    state.put(state.routes, tenant.id, route)
    changed = msgspec.structs.replace(tenant, status="evicted", updated=state.now)
    return state.put(state.tenants, tenant.id, changed)


def purge(state: State, command: commands.TenantPurge) -> None:
    """Nothing: the record and its route are gone."""
    tenant = state.tenants.get(command.id)
    if tenant is None:
        raise missing("id", "tenant")
    if tenant.status != "deleted":
        raise Rejected("id", "not_deleted", "Delete the tenant first", "conflict")
    state.remove(state.routes, tenant.id)
    state.remove(state.tenants, tenant.id)


def set_superuser(state: State, command: commands.SuperuserSet) -> PendingSuperuser:
    """The superuser that waits for the tenant's node."""
    tenant = checks.living_tenant(state, command.tenant_id, "tenant_id")
    pending = PendingSuperuser(tenant.id, command.email, command.password_hash)
    return state.put(state.superusers, tenant.id, pending)


def superuser_done(state: State, command: commands.SuperuserDone) -> None:
    """Nothing: the waiting superuser is forgotten, unless it was set anew meanwhile."""
    pending = state.superusers.get(command.tenant_id)
    if pending is not None and pending.revision == command.revision:
        state.remove(state.superusers, command.tenant_id)
