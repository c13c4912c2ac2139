"""Every question a page asks about cases.

Lists start from what the actor may see and are index ranges, whatever the city's size.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TypeVar
from uuid import UUID

from django.db.models import Exists, Model, OuterRef, Q, QuerySet
from django.db.models.expressions import Combinable

from jingwei.engine import library, rules, words
from jingwei.engine.actions import code_hash, situation
from jingwei.engine.change import CaseChange, Done
from jingwei.engine.definition import AskRule, Move, TaskRule
from jingwei.engine.models import Ask, Case, CaseAction, CaseClock, Link, Message, Participant, Rating, Task
from jingwei.engine.standing import TIER_COLUMNS, may_see, path_of, readers_of
from jingwei.kernel import ids, rows
from jingwei.kernel.actors import Actor, Party
from jingwei.kernel.moments import now
from jingwei.kernel.refusals import Reason
from jingwei.registry.staff import Staff

Row = TypeVar("Row", bound=Model)


# ---------------------------------------------------------------- which cases


def cases_for(actor: Staff) -> QuerySet[Case]:
    """Every case this assignment may see: of its area, of its unit, or in its hands.

    Never one that is about it.
    """
    mine: Combinable | Q = Q(owner_post=actor.post)
    if actor.organisation is not None:
        mine |= Q(lead_unit=actor.organisation) | Exists(_taking_part(kind="unit", ref=actor.organisation))
    mine |= Exists(_taking_part(kind="post", ref=actor.post))
    return not_about(actor, Case.objects.filter(mine | in_area(actor)))


def in_area(actor: Staff) -> Q:
    """The cases of the actor's area, for the procedures that let their role read them."""
    allowed = [
        name
        for name, playbook in library.all_in_force().items()
        if actor.role in readers_of(playbook.procedure)
    ]
    if not allowed:
        return Q(pk__isnull=True)
    named = Q() if len(allowed) == len(library.all_in_force()) else Q(procedure__in=allowed)
    if actor.area_kind == "city":
        return named if named else Q(pk__isnull=False)
    column = TIER_COLUMNS.get(actor.area_kind)
    return named & Q(**{column: actor.area}) if column else Q(pk__isnull=True)


def not_about(actor: Staff, found: QuerySet[Row], case: str = "") -> QuerySet[Row]:
    """Leave out what complains about this person, post or unit.

    `case` is the way to the case, like `case__`.
    """
    found = found.exclude(**{f"{case}about_person": actor.person}).exclude(
        **{f"{case}about_post": actor.post}
    )
    return found.exclude(**{f"{case}about_unit__in": path_of(actor)}) if actor.organisation else found


def visible_case(actor: Actor, case_id: UUID) -> Case | None:
    """The case of this id if the actor may see it; anything else does not exist for them."""
    found = rows.load(Case, id=case_id)
    if not found:
        return None
    case = found[0]
    return case if may_see(actor, case, library.version(case.version_id).procedure) else None


def case_by_code(typed: str) -> tuple[Case, Party] | None:
    """The case that a query code opens, and the party it makes of whoever knows it."""
    code = ids.read_code(typed)
    if len(code) != 10:
        return None
    case = Case.objects.filter(query_code=code_hash(code)).first()
    return (case, Party(id=case.reporter)) if case else None


# ---------------------------------------------------------------- what waits for one post


def asks_to_decide(actor: Staff) -> QuerySet[Ask]:
    """Open asks that this post or unit decides, the most urgent first."""
    mine = Q(decider_post=actor.post)
    if actor.organisation:
        mine |= Q(decider_unit=actor.organisation)
    return not_about(actor, Ask.objects.filter(mine, state="open"), "case__").order_by("due_at")


def tasks_to_answer(actor: Staff) -> QuerySet[Task]:
    """Open tasks of this post or unit."""
    mine = Q(to_post=actor.post)
    if actor.organisation:
        mine |= Q(to_unit=actor.organisation)
    return not_about(actor, Task.objects.filter(mine, state="open"), "case__").order_by("due_at")


def unread(actor: Staff) -> QuerySet[Message]:
    """Messages to this post or unit that nobody has read."""
    mine = Q(to_kind="post", to_ref=actor.post)
    if actor.organisation:
        mine |= Q(to_kind="unit", to_ref=actor.organisation)
    return not_about(actor, Message.objects.filter(mine, read_at=None), "case__").order_by("-at")


def search(actor: Staff, text: str) -> list[Case]:
    """Cases by number or words that the actor may see, newest first, at most 50."""
    text = text.strip()
    if not text:
        return []
    by_number = Case.objects.filter(number=text.upper()).first()
    if by_number is not None:
        return (
            [by_number] if may_see(actor, by_number, library.version(by_number.version_id).procedure) else []
        )
    found = words.matching(text)
    return list(cases_for(actor).filter(pk__in=found).order_by("-received_at")[:50])


