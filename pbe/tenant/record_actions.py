"""What clients do with records: view, create, update, delete, each under its rule and around its hooks.

Every action takes a `Unit`, so that it works alone or as one of a batch, and gives the record as it is to be shown.
Data and files must be read before; `info.body` is the data as it was sent.
"""

from collections.abc import Awaitable, Callable

from pbe.errors import BadRequest, NotFound, RequestError
from pbe.query.errors import FilterError
from pbe.schema.collection import Collection
from pbe.storage.sqlite_errors import SqlError
from pbe.tenant.pipeline import Event
from pbe.tenant.record import Record
from pbe.tenant.record_access import may_create, may_manage, refuse_views, rule_for
from pbe.tenant.record_delete import StillNeeded
from pbe.tenant.record_delete import delete as delete_record
from pbe.tenant.record_enrich import enrich
from pbe.tenant.record_events import RecordRequestEvent
from pbe.tenant.record_form import Files, data_of, load
from pbe.tenant.record_invalid import Invalid
from pbe.tenant.record_read import find
from pbe.tenant.record_save import save
from pbe.tenant.request_info import OAUTH2, RequestInfo
from pbe.tenant.unit import Unit

Finish = Callable[[Record], Awaitable[None]]
_DELETE_FAILED = "Failed to delete record. Make sure that the record is not part of a required relation reference."


async def view(unit: Unit, info: RequestInfo, collection: Collection, record_id: str) -> Record:
    """The record, if its view rule lets whoever asks see it; else `NotFound`."""
    rule = rule_for(info, collection.view_rule)
    record = await _find(unit, collection, record_id, rule, info)

    async def act(_: Event) -> None:
        await enrich(unit, info, [record])

    await _request(unit, "View", info, record, act)
    return record


async def create(
    unit: Unit, info: RequestInfo, collection: Collection, files: Files, finish: Finish | None = None
) -> Record:
    """Store what was sent as a new record. `finish` runs inside the hooks, once the record is ready to be shown."""
    refuse_views(collection)
    rule_for(info, collection.create_rule)
    record = Record.new(collection)
    data = data_of(unit.tenant, info, record, files)
    if info.context == OAUTH2 and "password" not in data:
        raise BadRequest("Failed to create record.", cause="an OAuth2 record needs a password set by its service")
    form = load(record, data, info)
    if not info.is_superuser:
        form.manages = await may_create(unit, info, record)

    async def act(_: Event) -> None:
        with_message = "Failed to create record."
        try:
            await form.check(unit.tenant)
            await save(unit, record)
        except (Invalid, SqlError) as error:
            raise _failed(with_message, error) from error
        await enrich(unit, info, [record])
        if finish is not None:
            await finish(record)

    await _request(unit, "Create", info, record, act)
    return record


async def update(
    unit: Unit, info: RequestInfo, collection: Collection, record_id: str, files: Files, finish: Finish | None = None
) -> Record:
    """Store what was sent over the record, if its update rule lets whoever asks; else `NotFound`."""
    refuse_views(collection)
    rule = rule_for(info, collection.update_rule)
    record = await _find(unit, collection, record_id, "", info)
    data = data_of(unit.tenant, info, record, files)
    if rule:
        record = await _find(unit, collection, record_id, rule, info)
    form = load(record, data, info)
    if not form.manages:
        form.manages = await may_manage(unit, info, record)

    async def act(_: Event) -> None:
        try:
            await form.check(unit.tenant)
            await save(unit, record)
        except (Invalid, SqlError) as error:
            raise _failed("Failed to update record.", error) from error
        await enrich(unit, info, [record])
        if finish is not None:
            await finish(record)

    await _request(unit, "Update", info, record, act)
    return record


async def delete(
    unit: Unit, info: RequestInfo, collection: Collection, record_id: str, finish: Finish | None = None
) -> None:
    """Delete the record, if its delete rule lets whoever asks; else `NotFound`."""
    refuse_views(collection)
    rule = rule_for(info, collection.delete_rule)
    record = await _find(unit, collection, record_id, rule, info)

    async def act(_: Event) -> None:
        try:
            await delete_record(unit, record)
        except (StillNeeded, Invalid, SqlError) as error:
            raise BadRequest(_DELETE_FAILED, cause=str(error)) from error
        if finish is not None:
            await finish(record)

    await _request(unit, "Delete", info, record, act)


async def _find(unit: Unit, collection: Collection, record_id: str, rule: str, info: RequestInfo) -> Record:
    try:
        record = await find(unit, collection, record_id, rule=rule, info=info) if record_id else None
    except (FilterError, SqlError) as error:
        raise NotFound(cause=str(error)) from error
    if record is None:
        raise NotFound
    return record


async def _request(
    unit: Unit, action: str, info: RequestInfo, record: Record, act: Callable[[Event], Awaitable[None]]
) -> None:
    name = f"onRecord{action}Request"
    await unit.tenant.pipeline.trigger(RecordRequestEvent(name, info, record, unit), act)


def _failed(message: str, error: Exception) -> RequestError:
    data = error.data if isinstance(error, Invalid) else {}
    return BadRequest(message, data, cause=str(error))
