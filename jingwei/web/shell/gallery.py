"""The gallery: every part and every shell with invented persons, streets and numbers. Only while developing.

It is the page to look at before and after a change of the stylesheet, and what the pictures and the check of
accessibility are taken of. Its words are Chinese data; what surrounds them is translated like every page.
"""

from __future__ import annotations

from collections.abc import Callable

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render

from jingwei.kernel import moments
from jingwei.web.shell import invented

#: name of a page -> its template and what fills it
PAGES: dict[str, tuple[str, Callable[[], invented.Data]]] = {
    "parts": ("shell/gallery.html", invented.parts),
    "states": ("shell/gallery/states.html", invented.parts),
    "portal": ("shell/gallery/portal.html", invented.parts),
    "report": ("shell/gallery/report.html", invented.parts),
    "follow": ("shell/gallery/follow.html", invented.parts),
    "field": ("shell/gallery/field.html", invented.tasks),
    "task": ("shell/gallery/task.html", invented.parts),
    "queue": ("shell/gallery/queue.html", invented.queue),
    "case": ("shell/gallery/case.html", invented.case),
    "call": ("shell/gallery/call.html", invented.call),
    "admin": ("shell/gallery/admin.html", invented.admin),
    "board": ("shell/gallery/board.html", invented.board),
    "wall": ("shell/gallery/board.html", invented.wall),
    "paper": ("shell/gallery/paper.html", invented.case),
    "400": ("400.html", dict),
    "403": ("403.html", invented.refusal),
    "404": ("404.html", dict),
    "409": ("409.html", invented.conflict),
    "422": ("422.html", invented.refusal),
    "500": ("500.html", lambda: {"error_id": "E-7314"}),
}


def gallery(request: HttpRequest) -> HttpResponse:
    """Show one page (`?page=case`), at a moment of its own, so that every picture of it is the same."""
    name = request.GET.get("page", "parts")
    if name in ANSWERS:
        return ANSWERS[name](request)
    if name not in PAGES:
        raise Http404(name)
    template, fill = PAGES[name]
    with moments.at(invented.NOW):
        return render(request, template, {"pages": list(PAGES), "name": name, **fill()})


def grids(request: HttpRequest) -> HttpResponse:
    """The invented grids, for the map."""
    return JsonResponse(invented.grids(), content_type="application/geo+json")


def place(request: HttpRequest) -> HttpResponse:
    """Name any point, as the real page does with a real one."""
    return HttpResponse("<p><b>槐安社区 第三网格</b><br>槐安路12号院北门附近</p>")


def below(request: HttpRequest) -> HttpResponse:
    """The list below any area chosen."""
    listed = {"areas": [{"id": 11, "name": "槐安社区"}, {"id": 12, "name": "柳荫社区"}], "level": 1}
    return render(request, "parts/area_list.html", listed | {"areas_url": request.get_full_path()})


#: what the parts of a page ask for while it is looked at
ANSWERS: dict[str, Callable[[HttpRequest], HttpResponse]] = {"grids": grids, "place": place, "below": below}
