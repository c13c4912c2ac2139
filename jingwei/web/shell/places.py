"""Naming a point, lists of areas, borders for maps, and finding areas and units by name."""

from __future__ import annotations

import json
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
from jingwei.web.shell.who import running

MOST_FOUND = 20
MOST_BORDERS = 4000


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
    lon, lat = coordinates.to_cgcs2000(lon, lat, request.GET.get("source") or "wgs84")
    found = atlas().locate(lon, lat)
    return render(
        request,
        "parts/place_named.html",
        {"place": named(found)}
        if found
        else {"why": _("No area is known at this point; please write the place in words.")},
    )


def named(place: Place) -> str:
    """A place with what it lies in, from below the county: 建国路街道 槐安社区 第三网格."""
    return atlas().full_name(place.id, below="county" if place.tier > 2 else "city")


@require_GET
def list_below(request: HttpRequest) -> HttpResponse:
    """The next list of areas below a chosen one."""
    chosen = request.GET.get("area", "")
    areas = atlas().children(int(chosen)) if chosen.isdigit() else []
    level = min(9, int(request.GET.get("level", "0")) + 1 if request.GET.get("level", "0").isdigit() else 1)
    return (
        render(request, "parts/area_list.html", {"areas": [a for a in areas if a.tier], "level": level})
        if areas
        else HttpResponse("")
    )


@require_GET
def borders(request: HttpRequest, code: str) -> HttpResponse:
    """The borders of the areas right below one (or of the city's counties), as GeoJSON for maps; public facts."""
    here = atlas().by_code.get(code)
    if here is None:
        raise Http404
    shown = [place.id for place in atlas().children(here.id) if place.tier] or [here.id]
    rows = Area.objects.filter(pk__in=shown[:MOST_BORDERS], border__isnull=False).values_list(
        "pk", "code", "name", "border"
    )
    features = [_feature(pk, area_code, name, bytes(border)) for pk, area_code, name, border in rows]
    answer = JsonResponse(
        {"type": "FeatureCollection", "features": features}, content_type="application/geo+json"
    )
    patch_cache_control(answer, public=True, max_age=300)
    return answer


def _feature(pk: int, code: str, name: str, border: bytes) -> dict[str, Any]:
    geometry = json.loads(shapely.to_geojson(shapely.from_wkb(border)))
    return {"type": "Feature", "id": pk, "properties": {"code": code, "name": name}, "geometry": geometry}


@require_GET
def find_area(request: HttpRequest) -> HttpResponse:
    """Options for a finder: areas by name, alias or code."""
    text = next((value for name, value in request.GET.items() if name.endswith("area")), "").strip()
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
    text = next((value for name, value in request.GET.items() if name.endswith("unit")), "").strip()
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
