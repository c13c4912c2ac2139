"""One page per case: its clocks, what may be done (and what not, and why), its story, every action on it."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

from django import forms
from django.http import FileResponse, Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from jingwei.engine import actions, dispatching, entering, keeping, library, queries
from jingwei.engine.definition import Move
from jingwei.engine.library import Playbook
from jingwei.engine.models import Ask, Case, Task, Viewer
from jingwei.engine.rules import shown_to
from jingwei.kernel import files, ids
from jingwei.kernel.models import Attachment
from jingwei.kernel.moments import now
from jingwei.kernel.refusals import ChangedMeanwhile, Refused
from jingwei.registry import boards
from jingwei.registry.atlas import atlas
from jingwei.registry.models import Area, Organisation
from jingwei.registry.roles import label
from jingwei.web import reasons
from jingwei.web.desk import shown
from jingwei.web.desk.frame import frame
from jingwei.web.shell import fields, refusing
from jingwei.web.shell.doing import Doing, Sent, doing_of, number_of, said, sent_with, uuid_of
from jingwei.web.shell.paper import pdf
from jingwei.web.shell.typed import unit_code
from jingwei.web.shell.who import StaffRequest, staff_only

SEEN_WITHIN = timedelta(seconds=60)
CALLBACK = "callback"


def visible(request: StaffRequest, case_id: UUID) -> Case:
    """The case, if this assignment may see it; otherwise it does not exist."""
    case = queries.visible_case(request.staff, case_id)
    if case is None:
        raise Http404
    return case


@require_GET
@staff_only
def case(request: StaffRequest, case_id: UUID) -> HttpResponse:
    """The case page."""
    return render(request, "desk/case.html", _page(request, visible(request, case_id)))


def _page(request: StaffRequest, case: Case) -> dict[str, Any]:
    page = queries.case_page(case, request.staff)
    playbook = page.playbook
    named = (t.to_unit for t in page.tasks), (a.decider_unit for a in page.asks)
    asked = (action for action in page.actions if action.kind == "ask")
    units = shown.units([case.lead_unit, case.owner_unit, *itertools.chain(*named), *shown.units_in(asked)])
    names = {pk: str(unit) for pk, unit in units.items()}
    entry = library.classes(playbook.procedure.classes).get(case.class_code)
    held = page.roles
    return {
        **frame(request),
        "case": case,
        "playbook": playbook,
        "state": playbook.text("states", case.state),
        "source": playbook.text("sources", case.source),
        "class_entry": entry,
        "where": atlas().full_name(case.area_id, below="county"),
        "place_words": entering.masked(str((case.values.get("place") or {}).get("words", ""))),
        "clocks": shown.clocks(page.clocks, playbook, page.change.clocks.calendar),
        "allowed": _buttons(page),
        "refused": [_no(option, playbook) for option in page.refused],
        "story": shown.story(case, playbook, page.actions, held),
        "told": shown.told_lines(page.actions, playbook),
        "matter": shown.value_words(playbook, "description", case.values.get("description", ""), names),
        "pictures": [
            photo
            for action in page.actions[:1]
            for photo in shown.photos(case, playbook, action, action.values)
        ],
        "asks": [_ask(ask, playbook, held, page, names) for ask in page.asks if ask.state == "open"],
        "tasks": [_task(task, playbook, held, names) for task in page.tasks],
        "links": [
            {
                "kind": link.kind,
                "row": shown.rows([link.other if link.case_id == case.pk else link.case])[0],
                "leads": link.other_id == case.pk,
            }
            for link in page.links
        ],
        "sealed": [
            {
                "name": n,
                "label": playbook.text("fields", n, "label"),
                "may": bool(held & set(playbook.procedure.fields[n].seen_by)),
            }
            for n, v in case.values.items()
            if v == "sealed" and n in playbook.procedure.fields
        ],
        "purposes": [(purpose, shown.purpose_words(purpose)) for purpose in keeping.PURPOSES],
        "people": _people(page, units),
        "drawing": _drawing(case),
        "lead_unit": names.get(case.lead_unit or 0, ""),
        "viewers": _viewers(request, case),
        "ratings": page.ratings,
        "documents": list(playbook.procedure.documents),
        "stated": shown.stated_words(case),
    }


def _buttons(page: queries.CasePage) -> list[dict[str, Any]]:
    """What may be done: what brings the case on stands first and is the main button; remarks stand last."""
    ranked = sorted(page.allowed, key=lambda option: (not _goes_on(option), option.kind == "move"))
    buttons = [_button(option, page.playbook) for option in ranked]
    if not actions.why_not_rate(page.change, "callback"):
        label = _("Callback")
        buttons.insert(
            0, {"kind": CALLBACK, "name": CALLBACK, "label": label, "main": True, "at_once": False}
        )
    return buttons


def _goes_on(option: queries.Option) -> bool:
    return isinstance(option.rule, Move) and option.rule.to != "same"


def _button(option: queries.Option, playbook: Playbook) -> dict[str, Any]:
    names = [*option.needs, *option.may]
    part = {"move": "moves", "ask": "asks", "task": "tasks"}[option.kind]
    return {
        "kind": option.kind,
        "name": option.name,
        "label": playbook.text(part, option.name, "label"),
        "main": _goes_on(option),
        "at_once": not names and option.kind == "move",
    }


def _no(option: queries.Option, playbook: Playbook) -> dict[str, Any]:
    return {
        **_button(option, playbook),
        "reasons": [{"text": reasons.say(reason, playbook)} for reason in option.reasons],
    }


def _ask(
    ask: Ask, playbook: Playbook, held: frozenset[str], page: queries.CasePage, units: dict[int, str]
) -> dict[str, Any]:
    asked = next((a for a in page.actions if a.seq == ask.asked_seq), None)
    return {
        "ask": ask,
        "label": shown.ask_words(ask, playbook),
        "words": shown.entered_words(playbook, asked.values, units) if asked else [],
        "mine": ask.decider_role in held,
        "decider": playbook.text("roles", ask.decider_role),
    }


def _task(task: Task, playbook: Playbook, held: frozenset[str], units: dict[int, str]) -> dict[str, Any]:
    mine = task.state == "open" and task.to_role in held
    return {
        "task": task,
        "label": shown.task_words(task, playbook),
        "unit": units.get(task.to_unit or 0, ""),
        "mine": mine,
    }


def _people(page: queries.CasePage, units: dict[int, Organisation]) -> list[dict[str, str]]:
    """Who answers around the case: the grid's people and the owner's seat."""
    case = page.case
    holders = [
        h
        for h in page.change.standing.answering.holders
        if h.person and (h.area in (case.grid, case.community) or h.post == case.owner_post)
    ]
    found = [{"name": h.name, "duty": label(h.role), "phone": h.phone} for h in holders[:5]]
    if unit := units.get(case.lead_unit or 0):
        duty = page.playbook.text("roles", "unit")
        found.insert(0, {"name": str(unit), "duty": duty, "phone": unit.phone})
    return found


def _drawing(case: Case) -> dict[str, Any] | None:
    """The grid's border with the point of the matter."""
    area = Area.objects.filter(pk=case.grid or case.community or case.street or 0).first()
    drawing = boards.drawing(area) if area else None
    if area is None or drawing is None:
        return None
    pin = boards.pin(area, case.lon, case.lat) if case.lon is not None and case.lat is not None else None
    return {"drawing": drawing, "pin": pin}


