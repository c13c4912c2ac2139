"""The first page, who answers for my grid, the public grid board, and the pages about access and data."""

from __future__ import annotations

from typing import Any

import segno
from django.conf import settings
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET

from jingwei.engine import library
from jingwei.kernel.moments import now
from jingwei.registry import boards
from jingwei.registry.atlas import Place, atlas
from jingwei.registry.models import Area, Person
from jingwei.web.portal import codes
from jingwei.web.shell import paper, places
from jingwei.web.shell.doing import number_of

MY_GRID = "grid"


@require_GET
def home(request: HttpRequest) -> HttpResponse:
    """Report, follow, my grid, services."""
    mine = atlas().by_code.get(request.COOKIES.get(MY_GRID, ""))
    context = {
        "mine": mine,
        "mine_name": atlas().full_name(mine.id) if mine else "",
        "people": boards.people_of(mine.id)[:3] if mine else [],
        "takes_requests": "resident_request" in library.all_in_force(),
        "last_code": codes.code_given_to(request),
    }
    return render(request, "portal/home.html", context)


def my_grid(request: HttpRequest) -> HttpResponse:
    """Choose where one lives, from the list or by position; only a cookie remembers the grid's code."""
    sent = request.POST if request.method == "POST" else request.GET
    lists = [number for choice in sent.getlist("area") if (number := number_of(choice))]
    chosen = atlas().get(lists[-1]) if lists else None
    point = places.point_of(request.POST)
    if chosen is None and point:
        chosen = atlas().locate(*point)
    if request.method == "POST" and chosen is not None:
        answer = redirect("grid-board", code=chosen.code)
        answer.set_cookie(
            MY_GRID, chosen.code, max_age=365 * 24 * 3600, samesite="Lax", secure=settings.CITY.secure
        )
        return answer
    top = atlas().city()
    context = {
        "areas": [a for a in atlas().children(top.id) if a.tier] if top else [],
        "areas_url": reverse("list-below"),
        "name_url": reverse("name-place"),
        "asked": request.method == "POST",
    }
    return render(request, "portal/my_grid.html", context, status=422 if context["asked"] else 200)


@require_GET
def grid_board(request: HttpRequest, code: str) -> HttpResponse:
    """The public board of a grid (or of an area above it): who answers, for what, where its border runs."""
    return render(request, "portal/grid_board.html", board_of(request, _public_area(code)))


@require_GET
def grid_board_pdf(request: HttpRequest, code: str) -> HttpResponse:
    """The board as an A3 page with map and QR, from the same data."""
    place = _public_area(code)
    sheets = {"sheets": [board_of(request, place)]}
    html = render(request, "portal/grid_board_a3.html", sheets).content.decode()
    answer = HttpResponse(
        paper.pdf(
            html, pictures={str(person): file for person, file in boards.photo_files(place.id).items()}
        ),
        content_type="application/pdf",
    )
    answer["Content-Disposition"] = f'inline; filename="{place.code}.pdf"'
    return answer


@require_GET
def staff_photo(request: HttpRequest, person: int) -> FileResponse:
    """The picture of somebody on a board, while their consent stands."""
    row = Person.objects.filter(pk=person, left_at=None).first()
    file = boards.photo_of(row) if row else None
    if file is None:
        raise Http404
    return FileResponse(
        file.open("rb"), content_type="image/jpeg", headers={"Cache-Control": "public, max-age=300"}
    )


@require_GET
def accessibility(request: HttpRequest) -> HttpResponse:
    """What was done so that everybody can use this, and whom to tell where it fails."""
    return render(request, "portal/accessibility.html")


@require_GET
def privacy(request: HttpRequest) -> HttpResponse:
    """How data is used: made from the fields that the procedures declare."""
    notices = [_notice(playbook) for playbook in library.all_in_force().values()]
    return render(request, "portal/privacy.html", {"notices": notices})


def _notice(playbook: library.Playbook) -> dict[str, Any]:
    p = playbook.procedure
    rows = [
        {
            "label": playbook.text("fields", name, "label"),
            "level": level_words(rule.level),
            "kept": kept_words(rule.keep),
            "seers": _(", ").join(playbook.text("roles", role) for role in rule.seen_by),
        }
        for name, rule in p.fields.items()
        if name in p.intake.fields
    ]
    return {"name": playbook.text("name"), "rows": rows}


def level_words(level: str) -> str:
    """How a value is guarded, as residents read it."""
    return {
        "L0": _("not personal"),
        "L1": _("only for those who handle it"),
        "L2": _("personal, encrypted"),
        "L3": _("sensitive, encrypted"),
    }[level]


def kept_words(keep: str) -> str:
    """How long a value is kept: `90d after end` in words."""
    number, _after, _end = keep.partition(" after ")
    count = int(number[:-1]) if number[:-1].isdecimal() else 0
    match number[-1:]:
        case "d":
            return ngettext("{n} day after the end", "{n} days after the end", count).format(n=count)
        case "y":
            return ngettext("{n} year after the end", "{n} years after the end", count).format(n=count)
    return keep


def _public_area(code: str) -> Place:
    place = atlas().by_code.get(code)
    if place is None or not place.tier:
        raise Http404
    return place


def board_of(request: HttpRequest, place: Place) -> dict[str, Any]:
    """What the board of a place says, for the page and for paper."""
    area = Area.objects.get(pk=place.id)
    address = request.build_absolute_uri(reverse("report")) + f"?grid={place.code}"
    parent = atlas().get(place.parent)
    return {
        "area": area,
        "place": place,
        "within": atlas().full_name(parent.id if parent else None),
        "full_name": places.named(place),
        "people": boards.people_of(place.id),
        "contacts": boards.contacts_over(place.id),
        "drawing": boards.drawing(area),
        "neighbours": boards.neighbours(area),
        "qr": segno.make(address, error="m").svg_inline(scale=6, dark="#000", light="#fff", border=2),
        "report_url": address,
        "printed_at": now(),
        "children": [child for child in atlas().children(place.id) if child.tier],
    }
