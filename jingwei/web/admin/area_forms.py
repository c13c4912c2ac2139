"""Forms about areas: make, change, end, second names, laying one across the tree over base grids."""

from __future__ import annotations

from typing import Any

from django import forms
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from jingwei.kernel.moments import today
from jingwei.registry import areas
from jingwei.registry.atlas import atlas, tier_of
from jingwei.registry.models import Area, AreaAlias
from jingwei.registry.models.areas import TIERS
from jingwei.web.admin import said
from jingwei.web.admin.forms import AreaField, Asked, CodesField, DayField, form_page
from jingwei.web.admin.frame import administrators
from jingwei.web.shell.who import StaffRequest


class AreaFacts(Asked):
    """What an area is made of."""

    kind = forms.ChoiceField(label=gettext_lazy("Kind"))
    code = forms.CharField(
        label=gettext_lazy("Code"),
        max_length=24,
        help_text=gettext_lazy("Of the tree, figures only: the code above with three more."),
    )
    name = forms.CharField(label=gettext_lazy("Name"), max_length=80)
    parent = AreaField(
        label=gettext_lazy("Area above"), required=False, help_text=gettext_lazy("Type a name or a code.")
    )
    households = forms.IntegerField(
        label=gettext_lazy("Households"), required=False, min_value=0, max_value=10_000_000
    )
    population = forms.IntegerField(
        label=gettext_lazy("Inhabitants"), required=False, min_value=0, max_value=100_000_000
    )
    special = forms.BooleanField(
        label=gettext_lazy("A special grid: a mall, park, school or market of its own"), required=False
    )
    since = DayField(
        label=gettext_lazy("From"), help_text=gettext_lazy("What was so before stays as a version.")
    )

    def __init__(self, *args: Any, kinds: tuple[str, ...] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["kind"].choices = said.area_kind_choices(kinds)  # type: ignore[attr-defined]


@administrators
def make(request: StaffRequest) -> HttpResponse:
    """A new area, below one or across the tree."""
    above = Area.objects.filter(code=request.GET.get("under", ""), valid_to=None).first()
    below = TIERS[above.tier] if above and 0 < above.tier < len(TIERS) else ""
    form = AreaFacts(
        request.POST if request.method == "POST" else None,
        initial={
            "parent": above,
            "kind": below or "grid",
            "code": next_code(above) if above and below else "",
            "since": today(),
        },
    )

    def act(entered: dict[str, Any]) -> str:
        area = areas.make_area(
            entered["kind"],
            entered["code"].strip(),
            entered["name"],
            by=request.staff,
            parent=entered["parent"],
            valid_from=entered["since"],
            households=entered["households"],
            population=entered["population"],
            special=entered["special"],
        )
        return reverse("admin-area", args=[area.pk])

    return form_page(
        request,
        form,
        act,
        title=_("Make an area"),
        back=(reverse("admin-areas"), _("Areas")),
        button=_("Make it"),
        done=_("The area is made."),
        about=_("Borders come with an import; many areas at once, too."),
    )


def next_code(above: Area) -> str:
    """The next code that was never used below an area; empty where its length is not one of the settings'."""
    lowest = f"{above.code}{1:03}"
    if not tier_of(lowest) or not above.code.isdecimal():
        return ""
    used = Area.objects.filter(
        code__gte=lowest, code__lte=f"{above.code}999", kind=TIERS[above.tier]
    ).values_list("code", flat=True)
    numbers = [int(code) for code in used if len(code) == len(lowest) and code.startswith(above.code)]
    code = str(max(numbers) + 1).zfill(len(lowest)) if numbers else lowest
    return code if code.startswith(above.code) else ""


class AreaChange(Asked):
    """What may change of an area; its kind never does."""

    code = forms.CharField(label=gettext_lazy("Code"), max_length=24)
    name = forms.CharField(label=gettext_lazy("Name"), max_length=80)
    parent = AreaField(label=gettext_lazy("Area above"), required=False)
    households = forms.IntegerField(
        label=gettext_lazy("Households"), required=False, min_value=0, max_value=10_000_000
    )
    population = forms.IntegerField(
        label=gettext_lazy("Inhabitants"), required=False, min_value=0, max_value=100_000_000
    )
    special = forms.BooleanField(
        label=gettext_lazy("A special grid: a mall, park, school or market of its own"), required=False
    )
    since = DayField(
        label=gettext_lazy("From"), help_text=gettext_lazy("What was so before stays as a version.")
    )


@administrators
def change(request: StaffRequest, pk: int) -> HttpResponse:
    """Change an area from a day on."""
    area = get_object_or_404(Area.objects.select_related("parent"), pk=pk, valid_to=None)
    there = {
        "code": area.code,
        "name": area.name,
        "parent": area.parent,
        "households": area.households,
        "population": area.population,
        "special": area.special,
        "since": today(),
    }
    form = AreaChange(request.POST if request.method == "POST" else None, initial=there)

    def act(entered: dict[str, Any]) -> str:
        parent = entered["parent"]
        areas.change_area(
            area,
            by=request.staff,
            since=entered["since"],
            code=entered["code"].strip(),
            name=entered["name"].strip(),
            parent_id=parent.pk if parent else None,
            households=entered["households"],
            population=entered["population"],
            special=entered["special"],
        )
        return reverse("admin-area", args=[area.pk])

    return form_page(
        request,
        form,
        act,
        title=_("Change {name}").format(name=area.name),
        back=_back(area),
        button=_("Change it"),
        done=_("Changed."),
        fields={"parent_id": "parent"},
    )


class AreaEnd(Asked):
    """How an area ends."""

    on = DayField(
        label=gettext_lazy("Ends on"), help_text=gettext_lazy("The first day on which it is no more.")
    )
    successors = CodesField(
        label=gettext_lazy("Succeeded by"),
        required=False,
        help_text=gettext_lazy("Codes of the areas that answer for its matters from then on, one a line."),
    )
    reason = forms.CharField(
        label=gettext_lazy("Reason"),
        max_length=120,
        help_text=gettext_lazy("Merged, split, recoded: on what decision."),
    )


@administrators
def end(request: StaffRequest, pk: int) -> HttpResponse:
    """End an area; its successors answer for its matters."""
    area = get_object_or_404(Area, pk=pk, valid_to=None)
    form = AreaEnd(request.POST if request.method == "POST" else None, initial={"on": today()})

    def act(entered: dict[str, Any]) -> str:
        areas.end_area(
            area,
            by=request.staff,
            on=entered["on"],
            successors=entered["successors"],
            reason=entered["reason"],
        )
        return reverse("admin-area", args=[area.pk])

    return form_page(
        request,
        form,
        act,
        title=_("End {name}").format(name=area.name),
        back=_back(area),
        button=_("End it"),
        done=_("The area has ended."),
        stop=True,
        about=_("Its code is never given again. What happened there stays under its name."),
    )


class Alias(Asked):
    """A second name."""

    name = forms.CharField(
        label=gettext_lazy("Second name"),
        max_length=80,
        help_text=gettext_lazy("As a source or people write it."),
    )
    source = forms.CharField(label=gettext_lazy("Where it is written so"), max_length=40, required=False)


@administrators
def add_alias(request: StaffRequest, pk: int) -> HttpResponse:
    """Note a second name of a place."""
    area = get_object_or_404(Area, pk=pk)
    form = Alias(request.POST if request.method == "POST" else None)

    def act(entered: dict[str, Any]) -> str:
        areas.add_alias(area, entered["name"], by=request.staff, source=entered["source"])
        return reverse("admin-area", args=[area.pk])

    title = _("A second name of {name}").format(name=area.name)
    return form_page(request, form, act, title=title, back=_back(area), button=_("Note it"), done=_("Noted."))


@require_POST
@administrators
def remove_alias(request: StaffRequest, pk: int, alias: int) -> HttpResponse:
    """Take a second name away."""
    row = get_object_or_404(AreaAlias.objects.select_related("area"), pk=alias, area=pk)
    areas.remove_alias(row, by=request.staff)
    return redirect("admin-area", pk=pk)


class Overlay(Asked):
    """Base grids under an area across the tree."""

    bases = CodesField(
        label=gettext_lazy("Base grids"), kind="grid", help_text=gettext_lazy("Codes of grids, one a line.")
    )
    reason = forms.CharField(
        label=gettext_lazy("Reason"),
        max_length=120,
        required=False,
        help_text=gettext_lazy("Needed where a grid belongs to another one of this kind already."),
    )


@administrators
def map_overlay(request: StaffRequest, pk: int) -> HttpResponse:
    """Lay an area across the tree over base grids."""
    area = get_object_or_404(Area, pk=pk, tier=0, valid_to=None)
    form = Overlay(request.POST if request.method == "POST" else None)

    def act(entered: dict[str, Any]) -> str:
        areas.map_overlay(area, entered["bases"], by=request.staff, reason=entered["reason"])
        return reverse("admin-area", args=[area.pk])

    title = _("Lay {name} over grids").format(name=area.name)
    return form_page(
        request,
        form,
        act,
        title=title,
        back=_back(area),
        button=_("Lay it over them"),
        done=_("Laid over them."),
    )


@require_POST
@administrators
def unmap_overlay(request: StaffRequest, pk: int, base: int) -> HttpResponse:
    """Take an area across the tree off a base grid."""
    area, grid = get_object_or_404(Area, pk=pk, tier=0), get_object_or_404(Area, pk=base)
    areas.unmap_overlay(area, grid, by=request.staff)
    return redirect("admin-area", pk=pk)


def _back(area: Area) -> tuple[str, str]:
    return reverse("admin-area", args=[area.pk]), atlas().name(area.pk) or area.name
