"""``POST /api/batch``: several record requests in one transaction."""

import re
from typing import Any

from pbe.api.tenant.request_info import info_of
from pbe.api.tenant.route import Route, limit_of
from pbe.api.tenant.site import limit_rate
from pbe.errors import BadRequest, Forbidden, RequestError, field_error
from pbe.schema.collection import Collection
from pbe.schema.rules import first, gather, length, one_of, required
from pbe.tenant.batch import BODY_BYTES_DEFAULT_MAX, FAILED, TIMEOUT_S_DEFAULT, BatchFailed, BatchRequest, Gate, run
from pbe.tenant.pipeline import Event
from pbe.tenant.record_events import BatchRequestEvent
from pbe.tenant.request_info import BATCH, header_map
from pbe.tenant.tenant import Tenant
from pbe.tenant.upload import uploads
from pbe.web.bodies import Bound, read_bound
from pbe.web.errors import error_body, status_of
from pbe.web.request import Request
from pbe.web.response import Response, json_bytes
from pbe.wire import query_string

URL_BYTES_MAX = 2000
_LABELS = {"POST": "create", "PATCH": "update", "DELETE": "delete"}
_UNREADABLE = "Failed to read the submitted batch data."
_FILE_KEY = re.compile(r"requests(?:\.(?P<dot>\d+)|\[(?P<bracket>\d+)\])\.(?P<key>.*)", re.DOTALL)


class NullRequest(RequestError):
    """A null among the requests, at which the stock server breaks; so it is answered as one."""

    status = 500


def routes() -> list[Route]:
    """One route."""
    return [Route("POST", "/api/batch", batch, body_bytes_max=_body_limit)]


def _body_limit(request: Request, tenant: Tenant) -> int:
    return int(tenant.settings.batch["maxBodySize"]) or BODY_BYTES_DEFAULT_MAX


def _query(query: str) -> dict[str, str]:
    """The first value of each parameter, as the server reads them."""
    return {name: values[0] for name, values in query_string.parse(query.encode()).items()}


async def batch(request: Request, tenant: Tenant) -> Response:
    """Do what all the requests ask, or nothing."""
    settings = tenant.settings.batch
    limit = int(settings["maxRequests"])
    if not settings["enabled"] or limit <= 0:
        raise Forbidden("Batch requests are not allowed.")
    requests = await _read(request, tenant)
    _check(requests, limit)
    info = await info_of(request, context=BATCH)
    event = BatchRequestEvent(info, requests)
    results: list[bytes] = []

    async def act(_: Event) -> None:
        timeout_s = float(settings["timeout"]) if settings["timeout"] > 0 else TIMEOUT_S_DEFAULT
        try:
            done = await run(tenant, info, event.batch, timeout_s, _query, _gate(request, tenant))
        except BatchFailed as failed:
            raise BadRequest(FAILED, _told(failed), cause=failed.cause) from failed
        results.extend(b'{"body":%b,"status":%d}' % (one.body, one.status) for one in done)

    await tenant.pipeline.trigger(event, act)
    return json_bytes(b"[" + b",".join(results) + b"]")


def _gate(request: Request, tenant: Tenant) -> Gate | None:
    """The rate limits of the record routes; None where there are none."""
    if not tenant.settings.rate_limits["enabled"]:
        return None

    def gate(method: str, url: str, collection: Collection) -> None:
        inner = Request(method, url.encode(), request.headers, peer=request.peer, local=request.local)
        inner.notes = request.notes
        inner.params = {"collection": collection.id}
        limit_rate(inner, tenant, Route(method, "", batch, labels=(_LABELS[method],)))

    return gate


def _told(failed: BatchFailed) -> dict[str, Any]:
    """What is told of the request that failed: the answer that it alone would have got."""
    entry = field_error("batch_request_failed", "Batch request failed")
    response = error_body(failed.error, status_of(failed.error))
    return {"requests": {str(failed.position): entry | {"response": response}}}


async def _read(request: Request, tenant: Tenant) -> list[BatchRequest]:
    try:
        bound = await read_bound(request, limit_of(request))
        requests = _requests(bound.data.get("requests"))
    except (BadRequest, ValueError) as error:
        raise BadRequest(_UNREADABLE, cause=str(error)) from error
    _add_files(requests, bound, tenant)
    return requests


def _requests(raw: Any) -> list[BatchRequest]:
    if raw is None:
        return []
    if not isinstance(raw, list):
        raise ValueError("requests is no list")
    return [_request(one) for one in raw]


def _request(raw: Any) -> BatchRequest:
    if raw is None:
        raise NullRequest(cause="a request of the batch is null")
    if not isinstance(raw, dict):
        raise ValueError("a request is no object")
    made = BatchRequest(
        _typed(raw.get("method"), str, ""),
        _typed(raw.get("url"), str, ""),
        {},
        dict(_typed(raw.get("body"), dict, {})),
    )
    headers = _typed(raw.get("headers"), dict, {})
    made.headers = header_map((name, _typed(value, str, "")) for name, value in headers.items())
    return made


def _typed(value: Any, kind: type, otherwise: Any) -> Any:
    if value is None:
        return otherwise
    if not isinstance(value, kind):
        raise ValueError(f"not a {kind.__name__}")
    return value


def _add_files(requests: list[BatchRequest], bound: Bound, tenant: Tenant) -> None:
    for key, files in uploads(bound.files, tenant.services.random_bytes).items():
        match = _FILE_KEY.fullmatch(key)
        position = int(match["dot"] or match["bracket"]) if match else len(requests)
        if match is not None and position < len(requests):
            for file in files:
                file.rename(tenant.services.random_bytes)
            requests[position].files.setdefault(match["key"], []).extend(files)


def _check(requests: list[BatchRequest], limit: int) -> None:
    error: dict[str, Any] | None = None
    if not requests:
        error = field_error("validation_required", "Cannot be blank")
    elif len(requests) > limit:
        text = f"The length must be no more than {limit}"
        error = field_error("validation_length_too_long", text, {"min": 0, "max": limit})
    else:
        error = gather(**{str(position): _check_one(one) for position, one in enumerate(requests)})
    if error:
        raise BadRequest("Invalid batch request data.", {"requests": error})


def _check_one(request: BatchRequest) -> dict[str, Any] | None:
    return gather(
        method=first(request.method, required, one_of("GET", "POST", "PUT", "PATCH", "DELETE")),
        url=first(request.url, required, length(0, URL_BYTES_MAX)),
    )
