"""Who may call the platform's API: cluster admins by token, and in all-in-one this machine's own programs.

The development mode trusts loopback, and a browser on the same machine reaches loopback for any page that asks: so a
request that could come from another site's page or through a proxy has to bring a token all the same.
"""

import hashlib
import ipaddress
from dataclasses import dataclass
from urllib.parse import urlsplit

from pbe import ids
from pbe.api.admin.plane import Plane
from pbe.errors import Unauthorized
from pbe.fleet.records import Admin
from pbe.web.request import Request

FORWARDED = (
    "forwarded",
    "via",
    "x-forwarded-for",
    "x-forwarded-host",
    "x-real-ip",
    "cf-connecting-ip",
    "fly-client-ip",
)
SAME_SITE = ("same-origin", "none")
TOKEN_CHARS_MAX = 200


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls: an admin, or (`admin` None) a program of this machine."""

    admin: Admin | None = None

    @property
    def actor(self) -> str:
        """The caller's name in the audit log."""
        return self.admin.id if self.admin is not None else "local"


def token_hash(token: str) -> str:
    """What is stored of an admin's token: it has 144 random bits, so one round of a hash is enough."""
    return hashlib.sha256(token.encode()).hexdigest()


class Access:
    """Lets callers in. loopback_open: whether this machine needs no token (all-in-one on a loopback address only)."""

    def __init__(self, plane: Plane, *, loopback_open: bool) -> None:
        self._plane = plane
        self._loopback_open = loopback_open

    async def caller(self, request: Request) -> Caller:
        """Who calls; raises Unauthorized. A token that is given has to be right, wherever the call comes from."""
        given = request.headers.get_all("authorization")
        if not given:
            if self._loopback_open and is_of_this_machine(request):
                return Caller()
            raise Unauthorized("The request requires a cluster admin's token.")
        scheme, _, token = given[0].strip().partition(" ")
        token = token.strip()
        if len(given) > 1 or scheme.lower() != "bearer" or not _looks_right(token):
            raise Unauthorized("The Authorization header must be: Bearer admin_…")
        hashed = token_hash(token)
        admin = self._plane.fleet.admins.find("token_hash", hashed)
        if admin is None:
            admin = (await self._plane.read()).admins.find("token_hash", hashed)
        if admin is None:
            raise Unauthorized("The token is not a cluster admin's.")
        return Caller(admin)


def _looks_right(token: str) -> bool:
    return token.startswith(ids.ADMIN_TOKEN_PREFIX) and len(token) <= TOKEN_CHARS_MAX and token.isascii()


def is_of_this_machine(request: Request) -> bool:
    """Whether a program of this machine calls by itself: not through a proxy, not for another site's page."""
    headers = request.headers
    if not request.local or any(name in headers for name in FORWARDED):
        return False
    host = request.host.decode("latin-1").lower()
    if not is_local_host(host):
        return False
    if headers.get("sec-fetch-site", "none").lower() not in SAME_SITE:
        return False
    origins = headers.get_all("origin")
    return all(_same_site(origin, host) for origin in origins)


def _same_site(origin: str, host: str) -> bool:
    parts = urlsplit(origin.strip())
    return parts.scheme in ("http", "https") and parts.netloc.lower() == host


def is_local_host(host: str) -> bool:
    """Whether a Host header names this machine: localhost or a loopback address, with or without a port."""
    try:
        parts = urlsplit(f"//{host}")
        name, _ = parts.hostname or "", parts.port
    except ValueError:
        return False
    if parts.netloc != host or "@" in host:
        return False
    if name == "localhost":
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False
