"""Organisations: the tree, search, one unit with the story of its changes, totals by county."""

from __future__ import annotations

from typing import Any

from django import forms
from django.db.models import Count, Q, QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_POST

from jingwei.engine import catalogue
from jingwei.engine.models import CatalogueRow
from jingwei.kernel import journal
from jingwei.kernel.moments import today
from jingwei.kernel.tables.cells import Column
from jingwei.registry import people, roles, seats
from jingwei.registry.atlas import atlas, code_range
from jingwei.registry.models import (
    Area,
    Organisation,
    OrganisationAlias,
    OrganisationArea,
    OrganisationVersion,
)
from jingwei.web.admin import exporting, said
from jingwei.web.admin.forms import AreaField, Asked, CodesField, UnitField, form_page
from jingwei.web.admin.frame import Pages, administrators, frame
from jingwei.web.shell.who import StaffRequest

_SHOWN = ("code", "name", "kind", "parent__name", "area__name", "area__code")


@require_GET
@administrators
def browse(request: StaffRequest) -> HttpResponse:
    """The uppermost units, or what a search finds; totals by county beside them."""
    text, kind, county = (request.GET.get(name, "").strip()[:80] for name in ("q", "kind", "county"))
    searched = bool(text or kind or county)
    found = (
        search(text, kind, county) if searched else Organisation.objects.filter(parent=None, valid_to=None)
    )
    total = found.count() if searched else None
    pages = Pages(request, found.select_related("parent", "area").only(*_SHOWN), total=total)
    totals = by_county() if not searched else None
    kinds = dict(
        Organisation.objects.filter(valid_to=None).values_list("kind").annotate(n=Count("pk")).order_by()
    )
    context = {
        **frame(request),
        "text": text,
        "kind": kind,
        "county": county,
        "kinds": sorted(((k, said.unit_kind(k), n) for k, n in kinds.items()), key=lambda one: -one[2]),
        "counties": _counties(),
        "total": sum(kinds.values()),
        "searched": searched,
        "pages": pages,
        "table": table_of(pages.rows, _("Found") if searched else _("Uppermost units")),
        "totals": totals,
    }
    return render(request, "admin/organisations.html", context)


def search(text: str, kind: str = "", county: str = "") -> QuerySet[Organisation]:
    """Units in force by the beginning of a code, by a part of the name or of a second name.

    Of a kind, in a county.
    """
    found = Organisation.objects.filter(valid_to=None)
    if kind:
        found = found.filter(kind=kind)
    if county.isascii() and county.isdecimal():
        low, high = code_range(county)
        found = found.filter(area__code__gte=low, area__code__lt=high)
    if text:
        by_alias = OrganisationAlias.objects.filter(name__contains=text).values("organisation")
        found = found.filter(
            Q(code__startswith=text)
            | Q(name__contains=text)
            | Q(short_name__contains=text)
            | Q(pk__in=by_alias)
        )
    return found.order_by("code")


def table_of(rows: list[Organisation], caption: str) -> dict[str, Any]:
    """Units as a table; how many stand below each is one query for all."""
    below = dict(
        Organisation.objects.filter(parent__in=[unit.pk for unit in rows], valid_to=None)
        .values_list("parent")
        .annotate(n=Count("pk"))
        .order_by()
    )
    return said.table(
        caption,
        [_("Code"), _("Name"), _("Kind"), _("Above it"), _("Place"), (_("Units below"), True)],
        [
            [
                unit.code,
                said.cell(unit.name, reverse("admin-organisation", args=[unit.pk])),
                said.unit_kind(unit.kind),
                unit.parent.name if unit.parent else "",
                atlas().full_name(unit.area_id, below="city") or (unit.area.name if unit.area else ""),
                below.get(unit.pk, 0),
            ]
            for unit in rows
        ],
    )


