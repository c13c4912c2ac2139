"""Every change of a case: one function, one thing people say.

Take in, move, ask, decide, give a task, answer it, link, rate.

Each checks who may, writes state, story, journal line and pending effects in one transaction, and answers
with every reason when the rules say no. Pages, API, imports, scenarios and the worker all call these.
"""

from __future__ import annotations

import dataclasses
import hmac
import json
from collections.abc import Callable, Mapping
from dataclasses import astuple, dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import QuerySet

from jingwei import city as cities
from jingwei.engine import effects, entering, library, rules
from jingwei.engine.change import CaseChange, Done, not_about, pictures_belong, refuse_if
from jingwei.engine.conditions import conditions_of
from jingwei.engine.definition import Move, Procedure
from jingwei.engine.library import Playbook
from jingwei.engine.models import Ask, Case, Link, Rating, Task
from jingwei.engine.models.cases import UNANSWERED
from jingwei.engine.standing import TIER_COLUMNS, may_see
from jingwei.kernel import ids, numbering, requests, rows
from jingwei.kernel.actors import Actor, Party, System
from jingwei.kernel.moments import local, now
from jingwei.kernel.refusals import ChangedMeanwhile, Reason, Refused, SameRequestOtherContent
from jingwei.registry.atlas import atlas
from jingwei.registry.models import Post
from jingwei.registry.staff import Staff

Entered = Mapping[str, Any]


# ---------------------------------------------------------------- taking in


@dataclass(frozen=True, slots=True)
class TakenIn:
    """What the reporter gets: the case, and the code that opens its follow page.

    `again`: it was this very request before.
    """

    case: Case
    code: str
    again: bool = False


@dataclass(frozen=True, slots=True)
class About:
    """The unit, post or person complained about: they are shut out of every role and view of the case."""

    unit: int | None = None
    post: int | None = None
    person: int | None = None


@dataclass(frozen=True, slots=True)
class Historical:
    """A matter of former times, ended before this system knew it.

    What its source states without times is kept apart.

    `ended_at` is None where the source does not say when; the case then ends with the moment it came in.
    `counted` names what the source states for the counts (`on_time`): the fact is `stated:on_time`, which no
    rate reads.
    """

    state: str
    ended_at: datetime | None = None
    outcome: str = ""
    title: str = ""
    unit: int | None = None
    stated: Mapping[str, str] = dataclasses.field(default_factory=dict)
    counted: str = ""


def take_in(
    case_id: UUID,
    procedure: str,
    entered: Entered,
    *,
    by: Actor,
    source: str,
    bound_to: str,
    about: About | None = None,
    happened_at: datetime | None = None,
    claimed_at: datetime | None = None,
    first: Callable[[], None] | None = None,
    historical: Historical | None = None,
) -> TakenIn:
    """Begin a case.

    The client made the id when the form opened: the same id with the same content is the same answer.

    `happened_at` is when it came in on paper or by telephone, if that was earlier; the time of receipt is
    now. A `historical` one was received at `happened_at` and stands in a final state at once: no clocks run,
    nothing is told, nobody follows it, and what the form asks for may be missing. `first` runs at the start
    of the same transaction: a limit that counts along costs no commit of its own.
    """
    playbook = library.in_force(procedure)
    values, reasons = entering.read(playbook, entered)
    case = _new_case(case_id, playbook, values, source=source, about=about, happened_at=happened_at)
    if historical is not None:
        reasons += _why_not_historical(playbook.procedure, historical, source)
    else:
        wrong = {reason.field: None for reason in reasons}
        reasons += rules.why_not_intake(playbook.procedure, {**values, **wrong}, source)
    reasons += pictures_belong(case, playbook, values)
    refuse_if(_first_per_field(reasons))
    code = query_code(case_id)
    if historical is None:
        case.reporter, case.query_code = ids.new_id(), code_hash(code)
    if isinstance(by, Party):
        by = Party(id=case.reporter)
    case.number = _number(playbook.procedure, case, values)
    said = [procedure, values, source, about and astuple(about), happened_at, claimed_at]
    said += [repr(historical)] if historical else []
    content = json.dumps(said, sort_keys=True, ensure_ascii=False, default=str).encode()
    done = Done("intake", procedure, _role_at_intake(by))
    change = CaseChange(case, playbook, done, by=by, entered=values, claimed_at=claimed_at)
    change.enter()
    if historical is None:
        change.go(playbook.procedure.start)
    else:
        _go_into_history(change, historical)
    change.prepare()
    try:
        with transaction.atomic():
            if first is not None:
                first()
            if requests.seen_before(case_id, bound_to=bound_to, content=content, answer={}) is not None:
                return TakenIn(Case.objects.get(pk=case_id), code, again=True)
            change.write()
    except IntegrityError as taken:
        # a case of this id whose request is no longer known: imported, or begun months ago
        if Case.objects.filter(pk=case_id).exists():
            raise SameRequestOtherContent() from taken
        raise
    return TakenIn(case, code)


