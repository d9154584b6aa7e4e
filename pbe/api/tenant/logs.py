"""``/api/logs``: list, view, statistics, delete."""

from typing import Any

from pbe.api.tenant.answer import answer
from pbe.api.tenant.caller import require_superuser
from pbe.api.tenant.route import Route
from pbe.tenant import log_query
from pbe.tenant.tenant import Tenant
from pbe.web.request import Request
from pbe.web.response import Response, no_content

PATH = "/api/logs"


def routes() -> list[Route]:
    """The four routes; that somebody reads the log is not logged."""
    return [
        Route("GET", PATH, list_logs, require_superuser, quiet=True),
        Route("DELETE", PATH, delete_logs, require_superuser, quiet=True),
        Route("GET", f"{PATH}/stats", log_stats, require_superuser, quiet=True),
        Route("GET", f"{PATH}/{{id}}", view_log, require_superuser, quiet=True),
    ]


async def list_logs(request: Request, tenant: Tenant) -> Response:
    """A page of entries."""
    query = {name: values[0] for name, values in request.query.items() if values}
    found: dict[str, Any] = await log_query.page(tenant, query)
    return answer(request, found)


async def view_log(request: Request, tenant: Tenant) -> Response:
    """One entry."""
    return answer(request, await log_query.entry(tenant, request.params["id"]))


async def log_stats(request: Request, tenant: Tenant) -> Response:
    """Entries by hour."""
    return answer(request, await log_query.stats(tenant, request.query_value("filter")))


async def delete_logs(request: Request, tenant: Tenant) -> Response:
    """All entries are gone."""
    await tenant.log.delete_all()
    return no_content()
