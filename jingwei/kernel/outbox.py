"""The outbox: what leaves a transaction is a row written with it; workers run it at least once, with
back-off.

An effect is a plain function registered by name. It must be safe to repeat; its key tells a provider that it
is the same one. Why not a queue library: docs/decisions/0003-an-outbox-of-our-own.md.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.db.models import QuerySet

from jingwei.kernel import failures, ids, journal, rows
from jingwei.kernel.actors import Actor
from jingwei.kernel.models import OutboxRow
from jingwei.kernel.moments import now

log = logging.getLogger("jingwei.outbox")

Effect = Callable[[OutboxRow], None]
_effects: dict[str, Effect] = {}

CLAIM = timedelta(minutes=2)
FIRST_WAIT, LONGEST_WAIT = timedelta(seconds=5), timedelta(hours=1)
STUCK_AFTER = 5


def effect(name: str) -> Callable[[Effect], Effect]:
    """Register a function as the effect of this name."""

    def register(function: Effect) -> Effect:
        _effects[name] = function
        return function

    return register


def put(
    name: str, payload: dict[str, Any], *, case: UUID | None = None, due_at: datetime | None = None
) -> OutboxRow:
    """Return the row of an effect, unsaved; the action writes it with everything else."""
    moment = now()
    return rows.new(
        OutboxRow, effect=name, payload=payload, key=ids.new_id(), case=case, created_at=moment,
        due_at=due_at or moment,
    )  # fmt: skip


def work_off(*, at_once: int = 50) -> int:
    """Run what is due; return how many were tried. Two workers never run one row at the same time."""
    claimed = _claim(at_once)
    for row in claimed:
        _run(row)
    return len(claimed)


def stuck() -> list[OutboxRow]:
    """Return what failed so often that a person should look, oldest first."""
    return list(OutboxRow.objects.filter(done_at=None, tries__gte=STUCK_AFTER).order_by("created_at")[:200])


@transaction.atomic
def try_again(row: OutboxRow, *, by: Actor) -> bool:
    """Let a stuck effect run at once, with a fresh count of tries; who said so is a line.

    False when it is done by now.
    """
    waiting = OutboxRow.objects.filter(pk=row.pk, done_at=None)
    if not waiting.update(due_at=now(), claimed_until=None, tries=0):
        return False
    journal.record_apart(
        "effect", row.key, "tried-again", by=by, detail={"effect": row.effect, "row": row.pk}
    )
    return True


def _claim(at_once: int) -> list[OutboxRow]:
    skip = " FOR UPDATE SKIP LOCKED" if connection.vendor == "postgresql" else ""
    table = OutboxRow._meta.db_table
    moment = OutboxRow._meta.get_field("due_at").get_db_prep_save(now(), connection)
    until = OutboxRow._meta.get_field("due_at").get_db_prep_save(now() + CLAIM, connection)
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE {table} SET claimed_until = %s, tries = tries + 1 WHERE id IN ("  # noqa: S608
            f"SELECT id FROM {table} WHERE done_at IS NULL AND due_at <= %s"
            " AND (claimed_until IS NULL OR claimed_until <= %s)"
            f" ORDER BY due_at LIMIT %s{skip}) RETURNING id",
            [until, moment, moment, at_once],
        )
        mine = [row[0] for row in cursor.fetchall()]
    return list(OutboxRow.objects.filter(pk__in=mine).order_by("due_at", "pk"))


def _run(row: OutboxRow) -> None:
    """Run one effect and note it in the same transaction.

    A row that somebody else has claimed since is theirs.

    The row stays locked meanwhile: however long an effect takes and however late its claim is, nobody else
    runs it.
    """
    mine = OutboxRow.objects.filter(pk=row.pk, done_at=None, tries=row.tries)
    try:
        with transaction.atomic():
            if _locked(mine):
                _effects[row.effect](row)
                mine.update(done_at=now(), claimed_until=None, error="")
    except Exception as failure:
        log.error(
            "effect %s (row %s, try %s) failed: %s", row.effect, row.pk, row.tries, failures.said(failure)
        )
        wait = min(LONGEST_WAIT, FIRST_WAIT * 2 ** min(row.tries, 12))
        mine.update(due_at=now() + wait, claimed_until=None, error=type(failure).__name__)


def _locked(mine: QuerySet[OutboxRow]) -> bool:
    locking = connection.vendor == "postgresql"  # SQLite has one writer only
    return bool((mine.select_for_update(skip_locked=True) if locking else mine).values_list("pk"))
