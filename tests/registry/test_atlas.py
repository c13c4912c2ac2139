"""Where a point lies: the finest area that holds it, on borders and in holes, for one point and for many."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import shapely
from django.db import transaction
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st

from jingwei.registry import areas
from jingwei.registry.atlas import atlas
from jingwei.registry.models import Area

from .conftest import Town


def found(lon: float, lat: float) -> str | None:
    """The code of the place of a point; asked both ways, and both must say the same."""
    place = atlas().locate(lon, lat)
    many = atlas().locate_many([0.0, lon], [-80.0, lat])
    assert many == [None, place.id if place else None]
    return place.code if place else None


@pytest.fixture
def squares(town: Town) -> Town:
    """A city from 0 to 8 in both directions; half of it a county; in a corner a community of four grids."""
    city = town.area("9911", box=(0, 0, 8, 8))
    county = town.area("991101", city, box=(0, 0, 4, 8))
    street = town.area("991101001", county, box=(0, 0, 4, 4))
    community = town.area("991101001001", street, box=(0, 0, 2, 2))
    for n, (west, south) in enumerate(((0, 0), (1, 0), (0, 1), (1, 1)), 1):
        town.area(f"991101001001{n:03}", community, box=(west, south, west + 1, south + 1))
    return town


@pytest.mark.parametrize(
    ("lon", "lat", "code"),
    [
        (0.5, 0.5, "991101001001001"),
        (1.5, 1.5, "991101001001004"),
        (3, 3, "991101001"),  # in the street, in no community
        (3, 6, "991101"),
        (6, 6, "9911"),
        (9, 9, None),
        (-0.001, 0.5, None),
        (1, 0.5, "991101001001001"),  # on the border of two grids: the one that was made first
        (1, 1, "991101001001001"),  # where four meet
        (0, 0, "991101001001001"),
        (2, 0.5, "991101001001002"),  # on the border of grid and street: the grid
        (4, 6, "991101"),
        (8, 8, "9911"),
        (float("nan"), 1, None),
        (float("inf"), 1, None),
        (1e300, 1, None),
    ],
)
def test_a_point_lies_in_the_finest_area_that_holds_it(
    lon: float, lat: float, code: str | None, squares: Town
) -> None:
    assert found(lon, lat) == code


def test_a_hole_in_a_border_belongs_to_what_is_around_or_in_it(town: Town) -> None:
    city = town.area("9911", box=(0, 0, 8, 8))
    ring = shapely.Polygon(shapely.box(1, 1, 5, 5).exterior.coords, [shapely.box(2, 2, 4, 4).exterior.coords])
    town.area("991101", city, border=ring)
    assert found(1.5, 3) == "991101"
    assert found(3, 3) == "9911"
    assert found(2, 3) == "991101"  # the edge of the hole
    town.area("991102", city, box=(2, 2, 4, 4))
    assert found(3, 3) == "991102"


def test_an_area_in_two_parts_holds_points_in_both(town: Town) -> None:
    city = town.area("9911", box=(0, 0, 9, 9))
    town.area("991101", city, border=shapely.MultiPolygon([shapely.box(0, 0, 1, 1), shapely.box(5, 5, 6, 6)]))
    assert [found(*at) for at in ((0.5, 0.5), (5.5, 5.5), (3, 3))] == ["991101", "991101", "9911"]


def test_where_no_border_is_known_nothing_is_found(town: Town) -> None:
    assert (found(1, 1), atlas().bounds, atlas().city()) == (None, None, None)
    town.area("991101", town.area("9911"))
    assert (found(1, 1), atlas().bounds) == (None, None)
    assert atlas().locate_many([], []) == []


def test_what_lies_across_the_tree_or_has_ended_is_no_answer(squares: Town) -> None:
    street = Area.objects.get(code="991101001")
    squares.area("E-1", street, kind="estate", box=(3, 3, 4, 4))
    assert found(3.5, 3.5) == "991101001"
    areas.end_area(Area.objects.get(code="991101001001001"), by=squares.by)
    assert found(0.5, 0.5) == "991101001001"


def test_where_some_places_have_grids_and_others_none_the_finest_still_wins(squares: Town) -> None:
    """A second county has nothing but a border, and that is drawn too far into the first."""
    county = squares.area("991102", Area.objects.get(code="9911"), box=(2.5, 0, 8, 8))
    assert [found(*at) for at in ((3, 3), (3, 6), (6, 6), (1.5, 1.5))] == [
        "991101001",
        "991101",
        county.code,
        "991101001001004",
    ]
    assert atlas().bounds == (0, 0, 8, 8)


# ---------------------------------------------------------------- many points


@given(points=st.lists(st.tuples(st.integers(-2, 18), st.integers(-2, 18)), min_size=1, max_size=60))
@examples(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_many_points_are_found_as_each_alone(points: list[tuple[int, int]], squares: Town) -> None:
    lons, lats = [lon / 2 for lon, _ in points], [lat / 2 for _, lat in points]
    alone = [atlas().locate(lon, lat) for lon, lat in zip(lons, lats, strict=True)]
    assert atlas().locate_many(lons, lats) == [place.id if place else None for place in alone]


def test_a_search_by_hand_says_the_same(town: Town) -> None:
    """Two hundred grids with ragged borders and gaps between them; every border compared with every point."""
    chance = np.random.default_rng(7)
    city = town.area("9911", box=(0, 0, 20, 10))
    streets = [town.area(f"99110100{n + 1}", city, box=(10 * n, 0, 10 * n + 10, 10)) for n in range(2)]
    for n in range(200):
        west, south = n % 20, n // 20
        ragged = shapely.box(west, south, west + 1, south + 1).buffer(float(chance.uniform(-0.2, -0.02)))
        town.area(f"99110100{n % 20 // 10 + 1}001{n:03}", streets[n % 20 // 10], border=ragged)
    every = [
        (area.pk, -area.tier, shapely.from_wkb(bytes(area.border or b""))) for area in Area.objects.all()
    ]
    lons, lats = chance.uniform(-1, 21, 400).tolist(), chance.uniform(-1, 11, 400).tolist()
    by_hand = []
    for lon, lat in zip(lons, lats, strict=True):
        holding = [(tier, pk) for pk, tier, border in every if border.intersects(shapely.Point(lon, lat))]
        by_hand.append(min(holding)[1] if holding else None)
    assert atlas().locate_many(lons, lats) == by_hand
    assert len({area for area in by_hand if area}) > 100


# ---------------------------------------------------------------- the tree


def test_the_way_up_and_what_lies_below(squares: Town) -> None:
    places = atlas()
    grid = places.by_code["991101001001002"]
    assert [place.code for place in places.up(grid.id)] == [
        "991101001001002",
        "991101001001",
        "991101001",
        "991101",
        "9911",
    ]
    assert places.at_tiers(grid.id) == {place.kind: place.id for place in places.up(grid.id)}
    city = places.city()
    assert city is not None
    assert len(list(places.under(city.id))) == 8
    assert [place.code for place in places.children(places.by_code["991101001001"].id)] == [
        f"99110100100100{n}" for n in range(1, 5)
    ]
    assert (
        list(places.up(None))
        == list(places.up(10**9))
        == list(places.under(10**9))
        == places.children(10**9)
        == []
    )
    assert (places.get(None), places.get(10**9), places.name(None), places.name(grid.id)) == (
        None,
        None,
        "",
        "地991101001001002",
    )
    assert places.bounds == (0, 0, 8, 8)


def test_the_full_name_begins_below_the_city(squares: Town) -> None:
    grid = atlas().by_code["991101001001001"].id
    assert atlas().full_name(grid) == "地991101 地991101001 地991101001001 地991101001001001"
    assert atlas().full_name(grid, below="street") == "地991101001001 地991101001001001"
    assert atlas().full_name(None) == ""


def test_a_place_above_where_names_begin_has_its_own(squares: Town) -> None:
    county = atlas().by_code["991101"].id
    assert atlas().full_name(county, below="county") == "地991101"
    assert atlas().full_name(county, below="street") == "地991101"


def test_children_stand_in_their_usual_order(town: Town) -> None:
    city = town.area("9911")
    for code, order in (("991101", 3), ("991102", 1), ("991103", 1)):
        town.area(code, city, order=order)
    assert [place.code for place in atlas().children(city.pk)] == ["991102", "991103", "991101"]


# ---------------------------------------------------------------- reloading


def test_every_change_of_an_area_is_seen_and_nothing_else_reloads(
    squares: Town, django_assert_num_queries: Callable[[int], Any]
) -> None:
    before = atlas()
    with django_assert_num_queries(1):
        assert atlas() is before
    street = Area.objects.get(code="991101001")
    areas.change_area(street, by=squares.by, name="新街道")
    assert atlas().name(street.pk) == "新街道"
    new = squares.area("991101002", street.parent, box=(0, 4, 4, 8))
    assert found(1, 5) == new.code
    areas.change_area(new, by=squares.by, border=shapely.box(0, 7, 4, 8))
    assert found(1, 5) == "991101"
    areas.end_area(new, by=squares.by)
    assert found(1, 7.5) == "991101"
    squares.unit()
    squares.person()
    last = atlas()
    assert atlas() is last


def test_an_import_that_was_rolled_back_leaves_the_atlas_as_it_was(squares: Town) -> None:
    city = Area.objects.get(code="9911")
    with transaction.atomic():
        squares.area("991199", city, box=(5, 5, 6, 6))
        assert found(5.5, 5.5) == "991199"
        transaction.set_rollback(True)
    squares.area("991198", city, box=(6, 6, 7, 7))
    assert [found(5.5, 5.5), found(6.5, 6.5)] == ["9911", "991198"]