def by_county() -> dict[str, Any]:
    """How many units each county has.

    Those of the city itself and those without a place stand apart, so that the sum is whole.
    """
    counted: dict[int | None, int] = {}
    groups = Organisation.objects.filter(valid_to=None).values_list("area").annotate(n=Count("pk")).order_by()
    for area, n in groups:
        county = atlas().at_tiers(area).get("county")
        key = county or (0 if area else None)
        counted[key] = counted.get(key, 0) + n
    rows: list[list[Any]] = [
        [
            said.cell(county.name, f"{reverse('admin-organisations')}?county={county.code}"),
            counted.get(county.id, 0),
        ]
        for county in _counties()
    ]
    rows.append([_("The city itself"), counted.get(0, 0)])
    if None in counted:
        rows.append([_("Without a place"), counted[None]])
    table = said.table(_("Totals by county"), [_("County"), (_("Units"), True)], rows, hide_caption=False)
    return table | {"total": [_("In all"), sum(counted.values())]}


def _counties() -> list[Any]:
    top = atlas().city()
    return [place for place in atlas().children(top.id) if place.kind == "county"] if top else []


@require_GET
@administrators
def export(request: StaffRequest) -> HttpResponse:
    """The units of a search as a sheet."""
    text, kind, county = (request.GET.get(name, "").strip()[:80] for name in ("q", "kind", "county"))
    columns = [
        Column("code", ("编码", "Code"), kind="code"),
        Column("name", ("名称", "Name")),
        Column("kind", ("类型", "Kind")),
        Column("parent_code", ("上级编码", "Code above"), kind="code"),
        Column("parent", ("上级", "Above it")),
        Column("area_code", ("区划编码", "Area code"), kind="code"),
        Column("place", ("所在地", "Place")),
        Column("phone", ("电话", "Telephone")),
        Column("works_in", ("工作区域数", "Areas it works in"), kind="integer"),
    ]
    found = search(text, kind, county).select_related("parent", "area").only(*_SHOWN, "parent__code", "phone")
    works_in = dict(OrganisationArea.objects.values_list("organisation").annotate(n=Count("pk")).order_by())
    rows = (
        [
            unit.code,
            unit.name,
            said.unit_kind(unit.kind),
            unit.parent.code if unit.parent else None,
            unit.parent.name if unit.parent else None,
            unit.area.code if unit.area else None,
            atlas().full_name(unit.area_id, below="city") or None,
            unit.phone or None,
            works_in.get(unit.pk, 0),
        ]
        for unit in found.iterator(chunk_size=2000)
    )
    return exporting.answer(
        request, "organisations", _("Organisations"), columns, rows, filters={"kind": kind, "county": county}
    )


@require_GET
@administrators
def one(request: StaffRequest, pk: int) -> HttpResponse:
    """One unit: what it is, what stands below it, where it works, its posts.

    Every change from old to new.
    """
    unit = get_object_or_404(
        Organisation.objects.select_related("parent", "area").defer("area__border"), pk=pk
    )
    below = (
        unit.children.filter(valid_to=None)
        .select_related("parent", "area")
        .only(*_SHOWN)
        .order_by("order", "code")
    )
    pages = Pages(request, below)
    above = [int(part) for part in unit.path.split("/") if part and int(part) != unit.pk]
    names = said.unit_names(above)
    links = list(
        OrganisationArea.objects.filter(organisation=unit)
        .select_related("area")
        .defer("area__border")
        .order_by("area__code")[:200]
    )
    context = {
        **frame(request),
        "unit": unit,
        "kind": said.unit_kind(unit.kind),
        "up": [(number, names[number]) for number in above if number in names],
        "place": atlas().full_name(unit.area_id) if unit.area_id else "",
        "pages": pages,
        "below": table_of(pages.rows, _("Units below")) if pages.rows else None,
        "aliases": list(unit.aliases.order_by("name")),
        "links": links,
        "posts": _posts(unit),
        "changes": changes_of(unit),
        "history": said.lines(journal.lines_of(unit)[-20:][::-1]),
        "catalogue_rows": CatalogueRow.objects.filter(unit=unit, valid_to=None).count(),
        "staff": unit.staff.filter(left_at=None).count(),
    }
    return render(request, "admin/organisation.html", context)


