"""Cron expressions mean what they mean to PocketBase."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pbe.tenant.cron_schedule import Schedule, ScheduleInvalid, parse


def _at(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()


@pytest.mark.parametrize(
    ("expression", "words"),
    [
        ("", "exactly 5 space separated"),
        ("* * * *", "exactly 5 space separated"),
        ("* * * * * *", "exactly 5 space separated"),
        ("@foo", "exactly 5 space separated"),
        ("99 * * * *", "invalid segment value"),
        ("* * * * 7", "invalid segment value"),
        ("* * 0 * *", "invalid segment value"),
        ("*/0 * * * *", "between 1 and the 59"),
        ("*/70 * * * *", "between 1 and the 59"),
        ("5-1 * * * *", "range maximum - must be between 5 and 59"),
        ("1-90 * * * *", "range maximum - must be between 1 and 59"),
        ("70-80 * * * *", "range minimum - must be between 0 and 59"),
        ("1,x * * * *", 'strconv.Atoi: parsing "x": invalid syntax'),
        ("a-3 * * * *", 'parsing "a"'),
        ("3-b * * * *", 'parsing "b"'),
        ("1-3-4 * * * *", "1 or 2 parts"),
        ("1/2/3 * * * *", "format */n"),
        ("5/2 * * * *", "step > 1"),
        ("٣ * * * *", "invalid syntax"),
    ],
)
def test_a_wrong_expression_is_refused_in_the_stock_servers_words(expression: str, words: str) -> None:
    """Each mistake has its sentence."""
    with pytest.raises(ScheduleInvalid, match=r"^[a-z]") as caught:
        parse(expression)
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("expression", "start", "due"),
    [
        ("* * * * *", "2026-11-24 20:47:30", "2026-11-24 20:48:00"),
        ("0 * * * *", "2026-11-24 20:00:00", "2026-11-24 21:00:00"),
        ("@daily", "2026-12-31 10:00:00", "2027-01-01 00:00:00"),
        ("@weekly", "2026-11-24 20:47:30", "2026-11-29 00:00:00"),
        ("30 4 1,15 * 5", "2026-11-24 00:00:00", "2027-01-01 04:30:00"),
        ("0 0 29 2 *", "2026-01-01 00:00:00", "2028-02-29 00:00:00"),
        ("*/25 10-12/2 * * *", "2026-01-01 10:50:00", "2026-01-01 12:00:00"),
    ],
)
def test_the_next_due_minute(expression: str, start: str, due: str) -> None:
    """The next run is strictly later than the moment asked."""
    assert parse(expression).next_after(_at(start)) == _at(due)


def test_a_day_that_never_comes() -> None:
    """30 February has no next run, and asking ends."""
    assert parse("0 0 30 2 *").next_after(_at("2026-01-01 00:00:00")) is None


@given(
    st.frozensets(st.integers(0, 59), min_size=1, max_size=3),
    st.frozensets(st.integers(0, 23), min_size=1, max_size=3),
    st.integers(0, 3_000_000_000),
)
def test_next_after_agrees_with_counting_minutes(minutes: frozenset[int], hours: frozenset[int], start: int) -> None:
    """The dumb twin asks each following minute whether it is due."""
    schedule = Schedule(minutes, hours, frozenset(range(1, 32)), frozenset(range(1, 13)), frozenset(range(7)))
    moment = datetime.fromtimestamp(start, UTC).replace(second=0) + timedelta(minutes=1)
    while not schedule.is_due(moment.timestamp()):
        moment += timedelta(minutes=1)
    assert schedule.next_after(start) == moment.timestamp()
