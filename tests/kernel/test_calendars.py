"""The city's calendar from rows: published years and their versions, working hours from a day on."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from jingwei.kernel import calendars, moments, seals
from jingwei.kernel.actors import Person
from jingwei.kernel.calendar import Limit
from jingwei.kernel.calendars import calendar
from jingwei.kernel.holidays import library_year
from jingwei.kernel.models import CalendarYear, JournalLine, WorkingTime
from jingwei.kernel.refusals import Refused

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("city")]

BOSS = Person(person=1, assignment=10)
SHANGHAI = ZoneInfo("Asia/Shanghai")
NINE = datetime.fromisoformat("2026-11-20T09:00:00+08:00")  # a Friday
UNKNOWN = 2031  # far enough that no library has heard of it


def publish(year: int, days: dict[str, bool], source: str = "国办发明电〔2026〕1号") -> CalendarYear:
    return calendars.publish_year(
        year, {date.fromisoformat(day): works for day, works in days.items()}, source=source, by=BOSS
    )


def working(day: str) -> bool:
    return calendar().is_working(date.fromisoformat(day))


def test_without_rows_the_library_knows_the_holidays() -> None:
    with moments.at(NINE):
        assert [working(day) for day in ("2025-10-01", "2025-10-05", "2025-10-11", "2025-10-12")] == [
            False,
            False,
            True,
            False,
        ]
        assert calendar().zone == SHANGHAI
        assert 2025 in calendar().published


def test_a_year_nobody_has_published_counts_weekends_only_and_says_so() -> None:
    assert library_year(UNKNOWN) is None
    with moments.at(datetime(UNKNOWN, 1, 2, tzinfo=UTC)):
        known = calendar()
        assert UNKNOWN not in known.published
        assert [working(f"{UNKNOWN}-01-0{day}") for day in (1, 2, 3, 4, 5)] == [
            True,
            True,
            True,
            False,
            False,
        ]
        start = datetime(UNKNOWN, 1, 2, 1, 0, tzinfo=UTC)
        assert not known.is_certain(start, known.due(start, Limit.parse("3wd")))
        assert calendars.year_known(UNKNOWN) == calendars.KnownYear(UNKNOWN, "none", 0, "", {})


def test_a_published_year_counts_from_then_on_and_is_certain() -> None:
    with moments.at(datetime(UNKNOWN, 1, 2, tzinfo=UTC)):
        start = datetime(UNKNOWN, 1, 1, 1, 0, tzinfo=UTC)
        before = calendar().due(start, Limit.parse("2wd"))
        publish(UNKNOWN, {f"{UNKNOWN}-01-02": False, f"{UNKNOWN}-01-04": True})
        known = calendar()
        assert [working(f"{UNKNOWN}-01-0{day}") for day in (1, 2, 3, 4, 5)] == [
            True,
            False,
            True,
            True,
            False,
        ]
        assert known.due(start, Limit.parse("2wd")) == before + timedelta(days=1)
        assert known.is_certain(start, known.due(start, Limit.parse("2wd")))


def test_a_later_version_replaces_an_earlier_one_which_stays() -> None:
    with moments.at(NINE):
        first = publish(2026, {"2026-12-25": False})
        assert not working("2026-12-25")
        assert working("2026-02-17")  # what the library says of a year goes with the first row of it
        second = publish(2026, {"2026-12-26": True}, source="更正")
        assert [working(day) for day in ("2026-12-25", "2026-12-26")] == [True, True]
        assert (first.version, second.version) == (1, 2)
        assert list(CalendarYear.objects.order_by("version").values_list("days", flat=True)) == [
            {"2026-12-25": False},
            {"2026-12-26": True},
        ]
        known = calendars.year_known(2026)
        assert (known.origin, known.version, known.source) == ("published", 2, "更正")
        assert (known.off, known.worked) == ([], [date(2026, 12, 26)])


def test_publishing_is_a_line_of_the_journal() -> None:
    with moments.at(NINE):
        publish(2026, {"2026-12-25": False, "2026-12-26": True})
    line = JournalLine.objects.get(kind="calendar")
    assert (line.verb, line.person, line.detail) == (
        "year-published",
        1,
        {"version": 1, "off": 1, "worked": 1},
    )
    assert seals.verify().faults == []


@pytest.mark.parametrize(
    ("days", "source", "codes"),
    [
        ({"2027-01-01": False}, "x", ("day-of-another-year:days",)),
        ({"2026-01-01": False}, " ", ("missing:source",)),
        (
            {"2025-12-31": True, "2027-01-01": False},
            "",
            ("day-of-another-year:days", "day-of-another-year:days", "missing:source"),
        ),
        ({}, "x" * 121, ("too-long:source",)),
    ],
)
def test_what_cannot_be_published_changes_nothing(
    days: dict[str, bool], source: str, codes: tuple[str, ...]
) -> None:
    with pytest.raises(Refused) as no:
        publish(2026, days, source)
    assert no.value.codes == codes
    assert CalendarYear.objects.count() == JournalLine.objects.count() == 0


def test_the_same_days_are_not_published_twice() -> None:
    publish(2026, {"2026-12-25": False})
    with pytest.raises(Refused, match="nothing-new"):
        publish(2026, {"2026-12-25": False})


def test_working_hours_change_from_a_day_on_without_anybody_doing_anything() -> None:
    with moments.at(NINE):
        summer = [(time(8, 30), time(11, 30)), (time(15), time(18, 30))]
        calendars.set_working_time(date(2026, 11, 23), summer, [5, 6], by=BOSS)
        assert calendar().hours == ((time(9), time(12)), (time(14), time(18)))
    with moments.at(datetime.fromisoformat("2026-11-22T23:59:00+08:00")):
        assert calendar().hours[0] == (time(9), time(12))
    with moments.at(datetime.fromisoformat("2026-11-23T00:00:00+08:00")):
        assert calendar().hours == tuple(summer)
        start = datetime.fromisoformat("2026-11-23T08:30:00+08:00")
        assert calendar().due(start, Limit.parse("4wh")) == datetime.fromisoformat(
            "2026-11-23T16:00:00+08:00"
        )
    with moments.at(NINE):  # and back, as a simulated clock may go
        assert calendar().hours[0] == (time(9), time(12))


def test_another_weekend() -> None:
    with moments.at(NINE):
        calendars.set_working_time(date(2026, 11, 20), [(time(9), time(17))], [4, 4], by=BOSS)
        assert WorkingTime.objects.get().weekend == [4]
        assert [working(f"2026-11-{day}") for day in (20, 21, 22, 23)] == [False, True, True, True]


@pytest.mark.parametrize(
    ("day", "hours", "weekend", "code"),
    [
        (date(2026, 11, 20), [], [5], "working-hours-wrong:hours"),
        (date(2026, 11, 20), [(time(12), time(9))], [5], "working-hours-wrong:hours"),
        (date(2026, 11, 20), [(time(9), time(12)), (time(12), time(18))], [5], "working-hours-wrong:hours"),
        (date(2026, 11, 20), [(time(9), time(12))], range(7), "no-day-worked:weekend"),
        (date(2026, 11, 20), [(time(9), time(12))], [7], "no-day-worked:weekend"),
        (date(2026, 11, 19), [(time(9), time(12))], [5], "begins-in-past:valid_from"),
    ],
)
def test_working_hours_that_are_none_are_refused(day: date, hours: Any, weekend: Any, code: str) -> None:
    with moments.at(NINE), pytest.raises(Refused) as no:
        calendars.set_working_time(day, hours, list(weekend), by=BOSS)
    assert no.value.codes == (code,)
    assert WorkingTime.objects.count() == 0


def test_the_calendar_is_kept_in_memory(django_assert_num_queries: Callable[[int], Any]) -> None:
    with moments.at(NINE):
        calendar()
        with django_assert_num_queries(1):  # the look at its mark
            calendar()
