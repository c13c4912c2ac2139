"""My grid: who answers here, how its border runs, what is open in it."""

from __future__ import annotations

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from jingwei.engine import queues
from jingwei.registry import boards
from jingwei.registry.atlas import atlas
from jingwei.registry.models import Area
from jingwei.web.field import jobs
from jingwei.web.field.frame import field_only, frame
from jingwei.web.shell.doing import number_of
from jingwei.web.shell.who import StaffRequest

PAGE = 50
FIRST = 5


@require_GET
@field_only
def grid(request: StaffRequest) -> HttpResponse:
    """My own area on one page."""
    if request.staff.area is None:
        raise Http404
    area = Area.objects.get(pk=request.staff.area)
    places = atlas()
    opened = jobs.open_in_area(request.staff, start=0, most=FIRST)
    context = {
        **frame(request),
        "area": area,
        "within": places.full_name(area.parent_id, below="county"),
        "people": boards.people_of(area.pk),
        "contacts": boards.contacts_over(area.pk),
        "drawing": boards.drawing(area),
        "neighbours": boards.neighbours(area),
        "children": [place for place in places.children(area.pk) if place.tier],
        "jobs": opened[:FIRST],
        "more": len(opened) > FIRST,
    }
    return render(request, "field/grid.html", context)


@require_GET
@field_only
def cases(request: StaffRequest) -> HttpResponse:
    """Every open case of my area, 50 at a time, the nearest limit first."""
    if request.staff.area is None or queues.queue(request.staff, "open") is None:
        raise Http404
    page = number_of(request.GET.get("page", "")) or 0
    found = jobs.open_in_area(request.staff, start=page * PAGE, most=PAGE)
    context = {
        **frame(request),
        "jobs": found[:PAGE],
        "first": page * PAGE + 1,
        "last": page * PAGE + min(len(found), PAGE),
        "previous": str(page - 1) if page else "",
        "next": str(page + 1) if len(found) > PAGE else "",
    }
    return render(request, "field/cases.html", context)
