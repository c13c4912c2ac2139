"""Times, spans, numbers and rates in the words of people. Pure: the moment to count from is always given.

The language is the active one; Chinese sets no blank between signs and figures, English does. Every phrase is
one message of the catalogue, so that another language can order its parts as it likes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache
from typing import Literal

from django.utils import dateformat, timezone
from django.utils.translation import get_language, gettext, ngettext, npgettext, pgettext

Kind = Literal["ok", "soon", "late", "off"]

#: From this share of the limit on a clock is "soon": a fifth or less is left.
SOON = 0.8

MINUTE, HOUR, DAY = 1, 60, 24 * 60

# ---------------------------------------------------------------- spans and clocks


def span(minutes: int) -> str:
    """Say a length of time: “25分”, “3小时20分”, beyond a day “2天5小时”. Begun minutes do not count."""
    minutes = int(minutes)
    if minutes < MINUTE:
        return gettext("less than 1 min")
    if minutes < DAY:
        return _joined((minutes // HOUR, _hours), (minutes % HOUR, _minutes))
    return _joined((minutes // DAY, _days), (minutes % DAY // HOUR, _hours))


def left(minutes: float) -> str:
    """Say how much time is left, or by how much it is over: “还剩3小时20分”, “超时25分”."""
    if minutes < 0:
        return gettext("{span} late").format(span=span(int(-minutes)))
    return gettext("{span} left").format(span=span(int(minutes)))


def time_left(due: datetime, now: datetime) -> str:
    """Say the time until a due moment on the wall clock; working time is the calendar's to count."""
    return left((due - now).total_seconds() / 60)


def working_days_left(days: int) -> str:
    """Say a count of working days that the calendar made: “还剩3个工作日”, “超时1个工作日”; 0 is today."""
    if days < 0:
        return ngettext("{count} working day late", "{count} working days late", -days).format(count=-days)
    if days == 0:
        return gettext("due today")
    return ngettext("{count} working day left", "{count} working days left", days).format(count=days)


@dataclass(frozen=True)
class Thread:
    """How a clock is drawn: `used` per cent of the thread, and where its knot (the limit) sits."""

    kind: Kind
    used: int
    knot: int = 100


def thread(spent: float, limit: float, *, stopped: bool = False) -> Thread:
    """Draw a clock from the time spent and its limit, in any one unit. Late threads run past their knot."""
    if limit <= 0:
        return Thread("off" if stopped else "late", 100, 0)
    part = spent / limit
    if stopped:
        return Thread("off", min(100, round(part * 100)))
    if part > 1:
        return Thread("late", 100, round(100 / part))
    return Thread("soon" if part >= SOON else "ok", min(100, max(0, round(part * 100))))


@dataclass(frozen=True)
class Clock:
    """What the bar and the one-line sign of a clock show; views fill it from the engine's clocks."""

    label: str
    words: str
    kind: Kind
    used: int
    knot: int = 100
    note: str = ""
    exact: str = ""


def clock(label: str, *, began: datetime, due: datetime, now: datetime, note: str = "") -> Clock:
    """Make a clock that runs on the wall clock from `began` to `due`."""
    drawn = thread((now - began).total_seconds(), (due - began).total_seconds())
    return Clock(label, time_left(due, now), drawn.kind, drawn.used, drawn.knot, note, exact(due))


# ---------------------------------------------------------------- moments


def when(moment: datetime, now: datetime) -> str:
    """Say a moment as people do: “今天15:31”, “昨天09:12”, “11月20日 09:12”, the year when it differs."""
    here, today = timezone.localtime(moment), timezone.localtime(now).date()
    time = f"{here:%H:%M}"
    match (here.date() - today).days:
        case 0:
            return gettext("today {time}").format(time=time)
        case -1:
            return gettext("yesterday {time}").format(time=time)
        case 1:
            return gettext("tomorrow {time}").format(time=time)
    if here.year == today.year:
        return _written(here, pgettext("date format", "j M H:i"))
    return _written(here, pgettext("date format", "j M Y H:i"))


@lru_cache(maxsize=20_000)
def _written(here: datetime, pattern: str) -> str:
    """A list shows a hundred moments, the next list mostly the same ones. The pattern is of one language."""
    return dateformat.format(here, pattern)


