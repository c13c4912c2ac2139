"""Doing one thing in a case from a phone: its form, everything typed kept, and what comes after."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import Http404, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from jingwei.engine import library, queries
from jingwei.engine.library import Playbook
from jingwei.engine.models import Case, CaseAction
from jingwei.kernel import ids
from jingwei.kernel.refusals import ChangedMeanwhile, Reason, Refused
from jingwei.registry.atlas import atlas
from jingwei.registry.staff import Staff
from jingwei.web import reasons
from jingwei.web.desk import shown
from jingwei.web.field import jobs
from jingwei.web.field.frame import field_only, frame, visible
from jingwei.web.shell import fields
from jingwei.web.shell.doing import Doing, Sent, doing_of, sent_with
from jingwei.web.shell.refusing import status_of
from jingwei.web.shell.who import StaffRequest

Typed = Mapping[str, Any]


@field_only
def act(request: StaffRequest, case_id: UUID, kind: str, name: str) -> HttpResponse:
    """Do one thing, or show its form: on its own page, with everything typed and taken before."""
    case = visible(request, case_id)
    playbook = library.version(case.version_id)
    doing = doing_of(case, playbook, kind, name, by=request.staff)
    if doing is None:
        raise Http404
    if request.method != "POST":
        return _show(request, case, doing)
    raw, wrong = fields.posted(request, playbook, doing.names, case=case.pk)
    raw = {key: value for key, value in raw.items() if value not in ("", [], {})}
    if (
        "open" in request.POST and not wrong
    ):  # the task page's other buttons bring along what was entered there
        return _show(request, case, doing, typed=raw)
    try:
        if wrong:
            raise Refused(*wrong, *missing(doing.needs, raw, wrong))
        doing.do(raw, sent_with(request))
    except Refused as refused:
        return _show(request, visible(request, case_id), doing, typed=raw, refused=refused)
    return _go_on(request, case_id, doing)


def missing(needs: Iterable[str], raw: Typed, wrong: Iterable[Reason]) -> list[Reason]:
    """What is needed and not there, beside what is there and wrong: everything is said at once."""
    named = {reason.field for reason in wrong}
    return [Reason("missing", name) for name in needs if name not in raw and name not in named]


def _go_on(request: StaffRequest, case_id: UUID, doing: Doing) -> HttpResponse:
    """Say that it is done; stay while the case is still in one's own hands."""
    messages.success(request, _("Done: {what}").format(what=doing.label))
    case, me = queries.visible_case(request.staff, case_id), request.staff
    if case is None or case.ended_at is not None:
        return redirect("field-today")
    mine = case.owner_post == me.post or (case.owner_unit is not None and case.owner_unit == me.organisation)
    return redirect("field-task", case_id=case.pk) if mine else redirect("field-today")


# ---------------------------------------------------------------- the form of one thing to do


def _show(
    request: StaffRequest,
    case: Case,
    doing: Doing,
    *,
    typed: Typed | None = None,
    refused: Refused | None = None,
) -> HttpResponse:
    """The page of one thing to do."""
    page = queries.case_page(case, request.staff)
    option = next((one for one in page.options if (one.kind, one.name) == (doing.kind, doing.name)), None)
    context = {
        **frame(request),
        "case": case,
        "job": jobs.case_job(case, {}),
        "clock": shown.row_clock(case, page.playbook),
        "why_not": [{"text": reasons.say(r, page.playbook)} for r in option.reasons] if option else [],
        **form_of(case, page.playbook, doing, request.staff, request=request, typed=typed, refused=refused),
    }
    if isinstance(refused, ChangedMeanwhile):
        context |= {"errors": [], **_conflict(request, page, typed or {})}
    return render(request, "field/act.html", context, status=status_of(refused) if refused else 200)


def form_of(
    case: Case,
    playbook: Playbook,
    doing: Doing,
    staff: Staff,
    *,
    request: StaffRequest | None = None,
    typed: Typed | None = None,
    refused: Refused | None = None,
) -> dict[str, Any]:
    """The fields of one thing to do, empty or with what was typed; errors stand at their fields."""
    found = refused.reasons if refused else ()
    form = _fields(case, playbook, doing, staff)
    if request is not None and typed is not None:
        at_fields = [reason for reason in found if reason.field in form.fields]
        form = fields.with_errors(form, at_fields, playbook, _carried(request, form))
    return {
        "doing": doing,
        "form": form,
        "slots": _slots(case, playbook, doing, typed or {}, found),
        "to_unit": doing.kind == "task",
        "typed_unit": request.POST.get("to_unit", "") if request else "",
        "typed_due": request.POST.get("due", "") if request else "",
        "errors": [reasons.say(r, playbook) for r in found if r.field not in (*form.fields, *doing.names)],
        **_marks(case, request, changed=isinstance(refused, ChangedMeanwhile)),
    }


