"""Write journal lines, and read a subject's own.

A line's hash covers every column and the hash of the line before it of the same subject. The subject's row
keeps how many lines there are and the last hash, so that a line missing at the end is missed.
`jingwei.kernel.seals` covers both from outside.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

from django.db import connection, transaction

from jingwei.kernel import ids, rows
from jingwei.kernel.actors import Actor, Party
from jingwei.kernel.models import JournalHead, Journalled, JournalLine
from jingwei.kernel.moments import now
from jingwei.kernel.refusals import ChangedMeanwhile

S = TypeVar("S", bound=Journalled)


def next_line(
    subject: Journalled,
    verb: str,
    *,
    by: Actor,
    detail: dict[str, Any] | None = None,
    happened_at: datetime | None = None,
) -> JournalLine:
    """Return the subject's next line, unsaved, and move the count and head of the row in memory on to it.

    The caller writes line, count and head together: `Journalled` rows change first-write-wins, so two writers
    cannot both. `detail` holds ids and codes only.
    """
    line = _line(
        subject.journal_kind, subject_id(subject), subject.journal_count + 1, verb, by, detail, happened_at
    )
    line.hash = digest(line, bytes(subject.journal_head))
    subject.journal_count, subject.journal_head = line.seq, line.hash
    return line


def record(
    subject: Journalled,
    verb: str,
    *,
    by: Actor,
    detail: dict[str, Any] | None = None,
    happened_at: datetime | None = None,
    **values: Any,
) -> None:
    """Write one line and the subject's new values in the caller's transaction, or raise ``ChangedMeanwhile``.

    The row in memory moves on when the database did. Its last hash is compared too: a row left over from a
    transaction that was rolled back has a count that somebody else may have reached since.
    """
    _expect_transaction()
    count, last = subject.journal_count, bytes(subject.journal_head)
    line = next_line(subject, verb, by=by, detail=detail, happened_at=happened_at)
    head = {"journal_count": subject.journal_count, "journal_head": subject.journal_head}
    subject.journal_count, subject.journal_head = count, last
    before = {"journal_count": count, "journal_head": last}
    if not rows.change(subject, only_if=before, **values, **head):
        raise ChangedMeanwhile()
    rows.insert(line)


def begin_many(
    subjects: Sequence[S],
    verb: str,
    *,
    by: Actor,
    details: Sequence[dict[str, Any]] = (),
    before_write: Callable[[S], None] | None = None,
    at_once: int = 5000,
) -> None:
    """Write many new subjects of one kind with their first lines, some thousands at a time.

    Numeric keys are given here.

    For imports: the same lines as if each had been made alone, in a few statements. `before_write` sees each
    subject when it knows its key. Foreign keys are written as they are: what they point at has its key by
    now.
    """
    if not subjects:
        return
    _expect_transaction()
    model = type(subjects[0])
    if not isinstance(subjects[0].pk, UUID):
        for subject, key in zip(subjects, rows.reserve_keys(model, len(subjects)), strict=True):
            subject.pk = key
    if before_write is not None:
        for subject in subjects:
            before_write(subject)
    lines = [
        next_line(subject, verb, by=by, detail=details[n] if details else None)
        for n, subject in enumerate(subjects)
    ]
    for start in range(0, len(subjects), at_once):
        rows.insert_many(subjects[start : start + at_once])
        rows.insert_many(lines[start : start + at_once])


def record_many(
    subjects: Sequence[S],
    verb: str,
    *,
    by: Actor,
    values: Sequence[dict[str, Any]],
    details: Sequence[dict[str, Any]] = (),
) -> None:
    """Write one line and the new values of each of many subjects of one kind, or raise ``ChangedMeanwhile``.

    For imports: the same lines as `record` writes one by one.
    """
    _expect_transaction()
    befores = [
        {"journal_count": one.journal_count, "journal_head": bytes(one.journal_head)} for one in subjects
    ]
    lines = [
        next_line(one, verb, by=by, detail=details[n] if details else None) for n, one in enumerate(subjects)
    ]
    updates = [
        rows.Update(one, {**new, "journal_count": one.journal_count, "journal_head": one.journal_head})
        for one, new in zip(subjects, values, strict=True)
    ]
    if not rows.change_many(updates, only_if=befores):
        raise ChangedMeanwhile()
    rows.insert_many(lines)


def withdraw_many(
    subjects: Sequence[S],
    verb: str,
    *,
    by: Actor,
    details: Sequence[dict[str, Any]] = (),
    at_once: int = 1000,
) -> None:
    """Write the last line of many subjects of one kind and delete their rows.

    How many lines each has stays known.

    For imports taken back: what was made and unmade stands in the journal for good, only the rows are gone.
    """
    if not subjects:
        return
    _expect_transaction()
    model, kind = type(subjects[0]), subjects[0].journal_kind
    lines = [
        next_line(one, verb, by=by, detail=details[n] if details else None) for n, one in enumerate(subjects)
    ]
    rows.insert_many(lines)
    heads = [
        JournalHead(
            kind=kind, subject=subject_id(one), journal_count=one.journal_count, journal_head=one.journal_head
        )
        for one in subjects
    ]
    rows.insert_many(heads)
    for start in range(0, len(subjects), at_once):
        gone = model._default_manager.filter(pk__in=[one.pk for one in subjects[start : start + at_once]])
        gone._raw_delete(gone.db)


@transaction.atomic
def record_apart(
    kind: str, subject: UUID, verb: str, *, by: Actor, detail: dict[str, Any] | None = None
) -> None:
    """Write one line for a subject without a row of its own, waiting for whoever writes to the same one."""
    JournalHead.objects.get_or_create(kind=kind, subject=subject)
    head = JournalHead.objects.select_for_update().get(kind=kind, subject=subject)
    line = _line(kind, subject, head.journal_count + 1, verb, by, detail, None)
    line.hash = digest(line, bytes(head.journal_head))
    head.journal_count, head.journal_head = line.seq, line.hash
    head.save(update_fields=["journal_count", "journal_head"])
    rows.insert(line)


def lines_of(subject: Journalled) -> list[JournalLine]:
    """Return the subject's lines, oldest first."""
    return list(
        JournalLine.objects.filter(kind=subject.journal_kind, subject=subject_id(subject)).order_by("seq")
    )