def _viewers(request: StaffRequest, case: Case) -> list[str]:
    """Who else has it open; and note that I have."""
    me = request.running.person
    mine = Viewer.objects.filter(case=case, person=me)
    if not mine.update(seen_at=now()):
        Viewer.objects.bulk_create([Viewer(case=case, person=me, seen_at=now())], ignore_conflicts=True)
    others = Viewer.objects.filter(case=case, seen_at__gte=now() - SEEN_WITHIN).exclude(person=me)
    return list(shown.person_names(others.values_list("person", flat=True)[:5]).values())


@require_GET
@staff_only
def viewers(request: StaffRequest, case_id: UUID) -> HttpResponse:
    """The fragment that says who else is looking, asked for every 20 seconds."""
    return render(request, "desk/viewers.html", {"viewers": _viewers(request, visible(request, case_id))})


# ---------------------------------------------------------------- doing something


@staff_only
def act(request: StaffRequest, case_id: UUID, kind: str, name: str) -> HttpResponse:
    """Show the form of a move, ask or task, and take it. The same page without script; a fragment with it."""
    found = visible(request, case_id)
    playbook = library.version(found.version_id)
    doing = _doing(request, found, playbook, kind, name)
    if request.method != "POST":
        known = _initial(found, playbook, doing.names)
        form = fields.form_for(playbook, doing.names, needs=doing.needs, initial=known)
        return _form(request, found, playbook, doing, form)
    raw, wrong = fields.posted(request, playbook, doing.names, case=found.pk)
    raw = {key: value for key, value in raw.items() if value not in ("", [], {})}
    try:
        if wrong:
            raise Refused(*wrong)
        doing.do(raw, sent_with(request, detail=_by_catalogue(request, found, playbook, doing)))
    except Refused as refused:
        form = fields.form_for(playbook, doing.names, needs=doing.needs)
        form = fields.with_errors(form, refused.reasons, playbook, request.POST)
        return _form(request, found, playbook, doing, form, refused=refused, typed=raw)
    if request.headers.get("HX-Request"):
        return HttpResponse(status=204, headers={"HX-Redirect": reverse("desk-case", args=[found.pk])})
    return redirect("desk-case", case_id=found.pk)


