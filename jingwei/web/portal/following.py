"""Following a case by its code: what happened in plain words, the answer, rating, asking to reopen."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from django.views.decorators.http import require_GET, require_POST

from jingwei.engine import actions, entering, keeping, library, queries, rules
from jingwei.engine.library import Playbook
from jingwei.engine.models import Ask, Case, CaseAction, Rating
from jingwei.kernel import files, ids
from jingwei.kernel.actors import Party
from jingwei.kernel.models import Attachment
from jingwei.kernel.moments import now
from jingwei.kernel.refusals import Refused
from jingwei.registry.atlas import atlas
from jingwei.registry.models import Organisation
from jingwei.registry.roles import label
from jingwei.web import reasons, words
from jingwei.web.portal.codes import opened
from jingwei.web.shell import fields
from jingwei.web.shell.doing import uuid_of


@dataclass
class Entry:
    """A knot of the time line, as parts/line_entry.html shows it."""

    text: str
    at: datetime | str = ""
    kind: str = ""
    aside: str = ""
    note: str = ""
    photos: list[dict[str, str]] = field(default_factory=list)


@require_GET
def find(request: HttpRequest) -> HttpResponse:
    """Look a code up from the first page."""
    typed = request.GET.get("code", "")
    code = ids.read_code(typed)
    if typed and len(code) == 10:
        return redirect("follow", code=code)
    context = {
        "typed": typed,
        "error": _("A query code has 10 letters and figures; this one has {n}.").format(n=len(code))
        if typed
        else "",
    }
    return render(request, "portal/find.html", context, status=422 if typed else 200)


@require_GET
def follow(request: HttpRequest, code: str) -> HttpResponse:
    """The follow page; a code that nobody was given may be typed again."""
    try:
        case, party = opened(request, code)
    except Http404:
        return render(request, "portal/find.html", {"typed": code[:40], "unknown": True}, status=404)
    return render(request, "portal/follow.html", _page(case, party, code))


@require_POST
def rate(request: HttpRequest, code: str) -> HttpResponse:
    """Say whether it is solved and whether one is satisfied."""
    case, party = opened(request, code)
    playbook = library.version(case.version_id)
    questions = playbook.procedure.rating.questions if playbook.procedure.rating else ()
    answers = {name: request.POST.get(name, "") for name in questions}
    return _do(
        request,
        code,
        lambda: actions.rate(
            case, answers, by=party, request=_request_id(request), bound_to=f"code:{case.pk}"
        ),
        "rate",
    )


@require_POST
def reopen(request: HttpRequest, code: str) -> HttpResponse:
    """Ask to have it done again."""
    case, party = opened(request, code)
    entered = {"reason": request.POST.get("reason", "")}
    return _do(
        request,
        code,
        lambda: actions.ask(
            case,
            "reopening",
            by=party,
            entered=entered,
            request=_request_id(request),
            bound_to=f"code:{case.pk}",
        ),
        "reopen",
    )


@require_POST
def add(request: HttpRequest, code: str) -> HttpResponse:
    """Add something to what was reported."""
    case, party = opened(request, code)
    playbook = library.version(case.version_id)
    move = playbook.procedure.moves.get("add")
    if move is None:
        raise Http404
    raw, wrong = fields.posted(request, playbook, (*move.needs, *move.may), case=case.pk)
    entered = {name: value for name, value in raw.items() if value}

    def take() -> None:
        if wrong:
            raise Refused(*wrong)
        actions.move_case(
            case, "add", by=party, entered=entered, request=_request_id(request), bound_to=f"code:{case.pk}"
        )

    return _do(request, code, take, "add", pictures=raw.get("photo", []))


@require_GET
def photo(request: HttpRequest, code: str, photo_id: UUID) -> FileResponse:
    """A picture that the reporter may see: their own, and the evidence."""
    case, _party = opened(request, code)
    allowed = {
        pk
        for action in CaseAction.objects.filter(case=case)
        for pk in _pictures(action, library.version(case.version_id), own=action.actor_kind == "party")
    }
    row = Attachment.objects.filter(pk=photo_id, case=case.pk).first()
    if row is None or str(photo_id) not in allowed:
        raise Http404
    return FileResponse(
        files.path_of(row, small="small" in request.GET).open("rb"),
        content_type=row.media_type,
        headers={"Cache-Control": "private, max-age=3600"},
    )


def _do(
    request: HttpRequest, code: str, action: Callable[[], object], which: str, *, pictures: Sequence[str] = ()
) -> HttpResponse:
    """Do it and show the page; a refusal shows every reason, with what was typed and taken kept."""
    try:
        action()
    except Refused as refused:
        case, party = opened(request, code)
        playbook = library.version(case.version_id)
        context = {
            **_page(case, party, code),
            "refused": which,
            "errors": reasons.say_all(refused, playbook),
            "typed": request.POST,
            "kept": fields.kept_pictures(case.pk, pictures),
        }
        return render(request, "portal/follow.html", context, status=422)
    return redirect("follow", code=code)


def _request_id(request: HttpRequest) -> UUID | None:
    return uuid_of(request.POST.get("request", ""))


# ---------------------------------------------------------------- what the page says


def _page(case: Case, party: Party, code: str) -> dict[str, Any]:
    playbook = library.version(case.version_id)
    page = queries.case_page(case, party)
    allowed = {option.name for option in page.allowed}
    rating = next((one for one in page.ratings if one.by == "reporter"), None)
    return {
        "case": case,
        "playbook": playbook,
        "code": code,
        "shown_code": ids.show_code(code),
        "state": playbook.text("states", case.state),
        "headline": playbook.text("headline", case.state),
        "place": atlas().full_name(case.area_id, below="county") or _("place not known yet"),
        "answer": _answer(page.actions, playbook, code),
        "line": _line(page.actions, page.asks, playbook, code, case),
        "rating": _rating(playbook, rating),
        "rated": rating,
        "may_rate": _may_rate(page, playbook),
        "rate_until": _rate_until(page),
        "may_reopen": "reopening" in allowed,
        "reopened_by": _decider(page, "reopening"),
        "reopening": next((ask for ask in reversed(page.asks) if ask.name == "reopening"), None),
        "may_add": "add" in allowed,
        "readings": [_reading(*one, playbook) for one in keeping.readings_of(case)],
        "form_id": ids.new_id(),
        "leader": "follows" in case.counters,
    }


def _decider(page: queries.CasePage, name: str) -> str:
    """Who decides what is asked: the role that the next round goes to."""
    rule = page.playbook.procedure.asks.get(name)
    if rule is None:
        return ""
    made = sum(1 for ask in page.asks if ask.name == name and ask.state != "open")
    return page.playbook.text("roles", rule.decided_by[min(made, len(rule.decided_by) - 1)])


def _rate_until(page: queries.CasePage) -> datetime | None:
    """The last moment to rate; a limit in days ends at 24:00 of its last day."""
    rule, ended = page.playbook.procedure.rating, page.case.ended_at
    if rule is None or ended is None:
        return None
    return page.change.clocks.calendar.due(ended, rule.within) - timedelta(seconds=1)


def _may_rate(page: queries.CasePage, playbook: Playbook) -> bool:
    return playbook.procedure.rating is not None and not actions.why_not_rate(page.change, "reporter")


def _rating(playbook: Playbook, rated: Rating | None) -> list[dict[str, Any]]:
    rule = playbook.procedure.rating
    if rule is None:
        return []
    return [
        {
            "name": name,
            "label": playbook.text("fields", name, "label"),
            "choices": playbook.codes(name).items(),
            "said": rated.answers.get(name) if rated else None,
        }
        for name in rule.questions
    ]


def _answer(done: list[CaseAction], playbook: Playbook, code: str) -> dict[str, Any] | None:
    """The latest reply and result in words, who handled it, and how it looked before and after."""
    replied = next((action for action in reversed(done) if action.values.get("reply")), None)
    handled = next((action for action in reversed(done) if action.values.get("result")), None)
    last = handled or replied
    if last is None:
        return None
    unit = Organisation.objects.filter(pk=last.unit).first() if last.unit else None
    after = _photos(handled, playbook, code) if handled else []
    return {
        "reply": entering.masked(str(replied.values["reply"])) if replied else "",
        "result": entering.masked(str(handled.values["result"])) if handled else "",
        "unit": unit,
        "phone": unit.phone if unit else "",
        "photos": [*_photos(done[0], playbook, code)[:1], *after] if after else [],
    }


def _line(done: list[CaseAction], asks: list[Ask], playbook: Playbook, code: str, case: Case) -> list[Entry]:
    entries = []
    for action in done:
        text = told(action, playbook)
        if text:
            own = action.values.get("description") or action.values.get("remark") or ""
            note = entering.masked(str(own)) if action.actor_kind == "party" else ""
            entries.append(Entry(text, action.at, note=note, photos=_photos(action, playbook, code)))
    if case.ended_at and entries:
        entries[-1].kind = "end"
    elif entries:
        entries[-1].kind = "now"
        step = next_step(case)
        by = _("before {time}").format(time=words.when(step["by"], now())) if step["by"] else ""
        entries.append(Entry(_("Next: {what}").format(what=step["what"]), by, kind="next"))
    return entries


def told(action: CaseAction, playbook: Playbook) -> str:
    """What a resident reads about an action; the empty string for what is only the staff's."""
    if action.kind == "intake":
        return _("You reported it") if action.actor_kind == "party" else _("Your report was taken down")
    if action.kind == "move":
        return filled(_text(playbook, "moves", action.name, "told"), action)
    if action.kind == "ask":
        return _text(playbook, "asks", action.name, "told")
    if action.kind == "decide":
        return _text(
            playbook, "asks", action.name, "told_granted" if action.detail.get("granted") else "told_refused"
        )
    if action.kind == "rating" and action.name == "reporter":
        return _("You rated it")
    if action.kind == "follow":
        return _("Done together with an earlier report of the same thing")
    return ""


