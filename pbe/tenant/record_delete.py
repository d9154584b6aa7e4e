"""Deleting a record, and what points to it: deleted too, or its reference taken out.

The record goes first, so that two records that point to each other do not delete one another for ever. References are
read in batches, by collection name, so that hooks fire in one and the same order.
"""

from pbe.errors import BadRequest, Misuse
from pbe.query.sql import column, json_each, name
from pbe.schema.collection import Collection
from pbe.schema.field_relation import RelationField
from pbe.tenant import auth_links, record_files, record_superusers
from pbe.tenant.pipeline import Event
from pbe.tenant.record import Record
from pbe.tenant.record_events import ALL_WRITING_NAMES, WRITING_NAMES, RecordErrorEvent, RecordEvent
from pbe.tenant.record_read import find
from pbe.tenant.record_save import save
from pbe.tenant.unit import Unit, transact

REFERENCES_PER_READ = 4000


class StillNeeded(BadRequest):
    """Another record requires this one."""


async def delete(unit: Unit, record: Record) -> None:
    """Delete the record with all that follows; in the unit's transaction where it has one, else in one of its own."""
    if unit.tx is not None:
        await _delete(unit, record)
        return
    pipeline = unit.tenant.pipeline
    exclusive = pipeline.suspends(WRITING_NAMES["Delete"], record.tags) or (
        pipeline.has(*ALL_WRITING_NAMES) and bool(references(unit, record.collection))
    )
    await transact(unit.tenant, lambda inner: _delete(inner, record), exclusive=exclusive)


async def _delete(unit: Unit, record: Record) -> None:
    pipeline = unit.tenant.pipeline
    try:
        if pipeline.has(*WRITING_NAMES["Delete"]):
            await _delete_hooked(unit, record)
        else:
            await _execute(unit, record)
    except Exception as error:
        await _after(unit, record, error)
        raise
    unit.on_completed(lambda error: _after(unit, record, error))


async def _delete_hooked(unit: Unit, record: Record) -> None:
    pipeline = unit.tenant.pipeline

    async def write(_: Event) -> None:
        await _execute(unit, record)

    async def act(_: Event) -> None:
        event = RecordEvent("onRecordDeleteExecute", record, unit)
        await pipeline.wrap(event, "onRecordDeleteExecute", None, "onModelDeleteExecute", write)

    await pipeline.wrap(RecordEvent("onRecordDelete", record, unit), "onRecordDelete", None, "onModelDelete", act)


async def _execute(unit: Unit, record: Record) -> None:
    if unit.tx is None or not record.stored_id:
        raise Misuse("delete a record", repr(record), hint="it is not stored, or there is no transaction")
    await record_superusers.before_delete(unit, record)
    unit.tx.execute(f"DELETE FROM {name(record.collection.name)} WHERE id = ?", (record.stored_id,))
    if record.collection.is_auth:
        auth_links.after_delete(unit, record)
    for collection, field in references(unit, record.collection):
        await _cascade(unit, record, collection, field)


def references(unit: Unit, collection: Collection) -> list[tuple[Collection, RelationField]]:
    """The relation fields of tables that point to `collection`, by collection name."""
    found = [
        (other, field)
        for other in unit.tenant.catalog.collections()
        if not other.is_view
        for field in other.fields
        if isinstance(field, RelationField) and field.collection_id == collection.id
    ]
    return sorted(found, key=lambda pair: pair[0].name)


async def _cascade(unit: Unit, record: Record, collection: Collection, field: RelationField) -> None:
    if field.multiple:
        each = json_each(column("t", field.name)).text
        condition = f"EXISTS (SELECT 1 FROM {each} je WHERE je.value = ?)"
    else:
        condition = f"t.{name(field.name)} = ?"
    if collection.id == record.collection.id:
        condition += " AND t.id != ?"
    params = (record.stored_id,) * condition.count("?")
    sql = f"SELECT t.id FROM {name(collection.name)} t WHERE {condition} LIMIT {REFERENCES_PER_READ}"
    while True:
        rows = await unit.query(sql, params)
        for (holder_id,) in rows:
            # Read one by one: releasing the holder before may have changed or deleted this one.
            holder = await find(unit, collection, holder_id)
            if holder is not None:
                await _release(unit, record, holder, field)
        if len(rows) < REFERENCES_PER_READ:
            return


async def _release(unit: Unit, record: Record, holder: Record, field: RelationField) -> None:
    """Take the deleted record out of `holder`, or delete `holder` with it."""
    ids = [one for one in holder.texts(field.name) if one != record.stored_id]
    if not ids and field.cascade_delete:
        await delete(unit, holder)
        return
    if not ids and field.required:
        raise StillNeeded(cause=f"{holder!r} requires {record!r}")
    holder.set(field.name, ids)
    await save(unit, holder, validated=False)


async def _after(unit: Unit, record: Record, error: BaseException | None) -> None:
    pipeline = unit.tenant.pipeline
    if error is None:
        await record_files.removed(unit.tenant, record)
    outcome = "Success" if error is None else "Error"
    name_ = f"AfterDelete{outcome}"
    if not pipeline.has(f"onRecord{name_}", f"onModel{name_}"):
        return
    if error is None:
        event = RecordEvent(f"onRecord{name_}", record, unit)
    else:
        event = RecordErrorEvent(f"onRecord{name_}", record, unit, error)
    await pipeline.wrap(event, f"onRecord{name_}", None, f"onModel{name_}", None)
