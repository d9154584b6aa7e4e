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
from pbe.tenant.record_rows import RowPlan, plan_for, rows_json, view_statement
from pbe.tenant.record_rows_expand import Expansion, expanded_json, expansions_for
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
    short = _short(unit, info, collection, "onRecordViewRequest")
    if short is None:
        return record_json(info, await view(unit, info, collection, record_id))
    plan, expansions = short
    rule = rule_for(info, collection.view_rule)
    try:
        statement = view_statement(unit, collection, plan, record_id, rule, info)
        body = await _rows(unit, collection, plan, expansions, statement) if record_id else b""
    except (FilterError, SqlError) as error:
        raise NotFound(cause=str(error)) from error
    if not body:
        raise NotFound
    return body


async def list_json(unit: Unit, info: RequestInfo, collection: Collection) -> bytes:
    """A page of records. Raises `Forbidden`, `BadRequest`."""
    short = _short(unit, info, collection, "onRecordsListRequest")
    listing = await prepare(unit, info, collection, short[0].select if short is not None else "")
    try:
        statement = listing.statement
        if short is not None:
            plan, expansions = short
            return _list_bytes(await _rows(unit, collection, plan, expansions, statement), _head(listing))
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


def _short(unit: Unit, info: RequestInfo, collection: Collection, event: str) -> tuple[RowPlan, list[Expansion]] | None:
    """How the answer is made without looking at each record, None where it has to be looked at."""
    query = info.query
    plan = plan_for(unit, info, collection, event) if not query.get("fields") else None
    if plan is None:
        return None
    expansions = expansions_for(unit, info, collection, plan) if query.get("expand") else []
    return (plan, expansions) if expansions is not None else None


async def _rows(
    unit: Unit, collection: Collection, plan: RowPlan, expansions: list[Expansion], statement: Statement
) -> bytes:
    if expansions:
        return await expanded_json(unit, collection, plan, statement, expansions)
    return await rows_json(unit, collection, plan, statement)


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
