"""The figures of a board, from the sums: flow of a day, what is open and late, rates with n and d, classes.

And the cases behind each.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from django.db.models import Count, Q, QuerySet, Sum
from django.utils import timezone

from jingwei.engine import library
from jingwei.engine.counting import STOCK
from jingwei.engine.models import Case, Tally
from jingwei.kernel.moments import now, today
from jingwei.registry.atlas import Place

#: column of a case that holds its area of a tier
COLUMNS = {"county": "county", "street": "street", "community": "community", "grid": "grid"}


@dataclass(frozen=True, slots=True)
class Ratio:
    """n of d. A rate is never shown without both."""

    name: str
    n: int
    d: int


@dataclass(frozen=True, slots=True)
class Flow:
    """What came in and went out on a day, what is open and late now."""

    came: int
    ended: int
    open: int
    late: int


#: each rate: what counts as n, and what (with n) as d; the definitions stand in docs/figures.md
RATES = {
    "handled_on_time": ("clock:handle:on_time", ("clock:handle:on_time", "clock:handle:late")),
    "ended_on_time": ("clock:total:on_time", ("clock:total:on_time", "clock:total:late")),
    "solved": ("rated:*:solved:yes", ("rated:*:solved:yes", "rated:*:solved:partly", "rated:*:solved:no")),
    "satisfied": (
        "rated:*:satisfied:yes+fair",
        ("rated:*:satisfied:yes", "rated:*:satisfied:fair", "rated:*:satisfied:no"),
    ),
}
_BY = ("reporter", "callback")


def flow(area: int, day: date) -> Flow:
    """The flow of one day in an area, and its stock now."""
    rows = (
        Tally.objects.filter(area=area, unit=0, hour=-1, class_top="", day__in=[day, STOCK])
        .values_list("day", "what")
        .annotate(sum=Sum("n"))
    )
    sums = {(when, what): n for when, what, n in rows}
    ended = sum(n for (when, what), n in sums.items() if when == day and what.startswith("out:"))
    return Flow(sums.get((day, "in"), 0), ended, sums.get((STOCK, "open"), 0), 0)


def open_at(areas: Collection[int], day: date) -> dict[int, int]:
    """Cases open at the end of a past day, per area: what is open now, without what came and went since."""
    later = (Q(what="in") | Q(what__startswith="out:")) & Q(day__gt=day)
    rows = Tally.objects.filter(
        later | Q(day=STOCK, what="open"), area__in=areas, unit=0, hour=-1, class_top=""
    )
    found: dict[int, int] = dict.fromkeys(areas, 0)
    for area, what, n in rows.values_list("area", "what").annotate(sum=Sum("n")):
        found[area] += -n if what == "in" else n
    return found


def hours(area: int, day: date) -> tuple[list[int], list[int]]:
    """Came in and ended per hour of a day (kept for the city and its counties)."""
    rows = Tally.objects.filter(area=area, unit=0, day=day, class_top="", hour__gte=0).values_list(
        "hour", "what", "n"
    )
    came, ended = [0] * 24, [0] * 24
    for hour, what, n in rows:
        (came if what == "in" else ended)[hour] += n
    return came, ended


def late_now(place: Place) -> int:
    """How many open cases of an area are past their limit at this moment."""
    return Case.objects.filter(open_in(place), next_due__lt=now()).count()


def late_by_child(children: Sequence[Place]) -> dict[int, int]:
    """The same for each of an area's children, in one query."""
    column = COLUMNS.get(children[0].kind) if children else None
    if column is None:
        return {}
    late = Case.objects.filter(
        ended_at=None, next_due__lt=now(), **{f"{column}__in": [child.id for child in children]}
    )
    return dict(late.order_by().values_list(column).annotate(n=Count("pk")))


def open_by_child(children: Sequence[Place]) -> dict[int, int]:
    """Open cases of each child, from the sums."""
    rows = (
        Tally.objects.filter(
            area__in=[c.id for c in children], unit=0, hour=-1, class_top="", day=STOCK, what="open"
        )
        .values_list("area")
        .annotate(sum=Sum("n"))
    )
    return dict(rows)


