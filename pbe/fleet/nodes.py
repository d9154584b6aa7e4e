"""Commands about nodes and the placement configuration."""

import re

import msgspec
from msgspec import UNSET

from pbe.fleet import checks, commands
from pbe.fleet.records import NODE_STATUSES, STRATEGIES, Node, Placement, Resources
from pbe.fleet.rejected import Rejected, invalid
from pbe.fleet.state import State

CAPACITY_MAX = 100_000
RULES_MAX = 100
PATTERN_CHARS_MAX = 200
FOUND_STATUSES = frozenset({"healthy", "degraded", "down"})


def register(state: State, command: commands.NodeRegister) -> Node:
    """The node, new or renewed; who registers is alive, so a node that was down is healthy again."""
    checks.identifier("id", command.id)
    checks.text("address", command.address)
    _labels(command.labels)
    _capacity(command.capacity)
    resources = _resources(command.resources)
    old = state.nodes.get(command.id)
    other = state.nodes.find("address", command.address)
    if other is not None and other.id != command.id:
        if state.tenants.count("node_id", other.id) and other.status != "down":
            raise Rejected("address", "validation_not_unique", f"The address belongs to {other.id}")
        state.put(state.nodes, other.id, msgspec.structs.replace(other, address="", status="down"))
    draining = old is not None and old.draining
    node = Node(
        id=command.id,
        address=command.address,
        ipc_address=command.ipc_address,
        status="draining" if draining else "healthy",
        capacity=command.capacity,
        region=command.region,
        zone=command.zone,
        labels=command.labels,
        resources=resources,
        registered=old.registered if old is not None else state.now,
        updated=state.now,
        draining=draining,
    )
    return state.put(state.nodes, node.id, node)


def update(state: State, command: commands.NodeUpdate) -> Node:
    """The node with the named fields changed."""
    node = checks.node(state, command.id)
    checks.fresh(node, command.if_revision)
    if command.labels is not UNSET:
        _labels(command.labels)
    if command.capacity is not UNSET:
        _capacity(command.capacity)
    changed = checks.patched(node, command, ("capacity", "labels", "region", "zone"), updated=state.now)
    return state.put(state.nodes, node.id, changed)


def set_status(state: State, command: commands.NodeStatus) -> Node:
    """The node as health found it; a draining node that is not down stays draining."""
    node = checks.node(state, command.id)
    if command.status not in FOUND_STATUSES:
        raise invalid("status", f"Must be one of {', '.join(sorted(FOUND_STATUSES))} of {', '.join(NODE_STATUSES)}")
    status = "draining" if node.draining and command.status != "down" else command.status
    if (status, command.reason) == (node.status, node.reason):
        return node
    changed = msgspec.structs.replace(node, status=status, reason=command.reason, updated=state.now)
    return state.put(state.nodes, node.id, changed)


def drain(state: State, command: commands.NodeDrain) -> Node:
    """The node, draining or back in service."""
    node = checks.node(state, command.id)
    if node.draining == command.draining:
        return node
    status = node.status
    if status != "down":
        status = "draining" if command.draining else "healthy"
    changed = msgspec.structs.replace(node, draining=command.draining, status=status, updated=state.now)
    return state.put(state.nodes, node.id, changed)


def remove(state: State, command: commands.NodeRemove) -> None:
    """Nothing: the node is forgotten."""
    node = checks.node(state, command.id)
    if state.routes.count("node_id", node.id) or state.routes.count("target", node.id):
        raise Rejected("id", "node_in_use", "The node still has tenants: drain it first", "conflict")
    state.remove(state.nodes, node.id)


def set_placement(state: State, command: commands.PlacementSet) -> Placement:
    """The placement configuration with the named fields changed."""
    current = state.placement
    checks.fresh(current, command.if_revision)
    if command.strategy is not UNSET and command.strategy not in STRATEGIES:
        raise invalid("strategy", f"Must be one of {', '.join(STRATEGIES)}")
    if command.max_tenant_per_node is not UNSET and not 1 <= command.max_tenant_per_node <= CAPACITY_MAX:
        raise invalid("max_tenant_per_node", f"Must be 1-{CAPACITY_MAX}")
    if command.min_free_capacity is not UNSET and not 0 <= command.min_free_capacity <= CAPACITY_MAX:
        raise invalid("min_free_capacity", f"Must be 0-{CAPACITY_MAX}")
    if command.anti_affinity is not UNSET:
        _rules(command)
    fields = ("strategy", "max_tenant_per_node", "min_free_capacity", "prefer_same_zone", "anti_affinity")
    return state.put(state.config, "placement", checks.patched(current, command, fields))


def _rules(command: commands.PlacementSet) -> None:
    rules = command.anti_affinity or ()
    if len(rules) > RULES_MAX:
        raise invalid("anti_affinity", f"Must be at most {RULES_MAX} rules")
    for position, rule in enumerate(rules):
        field = f"anti_affinity.{position}.tenant_pattern"
        checks.text(field, rule.tenant_pattern, PATTERN_CHARS_MAX)
        try:
            re.compile(rule.tenant_pattern)
        except (re.error, RecursionError, OverflowError) as error:
            raise Rejected(field, "validation_invalid_pattern", f"Not a regular expression: {error}") from None


def _capacity(capacity: int) -> None:
    if not 1 <= capacity <= CAPACITY_MAX:
        raise invalid("capacity", f"Must be 1-{CAPACITY_MAX}")


def _labels(labels: dict[str, str]) -> None:
    checks.metadata("labels", labels)
    if not all(isinstance(value, str) for value in labels.values()):
        raise invalid("labels", "Must map names to texts")


def _resources(values: dict[str, float]) -> Resources:
    known = Resources.__struct_fields__
    floats = ("cpu_usage",)
    given = {name: value if name in floats else int(value) for name, value in values.items() if name in known}
    return msgspec.structs.replace(Resources(), **given)
