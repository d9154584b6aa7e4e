"""Checks that commands share; each raises `Rejected` and changes nothing."""

from collections.abc import Mapping
from typing import Any, TypeVar

import msgspec
from msgspec import UNSET

from pbe.fleet.records import PLANS, Node, Quotas, Record, Tenant, User
from pbe.fleet.rejected import Rejected, invalid, missing, taken
from pbe.fleet.state import State
from pbe.fleet.tables import encode
from pbe.ids import is_domain, is_tenant_id

TEXT_CHARS_MAX = 500
METADATA_BYTES_MAX = 64 * 1024
NUMBER_MAX = 2**63 - 1
ID_CHARS_MAX = 100
R = TypeVar("R", bound=Record)


def tenant_id(text: str) -> None:
    """The text can name a tenant."""
    if not is_tenant_id(text):
        raise invalid("id", "Must be 1-63 of a-z, 0-9, _ and -, begin with a letter or digit, and not be reserved")


def free_domain(state: State, domain: str, but: str = "") -> None:
    """The domain is a host name that no other living tenant has."""
    if not is_domain(domain):
        raise invalid("domain", "Must be a lower-case host name whose first label is not reserved")
    route = state.routes.find("domain", domain)
    if route is not None and route.tenant_id != but:
        raise taken("domain", "domain")


def plan(text: str) -> None:
    """The plan is one of the three."""
    if text not in PLANS:
        raise invalid("plan", f"Must be one of {', '.join(PLANS)}")


def text(field: str, value: str, chars_max: int = TEXT_CHARS_MAX) -> None:
    """The text is not longer than its limit."""
    if len(value) > chars_max:
        raise Rejected(field, "validation_length_out_of_range", f"Must be at most {chars_max} characters")


def identifier(field: str, value: str) -> None:
    """The text is a non-empty id of printable ASCII without a slash or space."""
    if not value or len(value) > ID_CHARS_MAX or not all("!" <= c <= "~" and c != "/" for c in value):
        raise invalid(field, f"Must be 1-{ID_CHARS_MAX} printable characters without a space or slash")


def metadata(field: str, value: Mapping[str, Any]) -> None:
    """The free-form object is not larger than its limit."""
    if len(encode(value)) > METADATA_BYTES_MAX:
        raise Rejected(field, "validation_size_out_of_range", f"Must be at most {METADATA_BYTES_MAX} bytes")


def numbers(field: str, kind: type[Record], values: Mapping[str, int]) -> None:
    """Every named limit exists and is a whole number from 0 on."""
    known = kind.__struct_fields__
    for name, value in values.items():
        if name not in known:
            raise Rejected(f"{field}.{name}", "validation_unknown_field", "There is no such field")
        if type(value) is not int or not 0 <= value <= NUMBER_MAX:
            raise Rejected(f"{field}.{name}", "validation_invalid_number", "Must be a whole number, 0 or more")


def fresh(record: Record, if_revision: int) -> None:
    """The record is still the one that the caller has seen."""
    if if_revision and record.revision != if_revision:  # type: ignore[attr-defined]
        raise Rejected("", "changed_meanwhile", "The resource was changed meanwhile", "stale")


def living_tenant(state: State, key: str, field: str = "id") -> Tenant:
    """The tenant, which must exist and not be deleted."""
    tenant = state.tenants.get(key)
    if tenant is None or tenant.status == "deleted":
        raise missing(field, "tenant")
    return tenant


def node(state: State, key: str, field: str = "id") -> Node:
    """The node, which must exist."""
    found = state.nodes.get(key)
    if found is None:
        raise missing(field, "node")
    return found


def user(state: State, key: str, field: str = "id") -> User:
    """The user, who must exist."""
    found = state.users.get(key)
    if found is None:
        raise missing(field, "user")
    return found


def patched(record: R, command: msgspec.Struct, fields: tuple[str, ...], **more: Any) -> R:
    """The record with those of the fields that the command names, and `more`."""
    changes = {name: value for name in fields if (value := getattr(command, name)) is not UNSET}
    return msgspec.structs.replace(record, **changes, **more)


def merged(quotas: Quotas, values: Mapping[str, int]) -> Quotas:
    """The quotas with the named ones changed; checked before."""
    numbers("quotas", Quotas, values)
    return msgspec.structs.replace(quotas, **values)


def room_for_tenant(state: State, owner: User) -> None:
    """The user may have one more tenant."""
    have, most = owned(state, owner.id), owner.quotas.max_tenants
    if have >= most:
        raise Rejected("owner", "quota_exceeded", f"The quota of {most} tenants is used up ({have})", "forbidden")


def owned(state: State, user_id: str) -> int:
    """How many tenants the user has that are not deleted."""
    return sum(1 for key in state.tenants.group("owner", user_id) if state.tenants.rows[key].status != "deleted")
