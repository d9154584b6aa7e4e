"""``/api/sql``: the superuser's console."""

from pbe.api.tenant.answer import answer
from pbe.api.tenant.caller import require_superuser
from pbe.api.tenant.form import read_form, refuse
from pbe.api.tenant.route import Route
from pbe.errors import BadRequest
from pbe.schema import rules
from pbe.storage.sqlite_errors import SqlError
from pbe.tenant import console
from pbe.tenant.sql_message import driver_text
from pbe.tenant.tenant import Tenant
from pbe.web.request import Request
from pbe.web.response import Response

QUERY_BYTES_MAX = 5000
FAILED = "Failed to execute query. Raw error:\n"


def routes() -> list[Route]:
    """The one route."""
    return [Route("POST", "/api/sql", run_sql, require_superuser)]


async def run_sql(request: Request, tenant: Tenant) -> Response:
    """Run statements; the answer is what the last of them gave."""
    form = await read_form(request, {"query": ""})
    query = form["query"]
    refuse(rules.gather(query=rules.first(query, rules.required, rules.length(0, QUERY_BYTES_MAX))))
    if not query.strip():
        raise BadRequest(FAILED + "empty query")
    try:
        found = await console.run(tenant, query)
    except console.ParameterMissing as error:
        raise BadRequest(FAILED + error.text) from error
    except SqlError as error:
        raise BadRequest(FAILED + driver_text(error)) from error
    columns = [{"name": name, "type": kind, "nullable": True} for name, kind in found.columns]
    return answer(
        request,
        {"execTime": found.exec_ms, "affectedRows": found.affected_rows, "columns": columns, "rows": found.rows},
    )
