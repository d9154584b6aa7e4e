"""A page of collections, filtered and sorted by what is in their rows."""

from typing import Any

from pbe.errors import BadRequest
from pbe.query.errors import FilterError
from pbe.query.select import count, rows
from pbe.query.simple import SimpleNames, simple_select
from pbe.schema.collection import COLUMNS
from pbe.storage.sqlite_errors import SqlError
from pbe.tenant.catalog import collections_of
from pbe.tenant.collection_events import CollectionsListRequestEvent
from pbe.tenant.pipeline import Event
from pbe.tenant.record_list import read_page
from pbe.tenant.request_info import RequestInfo
from pbe.tenant.tenant import Tenant

FILTERED = ("id", "created", "updated", "name", "system", "type")
_SELECT = ", ".join(f't."{name}"' for name in COLUMNS)


async def listed(tenant: Tenant, info: RequestInfo) -> dict[str, Any]:
    """The answer: items and the page's numbers. `BadRequest` for a wrong filter, sort or page."""
    page = read_page(info.query)
    try:
        names = SimpleNames(FILTERED, tenant.now())
        compiled = simple_select("_collections", names, page.filter, page.sort)
        counted = count(compiled)
        total = -1 if page.skip_total else int((await tenant.data.query(counted.sql, counted.params))[0][0])
        statement = rows(compiled, _SELECT, page.per_page, page.offset)
        found = await tenant.data.query(statement.sql, statement.params)
    except (FilterError, SqlError) as error:
        raise BadRequest(cause=str(error)) from error
    result: dict[str, Any] = {
        "page": page.page,
        "perPage": page.per_page,
        "totalItems": total,
        "totalPages": -1 if total < 0 else -(-total // page.per_page),
    }
    event = CollectionsListRequestEvent(info, collections_of(found), result)

    async def act(_: Event) -> None:
        event.result["items"] = [entry.json() for entry in event.collections]

    await tenant.pipeline.trigger(event, act)
    return event.result
