"""Which tenant a request is for."""

import re
from collections.abc import Callable

from pbe.errors import BadRequest, NotFound
from pbe.gateway.heads import CALLER_TENANT
from pbe.ids import RESERVED_LABELS, is_tenant_id
from pbe.routing.table import Route, RouteTable
from pbe.web.request import Request

_ADDRESS = re.compile(rb"[0-9.]+|\[.*")


class NoTenantNamed(BadRequest):
    """Neither the host nor a trusted X-Tenant-ID names a tenant."""

    default_message = "No tenant is named: use its domain, or X-Tenant-ID from a trusted address."


class UnknownTenant(NotFound):
    """A tenant is named, and there is none of that name."""

    default_message = "There is no such tenant."


class Resolver:
    """By the whole host, by `<id>.<domain>`, by X-Tenant-ID from callers that `trusted` lets speak for a tenant."""

    def __init__(self, table: RouteTable, trusted: Callable[[Request], bool]) -> None:
        self._table = table
        self._trusted = trusted
        self._domain = table.domain.encode()

    def find(self, request: Request) -> Route:
        """The route. Raises `NoTenantNamed`, `UnknownTenant`."""
        host = request.host
        route = self._table.find(host)
        if route is not None:
            return route
        named = request.headers.get_bytes(CALLER_TENANT)
        if named is not None and self._trusted(request):
            tenant_id = named.decode("latin-1").strip()
            route = self._table.by_tenant(tenant_id) if is_tenant_id(tenant_id) else None
            if route is None:
                raise UnknownTenant
            return route
        if self.names_tenant(host):
            raise UnknownTenant
        raise NoTenantNamed

    def names_tenant(self, host: bytes) -> bool:
        """Whether a host could only be a tenant's: not an address, not the platform's own, not a bare name."""
        name = host.partition(b":")[0].lower().removesuffix(b".")
        if name == self._domain or b"." not in name or _ADDRESS.fullmatch(host.partition(b":")[0]) is not None:
            return False
        first, _, rest = name.partition(b".")
        return not (rest == self._domain and first.decode("latin-1") in RESERVED_LABELS)
