"""``/api/collections``: list, create, view, update, delete, empty; for superusers."""

from pbe.api.tenant.answer import answer
from pbe.api.tenant.caller import auth_of, require_superuser
from pbe.api.tenant.collection_body import collection_data
from pbe.api.tenant.route import Route
from pbe.tenant import collection_actions as actions
from pbe.tenant import picker
from pbe.tenant.collection_events import CollectionRequestEvent
from pbe.tenant.collection_list import listed
from pbe.tenant.record_json import dumps
from pbe.tenant.request_info import RequestInfo
from pbe.tenant.tenant import Tenant
from pbe.web.request import Request
from pbe.web.response import Response, json_bytes, no_content

PATTERN = "/api/collections"
ONE = PATTERN + "/{collection}"


def routes() -> list[Route]:
    """The six routes."""
    return [
        Route("GET", PATTERN, list_collections, guard=require_superuser),
        Route("POST", PATTERN, create_collection, guard=require_superuser),
        Route("GET", ONE, view_collection, guard=require_superuser),
        Route("PATCH", ONE, update_collection, guard=require_superuser),
        Route("DELETE", ONE, delete_collection, guard=require_superuser),
        Route("DELETE", ONE + "/truncate", truncate_collection, guard=require_superuser),
    ]


def request_of(request: Request) -> RequestInfo:
    """What hooks may know of the request; its body is theirs in the event."""
    query = {name: values[0] for name, values in request.query.items() if values}
    return RequestInfo(method=request.method, query=query, auth=auth_of(request))


async def list_collections(request: Request, tenant: Tenant) -> Response:
    """A page of collections."""
    result = await listed(tenant, request_of(request))
    fields = request.query_value("fields")
    if fields:
        result["items"] = picker.pick(result["items"], picker.parse(fields))
    return json_bytes(dumps(result))


async def create_collection(request: Request, tenant: Tenant) -> Response:
    """A new collection."""
    data = await collection_data(request, actions.UNREADABLE_TYPE)
    made = await actions.create(tenant, request_of(request), data)
    return answer(request, made.json())


async def view_collection(request: Request, tenant: Tenant) -> Response:
    """One collection."""
    collection = actions.found(tenant, request.params["collection"])
    event = CollectionRequestEvent("onCollectionViewRequest", request_of(request), collection)
    await tenant.pipeline.trigger(event)
    return answer(request, event.collection.json())


async def update_collection(request: Request, tenant: Tenant) -> Response:
    """A changed collection."""
    actions.found(tenant, request.params["collection"])
    data = await collection_data(request, actions.UNREADABLE)
    made = await actions.update(tenant, request_of(request), request.params["collection"], data)
    return answer(request, made.json())


async def delete_collection(request: Request, tenant: Tenant) -> Response:
    """No collection any more."""
    await actions.delete(tenant, request_of(request), request.params["collection"])
    return no_content()


async def truncate_collection(request: Request, tenant: Tenant) -> Response:
    """A collection without records."""
    await actions.truncate(tenant, request.params["collection"])
    return no_content()
