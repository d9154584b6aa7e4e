"""What a request tells rules and hooks, and the collection that its path names."""

from collections.abc import Iterator, Mapping

from pbe.api.tenant.caller import auth_of
from pbe.api.tenant.route import limit_of
from pbe.errors import NotFound
from pbe.schema.collection import Collection
from pbe.tenant.request_info import DEFAULT, RequestInfo, header_map
from pbe.tenant.tenant import Tenant
from pbe.web.bodies import read_bound
from pbe.web.headers import Headers
from pbe.web.request import Request


class LazyHeaders(Mapping[str, str]):
    """Headers under their names in rules, named only when somebody looks."""

    def __init__(self, headers: Headers) -> None:
        self._headers = headers
        self._map: dict[str, str] | None = None

    def _named(self) -> dict[str, str]:
        if self._map is None:
            self._map = header_map(self._headers.items())
        return self._map

    def __getitem__(self, key: str) -> str:
        return self._named()[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._named())

    def __len__(self) -> int:
        return len(self._named())


async def info_of(request: Request, *, context: str = DEFAULT) -> RequestInfo:
    """The request by its parts; its body is read and bound. Raises `BadRequest`, `PayloadTooLarge`."""
    query = {name: values[0] for name, values in request.query.items() if values}
    info = RequestInfo(context, request.method, query, LazyHeaders(request.headers), {}, auth_of(request))
    if request.reader.length != 0:
        info.body = dict((await read_bound(request, limit_of(request))).data)
    return info


def collection_of(request: Request, tenant: Tenant, name: str = "collection") -> Collection:
    """The collection that the path names; `NotFound` where there is none."""
    collection = tenant.catalog.collection(request.params.get(name, ""))
    if collection is None:
        raise NotFound("Missing collection context.")
    return collection
