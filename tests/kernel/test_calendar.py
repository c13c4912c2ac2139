"""Counting time: against an oracle that walks minute by minute, and against days people know."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from fractions import Fraction
from functools import cache
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
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


@settings(deadline=None)  # the walk is slow, not what it checks
@given(calendars(), moments_in_spring, st.integers(1, 1500))
def test_working_minutes_end_where_walking_ends(calendar: Calendar, start: datetime, minutes: int) -> None:
    assert calendar.due(start, Limit(minutes, "wm")) == walk(calendar, start, minutes)


@given(calendars(), moments_in_spring, st.integers(1, 20))
def test_a_working_hour_is_sixty_working_minutes(calendar: Calendar, start: datetime, value: int) -> None:
    assert calendar.due(start, Limit(value, "wh")) == calendar.due(start, Limit(value * 60, "wm"))


@settings(deadline=None)
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


@settings(deadline=None)
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


# ---------------------------------------------------------------- years as they are

# What the State Council announced, typed in by hand: days off (from–to) and make-up days.
NOTICES = {
    2025: (
        ["0101-0101", "0128-0204", "0404-0406", "0501-0505", "0531-0602", "1001-1008"],
        ["0126", "0208", "0427", "0928", "1011"],
    ),
    2026: (
        ["0101-0103", "0215-0223", "0404-0406", "0501-0505", "0619-0621", "0925-0927", "1001-1007"],
        ["0104", "0214", "0228", "0509", "0920", "1010"],
    ),
    # no notice: invented, with a holiday that hangs over from the year before
    2027: (["0101-0103", "0205-0212", "1001-1007"], ["0131", "0213", "1009"]),
}


def on(year: int, monthday: str) -> date:
    return date(year, int(monthday[:2]), int(monthday[2:]))


def days_of(year: int) -> dict[date, bool]:
    """Every day that a notice names, True for make-up days; weekend days inside a holiday too."""
    spans, made_up = NOTICES[year]
    days = {}
    for first, last in (span.split("-") for span in spans):
        day = on(year, first)
        while f"{day:%m%d}" <= last:
            days[day] = False
            day += DAY
    return days | {on(year, made): True for made in made_up}


RIYADH, BERLIN = ZoneInfo("Asia/Riyadh"), ZoneInfo("Europe/Berlin")
MORNING = ((time(7, 30), time(14)),)
WATCH = (
    (time(0), time(6)),
    (time(8, 30), time(11, 45)),
    (time(22), time(23, 59)),
)  # awake when clocks change
GERMANY = {2026: {date(2026, 4, 3): False, date(2026, 4, 6): False, date(2026, 12, 25): False}}
KNOWN: dict[str, dict[int, dict[date, bool]]] = {
    "two years published": {year: days_of(year) for year in (2025, 2026)},
    "three years published": {year: days_of(year) for year in NOTICES},
    "Friday and Saturday off": {2026: days_of(2026)},
    "summer time": GERMANY,
    "watch by night": GERMANY,
}
CALENDARS = {
    "two years published": calendar_of(SHANGHAI, years=KNOWN["two years published"]),
    "three years published": calendar_of(SHANGHAI, years=KNOWN["three years published"]),
    "Friday and Saturday off": calendar_of(
        RIYADH, frozenset({4, 5}), MORNING, years=KNOWN["Friday and Saturday off"]
    ),
    "summer time": calendar_of(BERLIN, years=GERMANY),
    "watch by night": calendar_of(BERLIN, frozenset(), WATCH, years=GERMANY),
}
names = st.sampled_from(sorted(KNOWN))
EPOCH = datetime(2025, 1, 1, tzinfo=UTC)
near_a_turn = st.sampled_from(  # where mistakes live: festivals, ends of years, clocks going forth and back
    [
        "2025-01-25",
        "2025-09-27",
        "2025-12-30",
        "2026-02-13",
        "2026-03-28",
        "2026-10-24",
        "2026-12-30",
        "2027-02-04",
    ]
).map(lambda day: (datetime.fromisoformat(day).replace(tzinfo=UTC) - EPOCH) // MINUTE)
minutes_of_three_years = st.one_of(
    st.integers(0, 3 * 365 * 24 * 60), st.builds(int.__add__, near_a_turn, st.integers(0, 4 * 24 * 60))
)


@cache
def worked_minutes(name: str, day: int) -> bytes:
    """One sign for each minute of the n-th UTC day since the epoch: is it worked? Asked one by one."""
    calendar, begin = CALENDARS[name], EPOCH + day * DAY
    signs = bytearray()
    for minute in range(24 * 60):
        here = (begin + minute * MINUTE).astimezone(calendar.zone)
        open_now = any(first <= here.time() < last for first, last in calendar.hours)
        signs.append(open_now and day_is_worked(name, here.date()))
    return bytes(signs)


@cache
def day_is_worked(name: str, day: date) -> bool:
    """By the notice of its year where this calendar has one, else by the weekday."""
    named = KNOWN[name].get(day.year, {})
    return named[day] if day in named else day.weekday() not in CALENDARS[name].weekend


def is_worked(name: str, minute: int) -> bool:
    return bool(worked_minutes(name, minute // (24 * 60))[minute % (24 * 60)])


def moment_of(name: str, minute: int) -> datetime:
    """The moment as a caller in that zone holds it, which is where summer time can go wrong."""
    return (EPOCH + minute * MINUTE).astimezone(CALENDARS[name].zone)


@settings(deadline=None)  # the walk is slow, not what it checks
@given(names, minutes_of_three_years, st.integers(1, 2500))
def test_working_minutes_of_real_years(name: str, start: int, value: int) -> None:
    minute, left = start, value
    while left:
        left -= is_worked(name, minute)
        minute += 1
    due = CALENDARS[name].due(moment_of(name, start), Limit(value, "wm"))
    assert due == EPOCH + minute * MINUTE
    assert due.tzinfo is UTC


@settings(deadline=None)
@given(names, minutes_of_three_years, st.integers(0, 20 * 24 * 60))
def test_time_between_two_moments_of_real_years(name: str, start: int, length: int) -> None:
    calendar, begin, end = CALENDARS[name], moment_of(name, start), moment_of(name, start + length)
    worked = sum(is_worked(name, minute) for minute in range(start, start + length))
    assert calendar.working_minutes(begin, end) == calendar.running(begin, end, "wh") == worked
    assert calendar.running(begin, end, "m") == calendar.running(begin, end, "h") == length


@settings(deadline=None)
@given(names, minutes_of_three_years, st.integers(1, 25), st.sampled_from(["d", "wd"]))
def test_days_of_real_years(name: str, start: int, value: int, unit: Unit) -> None:
    """Walks on by the minute: `d` to the first of the day after the last, `wd` past the last worked one."""
    calendar, begin = CALENDARS[name], moment_of(name, start)
    last = begin.date()
    if unit == "d":
        last += value * DAY
        while not day_is_worked(name, last):
            last += DAY
    else:
        for _ in range(value):
            last += DAY
            while not day_is_worked(name, last):
                last += DAY
    minute = start + max(0, (last - begin.date()).days - 2) * 24 * 60
    close = 0
    while (day := moment_of(name, minute).date()) <= last:
        minute += 1
        if day == last and is_worked(name, minute - 1):
            close = minute
    due = EPOCH + (minute if unit == "d" else close) * MINUTE
    assert calendar.due(begin, Limit(value, unit)) == due
    known = all(year in KNOWN[name] for year in range(begin.year, last.year + 1))
    assert calendar.is_certain(begin, due) == known


@settings(deadline=None)
@given(names, minutes_of_three_years, st.integers(0, 9000), st.integers(0, 9000), st.integers(1, 1500))
def test_pauses_of_real_years(name: str, start: int, after: int, length: int, value: int) -> None:
    calendar, begin = CALENDARS[name], moment_of(name, start)
    pause = moment_of(name, start + after), moment_of(name, start + after + length)
    for unit in UNITS:
        due = calendar.due(begin, Limit(value if unit in ("m", "wm") else 1 + value // 60, unit))
        assert calendar.shift(due, unit, pause[0], pause[0]) == due
        moved = calendar.shift(due, unit, *pause)
        if unit in ("m", "h"):
            assert moved - due == length * MINUTE
        elif unit in ("wm", "wh"):
            worked = sum(is_worked(name, start + after + n) for n in range(length))
            gone_by = (moved - due) // MINUTE
            first = (due - EPOCH) // MINUTE
            assert sum(is_worked(name, first + n) for n in range(gone_by)) == worked
            assert gone_by == 0 or is_worked(name, first + gone_by - 1)  # no minute later than it must be
        else:
            last = (due - MINUTE).astimezone(calendar.zone).date()
            lost = [pause[0].date() + n * DAY for n in range((pause[1].date() - pause[0].date()).days)]
            steps = len(lost) if unit == "d" else sum(day_is_worked(name, day) for day in lost)
            while steps:
                last += DAY
                steps -= unit == "d" or day_is_worked(name, last)
            while not day_is_worked(name, last):
                last += DAY
            assert (moved - MINUTE).astimezone(calendar.zone).date() == last
            if unit == "wd":
                assert moved.astimezone(calendar.zone).time() == calendar.hours[-1][1]
            else:
                assert moved.astimezone(calendar.zone).time() == time()


@settings(deadline=None)
@given(
    names, minutes_of_three_years, st.integers(1, 1200), st.integers(0, 3000), st.integers(0, 3000), st.data()
)
def test_the_used_share_counts_worked_minutes_without_the_pause(
    name: str, start: int, value: int, after: int, length: int, data: st.DataObject
) -> None:
    calendar, begin = CALENDARS[name], moment_of(name, start)
    due = calendar.due(begin, Limit(value, "wm"))
    first = min(start + after, (due - EPOCH) // MINUTE - 1)
    pause = moment_of(name, first), moment_of(name, first + length)
    moved = calendar.shift(due, "wm", *pause)
    now = data.draw(st.integers(start, (moved - EPOCH) // MINUTE))
    used = sum(is_worked(name, n) for n in range(start, now) if not first <= n < first + length)
    assert calendar.used_share(begin, moved, moment_of(name, now), "wm", [pause]) == Fraction(used, value)
    if now >= first:  # as it was seen while the pause still stood
        seen = calendar.used_share(begin, due, moment_of(name, now), "wm", [(pause[0], None)])
        assert seen == Fraction(sum(is_worked(name, n) for n in range(start, first)), value)


@settings(deadline=None)
@given(names, minutes_of_three_years, st.integers(1, 25), st.sampled_from(UNITS), st.data())
def test_nothing_is_used_up_before_it_is_due(
    name: str, start: int, value: int, unit: Unit, data: st.DataObject
) -> None:
    calendar, begin = CALENDARS[name], moment_of(name, start)
    due = calendar.due(begin, Limit(value, unit))
    end = (due - EPOCH) // MINUTE
    earlier, later = sorted(data.draw(st.tuples(st.integers(start, end - 1), st.integers(start, end - 1))))
    first, second = (calendar.used_share(begin, due, moment_of(name, n), unit) for n in (earlier, later))
    assert 0 <= first <= second < 1 == calendar.used_share(begin, due, due, unit)


@given(
    names, minutes_of_three_years, st.integers(1, 5000), st.integers(1, 5000), st.sampled_from(["m", "wm"])
)
def test_one_limit_after_another_is_their_sum(
    name: str, start: int, one: int, other: int, unit: Unit
) -> None:
    calendar, begin = CALENDARS[name], moment_of(name, start)
    in_two = calendar.due(calendar.due(begin, Limit(one, unit)), Limit(other, unit))
    assert in_two == calendar.due(begin, Limit(one + other, unit))


@given(names, minutes_of_three_years, st.integers(0, 9000), st.integers(1, 90), st.sampled_from(UNITS))
def test_who_starts_later_is_never_due_earlier(
    name: str, start: int, by: int, value: int, unit: Unit
) -> None:
    calendar, limit = CALENDARS[name], Limit(value, unit)
    due = calendar.due(moment_of(name, start), limit)
    assert calendar.due(moment_of(name, start + by), limit) >= due > moment_of(name, start)


def test_ten_years_of_days_are_counted() -> None:
    calendar, start = CALENDARS["three years published"], shanghai("2026-01-05 09:00")
    assert calendar.due(start, Limit(3650, "d")) == shanghai("2036-01-04 00:00")  # 3 January is a Thursday
    far = calendar.due(start, Limit(3650, "wd"))
    assert calendar.working_minutes(shanghai("2026-01-06 00:00"), far) == 3650 * 7 * 60


@pytest.mark.parametrize("year", [2025, 2026])
def test_the_library_says_what_the_notice_says(year: int) -> None:
    differing = {day: works for day, works in days_of(year).items() if works != (day.weekday() < 5)}
    assert library_year(year) == differing


def test_a_year_that_the_library_does_not_know_is_none() -> None:
    assert library_year(2000) is None
    assert library_year(2200) is None


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
        ("2025-09-30 16:00", "4wh", "2025-10-09 11:00"),  # National Day with Mid-Autumn: eight days
        ("2025-09-30 16:00", "2wd", "2025-10-10 18:00"),
        ("2025-09-30 16:00", "3wd", "2025-10-11 18:00"),  # that Saturday was worked
        ("2025-09-30 16:00", "1d", "2025-10-10 00:00"),  # 1 October rolls to the 9th, to its end
        ("2025-09-26 17:30", "1wh", "2025-09-28 09:30"),  # Saturday off, Sunday worked
        ("2025-10-01 00:30", "2h", "2025-10-01 02:30"),
        ("2026-02-13 17:00", "2wh", "2026-02-14 10:00"),  # Saturday before Spring Festival, worked
        ("2026-02-14 17:30", "60wm", "2026-02-24 09:30"),  # nine days of Spring Festival
        ("2026-02-14 09:00", "4wd", "2026-02-27 18:00"),
        ("2026-02-14 09:00", "5wd", "2026-02-28 18:00"),  # a Saturday, worked for it
        ("2025-12-31 17:45", "30wm", "2026-01-04 09:15"),  # Sunday 4 January was worked
        ("2025-12-31 17:45", "1wd", "2026-01-04 18:00"),
        ("2025-12-31 17:45", "1d", "2026-01-05 00:00"),
        ("2025-12-31 23:59", "1m", "2026-01-01 00:00"),
        ("2026-03-03 23:10", "10wm", "2026-03-04 09:10"),  # by night
        ("2026-03-07 10:00", "1wh", "2026-03-09 10:00"),  # on a Saturday
        ("2026-03-06 16:00", "2wh", "2026-03-06 18:00"),  # exactly at closing stays there
        ("2026-03-06 09:00", "3wh", "2026-03-06 12:00"),  # and at noon
        ("2026-03-06 12:00", "1wm", "2026-03-06 14:01"),
        ("2026-03-06 00:00", "1d", "2026-03-10 00:00"),  # midnight belongs to the day that begins
        ("2024-02-28 16:00", "3wh", "2024-02-29 10:00"),  # a leap day
        ("2024-02-28 16:00", "1d", "2024-03-01 00:00"),
        ("2024-02-28 16:00", "2wd", "2024-03-01 18:00"),
        ("2024-02-29 09:00", "366d", "2025-03-04 00:00"),  # 1 March 2025 is a Saturday
    ],
)
def test_limits_across_real_holidays(start: str, limit: str, due: str) -> None:
    calendar = china(2024, 2025, 2026)
    began = datetime.fromisoformat(start).replace(tzinfo=SHANGHAI)
    assert calendar.due(began, Limit.parse(limit)) == datetime.fromisoformat(due).replace(tzinfo=SHANGHAI)


def test_a_year_without_notice_is_said_to_be_uncertain() -> None:
    calendar = china(2025)
    june, december = (datetime(2025, month, 15, tzinfo=SHANGHAI) for month in (6, 12))
    assert calendar.is_certain(june, december)
    assert not calendar.is_certain(december, calendar.due(december, Limit.parse("30d")))
    around = calendar_of(SHANGHAI, years={2025: days_of(2025), 2027: days_of(2027)})
    assert not around.is_certain(
        december, datetime(2027, 1, 15, tzinfo=SHANGHAI)
    )  # the year between is not known


# ---------------------------------------------------------------- the clocks of the law


def shanghai(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)


@pytest.mark.parametrize(
    ("start", "limit", "due"),
    [
        # Petitions: registered and passed on within 15 days (Regulations 22).
        # Monday 5 January is not counted; the 6th is day 1, the 20th, a Tuesday, day 15.
        ("2026-01-05 15:20", "15d", "2026-01-21 00:00"),
        # From 2 February day 15 is the 17th, the first day of the lunar year; the holiday lasts until the
        # 23rd, so the 15 days end with Tuesday the 24th.
        ("2026-02-02 09:00", "15d", "2026-02-25 00:00"),
        # From 18 September day 15 is 3 October; off until the 7th, so it ends with Thursday the 8th.
        ("2026-09-18 17:59", "15d", "2026-10-09 00:00"),
        # Handled within 60 days of acceptance (34): 29 days are left of March, 30 of April make 59, day 60 is
        # 1 May; off until the 5th, so it ends with Wednesday the 6th.
        ("2026-03-02 10:00", "60d", "2026-05-07 00:00"),
        # With the longest extension, 90 days: 29 + 30 + 31 days bring us to Sunday 31 May; Monday counts.
        ("2026-03-02 10:00", "90d", "2026-06-02 00:00"),
        # A review is asked for within 30 days of the answer (35): 4 days are left of August, day 30 is
        # Saturday 26 September, in the Mid-Autumn holiday that ends on Sunday; Monday the 28th counts.
        ("2026-08-27 16:00", "30d", "2026-09-29 00:00"),
        # It is answered within 30 days: 16 left of January, day 30 is Saturday 14 February, which is a
        # make-up day. People work, so nothing rolls, although nine days off follow.
        ("2026-01-15 11:00", "30d", "2026-02-15 00:00"),
        # Mediation within 30 days of acceptance: 20 left of April, day 30 is Sunday 10 May; Monday counts.
        ("2026-04-10 08:00", "30d", "2026-05-12 00:00"),
        # Accepted the day before: Saturday 9 May, a make-up day.
        ("2026-04-09 23:59", "30d", "2026-05-10 00:00"),
        # Court confirmation is asked for within 30 days of effect (Mediation Law 33): day 30 is 31 December.
        ("2026-12-01 10:00", "30d", "2027-01-01 00:00"),
    ],
)  # fmt: skip
def test_legal_clocks_of_2026(start: str, limit: str, due: str) -> None:
    calendar = china(2026)
    assert calendar.due(shanghai(start), Limit.parse(limit)) == shanghai(due)
    assert calendar.is_certain(
        shanghai(start), shanghai(due)
    )  # also where the last day is 31 December, to its end


def test_a_clock_into_an_unpublished_year_moves_when_the_year_is_published() -> None:
    """Thirty days from 2 December end on Friday 1 January 2027: a plain Friday, until a notice names it."""
    start, limit = shanghai("2026-12-02 10:00"), Limit.parse("30d")
    before, after = CALENDARS["two years published"], CALENDARS["three years published"]
    assert before.due(start, limit) == shanghai("2027-01-02 00:00")
    assert not before.is_certain(start, before.due(start, limit))
    assert after.due(start, limit) == shanghai(
        "2027-01-05 00:00"
    )  # off until Sunday the 3rd; Monday, to its end
    assert after.is_certain(start, after.due(start, limit))


@pytest.mark.parametrize(
    ("unit", "due", "pause", "moved"),
    [
        ("h", "2026-03-06 16:00", ("2026-03-05 09:00", "2026-03-06 11:00"), "2026-03-07 18:00"),
        # Friday 10–12, 14–18 and Monday 9–10 are 7 h: from Friday 16:00 two to closing, five to Monday 16:00
        ("wm", "2026-03-06 16:00", ("2026-03-06 10:00", "2026-03-09 10:00"), "2026-03-09 16:00"),
        (
            "wh",
            "2026-03-06 18:00",
            ("2026-03-06 18:00", "2026-03-09 09:00"),
            "2026-03-06 18:00",
        ),  # nothing lost
        # Thursday to Monday are 4 days: Tuesday the 10th becomes Saturday the 14th, which rolls to Monday
        ("d", "2026-03-11 00:00", ("2026-03-05 17:00", "2026-03-09 09:00"), "2026-03-17 00:00"),
        ("d", "2026-03-11 00:00", ("2026-03-05 09:00", "2026-03-05 17:00"), "2026-03-11 00:00"),
        # Thursday and Friday, not the weekend, not Monday when it goes on
        ("wd", "2026-03-10 18:00", ("2026-03-05 17:00", "2026-03-09 09:00"), "2026-03-12 18:00"),
        # The Saturday of 28 February was worked: one working day lost
        ("wd", "2026-03-03 18:00", ("2026-02-28 10:00", "2026-03-01 10:00"), "2026-03-04 18:00"),
    ],
)
def test_what_a_pause_moves(unit: Unit, due: str, pause: tuple[str, str], moved: str) -> None:
    begin, end = map(shanghai, pause)
    assert china(2026).shift(shanghai(due), unit, begin, end) == shanghai(moved)


@pytest.mark.parametrize(
    ("start", "limit", "now", "share"),
    [
        ("2026-03-02 10:00", "5wd", "2026-03-02 18:00", "0"),  # the first day is not counted
        ("2026-03-02 10:00", "5wd", "2026-03-05 14:30", "1/2"),  # two days and half of Thursday's seven hours
        ("2026-03-02 10:00", "5wd", "2026-03-06 18:00", "4/5"),
        ("2026-03-02 10:00", "5wd", "2026-03-08 23:00", "4/5"),  # a weekend uses up nothing
        ("2026-03-02 10:00", "10d", "2026-03-08 00:00", "1/2"),  # the 3rd to the 7th are five days
        ("2026-03-02 10:00", "10d", "2026-03-11 00:00", "4/5"),
        ("2026-03-02 10:00", "1wd", "2026-03-03 12:00", "3/7"),
        ("2026-03-02 10:00", "4wh", "2026-03-02 15:00", "3/4"),  # lunch is nobody's time
        ("2026-03-02 10:00", "4h", "2026-03-02 15:00", "5/4"),
    ],
)
def test_the_share_that_is_used(start: str, limit: str, now: str, share: str) -> None:
    calendar, asked = china(2026), Limit.parse(limit)
    due = calendar.due(shanghai(start), asked)
    assert calendar.used_share(shanghai(start), due, shanghai(now), asked.unit) == Fraction(share)


def test_the_share_stands_still_in_a_pause_and_goes_on_from_there() -> None:
    """Eight hours from Monday 9:00, paused from 10:00 to 15:00: that is three working hours."""
    calendar, start = china(2026), shanghai("2026-03-02 09:00")
    begin, end = shanghai("2026-03-02 10:00"), shanghai("2026-03-02 15:00")
    due = calendar.due(start, Limit.parse("8wh"))
    assert due == shanghai("2026-03-03 10:00")
    for now in ("2026-03-02 10:00", "2026-03-02 11:00", "2026-03-05 11:00"):
        assert calendar.used_share(start, due, shanghai(now), "wh", [(begin, None)]) == Fraction(1, 8)
    moved = calendar.shift(due, "wh", begin, end)
    assert moved == shanghai("2026-03-03 14:00") + timedelta(hours=1)
    assert calendar.used_share(start, moved, shanghai("2026-03-02 16:00"), "wh", [(begin, end)]) == Fraction(
        1, 4
    )
    assert calendar.used_share(start, moved, moved, "wh", [(begin, end)]) == 1


def test_days_paused_are_not_used() -> None:
    """Five working days from Monday; Wednesday and Thursday are lost, so they end on Wednesday the 11th."""
    calendar, start = china(2026), shanghai("2026-03-02 10:00")
    pause = shanghai("2026-03-04 15:00"), shanghai("2026-03-06 09:30")
    due = calendar.shift(calendar.due(start, Limit.parse("5wd")), "wd", *pause)
    assert due == shanghai("2026-03-11 18:00")
    for now, days in (("2026-03-03 18:00", 1), ("2026-03-06 18:00", 2), ("2026-03-09 18:00", 3)):
        assert calendar.used_share(start, due, shanghai(now), "wd", [pause]) == Fraction(days, 5)


@pytest.mark.parametrize(
    ("limit", "share", "part"),
    [
        ("5wh", "1/2", "150wm"),
        ("1m", "1/2", "1m"),
        ("1h", "1/3", "20m"),
        ("5d", "1/2", "3d"),
        ("1wd", "1/2", "1wd"),
        ("10wd", "3/2", "15wd"),
        ("30wm", "0", "1wm"),
    ],
)
def test_a_share_of_a_limit(limit: str, share: str, part: str) -> None:
    assert str(Limit.parse(limit).times(Fraction(share))) == part


def test_an_hour_that_is_twice_on_the_clock_is_two_hours() -> None:
    berlin = Calendar(ZoneInfo("Europe/Berlin"))
    first = datetime(2026, 10, 25, 2, 50, tzinfo=berlin.zone)
    again = datetime(2026, 10, 25, 2, 10, tzinfo=berlin.zone, fold=1)  # twenty minutes later
    assert berlin.running(first, again, "m") == 20
    assert berlin.shift(again, "h", first, again) - again.astimezone(UTC) == timedelta(minutes=20)
    assert berlin.used_share(first, berlin.due(first, Limit(1, "h")), again, "h") == Fraction(1, 3)


def test_a_moment_without_a_zone_is_refused() -> None:
    calendar, aware = china(2026), shanghai("2026-03-02 10:00")
    naive = aware.replace(tzinfo=None)
    for unit in UNITS:
        with pytest.raises(ValueError, match="no time zone"):
            calendar.due(naive, Limit(1, unit))
        with pytest.raises(ValueError, match="no time zone"):
            calendar.running(naive, aware, unit)
        with pytest.raises(ValueError, match="no time zone"):
            calendar.shift(aware, unit, naive, naive)


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
