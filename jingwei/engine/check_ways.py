"""Does every way through a procedure have somebody who answers, a clock that runs, and an end?"""

from __future__ import annotations

from collections.abc import Iterator

from jingwei.engine import ways
from jingwei.engine.definition import Procedure

Says = tuple[tuple[str | int, ...], str]


def says(p: Procedure) -> Iterator[Says]:
    """What is wrong, with where it stands.

    Nothing while a move or an ask names what is not there (said elsewhere).
    """
    if not any(state.kind == "new" for state in p.states.values()):
        return
    yield from _ends(p)
    seen: set[str] = set()
    for place, step in ways.places(p):
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
    reached = ways.reached(p, p.start)
    for name in p.states:
        final = p.is_final(name)
        if name not in reached:
            yield ("states", name), "no way leads to it"
        elif not final and not any(
            step.to != name for step in ways.steps_from(p, name) if step.part == "moves"
        ):
            yield ("states", name), "no move leads out of it"
        elif not any(p.is_final(end) for end in ways.reached(p, name)):
            yield ("states", name), "a case that comes here can never end"