def came_by_child(children: Sequence[Place], since: date, until: date) -> dict[int, int]:
    """Cases that came in within days, per child."""
    rows = Tally.objects.filter(
        area__in=[c.id for c in children], unit=0, hour=-1, class_top="", day__range=(since, until), what="in"
    )
    return dict(rows.values_list("area").annotate(sum=Sum("n")))


def rates(
    areas: Collection[int], names: Collection[str], since: date, until: date
) -> dict[int, dict[str, Ratio]]:
    """The rates of areas within days, each with n and d."""
    wanted = {
        what
        for name in names
        for what in _whats(RATES[name][0]) | {w for d in RATES[name][1] for w in _whats(d)}
    }
    rows = Tally.objects.filter(
        area__in=areas, unit=0, hour=-1, class_top="", day__range=(since, until), what__in=wanted
    )
    sums = {(area, what): n for area, what, n in rows.values_list("area", "what").annotate(sum=Sum("n"))}
    return {area: {name: _ratio(name, area, sums) for name in names} for area in areas}


def _ratio(name: str, area: int, sums: dict[tuple[int, str], int]) -> Ratio:
    n, d = RATES[name]
    return Ratio(
        name,
        sum(sums.get((area, what), 0) for what in _whats(n)),
        sum(sums.get((area, what), 0) for part in d for what in _whats(part)),
    )


def _whats(pattern: str) -> set[str]:
    """`rated:*:satisfied:yes+fair` is four facts: by reporter and by callback, each answer."""
    head, _, answers = pattern.rpartition(":")
    ends = [f"{head}:{answer}" for answer in answers.split("+")]
    return {end.replace("*", by) for end in ends for by in (_BY if "*" in end else ("",))}


@dataclass(frozen=True, slots=True)
class ClassCount:
    """A class of matters: how many this week, how many the week before."""

    code: str
    name: str
    n: int
    before: int


def top_classes(
    area: int, until: date, *, list_name: str = "social_governance", days: int = 7, most: int = 7
) -> list[ClassCount]:
    """The classes that came in most within days, with the days before for comparison."""
    since, earlier = until - timedelta(days=days - 1), until - timedelta(days=2 * days - 1)
    rows = Tally.objects.filter(area=area, unit=0, hour=-1, day__range=(earlier, until), what="in").exclude(
        class_top=""
    )
    sums = rows.values_list("class_top").annotate(
        now=Sum("n", filter=Q(day__gte=since)), before=Sum("n", filter=Q(day__lt=since))
    )
    entries = library.classes(list_name)
    found = [
        ClassCount(code, str(entries[code]) if code in entries else code, n or 0, before or 0)
        for code, n, before in sums
    ]
    return sorted((one for one in found if one.n), key=lambda one: -one.n)[:most]


def open_in(place: Place) -> Q:
    """Open cases of an area as an index range."""
    column = COLUMNS.get(place.kind)
    return Q(ended_at=None, **({column: place.id} if column else {}))


def behind(what: str, place: Place, day: date) -> QuerySet[Case] | None:
    """The cases behind a number of the board, newest or most urgent first; None for no such number."""
    column = COLUMNS.get(place.kind)
    here = Q(**{column: place.id}) if column else Q()
    start, end = _span(day)
    match what:
        case "in":
            return Case.objects.filter(here, received_at__gte=start, received_at__lt=end).order_by(
                "-received_at"
            )
        case "out":
            return Case.objects.filter(here, ended_at__gte=start, ended_at__lt=end).order_by("-ended_at")
        case "open" if day < today():
            still = Q(ended_at=None) | Q(ended_at__gte=end)
            return Case.objects.filter(here, still, received_at__lt=end).order_by("received_at")
        case "open":
            return Case.objects.filter(open_in(place)).order_by("next_due")
        case "late" if day >= today():
            return Case.objects.filter(open_in(place), next_due__lt=now()).order_by("next_due")
    return None


def _span(day: date) -> tuple[datetime, datetime]:
    start = timezone.make_aware(datetime.combine(day, time()))
    return start, timezone.make_aware(datetime.combine(day + timedelta(days=1), time()))
