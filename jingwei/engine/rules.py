"""May somebody do something in a case, and why not. Pure: no database, no clock, no request.

Buttons, actions and tests ask the same functions. They return every reason; no reason means yes.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from jingwei.engine.definition import AskRule, FieldRule, Move, Procedure
from jingwei.kernel.refusals import Reason

Condition = Callable[[], list[Reason]]


@dataclass(frozen=True, slots=True)
class Situation:
    """What a decision needs to know of a case and of who wants to act."""

    state: str
    roles: frozenset[str]
    #: names of fields that have a value, entered now or earlier
    there: frozenset[str] = frozenset()
    #: named conditions, each answering with its reasons
    conditions: Mapping[str, Condition] = field(default_factory=dict)
    #: asks of the case: name → how many were made, how many are open
    asks_made: Mapping[str, int] = field(default_factory=dict)
    asks_open: Collection[str] = ()


def why_not_move(
    procedure: Procedure,
    move: Move,
    situation: Situation,
    entered: Mapping[str, Any] | None = None,
    *,
    system: bool = False,
) -> list[Reason]:
    """Return every reason why a move is refused.

    With `entered=None` what must be entered with the move is not asked yet: this is the question of a button.
    """
    reasons = []
    if not procedure.leads_from(move, situation.state):
        reasons.append(Reason("wrong-state", values={"state": situation.state, "from": list(move.from_)}))
    if not system and not situation.roles & set(move.who):
        reasons.append(Reason("wrong-role", values={"who": list(move.who)}))
    reasons += [reason for name in move.if_ for reason in situation.conditions[name]()]
    now = set(entered or ())
    reasons += [
        Reason("missing", name)
        for name in move.has
        if name not in situation.there and name not in now and entered is not None
    ]
    if entered is not None and not system:
        reasons += _why_not_entered(entered, needs=move.needs, may=(*move.has, *move.may))
    return reasons


def why_not_ask(
    ask: AskRule, name: str, situation: Situation, entered: Mapping[str, Any] | None = None
) -> list[Reason]:
    """Return every reason why an ask may not be made."""
    reasons = []
    if situation.state not in ask.while_:
        reasons.append(Reason("wrong-state", values={"state": situation.state, "from": list(ask.while_)}))
    if not situation.roles & set(ask.by):
        reasons.append(Reason("wrong-role", values={"who": list(ask.by)}))
    if name in situation.asks_open:
        reasons.append(Reason("already-asked"))
    most = ask.most if ask.most is not None else len(ask.decided_by)
    if situation.asks_made.get(name, 0) >= most:
        reasons.append(Reason("asked-too-often", values={"most": most}))
    reasons += [reason for condition in ask.if_ for reason in situation.conditions[condition]()]
    if entered is not None:
        reasons += _why_not_entered(entered, needs=ask.needs)
    return reasons


def why_not_intake(procedure: Procedure, entered: Mapping[str, Any], source: str) -> list[Reason]:
    """Return every reason why a case may not begin with this."""
    reasons = _why_not_entered(entered, needs=procedure.intake.needs, may=procedure.intake.may)
    if source not in procedure.sources:
        reasons.append(Reason("unknown-source", "source", {"sources": list(procedure.sources)}))
    return reasons


def _why_not_entered(
    entered: Mapping[str, Any], *, needs: Collection[str], may: Collection[str] = ()
) -> list[Reason]:
    missing = [Reason("missing", name) for name in needs if entered.get(name) in (None, "", [], ())]
    not_asked = [Reason("not-asked-for", name) for name in entered if name not in needs and name not in may]
    return missing + not_asked


def shown_to(field_rule: FieldRule, *, roles: Collection[str], is_participant: bool) -> bool:
    """May somebody see a field's value?"""
    seers = set(field_rule.seen_by)
    return "everyone" in seers or bool(seers & set(roles)) or (is_participant and "participants" in seers)
