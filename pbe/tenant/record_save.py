"""Creating and updating a record: validation, its hooks, the row, and what follows the commit.

Theory of operation. What takes time and needs no transaction (hashing a password, storing files) is done before it, on
values that have been validated once; the transaction validates again, since the database may have changed, and writes.
Where a handler that may wait is bound to one of the events, all of it happens inside one exclusive transaction.
"""

from pbe.errors import Misuse, field_error
from pbe.query.sql import name
from pbe.schema import dates
from pbe.schema.field_password import BCRYPT_BYTES_MAX, Password, PasswordField
from pbe.schema.field_text import TextField
from pbe.storage.sqlite_errors import ConstraintViolation
from pbe.tenant import auth_links, record_files, record_superusers
from pbe.tenant.password import hash_password
from pbe.tenant.pipeline import Event
from pbe.tenant.record import Record
from pbe.tenant.record_events import WRITING_NAMES, RecordErrorEvent, RecordEvent
from pbe.tenant.record_invalid import Invalid
from pbe.tenant.record_shape import shape_of, update_of
from pbe.tenant.record_validate import autogenerate, validate
from pbe.tenant.tenant import Tenant
from pbe.tenant.unit import Unit, transact


async def save(unit: Unit, record: Record, *, validated: bool = True) -> None:
    """Create or update the record; in the unit's transaction where it has one, else in one of its own.

    validated: whether to validate it first. Raises `Invalid` with errors by field, and what hooks raise.
    """
    if unit.tx is not None:
        await _save(unit, record, validated)
        return
    tenant = unit.tenant
    action = "Create" if record.is_new else "Update"
    exclusive = tenant.pipeline.suspends(WRITING_NAMES[action], record.tags)
    if not exclusive and needs_preparing(record):
        if record.is_new:
            autogenerate(record, tenant.services.random_bytes)
        if validated:
            await validate(unit, record)
        await prepare(tenant, record)
    await transact(tenant, lambda inner: _save(inner, record, validated), exclusive=exclusive)


def needs_preparing(record: Record) -> bool:
    """Whether the record has a password to hash or files to store."""
    return _password_to_hash(record) is not None or record_files.has_uploads(record)


async def prepare(tenant: Tenant, record: Record) -> None:
    """Hash the record's new password, on a worker, and store its new files."""
    field = _password_to_hash(record)
    if field is not None:
        plain = record.get(field.name).plain
        hashed = await hash_password(tenant.workers, plain, field.bcrypt_cost)
        record.put(field.name, Password(hashed, plain))
    await record_files.store(tenant, record)


def _password_to_hash(record: Record) -> PasswordField | None:
    for field in shape_of(record.collection).passwords:
        value = record.get(field.name)
        if value.plain and not value.hash and len(value.plain.encode()) <= BCRYPT_BYTES_MAX:
            return field
    return None


async def _save(unit: Unit, record: Record, validated: bool) -> None:
    action = "Create" if record.is_new else "Update"
    try:
        if unit.tenant.pipeline.has(*WRITING_NAMES[action]):
            await _save_hooked(unit, record, action, validated)
        else:
            _begin(unit, record)
            if validated:
                await validate(unit, record)
            await _execute(unit, record)
    except Exception as error:
        record.is_new = action == "Create"
        await _after_error(unit, record, action, error)
        raise
    unit.on_completed(lambda error: _completed(unit, record, action, error))


async def _save_hooked(unit: Unit, record: Record, action: str, validated: bool) -> None:
    """The same steps, each in its chain."""
    pipeline = unit.tenant.pipeline

    async def begin(event: Event) -> None:
        _begin(unit, record)
        await event.next()

    async def check(event: Event) -> None:
        await validate(unit, record)
        await event.next()

    async def act(_: Event) -> None:
        if validated:
            event = RecordEvent("onRecordValidate", record, unit)
            await pipeline.wrap(event, "onRecordValidate", check, "onModelValidate", None)
        event = RecordEvent(f"onRecord{action}Execute", record, unit)
        await pipeline.wrap(event, f"onRecord{action}Execute", None, f"onModel{action}Execute", write)

    async def write(_: Event) -> None:
        await _execute(unit, record)

    steps = [begin, *pipeline.steps(f"onRecord{action}", record.tags), *pipeline.steps(f"onModel{action}", record.tags)]
    await pipeline.run(RecordEvent(f"onRecord{action}", record, unit), steps, act)