def _why_not_historical(procedure: Procedure, historical: Historical, source: str) -> list[Reason]:
    """Every reason why a case cannot have been; how much of it is known does not matter."""
    reasons = []
    if source not in procedure.sources:
        reasons.append(Reason("unknown-source", "source", {"sources": list(procedure.sources)}))
    if historical.state not in procedure.states or not procedure.is_final(historical.state):
        finals = [name for name in procedure.states if procedure.is_final(name)]
        reasons.append(Reason("not-a-final-state", values={"states": finals}))
    return reasons


def _go_into_history(change: CaseChange, historical: Historical) -> None:
    """Let the case stand where its source says that it ended."""
    case, procedure = change.case, change.procedure
    case.historical, case.stated = True, dict(historical.stated)
    case.received_at = case.happened_at
    case.ended_at = case.state_since = historical.ended_at or case.happened_at
    case.title = historical.title[:80] or case.title
    case.outcome = historical.outcome or procedure.states[historical.state].outcome or ""
    if historical.unit is not None:
        role = next((name for name, role in procedure.roles.items() if role.is_ == "lead_unit"), "")
        case.lead_unit = historical.unit
        change.take_part("unit", historical.unit, role)
    change.go(historical.state)
    case.state_since = case.ended_at
    if historical.counted:
        change.fact(f"stated:{historical.counted}")


def query_code(case_id: UUID) -> str:
    """The code that opens a case's follow page.

    50 bits of a keyed hash of its id, so that it need not be kept anywhere.
    """
    return ids.code_of(hmac.digest(cities.key(settings.CITY, "query-codes"), case_id.bytes, "sha256"))


def code_hash(code: str) -> bytes:
    """What is stored of a query code: again a keyed hash, so that the table opens nothing."""
    return hmac.digest(cities.key(settings.CITY, "query-codes"), code.encode(), "sha256")


def _new_case(
    case_id: UUID,
    playbook: Playbook,
    values: Entered,
    *,
    source: str,
    about: About | None,
    happened_at: datetime | None,
) -> Case:
    procedure, moment = playbook.procedure, now()
    about = about or About()
    return rows.new(
        Case, id=case_id, procedure=procedure.procedure, version_id=playbook.row, state="", state_kind="new",
        source=source,
        urgency=values.get("urgency", "normal"), class_code=values.get("class", ""),
        title=entering.title_of(values),
        about_unit=about.unit, about_post=about.post, about_person=about.person,
        confidential=procedure.confidential,
        happened_at=happened_at or moment, received_at=moment, state_since=moment,
    )  # fmt: skip


def _number(procedure: Procedure, case: Case, values: Entered) -> str:
    """A new number, like WG20261120-1103-00027.

    Kind, day, last four figures of the county (of the city, while unlocated), serial (rules 3.1.5).
    """
    day = local(case.happened_at).strftime("%Y%m%d")
    county = _county_digits(values)
    return f"{procedure.number}{day}-{county}-{numbering.take(f'{procedure.number}{day}-{county}'):05d}"


