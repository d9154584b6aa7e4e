"""Commands of the API: proposed under the request's own id, refusals made errors of HTTP."""

import hashlib
from typing import Any

from pbe.api.admin.access import Caller
from pbe.api.admin.plane import Plane
from pbe.errors import BadRequest, Conflict, EditConflict, Forbidden, NotFound, RequestError, field_error
from pbe.fleet import Rejected
from pbe.web.request import Request

KEY_CHARS_MAX = 200


async def carry_out(plane: Plane, request: Request, caller: Caller, command: Any, content: bytes = b"") -> Any:
    """Propose the command; its result. `content` is the body that the client sent.

    With an Idempotency-Key the same request may be sent again and has the same answer and one effect.
    """
    try:
        return await plane.propose(command, request_id=request_id(request, content), audit_actor=caller.actor)
    except Rejected as rejected:
        raise as_error(rejected) from rejected


def request_id(request: Request, content: bytes) -> str:
    """The id under which the command is remembered: the client's key bound to what it asks, or nothing."""
    key = request.headers.get("idempotency-key").strip()
    if not key:
        return ""
    if len(key) > KEY_CHARS_MAX or not key.isprintable():
        raise BadRequest(f"The Idempotency-Key must be at most {KEY_CHARS_MAX} printable characters.")
    asked = hashlib.sha256(b"\0".join((request.method.encode(), request.raw_path, content, key.encode())))
    return "http-" + asked.hexdigest()[:48]


def as_error(rejected: Rejected) -> RequestError:
    """The refusal of a command as an error of HTTP."""
    field, message = rejected.field, rejected.message
    data = {field: field_error(rejected.code, message)} if field else {}
    if rejected.kind == "missing" and field in ("", "id", "tenant_id"):
        return NotFound(message)
    if rejected.kind == "stale":
        return EditConflict(message, data)
    if rejected.kind == "conflict":
        return Conflict(message, data)
    if rejected.kind == "forbidden":
        return Forbidden(message, data)
    return BadRequest(message, data)
