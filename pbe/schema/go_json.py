"""JSON text exactly as PocketBase's runtime writes it: sorted keys, no spaces, its number format, few escapes.

What lands in a JSON column is compared, searched and exported as text, so equal values need equal bytes.
"""

import json
import math
from collections.abc import Mapping
from typing import Any

_ESCAPES = {
    '"': '\\"',
    "\\": "\\\\",
    "\n": "\\n",
    "\r": "\\r",
    "\t": "\\t",
    "\b": "\\b",
    "\f": "\\f",
}
_ESCAPES.update({chr(code): f"\\u{code:04x}" for code in range(0x20) if chr(code) not in _ESCAPES})
_TABLE = str.maketrans(_ESCAPES)
_SHORT = {char: text for char, text in _ESCAPES.items() if len(text) == 2} | {"\a": "\\a", "\v": "\\v"}
EXPONENT_BELOW = 1e-6
EXPONENT_FROM = 1e21


def number_text(value: float) -> str:
    """A finite number: shortest digits that round-trip, an exponent only below 1e-6 and from 1e21.

    Infinities and NaN have no JSON; ValueError.
    """
    if isinstance(value, int):
        return str(value)
    if not math.isfinite(value):
        raise ValueError("no JSON for infinity or NaN")
    size = abs(value)
    if size != 0 and (size < EXPONENT_BELOW or size >= EXPONENT_FROM):
        return exponent_text(value)
    return plain_text(value)


def plain_text(value: float) -> str:
    """A finite number without exponent, however long."""
    text = repr(float(value))
    if "e" in text:
        sign, digits, point = _scientific(text)
        if point <= 0:
            text = sign + "0." + "0" * -point + digits
        elif point >= len(digits):
            text = sign + digits + "0" * (point - len(digits))
        else:
            text = sign + digits[:point] + "." + digits[point:]
    return text[:-2] if text.endswith(".0") else text


def exponent_text(value: float) -> str:
    """A finite number in scientific notation: `1e+21`, `1.5e-7`."""
    text = repr(float(value))
    if "e" not in text:
        text = f"{value:.17e}" if float(f"{value:.16e}") != value else _shortest_exponent(value)
    mantissa, _, exponent = text.partition("e")
    mantissa = mantissa[:-2] if mantissa.endswith(".0") else mantissa
    power = int(exponent)
    return f"{mantissa}e{'-' if power < 0 else '+'}{abs(power):02d}".replace("e-0", "e-")


def _shortest_exponent(value: float) -> str:
    for digits in range(17):
        text = f"{value:.{digits}e}"
        if float(text) == value:
            return text
    return f"{value:.17e}"


def _scientific(text: str) -> tuple[str, str, int]:
    """Sign, digits, and where the point stands in the digits, of a repr with an exponent."""
    sign = "-" if text.startswith("-") else ""
    mantissa, _, exponent = text.lstrip("-").partition("e")
    whole, _, fraction = mantissa.partition(".")
    fraction = "" if fraction == "0" else fraction
    return sign, whole + fraction, len(whole) + int(exponent)


def string_text(value: str) -> str:
    """A quoted string; lone surrogates become the replacement character."""
    body = value.translate(_TABLE)
    if not body.isascii():
        body = body.encode("utf-8", "replace").decode("utf-8") if _has_surrogate(body) else body
    return f'"{body}"'


def _has_surrogate(text: str) -> bool:
    return any(0xD800 <= ord(char) <= 0xDFFF for char in text)


def quoted(value: str) -> str:
    """A quoted string with every character that does not print escaped, some in ways that JSON does not know.

    A JSON field takes a plain string so; what comes out as no JSON is refused by its validation.
    """
    return '"' + "".join(map(_quoted_char, value)) + '"'


def _quoted_char(char: str) -> str:
    if char in _SHORT:
        return _SHORT[char]
    if char.isprintable():
        return char
    code = ord(char)
    if 0xD800 <= code <= 0xDFFF:
        return "\ufffd"
    if code < 0x20 or code == 0x7F:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"


def dumps(value: Any) -> str:
    """The JSON text of what a JSON parser makes: None, bool, int, float, str, list, dict (keys sorted)."""
    if value is None:
        return "null"
    if value is True:
        return "true"
    if value is False:
        return "false"
    if isinstance(value, str):
        return string_text(value)
    if isinstance(value, int | float):
        return number_text(value)
    if isinstance(value, Mapping):
        pairs = sorted((str(key), item) for key, item in value.items())
        return "{" + ",".join(f"{string_text(key)}:{dumps(item)}" for key, item in pairs) + "}"
    return "[" + ",".join(dumps(item) for item in value) + "]"


def is_valid(text: str, *, unique: bool = False) -> bool:
    """Whether `text` is one JSON value; NaN, Infinity and control characters in strings are not.

    unique: no object may have a key twice.
    """
    try:
        (_UNIQUE if unique else _ANY).decode(text)
    except (ValueError, RecursionError):
        return False
    return True


def _unique(pairs: list[tuple[str, Any]]) -> None:
    if len({key for key, _ in pairs}) != len(pairs):
        raise ValueError("a key twice")


def _refuse(constant: str) -> None:
    raise ValueError(constant)


_ANY = json.JSONDecoder(parse_constant=_refuse)
_UNIQUE = json.JSONDecoder(parse_constant=_refuse, object_pairs_hook=_unique)
