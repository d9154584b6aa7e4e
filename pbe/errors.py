"""The errors of pbe, in three families: ours, theirs, the world's.

* `Misuse` and `InvariantBroken` are ours: a programmer's mistake. The first fails one request, the second stops the
  process, since going on could lose what was acknowledged.
* `RequestError` and `PeerError` are theirs: a client or a peer asked for what cannot be given.
* `WorldError` is the world's: a disk, a network, an object store.

`str(error)` is private text for the operator's log. What a client may read is in `RequestError.message` and
`.data` only. `pbe.web.errors` alone makes an HTTP status of them.
"""

from collections.abc import Mapping
from typing import Any


class PbeError(Exception):
    """Anything that pbe itself raises.

    operation: what was being done ("append", "restore"); subject: to what (a key, a path, an id);
    hint: what an operator can do about it; recoverable: whether the same call may succeed when repeated.
    """

    recoverable = False

    def __init__(self, operation: str, subject: str = "", *, hint: str = "", recoverable: bool | None = None) -> None:
        self.operation = operation
        self.subject = subject
        self.hint = hint
        if recoverable is not None:
            self.recoverable = recoverable
        super().__init__(": ".join(part for part in (operation, subject, hint) if part))


class Misuse(PbeError):
    """A caller inside pbe broke a function's contract."""


class InvariantBroken(PbeError):
    """Something that must always hold does not; the process has to stop."""


class PeerError(PbeError):
    """Another process of the cluster, or a client's connection, broke the protocol; costs that connection only."""


class WorldError(PbeError):
    """The disk, the network or the object store failed."""

    recoverable = True


class DiskError(WorldError):
    """A local file could not be read or written."""


class NetError(WorldError):
    """A connection could not be made, broke, or stayed silent past its deadline."""


class StoreError(WorldError):
    """The object store failed or could not be reached."""


class ObjectMissing(StoreError):
    """There is no object under the key."""

    recoverable = False


class PreconditionFailed(StoreError):
    """A conditional request found another object under the key than it asked for (412)."""

    recoverable = False


class RequestError(PbeError):
    """A client's request is refused; `message` and `data` are what the client is told.

    data: PocketBase's map of field path to `field_error(...)`, possibly nested.
    """

    default_message = "Something went wrong while processing your request."

    def __init__(self, message: str = "", data: Mapping[str, Any] | None = None, *, cause: str = "") -> None:
        self.message = sentence(message) or self.default_message
        self.data: dict[str, Any] = dict(data or {})
        self.cause = cause
        super().__init__(type(self).__name__, self.message, hint=cause)


class BadRequest(RequestError):
    """400."""


class Unauthorized(RequestError):
    """401."""

    default_message = "Missing or invalid authentication."


class Forbidden(RequestError):
    """403."""

    default_message = "You are not allowed to perform this request."


class NotFound(RequestError):
    """404."""

    default_message = "The requested resource wasn't found."


class Conflict(RequestError):
    """409."""


class EditConflict(RequestError):
    """412: an If-Match of the client did not hold."""

    default_message = "The resource was changed meanwhile."


class PayloadTooLarge(RequestError):
    """413."""

    default_message = "Request entity too large."


class TooManyRequests(RequestError):
    """429."""

    default_message = "Too Many Requests."


class Unavailable(RequestError):
    """503: the same request may succeed in `retry_after_s` seconds."""

    default_message = "Temporarily unavailable, try again."
    recoverable = True

    def __init__(self, message: str = "", *, retry_after_s: int = 1, cause: str = "") -> None:
        super().__init__(message, cause=cause)
        self.retry_after_s = retry_after_s


class OutcomeUnknown(RequestError):
    """504: the request may or may not have taken effect."""

    default_message = "The outcome of the request is not known yet."


def field_error(code: str, message: str, params: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """One entry of `RequestError.data`, as PocketBase shapes it."""
    entry: dict[str, Any] = {"code": code, "message": sentence(message)}
    if params:
        entry["params"] = dict(params)
    return entry


def sentence(text: str) -> str:
    """`text` with a capital first letter and a full stop, as every public message has."""
    text = text.strip()
    if not text:
        return ""
    text = text[0].upper() + text[1:]
    return text if text[-1] in ".!?" else text + "."
