"""Organisations, seats and staff: whole, exact in number, and nobody is missing where it matters."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import date
from itertools import pairwise

import pytest
import yaml

from jingwei.city import TOP
from jingwei.demo.geography import AreaDraft
from jingwei.demo.ground import Size
from jingwei.demo.people import (
    CAST,
    TODAY,
    OrganisationDraft,
    SeatDraft,
    StaffDraft,
    make_organisations,
    make_seats,
    make_staff,
)


@dataclass(frozen=True)
class Roll:
    areas: list[AreaDraft]
    units: list[OrganisationDraft]
    seats: list[SeatDraft]
    staff: list[StaffDraft]

    def held(self) -> dict[int, list[StaffDraft]]:
        """Who sits in each seat today, without stand-ins."""
        rows: dict[int, list[StaffDraft]] = defaultdict(list)
        for row in self.staff:
            if row.starts <= TODAY and (row.ends is None or row.ends > TODAY) and not row.substitute:
                rows[row.seat].append(row)
        return rows


def roll(areas: list[AreaDraft], size: Size, seed: int = 1) -> Roll:
    units = make_organisations(areas, size, seed)
    seats = make_seats(areas, units, size, seed)
    return Roll(areas, units, seats, make_staff(areas, units, seats, size, seed))


@pytest.fixture(scope="module")
def small(demo: list[AreaDraft]) -> Roll:
    return roll(demo, "demo")


@pytest.fixture(scope="module")
def large(city: list[AreaDraft]) -> Roll:
    return roll(city, "city")


@pytest.fixture(params=["small", "large"])
def either(request: pytest.FixtureRequest) -> Roll:
    found: Roll = request.getfixturevalue(request.param)
    return found


def test_the_totals(small: Roll, large: Roll) -> None:
    assert 130 <= len(small.units) <= 170
    assert len(large.units) == 18_700
    assert len({row.staff_no for row in large.staff}) == 24_000


def test_organisations_form_one_tree_without_orphans_or_doubles(either: Roll) -> None:
    seen: set[str] = set()
    areas = {area.code for area in either.areas}
    for unit in either.units:
        assert unit.code not in seen
        assert unit.parent_code is None or unit.parent_code in seen, unit
        assert unit.area_code in areas
        assert len(unit.code) <= 32
        assert re.fullmatch(r"6213 \d{4}", unit.phone)
        seen.add(unit.code)
    names = Counter((unit.parent_code, unit.name) for unit in either.units)
    assert max(names.values()) == 1, names.most_common(1)


def test_every_lead_of_the_class_list_has_a_unit(either: Roll) -> None:
    file = TOP / "jingwei" / "playbooks" / "classes" / "social_governance.yaml"
    classes = yaml.load(file.read_text("utf-8"), Loader=yaml.BaseLoader)["classes"]  # noqa: S506 - texts only
    leads = {kind["lead"] for top in classes for kind in top["kinds"]}
    assert leads <= {unit.kind for unit in either.units}


def test_every_unit_that_is_dispatched_to_has_a_handler(either: Roll) -> None:
    handled = {seat.organisation_code for seat in either.seats if seat.role == "handler"}
    silent = {unit.kind for unit in either.units if unit.code not in handled}
    assert silent <= {"government", "party", "grid_centre", "police", "court", "procuratorate"}


def test_seats_stand_at_one_place_that_exists(either: Roll) -> None:
    areas = {area.code: area for area in either.areas}
    units = {unit.code for unit in either.units}
    for seat in either.seats:
        assert (seat.area_code is None) != (seat.organisation_code is None)
        assert seat.area_code is None or seat.area_code in areas
        assert seat.organisation_code is None or seat.organisation_code in units
        assert 0 < len(seat.title) <= 80


def test_each_tier_has_its_seats(either: Roll) -> None:
    at: dict[str, Counter[str]] = defaultdict(Counter)
    for seat in either.seats:
        at[seat.place][seat.role] += 1
    for area in either.areas:
        if area.kind == "grid":
            assert at[area.code]["grid_worker"] in (1, 2)
            for role in ("grid_chief", "judge", "prosecutor", "police"):
                assert at[area.code][role] == 1
        if area.kind == "community":
            assert at[area.code] == {"community_head": 1, "grid_guide": 1}
        if area.kind == "street":
            assert at[area.code] == {"acceptor": 1, "street_leader": 1}
        if area.kind == "county":
            assert at[area.code] == {"dispatcher": 1, "shift_leader": 1, "county_leader": 1}
        if area.kind == "city":
            assert at[area.code] == {"intake_desk": 1, "supervisor": 1, "city_leader": 1}


def test_no_grid_of_the_city_is_without_its_worker_and_its_three_officials(large: Roll) -> None:
    held = large.held()
    assert set(held) == set(range(len(large.seats)))
    assert all(len(rows) == 1 for rows in held.values())
    filled: dict[str, set[str]] = defaultdict(set)
    for order, rows in held.items():
        filled[large.seats[order].role].update({large.seats[order].place} if rows else ())
    grids = {area.code for area in large.areas if area.kind == "grid"}
    for role in ("grid_worker", "grid_chief", "judge", "prosecutor", "police"):
        assert filled[role] == grids


@pytest.mark.parametrize("role", ["judge", "prosecutor", "police"])
def test_officials_cover_several_grids(either: Roll, role: str) -> None:
    grids: dict[str, int] = Counter(
        row.staff_no for rows in either.held().values() for row in rows if either.seats[row.seat].role == role
    )
    assert min(grids.values()) >= 3


def test_the_demo_leaves_some_seats_empty_but_never_those_of_the_cast(small: Roll) -> None:
    held = small.held()
    empty = [order for order in range(len(small.seats)) if order not in held]
    assert 0.035 <= len(empty) / len(small.seats) <= 0.045
    for member in CAST:
        seats = [
            order
            for order, seat in enumerate(small.seats)
            if seat.role == member.role and seat.place == member.place
        ]
        (row,) = held[seats[member.order]]
        assert (row.name, row.work_phone) == (member.name, member.phone)


@pytest.mark.parametrize("seed", [2, 3, 4, 5])
def test_the_cast_is_there_whatever_the_seed(demo: list[AreaDraft], seed: int) -> None:
    names = {row.name for rows in roll(demo, "demo", seed).held().values() for row in rows}
    assert {member.name for member in CAST} <= names


def test_the_cast_works_in_the_city_too(large: Roll) -> None:
    names = {row.name: row.work_phone for rows in large.held().values() for row in rows}
    assert all(names[member.name] == member.phone for member in CAST)


def test_one_number_is_one_person_of_one_unit(either: Roll) -> None:
    units = {unit.code for unit in either.units}
    cards = defaultdict(set)
    for row in either.staff:
        cards[row.staff_no].add((row.name, row.work_phone, row.organisation_code))
        assert row.organisation_code in units
        assert re.fullmatch(r"6213 \d{4}|100\d{8}", row.work_phone)
    assert all(len(card) == 1 for card in cards.values())


def test_times_make_sense(either: Roll) -> None:
    spans: dict[int, list[tuple[date, date]]] = defaultdict(list)
    for row in either.staff:
        assert row.starts <= TODAY
        assert row.ends is None or row.starts < row.ends
        if row.substitute:
            assert row.ends is not None
            assert row.ends > TODAY
        else:
            spans[row.seat].append((row.starts, row.ends or date.max))
    for terms in spans.values():
        terms.sort()
        assert all(before[1] <= after[0] for before, after in pairwise(terms))


def test_stand_ins_are_colleagues_and_not_the_holder(either: Roll) -> None:
    held = either.held()
    stand_ins = [row for row in either.staff if row.substitute]
    assert stand_ins
    for row in stand_ins:
        holders = held[row.seat]
        assert all(holder.staff_no != row.staff_no for holder in holders)
        assert all(holder.organisation_code == row.organisation_code for holder in holders)
        assert either.seats[row.seat].role == "grid_worker"


def test_staff_repeat_for_the_same_seed(demo: list[AreaDraft], small: Roll) -> None:
    assert roll(demo, "demo").staff == small.staff
    assert roll(demo, "demo", 2).staff != small.staff
