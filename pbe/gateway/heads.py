"""The heads that pass a gateway: what is dropped, what is set anew, in both directions."""

from collections.abc import Iterable

from pbe.web.headers import RawHeaders
from pbe.web.request import Request

TENANT = b"x-pb-tenant-id"
PROOF = b"x-pb-gateway"
PEER = b"x-pb-peer"
SECURE = b"x-pb-secure"
CALLER_TENANT = b"x-tenant-id"
#: A client's word for any of these is never passed on, nor believed.
OURS = frozenset({TENANT, PROOF, PEER, SECURE})
_HOP_BY_HOP = frozenset(
    {
        b"connection",
        b"keep-alive",
        b"proxy-authenticate",
        b"proxy-authorization",
        b"proxy-connection",
        b"te",
        b"trailer",
        b"transfer-encoding",
        b"upgrade",
        b"expect",
    }
)


def strip_ours(headers: RawHeaders) -> None:
    """Drop what only a gateway may say."""
    headers[:] = [pair for pair in headers if pair[0] not in OURS]


def upstream_head(request: Request, proof: bytes, tenant_id: str) -> bytes:
    """The head toward the node, complete with its empty line."""
    named = _named_by_connection(request.headers.raw)
    lines = [request.method.encode(), b" ", request.target, b" HTTP/1.1\r\n"]
    for name, value in request.headers.raw:
        if name not in _HOP_BY_HOP and name not in OURS and name != CALLER_TENANT and name not in named:
            lines += (name, b": ", value, b"\r\n")
    if request.upgrade:
        upgrade = request.headers.get_bytes(b"upgrade") or b""
        lines += (b"connection: Upgrade\r\nupgrade: ", upgrade, b"\r\n")
    if request.reader.length is None:
        lines.append(b"transfer-encoding: chunked\r\n")
    peer = request.peer.encode("ascii", "replace")
    lines += (b"x-pb-tenant-id: ", tenant_id.encode(), b"\r\nx-pb-gateway: ", proof)
    lines += (b"\r\nx-pb-peer: ", peer, b"\r\nx-pb-secure: ", b"1" if request.secure else b"0", b"\r\n\r\n")
    return b"".join(lines)


def downstream_headers(headers: RawHeaders) -> RawHeaders:
    """Headers toward the client, without what concerns one connection only, and the date, which is ours to say."""
    named = _named_by_connection((name.lower(), value) for name, value in headers)
    return [
        (name, value)
        for name, value in headers
        if (lower := name.lower()) not in _HOP_BY_HOP and lower not in OURS and lower not in named and lower != b"date"
    ]


def _named_by_connection(headers: Iterable[tuple[bytes, bytes]]) -> frozenset[bytes]:
    """The headers that a Connection header declares to be of this connection only."""
    names: set[bytes] = set()
    for name, value in headers:
        if name == b"connection":
            names.update(token.strip().lower() for token in value.split(b","))
    names -= {b"", b"close", b"host", b"content-length", b"authorization"}
    return frozenset(names)
