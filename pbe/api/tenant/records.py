"""``/api/collections/{collection}/records``: list, view, create, update, delete."""

from pbe.api.tenant.request_info import collection_of, info_of
from pbe.api.tenant.route import BODY_BYTES_MAX, Route, limit_of
from pbe.errors import NotFound
from pbe.tenant import record_actions
from pbe.tenant.record_answer import list_json, record_json, view_json
from pbe.tenant.record_form import Files
from pbe.tenant.tenant import Tenant
from pbe.tenant.unit import Unit
from pbe.tenant.upload import uploads
from pbe.web.bodies import read_bound
from pbe.web.request import Request
from pbe.web.response import Response, json_bytes, no_content

PATTERN = "/api/collections/{collection}/records"
_MISSING = "Missing collection context."


def routes() -> list[Route]:
    """The five routes; rate limits know them by their action."""
    return [
        Route("GET", PATTERN, list_records, labels=("list",), missing=_MISSING),
        Route("GET", PATTERN + "/{id}", view_record, labels=("view",), missing=_MISSING),
        Route("POST", PATTERN, create_record, labels=("create",), body_bytes_max=body_limit),
        Route("PATCH", PATTERN + "/{id}", update_record, labels=("update",), body_bytes_max=body_limit),
        Route("DELETE", PATTERN + "/{id}", delete_record, labels=("delete",), missing=_MISSING),
    ]


def body_limit(request: Request, tenant: Tenant) -> int:
    """The default and what the collection's fields may take beside it."""
    collection = tenant.catalog.collection(request.params.get("collection", ""))
    if collection is None:
        raise NotFound("Missing or invalid collection context.")
    if collection.is_view:
        return BODY_BYTES_MAX
    return BODY_BYTES_MAX + sum(field.max_body_bytes() for field in collection.fields)


async def list_records(request: Request, tenant: Tenant) -> Response:
    """A page of records."""
    collection = collection_of(request, tenant)
    info = await info_of(request)
    return json_bytes(await list_json(Unit(tenant), info, collection))


async def view_record(request: Request, tenant: Tenant) -> Response:
    """One record."""
    collection = collection_of(request, tenant)
    info = await info_of(request)
    return json_bytes(await view_json(Unit(tenant), info, collection, request.params["id"]))


async def create_record(request: Request, tenant: Tenant) -> Response:
    """A new record."""
    collection = collection_of(request, tenant)
    info = await info_of(request)
    record = await record_actions.create(Unit(tenant), info, collection, await _files(request, tenant))
    return json_bytes(record_json(info, record))


async def update_record(request: Request, tenant: Tenant) -> Response:
    """A changed record."""
    collection = collection_of(request, tenant)
    info = await info_of(request)
    files = await _files(request, tenant)
    record = await record_actions.update(Unit(tenant), info, collection, request.params["id"], files)
    return json_bytes(record_json(info, record))


async def delete_record(request: Request, tenant: Tenant) -> Response:
    """No record any more."""
    collection = collection_of(request, tenant)
    info = await info_of(request)
    await record_actions.delete(Unit(tenant), info, collection, request.params["id"])
    return no_content()


async def _files(request: Request, tenant: Tenant) -> Files:
    if not request.headers.get("content-type").startswith("multipart/form-data"):
        return {}
    bound = await read_bound(request, limit_of(request))
    return uploads(bound.files, tenant.services.random_bytes)
