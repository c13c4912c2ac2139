"""Putting the drafted city into the registry.

Areas, overlays, organisations, seats, staff, the dispatch catalogue, accounts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

import shapely
from django.conf import settings
from django.db import transaction

from jingwei.demo import geography, overlays, people
from jingwei.demo.geography import ANCHOR_COMMUNITY, ANCHOR_COUNTY, ANCHOR_GRID, ANCHOR_STREET, AreaDraft
from jingwei.demo.ground import Size
from jingwei.engine import founding, library
from jingwei.engine.models import CatalogueRow
from jingwei.kernel import accounts, journal
from jingwei.kernel.actors import SYSTEM
from jingwei.kernel.moments import today
from jingwei.kernel.versions import raise_version
from jingwei.registry import atlas
from jingwei.registry.models import Area, AreaMapping, Assignment, Organisation, Person, Post
from jingwei.registry.models.areas import TIERS

PASSWORD = "jingwei-Demo-1"  # noqa: S105  (printed on the sign-in page of the demo, refused everywhere else)

#: login → the seat of the cast it belongs to
ACCOUNTS = {
    "demo-worker": ("grid_worker", ANCHOR_GRID, 0),
    "demo-checker": ("grid_worker", ANCHOR_GRID, 1),
    "demo-chief": ("grid_chief", ANCHOR_GRID, 0),
    "demo-community": ("community_head", ANCHOR_COMMUNITY, 0),
    "demo-acceptor": ("acceptor", ANCHOR_STREET, 0),
    "demo-street": ("street_leader", ANCHOR_STREET, 0),
    "demo-dispatcher": ("dispatcher", ANCHOR_COUNTY, 0),
    "demo-leader": ("shift_leader", ANCHOR_COUNTY, 0),
    "demo-county": ("county_leader", ANCHOR_COUNTY, 0),
    "demo-handler": ("handler", f"{ANCHOR_COUNTY}-municipal", 0),
    "demo-patrol": ("handler", f"{ANCHOR_STREET}-urban_management", 0),
    "demo-intake": ("intake_desk", geography.CITY_CODE, 0),
    "demo-supervisor": ("supervisor", geography.CITY_CODE, 0),
    "demo-city": ("city_leader", geography.CITY_CODE, 0),
}

_DUTIES = {
    "grid_worker": "每天巡查，上报和核实问题，上门服务，核查办理结果",
    "grid_chief": "牵头本网格的事，协调解决，难办的上报社区",
    "grid_guide": "联系指导本网格，督促各类问题按时办结",
    "community_head": "统筹社区服务，组织议事，协调辖区单位",
}
_CONTACT_ROLES = {
    "party_grid": "party_contact",
    "police_grid": "police_contact",
    "department_grid": "department_contact",
}
_LED_BY = {"party_grid": "community_head", "police_grid": "police", "department_grid": "grid_chief"}

Say = Callable[[str], None]


@dataclass
class Built:
    """What stands in the registry, by code."""

    areas: dict[str, Area] = field(default_factory=dict)
    units: dict[str, Organisation] = field(default_factory=dict)
    posts: list[Post] = field(default_factory=list)
    people: dict[str, Person] = field(default_factory=dict)


@transaction.atomic
def build(*, size: Size, seed: int = 1, say: Say = lambda line: None) -> Built:
    """Found the city and fill its registry from the drafts of a seed."""
    founding.found(
        code=geography.CITY_CODE, name="经州市", login="demo-admin", password=PASSWORD, administrator="林知行"
    )
    since = today() - timedelta(days=400)
    drafts = geography.make_areas(size, seed)
    say(f"{len(drafts):,} areas drawn")
    built = Built()
    _write_areas(drafts, built, since)
    _write_overlays(overlays.make_overlays(drafts, seed), built, since)
    units = people.make_organisations(drafts, size, seed)
    _write_units(units, built, since)
    seats = [*people.make_seats(drafts, units, size, seed)]
    staff = people.make_staff(drafts, units, seats, size, seed, today())
    _write_seats(seats, staff, drafts, built)
    say(f"{len(built.units):,} organisations, {len(built.people):,} people in {len(built.posts):,} seats")
    _write_contacts(built)
    _write_catalogue(built)
    for counter in (atlas.COUNTER, library.COUNTER):
        raise_version(counter)
    atlas.forget()
    return built


def open_accounts(built: Built) -> None:
    """One account a role, all with the password that the sign-in page prints."""
    if not settings.DEMO:
        raise RuntimeError("demo accounts are opened in the demo city only")
    for login, (role, place, order) in ACCOUNTS.items():
        assignments = (
            Assignment.objects.filter(post__role=role, ends=None)
            .order_by("post_id", "pk")
            .select_related("person")
        )
        at = (
            assignments.filter(post__area__code=place)
            if place in built.areas
            else assignments.filter(post__organisation__code=place)
        )
        accounts.open_account(login, at[order].person_id, by=SYSTEM, password=PASSWORD)


# ---------------------------------------------------------------- writing, many rows at a time


def _write_areas(drafts: Sequence[AreaDraft], built: Built, since: date) -> None:
    city = Area.objects.get(kind="city")
    built.areas[city.code] = city
    top = next(draft for draft in drafts if draft.kind == "city")
    journal.record(
        city,
        "area-changed",
        by=SYSTEM,
        detail={"columns": ["border", "households", "population"]},
        border=shapely.to_wkb(top.geometry),
        households=top.households,
        population=top.population,
        border_source="cgcs2000",
        valid_from=since,
    )
    for kind in TIERS[1:]:  # a parent has its number before its children
        made = [
            _area(draft, built, since, order)
            for order, draft in enumerate(d for d in drafts if d.kind == kind)
        ]
        journal.begin_many(
            made,
            "area-made",
            by=SYSTEM,
            details=[{"code": area.code, "parent": area.parent_id} for area in made],
        )
        built.areas |= {area.code: area for area in made}


def _area(draft: AreaDraft, built: Built, since: date, order: int) -> Area:
    return Area(
        kind=draft.kind,
        tier=TIERS.index(draft.kind) + 1,
        parent=built.areas[draft.parent_code or ""],
        code=draft.code,
        name=draft.name,
        order=order,
        households=draft.households,
        population=draft.population,
        special=draft.special,
        border=shapely.to_wkb(draft.geometry),
        border_source="cgcs2000",
        valid_from=since,
    )


def _write_overlays(drafts: Sequence[overlays.OverlayDraft], built: Built, since: date) -> None:
    made = [
        Area(
            kind=d.kind,
            tier=0,
            parent=built.areas[d.base_codes[0]].parent,
            code=d.code,
            name=d.name,
            valid_from=since,
            border=shapely.to_wkb(d.geometry) if d.geometry is not None else None,
            border_source="cgcs2000" if d.geometry is not None else "",
        )
        for d in drafts
    ]
    journal.begin_many(
        made, "area-made", by=SYSTEM, details=[{"code": area.code, "parent": area.parent_id} for area in made]
    )
    taken: set[tuple[str, str]] = set()
    pairs = []
    for area, draft in zip(made, drafts, strict=True):
        for code in draft.base_codes:
            reason = (
                "各部门原有网格并存" if (draft.kind, code) in taken else ""
            )  # a second one needs a reason
            taken.add((draft.kind, code))
            pairs.append(AreaMapping(overlay=area, base=built.areas[code], reason=reason))
    AreaMapping.objects.bulk_create(pairs, batch_size=2000)
    built.areas |= {area.code: area for area in made}


def _write_units(drafts: Sequence[people.OrganisationDraft], built: Built, since: date) -> None:
    """Parents stand before their children in the drafts.

    One generation is written at a time, because a path needs the parent's.
    """
    waiting = list(drafts)
    while waiting:
        ready = [d for d in waiting if d.parent_code is None or d.parent_code in built.units]
        made = [_unit(draft, built, since, len(built.units) + n) for n, draft in enumerate(ready)]
        journal.begin_many(
            made,
            "organisation-made",
            by=SYSTEM,
            details=[{"code": unit.code} for unit in made],
            before_write=_set_path,
        )
        built.units |= {unit.code: unit for unit in made}
        waiting = [d for d in waiting if d.code not in built.units]


def _unit(draft: people.OrganisationDraft, built: Built, since: date, order: int) -> Organisation:
    parent = built.units.get(draft.parent_code or "")
    return Organisation(
        code=draft.code,
        name=draft.name,
        kind=draft.kind,
        parent=parent,
        area=built.areas.get(draft.area_code),
        phone=draft.phone,
        order=order,
        valid_from=since,
        path=parent.path if parent else "/",
    )


def _set_path(unit: Organisation) -> None:
    unit.path = f"{unit.path}{unit.pk}/"


def _write_seats(
    seats: Sequence[people.SeatDraft],
    staff: Sequence[people.StaffDraft],
    drafts: Sequence[AreaDraft],
    built: Built,
) -> None:
    city = built.areas[geography.CITY_CODE]
    there = {post.role: post for post in Post.objects.filter(area=city)}
    posts = [
        there[s.role]
        if s.area_code == city.code and s.role in there
        else Post(
            role=s.role,
            area=built.areas.get(s.area_code or ""),
            organisation=built.units.get(s.organisation_code or ""),
            title=s.title,
            duty=_DUTIES.get(s.role, ""),
        )
        for s in seats
    ]
    new = [post for post in posts if post.pk is None]
    journal.begin_many(
        new, "post-made", by=SYSTEM, details=[{"role": post.role, "area": post.area_id} for post in new]
    )
    people_ = {
        d.staff_no: Person(
            staff_no=d.staff_no,
            name=d.name,
            work_phone=d.work_phone,
            organisation=built.units.get(d.organisation_code),
        )
        for d in staff
    }
    journal.begin_many(list(people_.values()), "person-taken-on", by=SYSTEM)
    rows = [
        Assignment(
            person=people_[d.staff_no],
            post=posts[d.seat],
            starts=d.starts,
            ends=d.ends,
            substitute=d.substitute,
        )
        for d in staff
    ]
    rows += _guides(posts, rows, drafts, built)
    journal.begin_many(
        rows, "assigned", by=SYSTEM, details=[{"person": row.person_id, "post": row.post_id} for row in rows]
    )
    built.people |= people_
    built.posts += [post for post in posts if post is not None]


def _guides(
    posts: Iterable[Post | None], rows: Sequence[Assignment], drafts: Sequence[AreaDraft], built: Built
) -> list[Assignment]:
    """A community's guide sits in a seat of each of its grids."""
    guides = {row.post.area_id: row for row in rows if row.post.role == "grid_guide"}
    grids = [built.areas[d.code] for d in drafts if d.kind == "grid"]
    seats = [
        Post(role="grid_guide", area=grid, title=f"{grid.name}网格指导员", duty=_DUTIES["grid_guide"])
        for grid in grids
    ]
    journal.begin_many(
        seats, "post-made", by=SYSTEM, details=[{"role": post.role, "area": post.area_id} for post in seats]
    )
    built.posts += seats
    found = []
    for grid, seat in zip(grids, seats, strict=True):
        if (row := guides.get(grid.parent_id)) is not None:
            found.append(Assignment(person=row.person, post=seat, starts=row.starts, ends=row.ends))
    return found


