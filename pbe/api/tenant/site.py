"""One tenant's site: the stock server's chain of middleware around the router.

Theory of operation, in the stock server's order. A path that is not canonical is redirected before anything else. CORS
comes next, and answers OPTIONS by itself. Then the request log begins to watch, failures become answers, the token is
turned into a record (an invalid one is a guest's), superusers from elsewhere are refused, the security headers are set,
rates and the body's announced size are limited, and the route's guard decides. What was refused before the security
headers is answered without them.
"""

import time
from functools import cache
from importlib import import_module

from pbe.api.tenant.caller import AUTH_NOTE, auth_of, is_superuser, real_ip, token_of
from pbe.api.tenant.request_log import log_request
from pbe.api.tenant.route import Answered, Route
from pbe.errors import Forbidden, NotFound, PayloadTooLarge, TooManyRequests
from pbe.tenant.addresses import is_listed
from pbe.tenant.auth_token import authenticate
from pbe.tenant.rate_limit import Rule
from pbe.tenant.tenant import Tenant
from pbe.web.errors import to_response
from pbe.web.request import Request
from pbe.web.response import Response, redirect
from pbe.web.router import Router, canonical

MODULES = (
    "auth",
    "auth_codes",
    "auth_mails",
    "auth_oauth2",
    "backups",
    "batch",
    "collections",
    "collections_import",
    "collections_meta",
    "crons",
    "exchange",
    "files",
    "health",
    "logs",
    "realtime",
    "realtime_ws",
    "records",
    "settings",
    "sql",
)
"""The files of this package whose `routes()` the site serves."""

ALLOWED_METHODS = b"GET,HEAD,PUT,PATCH,POST,DELETE"
_VARY = b"Vary: Origin\r\n"
_CORS = b"Access-Control-Allow-Origin: *\r\n"
_SECURITY = (
    b"Cross-Origin-Opener-Policy: same-origin\r\n"
    b"X-Content-Type-Options: nosniff\r\n"
    b"X-Frame-Options: SAMEORIGIN\r\n"
    b"X-Xss-Protection: 1; mode=block\r\n"
)
_HEADS = {
    (False, False): _VARY,
    (False, True): _VARY + _CORS,
    (True, False): _VARY + _SECURITY,
    (True, True): _VARY + _CORS + _SECURITY,
}
_SECURED = "secured"
_EMBEDDABLE = "embeddable"
_FRAMES = b"X-Frame-Options: SAMEORIGIN\r\n"


class TenantSite:
    """Answers the requests of one tenant. Never raises but for a broken invariant."""

    def __init__(self, tenant: Tenant) -> None:
        self._tenant = tenant
        self._router = router()

    async def handle(self, request: Request) -> Response:
        """The answer, with the headers of the chain."""
        path = request.raw_path.decode("latin-1")
        clean = canonical(path)
        if clean != path:
            return _moved(request, clean)
        cross_site = bool(request.headers.get_bytes(b"origin"))
        if request.method == "OPTIONS":
            return _preflight(request, cross_site)
        began = time.perf_counter()
        error: Exception | None = None
        quiet = False
        try:
            route = self._find(request, path)
            quiet = route.quiet
            response = await self._pass(request, route)
        except Answered as answered:
            error, response = answered, answered.response
        except Exception as failed:
            error, response = failed, to_response(failed)
        head = _HEADS[_SECURED in request.notes, cross_site]
        response.prebuilt += head if _EMBEDDABLE not in request.notes else head.replace(_FRAMES, b"")
        if error is not None or not quiet:
            log_request(request, self._tenant, response.status, time.perf_counter() - began, error)
        return response

    def _find(self, request: Request, path: str) -> Route:
        found = self._router.find(request.method, path)
        if found is None:
            return _NO_FILE if request.method in ("GET", "HEAD") else _NO_ROUTE
        handler, request.params = found
        route: Route = getattr(handler, "route", _NO_ROUTE)
        return route

    async def _pass(self, request: Request, route: Route) -> Response:
        """Everything between the log and the handler."""
        tenant = self._tenant
        if request.headers.get_bytes(b"authorization"):
            request.notes[AUTH_NOTE] = await authenticate(tenant, token_of(request))
        allowed = tenant.settings.superuser_ips
        if allowed and is_superuser(request) and not is_listed(real_ip(request, tenant), allowed):
            raise Forbidden(cause="superuser IP is not whitelisted")
        request.notes[_SECURED] = True
        if route.labels or tenant.settings.rate_limits["enabled"]:
            limit_rate(request, tenant, route)
        limit = route.body_bytes_max
        bytes_max = limit if isinstance(limit, int) else limit(request, tenant)
        if bytes_max > 0:
            request.notes["body_bytes_max"] = bytes_max
            if (request.reader.length or 0) > bytes_max:
                raise PayloadTooLarge
        if route.guard is not None:
            route.guard(request, tenant)
        return await route.handler(request, tenant)


