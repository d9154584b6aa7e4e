"""``/api/collections/meta``: what the dashboard needs to know before there is a collection."""

from pbe.api.tenant.answer import answer
from pbe.api.tenant.caller import require_superuser
from pbe.api.tenant.form import read_form, refuse
from pbe.api.tenant.route import Route
from pbe.errors import BadRequest
from pbe.schema import rules
from pbe.schema.collection import TYPES
from pbe.schema.scaffold import scaffold
from pbe.schema.view_query import ViewError
from pbe.storage.sqlite import Transaction
from pbe.storage.sqlite_errors import SqlError
from pbe.tenant.auth_provider import listing
from pbe.tenant.collection_actions import raw_text
from pbe.tenant.collection_dry_run import DryRun, dry_run
from pbe.tenant.tenant import Tenant
from pbe.web.request import Request
from pbe.web.response import Response

META = "/api/collections/meta"
QUERY_BYTES_MAX = 5000


def routes() -> list[Route]:
    """The three routes."""
    return [
        Route("GET", META + "/scaffolds", scaffolds, guard=require_superuser),
        Route("GET", META + "/oauth2-providers", providers, guard=require_superuser),
        Route("POST", META + "/dry-run-view", dry_run_view, guard=require_superuser),
    ]


async def scaffolds(request: Request, tenant: Tenant) -> Response:
    """An empty collection of each type."""
    random_bytes = tenant.services.random_bytes
    return answer(request, {kind: scaffold(kind, random_bytes).json() for kind in TYPES})


async def providers(request: Request, tenant: Tenant) -> Response:
    """The OAuth2 providers there are."""
    return answer(request, listing())


async def dry_run_view(request: Request, tenant: Tenant) -> Response:
    """The fields and first records that a view of the query would have."""
    query = (await read_form(request, {"query": ""}))["query"]
    refuse(rules.gather(query=rules.first(query, rules.required, rules.length(0, QUERY_BYTES_MAX))))
    try:
        found = await _tried(tenant, query)
    except (ViewError, SqlError) as error:
        raise BadRequest(f"Invalid view query. Raw error: \n{raw_text(error)}", cause=str(error)) from error
    sample = [record.export() for record in found.sample]
    return answer(request, {"fields": [field.json() for field in found.fields], "sample": sample})


class _Undo(Exception):
    """Ends a transaction that was only a trial."""

    def __init__(self, found: DryRun) -> None:
        self.found = found
        super().__init__()


async def _tried(tenant: Tenant, query: str) -> DryRun:
    async def work(tx: Transaction) -> None:
        catalog, random_bytes = tenant.catalog, tenant.services.random_bytes
        raise _Undo(
            await tx.heavy_job(lambda connection: dry_run(Transaction(connection), query, catalog, random_bytes))
        )

    try:
        await tenant.data.write(work, exclusive=True)
    except _Undo as done:
        return done.found
    raise BadRequest
