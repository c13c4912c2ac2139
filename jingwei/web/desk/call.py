"""Taking a call: the officer types while the caller speaks.

Similar open cases appear; what is not taken in is told and noted.
"""

from __future__ import annotations

from contextlib import nullcontext
from typing import Any
from uuid import UUID

from django.db import transaction
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET

from jingwei.engine import actions, dispatching, library, queries
from jingwei.engine.library import Playbook
from jingwei.engine.models import Case
from jingwei.kernel import ids
from jingwei.kernel.refusals import Reason, Refused
from jingwei.registry.atlas import atlas
from jingwei.web import reasons
from jingwei.web.desk import shown
from jingwei.web.desk.frame import TAKES_CALLS, frame
from jingwei.web.portal.following import next_step
from jingwei.web.shell import fields
from jingwei.web.shell.doing import said, uuid_of
from jingwei.web.shell.refusing import status_of
from jingwei.web.shell.typed import area_code
from jingwei.web.shell.who import StaffRequest, bound_to, roles_only, staff_only

#: which procedure a call becomes; the first is the default
KINDS = ("resident_request", "grid_event")
_FIELDS = ("description", "place", "class", "urgency", "reporter_contact", "area")


@roles_only(*TAKES_CALLS)
def call(request: StaffRequest) -> HttpResponse:
    """The call form; each button begins a case and, where it says so, takes the first move at once."""
    kinds = [name for name in KINDS if name in library.all_in_force()]
    kind = request.POST.get("kind") or request.GET.get("kind") or kinds[0]
    if kind not in kinds:
        raise Http404
    playbook = library.in_force(kind)
    if request.method != "POST":
        return render(request, "desk/call.html", _page(request, playbook, kind, kinds, ids.new_id(), {}))
    return _take(request, playbook, kind, kinds)


def _take(request: StaffRequest, playbook: Playbook, kind: str, kinds: list[str]) -> HttpResponse:
    case_id = uuid_of(request.POST.get("id", "")) or ids.new_id()
    names = [n for n in playbook.procedure.intake.fields if n in _FIELDS]
    raw, wrong = fields.posted(request, playbook, names, case=case_id)
    raw["place"] = {**raw.get("place", {}), **_place_typed(request)}
    raw = {name: value for name, value in raw.items() if value not in ("", {}, [])}
    try:
        if wrong:
            raise Refused(*wrong)
        _refuse_unready(request, playbook)
        # the case and what the pressed button does with it: both, or neither
        with transaction.atomic() if _does_more(request, playbook) else nullcontext():
            taken = actions.take_in(
                case_id, kind, raw, by=request.staff, source="hotline", bound_to=bound_to(request)
            )
            _first_move(request, playbook, taken.case)
    except Refused as refused:
        context = _page(request, playbook, kind, kinds, case_id, raw, refused)
        return render(request, "desk/call.html", context, status=status_of(refused))
    answer = redirect("desk-called", case_id=taken.case.pk)
    answer["Location"] += f"?code={taken.code}"
    return answer


def _refuse_unready(request: StaffRequest, playbook: Playbook) -> None:
    """What the pressed button needs besides the intake is asked for before anything is written."""
    step = request.POST.get("then", "")
    move = playbook.procedure.moves.get(step)
    if move is None:
        return
    given = {name for name in (*move.needs, *move.has) if request.POST.get(name)} | (
        {"area"} if _place_typed(request).get("area") else set()
    )
    missing = [name for name in (*move.needs, *move.has) if name not in given]
    if missing:
        raise Refused(*(Reason("missing", name) for name in missing))


def _does_more(request: StaffRequest, playbook: Playbook) -> bool:
    return bool(request.POST.get("same_as")) or request.POST.get("then", "") in playbook.procedure.moves


def _first_move(request: StaffRequest, playbook: Playbook, case: Case) -> None:
    """File, have it verified, answer at once, decline, or only take it in. A repetition finds it done."""
    step = request.POST.get("then", "")
    move = playbook.procedure.moves.get(step)
    if request.POST.get("same_as"):
        other_id = uuid_of(request.POST["same_as"])
        other = queries.visible_case(request.staff, other_id) if other_id else None
        if other is None:
            raise Refused("cannot-follow")
        if "follows" not in case.counters:
            actions.link(case, other, "follows", by=request.staff)
        return
    if move is None or not playbook.procedure.leads_from(move, case.state):
        return
    entered = {
        name: request.POST[name] for name in (*move.needs, *move.has, *move.may) if request.POST.get(name)
    }
    if "area" in (*move.has, *move.may) and (typed := _place_typed(request).get("area")):
        entered["area"] = typed
    actions.move_case(case, step, by=request.staff, entered=entered)