def changes_of(unit: Organisation) -> dict[str, Any] | None:
    """Every change of the unit with old and new value, who made it and when; the newest first."""
    found = list(OrganisationVersion.objects.filter(organisation=unit).order_by("-changed_at", "-pk")[:200])
    if not found:
        return None
    names = said.people_names(row.person for row in found)
    ids = {
        int(v)
        for row in found
        if row.column in ("parent_id", "area_id")
        for v in (row.old, row.new)
        if v.isdecimal()
    }
    units = said.unit_names(ids)
    places = dict(Area.objects.filter(pk__in=ids).values_list("pk", "name")) if ids else {}

    def value(row: OrganisationVersion, text: str) -> str:
        if row.column == "kind":
            return said.unit_kind(text)
        names_of = {"parent_id": units, "area_id": places}.get(row.column)
        return names_of.get(int(text), text) if names_of and text.isdecimal() else text

    rows = [
        [
            row.changed_at,
            said.column(row.column),
            value(row, row.old) or "—",
            value(row, row.new) or "—",
            names.get(row.person or 0, _("the system")),
            row.line,
        ]
        for row in found
    ]
    return {"rows": rows}


def _posts(unit: Organisation) -> dict[str, Any] | None:
    rows = [
        [
            said.cell(h.title, reverse("admin-post", args=[h.post])),
            roles.label(h.role),
            said.cell(h.name, reverse("admin-person", args=[h.person])) if h.person else _("vacant"),
            h.phone,
        ]
        for h in seats.holders(organisations=[unit.pk])
    ]
    return said.table(_("Posts"), [_("Post"), _("Role"), _("Who"), _("Telephone")], rows) if rows else None


# ---------------------------------------------------------------- forms


