"""What the stock server makes of the strings of a form."""

import math
import re
from decimal import Decimal
from typing import Any

_NUMBER_CHARS = re.compile(r"-?[-.\d]+", re.ASCII)


def infer(raw: str) -> Any:
    """`raw` as a bool or a number where it is written exactly as one is printed, else `raw` itself."""
    if raw == "true":
        return True
    if raw == "false":
        return False
    if raw and (raw[0] == "-" or "0" <= raw[0] <= "9") and _NUMBER_CHARS.fullmatch(raw) is not None:
        try:
            value = float(raw)
        except ValueError:
            return raw
        if math.isfinite(value) and plain_float(value) == raw:
            return int(value) if value.is_integer() and raw != "-0" else value
    return raw


def plain_float(value: float) -> str:
    """The shortest digits that read back as `value`, without an exponent."""
    text = format(Decimal(repr(value)), "f")
    return text.removesuffix(".0")


def infer_form(form: dict[str, list[str]]) -> dict[str, Any]:
    """Each key's value inferred: one as itself, several as a list."""
    return {key: infer(values[0]) if len(values) == 1 else [infer(v) for v in values] for key, values in form.items()}
