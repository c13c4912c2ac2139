"""The board of an area, its drill-down, and the lists behind its numbers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.conf import settings
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import get_language, ngettext, pgettext
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from jingwei.engine import figures, queries
from jingwei.engine.figures import Ratio
from jingwei.engine.models import Case
from jingwei.kernel.moments import now, today
from jingwei.registry.atlas import Place, atlas
from jingwei.registry.staff import Staff
from jingwei.web import words
from jingwei.web.board import drawing
from jingwei.web.board.scale import Scale
from jingwei.web.desk import shown
from jingwei.web.desk.frame import LEADERS, frame
from jingwei.web.shell.who import StaffRequest, staff_only

#: what the map can be coloured by
INDICATORS = ("handled_on_time", "open", "late", "came", "solved")
LATEST = 6


@dataclass(frozen=True, slots=True)
class Shade:
    """An area on the map: its value in words, n/d, and how dark it is (1 to 5; 0: nothing to show)."""

    place: Place
    value: str
    nd: str
    step: int
    bad: bool
    url: str


def root_of(staff: Staff) -> Place:
    """The uppermost area a leader may look at; to others the board does not exist."""
    place = atlas().city() if staff.area_kind == "city" else atlas().get(staff.area)
    if staff.role not in LEADERS or place is None:
        raise Http404
    return place


def _asked_for(request: StaffRequest) -> Place:
    """The area asked for, if it lies within the leader's own."""
    root = root_of(request.staff)
    code = request.GET.get("area", "")
    place = atlas().by_code.get(code) if code else root
    if place is None or root.id not in [above.id for above in atlas().up(place.id)]:
        raise Http404
    return place


@require_GET
@staff_only
def board(request: StaffRequest) -> HttpResponse:
    """The board: ?area= drills down, ?by= colours, ?day=2026-11-20 looks back, ?wall=1 is for the wall."""
    place, day = _asked_for(request), _day(request)
    asked, offered = request.GET.get("by", ""), _indicators(day)
    indicator = asked if asked in offered else offered[0]
    children = [child for child in atlas().children(place.id) if child.tier]
    wall = request.GET.get("wall") == "1"
    keep = (f"&day={day.isoformat()}" if day < today() else "") + ("&wall=1" if wall else "")
    month = day.replace(day=1)
    before = (month - timedelta(days=1)).replace(day=1)
    rates = figures.rates([place.id], ("handled_on_time", "solved", "satisfied"), month, day)[place.id]
    earlier = figures.rates(
        [place.id], ("handled_on_time", "solved", "satisfied"), before, month - timedelta(days=1)
    )[place.id]
    came, ended = figures.hours(place.id, day)
    shades, scale = _shades(indicator, children, month, day, keep)
    context = {
        "place": place,
        "area_name": _name(place),
        "up": [
            above
            for above in reversed(list(atlas().up(place.id)))
            if root_of(request.staff).id in [a.id for a in atlas().up(above.id)]
        ],
        "children": len(children),
        "below": _below(children),
        "day": day,
        "is_today": day == today(),
        "as_of": now(),
        "wall": wall,
        "keep": keep,
        "flow": _flow(place, day),
        "hours": _bars(came, ended),
        "has_hours": place.kind in ("city", "county"),
        "rates": [_rate(name, rates[name], earlier[name]) for name in rates],
        "indicators": [(name, indicator_label(name)) for name in offered],
        "indicator": indicator,
        "map": drawing.of_children(place, children),
        "shades": shades,
        "steps": scale.words() if scale else [],
        "lie": _lie(children, day),
        "total": _total(indicator, place, month, day),
        "classes": _classes(place, day),
        **_latest(request, place, day),
    }
    return render(request, "board/board.html", context)


def _name(place: Place) -> str:
    """An area's name; the city's own in the page's language."""
    english = (get_language() or "").startswith("en")
    return settings.CITY.name_en if english and place.kind == "city" and settings.CITY.name_en else place.name