class KindField(forms.CharField):
    """A kind of unit: one of the known ones, by its word, or a city's own."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            max_length=32, widget=forms.TextInput({"list": "unit-kinds", "autocomplete": "off"}), **kwargs
        )

    def prepare_value(self, value: Any) -> Any:
        return said.unit_kind(value) if value in said.UNIT_KINDS else value

    def clean(self, value: Any) -> str:
        """Return the code of a known word, else what was typed."""
        text = str(super().clean(value)).strip()
        return next((code for code, label in said.UNIT_KINDS.items() if text in (code, str(label))), text)


class UnitFacts(Asked):
    """What a unit is made of."""

    code = forms.CharField(label=gettext_lazy("Code"), max_length=32)
    name = forms.CharField(label=gettext_lazy("Name"), max_length=120)
    short_name = forms.CharField(label=gettext_lazy("Short name"), max_length=40, required=False)
    kind = KindField(
        label=gettext_lazy("Kind"),
        help_text=gettext_lazy("The class list names the kind that leads; a city may add its own."),
    )
    parent_unit = UnitField(label=gettext_lazy("Above it"), required=False)
    area = AreaField(label=gettext_lazy("Place"), required=False)
    phone = forms.CharField(label=gettext_lazy("Telephone"), max_length=40, required=False)


@administrators
def make(request: StaffRequest) -> HttpResponse:
    """A new unit."""
    above = Organisation.objects.filter(code=request.GET.get("under", ""), valid_to=None).first()
    form = UnitFacts(request.POST if request.method == "POST" else None, initial={"parent_unit": above})

    def act(entered: dict[str, Any]) -> str:
        unit = people.make_organisation(
            entered["code"].strip(),
            entered["name"],
            entered["kind"],
            by=request.staff,
            parent=entered["parent_unit"],
            area=entered["area"],
            short_name=entered["short_name"],
            phone=entered["phone"],
        )
        return reverse("admin-organisation", args=[unit.pk])

    return form_page(
        request,
        form,
        act,
        title=_("Make an organisation"),
        back=(reverse("admin-organisations"), _("Organisations")),
        button=_("Make it"),
        done=_("The organisation is made."),
        kinds=_kind_words(),
    )


@administrators
def change(request: StaffRequest, pk: int) -> HttpResponse:
    """Change a unit; every old value stays with who changed it."""
    unit = get_object_or_404(Organisation.objects.select_related("parent", "area"), pk=pk, valid_to=None)
    there = {
        "code": unit.code,
        "name": unit.name,
        "short_name": unit.short_name,
        "kind": unit.kind,
        "parent_unit": unit.parent,
        "area": unit.area,
        "phone": unit.phone,
    }
    form = UnitFacts(request.POST if request.method == "POST" else None, initial=there)

    def act(entered: dict[str, Any]) -> str:
        people.change_organisation(
            unit,
            by=request.staff,
            code=entered["code"].strip(),
            name=entered["name"].strip(),
            short_name=entered["short_name"],
            kind=entered["kind"],
            parent_id=entered["parent_unit"].pk if entered["parent_unit"] else None,
            area_id=entered["area"].pk if entered["area"] else None,
            phone=entered["phone"],
        )
        return reverse("admin-organisation", args=[unit.pk])

    return form_page(
        request,
        form,
        act,
        title=_("Change {name}").format(name=unit.name),
        back=_back(unit),
        button=_("Change it"),
        done=_("Changed."),
        fields={"parent": "parent_unit"},
        kinds=_kind_words(),
    )


class Link(Asked):
    """Where a unit works."""

    areas = CodesField(label=gettext_lazy("Areas"), help_text=gettext_lazy("Codes of areas, one a line."))
    reason = forms.CharField(
        label=gettext_lazy("Reason"),
        max_length=120,
        required=False,
        help_text=gettext_lazy("Needed where another unit of this kind works there already."),
    )


@administrators
def link(request: StaffRequest, pk: int) -> HttpResponse:
    """Let a unit work in areas."""
    unit = get_object_or_404(Organisation, pk=pk, valid_to=None)
    form = Link(request.POST if request.method == "POST" else None)

    def act(entered: dict[str, Any]) -> str:
        people.link_to_areas(unit, entered["areas"], by=request.staff, reason=entered["reason"])
        return reverse("admin-organisation", args=[unit.pk])

    title = _("Where {name} works").format(name=unit.name)
    return form_page(
        request, form, act, title=title, back=_back(unit), button=_("Add these areas"), done=_("Added.")
    )


@require_POST
@administrators
def unlink(request: StaffRequest, pk: int, area: int) -> HttpResponse:
    """A unit no longer works in an area."""
    unit, place = (
        get_object_or_404(Organisation, pk=pk),
        get_object_or_404(Area.objects.defer("border"), pk=area),
    )
    people.unlink_area(unit, place, by=request.staff)
    return redirect("admin-organisation", pk=pk)


class End(Asked):
    """Nothing to fill in: the question is whether it may."""


@administrators
def end(request: StaffRequest, pk: int) -> HttpResponse:
    """End a unit that nothing hangs on any more."""
    unit = get_object_or_404(Organisation, pk=pk, valid_to=None)
    form = End(request.POST if request.method == "POST" else None)

    def act(entered: dict[str, Any]) -> str:
        catalogue.end_unit(unit, by=request.staff, on=today())
        return reverse("admin-organisation", args=[unit.pk])

    return form_page(
        request,
        form,
        act,
        title=_("End {name}").format(name=unit.name),
        back=_back(unit),
        button=_("End it"),
        done=_("The organisation has ended."),
        stop=True,
        about=_("From today it takes nothing on. What it handled stays under its name."),
    )


def _back(unit: Organisation) -> tuple[str, str]:
    return reverse("admin-organisation", args=[unit.pk]), unit.name


def _kind_words() -> list[str]:
    own = Organisation.objects.order_by("kind").values_list("kind", flat=True).distinct()
    return sorted({*map(str, said.UNIT_KINDS.values()), *(said.unit_kind(kind) for kind in own)})
