"""The commands of the log, one struct each; `tag` is the name in the bytes and may never change.

A command carries everything that applying it needs: random ids, times, hashes and decisions are made by whoever
proposes it, so that applying gives the same result on every member. `if_revision` (0 = any) makes a change conditional
on the record's revision. Members of `patch` fields are UNSET when the caller did not name them.
"""

from typing import Any

import msgspec
from msgspec import UNSET, UnsetType

from pbe.fleet.records import AffinityRule

KEY_CHARS_MAX = 200
COMMAND_BYTES_MAX = 1024 * 1024


class Command(msgspec.Struct, tag_field="_", frozen=True, gc=False, omit_defaults=True):
    """Base of all commands."""


class TenantCreate(Command, tag="tenant.create", frozen=True, gc=False, omit_defaults=True):
    """Record a tenant; with an owner the user's quota is checked and his defaults are copied, in this one step.

    superuser: an e-mail and password hash for the node to create at the first load. node_id: places it at once.
    """

    id: str
    domain: str
    owner: str = ""
    plan: str = "free"
    region: str = ""
    quotas: dict[str, int] = {}
    metadata: dict[str, Any] = {}
    superuser_email: str = ""
    superuser_hash: str = ""
    node_id: str = ""


class TenantUpdate(Command, tag="tenant.update", frozen=True, gc=False, omit_defaults=True):
    """Change the named fields; `quotas` is partial too, `metadata` is replaced as a whole."""

    id: str
    domain: str | UnsetType = UNSET
    owner: str | UnsetType = UNSET
    plan: str | UnsetType = UNSET
    region: str | UnsetType = UNSET
    quotas: dict[str, int] = {}
    metadata: dict[str, Any] | UnsetType = UNSET
    if_revision: int = 0


class TenantStatus(Command, tag="tenant.status", frozen=True, gc=False, omit_defaults=True):
    """Move a tenant along the table of statuses; refused unless route epoch is `epoch` (0 = any)."""

    id: str
    status: str
    epoch: int = 0


class TenantDelete(Command, tag="tenant.delete", frozen=True, gc=False, omit_defaults=True):
    """Soft: the record stays with status deleted, its domain and the owner's slot become free, its route goes."""

    id: str
    if_revision: int = 0


class TenantRestore(Command, tag="tenant.restore", frozen=True, gc=False, omit_defaults=True):
    """Undo a deletion: the quota and the domain are checked again."""

    id: str


class TenantPurge(Command, tag="tenant.purge", frozen=True, gc=False, omit_defaults=True):
    """Forget a deleted tenant for good."""

    id: str


class SuperuserSet(Command, tag="superuser.set", frozen=True, gc=False, omit_defaults=True):
    """Leave a superuser for the tenant's node to create or update."""

    tenant_id: str
    email: str
    password_hash: str


class SuperuserDone(Command, tag="superuser.done", frozen=True, gc=False, omit_defaults=True):
    """The node has created it; forgotten if `revision` is still the one it read."""

    tenant_id: str
    revision: int


class WakeSet(Command, tag="wake.set", frozen=True, gc=False, omit_defaults=True):
    """Record when a tenant's next job is due, 0: never; refused unless the route's epoch is `epoch`."""

    tenant_id: str
    epoch: int
    at_ms: int


class WakeCall(Command, tag="wake.call", frozen=True, gc=False, omit_defaults=True):
    """Have sleeping tenants loaded: (tenant id, at_ms as it was read). A pair that has changed since is skipped."""

    tenants: tuple[tuple[str, int], ...]


class RouteAssign(Command, tag="route.assign", frozen=True, gc=False, omit_defaults=True):
    """Give tenants to nodes: (tenant id, node id, epoch now). A pair whose epoch has moved on is skipped, not refused.

    The result lists the pairs done as [tenant id, node id, new epoch].
    """

    assignments: tuple[tuple[str, str, int], ...]
    status: str = "assigning"
    reason: str = ""


class RouteRelease(Command, tag="route.release", frozen=True, gc=False, omit_defaults=True):
    """The node no longer has the tenant: status evicted (or `status`), no node."""

    tenant_id: str
    epoch: int
    status: str = "evicted"


class MoveStart(Command, tag="move.start", frozen=True, gc=False, omit_defaults=True):
    """Begin a move to `target`: status migrating, the owner unchanged."""

    tenant_id: str
    target: str


class MoveFinish(Command, tag="move.finish", frozen=True, gc=False, omit_defaults=True):
    """The source has stopped: the target becomes owner under the next epoch."""

    tenant_id: str
    epoch: int


class MoveAbort(Command, tag="move.abort", frozen=True, gc=False, omit_defaults=True):
    """Give the move up; the source stays owner."""

    tenant_id: str
    reason: str = ""


class NodeRegister(Command, tag="node.register", frozen=True, gc=False, omit_defaults=True):
    """Make a node known or renew it; an operator's draining survives. An address taken from another node moves."""

    id: str
    address: str
    ipc_address: str = ""
    capacity: int = 200
    region: str = ""
    zone: str = ""
    labels: dict[str, str] = {}
    resources: dict[str, float] = {}


class NodeUpdate(Command, tag="node.update", frozen=True, gc=False, omit_defaults=True):
    """Change the named fields of a node."""

    id: str
    capacity: int | UnsetType = UNSET
    labels: dict[str, str] | UnsetType = UNSET
    region: str | UnsetType = UNSET
    zone: str | UnsetType = UNSET
    if_revision: int = 0


class NodeStatus(Command, tag="node.status", frozen=True, gc=False, omit_defaults=True):
    """What health found: healthy, degraded or down, with the reason."""

    id: str
    status: str
    reason: str = ""


