"""Finding records: by id, by ids, by a value, under a rule."""

from collections.abc import Sequence
from typing import Any

from pbe.query.select import BASE, Compiled, Selection, exists, narrowed, rows
from pbe.query.sql import Sql, name
from pbe.schema.collection import Collection
from pbe.tenant.record import Record
from pbe.tenant.record_shape import shape_of
from pbe.tenant.request_info import RequestInfo
from pbe.tenant.unit import Unit

IDS_PER_STATEMENT_MAX = 30_000


async def find(
    unit: Unit, collection: Collection, record_id: str, *, rule: str | None = "", info: RequestInfo | None = None
) -> Record | None:
    """The record with that id, if it satisfies `rule`; None where it does not, or is not there.

    Raises `FilterError` for a rule that cannot be compiled.
    """
    shape = shape_of(collection)
    if not rule:
        sql = f"SELECT {shape.select} FROM {name(collection.name)} {BASE} WHERE {BASE}.id = ? LIMIT 1"
        found = await unit.query(sql, (record_id,), heavy=collection.is_view)
    else:
        statement = rows(narrowed(_ruled(unit, collection, rule, info), [record_id]), shape.select, 1)
        found = await unit.query_ruled(statement.sql, statement.params, heavy=collection.is_view)
    return Record.from_row(collection, found[0]) if found else None


async def find_many(
    unit: Unit, collection: Collection, ids: Sequence[str], *, rule: str = "", info: RequestInfo | None = None
) -> list[Record]:
    """The records with these ids that satisfy `rule`, in the table's order."""
    shape = shape_of(collection)
    records: list[Record] = []
    for start in range(0, len(ids), IDS_PER_STATEMENT_MAX):
        part = ids[start : start + IDS_PER_STATEMENT_MAX]
        statement = rows(narrowed(_ruled(unit, collection, rule, info), part), shape.select, -1)
        found = await unit.query(statement.sql, statement.params, heavy=collection.is_view)
        records += [Record.from_row(collection, row) for row in found]
    return records


async def find_where(
    unit: Unit, collection: Collection, field: str, value: Any, *, limit: int = 1, nocase: bool = False
) -> list[Record]:
    """Records whose column `field` (a name of the collection's) equals `value`."""
    collate = " COLLATE NOCASE" if nocase else ""
    sql = (
        f"SELECT {shape_of(collection).select} FROM {name(collection.name)} {BASE}"
        f" WHERE {BASE}.{name(field)} = ?{collate} LIMIT ?"
    )
    return [Record.from_row(collection, row) for row in await unit.query(sql, (value, limit))]


async def matches(unit: Unit, collection: Collection, record_id: str, rule: str, info: RequestInfo) -> bool:
    """Whether the stored record satisfies `rule`; an empty rule is satisfied by every record."""
    statement = exists(narrowed(_ruled(unit, collection, rule, info), [record_id]))
    return bool(await unit.query_ruled(statement.sql, statement.params))


async def matching_ids(
    unit: Unit, collection: Collection, ids: Sequence[str], rule: str, info: RequestInfo
) -> set[str]:
    """Those of `ids` whose records satisfy `rule`."""
    statement = rows(narrowed(_ruled(unit, collection, rule, info), list(ids)), f"{BASE}.id", -1)
    return {str(row[0]) for row in await unit.query_ruled(statement.sql, statement.params)}


async def imagined_matches(
    unit: Unit, collection: Collection, columns: dict[str, Any], rule: str, info: RequestInfo
) -> bool:
    """Whether a record that is not stored, with these columns, satisfies `rule`.

    The row is a table of its own, under a name and id that nothing else has, as PocketBase imagines it.
    """
    imagined = collection.evolve(id=collection.id + "__imagined", name=collection.name + "__imagined")
    names = ", ".join(f"? AS {name(key)}" for key in columns)
    prefix = Sql(f"WITH imagined AS (SELECT {names}) ", tuple(columns.values()))
    selection = Selection(unit.tenant.catalog, imagined, info, unit.tenant.now(), source="imagined")
    selection.rule(rule)
    statement = exists(selection.compiled(), prefix)
    return bool(await unit.query_ruled(statement.sql, statement.params))


def _ruled(unit: Unit, collection: Collection, rule: str, info: RequestInfo | None) -> Compiled:
    if info is None or not rule:
        selection = Selection(unit.tenant.catalog, collection, info, unit.tenant.now())
        selection.rule(rule)
        return selection.compiled()
    return compiled_rule(unit, collection, rule, info)


def compiled_rule(unit: Unit, collection: Collection, rule: str, info: RequestInfo) -> Compiled:
    """The parts of a statement over the records that satisfy `rule`. Raises `FilterError`."""
    tenant = unit.tenant
    catalog = tenant.catalog
    return tenant.rule_cache.compiled(catalog, catalog.generation, collection, rule, info, tenant.now())
