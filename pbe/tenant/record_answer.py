"""What a client gets to read: records and lists as JSON, with the keys that it picked."""

from typing import Any

from pbe.errors import BadRequest, NotFound
from pbe.query.errors import FilterError
from pbe.query.select import Statement
from pbe.schema.collection import Collection
from pbe.storage.sqlite_errors import QueryTooSlow, SqlError
from pbe.tenant import picker
from pbe.tenant.pipeline import Event
from pbe.tenant.record import Record
from pbe.tenant.record_access import rule_for
from pbe.tenant.record_actions import view
from pbe.tenant.record_enrich import enrich
from pbe.tenant.record_events import RecordsListRequestEvent
from pbe.tenant.record_json import dumps, list_bytes, plain
from pbe.tenant.record_list import Listing, prepare
from pbe.tenant.record_rows import view_statement
from pbe.tenant.record_rows_expand import Level, expanded_json, level_for
from pbe.tenant.request_info import RequestInfo
from pbe.tenant.unit import Unit


def record_json(info: RequestInfo, record: Record) -> bytes:
    """One record, as enriched before, with the keys that the request's ``fields`` picks."""
    return picked_json(info, record.export())


def picked_json(info: RequestInfo, value: Any) -> bytes:
    """Any answer, with the keys that the request's ``fields`` picks."""
    fields = info.query.get("fields", "")
    if not fields:
        return dumps(value)
    return dumps(picker.pick(plain(value), picker.parse(fields)))


async def view_json(unit: Unit, info: RequestInfo, collection: Collection, record_id: str) -> bytes:
    """One record, if its view rule lets whoever asks see it; else `NotFound`."""
    level = level_for(unit, info, collection, "onRecordViewRequest")
    if level is not None:
        rule = rule_for(info, collection.view_rule)
        try:
            statement = view_statement(unit, collection, level.plan, record_id, rule, info)
            body = await expanded_json(unit, collection, level, statement) if record_id else b""
        except (FilterError, SqlError) as error:
            if not level.branches or isinstance(error, QueryTooSlow):
                raise NotFound(cause=str(error)) from error
        else:
            if not body:
                raise NotFound
            return body
    return record_json(info, await view(unit, info, collection, record_id))


async def list_json(unit: Unit, info: RequestInfo, collection: Collection) -> bytes:
    """A page of records. Raises `Forbidden`, `BadRequest`."""
    level = level_for(unit, info, collection, "onRecordsListRequest")
    if level is not None:
        listing = await prepare(unit, info, collection, level.plan.select)
        try:
            return _list_bytes(await _items(unit, collection, level, listing.statement), _head(listing))
        except SqlError as error:
            # With relations it may be one of theirs that failed: the long way leaves out only that one.
            if isinstance(error, QueryTooSlow):
                raise
            if not level.branches:
                raise BadRequest(cause=str(error)) from error
    return await _long_list(unit, info, collection)


async def _items(unit: Unit, collection: Collection, level: Level, statement: Statement) -> bytes:
    """The page's records, remembered where they are all of one table."""
    pages = unit.tenant.pages
    key = pages.key(statement, level.plan) if not level.branches and _is_lasting(unit, collection, statement) else None
    if key is None:
        return await expanded_json(unit, collection, level, statement)
    known = pages.get(key)
    if known is not None:
        return known
    generation = unit.tenant.data.generation
    items = await expanded_json(unit, collection, level, statement)
    pages.put(key, generation, items)
    return items


def _is_lasting(unit: Unit, collection: Collection, statement: Statement) -> bool:
    """Whether one table is read and nothing else: what a view's query depends on is not known here."""
    plain = statement.sql.replace(" late CROSS JOIN ", " ")
    tables = plain.count("SELECT ") - (plain != statement.sql)
    return not collection.is_view and tables == 1 and " JOIN " not in plain


async def _long_list(unit: Unit, info: RequestInfo, collection: Collection) -> bytes:
    """The same by a record for each row, for hooks to see them."""
    listing = await prepare(unit, info, collection)
    statement = listing.statement
    try:
        rows = await unit.query(statement.sql, statement.params, heavy=collection.is_view)
    except QueryTooSlow:
        raise
    except SqlError as error:
        raise BadRequest(cause=str(error)) from error
    records = [Record.from_row(collection, row) for row in rows]
    event = RecordsListRequestEvent(info, collection, records, _head(listing), unit)

    async def act(_: Event) -> None:
        await enrich(unit, info, event.records)

    await unit.tenant.pipeline.trigger(event, act)
    return _page_json(info, event)


def _head(listing: Listing) -> dict[str, Any]:
    return {
        "page": listing.page.page,
        "perPage": listing.page.per_page,
        "totalItems": listing.total,
        "totalPages": listing.pages,
    }


def _page_json(info: RequestInfo, event: RecordsListRequestEvent) -> bytes:
    fields = info.query.get("fields", "")
    items: list[Any] = [record.export() for record in event.records]
    if fields:
        items = picker.pick(plain(items), picker.parse(fields))
    return _list_bytes(b",".join(dumps(item) for item in items), event.result)


def _list_bytes(items: bytes, head: dict[str, Any]) -> bytes:
    return list_bytes(items, head["page"], head["perPage"], head["totalItems"], head["totalPages"])
