"""The platform's API as one handler: who calls, which endpoint, errors in PocketBase's shape with `error` beside."""

from collections.abc import Awaitable, Callable

from pbe.api.admin.access import Access, Caller
from pbe.api.admin.health import Health
from pbe.api.admin.history import History
from pbe.api.admin.nodes import Nodes
from pbe.api.admin.placement import PlacementRules
from pbe.api.admin.raft import Raft
from pbe.api.admin.tenants import Tenants
from pbe.errors import NotFound, RequestError
from pbe.web.errors import to_response
from pbe.web.request import Request
from pbe.web.response import Response
from pbe.web.router import Router

PREFIX = "/api/cp/"
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")

Endpoint = Callable[[Request, Caller], Awaitable[Response]]


class MethodNotAllowed(RequestError):
    """405: the path is there, the method is not."""

    status = 405
    default_message = "The method is not allowed for this path."


def routes(
    tenants: Tenants, history: History, nodes: Nodes, placement: PlacementRules, raft: Raft, health: Health
) -> list[tuple[str, str, Endpoint]]:
    """Every endpoint: method, pattern, handler."""
    tenant, node = "/api/cp/tenants/{id}", "/api/cp/nodes/{id}"
    return [
        ("POST", "/api/cp/tenants", tenants.create),
        ("GET", "/api/cp/tenants", tenants.index),
        ("GET", tenant, tenants.show),
        ("PUT", tenant, tenants.update),
        ("PATCH", tenant, tenants.update),
        ("DELETE", tenant, tenants.delete),
        ("POST", f"{tenant}/migrate", tenants.migrate),
        ("POST", f"{tenant}/restore", history.restore),
        ("POST", f"{tenant}/verify", history.verify),
        ("PUT", f"{tenant}/superuser", tenants.superuser),
        ("GET", "/api/cp/nodes", nodes.index),
        ("GET", node, nodes.show),
        ("PATCH", node, nodes.update),
        ("DELETE", node, nodes.remove),
        ("POST", f"{node}/drain", nodes.drain),
        ("POST", f"{node}/undrain", nodes.undrain),
        ("GET", "/api/cp/config/placement", placement.show),
        ("PUT", "/api/cp/config/placement", placement.update),
        ("PATCH", "/api/cp/config/placement", placement.update),
        ("GET", "/api/cp/config/placement/moves", placement.moves),
        ("GET", f"{tenant}/placement", placement.explain),
        ("GET", "/api/cp/health", health.platform),
        ("GET", "/api/cp/raft/status", raft.status),
        ("POST", "/api/cp/raft/members", raft.add),
        ("DELETE", "/api/cp/raft/members/{id}", raft.remove),
        ("POST", "/api/cp/raft/transfer", raft.transfer),
        ("POST", "/api/cp/raft/snapshot", raft.snapshot),
    ]


class PlatformSite:
    """Answers everything under /api/cp, and /api/health where no tenant is named."""

    def __init__(self, access: Access, endpoints: list[tuple[str, str, Endpoint]], health: Health) -> None:
        self._access = access
        self._health = health
        self._router = Router()
        for method, pattern, endpoint in endpoints:
            self._router.add(method, pattern, endpoint)

    async def handle(self, request: Request) -> Response:
        """The answer to a request; errors are answers too."""
        try:
            return await self._answer(request)
        except Exception as error:
            return to_response(error, platform=True)

    async def _answer(self, request: Request) -> Response:
        path = request.raw_path.decode("latin-1")
        if path in ("/api/health", "/api/health/") and request.method in ("GET", "HEAD"):
            return await self._health.alive(request)
        if not path.startswith(PREFIX):
            raise NotFound
        caller = await self._access.caller(request)
        path = path.rstrip("/")
        found = self._router.find(request.method, path)
        if found is None:
            allowed = [method for method in METHODS if self._router.find(method, path)]
            raise MethodNotAllowed if allowed else NotFound
        endpoint, request.params = found
        response: Response = await endpoint(request, caller)
        return response