def _begin(unit: Unit, record: Record) -> None:
    if record.is_new:
        autogenerate(record, unit.tenant.services.random_bytes)


async def _execute(unit: Unit, record: Record) -> None:
    """Write the row."""
    tenant = unit.tenant
    if needs_preparing(record):
        if not unit.exclusive:
            raise Misuse("save a record", repr(record), hint="prepare it before the transaction")
        await prepare(tenant, record)
    record_files.named(record)
    if record.collection.is_auth:
        record_superusers.before_save(record)
        if not record.is_new and auth_links.before_update(unit, record):
            refresh_token_key(tenant, record)
        await _check_auth(unit, record)
    record.autodates(dates.from_seconds(tenant.now()), create=record.is_new)
    if unit.tx is None:
        raise Misuse("save a record", repr(record), hint="there is no transaction")
    try:
        if record.is_new:
            _insert(unit, record)
            record_superusers.after_insert(unit, record)
        else:
            _update(unit, record)
            if record.collection.is_auth:
                auth_links.after_update(unit, record)
    except ConstraintViolation as error:
        raise not_unique(record, error) from error
    record.is_new = False


def _insert(unit: Unit, record: Record) -> None:
    columns = record.columns()
    if not columns.get("id"):
        raise Misuse("insert a record", repr(record), hint="it has no id")
    if unit.tx is not None:
        unit.tx.execute(shape_of(record.collection).insert, tuple(columns.values()))


def _update(unit: Unit, record: Record) -> None:
    columns = record.changed_columns()
    if not columns or unit.tx is None:
        return
    if "id" in columns:
        raise Invalid({"id": field_error("validation_pk_change", "The record primary key cannot be changed.")})
    unit.tx.execute(update_of(record.collection.name, tuple(columns)), (*columns.values(), record.stored_id))


async def _check_auth(unit: Unit, record: Record) -> None:
    """A new password or e-mail ends all sessions; ids are unique over all auth collections."""
    if not record.is_new and record.get("tokenKey") == record.original.get("tokenKey"):
        password = record.get("password")
        if password.plain or record.get("email") != record.original.get("email"):
            refresh_token_key(unit.tenant, record)
    for other in unit.tenant.catalog.collections():
        if other.is_auth and other.id != record.collection.id:
            sql = f"SELECT 1 FROM {name(other.name)} WHERE id = ? LIMIT 1"
            if await unit.query(sql, (record.id,)):
                text = "Invalid or duplicated auth record id."
                raise Invalid({"id": field_error("validation_invalid_auth_id", text)})


def refresh_token_key(tenant: Tenant, record: Record) -> None:
    """Give an auth record a new token key, which ends every session it has."""
    field = record.collection.field("tokenKey")
    if isinstance(field, TextField):
        record.put("tokenKey", field.autogenerate(tenant.services.random_bytes))


def not_unique(record: Record, error: ConstraintViolation) -> Exception:
    """The errors of the fields that a unique index covers; the violation itself where it tells none."""
    if error.kind != "unique" or error.table.lower() != record.collection.name.lower():
        return error
    columns = {column.lower() for column in error.columns}
    entry = field_error("validation_not_unique", "Value must be unique")
    errors = {field.name: entry for field in record.collection.fields if field.name.lower() in columns}
    return Invalid(errors) if errors else error


async def _completed(unit: Unit, record: Record, action: str, error: BaseException | None) -> None:
    if error is not None:
        record.is_new = action == "Create"
        await _after_error(unit, record, action, error)
        return
    await record_files.kept(unit.tenant, record)
    name_ = f"After{action}Success"
    if unit.tenant.pipeline.has(f"onRecord{name_}", f"onModel{name_}"):
        event = RecordEvent(f"onRecord{name_}", record, unit)
        await unit.tenant.pipeline.wrap(event, f"onRecord{name_}", None, f"onModel{name_}", None)
    _forget_plain(record)
    record.stored()


def _forget_plain(record: Record) -> None:
    for field in shape_of(record.collection).passwords:
        record.put(field.name, Password(record.get(field.name).hash))


async def _after_error(unit: Unit, record: Record, action: str, error: BaseException) -> None:
    await record_files.dropped(unit.tenant, record)
    name_ = f"After{action}Error"
    if unit.tenant.pipeline.has(f"onRecord{name_}", f"onModel{name_}"):
        event = RecordErrorEvent(f"onRecord{name_}", record, unit, error)
        await unit.tenant.pipeline.wrap(event, f"onRecord{name_}", None, f"onModel{name_}", None)
