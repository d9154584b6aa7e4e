"""``/api/crons``: the tenant's jobs, and running one now."""

from pbe.api.tenant.answer import answer
from pbe.api.tenant.caller import require_superuser
from pbe.api.tenant.route import Route
from pbe.errors import NotFound
from pbe.tenant.tenant import Tenant
from pbe.web.request import Request
from pbe.web.response import Response, no_content

PATH = "/api/crons"


def routes() -> list[Route]:
    """The two routes."""
    return [
        Route("GET", PATH, list_crons, require_superuser),
        Route("POST", f"{PATH}/{{id}}", run_cron, require_superuser),
    ]


async def list_crons(request: Request, tenant: Tenant) -> Response:
    """All jobs."""
    return answer(request, [{"id": job.id, "expression": job.expression} for job in tenant.crons.jobs()])


async def run_cron(request: Request, tenant: Tenant) -> Response:
    """The job runs; how it ends is for the log."""
    if not tenant.crons.run(request.params["id"]):
        raise NotFound("Missing or invalid cron job.")
    return no_content()
