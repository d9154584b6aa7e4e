"""Records straight from their rows to JSON, where nobody wants to see them on the way.

Reading a page through `Record` takes most of a list's time: every column becomes a value, a key of a dictionary, and
JSON. A `RowPlan` has the row writer of `storage` do all that in one go. It is the same answer, only sooner: what a plan
cannot write (see `plan_for`, `is_plain`) goes the long way, and so does each column of an unusual shape.
"""

from typing import Any

from pbe._fast import rowjson
from pbe.query.select import BASE, Selection, Statement, columns, rows
from pbe.query.sql import name
from pbe.schema.collection import Collection
from pbe.schema.field import Field
from pbe.tenant.record_json import dumps
from pbe.tenant.record_shape import shape_of
from pbe.tenant.request_info import RequestInfo
from pbe.tenant.unit import Unit

_NOTES = ("_row_plan", "_row_plan_full")
_TEXT_KINDS = {
    "text": rowjson.TEXT,
    "editor": rowjson.TEXT,
    "email": rowjson.TEXT,
    "url": rowjson.TEXT,
    "number": rowjson.NUMBER,
    "bool": rowjson.BOOL,
    "date": rowjson.DATE,
    "autodate": rowjson.DATE,
    "json": rowjson.JSON,
    "geoPoint": rowjson.POINT,
}


class RowPlan:
    """How the rows of one collection are written: for superusers (`full`) or anybody else.

    select: the columns to read, of table ``t``; at: which of them is a field's. view: the statement for one id. plan:
    closes each object; opened: leaves it open, for an ``expand`` to follow.
    """

    __slots__ = ("at", "opened", "plan", "select", "view")

    def __init__(self, collection: Collection, *, full: bool) -> None:
        shape = shape_of(collection)
        shown: list[Field] = list(shape.full if full else shape.public)
        # Neither a password nor its hash is ever told: the key is there, its value is always empty.
        fields = [field for field in shown if field.type != "password"]
        secrets = b"".join(b',"%b":""' % field.name.encode() for field in shown if field.type == "password")
        names = [field.name for field in fields]
        guarded = collection.is_auth and not full
        if guarded:
            names.append("emailVisibility")
        described = [
            (b'"%b":' % field.name.encode(), kind_of(field), len(fields) if guarded and field.name == "email" else -1)
            for field in fields
        ]
        if guarded:
            described.append((b"", rowjson.SKIP, rowjson.NO_GUARD))

        def fallback(index: int, value: Any) -> bytes:
            field = fields[index]
            return dumps(field.to_json(field.from_column(value)))

        prefix = b'{"collectionId":%b,"collectionName":%b' % (dumps(collection.id), dumps(collection.name))
        self.plan = rowjson.Plan(prefix, tuple(described), secrets + b"}", fallback)
        self.opened = rowjson.Plan(prefix, tuple(described), secrets, fallback)
        self.at = {field.name: position for position, field in enumerate(fields)}
        self.select = columns(names)
        self.view = f"SELECT {self.select} FROM {name(collection.name)} {BASE} WHERE {BASE}.id = ? LIMIT 1"


def kind_of(field: Field) -> int:
    """The row writer's kind for a field's column."""
    known = _TEXT_KINDS.get(field.type)
    if known is not None:
        return known
    return rowjson.LIST if field.multiple else rowjson.WORD


def plan_for(unit: Unit, info: RequestInfo, collection: Collection, *events: str) -> RowPlan | None:
    """The plan for whoever asks; None where records have to be seen one by one: by hooks of these events, inside a
    transaction, or since an e-mail is shown to its owner and to managers.
    """
    if unit.tx is not None or unit.tenant.pipeline.has("onRecordEnrich", *events):
        return None
    full = info.is_superuser
    if collection.is_auth and not full and info.auth is not None:
        if info.auth.collection.id == collection.id or collection.manage_rule:
            return None
    elif collection.is_auth and collection.manage_rule:
        return None
    return row_plan(collection, full=full)


def row_plan(collection: Collection, *, full: bool) -> RowPlan:
    """The collection's plan, kept with the collection, which never changes."""
    note = _NOTES[full]
    found: RowPlan | None = collection.__dict__.get(note)
    if found is None:
        found = collection.__dict__[note] = RowPlan(collection, full=full)
    return found


def view_statement(
    unit: Unit, collection: Collection, plan: RowPlan, record_id: str, rule: str, info: RequestInfo
) -> Statement:
    """What finds the record with that id if it satisfies `rule`. Raises `FilterError`."""
    if not rule:
        return Statement(plan.view, (record_id,))
    selection = Selection(unit.tenant.catalog, collection, info, unit.tenant.now())
    selection.ids([record_id])
    selection.rule(rule)
    return rows(selection.compiled(), plan.select, 1)


async def rows_json(unit: Unit, collection: Collection, plan: RowPlan, statement: Statement) -> bytes:
    """The rows of a statement over `plan.select`, with commas between them. Raises `SqlError` and its kin."""

    def job(writer: rowjson.Rows, release: bool) -> bytes:
        return writer.query(statement.sql, statement.params, plan.plan, release)[0]

    return await unit.tenant.data.rows(statement.sql, job, heavy=collection.is_view)
