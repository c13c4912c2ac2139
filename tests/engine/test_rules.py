"""May somebody do something, and why not.

Every reason by itself, and random walks through both playbooks that keep every promise.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from jingwei.engine import actions, counting, library, queries, rules, ticking
from jingwei.engine.actions import About
from jingwei.engine.change import CaseChange, Done
from jingwei.engine.definition import Procedure
from jingwei.engine.models import Ask, Case, CaseAction, CaseClock, Fact, Tally, Task
from jingwei.engine.queries import Option
from jingwei.engine.rules import Situation
from jingwei.engine.stage import SEATS, Stage
from jingwei.engine.standing import Standing
from jingwei.kernel import files, ids, moments, outbox, seals
from jingwei.kernel.actors import Actor, Party
from jingwei.kernel.models import JournalLine
from jingwei.kernel.refusals import ChangedMeanwhile, Reason, Refused

DEFAULTS = {
    "level": "L0",
    "purpose": "try it",
    "basis": "statutory_duty",
    "keep": "1y after end",
    "seen_by": "participants",
}
TRIED = Procedure.model_validate(
    {
        "procedure": "tried", "version": "1", "number": "AA", "classes": "social_governance",
        "sources": ["resident", "hotline"],
        "intake": {"needs": ["words"], "may": ["colour"]},
        "roles": {"desk": {"post": "acceptor", "at": "street"}, "unit": {"is": "lead_unit"}},
        "fields": {"defaults": DEFAULTS, "words": {"type": "text"}, "colour": {"type": "line"}, "reason": {"type": "text"},
                   "phone": {"type": "phone", "level": "L2", "seen_by": ["desk"]},
                   "open": {"type": "line", "seen_by": "everyone"}},
        "states": {"new": {"kind": "new", "owner": "desk"}, "work": {"kind": "active", "owner": "unit"}, "done": {"kind": "done", "outcome": "solved"}},
        "moves": {
            "give": {"from": "new", "to": "work", "who": "desk", "needs": "reason", "has": "words", "may": "colour", "if": ["dry", "quiet"]},
            "end": {"from": "any_open", "to": "done", "who": ["desk", "unit"]},
        },
        "asks": {
            "more": {"while": "work", "by": "unit", "needs": "reason", "if": "quiet", "decided_by": ["desk", "desk"], "within": "2h"},
            "again": {"while": "done", "by": "desk", "decided_by": "desk", "within": "2h", "most": "1"},
        },
        "clocks": {"all": {"starts": {"entering": "new"}, "limit": "5d"}},
    }
)  # fmt: skip

WET, LOUD = Reason("wet"), Reason("loud")
YES: dict[str, rules.Condition] = {"dry": list, "quiet": list}


def here(state: str = "new", *roles: str, **more: Any) -> Situation:
    return Situation(state=state, roles=frozenset(roles), conditions=more.pop("conditions", YES), **more)


def codes(reasons: list[Reason]) -> list[str]:
    return [str(reason) for reason in reasons]


# ---------------------------------------------------------------- moves


def test_a_move_that_fits_has_no_reason_against_it() -> None:
    give, entered = TRIED.moves["give"], {"reason": "because", "words": "lamp", "colour": "red"}
    assert rules.why_not_move(TRIED, give, here("new", "desk"), entered) == []
    assert (
        rules.why_not_move(
            TRIED, give, here("new", "desk", there=frozenset({"words"})), {"reason": "because"}
        )
        == []
    )


def test_every_reason_is_given_at_once() -> None:
    wet = {"dry": lambda: [WET], "quiet": lambda: [LOUD]}
    reasons = rules.why_not_move(
        TRIED, TRIED.moves["give"], here("work", "unit", conditions=wet), {"shape": "round"}
    )
    assert codes(reasons) == [
        "wrong-state",
        "wrong-role",
        "wet",
        "loud",
        "missing:words",
        "missing:reason",
        "not-asked-for:shape",
    ]
    assert reasons[0].values == {"state": "work", "from": ["new"]}
    assert reasons[1].values == {"who": ["desk"]}


def test_a_button_is_not_asked_what_only_the_form_will_say() -> None:
    assert rules.why_not_move(TRIED, TRIED.moves["give"], here("new", "desk"), None) == []
    assert codes(rules.why_not_move(TRIED, TRIED.moves["give"], here("new", "unit"), None)) == ["wrong-role"]


@pytest.mark.parametrize("empty", [None, "", [], ()])
def test_an_empty_value_is_missing(empty: object) -> None:
    reasons = rules.why_not_move(
        TRIED, TRIED.moves["give"], here("new", "desk"), {"reason": empty, "words": "lamp"}
    )
    assert codes(reasons) == ["missing:reason"]


def test_what_a_move_has_may_have_been_entered_earlier_but_what_it_needs_may_not() -> None:
    there = frozenset({"words", "reason"})
    assert codes(rules.why_not_move(TRIED, TRIED.moves["give"], here("new", "desk", there=there), {})) == [
        "missing:reason"
    ]


def test_any_open_is_every_state_but_the_last() -> None:
    end = TRIED.moves["end"]
    for state in ("new", "work"):
        assert rules.why_not_move(TRIED, end, here(state, "unit"), {}) == []
    assert codes(rules.why_not_move(TRIED, end, here("done", "unit"), {})) == ["wrong-state"]


def test_the_system_needs_no_role_and_enters_nothing_but_state_and_conditions_bind_it() -> None:
    give = TRIED.moves["give"]
    there = frozenset({"words"})
    assert rules.why_not_move(TRIED, give, here("new", there=there), {}, system=True) == []
    wet = {"dry": lambda: [WET], "quiet": list}
    assert codes(rules.why_not_move(TRIED, give, here("work", conditions=wet), {}, system=True)) == [
        "wrong-state",
        "wet",
        "missing:words",
    ]


# ---------------------------------------------------------------- asks, intake, who sees


def test_an_ask_names_every_reason_too() -> None:
    loud = {"quiet": lambda: [LOUD], "dry": list}
    more = TRIED.asks["more"]
    assert rules.why_not_ask(more, "more", here("work", "unit"), {"reason": "late parts"}) == []
    situation = here("new", "desk", conditions=loud, asks_open={"more"}, asks_made={"more": 2})
    reasons = rules.why_not_ask(more, "more", situation, {"colour": "red"})
    assert codes(reasons) == [
        "wrong-state",
        "wrong-role",
        "already-asked",
        "asked-too-often",
        "loud",
        "missing:reason",
        "not-asked-for:colour",
    ]


def test_as_many_disputes_as_deciders_or_as_often_as_said() -> None:
    more, again = TRIED.asks["more"], TRIED.asks["again"]
    for made, refused in ((0, []), (1, []), (2, ["asked-too-often"]), (3, ["asked-too-often"])):
        assert (
            codes(rules.why_not_ask(more, "more", here("work", "unit", asks_made={"more": made}))) == refused
        )
    assert codes(rules.why_not_ask(again, "again", here("done", "desk", asks_made={"again": 1}))) == [
        "asked-too-often"
    ]


def test_a_case_begins_with_what_it_needs_and_from_a_known_source() -> None:
    assert rules.why_not_intake(TRIED, {"words": "lamp"}, "hotline") == []
    assert codes(rules.why_not_intake(TRIED, {"colour": "red", "phone": "1"}, "radio")) == [
        "missing:words", "not-asked-for:phone", "unknown-source:source",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "roles", "takes_part", "seen"),
    [
        ("words", ["desk"], True, True),
        ("words", [], False, False),
        ("words", ["desk"], False, False),
        ("phone", ["desk"], False, True),
        ("phone", ["unit"], True, False),
        ("open", [], False, True),
    ],
)
def test_a_value_is_seen_by_whom_its_field_names(
    name: str, roles: list[str], takes_part: bool, seen: bool
) -> None:
    assert rules.shown_to(TRIED.fields[name], roles=roles, is_participant=takes_part) is seen


NAMES = st.sets(st.sampled_from(["words", "colour", "reason", "phone", "shape"]))


@given(
    state=st.sampled_from(["new", "work", "done"]),
    roles=st.sets(st.sampled_from(["desk", "unit", "participants"])), there=NAMES, now=NAMES,
    wet=st.booleans(),
)  # fmt: skip
def test_a_move_is_allowed_exactly_when_nothing_stands_against_it(
    state: str, roles: set[str], there: set[str], now: set[str], wet: bool
) -> None:
    conditions = {"dry": lambda: [WET] if wet else [], "quiet": list}
    situation = here(state, *roles, there=frozenset(there), conditions=conditions)
    reasons = rules.why_not_move(TRIED, TRIED.moves["give"], situation, dict.fromkeys(now, "x"))
    allowed = (
        state == "new"
        and "desk" in roles
        and not wet
        and "reason" in now
        and "words" in there | now
        and now <= {"reason", "words", "colour"}
    )
    assert (reasons == []) is allowed
    button = rules.why_not_move(TRIED, TRIED.moves["give"], situation, None)
    assert set(codes(button)) <= set(codes(reasons)), "a form is never refused less than its button"


# ---------------------------------------------------------------- random walks

START = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)  # Monday, 09:00 in Shanghai
WALKS = {"grid_event": 14, "resident_request": 14}
STRANGERS = {"stranger", "stranger_dispatcher"}
CLASSES = ("0401", "0405", "0501", "1501", "9901", "99")
PLACES = ("grid", "next_grid", "community", "street", "city")


def _jpeg() -> bytes:
    made = io.BytesIO()
    Image.new("RGB", (16, 12), (90, 120, 60)).save(made, "JPEG")
    return made.getvalue()


PICTURE = _jpeg()


@dataclass
class Walk:
    """A case on its way, what time it is, and the dice that decide who does what."""

    stage: Stage
    playbook: library.Playbook
    dice: Random
    case: Case = field(init=False)
    now: datetime = START
    about: About | None = None
    about_names: frozenset[str] = frozenset()

    @property
    def procedure(self) -> Procedure:
        return self.playbook.procedure

    def chance(self, one_in: int) -> bool:
        return self.dice.randrange(one_in) == 0

    def actor(self, name: str) -> Actor:
        return Party(id=self.case.reporter) if name == "resident" else self.stage.staff(name)

    def fresh(self) -> Case:
        return Case.objects.get(pk=self.case.pk)

    # ------------------------------------------------------------ what people enter

    def value(self, name: str) -> Any:
        """Something that fits a field."""
        rule = self.procedure.fields[name]
        match rule.type:
            case "class":
                return self.dice.choice(CLASSES)
            case "area":
                return self.stage.areas[self.dice.choice(PLACES)].code
            case "place":
                return self.dice.choice(
                    [
                        {"words": "建国路"},
                        {"area": self.stage.areas["grid"].code},
                        {"lon": 117.01, "lat": 33.02},
                    ]
                )
            case "unit":
                return self.stage.units[self.dice.choice(sorted(self.stage.units))].code
            case "one_of":
                return self.dice.choice(sorted(self.playbook.codes(name)))
            case "time":
                return self.now + timedelta(hours=self.dice.randint(1, 200))
            case "phone":
                return "10000000621"
            case "picture":
                return [str(files.take_picture(self.case.pk, io.BytesIO(PICTURE)).pk)]
            case "tick":
                return True
        return self.dice.choice(["灯不亮", "已经换好", "请看照片"])

    def entered(self, needs: tuple[str, ...], may: tuple[str, ...] = ()) -> dict[str, Any]:
        extra = [name for name in may if self.chance(2)]
        return {name: self.value(name) for name in dict.fromkeys((*needs, *extra))}

    # ------------------------------------------------------------ beginning, time, one step

    def begin(self) -> None:
        intake = self.procedure.intake
        who = self.dice.choice(["resident", "call_taker", "worker"])
        sources = {"resident": "resident", "call_taker": "hotline", "worker": "grid_worker"}
        source = sources[who] if sources[who] in self.procedure.sources else "transfer"
        about = self.dice.choice(["nobody", "unit", "person"])
        if about == "unit":
            self.about, self.about_names = (
                About(unit=self.stage.units["municipal"].pk),
                frozenset({"handler", "crew"}),
            )
        elif about == "person":
            self.about, self.about_names = About(person=self.stage.people["worker"].pk), frozenset({"worker"})
        self.case = Case(id=ids.new_id())
        entered = self.entered(intake.needs, tuple(name for name in intake.may if name != "photo"))
        by: Actor = Party() if who == "resident" else self.stage.staff(who)
        name = self.procedure.procedure
        with moments.at(self.now):
            taken = actions.take_in(
                self.case.pk, name, entered, by=by, source=source, bound_to=who, about=self.about
            )
            self.case = taken.case
            self.work()
        for _ in range(self.dice.randint(0, 9)):
            self.go_on()

    def go_on(self) -> None:
        """Somebody who may takes a move that leads on, but not to an end."""
        self.clear_the_way()
        state = self.fresh().state
        moves = [
            name
            for name, move in self.procedure.moves_from(state).items()
            if move.to not in ("same", state) and not self.procedure.is_final(move.to)
        ]
        if moves:
            self.now += timedelta(minutes=20)
            self.take(self.dice.choice(moves))

    def holders(self) -> list[str]:
        """Who holds any role in the case as it stands."""
        case = self.fresh()
        standing = Standing(case, self.procedure, tasks=list(Task.objects.filter(case=case.pk, state="open")))
        return [name for name in ("resident", *SEATS) if standing.roles_of(self.actor(name))]

    def pass_time(self) -> None:
        """Some time goes by; the worker wakes whenever a clock runs out."""
        until = self.now + timedelta(minutes=self.dice.choice([1, 7, 45, 300, 1500, 4400]))
        while (alarm := self.fresh().alarm_at) is not None and alarm <= until:
            self.now = max(self.now, alarm)
            with moments.at(self.now):
                ticking.tick()
                self.work()
        self.now = until

    def work(self) -> None:
        while outbox.work_off():
            pass

    def options(self, actor: Actor) -> list[Option]:
        case = self.fresh()
        change = CaseChange(case, self.playbook, Done("look", "page"), by=actor)
        return queries.options_of(change)

    def step(self) -> None:
        """Somebody tries something; it happens wholly, or is refused and changes nothing."""
        anybody = self.chance(5)
        name = self.dice.choice(["resident", *SEATS] if anybody else self.holders())
        actor = self.actor(name)
        questions = list(Ask.objects.filter(case=self.case.pk, state="open"))
        tasks = list(Task.objects.filter(case=self.case.pk, state="open"))
        options = self.options(actor)
        tries: list[tuple[str, Any]] = (
            [("option", one) for one in options]
            + [("decide", one) for one in questions]
            + [("answer", one) for one in tasks]
        )
        if self.fresh().ended_at:
            tries.append(("rate", None))
        if not self.chance(10):  # most walks go on for a while
            tries = [one for one in tries if one[0] != "option" or not self.ends(one[1])]
        if self.chance(2):  # half of the time something that the buttons allow and that changes the state
            tries = [one for one in tries if one[0] != "option" or self.leads_on(one[1])] or tries
        if not tries:
            return
        kind, what = self.dice.choice(tries)
        before, stale = self.seen(), self.fresh()
        refused: Refused | None = None
        try:
            self.do(kind, what, actor)
        except Refused as no:
            refused = no
        if refused is None:
            self.happened(name, kind, what, before, stale)
        else:
            assert self.seen() == before, f"{kind} {what} was refused ({refused}) and changed something"
        if kind == "option" and what.reasons:
            assert refused is not None, f"{name} could {what.name} although the button said {what.reasons}"
            said = {reason.code for reason in what.reasons}
            assert said <= {reason.code for reason in refused.reasons}, (said, refused)

    def ends(self, option: Option) -> bool:
        return option.kind == "move" and self.procedure.is_final(self.to(option))

    def to(self, option: Option) -> str:
        to = getattr(option.rule, "to", "same")
        return self.fresh().state if to == "same" else str(to)

    def leads_on(self, option: Option) -> bool:
        return not option.reasons and (option.kind != "move" or self.to(option) != self.fresh().state)

    def do(self, kind: str, what: Any, actor: Actor) -> None:
        case = self.fresh()
        if kind == "decide":
            granted = self.chance(2)
            actions.decide(what, granted, by=actor, entered={} if granted else {"reason": "理由"})
        elif kind == "answer":
            actions.answer_task(what, by=actor, entered=self.entered(self.procedure.tasks[what.name].answer))
        elif kind == "rate":
            rating = self.procedure.rating
            actions.rate(
                case, {name: self.value(name) for name in rating.questions} if rating else {}, by=actor
            )
        elif what.kind == "ask":
            actions.ask(case, what.name, by=actor, entered=self.entered(what.needs))
        elif what.kind == "task":
            unit = self.stage.units[self.dice.choice(sorted(self.stage.units))].pk
            actions.give_task(case, what.name, by=actor, to_unit=unit, entered=self.entered(what.needs))
        else:
            actions.move_case(case, what.name, by=actor, entered=self.entered(what.needs, what.may))

    # ------------------------------------------------------------ the promises

    def seen(self) -> tuple[Any, ...]:
        """All that a refused try must leave as it was."""
        case, pk = self.fresh(), self.case.pk
        return (
            case.revision, case.seq, case.state, case.values, case.counters, case.journal_count,
            case.next_due,
            CaseAction.objects.filter(case=pk).count(), JournalLine.objects.filter(subject=pk).count(),
            Fact.objects.filter(case=pk).count(),
            tuple(CaseClock.objects.filter(case=pk).order_by("pk").values_list("status", "due_at")),
            tuple(Ask.objects.filter(case=pk).order_by("pk").values_list("state")),
            tuple(Task.objects.filter(case=pk).order_by("pk").values_list("state")),
        )  # fmt: skip

    def happened(self, name: str, kind: str, what: Any, before: tuple[Any, ...], stale: Case) -> None:
        case = self.fresh()
        assert (case.revision, case.seq) == (before[0] + 1, before[1] + 1), "one action, one number"
        assert CaseAction.objects.filter(case=case.pk).count() == case.seq
        assert name not in STRANGERS, f"somebody from another district did {kind}"
        assert name not in self.about_names, f"{name}, whom it is about, did {kind}"
        with pytest.raises(ChangedMeanwhile):
            actions.move_case(
                stale,
                "note",
                by=self.actor(name),
                entered={"remark": "看旧页面的人"},
                expected=stale.revision - 1,
            )
        with pytest.raises(
            Refused
        ):  # first write wins: whoever still holds the case as it was cannot write any more
            actions.move_case(stale, "note", by=self.actor(name), entered={"remark": "慢一步的人"})
        assert self.fresh().revision == case.revision

    def promises(self) -> None:
        """What is true of a case whatever was done to it."""
        case = self.fresh()
        clocks = list(CaseClock.objects.filter(case=case.pk))
        running = [clock for clock in clocks if clock.status == "running"]
        if self.procedure.is_final(case.state):
            assert case.ended_at is not None
            assert case.outcome, "an end has an outcome"
            assert all(clock.status == "ended" for clock in clocks), "nothing runs after the end"
            assert (case.owner_post, case.owner_unit, case.next_due) == (None, None, None)
        else:
            assert (case.ended_at, case.outcome) == (None, "")
            assert running, f"no clock runs in {case.state}"
            assert case.owner_role == self.procedure.states[case.state].owner
            assert case.owner_post or case.owner_unit, f"nobody owns it in {case.state}"
            assert case.next_due == min(clock.due_at for clock in running)
        assert case.state_kind == self.procedure.states[case.state].kind
        names = [(clock.name, clock.status) for clock in clocks if clock.status != "ended"]
        assert len({name for name, _ in names}) == len(names), "a clock has one run at a time"
        if self.about is not None and self.about.unit:
            assert case.lead_unit != self.about.unit

    # ------------------------------------------------------------ every case can end

    def finish(self) -> None:
        """Whoever may, does what leads on, until the case has ended."""
        for _ in range(30):
            if self.fresh().ended_at:
                return
            self.clear_the_way()
            assert self.lead_on(), f"nobody can do anything that leads on from {self.fresh().state}"
        raise AssertionError(f"it came to no end; it is still {self.fresh().state}")

    def clear_the_way(self) -> None:
        """Open asks are refused, given work is answered, the reporter is called."""
        everybody = self.holders()
        for ask in Ask.objects.filter(case=self.case.pk, state="open"):
            assert any(
                self.managed(
                    lambda by, ask=ask: actions.decide(ask, False, by=by, entered={"reason": "先办完"}), name
                )
                for name in everybody
            )
        for task in Task.objects.filter(case=self.case.pk, state="open"):
            entered = dict.fromkeys(self.procedure.tasks[task.name].answer, "办好了")
            someone = any(
                self.managed(
                    lambda by, task=task, e=entered: actions.answer_task(task, by=by, entered=e), name
                )
                for name in everybody
            )
            assert someone, "given work that nobody can answer would hold the case for ever"
        calls = {
            "contact": {"reached": "reached"},
            "callback": {"reached": "reached", "solved": "yes", "satisfied": "yes"},
        }
        for move in calls:
            if move in self.procedure.moves:
                for name in everybody:
                    if self.managed(
                        lambda by, move=move: actions.move_case(
                            self.fresh(), move, by=by, entered=calls[move]
                        ),
                        name,
                    ):
                        break

    def lead_on(self) -> bool:
        """Take the move that leads nearest to an end, by whoever may."""
        state = self.fresh().state
        moves = [
            name
            for name, move in self.procedure.moves_from(state).items()
            if move.to not in ("same", state) and name != "withdraw"
        ]
        nearest = sorted(moves, key=lambda name: self.distance(self.procedure.moves[name].to))
        return any(self.take(move) for move in nearest)

    def take(self, move: str) -> bool:
        """Let whoever may take a move, with values that no rule minds."""
        rule = self.procedure.moves[move]
        for name in self.holders():
            entered = {n: self.fitting(n) for n in (*rule.needs, *rule.has)}
            if self.managed(
                lambda by, e=entered: actions.move_case(self.fresh(), move, by=by, entered=e), name
            ):
                return True
        return False

    def fitting(self, name: str) -> Any:
        """A value that no rule minds."""
        if self.procedure.fields[name].type == "unit":
            return self.stage.units["patrol"].code
        if self.procedure.fields[name].type == "area":
            return self.stage.areas["grid"].code
        return "0405" if self.procedure.fields[name].type == "class" else self.value(name)

    def managed(self, act: Any, name: str) -> bool:
        with moments.at(self.now):
            try:
                act(self.actor(name))
            except Refused:
                return False
        self.promises()
        return True

    def distance(self, state: str) -> int:
        """How many moves it is to the nearest end."""
        reached, steps = {state}, 0
        while not any(self.procedure.is_final(one) for one in reached):
            reached |= {
                m.to for s in reached for m in self.procedure.moves_from(s).values() if m.to != "same"
            }
            steps += 1
        return steps


@contextmanager
def taken_back() -> Iterator[None]:
    """Whatever is written inside is gone afterwards: one example leaves nothing to the next."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


@pytest.mark.parametrize("procedure", WALKS)
@settings(
    max_examples=12,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(dice=st.randoms(use_true_random=True))
def test_a_random_walk_keeps_every_promise_and_can_end(procedure: str, stage: Stage, dice: Random) -> None:
    with taken_back():
        walk = Walk(stage, library.in_force(procedure), dice)
        walk.begin()
        walk.promises()
        for _ in range(dice.randint(1, WALKS[procedure])):
            walk.pass_time()
            walk.promises()
            with moments.at(walk.now):
                walk.step()
                walk.work()
            walk.promises()
        walk.finish()
        with moments.at(walk.now):
            walk.work()
            while counting.fold():
                pass
        assert seals.verify().faults == [], "the journal verifies"
        assert counting.rebuilt() == counting.stored(), "facts and sums agree"
        open_now = Tally.objects.filter(
            area=stage.areas["city"].pk, what="open", hour=-1, class_top=""
        ).values_list("n", flat=True)
        assert sum(open_now) == 0, "nothing is open any more"
