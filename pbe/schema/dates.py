"""Dates as PocketBase keeps them: UTC text with milliseconds, `2026-01-02 03:04:05.678Z`, or "" for none.

The accepted spellings are those of PocketBase's caster, first match wins; what none matches is no date.
"""

import re
from datetime import UTC, datetime, timedelta, timezone
from functools import lru_cache
from typing import Any

from pbe.schema.go_cast import to_string

SECONDS_MAX = 64
_MONTHS = {
    name: number
    for number, name in enumerate(
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"], 1
    )
}
_DAY3 = r"(?i:Mon|Tue|Wed|Thu|Fri|Sat|Sun)"
_DAY = r"(?i:Monday|Tuesday|Wednesday|Thursday|Friday|Saturday|Sunday)"
_MON = r"(?P<mon>(?i:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec))"
_YMD = r"(?P<Y>\d{4})-(?P<m>\d{2})-(?P<d>\d{2})"
_HMS = r"(?P<H>\d{1,2}):(?P<M>\d{2}):(?P<S>\d{2})(?:[.,](?P<f>\d+))?"
_HM = r"(?P<H>\d{1,2}):(?P<M>\d{2})"
_ZONE_COLON = r"(?P<z>Z|[+-]\d{2}:\d{2})"
_ZONE_PLAIN = r"(?P<z>Z|[+-]\d{4})"
_OFFSET = r"(?P<z>[+-]\d{4})"
_NAMED = r"(?P<n>[A-Z]{3,5}|[+-]\d{2,4})"
_PADDED_DAY = r"(?P<d> ?\d{1,2})"

_FORMATS = tuple(
    re.compile(pattern, re.ASCII)
    for pattern in (
        rf"{_YMD} (?P<H>\d{{2}}):(?P<M>\d{{2}}):(?P<S>\d{{2}})\.(?P<f>\d{{3}})Z",
        rf"{_YMD}",
        rf"{_YMD}T{_HMS}{_ZONE_COLON}",
        rf"{_YMD}T{_HMS}",
        rf"{_DAY3}, (?P<d>\d{{2}}) {_MON} (?P<Y>\d{{4}}) {_HMS} {_OFFSET}",
        rf"{_DAY3}, (?P<d>\d{{2}}) {_MON} (?P<Y>\d{{4}}) {_HMS} {_NAMED}",
        rf"(?P<d>\d{{2}}) {_MON} (?P<y>\d{{2}}) {_HM} {_OFFSET}",
        rf"(?P<d>\d{{2}}) {_MON} (?P<y>\d{{2}}) {_HM} {_NAMED}",
        rf"{_DAY}, (?P<d>\d{{2}})-{_MON}-(?P<y>\d{{2}}) {_HMS} {_NAMED}",
        rf"{_YMD} {_HMS} {_OFFSET} {_NAMED}",
        rf"{_YMD}T{_HMS}{_OFFSET}",
        rf"{_YMD} {_HMS}{_ZONE_PLAIN}",
        rf"{_YMD} {_HMS}",
        rf"{_DAY3} {_MON} {_PADDED_DAY} {_HMS} (?P<Y>\d{{4}})",
        rf"{_DAY3} {_MON} {_PADDED_DAY} {_HMS} {_NAMED} (?P<Y>\d{{4}})",
        rf"{_DAY3} {_MON} (?P<d>\d{{2}}) {_HMS} {_OFFSET} (?P<Y>\d{{4}})",
        rf"{_YMD} {_HMS}{_ZONE_COLON}",
        rf"(?P<d>\d{{2}}) {_MON} (?P<Y>\d{{4}})",
        rf"{_YMD} {_HMS} (?P<z>[+-]\d{{2}}:\d{{2}})",
        rf"{_YMD} {_HMS} {_OFFSET}",
        r"(?P<h>\d{1,2}):(?P<M>\d{2})(?P<p>[AP]M)",
        rf"{_MON} {_PADDED_DAY} {_HMS}",
    )
)
_MEMORY_MAX = 4096
_remembered: dict[str, str] = {}


def cast(raw: Any) -> str:
    """The canonical text of a date in any accepted spelling; "" where it is none."""
    text = to_string(raw)
    if len(text) == 24 and text in _remembered:
        return _remembered[text]
    found = _parse(text)
    if found and len(text) == 24:
        if len(_remembered) >= _MEMORY_MAX:
            _remembered.clear()
        _remembered[text] = found
    return found


def from_seconds(seconds: float) -> str:
    """The canonical text of an instant given as seconds since the epoch, cut to milliseconds."""
    millis = int(seconds * 1000)
    return f"{_to_the_second(millis // 1000)}.{millis % 1000:03d}Z"


@lru_cache(SECONDS_MAX)
def _to_the_second(seconds: int) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M:%S}"


def to_seconds(text: str) -> float:
    """Seconds since the epoch of a canonical date; "" is 0."""
    if not text:
        return 0.0
    return datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


def _parse(text: str) -> str:
    if not text:
        return ""
    for pattern in _FORMATS:
        match = pattern.fullmatch(text)
        if match is not None:
            parsed = _build(match.groupdict())
            if parsed is not None:
                return parsed
    return ""


def _build(part: dict[str, str | None]) -> str | None:
    """Canonical text of matched parts; None where a part is out of range, as 30 February is."""
    year = _year(part)
    hour = _hour(part)
    offset = _offset(part.get("z"))
    if hour is None or offset is None:
        return None
    month = _MONTHS[(part["mon"] or "").title()] if part.get("mon") else int(part.get("m") or 1)
    micros = int(((part.get("f") or "") + "000000")[:6])
    shifted = year + 400 if year == 0 else year
    try:
        moment = datetime(
            shifted, month, int(part.get("d") or 1), hour, int(part["M"] or 0) if part.get("M") else 0,
            int(part["S"] or 0) if part.get("S") else 0, micros, timezone(offset),
        ).astimezone(UTC)  # fmt: skip
    except (ValueError, OverflowError):
        return None
    text = f"{moment.year - shifted + year:04d}-{moment:%m-%d %H:%M:%S}.{moment.microsecond // 1000:03d}Z"
    return "" if text.startswith("0001-01-01 00:00:00.000") else text


def _year(part: dict[str, str | None]) -> int:
    if part.get("Y"):
        return int(part["Y"] or 0)
    if part.get("y"):
        short = int(part["y"] or 0)
        return short + (1900 if short >= 69 else 2000)
    return 0


def _hour(part: dict[str, str | None]) -> int | None:
    if part.get("h"):
        hour = int(part["h"] or 0)
        if hour > 12:
            return None
        half = (part["p"] or "").upper()
        return hour % 12 + (12 if half == "PM" else 0) if hour != 0 or half == "PM" else 0
    return int(part["H"] or 0) if part.get("H") else 0


def _offset(zone: str | None) -> timedelta | None:
    if zone is None or zone in "Zz":
        return timedelta()
    digits = zone[1:].replace(":", "")
    hours, minutes = int(digits[:2]), int(digits[2:])
    if hours > 24 or minutes >= 60:
        return None
    offset = timedelta(hours=hours, minutes=minutes)
    if offset >= timedelta(hours=24):
        return None
    return -offset if zone[0] == "-" else offset
