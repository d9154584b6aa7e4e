"""Several record requests in one transaction: all of them, or none."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from twisted.internet.defer import Deferred, TimeoutError

from pbe.errors import BadRequest, NotFound, RequestError
from pbe.query.errors import FilterError
from pbe.schema import go_cast
from pbe.schema.collection import Collection
from pbe.schema.field_file import Upload
from pbe.storage.sqlite_errors import SqlError
from pbe.tenant import record_actions
from pbe.tenant.record_answer import record_json
from pbe.tenant.record_events import ALL_WRITING_NAMES, names_of
from pbe.tenant.record_form import Files
from pbe.tenant.record_read import find
from pbe.tenant.request_info import BATCH, RequestInfo
from pbe.tenant.tenant import Tenant
from pbe.tenant.unit import Unit, transact

REQUESTS_DEFAULT_MAX = 50
TIMEOUT_S_DEFAULT = 3
BODY_BYTES_DEFAULT_MAX = 128 * 1024 * 1024
_COLLECTION = r"/api/collections/(?P<collection>[^/?]+)/records"
_ACTIONS: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("PUT", re.compile(rf"PUT {_COLLECTION}(?:\?(?P<query>.*))?$")),
    ("POST", re.compile(rf"POST {_COLLECTION}(?:\?(?P<query>.*))?$")),
    ("PATCH", re.compile(rf"PATCH {_COLLECTION}/(?P<id>[^/?]+)(?:\?(?P<query>.*))?$")),
    ("DELETE", re.compile(rf"DELETE {_COLLECTION}/(?P<id>[^/?]+)(?:\?(?P<query>.*))?$")),
)
_REQUEST_EVENTS = tuple(f"onRecord{action}Request" for action in ("Create", "Update", "Delete"))
FAILED = "Batch transaction failed."


@dataclass(slots=True)
class BatchRequest:
    """One of the requests, as it was sent."""

    method: str = ""
    url: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    body: dict[str, Any] = field(default_factory=dict)
    files: dict[str, list[Upload]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class BatchResult:
    """What a client would have been answered; no body is null."""

    status: int
    body: bytes = b"null"


class BatchFailed(BadRequest):
    """The request at `position` failed with `error`, and so nothing was done."""

    def __init__(self, position: int, error: RequestError) -> None:
        super().__init__(FAILED, cause=str(error))
        self.position = position
        self.error = error


class ParseQuery(Protocol):
    """How query strings are read; the web layer's business."""

    def __call__(self, query: str) -> Mapping[str, str]:
        """The first value of each parameter."""


class Gate(Protocol):
    """What a request of a batch has to pass, as it would have to alone: the rate limits."""

    def __call__(self, method: str, url: str, collection: Collection) -> None:
        """Raises `TooManyRequests`; `method` is what the request turned out to be."""


async def run(
    tenant: Tenant,
    info: RequestInfo,
    batch: Sequence[BatchRequest],
    timeout_s: float,
    queries: ParseQuery,
    gate: Gate | None = None,
) -> list[BatchResult]:
    """Do all requests, as whoever sent `info`. Raises `BatchFailed`, or `BadRequest` when it took too long."""
    exclusive = _may_wait(tenant, info, batch)

    async def work(unit: Unit) -> list[BatchResult]:
        results: list[BatchResult] = []
        for position, request in enumerate(batch):
            try:
                results.append(await _one(unit, info, request, queries, gate))
            except RequestError as error:
                raise BatchFailed(position, error) from error
            except (SqlError, FilterError) as error:
                raise BatchFailed(position, BadRequest(cause=str(error))) from error
        return results

    done = Deferred.fromCoroutine(transact(tenant, work, exclusive=exclusive))
    done.addTimeout(timeout_s, tenant.clock)
    try:
        return await done
    except TimeoutError as error:
        raise BadRequest(FAILED, cause=f"the batch took longer than {timeout_s} s") from error


def _may_wait(tenant: Tenant, info: RequestInfo, batch: Sequence[BatchRequest]) -> bool:
    """Whether something in the batch may take its time: a hook, a rule, a password, a file."""
    if tenant.pipeline.suspends((*ALL_WRITING_NAMES, *_REQUEST_EVENTS, *names_of(("Enrich",)))):
        return True
    if not info.is_superuser:
        return True
    return any(request.files or "password" in request.body for request in batch)


async def _one(
    unit: Unit, info: RequestInfo, request: BatchRequest, queries: ParseQuery, gate: Gate | None
) -> BatchResult:
    method, found = _action(request)
    collection = unit.tenant.catalog.collection(found["collection"])
    if collection is None:
        raise NotFound("Missing collection context.")
    record_id = found.get("id") or ""
    if method == "PUT":
        record_id = await _upserted(unit, collection, request)
        method = "PATCH" if record_id else "POST"
    if gate is not None and not collection.is_view:
        gate(method, request.url, collection)
    inner = RequestInfo(
        BATCH,
        method,
        queries(found["query"] or ""),
        _headers(info.headers, request.headers),
        dict(request.body),
        info.auth,
    )
    return await _act(unit, inner, method, collection, record_id, request.files)


def _action(request: BatchRequest) -> tuple[str, dict[str, Any]]:
    line = f"{request.method.upper()} {request.url}"
    for method, pattern in _ACTIONS:
        match = pattern.match(line)
        if match is not None and "\n" not in line:
            return method, match.groupdict()
    raise BadRequest(cause="unknown batch request action")


async def _upserted(unit: Unit, collection: Collection, request: BatchRequest) -> str:
    """The id of the record that an upsert is about, "" where it is a new one."""
    record_id = go_cast.to_string(request.body.get("id"))
    if record_id and await find(unit, collection, record_id) is not None:
        return record_id
    return ""


async def _act(
    unit: Unit, info: RequestInfo, method: str, collection: Collection, record_id: str, files: Files
) -> BatchResult:
    if method == "DELETE":
        await record_actions.delete(unit, info, collection, record_id)
        return BatchResult(204)
    if method == "PATCH":
        record = await record_actions.update(unit, info, collection, record_id, files)
    else:
        record = await record_actions.create(unit, info, collection, files)
    return BatchResult(200, record_json(info, record))


def _headers(base: Mapping[str, str], own: Mapping[str, str]) -> dict[str, str]:
    """The batch's headers with the request's own over them; who asks is the batch's business alone."""
    headers = dict(base)
    headers.update((name, value) for name, value in own.items() if name != "authorization")
    headers["content_type"] = "multipart/form-data"
    return headers