def _flow(place: Place, day: date) -> list[tuple[str, int, str, str]]:
    """The numbers of a day. How many were late on a past day nobody can say: limits move with the work."""
    flow = figures.flow(place.id, day)
    past = day < today()
    open_then = figures.open_at([place.id], day)[place.id] if past else flow.open
    numbers = [
        (number_label("in"), flow.came, "in", ""),
        (number_label("out"), flow.ended, "out", ""),
        (number_label("open"), open_then, "open", ""),
    ]
    return numbers if past else [*numbers, (number_label("late"), figures.late_now(place), "late", "l")]


def _indicators(day: date) -> tuple[str, ...]:
    return INDICATORS if day >= today() else tuple(name for name in INDICATORS if name != "late")


def _below(children: list[Place]) -> str:
    """How many areas lie right below, by their kind."""
    n = len(children)
    if not n:
        return ""
    forms = {
        "county": ngettext("{n} county or district", "{n} counties and districts", n),
        "street": ngettext("{n} street or town", "{n} streets and towns", n),
        "community": ngettext("{n} community or village", "{n} communities and villages", n),
        "grid": ngettext("{n} grid", "{n} grids", n),
    }
    return forms.get(children[0].kind, ngettext("{n} area", "{n} areas", n)).format(n=n)


def number_label(what: str) -> str:
    """What a number of the flow counts, as people read it."""
    return {
        "in": pgettext("board", "New"),
        "out": pgettext("board", "Ended"),
        "open": pgettext("board", "Open"),
        "late": pgettext("board", "Late"),
    }[what]


def indicator_label(name: str) -> str:
    """An indicator's name as people read it."""
    return {
        "handled_on_time": _("Handled on time"),
        "open": pgettext("board", "Open"),
        "late": pgettext("board", "Late"),
        "came": _("New this month"),
        "solved": _("Solved, as rated"),
        "satisfied": _("Satisfied, as rated"),
        "ended_on_time": _("Ended on time"),
    }[name]


def _day(request: StaffRequest) -> date:
    try:
        return min(today(), date.fromisoformat(request.GET["day"]))
    except (KeyError, ValueError):
        return today()


def _rate(name: str, ratio: Ratio, before: Ratio) -> dict[str, Any]:
    change = (
        None if not ratio.d or not before.d else round(100 * ratio.n / ratio.d - 100 * before.n / before.d, 1)
    )
    said = (
        ""
        if change is None
        else _("as before")
        if change == 0
        else _("up {points}").format(points=abs(change))
        if change > 0
        else _("down {points}").format(points=abs(change))
    )
    return {
        "label": indicator_label(name),
        "n": ratio.n,
        "d": ratio.d,
        "p": round(100 * ratio.n / ratio.d) if ratio.d else 0,
        "change": said,
        "way": "up" if change and change > 0 else "dn" if change and change < 0 else "",
    }


def _bars(came: list[int], ended: list[int]) -> list[dict[str, float]]:
    """Bars of a small drawing: came in above the line, ended below."""
    most = max([*came, *ended, 1])
    return [
        {
            "x": 3 + hour * 12.3,
            "up": round(28 * came[hour] / most, 1),
            "y": round(30 - 28 * came[hour] / most, 1),
            "down": round(28 * ended[hour] / most, 1),
        }
        for hour in range(24)
    ]


def _shades(
    indicator: str, children: list[Place], since: date, until: date, keep: str
) -> tuple[list[Shade], Scale | None]:
    """Every child with its value and how dark it is drawn, and the scale of that."""
    if not children:
        return [], None
    if indicator in figures.RATES:
        found = figures.rates([child.id for child in children], (indicator,), since, until)
        ratios = {child.id: found[child.id][indicator] for child in children}
        values = {
            child: ratios[child.id].n / ratios[child.id].d if ratios[child.id].d else None
            for child in children
        }
        texts = {
            child: (
                words.share(ratios[child.id].n, ratios[child.id].d),
                f"{ratios[child.id].n:,}/{ratios[child.id].d:,}",
            )
            for child in children
        }
    else:
        counts = _counts(indicator, children, since, until)
        values = {child: float(counts.get(child.id, 0)) for child in children}
        texts = {child: (words.number(counts.get(child.id, 0)), "") for child in children}
    known = [value for value in values.values() if value is not None]
    scale = Scale.of(known, rate=indicator in figures.RATES)
    worst = min(known) if known and indicator in figures.RATES else max(known, default=0)
    shades = [
        Shade(
            child,
            *texts[child],
            scale.step(values[child]) if scale else 0,
            bad=len(known) > 2 and values[child] == worst and min(known) != max(known),
            url=f"{reverse('board')}?area={child.code}&by={indicator}{keep}",
        )
        for child in children
    ]
    return shades, scale