def _county_digits(values: Entered) -> str:
    places = atlas()
    place = next(
        (
            value
            for value in values.values()
            if isinstance(value, dict) and ("lon" in value or "area" in value)
        ),
        {},
    )
    found = places.locate(place["lon"], place["lat"]) if "lon" in place else None
    area = found.id if found else place.get("area") or values.get("area")
    county = next((p for p in places.up(area) if p.kind == "county"), None) if area else None
    city = places.city()
    return county.code[-4:] if county else (city.code if city else "0000")[:4].rjust(4, "0")


def _role_at_intake(by: Actor) -> str:
    return "reporter" if isinstance(by, Party) else by.role if isinstance(by, Staff) else ""


# ---------------------------------------------------------------- moving


def move_case(
    case: Case, move_id: str, *, by: Actor, entered: Entered | None = None, request: UUID | None = None,
    bound_to: str = "",
    expected: int | None = None, claimed_at: datetime | None = None, detail: Mapping[str, Any] | None = None,
) -> Case:  # fmt: skip
    """Take one move, or raise ``Refused`` with every reason why not.

    `expected` is the revision the actor saw: another one is refused as ``ChangedMeanwhile`` with what is
    different.
    """
    playbook = library.version(case.version_id)
    move = playbook.procedure.moves.get(move_id)
    if move is None:
        raise Refused(Reason("unknown-move", values={"move": move_id}))
    values, wrong = entering.read(playbook, entered or {})
    with transaction.atomic():
        if _again(case, request, bound_to, [str(case.pk), move_id, values]):
            case.refresh_from_db()
            return case
        _expect(case, expected)
        change = CaseChange(
            case, playbook, Done("move", move_id), by=by, entered=values, claimed_at=claimed_at, detail=detail
        )
        reasons = why_not_move(change, move, {**values, **{r.field: None for r in wrong}})
        reasons += [*pictures_belong(case, playbook, values), *not_about(case, values)]
        refuse_if(_first_per_field([*wrong, *reasons]))
        _take(change, move)
    return case


def why_not_move(change: CaseChange, move: Move, entered: Entered | None) -> list[Reason]:
    """Every reason why this change may not be that move; `entered=None` asks about the button only."""
    is_system = isinstance(change.by, System)
    return rules.why_not_move(change.procedure, move, situation(change), entered, system=is_system)


def situation(change: CaseChange) -> rules.Situation:
    """What the rules need to know, from a change not yet made."""
    made: dict[str, int] = {}
    for ask in change.asks:
        made[ask.name] = made.get(ask.name, 0) + 1
    return rules.Situation(
        state=change.case.state,
        roles=change.standing.roles_of(change.by),
        there=frozenset(change.case.values),
        conditions=conditions_of(change),
        asks_made=made,
        asks_open={ask.name for ask in change.asks if ask.state == "open"},
    )


def _take(change: CaseChange, move: Move) -> None:
    case = change.case
    change.done = Done("move", change.done.name, _acting_role(change, move.who))
    change.enter()
    to = case.state if move.to == "same" else move.to
    if change.procedure.is_final(to):
        case.outcome = move.outcome or change.procedure.states[to].outcome or ""
    change.go(to)
    effects.apply(change, move.then)
    if "inside_unit" in change.entered:
        change.find_owner()
    change.tell(move.tell)
    change.overtake()
    change.save()


def _acting_role(change: CaseChange, who: tuple[str, ...]) -> str:
    held = change.standing.roles_of(change.by)
    named = [role for role in who if role in held and role != "participants"]
    return named[0] if named else next(iter(sorted(held - {"participants"})), "")


def locate(case: Case, area: int, *, by: Actor, reason: str, expected: int | None = None) -> Case:
    """Say where an unlocated case lies. A correction like any other: the procedure's own `correct` move."""
    return move_case(case, "correct", by=by, entered={"area": area, "reason": reason}, expected=expected)


# ---------------------------------------------------------------- asking and deciding