def limit_rate(request: Request, tenant: Tenant, route: Route) -> None:
    """Count the request against the rule for it; `TooManyRequests` where that is used up.

    `NotFound` for a route with labels whose collection does not exist, limits or not.
    """
    collection = None
    if route.labels:
        collection = tenant.catalog.collection(request.params["collection"])
        if collection is None:
            raise NotFound(route.missing)
    auth = auth_of(request)
    options = tenant.settings.rate_limits
    if not options["enabled"] or (auth is not None and auth.is_superuser):
        return
    client = real_ip(request, tenant)
    if options["excludedIPs"] and is_listed(client, options["excludedIPs"]):
        return
    labels = [f"{request.method} {request.path}", request.path]
    if collection is not None:
        named = [f"{collection.name}:{label}" for label in route.labels]
        labels = [*named, *(f"*:{label}" for label in route.labels), *labels]
    rule = tenant.limits.find(labels, authenticated=auth is not None)
    if rule is None:
        return
    limiter = rule.label if collection is None else collection.id + route.key + "".join(route.labels)
    _consume(tenant, limiter + rule.audience, rule, client)


def _consume(tenant: Tenant, limiter: str, rule: Rule, client: str) -> None:
    if client and not tenant.limits.allow(limiter, rule, client, tenant.now()):
        raise TooManyRequests(cause=f"triggered rate limit rule: {rule}")


def _moved(request: Request, clean: str) -> Response:
    """Go's redirect to the canonical path; only GET and HEAD get a page with it."""
    query = request.raw_query.decode("latin-1")
    response = redirect(f"{clean}?{query}" if query else clean)
    if request.method not in ("GET", "HEAD"):
        response.headers = [pair for pair in response.headers if pair[0] != b"Content-Type"]
        response.body = b""
    return response


def _preflight(request: Request, cross_site: bool) -> Response:
    headers = [(b"Vary", b"Origin")]
    if cross_site:
        headers += [
            (b"Vary", b"Access-Control-Request-Method"),
            (b"Vary", b"Access-Control-Request-Headers"),
            (b"Access-Control-Allow-Origin", b"*"),
            (b"Access-Control-Allow-Methods", ALLOWED_METHODS),
        ]
        wanted = request.headers.get_bytes(b"access-control-request-headers")
        if wanted:
            headers.append((b"Access-Control-Allow-Headers", wanted))
    return Response(204, headers)


async def _file_not_found(request: Request, tenant: Tenant) -> Response:
    raise NotFound("File not found.")


async def _not_found(request: Request, tenant: Tenant) -> Response:
    raise NotFound


_NO_FILE = Route("GET", "/{path...}", _file_not_found)
_NO_ROUTE = Route("", "/", _not_found)


@cache
def router() -> Router:
    """The routes of every file in MODULES; the same for all tenants."""
    made = Router()
    for name in MODULES:
        for route in import_module(f"pbe.api.tenant.{name}").routes():
            made.add(route.method, route.pattern, _Found(route))
    return made


class _Found:
    """A route in the clothes of a handler, as the router wants it."""

    __slots__ = ("route",)

    def __init__(self, route: Route) -> None:
        self.route = route

    async def __call__(self, request: Request, tenant: Tenant) -> Response:
        return await self.route.handler(request, tenant)
