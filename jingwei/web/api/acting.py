"""Acting on a case: moves, asks and decisions, work given and answered, ties, callbacks, protected values.

A key that came before is looked at first, then the revision, then the rules: the action does all three in its
transaction.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Annotated, Any
from uuid import UUID

from django.db import transaction
from django.db.models import F
from django.http import Http404, HttpResponse
from ninja import Body, Path, Router

from jingwei.engine import actions, dispatching, keeping, library
from jingwei.engine.models import Ask, Case, CaseAction, Task
from jingwei.kernel import requests
from jingwei.kernel.moments import now
from jingwei.kernel.refusals import ChangedMeanwhile, Reason, Refused
from jingwei.registry.models import Organisation
from jingwei.web.api import answers, bodies
from jingwei.web.api.showing import sent
from jingwei.web.api.token import ApiRequest, IfMatch, Key, bound_to, revision_in, visible

router = Router(tags=["acting"], by_alias=True)

#: how far ahead work may be due
LATEST = timedelta(days=366)

RowNumber = Annotated[int, Path(..., ge=1, le=2**62)]
Name = Annotated[str, Path(..., pattern="^[a-z][a-z0-9_]{0,39}$")]
#: nothing need be entered: then there need be no body
Acted = Annotated[bodies.Act, Body(bodies.Act())]
Asked = Annotated[bodies.Question, Body(bodies.Question())]


@router.post("cases/{uuid:case_id}/moves/{move}", response=answers.Done)
def take_move(
    request: ApiRequest,
    case_id: UUID,
    move: Name,
    act: Acted,
    key: Key = None,
    if_match: IfMatch = None,
) -> HttpResponse:
    """Take a step of the procedure, with what it needs."""
    case = visible(request, case_id)
    with _telling(case, if_match) as expected:
        actions.move_case(
            case,
            move,
            by=request.auth,
            entered=act.values,
            request=key,
            bound_to=bound_to(request),
            expected=expected,
            claimed_at=act.claimed_at,
            detail=_by_catalogue(case, act.values.get("lead_unit")),
        )
    return _stands(case)


@router.post("cases/{uuid:case_id}/asks/{ask}", response=answers.Done)
def make_ask(
    request: ApiRequest,
    case_id: UUID,
    ask: Name,
    question: Asked,
    key: Key = None,
    if_match: IfMatch = None,
) -> HttpResponse:
    """Ask somebody who decides: a return, more time, a suspension."""
    case = visible(request, case_id)
    with _telling(case, if_match) as expected:
        asked = actions.ask(
            case,
            ask,
            by=request.auth,
            entered=question.values,
            request=key,
            bound_to=bound_to(request),
            expected=expected,
        )
    return _stands(case, ask=asked.pk)


@router.post("asks/{int:ask_id}/decision", response=answers.Done)
def decide(
    request: ApiRequest,
    ask_id: RowNumber,
    decision: bodies.Decision,
    key: Key = None,
    if_match: IfMatch = None,
) -> HttpResponse:
    """Grant or refuse what was asked; refusing needs `reason`."""
    question = Ask.objects.filter(pk=ask_id).first()
    if question is None:
        raise Http404
    with _telling(visible(request, question.case_id), if_match) as expected:
        case = actions.decide(
            question,
            decision.granted,
            by=request.auth,
            entered=decision.values,
            request=key,
            bound_to=bound_to(request),
            expected=expected,
        )
    return _stands(case, ask=question.pk)


@router.post("cases/{uuid:case_id}/tasks/{task}", response=answers.Done)
def give_task(
    request: ApiRequest,
    case_id: UUID,
    task: Name,
    work: bodies.Work,
    key: Key = None,
    if_match: IfMatch = None,
) -> HttpResponse:
    """Give a piece of work to another unit, with its own due time."""
    case = visible(request, case_id)
    if task not in library.version(case.version_id).procedure.tasks:
        raise Refused(Reason("unknown-task", values={"task": task}))
    if work.due_at is not None and not now() < work.due_at <= now() + LATEST:
        raise Refused(Reason("time-out-of-range", "due_at", {"from": now(), "to": now() + LATEST}))
    to_unit = _unit(work.to_unit)
    with _telling(case, if_match) as expected:
        actions.give_task(
            case,
            task,
            by=request.auth,
            to_unit=to_unit,
            due_at=work.due_at,
            entered=work.values,
            request=key,
            bound_to=bound_to(request),
            expected=expected,
        )
    given = Task.objects.filter(case=case, given_seq=case.acted).values_list("pk", flat=True).first()
    return _stands(case, task=given)


@router.post("tasks/{int:task_id}/answer", response=answers.Done)
def answer_task(
    request: ApiRequest,
    task_id: RowNumber,
    answer: bodies.Question,
    key: Key = None,
    if_match: IfMatch = None,
) -> HttpResponse:
    """Answer a piece of work that was given to your unit or post."""
    task = Task.objects.filter(pk=task_id).first()
    if task is None:
        raise Http404
    with _telling(visible(request, task.case_id), if_match) as expected:
        case = actions.answer_task(
            task,
            by=request.auth,
            entered=answer.values,
            request=key,
            bound_to=bound_to(request),
            expected=expected,
        )
    return _stands(case, task=task.pk)


@router.post("cases/{uuid:case_id}/links", response=answers.Done)
def link(
    request: ApiRequest, case_id: UUID, tie: bodies.Tie, key: Key = None, if_match: IfMatch = None
) -> HttpResponse:
    """Let this case follow another one: its clocks stand still, and it ends with the other."""
    case = visible(request, case_id)
    other = Case.objects.filter(pk=tie.other).first()
    if other is None:
        raise Refused(Reason("cannot-follow", "other"))
    with _telling(case, if_match) as expected:
        actions.link(
            case, other, tie.kind, by=request.auth, request=key, bound_to=bound_to(request), expected=expected
        )
    return _stands(case)


@router.delete("cases/{uuid:case_id}/links/{kind}", response=answers.Done)
def unlink(request: ApiRequest, case_id: UUID, kind: Name, if_match: IfMatch = None) -> HttpResponse:
    """Let it go again: its clocks go on from where they stood."""
    case = visible(request, case_id)
    if kind not in library.version(case.version_id).procedure.links:
        raise Refused(Reason("unknown-link", values={"kind": kind}))
    with _telling(case, if_match) as expected:
        actions.unlink(case, kind, by=request.auth, expected=expected)
    return _stands(case)


@router.post("cases/{uuid:case_id}/ratings", response=answers.Done)
def rate(
    request: ApiRequest, case_id: UUID, callback: bodies.Callback, key: Key = None, if_match: IfMatch = None
) -> HttpResponse:
    """Note what the reporter said about the result when they were called."""
    case = visible(request, case_id)
    with _telling(case, if_match) as expected:
        actions.rate(
            case,
            callback.answers,
            by=request.auth,
            remark=callback.remark,
            request=key,
            bound_to=bound_to(request),
            expected=expected,
        )
    return _stands(case)


@router.post("cases/{uuid:case_id}/reveal", response=answers.Revealed)
def reveal(request: ApiRequest, case_id: UUID, reading: bodies.Reading, key: Key = None) -> HttpResponse:
    """Read one protected value for a purpose. Every reading is a line that the resident can see."""
    case = visible(request, case_id)
    rule = library.version(case.version_id).procedure.fields.get(reading.field)
    if rule is None:
        raise Refused(Reason("unknown-field", "field"))
    if rule.level not in ("L2", "L3"):
        raise Refused(Reason("not-sealed", "field"))
    with transaction.atomic():
        if key is not None:  # read twice is noted twice, whatever the reason for asking again
            said = json.dumps([str(case.pk), "reveal", reading.field, reading.purpose]).encode()
            requests.seen_before(key, bound_to=bound_to(request), content=said, answer={})
        value = keeping.reveal(case, reading.field, by=request.auth, purpose=reading.purpose)
    return sent({"field": reading.field, "value": value})


# ---------------------------------------------------------------- parts


@contextmanager
def _telling(case: Case, if_match: str | None) -> Iterator[int | None]:
    """Give the revision that is expected; where the case was another by then, tell what happened since."""
    expected = revision_in(if_match)
    seen = case.revision if expected is None else expected
    try:
        yield expected
    except ChangedMeanwhile as no:
        raise ChangedMeanwhile(**_since(case.pk, seen)) from no


def _since(case: UUID, revision: int) -> dict[str, Any]:
    """What is different from a revision: every action raises it by one, and its own number with it."""
    here = Case.objects.values("state", "revision").get(pk=case)
    later = CaseAction.objects.filter(case=case, seq__gt=revision).order_by("seq")
    columns = later.values("seq", "kind", "name", "role", "at", to=F("to_state"))
    return {**here, "since": list(columns[:50])}


def _stands(case: Case, **made: int | None) -> HttpResponse:
    """The answer of an act, the same however often its request comes."""
    state = case.state
    if case.seq != case.acted:  # a repeated request, and the case has gone on since
        state = CaseAction.objects.values_list("to_state", flat=True).get(case=case, seq=case.acted)
    body = {
        "case": case.pk,
        "number": case.number,
        "seq": case.acted,
        "revision": case.acted,
        "state": state,
        "ask": None,
        "task": None,
    }
    return sent(body | made, revision=case.acted)


def _unit(given: str | int) -> int:
    by = {"pk": given} if isinstance(given, int) else {"code": given}
    found = Organisation.objects.filter(valid_to=None, **by).values_list("pk", flat=True).first()
    if found is None:
        raise Refused(Reason("unknown-unit", "to_unit"))
    return found


def _by_catalogue(case: Case, given: Any) -> dict[str, int] | None:
    """Which row of the dispatch catalogue named the unit that is chosen, or was not followed."""
    if given is None:
        return None
    procedure = library.version(case.version_id).procedure
    suggestion = dispatching.suggestion_for(case, procedure.classes)
    if suggestion is None:
        return None
    code = Organisation.objects.filter(pk=suggestion.unit).values_list("code", flat=True).first()
    return {"row" if given in (suggestion.unit, code) else "row_not_followed": suggestion.row}
