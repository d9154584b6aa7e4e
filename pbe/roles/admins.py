"""The first cluster admin: made once, its token shown once, only a hash kept."""

import base64
from collections.abc import Callable

from pbe import ids
from pbe.api.admin.access import token_hash
from pbe.consensus import ControlPlane
from pbe.errors import RequestError
from pbe.fleet import Rejected, commands

TOKEN_BYTES = 24
FIRST_EMAIL = "admin@localhost"
ID_CHARS = 12


def new_token(random_bytes: Callable[[int], bytes]) -> str:
    """`admin_` and 32 characters."""
    return ids.ADMIN_TOKEN_PREFIX + base64.urlsafe_b64encode(random_bytes(TOKEN_BYTES)).decode()


async def first_admin(plane: ControlPlane, random_bytes: Callable[[int], bytes], email: str = FIRST_EMAIL) -> str:
    """The token of the first admin, "" where there is an admin already; also when several members ask at once.

    The token is in the answer before it is known to be kept only if the outcome is unknown, and then it is not given.
    """
    if len((await plane.read()).admins):
        return ""
    token = new_token(random_bytes)
    admin_id = ids.ADMIN_TOKEN_PREFIX + ids.random_id(random_bytes, ID_CHARS)
    command = commands.AdminCreate(admin_id, email, token_hash(token), name="First admin", first_only=True)
    try:
        await plane.propose(command)
    except Rejected:
        return ""
    return token


async def greeting(plane: ControlPlane, random_bytes: Callable[[int], bytes]) -> list[str]:
    """What the operator is told of the first admin; an unknown outcome is told too."""
    try:
        token = await first_admin(plane, random_bytes)
    except RequestError as error:
        return [f"The first admin could not be made now ({error.message}) Start again with --create-admin."]
    if not token:
        return []
    return [f"Cluster admin {FIRST_EMAIL}, token (shown this once): {token}"]
