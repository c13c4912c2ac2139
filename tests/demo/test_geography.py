"""The map fits: children fill their parent exactly, codes are right, and it looks like a city."""

from __future__ import annotations

from collections import Counter, defaultdict

import numpy as np
import pytest
import shapely
from shapely import Polygon

from jingwei.demo.geography import ANCHOR_GRID, AreaDraft, make_areas
from jingwei.demo.ground import PLANS, cut_ground, reading_order
from jingwei.demo.overlays import make_overlays

TIERS = {"city": 4, "county": 6, "street": 9, "community": 12, "grid": 15}


def children_of(areas: list[AreaDraft]) -> dict[str, list[AreaDraft]]:
    below: dict[str, list[AreaDraft]] = defaultdict(list)
    for area in areas:
        if area.parent_code:
            below[area.parent_code].append(area)
    return below


def check_tessellation(areas: list[AreaDraft]) -> None:
    """Every parent is filled by its children: borders match, same area, nothing outside."""
    by_code = {area.code: area for area in areas}
    assert shapely.is_valid([area.geometry for area in areas]).all()
    for code, below in children_of(areas).items():
        parent, shapes = by_code[code].geometry, [area.geometry for area in below]
        assert shapely.coverage_is_valid(shapes), f"{code}: borders do not match"
        assert shapely.area(shapes).sum() == pytest.approx(parent.area, abs=1e-9)
        assert shapely.area(shapely.difference(shapes, parent)).max() < 1e-12


@pytest.mark.parametrize("seed", [1, 2, 3, 11, 2026])
def test_children_fill_their_parent_whatever_the_seed(seed: int) -> None:
    areas = make_areas("demo", seed)
    check_tessellation(areas)
    assert not any(area.geometry.interiors for area in areas if area.kind == "grid")


def test_no_two_areas_of_a_tier_overlap(demo: list[AreaDraft]) -> None:
    for kind in TIERS:
        shapes = [area.geometry for area in demo if area.kind == kind]
        assert shapely.union_all(shapes).area == pytest.approx(sum(shape.area for shape in shapes), abs=1e-9)


def test_a_whole_city_fits_too(city: list[AreaDraft]) -> None:
    check_tessellation(city)
    assert shapely.coverage_is_valid([area.geometry for area in city if area.kind == "grid"])


def test_the_numbers_of_the_demo(demo: list[AreaDraft]) -> None:
    assert Counter(area.kind for area in demo) == {
        "city": 1,
        "county": 3,
        "street": 12,
        "community": 40,
        "grid": 240,
    }


def test_the_numbers_of_a_city(city: list[AreaDraft]) -> None:
    kinds = Counter(area.kind for area in city)
    assert kinds == {"city": 1, "county": 11, "street": 165, "community": 3000, "grid": 16000}
    corners = shapely.get_num_coordinates([area.geometry for area in city if area.kind == "grid"])
    assert 55 <= corners.mean() <= 66
    assert 9_000_000 <= city[0].population <= 12_000_000


@pytest.mark.parametrize("size", ["demo", "city"])
def test_codes_nest_and_are_numbered_by_the_rules(size: str, request: pytest.FixtureRequest) -> None:
    areas: list[AreaDraft] = request.getfixturevalue(size)
    codes = [area.code for area in areas]
    assert len(set(codes)) == len(codes)
    seen = set()
    for area in areas:
        assert len(area.code) == TIERS[area.kind]
        assert area.code.startswith("9911")
        assert area.parent_code is None or (
            area.code.startswith(area.parent_code) and area.parent_code in seen
        )
        seen.add(area.code)
    for code, below in children_of(areas).items():
        numbers = [int(area.code[len(code) :]) for area in below]
        if below[0].kind == "grid" or below[0].kind == "county":
            assert numbers == list(range(1, len(numbers) + 1))
        elif below[0].kind == "street":
            assert all(
                number in range(1, 100) if area.name.endswith("街道") else number in range(100, 200)
                for number, area in zip(numbers, below, strict=True)
            )
        else:
            assert all(
                number in range(1, 200) if area.name.endswith("社区") else number in range(200, 1000)
                for number, area in zip(numbers, below, strict=True)
            )


def test_grids_are_numbered_row_by_row(demo: list[AreaDraft]) -> None:
    assert reading_order([(1, 0), (0, 1), (1, 1), (0, 0)]) == [1, 2, 3, 0]
    by_code = {area.code: area for area in demo}
    for code, below in children_of(demo).items():
        if by_code[code].kind == "community":
            centres = [(area.geometry.centroid.x, area.geometry.centroid.y) for area in below]
            assert reading_order(centres) == list(range(len(below)))


@pytest.mark.parametrize("size", ["demo", "city"])
def test_no_name_twice_in_a_parent(size: str, request: pytest.FixtureRequest) -> None:
    for code, below in children_of(request.getfixturevalue(size)).items():
        names = Counter(area.name for area in below)
        assert max(names.values()) == 1, f"{code}: {names.most_common(1)}"


