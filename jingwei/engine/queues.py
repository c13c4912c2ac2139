"""The queues of a desk: which cases wait there, in which order, how many."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from django.db import connection
from django.db.models import FilteredRelation, Q, QuerySet

from jingwei.engine import library
from jingwei.engine.models import Case
from jingwei.engine.queries import asks_to_decide, in_area, not_about, tasks_to_answer, unread
from jingwei.engine.standing import TIER_COLUMNS, readers_of
from jingwei.kernel import moments
from jingwei.kernel.moments import now
from jingwei.registry.staff import Staff

SOON = timedelta(hours=4)
COUNT_UP_TO = 1000


@dataclass(frozen=True, slots=True)
class Queue:
    """A list a desk works off: which cases, in which order."""

    name: str
    filter: Callable[[Staff], Q | None]
    order: str = "next_due"


def _mine(actor: Staff) -> Q | None:
    return Q(owner_post=actor.post, ended_at=None)


def _unit(actor: Staff) -> Q | None:
    return Q(owner_unit=actor.organisation, ended_at=None) if actor.organisation else None


def _late(actor: Staff) -> Q | None:
    scope = _open_scope(actor)
    return scope & Q(next_due__lt=now()) if scope is not None else None


def _soon(actor: Staff) -> Q | None:
    scope = _open_scope(actor)
    return scope & Q(next_due__gte=now(), next_due__lt=now() + SOON) if scope is not None else None


def _open(actor: Staff) -> Q | None:
    return _open_scope(actor)


def _all(actor: Staff) -> Q | None:
    if _reads_area(actor):
        return in_area(actor)
    return Q(ours__ref=actor.organisation) if actor.organisation else None


def _unlocated(actor: Staff) -> Q | None:
    """Nobody knows yet where it is: the city's desk works these.

    A lower desk only what was put into its hands.
    """
    return (
        Q(area=None, ended_at=None) & in_area(actor)
        if actor.area_kind == "city" and _reads_area(actor)
        else None
    )


def _reads_area(actor: Staff) -> bool:
    return any(
        actor.role in readers_of(playbook.procedure) for playbook in library.all_in_force().values()
    ) and actor.area_kind in ("city", *TIER_COLUMNS)


def _open_scope(actor: Staff) -> Q | None:
    if _reads_area(actor):
        return in_area(actor) & Q(ended_at=None)
    return _unit(actor)


QUEUES: dict[str, Queue] = {
    queue.name: queue
    for queue in (
        Queue("mine", _mine),
        Queue("unit", _unit),
        Queue("late", _late),
        Queue("soon", _soon),
        Queue("open", _open),
        Queue("unlocated", _unlocated, "received_at"),
        Queue("all", _all, "-received_at"),
    )
}


def queue(actor: Staff, name: str) -> QuerySet[Case] | None:
    """The cases of a queue in their order, or None where this post has no such queue."""
    which = QUEUES[name].filter(actor)
    if which is None:
        return None
    cases = Case.objects.alias(
        ours=FilteredRelation(
            "participants", condition=Q(participants__kind="unit", participants__ref=actor.organisation)
        )
    )
    return not_about(actor, cases.filter(which)).order_by(order_of(actor, name))


def order_of(actor: Staff, name: str) -> str:
    """The order of a queue: a path to a column, with a minus for the newest first.

    What a unit ever took part in has its moments beside it: an index range there, a walk through the whole
    city here.
    """
    by_unit = name == "all" and not _reads_area(actor)
    return "-ours__received_at" if by_unit else QUEUES[name].order


def counts(actor: Staff) -> dict[str, int]:
    """How many each queue holds, counted up to 1,000, in one statement.

    And the asks waiting for this post to decide.
    """
    in_force = tuple(playbook.row for playbook in library.all_in_force().values())
    names, sql, values, moving = _counting(actor, in_force)
    moment, params = now(), list(values)
    for place, later in moving:
        params[place] = _stored(moment + later)
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return dict(zip(names, cursor.fetchone(), strict=True))


@lru_cache(maxsize=1024)
def _counting(
    actor: Staff, in_force: tuple[int, ...]
) -> tuple[list[str], str, list[Any], list[tuple[int, timedelta]]]:
    """Names, statement and values of `counts`, and which values are so much later than now.

    Putting the statement together takes longer than the database takes to answer it, and it is the same for
    somebody all day long. `in_force`: whom a queue is for stands in the procedures.
    """
    begun = now()
    with moments.at(begun):
        parts = _counted(actor)
    columns, values = [], []
    for name, part in parts:
        sql, given = part.query.sql_with_params()
        columns.append(f'(SELECT COUNT(*) FROM ({sql}) AS "{name}") AS "{name}"')  # noqa: S608 - Django's own SQL
        values += list(given)
    then = {_stored(begun): timedelta(), _stored(begun + SOON): SOON}
    moving = [(place, then[value]) for place, value in enumerate(values) if value in then]
    return [name for name, _ in parts], "SELECT " + ", ".join(columns), values, moving


def _counted(actor: Staff) -> list[tuple[str, QuerySet[Any]]]:
    parts: list[tuple[str, QuerySet[Any]]] = []
    for name in QUEUES:
        if name != "all" and (cases := queue(actor, name)) is not None:
            parts.append((name, cases.order_by().values("next_due")))  # the index has it
    others = {"asks": asks_to_decide(actor), "tasks": tasks_to_answer(actor), "unread": unread(actor)}
    parts += [(name, other.order_by().values("pk")) for name, other in others.items()]
    return [(name, part[:COUNT_UP_TO]) for name, part in parts]


def _stored(moment: datetime) -> Any:
    """A moment as the database takes it in a statement."""
    return Case._meta.get_field("next_due").get_db_prep_value(moment, connection)
