"""Creating and updating a collection within a transaction: put right, validated, stored, its table made to follow.

Theory of operation. `save` runs the events around the action as PocketBase does: create or update, validate, execute.
The row is written before the table is changed; whatever fails undoes all of it with the transaction. Views that select
from the collection are stored again where their fields have changed; one that cannot be any more stays as it is.
"""

from dataclasses import replace

from pbe.errors import BadRequest
from pbe.schema import collection_auth, dates
from pbe.schema.collection import AUTH, BASE, Collection, with_free_id, with_own_table, with_system_fields
from pbe.schema.collection_validate import validate
from pbe.schema.fields import build
from pbe.schema.view_query import ViewError
from pbe.tenant import settings_store
from pbe.tenant.collection_draft import Draft
from pbe.tenant.collection_events import CollectionErrorEvent, CollectionEvent
from pbe.tenant.collection_table import SchemaFailure, drop_view, sync_table
from pbe.tenant.collection_view import create_view, with_text_id
from pbe.tenant.pipeline import Event
from pbe.tenant.secret import secret_text
from pbe.tenant.unit import Unit

SECRET_CHARS = collection_auth.SECRET_CHARS
SUPERUSERS = "_superusers"


class Invalid(BadRequest):
    """The collection is not valid; `data` says where."""


async def save(unit: Unit, draft: Draft, collection: Collection, *, validated: bool = True) -> Collection:
    """Store the new or changed collection, and answer with it as stored.

    validated: whether to validate it first. Raises `Invalid`, `SchemaFailure`, `ViewError`, and what hooks raise.
    """
    action = "Create" if collection.is_new else "Update"
    pipeline = unit.tenant.pipeline
    before = draft.stored(collection.id) if action == "Update" else None
    event = CollectionEvent(f"onCollection{action}", put_right(draft, collection), unit)

    async def act(_: Event) -> None:
        if validated:
            await _validate(unit, draft, event)
        execute = CollectionEvent(f"onCollection{action}Execute", event.collection, unit)

        async def write(_: Event) -> None:
            execute.collection = await _execute(draft, execute.collection)

        await pipeline.wrap(execute, f"onCollection{action}Execute", None, f"onModel{action}Execute", write)
        event.collection = execute.collection

    try:
        await pipeline.wrap(event, f"onCollection{action}", None, f"onModel{action}", act)
    except Exception as error:
        await after(unit, event.collection, action, error)
        raise
    unit.on_completed(lambda error: after(unit, event.collection, action, error))
    if before is not None and before.name != event.collection.name:
        unit.on_completed(lambda error: _renamed(unit, before.name, event.collection.name, error))
    return event.collection


async def _renamed(unit: Unit, old: str, new: str, error: BaseException | None) -> None:
    """Let the rate limits of the collection follow its name."""
    if error is None:
        await settings_store.rename_collection(unit.tenant, old, new)


async def after(unit: Unit, collection: Collection, action: str, error: BaseException | None) -> None:
    """Tell that the action is complete, or that it or its transaction failed."""
    pipeline = unit.tenant.pipeline
    outcome = f"After{action}{'Success' if error is None else 'Error'}"
    if not pipeline.has(f"onCollection{outcome}", f"onModel{outcome}"):
        return
    event = (
        CollectionEvent(f"onCollection{outcome}", collection, unit)
        if error is None
        else CollectionErrorEvent(f"onCollection{outcome}", collection, unit, error)
    )
    await pipeline.wrap(event, f"onCollection{outcome}", None, f"onModel{outcome}", None)


def put_right(draft: Draft, collection: Collection) -> Collection:
    """The collection with what every stored one has: dates, ids, system fields, indexes of its own table."""
    now = dates.from_seconds(draft.tenant.now())
    made = replace(
        collection,
        type=collection.type or BASE,
        created=now if collection.is_new else collection.created,
        updated=now,
        fields=build(collection.fields),
    )
    made = with_system_fields(made)
    if made.type == AUTH:
        names = frozenset(field.name for field in made.fields)
        made = made.evolve(options=collection_auth.without_lost_fields(made.options, names))
    return with_own_table(with_free_id(made, draft.id_taken))


