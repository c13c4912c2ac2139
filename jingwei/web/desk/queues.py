"""The lists a desk works off: queues with filters, asks to decide, tasks to answer, search, reminders."""

from __future__ import annotations

import base64
import json
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from jingwei.engine import actions, keeping, library, queries, queues
from jingwei.engine.models import Case, CaseAction, Message
from jingwei.kernel.moments import now
from jingwei.kernel.refusals import Refused
from jingwei.web import reasons
from jingwei.web.desk import shown
from jingwei.web.desk.frame import frame, queue_empty, queue_label
from jingwei.web.desk.row import Row
from jingwei.web.shell.doing import said, uuid_of
from jingwei.web.shell.who import StaffRequest, safe_next, staff_only

PAGE = 50


@require_GET
@staff_only
def desk(request: StaffRequest) -> HttpResponse:
    """Where a desk begins: what waits for me; for a unit, what waits for it."""
    return _list(request, "unit" if request.staff.organisation and not request.staff.area else "mine")


@require_GET
@staff_only
def queue(request: StaffRequest, name: str) -> HttpResponse:
    """One queue, 50 at a time, the most urgent first."""
    if name not in queues.QUEUES:
        raise Http404
    return _list(request, name)


def _list(request: StaffRequest, name: str) -> HttpResponse:
    cases = queues.queue(request.staff, name)
    if cases is None:
        raise Http404
    chosen = {key: value for key in ("class", "state", "urgency") if (value := said(request.GET, key))}
    order = queues.order_of(request.staff, name)
    cases = _after(_filtered(cases, chosen), order, request.GET.get("after", ""))
    found = list(cases.only(*shown.COLUMNS)[: PAGE + 1])
    more = len(found) > PAGE
    rows = shown.rows(found[:PAGE])
    title, fills = queue_empty(name)
    context = {
        **frame(request, here=name),
        "queue": name,
        "title": queue_label(name),
        "rows": rows,
        "groups": _groups(rows) if order == "next_due" else None,
        "next": _mark(found[PAGE - 1], order) if more else "",
        "first": not request.GET.get("after"),
        "chosen": chosen,
        "classes": [
            (entry.code, str(entry))
            for entry in library.classes("social_governance").values()
            if not entry.parent and entry.in_use
        ],
        "states": _states(),
        "empty_title": title,
        "empty_fills": fills,
        "bulk_moves": _bulk_moves(),
    }
    return render(request, "desk/queue.html", context)


def _filtered(cases: QuerySet[Case], chosen: dict[str, str]) -> QuerySet[Case]:
    if "class" in chosen:
        cases = cases.filter(class_top=chosen["class"])
    if "state" in chosen:
        cases = cases.filter(state=chosen["state"])
    if "urgency" in chosen:
        cases = cases.filter(urgency=chosen["urgency"])
    return cases


def _after(cases: QuerySet[Case], order: str, mark: str) -> QuerySet[Case]:
    """Go on behind a case: a cursor on the order's own column, so that page 100 costs what page 1 costs."""
    column, down = order.removeprefix("-"), order.startswith("-")
    cases = cases.order_by(order, "-pk" if down else "pk")
    if not mark:
        return cases
    try:
        moment, pk = json.loads(base64.urlsafe_b64decode(mark))
        at, last = datetime.fromisoformat(str(moment)), UUID(str(pk))
    except (ValueError, TypeError, RecursionError):
        return cases
    if timezone.is_naive(at) or not 1900 < at.year < 2200:  # no mark of ours
        return cases
    beyond = "lt" if down else "gt"
    return cases.filter(Q(**{f"{column}__{beyond}": at}) | Q(**{column: at, f"pk__{beyond}": last}))


def _mark(case: Case, order: str) -> str:
    moment = getattr(case, order.removeprefix("-").rpartition("__")[2])
    return (
        base64.urlsafe_b64encode(
            json.dumps([moment.isoformat() if moment else "", str(case.pk)]).encode()
        ).decode()
        if moment
        else ""
    )


def _groups(rows: list[Row]) -> list[dict[str, Any]]:
    """Late, soon, in time."""
    kinds: dict[str, list[Row]] = {"late": [], "soon": [], "ok": []}
    for row in rows:
        kinds[row.clock.kind if row.clock and row.clock.kind in kinds else "ok"].append(row)
    names = {"late": _("Late"), "soon": _("Soon due"), "ok": _("In time")}
    return [{"kind": kind, "name": names[kind], "rows": found} for kind, found in kinds.items() if found]


