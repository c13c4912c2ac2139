"""Staff: a person acting from one assignment.

Role and area are read from that one only and never united across posts.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any, ClassVar

from django.db import connection

from jingwei.kernel import accounts
from jingwei.kernel.actors import Actor
from jingwei.kernel.models import Account, ApiToken, LoginSession
from jingwei.kernel.moments import now, today
from jingwei.registry.models import Area, Assignment, Organisation, Person, Post


@dataclass(frozen=True, slots=True)
class Staff(Actor):
    """Who is acting, from which seat, at which place, in which unit."""

    kind: ClassVar[str] = "staff"
    name: str = ""
    post: int = 0
    role: str = ""
    title: str = ""
    area: int | None = None
    area_kind: str = ""
    area_code: str = ""
    organisation: int | None = None
    organisation_path: str = ""
    organisation_name: str = ""
    second_factor: bool = False


@dataclass(frozen=True, slots=True)
class Running:
    """A login session found by its cookie.

    `staff` is None until a post is chosen, or when the assignment has ended; `posts` counts those the person
    may act from today.
    """

    session: int
    account: int
    login: str
    person: int
    person_name: str
    needs_second_factor: bool
    second_factor_at: datetime | None
    posts: int
    staff: Staff | None


_WHO = """
    p.id, p.name, a.id, o.id, o.role, o.title, o.area_id, r.kind, r.code, o.organisation_id, u.path, u.name
"""


@cache
def _from_assignment(source: str) -> str:
    """Person, assignment and post of what `source` found (account and assignment), in one statement."""
    return f"""
      FROM {source}
      JOIN {Account._meta.db_table} k ON k.id = s.account_id AND k.is_active
      JOIN {Person._meta.db_table} p ON p.id = k.person
      LEFT JOIN {Assignment._meta.db_table} a
        ON a.id = s.assignment AND a.person_id = p.id AND a.starts <= %s AND (a.ends IS NULL OR a.ends > %s)
      LEFT JOIN {Post._meta.db_table} o ON o.id = a.post_id AND (o.valid_to IS NULL OR o.valid_to > %s)
      LEFT JOIN {Area._meta.db_table} r ON r.id = o.area_id
      LEFT JOIN {Organisation._meta.db_table} u ON u.id = o.organisation_id
    """


@cache
def _posts_today() -> str:
    """How many posts the person of an account may act from, as a column."""
    return (
        f" (SELECT COUNT(*) FROM {Assignment._meta.db_table} m"  # noqa: S608 - a table of ours
        " WHERE m.person_id = k.person AND m.starts <= %s AND (m.ends IS NULL OR m.ends > %s)),"
    )


def by_cookie(token: str) -> Running | None:
    """Return the session of a cookie, with person, assignment and post, in one SELECT; None when it ended or
    lay idle too long.
    """
    moment = now()
    day = _day()
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT s.id, s.seen_at, s.idle_minutes, s.began_at, s.second_factor_at,"
            " k.id, k.login, k.needs_second_factor,"
            + _posts_today()
            + _WHO
            + _from_assignment(f"{LoginSession._meta.db_table} s")
            + " WHERE s.token = %s AND s.ended_at IS NULL",
            [day, day, day, day, day, accounts.hash_of(token)],
        )
        row = cursor.fetchone()
    if row is None:
        return None
    session, seen_at, idle, began_at, factor_at = (
        row[0],
        _moment(row[1]),
        row[2],
        _moment(row[3]),
        _moment(row[4]),
    )
    assert seen_at is not None  # noqa: S101  (both columns are NOT NULL)
    assert began_at is not None  # noqa: S101
    if moment - seen_at > timedelta(minutes=idle) or moment - began_at > accounts.LONGEST_SESSION:
        return None
    if moment - seen_at > timedelta(minutes=1):  # a write a minute at most keeps a session awake
        LoginSession.objects.filter(pk=session).update(seen_at=moment)
    who = row[9:]
    return Running(
        session=session,
        account=row[5],
        login=row[6],
        person=who[0],
        person_name=who[1],
        needs_second_factor=row[7],
        second_factor_at=factor_at,
        posts=row[8],
        staff=_staff(who, second_factor=factor_at is not None),
    )


def by_token(token: str) -> Staff | None:
    """Return who a program's token acts as, in one SELECT; None when it expired, was revoked, or the
    assignment has ended.
    """
    day = _day()
    expires = ApiToken._meta.get_field("expires_at").get_db_prep_save(now(), connection)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT s.id,"
            + _WHO
            + _from_assignment(f"{ApiToken._meta.db_table} s")
            + " WHERE s.token = %s AND s.revoked_at IS NULL AND s.expires_at > %s",
            [day, day, day, accounts.hash_of(token), expires],
        )
        row = cursor.fetchone()
    return _staff(row[1:], second_factor=True, client=row[0]) if row else None


def as_staff(assignment: Assignment) -> Staff:
    """Return the actor of an assignment, for scenarios, imports and commands."""
    post, person = assignment.post, assignment.person
    return Staff(
        person=person.pk,
        assignment=assignment.pk,
        name=person.name,
        post=post.pk,
        role=post.role,
        title=post.title,
        area=post.area_id,
        area_kind=post.area.kind if post.area else "",
        area_code=post.area.code if post.area else "",
        organisation=post.organisation_id,
        organisation_path=post.organisation.path if post.organisation else "",
        organisation_name=post.organisation.name if post.organisation else "",
        second_factor=True,
    )


def _staff(who: tuple[Any, ...], *, second_factor: bool, client: int | None = None) -> Staff | None:
    person, name, assignment, post, role, title, area, area_kind, area_code, unit, path, unit_name = who
    if assignment is None or post is None:
        return None
    return Staff(
        person=person,
        assignment=assignment,
        client=client,
        name=name,
        post=post,
        role=role,
        title=title,
        area=area,
        area_kind=area_kind or "",
        area_code=area_code or "",
        organisation=unit,
        organisation_path=path or "",
        organisation_name=unit_name or "",
        second_factor=second_factor,
    )


def _day() -> Any:
    return Assignment._meta.get_field("starts").get_db_prep_save(today(), connection)


def _moment(value: datetime | None) -> datetime | None:
    """SQLite's cursor gives a timestamp without its zone."""
    return value.replace(tzinfo=UTC) if value and value.tzinfo is None else value
