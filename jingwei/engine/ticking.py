"""What time does by itself.

A clock that ran out is noted once, its owner is told, and what `late:` says is done.
"""

from __future__ import annotations

from datetime import timedelta

from django.db import connection, transaction

from jingwei.engine import actions, library
from jingwei.engine.change import CaseChange, Done
from jingwei.engine.definition import ClockRule, Verb
from jingwei.engine.models import Case, CaseClock
from jingwei.kernel.actors import System
from jingwei.kernel.moments import now
from jingwei.kernel.refusals import Refused
from jingwei.kernel.worker import job

AT_ONCE = 500
LATE = System(job="late")


@job("clocks", every=timedelta(seconds=10))
def tick() -> bool:
    """Note the clocks that ran out, at most 500 cases a transaction.

    True when there were as many, and more may wait.
    """
    with transaction.atomic():
        due = Case.objects.filter(alarm_at__lte=now()).order_by("alarm_at")
        if connection.vendor == "postgresql":
            due = due.select_for_update(skip_locked=True)
        cases = list(due[:AT_ONCE])
        for case in cases:
            note_late(case)
    return len(cases) == AT_ONCE


def note_late(case: Case) -> None:
    """Note every running clock of a case that is past its due time and not noted yet."""
    playbook = library.version(case.version_id)
    change = CaseChange(case, playbook, Done("late", case.next_clock or "clock"), by=LATE)
    over = [
        c
        for c in change.clocks.rows
        if c.status == "running" and c.late_noted_at is None and c.due_at <= change.at
    ]
    for clock in over:
        clock.late_noted_at = change.at
        change.clocks.touched.add(id(clock))
        change.fact(f"late:{clock.name}")
        change.tell(_told_when_late(change, clock, playbook.procedure.clocks[clock.name]), clock=clock.name)
    change.detail["clocks"] = [clock.name for clock in over]
    change.save()
    for clock in over:
        _do_by_itself(case, playbook.procedure.clocks[clock.name], change)


def _told_when_late(change: CaseChange, clock: CaseClock, rule: ClockRule) -> tuple[Verb, ...]:
    """The owner always, once; and whom the procedure names."""
    owner = (Verb(verb="notify", what=change.case.owner_role),) if change.case.owner_role else ()
    named = () if rule.late == "slips" else tuple(verb for verb in rule.late if verb.verb == "notify")
    return owner + named


def _do_by_itself(case: Case, rule: ClockRule, change: CaseChange) -> None:
    """Moves that happen by themselves when time is up. An open ask holds them back: somebody is deciding."""
    if rule.late == "slips" or any(
        ask.state == "open" and case.state in change.procedure.asks[ask.name].while_ for ask in change.asks
    ):
        return
    for verb in rule.late:
        if verb.verb == "do":
            try:
                actions.move_case(case, verb.what, by=LATE, detail={"as": verb.args.get("as", "")})
            except Refused:
                # a person moved it in the meantime, or something is missing that only a person can enter
                continue
