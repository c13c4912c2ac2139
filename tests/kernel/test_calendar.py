"""Counting time, against an oracle that walks minute by minute and day by day, and against days people know."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from fractions import Fraction
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jingwei.kernel.calendar import MINUTES, OFFICE_HOURS, UNITS, Calendar, Limit, Unit, calendar_of
from jingwei.kernel.holidays import library_year

SHANGHAI = ZoneInfo("Asia/Shanghai")
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
FIRST = date(2026, 1, 1)

days_in_spring = st.dates(date(2026, 1, 20), date(2026, 3, 20))
moments_in_spring = st.builds(
    lambda day, minute: datetime.combine(day, time(), SHANGHAI) + minute * MINUTE,
    days_in_spring,
    st.integers(0, 24 * 60 - 1),
)
times = st.times().map(lambda t: t.replace(second=0, microsecond=0))
hours = st.lists(times, min_size=1, max_size=3, unique=True).map(
    lambda found: tuple(zip(*[iter(sorted(found))] * 2, strict=False)) or OFFICE_HOURS
)


@st.composite
def calendars(draw: st.DrawFn) -> Calendar:
    """Any calendar with at least one worked weekday, some days off and some make-up days."""
    off = draw(st.frozensets(days_in_spring, max_size=12))
    work = draw(st.frozensets(days_in_spring, max_size=6)) - off
    weekend = draw(st.frozensets(st.integers(0, 6), max_size=6))
    return Calendar(SHANGHAI, weekend, off, work, draw(hours))


# ---------------------------------------------------------------- the oracle


def works(calendar: Calendar, minute: datetime) -> bool:
    """Is this very minute worked?"""
    here = minute.astimezone(SHANGHAI)
    on = here.date() in calendar.work or (
        here.date() not in calendar.off and here.weekday() not in calendar.weekend
    )
    return on and any(begin <= here.time() < end for begin, end in calendar.hours)


def walk(
    calendar: Calendar, start: datetime, minutes: int, *, but: tuple[datetime, datetime] | None = None
) -> datetime:
    """The end of the n-th worked minute from the start, leaving out those of a pause."""
    moment = start
    while minutes:
        paused = but is not None and but[0] <= moment < but[1]
        if works(calendar, moment) and not paused:
            minutes -= 1
        moment += MINUTE
    return moment.astimezone(UTC)


def walked_days(calendar: Calendar, start: datetime, count: int) -> date:
    """The n-th working day after the day of the start."""
    day = start.astimezone(SHANGHAI).date()
    while count:
        day += DAY
        count -= calendar.is_working(day)
    return day


# ---------------------------------------------------------------- the six units


@given(calendars(), moments_in_spring, st.integers(1, 1500))
def test_working_minutes_end_where_walking_ends(calendar: Calendar, start: datetime, minutes: int) -> None:
    assert calendar.due(start, Limit(minutes, "wm")) == walk(calendar, start, minutes)


@given(calendars(), moments_in_spring, st.integers(1, 20))
def test_a_working_hour_is_sixty_working_minutes(calendar: Calendar, start: datetime, value: int) -> None:
    assert calendar.due(start, Limit(value, "wh")) == calendar.due(start, Limit(value * 60, "wm"))


@given(calendars(), moments_in_spring, st.integers(0, 12 * 24 * 60))
def test_working_time_is_the_number_of_worked_minutes(
    calendar: Calendar, start: datetime, length: int
) -> None:
    counted = sum(works(calendar, start + n * MINUTE) for n in range(length))
    assert calendar.working_minutes(start, start + length * MINUTE) == counted


@given(calendars(), moments_in_spring, st.integers(1, 100_000), st.sampled_from(["m", "h"]))
def test_minutes_and_hours_are_those_of_the_wall(
    calendar: Calendar, start: datetime, value: int, unit: Unit
) -> None:
    assert calendar.due(start, Limit(value, unit)) == start + timedelta(minutes=value * MINUTES[unit])


@given(calendars(), moments_in_spring, st.integers(1, 40))
def test_days_end_at_midnight_of_a_worked_day(calendar: Calendar, start: datetime, value: int) -> None:
    last = start.date() + value * DAY
    while not calendar.is_working(last):
        last += DAY
    assert calendar.due(start, Limit(value, "d")) == datetime.combine(last + DAY, time(), SHANGHAI)


@given(calendars(), moments_in_spring, st.integers(1, 40))
def test_working_days_end_at_close_of_business(calendar: Calendar, start: datetime, value: int) -> None:
    last = walked_days(calendar, start, value)
    assert calendar.due(start, Limit(value, "wd")) == datetime.combine(last, calendar.hours[-1][1], SHANGHAI)


# ---------------------------------------------------------------- properties of all


@given(calendars(), moments_in_spring, st.integers(1, 60), st.sampled_from(UNITS))
def test_a_longer_limit_and_a_later_start_are_never_due_earlier(
    calendar: Calendar, start: datetime, value: int, unit: Unit
) -> None:
    due = calendar.due(start, Limit(value, unit))
    assert due > start
    assert calendar.due(start, Limit(value + 1, unit)) >= due
    assert calendar.due(start + 17 * MINUTE, Limit(value, unit)) >= due


@given(calendars(), moments_in_spring, st.integers(1, 60), st.sampled_from(UNITS))
def test_all_of_the_time_is_used_at_the_due_moment(
    calendar: Calendar, start: datetime, value: int, unit: Unit
) -> None:
    due = calendar.due(start, Limit(value, unit))
    assert calendar.used_share(start, due, start, unit) == 0
    before = due - timedelta(microseconds=1)
    assert calendar.used_share(start, due, due, unit) == 1
    assert calendar.used_share(start, due, before, unit) <= 1
    assert calendar.used_share(start, due, due + 30 * DAY, unit) > 1


@given(calendars(), moments_in_spring, st.integers(1, 900), st.integers(0, 600), st.integers(0, 4000))
def test_a_pause_moves_working_time_by_what_was_paused(
    calendar: Calendar, start: datetime, minutes: int, after: int, length: int
) -> None:
    due = walk(calendar, start, minutes)
    begin = min(start + after * MINUTE, due - MINUTE)  # what is late stays as late as it was
    pause = begin, begin + length * MINUTE
    assert calendar.shift(due, "wm", *pause) == walk(calendar, start, minutes, but=pause)


@given(calendars(), moments_in_spring, st.integers(1, 40), st.integers(0, 30), st.integers(0, 30))
def test_a_pause_moves_working_days_by_those_begun_paused(
    calendar: Calendar, start: datetime, value: int, after: int, length: int
) -> None:
    due = calendar.due(start, Limit(value, "wd"))
    begin, end = start + after * DAY, start + (after + length) * DAY
    paused = sum(calendar.is_working(begin.date() + n * DAY) for n in range(length))
    assert calendar.shift(due, "wd", begin, end) == calendar.due(start, Limit(value + paused, "wd"))


@given(calendars(), moments_in_spring, st.integers(1, 40), st.sampled_from(UNITS), st.integers(0, 5000))
def test_a_pause_never_brings_the_end_nearer(
    calendar: Calendar, start: datetime, value: int, unit: Unit, length: int
) -> None:
    due = calendar.due(start, Limit(value, unit))
    assert calendar.shift(due, unit, start, start + length * MINUTE) >= due
    assert calendar.shift(due, unit, start, start) == due


@given(calendars(), moments_in_spring, st.integers(1, 5000), st.integers(1, 5000), st.sampled_from(UNITS))
def test_running_time_adds_up(
    calendar: Calendar, start: datetime, first: int, second: int, unit: Unit
) -> None:
    middle, end = start + first * MINUTE, start + (first + second) * MINUTE
    parts = calendar.running(start, middle, unit) + calendar.running(middle, end, unit)
    assert calendar.running(start, end, unit) == parts


@given(st.integers(1, 500), st.sampled_from(UNITS), st.fractions(0, 2))
def test_a_share_rounds_up_to_what_the_unit_knows(value: int, unit: Unit, share: Fraction) -> None:
    part = Limit(value, unit).times(share)
    if unit in ("d", "wd"):
        assert part.unit == unit
        assert part.value - 1 < max(value * share, Fraction(1)) <= part.value
    else:
        whole = value * MINUTES[unit] * share
        assert part.unit == ("m" if unit in ("m", "h") else "wm")
        assert part.value - 1 < max(whole, Fraction(1)) <= part.value


def test_summer_time_makes_no_hour_longer() -> None:
    berlin = Calendar(ZoneInfo("Europe/Berlin"))
    evening = datetime(2026, 3, 28, 22, tzinfo=berlin.zone)
    assert berlin.due(evening, Limit(12, "h")) - evening.astimezone(UTC) == timedelta(hours=12)
    assert berlin.due(evening, Limit(1, "d")) == datetime(2026, 3, 31, tzinfo=berlin.zone)
    friday = datetime(2026, 3, 27, 17, tzinfo=berlin.zone)
    assert berlin.due(friday, Limit(2, "wh")) == datetime(2026, 3, 30, 10, tzinfo=berlin.zone)


# ---------------------------------------------------------------- days people know


def china(*years: int) -> Calendar:
    known = {year: library_year(year) for year in years}
    return calendar_of(SHANGHAI, years={year: days for year, days in known.items() if days is not None})


@pytest.mark.parametrize(
    ("start", "limit", "due"),
    [
        ("2024-09-30 16:00", "4wh", "2024-10-08 11:00"),  # the week of 1 October between
        ("2024-09-27 17:00", "2wd", "2024-09-30 18:00"),  # Sunday the 29th was worked
        ("2025-01-26 11:30", "60wm", "2025-01-26 14:30"),  # that Sunday was worked; noon does not count
        ("2025-01-27 17:30", "60wm", "2025-02-05 09:30"),  # eight days of Spring Festival
        (
            "2025-01-27 17:30",
            "1d",
            "2025-02-06 00:00",
        ),  # the last day is a holiday: the first worked day, to its end
        ("2025-05-30 09:00", "5wd", "2025-06-09 18:00"),  # Dragon Boat on the Monday
        ("2025-06-06 18:00", "1wm", "2025-06-09 09:01"),  # closing time is no working time
        ("2025-06-06 12:00", "1wh", "2025-06-06 15:00"),
        ("2025-06-08 03:00", "7h", "2025-06-08 10:00"),  # hours run on a Sunday night too
        ("2025-06-05 23:59", "2d", "2025-06-10 00:00"),  # Saturday rolls to Monday's end
    ],
)
def test_limits_across_real_holidays(start: str, limit: str, due: str) -> None:
    calendar = china(2024, 2025)
    began = datetime.fromisoformat(start).replace(tzinfo=SHANGHAI)
    assert calendar.due(began, Limit.parse(limit)) == datetime.fromisoformat(due).replace(tzinfo=SHANGHAI)


def test_a_year_without_notice_is_said_to_be_uncertain() -> None:
    calendar = china(2025)
    june, december = (datetime(2025, month, 15, tzinfo=SHANGHAI) for month in (6, 12))
    assert calendar.is_certain(june, december)
    assert not calendar.is_certain(december, calendar.due(december, Limit.parse("30d")))


# ---------------------------------------------------------------- what is refused


@pytest.mark.parametrize("text", ["", "5", "wd", "5 wd", "-1h", "0m", "1.5h", "5x", "5WD", "١h", "1234567m"])
def test_what_is_no_limit_is_told(text: str) -> None:
    with pytest.raises(ValueError, match="is no limit"):
        Limit.parse(text)


@pytest.mark.parametrize(
    "spans",
    [
        (),
        ((time(9), time(9)),),
        ((time(14), time(18)), (time(9), time(12))),
        ((time(9), time(12)), (time(12), time(18))),
    ],
)
def test_hours_that_touch_or_go_back_are_refused(spans: tuple[tuple[time, time], ...]) -> None:
    with pytest.raises(ValueError, match="working hours"):
        Calendar(SHANGHAI, hours=spans)


def test_a_week_without_a_worked_day_is_refused() -> None:
    with pytest.raises(ValueError, match="no day"):
        Calendar(SHANGHAI, weekend=frozenset(range(7)))
    with pytest.raises(ValueError, match="no day"):
        Calendar(SHANGHAI, off=frozenset({FIRST}), work=frozenset({FIRST}))
