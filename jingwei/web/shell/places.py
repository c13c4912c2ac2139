"""Naming a point, lists of areas, borders for maps, and finding areas and units by name."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import shapely
from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.cache import patch_cache_control
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from jingwei.kernel.refusals import Reason
from jingwei.registry import coordinates
from jingwei.registry.atlas import Place, atlas
from jingwei.registry.models import Area, Organisation
from jingwei.web import reasons
from jingwei.web.shell.doing import number_of, said
from jingwei.web.shell.who import running

MOST_FOUND = 20
MOST_BORDERS = 4000
MOST_TYPED = 60


@require_GET
def name_place(request: HttpRequest) -> HttpResponse:
    """A fragment that names a point back: 槐安社区 第三网格; or why it cannot be."""
    try:
        lon, lat = float(request.GET["lon"]), float(request.GET["lat"])
    except (KeyError, ValueError):
        return render(request, "parts/place_named.html", {"why": reasons.say(Reason("not-a-point"))})
    if why := coordinates.plausible(lon, lat, atlas().bounds):
        return render(
            request, "parts/place_named.html", {"why": reasons.say(Reason(f"point-{why.replace('_', '-')}"))}
        )
    found = atlas().locate(*coordinates.to_cgcs2000(lon, lat, source_of(request.GET)))
    return render(
        request,
        "parts/place_named.html",
        {"place": named(found)}
        if found
        else {"why": _("No area is known at this point; please write the place in words.")},
    )


def source_of(sent: Mapping[str, str]) -> coordinates.Source:
    """The system that a sent point is in; devices say nothing, and mean WGS-84."""
    said = sent.get("source") or sent.get("point_source")
    return next((one for one in coordinates.SOURCES if one == said), "wgs84")


def point_of(sent: Mapping[str, str]) -> tuple[float, float] | None:
    """The point that a form or an address carries, in CGCS2000; None for none or one that is nowhere."""
    try:
        lon, lat = float(sent.get("lon", "")), float(sent.get("lat", ""))
    except ValueError:
        return None
    if coordinates.plausible(lon, lat) in ("not_a_place", "zero"):
        return None
    return coordinates.to_cgcs2000(lon, lat, source_of(sent))


def named(place: Place) -> str:
    """A place with what it lies in, from below the county: 建国路街道 槐安社区 第三网格."""
    return atlas().full_name(place.id, below="county")


@require_GET
def list_below(request: HttpRequest) -> HttpResponse:
    """The next list of areas below a chosen one."""
    chosen = number_of(request.GET.get("area", ""))
    areas = [area for area in atlas().children(chosen) if area.tier] if chosen else []
    if not areas:
        return HttpResponse("")
    level = min(9, 1 + (number_of(request.GET.get("level", "")) or 0))
    return render(request, "parts/area_list.html", {"areas": areas, "level": level})


@require_GET
def borders(request: HttpRequest, code: str) -> HttpResponse:
    """The borders of the areas right below one, as GeoJSON for maps; public facts."""
    here = atlas().by_code.get(code)
    if here is None:
        raise Http404
    shown = [place.id for place in atlas().children(here.id) if place.tier] or [here.id]
    rows = Area.objects.filter(pk__in=shown[:MOST_BORDERS], border__isnull=False).values_list(
        "pk", "code", "name", "border"
    )
    features = [_feature(pk, area_code, name, bytes(border or b"")) for pk, area_code, name, border in rows]
    answer = JsonResponse(
        {"type": "FeatureCollection", "features": features}, content_type="application/geo+json"
    )
    patch_cache_control(answer, public=True, max_age=300)
    return answer


def _feature(pk: int, code: str, name: str, border: bytes) -> dict[str, Any]:
    geometry = json.loads(shapely.to_geojson(shapely.from_wkb(border)))
    return {"type": "Feature", "id": pk, "properties": {"code": code, "name": name}, "geometry": geometry}


def _typed(request: HttpRequest, ending: str) -> str:
    """What was typed into a finder; its name is the field's, whatever form it stands in."""
    name = next((name for name in request.GET if name.endswith(ending)), "")
    return said(request.GET, name)[:MOST_TYPED]


@require_GET
def find_area(request: HttpRequest) -> HttpResponse:
    """Options for a finder: areas by name, alias or code."""
    text = _typed(request, "area")
    found = Area.objects.filter(valid_to=None, tier__gt=0)
    if text:
        first = text.split(" ")[0]
        found = found.filter(
            Q(name__contains=text) | Q(aliases__name__contains=text) | Q(code__startswith=first)
        ).distinct()
    options = [
        (area.code, atlas().full_name(area.pk, below="city"))
        for area in found.order_by("tier", "code")[:MOST_FOUND]
    ]
    return render(request, "parts/options.html", {"options": options})


@require_GET
def find_unit(request: HttpRequest) -> HttpResponse:
    """Options for a finder: units by name, alias or code; for staff."""
    if running(request) is None:
        raise Http404
    text = _typed(request, "unit")
    found = Organisation.objects.filter(valid_to=None)
    if text:
        first = text.split(" ")[0]
        found = found.filter(
            Q(name__contains=text)
            | Q(short_name__contains=text)
            | Q(aliases__name__contains=text)
            | Q(code__startswith=first)
        ).distinct()
    return render(
        request,
        "parts/options.html",
        {"options": [(unit.code, unit.name) for unit in found.order_by("order", "code")[:MOST_FOUND]]},
    )
