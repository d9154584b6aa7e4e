"""JSON as the stock server reads a request's body.

Its decoder takes one value and leaves what follows; it refuses a key twice in one object, invalid UTF-8, lone
surrogates, NaN, and a number past the range of a float. Numbers are floats there: integers within ±2^53 are `int` here,
for they print the same, all others `float`.
"""

import json
import math
import re
from typing import Any

import orjson

INTEGER_MAX = 2**53
_SURROGATE = re.compile(r"\\u[dD][89abABcdefCDEF]")
_SPACE = " \t\r\n"


class NotJson(ValueError):
    """The text is not what the decoder takes; the message is for the operator."""


def decode(data: bytes, *, exact: bool = False) -> Any:
    """The first value in `data`; what follows it is not looked at. Raises `NotJson`.

    exact: `2.0` stays a float and integers of any size stay `int`, for whoever wants to know which was written.
    """
    try:
        text = data.decode()
        value, end = (_EXACT if exact else _DECODER).raw_decode(text.lstrip(_SPACE))
        if _SURROGATE.search(text) is not None:
            orjson.loads(text.lstrip(_SPACE)[:end])
    except (ValueError, RecursionError) as error:
        raise NotJson(str(error)) from error
    return value


def decode_object(data: bytes, *, exact: bool = False) -> dict[str, Any]:
    """An object, `{}` for null. Raises `NotJson` for any other value."""
    value = decode(data, exact=exact)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise NotJson("not an object")
    return value


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    values = dict(pairs)
    if len(values) != len(pairs):
        raise NotJson("a key twice in one object")
    return values


def _integer(digits: str) -> int | float:
    value = int(digits) if len(digits) < 400 else math.inf
    if digits == "-0":
        return -0.0
    return value if -INTEGER_MAX <= value <= INTEGER_MAX else _float(digits)


def _float(digits: str) -> int | float:
    value = float(digits)
    if math.isinf(value):
        raise NotJson("a number out of range")
    if value.is_integer() and abs(value) <= INTEGER_MAX and (value or math.copysign(1.0, value) > 0):
        return int(value)
    return value


def _constant(name: str) -> Any:
    raise NotJson(name)


def _exact_float(digits: str) -> float:
    value = float(digits)
    if math.isinf(value):
        raise NotJson("a number out of range")
    return value


_EXACT = json.JSONDecoder(object_pairs_hook=_pairs, parse_float=_exact_float, parse_constant=_constant, strict=True)
_DECODER = json.JSONDecoder(
    object_pairs_hook=_pairs, parse_int=_integer, parse_float=_float, parse_constant=_constant, strict=True
)
