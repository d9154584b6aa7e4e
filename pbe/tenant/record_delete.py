"""Deleting a record, and what points to it: deleted too, or its reference taken out.

The record goes first, so that two records that point to each other do not delete one another for ever. References are
read in batches, by collection name, so that hooks fire in one and the same order.
"""

from twisted.internet.task import deferLater

from pbe.errors import BadRequest, Misuse
from pbe.query.sql import column, json_each, name
from pbe.schema.collection import Collection
from pbe.schema.field_relation import RelationField
from pbe.tenant import auth_links, record_files, record_superusers
from pbe.tenant.pipeline import Event
from pbe.tenant.record import Record
from pbe.tenant.record_events import WRITING_NAMES, RecordErrorEvent, RecordEvent
from pbe.tenant.record_read import find
from pbe.tenant.record_save import save
from pbe.tenant.unit import Unit, transact

REFERENCES_PER_READ = 4000
RELEASED_PER_TURN = 50


class StillNeeded(BadRequest):
    """Another record requires this one."""


async def delete(unit: Unit, record: Record) -> None:
    """Delete the record with all that follows; in the unit's transaction where it has one, else in one of its own.

    What points to a collection can only be found by reading whole tables, and may be much: so where anything does, the
    transaction is an exclusive one, reads on a worker and lets others have their turn.
    """
    if unit.tx is not None:
        await _delete(unit, record)
        return
    exclusive = unit.tenant.pipeline.suspends(WRITING_NAMES["Delete"], record.tags) or bool(
        references(unit, record.collection)
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
    await _delete_row(unit, record)
    await _cascade(unit, record)


async def _delete_row(unit: Unit, record: Record) -> None:
    if unit.tx is None or not record.stored_id:
        raise Misuse("delete a record", repr(record), hint="it is not stored, or there is no transaction")
    await record_superusers.before_delete(unit, record)
    unit.tx.execute(f"DELETE FROM {name(record.collection.name)} WHERE id = ?", (record.stored_id,))
    if record.collection.is_auth:
        auth_links.after_delete(unit, record)


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


class _Holders:
    """The records that point to a deleted one, one after another, each as it is when its turn comes."""

    def __init__(self, unit: Unit, record: Record) -> None:
        self.record = record
        self._unit = unit
        self._fields = references(unit, record.collection)
        self._ids: list[str] = []
        self._more = True

    async def next(self) -> tuple[Record, RelationField] | None:
        """The next one and the field by which it points; None after the last."""
        while self._fields:
            collection, field = self._fields[0]
            while self._ids:
                # Read one by one: releasing one before may have changed or deleted this one.
                holder = await find(self._unit, collection, self._ids.pop())
                if holder is not None:
                    return holder, field
            if not self._more:
                self._more = True
                self._fields.pop(0)
                continue
            await self._read(collection, field)
        return None

    async def _read(self, collection: Collection, field: RelationField) -> None:
        if field.multiple:
            each = json_each(column("t", field.name)).text
            condition = f"EXISTS (SELECT 1 FROM {each} je WHERE je.value = ?)"
        else:
            condition = f"t.{name(field.name)} = ?"
        if collection.id == self.record.collection.id:
            condition += " AND t.id != ?"
        params = (self.record.stored_id,) * condition.count("?")
        sql = f"SELECT t.id FROM {name(collection.name)} t WHERE {condition} LIMIT {REFERENCES_PER_READ}"
        rows = await self._unit.query(sql, params, heavy=True)
        self._ids = [str(row[0]) for row in reversed(rows)]
        self._more = len(rows) == REFERENCES_PER_READ


async def _cascade(unit: Unit, record: Record) -> None:
    """Release all that points to the record, and to what is deleted with it.

    A chain of records may be long, so it is kept on a list and not on Python's stack, unless hooks want to be around.
    """
    pending = [_Holders(unit, record)]
    released = 0
    while pending:
        found = await pending[-1].next()
        if found is None:
            pending.pop()
            continue
        holder, field = found
        if await _release(unit, pending[-1].record, holder, field):
            pending.append(_Holders(unit, holder))
        released += 1
        if unit.exclusive and released % RELEASED_PER_TURN == 0:
            await deferLater(unit.tenant.clock, 0)


async def _release(unit: Unit, record: Record, holder: Record, field: RelationField) -> bool:
    """Take the deleted record out of `holder`, or delete `holder`; whether what points to `holder` is still to do."""
    ids = [one for one in holder.texts(field.name) if one != record.stored_id]
    if not ids and field.cascade_delete:
        if unit.tenant.pipeline.heeds(WRITING_NAMES["Delete"], holder.tags):
            await _delete(unit, holder)
            return False
        await _delete_row(unit, holder)
        unit.on_completed(lambda error: _after(unit, holder, error))
        return True
    if not ids and field.required:
        raise StillNeeded(cause=f"{holder!r} requires {record!r}")
    holder.set(field.name, ids)
    await save(unit, holder, validated=False)
    return False


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
