"""Commands about users, quota requests, admins, audit and one-use codes."""

import msgspec
from msgspec import UNSET

from pbe.fleet import checks, commands
from pbe.fleet.records import REQUEST_TYPES, Admin, Audit, Code, QuotaRequest, User, UserQuotas
from pbe.fleet.rejected import Rejected, invalid, missing, taken
from pbe.fleet.state import AUDIT_RECORDS_MAX, State

EMAIL_CHARS_MAX = 254
CODES_SWEPT_EACH = 8
TENANT_FIELD_OF = {"tenant_storage": "max_storage", "tenant_api_requests": "max_api_requests"}
DEFAULT_FIELD_OF = {
    "tenant_storage": "default_storage_per_tenant",
    "tenant_api_requests": "default_api_requests_per_hour",
}


def create_user(state: State, command: commands.UserCreate) -> User:
    """The new user."""
    checks.identifier("id", command.id)
    if state.users.get(command.id) is not None:
        raise taken("id", "id")
    _email(state, command.email)
    checks.text("name", command.name)
    checks.text("company", command.company)
    checks.metadata("metadata", command.metadata)
    checks.numbers("quotas", UserQuotas, command.quotas)
    user = User(
        id=command.id,
        email=command.email,
        name=command.name,
        company=command.company,
        verified=command.verified,
        password_hash=command.password_hash,
        session_key=command.session_key,
        created=state.now,
        updated=state.now,
        metadata=command.metadata,
        quotas=msgspec.structs.replace(UserQuotas(), **command.quotas),
    )
    return state.put(state.users, user.id, user)


def update_user(state: State, command: commands.UserUpdate) -> User:
    """The user with the named fields changed; quotas are partial."""
    user = checks.user(state, command.id)
    checks.fresh(user, command.if_revision)
    if command.email is not UNSET and command.email != user.email:
        _email(state, command.email)
    if command.name is not UNSET:
        checks.text("name", command.name)
    if command.company is not UNSET:
        checks.text("company", command.company)
    if command.metadata is not UNSET:
        checks.metadata("metadata", command.metadata)
    checks.numbers("quotas", UserQuotas, command.quotas)
    fields = ("email", "name", "company", "verified", "password_hash", "session_key", "suspended", "metadata")
    changed = checks.patched(
        user,
        command,
        (*fields, "last_login"),
        quotas=msgspec.structs.replace(user.quotas, **command.quotas),
        updated=state.now,
    )
    return state.put(state.users, user.id, changed)


def delete_user(state: State, command: commands.UserDelete) -> None:
    """Nothing: the user and his quota requests are gone."""
    user = checks.user(state, command.id)
    if checks.owned(state, user.id):
        raise Rejected("id", "user_has_tenants", "The user still owns tenants", "conflict")
    for key in state.quota_requests.group("user_id", user.id):
        state.remove(state.quota_requests, key)
    state.remove(state.users, user.id)


def create_request(state: State, command: commands.QuotaRequestCreate) -> QuotaRequest:
    """The pending request, with the value in force when it was made."""
    checks.identifier("id", command.id)
    if state.quota_requests.get(command.id) is not None:
        raise taken("id", "id")
    user = checks.user(state, command.user_id, "user_id")
    if command.type not in REQUEST_TYPES:
        raise invalid("type", f"Must be one of {', '.join(REQUEST_TYPES)}")
    if user.pending_request_id:
        raise Rejected("", "request_pending", "A quota request is pending already")
    checks.numbers("quotas", UserQuotas, {"max_tenants": command.requested_value})
    checks.text("reason", command.reason)
    request = QuotaRequest(
        id=command.id,
        user_id=user.id,
        type=command.type,
        tenant_id=command.tenant_id,
        current_value=_current(state, user, command),
        requested_value=command.requested_value,
        reason=command.reason,
        requested_at=state.now,
    )
    state.put(state.users, user.id, msgspec.structs.replace(user, pending_request_id=request.id))
    return state.put(state.quota_requests, request.id, request)


def _current(state: State, user: User, command: commands.QuotaRequestCreate) -> int:
    if command.type == "max_tenants":
        return user.quotas.max_tenants
    if not command.tenant_id:
        return int(getattr(user.quotas, DEFAULT_FIELD_OF[command.type]))
    tenant = checks.living_tenant(state, command.tenant_id, "tenant_id")
    if tenant.owner != user.id:
        raise Rejected("tenant_id", "not_owner", "The tenant belongs to someone else", "forbidden")
    return int(getattr(tenant.quotas, TENANT_FIELD_OF[command.type]))


def decide_request(state: State, command: commands.QuotaRequestDecide) -> QuotaRequest:
    """The request, approved (and in force) or rejected."""
    request = state.quota_requests.get(command.id)
    if request is None:
        raise missing("id", "quota request")
    if request.status != "pending":
        raise Rejected("id", "already_decided", f"The request was {request.status} already")
    user = checks.user(state, request.user_id, "user_id")
    changed_user = msgspec.structs.replace(user, pending_request_id="")
    if command.approve:
        changed_user = _approve(state, request, changed_user)
    state.put(state.users, user.id, changed_user)
    decided = msgspec.structs.replace(
        request,
        status="approved" if command.approve else "rejected",
        reviewed_at=state.now,
        reviewed_by=command.admin_id,
        decision_reason=command.reason,
    )
    return state.put(state.quota_requests, request.id, decided)