def _doing(request: StaffRequest, case: Case, playbook: Playbook, kind: str, name: str) -> Doing:
    """What an address means: what every face can do, and the callback, which is the desk's alone."""
    if kind == CALLBACK and name == CALLBACK and playbook.procedure.rating:
        return _callback(request, case, playbook.procedure.rating.questions)
    doing = doing_of(case, playbook, kind, name, by=request.staff)
    if doing is None:
        raise Http404
    return doing


def _callback(request: StaffRequest, case: Case, questions: tuple[str, ...]) -> Doing:
    def do(raw: Mapping[str, Any], sent: Sent) -> object:
        answers = {name: str(value) for name, value in raw.items()}
        return actions.rate(case, answers, by=request.staff, request=sent.request, bound_to=sent.bound_to)

    return Doing(CALLBACK, CALLBACK, _("Callback"), questions, (), do)


def _form(
    request: StaffRequest,
    case: Case,
    playbook: Playbook,
    doing: Doing,
    form: forms.Form,
    *,
    refused: Refused | None = None,
    typed: Mapping[str, Any] | None = None,
) -> HttpResponse:
    """The form of one thing to do; after a refusal all that was typed is kept, each reason at its field."""
    typed, inline = typed or {}, bool(request.headers.get("HX-Request"))
    rules = playbook.procedure.fields
    pictures = [
        {
            "name": n,
            "label": playbook.text("fields", n, "label"),
            "most": rules[n].many,
            "required": n in doing.needs,
            "kept": fields.kept_pictures(case.pk, typed.get(n, [])),
        }
        for n in doing.names
        if rules[n].type == "picture"
    ]
    context = {
        **({} if inline else frame(request)),
        "inline": inline,
        "case": case,
        "kind": doing.kind,
        "name": doing.name,
        "label": doing.label,
        "form": form,
        "picture_fields": pictures,
        "wants_place": any(rules[n].type == "place" for n in doing.names),
        "place_words": request.POST.get("place", ""),
        "wants_unit": doing.kind == "task",
        "to_unit": request.POST.get("to_unit", ""),
        "due": request.POST.get("due", ""),
        "form_id": uuid_of(request.POST.get("request", "")) or ids.new_id(),
        "revision": request.POST.get("revision") or case.revision,
        "seen": case.seq,
        "refused": [
            reasons.say(reason, playbook)
            for reason in (refused.reasons if refused else ())
            if reason.field not in form.fields
        ],
        "suggestion": _suggestion(case, playbook) if "lead_unit" in doing.names else None,
    }
    if isinstance(refused, ChangedMeanwhile):
        context |= _meanwhile(request, case.pk, playbook, typed)
    template = "desk/act.html#form" if inline else "desk/act.html"
    return render(request, template, context, status=refusing.status_of(refused) if refused else 200)


