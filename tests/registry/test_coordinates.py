"""The coordinate edge: published values, ways there and back, and points that cannot be right."""

from __future__ import annotations

import json
import math
import os
from pathlib import Path

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from jingwei.registry.coordinates import (
    SOURCES,
    Source,
    from_cgcs2000,
    geometry_from_cgcs2000,
    geometry_to_cgcs2000,
    plausible,
    rounded,
    to_cgcs2000,
)

JINAN = (117.0009, 36.6758)
JINAN_BOUNDS = (116.2, 36.0, 117.9, 37.6)


def metres(a: tuple[float, float], b: tuple[float, float]) -> float:
    """How far two points are apart, near enough for some kilometres."""
    east = (a[0] - b[0]) * 111_320 * math.cos(math.radians((a[1] + b[1]) / 2))
    return math.hypot(east, (a[1] - b[1]) * 110_950)


def test_the_published_values_come_out() -> None:
    # the point in Beijing that the published implementations are compared by
    gcj = from_cgcs2000(116.404, 39.915, "gcj02")
    assert gcj == pytest.approx((116.41024449916938, 39.91640428150164), abs=1e-12)
    moved = from_cgcs2000(*to_cgcs2000(116.404, 39.915, "gcj02"), "bd09")
    assert moved == pytest.approx((116.41036949371029, 39.92133699351021), abs=1e-9)


def test_the_offset_in_jinan_is_some_hundred_metres() -> None:
    assert 50 < metres(JINAN, from_cgcs2000(*JINAN, "gcj02")) < 700
    assert 50 < metres(JINAN, to_cgcs2000(*JINAN, "gcj02")) < 700
    assert 500 < metres(JINAN, from_cgcs2000(*JINAN, "bd09")) < 2_000
    # eastwards and a little north, so that a mistaken sign would show
    lon, lat = from_cgcs2000(*JINAN, "gcj02")
    assert lon > JINAN[0]
    assert lat > JINAN[1]


@given(st.floats(73.5, 135.0), st.floats(18.0, 53.5), st.sampled_from(SOURCES))
def test_there_and_back_is_exact_all_over_china(lon: float, lat: float, source: Source) -> None:
    back = to_cgcs2000(*from_cgcs2000(lon, lat, source), source)
    assert back == pytest.approx((lon, lat), abs=1e-7)
    forth = from_cgcs2000(*to_cgcs2000(lon, lat, source), source)
    assert forth == pytest.approx((lon, lat), abs=1e-7)


@pytest.mark.parametrize("source", ["gcj02", "bd09"])
@pytest.mark.parametrize(
    "point", [(2.3522, 48.8566), (-71.0587, 42.3594), (139.69, 35.68), (0.0, 0.0), (151.2, -33.9)]
)
def test_outside_china_nothing_moves(source: Source, point: tuple[float, float]) -> None:
    assert from_cgcs2000(*point, source) == point
    assert to_cgcs2000(*point, source) == point


def test_wgs84_counts_as_cgcs2000() -> None:
    assert to_cgcs2000(*JINAN, "cgcs2000") == to_cgcs2000(*JINAN, "wgs84") == JINAN
    assert from_cgcs2000(*JINAN, "wgs84") == JINAN


def test_arrays_move_like_their_points() -> None:
    rng = np.random.default_rng(7)
    lon, lat = rng.uniform(70, 140, 500), rng.uniform(0, 56, 500)
    lon[0], lat[1] = np.nan, np.inf
    before = lon.copy()
    for source in ("gcj02", "bd09"):
        east, north = to_cgcs2000(lon, lat, source)
        assert east.shape == lon.shape
        assert np.isnan(east[0])
        assert np.isinf(north[1])
        for i in (2, 3, 100, 499):
            assert (east[i], north[i]) == pytest.approx(
                to_cgcs2000(float(lon[i]), float(lat[i]), source), abs=1e-9
            )
    assert np.array_equal(lon, before, equal_nan=True)
    assert [len(part) for part in to_cgcs2000(lon[:0], lat[:0], "gcj02")] == [0, 0]


def test_a_system_nobody_knows_is_a_mistake_of_the_caller() -> None:
    with pytest.raises(ValueError, match="cgcs2000"):
        to_cgcs2000(*JINAN, "beijing54")  # type: ignore[call-overload]


def test_geometries_move_whole_and_are_rounded_as_stored() -> None:
    hole = shapely.box(117.02, 36.62, 117.04, 36.64).exterior
    square = shapely.Polygon(shapely.box(117.0, 36.6, 117.1, 36.7).exterior, [hole.coords])
    holed = shapely.MultiPolygon([square, shapely.box(118, 36, 118.1, 36.1)])
    moved = geometry_to_cgcs2000(holed, "gcj02")
    assert (moved.geom_type, moved.is_valid) == ("MultiPolygon", True)
    assert shapely.get_num_coordinates(moved) == shapely.get_num_coordinates(holed)
    for lon, lat in shapely.get_coordinates(moved):
        assert rounded(lon, lat) == (lon, lat)
    back = geometry_from_cgcs2000(moved, "gcj02")
    assert shapely.hausdorff_distance(holed, back) < 2e-6
    assert 50 < 111_000 * shapely.hausdorff_distance(holed, moved) < 1_000
    assert not geometry_to_cgcs2000(shapely.Point(117, 36, 55), "wgs84").has_z


@pytest.mark.parametrize(
    ("point", "reason"),
    [
        (JINAN, None),
        ((0.0, 0.0), "zero"),
        ((0.000001, -0.000001), "zero"),
        ((36.6758, 117.0009), "swapped"),
        ((39.9, 116.4), "swapped"),
        ((-71.0587, 42.3594), "abroad"),
        ((116.4, 39.9), "outside_city"),
        ((float("nan"), 36.0), "not_a_place"),
        ((float("inf"), 36.0), "not_a_place"),
        ((1170009.0, 366758.0), "not_a_place"),
    ],
)
def test_points_that_cannot_be_right(point: tuple[float, float], reason: str | None) -> None:
    assert plausible(*point, JINAN_BOUNDS) == reason
    assert plausible(*point) == (None if reason == "outside_city" else reason)


REAL = os.environ.get("JINGWEI_REAL_DATA", "")


@pytest.mark.real_data
@pytest.mark.skipif(not REAL, reason="JINGWEI_REAL_DATA is not set: real files are not read")
def test_the_counties_of_jinan_move_without_breaking() -> None:
    said = json.loads((Path(REAL) / "geojson/370100_counties.geojson").read_text("utf-8"))
    before = [shapely.from_geojson(json.dumps(one["geometry"])) for one in said["features"]]
    after = [geometry_to_cgcs2000(one, "gcj02") for one in before]
    assert len(after) == 12
    for old, new in zip(before, after, strict=True):
        assert 50 < metres((old.centroid.x, old.centroid.y), (new.centroid.x, new.centroid.y)) < 700
        assert new.area == pytest.approx(old.area, rel=0.01)
        assert plausible(new.centroid.x, new.centroid.y, JINAN_BOUNDS) is None
    # the square of Quancheng, by GPS, lies in Lixia (历下区)
    lixia = next(i for i, one in enumerate(said["features"]) if one["properties"]["name"] == "历下区")
    assert after[lixia].contains(shapely.Point(117.0185, 36.6615))
