"""Why a record cannot be stored."""

from typing import Any

from pbe.errors import BadRequest


class Invalid(BadRequest):
    """Values that cannot be stored; `data` has the errors by field. The message is the caller's, by what it did."""

    def __init__(self, errors: dict[str, Any], message: str = "") -> None:
        super().__init__(message, errors)