def _meanwhile(
    request: StaffRequest, case_id: UUID, playbook: Playbook, typed: Mapping[str, Any]
) -> dict[str, Any]:
    """Somebody was faster: who, what they did, and what I wrote, to send knowingly or to add as a note."""
    page = queries.case_page(visible(request, case_id), request.staff)
    seen = number_of(request.POST.get("seen", ""))
    since = page.case.seq - 1 if seen is None else seen
    done = [action for action in page.actions if action.seq > since]
    units = shown.unit_names(shown.units_in(done))
    written = [str(v) for n, v in typed.items() if playbook.procedure.fields[n].type == "text"]
    context = {
        "changed": True,
        "who": shown.person_names([done[-1].person]).get(done[-1].person or 0, "") if done else "",
        "at": done[-1].at if done else None,
        "changes": [shown.change_words(playbook, action, units) for action in done],
        "mine": "\n".join(written),
        "revision": page.case.revision,
        "seen": page.case.seq,
    }
    if written and any(option.name == "note" for option in page.allowed):
        context["action"] = reverse("desk-act", args=[case_id, "move", "note"])
        context["fields"] = [("remark", context["mine"]), ("request", ids.new_id())]
    return context


def _by_catalogue(
    request: StaffRequest, case: Case, playbook: Playbook, doing: Doing
) -> dict[str, Any] | None:
    """When the unit chosen is the one the catalogue names, the row that fired is kept with the move."""
    if doing.kind != "move" or "lead_unit" not in doing.needs:
        return None
    suggestion = dispatching.suggestion_for(case, playbook.procedure.classes)
    if suggestion is None:
        return None
    code = unit_code(said(request.POST, "lead_unit"))
    return (
        {"row": suggestion.row}
        if Organisation.objects.filter(pk=suggestion.unit, code=code).exists()
        else {"row_not_followed": suggestion.row}
    )


def _suggestion(case: Case, playbook: Playbook) -> dict[str, Any] | None:
    suggestion = dispatching.suggestion_for(case, playbook.procedure.classes)
    if suggestion is None:
        return None
    return {
        "unit": shown.unit_names([suggestion.unit]).get(suggestion.unit, ""),
        "row": suggestion.row,
        "area": atlas().name(suggestion.area) or _("the whole city"),
    }


def _initial(case: Case, playbook: Playbook, names: tuple[str, ...]) -> dict[str, Any]:
    """What is known already, so that nobody types it again; the unit as the catalogue says."""
    initial: dict[str, Any] = {"class": case.class_code, "urgency": case.urgency}
    if case.area_id and (place := atlas().get(case.area_id)):
        initial["area"] = f"{place.code} {atlas().full_name(place.id, below='county')}"
    if "lead_unit" in names and (suggestion := dispatching.suggestion_for(case, playbook.procedure.classes)):
        unit = Organisation.objects.filter(pk=suggestion.unit).first()
        initial["lead_unit"] = f"{unit.code} {unit.name}" if unit else ""
    return {name: value for name, value in initial.items() if name in names}


@require_POST
@staff_only
def link(request: StaffRequest, case_id: UUID) -> HttpResponse:
    """Let a case follow another by its number, or let it go again."""
    found = visible(request, case_id)
    try:
        _link(request, found)
    except Refused as refused:
        return refusing.answer(request, refused, library.version(found.version_id))
    return redirect("desk-case", case_id=found.pk)


def _link(request: StaffRequest, case: Case) -> None:
    if "undo" in request.POST:
        actions.unlink(case, "follows", by=request.staff)
    else:
        other = Case.objects.filter(number=said(request.POST, "number").upper()).first()
        if other is None:
            raise Refused("cannot-follow")  # the same answer as for a case that this post may not see
        actions.link(case, other, "follows", by=request.staff)


