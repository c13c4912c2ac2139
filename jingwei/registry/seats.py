"""Who answers for a place, which seats are empty, and where a role climbs when its seat is."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from django.db import connection
from django.db.models import Q, QuerySet

from jingwei.kernel.moments import today
from jingwei.registry.atlas import atlas, code_range
from jingwei.registry.models import Area, AreaMapping, Assignment, Organisation, Person, Post, SeatRule
from jingwei.registry.models.areas import TIERS
from jingwei.registry.roles import desk_roles


@dataclass(frozen=True, slots=True)
class Holder:
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


def in_force(on: object = None) -> Q:
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
    wheres, params = [], [_day(), _day()]
    for column, ids in (("o.area_id", areas), ("o.organisation_id", organisations)):
        if ids:
            wheres.append(f"{column} IN ({', '.join(['%s'] * len(ids))})")
            params += list(ids)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT o.id, o.role, o.area_id, o.organisation_id, o.title, p.id, p.name, p.work_phone"  # noqa: S608
            f" FROM {Post._meta.db_table} o"
            f" LEFT JOIN {Assignment._meta.db_table} a ON a.post_id = o.id AND a.starts <= %s AND (a.ends IS NULL OR a.ends > %s)"
            f" LEFT JOIN {Person._meta.db_table} p ON p.id = a.person_id"
            f" WHERE o.valid_to IS NULL AND ({' OR '.join(wheres)}) ORDER BY o.id, a.substitute, a.id",
            params,
        )
        return [Holder(*row[:6], row[6] or "", row[7] or "") for row in cursor.fetchall()]


class Answering:
    """Who answers around one place: the posts of the area and everything above it, asked for once."""

    def __init__(self, area: int | None, *, organisations: Collection[int] = ()) -> None:
        self.chain = [place.id for place in atlas().up(area)]
        if not self.chain and (city := atlas().city()):
            self.chain = [city.id]
        self.holders = holders(areas=self.chain, organisations=organisations)

    def seat(
        self, role: str, *, at: str, without: Collection[int] = (), not_at: Collection[int] = ()
    ) -> Seat | None:
        """Return the seat of a role at the chain's area of kind `at`, or where it climbs to.

        Upwards from that area: a filled post of the same role, else of that tier's desk role; at the city its intake desk. A
        post counts as filled when somebody outside `without` (persons excluded for this case) holds it and it is not in `not_at`.
        Where no such tier is known yet (an unlocated case, a city without grids), the climb begins at the lowest known one.
        """
        places = [atlas().places[area] for area in self.chain]
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


def holes(*, roles: Iterable[str] = (), under: str = "", limit: int = 0) -> list[Hole]:
    """Return every required seat of the whole city (or under a code) that is not filled, in one query."""
    wanted = list(roles)
    params: list[object] = [_day(), _day(), *code_range(under)] if under else [_day(), _day()]
    where = " AND r.code >= %s AND r.code < %s" if under else ""
    if wanted:
        where += f" AND s.role IN ({', '.join(['%s'] * len(wanted))})"
        params += wanted
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT s.role, r.id, r.code, r.name, COUNT(DISTINCT a.person_id), s.least"  # noqa: S608
            f" FROM {SeatRule._meta.db_table} s JOIN {Area._meta.db_table} r ON r.kind = s.area_kind AND r.valid_to IS NULL"
            f" LEFT JOIN {Post._meta.db_table} o ON o.area_id = r.id AND o.role = s.role AND o.valid_to IS NULL"
            f" LEFT JOIN {Assignment._meta.db_table} a ON a.post_id = o.id AND a.starts <= %s AND (a.ends IS NULL OR a.ends > %s)"
            f" WHERE 1 = 1{where} GROUP BY s.role, r.id, r.code, r.name, s.least HAVING COUNT(DISTINCT a.person_id) < s.least"
            f" ORDER BY r.code, s.role{' LIMIT ' + str(int(limit)) if limit else ''}",
            params,
        )
        return [Hole(*row) for row in cursor.fetchall()]


@dataclass(frozen=True, slots=True)
class Coverage:
    """How many of the required seats of a role are filled."""

    role: str
    required: int
    filled: int


def coverage(*, under: str = "") -> list[Coverage]:
    """Return filled and required seats per role, for the whole city or under a code."""
    empty: dict[str, int] = {}
    for hole in holes(under=under):
        empty[hole.role] = empty.get(hole.role, 0) + 1
    rules = SeatRule.objects.order_by("area_kind", "role")
    areas = Area.objects.filter(valid_to=None)
    if under:
        low, high = code_range(under)
        areas = areas.filter(code__gte=low, code__lt=high)
    counts = {kind: areas.filter(kind=kind).count() for kind in {rule.area_kind for rule in rules}}
    return [Coverage(r.role, counts[r.area_kind], counts[r.area_kind] - empty.get(r.role, 0)) for r in rules]


def who_answers_for(area: int) -> list[Holder]:
    """Return the holders at a place and at the areas across the tree that lie over it, for boards and place queries."""
    over = list(
        AreaMapping.objects.filter(base=area, overlay__valid_to=None).values_list("overlay", flat=True)
    )
    return holders(areas=[area, *over])


def unit_and_below(organisation: Organisation) -> Q:
    """Organisations within a unit's own subtree."""
    return Q(path__startswith=organisation.path)


def _day() -> object:
    return Assignment._meta.get_field("starts").get_db_prep_save(today(), connection)