def _place_typed(request: StaffRequest) -> dict[str, Any]:
    """The place as typed: an area from the finder, and words."""
    place = atlas().by_code.get(area_code(said(request.POST, "area")))
    return {"area": place.id} if place else {}


def _page(
    request: StaffRequest,
    playbook: Playbook,
    kind: str,
    kinds: list[str],
    case_id: UUID,
    raw: dict[str, Any],
    refused: Refused | None = None,
) -> dict[str, Any]:
    p = playbook.procedure
    said = [(reason.field, reasons.say(reason, playbook)) for reason in refused.reasons] if refused else []
    steps: list[str] = [name for name in ("file", "verify", "answer", "decline") if name in p.moves]
    return {
        **frame(request),
        "playbook": playbook,
        "kind": kind,
        "kinds": [(name, library.in_force(name).text("name")) for name in kinds],
        "id": case_id,
        "form": fields.form_for(
            playbook,
            [n for n in ("class", "urgency") if n in p.intake.fields],
            initial={
                "class": request.POST.get("class", ""),
                "urgency": request.POST.get("urgency", "normal"),
            },
        ),
        "posted": request.POST,
        "errors": dict(said),
        "error_list": [(f"f-{name}" if name else "", text) for name, text in said],
        "steps": [(name, playbook.text("moves", name, "label")) for name in steps],
        "declines": _codes(playbook, "decline", steps),
        "labels": {name: playbook.text("fields", name, "label") for name in p.fields},
        "similar_url": reverse("desk-call-similar"),
        "find_area": reverse("find-area"),
    }


def _codes(playbook: Playbook, step: str, steps: list[str]) -> list[tuple[str, str]]:
    """The kinds of what is not taken in, with what to tell."""
    if step not in steps:
        return []
    for name in playbook.procedure.moves[step].needs:
        if playbook.procedure.fields[name].type == "one_of":
            return [(code, text) for code, text in playbook.codes(name).items()]
    return []


@require_GET
@roles_only(*TAKES_CALLS)
def similar(request: StaffRequest) -> HttpResponse:
    """Open cases that may be the same, while the officer types."""
    text = request.GET.get("description", "")[:500]
    place = atlas().by_code.get(area_code(said(request.GET, "area")))
    playbook = library.in_force(
        request.GET.get("kind", KINDS[0])
        if request.GET.get("kind") in library.all_in_force()
        else "grid_event"
    )
    words_of = f"{text} {request.GET.get('place', '')}".strip()
    found = (
        [
            c
            for c in queries.similar(words_of, area=place.id if place else None)
            if queries.visible_case(request.staff, c.pk)
        ]
        if words_of or place
        else []
    )
    entries = [{"row": row, "next": next_step(row.case)} for row in shown.rows(found)]
    unit = (
        dispatching.suggest(playbook.procedure.classes, request.GET.get("class", ""), place.id)
        if place and request.GET.get("class")
        else None
    )
    named = atlas().full_name(place.id, below="county") if place else ""
    return render(
        request,
        "desk/call_similar.html",
        {
            "entries": entries,
            "named": named,
            "unit": shown.unit_names([unit.unit]).get(unit.unit) if unit else "",
        },
    )


@require_GET
@staff_only
def called(request: StaffRequest, case_id: UUID) -> HttpResponse:
    """What to tell the caller: the number, the code, what happens next and by when."""
    case = queries.visible_case(request.staff, case_id)
    if case is None:
        raise Http404
    playbook = library.version(case.version_id)
    context = {
        **frame(request),
        "case": case,
        "row": shown.rows([case])[0],
        "next": next_step(case),
        "code": ids.show_code(request.GET.get("code", ""))[:12],
        "headline": playbook.text("headline", case.state),
    }
    return render(request, "desk/called.html", context)