def _approve(state: State, request: QuotaRequest, user: User) -> User:
    value = request.requested_value
    if request.type == "max_tenants":
        return msgspec.structs.replace(user, quotas=msgspec.structs.replace(user.quotas, max_tenants=value))
    if not request.tenant_id:
        named = {DEFAULT_FIELD_OF[request.type]: value}
        return msgspec.structs.replace(user, quotas=msgspec.structs.replace(user.quotas, **named))
    tenant = checks.living_tenant(state, request.tenant_id, "tenant_id")
    quotas = msgspec.structs.replace(tenant.quotas, **{TENANT_FIELD_OF[request.type]: value})
    state.put(state.tenants, tenant.id, msgspec.structs.replace(tenant, quotas=quotas, updated=state.now))
    return user


def create_admin(state: State, command: commands.AdminCreate) -> Admin:
    """The new operator."""
    checks.identifier("id", command.id)
    if command.first_only and len(state.admins):
        raise Rejected("", "admin_exists", "There is an admin already", "conflict")
    if state.admins.get(command.id) is not None:
        raise taken("id", "id")
    if not command.email or len(command.email) > EMAIL_CHARS_MAX:
        raise invalid("email", "Must be an e-mail address")
    if state.admins.find("email", command.email) is not None:
        raise taken("email", "e-mail address")
    if not command.token_hash or state.admins.find("token_hash", command.token_hash) is not None:
        raise taken("token", "token")
    admin = Admin(
        id=command.id,
        email=command.email,
        name=command.name,
        token_hash=command.token_hash,
        permissions=command.permissions,
        created=state.now,
        updated=state.now,
    )
    return state.put(state.admins, admin.id, admin)


def update_admin(state: State, command: commands.AdminUpdate) -> Admin:
    """The operator with the named fields changed."""
    admin = state.admins.get(command.id)
    if admin is None:
        raise missing("id", "admin")
    changed = checks.patched(admin, command, ("name", "permissions", "token_hash", "last_login"), updated=state.now)
    if "*" in admin.permissions and "*" not in changed.permissions:
        _another_super_admin(state, admin)
    return state.put(state.admins, admin.id, changed)


def delete_admin(state: State, command: commands.AdminDelete) -> None:
    """Nothing: the operator is forgotten."""
    admin = state.admins.get(command.id)
    if admin is None:
        raise missing("id", "admin")
    if admin.id == command.by:
        raise Rejected("id", "delete_self", "Nobody deletes himself")
    _another_super_admin(state, admin)
    state.remove(state.admins, admin.id)


def _another_super_admin(state: State, admin: Admin) -> None:
    others = (other for key, other in state.admins.rows.items() if key != admin.id)
    if not any("*" in other.permissions for other in others):
        raise Rejected("id", "last_admin", "The last admin with all permissions stays", "conflict")


def append_audit(state: State, command: commands.AuditAppend) -> Audit:
    """The line of the audit log."""
    return note(state, command.actor, command.action, command.object, command.details)


def note(state: State, actor: str, action: str, subject: str, details: dict[str, object]) -> Audit:
    """Add a line; ids sort by revision, and rows are in the order of their ids, so the first is the one that leaves."""
    key = f"{state.revision + 1:016d}-{len(state.audit):05d}"
    line = Audit(key, state.now, actor, action, subject, details)
    if len(state.audit) >= AUDIT_RECORDS_MAX:
        state.remove(state.audit, next(iter(state.audit.rows)))
    return state.put(state.audit, key, line)


def issue_code(state: State, command: commands.CodeIssue) -> Code:
    """The code, kept by its hash; a few expired ones leave on the way."""
    if not command.hash or state.codes.get(command.hash) is not None:
        raise taken("hash", "code")
    expired = sorted(key for key, code in state.codes.rows.items() if code.expires_ms <= state.clock_ms)
    for key in expired[:CODES_SWEPT_EACH]:
        state.remove(state.codes, key)
    code = Code(command.hash, command.purpose, command.subject, command.expires_ms, command.details)
    return state.put(state.codes, command.hash, code)


def consume_code(state: State, command: commands.CodeConsume) -> Code:
    """The code, which is gone from now on."""
    code = state.codes.get(command.hash)
    if code is None or code.purpose != command.purpose or code.expires_ms <= state.clock_ms:
        raise missing("code", "code, or it was used or has expired")
    state.remove(state.codes, command.hash)
    return code


def _email(state: State, email: str) -> None:
    if not email or "@" not in email or len(email) > EMAIL_CHARS_MAX:
        raise invalid("email", "Must be an e-mail address")
    if state.users.find("email", email) is not None:
        raise taken("email", "e-mail address")
