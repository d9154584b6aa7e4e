"""What a client gets to read: records and lists as JSON, with the keys that it picked."""

from typing import Any

from pbe.errors import BadRequest
from pbe.schema.collection import Collection
from pbe.storage.sqlite_errors import QueryTooSlow, SqlError
from pbe.tenant import picker
from pbe.tenant.pipeline import Event
from pbe.tenant.record import Record
from pbe.tenant.record_enrich import enrich
from pbe.tenant.record_events import RecordsListRequestEvent
from pbe.tenant.record_json import dumps, list_bytes, plain
from pbe.tenant.record_list import Listing, prepare
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


async def list_json(unit: Unit, info: RequestInfo, collection: Collection) -> bytes:
    """A page of records. Raises `Forbidden`, `BadRequest`."""
    listing = await prepare(unit, info, collection)
    try:
        statement = listing.statement
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
    head = event.result
    return list_bytes(
        [dumps(item) for item in items], head["page"], head["perPage"], head["totalItems"], head["totalPages"]
    )