def _write_contacts(built: Built) -> None:
    """Overlays are answered by people with a seat on the ground: the community's head, police, grid chief."""
    sits = {}
    for row in (
        Assignment.objects.filter(post__role__in=_LED_BY.values(), ends=None)
        .select_related("post")
        .order_by("-pk")
    ):
        sits[row.post.role, row.post.area_id] = row.person_id
    mapped = (
        AreaMapping.objects.filter(overlay__kind__in=_LED_BY)
        .select_related("overlay", "base")
        .order_by("-pk")
    )
    first = {mapping.overlay_id: mapping for mapping in mapped}
    posts = [
        Post(role=_CONTACT_ROLES[m.overlay.kind], area=m.overlay, title=m.overlay.name)
        for m in first.values()
    ]
    journal.begin_many(
        posts, "post-made", by=SYSTEM, details=[{"role": post.role, "area": post.area_id} for post in posts]
    )
    rows = []
    for post, mapping in zip(posts, first.values(), strict=True):
        role = _LED_BY[mapping.overlay.kind]
        person = sits.get((role, mapping.base.parent_id if role == "community_head" else mapping.base_id))
        if person:
            rows.append(Assignment(person_id=person, post=post, starts=today() - timedelta(days=90)))
    journal.begin_many(
        rows, "assigned", by=SYSTEM, details=[{"person": row.person_id, "post": row.post_id} for row in rows]
    )


def _write_catalogue(built: Built) -> None:
    """Each class goes to the unit of its lead's kind that works there, the nearest first."""
    by_kind: dict[str, list[Organisation]] = {}
    for unit in built.units.values():
        by_kind.setdefault(unit.kind, []).append(unit)
    rows = []
    for entry in library.classes("social_governance").values():
        for unit in by_kind.get(entry.lead, []) if entry.parent else []:
            if unit.area_id is not None:
                rows.append(
                    CatalogueRow(
                        list="social_governance", class_code=entry.code, area_id=unit.area_id, unit=unit
                    )
                )
    rows += [
        CatalogueRow(list="social_governance", class_code="", area_id=unit.area_id, unit=unit)
        for unit in by_kind.get("street", [])
    ]
    journal.begin_many(
        rows,
        "catalogue-row-made",
        by=SYSTEM,
        details=[{"class": row.class_code, "area": row.area_id, "unit": row.unit_id} for row in rows],
    )