async def _validate(unit: Unit, draft: Draft, event: CollectionEvent) -> None:
    checked = CollectionEvent("onCollectionValidate", event.collection, unit)

    async def check(_: Event) -> None:
        checked.collection = await validated(draft, checked.collection)

    await unit.tenant.pipeline.wrap(checked, "onCollectionValidate", None, "onModelValidate", check)
    event.collection = checked.collection


async def validated(draft: Draft, collection: Collection, old: Collection | None = None) -> Collection:
    """The collection, a view with its fields of its query; raises `Invalid`. old: what it was, else as stored."""
    before = old if old is not None else None if collection.is_new else draft.stored(collection.id)
    if collection.is_view:
        collection = _with_view_fields(draft, collection)
        await draft.try_view(collection.view_query)
    errors = validate(collection, before, draft)
    if errors:
        raise Invalid(data=errors)
    return collection


def _with_view_fields(draft: Draft, collection: Collection) -> Collection:
    try:
        return collection.evolve(fields=draft.view_fields(collection.view_query))
    except ViewError as error:
        return collection.evolve(fields=error.fields)


def _forced(collection: Collection) -> Collection:
    """Superusers always log in by password, never by OAuth2, and by one-time passwords only as a second factor."""
    options = dict(collection.options)
    options["oauth2"] = options["oauth2"] | {"enabled": False, "providers": []}
    options["passwordAuth"] = options["passwordAuth"] | {"enabled": True}
    if options["otp"]["enabled"]:
        options["mfa"] = options["mfa"] | {"enabled": True}
    return collection.evolve(name=SUPERUSERS, options=options)


async def _execute(draft: Draft, collection: Collection) -> Collection:
    if collection.name == SUPERUSERS and collection.is_auth:
        collection = _forced(collection)
    old = None if collection.is_new else draft.stored(collection.id)
    if old is not None and collection.is_auth and (old.auth_rule or "") != (collection.auth_rule or ""):
        collection = _with_new_secret(draft, collection)
    if collection.is_view:
        collection = _write_view(draft, collection, old)
    stored = draft.put(collection, old.id if old is not None else "")
    if not stored.is_view:
        await draft.heavy(lambda tx: sync_table(tx, stored, old))
    try:
        refresh_views(draft, stored.id)
    except (ViewError, SchemaFailure):
        # Such a view is broken from now on, as it is in the real server; its owner has to change its query.
        return stored
    return stored


def _with_new_secret(draft: Draft, collection: Collection) -> Collection:
    """Nobody stays logged in by a rule that is not the rule any more."""
    secret = secret_text(draft.tenant.services.random_bytes, SECRET_CHARS)
    options = dict(collection.options)
    return collection.evolve(options=options | {"authToken": options["authToken"] | {"secret": secret}})


def _write_view(draft: Draft, collection: Collection, old: Collection | None) -> Collection:
    fields = draft.view_fields(collection.view_query)
    if old is not None:
        drop_view(draft.tx, old.name)
    random_bytes = draft.tenant.services.random_bytes
    try:
        query = with_text_id(draft.tx, collection.view_query, random_bytes)
    except ViewError as error:
        raise ViewError(f"failed to normalize view query id: {error.text}") from error
    create_view(draft.tx, collection.name, query)
    return collection.evolve(fields=fields)


def refresh_views(draft: Draft, except_id: str) -> None:
    """Store the views again whose fields have changed; raises for the first whose query does not work any more."""
    for view in draft.catalog.collections():
        if not view.is_view or view.id == except_id:
            continue
        fields = draft.view_fields(view.view_query)
        if _without_ids(view.evolve(fields=fields)) != _without_ids(view):
            now = dates.from_seconds(draft.tenant.now())
            draft.put(_write_view(draft, view.evolve(updated=now), view), view.id)


def _without_ids(collection: Collection) -> list[dict[str, object]]:
    return [field.evolve(id="").json() for field in collection.fields]
