"""``PUT /api/collections/import``."""

from typing import Any

from pbe.api.tenant.caller import require_superuser
from pbe.api.tenant.collection_body import collection_data
from pbe.api.tenant.collections import request_of
from pbe.api.tenant.form import NOT_LOADED, refuse
from pbe.api.tenant.route import Route
from pbe.errors import BadRequest
from pbe.schema.rules import REQUIRED
from pbe.tenant.collection_import import import_collections
from pbe.tenant.tenant import Tenant
from pbe.web.request import Request
from pbe.web.response import Response, no_content


def routes() -> list[Route]:
    """The one route."""
    return [Route("PUT", "/api/collections/import", collections_import, guard=require_superuser)]


async def collections_import(request: Request, tenant: Tenant) -> Response:
    """Create, change and perhaps delete many collections at once."""
    data = await collection_data(request, NOT_LOADED, exact=False)
    collections, delete_missing = data.get("collections"), data.get("deleteMissing")
    if not _is_list_of_objects(collections) or not isinstance(delete_missing, bool | None):
        raise BadRequest(NOT_LOADED)
    refuse(None if collections else {"collections": REQUIRED})
    await import_collections(tenant, request_of(request), collections or [], delete_missing=bool(delete_missing))
    return no_content()


def _is_list_of_objects(value: Any) -> bool:
    return value is None or (isinstance(value, list) and all(isinstance(item, dict | None) for item in value))