def _counts(indicator: str, children: list[Place], since: date, until: date) -> dict[int, int]:
    if indicator == "late":
        return figures.late_by_child(children)
    if indicator == "open" and until < today():
        return figures.open_at([child.id for child in children], until)
    if indicator == "open":
        return figures.open_by_child(children)
    return figures.came_by_child(children, since, until)


def _lie(children: list[Place], day: date) -> list[dict[str, Any]]:
    """The areas right below with the most open cases; each number opens them."""
    if not children:
        return []
    ids = [child.id for child in children]
    counts = figures.open_at(ids, day) if day < today() else figures.open_by_child(children)
    most = sorted(((counts.get(child.id, 0), child) for child in children), key=lambda one: -one[0])[:6]
    top = max(most[0][0], 1)
    return [
        {
            "name": child.name,
            "n": n,
            "p": round(100 * n / top),
            "url": f"{reverse('behind', args=['open'])}?area={child.code}&day={day.isoformat()}",
        }
        for n, child in most
        if n
    ]


def _total(indicator: str, place: Place, since: date, until: date) -> dict[str, str]:
    if indicator in figures.RATES:
        ratio = figures.rates([place.id], (indicator,), since, until)[place.id][indicator]
        return {"value": words.share(ratio.n, ratio.d), "nd": f"{ratio.n:,}/{ratio.d:,}"}
    return {"value": "", "nd": ""}


def _classes(place: Place, day: date) -> list[dict[str, Any]]:
    if place.kind in ("community", "grid"):
        return []
    found = figures.top_classes(place.id, day)
    most = max((one.n for one in found), default=1)
    return [
        {"name": one.name, "n": one.n, "p": round(100 * one.n / most), "change": _change(one.n, one.before)}
        for one in found
    ]


def _change(n: int, before: int) -> str:
    if not before:
        return pgettext("a class", "new")
    points = round(100 * (n - before) / before)
    return (
        _("as before")
        if points == 0
        else _("up {points}%").format(points=points)
        if points > 0
        else _("down {points}%").format(points=-points)
    )


def _latest(request: StaffRequest, place: Place, day: date) -> dict[str, Any]:
    """The newest cases of the area that this assignment may read, and how many it may not."""
    column = figures.COLUMNS.get(place.kind)
    newest = Case.objects.filter(**({column: place.id} if column else {})).order_by("-received_at")
    if day < today():
        newest = newest.filter(received_at__date__lte=day)
    newest = newest[: LATEST * 3]
    keys = list(newest.values_list("pk", flat=True))
    mine = list(queries.cases_for(request.staff).filter(pk__in=keys).order_by("-received_at"))
    return {"latest": shown.rows(mine[:LATEST]), "hidden": len(keys) - len(mine)}


@require_GET
@staff_only
def behind(request: StaffRequest, what: str) -> HttpResponse:
    """The cases behind a number: those this assignment may read, and how many it may not."""
    place, day = _asked_for(request), _day(request)
    cases = figures.behind(what, place, day)
    if cases is None:
        raise Http404
    found = list(cases.filter(pk__in=queries.cases_for(request.staff).values("pk"))[:200])
    total = cases.count()
    seen = queries.cases_for(request.staff).filter(pk__in=cases.order_by().values("pk")).count()
    context = {
        **frame(request),
        "rows": shown.rows(found),
        "label": number_label(what),
        "place": place,
        "day": day,
        "total": total,
        "hidden": total - seen,
        "shown": len(found),
    }
    return render(request, "board/behind.html", context)
