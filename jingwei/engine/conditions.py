"""The named conditions that a procedure may ask for with `if:`. Each answers with its reasons; none is yes.

To add one: write the function here with a docstring that says it to a non-programmer, name it in a playbook,
add its reason to `web/reasons.py`, its words to `web/admin/reference.py`, test both answers, and name it in
docs/procedures.md (a test looks).
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from django.utils import timezone

from jingwei.engine import library
from jingwei.engine.change import CaseChange, Did
from jingwei.engine.rules import Condition
from jingwei.kernel.moments import now
from jingwei.kernel.refusals import Reason
from jingwei.registry.models import Organisation

REOPEN_DAYS = 15
FAILED_CONTACTS, FAILED_ON_DAYS = 3, 2


def own_find(change: CaseChange) -> list[Reason]:
    """The one who settles it is the grid worker who found it."""
    first = change.done_so_far[0].person if change.done_so_far else None
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


# ---------------------------------------------------------------- the reporter


def contact_left(change: CaseChange) -> list[Reason]:
    """The reporter left a number; without one the answer under the code tells them."""
    return [] if "reporter_contact" in change.case.values else [Reason("no-contact-left")]


def contacted(change: CaseChange) -> list[Reason]:
    """Whoever has the case has called the reporter since it was given to them.

    Without a number there is nobody to call.
    """
    if contact_left(change) or _calls(change, since=_last(change, "lead_unit")):
        return []
    return [Reason("reporter-not-contacted")]


def reporter_told(change: CaseChange) -> list[Reason]:
    """The reporter was told the latest result, or three calls on two days did not reach them.

    Without a number, the answer under the code tells them.
    """
    return (
        []
        if contact_left(change)
        else _not_reached(_calls(change, since=_last(change, "result")), "reporter-not-told")
    )


def called_back(change: CaseChange) -> list[Reason]:
    """The centre's callback about the latest result was answered.

    Or three calls on two days did not reach anybody; without a number there is nobody to call.
    """
    if contact_left(change):
        return []
    return _not_reached(_calls(change, since=_last(change, "result"), move="callback"), "not-called-back")


def said_solved(change: CaseChange) -> list[Reason]:
    """Nobody called back about the latest result says it is unsolved, or is unsatisfied with rework left."""
    reasons = []
    if _said(change, "solved") == "no":
        reasons.append(Reason("said-unsolved"))
    if _said(change, "satisfied") == "no" and not not_redone(change):
        reasons.append(Reason("said-unsatisfied"))
    return reasons


def said_unsolved(change: CaseChange) -> list[Reason]:
    """Whoever was called back about the latest result says that it is not solved, or not wholly."""
    return [] if _said(change, "solved") in ("no", "partly") else [Reason("not-said-unsolved")]


def not_redone(change: CaseChange) -> list[Reason]:
    """It was not sent back to be done again before: that happens once."""
    return [Reason("redone-already")] if change.case.counters.get("rework") else []


def _last(change: CaseChange, field: str) -> int:
    """The number of the action that entered a field last; 0 when none did."""
    return next((did.seq for did in reversed(change.done_so_far) if field in did.values), 0)


def _calls(change: CaseChange, *, since: int, move: str = "") -> list[Did]:
    """Calls to the reporter from an action on: whatever noted under `reached` how it went."""
    return [
        did
        for did in change.done_so_far
        if did.seq >= since and "reached" in did.values and did.name == (move or did.name)
    ]


def _not_reached(calls: list[Did], code: str) -> list[Reason]:
    """No reason when somebody was reached, or was tried often enough on days enough."""
    days = {timezone.localtime(call.at).date() for call in calls}
    tried = len(calls) >= FAILED_CONTACTS and len(days) >= FAILED_ON_DAYS
    if tried or any(call.values["reached"] == "reached" for call in calls):
        return []
    return [Reason(code, values={"failed": len(calls), "most": FAILED_CONTACTS})]


def _said(change: CaseChange, question: str) -> str:
    """The answer in the latest callback about the latest result; empty when there is none."""
    calls = _calls(change, since=_last(change, "result"), move="callback")
    return next((str(call.values[question]) for call in reversed(calls) if question in call.values), "")


# ---------------------------------------------------------------- time and place


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


def placed(change: CaseChange) -> list[Reason]:
    """The matter was placed.

    In a grid, a street, a county, or in the whole city where it concerns all of it.
    """
    return [] if change.case.area_id or "area" in change.entered else [Reason("not-placed")]


# ---------------------------------------------------------------- units


def inside_own_unit(change: CaseChange) -> list[Reason]:
    """The unit that the work is passed on to is the one that leads, or stands below it."""
    to = change.entered.get("inside_unit")
    inside = Organisation.objects.filter(pk=to or 0, path__contains=f"/{change.case.lead_unit}/")
    return [] if to is None or inside.exists() else [Reason("not-inside-unit", "inside_unit")]


def community_may_lead(change: CaseChange) -> list[Reason]:
    """A community is made the leading unit only where the standard of the class says so.

    Nobody pushes other work down to it.
    """
    unit = change.entered.get("lead_unit")
    entry = library.classes(change.procedure.classes).get(change.entered.get("class", change.case.class_code))
    if unit is None or (entry and entry.lead == "community"):
        return []
    is_community = Organisation.objects.filter(pk=unit, kind="community").exists()
    return [Reason("not-for-communities", "lead_unit")] if is_community else []


CONDITIONS: dict[str, Callable[[CaseChange], list[Reason]]] = {
    function.__name__: function
    for function in (
        own_find, tasks_answered, contact_left, contacted, reporter_told, called_back, said_solved,
        said_unsolved, not_redone, before_due,
        within_reopen_days, located, placed, inside_own_unit, community_may_lead,
    )
}  # fmt: skip

#: what a condition looks at in the procedure, so that the checker can say that it is not there
LOOKS_AT: dict[str, tuple[tuple[str, str], ...]] = {
    "contact_left": (("fields", "reporter_contact"),),
    "contacted": (("fields", "reporter_contact"), ("fields", "lead_unit"), ("fields", "reached")),
    "reporter_told": (("fields", "reporter_contact"), ("fields", "result"), ("fields", "reached")),
    "called_back": (("fields", "reporter_contact"), ("fields", "reached"), ("moves", "callback")),
    "said_solved": (("fields", "solved"), ("fields", "satisfied"), ("moves", "callback")),
    "said_unsolved": (("fields", "solved"), ("moves", "callback")),
    "before_due": (("clocks", "handle"),),
    "inside_own_unit": (("fields", "inside_unit"),),
    "community_may_lead": (("fields", "lead_unit"),),
}


def conditions_of(change: CaseChange) -> dict[str, Condition]:
    """Every condition, ready to be asked about one change."""
    return {name: (lambda function=function: function(change)) for name, function in CONDITIONS.items()}  # type: ignore[misc]
