"""Scenarios.

A playbook's stories in YAML, readable by whoever knows the work, played through the actions with a simulated
clock.

scenario: 井盖翘起，从上报到评价
steps:
  - {at: 2026-11-20 09:12, who: resident, does: report, with: {description: 井盖翘起来了, place: grid}}
  - {at: +8m, who: acceptor, does: file, with: {class: "0405", area: grid}}
  - {who: handler, tries: close, because: [wrong-role]}          # must be refused, with at least these
    reasons
  - {expect: {state: filed, owner: dispatcher}}
  - {wait: +3h}                                                   # the worker runs; nobody does anything
  - {empty: acceptor}                                             # somebody's assignment ends: the seat may
    be empty now
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone
from PIL import Image

from jingwei.engine import actions, counting, ticking
from jingwei.engine.library import Playbook
from jingwei.engine.models import Ask, Case, CaseClock, Fact, Message, Task
from jingwei.engine.stage import Stage
from jingwei.kernel import files, ids, moments, outbox, strict_yaml
from jingwei.kernel.actors import SYSTEM, Actor, Party
from jingwei.kernel.refusals import Refused
from jingwei.registry import people

_STEP_WORDS = {
    "at",
    "who",
    "does",
    "tries",
    "with",
    "because",
    "expect",
    "wait",
    "to",
    "case",
    "about",
    "empty",
}
_SOURCES = {
    "resident": "resident",
    "worker": "grid_worker",
    "other_worker": "grid_worker",
    "neighbour_worker": "grid_worker",
}


class Failed(AssertionError):
    """A step did not go as the scenario says."""


@dataclass
class Scenario:
    """One story of a playbook."""

    file: str
    name: str
    steps: list[dict[str, Any]]
    lines: list[int]


@dataclass
class Play:
    """A running scenario: what time it is, and the cases by their names."""

    playbook: Playbook
    stage: Stage
    cases: dict[str, Case] = field(default_factory=dict)
    now: datetime | None = None
    worked_until: datetime | None = None


def of(playbook: Playbook) -> list[Scenario]:
    """The scenarios in a playbook's folder; raises ``BadYaml`` or ``Failed`` for one that cannot be read."""
    found = []
    for name, text in sorted(playbook.files.items()):
        if name.startswith("scenarios/"):
            document = strict_yaml.read(text)
            steps = document.data["steps"]
            lines = [document.line(("steps", n)) for n in range(len(steps))]
            for step, line in zip(steps, lines, strict=True):
                if unknown := set(step) - _STEP_WORDS:
                    raise Failed(f"{name}:{line}: unknown {', '.join(sorted(unknown))}")
            found.append(Scenario(name, document.data["scenario"], steps, lines))
    return found


def play(scenario: Scenario, playbook: Playbook, stage: Stage) -> Play:
    """Play every step in the present transaction; raise ``Failed`` naming the line that went otherwise."""
    running = Play(playbook, stage)
    for step, line in zip(scenario.steps, scenario.lines, strict=True):
        running.now = _time(step.get("at") or step.get("wait"), running.now)
        _let_time_pass(running)
        with moments.at(running.now):
            try:
                _do(step, running)
            except Failed as failed:
                raise Failed(f"{scenario.file}:{line}: {failed}") from failed
            except Refused as no:
                raise Failed(f"{scenario.file}:{line}: was refused: {', '.join(no.codes)}") from no
            _work()
    return running


def _do(step: dict[str, Any], running: Play) -> None:
    if "expect" in step:
        _expect(step["expect"], running, _case(step, running))
    elif "tries" in step:
        try:
            _act(step["tries"], step, running)
        except Refused as no:
            codes = {code.split(":")[0] for code in no.codes} | set(no.codes)
            missing = set(step.get("because", [])) - codes
            if missing:
                raise Failed(
                    f"{step['tries']} was refused because {', '.join(no.codes)}, "
                    f"not because {', '.join(missing)}"
                ) from no
            return
        raise Failed(f"{step['tries']} was not refused")
    elif "empty" in step:
        people.end_assignment(running.stage.assignments[step["empty"]], by=SYSTEM)
    elif "does" in step:
        _act(step["does"], step, running)


def _act(what: str, step: dict[str, Any], running: Play) -> None:
    entered = dict(step.get("with", {}))
    procedure = running.playbook.procedure
    verb, _, rest = what.partition(" ")
    if verb == "report":
        _report(step, running, entered)
        return
    case = _case(step, running)
    by = _actor(step["who"], running, case)
    values = _values(entered, running, case)
    if verb in procedure.moves and not rest:
        actions.move_case(case, verb, by=by, entered=values)
    elif verb == "ask":
        actions.ask(case, rest, by=by, entered=values)
    elif verb in ("grant", "refuse"):
        question = Ask.objects.filter(case=case, name=rest).latest("pk")
        actions.decide(question, verb == "grant", by=by, entered=values)
    elif verb == "give":
        unit = running.stage.units[step["to"]].pk if "to" in step else None
        due = _time(values.pop("due", None), running.now) if "due" in values else None
        actions.give_task(case, rest, by=by, to_unit=unit, due_at=due, entered=values)
    elif verb == "answer":
        actions.answer_task(Task.objects.filter(case=case, name=rest).latest("pk"), by=by, entered=values)
    elif verb == "join":
        actions.link(case, Case.objects.get(pk=running.cases[step["to"]].pk), "follows", by=by)
    elif verb == "separate":
        actions.unlink(case, "follows", by=by)
    elif verb == "rate":
        actions.rate(case, values, by=by)
    else:
        raise Failed(f"nobody can '{what}' here")


