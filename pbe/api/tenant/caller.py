"""Who calls: the authenticated record, the address, and the guards that refuse the others."""

from pbe.errors import Forbidden, Unauthorized
from pbe.tenant.addresses import expanded
from pbe.tenant.record import Record
from pbe.tenant.tenant import Tenant
from pbe.web.request import Request

AUTH_NOTE = "auth"
_NO_TOKEN = "The request requires valid record authorization token."


def auth_of(request: Request) -> Record | None:
    """The record whose token came with the request, None for a guest."""
    auth: Record | None = request.notes.get(AUTH_NOTE)
    return auth


def is_superuser(request: Request) -> bool:
    """Whether a superuser calls."""
    auth = auth_of(request)
    return auth is not None and auth.is_superuser


def require_superuser(request: Request, tenant: Tenant) -> None:
    """A guard: 401 for guests, 403 for other records."""
    if not require_auth(request, tenant).is_superuser:
        raise Forbidden("The authorized record is not allowed to perform this action.")


def require_auth(request: Request, tenant: Tenant) -> Record:
    """A guard: 401 for guests."""
    auth = auth_of(request)
    if auth is None:
        raise Unauthorized(_NO_TOKEN)
    return auth


def require_same_collection(request: Request, tenant: Tenant) -> None:
    """A guard: the caller's record must be of the collection in the path."""
    auth = require_auth(request, tenant)
    collection = tenant.catalog.collection(request.params["collection"])
    if collection is None or collection.id != auth.collection.id:
        raise Forbidden(f"The request requires auth record from {auth.collection.name} collection.")


def token_of(request: Request) -> str:
    """The token of the Authorization header, with or without the word Bearer; "" where there is none."""
    text = request.headers.get("authorization")
    if text[:7].lower() == "bearer " and len(text) > 7:
        return text[7:]
    return text


def remote_ip(request: Request) -> str:
    """The address that connected, IPv6 in its longest form; "" where it is none."""
    return (expanded(request.peer) or "") if ":" in request.peer else request.peer


def real_ip(request: Request, tenant: Tenant) -> str:
    """The client's address: from the first trusted header that holds one, else the address that connected."""
    trusted = tenant.settings.trusted
    for name in trusted["headers"]:
        values = request.headers.get_all(name)
        if values and values[-1]:
            addresses = values[-1].split(",")
            for text in addresses if trusted["useLeftmostIP"] else reversed(addresses):
                address = expanded(text.strip())
                if address:
                    return address
    return remote_ip(request)
