"""Border checks: do grids fill their community, is their size sensible, does every net lie over them?"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from jingwei.kernel.tables.cells import Column
from jingwei.registry import areas
from jingwei.registry.atlas import Place, atlas, code_range
from jingwei.registry.models import Area
from jingwei.web import words
from jingwei.web.admin import exporting, said
from jingwei.web.admin.answering import NETS
from jingwei.web.admin.frame import administrators, frame
from jingwei.web.shell.who import StaffRequest

MOST_SHOWN, MOST_CODES = 100, 30
#: a whole large city is checked county by county
MOST_AT_ONCE = 4000


@dataclass(frozen=True, slots=True)
class Shares:
    """A community whose grids do not fit it, in per cent of its surface."""

    check: areas.BorderCheck
    gap: str
    overlap: str
    outside: str


@require_GET
@administrators
def borders(request: StaffRequest) -> HttpResponse:
    """Gaps, overlaps and what sticks out, for a county or street; size outliers.

    Conflicts between the nets.
    """
    top = atlas().city()
    place = atlas().by_code.get(request.GET.get("under", "")) or _first(top)
    counties = [child for child in atlas().children(top.id if top else None) if child.tier]
    checks = areas.check_borders(place.code) if place and place.tier < 5 else []
    wrong = sorted((c for c in checks if not c.sound), key=lambda c: -max(c.gap, c.overlap, c.outside))
    sizes = areas.size_outliers(place.code).defer("border") if place else Area.objects.none()
    context = {
        **frame(request),
        "place": place,
        "counties": counties,
        "streets": _streets(place),
        "checked": len(checks),
        "wrong": [
            Shares(c, *(words.share(v, 1, 2) for v in (c.gap, c.overlap, c.outside)))
            for c in wrong[:MOST_SHOWN]
        ],
        "wrong_count": len(wrong),
        "no_border": _without_border(place),
        "sizes": list(sizes[:MOST_SHOWN]),
        "size_count": sizes.count(),
        "low": areas.HOUSEHOLDS[0],
        "high": areas.HOUSEHOLDS[1],
        "most": words.share(areas.MOST_MISFIT, 1, 1),
        "nets": _nets(place) if checks or sizes or _any_net() else [],
    }
    return render(request, "admin/borders.html", context)


def _first(top: Place | None) -> Place | None:
    """The city itself while it is small, else its first county."""
    if top is None or len(atlas().places) <= MOST_AT_ONCE:
        return top
    return next((child for child in atlas().children(top.id) if child.tier), top)


def _streets(place: Place | None) -> list[Place]:
    """The areas beside or below to go on with: the streets of the county in question."""
    if place is None or place.kind not in ("county", "street"):
        return []
    county = place if place.kind == "county" else atlas().get(place.parent)
    return [child for child in atlas().children(county.id) if child.tier] if county else []


def _without_border(place: Place | None) -> int:
    if place is None:
        return 0
    low, high = code_range(place.code)
    return Area.objects.filter(code__gte=low, code__lt=high, tier__gt=0, valid_to=None, border=None).count()


def _any_net() -> bool:
    """Nets are compared by codes alone: a city that has drawn no border yet sees their conflicts, too."""
    return Area.objects.filter(kind__in=NETS, valid_to=None).exists()


def _nets(place: Place | None) -> list[dict[str, Any]]:
    """What is wrong with each net, within the place."""
    if place is None:
        return []
    found = []
    for kind in NETS:
        conflicts = areas.overlay_conflicts(kind)
        two, none = ([code for code in conflicts[w] if code.startswith(place.code)] for w in ("two", "none"))
        found.append(
            {
                "label": said.area_kind(kind),
                "two": two[:MOST_CODES],
                "two_count": len(two),
                "none": none[:MOST_CODES],
                "none_count": len(none),
                "over_nothing": conflicts["over_nothing"][:MOST_CODES],
                "over_nothing_count": len(conflicts["over_nothing"]),
            }
        )
    return found


@require_GET
@administrators
def export(request: StaffRequest) -> HttpResponse:
    """Every community of the place with its shares, sound or not, as a sheet."""
    place = atlas().by_code.get(request.GET.get("under", "")) or _first(atlas().city())
    columns = [
        Column("code", ("编码", "Code"), kind="code"),
        Column("name", ("社区（村）", "Community")),
        Column("grids", ("网格数", "Grids"), kind="integer"),
        Column("gap", ("空白（%）", "Gap (%)"), kind="number"),
        Column("overlap", ("重叠（%）", "Overlap (%)"), kind="number"),
        Column("outside", ("越界（%）", "Outside (%)"), kind="number"),
        Column("sound", ("合格", "Sound"), kind="boolean"),
    ]
    checks = areas.check_borders(place.code) if place else []
    rows = (
        [c.code, c.name, c.grids, *(_percent(v) for v in (c.gap, c.overlap, c.outside)), c.sound]
        for c in checks
    )
    return exporting.answer(
        request,
        "border-checks",
        _("Border checks"),
        columns,
        rows,
        filters={"under": place.code if place else ""},
    )


def _percent(share: float) -> Decimal:
    return Decimal(str(round(100 * share, 3)))