def ask(
    case: Case,
    name: str,
    *,
    by: Actor,
    entered: Entered | None = None,
    request: UUID | None = None,
    bound_to: str = "",
    expected: int | None = None,
) -> Ask:
    """Ask somebody who decides: a return, an extension, a suspension, a reopening."""
    playbook = library.version(case.version_id)
    rule = playbook.procedure.asks.get(name)
    if rule is None:
        raise Refused(Reason("unknown-ask", values={"ask": name}))
    values, wrong = entering.read(playbook, entered or {})
    with transaction.atomic():
        if _again(case, request, bound_to, [str(case.pk), "ask", name, values]):
            return Ask.objects.get(case_id=case.pk, asked_seq=case.acted)
        _expect(case, expected)
        change = CaseChange(case, playbook, Done("ask", name), by=by, entered=values)
        reasons = rules.why_not_ask(
            rule, name, situation(change), {**values, **{r.field: None for r in wrong}}
        )
        refuse_if(_first_per_field([*wrong, *reasons]))
        change.done = Done("ask", name, _acting_role(change, rule.by))
        made = sum(1 for one in change.asks if one.name == name)
        decider = rule.decided_by[min(made, len(rule.decided_by) - 1)]
        owner = change.standing.answerer(decider)
        limit = rule.within.of(case.urgency, change.standards())
        change.enter()
        row = Ask(
            case_id=case.pk, name=name, round=made + 1, asked_seq=case.seq, asked_at=change.at,
            decider_role=decider,
            decider_post=owner.post, decider_unit=owner.unit,
            due_at=change.clocks.calendar.due(change.at, limit),
        )  # fmt: skip
        change.inserts.append(row)
        change.count("asks")
        change.fact(f"asked:{name}")
        for kind, ref in (("post", owner.post), ("unit", owner.unit)):
            if ref:
                change.take_part(kind, ref, decider)
        change.save()
    return Ask.objects.get(case_id=case.pk, asked_seq=row.asked_seq)


def decide(
    question: Ask,
    granted: bool,
    *,
    by: Actor,
    entered: Entered | None = None,
    request: UUID | None = None,
    bound_to: str = "",
    expected: int | None = None,
) -> Case:
    """Grant or refuse what was asked.

    Granting takes the move the procedure names, inside the same transaction.
    """
    case = Case.objects.get(pk=question.case_id)
    playbook = library.version(case.version_id)
    rule = playbook.procedure.asks[question.name]
    values, wrong = entering.read(playbook, entered or {})
    with transaction.atomic():
        if _again(case, request, bound_to, [str(case.pk), "decide", question.pk, granted, values]):
            return case
        _expect(case, expected)
        change = CaseChange(
            case, playbook, Done("decide", question.name, question.decider_role), by=by, entered=values
        )
        mine = next((one for one in change.asks if one.pk == question.pk), question)
        reasons = wrong + _not_asked_for(values, "reason")
        if mine.state != "open":
            reasons.append(Reason("already-decided", values={"state": mine.state}))
        if question.decider_role not in change.standing.roles_of(by) and not isinstance(by, System):
            reasons.append(Reason("wrong-role", values={"who": [question.decider_role]}))
        if not granted and not values.get("reason"):
            reasons.append(Reason("missing", "reason"))
        refuse_if(reasons)
        decision = rule.granted if granted else rule.refused
        change.asked_values = _values_of(case, question.asked_seq)
        change.detail["granted"] = granted
        state = "granted" if granted else "refused"
        change.updates.append(
            rows.Update(mine, {"state": state, "decided_seq": case.seq, "decided_at": change.at})
        )
        mine.state = state
        change.enter()
        if decision.to:
            if playbook.procedure.is_final(decision.to):
                case.outcome = playbook.procedure.states[decision.to].outcome or ""
            change.go(decision.to)
        effects.apply(change, decision.then)
        if granted:
            change.fact(f"granted:{question.name}")
        change.tell(decision.tell)
        change.overtake()
        change.save()
    return case


def _values_of(case: Case, seq: int) -> dict[str, Any]:
    return dict(case.actions.filter(seq=seq).values_list("values", flat=True).first() or {})