def subject_id(subject: Journalled) -> UUID:
    """A subject's id in the journal: its UUID, or its row number written as one."""
    return subject.pk if isinstance(subject.pk, UUID) else ids.numbered(subject.pk)


def digest(line: JournalLine, before: bytes) -> bytes:
    """Return SHA-256 over the line and the hash before it."""
    fields = [
        line.kind, str(line.subject), line.seq, _moment(line.happened_at), _moment(line.recorded_at),
        line.actor_kind,
        line.person, line.assignment, line.client, str(line.party or ""), line.verb, line.detail,
        before.hex(),
    ]  # fmt: skip
    return hashlib.sha256(
        json.dumps(fields, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
    ).digest()


def _expect_transaction() -> None:
    """A line without what it is about, or the other way round, would be a fault for ever."""
    if not connection.in_atomic_block:
        raise transaction.TransactionManagementError("a journal line is written with what it is about")


def _moment(moment: datetime) -> str:
    return f"{moment.timestamp():.6f}"


def _line(
    kind: str,
    subject: UUID,
    seq: int,
    verb: str,
    by: Actor,
    detail: dict[str, Any] | None,
    happened_at: datetime | None,
) -> JournalLine:
    moment = now()
    return rows.new(
        JournalLine,
        kind=kind,
        subject=subject,
        seq=seq,
        happened_at=happened_at or moment,
        recorded_at=moment,
        actor_kind=by.kind,
        person=by.person,
        assignment=by.assignment,
        client=by.client,
        party=by.id if isinstance(by, Party) else None,
        verb=verb,
        detail=detail or {},
    )
