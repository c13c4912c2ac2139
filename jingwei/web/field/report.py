"""Reporting in three taps — a photo, a phrase, send — and settled on the spot in one more."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from jingwei.engine import actions, entering, library, queries
from jingwei.engine.library import Playbook
from jingwei.engine.models import Case
from jingwei.kernel import ids
from jingwei.kernel.refusals import Reason, Refused
from jingwei.registry.atlas import Place, atlas
from jingwei.registry.models import Organisation
from jingwei.registry.staff import Staff
from jingwei.web import reasons
from jingwei.web.field import jobs
from jingwei.web.field.acting import missing
from jingwei.web.field.frame import field_only, frame
from jingwei.web.field.phrases import Phrase, phrases
from jingwei.web.portal.codes import opened
from jingwei.web.shell import fields, places
from jingwei.web.shell.doing import uuid_of
from jingwei.web.shell.refusing import status_of
from jingwei.web.shell.who import StaffRequest, bound_to

PROCEDURE = "grid_event"
#: a worker's find is counted as such; what a unit sees is handed over by it
SOURCES = {"handler": "transfer"}
_FIELDS = ("description", "photo", "place", "class", "urgency")
_SETTLED = ("result", "evidence")
#: phrases in sight at once; the others are one tap away
FIRST = 8


@dataclass(frozen=True, slots=True)
class Report:
    """What the form sent, as the actions take it."""

    case: UUID
    entered: dict[str, Any]
    settled: dict[str, Any] | None
    wrong: list[Reason]


@field_only
def report(request: StaffRequest) -> HttpResponse:
    """The report form. Sent twice under the same id it is one case, and settled once."""
    if PROCEDURE not in library.all_in_force():
        raise Http404
    playbook = library.in_force(PROCEDURE)
    if request.method != "POST":
        return render(request, "field/report.html", _page(request, playbook, ids.new_id(), {}))
    sent = _read(request, playbook)
    try:
        _refuse_early(request.staff, playbook, sent)
        source = SOURCES.get(request.staff.role, "grid_worker")
        taken = actions.take_in(
            sent.case, PROCEDURE, sent.entered, by=request.staff, source=source, bound_to=bound_to(request)
        )
    except Refused as refused:
        context = _page(request, playbook, sent.case, sent.entered | (sent.settled or {}), refused.reasons)
        return render(request, "field/report.html", context, status=status_of(refused))
    if sent.settled is not None:
        _settle(request, taken.case, playbook, sent.settled)
    return redirect("field-reported", code=taken.code)


def _read(request: StaffRequest, playbook: Playbook) -> Report:
    """Read the form; a tapped phrase says what was left empty."""
    case = uuid_of(request.POST.get("id", "")) or ids.new_id()
    settles = "settled" in request.POST and may_settle(request.staff, playbook)
    names = [name for name in _FIELDS if name in playbook.procedure.intake.fields]
    raw, wrong = fields.posted(request, playbook, names, case=case)
    tapped = _tapped(request, playbook)
    if tapped is not None:
        raw["description"] = raw.get("description") or str(tapped)
        raw["class"] = raw.get("class") or tapped.class_code
    settled: dict[str, Any] | None = None
    if settles:
        settled, refused = fields.posted(request, playbook, _SETTLED, case=case)
        wrong += refused
        said = tapped.settled if tapped else ""
        settled["result"] = settled["result"] or said or _("Dealt with on the spot")
    return Report(case, _filled(raw), _filled(settled) if settled is not None else None, wrong)


def _filled(raw: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in raw.items() if value not in ("", [], {})}


def _tapped(request: StaffRequest, playbook: Playbook) -> Phrase | None:
    wanted = request.POST.get("phrase", "")
    return next((one for one in phrases(playbook.procedure.classes) if one.class_code == wanted), None)


def may_settle(staff: Staff, playbook: Playbook) -> bool:
    """Is this a post that settles what it finds on the spot?"""
    move = playbook.procedure.moves.get("settle")
    return move is not None and staff.role in {playbook.procedure.roles[name].post for name in move.who}


def _refuse_early(staff: Staff, playbook: Playbook, sent: Report) -> None:
    """Everything that would stop the settling is said before the report is written."""
    wrong = list(sent.wrong)
    if sent.settled is not None:
        wrong += entering.read(playbook, sent.settled)[1]
        values, _wrong = entering.read(playbook, {"place": sent.entered.get("place", "")})
        found = _found(values.get("place", {}))
        if found is not None and all(place.id != staff.area for place in atlas().up(found.id)):
            wrong.append(Reason("settles-own-area", "place", {"place": found.name}))
    if wrong:
        raise Refused(*wrong, *missing(playbook.procedure.intake.needs, sent.entered, wrong))


def _found(place: dict[str, Any]) -> Place | None:
    """Where a place that was read lies: by its point, else by the list."""
    located = atlas().locate(place["lon"], place["lat"]) if "lon" in place else None
    return located or atlas().get(place.get("area"))


def _settle(request: StaffRequest, case: Case, playbook: Playbook, settled: dict[str, Any]) -> None:
    """Take the move. Should somebody have taken the case on meanwhile, the report stands and we say why."""
    try:
        actions.move_case(
            case,
            "settle",
            by=request.staff,
            entered=settled,
            request=uuid_of(request.POST.get("request", "")),
            bound_to=bound_to(request),
        )
    except Refused as refused:
        for text in reasons.say_all(refused, playbook):
            messages.error(request, text)


# ---------------------------------------------------------------- the page


def _page(
    request: StaffRequest, playbook: Playbook, case: UUID, raw: dict[str, Any], refused: Iterable[Reason] = ()
) -> dict[str, Any]:
    errors = {reason.field: reasons.say(reason, playbook) for reason in refused}
    place = {} if "place" in errors else raw.get("place", {})
    found = phrases(playbook.procedure.classes)
    tapped = request.POST.get("phrase", "")
    return {
        **frame(request),
        "id": case,
        "request_id": uuid_of(request.POST.get("request", "")) or ids.new_id(),
        "raw": raw,
        "errors": errors,
        "error_list": [(f"f-{name}" if name else "", text) for name, text in errors.items()],
        "labels": {name: playbook.text("fields", name, "label") for name in (*_FIELDS, *_SETTLED)},
        "phrases": found[:FIRST],
        "more_phrases": found[FIRST:],
        "more_open": any(one.class_code == tapped for one in found[FIRST:]),
        "tapped": tapped,
        "classes": fields.class_choices(playbook.procedure.classes),
        "photo": _slot(playbook, "photo", case, raw, errors),
        "evidence": _slot(playbook, "evidence", case, raw, errors),
        "areas": _areas(request.staff),
        "place": place,
        "place_named": places.named(spot) if "lon" in place and (spot := _spot(playbook, place)) else "",
        "may_settle": may_settle(request.staff, playbook),
        "settle_label": playbook.text("moves", "settle", "done"),
        "settled": "settled" in request.POST,
        "name_url": reverse("name-place"),
    }


def _slot(
    playbook: Playbook, name: str, case: UUID, raw: dict[str, Any], errors: dict[str, str]
) -> dict[str, Any]:
    return {
        "name": name,
        "label": playbook.text("fields", name, "label"),
        "most": playbook.procedure.fields[name].many,
        "kept": [str(row.pk) for row in fields.kept_pictures(case, raw.get(name, []))],
        "error": errors.get(name, ""),
    }


def _spot(playbook: Playbook, place: dict[str, Any]) -> Place | None:
    return _found(entering.read(playbook, {"place": place})[0].get("place", {}))


def _areas(staff: Staff) -> list[Place]:
    """Where it may be: my own area first, those below it and beside it; for a unit, where it works."""
    places_ = atlas()
    mine = places_.get(staff.area) or places_.get(_area_of_unit(staff)) or places_.city()
    if mine is None:
        return []
    near = [*places_.children(mine.id), *(places_.children(mine.parent) if mine.parent else [])]
    return list(dict.fromkeys([mine, *(place for place in near if place.tier)]))


def _area_of_unit(staff: Staff) -> int | None:
    if staff.organisation is None:
        return None
    return Organisation.objects.filter(pk=staff.organisation).values_list("area", flat=True).first()


@require_GET
@field_only
def reported(request: StaffRequest, code: str) -> HttpResponse:
    """The answer: number, code, what happens next and by when. The code opens it wherever the case lies."""
    case, _party = opened(request, code)
    context = {
        **frame(request),
        "case": case,
        "job": jobs.case_job(case, {}),
        "code": ids.show_code(code),
        "mine": queries.visible_case(request.staff, case.pk) is not None,
    }
    return render(request, "field/reported.html", context)