def similar(
    text: str,
    *,
    lon: float | None = None,
    lat: float | None = None,
    area: int | None = None,
    class_top: str = "",
    most: int = 3,
) -> list[Case]:
    """Open cases near by or in the same area that share words or class.

    An offer to join, never a decision.
    """
    since = now() - timedelta(days=30)
    cases = Case.objects.filter(ended_at=None, confidential=False, received_at__gte=since)
    if lon is not None and lat is not None:
        near = 0.003  # about 300 m
        cases = cases.filter(lon__range=(lon - near, lon + near), lat__range=(lat - near, lat + near))
    elif area is not None:
        cases = cases.filter(Q(grid=area) | Q(community=area) | Q(area=area))
    elif not text:
        return []
    else:
        cases = cases.filter(pk__in=words.matching(text, most=50))
    wanted = set(words.tokens(text))
    scored = [(_likeness(case, wanted, class_top), case) for case in cases.order_by("-received_at")[:100]]
    return [case for likeness, case in sorted(scored, key=lambda one: -one[0]) if likeness > 0][:most]


def _likeness(case: Case, wanted: set[str], class_top: str) -> float:
    shared = len(wanted & set(words.tokens(case.title + str(case.values.get("description", "")))))
    return shared / max(4, len(wanted)) + (0.5 if class_top and class_top == case.class_top else 0)


# ---------------------------------------------------------------- one case


@dataclass(frozen=True, slots=True)
class Option:
    """Something that may be done: allowed when there are no reasons."""

    kind: str
    name: str
    rule: Move | AskRule | TaskRule
    reasons: tuple[Reason, ...]
    needs: tuple[str, ...]
    may: tuple[str, ...]


@dataclass(frozen=True)
class CasePage:
    """Everything a page about one case shows to one actor."""

    case: Case
    playbook: library.Playbook
    roles: frozenset[str]
    options: list[Option]
    actions: list[CaseAction]
    clocks: list[CaseClock]
    asks: list[Ask]
    tasks: list[Task]
    links: list[Link]
    ratings: list[Rating]
    change: CaseChange

    @property
    def allowed(self) -> list[Option]:
        return [option for option in self.options if not option.reasons]

    @property
    def refused(self) -> list[Option]:
        return [option for option in self.options if option.reasons]


def case_page(case: Case, actor: Actor) -> CasePage:
    """Gather a case's page; the caller has made sure that the actor may see it."""
    playbook = library.version(case.version_id)
    change = CaseChange(case, playbook, Done("look", "page"), by=actor)
    case.seq -= 0 if change.is_new else 1  # looking is not acting
    acted = list(CaseAction.objects.filter(case=case).order_by("seq"))
    change.standing.know(acted)
    linked = (
        Link.objects.filter(Q(case=case) | Q(other=case), undone_at=None).select_related("case", "other")
        if _is_linked(case)
        else []
    )
    return CasePage(
        case=case,
        playbook=playbook,
        roles=change.standing.roles_of(actor),
        options=options_of(change),
        actions=acted,
        clocks=change.clocks.rows,
        asks=change.asks,
        tasks=change.tasks,
        links=list(linked),
        ratings=list(Rating.objects.filter(case=case))
        if any(name.startswith("rated_") for name in case.counters)
        else [],
        change=change,
    )


def options_of(change: CaseChange) -> list[Option]:
    """What could be done in the case's state by somebody of the actor's kind.

    Allowed first, refused with their reasons.
    """
    case, procedure = change.case, change.procedure
    here = situation(change)
    options: list[Option] = []
    for name, move in procedure.moves_from(case.state).items():
        change.done = Done("move", name)
        reasons = tuple(rules.why_not_move(procedure, move, here))
        options.append(
            Option(
                "move",
                name,
                move,
                reasons,
                move.needs,
                (*[f for f in move.has if f not in here.there], *move.may),
            )
        )
    for name, ask in procedure.asks.items():
        if case.state in ask.while_ or here.roles & set(ask.by):
            options.append(Option("ask", name, ask, tuple(rules.why_not_ask(ask, name, here)), ask.needs, ()))
    for name, task in procedure.tasks.items():
        if case.state in task.while_ and here.roles & set(task.given_by):
            options.append(Option("task", name, task, (), task.needs, ()))
    return sorted(options, key=lambda option: bool(option.reasons))


def _is_linked(case: Case) -> bool:
    return "followers" in case.counters or "follows" in case.counters


def _taking_part(*, kind: str, ref: int) -> QuerySet[Participant]:
    return Participant.objects.filter(case=OuterRef("pk"), kind=kind, ref=ref)
