"""Validating a record before it is written: each field's own verdict, and the questions it has for the database."""

from typing import Any

from pbe.ids import random_id
from pbe.query.sql import name
from pbe.schema.collection import Collection
from pbe.schema.field import ValueContext
from pbe.schema.field_text import TextField
from pbe.schema.question import IdFree, RelatedExist
from pbe.tenant import auth_links
from pbe.tenant.record import RandomBytes, Record
from pbe.tenant.record_invalid import Invalid
from pbe.tenant.unit import Unit

IDS_PER_STATEMENT_MAX = 30_000
_ID_PATTERN = "[a-z0-9]{15}"


def autogenerate(record: Record, random_bytes: RandomBytes) -> None:
    """Fill the empty text fields of a new record that have a pattern to be made from."""
    for field in record.collection.fields:
        if isinstance(field, TextField) and field.autogenerate_pattern and not record.get(field.name):
            if field.autogenerate_pattern == _ID_PATTERN:
                record.put(field.name, random_id(random_bytes))
            else:
                record.put(field.name, field.autogenerate(random_bytes))


async def validate(unit: Unit, record: Record) -> None:
    """Raises `Invalid` with every field's error."""
    errors: dict[str, Any] = {}
    context = ValueContext(record.is_new, None, record.stored_id)
    for field in record.collection.fields:
        if not record.is_new:
            context = ValueContext(False, record.original.get(field.name), context.record_id)
        verdict = field.validate(record.get(field.name), context)
        if isinstance(verdict, RelatedExist):
            verdict = verdict.error(await _related(unit, verdict))
        elif isinstance(verdict, IdFree):
            verdict = verdict.error(await _id_taken(unit, record.collection, verdict.id))
        if verdict is not None:
            errors[field.name] = verdict
    if errors:
        raise Invalid(errors)
    await auth_links.check(unit, record)


async def _related(unit: Unit, question: RelatedExist) -> int | None:
    collection = unit.tenant.catalog.collection(question.collection_id)
    if collection is None:
        return None
    found = 0
    for start in range(0, len(question.ids), IDS_PER_STATEMENT_MAX):
        ids = question.ids[start : start + IDS_PER_STATEMENT_MAX]
        marks = ",".join("?" * len(ids))
        sql = f"SELECT count(*) FROM {name(collection.name)} WHERE id IN ({marks})"
        found += int((await unit.query(sql, ids))[0][0])
    return found


async def _id_taken(unit: Unit, collection: Collection, record_id: str) -> bool:
    sql = f"SELECT 1 FROM {name(collection.name)} WHERE id = ? COLLATE NOCASE LIMIT 1"
    return bool(await unit.query(sql, (record_id,)))
