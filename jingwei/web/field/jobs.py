"""What waits for somebody in the field: cases in their hands, work given to them, questions they decide."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from jingwei.engine import entering, library, queries, queues
from jingwei.engine.library import Playbook
from jingwei.engine.models import Ask, Case, CaseAction, Task
from jingwei.kernel.moments import now
from jingwei.registry.atlas import atlas
from jingwei.registry.roles import label
from jingwei.registry.staff import Staff
from jingwei.web import words
from jingwei.web.desk import shown

#: nobody works off more than this in a day; what is beyond stands on the desk
MOST = 100


@dataclass(frozen=True, slots=True)
class Job:
    """One entry of a list in the field."""

    case: Case
    state: str
    title: str
    what: str
    place: str
    clock: words.Clock | None
    due: datetime | None
    url: str

    @property
    def tone(self) -> str:
        """The colour at its edge, the same as its clock's."""
        return self.clock.kind if self.clock else "off"


@dataclass(frozen=True, slots=True)
class Group:
    """Late, today, or later."""

    kind: str
    name: str
    jobs: Sequence[Job]


def jobs_of(staff: Staff) -> list[Job]:
    """Everything that waits for this post or its unit, the nearest limit first; what has none comes last."""
    cases = _in_hand(staff)
    tasks = queries.tasks_to_answer(staff).select_related("case")[:MOST]
    asks = queries.asks_to_decide(staff).select_related("case")[:MOST]
    units = _unit_names(cases, mine=staff.organisation)
    found = [
        *(case_job(case, units) for case in cases),
        *_task_jobs(list(tasks)),
        *(_ask_job(ask) for ask in asks),
    ]
    return sorted(found, key=lambda job: (job.due is None, job.due or job.case.received_at))


def groups_of(jobs: Iterable[Job]) -> list[Group]:
    """Jobs under late, today and later; empty groups are left out."""
    moment = now()
    tonight = timezone.localtime(moment).date()
    found: dict[str, list[Job]] = {"late": [], "today": [], "later": []}
    for job in jobs:
        if job.due is None:
            found["later"].append(job)
        elif job.due < moment:
            found["late"].append(job)
        else:
            found["today" if timezone.localtime(job.due).date() == tonight else "later"].append(job)
    names = {"late": _("Late"), "today": _("To be done today"), "later": _("Later")}
    return [Group(kind, names[kind], listed) for kind, listed in found.items() if listed]


def open_in_area(staff: Staff, *, start: int, most: int) -> list[Job]:
    """Open cases of my own area, the nearest limit first; one more than `most` says that there are more."""
    cases = queues.queue(staff, "open")
    found = list(cases.order_by("next_due", "pk")[start : start + most + 1]) if cases is not None else []
    units = _unit_names(found, mine=staff.organisation)
    return [case_job(case, units) for case in found]


def case_job(case: Case, units: dict[int, str]) -> Job:
    """A case as an entry: what happens next in it, where, by when."""
    playbook = library.version(case.version_id)
    what = next_words(case, playbook, units)
    due = None if case.ended_at else case.next_due
    return _job(case, playbook.text("states", case.state), what, shown.row_clock(case, playbook), due)


def next_words(case: Case, playbook: Playbook, units: dict[int, str]) -> str:
    """What happens next, in the playbook's words: 网格员到现场核实."""
    role = playbook.procedure.roles.get(case.owner_role)
    owner = label(role.post) if role and role.post else ""
    unit = units.get(case.owner_unit or case.lead_unit or 0, "")
    text = playbook.text("next", case.state) if not case.ended_at else playbook.text("headline", case.state)
    return text.replace("{owner}", owner).replace("{lead_unit}", unit)


def place_words(case: Case) -> str:
    """Where it is: the words of the report, then the area."""
    said = str((case.values.get("place") or {}).get("words", ""))
    return said or atlas().full_name(case.area_id, below="street") or _("not located")


# ---------------------------------------------------------------- the three sources


def _in_hand(staff: Staff) -> list[Case]:
    """Open cases of my post and of my unit; two index ranges, each in the order of its limits."""
    found: dict[object, Case] = {}
    for name in ("mine", "unit"):
        cases = queues.queue(staff, name)
        if cases is not None:
            found |= {case.pk: case for case in cases[:MOST]}
    return list(found.values())


def _task_jobs(tasks: Sequence[Task]) -> list[Job]:
    """Work that others gave: what they wrote stands in the action that gave it; one query for all."""
    if not tasks:
        return []
    wanted = Q()
    for task in tasks:
        wanted |= Q(case=task.case_id, seq=task.given_seq)
    given = {(done.case_id, done.seq): done.values for done in CaseAction.objects.filter(wanted)}
    return [_task_job(task, given.get((task.case_id, task.given_seq), {})) for task in tasks]


def _task_job(task: Task, given: dict[str, object]) -> Job:
    playbook = library.version(task.case.version_id)
    rule = playbook.procedure.tasks[task.name]
    asked = next((str(given[name]) for name in rule.needs if name in given), "")
    what = entering.masked(asked) or playbook.text("tasks", task.name, "label")
    clock = _clock(playbook.text("tasks", task.name, "label"), task.given_at, task.due_at)
    return _job(task.case, playbook.text("roles", task.to_role), what, clock, task.due_at)


def _ask_job(ask: Ask) -> Job:
    playbook = library.version(ask.case.version_id)
    what = _("You decide: {ask}").format(ask=playbook.text("asks", ask.name, "label"))
    clock = _clock(playbook.text("asks", ask.name, "label"), ask.asked_at, ask.due_at)
    return _job(ask.case, playbook.text("states", ask.case.state), what, clock, ask.due_at)


def _clock(label_: str, began: datetime, due: datetime | None) -> words.Clock | None:
    return words.clock(label_, began=min(began, due), due=due, now=now()) if due else None


def _job(case: Case, state: str, what: str, clock: words.Clock | None, due: datetime | None) -> Job:
    return Job(
        case=case,
        state=state,
        title=case.title or case.number,
        what=what,
        place=place_words(case),
        clock=clock,
        due=due,
        url=reverse("field-task", args=[case.pk]),
    )


def _unit_names(cases: Iterable[Case], *, mine: int | None) -> dict[int, str]:
    """Names of the units in these cases; one's own is “your unit”."""
    others = shown.unit_names(case.owner_unit or case.lead_unit for case in cases)
    return others | ({mine: _("Your unit")} if mine else {})
