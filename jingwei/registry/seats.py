"""Who answers for a place, which seats are empty, and where a role climbs when its seat is."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple

from django.db import connection
from django.db.models import Q, QuerySet

from jingwei.kernel import rows
from jingwei.kernel.moments import today
from jingwei.registry.atlas import atlas, code_range
from jingwei.registry.models import Area, AreaMapping, Assignment, Organisation, Person, Post, SeatRule
from jingwei.registry.models.areas import TIERS
from jingwei.registry.roles import desk_roles


class Holder(NamedTuple):
    """A post and one person in it now; `person` is None when nobody is."""

    post: int
    role: str
    area: int | None
    organisation: int | None
    title: str
    person: int | None
    name: str
    phone: str


@dataclass(frozen=True, slots=True)
class Seat:
    """Where a role ended up: the post, and whether it had to climb (`from_area` had no filled one)."""

    post: int
    role: str
    area: int | None
    climbed: bool


def in_force(on: date | None = None) -> Q:
    """Assignments that run on a day (today)."""
    day = on or today()
    return Q(starts__lte=day) & (Q(ends=None) | Q(ends__gt=day))


def running_assignments() -> QuerySet[Assignment]:
    """Assignments that run today."""
    return Assignment.objects.filter(in_force())


def holders(*, areas: Collection[int] = (), organisations: Collection[int] = ()) -> list[Holder]:
    """Return every post at these areas or organisations with who holds it now, in one SELECT."""
    if not areas and not organisations:
        return []
    wheres: list[str] = []
    params: list[Any] = [_day(), _day()]
    for column, ids in (("o.area_id", areas), ("o.organisation_id", organisations)):
        if ids:
            wheres.append(f"{column} IN ({', '.join(['%s'] * len(ids))})")
            params += list(ids)
    found = rows.ask(
        "SELECT o.id, o.role, o.area_id, o.organisation_id, o.title, p.id,"  # noqa: S608
        " COALESCE(p.name, ''), COALESCE(p.work_phone, '')"
        f" FROM {Post._meta.db_table} o"
        f" LEFT JOIN {Assignment._meta.db_table} a"
        " ON a.post_id = o.id AND a.starts <= %s AND (a.ends IS NULL OR a.ends > %s)"
        f" LEFT JOIN {Person._meta.db_table} p ON p.id = a.person_id"
        f" WHERE o.valid_to IS NULL AND ({' OR '.join(wheres)}) ORDER BY o.id, a.substitute, a.id",
        params,
    )
    return [Holder._make(row) for row in found]


class Answering:
    """Who answers around one place: the posts of the area and everything above it, asked for once."""

    def __init__(self, area: int | None, *, organisations: Collection[int] = ()) -> None:
        places = atlas()
        self.places = list(places.up(area)) or [city for city in [places.city()] if city]
        self.chain = [place.id for place in self.places]
        self.holders = holders(areas=self.chain, organisations=organisations)

    def seat(
        self, role: str, *, at: str, without: Collection[int] = (), not_at: Collection[int] = ()
    ) -> Seat | None:
        """Return the seat of a role at the chain's area of kind `at`, or where it climbs to.

        Upwards from that area: a filled post of the same role, else of that tier's desk role; at the city its
        intake desk. A post counts as filled when somebody outside `without` (persons excluded for this case)
        holds it and it is not in `not_at`. Where no such tier is known yet (an unlocated case, a city without
        grids), the climb begins at the lowest known one.
        """
        places = self.places
        start = next((n for n, place in enumerate(places) if place.kind == at), None)
        if start is None:
            start = next((n for n, place in enumerate(places) if place.tier and place.tier < _tier(at)), 0)
        for step, place in enumerate(places[start:]):
            for candidate in (role, desk_roles().get(place.kind, "")):
                filled = self._filled(candidate, place.id, without, not_at)
                if filled:
                    return Seat(
                        filled.post,
                        filled.role,
                        place.id,
                        climbed=step > 0 or candidate != role or place.kind != at,
                    )
        return None

    def _filled(
        self, role: str, area: int, without: Collection[int], not_at: Collection[int]
    ) -> Holder | None:
        for holder in self.holders:
            here = holder.role == role and holder.area == area and holder.post not in not_at
            if here and holder.person is not None and holder.person not in without:
                return holder
        return None


def _tier(kind: str) -> int:
    return TIERS.index(kind) + 1 if kind in TIERS else len(TIERS) + 1


@dataclass(frozen=True, slots=True)
class Hole:
    """A required seat with too few people in it."""

    role: str
    area: int
    area_code: str
    area_name: str
    filled: int
    least: int


def holes(*, roles: Iterable[str] = (), under: str = "", limit: int = 0, offset: int = 0) -> list[Hole]:
    """Return every required seat of the whole city (or under a code) that is not filled, in one query."""
    wanted = list(roles)
    scope, params = _scope(under)
    where = f" WHERE s.role IN ({', '.join(['%s'] * len(wanted))})" if wanted else ""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT s.role, r.id, r.code, r.name, COUNT(DISTINCT a.person_id), s.least"  # noqa: S608
            f" FROM {SeatRule._meta.db_table} s JOIN {Area._meta.db_table} r"
            f" ON r.kind = s.area_kind AND r.valid_to IS NULL{scope} {_SEATED}{where}"
            " GROUP BY s.role, r.id, r.code, r.name, s.least HAVING COUNT(DISTINCT a.person_id) < s.least"
            f" ORDER BY r.code, s.role{f' LIMIT {int(limit)} OFFSET {int(offset)}' if limit else ''}",
            [*params, _day(), _day(), *wanted],
        )
        return [Hole(*row) for row in cursor.fetchall()]


@dataclass(frozen=True, slots=True)
class Coverage:
    """How many of the required seats of a role at a kind of area are filled."""

    role: str
    area_kind: str
    required: int
    filled: int


def coverage(*, under: str = "") -> list[Coverage]:
    """Return filled and required seats per role and kind of area, of the city or a code, in one query."""
    scope, params = _scope(under)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT role, area_kind, COUNT(area),"  # noqa: S608
            " COALESCE(SUM(CASE WHEN people >= least THEN 1 ELSE 0 END), 0)"
            " FROM (SELECT s.role, s.area_kind, s.least, r.id AS area, COUNT(DISTINCT a.person_id) AS people"
            f" FROM {SeatRule._meta.db_table} s LEFT JOIN {Area._meta.db_table} r"
            f" ON r.kind = s.area_kind AND r.valid_to IS NULL{scope} {_SEATED}"
            " GROUP BY s.role, s.area_kind, s.least, r.id) AS seats"
            " GROUP BY role, area_kind ORDER BY area_kind, role",
            [*params, _day(), _day()],
        )
        return [
            Coverage(role, kind, int(areas), int(filled)) for role, kind, areas, filled in cursor.fetchall()
        ]


def _scope(under: str) -> tuple[str, list[Any]]:
    """A condition on the areas that count."""
    return (" AND r.code >= %s AND r.code < %s", list(code_range(under))) if under else ("", [])


#: who sits today in the posts of a seat rule's role at an area
_SEATED = (
    f"LEFT JOIN {Post._meta.db_table} o ON o.area_id = r.id AND o.role = s.role AND o.valid_to IS NULL"
    f" LEFT JOIN {Assignment._meta.db_table} a"
    " ON a.post_id = o.id AND a.starts <= %s AND (a.ends IS NULL OR a.ends > %s)"
)


def who_answers_for(area: int) -> list[Holder]:
    """Return the holders at a place and at the areas across the tree that lie over it."""
    over = list(
        AreaMapping.objects.filter(base=area, overlay__valid_to=None).values_list("overlay", flat=True)
    )
    return holders(areas=[area, *over])


def unit_and_below(organisation: Organisation) -> Q:
    """Organisations within a unit's own subtree."""
    return Q(path__startswith=organisation.path)


def _day() -> Any:
    return rows.ready(Assignment, "starts", today())
