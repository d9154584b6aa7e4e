"""Records straight from their rows to JSON, where nobody wants to see them on the way.

Reading a page through `Record` takes most of a list's time: every column becomes a value, a key of a dictionary, and
JSON. A `RowPlan` has the row writer of `storage` do all that in one go. It is the same answer, only sooner: what a plan
cannot write (see `plan_for`, `plain_keys`) goes the long way, and so does each column of an unusual shape.
"""

from typing import Any

from pbe._fast import rowjson
from pbe.query.select import BASE, Statement, columns, narrowed, rows
from pbe.query.sql import name
from pbe.schema.collection import Collection
from pbe.schema.field import Field
from pbe.tenant.record_json import dumps
from pbe.tenant.record_read import compiled_rule
from pbe.tenant.record_shape import shape_of
from pbe.tenant.request_info import RequestInfo
from pbe.tenant.unit import Unit

PICKED_PLANS_MAX = 32
_NOTES = ("_row_plan", "_row_plan_full")
_PICKED = "_row_plans_picked"
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
    """How the rows of one collection are written: for superusers (`full`) or anybody else, whole or some `keys` only.

    names: the columns read, the id always among them. select: these, of table ``t``. view: the statement for one id.
    """

    __slots__ = ("names", "plan", "select", "view")

    def __init__(self, collection: Collection, *, full: bool, keys: frozenset[str] | None = None) -> None:
        shape = shape_of(collection)
        shown = [field for field in (shape.full if full else shape.public) if keys is None or field.name in keys]
        # Neither a password nor its hash is ever told: the key is there, its value is always empty.
        fields: list[Field] = [field for field in shown if field.type != "password"]
        names = [field.name for field in fields]
        guarded = collection.is_auth and not full and "email" in names
        described = [
            (b'"%b":' % field.name.encode(), kind_of(field), len(fields) if guarded and field.name == "email" else -1)
            for field in fields
        ]
        for extra in ["emailVisibility"] * guarded + ["id"] * ("id" not in names):
            names.append(extra)
            described.append((b"", rowjson.SKIP, rowjson.NO_GUARD))

        def fallback(index: int, value: Any) -> bytes:
            field = fields[index]
            return dumps(field.to_json(field.from_column(value)))

        heads = {"collectionId": collection.id, "collectionName": collection.name}
        heads |= {field.name: "" for field in shown if field.type == "password"}
        fixed = [b'"%b":%b' % (key.encode(), dumps(text)) for key, text in heads.items() if keys is None or key in keys]
        self.plan = rowjson.Plan(b"{" + b",".join(fixed), tuple(described), b"}", fallback)
        self.names = tuple(names)
        self.select = columns(names)
        self.view = f"SELECT {self.select} FROM {name(collection.name)} {BASE} WHERE {BASE}.id = ? LIMIT 1"

    def index(self, field: str) -> int:
        """Where the column of `field` is; -1 where it is not read."""
        return self.names.index(field) if field in self.names else -1


def kind_of(field: Field) -> int:
    """The row writer's kind for a field's column."""
    known = _TEXT_KINDS.get(field.type)
    if known is not None:
        return known
    return rowjson.LIST if field.multiple else rowjson.WORD


def plan_for(
    unit: Unit, info: RequestInfo, collection: Collection, *events: str, keys: frozenset[str] | None = None
) -> RowPlan | None:
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
    if keys is not None:
        return picked_plan(collection, full=full, keys=keys)
    return row_plan(collection, full=full)


def row_plan(collection: Collection, *, full: bool) -> RowPlan:
    """The collection's plan, kept with the collection, which never changes."""
    note = _NOTES[full]
    found: RowPlan | None = collection.__dict__.get(note)
    if found is None:
        found = collection.__dict__[note] = RowPlan(collection, full=full)
    return found


def picked_plan(collection: Collection, *, full: bool, keys: frozenset[str]) -> RowPlan:
    """As `row_plan`, of these keys only; the last PICKED_PLANS_MAX are kept."""
    kept: dict[tuple[bool, frozenset[str]], RowPlan] = collection.__dict__.setdefault(_PICKED, {})
    found = kept.get((full, keys))
    if found is None:
        if len(kept) >= PICKED_PLANS_MAX:
            kept.clear()
        found = kept[full, keys] = RowPlan(collection, full=full, keys=keys)
    return found


def plain_keys(info: RequestInfo) -> frozenset[str] | None:
    """The keys that the request picks; None where it picks in a way that needs the values."""
    keys = [key.strip() for key in info.query.get("fields", "").split(",")]
    if info.query.get("expand") or not all(key.isidentifier() and key.isascii() for key in keys):
        return None
    return frozenset(keys)


def view_statement(
    unit: Unit, collection: Collection, plan: RowPlan, record_id: str, rule: str, info: RequestInfo
) -> Statement:
    """What finds the record with that id if it satisfies `rule`. Raises `FilterError`."""
    if not rule:
        return Statement(plan.view, (record_id,))
    return rows(narrowed(compiled_rule(unit, collection, rule, info), [record_id]), plan.select, 1)
