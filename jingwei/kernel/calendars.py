"""The city's working calendar, from its rows and, for years without one, from the library that knows the State Council's notices."""

from __future__ import annotations

from datetime import date, time
from zoneinfo import ZoneInfo

from django.conf import settings

from jingwei.kernel.calendar import Calendar, calendar_of
from jingwei.kernel.holidays import library_year
from jingwei.kernel.models import CalendarYear, WorkingTime
from jingwei.kernel.moments import today
from jingwei.kernel.versions import Kept

COUNTER = "calendar"
YEARS_AROUND = 12


def calendar() -> Calendar:
    """The calendar of now."""
    return _kept.get()


def forget() -> None:
    """Read it anew at the next call."""
    _kept.forget()


def _load() -> Calendar:
    this_year = today().year
    years: dict[int, dict[date, bool]] = {}
    for year in range(this_year - YEARS_AROUND, this_year + 3):
        if (known := library_year(year)) is not None:
            years[year] = known
    for row in CalendarYear.objects.order_by("year", "version"):  # a later version replaces an earlier one
        years[row.year] = {date.fromisoformat(day): works for day, works in row.days.items()}
    hours = WorkingTime.objects.filter(valid_from__lte=today()).order_by("-valid_from").first()
    if hours is None:
        return calendar_of(ZoneInfo(settings.TIME_ZONE), years=years)
    spans = tuple((time.fromisoformat(begin), time.fromisoformat(end)) for begin, end in hours.hours)
    return calendar_of(ZoneInfo(settings.TIME_ZONE), frozenset(hours.weekend), spans, years=years)


_kept = Kept(COUNTER, _load)
