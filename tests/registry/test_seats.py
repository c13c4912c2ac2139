"""Who answers for a place: seats, where a role climbs when its seat is empty, which seats nobody sits in."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from jingwei.kernel import moments
from jingwei.registry import areas, people, seats
from jingwei.registry.atlas import atlas
from jingwei.registry.models import Area, Assignment, SeatRule
from jingwei.registry.roles import desk_roles, label, roles
from jingwei.registry.seats import Answering, Coverage, Hole, Seat

from .conftest import Town

FRIDAY = datetime.fromisoformat("2026-11-20T09:00:00+08:00")


@pytest.fixture
def tree(town: Town) -> dict[str, Area]:
    """One area of every tier, one below the other, and a second grid."""
    found: dict[str, Area] = {}
    parent = None
    for kind, code in (
        ("city", "9911"),
        ("county", "991101"),
        ("street", "991101001"),
        ("community", "991101001001"),
        ("grid", "991101001001001"),
    ):
        parent = found[kind] = town.area(code, parent)
    found["other grid"] = town.area("991101001001002", found["community"])
    return found


def seat(area: Area | None, role: str, at: str, **options: Any) -> Seat | None:
    return Answering(area.pk if area else None).seat(role, at=at, **options)


# ---------------------------------------------------------------- climbing


def test_a_filled_seat_answers_itself(town: Town, tree: dict[str, Area]) -> None:
    sits = town.seat("acceptor", tree["street"])
    assert seat(tree["grid"], "acceptor", "street") == Seat(
        sits.post_id, "acceptor", tree["street"].pk, climbed=False
    )


def test_an_empty_seat_climbs_tier_by_tier_to_the_citys_intake_desk(
    town: Town, tree: dict[str, Area]
) -> None:
    post = {kind: town.post(role, tree[kind]) for kind, role in desk_roles().items() if kind in tree}
    worker = town.post("grid_worker", tree["grid"])
    assert seat(tree["grid"], "grid_worker", "grid") is None  # nobody anywhere
    expected = []
    for kind in ("city", "county", "street", "community", "grid"):
        town.sit(post[kind])
        expected.append((seat(tree["grid"], "grid_worker", "grid"), kind))
    assert expected == [
        (Seat(post[kind].pk, desk_roles()[kind], tree[kind].pk, climbed=True), kind)
        for kind in ("city", "county", "street", "community", "grid")
    ]
    sits = town.sit(worker)
    assert seat(tree["grid"], "grid_worker", "grid") == Seat(
        sits.post_id, "grid_worker", tree["grid"].pk, climbed=False
    )


def test_the_same_role_further_up_comes_before_the_desk_there(town: Town, tree: dict[str, Area]) -> None:
    town.seat("community_head", tree["community"])
    own = town.seat("grid_worker", tree["community"])
    assert seat(tree["grid"], "grid_worker", "grid") == Seat(
        own.post_id, "grid_worker", tree["community"].pk, climbed=True
    )


def test_a_role_never_climbs_downwards_or_sideways(town: Town, tree: dict[str, Area]) -> None:
    town.seat("acceptor", town.area("991101002", tree["county"]))  # a street beside it
    town.seat("grid_worker", tree["other grid"])
    town.seat("community_head", tree["community"])
    assert (
        seat(tree["grid"], "acceptor", "street") is None
    )  # what sits below the street does not answer for it


def test_in_a_city_without_grids_the_lowest_tier_there_is_answers(town: Town) -> None:
    city = town.area("9911")
    street = town.area("991101001", town.area("991101", city))
    acceptor, desk = town.seat("acceptor", street), town.seat("intake_desk", city)
    assert seat(street, "grid_worker", "grid") == Seat(acceptor.post_id, "acceptor", street.pk, climbed=True)
    assert seat(street, "acceptor", "street") == Seat(acceptor.post_id, "acceptor", street.pk, climbed=False)
    assert seat(street, "dispatcher", "county") == Seat(desk.post_id, "intake_desk", city.pk, climbed=True)


def test_in_a_city_of_one_seat_everything_comes_to_it(town: Town) -> None:
    city = town.area("9911")
    desk = town.seat("intake_desk", city)
    only = Seat(desk.post_id, "intake_desk", city.pk, climbed=True)
    for role, at in (
        ("grid_worker", "grid"),
        ("acceptor", "street"),
        ("dispatcher", "county"),
        ("party_contact", "party_grid"),
    ):
        assert seat(city, role, at) == seat(None, role, at) == only
    assert seat(None, "intake_desk", "city") == Seat(desk.post_id, "intake_desk", city.pk, climbed=False)


def test_where_a_tier_is_missing_in_between_it_is_climbed_past(town: Town) -> None:
    city = town.area("9911")
    county = town.area("991101", city)
    grid = town.area("991101001001001", county)  # grids right under the county
    dispatcher = town.seat("dispatcher", county)
    assert seat(grid, "acceptor", "street") == Seat(dispatcher.post_id, "dispatcher", county.pk, climbed=True)
    assert seat(grid, "grid_worker", "grid") == Seat(
        dispatcher.post_id, "dispatcher", county.pk, climbed=True
    )


def test_an_unlocated_matter_or_one_in_an_area_that_ended_comes_to_the_city(
    town: Town, tree: dict[str, Area]
) -> None:
    desk = town.seat("intake_desk", tree["city"])
    town.seat("grid_worker", tree["grid"])
    ended = Area.objects.get(pk=tree["other grid"].pk)
    areas.end_area(ended, by=town.by)
    only = Seat(desk.post_id, "intake_desk", tree["city"].pk, climbed=True)
    assert seat(None, "acceptor", "street") == seat(ended, "grid_worker", "grid") == only


def test_without_any_area_there_is_no_seat_and_no_error(town: Town) -> None:
    assert seat(None, "acceptor", "street") is None
    assert Answering(None).chain == []


# ---------------------------------------------------------------- empty, shut, excluded


def test_a_seat_is_empty_before_the_first_and_after_the_last_day(town: Town, tree: dict[str, Area]) -> None:
    post = town.post("acceptor", tree["street"])
    town.sit(post, starts=date(2026, 11, 20), ends=date(2026, 11, 22))
    for day, filled in ((19, False), (20, True), (21, True), (22, False)):
        with moments.at(FRIDAY.replace(day=day)):
            assert (seat(tree["grid"], "acceptor", "street") is not None) is filled


def test_an_excluded_person_does_not_fill_a_seat_but_somebody_beside_them_does(
    town: Town, tree: dict[str, Area]
) -> None:
    head = town.seat("community_head", tree["community"])
    post = town.post("grid_worker", tree["grid"])
    one, two = town.sit(post), town.sit(post)
    own = Seat(post.pk, "grid_worker", tree["grid"].pk, climbed=False)
    assert seat(tree["grid"], "grid_worker", "grid", without=[one.person_id]) == own
    assert seat(tree["grid"], "grid_worker", "grid", without=[one.person_id, two.person_id]) == Seat(
        head.post_id, "community_head", tree["community"].pk, climbed=True
    )
    everybody = [one.person_id, two.person_id, head.person_id]
    assert seat(tree["grid"], "grid_worker", "grid", without=everybody) is None


def test_a_person_with_two_posts_is_excluded_from_both(town: Town, tree: dict[str, Area]) -> None:
    mei = town.person()
    town.sit(town.post("grid_worker", tree["grid"]), mei)
    town.sit(town.post("community_head", tree["community"]), mei)
    acceptor = town.seat("acceptor", tree["street"])
    found = seat(tree["grid"], "grid_worker", "grid", without=[mei.pk])
    assert found == Seat(acceptor.post_id, "acceptor", tree["street"].pk, climbed=True)


def test_a_post_complained_about_is_passed_over_whoever_sits_there(town: Town, tree: dict[str, Area]) -> None:
    about = town.seat("acceptor", tree["street"])
    second = town.seat("acceptor", tree["street"])
    dispatcher = town.seat("dispatcher", tree["county"])
    assert seat(tree["grid"], "acceptor", "street", not_at=[about.post_id]) == Seat(
        second.post_id, "acceptor", tree["street"].pk, climbed=False
    )
    both = [about.post_id, second.post_id]
    assert seat(tree["grid"], "acceptor", "street", not_at=both) == Seat(
        dispatcher.post_id, "dispatcher", tree["county"].pk, climbed=True
    )


def test_a_substitute_fills_a_seat_and_a_post_given_up_does_not(town: Town, tree: dict[str, Area]) -> None:
    post = town.post("acceptor", tree["street"])
    town.sit(post, substitute=True)
    assert seat(tree["street"], "acceptor", "street") is not None
    post.valid_to = date(2026, 1, 1)
    post.save()
    assert seat(tree["street"], "acceptor", "street") is None


def test_around_one_place_everything_is_asked_once(
    town: Town, tree: dict[str, Area], django_assert_num_queries: Callable[[int], Any]
) -> None:
    town.seat("dispatcher", tree["county"])
    atlas()
    with CaptureQueriesContext(connection) as seen:
        answering = Answering(tree["grid"].pk)
        for role, at in (("grid_worker", "grid"), ("acceptor", "street"), ("dispatcher", "county")):
            answering.seat(role, at=at)
    assert len([query for query in seen if "registry_post" in query["sql"]]) == 1
    assert len(seen) <= 2  # and the look whether the areas are still the same


# ---------------------------------------------------------------- holders


def test_holders_are_every_post_with_everybody_in_it(town: Town, tree: dict[str, Area]) -> None:
    post, empty = (
        town.post("grid_worker", tree["grid"], title="第一网格网格员"),
        town.post("grid_chief", tree["grid"]),
    )
    stands_in = town.sit(post, town.person("方一鸣", work_phone="62130001"), substitute=True)
    sits = town.sit(post, town.person("沈玉"))
    unit = town.unit()
    handler = town.seat("handler", unit)
    found = seats.holders(areas=[tree["grid"].pk], organisations=[unit.pk])
    assert [(h.post, h.role, h.person, h.name, h.phone) for h in found] == [
        (post.pk, "grid_worker", sits.person_id, "沈玉", ""),
        (post.pk, "grid_worker", stands_in.person_id, "方一鸣", "62130001"),
        (empty.pk, "grid_chief", None, "", ""),
        (handler.post_id, "handler", handler.person_id, "沈玉", ""),
    ]
    assert (found[0].title, found[0].area, found[0].organisation, found[3].organisation) == (
        "第一网格网格员",
        tree["grid"].pk,
        None,
        unit.pk,
    )
    assert seats.holders() == []


def test_who_answers_for_a_grid_includes_what_lies_over_it(town: Town, tree: dict[str, Area]) -> None:
    party = town.area("PG-1", tree["street"], kind="party_grid")
    areas.map_overlay(party, [tree["grid"]], by=town.by)
    worker, contact = town.seat("grid_worker", tree["grid"]), town.seat("party_contact", party)
    beside = town.seat("grid_worker", tree["other grid"])
    assert {h.post for h in seats.who_answers_for(tree["grid"].pk)} == {worker.post_id, contact.post_id}
    assert {h.post for h in seats.who_answers_for(tree["other grid"].pk)} == {beside.post_id}


def test_running_assignments_are_those_of_today(town: Town, tree: dict[str, Area]) -> None:
    post = town.post("grid_worker", tree["grid"])
    with moments.at(FRIDAY):
        over = town.sit(post, ends=date(2026, 11, 20))
        runs, later = town.sit(post), town.sit(post, starts=date(2026, 11, 21))
        assert list(seats.running_assignments()) == [runs]
        assert set(Assignment.objects.filter(seats.in_force(date(2026, 11, 19)))) == {over, runs}
        assert set(Assignment.objects.filter(seats.in_force(date(2026, 11, 21)))) == {runs, later}


# ---------------------------------------------------------------- holes and coverage, counted by hand


@pytest.fixture
def counted(town: Town) -> Town:
    """Two counties, three streets, five grids.

    Filled: one of two dispatchers, two of three acceptors; three grids have a worker, one has two chiefs.
    """
    for role, kind, least in (
        ("dispatcher", "county", 1),
        ("acceptor", "street", 1),
        ("grid_worker", "grid", 1),
        ("grid_chief", "grid", 2),
        ("supervisor", "city", 1),
    ):
        SeatRule.objects.create(role=role, area_kind=kind, least=least)
    city = town.area("9911")
    counties = [town.area(f"99110{n}", city) for n in (1, 2)]
    streets = [
        town.area(code, counties[int(code[5]) - 1]) for code in ("991101001", "991101002", "991102001")
    ]
    grids = [town.area(f"{streets[n // 2].code}00100{n % 2 + 1}", streets[n // 2]) for n in range(5)]
    town.seat("dispatcher", counties[0])
    town.post("dispatcher", counties[1])  # a post with nobody in it
    for street in streets[:2]:
        town.seat("acceptor", street)
    for grid in grids[:3]:
        town.seat("grid_worker", grid)
    town.sit(town.post("grid_worker", grids[3]), ends=date(2025, 6, 1))  # over
    pair = town.post("grid_chief", grids[0])
    town.sit(pair)
    town.sit(pair)
    mei = town.person()  # the same person in two posts of one grid is one person
    town.sit(town.post("grid_chief", grids[1]), mei)
    town.sit(town.post("grid_chief", grids[1]), mei)
    areas.end_area(
        town.area("991102001001009", streets[2]), by=town.by
    )  # a grid that is no more needs nobody
    return town


def test_every_empty_seat_of_the_city_is_listed(counted: Town) -> None:
    found = [(hole.role, hole.area_code, hole.filled, hole.least) for hole in seats.holes()]
    assert found == [
        ("supervisor", "9911", 0, 1),
        ("grid_chief", "991101001001002", 1, 2),
        ("grid_chief", "991101002001001", 0, 2),
        ("grid_chief", "991101002001002", 0, 2),
        ("grid_worker", "991101002001002", 0, 1),
        ("dispatcher", "991102", 0, 1),
        ("acceptor", "991102001", 0, 1),
        ("grid_chief", "991102001001001", 0, 2),
        ("grid_worker", "991102001001001", 0, 1),
    ]
    hole = seats.holes(roles=["dispatcher"])[0]
    assert hole == Hole("dispatcher", Area.objects.get(code="991102").pk, "991102", "地991102", 0, 1)


def test_holes_can_be_asked_for_a_part_a_role_and_a_page(counted: Town) -> None:
    assert [hole.area_code for hole in seats.holes(under="991102")] == [
        "991102",
        "991102001",
        "991102001001001",
        "991102001001001",
    ]
    assert [hole.role for hole in seats.holes(under="991102", roles=["acceptor", "dispatcher"])] == [
        "dispatcher",
        "acceptor",
    ]
    assert [hole.role for hole in seats.holes(roles=["nobody"])] == []
    every = seats.holes()
    assert [seats.holes(limit=4, offset=start) for start in (0, 4, 8)] == [every[:4], every[4:8], every[8:]]


def test_coverage_counts_areas_whose_seat_is_filled_enough(counted: Town) -> None:
    assert seats.coverage() == [
        Coverage("supervisor", "city", 1, 0),
        Coverage("dispatcher", "county", 2, 1),
        Coverage("grid_chief", "grid", 5, 1),
        Coverage("grid_worker", "grid", 5, 3),
        Coverage("acceptor", "street", 3, 2),
    ]
    assert seats.coverage(under="991102") == [
        Coverage("supervisor", "city", 0, 0),
        Coverage("dispatcher", "county", 1, 0),
        Coverage("grid_chief", "grid", 1, 0),
        Coverage("grid_worker", "grid", 1, 0),
        Coverage("acceptor", "street", 1, 0),
    ]


def test_one_role_required_at_two_kinds_of_areas_is_counted_at_each(counted: Town) -> None:
    SeatRule.objects.create(role="grid_worker", area_kind="street", least=1)
    counted.seat("grid_worker", Area.objects.get(code="991101001"))
    found = {(one.role, one.area_kind): (one.filled, one.required) for one in seats.coverage()}
    assert found["grid_worker", "grid"] == (3, 5)
    assert found["grid_worker", "street"] == (1, 3)


def test_holes_and_coverage_are_one_statement_each_and_agree(
    counted: Town, django_assert_num_queries: Callable[[int], Any]
) -> None:
    with django_assert_num_queries(1):
        covered = seats.coverage()
    with django_assert_num_queries(1):
        empty = seats.holes()
    assert sum(one.required - one.filled for one in covered) == len(empty)


def test_a_seat_filled_or_left_shows_at_once(counted: Town) -> None:
    worker = counted.post("grid_worker", Area.objects.get(code="991102001001001"))
    before = len(seats.holes())
    sits = counted.sit(worker)
    assert len(seats.holes()) == before - 1
    people.end_assignment(sits, by=counted.by)
    assert len(seats.holes()) == before


def test_a_city_without_rules_has_no_holes(town: Town) -> None:
    town.area("9911")
    assert (seats.holes(), seats.coverage()) == ([], [])


# ---------------------------------------------------------------- roles


def test_every_tier_has_one_desk() -> None:
    desks = [role for role in roles().values() if role.desk]
    assert {role.at: role.code for role in desks} == desk_roles()
    assert set(desk_roles()) == {"city", "county", "street", "community", "grid"}
    assert len(desks) == 5


def test_a_role_nobody_knows_speaks_for_itself() -> None:
    assert label("acceptor") == "受理员"
    assert label("unheard_of") == "unheard_of"


def test_a_day_is_the_citys_day(town: Town, tree: dict[str, Area]) -> None:
    post = town.post("acceptor", tree["street"])
    town.sit(post, starts=date(2026, 11, 21))
    midnight = datetime.fromisoformat("2026-11-21T00:00:00+08:00")
    with moments.at(midnight - timedelta(seconds=1)):
        assert seat(tree["street"], "acceptor", "street") is None
    with moments.at(midnight):
        assert seat(tree["street"], "acceptor", "street") is not None
