"""One request, as handlers see it."""

from collections.abc import AsyncIterator, Callable
from typing import Any
from urllib.parse import unquote_to_bytes

from pbe.web.body import Body
from pbe.web.headers import Headers
from pbe.wire import query_string


class Request:
    """What a client asks.

    path: percent-decoded, for people; raw_path and raw_query: as sent, for routing. peer: the address that connected;
    local: whether that is this machine; secure: whether the connection is TLS. tenant_id: set by the gateway only,
    never by a client's header. params: what the router found in the path. notes: for the middleware of one request.
    """

    __slots__ = (
        "_on_close",
        "_query",
        "closed",
        "headers",
        "keep_alive",
        "local",
        "method",
        "notes",
        "params",
        "path",
        "peer",
        "raw_path",
        "raw_query",
        "reader",
        "secure",
        "tenant_id",
        "upgrade",
        "version",
    )

    def __init__(
        self,
        method: str,
        target: bytes,
        headers: Headers,
        *,
        peer: str = "127.0.0.1",
        local: bool = True,
        secure: bool = False,
        version: str = "1.1",
        reader: Body | None = None,
    ) -> None:
        self.method = method
        self.raw_path, _, self.raw_query = target.partition(b"?")
        self.path = decode_path(self.raw_path)
        self.headers = headers
        self.peer = peer
        self.local = local
        self.secure = secure
        self.version = version
        self.reader = reader if reader is not None else Body(0)
        self.tenant_id: str | None = None
        self.params: dict[str, str] = {}
        self.notes: dict[str, Any] = {}
        self.keep_alive = True
        self.upgrade = False
        self.closed = False
        self._query: dict[str, list[str]] | None = None
        self._on_close: list[Callable[[], None]] = []

    @property
    def query(self) -> dict[str, list[str]]:
        """The query's keys and values, read once."""
        if self._query is None:
            self._query = query_string.parse(self.raw_query)
        return self._query

    def query_value(self, name: str, default: str = "") -> str:
        """The first value of `name` in the query."""
        values = self.query.get(name)
        return values[0] if values else default

    @property
    def host(self) -> bytes:
        """The Host header as sent, b"" where there is none."""
        return self.headers.get_bytes(b"host") or b""

    @property
    def target(self) -> bytes:
        """Path and query as sent."""
        return self.raw_path + b"?" + self.raw_query if self.raw_query else self.raw_path

    async def body(self, limit_bytes: int) -> bytes:
        """The whole body; `PayloadTooLarge` past the limit, `BadRequest` when it never came to its end."""
        return await self.reader.whole(limit_bytes)

    def stream(self) -> AsyncIterator[bytes]:
        """The body's pieces as they arrive, the client slowed to this reader's pace. Read it once."""
        return self.reader.pieces()

    def on_close(self, listener: Callable[[], None]) -> None:
        """Call `listener` once if the client goes away before the answer is complete; at once if it already has."""
        if self.closed:
            listener()
        else:
            self._on_close.append(listener)

    def mark_closed(self) -> None:
        """The connection's word that the client is gone; tells the listeners."""
        self.closed = True
        listeners, self._on_close = self._on_close, []
        for listener in listeners:
            listener()

    def forget_listeners(self) -> None:
        """The answer is complete: nobody is told any more."""
        self._on_close = []

    def __repr__(self) -> str:
        return f"<Request {self.method} {self.path}>"


def decode_path(raw: bytes) -> str:
    """`raw` without percent escapes, as UTF-8 where it is valid."""
    if b"%" in raw:
        raw = unquote_to_bytes(raw)
    return raw.decode("utf-8", "replace")
