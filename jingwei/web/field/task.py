"""One task on a phone: what, where, by when, what to look at, whom to call, and what may be done."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from jingwei.engine import library, queries
from jingwei.engine.definition import Move
from jingwei.engine.library import Playbook
from jingwei.engine.models import Ask, Case, Task
from jingwei.engine.rules import shown_to
from jingwei.registry.atlas import atlas
from jingwei.registry.models import Organisation
from jingwei.registry.roles import label
from jingwei.registry.seats import holders
from jingwei.registry.staff import Staff
from jingwei.web import reasons
from jingwei.web.desk import shown
from jingwei.web.field import acting, jobs
from jingwei.web.field.frame import field_only, frame, visible
from jingwei.web.shell.doing import doing_of
from jingwei.web.shell.who import StaffRequest

#: commas that set one thing to look at apart from the next; “, or …” goes on with the same one
_BETWEEN = re.compile(r"(?:[，；;]|, )\s*(?!或|or\b|and\b)")


@dataclass(frozen=True, slots=True)
class Call:
    """Somebody to call: always a work telephone."""

    duty: str
    name: str
    phone: str


@dataclass(frozen=True, slots=True)
class Button:
    """Something that may be done, or not and why."""

    label: str
    url: str
    reasons: list[dict[str, str]]


@require_GET
@field_only
def task(request: StaffRequest, case_id: UUID) -> HttpResponse:
    """The task page; its foremost move has its fields right here."""
    case = visible(request, case_id)
    page = queries.case_page(case, request.staff)
    main = _foremost(page)
    context = {**frame(request), **_matter(page, request.staff), **_buttons(page, main)}
    if main is not None:
        doing = doing_of(case, page.playbook, main.kind, main.name, by=request.staff)
        assert doing is not None  # noqa: S101  (the option names it)
        context |= acting.form_of(case, page.playbook, doing, request.staff)
    return render(request, "field/task.html", context)


# ---------------------------------------------------------------- what the page says


def _matter(page: queries.CasePage, staff: Staff) -> dict[str, Any]:
    """What it is, where, by when, what was done so far, whom to call."""
    case, playbook = page.case, page.playbook
    story = shown.story(case, playbook, page.actions, page.roles)
    unit = {staff.organisation: _("Your unit")} if staff.organisation else {}
    units = shown.unit_names([case.owner_unit or case.lead_unit]) | unit
    return {
        "case": case,
        "state": playbook.text("states", case.state),
        "what": jobs.next_words(case, playbook, units),
        "clock": shown.row_clock(case, playbook),
        "clocks": shown.clocks(page.clocks, playbook, page.change.clocks.calendar),
        "matter": _seen(page, "description") or _seen(page, "request"),
        "place": jobs.place_words(case),
        "area_name": atlas().full_name(case.area_id, below="county"),
        "way": way_to(case),
        "calls": _calls(page, staff),
        "standard": standard_of(case, playbook),
        "pictures": [photo for told in reversed(story) for photo in told.photos],
        "story": story,
        "latest": _last_said(page, story),
        "given": _given(page, staff),
    }


def _last_said(page: queries.CasePage, story: list[shown.Told]) -> shown.Told | None:
    """The newest entry in which somebody wrote something: the unit's result, why it must be done again."""
    rules = page.playbook.procedure.fields
    for done, told in zip(reversed(page.actions[1:]), story, strict=False):
        if told.note and any(rules[name].type == "text" for name in done.values):
            return told
    return None


def _seen(page: queries.CasePage, name: str) -> str:
    rule = page.playbook.procedure.fields.get(name)
    if rule is None or not shown_to(rule, roles=page.roles, is_participant=True):
        return ""
    return shown.value_words(page.playbook, name, page.case.values.get(name, ""), {})


def way_to(case: Case) -> str:
    """A geo: address that the phone's own map opens: the point, or else the words of the place."""
    said = jobs.place_words(case)
    if case.lon is not None and case.lat is not None:
        point = f"{case.lat:.6f},{case.lon:.6f}"
        return f"geo:{point}?q={point}({quote(said)})"
    return f"geo:0,0?q={quote(said)}" if case.values.get("place", {}).get("words") else ""


def standard_of(case: Case, playbook: Playbook) -> list[str]:
    """What to look at by the standard of the class: when it counts; once a unit has it, when it is done."""
    entry = library.classes(playbook.procedure.classes).get(case.class_code)
    if entry is None:
        return []
    if case.lead_unit is None:
        return [entry.filed_when] if entry.filed_when else []
    return [part.strip() for part in _BETWEEN.split(entry.closed_when) if part.strip()]