def _marks(case: Case, request: StaffRequest | None, *, changed: bool) -> dict[str, Any]:
    """What the form carries unseen: an id of its own, and what was seen of the case (of news, once told)."""
    sent = sent_with(request) if request is not None else Sent()
    opened = request is not None and "open" in request.POST  # another form than the one it was opened from
    known = sent.revision is not None and not changed
    return {
        "request_id": (None if opened else sent.request) or ids.new_id(),
        "revision": sent.revision if known else case.revision,
        "seen": sent.seen if known else case.seq,
    }


def _carried(request: StaffRequest, form: forms.Form) -> QueryDict:
    """What was typed; a remark begun under another button becomes the text that this one asks for."""
    data = request.POST.copy()
    remark = request.POST.get("remark", "")
    if remark and "reason" in form.fields and not data.get("reason"):
        data["reason"] = remark
    return data


def _fields(case: Case, playbook: Playbook, doing: Doing, staff: Staff) -> forms.Form:
    initial: dict[str, Any] = {"class": case.class_code, "urgency": case.urgency}
    form = fields.form_for(playbook, doing.names, needs=doing.needs, initial=initial)
    near = _near(case, staff)
    if "area" in form.fields and near:
        form.fields["area"] = forms.ChoiceField(
            label=form.fields["area"].label, choices=near, required="area" in doing.needs, initial=near[0][0]
        )
    return form


def _near(case: Case, staff: Staff) -> list[tuple[str, str]]:
    """Areas to choose from: where it was placed (or my own within that), then those beside and below."""
    places = atlas()
    mine, placed = places.get(staff.area), places.get(case.area_id)
    if mine is None:
        return []
    within = placed is not None and any(place == placed for place in places.up(mine.id))
    first = mine if placed is None or within else placed
    beside = [*places.children(mine.parent), *places.children(mine.id)]
    found = dict.fromkeys([first, mine, *(place for place in beside if place.tier)])
    return [(place.code, place.name) for place in found]


def _slots(
    case: Case, playbook: Playbook, doing: Doing, typed: Typed, refused: Iterable[Reason]
) -> list[dict[str, Any]]:
    """The picture slots of a form, with those that are kept already and what is wrong with them."""
    rules = playbook.procedure.fields
    entry = library.classes(playbook.procedure.classes).get(case.class_code)
    said = {reason.field: reasons.say(reason, playbook) for reason in refused}
    return [
        {
            "name": name,
            "label": playbook.text("fields", name, "label"),
            "most": rules[name].many,
            "needed": name in doing.needs,
            "near_and_far": name in doing.needs and entry is not None and entry.evidence > 1,
            "kept": [str(row.pk) for row in fields.kept_pictures(case.pk, typed.get(name, []))],
            "error": said.get(name, ""),
        }
        for name in doing.names
        if rules[name].type == "picture"
    ]


def _conflict(request: StaffRequest, page: queries.CasePage, typed: Typed) -> dict[str, Any]:
    """Somebody was faster: who, what they did meanwhile, and what I wrote, to add it as a note."""
    seen = sent_with(request).seen
    since = page.case.seq - 1 if seen is None else seen
    done = [action for action in page.actions if action.seq > since]
    playbook = page.playbook
    people = shown.person_names(action.person for action in done)
    units = shown.unit_names(action.values.get("lead_unit") for action in done)
    rules = playbook.procedure.fields
    mine = "\n".join(str(value) for name, value in typed.items() if rules[name].type == "text")
    conflict: dict[str, Any] = {
        "who": people.get(done[-1].person or 0, "") if done else "",
        "at": done[-1].at if done else None,
        "changes": [_change(playbook, action, units) for action in done],
        "mine": mine,
    }
    if mine and any(option.name == "note" for option in page.allowed):
        conflict["action"] = reverse("field-act", args=[page.case.pk, "move", "note"])
        conflict["fields"] = [("remark", mine), ("request", ids.new_id())]
    return {"changed": True, **conflict}


def _change(playbook: Playbook, action: CaseAction, units: dict[int, str]) -> dict[str, str]:
    before, after = (playbook.text("states", s) if s else "" for s in (action.from_state, action.to_state))
    return {
        "field": shown.what_was_done(playbook, action, units),
        "before": before if before != after else "",
        "after": after,
    }
