"""The records of the replicated state: what a cluster knows of tenants, nodes, people and rules.

Every record is a frozen msgspec struct that is stored as an array: fields may only ever be added, at the end, with a
default, so that members of adjacent versions read each other's bytes. Attribute names are the JSON names of the
platform's API. Times are RFC 3339 text in UTC ("" = never). `revision` is the revision of the record's last change.
"""

from typing import Any

import msgspec

TENANT_STATUSES = ("created", "assigning", "deploying", "active", "idle", "migrating", "evicted", "archived", "deleted")
NODE_STATUSES = ("healthy", "degraded", "draining", "down")
PLANS = ("free", "pro", "enterprise")
STRATEGIES = ("least-loaded", "zone-aware", "random")
REQUEST_TYPES = ("max_tenants", "tenant_storage", "tenant_api_requests")
REQUEST_STATUSES = ("pending", "approved", "rejected")
GIB = 1024**3


class Record(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What all records share: frozen, an array on disk and wire, outside the garbage collector (no cycles)."""


class Quotas(Record, frozen=True, array_like=True, gc=False):
    """A tenant's limits: bytes, requests an hour, concurrent connections, thousandths of a core; 0 = unlimited."""

    max_storage: int = 0
    max_api_requests: int = 0
    max_connections: int = 0
    max_cpu_millicores: int = 0
    max_memory: int = 0
    max_users: int = 0


class Tenant(Record, frozen=True, array_like=True, gc=False):
    """One tenant. `node_id` is "" while it has no node; `owner` is a user's id or ""."""

    id: str
    domain: str
    status: str = "created"
    node_id: str = ""
    owner: str = ""
    plan: str = "free"
    region: str = ""
    quotas: Quotas = Quotas()
    created: str = ""
    updated: str = ""
    metadata: dict[str, Any] = {}
    revision: int = 0


class Route(Record, frozen=True, array_like=True, gc=False):
    """Who serves a tenant: one per tenant that is not deleted, so that a gateway knows tenants without a node too.

    epoch: counts owners; it only grows, also over deletion. target: the node a move goes to, "" when none is under way.
    """

    tenant_id: str
    domain: str
    node_id: str = ""
    epoch: int = 0
    status: str = "created"
    target: str = ""
    priority: int = 1
    created: str = ""
    revision: int = 0


class Resources(Record, frozen=True, array_like=True, gc=False):
    """A machine's size and load as registered: cores, 0.0-1.0, bytes, bytes a second."""

    cpu_cores: int = 0
    cpu_usage: float = 0.0
    memory_total: int = 0
    memory_usage: int = 0
    disk_total: int = 0
    disk_usage: int = 0
    network_in_rate: int = 0
    network_out_rate: int = 0


class Node(Record, frozen=True, array_like=True, gc=False):
    """One tenant node as the log knows it. Heartbeats, counts and present load live in the leader's memory instead.

    draining: set by an operator and kept beside `status`, which health may change meanwhile.
    """

    id: str
    address: str
    ipc_address: str = ""
    status: str = "healthy"
    capacity: int = 200
    region: str = ""
    zone: str = ""
    labels: dict[str, str] = {}
    resources: Resources = Resources()
    registered: str = ""
    updated: str = ""
    draining: bool = False
    reason: str = ""
    revision: int = 0


class AffinityRule(Record, frozen=True, array_like=True, gc=False):
    """Tenants whose id matches the regular expression stay off (or, `attract`, on) nodes that carry all the labels."""

    tenant_pattern: str
    node_labels: dict[str, str] = {}
    attract: bool = False


class Placement(Record, frozen=True, array_like=True, gc=False):
    """How tenants find nodes. min_free_capacity: slots a node keeps for failover, no cut-off for failover itself."""

    strategy: str = "least-loaded"
    max_tenant_per_node: int = 200
    min_free_capacity: int = 20
    prefer_same_zone: bool = False
    anti_affinity: tuple[AffinityRule, ...] = ()
    revision: int = 0


class QuotaRequest(Record, frozen=True, array_like=True, gc=False):
    """A user's wish for more; `tenant_id` "" means the user's default. `decision_reason` keeps why it was refused."""

    id: str
    user_id: str
    type: str
    tenant_id: str = ""
    current_value: int = 0
    requested_value: int = 0
    reason: str = ""
    status: str = "pending"
    requested_at: str = ""
    reviewed_at: str = ""
    reviewed_by: str = ""
    decision_reason: str = ""
    revision: int = 0


class UserQuotas(Record, frozen=True, array_like=True, gc=False):
    """What a user may have. `current_tenants` is not stored: it is counted by the owner index."""

    max_tenants: int = 3
    default_storage_per_tenant: int = GIB
    default_api_requests_per_hour: int = 0
    default_max_users: int = 0


class User(Record, frozen=True, array_like=True, gc=False):
    """A customer. `password_hash` never leaves through `to_json`; `session_key` changes to end all sessions."""

    id: str
    email: str
    name: str = ""
    company: str = ""
    verified: bool = False
    password_hash: str = ""
    session_key: str = ""
    suspended: bool = False
    created: str = ""
    updated: str = ""
    last_login: str = ""
    metadata: dict[str, Any] = {}
    quotas: UserQuotas = UserQuotas()
    pending_request_id: str = ""
    revision: int = 0


class Admin(Record, frozen=True, array_like=True, gc=False):
    """An operator. Only the hash of the token is kept, and it never leaves through `to_json`."""

    id: str
    email: str
    name: str = ""
    token_hash: str = ""
    permissions: tuple[str, ...] = ("*",)
    created: str = ""
    updated: str = ""
    last_login: str = ""
    revision: int = 0


class Audit(Record, frozen=True, array_like=True, gc=False):
    """One line of the audit log: who did what to what, with details."""

    id: str
    time: str
    actor: str
    action: str
    object: str = ""
    details: dict[str, Any] = {}
    revision: int = 0


class Code(Record, frozen=True, array_like=True, gc=False):
    """A one-use code (verification, reset, SSO, impersonation), kept by its hash until used or expired."""

    hash: str
    purpose: str
    subject: str
    expires_ms: int
    details: dict[str, Any] = {}
    revision: int = 0


class PendingSuperuser(Record, frozen=True, array_like=True, gc=False):
    """The superuser that a tenant's node creates at the first load; removed once it has."""

    tenant_id: str
    email: str
    password_hash: str
    revision: int = 0


class Wake(Record, frozen=True, array_like=True, gc=False):
    """When a tenant has to be awake next. called_ms: when its node was told to load it, 0 while it may sleep on."""

    tenant_id: str
    at_ms: int
    called_ms: int = 0
    revision: int = 0


class Remembered(Record, frozen=True, array_like=True, gc=False):
    """The outcome of a request, so that the same request id gives the same answer instead of a second effect.

    kind: the result's record class, "" for plain values, "!" for a refusal; data: its msgpack bytes.
    """

    sequence: int
    tag: str
    kind: str
    data: bytes
    revision: int = 0


SECRET = frozenset({"password_hash", "token_hash", "session_key", "pending_request_id"})


def to_json(record: Record) -> dict[str, Any]:
    """The record as the API's JSON object, nested records too, without any secret."""
    return {name: _plain(getattr(record, name)) for name in record.__struct_fields__ if name not in SECRET}


def _plain(value: Any) -> Any:
    if isinstance(value, Record):
        return to_json(value)
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    return value
