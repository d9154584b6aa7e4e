"""Cron expressions as PocketBase reads them: five segments or a macro, in UTC, to the minute.

A segment is a comma list of `*`, `n`, `a-b`, each with an optional `/step` where it is a range. All five must match:
day of month and day of week are not alternatives. Names of months and days, and 7 for Sunday, do not exist here.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

MACROS = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}
_BOUNDS = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 6))
_NUMBER = re.compile(r"[+-]?[0-9]+")
_DAYS_AHEAD_MAX = 366 * 8
"""29 February, the rarest day, is never further away."""


class ScheduleInvalid(ValueError):
    """The expression cannot be read; the text says why, in the stock server's words."""


@dataclass(frozen=True, slots=True)
class Schedule:
    """The minutes, hours, days, months and days of the week (0 is Sunday) on which a job is due."""

    minutes: frozenset[int]
    hours: frozenset[int]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]

    def is_due(self, when: float) -> bool:
        """Whether the minute that holds `when` (seconds since the epoch) is one of the schedule."""
        moment = datetime.fromtimestamp(when, UTC)
        return moment.minute in self.minutes and moment.hour in self.hours and self._day_matches(moment)

    def next_after(self, when: float) -> float | None:
        """The first second of the first due minute that starts after `when`; None where none ever does."""
        moment = datetime.fromtimestamp(when, UTC).replace(second=0, microsecond=0) + timedelta(minutes=1)
        for _ in range(_DAYS_AHEAD_MAX):
            if self._day_matches(moment):
                found = self._first_of_day(moment)
                if found is not None:
                    return found.timestamp()
            moment = moment.replace(hour=0, minute=0) + timedelta(days=1)
        return None

    def _day_matches(self, moment: datetime) -> bool:
        return moment.day in self.days and moment.month in self.months and moment.isoweekday() % 7 in self.weekdays

    def _first_of_day(self, earliest: datetime) -> datetime | None:
        for hour in sorted(self.hours):
            if hour < earliest.hour:
                continue
            for minute in sorted(self.minutes):
                if hour > earliest.hour or minute >= earliest.minute:
                    return earliest.replace(hour=hour, minute=minute)
        return None


def parse(expression: str) -> Schedule:
    """The schedule of an expression; raises ScheduleInvalid."""
    segments = MACROS.get(expression, expression).split(" ")
    if len(segments) != 5:
        raise ScheduleInvalid(
            "invalid cron expression - must be a valid macro or to have exactly 5 space separated segments"
        )
    return Schedule(*(_segment(text, *bounds) for text, bounds in zip(segments, _BOUNDS, strict=True)))


def _segment(text: str, low: int, high: int) -> frozenset[int]:
    slots: set[int] = set()
    for part in text.split(","):
        span, *steps = part.split("/")
        if len(steps) > 1:
            raise ScheduleInvalid("invalid segment step format - must be in the format */n or 1-30/n")
        step = _number(steps[0]) if steps else 1
        if not 1 <= step <= high:
            raise ScheduleInvalid(f"invalid segment step boundary - the step must be between 1 and the {high}")
        slots.update(range(*_span(span, step, low, high), step))
    return frozenset(slots)


def _span(span: str, step: int, low: int, high: int) -> tuple[int, int]:
    """First and one past the last slot of `*`, `n` or `a-b`."""
    if span == "*":
        return low, high + 1
    first, *last = span.split("-")
    if len(last) > 1:
        raise ScheduleInvalid("invalid segment range format - the range must have 1 or 2 parts")
    if not last:
        if step > 1:
            raise ScheduleInvalid(
                "invalid segment step - step > 1 could be used only with the wildcard or range format"
            )
        value = _number(first)
        if not low <= value <= high:
            raise ScheduleInvalid("invalid segment value - must be between the min and max of the segment")
        return value, value + 1
    start = _number(first)
    if not low <= start <= high:
        raise ScheduleInvalid(f"invalid segment range minimum - must be between {low} and {high}")
    end = _number(last[0])
    if not start <= end <= high:
        raise ScheduleInvalid(f"invalid segment range maximum - must be between {start} and {high}")
    return start, end + 1


def _number(text: str) -> int:
    if not _NUMBER.fullmatch(text) or not text.isascii():
        raise ScheduleInvalid(f'strconv.Atoi: parsing "{text}": invalid syntax')
    return int(text)
