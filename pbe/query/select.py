"""A statement over one collection's records, built from rules, filters and a sort.

`Selection` collects the conditions; `compiled()` is what all statements are made of: `rows`, `late_rows`, `count`,
`exists`. Where a join may multiply rows, rows are made distinct again, as PocketBase does for every join.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from pbe.query.catalog import Catalog, CollectionLike, RequestLike
from pbe.query.compiler import FILTER_BYTES_MAX, RecordNames, compile_filter
from pbe.query.errors import FilterError
from pbe.query.indexes import may_serve
from pbe.query.operand import table
from pbe.query.resolver import Scope
from pbe.query.sort import compile_sort
from pbe.query.sql import EMPTY, Sql, column, fill, join, plain_params

BASE = "t"


@dataclass(frozen=True, slots=True)
class Compiled:
    """The parts of a statement over one collection, whose rows are called `alias`.

    indexed: an index of the collection could serve the filter or the sort.
    """

    table: str
    alias: str
    joins: Sql
    where: Sql
    order: Sql
    distinct: bool
    has_rowid: bool
    indexed: bool = True

    @property
    def params(self) -> tuple[Any, ...]:
        """All parameters of the condition, in order."""
        return plain_params((*self.joins.params, *self.where.params))


@dataclass(frozen=True, slots=True)
class Statement:
    """SQL and its parameters, ready for the database."""

    sql: str
    params: tuple[Any, ...]


class Selection:
    """Rules, filters and a sort over one collection.

    `source` is the table to read from where it is not the collection's own, quoted SQL.
    """

    def __init__(
        self,
        catalog: Catalog,
        collection: CollectionLike,
        request: RequestLike | None,
        now_s: float,
        *,
        source: str = "",
    ) -> None:
        self._collection = collection
        self._scope = Scope(catalog, collection, request, BASE, source or table(collection.name).text, now_s)
        self._names = RecordNames(self._scope)
        self._where: list[Sql] = []
        self._order = EMPTY

    def rule(self, text: str) -> None:
        """Demand an API rule; it may see hidden fields. An empty one demands nothing."""
        if text:
            self._where.append(compile_filter(text, self._names))

    def filter(self, text: str, *, hidden_allowed: bool) -> None:
        """Demand a client's filter."""
        if not text:
            return
        if len(text.encode("utf-8", "surrogatepass")) > FILTER_BYTES_MAX:
            raise FilterError("max filter length limit reached")
        self._scope.hidden_allowed = hidden_allowed
        self._where.append(compile_filter(text, self._names))

    def sort(self, text: str, *, hidden_allowed: bool) -> None:
        """Order by a client's sort."""
        self._scope.hidden_allowed = hidden_allowed
        self._order = compile_sort(text, self._names, BASE)

    def where(self, condition: Sql) -> None:
        """Demand a condition of the caller's own making, about the table BASE."""
        self._where.append(condition)

    def ids(self, ids: Sequence[str]) -> None:
        """Only the rows with one of these ids."""
        if not ids:
            self._where.append(Sql("0=1"))
        elif len(ids) == 1:
            self._where.append(Sql(f"{BASE}.id = ?", (ids[0],)))
        else:
            marks = ", ".join("?" * len(ids))
            self._where.append(Sql(f"{BASE}.id IN ({marks})", tuple(ids)))

    def compiled(self) -> Compiled:
        """The parts, list rules of joined collections included."""
        scopes = [self._scope]
        for alias, collection in self._scope.ruled.items():
            if collection.list_rule:
                inner = self._scope.within(collection, alias)
                self._where.append(compile_filter(f"id='' || (\n{collection.list_rule}\n)", RecordNames(inner)))
                scopes.append(inner)
        joins = [one for scope in scopes for one in scope.joins.values()]
        where = join(" AND ", self._where)
        return Compiled(
            self._scope.source,
            BASE,
            join("", [one.clause for one in joins]),
            where,
            self._order,
            any(one.many for one in joins) or bool(joins and self._collection.type == "view"),
            self._collection.type != "view",
            may_serve(self._collection.indexes, f"{where.text} {self._order.text}"),
        )


def narrowed(compiled: Compiled, ids: Sequence[str]) -> Compiled:
    """The same for the rows with one of these ids only."""
    if not ids:
        wanted = Sql("0=1")
    elif len(ids) == 1:
        wanted = Sql(f"{compiled.alias}.id = ?", (ids[0],))
    else:
        # One parameter, so that the text is the same for any number of them.
        wanted = Sql(f"{compiled.alias}.id IN (SELECT value FROM json_each(?))", (json.dumps(list(ids)),))
    return replace(compiled, where=join(" AND ", [wanted, compiled.where]))


def columns(names: Sequence[str], alias: str = BASE) -> str:
    """The select list of these columns."""
    return ", ".join(column(alias, name).text for name in names)


def _tail(compiled: Compiled, *, ordered: bool) -> Sql:
    parts = [Sql(f" FROM {compiled.table} {compiled.alias}"), compiled.joins]
    if compiled.where:
        parts.append(fill(" WHERE {w}", {"w": compiled.where}))
    if ordered and compiled.order:
        parts.append(fill(" ORDER BY {o}", {"o": compiled.order}))
    return join("", parts)


def rows(compiled: Compiled, select: str, limit: int, offset: int = 0) -> Statement:
    """The rows of one page."""
    tail = _tail(compiled, ordered=True)
    word = "SELECT DISTINCT" if compiled.distinct else "SELECT"
    return Statement(f"{word} {select}{tail.text} LIMIT ? OFFSET ?", (*plain_params(tail.params), limit, offset))


def late_rows(compiled: Compiled, select: str, limit: int, offset: int = 0) -> Statement:
    """The rows of one page, found and sorted by rowid first and read after: the same rows in the same order as `rows`.

    Only where nothing is joined, the table has a rowid, and no index could serve; else it is `rows`. An index that has
    all that the inner statement asks for would be read instead of the table, and rows that sort alike come in another
    order then. CROSS JOIN keeps the inner order.
    """
    if compiled.joins or not compiled.order or not compiled.has_rowid or compiled.indexed:
        return rows(compiled, select, limit, offset)
    tail = _tail(compiled, ordered=True)
    inner = f"SELECT {compiled.alias}.rowid AS r{tail.text} LIMIT ? OFFSET ?"
    outer = f"SELECT {select} FROM ({inner}) late CROSS JOIN {compiled.table} {compiled.alias}"
    return Statement(f"{outer} ON {compiled.alias}.rowid = late.r", (*plain_params(tail.params), limit, offset))


def count(compiled: Compiled) -> Statement:
    """How many rows there are over all pages."""
    tail = _tail(compiled, ordered=False)
    key = "rowid" if compiled.has_rowid else "id"
    plain = compiled.has_rowid and not compiled.distinct
    what = "count(*)" if plain else f"count(DISTINCT {compiled.alias}.{key})"
    return Statement(f"SELECT {what}{tail.text}", plain_params(tail.params))


def exists(compiled: Compiled, prefix: Sql = EMPTY) -> Statement:
    """One row with 1 where some row satisfies all conditions; `prefix` is a WITH clause."""
    tail = _tail(compiled, ordered=False)
    return Statement(f"{prefix.text}SELECT 1{tail.text} LIMIT 1", (*prefix.params, *plain_params(tail.params)))
