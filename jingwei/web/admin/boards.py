"""Grid boards on paper: which walls no longer say what is so, and many boards as one PDF.

The board on the web is always of now.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from jingwei.kernel.moments import today
from jingwei.kernel.tables.cells import Column
from jingwei.registry import boards
from jingwei.registry.atlas import atlas
from jingwei.registry.models import Area, BoardPrint
from jingwei.web.admin import exporting
from jingwei.web.admin.frame import Pages, administrators, frame
from jingwei.web.portal.home import board_of
from jingwei.web.shell import paper
from jingwei.web.shell.who import StaffRequest

#: a page of A3 takes the server about a second
MOST_PAGES = 20


@administrators
def to_print(request: StaffRequest) -> HttpResponse:
    """What is to be printed again since people or borders changed, and what nobody has printed yet."""
    if request.method == "POST":
        return _print(request)
    under = _under(request)
    outdated = boards.to_reprint(under=under)
    fresh = boards.never_printed(under=under).defer("border")
    waiting = request.GET.get("show") == "never"
    pages = Pages(request, fresh if waiting else outdated, total=fresh.count() if waiting else len(outdated))
    context = {
        **frame(request),
        "under": under,
        "counties": [place for place in atlas().children(top.id) if place.tier]
        if (top := atlas().city())
        else [],
        "waiting": waiting,
        "pages": pages,
        "rows": [_never(one) if waiting else _outdated(one) for one in pages.rows],
        "outdated_count": len(outdated),
        "never_count": fresh.count(),
        "printed_count": BoardPrint.objects.filter(area__valid_to=None).count(),
        "most": MOST_PAGES,
        "errors": [],
    }
    return render(request, "admin/boards.html", context)


def _under(request: StaffRequest) -> str:
    code = request.GET.get("under", "")
    return code if code.isdecimal() and code in atlas().by_code else ""


def _outdated(one: boards.Outdated) -> dict[str, Any]:
    changed = [
        said
        for is_so, said in ((one.people, _("people or telephones")), (one.place, _("name or border")))
        if is_so
    ]
    return {
        "area": one.area,
        "code": one.code,
        "name": atlas().full_name(one.area) or one.name,
        "printed_at": one.printed_at,
        "changed": _(", ").join(changed),
    }


def _never(area: Area) -> dict[str, Any]:
    return {
        "area": area.pk,
        "code": area.code,
        "name": atlas().full_name(area.pk) or area.name,
        "printed_at": None,
        "changed": "",
    }


def _print(request: StaffRequest) -> HttpResponse:
    """The chosen boards as one PDF, a page each; from now on they are compared with what it says."""
    chosen = [int(text) for text in request.POST.getlist("area") if text.isdecimal() and len(text) < 18]
    areas = list(Area.objects.filter(pk__in=chosen, tier__gt=0, valid_to=None).order_by("code"))
    error = ""
    if not areas:
        error = _("Choose the boards to print.")
    elif len(areas) > MOST_PAGES:
        error = ngettext("At most {n} board at a time.", "At most {n} boards at a time.", MOST_PAGES).format(
            n=MOST_PAGES
        )
    if error:
        return render(
            request,
            "admin/refused.html",
            {**frame(request), "reasons": [error], "back": (request.get_full_path(), _("Grid boards"))},
            status=422,
        )
    sheets: list[dict[str, Any]] = []
    pictures: dict[str, Path] = {}
    for area in areas:
        place = atlas().places[area.pk]
        sheets.append(board_of(request, place))
        pictures |= {str(person): file for person, file in boards.photo_files(area.pk).items()}
    html = render_to_string("portal/grid_board_a3.html", {"sheets": sheets}, request)
    body = paper.pdf(html, pictures=pictures)
    boards.mark_printed(areas, by=request.staff)
    answer = HttpResponse(body, content_type="application/pdf")
    answer["Content-Disposition"] = f'inline; filename="boards-{today():%Y-%m-%d}.pdf"'
    return answer


@administrators
def export(request: StaffRequest) -> HttpResponse:
    """The boards to print again, as a sheet for whoever carries them."""
    under = _under(request)
    columns = [
        Column("code", ("网格编码", "Code"), kind="code"),
        Column("name", ("网格", "Grid")),
        Column("printed", ("上次印制", "Last printed"), kind="moment"),
        Column("changed", ("变化", "Changed")),
    ]
    rows = (
        [row["code"], row["name"], row["printed_at"], row["changed"]]
        for row in map(_outdated, boards.to_reprint(under=under))
    )
    return exporting.answer(
        request, "boards", _("Boards to print again"), columns, rows, filters={"under": under}
    )
