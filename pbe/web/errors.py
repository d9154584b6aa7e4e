"""The only place where an error becomes a status."""

from typing import Any

import orjson
from twisted.logger import Logger
from twisted.python.failure import Failure

from pbe.errors import (
    BadRequest,
    Conflict,
    EditConflict,
    Forbidden,
    NotFound,
    OutcomeUnknown,
    PayloadTooLarge,
    RequestError,
    StoreError,
    TooManyRequests,
    Unauthorized,
    Unavailable,
)
from pbe.storage.sqlite_errors import QueryTooSlow
from pbe.web.response import JSON_HEADERS, Response

STATUSES: tuple[tuple[type[RequestError], int], ...] = (
    (BadRequest, 400),
    (Unauthorized, 401),
    (Forbidden, 403),
    (NotFound, 404),
    (Conflict, 409),
    (EditConflict, 412),
    (PayloadTooLarge, 413),
    (TooManyRequests, 429),
    (Unavailable, 503),
    (OutcomeUnknown, 504),
)
_log = Logger()


def status_of(error: BaseException) -> int:
    """The status of an error: its family's, 503 for a store that may come back, 500 for anything unexpected."""
    if isinstance(error, RequestError):
        own = getattr(error, "status", None)
        if isinstance(own, int):
            return own
        for family, status in STATUSES:
            if isinstance(error, family):
                return status
        return 400
    if isinstance(error, StoreError) and error.recoverable:
        return 503
    if isinstance(error, QueryTooSlow):
        # The client's own query took longer than any may: the stock server calls that a bad request, too.
        return 400
    return 500


def error_body(error: BaseException, status: int) -> dict[str, Any]:
    """PocketBase's shape: what a client may read of `error`, and no more."""
    if isinstance(error, RequestError):
        return {"data": error.data, "message": error.message, "status": status}
    message = Unavailable.default_message if status == 503 else RequestError.default_message
    return {"data": {}, "message": message, "status": status}


def to_response(error: BaseException, *, platform: bool = False) -> Response:
    """The answer to a request that raised `error`; `platform` adds the message as `error`, as the platform's API does.

    What is not a `RequestError` is logged with its traceback and told to the client as a bare 500 or 503.
    """
    status = status_of(error)
    if not isinstance(error, RequestError):
        _log.failure("unexpected error while handling a request", failure=_failure(error))
    body = error_body(error, status)
    if platform:
        body["error"] = body["message"]
    headers = []
    retry_after_s = getattr(error, "retry_after_s", 1 if status == 503 else None)
    if retry_after_s is not None:
        headers.append((b"Retry-After", b"%d" % retry_after_s))
    return Response(status, headers, orjson.dumps(body), prebuilt=JSON_HEADERS)


def _failure(error: BaseException) -> Failure:
    return Failure(error)  # type: ignore[no-untyped-call]
