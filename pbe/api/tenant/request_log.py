"""What the log keeps of a request."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote

from pbe.api.tenant.caller import auth_of, real_ip, remote_ip
from pbe.errors import RequestError
from pbe.tenant.log import ERROR, INFO
from pbe.tenant.tenant import Tenant
from pbe.web.headers import decode_value
from pbe.web.request import Request

METHOD_BYTES_MAX = 50
URL_BYTES_MAX = 3000
HEADER_BYTES_MAX = 2000


def log_request(request: Request, tenant: Tenant, status: int, seconds: float, error: BaseException | None) -> None:
    """Keep one request; error: why it failed, None where it did not."""
    options = tenant.settings.logs
    if not options["maxDays"]:
        return
    url = cut(request.target.decode("latin-1"), URL_BYTES_MAX)
    method = cut(request.method.upper(), METHOD_BYTES_MAX)
    path = unquote(url) if "%" in url else url
    headers = request.headers
    auth = auth_of(request)
    data: dict[str, Any] = {
        "type": "request",
        "auth": auth.collection.name if auth is not None else "",
        "execTime": round(seconds * 1000, 6),
        "method": method,
        "referer": _header(headers.get_bytes(b"referer")),
        "status": status,
        "url": url,
        "userAgent": _header(headers.get_bytes(b"user-agent")),
    }
    if auth is not None and options["logAuthId"]:
        data["authId"] = auth.id
    if options["logIP"]:
        data["userIP"] = real_ip(request, tenant)
        data["remoteIP"] = remote_ip(request)
    if error is not None:
        data |= _described(error)
    tenant.log.write(ERROR if error is not None else INFO, f"{method} {path}", data)


def _header(value: bytes | None) -> str:
    return "" if value is None else cut(decode_value(value), HEADER_BYTES_MAX)


def _described(error: BaseException) -> dict[str, Any]:
    if isinstance(error, RequestError):
        return {"error": error.message, "details": _reasons(error.data) or error.cause or None}
    return {"error": str(error) or type(error).__name__}


def _reasons(data: Mapping[str, Any]) -> dict[str, Any]:
    """The errors by field as the stock server's validators word them: in lower case, without a full stop."""
    found: dict[str, Any] = {}
    for name, entry in data.items():
        message = entry.get("message") if isinstance(entry, Mapping) else None
        if isinstance(message, str):
            found[name] = message[:1].lower() + message[1:].removesuffix(".")
        elif isinstance(entry, Mapping):
            found[name] = _reasons(entry)
    return found


def cut(text: str, bytes_max: int) -> str:
    """At most `bytes_max` bytes of a text, with dots where some are missing."""
    if len(text) <= bytes_max and (text.isascii() or len(text.encode()) <= bytes_max):
        return text
    return text.encode()[:bytes_max].decode("utf-8", "replace") + "..."
