"""Areas: browse and search the tree, one area with all that hangs on it, how it was on a day of the past."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from jingwei.kernel import journal
from jingwei.kernel.moments import today
from jingwei.kernel.tables.cells import Column
from jingwei.registry import areas, boards, roles, seats
from jingwei.registry.atlas import atlas
from jingwei.registry.models import Area, AreaAlias, AreaMapping, Organisation, OrganisationArea
from jingwei.registry.models.areas import TIERS
from jingwei.web.admin import exporting, said
from jingwei.web.admin.frame import Pages, administrators, frame, typed
from jingwei.web.shell.who import StaffRequest

MOST_FOUND = 20


@require_GET
@administrators
def browse(request: StaffRequest) -> HttpResponse:
    """The tree from the top, or what a search finds, by code."""
    text, kind = request.GET.get("q", "").strip()[:80], request.GET.get("kind", "")
    counts = dict(Area.objects.filter(valid_to=None).values_list("kind").annotate(n=Count("pk")))
    top = Area.objects.filter(kind="city", valid_to=None).first()
    if text or kind:
        found = search(text, kind)
        pages = Pages(request, found, total=found.count())
        rows, title = pages.rows, _("Found")
    else:
        pages = Pages(
            request, Area.objects.filter(parent=top, valid_to=None, tier__gt=0).order_by("order", "code")
        )
        rows, title = pages.rows, top.name if top else _("Areas")
    context = {
        **frame(request),
        "text": text,
        "kind": kind,
        "kinds": [(k, label, counts[k]) for k, label in said.area_kind_choices() if counts.get(k)],
        "top": top,
        "pages": pages,
        "table": table_of(rows, title),
        "searched": bool(text or kind),
        "today": today(),
    }
    return render(request, "admin/areas.html", context)


def search(text: str, kind: str = "") -> QuerySet[Area]:
    """Areas in force by the beginning of a code, by a part of the name or of a second name."""
    found = Area.objects.filter(valid_to=None)
    if kind:
        found = found.filter(kind=kind)
    if text.isdecimal():
        found = found.filter(code__startswith=text)
    elif text:
        by_alias = AreaAlias.objects.filter(name__contains=text).values("area")
        found = found.filter(Q(name__contains=text) | Q(pk__in=by_alias) | Q(code=text))
    return found.order_by("tier", "code")


def table_of(rows: list[Area], caption: str) -> dict[str, Any]:
    """Areas as a table; how many lie below each is one query for all."""
    below = dict(
        Area.objects.filter(parent__in=[area.pk for area in rows], valid_to=None, tier__gt=0)
        .values_list("parent")
        .annotate(n=Count("pk"))
        .order_by()
    )
    return said.table(
        caption,
        [_("Code"), _("Name"), _("Kind"), _("Within"), (_("Households"), True), (_("Areas below"), True)],
        [
            [
                area.code,
                said.cell(area.name, reverse("admin-area", args=[area.pk])),
                said.area_kind(area.kind),
                atlas().full_name(area.parent_id, below="city") if area.parent_id else "",
                area.households,
                below.get(area.pk, 0) if area.tier else None,
            ]
            for area in rows
        ],
    )


@require_GET
@administrators
def by_code(request: StaffRequest, code: str) -> HttpResponse:
    """The page of the area in force that has a code."""
    return redirect("admin-area", pk=get_object_or_404(Area.objects.only("pk"), code=code, valid_to=None).pk)


@require_GET
@administrators
def one(request: StaffRequest, pk: int) -> HttpResponse:
    """One area: border, names, what it was, who sits there, who works there, what lies over it."""
    area = get_object_or_404(Area.objects.select_related("parent"), pk=pk)
    children = list(area.children.filter(valid_to=None, tier__gt=0).order_by("order", "code"))
    below = _drawn_below(children)
    history = journal.lines_of(area)
    context = {
        **frame(request),
        "area": area,
        "kind": said.area_kind(area.kind),
        "up": list(atlas().up(area.parent_id))[::-1],
        "in_force": area.valid_to is None,
        "children": table_of(children, _("Areas below")) if children else None,
        "may_have_below": bool(area.tier) and area.tier < len(TIERS) and area.valid_to is None,
        "drawing": boards.drawing(area),
        "neighbours": boards.neighbours(area) if area.tier and not below else [],
        "below_drawn": below,
        "aliases": list(area.aliases.order_by("name")),
        "successors": list(area.successors.select_related("new").order_by("since")),
        "predecessors": list(area.predecessors.select_related("old").order_by("since")),
        "versions": list(area.versions.select_related("parent").order_by("-valid_from")),
        "posts": _posts(area),
        "units": _units(area),
        "over": _over(area),
        "bases": _bases(area),
        "history": said.lines(history[-20:][::-1]),
        "today": today(),
    }
    return render(request, "admin/area.html", context)


def _drawn_below(children: list[Area]) -> list[boards.Drawing]:
    return boards.together(
        [(child.name, bytes(child.border)) for child in children if child.border is not None][:400]
    )


def _posts(area: Area) -> dict[str, Any] | None:
    found = seats.holders(areas=[area.pk])
    return _holder_table(found, _("Posts here")) if found else None


def _holder_table(found: list[seats.Holder], caption: str) -> dict[str, Any]:
    rows = [
        [
            said.cell(h.title, reverse("admin-post", args=[h.post])),
            roles.label(h.role),
            said.cell(h.name, reverse("admin-person", args=[h.person])) if h.person else _("vacant"),
            h.phone,
        ]
        for h in found
    ]
    return said.table(caption, [_("Post"), _("Role"), _("Who"), _("Telephone")], rows)


def _units(area: Area) -> dict[str, Any] | None:
    """Units that stand here, and units that work here."""
    own = list(Organisation.objects.filter(area=area, valid_to=None).order_by("order", "code")[:100])
    linked = list(
        OrganisationArea.objects.filter(area=area, organisation__valid_to=None).select_related(
            "organisation"
        )[:100]
    )
    rows = [
        [
            said.cell(unit.name, reverse("admin-organisation", args=[unit.pk])),
            said.unit_kind(unit.kind),
            _("stands here"),
            "",
        ]
        for unit in own
    ]
    rows += [
        [
            said.cell(link.organisation.name, reverse("admin-organisation", args=[link.organisation_id])),
            said.unit_kind(link.organisation.kind),
            _("works here"),
            link.reason,
        ]
        for link in linked
    ]
    return said.table(_("Units here"), [_("Name"), _("Kind"), _("How"), _("Reason")], rows) if rows else None


def _over(area: Area) -> list[tuple[str, AreaMapping]]:
    found = AreaMapping.objects.filter(base=area, overlay__valid_to=None).select_related("overlay")
    return [
        (said.area_kind(m.overlay.kind), m)
        for m in found.defer("overlay__border").order_by("overlay__kind", "overlay__code")
    ]


def _bases(area: Area) -> list[AreaMapping]:
    if area.tier:
        return []
    return list(
        AreaMapping.objects.filter(overlay=area)
        .select_related("base")
        .defer("base__border")
        .order_by("base__code")
    )


@require_GET
@administrators
def as_of(request: StaffRequest) -> HttpResponse:
    """An area and what lay right below it, as they were on a day: names, codes, households, borders."""
    day, error = _asked_day(request)
    under = request.GET.get("under", "").strip().split(" ")[0]
    is_code = under.isascii() and under.isdecimal()
    there = areas.on_day(day, under=under) if is_code else areas.on_day(day, kind="city")
    area = next((one for one in there if one.code == under), there[0] if there and not under else None)
    below = _below_on(day, area) if area else []
    drawn = boards.together([(one.name, one.border) for one in below if one.border])
    own = boards.together([(area.name, area.border)]) if area and area.border and not drawn else []
    context = {
        **frame(request),
        "day": day,
        "error": error,
        "under": under,
        "area": area,
        "drawn": drawn or own,
        "table": said.table(
            _("Areas below on that day"),
            [_("Code"), _("Name"), (_("Households"), True), _("Border")],
            [
                [
                    said.cell(
                        one.code, f"{reverse('admin-areas-as-of')}?day={day.isoformat()}&under={one.code}"
                    ),
                    one.name,
                    one.households,
                    _("drawn") if one.border else _("none"),
                ]
                for one in below
            ],
            when_empty=_("Nothing lay below it on that day."),
        ),
    }
    return render(request, "admin/areas_as_of.html", context, status=422 if error else 200)


def _below_on(day: date, area: areas.AsItWas) -> list[areas.AsItWas]:
    """What lay right below on that day, without what lies across the tree."""
    found = areas.on_day(day, parent=area.area)
    in_tree = set(
        Area.objects.filter(pk__in=[one.area for one in found], tier__gt=0).values_list("pk", flat=True)
    )
    return [one for one in found if one.area in in_tree]


def _asked_day(request: HttpRequest) -> tuple[date, str]:
    text = request.GET.get("day", "")
    try:
        day = date.fromisoformat(text) if text else today()
    except ValueError:
        return today(), _("Write a day, like 2026-11-20.")
    return (day, "") if day <= today() else (today(), _("That day has not come yet."))


@require_GET
@administrators
def export(request: StaffRequest) -> HttpResponse:
    """The areas of a search as a sheet: public facts, by code."""
    text, kind = request.GET.get("q", "").strip()[:80], request.GET.get("kind", "")
    columns = [
        Column("code", ("编码", "Code"), kind="code"),
        Column("name", ("名称", "Name")),
        Column("kind", ("类型", "Kind")),
        Column("within", ("上级", "Within")),
        Column("households", ("户数", "Households"), kind="integer"),
        Column("population", ("人口", "People"), kind="integer"),
        Column("valid_from", ("起始日期", "From"), kind="date"),
    ]
    rows = (
        [
            a.code,
            a.name,
            said.area_kind(a.kind),
            atlas().full_name(a.parent_id, below="city"),
            a.households,
            a.population,
            a.valid_from,
        ]
        for a in search(text, kind).defer("border").iterator(chunk_size=2000)
    )
    return exporting.answer(
        request,
        "areas",
        _("Areas"),
        columns,
        rows,
        filters={"kind": kind, "code": text if text.isdecimal() else ""},
    )


@require_GET
@administrators
def find_area(request: StaffRequest) -> HttpResponse:
    """Options for a finder: areas of every kind, those across the tree too."""
    text = typed(request)
    found = search(text.split(" ")[0] if text[:1].isdecimal() else text)[:MOST_FOUND]
    options = [(area.code, _named(area)) for area in found.defer("border")]
    return render(request, "parts/options.html", {"options": options})


def _named(area: Area) -> str:
    return atlas().full_name(area.pk, below="city") if area.tier > 1 else area.name