def _states() -> list[tuple[str, str]]:
    found: dict[str, str] = {}
    for playbook in library.all_in_force().values():
        found |= {
            name: playbook.text("states", name)
            for name in playbook.procedure.states
            if not playbook.procedure.is_final(name)
        }
    return list(found.items())


def _bulk_moves() -> list[tuple[str, str]]:
    """Moves that need nothing entered can be taken for many cases at once."""
    found: dict[str, str] = {}
    for playbook in library.all_in_force().values():
        found |= {
            name: playbook.text("moves", name, "label")
            for name, move in playbook.procedure.moves.items()
            if not move.needs and not move.has and move.bulk
        }
    return list(found.items())


@require_POST
@staff_only
def bulk(request: StaffRequest) -> HttpResponse:
    """Take one move for every selected case; each in its own transaction, each refusal named."""
    move, chosen = request.POST.get("move", ""), request.POST.getlist("case")
    done, refused = 0, []
    for text in chosen[:200]:
        case_id = uuid_of(text)
        case = queries.visible_case(request.staff, case_id) if case_id else None
        if case is None:
            continue
        try:
            actions.move_case(case, move, by=request.staff)
            done += 1
        except Refused as no:
            playbook = library.version(case.version_id)
            refused.append(
                {
                    "number": case.number,
                    "title": case.title,
                    "why": reasons.say_all(no, playbook),
                    "url": shown.rows([case])[0].url,
                }
            )
    context = {
        **frame(request),
        "done": done,
        "refused": refused,
        "next": safe_next(request, reverse("desk")),
    }
    return render(request, "desk/bulk.html", context, status=422 if refused and not done else 200)


@require_GET
@staff_only
def asks(request: StaffRequest) -> HttpResponse:
    """What others asked and this post decides."""
    found = list(queries.asks_to_decide(request.staff).select_related("case")[:200])
    playbooks = {ask.pk: library.version(ask.case.version_id) for ask in found}
    entries = [
        {"ask": ask, "row": row, "what": shown.ask_words(ask, playbooks[ask.pk])}
        for ask, row in zip(found, shown.rows([a.case for a in found]), strict=True)
    ]
    return render(request, "desk/asks.html", {**frame(request, here="asks"), "entries": entries})


@require_GET
@staff_only
def tasks(request: StaffRequest) -> HttpResponse:
    """Work that others gave to this post or unit."""
    found = list(queries.tasks_to_answer(request.staff).select_related("case")[:200])
    entries = [
        {"task": task, "row": row, "what": shown.task_words(task, library.version(task.case.version_id))}
        for task, row in zip(found, shown.rows([t.case for t in found]), strict=True)
    ]
    return render(request, "desk/tasks.html", {**frame(request, here="tasks"), "entries": entries})


@require_GET
@staff_only
def search(request: StaffRequest) -> HttpResponse:
    """By number, by words, by telephone (journalled)."""
    text = said(request.GET, "q")[:200]
    by_phone = text.isdecimal() and len(text) == 11
    if by_phone:
        found = list(
            queries.cases_for(request.staff)
            .filter(pk__in=keeping.cases_of_caller(text, by=request.staff))
            .order_by("-received_at")[:PAGE]
        )
    else:
        found = queries.search(request.staff, text)
    context = {**frame(request), "text": text, "rows": shown.rows(found), "by_phone": by_phone}
    return render(request, "desk/search.html", context)


@staff_only
def reminders(request: StaffRequest) -> HttpResponse:
    """Messages to this post and unit; reading marks them."""
    if request.method == "POST":
        queries.unread(request.staff).update(read_at=now())
        return redirect("reminders")
    found = list(queries.unread(request.staff).select_related("case")[:100])
    told = _told_by(found)
    entries = [
        {"message": message, "row": row, "what": what}
        for message, row, what in zip(found, shown.rows([m.case for m in found]), told, strict=True)
    ]
    return render(request, "desk/reminders.html", {**frame(request), "entries": entries})


def _told_by(messages: list[Message]) -> list[str]:
    """What each message tells: the action it came from, in the staff's words."""
    found = CaseAction.objects.filter(
        case__in={m.case_id for m in messages}, seq__in={m.seq for m in messages}
    )
    actions_ = {(action.case_id, action.seq): action for action in found}
    units = shown.unit_names(shown.units_in(actions_.values()))
    told = ((message, actions_.get((message.case_id, message.seq))) for message in messages)
    return [
        shown.what_was_done(library.version(message.case.version_id), action, units)
        if action
        else message.what
        for message, action in told
    ]
