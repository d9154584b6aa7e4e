"""What superusers do with single collections: create, update, delete, empty them."""

from collections.abc import Awaitable, Callable, Coroutine, Mapping
from typing import Any, TypeVar

from twisted.internet.task import deferLater

from pbe.errors import BadRequest, NotFound, PbeError
from pbe.query.sql import name as quoted
from pbe.schema import collection as model
from pbe.schema.bind import BindError
from pbe.schema.collection import Collection
from pbe.schema.view_query import ViewError
from pbe.storage.sqlite_errors import SqlError
from pbe.tenant import auth_links, record_delete
from pbe.tenant.collection_draft import Draft
from pbe.tenant.collection_events import CollectionEvent, CollectionRequestEvent
from pbe.tenant.collection_save import SECRET_CHARS, after, refresh_views, save
from pbe.tenant.collection_table import SchemaFailure, drop_table, drop_view
from pbe.tenant.pipeline import Event
from pbe.tenant.record import Record
from pbe.tenant.record_shape import shape_of
from pbe.tenant.request_info import RequestInfo
from pbe.tenant.secret import secret_text
from pbe.tenant.sql_message import driver_text
from pbe.tenant.tenant import Tenant
from pbe.tenant.unit import Unit, transact

T = TypeVar("T")
RECORDS_PER_READ = 100
UNREADABLE_TYPE = "Failed to load the collection type data due to invalid formatting."
UNREADABLE = "Failed to load the submitted data due to invalid formatting."
NOT_TRUNCATED = "Failed to truncate collection (most likely due to required cascade delete record references)."
VIEW_NOT_TRUNCATED = "View collections cannot be truncated since they don't store their own records."


def found(tenant: Tenant, name_or_id: str) -> Collection:
    """The collection; `NotFound` where there is none."""
    collection = tenant.catalog.collection(name_or_id)
    if collection is None:
        raise NotFound
    return collection


async def change(tenant: Tenant, work: Callable[[Unit, Draft], Coroutine[Any, Any, T]]) -> T:
    """Run `work(unit, draft)` in a transaction of its own; requests see its collections once it is done."""

    async def within(unit: Unit) -> T:
        if unit.tx is None:
            raise NotFound
        draft = Draft(tenant, unit.tx)
        result = await work(unit, draft)
        draft.publish()
        return result

    try:
        return await transact(tenant, within, exclusive=True)
    except BaseException:
        await tenant.catalog.reload(tenant.data)
        raise


async def create(tenant: Tenant, info: RequestInfo, data: Mapping[str, Any]) -> Collection:
    """A new collection of a client's JSON."""
    kind, name = _in_any_case(data, "type"), _in_any_case(data, "name")
    fresh = model.new(kind, name, lambda: secret_text(tenant.services.random_bytes, SECRET_CHARS))
    event = CollectionRequestEvent("onCollectionCreateRequest", info, _loaded(fresh, data))
    await _saved(tenant, event, "create")
    return event.collection


async def update(tenant: Tenant, info: RequestInfo, name_or_id: str, data: Mapping[str, Any]) -> Collection:
    """The collection with a client's JSON laid over it."""
    old = found(tenant, name_or_id)
    new = _loaded(old, data)
    if new.id != old.id:
        raise NotFound
    event = CollectionRequestEvent("onCollectionUpdateRequest", info, new)
    await _saved(tenant, event, "update")
    return event.collection


def _in_any_case(data: Mapping[str, Any], name: str) -> str:
    """The text under a name in any case; "" where there is none."""
    found = [value for key, value in data.items() if key.lower() == name]
    if len(found) > 1 or not isinstance(found[0] if found else "", str | None):
        raise BadRequest(UNREADABLE_TYPE)
    return str(found[0] or "") if found else ""


def _loaded(current: Collection, data: Mapping[str, Any]) -> Collection:
    try:
        return model.load(current, data)
    except BindError as error:
        raise BadRequest(UNREADABLE, cause=str(error)) from error


async def _saved(tenant: Tenant, event: CollectionRequestEvent, verb: str) -> None:
    async def innermost(_: Event) -> None:
        with_errors = refusing(f"Failed to {verb} collection.")
        event.collection = await with_errors(change(tenant, lambda unit, draft: save(unit, draft, event.collection)))

    await tenant.pipeline.trigger(event, innermost)


