"""The named changes of state that a procedure may list under `then:`. They run inside the move's transaction.

To add one: write the function here with a docstring that says it to a non-programmer, register it in EFFECTS
with its arguments, name it in a playbook and in `web/admin/reference.py`, test it, and name it in
docs/procedures.md (a test looks).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from fractions import Fraction

from django.utils.dateparse import parse_datetime

from jingwei.engine.change import CaseChange
from jingwei.engine.definition import Verb, share_of
from jingwei.engine.models import Fact, Rating
from jingwei.kernel import rows
from jingwei.kernel.calendar import Limit
from jingwei.kernel.refusals import Reason, Refused


def count(change: CaseChange, what: str, args: dict[str, str]) -> None:
    """Add one to a counter of the case, and to the counts."""
    change.count(what)
    change.fact(what)


def restart(change: CaseChange, what: str, args: dict[str, str]) -> None:
    """End the run of a clock and begin anew, with a share of the limit if one is named."""
    change.clocks.restart(change.case.state, what, share=share_of(args.get("share", "1/1")), at=change.at)


def extend(change: CaseChange, what: str, args: dict[str, str]) -> None:
    """Move a clock's due time to what was asked for, by at most the original limit (or `most` of it)."""
    asked = parse_datetime(str(change.asked_values.get(args.get("to", "new_due"), "")))
    running = next(
        (clock for clock in change.clocks.rows if clock.name == what and clock.status != "ended"), None
    )
    if asked is None or running is None:
        raise Refused(Reason("nothing-to-extend"))
    share: Fraction = share_of(args.get("most", "1/1"))
    limit = Limit.parse(running.limit).times(share) if share != 1 else Limit.parse(running.limit)
    latest = change.clocks.calendar.due(running.due_at, limit)
    if asked > latest or asked <= running.due_at:
        raise Refused(
            Reason(
                "extension-out-of-range", args.get("to", "new_due"), {"from": running.due_at, "to": latest}
            )
        )
    change.clocks.extend(what, asked)
    change.count("extended")


def recompute(change: CaseChange, what: str, args: dict[str, str]) -> None:
    """Class or urgency were corrected: the running clocks take the limits they would have had."""
    change.clocks.recompute(urgency=change.case.urgency, standards=change.standards())


def lift(change: CaseChange, what: str, args: dict[str, str]) -> None:
    """Hand the case one tier up: from a unit to the unit above it, from a post to the next filled seat.

    The clocks go on.
    """
    change.lift()


def clear(change: CaseChange, what: str, args: dict[str, str]) -> None:
    """Take back a value, such as the unit that was wrongly chosen; it stays in the story."""
    if what == "lead_unit":
        change.lead(None)
    change.case.values = {name: value for name, value in change.case.values.items() if name != what}


def mark(change: CaseChange, what: str, args: dict[str, str]) -> None:
    """List the case under a heading that is looked through every month (forced closings, suspensions)."""
    change.count(f"listed_{what}")
    change.fact(f"listed:{what}")


def review(change: CaseChange, what: str, args: dict[str, str]) -> None:
    """Look at it again every so many days, as long as the state lasts."""
    days = int(what.removeprefix("every ").removesuffix("d"))
    change.detail["review_on"] = (change.at + timedelta(days=days)).date().isoformat()


def take_rating(change: CaseChange, what: str, args: dict[str, str]) -> None:
    """What the reporter says in this call counts as the rating of a callback.

    A later call takes the place of an earlier one.
    """
    rule, reached = change.procedure.rating, change.entered.get("reached", "reached")
    if rule is None or reached != "reached":
        return
    missing = [Reason("missing", name) for name in rule.questions if name not in change.entered]
    if missing:
        raise Refused(*missing)
    answers = {name: change.entered[name] for name in rule.questions}
    earlier = Rating.objects.filter(case_id=change.case.pk, by=what).first()
    if earlier is None:
        change.inserts.append(
            Rating(case_id=change.case.pk, by=what, answers=answers, seq=change.case.seq, at=change.at)
        )
        change.count(f"rated_{what}")
    else:
        change.updates.append(
            rows.Update(earlier, {"answers": answers, "seq": change.case.seq, "at": change.at})
        )
        _take_back(change, [f"rated:{what}:{name}:{said}" for name, said in earlier.answers.items()])
    for name, said in answers.items():
        change.fact(f"rated:{what}:{name}:{said}")


def _take_back(change: CaseChange, whats: list[str]) -> None:
    """Count facts no longer, under the day, place and unit that they were counted under."""
    for what in whats:
        fact = Fact.objects.filter(case=change.case.pk, what=what, n=1).order_by("-id").first()
        if fact is not None:
            fact.pk, fact.n, fact.folded, fact.recorded_at = None, -1, False, change.at
            fact._state.adding = True
            change.inserts.append(fact)


@dataclass(frozen=True, slots=True)
class Effect:
    """A verb, what its object must be, and its arguments."""

    run: Callable[[CaseChange, str, dict[str, str]], None]
    what: str
    args: tuple[str, ...] = ()


#: `what` says to the checker what the object names
EFFECTS: dict[str, Effect] = {
    "count": Effect(count, "word"),
    "restart": Effect(restart, "clock", ("share",)),
    "extend": Effect(extend, "clock", ("to", "most")),
    "recompute": Effect(recompute, "clocks"),
    "raise": Effect(lift, "owner"),
    "clear": Effect(clear, "field"),
    "list": Effect(mark, "word"),
    "review": Effect(review, "every"),
    "rate": Effect(take_rating, "rater"),
}

#: what may stand under `tell:`; the outbox does it after the commit (engine/telling.py)
TELLS = {"notify": "role", "ask_rating": "role"}

#: what may stand under `late:` besides the tells: the system takes a move
LATE = {"do": "move"}


def apply(change: CaseChange, verbs: tuple[Verb, ...]) -> None:
    """Run the verbs of a move in their order."""
    for verb in verbs:
        EFFECTS[verb.verb].run(change, verb.what, verb.args)
