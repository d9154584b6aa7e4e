"""Values of requests and filters: how PocketBase, being Go, turns them into text and numbers."""

import json
import math
import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from pbe.query.errors import FilterError

_DECIMAL = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?", re.ASCII)
_HEX = re.compile(r"[+-]?0[xX][0-9a-fA-F_]*\.?[0-9a-fA-F_]*[pP][+-]?\d+", re.ASCII)
_SPECIAL = re.compile(r"[+-]?inf(?:inity)?|nan", re.IGNORECASE)
_ESCAPES = str.maketrans({"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"})


class RawJson(str):
    """JSON text as it is stored: a path into it is a path into what it says."""

    __slots__ = ()


def go_float(text: str) -> float | None:
    """`text` as Go's ParseFloat reads it; None where that fails (an overflow included)."""
    if _DECIMAL.fullmatch(text):
        number = float(text)
        return None if math.isinf(number) else number
    if _HEX.fullmatch(text):
        try:
            return float.fromhex(text.replace("_", ""))
        except (ValueError, OverflowError):
            return None
    return float(text) if _SPECIAL.fullmatch(text) else None


def float_text(number: float) -> str:
    """The shortest decimal that reads back as `number`, without an exponent."""
    if math.isinf(number):
        return "+Inf" if number > 0 else "-Inf"
    if math.isnan(number):
        return "NaN"
    if number.is_integer() and abs(number) < 1e16:
        return ("-" if math.copysign(1.0, number) < 0 else "") + str(abs(int(number)))
    return format(Decimal(repr(number)), "f")


def json_number(number: float) -> str:
    """`number` as Go's JSON writes it: an exponent below 1e-6 and from 1e21 on."""
    size = abs(number)
    if size != 0 and (size < 1e-6 or size >= 1e21):
        mantissa, _, exponent = repr(number).partition("e")
        return f"{mantissa.removesuffix('.0')}e{exponent[0]}{exponent[1:].lstrip('0')}"
    return float_text(number)


def to_text(value: Any) -> str:
    """A bound value as text: what LIKE and ``:lower`` compare."""
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return float_text(value)
    return go_json(value)


def go_json(value: Any) -> str:
    """`value` as Go's encoder writes it: keys sorted, no spaces, ``<>&`` escaped."""
    if isinstance(value, RawJson):
        return value or "null"
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False).translate(_ESCAPES)
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return json_number(float(value)) if isinstance(value, float) else str(value)
    if isinstance(value, Mapping):
        return "{" + ",".join(f"{go_json(str(k))}:{go_json(v)}" for k, v in sorted(value.items())) + "}"
    if isinstance(value, Sequence):
        return "[" + ",".join(map(go_json, value)) + "]"
    return go_json(str(value))


def like_pattern(value: Any) -> str:
    """The LIKE pattern for `value`: itself where it has a bare percent sign, else "contains"."""
    text = to_text(value)
    if _has_bare_percent(text):
        return text
    return "%" + _escape(text) + "%"


def _has_bare_percent(text: str) -> bool:
    previous = ""
    for char in text:
        if char == "%" and previous != "\\":
            return True
        previous = "" if char == "\\" and previous == "\\" else char
    return False


def _escape(text: str) -> str:
    """Escape ``% _`` and backslashes, from the end; the character before an escaped one is never escaped itself."""
    out: list[str] = []
    pending = False
    for char in reversed(text):
        if pending:
            if char != "\\":
                out.append("\\")
            pending = False
        else:
            pending = char in "\\%_"
        out.append(char)
    if pending:
        out.append("\\")
    return "".join(reversed(out))


def nested(data: Any, keys: Sequence[str]) -> Any:
    """What `data` has under the path `keys`; FilterError where it has nothing."""
    for key in keys:
        if isinstance(data, RawJson):
            try:
                data = json.loads(data)
            except ValueError as error:
                raise FilterError(f"no json to look into for {key}") from error
        if isinstance(data, Mapping):
            if key not in data:
                raise FilterError(f"missing key {key}")
            data = data[key]
        elif isinstance(data, list | tuple):
            if not key.isascii() or not key.isdigit() or int(key) >= len(data):
                raise FilterError(f"invalid or missing array index {key}")
            data = data[int(key)]
        else:
            raise FilterError(f"expected map or array at {key}")
    return data
