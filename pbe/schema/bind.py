"""Loading JSON into typed options as PocketBase's runtime does: names exactly as written, null is the zero value,
and a value of the wrong type refuses the whole body, in the runtime's own sentence.
"""

from collections.abc import Callable, Mapping
from typing import Any

from pbe.errors import PbeError
from pbe.schema import dates, go_json

INT_MAX = (1 << 63) - 1
INT_MIN = -(1 << 63)


class BindError(PbeError):
    """A body holds a value of the wrong type. `text` is the runtime's sentence, which only imports are told."""

    def __init__(self, text: str) -> None:
        self.text = text
        super().__init__("bind", text)

    def inside(self, lead: str) -> "BindError":
        """The same error, told by what holds the value."""
        return BindError(f"{lead}{self.text}")


ZEROS: dict[str, Any] = {
    "str": "",
    "text": None,
    "bool": False,
    "flag": None,
    "int": 0,
    "long": 0,
    "float": None,
    "strings": (),
    "date": "",
}
_GO_TYPES = {
    "str": "string",
    "text": "string",
    "bool": "bool",
    "flag": "bool",
    "int": "int",
    "long": "int64",
    "float": "float64",
    "strings": "[]string",
    "date": "string",
}


def mismatch(value: Any, go_type: str, path: str, reason: str = "") -> BindError:
    """The error of a value that is not of the runtime's type; path is a JSON pointer, "" for the whole value."""
    within = f' within "{path}"' if path else ""
    return BindError(f"json: cannot unmarshal JSON {_json_kind(value)} into Go {go_type}{within}{reason}")


def _json_kind(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int | float):
        return "number"
    if isinstance(value, str):
        return "string"
    return "object" if isinstance(value, Mapping) else "array"


def convert(kind: str, value: Any, path: str, *, go_type: str = "") -> Any:
    """`value` as an option of this kind."""
    if value is None:
        return ZEROS[kind]
    named = go_type or _GO_TYPES[kind]
    if kind in ("int", "long"):
        return _integer(value, named, path)
    if kind == "strings":
        return _strings(value, named, path)
    if not _SCALARS[kind](value):
        raise mismatch(value, named, path)
    if kind == "date":
        return dates.cast(value)
    return float(value) if kind == "float" else value


def _integer(value: Any, go_type: str, path: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise mismatch(value, go_type, path)
    if isinstance(value, int) and INT_MIN <= value <= INT_MAX:
        return value
    number = go_json.number_text(float(value))
    reason = ": invalid syntax" if isinstance(value, float) and ("." in number or "e" in number) else ""
    within = f' within "{path}"{reason or ": value out of range"}'
    raise BindError(f"json: cannot unmarshal JSON number {number} into Go {go_type}{within}")


_SCALARS: dict[str, Callable[[Any], bool]] = {
    "str": lambda value: isinstance(value, str),
    "text": lambda value: isinstance(value, str),
    "date": lambda value: isinstance(value, str),
    "bool": lambda value: isinstance(value, bool),
    "flag": lambda value: isinstance(value, bool),
    "float": lambda value: isinstance(value, int | float) and not isinstance(value, bool),
}


def _strings(value: Any, go_type: str, path: str) -> tuple[str, ...]:
    if not isinstance(value, list | tuple):
        raise mismatch(value, go_type, path)
    for place, item in enumerate(value):
        if item is not None and not isinstance(item, str):
            raise mismatch(item, "string", f"{path}/{place}")
    return tuple(item or "" for item in value)