def _report(step: dict[str, Any], running: Play, entered: dict[str, Any]) -> None:
    who = step["who"]
    case_id = ids.new_id()
    stub = Case(id=case_id)
    by: Actor = Party() if who == "resident" else running.stage.staff(who)
    source = str(entered.pop("source", _SOURCES.get(who, "hotline")))
    about = actions.About(
        **{kind: _about(kind, name, running) for kind, name in step.get("about", {}).items()}
    )
    taken = actions.take_in(
        case_id,
        running.playbook.procedure.procedure,
        _values(entered, running, stub),
        by=by,
        source=source,
        bound_to=who,
        about=about,
    )
    running.cases[step.get("case", "it")] = taken.case


def _about(kind: str, name: str, running: Play) -> int:
    stage = running.stage
    named = {"unit": stage.units.get(name), "post": stage.posts.get(name), "person": stage.people.get(name)}
    row = named.get(kind)
    if row is None:
        raise Failed(f"there is no {kind} '{name}' to complain about")
    return int(row.pk)


def _case(step: dict[str, Any], running: Play) -> Case:
    return Case.objects.get(pk=running.cases[step.get("case", "it")].pk)


def _actor(who: str, running: Play, case: Case) -> Actor:
    return Party(id=case.reporter) if who == "resident" else running.stage.staff(who)


def _values(entered: dict[str, Any], running: Play, case: Case) -> dict[str, Any]:
    """Names of the stage become what forms would send; a number of pictures becomes pictures."""
    values: dict[str, Any] = {}
    for name, given in entered.items():
        rule = running.playbook.procedure.fields.get(name)
        kind = rule.type if rule else ""
        if kind == "unit":
            names = given if isinstance(given, list) else [given]
            codes = [running.stage.units[one].code if one in running.stage.units else one for one in names]
            values[name] = codes if isinstance(given, list) else codes[0]
        elif kind == "area":
            values[name] = running.stage.areas[given].code if given in running.stage.areas else given
        elif kind == "place" and isinstance(given, str):
            values[name] = (
                {"area": running.stage.areas[given].code}
                if given in running.stage.areas
                else {"words": given}
            )
        elif kind == "picture" and isinstance(given, str) and given.isdigit():
            values[name] = [str(files.take_picture(case.pk, _picture(n, name)).pk) for n in range(int(given))]
        elif kind == "time":
            values[name] = str(_time(given, running.now))
        else:
            values[name] = given
    return values


def _picture(n: int, name: str) -> io.BytesIO:
    made = io.BytesIO()
    Image.new("RGB", (32, 24), (40 * n % 255, len(name) * 9 % 255, 90)).save(made, "JPEG")
    made.seek(0)
    return made


def _expect(wanted: dict[str, Any], running: Play, case: Case) -> None:
    for what, value in wanted.items():
        found = _LOOK[what](case) if what in _LOOK else _look_deeper(what, case)
        if found != value:
            raise Failed(f"{what} is {found!r}, not {value!r}")


def _look_deeper(what: str, case: Case) -> Any:
    kind, _, name = what.partition(" ")
    if kind == "clock":
        clock = CaseClock.objects.filter(case=case, name=name).order_by("-run").first()
        return clock.status if clock else "none"
    if kind == "due":
        clock = CaseClock.objects.filter(case=case, name=name).order_by("-run").first()
        return timezone.localtime(clock.due_at).strftime("%Y-%m-%d %H:%M") if clock else "none"
    if kind == "counted":
        return str(sum(Fact.objects.filter(case=case.pk, what=name).values_list("n", flat=True)))
    if kind == "ask":
        question = Ask.objects.filter(case=case, name=name).order_by("-pk").first()
        return question.state if question else "none"
    if kind == "told":
        role = {"reporter": {"to_kind": "reporter"}}.get(name, {"to_kind__in": ["post", "unit"]})
        return str(Message.objects.filter(case=case, **role).count())
    raise Failed(f"nobody can look at '{what}'")


_LOOK: dict[str, Callable[[Case], Any]] = {
    "state": lambda case: case.state,
    "kind": lambda case: case.state_kind,
    "outcome": lambda case: case.outcome,
    "owner": lambda case: case.owner_role,
    "owner_post": lambda case: str(case.owner_post or ""),
    "class": lambda case: case.class_code,
    "next_clock": lambda case: case.next_clock,
    "located": lambda case: "yes" if case.area_id else "no",
    "number": lambda case: case.number[:2],
}


def _time(said: str | None, before: datetime | None) -> datetime:
    """`2026-11-20 09:12`, or `+8m`, `+3h`, `+2d` after the step before."""
    if said is None:
        return (before or datetime(2026, 11, 20, 1, 0, tzinfo=moments.now().tzinfo)) + timedelta(
            minutes=1 if before else 0
        )
    if found := re.fullmatch(r"\+(\d+)([mhd])", said):
        assert before is not None  # noqa: S101  (a story does not begin with “later”)
        return before + timedelta(**{{"m": "minutes", "h": "hours", "d": "days"}[found[2]]: int(found[1])})
    return timezone.make_aware(datetime.fromisoformat(said))


def _let_time_pass(running: Play) -> None:
    """Between two steps the worker wakes whenever a clock runs out, in order."""
    assert running.now is not None  # noqa: S101  (`play` set it)
    while True:
        alarms = Case.objects.filter(
            pk__in=[c.pk for c in running.cases.values()], alarm_at__lte=running.now
        ).order_by("alarm_at")
        first = alarms.first()
        if first is None or first.alarm_at is None:
            return
        with moments.at(first.alarm_at):
            ticking.tick()
            _work()


def _work() -> None:
    while outbox.work_off():
        pass
    while counting.fold():
        pass
