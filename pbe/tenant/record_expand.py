"""Expanding relations: the records that others point to, six levels deep, back-relations too.

Each level is one read for all records of the level above. Who may see the related records is the fetcher's business.
"""

import json
import re
from collections.abc import Awaitable, Callable, Sequence

from pbe.errors import PbeError
from pbe.query.indexes import has_unique_column
from pbe.query.operand import table
from pbe.query.paths import RELATION_DEPTH_MAX
from pbe.query.sql import column, json_each, name
from pbe.schema.collection import Collection
from pbe.schema.field_relation import RelationField
from pbe.tenant.record import Record
from pbe.tenant.unit import Unit

BACK_RELATED_MAX = 1000
Fetch = Callable[[Collection, Sequence[str]], Awaitable[list[Record]]]
_BACK = re.compile(r"(\w+)_via_(\w+)", re.ASCII)
_BACK_OLD = re.compile(r"(\w+)\((\w+)\)", re.ASCII)


class ExpandError(PbeError):
    """A path names no relation."""


async def expand(unit: Unit, records: Sequence[Record], paths: Sequence[str], fetch: Fetch) -> None:
    """Expand `paths` of records of one collection; those that fail are left out, and the first error is raised last."""
    first: PbeError | None = None
    for path in normalized(paths):
        try:
            await _expand(unit, records, path, fetch, 1)
        except PbeError as error:
            first = first or error
    if first is not None:
        raise first


def normalized(paths: Sequence[str]) -> list[str]:
    """The paths without spaces and stray dots, each once, without those that a longer one contains."""
    cleaned = [path.replace(" ", "").strip(".") for path in paths]
    cleaned = [path for path in cleaned if path]
    kept = [
        path
        for position, path in enumerate(cleaned)
        if not any(other.startswith(path + ".") for at, other in enumerate(cleaned) if at != position)
    ]
    return list(dict.fromkeys(kept))


async def _expand(unit: Unit, records: Sequence[Record], path: str, fetch: Fetch, level: int) -> None:
    if not path or level > RELATION_DEPTH_MAX or not records:
        return
    head, _, rest = path.partition(".")
    back = _BACK_OLD.fullmatch(head) if "(" in head else _BACK.fullmatch(head)
    if back is not None:
        related, multiple, ids = await _back_related(unit, records, back[1], back[2])
    else:
        related, multiple, ids = _related(unit, records, head)
    wanted = list(dict.fromkeys(one for each in ids for one in each))
    found = await fetch(related, wanted)
    await _expand(unit, found, rest, fetch, level + 1)
    by_id = {record.id: record for record in found}
    for record, own in zip(records, ids, strict=True):
        if record.expand is None:
            record.expand = {}
        targets = [by_id[one] for one in own if one in by_id]
        if targets:
            _attach(record, head, targets, multiple)


def _attach(record: Record, head: str, targets: list[Record], multiple: bool) -> None:
    """Put the related records under `head`; what an earlier path expanded of the same ones is kept."""
    if record.expand is None:
        record.expand = {}
    old = record.expand.get(head)
    for before in [old] if isinstance(old, Record) else old or []:
        for target in targets:
            if target.id == before.id and before.expand:
                target.expand_with(before.expand)
    record.expand[head] = targets if multiple else targets[0]


def _related(unit: Unit, records: Sequence[Record], head: str) -> tuple[Collection, bool, list[list[str]]]:
    collection = records[0].collection
    field = collection.field(head)
    if not isinstance(field, RelationField):
        raise ExpandError("expand", f"{collection.name}.{head}", hint="no such relation field")
    related = unit.tenant.catalog.collection(field.collection_id)
    if related is None:
        raise ExpandError("expand", f"{collection.name}.{head}", hint="no such related collection")
    return related, field.multiple, [record.texts(head) for record in records]


async def _back_related(
    unit: Unit, records: Sequence[Record], source_name: str, field_name: str
) -> tuple[Collection, bool, list[list[str]]]:
    collection = records[0].collection
    source = unit.tenant.catalog.collection(source_name)
    field = source.field(field_name) if source is not None else None
    if source is None or not isinstance(field, RelationField) or field.collection_id != collection.id:
        raise ExpandError("expand", f"{source_name}_via_{field_name}", hint="no such back-relation")
    own = [record.id for record in records]
    ids = await _pointing(unit, source, field, own)
    if ids is None:
        ids = [await _pointing_to_one(unit, source, field, record_id) for record_id in own]
    return source, not has_unique_column(source.indexes, field.name), ids


async def _pointing(unit: Unit, source: Collection, field: RelationField, ids: Sequence[str]) -> list[list[str]] | None:
    """For each id those of `source` that point to it, all in one reading; None where there are too many of them."""
    if field.multiple:
        pairs = f"{table(source.name).text} s, {json_each(column('s', field.name)).text} je"
        pointed = "je.value"
    else:
        pairs, pointed = f"{table(source.name).text} s", f"s.{name(field.name)}"
    limit = BACK_RELATED_MAX * len(ids)
    sql = f"SELECT s.id, {pointed} FROM {pairs} WHERE {pointed} IN (SELECT value FROM json_each(?)) LIMIT {limit}"
    rows = await unit.query(sql, (json.dumps(list(ids)),), heavy=source.is_view)
    if len(rows) == limit:
        return None
    found: dict[str, dict[str, None]] = {one: {} for one in ids}
    for row_id, target in rows:
        if target in found:
            found[target][str(row_id)] = None
    return [list(found[one])[:BACK_RELATED_MAX] for one in ids]


async def _pointing_to_one(unit: Unit, source: Collection, field: RelationField, record_id: str) -> list[str]:
    if field.multiple:
        each = json_each(column("s", field.name)).text
        condition = f"EXISTS (SELECT 1 FROM {each} je WHERE je.value = ?)"
    else:
        condition = f"s.{name(field.name)} = ?"
    sql = f"SELECT s.id FROM {table(source.name).text} s WHERE {condition} LIMIT {BACK_RELATED_MAX}"
    return [str(row[0]) for row in await unit.query(sql, (record_id,), heavy=source.is_view)]