def _calls(page: queries.CasePage, staff: Staff) -> list[Call]:
    """Work telephones of those who answer in this case, the unit first; never the reporter's own."""
    case, standing = page.case, page.change.standing
    found: dict[str, Call] = {}
    if case.lead_unit and case.lead_unit not in (staff.organisation, case.about_unit):
        unit = Organisation.objects.filter(pk=case.lead_unit).first()
        for holder in holders(organisations=[case.lead_unit]):
            if holder.person and holder.phone and holder.person != case.about_person:
                found.setdefault(holder.phone, Call(str(unit), holder.name, holder.phone))
        if unit is not None and unit.phone:
            found.setdefault(unit.phone, Call(str(unit), "", unit.phone))
    for name in page.playbook.procedure.roles:
        seat = standing.seat(name)
        if seat is None or seat.post == staff.post:
            continue
        for holder in standing.answering.holders:
            if holder.post == seat.post and holder.phone and holder.person not in (None, case.about_person):
                found.setdefault(holder.phone, Call(label(holder.role), holder.name, holder.phone))
    return list(found.values())


def _given(page: queries.CasePage, staff: Staff) -> list[dict[str, Any]]:
    """Tasks of mine to answer and asks of mine to decide, each with what was written and its buttons."""
    entered = {done.seq: done.values for done in page.actions}
    tasks = [
        _task_given(page, one, entered.get(one.given_seq, {}))
        for one in page.tasks
        if _is_mine(page, one, staff)
    ]
    asks = [
        _asked(page, one, entered.get(one.asked_seq, {}))
        for one in page.asks
        if one.state == "open" and one.decider_role in page.roles
    ]
    return tasks + asks


def _is_mine(page: queries.CasePage, one: Task, staff: Staff) -> bool:
    to_me = one.to_unit is None or one.to_unit == staff.organisation
    return one.state == "open" and one.to_role in page.roles and to_me


def _task_given(page: queries.CasePage, one: Task, values: dict[str, Any]) -> dict[str, Any]:
    playbook = page.playbook
    button = _button(page.case, "answer", str(one.pk), playbook.text("tasks", one.name, "answered"))
    title = playbook.text("roles", one.to_role)
    return {"title": title, "text": _written(playbook, values), "due": one.due_at, "buttons": [button]}


def _asked(page: queries.CasePage, one: Ask, values: dict[str, Any]) -> dict[str, Any]:
    playbook = page.playbook
    words = {"grant": "granted", "refuse": "refused"}
    buttons = [
        _button(page.case, kind, str(one.pk), playbook.text("asks", one.name, word))
        for kind, word in words.items()
    ]
    title = playbook.text("asks", one.name, "label")
    return {"title": title, "text": _written(playbook, values), "due": one.due_at, "buttons": buttons}


def _written(playbook: Playbook, values: dict[str, Any]) -> str:
    """What was entered, line by line."""
    rules = playbook.procedure.fields
    units = shown.unit_names(value for name, value in values.items() if rules[name].type == "unit")
    return "\n".join(shown.entered_words(playbook, values, units))


# ---------------------------------------------------------------- what may be done


def _foremost(page: queries.CasePage) -> queries.Option | None:
    """The first allowed move that takes the case on."""
    return next(iter(_onward(page)), None)


def _onward(page: queries.CasePage) -> list[queries.Option]:
    """Allowed moves that change the state. Passing it up a tier is a last resort and not among them."""
    return [
        option
        for option in page.allowed
        if isinstance(option.rule, Move) and option.rule.to != "same" and not _is_last_resort(option)
    ]


def _is_last_resort(option: queries.Option) -> bool:
    return isinstance(option.rule, Move) and any(verb.verb == "raise" for verb in option.rule.then)


def _buttons(page: queries.CasePage, main: queries.Option | None) -> dict[str, Any]:
    """The move beside the foremost one, what else is allowed, and what is refused: to me, and to others."""
    onward = _onward(page)
    second = onward[1] if len(onward) > 1 else None
    more = sorted((o for o in page.allowed if o is not main and o is not second), key=_is_last_resort)
    refused = [(option, _option_button(page, option)) for option in page.refused]
    return {
        "main": _option_button(page, main) if main else None,
        "second": _option_button(page, second) if second else None,
        "more": [_option_button(page, option) for option in more],
        "blocked": [button for option, button in refused if not _for_others(option)],
        "others": [button for option, button in refused if _for_others(option)],
    }


def _for_others(option: queries.Option) -> bool:
    return any(reason.code == "wrong-role" for reason in option.reasons)


def _option_button(page: queries.CasePage, option: queries.Option) -> Button:
    part = {"move": "moves", "ask": "asks", "task": "tasks"}[option.kind]
    said = [{"text": reasons.say(reason, page.playbook)} for reason in option.reasons]
    return _button(page.case, option.kind, option.name, page.playbook.text(part, option.name, "label"), said)


def _button(case: Case, kind: str, name: str, text: str, said: list[dict[str, str]] | None = None) -> Button:
    return Button(text, reverse("field-act", args=[case.pk, kind, name]), said or [])
