"""Taking imported cases back, and who else keeps row numbers of what an import made."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from django.db.models import Q

from jingwei.engine import words
from jingwei.engine.models import (
    Ask,
    Case,
    CaseAction,
    CaseClock,
    Fact,
    Message,
    Participant,
    Rating,
    Task,
    Viewer,
)
from jingwei.kernel import journal, rows
from jingwei.kernel.actors import Actor
from jingwei.kernel.models import CaseKey, JournalLine, OutboxRow, RequestKey, SealedValue
from jingwei.kernel.moments import now
from jingwei.kernel.refusals import Reason
from jingwei.registry.imports import undoing
from jingwei.registry.imports.undoing import Made
from jingwei.registry.models import ImportBatch, ImportedRow

AT_ONCE = 1000


def _built_on(noted: Sequence[ImportedRow], made: Made) -> list[Reason]:
    """Cases that somebody has worked on since; that a limit has passed is nobody's work."""
    worked: list[UUID] = []
    for part in _parts(noted):
        lines = {row.subject: int(row.before["lines"]) for row in part}
        later = JournalLine.objects.filter(kind="case", subject__in=list(lines)).exclude(
            actor_kind="system", seq__gt=1
        )
        worked += [subject for subject, seq in later.values_list("subject", "seq") if seq > lines[subject]]
    if not worked:
        return []
    example = Case.objects.filter(pk=worked[0]).first()
    return [
        Reason(
            "changed-since-import", values={"what": "case", "n": len(set(worked)), "example": str(example)}
        )
    ]


def _take_back(noted: Sequence[ImportedRow], by: Actor, batch: ImportBatch) -> None:
    """The cases go with everything that hangs on them; what they added to the counts is taken away again."""
    for part in _parts(noted):
        keys = [row.subject for row in part]
        facts = Fact.objects.filter(case__in=keys, recorded_at__gte=batch.made_at)
        rows.insert_many([_opposite(fact) for fact in facts])
        for model in (CaseAction, Participant, CaseClock, Message, Ask, Task, Rating, Viewer):
            model.objects.filter(case__in=keys).delete()
        for table in (OutboxRow, CaseKey, SealedValue):
            table.objects.filter(case__in=keys).delete()
        RequestKey.objects.filter(pk__in=keys).delete()
        for key in keys:
            words.forget(key)
        cases = list(Case.objects.filter(pk__in=keys).order_by("pk"))
        journal.withdraw_many(cases, "import-undone", by=by, details=[{"batch": str(batch.pk)}] * len(cases))


def _opposite(fact: Fact) -> Fact:
    """The same fact the other way round, not folded yet."""
    values = {f.attname: getattr(fact, f.attname) for f in Fact._meta.concrete_fields if f.attname != "id"}
    return Fact(**{**values, "n": -fact.n, "folded": False, "recorded_at": now()})


def _parts(noted: Sequence[ImportedRow]) -> list[Sequence[ImportedRow]]:
    return [noted[start : start + AT_ONCE] for start in range(0, len(noted), AT_ONCE)]


def named_in_cases(made: Made) -> list[Reason]:
    """Units, posts and people whom cases name by their row numbers."""
    units, posts, people = (list(made.get(kind, ())) for kind in ("organisation", "post", "person"))
    found: dict[str, Case | None] = {}
    for start in range(0, max(len(units), len(posts), len(people)), AT_ONCE):
        u, p, h = (keys[start : start + AT_ONCE] for keys in (units, posts, people))
        taking_part = Participant.objects.filter(
            Q(kind="unit", ref__in=u) | Q(kind="post", ref__in=p)
        ).first()
        about = Case.objects.filter(Q(about_unit__in=u) | Q(about_post__in=p) | Q(about_person__in=h)).first()
        acted = CaseAction.objects.filter(person__in=h).first()
        for one in (taking_part, acted):
            if one is not None:
                found[str(one.case_id)] = one.case
        if about is not None:
            found[str(about.pk)] = about
    if not found:
        return []
    return [
        Reason(
            "built-on", values={"what": "case", "n": len(found), "example": str(next(iter(found.values())))}
        )
    ]


undoing.MODELS["case"] = Case
undoing.WAYS["case"] = undoing.Way(_built_on, _take_back)
undoing.ASKED.append(named_in_cases)