# ---------------------------------------------------------------- tasks


def give_task(
    case: Case,
    name: str,
    *,
    by: Actor,
    to_unit: int | None = None,
    due_at: datetime | None = None,
    entered: Entered | None = None,
    request: UUID | None = None,
    bound_to: str = "",
    expected: int | None = None,
) -> Case:
    """Give a piece of work to a co-handler, with its own due time."""
    playbook = library.version(case.version_id)
    rule = playbook.procedure.tasks[name]
    values, wrong = entering.read(playbook, entered or {})
    with transaction.atomic():
        if _again(case, request, bound_to, [str(case.pk), "task", name, to_unit, due_at, values]):
            case.refresh_from_db()
            return case
        _expect(case, expected)
        change = CaseChange(case, playbook, Done("task", name), by=by, entered=values)
        reasons = wrong + [Reason("missing", field) for field in rule.needs if field not in values]
        reasons += _not_asked_for(values, *rule.needs)
        if case.state not in rule.while_:
            reasons.append(Reason("wrong-state", values={"state": case.state, "from": list(rule.while_)}))
        if not change.standing.roles_of(by) & set(rule.given_by):
            reasons.append(Reason("wrong-role", values={"who": list(rule.given_by)}))
        owner = None if to_unit else change.standing.answerer(rule.to)
        if owner and not (owner.unit or owner.post):
            reasons.append(
                Reason("missing", "to_unit")
            )  # nobody could answer, and what waits for it would wait for ever
        refuse_if(reasons + not_about(case, values, to_unit))
        change.done = Done("task", name, _acting_role(change, rule.given_by))
        change.enter()
        row = Task(
            case_id=case.pk, name=name, given_seq=case.seq, given_at=change.at, to_role=rule.to,
            to_unit=to_unit or (owner.unit if owner else None),
            to_post=owner.post if owner else None, due_at=due_at,
        )  # fmt: skip
        change.inserts.append(row)
        change.count("tasks")
        if row.to_unit:
            change.take_part("unit", row.to_unit, rule.to)
        if row.to_post:
            change.take_part("post", row.to_post, rule.to)
        change.save()
    return case


def answer_task(
    task: Task,
    *,
    by: Actor,
    entered: Entered | None = None,
    request: UUID | None = None,
    bound_to: str = "",
    expected: int | None = None,
) -> Case:
    """Answer a piece of work that was given."""
    case = Case.objects.get(pk=task.case_id)
    playbook = library.version(case.version_id)
    rule = playbook.procedure.tasks[task.name]
    values, wrong = entering.read(playbook, entered or {})
    with transaction.atomic():
        if _again(case, request, bound_to, [str(case.pk), "answer", task.pk, values]):
            return case
        _expect(case, expected)
        change = CaseChange(case, playbook, Done("answer", task.name, rule.to), by=by, entered=values)
        mine = next((one for one in change.tasks if one.pk == task.pk), task)
        reasons = wrong + [Reason("missing", field) for field in rule.answer if field not in values]
        reasons += _not_asked_for(values, *rule.answer)
        if mine.state != "open":
            reasons.append(Reason("already-answered"))
        if rule.to not in change.standing.roles_of(by):
            reasons.append(Reason("wrong-role", values={"who": [rule.to]}))
        refuse_if(reasons)
        change.updates.append(
            rows.Update(mine, {"state": "answered", "answered_seq": case.seq, "answered_at": change.at})
        )
        change.enter()
        change.save()
    return case


# ---------------------------------------------------------------- links


