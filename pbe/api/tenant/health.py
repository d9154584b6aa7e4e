"""``/api/health``."""

from typing import Any

from pbe.api.tenant.answer import answer
from pbe.api.tenant.caller import is_superuser, real_ip
from pbe.api.tenant.route import Route
from pbe.tenant.tenant import Tenant
from pbe.web.request import Request
from pbe.web.response import Response

PROXY_HEADERS = ("CF-Connecting-IP", "Fly-Client-IP", "X-Forwarded-For")
"""Common ones, beside those that the settings trust."""


def routes() -> list[Route]:
    """The one route."""
    return [Route("GET", "/api/health", health)]


async def health(request: Request, tenant: Tenant) -> Response:
    """That the tenant answers; to superusers also what they should know of proxies and backups."""
    data: dict[str, Any] = {}
    if is_superuser(request):
        headers = [*tenant.settings.trusted["headers"], *PROXY_HEADERS]
        data = {
            "canBackup": tenant.backup is None,
            "realIP": real_ip(request, tenant),
            "possibleProxyHeader": next((name for name in headers if request.headers.get(name)), ""),
        }
    return answer(request, {"message": "API is healthy.", "code": 200, "data": data})
