"""The dispatch catalogue.

Its rows, adding and ending them, what stands in doubt, and which row fires for a class in an area.
"""

from __future__ import annotations

from typing import Any

from django import forms
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_POST

from jingwei.engine import catalogue, library
from jingwei.engine.models import CatalogueRow
from jingwei.kernel.tables.cells import Column
from jingwei.registry.atlas import atlas
from jingwei.registry.models import Organisation
from jingwei.web.admin import exporting
from jingwei.web.admin.forms import AreaField, Asked, UnitField, form_page
from jingwei.web.admin.frame import Pages, administrators, frame
from jingwei.web.shell.fields import class_choices
from jingwei.web.shell.who import StaffRequest


def lists() -> list[str]:
    """The class lists that procedures in force follow."""
    return sorted({playbook.procedure.classes for playbook in library.all_in_force().values()})


def _list(request: StaffRequest) -> str:
    known = lists()
    asked = request.GET.get("list", "")
    return asked if asked in known else known[0] if known else ""


@require_GET
@administrators
def browse(request: StaffRequest) -> HttpResponse:
    """Rows by class and area, of a class or unit; rows in doubt on top; the try-out beside."""
    name = _list(request)
    class_code, unit_code = (
        request.GET.get("class", "")[:16],
        request.GET.get("unit", "").strip().split(" ")[0],
    )
    unit = Organisation.objects.filter(code=unit_code).first() if unit_code else None
    found = catalogue.rows_in_force(name, class_code=class_code, unit=unit.pk if unit else None)
    pages = Pages(request, found, total=found.count())
    context = {
        **frame(request),
        "list": name,
        "lists": lists(),
        "class_code": class_code,
        "unit": unit,
        "classes": class_choices(name)[1:],
        "pages": pages,
        "rows": [shown(row) for row in pages.rows],
        "doubts": [{**shown(doubt.row), "why": _doubt(doubt.why)} for doubt in catalogue.doubts(name)[:20]],
        "find_unit": reverse("find-unit"),
    }
    return render(request, "admin/catalogue.html", context)


def shown(row: CatalogueRow) -> dict[str, Any]:
    """A row in words: class, area, unit, note."""
    return {
        "row": row,
        "class_name": class_words(row.list, row.class_code),
        "place": (atlas().full_name(row.area_id, below="city") or row.area.name)
        if row.area
        else _("the whole city"),
    }


def class_words(list_name: str, code: str) -> str:
    """A class, or the beginning of one, in words."""
    if not code:
        return _("Every class")
    entry = library.classes(list_name).get(code)
    return f"{code} {entry}" if entry else _("{code}… (classes that begin so)").format(code=code)


def _doubt(why: str) -> str:
    return {
        "double": _("another row says something about the same class and area; the older one fires"),
        "ended_unit": _("its unit has ended"),
        "ended_area": _("its area has ended"),
        "no_class": _("no class in use begins so: it never fires"),
    }[why]


@require_GET
@administrators
def try_out(request: StaffRequest) -> HttpResponse:
    """Which row fires for a class in an area, and before which others."""
    name = _list(request)
    class_code, typed = request.GET.get("class", "")[:16], request.GET.get("area", "").strip()
    place = atlas().by_code.get(typed.split(" ")[0]) if typed else None
    asked = "class" in request.GET
    found = (
        catalogue.explain(name, class_code, place.id if place else None)
        if asked and (place or not typed)
        else []
    )
    context = {
        **frame(request),
        "list": name,
        "class_code": class_code,
        "typed": typed,
        "wrong": bool(typed) and place is None,
        "asked": asked,
        "classes": class_choices(name)[1:],
        "class_name": class_words(name, class_code),
        "place": atlas().full_name(place.id, below="city") or place.name if place else _("the whole city"),
        "rows": [shown(row) for row in found],
    }
    return render(request, "admin/catalogue_try.html", context, status=422 if context["wrong"] else 200)


class NewRow(Asked):
    """What goes where."""

    class_code = forms.ChoiceField(label=gettext_lazy("Class"), required=False)
    area = AreaField(
        label=gettext_lazy("The area"),
        required=False,
        help_text=gettext_lazy("Here and below; empty is the whole city."),
    )
    unit = UnitField(label=gettext_lazy("Unit"))
    note = forms.CharField(
        label=gettext_lazy("Note"),
        max_length=120,
        required=False,
        help_text=gettext_lazy("Why it goes there: the document that says so."),
    )

    def __init__(self, *args: Any, list_name: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        tops = [
            (e.code, _("{name}: every kind of it").format(name=e))
            for e in library.classes(list_name).values()
            if not e.parent and e.in_use
        ]
        choices = [("", _("Every class")), (_("Whole groups"), tops), *class_choices(list_name)[1:]]
        self.fields["class_code"].choices = choices  # type: ignore[attr-defined]


@administrators
def add(request: StaffRequest) -> HttpResponse:
    """A new row."""
    name = _list(request)
    initial = {"class_code": request.GET.get("class", "")}
    form = NewRow(request.POST if request.method == "POST" else None, list_name=name, initial=initial)

    def act(entered: dict[str, Any]) -> str:
        catalogue.add_row(
            name,
            entered["class_code"],
            entered["unit"],
            by=request.staff,
            area=entered["area"],
            note=entered["note"],
        )
        return f"{reverse('admin-catalogue')}?list={name}"

    return form_page(
        request,
        form,
        act,
        title=_("Add a row"),
        back=(reverse("admin-catalogue"), _("Dispatch catalogue")),
        button=_("Add it"),
        done=_("The row fires from now on."),
        fields={"class": "class_code"},
        about=_("Where several rows fit, the longest class wins, then the lowest area, then the oldest row."),
    )


@require_POST
@administrators
def end(request: StaffRequest, pk: int) -> HttpResponse:
    """A row no longer fires."""
    row = get_object_or_404(CatalogueRow, pk=pk)
    catalogue.end_row(row, by=request.staff)
    answer = redirect("admin-catalogue")
    answer["Location"] += f"?list={row.list}"
    return answer


@require_GET
@administrators
def export(request: StaffRequest) -> HttpResponse:
    """The rows in force as a sheet."""
    name = _list(request)
    columns = [
        Column("class_code", ("类别编码", "Class code"), kind="code"),
        Column("class_name", ("类别", "Class")),
        Column("area_code", ("区划编码", "Area code"), kind="code"),
        Column("place", ("区域", "Area")),
        Column("unit_code", ("单位编码", "Unit code"), kind="code"),
        Column("unit", ("承办单位", "Unit")),
        Column("note", ("备注", "Note")),
    ]
    rows = (
        [
            row.class_code or None,
            class_words(row.list, row.class_code),
            row.area.code if row.area else None,
            shown(row)["place"],
            row.unit.code,
            row.unit.name,
            row.note or None,
        ]
        for row in catalogue.rows_in_force(name)
    )
    return exporting.answer(
        request, "catalogue", _("Dispatch catalogue"), columns, rows, filters={"list": name}
    )