def link(
    case: Case,
    other: Case,
    kind: str,
    *,
    by: Actor,
    request: UUID | None = None,
    bound_to: str = "",
    expected: int | None = None,
) -> Case:
    """Let this case follow another: it keeps its state, its clocks stand still, it ends with its leader."""
    playbook = library.version(case.version_id)
    rule = playbook.procedure.links.get(kind)
    with transaction.atomic():
        if _again(case, request, bound_to, [str(case.pk), "link", kind, str(other.pk)]):
            return case
        _expect(case, expected)
        change = CaseChange(case, playbook, Done("link", kind), by=by, detail={"other": str(other.pk)})
        reasons = []
        if rule is None or case.state not in rule.while_:
            reasons.append(
                Reason("wrong-state", values={"state": case.state, "from": list(rule.while_) if rule else []})
            )
        elif not change.standing.roles_of(by) & set(rule.by):
            reasons.append(Reason("wrong-role", values={"who": list(rule.by)}))
        if (
            other.pk == case.pk
            or other.procedure != case.procedure
            or other.ended_at
            or not (isinstance(by, Party) or may_see(by, other, playbook.procedure))
        ):
            reasons.append(Reason("cannot-follow"))
        if "follows" in other.counters or "follows" in case.counters:
            reasons.append(Reason("already-follows"))
        refuse_if(reasons)
        case.counters = {**case.counters, kind: str(other.pk)}
        change.clocks.hold(at=change.at)
        change.inserts.append(Link(case_id=case.pk, other_id=other.pk, kind=kind, made_at=change.at))
        change.save()
        _note_on_leader(other, playbook, by, case)
    return case


def unlink(case: Case, kind: str, *, by: Actor, expected: int | None = None) -> Case:
    """Let it go again: its clocks go on from where they stood."""
    playbook = library.version(case.version_id)
    rule = playbook.procedure.links[kind]
    with transaction.atomic():
        _expect(case, expected)
        change = CaseChange(case, playbook, Done("unlink", kind), by=by)
        if not change.standing.roles_of(by) & set(rule.undo_by):
            raise Refused(Reason("wrong-role", values={"who": list(rule.undo_by)}))
        if not Link.objects.filter(case_id=case.pk, kind=kind, undone_at=None).update(undone_at=change.at):
            raise Refused(Reason("nothing-linked"))
        case.counters = {name: value for name, value in case.counters.items() if name != kind}
        change.clocks.let_go(at=change.at, state=case.state)
        change.save()
    return case


def end_followers(leader: Case) -> int:
    """End the cases that follow one that has ended, with its outcome; return how many.

    The outbox calls it after the leader's end.
    """
    followers = Case.objects.filter(
        links__other=leader, links__kind="follows", links__undone_at=None, ended_at=None
    )
    for follower in followers:
        playbook = library.version(follower.version_id)
        with transaction.atomic():
            change = CaseChange(
                follower,
                playbook,
                Done("follow", leader.state),
                by=System(job="follows"),
                detail={"leader": str(leader.pk)},
            )
            follower.outcome = leader.outcome
            follower.values = {
                **follower.values,
                **{n: leader.values[n] for n in ("result", "reply") if n in leader.values},
            }
            change.go(leader.state)
            change.overtake()
            change.save()
    return len(followers)


def _note_on_leader(leader: Case, playbook: Playbook, by: Actor, follower: Case) -> None:
    """The leader counts its followers: “three people reported this”."""
    change = CaseChange(
        leader,
        library.version(leader.version_id),
        Done("followed", "follows"),
        by=by,
        detail={"other": str(follower.pk)},
    )
    change.count("followers")
    change.save()


# ---------------------------------------------------------------- rating


def rate(
    case: Case,
    answers: Mapping[str, str],
    *,
    by: Actor,
    remark: str = "",
    request: UUID | None = None,
    bound_to: str = "",
    expected: int | None = None,
) -> Rating:
    """Say whether it is solved and whether one is satisfied: the reporter once, a callback once."""
    playbook = library.version(case.version_id)
    rule = playbook.procedure.rating
    values, wrong = entering.read(playbook, {**answers, **({"remark": remark} if remark else {})})
    with transaction.atomic():
        if _again(case, request, bound_to, [str(case.pk), "rate", values]):
            return Rating.objects.get(case_id=case.pk, seq=case.acted)
        _expect(case, expected)
        who = "reporter" if isinstance(by, Party) else "callback"
        change = CaseChange(case, playbook, Done("rating", who), by=by, entered=values)
        reasons = wrong + why_not_rate(change, who, values)
        reasons += _not_asked_for(values, *(rule.questions if rule else ()), "remark")
        refuse_if(reasons)
        assert rule is not None  # noqa: S101  (`why_not_rate` refuses without one)
        change.done = Done("rating", who, _acting_role(change, rule.callback_by or (rule.of,)))
        row = Rating(
            case_id=case.pk,
            by=who,
            answers={name: values[name] for name in rule.questions},
            seq=case.seq,
            at=change.at,
        )
        change.inserts.append(row)
        change.enter()
        change.count(f"rated_{who}")
        for name in rule.questions:
            change.fact(f"rated:{who}:{name}:{values[name]}")
        change.save()
    return Rating.objects.get(case_id=case.pk, by=who)