@pytest.mark.parametrize("size", ["demo", "city"])
def test_people_and_reserved_grids(size: str, request: pytest.FixtureRequest) -> None:
    areas: list[AreaDraft] = request.getfixturevalue(size)
    by_code = {area.code: area for area in areas}
    for code, below in children_of(areas).items():
        assert by_code[code].households == sum(area.households for area in below)
        assert by_code[code].population == sum(area.population for area in below)
    grids = [area for area in areas if area.kind == "grid"]
    assert 0.04 <= sum(grid.special for grid in grids) / len(grids) <= 0.06
    assert all("专属" in grid.name for grid in grids if grid.special)
    homes = [grid for grid in grids if not grid.special]
    urban = [grid for grid in homes if grid.households >= 300]
    assert sum(300 <= grid.households <= 500 for grid in urban) / len(urban) > 0.9
    assert all(2.3 <= grid.population / grid.households <= 2.9 for grid in homes)


def test_urban_grids_are_small_and_country_grids_large(city: list[AreaDraft]) -> None:
    size: dict[bool, list[float]] = {True: [], False: []}
    for grid in city:
        if grid.kind == "grid" and not grid.special:
            size[grid.households >= 300].append(grid.geometry.area)
    assert np.median(size[False]) > 3 * np.median(size[True])
    assert np.quantile(size[False], 0.95) > 12 * np.quantile(size[True], 0.05)


def test_borders_bend(demo: list[AreaDraft]) -> None:
    """A convex hull is larger than the grid it surrounds: no border is a straight line between junctions."""
    grids = [area.geometry for area in demo if area.kind == "grid"]
    ratio = shapely.area(grids) / shapely.area(shapely.convex_hull(grids))
    assert ratio.mean() < 0.97
    assert max(len({round(y, 6) for _, y in grid.exterior.coords}) for grid in grids) > 20


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_river_is_a_common_border_and_no_county_lies_on_both_banks(seed: int) -> None:
    ground = cut_ground(PLANS["demo"], seed)
    bank_of = {ground.shapes[cell].wkb: bank for bank, cells in enumerate(ground.banks()) for cell in cells}
    banks: dict[str, set[int]] = defaultdict(set)
    shores: dict[int, list[Polygon]] = {0: [], 1: []}
    for area in make_areas("demo", seed):
        if area.kind == "grid":
            bank = bank_of[area.geometry.wkb]
            banks[area.code[:6]].add(bank)
            shores[bank].append(area.geometry)
    assert all(len(sides) == 1 for sides in banks.values())
    north, south = (shapely.coverage_union_all(shores[bank]) for bank in (0, 1))
    river = shapely.line_merge(north.intersection(south))
    west, _, east, _ = shapely.union(north, south).bounds
    assert river.geom_type == "LineString"
    assert river.bounds[2] - river.bounds[0] > 0.7 * (east - west)
    assert river.length > 1.2 * (river.bounds[2] - river.bounds[0])


def test_coordinates_have_six_decimals_and_lie_where_they_should(city: list[AreaDraft]) -> None:
    corners = shapely.get_coordinates([area.geometry for area in city if area.kind == "grid"])
    assert np.array_equal(corners, np.round(corners, 6))
    west, south, east, north = city[0].geometry.bounds
    assert 117.0 <= west < east <= 118.0
    assert 33.5 <= south < north <= 34.3


def test_the_same_seed_is_the_same_city_and_another_is_not() -> None:
    assert make_areas("demo", 5) == make_areas("demo", 5)
    assert make_areas("demo", 5)[0].geometry != make_areas("demo", 6)[0].geometry


def test_the_grid_of_the_guides_is_there(demo: list[AreaDraft], city: list[AreaDraft]) -> None:
    for areas in (demo, city):
        by_code = {area.code: area for area in areas}
        grid = by_code[ANCHOR_GRID]
        trail = [by_code[ANCHOR_GRID[:length]].name for length in (4, 6, 9, 12, 15)]
        assert trail == ["经州市", "云河区", "建国路街道", "槐安社区", "第三网格"]
        assert (grid.households, grid.population, grid.special) == (412, 1060, False)


@pytest.mark.parametrize("size", ["demo", "city"])
def test_overlays_name_base_grids_and_stay_inside_them(size: str, request: pytest.FixtureRequest) -> None:
    areas: list[AreaDraft] = request.getfixturevalue(size)
    overlays = make_overlays(areas)
    grids = {area.code: area for area in areas if area.kind == "grid"}
    assert len({overlay.code for overlay in overlays} | set(grids)) == len(overlays) + len(grids)
    assert {overlay.kind for overlay in overlays} == {
        "party_grid",
        "police_grid",
        "department_grid",
        "estate",
        "road_section",
        "building",
    }
    assert all(overlay.base_codes for overlay in overlays)
    assert {code for overlay in overlays for code in overlay.base_codes} <= set(grids)
    for kind in ("party_grid", "police_grid", "department_grid"):
        times = Counter(code for overlay in overlays if overlay.kind == kind for code in overlay.base_codes)
        assert set(times) == set(grids), f"{kind} leaves grids out"
        if kind != "party_grid":
            assert max(times.values()) > 1, f"{kind} is not n:m"
    for overlay in overlays:
        if overlay.geometry is not None and overlay.kind in ("estate", "building"):
            assert overlay.geometry.is_valid
            assert overlay.geometry.within(grids[overlay.base_codes[0]].geometry)


def test_overlays_repeat(demo: list[AreaDraft]) -> None:
    assert make_overlays(demo, 4) == make_overlays(demo, 4)
