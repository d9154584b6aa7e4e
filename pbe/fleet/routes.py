"""Commands about who serves a tenant: assign, release, and the three steps of a move."""

from pbe.fleet import checks, commands
from pbe.fleet.records import Route, Tenant
from pbe.fleet.rejected import Rejected
from pbe.fleet.state import State
from pbe.fleet.tenants import write_status

ASSIGNED = frozenset({"assigning", "deploying", "active"})


def assign(state: State, command: commands.RouteAssign) -> list[list[object]]:
    """The pairs done, as [tenant id, node id, new epoch]; those that the state has overtaken are left out."""
    if command.status not in ASSIGNED:
        raise Rejected("status", "validation_invalid_status", "An assignment sets assigning, deploying or active")
    done: list[list[object]] = []
    for tenant_id, node_id, epoch in command.assignments:
        tenant, route = state.tenants.get(tenant_id), state.routes.get(tenant_id)
        if tenant is None or route is None or route.epoch != epoch or route.status == "deleted":
            continue
        if state.nodes.get(node_id) is None:
            continue
        write_status(state, tenant, command.status, node_id=node_id, epoch=epoch + 1, target="")
        done.append([tenant_id, node_id, epoch + 1])
    return done


def release(state: State, command: commands.RouteRelease) -> Tenant:
    """The tenant without a node."""
    if command.status not in ("created", "evicted", "archived"):
        raise Rejected("status", "validation_invalid_status", "A release sets created, evicted or archived")
    tenant, _ = _at_epoch(state, command.tenant_id, command.epoch)
    return write_status(state, tenant, command.status, node_id="", target="")


def move_start(state: State, command: commands.MoveStart) -> Tenant:
    """The tenant, migrating; its node still serves it."""
    tenant = checks.living_tenant(state, command.tenant_id, "tenant_id")
    route = state.routes.rows[tenant.id]
    target = checks.node(state, command.target, "target")
    if not route.node_id:
        raise Rejected("tenant_id", "not_placed", "The tenant has no node to move from", "conflict")
    if route.target:
        raise Rejected("tenant_id", "already_moving", "A move of the tenant is under way", "conflict")
    if target.id == route.node_id:
        raise Rejected("target", "same_node", "The tenant is there already")
    if target.status == "down" or target.draining:
        raise Rejected("target", "node_unavailable", "The node takes no tenants now", "conflict")
    return write_status(state, tenant, "migrating", target=target.id)


def move_finish(state: State, command: commands.MoveFinish) -> Tenant:
    """The tenant, owned by the target under the next epoch."""
    tenant, route = _at_epoch(state, command.tenant_id, command.epoch)
    if not route.target:
        raise Rejected("tenant_id", "not_moving", "No move of the tenant is under way", "conflict")
    return write_status(state, tenant, "deploying", node_id=route.target, epoch=route.epoch + 1, target="")


def move_abort(state: State, command: commands.MoveAbort) -> Tenant:
    """The tenant, active where it was."""
    tenant = checks.living_tenant(state, command.tenant_id, "tenant_id")
    if not state.routes.rows[tenant.id].target:
        raise Rejected("tenant_id", "not_moving", "No move of the tenant is under way", "conflict")
    return write_status(state, tenant, "active", target="")


def _at_epoch(state: State, tenant_id: str, epoch: int) -> tuple[Tenant, Route]:
    tenant = checks.living_tenant(state, tenant_id, "tenant_id")
    route = state.routes.rows[tenant.id]
    if route.epoch != epoch:
        raise Rejected("epoch", "stale_epoch", "The tenant has another owner by now", "stale")
    return tenant, route
