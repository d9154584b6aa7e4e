"""E-mail and password of a tenant's superuser: checked as PocketBase does, hashed off the reactor thread."""

import re
from collections.abc import Awaitable, Callable
from typing import Any

import bcrypt

from pbe.api.admin import body
from pbe.errors import BadRequest, field_error

BCRYPT_COST = 10
PASSWORD_CHARS_MIN = 8
PASSWORD_BYTES_MAX = 71
EMAIL_CHARS_MAX = 255
_EMAIL = re.compile(
    r"[^@\s\x00-\x1f\x7f<>()\[\],;:\"\\]+@(?:[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?\.)+[A-Za-z0-9-]{2,}"
)

#: Runs a function on a worker thread.
Run = Callable[[Callable[[], bytes]], Awaitable[bytes]]


class Passwords:
    """Reads e-mail and password out of a body; `run` takes bcrypt off the reactor thread."""

    def __init__(self, run: Run) -> None:
        self._run = run

    async def read(self, given: dict[str, Any], prefix: str = "") -> tuple[str, str]:
        """The e-mail and the password's hash; raises BadRequest, fields named after `prefix`."""
        body.check(given, {"email": body.text, "password": body.text}, required=("email", "password"))
        email, password = given["email"].strip(), given["password"]
        faults = {}
        if len(email) > EMAIL_CHARS_MAX or not _EMAIL.fullmatch(email):
            faults[f"{prefix}email"] = field_error("validation_is_email", "Must be a valid email address")
        if fault := _password_fault(password):
            faults[f"{prefix}password"] = fault
        if faults:
            raise BadRequest("The superuser's e-mail or password is not valid.", faults)
        hashed = await self._run(lambda: bcrypt.hashpw(password.encode(), bcrypt.gensalt(BCRYPT_COST, prefix=b"2a")))
        return email, hashed.decode()


def _password_fault(password: str) -> dict[str, Any] | None:
    if len(password) < PASSWORD_CHARS_MIN:
        text = f"Must be at least {PASSWORD_CHARS_MIN} character(s)"
        return field_error("validation_min_text_constraint", text, {"min": PASSWORD_CHARS_MIN})
    if len(password.encode()) > PASSWORD_BYTES_MAX:
        text = f"Must be less than {PASSWORD_BYTES_MAX + 1} bytes"
        return field_error("validation_max_text_constraint", text, {"max": PASSWORD_BYTES_MAX})
    return None
