"""Every way a case can take through a procedure, walked with its real clocks, before a single case takes one.

The checker asks here whether somebody answers and a clock runs wherever a way can lead: after a rework, a
return, a reopening.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

from jingwei.engine.clocks import Clocks
from jingwei.engine.definition import Procedure, Verb, share_of
from jingwei.kernel.calendar import Calendar

#: when all of it happens: here only the order counts
_THEN = datetime(2026, 11, 20, 9, tzinfo=UTC)
_CALENDAR = Calendar(ZoneInfo("UTC"))


Says = tuple[tuple[str | int, ...], str]


@dataclass(slots=True)
class _Run:
    """A run of a clock without a database row behind it: thousands are made in one look."""

    name: str
    status: str
    paused_at: datetime | None = None
    run: int = 1
    limit: str = "1h"
    started_at: datetime = _THEN
    due_at: datetime = _THEN
    ended_at: datetime | None = None
    late_noted_at: datetime | None = None
    certain: bool = True


@dataclass(frozen=True, slots=True)
class Step:
    """A move, or the decision of an ask, that leads from a state to another (or stays)."""

    name: str
    to: str
    then: tuple[Verb, ...]
    enters: tuple[str, ...] = ()
    part: str = "moves"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a case may stand: its state, its clocks (name, status), and whether a unit was named to lead."""

    state: str
    clocks: frozenset[tuple[str, str]]
    led: bool

    def runs(self) -> list[str]:
        """The clocks that run here."""
        return sorted(name for name, status in self.clocks if status == "running")


def steps_from(p: Procedure, state: str) -> Iterator[Step]:
    """Everything that can be done in a state and that exists in the procedure."""
    for name, move in p.moves.items():
        to = state if move.to == "same" else move.to
        if p.leads_from(move, state) and to in p.states:
            yield Step(name, to, move.then, (*move.needs, *move.has))
    for name, ask in p.asks.items():
        for decision in (ask.granted, ask.refused) if state in ask.while_ else ():
            if decision.to is None or decision.to in p.states:
                yield Step(name, decision.to or state, decision.then, part="asks")


def reached(p: Procedure, start: str) -> set[str]:
    """The states that a case can come to from one, that one among them."""
    found, waiting = set(), [start]
    while waiting:
        state = waiting.pop()
        if state not in found:
            found.add(state)
            waiting += [step.to for step in steps_from(p, state)]
    return found


def places(p: Procedure) -> Iterator[tuple[Place, Step | None]]:
    """Every place a case can stand in, with a step that led there (None: it begins there)."""
    begin = _go(p, None, Step("", p.start, (), p.intake.needs))
    seen, waiting = {begin}, [begin]
    yield begin, None
    while waiting:
        place = waiting.pop()
        for step in steps_from(p, place.state):
            to = _go(p, place, step)
            if to not in seen:
                seen.add(to)
                waiting.append(to)
                yield to, step


def _go(p: Procedure, here: Place | None, step: Step) -> Place:
    """Take a step. A clock that waits for a value (`has`) is taken not to run: nobody may count on it."""
    rows: list[Any] = [_Run(*one, _THEN) for one in sorted(here.clocks)] if here else []
    clocks = Clocks(p, _CALENDAR, "normal", {}, rows, new_row=_Run)  # type: ignore[arg-type]
    clocks.turn(here.state if here else "", step.to, at=_THEN, move=step.name)
    led = (here is not None and here.led) or "lead_unit" in step.enters
    for verb in step.then:
        if verb.verb == "restart" and verb.what in p.clocks:
            clocks.restart(step.to, verb.what, share=_share(verb), at=_THEN)
        elif (verb.verb, verb.what) == ("clear", "lead_unit"):
            led = False
    latest = {row.name: row.status for row in clocks.rows}
    return Place(step.to, frozenset(latest.items()), led)


def _share(verb: Verb) -> Fraction:
    try:
        return share_of(verb.args.get("share", "1/1")) or Fraction(1)
    except (ValueError, ZeroDivisionError):
        return Fraction(1)


def says(p: Procedure) -> Iterator[Says]:
    """What is wrong, with where it stands.

    Nothing while a move or an ask names what is not there (said elsewhere).
    """
    if not any(state.kind == "new" for state in p.states.values()):
        return
    yield from _ends(p)
    seen: set[str] = set()
    for place, step in places(p):
        state = p.states[place.state]
        if p.is_final(place.state):
            continue
        by = f", coming by '{step.name}'" if step else ""
        if not place.runs() and f"clock {place.state}" not in seen:
            seen.add(f"clock {place.state}")
            yield ("states", place.state), f"no clock runs in it{by}: every state that is not final has one"
        owner = p.roles.get(state.owner or "")
        if owner and owner.is_ == "lead_unit" and not place.led and f"owner {place.state}" not in seen:
            seen.add(f"owner {place.state}")
            yield ("states", place.state), f"no unit was named to lead it yet{by}: nobody would own it"


def _ends(p: Procedure) -> Iterator[Says]:
    from_start = reached(p, p.start)
    for name in p.states:
        final = p.is_final(name)
        if name not in from_start:
            yield ("states", name), "no way leads to it"
        elif not final and not any(step.to != name for step in steps_from(p, name) if step.part == "moves"):
            yield ("states", name), "no move leads out of it"
        elif not any(p.is_final(end) for end in reached(p, name)):
            yield ("states", name), "a case that comes here can never end"
