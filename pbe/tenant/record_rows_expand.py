"""Expanding relations of rows that go straight to JSON: one level, forward, in two statements.

The same answer as `record_expand` gives; what is not of that shape (deeper paths, back-relations, related records that
have to be seen one by one) is left to it: `expansions_for` is None then.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import orjson
from twisted.logger import Logger

from pbe._fast import rowjson
from pbe.errors import PbeError
from pbe.query.errors import FilterError
from pbe.query.select import BASE, Selection, Statement, rows
from pbe.query.sql import Sql
from pbe.schema import go_cast
from pbe.schema.collection import Collection
from pbe.schema.field_relation import RelationField
from pbe.tenant.record_expand import normalized
from pbe.tenant.record_rows import RowPlan, plan_for
from pbe.tenant.request_info import EXPAND, RequestInfo
from pbe.tenant.unit import Unit

EXPANSIONS_MAX = 10
_IDS = "\0ids"
_WANTED = Sql(f"{BASE}.id IN (SELECT value FROM json_each(?))", (_IDS,))

_log = Logger()


@dataclass(frozen=True, slots=True)
class Expansion:
    """One relation to expand: the column of its ids, and how the related records are read."""

    key: bytes
    at: int
    multiple: bool
    collection: Collection
    plan: RowPlan
    statement: Statement


def expansions_for(unit: Unit, info: RequestInfo, collection: Collection, plan: RowPlan) -> list[Expansion] | None:
    """What the request's ``expand`` asks for, in order; None where the long way has to be gone."""
    paths = normalized(info.query.get("expand", "").split(","))
    if len(paths) > EXPANSIONS_MAX:
        return None
    inner = info.within(EXPAND)
    found: list[Expansion] = []
    for path in paths:
        expansion = _expansion(unit, inner, collection, plan, path)
        if expansion is None:
            return None
        found.append(expansion)
    return found


def _expansion(unit: Unit, info: RequestInfo, collection: Collection, plan: RowPlan, path: str) -> Expansion | None:
    field = collection.field(path)
    if not isinstance(field, RelationField) or path not in plan.at:
        return None
    related = unit.tenant.catalog.collection(field.collection_id)
    if related is None:
        return None
    rule = "" if info.is_superuser else related.view_rule
    related_plan = plan_for(unit, info, related)
    if rule is None or related_plan is None or "id" not in related_plan.at:
        return None
    selection = Selection(unit.tenant.catalog, related, info, unit.tenant.now())
    try:
        selection.where(_WANTED)
        selection.rule(rule)
        statement = rows(selection.compiled(), related_plan.select, -1)
    except FilterError:
        return None
    return Expansion(b'"%b":' % path.encode(), plan.at[path], bool(field.multiple), related, related_plan, statement)


async def expanded_json(
    unit: Unit, collection: Collection, plan: RowPlan, statement: Statement, expansions: Sequence[Expansion]
) -> bytes:
    """The rows of a statement over `plan.select`, each with its `expand`, with commas between them."""
    captured = tuple(expansion.at for expansion in expansions)

    def job(writer: rowjson.Rows, release: bool) -> list[tuple[bytes, tuple[object, ...]]]:
        return writer.apart(statement.sql, statement.params, plan.opened, captured, release)

    found = await unit.tenant.data.rows(statement.sql, job, heavy=collection.is_view)
    ids = [[go_cast.to_unique_strings(held[position]) for _, held in found] for position in range(len(expansions))]
    related = [await _related(unit, expansion, each) for expansion, each in zip(expansions, ids, strict=True)]
    out: list[bytes] = []
    for row, (text, _) in enumerate(found):
        shown = [
            shown
            for position, expansion in enumerate(expansions)
            if (shown := _shown(expansion, related[position], ids[position][row]))
        ]
        out.append(b'%b,"expand":{%b}}' % (text, b",".join(shown)))
    return b",".join(out)


def _shown(expansion: Expansion, related: dict[str, bytes], ids: list[str]) -> bytes:
    """One row's key and related records, b"" where there are none that may be seen."""
    found = [related[one] for one in ids if one in related]
    if not found:
        return b""
    return expansion.key + (b"[%b]" % b",".join(found) if expansion.multiple else found[0])


async def _related(unit: Unit, expansion: Expansion, ids: list[list[str]]) -> dict[str, bytes]:
    """The related records as JSON, by id; what cannot be read is left out, and the rest of the answer stands."""
    wanted = list(dict.fromkeys(one for each in ids for one in each))
    if not wanted:
        return {}
    plan, statement = expansion.plan, expansion.statement
    listed = orjson.dumps(wanted).decode()
    params = tuple(listed if value is _IDS else value for value in statement.params)

    def job(writer: rowjson.Rows, release: bool) -> dict[str, bytes]:
        found = writer.apart(statement.sql, params, plan.plan, (plan.at["id"],), release)
        return {str(held[0]): text for text, held in found}

    try:
        return await unit.tenant.data.rows(statement.sql, job, heavy=expansion.collection.is_view)
    except PbeError as error:
        _log.debug("records are shown without all that was asked for: {error}", error=error)
        return {}
