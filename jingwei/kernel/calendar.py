"""Counting time as the law and the desks do. Pure: the days and hours come in, no clock or database is asked.

Units: `m`, `h` continuous; `wm`, `wh` working time; `d` natural days, `wd` working days. Only `d` and `wd`
leave out the first day. `d` ends at 24:00 of its last day (written as 00:00 of the next), `wd` at close of
business; where the last of `d` is a day off it rolls to the next working day (Civil Code 201, 203).

Moments come in aware, in any zone, and go out in UTC; days and hours are those of the calendar's zone.
Minutes are those that really pass, so a change to summer time makes no hour longer or shorter.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from fractions import Fraction
from typing import Literal, cast, get_args
from zoneinfo import ZoneInfo

Unit = Literal["m", "h", "wm", "wh", "d", "wd"]
UNITS: tuple[Unit, ...] = get_args(Unit)
MINUTES: dict[Unit, int] = {"m": 1, "wm": 1, "h": 60, "wh": 60}
USED_UP_BY: dict[Unit, Unit] = {"m": "m", "h": "m", "d": "m", "wm": "wm", "wh": "wm", "wd": "wm"}

Spans = tuple[tuple[time, time], ...]
Pause = tuple[datetime, datetime | None]
OFFICE_HOURS: Spans = ((time(9), time(12)), (time(14), time(18)))
WEEKEND = frozenset({5, 6})
ONE_MINUTE, ONE_DAY = timedelta(minutes=1), timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Limit:
    """So many of a unit: `Limit.parse("30wm")`."""

    value: int
    unit: Unit

    def __post_init__(self) -> None:
        if self.unit not in UNITS or self.value < 1:
            raise ValueError(
                f"'{self.value}{self.unit}' is no limit: "
                f"write a number from 1 and one of {', '.join(UNITS)}, like 30wm"
            )

    @classmethod
    def parse(cls, text: str) -> Limit:
        """Read `10m`, `4wh`, `5wd`; raises ``ValueError`` saying what would be right."""
        found = re.fullmatch(r"([0-9]{1,6})(m|h|wm|wh|d|wd)", text.strip())
        if not found:
            raise ValueError(f"'{text}' is no limit: write a number and one of {', '.join(UNITS)}, like 30wm")
        return cls(int(found[1]), cast("Unit", found[2]))

    def __str__(self) -> str:
        return f"{self.value}{self.unit}"

    def times(self, share: Fraction) -> Limit:
        """A share of it: days round up to whole days, everything else to whole minutes; never nothing."""
        if self.unit in ("d", "wd"):
            return Limit(max(1, math.ceil(self.value * share)), self.unit)
        minutes = max(1, math.ceil(self.value * MINUTES[self.unit] * share))
        return Limit(minutes, "m" if self.unit in ("m", "h") else "wm")


@dataclass(frozen=True)
class Calendar:
    """Which days are worked, and from when to when.

    `off` and `work` are the days that differ from the weekend rule.
    """

    zone: ZoneInfo
    weekend: frozenset[int] = WEEKEND
    off: frozenset[date] = frozenset()
    work: frozenset[date] = frozenset()
    hours: Spans = OFFICE_HOURS
    published: frozenset[int] = field(default_factory=frozenset)

    def __post_init__(self) -> None:
        moments = [moment for span in self.hours for moment in span]
        if not moments or moments != sorted(moments) or len(set(moments)) != len(moments):
            raise ValueError(
                "working hours must be spans in order that do not touch, like 09:00–12:00, 14:00–18:00"
            )
        if len(self.weekend) >= 7 or self.off & self.work:
            raise ValueError("no day would be worked, or a day is both off and worked")

    def is_working(self, day: date) -> bool:
        """Is this a working day?"""
        return day in self.work or (day not in self.off and day.weekday() not in self.weekend)

    def is_certain(self, start: datetime, end: datetime) -> bool:
        """Are the holidays of every year in between published? Otherwise weekends alone were counted.

        What ends with 31 December, at 24:00, asks nothing of the year that begins then.
        """
        first = self._day(start).year
        return all(year in self.published for year in range(first, max(first, self._last_day(end).year) + 1))

    def due(self, start: datetime, limit: Limit) -> datetime:
        """Return when a limit that starts now runs out, in UTC."""
        if limit.unit in ("m", "h"):
            return _utc(start) + timedelta(minutes=limit.value * MINUTES[limit.unit])
        if limit.unit in ("wm", "wh"):
            return self._after_working(start, timedelta(minutes=limit.value * MINUTES[limit.unit]))
        if limit.unit == "d":
            return self._end_of(self._rolled(self._day(start) + timedelta(days=limit.value)))
        return self._close(self._working_day_after(self._day(start), limit.value))

    def shift(self, due: datetime, unit: Unit, paused_from: datetime, paused_to: datetime) -> datetime:
        """Return the new due time after a pause.

        Minutes and hours move by the paused minutes, working ones by the working minutes of the pause. Days
        move by those that ended paused: from the day of pausing up to, without, the day of going on.
        """
        due, paused_from, paused_to = _utc(due), _utc(paused_from), _utc(paused_to)
        if paused_to <= paused_from:
            return due
        if unit in ("m", "h"):
            return due + (paused_to - paused_from)
        if unit in ("wm", "wh"):
            paused = self._working_time(paused_from, paused_to)
            return self._after_working(due, paused) if paused else due
        from_day, to_day = self._day(paused_from), self._day(paused_to)
        if unit == "d":
            days = (to_day - from_day).days
            return self._end_of(self._rolled(self._last_day(due) + timedelta(days=days))) if days else due
        days = sum(1 for day in self._days(from_day, to_day) if self.is_working(day))
        return self._close(self._working_day_after(self._day(due), days)) if days else due

    def running(self, start: datetime, end: datetime, unit: Unit) -> int:
        """Return the running time between two moments in the unit's own measure.

        Minutes for `m` and `h`, working minutes for `wm` and `wh`; for `d` and `wd` the days, or working
        days, that began after the first. So 24:00 of a last day counts the day that begins then, too.
        """
        start, end = _utc(start), _utc(end)
        if end <= start:
            return 0
        if unit in ("m", "h"):
            return (end - start) // ONE_MINUTE
        if unit in ("wm", "wh"):
            return self.working_minutes(start, end)
        days = list(self._days(self._day(start) + ONE_DAY, self._day(end) + ONE_DAY))
        return len(days) if unit == "d" else sum(map(self.is_working, days))

    def working_minutes(self, start: datetime, end: datetime) -> int:
        """Return the whole working minutes between two moments."""
        return self._working_time(_utc(start), _utc(end)) // ONE_MINUTE

    def used_share(
        self, start: datetime, due: datetime, now: datetime, unit: Unit, paused: Iterable[Pause] = ()
    ) -> Fraction:
        """Return how much of the running time between start and due has passed: below 1 before due, 1 at it.

        `paused` are the pauses by which `due` was shifted, and one that still stands, with None as its end.
        Days are used up bit by bit: `d` by the minutes, `wd` by the working minutes after the first day.
        """
        pauses = [(_utc(begin), end and _utc(end)) for begin, end in paused]
        now = min([_utc(now), *(begin for begin, end in pauses if end is None or begin <= _utc(now) < end)])
        over = [(end, self._stood(begin, end, unit)) for begin, end in pauses if end is not None]
        used = self._passed(start, now, unit) - sum(minutes for end, minutes in over if end <= now)
        whole = self._passed(start, due, unit) - sum(minutes for _, minutes in over)
        return Fraction(max(0, used), max(1, whole))

    def _passed(self, start: datetime, end: datetime, unit: Unit) -> int:
        """The minutes, of the kind that use up the unit, since a limit began to run."""
        begin = self._end_of(self._day(start)) if unit in ("d", "wd") else start
        return self.running(begin, end, USED_UP_BY[unit])

    def _stood(self, begin: datetime, end: datetime, unit: Unit) -> int:
        """The minutes of a pause, of the same kind: those by which `shift` moves the due time."""
        if unit in ("d", "wd"):
            begin, end = self._at(self._day(begin), time()), self._at(self._day(end), time())
        return self.running(begin, end, USED_UP_BY[unit])

    # ------------------------------------------------------------ days

    def _day(self, moment: datetime) -> date:
        return _utc(moment).astimezone(self.zone).date()

    def _last_day(self, due: datetime) -> date:
        """The day that ends at this midnight."""
        return self._day(_utc(due) - timedelta(microseconds=1))

    def _days(self, first: date, end: date) -> Iterator[date]:
        day = first
        while day < end:
            yield day
            day += ONE_DAY

    def _rolled(self, day: date) -> date:
        while not self.is_working(day):
            day += ONE_DAY
        return day

    def _working_day_after(self, day: date, count: int) -> date:
        while count:
            day += ONE_DAY
            count -= self.is_working(day)
        return day

    def _end_of(self, day: date) -> datetime:
        return self._at(day + ONE_DAY, time())

    def _close(self, day: date) -> datetime:
        return self._at(day, self.hours[-1][1])

    def _at(self, day: date, moment: time) -> datetime:
        return datetime.combine(day, moment, self.zone).astimezone(UTC)

    # ------------------------------------------------------------ working time

    def _spans(self, day: date) -> list[tuple[datetime, datetime]]:
        return (
            [(self._at(day, begin), self._at(day, end)) for begin, end in self.hours]
            if self.is_working(day)
            else []
        )

    def _working_time(self, start: datetime, end: datetime) -> timedelta:
        total = timedelta()
        for day in self._days(self._day(start), self._day(end) + ONE_DAY):
            for begin, close in self._spans(day):
                total += max(timedelta(), min(close, end) - max(begin, start))
        return total

    def _after_working(self, start: datetime, needed: timedelta) -> datetime:
        """The moment when so much working time has passed; one that falls on closing time stays there."""
        start, day = _utc(start), self._day(start)
        while True:
            for begin, close in self._spans(day):
                there = max(begin, start)
                if there < close:
                    if there + needed <= close:
                        return there + needed
                    needed -= close - there
            day += ONE_DAY


def _utc(moment: datetime) -> datetime:
    """Return the moment in UTC, where subtracting gives what passed and not what the wall clock says."""
    if moment.utcoffset() is None:
        raise ValueError(f"{moment} says no time zone: give an aware moment")
    return moment.astimezone(UTC)


def calendar_of(
    zone: ZoneInfo,
    weekend: frozenset[int] = WEEKEND,
    hours: Spans = OFFICE_HOURS,
    *,
    years: Mapping[int, Mapping[date, bool]],
) -> Calendar:
    """Return the calendar of published years.

    Each year lists the days that differ from the weekend rule, True where worked.
    """
    days = {day: works for listed in years.values() for day, works in listed.items()}
    return Calendar(
        zone=zone,
        weekend=weekend,
        off=frozenset(day for day, works in days.items() if not works),
        work=frozenset(day for day, works in days.items() if works),
        hours=hours,
        published=frozenset(years),
    )
