"""Grids that a kind of unit leaves out: without a branch, without a property firm."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from jingwei.registry import people
from jingwei.registry.atlas import Place, atlas
from jingwei.registry.models import Organisation
from jingwei.web.admin import said
from jingwei.web.admin.frame import Pages, administrators, frame
from jingwei.web.shell.who import StaffRequest


@require_GET
@administrators
def grids_without(request: StaffRequest) -> HttpResponse:
    """The grids of the city or of a county in which no unit of a kind works."""
    kinds, counties = _kinds_at_work(), _counties()
    asked, under = request.GET.get("kind", ""), request.GET.get("county", "")
    kind = asked if asked in kinds else next(iter(kinds), "")
    county = next((one.code for one in counties if one.code == under), "")
    found = people.areas_without(kind, under=county) if kind else []
    pages = Pages(request, found, total=len(found))
    rows = [
        [
            area.code,
            said.cell(area.name, reverse("admin-area", args=[area.pk])),
            atlas().full_name(area.parent_id, below="city"),
        ]
        for area in pages.rows
    ]
    context = {
        **frame(request),
        "kind": kind,
        "kinds": kinds,
        "county": county,
        "counties": counties,
        "pages": pages,
        "table": said.table(
            _("Grids without a unit of this kind"), [_("Code"), _("Grid"), _("Within")], rows
        ),
    }
    return render(request, "admin/organisations_without.html", context)


def _kinds_at_work() -> dict[str, str]:
    """The kinds of units that work in areas at all, with their words."""
    units = Organisation.objects.filter(valid_to=None, works_in__isnull=False)
    kinds = units.order_by("kind").values_list("kind", flat=True).distinct()
    return {kind: said.unit_kind(kind) for kind in kinds}


def _counties() -> list[Place]:
    top = atlas().city()
    return [place for place in atlas().children(top.id) if place.kind == "county"] if top else []
