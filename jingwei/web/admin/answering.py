"""Who answers here? By a code, a place from the list, or a point.

The grid's own people, and who lies over it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from jingwei.kernel.refusals import Reason
from jingwei.registry import coordinates, roles, seats
from jingwei.registry.atlas import Place, atlas
from jingwei.registry.models import Area, AreaMapping
from jingwei.web import reasons
from jingwei.web.admin import said
from jingwei.web.admin.frame import administrators, frame
from jingwei.web.shell.who import StaffRequest

#: the three nets over the base grid
NETS = ("party_grid", "department_grid", "police_grid")
SOURCES: dict[str, coordinates.Source] = {
    "wgs84": "wgs84",
    "cgcs2000": "cgcs2000",
    "gcj02": "gcj02",
    "bd09": "bd09",
}


@dataclass(frozen=True, slots=True)
class Net:
    """One of the nets over a grid: its areas there, who answers in each, and what is wrong."""

    kind: str
    label: str
    areas: tuple[tuple[Area, tuple[seats.Holder, ...]], ...]
    wrong: str


@require_GET
@administrators
def answering(request: StaffRequest) -> HttpResponse:
    """The page: a question, and for a known place every contact with post and telephone."""
    place, why = _asked(request)
    context: dict[str, Any] = {
        **frame(request),
        "asked": {name: request.GET.get(name, "") for name in ("place", "lon", "lat", "source")},
        "why": why,
        "place": place,
        "areas": [a for a in atlas().children(city.id) if a.tier] if (city := atlas().city()) else [],
        "areas_url": reverse("list-below"),
        "sources": SOURCES,
    }
    if place is not None:
        context |= _answer(place)
    return render(request, "admin/answering.html", context, status=422 if why else 200)


def _asked(request: StaffRequest) -> tuple[Place | None, str]:
    """The place that was asked for, or why there is none."""
    code = request.GET.get("place", "").strip().split(" ")[0]
    chosen = [text for text in request.GET.getlist("area") if text.isdecimal()]
    lon, lat = request.GET.get("lon", "").strip(), request.GET.get("lat", "").strip()
    if code:
        found = atlas().by_code.get(code)
        return found, "" if found else reasons.say(Reason("unknown-area", "area"))
    if lon or lat:
        return _at(lon, lat, request.GET.get("source", ""))
    if chosen:
        return atlas().get(int(chosen[-1][:18])), ""
    return None, ""


def _at(lon_text: str, lat_text: str, source: str) -> tuple[Place | None, str]:
    try:
        lon, lat = float(lon_text), float(lat_text)
    except ValueError:
        return None, reasons.say(Reason("not-a-point"))
    if why := coordinates.plausible(lon, lat, atlas().bounds):
        return None, reasons.say(Reason(f"point-{why.replace('_', '-')}"))
    found = atlas().locate(*coordinates.to_cgcs2000(lon, lat, SOURCES.get(source, "wgs84")))
    return found, "" if found else _("No area is known at this point; please write the place in words.")


def _answer(place: Place) -> dict[str, Any]:
    chain = list(atlas().up(place.id))
    over = list(
        AreaMapping.objects.filter(base=place.id, overlay__valid_to=None)
        .select_related("overlay")
        .defer("overlay__border")
    )
    found = seats.holders(areas=[*(one.id for one in chain), *(mapping.overlay_id for mapping in over)])
    rows = [
        [
            said.area_kind(one.kind),
            said.cell(one.name, reverse("admin-area", args=[one.id])),
            roles.label(h.role),
            said.cell(h.title, reverse("admin-post", args=[h.post])),
            said.cell(h.name, reverse("admin-person", args=[h.person])) if h.person else _("vacant"),
            h.phone,
        ]
        for one in chain
        for h in found
        if h.area == one.id
    ]
    return {
        "full_name": atlas().full_name(place.id),
        "kind": said.area_kind(place.kind),
        "nets": [_net(kind, over, found) for kind in NETS] if place.kind == "grid" else [],
        "more_over": [m.overlay for m in over if m.overlay.kind not in NETS],
        "table": said.table(
            _("People of the grid and of the areas above it"),
            [_("Tier"), _("The area"), _("Role"), _("Post"), _("Who"), _("Telephone")],
            rows,
            when_empty=_("No post stands here or above."),
            hide_caption=False,
        ),
    }


def _net(kind: str, over: list[AreaMapping], found: list[seats.Holder]) -> Net:
    mine = [mapping for mapping in over if mapping.overlay.kind == kind]
    wrong = ""
    if not mine:
        wrong = _("No such grid lies over this one.")
    elif sum(1 for mapping in mine if not mapping.reason) > 1:
        wrong = _("Two of a kind lie over this grid, and no reason is given.")
    elif not any(h.person for h in found if h.area in {m.overlay_id for m in mine}):
        wrong = _("Nobody sits in its post.")
    areas = tuple((m.overlay, tuple(h for h in found if h.area == m.overlay_id)) for m in mine)
    return Net(kind, said.area_kind(kind), areas, wrong)