class NodeDrain(Command, tag="node.drain", frozen=True, gc=False, omit_defaults=True):
    """An operator takes a node out of service (`draining`) or puts it back."""

    id: str
    draining: bool


class NodeRemove(Command, tag="node.remove", frozen=True, gc=False, omit_defaults=True):
    """Forget a node; refused while a tenant is routed to it."""

    id: str


class PlacementSet(Command, tag="placement.set", frozen=True, gc=False, omit_defaults=True):
    """Change the named fields of the placement configuration."""

    strategy: str | UnsetType = UNSET
    max_tenant_per_node: int | UnsetType = UNSET
    min_free_capacity: int | UnsetType = UNSET
    prefer_same_zone: bool | UnsetType = UNSET
    anti_affinity: tuple[AffinityRule, ...] | UnsetType = UNSET
    if_revision: int = 0


class UserCreate(Command, tag="user.create", frozen=True, gc=False, omit_defaults=True):
    """Record a user with the default quotas, changed by `quotas`."""

    id: str
    email: str
    password_hash: str
    session_key: str = ""
    name: str = ""
    company: str = ""
    verified: bool = False
    metadata: dict[str, Any] = {}
    quotas: dict[str, int] = {}


class UserUpdate(Command, tag="user.update", frozen=True, gc=False, omit_defaults=True):
    """Change the named fields of a user."""

    id: str
    email: str | UnsetType = UNSET
    name: str | UnsetType = UNSET
    company: str | UnsetType = UNSET
    verified: bool | UnsetType = UNSET
    password_hash: str | UnsetType = UNSET
    session_key: str | UnsetType = UNSET
    suspended: bool | UnsetType = UNSET
    last_login: str | UnsetType = UNSET
    metadata: dict[str, Any] | UnsetType = UNSET
    quotas: dict[str, int] = {}
    if_revision: int = 0


class UserDelete(Command, tag="user.delete", frozen=True, gc=False, omit_defaults=True):
    """Forget a user; refused while he owns tenants that are not deleted."""

    id: str


class QuotaRequestCreate(Command, tag="quota_request.create", frozen=True, gc=False, omit_defaults=True):
    """Ask for more; one pending request a user, and a tenant that is named must be his."""

    id: str
    user_id: str
    type: str
    requested_value: int
    tenant_id: str = ""
    reason: str = ""


class QuotaRequestDecide(Command, tag="quota_request.decide", frozen=True, gc=False, omit_defaults=True):
    """Approve (the new value takes effect in the same step) or reject; once."""

    id: str
    approve: bool
    admin_id: str = ""
    reason: str = ""


class AdminCreate(Command, tag="admin.create", frozen=True, gc=False, omit_defaults=True):
    """Record an operator by the hash of the token. `first_only`: refused when there is any admin already."""

    id: str
    email: str
    token_hash: str
    name: str = ""
    permissions: tuple[str, ...] = ("*",)
    first_only: bool = False


class AdminUpdate(Command, tag="admin.update", frozen=True, gc=False, omit_defaults=True):
    """Change the named fields of an operator."""

    id: str
    name: str | UnsetType = UNSET
    permissions: tuple[str, ...] | UnsetType = UNSET
    token_hash: str | UnsetType = UNSET
    last_login: str | UnsetType = UNSET


class AdminDelete(Command, tag="admin.delete", frozen=True, gc=False, omit_defaults=True):
    """Forget an operator; `by` may not delete himself, and the last with all permissions stays."""

    id: str
    by: str = ""


class AuditAppend(Command, tag="audit.append", frozen=True, gc=False, omit_defaults=True):
    """Add a line to the audit log."""

    actor: str
    action: str
    object: str = ""
    details: dict[str, Any] = {}


class CodeIssue(Command, tag="code.issue", frozen=True, gc=False, omit_defaults=True):
    """Keep a one-use code by its hash."""

    hash: str
    purpose: str
    subject: str
    expires_ms: int
    details: dict[str, Any] = {}


class CodeConsume(Command, tag="code.consume", frozen=True, gc=False, omit_defaults=True):
    """Take a code, at most once; the result is the code. Refused when unknown, used, expired or of another purpose."""

    hash: str
    purpose: str


AnyCommand = (
    TenantCreate
    | TenantUpdate
    | TenantStatus
    | TenantDelete
    | TenantRestore
    | TenantPurge
    | SuperuserSet
    | SuperuserDone
    | WakeSet
    | WakeCall
    | RouteAssign
    | RouteRelease
    | MoveStart
    | MoveFinish
    | MoveAbort
    | NodeRegister
    | NodeUpdate
    | NodeStatus
    | NodeDrain
    | NodeRemove
    | PlacementSet
    | UserCreate
    | UserUpdate
    | UserDelete
    | QuotaRequestCreate
    | QuotaRequestDecide
    | AdminCreate
    | AdminUpdate
    | AdminDelete
    | AuditAppend
    | CodeIssue
    | CodeConsume
)


class Entry(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What one log entry carries: who asked (for idempotence), when, as the proposer's clock had it, and what.

    audit_actor: when set, the command's success adds a line to the audit log in the same step.
    """

    request_id: str
    at_ms: int
    command: AnyCommand
    audit_actor: str = ""


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(Entry)


def encode_entry(command: AnyCommand, request_id: str, at_ms: int, audit_actor: str = "") -> bytes:
    """The bytes of a log entry."""
    return _encoder.encode(Entry(request_id, at_ms, command, audit_actor))


def decode_entry(data: bytes) -> Entry:
    """The inverse of `encode_entry`; raises msgspec.DecodeError for other bytes."""
    return _decoder.decode(data)
