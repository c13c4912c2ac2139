"""Cases: take one in, list them, read one, what may be done with it, its story, find one."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any, Literal
from uuid import UUID

from django.http import HttpResponse
from ninja import Query, Router

from jingwei.engine import actions, library, queries, queues
from jingwei.engine.actions import About
from jingwei.engine.library import Playbook
from jingwei.engine.models import Case, Link
from jingwei.engine.queries import CasePage
from jingwei.engine.standing import may_see
from jingwei.kernel.moments import now
from jingwei.kernel.refusals import Reason, Refused
from jingwei.registry.models import Organisation, Person, Post
from jingwei.registry.staff import Staff
from jingwei.web.api import answers, bodies, options, paging, showing
from jingwei.web.api.problems import Wrong, playbook_for
from jingwei.web.api.showing import sent
from jingwei.web.api.token import ApiRequest, Key, bound_to, visible

router = Router(tags=["cases"], by_alias=True)

MOST_ROWS = 200
#: an older matter comes in by import, with what its source says about it
OLDEST = timedelta(days=366)
#: clocks differ a little
AHEAD = timedelta(minutes=5)

QueueName = Literal["mine", "unit", "late", "soon", "open", "unlocated", "all"]
Code = Annotated[bodies.Shown, Query("", max_length=40)]


@router.post("cases", response={201: answers.TakenIn})
def take_in(request: ApiRequest, intake: bodies.Intake, key: Key = None) -> HttpResponse:
    """Take a case in. The id in the body is the key of this request; it need not be sent twice."""
    playbook = procedure_named(intake.procedure)
    playbook_for(request, playbook)
    same_key(key, intake.id)
    if intake.happened_at and not now() - OLDEST <= intake.happened_at <= now() + AHEAD:
        between = {"from": now() - OLDEST, "to": now()}
        raise Refused(Reason("time-out-of-range", "happened_at", between))
    taken = actions.take_in(
        intake.id,
        intake.procedure,
        intake.values,
        by=request.auth,
        source=intake.source,
        bound_to=bound_to(request),
        about=_about(intake.about, playbook),
        happened_at=intake.happened_at,
        claimed_at=intake.claimed_at,
    )
    return sent(taken_in(taken), status=201, revision=taken.case.revision)


@router.get("cases", response=answers.Rows)
def list_cases(
    request: ApiRequest,
    queue: QueueName = "open",
    procedure: Code = "",
    class_top: Annotated[bodies.Shown, Query("", alias="class", max_length=16)] = "",
    state: Code = "",
    urgency: Code = "",
    after: Annotated[str, Query("", max_length=200, description="the `next` of before")] = "",
    limit: Annotated[int, Query(50, ge=1, le=MOST_ROWS)] = 50,
) -> HttpResponse:
    """A list that the post acted from works off, most urgent first; `class` is an uppermost one."""
    cases = queues.queue(request.auth, queue)
    if cases is None:
        raise Wrong("not-found", 404, Reason("no-such-queue", "queue"))
    asked = {"procedure": procedure, "class_top": class_top, "state": state, "urgency": urgency}
    cases = cases.filter(**{name: value for name, value in asked.items() if value})
    order = queues.order_of(request.auth, queue)
    found, further = paging.part(cases, order, tuple(showing.COLUMNS), after=after, limit=limit)
    return sent({"cases": showing.rows(found), "next": further})


@router.get("search", response=answers.Rows)
def search(
    request: ApiRequest, q: Annotated[bodies.Shown, Query(..., min_length=1, max_length=200)]
) -> HttpResponse:
    """Cases by number or words that you may see, newest first, at most 50."""
    found = queries.search(request.auth, q)
    return sent({"cases": showing.rows(showing.row_of(case) for case in found), "next": None})


@router.get("cases/{uuid:case_id}", response=answers.Whole)
def one(request: ApiRequest, case_id: UUID) -> HttpResponse:
    """One case as you may see it. Its ETag is the revision that If-Match asks for."""
    case = visible(request, case_id)
    page = queries.case_page(case, request.auth)
    playbook, units = page.playbook, _units(page)
    (row,) = showing.rows([showing.row_of(case)])
    body = row | {
        "version": playbook.procedure.version,
        "historical": case.historical,
        "confidential": case.confidential,
        "values": showing.values(playbook, case.values, page.roles, units),
        "counts": {name: n for name, n in case.counters.items() if type(n) is int},
        "stated": case.stated,
        "clocks": [showing.clock(clock) for clock in page.clocks],
        "asks": [
            {
                "id": ask.pk,
                "name": ask.name,
                "round": ask.round,
                "state": ask.state,
                "asked_at": ask.asked_at,
                "due_at": ask.due_at,
                "decider_role": ask.decider_role,
                "decided_at": ask.decided_at,
            }
            for ask in page.asks
        ],
        "tasks": [
            {
                "id": task.pk,
                "name": task.name,
                "state": task.state,
                "given_at": task.given_at,
                "due_at": task.due_at,
                "to_role": task.to_role,
                "to_unit": units.get(task.to_unit or 0),
                "answered_at": task.answered_at,
            }
            for task in page.tasks
        ],
        "links": [_linked(link, case, request.auth) for link in page.links],
        "ratings": [
            {
                "by": rating.by,
                "answers": showing.values(playbook, rating.answers, page.roles, units),
                "at": rating.at,
            }
            for rating in page.ratings
        ],
    }
    return sent(body, revision=case.revision)


@router.get("cases/{uuid:case_id}/options", response=answers.Choices)
def what_may_be_done(request: ApiRequest, case_id: UUID) -> HttpResponse:
    """What could be done with the case in its state: allowed, or every reason why not. The same rules act."""
    case = visible(request, case_id)
    page = queries.case_page(case, request.auth)
    found = options.of_page(page, request.auth)
    return sent({"revision": case.revision, "options": found}, revision=case.revision)


@router.get("cases/{uuid:case_id}/story", response=answers.Story)
def story(request: ApiRequest, case_id: UUID) -> HttpResponse:
    """Everything that was done, oldest first, with what you may see of what was entered."""
    case = visible(request, case_id)
    page = queries.case_page(case, request.auth)
    entries = showing.entries(page.playbook, page.actions, page.roles)
    return sent({"entries": entries}, revision=case.revision)


# ---------------------------------------------------------------- parts


def procedure_named(name: str) -> Playbook:
    """The procedure in force, or a refusal that names those there are."""
    there = library.all_in_force()
    if name not in there:
        raise Refused(Reason("unknown-procedure", "procedure", {"known": sorted(there)}))
    return there[name]


def same_key(key: UUID | None, case_id: UUID) -> None:
    """The id of a new case is the key of its request."""
    if key is not None and key != case_id:
        raise Wrong("not-valid", 422, Reason("key-is-not-id", "Idempotency-Key"))


def taken_in(taken: actions.TakenIn) -> dict[str, Any]:
    """What never changes about an intake: the answer is the same however often it is asked for."""
    case = taken.case
    return {
        "id": case.pk,
        "number": case.number,
        "code": taken.code,
        "procedure": case.procedure,
        "received_at": case.received_at,
    }


def _about(said: bodies.About | None, playbook: Playbook) -> About | None:
    """Whom it complains about, as numbers; every one that does not exist is named."""
    if said is None:
        return None
    if not playbook.procedure.intake.about:
        raise Refused(Reason("not-asked-for", "about"))
    found: dict[str, int | None] = {}
    if said.unit is not None:
        by = {"pk": said.unit} if isinstance(said.unit, int) else {"code": said.unit}
        found["unit"] = Organisation.objects.filter(**by).values_list("pk", flat=True).first()
    if said.post is not None:
        found["post"] = Post.objects.filter(pk=said.post).values_list("pk", flat=True).first()
    if said.person is not None:
        found["person"] = Person.objects.filter(staff_no=said.person).values_list("pk", flat=True).first()
    if unknown := [Reason(f"unknown-{name}", f"about.{name}") for name, pk in found.items() if pk is None]:
        raise Refused(*unknown)
    return About(**found)


def _units(page: CasePage) -> dict[int, str]:
    entered = showing.units_in(page.playbook, page.case.values)
    return showing.unit_codes([*entered, *(task.to_unit for task in page.tasks)])


def _linked(link: Link, case: Case, actor: Staff) -> dict[str, Any]:
    leads = link.other_id == case.pk
    other = link.case if leads else link.other
    seen = may_see(actor, other, library.version(other.version_id).procedure)
    return {
        "kind": link.kind,
        "leads": leads,
        "case": {"id": other.pk, "number": other.number} if seen else None,
        "made_at": link.made_at,
    }
