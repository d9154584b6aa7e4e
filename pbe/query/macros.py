"""The date macros: identifiers that stand for a moment or a part of it, in UTC."""

import datetime as dt
from collections.abc import Callable

_DAY = dt.timedelta(days=1)


def date_text(moment: dt.datetime) -> str:
    """A moment as PocketBase stores it, milliseconds cut off."""
    return f"{moment:%Y-%m-%d %H:%M:%S}.{moment.microsecond // 1000:03d}Z" if moment.year > 999 else _early(moment)


def _early(moment: dt.datetime) -> str:
    clock = f"{moment:%m-%d %H:%M:%S}"
    return f"{moment.year:04d}-{clock}.{moment.microsecond // 1000:03d}Z"


def _start(moment: dt.datetime) -> dt.datetime:
    return moment.replace(hour=0, minute=0, second=0, microsecond=0)


def _end(moment: dt.datetime) -> dt.datetime:
    return moment.replace(hour=23, minute=59, second=59, microsecond=999999)


def _month_end(moment: dt.datetime) -> dt.datetime:
    next_month = (moment.replace(day=1) + 31 * _DAY).replace(day=1)
    return _end(next_month - _DAY)


MACROS: dict[str, Callable[[dt.datetime], str | int]] = {
    "@now": date_text,
    "@yesterday": lambda now: date_text(now - _DAY),
    "@tomorrow": lambda now: date_text(now + _DAY),
    "@second": lambda now: now.second,
    "@minute": lambda now: now.minute,
    "@hour": lambda now: now.hour,
    "@day": lambda now: now.day,
    "@month": lambda now: now.month,
    "@weekday": lambda now: now.isoweekday() % 7,
    "@year": lambda now: now.year,
    "@todayStart": lambda now: date_text(_start(now)),
    "@todayEnd": lambda now: date_text(_end(now)),
    "@monthStart": lambda now: date_text(_start(now.replace(day=1))),
    "@monthEnd": lambda now: date_text(_month_end(now)),
    "@yearStart": lambda now: date_text(_start(now.replace(month=1, day=1))),
    "@yearEnd": lambda now: date_text(_end(now.replace(month=12, day=31))),
}


def macro(name: str, now_s: float) -> str | int | None:
    """The value of the macro `name` at `now_s` (seconds since the epoch); None where there is no such macro."""
    make = MACROS.get(name)
    if make is None:
        return None
    return make(dt.datetime.fromtimestamp(now_s, dt.UTC))