def _text(playbook: Playbook, *path: str) -> str:
    text = playbook.text(*path)
    return "" if text == path[-1] else text


def filled(text: str, action: CaseAction) -> str:
    """Put unit names into `{lead_unit}` and the like."""
    for name in ("lead_unit", "inside_unit", "proposed_unit"):
        if "{" + name + "}" in text:
            unit = Organisation.objects.filter(pk=action.values.get(name)).first()
            text = text.replace("{" + name + "}", str(unit) if unit else "")
    return text


def next_step(case: Case) -> dict[str, Any]:
    """What happens next, and by when."""
    playbook = library.version(case.version_id)
    unit = Organisation.objects.filter(pk=case.owner_unit or case.lead_unit or 0).first()
    owner = playbook.procedure.roles.get(case.owner_role)
    name = (
        label(owner.post)
        if owner and owner.post
        else playbook.text("roles", case.owner_role)
        if case.owner_role
        else ""
    )
    text = (
        playbook.text("next", case.state)
        .replace("{owner}", name)
        .replace("{lead_unit}", str(unit) if unit else _("the unit"))
    )
    return {"what": text, "by": case.next_due or ""}


def _photos(action: CaseAction, playbook: Playbook, code: str) -> list[dict[str, str]]:
    captions = {"photo": pgettext("photo", "before"), "evidence": pgettext("photo", "after")}
    found = []
    for name, pk in _pictures(action, playbook, own=action.actor_kind == "party", named=True):
        url = reverse("follow-photo", args=[code, pk])
        found.append(
            {
                "url": url,
                "thumb": url + "?small",
                "words": playbook.text("fields", name, "label"),
                "caption": captions.get(name, ""),
            }
        )
    return found


def _pictures(action: CaseAction, playbook: Playbook, *, own: bool, named: bool = False) -> list[Any]:
    fields_ = playbook.procedure.fields
    found = []
    for name, value in action.values.items():
        rule = fields_.get(name)
        if (
            rule
            and rule.type == "picture"
            and (own or rules.shown_to(rule, roles=["reporter"], is_participant=False))
        ):
            found += [(name, pk) if named else pk for pk in (value if isinstance(value, list) else [value])]
    return found


def _reading(at: datetime, field_name: str, purpose: str, role: str, playbook: Playbook) -> dict[str, Any]:
    return {
        "at": at,
        "field": playbook.text("fields", field_name, "label"),
        "purpose": purpose_words(purpose),
        "role": label(role),
    }


def purpose_words(purpose: str) -> str:
    """Why a protected value was read."""
    return {
        "answer_reporter": _("to answer you"),
        "ask_reporter": _("to ask you something"),
        "check_result": _("to check the result"),
        "rights_request": _("because of a request of yours"),
        "complaint": _("because of a complaint"),
        "audit": _("for an audit"),
    }.get(purpose, purpose)
