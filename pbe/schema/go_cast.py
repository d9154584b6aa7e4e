"""What PocketBase's casts make of a client's value: never an error, always a value of the wanted kind."""

import json
import math
import re
from typing import Any

from pbe.schema import go_json

_TRUE = frozenset({"1", "t", "T", "TRUE", "true", "True"})
_DIGITS = r"\d+(?:_\d+)*"
_DECIMAL = re.compile(rf"[+-]?(?:{_DIGITS}(?:\.(?:{_DIGITS})?)?|\.{_DIGITS})(?:[eE][+-]?{_DIGITS})?", re.ASCII)
_HEX = re.compile(r"[+-]?0[xX](?:[0-9a-fA-F_]+\.?[0-9a-fA-F_]*|\.[0-9a-fA-F_]+)[pP][+-]?\d+", re.ASCII)
_SPECIAL = re.compile(r"[+-]?(?:inf|infinity)|nan", re.IGNORECASE | re.ASCII)


def to_string(raw: Any) -> str:
    """Text of a scalar; lists, objects and null are the empty string."""
    if isinstance(raw, str):
        return str(raw)
    if isinstance(raw, bool):
        return "true" if raw else "false"
    if isinstance(raw, int):
        return str(raw)
    if isinstance(raw, float):
        return _float_text(raw)
    if isinstance(raw, bytes):
        return raw.decode("utf-8", "replace")
    return ""


def _float_text(value: float) -> str:
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "+Inf" if value > 0 else "-Inf"
    return go_json.plain_text(value)


def to_float(raw: Any) -> float:
    """A number; text that is none, lists, objects and null are 0."""
    if isinstance(raw, bool):
        return 1.0 if raw else 0.0
    if isinstance(raw, int | float):
        return _bounded(raw)
    if isinstance(raw, str):
        return parse_float(raw)
    return 0.0


def _bounded(raw: float) -> float:
    try:
        return float(raw)
    except OverflowError:
        return math.inf if raw > 0 else -math.inf


def parse_float(text: str) -> float:
    """Decimal, hexadecimal with exponent, inf or nan; 0 where the text is none of them or has spaces around it."""
    if _DECIMAL.fullmatch(text):
        value = float(text.replace("_", ""))
        return 0.0 if math.isinf(value) else value
    if _SPECIAL.fullmatch(text):
        return float(text)
    if _HEX.fullmatch(text) and "__" not in text:
        return float.fromhex(text.replace("_", ""))
    return 0.0


def to_bool(raw: Any) -> bool:
    """True of numbers other than zero and of "1", "t", "true" in their usual cases."""
    if isinstance(raw, str):
        return raw in _TRUE
    if isinstance(raw, bool | int | float):
        return bool(raw)
    return False


def to_unique_strings(raw: Any) -> list[str]:
    """The non-empty, distinct strings of a list, of JSON text of a list, or of one scalar, in their order.

    A list that holds a list or an object is none.
    """
    if isinstance(raw, str):
        if "[" not in raw:
            return [str(raw)] if raw else []
        found = _strings_of_text(raw)
    elif isinstance(raw, list | tuple):
        nested = any(isinstance(item, list | tuple | dict) for item in raw)
        found = [] if nested else [to_string(item) for item in raw]
    else:
        found = [to_string(raw)]
    return list(dict.fromkeys(item for item in found if item))


def _strings_of_text(text: str) -> list[str]:
    try:
        parsed = json.loads(text)
    except (ValueError, RecursionError):
        return [text]
    if not isinstance(parsed, list):
        return [text]
    strings = [item if isinstance(item, str) else "" for item in parsed]
    whole = all(isinstance(item, str) or item is None for item in parsed)
    return strings if whole else [*strings, text]
