"""Lists and views with related records, from rows to JSON in one go.

Theory of operation. The paths of ``expand`` become a tree of levels, each a collection with a plan for its rows and the
relations to follow from there. One job writes the first level's rows, gathers the ids that they point to, writes those
rows once each, and puts them in, level by level. It is what `record_expand` does with records, for the paths that need
none: direct relations between tables, whose rules compile, and that no hook wants to see. For anything else `level_for`
gives None, and the long way is taken, so that what fails fails there.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from pbe._fast import rowjson
from pbe.query.errors import FilterError
from pbe.query.paths import RELATION_DEPTH_MAX
from pbe.query.select import Selection, Statement, narrowed, rows
from pbe.schema import go_cast
from pbe.schema.collection import Collection
from pbe.schema.field_relation import RelationField
from pbe.storage.sqlite import Row
from pbe.tenant.record_expand import normalized
from pbe.tenant.record_read import compiled_rule
from pbe.tenant.record_rows import RowPlan, plain_keys, plan_for
from pbe.tenant.request_info import EXPAND, RequestInfo
from pbe.tenant.unit import Unit

PATHS_MAX = 30
IDS_PER_STATEMENT_MAX = 30_000
Tree = dict[str, "Tree"]
Find = Callable[[Sequence[str]], Statement]


@dataclass(slots=True)
class Branch:
    """A relation to follow: its key in ``expand``, the captured column that holds its ids, and where it leads."""

    key: bytes
    at: int
    relation: RelationField
    level: "Level"


@dataclass(slots=True)
class Level:
    """One collection of the tree. captured: indexes of the columns to read beside the JSON; the first is the id's.

    find: the statement for some ids, where they have to satisfy a rule or are followed further.
    """

    plan: RowPlan
    captured: tuple[int, ...]
    branches: list[Branch] = field(default_factory=list)
    find: Find | None = None


def level_for(unit: Unit, info: RequestInfo, collection: Collection, *events: str) -> Level | None:
    """The tree of the request's ``expand`` over `collection`, or the keys that it picks; None where it cannot be
    written from rows.
    """
    keys = plain_keys(info) if info.query.get("fields") else None
    if keys is None and info.query.get("fields"):
        return None
    plan = plan_for(unit, info, collection, *events, keys=keys)
    wanted = info.query.get("expand")
    if plan is None or not wanted:
        return Level(plan, ()) if plan is not None else None
    paths = normalized(wanted.split(","))
    if len(paths) > PATHS_MAX:
        return None
    tree: Tree = {}
    for path in paths:
        here = tree
        for key in path.split(".")[:RELATION_DEPTH_MAX]:
            here = here.setdefault(key, {})
    return _level(unit, info.within(EXPAND), collection, plan, tree)


def _level(unit: Unit, info: RequestInfo, collection: Collection, plan: RowPlan, tree: Tree) -> Level | None:
    captured = [plan.index("id")]
    branches: list[Branch] = []
    for key, rest in tree.items():
        relation = collection.field(key)
        index = plan.index(key)
        below = _below(unit, info, relation, rest) if isinstance(relation, RelationField) else None
        if below is None or index < 0 or not isinstance(relation, RelationField):
            return None
        branches.append(Branch(b'"%b":' % key.encode(), len(captured), relation, below))
        captured.append(index)
    return Level(plan, tuple(captured), branches)


def _below(unit: Unit, info: RequestInfo, relation: RelationField, rest: Tree) -> Level | None:
    """The level that a relation leads to, as far as whoever asks may see it."""
    target = unit.tenant.catalog.collection(relation.collection_id)
    rule = "" if info.is_superuser or target is None else target.view_rule
    plan = plan_for(unit, info, target) if target is not None and not target.is_view else None
    if target is None or plan is None or rule is None:
        return None
    level = _level(unit, info, target, plan, rest)
    if level is not None and (rule or level.branches):
        level.find = _finder(unit, info, target, plan, rule)
        try:
            level.find(["probe"])
        except FilterError:
            return None
    return level


def _finder(unit: Unit, info: RequestInfo, collection: Collection, plan: RowPlan, rule: str) -> Find:
    def find(ids: Sequence[str]) -> Statement:
        if rule:
            return rows(narrowed(compiled_rule(unit, collection, rule, info), ids), plan.select, -1)
        selection = Selection(unit.tenant.catalog, collection, info, unit.tenant.now())
        selection.ids(ids)
        return rows(selection.compiled(), plan.select, -1)

    return find


async def expanded_json(unit: Unit, collection: Collection, level: Level, statement: Statement) -> bytes:
    """The rows of a statement over the level's columns, related records in them, with commas between."""

    def job(writer: rowjson.Rows, release: bool) -> bytes:
        if not level.branches:
            return writer.query(statement.sql, statement.params, level.plan.plan, release)[0]
        found = writer.apart(statement.sql, statement.params, level.plan.plan, level.captured, release)
        return b",".join(_joined(writer, level, found, release))

    return await unit.tenant.data.rows(statement.sql, job, heavy=collection.is_view)


def _joined(writer: rowjson.Rows, level: Level, found: list[tuple[bytes, Row]], release: bool) -> list[bytes]:
    """The rows' JSON with what they point to."""
    if not level.branches:
        return [body for body, _ in found]
    pointed = [[_ids(branch.relation, row[branch.at]) for _, row in found] for branch in level.branches]
    related = [
        _related(writer, branch.level, list(dict.fromkeys(one for ids in each for one in ids)), release)
        for branch, each in zip(level.branches, pointed, strict=True)
    ]
    return [
        b'%b,"expand":{%b}}' % (body[:-1], _expand(level, [each[at] for each in pointed], related))
        for at, (body, _) in enumerate(found)
    ]


def _expand(level: Level, pointed: list[list[str]], related: list[dict[str, bytes]]) -> bytes:
    parts: list[bytes] = []
    for branch, ids, by_id in zip(level.branches, pointed, related, strict=True):
        targets = [by_id[one] for one in ids if one in by_id]
        if targets:
            parts.append(branch.key + (b"[%b]" % b",".join(targets) if branch.relation.multiple else targets[0]))
    return b",".join(parts)


def _ids(relation: RelationField, raw: object) -> list[str]:
    if type(raw) is str and "[" not in raw:
        return [raw] if raw else []
    return go_cast.to_unique_strings(relation.from_column(raw))


def _related(writer: rowjson.Rows, level: Level, ids: list[str], release: bool) -> dict[str, bytes]:
    """The JSON of the records with these ids that may be seen, by id."""
    if not ids:
        return {}
    if level.find is None:
        bodies = writer.each(level.plan.view, ids, level.plan.plan, release)
        return {one: body for one, body in zip(ids, bodies, strict=True) if body is not None}
    found: list[tuple[bytes, Row]] = []
    for start in range(0, len(ids), IDS_PER_STATEMENT_MAX):
        statement = level.find(ids[start : start + IDS_PER_STATEMENT_MAX])
        found += writer.apart(statement.sql, statement.params, level.plan.plan, level.captured, release)
    bodies_joined = _joined(writer, level, found, release)
    return {str(row[0]): body for (_, row), body in zip(found, bodies_joined, strict=True)}
