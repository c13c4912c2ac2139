"""Is a playbook sound? Explains what is wrong in plain sentences with the line, before anybody may publish it.

Form (unknown words, wrong types) is found while reading; here is what hangs together across the file: states and roles that are
named but not there, open states without owner or clock, fields that nobody declared, words without a text, and what the rights
ledger forbids.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from jingwei.engine import library
from jingwei.engine.conditions import CONDITIONS
from jingwei.engine.definition import Procedure, Verb, share_of
from jingwei.engine.effects import EFFECTS, LATE, TELLS
from jingwei.engine.library import Playbook, Problem
from jingwei.kernel import strict_yaml
from jingwei.kernel.privacy import DENIED
from jingwei.registry.roles import roles as post_roles

Where = tuple[str | int, ...]
Says = tuple[Where, str]

#: groups of people who may be named in seen_by and who besides the roles
GROUPS = {"participants", "everyone"}


def folders() -> list[Path]:
    """Every playbook that ships with the project."""
    return sorted(file.parent for file in library.PLAYBOOKS.glob("*/procedure.yaml"))


def problems(folder: Path) -> list[Problem]:
    """Everything wrong with the playbook in a folder; an empty list means it may be published."""
    playbook, found = library.read_folder(folder)
    if playbook is None:
        return found
    return found + problems_of(playbook)


def problems_of(playbook: Playbook) -> list[Problem]:
    """Everything wrong with a playbook that could be read."""
    document = strict_yaml.read(playbook.files["procedure.yaml"])
    p = playbook.procedure
    said = [
        *_roles(p), *_fields(p), *_states(p), *_moves(p), *_asks_and_tasks(p), *_clocks(p), *_rating(p), *_reachable(p), *_rights(p),
    ]  # fmt: skip
    found = [
        Problem("procedure.yaml", document.line(where), f"{'.'.join(map(str, where))}: {why}")
        for where, why in said
    ]
    return found + list(_texts(playbook))


def _roles(p: Procedure) -> Iterator[Says]:
    for name, role in p.roles.items():
        if role.post and role.post not in post_roles():
            yield ("roles", name, "post"), f"there is no post role '{role.post}' (see roles.yaml)"
        for other in role.not_:
            if other not in p.roles:
                yield ("roles", name, "not"), f"there is no role '{other}'"
    for reader in p.readers:
        if reader not in post_roles():
            yield ("readers",), f"there is no post role '{reader}' (see roles.yaml)"


def _fields(p: Procedure) -> Iterator[Says]:
    for name, field in p.fields.items():
        for seer in field.seen_by:
            if seer not in p.roles and seer not in GROUPS:
                yield ("fields", name), f"seen_by names '{seer}', which is no role"
        if field.type == "one_of" and not field.of:
            yield ("fields", name), "one_of needs its list of codes: of: reasons"
        if field.level in ("L2", "L3") and "everyone" in field.seen_by:
            yield ("fields", name), f"a value of level {field.level} cannot be seen by everyone"
        if field.level in ("L2", "L3") and field.type not in ("text", "line", "phone"):
            yield ("fields", name), f"a value of level {field.level} must be a text or a phone"
    yield from _names(p, ("intake",), p.intake.fields)


def _states(p: Procedure) -> Iterator[Says]:
    if not any(state.kind == "new" for state in p.states.values()):
        yield ("states",), "no state is of kind new: where does a case begin?"
    for name, state in p.states.items():
        final = p.is_final(name)
        if (
            final
            and not state.outcome
            and any(move.to == name and not move.outcome for move in p.moves.values())
        ):
            yield ("states", name), "a final state needs an outcome (or every move into it)"
        if not final and not state.owner:
            yield ("states", name), "nobody owns it: every state that is not final has an owner"
        if state.owner and state.owner not in p.roles:
            yield ("states", name, "owner"), f"there is no role '{state.owner}'"
        if not final and not any(_runs_in(p, clock, name) for clock in p.clocks):
            yield ("states", name), "no clock runs in it: every state that is not final has one"
        if not final and not any(
            p.leads_from(move, name) and move.to not in ("same", name) for move in p.moves.values()
        ):
            yield ("states", name), "no move leads out of it"


def _moves(p: Procedure) -> Iterator[Says]:
    for name, move in p.moves.items():
        here: Where = ("moves", name)
        for state in move.from_:
            if state not in p.states and state != "any_open":
                yield (*here, "from"), f"there is no state '{state}'"
        if move.to not in p.states and move.to != "same":
            yield (*here, "to"), f"there is no state '{move.to}'"
        yield from _who(p, (*here, "who"), move.who)
        yield from _names(p, here, (*move.needs, *move.has, *move.may))
        yield from _conditions((*here, "if"), move.if_)
        yield from _then(p, (*here, "then"), move.then)
        yield from _tell(p, (*here, "tell"), move.tell)
    for name, link in p.links.items():
        yield from _who(p, ("links", name), (*link.by, *link.undo_by))


def _asks_and_tasks(p: Procedure) -> Iterator[Says]:
    for name, ask in p.asks.items():
        here: Where = ("asks", name)
        yield from _known_states(p, here, ask.while_)
        yield from _who(p, (*here, "by"), ask.by)
        yield from _who(p, (*here, "decided_by"), ask.decided_by)
        yield from _names(p, here, ask.needs)
        yield from _conditions((*here, "if"), ask.if_)
        for word, decision in (("granted", ask.granted), ("refused", ask.refused)):
            if decision.to and decision.to not in p.states:
                yield (*here, word), f"there is no state '{decision.to}'"
            yield from _then(p, (*here, word), decision.then)
            yield from _tell(p, (*here, word), decision.tell)
    for name, task in p.tasks.items():
        here = ("tasks", name)
        yield from _known_states(p, here, task.while_)
        yield from _who(p, (*here, "given_by"), (*task.given_by, task.to))
        yield from _names(p, here, (*task.needs, *task.answer))
        if task.joins and task.joins not in p.moves:
            yield (*here, "joins"), f"there is no move '{task.joins}'"
        if task.joins and "tasks_answered" not in p.moves[task.joins].if_:
            yield (
                (*here, "joins"),
                f"the move '{task.joins}' must say if: tasks_answered, or it will not wait",
            )


def _clocks(p: Procedure) -> Iterator[Says]:
    for name, clock in p.clocks.items():
        here: Where = ("clocks", name)
        yield from _known_states(p, here, (*clock.while_, *clock.pauses_in))
        if not clock.while_ and not clock.starts:
            yield here, "say when it runs: while: a state, or starts: {entering: a state}"
        if clock.starts and clock.starts.entering and clock.starts.entering not in p.states:
            yield (*here, "starts"), f"there is no state '{clock.starts.entering}'"
        for move in (clock.starts.at, clock.starts.if_late) if clock.starts else ():
            if move and move not in p.moves:
                yield (*here, "starts"), f"there is no move '{move}'"
        for share in clock.warn:
            if not _is_share(share):
                yield (*here, "warn"), f"'{share}' is no share: write 50% or 1/2"
        if clock.late != "slips":
            for verb in clock.late:
                if verb.verb in LATE and verb.what not in p.moves:
                    yield (*here, "late"), f"there is no move '{verb.what}'"
                elif verb.verb not in LATE:
                    yield from _tell(p, (*here, "late"), (verb,))


def _rating(p: Procedure) -> Iterator[Says]:
    if p.rating:
        yield from _known_states(p, ("rating",), (p.rating.asked,))
        yield from _who(p, ("rating",), (p.rating.of, *p.rating.callback_by))
        yield from _names(p, ("rating",), p.rating.questions)


def _reachable(p: Procedure) -> Iterator[Says]:
    """Every state can be reached, and every case can end."""
    steps = {
        name: {move.to for move in p.moves.values() if p.leads_from(move, name) and move.to != "same"}
        for name in p.states
    }
    for ask in p.asks.values():
        for state in ask.while_:
            steps[state] |= {d.to for d in (ask.granted, ask.refused) if d.to}
    if any(to not in p.states for tos in steps.values() for to in tos) or not any(
        s.kind == "new" for s in p.states.values()
    ):
        return  # said above
    reached = _from(p.start, steps)
    for name in p.states:
        if name not in reached:
            yield ("states", name), "no way leads to it"
        elif not any(p.is_final(end) for end in _from(name, steps)):
            yield ("states", name), "a case that comes here can never end"


def _rights(p: Procedure) -> Iterator[Says]:
    """What the rights ledger forbids (docs/rights.md)."""
    for name in (*p.fields, *p.states, *p.roles):
        if word := next((word for word in DENIED if word in name), None):
            yield (
                ("fields", name),
                f"the rights ledger forbids what '{word}' means: no person is listed, tracked or scored here",
            )


def _texts(playbook: Playbook) -> Iterator[Problem]:
    """Every word that people see has a Chinese and an English text, and no text is about nothing."""
    p = playbook.procedure
    wanted = [("name",)]
    wanted += [
        (part, name)
        for part, names in (
            ("roles", p.roles),
            ("sources", p.sources),
            ("states", p.states),
            ("clocks", p.clocks),
        )
        for name in names
    ]
    wanted += [
        (part, name, "label")
        for part, names in (
            ("moves", p.moves),
            ("asks", p.asks),
            ("tasks", p.tasks),
            ("fields", p.fields),
            ("links", p.links),
        )
        for name in names
    ]
    wanted += [
        (part, name, "done")
        for part, names in (("moves", p.moves), ("asks", p.asks), ("tasks", p.tasks))
        for name in names
    ]
    wanted += [("headline", name) for name in p.states] + [
        ("next", name) for name in p.states if not p.is_final(name)
    ]
    outcomes = {state.outcome for state in p.states.values() if state.outcome} | {
        move.outcome for move in p.moves.values() if move.outcome
    }
    wanted += [("outcomes", name) for name in sorted(outcomes)]
    lists = sorted(
        {field.of for field in p.fields.values() if field.type == "one_of" and isinstance(field.of, str)}
    )
    for language, texts in playbook.texts.items():
        for path in wanted:
            if not texts.get(*path):
                yield Problem(f"texts/{language}.yaml", 1, f"no text for {'.'.join(path)}")
        for name in lists:
            other = playbook.texts["en" if language == "zh" else "zh"]
            for code in sorted({*texts.part("codes", name), *other.part("codes", name)} or {""}):
                if not texts.get("codes", name, code):
                    yield Problem(
                        f"texts/{language}.yaml", 1, f"no text for codes.{name}{'.' + code if code else ''}"
                    )


def _runs_in(p: Procedure, clock: str, state: str) -> bool:
    rule = p.clocks[clock]
    return state in rule.while_ or (not rule.while_ and state not in rule.pauses_in)


def _who(p: Procedure, where: Where, names: Iterable[str]) -> Iterator[Says]:
    for name in names:
        if name not in p.roles and name != "participants":
            yield where, f"there is no role '{name}'"


def _names(p: Procedure, where: Where, names: Iterable[str]) -> Iterator[Says]:
    for name in names:
        if name not in p.fields:
            yield where, f"there is no field '{name}': declare it under fields"


def _known_states(p: Procedure, where: Where, names: Iterable[str]) -> Iterator[Says]:
    for name in names:
        if name not in p.states:
            yield where, f"there is no state '{name}'"


def _conditions(where: Where, names: Iterable[str]) -> Iterator[Says]:
    for name in names:
        if name not in CONDITIONS:
            yield where, f"there is no condition '{name}'; there are: {', '.join(sorted(CONDITIONS))}"


def _then(p: Procedure, where: Where, verbs: Iterable[Verb]) -> Iterator[Says]:
    for verb in verbs:
        effect = EFFECTS.get(verb.verb)
        if effect is None:
            yield where, f"there is no effect '{verb.verb}'; there are: {', '.join(sorted(EFFECTS))}"
            continue
        if effect.what == "clock" and verb.what not in p.clocks:
            yield where, f"{verb.verb}: there is no clock '{verb.what}'"
        if effect.what == "field" and verb.what not in p.fields:
            yield where, f"{verb.verb}: there is no field '{verb.what}'"
        for name, value in verb.args.items():
            if name not in effect.args:
                yield where, f"{verb.verb} takes no '{name}'"
            elif name in ("share", "most") and not _is_share(value):
                yield where, f"{verb.verb}: '{value}' is no share: write 1/2 or 50%"


def _tell(p: Procedure, where: Where, verbs: Iterable[Verb]) -> Iterator[Says]:
    for verb in verbs:
        if verb.verb not in TELLS:
            yield where, f"there is nothing to tell with '{verb.verb}'; there are: {', '.join(sorted(TELLS))}"
        elif verb.what not in p.roles:
            yield where, f"{verb.verb}: there is no role '{verb.what}'"


def _is_share(text: str) -> bool:
    try:
        return 0 < share_of(text) <= 1
    except (ValueError, ZeroDivisionError):
        return False


def _from(start: str, steps: dict[str, set[str]]) -> set[str]:
    reached, waiting = set(), [start]
    while waiting:
        state = waiting.pop()
        if state not in reached:
            reached.add(state)
            waiting += steps[state]
    return reached
