"""The city's working calendar, from its rows.

For years without one: from the library that knows the State Council's notices.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, time
from typing import Literal
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import transaction

from jingwei.kernel import ids, journal
from jingwei.kernel.actors import Actor
from jingwei.kernel.calendar import Calendar, calendar_of
from jingwei.kernel.fitting import unfit
from jingwei.kernel.holidays import library_year
from jingwei.kernel.models import CalendarYear, WorkingTime
from jingwei.kernel.moments import now, today
from jingwei.kernel.refusals import Reason, Refused
from jingwei.kernel.versions import Kept, raise_version

COUNTER = "calendar"
YEARS_AROUND = 12


def calendar() -> Calendar:
    """The calendar of now."""
    day, known = _kept.get()
    if day != today():  # other working hours may begin at midnight, and nobody raises a counter then
        _kept.forget()
        _, known = _kept.get()
    return known


def forget() -> None:
    """Read it anew at the next call."""
    _kept.forget()


# ---------------------------------------------------------------- publishing


@transaction.atomic
def publish_year(year: int, days: Mapping[date, bool], *, source: str, by: Actor) -> CalendarYear:
    """Publish the days of a year that differ from the weekend rule (True: worked) as its next version.

    Refused: days of another year, no source, the same days as are in force.
    """
    reasons = unfit(CalendarYear, {"source": source}) + [
        Reason("day-of-another-year", "days", {"day": day.isoformat(), "year": year})
        for day in sorted(days)
        if day.year != year
    ]
    if not source.strip():
        reasons.append(Reason("missing", "source"))
    there = CalendarYear.objects.filter(year=year).order_by("-version").first()
    listed = {day.isoformat(): works for day, works in sorted(days.items())}
    if there is not None and there.days == listed:
        reasons.append(Reason("nothing-new", "days", {"version": there.version}))
    if reasons:
        raise Refused(*reasons)
    row = CalendarYear(
        year=year,
        version=there.version + 1 if there else 1,
        days=listed,
        source=source.strip(),
        published_at=now(),
    )
    row.save(force_insert=True)
    detail = {"version": row.version, "off": sum(not w for w in days.values()), "worked": sum(days.values())}
    journal.record_apart("calendar", ids.numbered(year), "year-published", by=by, detail=detail)
    raise_version(COUNTER)
    return row


@transaction.atomic
def set_working_time(
    valid_from: date, hours: Sequence[tuple[time, time]], weekend: Sequence[int], *, by: Actor
) -> WorkingTime:
    """Set working hours and weekend from a day on, today at the earliest.

    What was counted before stays counted.
    """
    reasons = []
    moments = [moment for span in hours for moment in span]
    if not moments or moments != sorted(set(moments)):
        reasons.append(Reason("working-hours-wrong", "hours"))
    if len(set(weekend)) >= 7 or any(day not in range(7) for day in weekend):
        reasons.append(Reason("no-day-worked", "weekend"))
    if valid_from < today():
        reasons.append(Reason("begins-in-past", "valid_from"))
    elif WorkingTime.objects.filter(valid_from=valid_from).exists():
        reasons.append(Reason("begins-that-day", "valid_from"))
    if reasons:
        raise Refused(*reasons)
    spans = [[f"{begin:%H:%M}", f"{end:%H:%M}"] for begin, end in hours]
    row = WorkingTime(valid_from=valid_from, hours=spans, weekend=sorted(set(weekend)))
    row.save(force_insert=True)
    detail = {"from": valid_from.isoformat(), "hours": spans, "weekend": row.weekend}
    journal.record_apart("working-time", ids.numbered(row.pk), "working-time-set", by=by, detail=detail)
    raise_version(COUNTER)
    return row


# ---------------------------------------------------------------- what is known


@dataclass(frozen=True, slots=True)
class KnownYear:
    """A year as clocks count it.

    From where its days are, which version, and how many differ from the weekend rule.
    """

    year: int
    origin: Literal["published", "library", "none"]
    version: int
    source: str
    days: Mapping[date, bool]

    @property
    def off(self) -> list[date]:
        return [day for day, works in sorted(self.days.items()) if not works]

    @property
    def worked(self) -> list[date]:
        return [day for day, works in sorted(self.days.items()) if works]


def year_known(year: int) -> KnownYear:
    """What clocks know of a year: its newest published version, else the library, else weekends alone."""
    row = CalendarYear.objects.filter(year=year).order_by("-version").first()
    if row is not None:
        days = {date.fromisoformat(day): works for day, works in row.days.items()}
        return KnownYear(year, "published", row.version, row.source, days)
    listed = library_year(year)
    return KnownYear(year, "none" if listed is None else "library", 0, "", listed or {})


def _load() -> tuple[date, Calendar]:
    this_year = today().year
    years: dict[int, dict[date, bool]] = {}
    for year in range(this_year - YEARS_AROUND, this_year + 3):
        if (known := library_year(year)) is not None:
            years[year] = known
    for row in CalendarYear.objects.order_by("year", "version"):  # a later version replaces an earlier one
        years[row.year] = {date.fromisoformat(day): works for day, works in row.days.items()}
    hours = WorkingTime.objects.filter(valid_from__lte=today()).order_by("-valid_from").first()
    if hours is None:
        return today(), calendar_of(ZoneInfo(settings.TIME_ZONE), years=years)
    spans = tuple((time.fromisoformat(begin), time.fromisoformat(end)) for begin, end in hours.hours)
    return today(), calendar_of(ZoneInfo(settings.TIME_ZONE), frozenset(hours.weekend), spans, years=years)


_kept = Kept(COUNTER, _load)
