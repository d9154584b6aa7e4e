"""Listing records: pages, sorts, filters, totals."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from pbe.errors import BadRequest, Forbidden
from pbe.query.errors import FilterError
from pbe.query.select import Compiled, Selection, Statement, count, late_rows
from pbe.schema.collection import Collection
from pbe.storage.sqlite_errors import QueryTooSlow, SqlError
from pbe.tenant.record_access import ONLY_SUPERUSERS
from pbe.tenant.record_read import compiled_rule
from pbe.tenant.record_shape import shape_of
from pbe.tenant.request_info import RequestInfo
from pbe.tenant.unit import Unit

PER_PAGE_DEFAULT = 30
PER_PAGE_MAX = 1000
KEPT_MAX = 64
_KEPT = "_list_compiled"
_INT_MAX = (1 << 63) - 1
_INT = re.compile(r"[+-]?[0-9]+", re.ASCII)
_TRUE = frozenset({"1", "t", "T", "TRUE", "true", "True"})
_FALSE = frozenset({"0", "f", "F", "FALSE", "false", "False"})


@dataclass(frozen=True, slots=True)
class Page:
    """What a client asks of a list."""

    page: int = 1
    per_page: int = PER_PAGE_DEFAULT
    skip_total: bool = False
    sort: str = ""
    filter: str = ""

    @property
    def offset(self) -> int:
        """Rows before the page; a product past 64 bits wraps around, as there."""
        product = self.per_page * (self.page - 1)
        return (product + _INT_MAX + 1) % (2 * (_INT_MAX + 1)) - _INT_MAX - 1


def read_page(query: Mapping[str, str]) -> Page:
    """The page that a query string asks for; `BadRequest` for what is no number or truth value."""
    page = _integer(query.get("page", ""))
    per_page = _integer(query.get("perPage", ""))
    skip = query.get("skipTotal", "")
    if skip and skip not in _TRUE | _FALSE:
        raise BadRequest(cause="skipTotal is no truth value")
    return Page(
        page if page > 0 else 1,
        min(per_page, PER_PAGE_MAX) if per_page > 0 else PER_PAGE_DEFAULT,
        skip in _TRUE,
        query.get("sort", ""),
        query.get("filter", ""),
    )


def _integer(text: str) -> int:
    if not text:
        return 0
    if not _INT.fullmatch(text):
        raise BadRequest(cause="no integer")
    number = int(text)
    if not -_INT_MAX - 1 <= number <= _INT_MAX:
        raise BadRequest(cause="an integer out of range")
    return number


@dataclass(frozen=True, slots=True)
class Listing:
    """A list that is ready to be read: the statement of its rows, and how many there are (-1 where not asked)."""

    page: Page
    statement: Statement
    total: int

    @property
    def pages(self) -> int:
        """The number of pages, -1 where the total is not known."""
        return -1 if self.total < 0 else -(-self.total // self.page.per_page)


async def prepare(unit: Unit, info: RequestInfo, collection: Collection, select: str = "") -> Listing:
    """Check who may list, compile rule, filter and sort, and count. `select` is what to read, else all columns.

    Raises `Forbidden`, and `BadRequest` for whatever is wrong with the query.
    """
    if collection.list_rule is None and not info.is_superuser:
        raise Forbidden(ONLY_SUPERUSERS)
    _refuse_request_fields(info)
    page = read_page(info.query)
    try:
        compiled = compile_list(unit, info, collection, page)
        total = -1 if page.skip_total else await _count(unit, collection, compiled)
    except (FilterError, QueryTooSlow):
        raise
    except SqlError as error:
        raise BadRequest(cause=str(error)) from error
    statement = late_rows(compiled, select or shape_of(collection).select, page.per_page, page.offset)
    return Listing(page, statement, total)


def compile_list(unit: Unit, info: RequestInfo, collection: Collection, page: Page) -> Compiled:
    """The parts of the list's statements; `BadRequest` for a filter or sort, or a rule, that is wrong.

    Kept with the collection, which never changes, where nothing but its own columns is asked for.
    """
    rule = "" if info.is_superuser else collection.list_rule or ""
    if "@" in rule or "@" in page.filter or "@" in page.sort:
        return _compile_list(unit, info, collection, page)
    kept: dict[tuple[str, str, str, bool], Compiled] = collection.__dict__.setdefault(_KEPT, {})
    key = (rule, page.filter, page.sort, info.is_superuser)
    found = kept.get(key)
    if found is None:
        found = _compile_list(unit, info, collection, page)
        if not found.joins and "SELECT" not in found.where.text:
            if len(kept) >= KEPT_MAX:
                kept.clear()
            kept[key] = found
    return found


def _compile_list(unit: Unit, info: RequestInfo, collection: Collection, page: Page) -> Compiled:
    selection = Selection(unit.tenant.catalog, collection, info, unit.tenant.now())
    try:
        if collection.list_rule and not info.is_superuser and not page.filter and not page.sort:
            return compiled_rule(unit, collection, collection.list_rule, info)
        if not info.is_superuser:
            selection.rule(collection.list_rule or "")
        selection.filter(page.filter, hidden_allowed=info.is_superuser)
        selection.sort(page.sort, hidden_allowed=info.is_superuser)
        return selection.compiled()
    except FilterError as error:
        raise BadRequest(cause=str(error)) from error


def _refuse_request_fields(info: RequestInfo) -> None:
    """Only superusers may filter and sort by what a request or another collection says."""
    if info.is_superuser:
        return
    for parameter in ("filter", "sort"):
        text = info.query.get(parameter, "")
        for word in ("@collection.", "@request."):
            if word in text:
                raise Forbidden(f"Only superusers can filter by {word}")


async def _count(unit: Unit, collection: Collection, compiled: Compiled) -> int:
    """The total, remembered until the database is next written to."""
    statement = count(compiled)
    if unit.tx is not None:
        return int((await unit.query(statement.sql, statement.params))[0][0])
    counts = unit.tenant.counts
    known = counts.get(statement.sql, statement.params)
    if known is not None:
        return known
    generation = counts.generation
    rows = await unit.query(statement.sql, statement.params, heavy=collection.is_view)
    total = int(rows[0][0])
    counts.put(statement.sql, statement.params, generation, total)
    return total