def refusing(message: str) -> Callable[[Awaitable[T]], Coroutine[Any, Any, T]]:
    """What awaits an action and refuses its failures with `message`, and with their text where they have no data."""

    async def awaited(action: Awaitable[T]) -> T:
        try:
            return await action
        except BadRequest as error:
            if error.data and error.message == BadRequest.default_message:
                raise BadRequest(message, error.data, cause=error.cause) from error
            raise
        except (SchemaFailure, ViewError, SqlError) as error:
            raise BadRequest(f"{message} Raw error: \n{raw_text(error)}", cause=str(error)) from error

    return awaited


def raw_text(error: PbeError) -> str:
    """What a superuser is told of an error that is no validation's."""
    if isinstance(error, SchemaFailure | ViewError | BindError):
        return error.text
    return driver_text(error) if isinstance(error, SqlError) else str(error)


async def delete(tenant: Tenant, info: RequestInfo, name_or_id: str) -> None:
    """Delete the collection with its records and their files; not while others refer to it or depend on it."""
    event = CollectionRequestEvent("onCollectionDeleteRequest", info, found(tenant, name_or_id))

    async def innermost(_: Event) -> None:
        try:
            await change(tenant, lambda unit, draft: remove(unit, draft, event.collection))
        except (SchemaFailure, ViewError, SqlError) as error:
            raise BadRequest(_not_deleted(tenant, event.collection), cause=str(error)) from error

    await tenant.pipeline.trigger(event, innermost)


def _not_deleted(tenant: Tenant, collection: Collection) -> str:
    others = {entry.name for entry, _ in tenant.catalog.references(collection.id) if entry.id != collection.id}
    reason = f" probably due to existing reference in {', '.join(sorted(others))}" if others else ""
    return f"Failed to delete collection{reason}"


async def remove(unit: Unit, draft: Draft, collection: Collection, *, integrity: bool = True) -> None:
    """Delete the collection in the transaction. integrity: refuse while relations or views depend on it."""
    pipeline = unit.tenant.pipeline

    async def act(_: Event) -> None:
        execute = CollectionEvent("onCollectionDeleteExecute", collection, unit)

        async def write(_: Event) -> None:
            await _drop(draft, collection, integrity)

        await pipeline.wrap(execute, "onCollectionDeleteExecute", None, "onModelDeleteExecute", write)

    try:
        event = CollectionEvent("onCollectionDelete", collection, unit)
        await pipeline.wrap(event, "onCollectionDelete", None, "onModelDelete", act)
    except Exception as error:
        await after(unit, collection, "Delete", error)
        raise
    unit.on_completed(lambda error: _deleted(unit, collection, error))


async def _deleted(unit: Unit, collection: Collection, error: BaseException | None) -> None:
    files = unit.tenant.files
    if error is None and files is not None and not collection.is_view:
        await files.delete_record(f"{collection.id}/")
    await after(unit, collection, "Delete", error)


async def _drop(draft: Draft, collection: Collection, integrity: bool) -> None:
    if collection.system:
        raise SchemaFailure(f"[{collection.name}] system collections cannot be deleted")
    others = [entry.name for entry, _ in draft.catalog.references(collection.id) if entry.id != collection.id]
    if integrity and others:
        raise SchemaFailure(
            f"[{collection.name}] failed to delete due to existing relation references: {', '.join(others)}"
        )
    drop = drop_view if collection.is_view else drop_table
    await draft.heavy(lambda tx: drop(tx, collection.name))
    draft.remove(collection)
    if collection.is_auth:
        auth_links.after_collection_delete(draft.tx, collection)
    if integrity:
        refresh_views(draft, collection.id)


async def truncate(tenant: Tenant, name_or_id: str) -> None:
    """Delete all records, with what follows each."""
    collection = found(tenant, name_or_id)
    if collection.is_view:
        raise BadRequest(VIEW_NOT_TRUNCATED)
    try:
        await transact(tenant, lambda unit: _delete_all(unit, collection), exclusive=True)
    except (BadRequest, SqlError) as error:
        raise BadRequest(NOT_TRUNCATED, cause=str(error)) from error


async def _delete_all(unit: Unit, collection: Collection) -> None:
    """In batches, between which other tenants have their turn."""
    sql = f"SELECT {shape_of(collection).select} FROM {quoted(collection.name)} t LIMIT {RECORDS_PER_READ}"
    while rows := await unit.query(sql):
        for row in rows:
            record = Record.from_row(collection, row)
            if await unit.query(f"SELECT 1 FROM {quoted(collection.name)} WHERE id = ?", (record.stored_id,)):
                await record_delete.delete(unit, record)
        await deferLater(unit.tenant.clock, 0)
