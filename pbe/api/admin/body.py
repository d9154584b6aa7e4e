"""JSON bodies of the platform's API: one object, known fields, the right types, or a 400 that names what is wrong."""

import json
from collections.abc import Callable, Mapping
from typing import Any

from pbe.errors import BadRequest, field_error
from pbe.web.request import Request

BODY_BYTES_MAX = 1024 * 1024
DEPTH_MAX = 32
INT_MAX = 2**63 - 1

Check = Callable[[Any], str]


async def read_object(request: Request) -> dict[str, Any]:
    """The body as a JSON object whatever its content type says; an empty body is an empty object."""
    raw = await request.body(BODY_BYTES_MAX)
    if not raw.strip():
        return {}
    try:
        value = json.loads(raw, parse_constant=_no_constant, object_pairs_hook=_unique)
    except (ValueError, RecursionError) as error:
        raise BadRequest(f"The body is not valid JSON: {_reason(error)}.", cause=str(error)) from error
    if not isinstance(value, dict):
        raise BadRequest("The body must be a JSON object.")
    if _depth(value) > DEPTH_MAX:
        raise BadRequest("The body is nested too deeply.")
    return value


def _reason(error: Exception) -> str:
    if isinstance(error, json.JSONDecodeError):
        return f"{error.msg.lower()} at line {error.lineno} column {error.colno}"
    return str(error) if isinstance(error, _Refused) else "malformed"


class _Refused(ValueError):
    """JSON that Python takes and we do not."""


def _no_constant(name: str) -> Any:
    raise _Refused(f"{name} is no JSON value")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    out = dict(pairs)
    if len(out) != len(pairs):
        raise _Refused("a name occurs twice in one object")
    return out


def _depth(value: Any) -> int:
    depth, level = 0, [value]
    while level:
        depth += 1
        level = [inner for outer in level if isinstance(outer, dict | list) for inner in _inside(outer)]
    return depth


def _inside(value: Any) -> list[Any]:
    return list(value.values()) if isinstance(value, dict) else value


def check(body: Mapping[str, Any], shape: Mapping[str, Check], required: tuple[str, ...] = ()) -> None:
    """Every field is known and has its type, and the required ones are there; raises BadRequest naming all faults."""
    faults: dict[str, Any] = {}
    for name, value in body.items():
        checker = shape.get(name)
        if checker is None:
            faults[name] = field_error("validation_unknown_field", "There is no such field")
        elif fault := checker(value):
            faults[name] = field_error("validation_invalid_type", fault)
    for name in required:
        if body.get(name) in (None, ""):
            faults[name] = field_error("validation_required", "Cannot be blank")
    if faults:
        raise BadRequest("The request has invalid fields: " + ", ".join(sorted(faults)) + ".", faults)


def text(value: Any) -> str:
    """A string without NUL and lone surrogates."""
    if not isinstance(value, str):
        return "Must be a text"
    try:
        value.encode()
    except UnicodeEncodeError:
        return "Must be valid Unicode"
    return "Must not contain NUL" if "\0" in value else ""


def boolean(value: Any) -> str:
    """True or false."""
    return "" if isinstance(value, bool) else "Must be true or false"


def number(value: Any) -> str:
    """A whole number from 0 on that fits 64 bits."""
    return "" if type(value) is int and 0 <= value <= INT_MAX else "Must be a whole number, 0 or more"


def mapping(value: Any) -> str:
    """An object whose texts are valid and whose numbers fit 64 bits."""
    if not isinstance(value, dict):
        return "Must be an object"
    level: list[Any] = [value]
    while level:
        for one in level:
            if isinstance(one, str) and (fault := text(one)):
                return fault
            if isinstance(one, int) and not -(2**63) <= one < 2**64:
                return "Must not hold numbers of more than 64 bits"
        level = [
            inner
            for outer in level
            if isinstance(outer, dict | list)
            for inner in (*(_inside(outer)), *(outer if isinstance(outer, dict) else ()))
        ]
    return ""


def numbers(value: Any) -> str:
    """An object of whole numbers."""
    if not isinstance(value, dict):
        return "Must be an object of whole numbers"
    wrong = sorted(name for name, item in value.items() if number(item))
    return f"Must be whole numbers, 0 or more: {', '.join(wrong)}" if wrong else ""


def texts(value: Any) -> str:
    """An object of texts."""
    if not isinstance(value, dict) or any(text(item) or text(name) for name, item in value.items()):
        return "Must be an object of texts"
    return ""


def anything(value: Any) -> str:
    """Whatever it is: checked elsewhere."""
    return ""
