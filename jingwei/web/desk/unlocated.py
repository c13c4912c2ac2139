"""Reports whose place nobody knows yet: place them from the list, one or many, and go on."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from jingwei.engine import actions, library, queries, queues
from jingwei.kernel.refusals import Reason, Refused
from jingwei.registry.atlas import atlas
from jingwei.web import reasons
from jingwei.web.desk import shown
from jingwei.web.desk.frame import frame, queue_empty
from jingwei.web.shell.doing import said, uuid_of
from jingwei.web.shell.typed import area_code
from jingwei.web.shell.who import StaffRequest, staff_only

PAGE = 50
MOST_AT_ONCE = 200


@staff_only
def unlocated(request: StaffRequest) -> HttpResponse:
    """The queue of what is not located; a chosen place is given to every selected case."""
    cases = queues.queue(request.staff, "unlocated")
    if cases is None:
        raise Http404
    errors: list[str] = []
    if request.method == "POST":
        errors = _place_selected(request)
        if not errors:
            return redirect("desk-unlocated")
    word = said(request.GET, "word")[:60]
    found = cases.filter(title__contains=word) if word else cases
    title, fills = queue_empty("unlocated")
    context = {
        **frame(request, here="unlocated"),
        "rows": shown.rows(
            list(found.order_by("received_at", "pk")[:PAGE]), ticked=set(request.POST.getlist("case"))
        ),
        "word": word,
        "errors": errors,
        "typed": request.POST.get("area", ""),
        "empty_title": title,
        "empty_fills": fills,
    }
    return render(request, "desk/unlocated.html", context, status=422 if errors else 200)


def _place_selected(request: StaffRequest) -> list[str]:
    """Place every selected case; return what went wrong. Those that went right stay right."""
    place = atlas().by_code.get(area_code(said(request.POST, "area")))
    chosen = [text for text in request.POST.getlist("case") if text]
    if place is None or not place.tier:
        return [reasons.say(Reason("unknown-area", "area"))]
    if not chosen:
        return [_("Select the reports that belong there.")]
    done, errors = 0, []
    for text in chosen[:MOST_AT_ONCE]:
        case_id = uuid_of(text)
        case = queries.visible_case(request.staff, case_id) if case_id else None
        if case is None:
            continue
        try:
            actions.locate(case, place.id, by=request.staff, reason=_("Placed from the list"))
            done += 1
        except Refused as refused:
            errors.append(
                f"{case.number}: {' '.join(reasons.say_all(refused, library.version(case.version_id)))}"
            )
    if done:
        messages.success(
            request,
            ngettext("{n} report placed in {place}.", "{n} reports placed in {place}.", done).format(
                n=done, place=place.name
            ),
        )
    return errors
