"""Who may do what with a collection's records."""

from pbe.errors import BadRequest, Forbidden
from pbe.query.errors import FilterError
from pbe.schema.collection import Collection
from pbe.schema.field_password import BCRYPT_BYTES_MAX
from pbe.storage.sqlite_errors import SqlError
from pbe.tenant.record import Record
from pbe.tenant.record_read import imagined_matches, matches
from pbe.tenant.request_info import RequestInfo
from pbe.tenant.unit import Unit

ONLY_SUPERUSERS = "Only superusers can perform this action."


def rule_for(info: RequestInfo, rule: str | None) -> str:
    """The rule to apply: "" for a superuser; `Forbidden` where it is null for anybody else."""
    if info.is_superuser:
        return ""
    if rule is None:
        raise Forbidden(ONLY_SUPERUSERS)
    return rule


def refuse_views(collection: Collection) -> None:
    """Views cannot be written to."""
    if collection.is_view:
        raise BadRequest("Unsupported collection type.")


async def may_create(unit: Unit, info: RequestInfo, record: Record) -> bool:
    """Check the create rule on the record as it would be; the answer is whether the manage rule holds for it too.

    Raises `BadRequest` where the create rule does not hold or cannot be compiled.
    """
    collection = record.collection
    if collection.is_auth and len(record.get("password").plain.encode()) > BCRYPT_BYTES_MAX:
        raise BadRequest("Failed to create record.", cause="the password is too long to be hashed for the create rule")
    manage = _manage_rule(collection, info)
    if not collection.create_rule and not manage:
        return False
    columns = imagined_columns(record)
    if collection.create_rule:
        try:
            if not await imagined_matches(unit, collection, columns, collection.create_rule, info):
                raise BadRequest("Failed to create record.", cause="the create rule does not hold")
        except (FilterError, SqlError) as error:
            raise BadRequest("Failed to create record.", cause=str(error)) from error
    if not manage:
        return False
    try:
        return await imagined_matches(unit, collection, columns, manage, info)
    except (FilterError, SqlError):
        return False


async def may_manage(unit: Unit, info: RequestInfo, record: Record) -> bool:
    """Whether whoever asks may change the stored auth record's e-mail, password and state without its password."""
    manage = _manage_rule(record.collection, info)
    if not manage:
        return False
    try:
        return await matches(unit, record.collection, record.stored_id, manage, info)
    except (FilterError, SqlError):
        return False


def _manage_rule(collection: Collection, info: RequestInfo) -> str:
    if not collection.is_auth or info.auth is None:
        return ""
    return collection.manage_rule or ""


def imagined_columns(record: Record) -> dict[str, object]:
    """The row that the create rule is tested on; never verified, so that no rule can rest on what was sent for it."""
    columns: dict[str, object] = record.columns()
    if not columns.get("id"):
        columns["id"] = "__temp_id__"
    if record.collection.is_auth and "verified" in columns:
        columns["verified"] = False
    return columns