@require_POST
@staff_only
def reveal(request: StaffRequest, case_id: UUID) -> HttpResponse:
    """Open one protected value for a purpose; the reading is journalled and the resident sees it."""
    found = visible(request, case_id)
    playbook = library.version(found.version_id)
    name = request.POST.get("field", "")
    try:
        value = keeping.reveal(found, name, by=request.staff, purpose=request.POST.get("purpose", ""))
    except Refused as refused:
        return refusing.answer(request, refused, playbook)
    context = {"label": playbook.text("fields", name, "label"), "value": value, "case": found}
    if request.headers.get("HX-Request"):
        answer = render(request, "desk/revealed.html#value", context)
    else:
        answer = render(request, "desk/revealed.html", {**frame(request), **context})
    answer["Cache-Control"] = "no-store"  # the way back on a shared machine must not show it again
    return answer


@require_GET
@staff_only
def photo(request: StaffRequest, case_id: UUID, photo_id: UUID) -> FileResponse:
    """A picture of a case this assignment may see, entered in a field it may see."""
    found = visible(request, case_id)
    row = Attachment.objects.filter(pk=photo_id, case=found.pk).first()
    if row is None or not _may_see_picture(request, found, str(photo_id)):
        raise Http404
    return FileResponse(
        files.path_of(row, small="small" in request.GET).open("rb"),
        content_type=row.media_type,
        headers={"Cache-Control": "private, max-age=3600"},
    )


def _may_see_picture(request: StaffRequest, case: Case, photo_id: str) -> bool:
    playbook = library.version(case.version_id)
    for values in case.actions.values_list("values", flat=True):
        for name, value in values.items():
            rule = playbook.procedure.fields.get(name)
            if (
                rule
                and rule.type == "picture"
                and photo_id in (value if isinstance(value, list) else [value])
            ):
                return shown_to(rule, roles=(), is_participant=True)
    return False


@require_GET
@staff_only
def work_order(request: StaffRequest, case_id: UUID) -> HttpResponse:
    """The printed work order, A4, in the official layout."""
    found = visible(request, case_id)
    page = queries.case_page(found, request.staff)
    pictures = {
        str(row.pk): files.path_of(row, small=True) for row in Attachment.objects.filter(case=found.pk)[:6]
    }
    shown_pictures = [pk for pk in pictures if _may_see_picture(request, found, pk)]
    context = {
        **_page(request, found),
        "printed_by": request.staff.name,
        "printed_at": now(),
        "shown_pictures": shown_pictures[:6],
        "steps": _steps(page),
        "document_title": page.playbook.text("documents", "work_order"),
        **_order_fields(page),
    }
    html = render(request, "desk/work_order.html", context).content.decode()
    answer = HttpResponse(
        pdf(html, pictures={name: pictures[name] for name in shown_pictures}), content_type="application/pdf"
    )
    answer["Content-Disposition"] = f'inline; filename="{found.number}.pdf"'
    return answer


def _steps(page: queries.CasePage) -> list[dict[str, Any]]:
    """The flow record of a work order: when and what, shortest form."""
    units = shown.unit_names([page.case.lead_unit])
    return [
        {"at": action.at, "what": shown.what_was_done(page.playbook, action, units)}
        for action in page.actions
        if action.kind in ("intake", "move", "decide", "rating")
    ]


def _order_fields(page: queries.CasePage) -> dict[str, Any]:
    """What the numbered lines of a work order need: signed, result, checked, rated."""
    by_name = {action.name: action for action in page.actions if action.kind == "move"}
    rated = {rating.by: rating.answers for rating in page.ratings}
    handle = next((clock for clock in reversed(page.clocks) if clock.name == "handle"), None)
    return {
        "signed": by_name.get("sign"),
        "result": entering.masked(str(page.case.values.get("result", ""))),
        "fed_back": by_name.get("feed_back") or by_name.get("reply"),
        "reply": entering.masked(str(page.case.values.get("reply", ""))),
        "checked": by_name.get("pass"),
        "rated": shown.entered_words(page.playbook, rated.get("reporter") or rated.get("callback") or {}, {}),
        "handle_clock": handle,
    }
