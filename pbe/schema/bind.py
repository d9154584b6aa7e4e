"""Loading JSON into typed options as PocketBase's runtime does: names exactly as written, null is the zero value,
and a value of the wrong type refuses the whole body.
"""

from collections.abc import Callable
from typing import Any

from pbe.errors import PbeError
from pbe.schema import dates

INT_MAX = (1 << 63) - 1
INT_MIN = -(1 << 63)


class BindError(PbeError):
    """A body holds a value of the wrong type; PocketBase tells the client no more than that."""


ZEROS: dict[str, Any] = {
    "str": "",
    "text": None,
    "bool": False,
    "flag": None,
    "int": 0,
    "float": None,
    "strings": (),
    "date": "",
}


def convert(kind: str, value: Any, name: str) -> Any:
    """`value` as an option of this kind; `name` is for the error."""
    if value is None:
        return ZEROS[kind]
    if kind in _SCALARS:
        if not _SCALARS[kind](value):
            raise BindError("bind", name, hint=f"not a {kind}")
        return float(value) if kind == "float" else value
    if kind == "strings":
        return _strings(value, name)
    if kind == "date":
        if not isinstance(value, str):
            raise BindError("bind", name, hint="not a date")
        return dates.cast(value)
    raise BindError("bind", name, hint=f"unknown kind {kind}")


def _is_int(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and INT_MIN <= value <= INT_MAX


_SCALARS: dict[str, Callable[[Any], bool]] = {
    "str": lambda value: isinstance(value, str),
    "text": lambda value: isinstance(value, str),
    "bool": lambda value: isinstance(value, bool),
    "flag": lambda value: isinstance(value, bool),
    "int": _is_int,
    "float": lambda value: isinstance(value, int | float) and not isinstance(value, bool),
}


def _strings(value: Any, name: str) -> tuple[str, ...]:
    if not isinstance(value, list | tuple):
        raise BindError("bind", name, hint="not a list")
    if any(item is not None and not isinstance(item, str) for item in value):
        raise BindError("bind", name, hint="not a list of strings")
    return tuple(item or "" for item in value)
