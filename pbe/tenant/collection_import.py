"""Importing collections: many at once, new and changed ones, and perhaps the end of all others.

As in PocketBase all are stored first and validated after, in one transaction, so that they may refer to one another.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from pbe.errors import BadRequest, field_error
from pbe.schema import bind
from pbe.schema import collection as model
from pbe.schema.bind import BindError
from pbe.schema.collection import Collection
from pbe.schema.fields import add, by_id, by_name
from pbe.schema.go_cast import to_string
from pbe.schema.view_query import ViewError
from pbe.storage.sqlite_errors import SqlError
from pbe.tenant.collection_actions import change, raw_text, remove
from pbe.tenant.collection_draft import Draft
from pbe.tenant.collection_events import CollectionsImportRequestEvent
from pbe.tenant.collection_save import SECRET_CHARS, Invalid, save, validated
from pbe.tenant.collection_table import SchemaFailure
from pbe.tenant.pipeline import Event
from pbe.tenant.request_info import RequestInfo
from pbe.tenant.secret import secret_text
from pbe.tenant.tenant import Tenant
from pbe.tenant.unit import Unit
from pbe.tenant.validation_text import tree_of

FAILED = "Failed to import collections."
CODE = "validation_collections_import_failure"


async def import_collections(
    tenant: Tenant, info: RequestInfo, data: list[dict[str, Any] | None], *, delete_missing: bool
) -> None:
    """Import the collections of their JSON. delete_missing: delete the others, and fields that are not in the JSON."""
    event = CollectionsImportRequestEvent(info, [entry or {} for entry in data], delete_missing)

    async def innermost(_: Event) -> None:
        try:
            await change(tenant, lambda unit, draft: _import(unit, draft, event.collections_data, delete_missing))
        except BadRequest as error:
            raise BadRequest(FAILED, error.data, cause=error.cause) from error
        except (SchemaFailure, ViewError, SqlError, BindError) as error:
            said = f"Failed to import the collections configuration. Raw error:\n{raw_text(error)}"
            raise BadRequest(FAILED, {"collections": field_error(CODE, said)}, cause=str(error)) from error

    await tenant.pipeline.trigger(event, innermost)


async def _import(unit: Unit, draft: Draft, data: Sequence[Mapping[str, Any]], delete_missing: bool) -> None:
    before = {entry.id: entry for entry in draft.catalog.collections()}
    imported = [_loaded(draft, entry, delete_missing) for entry in data]
    kept = {entry.id for entry in imported}
    for old in sorted(before.values(), key=lambda entry: entry.updated) if delete_missing else ():
        if old.id not in kept and not old.system:
            await remove(unit, draft, old, integrity=False)
    ages = {entry.id: age for age, entry in enumerate(before.values())}
    stored = [await _stored(unit, draft, entry) for entry in _ordered(imported, ages)]
    for entry in stored:
        await _check(draft, entry, before.get(entry.id))


def _ordered(imported: list[Collection], ages: Mapping[str, int]) -> list[Collection]:
    """Views last, since they select from the others; then by age, new ones as they came."""
    return sorted(imported, key=lambda entry: (entry.is_view, entry.created, entry.updated, ages.get(entry.id, -1)))


async def _stored(unit: Unit, draft: Draft, collection: Collection) -> Collection:
    try:
        return await save(unit, draft, collection, validated=False)
    except (SchemaFailure, ViewError, SqlError) as error:
        raise SchemaFailure(f'failed to save collection "{collection.name}": {raw_text(error)}') from error


async def _check(draft: Draft, collection: Collection, old: Collection | None) -> None:
    try:
        await validated(draft, collection, old if old is not None else collection)
    except Invalid as error:
        shown = json.dumps(tree_of(error.data), indent=2, ensure_ascii=False, sort_keys=True)
        said = f'Data validations failed for collection "{collection.name}" ({collection.id}):\n{shown}'
        raise BadRequest(FAILED, {"collections": field_error(CODE, said)}) from error


def _loaded(draft: Draft, data: Mapping[str, Any], delete_missing: bool) -> Collection:
    """The collection with the JSON laid over it, or a new one."""
    existing = draft.collection(to_string(data.get("id")) or to_string(data.get("name")))
    if existing is None:
        return _new(draft, data)
    if data.get("fields") is None and delete_missing:
        data = {**data, "fields": []}
    imported = model.load(existing, data)
    for field in existing.fields:
        if (delete_missing and not field.system) or by_id(imported.fields, field.id) is not None:
            continue
        same = by_name(imported.fields, field.name)
        if same is not None and same.type == field.type:
            renamed = tuple(entry.evolve(id=field.id) if entry is same else entry for entry in imported.fields)
            imported = imported.evolve(fields=renamed)
        imported = imported.evolve(fields=add(imported.fields, field))
    return imported


def _new(draft: Draft, data: Mapping[str, Any]) -> Collection:
    given, name, kind = (bind.convert("str", data.get(key), f"/{key}") for key in ("id", "name", "type"))
    random_bytes = draft.tenant.services.random_bytes
    fresh = model.new(kind, name, lambda: secret_text(random_bytes, SECRET_CHARS), collection_id=given)
    return model.load(fresh, data)
