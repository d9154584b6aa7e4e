"""One answer, as handlers make it, and the bytes of its head."""

from collections.abc import AsyncIterable
from http import HTTPStatus
from typing import Any, Protocol, runtime_checkable

import orjson
from twisted.internet.interfaces import IProtocol

from pbe.errors import Misuse
from pbe.web.headers import RawHeaders

JSON_HEADERS = b"Content-Type: application/json\r\n"
_STATUS_LINES = {status.value: f"HTTP/1.1 {status.value} {status.phrase}\r\n".encode() for status in HTTPStatus}


class Sink(Protocol):
    """Where a `PushBody` writes; belongs to one answer."""

    def write(self, data: bytes) -> bool:
        """Send `data`; False when the client reads slowly and the body should wait for `resumed`."""

    def finish(self) -> None:
        """The body is complete."""

    def abort(self) -> None:
        """The body cannot be completed: the connection is dropped so that the client notices."""

    def plain(self) -> tuple[Any, bool] | None:
        """The connection under the body, and whether what is written there must be a chunk; None where it is not bare.

        For those who write the same to many at once, by the socket, while nothing waits in the connection's buffer.
        """


@runtime_checkable
class PushBody(Protocol):
    """A body that sends when it has something to say, as server-sent events do."""

    def start(self, sink: Sink) -> None:
        """The head is sent: write to `sink` from now on."""

    def resumed(self) -> None:
        """The client caught up after `write` answered False."""

    def stopped(self) -> None:
        """The client is gone; called once, unless `finish` or `abort` came first."""


ResponseBody = bytes | AsyncIterable[bytes] | PushBody


class Response:
    """Status, headers and body.

    headers: pairs in the case they are sent in; values may not hold CR or LF. prebuilt: whole header lines, each ended
    by CRLF, for heads that are the same for many answers; nobody checks them. A body of pieces is sent with the
    Content-Length that the headers name, else chunked.
    """

    __slots__ = ("body", "headers", "prebuilt", "status")

    def __init__(
        self,
        status: int = 200,
        headers: RawHeaders | None = None,
        body: ResponseBody = b"",
        *,
        prebuilt: bytes = b"",
    ) -> None:
        self.status = status
        self.headers: RawHeaders = headers if headers is not None else []
        self.body = body
        self.prebuilt = prebuilt

    def header(self, name: bytes) -> bytes | None:
        """The value of header `name` (any case) in `headers`; prebuilt lines are not searched."""
        wanted = name.lower()
        for key, value in self.headers:
            if key.lower() == wanted:
                return value
        return None

    def __repr__(self) -> str:
        return f"<Response {self.status}>"


class Takeover(Response):
    """The connection leaves HTTP and belongs to `protocol`.

    head: sent to the client first, b"" where the protocol answers the handshake itself; first: fed to the protocol
    before anything else of the client's, for protocols that read the request's head themselves.
    """

    __slots__ = ("first", "head", "protocol")

    def __init__(self, protocol: IProtocol, *, head: bytes = b"", first: bytes = b"") -> None:
        super().__init__(101)
        self.protocol = protocol
        self.head = head
        self.first = first


def json_response(value: Any, status: int = 200, headers: RawHeaders | None = None) -> Response:
    """`value` as JSON by orjson."""
    return Response(status, headers, orjson.dumps(value), prebuilt=JSON_HEADERS)


def json_bytes(data: bytes, status: int = 200, headers: RawHeaders | None = None) -> Response:
    """An answer whose JSON is rendered already."""
    return Response(status, headers, data, prebuilt=JSON_HEADERS)


def no_content(headers: RawHeaders | None = None) -> Response:
    """204."""
    return Response(204, headers)


def text_response(text: str, status: int = 200, content_type: bytes = b"text/plain; charset=utf-8") -> Response:
    """`text` as UTF-8."""
    return Response(status, [(b"Content-Type", content_type)], text.encode())


def redirect(location: str, status: int = 307) -> Response:
    """A redirect with the short page that Go's server sends."""
    phrase = HTTPStatus(status).phrase
    escaped = location.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&#34;")
    page = f'<a href="{escaped}">{phrase}</a>.\n\n'.encode()
    headers = [(b"Content-Type", b"text/html; charset=utf-8"), (b"Location", location.encode("ascii", "replace"))]
    return Response(status, headers, page)


def status_line(status: int) -> bytes:
    """The first line of an answer, with its CRLF."""
    return _STATUS_LINES.get(status) or f"HTTP/1.1 {status} Status {status}\r\n".encode()


def render_head(response: Response, extra: bytes) -> bytes:
    """Status line and headers without the empty line; `extra` holds the connection's own lines.

    A header with CR, LF or NUL is refused here: it would let one answer speak for another.
    """
    parts = [status_line(response.status), response.prebuilt]
    for name, value in response.headers:
        if b"\n" in value or b"\r" in value or b"\0" in value or b"\n" in name or b"\r" in name or b":" in name:
            raise Misuse("send a header", name.decode("latin-1"), hint="CR, LF or NUL in it")
        parts += (name, b": ", value, b"\r\n")
    parts.append(extra)
    return b"".join(parts)