def day(moment: date, now: datetime) -> str:
    """Say a day: “今天”, “昨天”, “11月20日”, the year when it differs. A moment counts in local time."""
    this = timezone.localtime(moment).date() if isinstance(moment, datetime) else moment
    today = timezone.localtime(now).date()
    near = {0: gettext("today"), -1: gettext("yesterday"), 1: gettext("tomorrow")}
    if this.year != today.year:
        return near.get((this - today).days) or dateformat.format(this, pgettext("date format", "j M Y"))
    return near.get((this - today).days) or dateformat.format(this, pgettext("date format", "j M"))


def clock_time(moment: datetime) -> str:
    """Say the time of day alone: “15:31”."""
    return f"{timezone.localtime(moment):%H:%M}"


def exact(moment: datetime) -> str:
    """Say a moment in full, for the hover and for paper: “2026年11月20日 15:31”."""
    return _written(timezone.localtime(moment), pgettext("date format", "j F Y, H:i"))


def full_date(this: date) -> str:
    """Say a day with its year, as papers do: “2026年11月20日”. A moment counts in local time."""
    this = timezone.localtime(this).date() if isinstance(this, datetime) else this
    return dateformat.format(this, pgettext("date format", "j F Y"))


def weekday(this: date) -> str:
    """Say the day of the week: “周五”, “Fri”. A moment counts in local time."""
    this = timezone.localtime(this).date() if isinstance(this, datetime) else this
    match this.weekday():
        case 0:
            return gettext("Mon")
        case 1:
            return gettext("Tue")
        case 2:
            return gettext("Wed")
        case 3:
            return gettext("Thu")
        case 4:
            return gettext("Fri")
        case 5:
            return gettext("Sat")
    return gettext("Sun")


# ---------------------------------------------------------------- numbers


def number(value: float | Decimal | None) -> str:
    """Write a number with its thousands apart: “14,402”; what is not known is “—”."""
    return "—" if value is None else f"{value:,}"


def big_number(value: int | None) -> str:
    """Write a number for the far eye: up to 9,999 exactly, then “1.3万”, “1.2亿” (English “13k”, “1.2m”)."""
    if value is None or abs(value) < 10_000:
        return number(value)
    for least, unit in _STEPS_ZH if (get_language() or "").startswith("zh") else _STEPS_EN:
        short = _round(Decimal(value) / least, 1)
        if abs(short) >= 1:
            return f"{short.normalize():,f}{unit}"
    return number(value)


_STEPS_ZH = ((100_000_000, "亿"), (10_000, "万"))
_STEPS_EN = ((1_000_000_000, "bn"), (1_000_000, "m"), (1_000, "k"))


def share(part: float | Decimal | None, whole: float | Decimal | None, places: int = 1) -> str:
    """Write n/d in per cent, rounded half up in decimal: “93.4%”; “—” where there is nothing to count."""
    if part is None or not whole:
        return "—"
    return f"{_round(Decimal(str(part)) * 100 / Decimal(str(whole)), places)}%"


def _round(value: Decimal, places: int) -> Decimal:
    return value.quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_UP)


# ---------------------------------------------------------------- parts


def _joined(*parts: tuple[int, Callable[[int], str]]) -> str:
    """Join the parts of a span that are not nothing; English joins by a blank, Chinese by nothing."""
    said = [words(count) for count, words in parts if count]
    if len(said) == 1:
        return said[0]
    return pgettext("parts of a span of time", "{larger} {smaller}").format(larger=said[0], smaller=said[1])


def _minutes(count: int) -> str:
    return npgettext("span of time", "{count} min", "{count} min", count).format(count=count)


def _hours(count: int) -> str:
    return npgettext("span of time", "{count} h", "{count} h", count).format(count=count)


def _days(count: int) -> str:
    return npgettext("span of time", "{count} day", "{count} days", count).format(count=count)


# ---------------------------------------------------------------- devices

#: what a browser says of its device, the narrower word first
_DEVICES = ("HarmonyOS", "Android", "iPhone", "iPad", "Windows", "Macintosh", "Linux")


def device(said: str) -> str:
    """The device in one word, out of what its browser says of itself; nothing where it says nothing known."""
    return next((word for word in _DEVICES if word in said), "")
