"""The named conditions that a procedure may ask for with `if:`. Each answers with its reasons; none means yes.

To add one: write the function here with a docstring that says it to a non-programmer, name it in a playbook, add its reason to
`web/reasons.py`, test both answers, and name it in docs/procedures.md (a test looks).
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from django.utils import timezone

from jingwei.engine.change import CaseChange
from jingwei.engine.models import CaseAction
from jingwei.engine.rules import Condition
from jingwei.kernel.moments import now
from jingwei.kernel.refusals import Reason

REOPEN_DAYS = 15
FAILED_CONTACTS, FAILED_ON_DAYS = 3, 2


def own_find(change: CaseChange) -> list[Reason]:
    """The one who settles it is the grid worker who found it."""
    first = CaseAction.objects.filter(case_id=change.case.pk, seq=1).values_list("person", flat=True).first()
    mine = change.by.person is not None and first == change.by.person and change.case.source == "grid_worker"
    return [] if mine else [Reason("not-own-find")]


def tasks_answered(change: CaseChange) -> list[Reason]:
    """Every co-handler that this move waits for has answered."""
    waiting = [
        task
        for task in change.tasks
        if task.state == "open" and change.procedure.tasks[task.name].joins == change.done.name
    ]
    return [
        Reason("task-unanswered", values={"unit": task.to_unit, "post": task.to_post, "due": task.due_at})
        for task in waiting
    ]


def reporter_told(change: CaseChange) -> list[Reason]:
    """The reporter was told the result, or three calls on two days did not reach them; without a contact, the answer under the code tells them."""
    if "reporter_contact" not in change.case.values:
        return []
    calls = CaseAction.objects.filter(case_id=change.case.pk, name="contact").values_list("values", "at")
    if any(values.get("reached") == "reached" for values, _ in calls):
        return []
    failed = [timezone.localtime(at).date() for values, at in calls if values.get("reached") == "not_reached"]
    if len(failed) >= FAILED_CONTACTS and len(set(failed)) >= FAILED_ON_DAYS:
        return []
    return [Reason("reporter-not-told", values={"failed": len(failed), "most": FAILED_CONTACTS})]


def before_due(change: CaseChange) -> list[Reason]:
    """The handling limit has not run out yet."""
    handling = next(
        (clock for clock in change.clocks.rows if clock.name == "handle" and clock.status == "running"), None
    )
    return (
        [Reason("too-late-to-ask", values={"due": handling.due_at})]
        if handling and handling.due_at < now()
        else []
    )


def within_reopen_days(change: CaseChange) -> list[Reason]:
    """The case ended no more than 15 days ago."""
    ended = change.case.ended_at
    return (
        [Reason("too-late-to-reopen", values={"days": REOPEN_DAYS})]
        if ended and now() - ended > timedelta(days=REOPEN_DAYS)
        else []
    )


def located(change: CaseChange) -> list[Reason]:
    """The place is known at least down to a street."""
    return [] if change.case.street or "area" in change.entered else [Reason("not-located")]


CONDITIONS: dict[str, Callable[[CaseChange], list[Reason]]] = {
    function.__name__: function
    for function in (own_find, tasks_answered, reporter_told, before_due, within_reopen_days, located)
}


def conditions_of(change: CaseChange) -> dict[str, Condition]:
    """Every condition, ready to be asked about one change."""
    return {name: (lambda function=function: function(change)) for name, function in CONDITIONS.items()}  # type: ignore[misc]
