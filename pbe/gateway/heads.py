"""The heads that pass a gateway: what is dropped, what is set anew, in both directions."""

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

_NOT_FOR_TENANTS = OURS | {CALLER_TENANT}
_NOT_UPSTREAM = _HOP_BY_HOP | _NOT_FOR_TENANTS
_NOT_DOWNSTREAM = _HOP_BY_HOP | OURS | {b"date"}
#: A Connection header cannot make us drop these.
_NEVER_NAMED = frozenset({b"", b"close", b"host", b"content-length", b"authorization"})


def strip_ours(headers: RawHeaders) -> None:
    """Drop what only a gateway may say."""
    headers[:] = [pair for pair in headers if pair[0] not in OURS]


def strip_resolved(headers: RawHeaders) -> None:
    """As `strip_ours`, and the caller's word for the tenant, once that is resolved."""
    headers[:] = [pair for pair in headers if pair[0] not in _NOT_FOR_TENANTS]


def upstream_head(request: Request, proof: bytes, tenant_id: str) -> bytes:
    """The head toward the node, complete with its empty line."""
    lines = [request.method.encode(), b" ", request.target, b" HTTP/1.1\r\n"]
    dropped = _dropped(request.headers.raw, _NOT_UPSTREAM)
    for name, value in request.headers.raw:
        if name not in dropped:
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
    lowered = [(name.lower(), name, value) for name, value in headers]
    dropped = _dropped([(lower, value) for lower, _, value in lowered], _NOT_DOWNSTREAM)
    return [(name, value) for lower, name, value in lowered if lower not in dropped]


def _dropped(headers: RawHeaders, always: frozenset[bytes]) -> frozenset[bytes]:
    """`always`, and what a Connection header declares to be of this connection only."""
    named: set[bytes] | None = None
    for name, value in headers:
        if name == b"connection" and value.lower() not in (b"keep-alive", b"close"):
            named = named or set()
            named.update(token.strip().lower() for token in value.split(b","))
    return always if named is None else always | (named - _NEVER_NAMED)
