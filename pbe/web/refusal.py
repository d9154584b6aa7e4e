"""Messages that are not HTTP as we take it, and what their senders are told."""

import dataclasses
import re

import httptools
import orjson

from pbe.web.headers import RawHeaders
from pbe.web.response import JSON_HEADERS, Response


@dataclasses.dataclass(frozen=True, slots=True)
class Refusal:
    """The last answer of a connection whose bytes can no longer be trusted."""

    status: int
    message: str

    def to_response(self) -> Response:
        """The answer in PocketBase's shape."""
        body = orjson.dumps({"data": {}, "message": self.message, "status": self.status})
        return Response(self.status, body=body, prebuilt=JSON_HEADERS)


HEAD_TOO_LARGE = Refusal(431, "Request header fields too large.")
TIMED_OUT = Refusal(408, "The request took too long to arrive.")


class Refused(Exception):
    """Raised inside a parser's callback to stop it; carries the refusal out."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.message)
        self.refusal = refusal


def framing_fault(error: httptools.HttpParserError) -> Refusal:
    """What to say to a message that the parser stopped at."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, Refused):
            return cause.refusal
        cause = cause.__context__
    return Refusal(400, "Malformed HTTP request.")


def head_fault(method: str, version: str, headers: RawHeaders) -> Refusal | None:
    """What is wrong with a head that the parser let pass, None where nothing is.

    The parser itself refuses two lengths, a length beside chunks, and a control character in a header.
    """
    hosts = 0
    for name, value in headers:
        if name == b"host":
            hosts += 1
            if not _is_host(value):
                return Refusal(400, "Malformed Host header.")
        elif name == b"transfer-encoding" and value.lower() != b"chunked":
            return Refusal(501, "Unsupported transfer encoding.")
        elif b"\0" in value or b"\r" in value or b"\n" in value:
            return Refusal(400, "Malformed header.")
    if hosts > 1 or (hosts == 0 and version != "1.0"):
        return Refusal(400, "Exactly one Host header is required.")
    if version not in ("1.0", "1.1"):
        return Refusal(505, "HTTP version not supported.")
    if method == "CONNECT":
        return Refusal(400, "CONNECT is not supported.")
    return None


def target_fault(target: bytes) -> Refusal | None:
    """What is wrong with a request's target, None where nothing is."""
    if not target.startswith(b"/") and target != b"*":
        return Refusal(400, "Malformed request target.")
    if _NOT_IN_TARGET.search(target) is not None:
        return Refusal(400, "Malformed request target.")
    return None


_NOT_IN_TARGET = re.compile(rb"[\x00-\x20\x7f]")
_HOST_BYTES = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_:[]%~!$&'()*+,;="


def _is_host(value: bytes) -> bool:
    return not value.translate(None, _HOST_BYTES)