def why_not_rate(change: CaseChange, who: str, values: Entered | None = None) -> list[Reason]:
    """Every reason why a case may not be rated; `values=None` asks about the button only."""
    case, rule = change.case, change.procedure.rating
    if rule is None or case.state not in rule.asked or case.ended_at is None:
        return [Reason("not-to-be-rated")]
    reasons = [
        Reason("missing", name) for name in rule.questions if values is not None and name not in values
    ]
    roles = change.standing.roles_of(change.by)
    if (rule.of if who == "reporter" else "") not in roles and not roles & set(rule.callback_by):
        reasons.append(Reason("wrong-role", values={"who": [rule.of]}))
    if who == "reporter" and now() > change.clocks.calendar.due(case.ended_at, rule.within):
        reasons.append(Reason("rating-over"))
    if Rating.objects.filter(case_id=case.pk, by=who).exists():
        reasons.append(Reason("already-rated"))
    return reasons


# ---------------------------------------------------------------- shared


def _again(case: Case, request: UUID | None, bound_to: str, content: list[Any]) -> bool:
    """Has this very request been carried out before? Then `case.acted` says which action it was."""
    if request is None:
        return False
    text = json.dumps(content, sort_keys=True, ensure_ascii=False, default=str).encode()
    done = requests.seen_before(request, bound_to=bound_to, content=text, answer={"seq": case.seq + 1})
    if done is not None:
        case.acted = done["seq"]
    return done is not None


def _not_asked_for(entered: Entered, *names: str) -> list[Reason]:
    """What an answer may carry is said by the procedure: nobody corrects a class or a unit in passing."""
    return [Reason("not-asked-for", name) for name in entered if name not in names]


def _expect(case: Case, revision: int | None) -> None:
    if revision is not None and case.revision != revision:
        raise ChangedMeanwhile(state=case.state, revision=case.revision)


def _first_per_field(reasons: list[Reason]) -> list[Reason]:
    """A value that is wrong is not also missing."""
    seen: set[str] = set()
    kept = []
    for reason in reasons:
        if reason.field and reason.field in seen:
            continue
        seen.add(reason.field)
        kept.append(reason)
    return kept


def hand_over(post: int) -> int:
    """Find new owners for the open cases of a post that nobody holds any more; return how many went on."""
    return _find_owners("hand_over", Case.objects.filter(owner_post=post, ended_at=None))


def take_over(post: Post | None = None) -> int:
    """Give the open cases that nobody answers for to whoever does, now that somebody sits in this post.

    Asked about are those of the post's area, without a post all; return how many found somebody.
    """
    alone = Case.objects.filter(UNANSWERED)
    tier = post.area.kind if post is not None and post.area is not None else ""
    if post is not None and tier in TIER_COLUMNS:
        alone = alone.filter(**{tier: post.area_id})
    return _find_owners("take_over", alone)


def _find_owners(kind: str, cases: QuerySet[Case]) -> int:
    """Ask anew who answers for each case; return how many went to somebody else."""
    moved = 0
    for case in cases.order_by("pk"):
        with transaction.atomic():
            before = case.owner_post
            change = CaseChange(
                case, library.version(case.version_id), Done(kind, "owner"), by=System(job=kind)
            )
            change.find_owner()
            if case.owner_post != before:
                change.save()
                moved += 1
    return moved
