"""Whether bytes are JSON or a stored instant, the specification in Python of `_jsoncheck.pyx`."""

import json
import re
from typing import Any

ANY, LIST, POINT = range(3)
NESTING_MAX = 100
LIST_ITEMS_MAX = 64
_DATE = re.compile(rb"(\d{4})-(\d\d)-(\d\d) (\d\d):(\d\d):(\d\d)\.\d{3}Z")
_NUMBER = rb"-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?"
_POINT = re.compile(rb'\{"lon":%b,"lat":%b\}' % (_NUMBER, _NUMBER))
_MONTH_DAYS = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


def is_date(text: bytes) -> bool:
    """Whether `text` is an instant of the years 2 to 9999 as PocketBase stores it."""
    match = _DATE.fullmatch(text)
    if match is None:
        return False
    year, month, day, hour, minute, second = map(int, match.groups())
    if year < 2 or not 1 <= month <= 12 or not 1 <= day <= _MONTH_DAYS[month - 1]:
        return False
    leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    return not (month == 2 and day == 29 and not leap) and hour < 24 and minute < 60 and second < 60


def is_json(text: bytes, kind: int) -> bool:
    """Whether `text` is one JSON value in UTF-8, nested NESTING_MAX deep at most: any, or a list of
    distinct strings or a point as PocketBase writes them.
    """
    try:
        decoded = text.decode()
        if _nesting(decoded) > NESTING_MAX or decoded.startswith("\ufeff"):
            return False
        value = json.loads(decoded, parse_constant=_refuse, parse_int=float)
    except ValueError:
        return False
    if kind == LIST:
        return _is_list(value) and text == b"[%b]" % b",".join(
            b'"%b"' % item.encode("utf-8", "surrogatepass") for item in value
        )
    return kind != POINT or _POINT.fullmatch(text) is not None


def _is_list(value: Any) -> bool:
    """Whether a value is a list of distinct strings, none of them empty."""
    if not isinstance(value, list) or len(value) > LIST_ITEMS_MAX:
        return False
    return all(isinstance(item, str) and item for item in value) and len(set(value)) == len(value)


def _nesting(text: str) -> int:
    """How deep brackets and braces are nested outside of strings."""
    depth = deepest = 0
    inside = escaped = False
    for char in text:
        if inside:
            inside = escaped or char != '"'
            escaped = char == "\\" and not escaped
        elif char == '"':
            inside = True
        elif char in "[{":
            depth += 1
            deepest = max(deepest, depth)
        elif char in "]}":
            depth -= 1
    return deepest


def _refuse(constant: str) -> Any:
    raise ValueError(constant)
