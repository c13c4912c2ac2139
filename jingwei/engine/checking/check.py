"""Is a playbook sound? Says what is wrong in plain sentences with the line, before anybody may publish it.

Form (unknown words, wrong types) is found while reading; here is what hangs together across the file: states
and roles that are named but not there, words that the engine could not carry out, values that people must not
see or nobody ever asks for. Whether every way through it has an owner, a clock and an end, `ways` says;
what its texts lack, `texts`; what the rights ledger forbids, `rights`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from jingwei.engine import library
from jingwei.engine.checking import rights, texts, ways
from jingwei.engine.conditions import CONDITIONS, LOOKS_AT
from jingwei.engine.definition import AskRule, FieldRule, Procedure, Verb, share_of
from jingwei.engine.effects import EFFECTS, LATE, TELLS
from jingwei.engine.library import Playbook, Problem
from jingwei.kernel import strict_yaml
from jingwei.registry.models.areas import TIERS
from jingwei.registry.roles import roles as post_roles

Where = tuple[str | int, ...]
Says = tuple[Where, str]

#: groups of people who may be named in seen_by and who besides the roles
GROUPS = {"participants", "everyone"}

#: fields that the engine itself reads, and what they must be
KNOWN_FIELDS = {
    "description": "text", "class": "class", "area": "area", "place": "place", "urgency": "one_of",
    "lead_unit": "unit",
    "inside_unit": "unit", "reporter_contact": "phone", "reason": "text", "result": "text", "reply": "text",
    "remark": "text",
    "reached": "one_of", "solved": "one_of", "satisfied": "one_of",
}  # fmt: skip

#: how long a name may be where the database keeps it
LONGEST = {"roles": 32, "clocks": 24, "links": 16}
LONGEST_OUTCOME, LONGEST_SOURCE, LONGEST_QUESTION, LONGEST_VERSION = 32, 24, 16, 1_000_000

#: counters that the engine keeps itself, and facts that it counts
TAKEN = {"part", "asks", "tasks", "followers", "follows", "extended", "in", "open", "given", "reopened"}

_KEEP = re.compile(r"\d{1,4}[dmy] after end")
_EVERY = re.compile(r"every [1-9]\d{0,3}d")


def folders() -> list[Path]:
    """Every playbook that ships with the project."""
    return sorted(file.parent for file in library.PLAYBOOKS.glob("*/procedure.yaml"))


def problems(folder: Path) -> list[Problem]:
    """Everything wrong with the playbook in a folder; an empty list means it may be published."""
    playbook, found = library.read_folder(folder)
    return found if playbook is None else problems_of(playbook)


def problems_of(playbook: Playbook) -> list[Problem]:
    """Everything wrong with a playbook that could be read."""
    document = strict_yaml.read(playbook.files["procedure.yaml"])
    p = playbook.procedure
    said = [says for part in _PARTS for says in part(p)]
    said += [*ways.says(p), *rights.names(p)]
    found = [
        Problem("procedure.yaml", document.line(where), f"{'.'.join(map(str, where))}: {why}")
        for where, why in said
    ]
    return [*found, *texts.says(playbook), *rights.texts(playbook)]


# ---------------------------------------------------------------- parts of the file


def _head(p: Procedure) -> Iterator[Says]:
    if not 0 < p.version <= LONGEST_VERSION:
        yield ("version",), "versions are counted from 1"
    for part, most in LONGEST.items():
        for name in getattr(p, part):
            if len(name) > most:
                yield (part, name), f"the name is too long: at most {most} letters"
    for source in p.sources:
        if len(source) > LONGEST_SOURCE:
            yield ("sources",), f"'{source}' is too long: at most {LONGEST_SOURCE} letters"
    for reader in p.readers:
        if reader not in post_roles():
            yield ("readers",), f"there is no post role '{reader}' (see roles.yaml)"
    yield from _names(p, ("intake",), p.intake.fields)


def _roles(p: Procedure) -> Iterator[Says]:
    for name, role in p.roles.items():
        if role.post and role.post not in post_roles():
            yield ("roles", name, "post"), f"there is no post role '{role.post}' (see roles.yaml)"
        if role.at and role.at not in TIERS:
            yield ("roles", name, "at"), f"there is no tier '{role.at}'; there are: {', '.join(TIERS)}"
        for other in role.not_:
            if other not in p.roles:
                yield ("roles", name, "not"), f"there is no role '{other}'"


def _fields(p: Procedure) -> Iterator[Says]:
    entered = _ever_entered(p)
    for name, field in p.fields.items():
        here: Where = ("fields", name)
        for seer in field.seen_by:
            if seer not in p.roles and seer not in GROUPS:
                yield here, f"seen_by names '{seer}', which is no role"
        if name in KNOWN_FIELDS and field.type != KNOWN_FIELDS[name]:
            yield here, f"the engine reads '{name}' itself: its type must be {KNOWN_FIELDS[name]}"
        if field.type == "one_of" and not field.of:
            yield here, "one_of needs its list of codes: of: reasons"
        if field.type != "one_of" and field.of:
            yield here, f"only one_of has a list of codes, and this is a {field.type}"
        if field.many < 1 or (field.many > 1 and name in KNOWN_FIELDS):
            yield here, f"many: {field.many} cannot be here"
        if name not in entered:
            yield here, "nobody ever enters it: leave it out"
        yield from _privacy(here, field)


def _privacy(here: Where, field: FieldRule) -> Iterator[Says]:
    """What the levels mean.

    L0 may be public, L1 is for participants, L2 reaches a person and is for the roles named.
    """
    if field.level in ("L2", "L3"):
        if seers := sorted(GROUPS & set(field.seen_by)):
            yield (
                here,
                f"a value of level {field.level} cannot be seen by {seers[0]}: name the roles that need it",
            )
        if field.type not in ("text", "line", "phone"):
            yield here, f"a value of level {field.level} must be a text or a phone"
        if field.many > 1:
            yield here, f"a value of level {field.level} is one value, not many"
    elif field.type == "phone":
        yield here, "a telephone number reaches a person: its level is L2"
    if field.level == "L1" and "everyone" in field.seen_by:
        yield here, "a value of level L1 is for those who take part, not for everyone"
    if field.level == "L0" and field.type in ("text", "line", "picture", "place"):
        yield here, f"a {field.type} can say anything about anybody: its level is L1 at least"
    if field.level == "L3":
        yield here, "a value of level L3 needs a separate consent, and no playbook can ask for one yet"
    if not _KEEP.fullmatch(field.keep):
        yield here, f"keep: '{field.keep}' ends never: write how long, like 90d after end or 3y after end"
    if not field.purpose.strip(" -") or not field.basis.strip(" -"):
        yield here, "say for what purpose and on what basis it is asked for"


def _states(p: Procedure) -> Iterator[Says]:
    if not any(state.kind == "new" for state in p.states.values()):
        yield ("states",), "no state is of kind new: where does a case begin?"
    outcomes = [("states", name, state.outcome) for name, state in p.states.items()]
    outcomes += [("moves", name, move.outcome) for name, move in p.moves.items()]
    for part, name, outcome in outcomes:
        if outcome and len(outcome) > LONGEST_OUTCOME:
            yield (part, name, "outcome"), f"'{outcome}' is too long: at most {LONGEST_OUTCOME} letters"
    for name, state in p.states.items():
        here: Where = ("states", name)
        if p.is_final(name):
            into = [move for move in p.moves.values() if move.to == name]
            decided = any(d.to == name for ask in p.asks.values() for d in (ask.granted, ask.refused))
            if not state.outcome and (decided or not all(move.outcome for move in into)):
                yield here, "a final state needs an outcome (or every move into it)"
            continue
        if state.outcome:
            yield (*here, "outcome"), "only a final state has an outcome"
        if not state.owner:
            yield here, "nobody owns it: every state that is not final has an owner"
        elif state.owner not in p.roles:
            yield (*here, "owner"), f"there is no role '{state.owner}'"


def _moves(p: Procedure) -> Iterator[Says]:
    for name, move in p.moves.items():
        here: Where = ("moves", name)
        yield from _known_states(p, (*here, "from"), (one for one in move.from_ if one != "any_open"))
        if move.to not in p.states and move.to != "same":
            yield (*here, "to"), f"there is no state '{move.to}'"
        if move.outcome and move.to in p.states and not p.is_final(move.to):
            yield (*here, "outcome"), f"'{move.to}' does not end the case: only an end has an outcome"
        yield from _who(p, (*here, "who"), move.who)
        yield from _names(p, here, (*move.needs, *move.has, *move.may))
        yield from _conditions(p, (*here, "if"), move.if_)
        yield from _then(p, (*here, "then"), move.then)
        yield from _tell(p, (*here, "tell"), move.tell)
    if any(p.fields[name].type == "place" for name in p.intake.fields if name in p.fields):
        correct = p.moves.get("correct")
        if correct is None or not {"area", "reason"} <= {*correct.needs, *correct.may}:
            yield (
                ("moves",),
                "a move 'correct' must take an area and a reason: how else is a case placed later?",
            )
    for name, link in p.links.items():
        here = ("links", name)
        if name != "follows":
            yield here, "the only link so far is 'follows'"
        yield from _known_states(p, here, link.while_)
        yield from _who(p, here, (*link.by, *link.undo_by))


def _asks(p: Procedure) -> Iterator[Says]:
    for name, ask in p.asks.items():
        here: Where = ("asks", name)
        yield from _known_states(p, here, ask.while_)
        yield from _who(p, (*here, "by"), ask.by)
        yield from _who(p, (*here, "decided_by"), ask.decided_by)
        for role in ask.decided_by:
            if role in p.roles and p.roles[role].is_ in ("reporter", "task_unit"):
                yield (*here, "decided_by"), f"'{role}' has no desk that could decide"
        yield from _names(p, here, ask.needs)
        yield from _conditions(p, (*here, "if"), ask.if_)
        for word, decision in (("granted", ask.granted), ("refused", ask.refused)):
            if decision.to and decision.to not in p.states:
                yield (*here, word), f"there is no state '{decision.to}'"
            yield from _then(p, (*here, word), decision.then, ask)
            yield from _tell(p, (*here, word), decision.tell)
    if p.asks and "reason" not in p.fields:
        yield ("asks",), "a refusal gives a reason: declare a field 'reason'"


def _tasks(p: Procedure) -> Iterator[Says]:
    for name, task in p.tasks.items():
        here: Where = ("tasks", name)
        yield from _known_states(p, here, task.while_)
        yield from _who(p, (*here, "given_by"), (*task.given_by, task.to))
        if task.to in p.roles and p.roles[task.to].is_ in ("reporter", "lead_unit"):
            yield (*here, "to"), "work is given to a unit ({is: task_unit}) or to a post"
        yield from _names(p, here, (*task.needs, *task.answer))
        if task.joins and task.joins not in p.moves:
            yield (*here, "joins"), f"there is no move '{task.joins}'"
        elif task.joins and "tasks_answered" not in p.moves[task.joins].if_:
            yield (
                (*here, "joins"),
                f"the move '{task.joins}' must say if: tasks_answered, or it will not wait",
            )


def _clocks(p: Procedure) -> Iterator[Says]:
    for name, clock in p.clocks.items():
        here: Where = ("clocks", name)
        yield from _known_states(p, here, (*clock.while_, *clock.pauses_in))
        yield from _names(p, (*here, "has"), clock.has)
        if not clock.while_ and not clock.starts:
            yield here, "say when it runs: while: a state, or starts: {entering: a state}"
        if clock.starts and bool(clock.starts.entering) == bool(clock.starts.at):
            yield (*here, "starts"), "write {entering: a state} or {at: a move}, one of them"
        if clock.starts and clock.starts.entering and clock.starts.entering not in p.states:
            yield (*here, "starts"), f"there is no state '{clock.starts.entering}'"
        for move in (clock.starts.at, clock.starts.if_late) if clock.starts else ():
            if move and move not in p.moves:
                yield (*here, "starts"), f"there is no move '{move}'"
        for end in clock.ends:
            if end not in p.moves and end != "final":
                yield (*here, "ends"), f"there is no move '{end}'; write a move, or final"
        for share in clock.warn:
            if not _is_share(share):
                yield (*here, "warn"), f"'{share}' is no share: write 50% or 1/2"
        yield from _late(p, name)


def _late(p: Procedure, name: str) -> Iterator[Says]:
    clock, here = p.clocks[name], ("clocks", name, "late")
    for verb in () if clock.late == "slips" else clock.late:
        if verb.verb in LATE:
            move = p.moves.get(verb.what)
            if move is None:
                yield here, f"there is no move '{verb.what}'"
            elif outside := [s for s in clock.while_ if s in p.states and not p.leads_from(move, s)]:
                yield here, f"the move '{verb.what}' cannot be taken in '{outside[0]}', where the clock runs"
            yield from _arguments(here, verb, ("as",))
        elif verb.verb != "notify":
            yield here, f"when time is up there is {{notify: a role}} and {{do: a move}}, not '{verb.verb}'"
        else:
            yield from _tell(p, here, (verb,))


def _rating(p: Procedure) -> Iterator[Says]:
    rule = p.rating
    if rule is None:
        return
    yield from _known_states(p, ("rating", "asked"), rule.asked)
    for state in rule.asked:
        if state in p.states and not p.is_final(state):
            yield ("rating", "asked"), f"'{state}' is not the end: a result is rated when there is one"
    yield from _who(p, ("rating",), (rule.of, *rule.callback_by))
    if rule.of in p.roles and p.roles[rule.of].is_ != "reporter":
        yield ("rating", "of"), "the result is rated by the reporter"
    yield from _names(p, ("rating",), rule.questions)
    for name in rule.questions:
        if name in p.fields and p.fields[name].type != "one_of":
            yield ("rating", "questions"), f"'{name}' must be a one_of: only codes are counted"
        if len(name) > LONGEST_QUESTION:
            yield ("rating", "questions"), f"'{name}' is too long: at most {LONGEST_QUESTION} letters"


_PARTS: tuple[Callable[[Procedure], Iterator[Says]], ...] = (
    _head, _roles, _fields, _states, _moves, _asks, _tasks, _clocks, _rating,
)  # fmt: skip


# ---------------------------------------------------------------- what they name


def _ever_entered(p: Procedure) -> set[str]:
    """The fields that some form asks for."""
    names = {*p.intake.fields, *(p.rating.questions if p.rating else ())}
    for move in p.moves.values():
        names |= {*move.needs, *move.has, *move.may}
    for ask in p.asks.values():
        names |= {*ask.needs, "reason"}
    for task in p.tasks.values():
        names |= {*task.needs, *task.answer}
    return names


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


def _conditions(p: Procedure, where: Where, names: Iterable[str]) -> Iterator[Says]:
    for name in names:
        if name not in CONDITIONS:
            yield where, f"there is no condition '{name}'; there are: {', '.join(sorted(CONDITIONS))}"
        for part, looked_at in LOOKS_AT.get(name, ()):
            if looked_at not in getattr(p, part):
                yield where, f"'{name}' looks at the {part[:-1]} '{looked_at}', which is not there"


def _then(p: Procedure, where: Where, verbs: Iterable[Verb], ask: AskRule | None = None) -> Iterator[Says]:
    for verb in verbs:
        effect = EFFECTS.get(verb.verb)
        if effect is None:
            yield where, f"there is no effect '{verb.verb}'; there are: {', '.join(sorted(EFFECTS))}"
            continue
        if why := _WHATS[effect.what](p, verb.what):
            yield where, f"{verb.verb}: {why}"
        yield from _arguments(where, verb, effect.args)
        if verb.verb == "extend":
            yield from _extension(p, where, verb, ask)


def _extension(p: Procedure, where: Where, verb: Verb, ask: AskRule | None) -> Iterator[Says]:
    """A clock is extended to what was asked for, so somebody must have asked."""
    to = verb.args.get("to", "new_due")
    if ask is None:
        yield where, "extend: only the decision of an ask extends a clock"
    elif to not in ask.needs:
        yield where, f"extend: the ask must need '{to}', or there is nothing to extend to"
    if to in p.fields and p.fields[to].type != "time":
        yield where, f"extend: '{to}' must be a time"


def _arguments(where: Where, verb: Verb, known: tuple[str, ...]) -> Iterator[Says]:
    for name, value in verb.args.items():
        if name not in known:
            yield where, f"{verb.verb} takes no '{name}'"
        elif name in ("share", "most") and not _is_share(value):
            yield where, f"{verb.verb}: '{value}' is no share: write 1/2 or 50%"


def _tell(p: Procedure, where: Where, verbs: Iterable[Verb]) -> Iterator[Says]:
    for verb in verbs:
        if verb.verb not in TELLS:
            yield where, f"there is nothing to tell with '{verb.verb}'; there are: {', '.join(sorted(TELLS))}"
        elif verb.what not in p.roles:
            yield where, f"{verb.verb}: there is no role '{verb.what}'"
        elif p.roles[verb.what].is_ == "task_unit":
            yield where, f"{verb.verb}: '{verb.what}' is told by the task it is given, not here"
        elif verb.verb == "ask_rating" and p.roles[verb.what].is_ != "reporter":
            yield where, "ask_rating: the result is rated by the reporter"
        yield from _arguments(where, verb, ())


def _word(p: Procedure, what: str) -> str:
    if not re.fullmatch(r"[a-z][a-z0-9_]{0,39}", what):
        return f"'{what}' must be small letters, figures and _"
    return f"'{what}' is counted by the engine itself: take another word" if what in TAKEN else ""


#: what the object of an effect must be, by what the effect says of it; the empty string is right
_WHATS: dict[str, Callable[[Procedure, str], str]] = {
    "word": _word,
    "clock": lambda p, what: "" if what in p.clocks else f"there is no clock '{what}'",
    "field": lambda p, what: "" if what in p.fields else f"there is no field '{what}'",
    "clocks": lambda p, what: "" if what == "clocks" else "write {recompute: clocks}",
    "owner": lambda p, what: "" if what == "owner" else "write {raise: owner}",
    "every": lambda p, what: "" if _EVERY.fullmatch(what) else f"'{what}': write how often, like every 30d",
    "rater": lambda p, what: (
        "" if what == "callback" and p.rating else "write {rate: callback}, and what is asked under rating"
    ),
}


def _is_share(text: str) -> bool:
    try:
        return 0 < share_of(text) <= 1
    except (ValueError, ZeroDivisionError):
        return False
