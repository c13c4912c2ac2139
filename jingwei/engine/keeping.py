"""Keeping no longer than declared: the retention job, erasure, and reading protected values with a reason.

Time counts from the last possible appeal; a legal hold stops it. What was erased stands in the erasure list,
which leaves the database with the seals and is replayed before a restored one opens.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction

from jingwei.engine import library, words
from jingwei.engine.conditions import REOPEN_DAYS
from jingwei.engine.models import Case, CaseAction, LegalHold
from jingwei.engine.standing import Standing
from jingwei.kernel import accounts, files, ids, journal, rows, sealed, seals, throttle
from jingwei.kernel.actors import SYSTEM, Actor
from jingwei.kernel.models import (
    Attachment,
    CaseKey,
    Erasure,
    JournalLine,
    OutboxRow,
    RequestKey,
    SealedValue,
    StaffAccess,
)
from jingwei.kernel.moments import now
from jingwei.kernel.refusals import Reason, Refused
from jingwei.kernel.worker import job
from jingwei.registry.models import Person
from jingwei.registry.staff import Staff

#: purposes for which a protected value may be read
PURPOSES = ("answer_reporter", "ask_reporter", "check_result", "rights_request", "complaint", "audit")
AT_ONCE = 200
_SPAN = re.compile(r"(\d+)([dmy]) after end")
_DAYS = {"d": 1, "m": 31, "y": 366}


@transaction.atomic
def reveal(case: Case, field: str, *, by: Staff, purpose: str) -> str:
    """Open one sealed value for a purpose; who read what and why is a line that the resident can see."""
    playbook = library.version(case.version_id)
    rule = playbook.procedure.fields.get(field)
    roles = Standing(case, playbook.procedure).roles_of(by)
    reasons = []
    if rule is None or not roles & set(rule.seen_by):
        reasons.append(Reason("wrong-role", values={"who": list(rule.seen_by) if rule else []}))
    if purpose not in PURPOSES:
        reasons.append(Reason("purpose-needed", "purpose"))
    if rule is not None and rule.level == "L3" and not by.second_factor:
        reasons.append(Reason("second-factor-needed"))
    if reasons:
        raise Refused(*reasons)
    row = SealedValue.objects.filter(case=case.pk, field=field).order_by("-seq").first()
    if row is None:
        raise Refused("erased")
    journal.record_apart(
        "reading", case.pk, "revealed", by=by, detail={"field": field, "purpose": purpose, "role": by.role}
    )
    return sealed.unseal(row, sealed.case_key(case.pk))


@transaction.atomic
def cases_of_caller(phone: str, *, by: Staff) -> list[UUID]:
    """The cases that a telephone number was left with; the search is journalled, without the number."""
    journal.record_apart("search", UUID(int=by.person or 0), "searched-by-phone", by=by)
    return list(
        SealedValue.objects.filter(blind=sealed.blind(phone)).values_list("case", flat=True).distinct()
    )


def readings_of(case: Case) -> list[tuple[datetime, str, str, str]]:
    """Who read protected values of a case: when, which field, for what, from which role."""
    lines = JournalLine.objects.filter(kind="reading", subject=case.pk).order_by("seq")
    return [
        (line.recorded_at, line.detail["field"], line.detail["purpose"], line.detail["role"])
        for line in lines
    ]


@job("retention", every=timedelta(hours=1))
def keep_no_longer() -> bool:
    """Delete what has been kept as long as it may; True when there may be more."""
    with transaction.atomic():
        forget_contacts()
        more = erase_old_cases()
    _forget_traces()
    seals.write_out()
    return more


def forget_contacts() -> int:
    """Delete sealed values whose own time is over (a reporter's number 90 days after the end).

    Return how many. A legal hold keeps them until it is lifted. That they went is a line of the journal.
    """
    gone = 0
    held = LegalHold.objects.filter(lifted_at=None).values("case")
    for playbook in library.all_in_force().values():
        for name, rule in playbook.procedure.fields.items():
            keep = _span(rule.keep)
            if rule.level in ("L2", "L3") and keep:
                ended = Case.objects.filter(procedure=playbook.procedure.procedure, ended_at__lt=_cut(keep))
                over = ended.exclude(pk__in=held).values("pk")
                gone += SealedValue.objects.filter(field=name, case__in=over).delete()[0]
    if gone:
        journal.record_apart(
            "retention", ids.numbered(1), "contacts-forgotten", by=SYSTEM, detail={"values": gone}
        )
    return gone


def erase_old_cases() -> bool:
    """Erase cases whose L1 values have been kept as long as declared."""
    found: list[Case] = []
    for name, playbook in library.all_in_force().items():
        keep = max(
            (span for rule in playbook.procedure.fields.values() if (span := _span(rule.keep))), default=None
        )
        if keep:
            held = LegalHold.objects.filter(lifted_at=None).values("case")
            old = Case.objects.filter(procedure=name, ended_at__lt=_cut(keep), erased_at=None).exclude(
                pk__in=held
            )
            found += list(old.order_by("ended_at")[: AT_ONCE - len(found)])
    for case in found:
        erase(case, by=SYSTEM, reason="retention")
    return len(found) == AT_ONCE


@transaction.atomic
def erase(case: Case, *, by: Actor, reason: str) -> None:
    """Destroy the key; delete words, pictures, documents, effects and index entries; codes and times stay."""
    if case.erased_at is not None:
        return
    if LegalHold.objects.filter(case=case, lifted_at=None).exists():
        raise Refused("held")
    CaseKey.objects.filter(case=case.pk).delete()
    SealedValue.objects.filter(case=case.pk).delete()
    playbook = library.version(case.version_id)
    public = {name for name, rule in playbook.procedure.fields.items() if rule.level == "L0"}
    for action in CaseAction.objects.filter(case=case):
        kept = {name: value for name, value in action.values.items() if name in public}
        if kept != action.values:
            CaseAction.objects.filter(pk=action.pk).update(values=kept)
    for done in (True, False):  # each has an index of its own
        OutboxRow.objects.filter(case=case.pk, done_at__isnull=not done).delete()
    RequestKey.objects.filter(pk=case.pk).delete()
    words.forget(case.pk)
    moment = now()
    journal.record(
        case, "erased", by=by, detail={"reason": reason}, erased_at=moment, title="", lon=None, lat=None,
        query_code=None, reporter=None,
        values={name: value for name, value in case.values.items() if name in public},
    )  # fmt: skip
    rows.insert(Erasure(case=case.pk, erased_at=moment, reason=reason))
    files.remove_all(case.pk)  # last: whoever was faster has been noticed by now


def replay_erasures() -> int:
    """Erase again what the list outside the database says was erased; a restored database opens after this.

    Return how many.
    """
    done = 0
    for entry in seals.erasures_written_out():
        case = Case.objects.filter(pk=UUID(entry["case"]), erased_at=None).first()
        if case is not None:
            LegalHold.objects.filter(case=case, lifted_at=None).update(lifted_at=now())
            erase(case, by=SYSTEM, reason="replayed")
            done += 1
    return done


def _forget_traces() -> None:
    """What is kept for a time of its own.

    A day: pictures of forms never sent, limits. A month: files that a killed process left without a row.
    30 days: request ids, done effects, ended logins. A year: the
    addresses of logins.
    """
    moment = now()
    loose = (
        Attachment.objects.filter(added_at__lt=moment - timedelta(days=1))
        .exclude(case__in=Case.objects.values("pk"))
        .exclude(pk__in=Person.objects.filter(photo__isnull=False).values("photo"))  # on grid boards
    )
    for case in set(loose.values_list("case", flat=True)[:AT_ONCE]):
        files.remove_all(case)
    day_ago = (moment - timedelta(days=1)).timestamp()
    for number in range(moment.day - 1, 0x1000, 31):  # every folder once a month
        files.remove_nameless(f"{number:03x}", before=day_ago)
    RequestKey.objects.filter(created_at__lt=moment - timedelta(days=30)).delete()
    OutboxRow.objects.filter(done_at__lt=moment - timedelta(days=30)).delete()
    StaffAccess.objects.filter(at__lt=moment - timedelta(days=366)).delete()
    accounts.forget_old()
    throttle.forget_old()


def _span(keep: str) -> timedelta | None:
    """`90d after end`, `3y after end` as days; anything else is no span of the case."""
    found = _SPAN.fullmatch(keep)
    return timedelta(days=int(found[1]) * _DAYS[found[2]]) if found else None


def _cut(keep: timedelta) -> datetime:
    """Ended before this: over, counted from the last possible appeal."""
    return now() - keep - timedelta(days=REOPEN_DAYS)
