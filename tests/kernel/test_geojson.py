"""Borders from GeoJSON: what is sound comes through, everything else is said shape by shape."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
import shapely

from jingwei.kernel.geojson import Shapes, read_geojson
from jingwei.kernel.tables.problems import TableError, explain

SQUARE = [[117.0, 36.0], [117.1, 36.0], [117.1, 36.1], [117.0, 36.1], [117.0, 36.0]]
OTHER = [[118.0, 36.0], [118.1, 36.0], [118.1, 36.1], [118.0, 36.1], [118.0, 36.0]]
BOW_TIE = [[117.0, 36.0], [117.1, 36.1], [117.1, 36.0], [117.0, 36.1], [117.0, 36.0]]


def polygon(*rings: Any) -> dict[str, Any]:
    return {"type": "Polygon", "coordinates": list(rings)}


def feature(geometry: Any, **properties: Any) -> dict[str, Any]:
    return {"type": "Feature", "properties": properties, "geometry": geometry}


def collection(*features: Any, **more: Any) -> bytes:
    return json.dumps(
        {"type": "FeatureCollection", "features": features, **more}, ensure_ascii=False
    ).encode()


def read(*features: Any, **more: Any) -> Shapes:
    return read_geojson(collection(*features), **more)


def only_problem(*features: Any, **more: Any) -> str:
    shapes = read(*features, **more)
    (problem,) = shapes.problems
    assert explain(problem, "zh-hans") != explain(problem, "en")
    return problem.message_code


def refused(data: bytes, **more: Any) -> TableError:
    with pytest.raises(TableError) as no:
        read_geojson(data, **more)
    assert no.value.explain("zh-hans") != no.value.explain("en")
    return no.value


def test_polygons_and_multipolygons_come_through_with_their_properties() -> None:
    hole = [[117.02, 36.02], [117.02, 36.04], [117.04, 36.04], [117.04, 36.02], [117.02, 36.02]]
    many = {"type": "MultiPolygon", "coordinates": [[SQUARE, hole], [OTHER]]}
    shapes = read(
        feature(polygon([[*point, 55.0] for point in OTHER]), name="历下区"), feature(many, adcode=370103)
    )
    assert shapes.problems == []
    first, second = shapes.features
    assert (first.index, first.properties, first.geometry.geom_type) == (1, {"name": "历下区"}, "Polygon")
    assert not first.geometry.has_z
    assert (second.index, second.geometry.geom_type) == (2, "MultiPolygon")
    assert second.geometry.area == pytest.approx(0.01 + 0.01 - 0.0004)
    assert read_geojson(b"\xef\xbb\xbf" + collection(feature(polygon(SQUARE)))).problems == []


@pytest.mark.parametrize(
    ("geometry", "code"),
    [
        (None, "shape-missing"),
        ({"type": "Point", "coordinates": [117, 36]}, "shape-other-kind"),
        ({"type": "GeometryCollection", "geometries": []}, "shape-other-kind"),
        ("Polygon", "shape-other-kind"),
        (polygon(SQUARE[:-1]), "shape-not-closed"),
        (polygon(SQUARE[:2] + SQUARE[:1]), "shape-too-few-points"),
        (polygon(), "shape-empty"),
        ({"type": "MultiPolygon", "coordinates": []}, "shape-empty"),
        ({"type": "MultiPolygon", "coordinates": [[]]}, "shape-empty"),
        ({"type": "Polygon"}, "shape-bad-coordinates"),
        ({"type": "MultiPolygon", "coordinates": [SQUARE]}, "shape-bad-coordinates"),
        (polygon([["117.0", "36.0"], *SQUARE[1:]]), "shape-bad-coordinates"),
        (polygon([[True, 36.0], *SQUARE[1:]]), "shape-bad-coordinates"),
        (polygon([[117.0], *SQUARE[1:]]), "shape-bad-coordinates"),
        (polygon([None, *SQUARE[1:]]), "shape-bad-coordinates"),
        (polygon([[lat, lon] for lon, lat in SQUARE]), "shape-out-of-range"),
        (polygon([[500_000.0, 4_000_000.0], *SQUARE[1:]]), "shape-out-of-range"),
        (polygon([[117.0, 36.0]] * 4), "shape-empty"),
        (polygon([[117.0, 36.0], [117.1, 36.0], [117.2, 36.0], [117.0, 36.0]]), "shape-empty"),
    ],
)
def test_what_is_no_border_is_said_and_left_out(geometry: Any, code: str) -> None:
    shapes = read(feature(polygon(OTHER), name="好"), feature(geometry, name="坏"))
    assert [one.properties["name"] for one in shapes.features] == ["好"]
    problem = shapes.problems[-1]
    assert (problem.line, problem.message_code, problem.is_warning) == (2, code, False)
    assert explain(problem).startswith("第2个图形（坏）：")
    assert explain(problem, "en").startswith("Shape 2 (坏): ")


def test_swapped_degrees_are_shown_with_the_point() -> None:
    (problem,) = read(feature(polygon([[lat, lon] for lon, lat in SQUARE]))).problems
    assert "(36.0, 117.0)" in explain(problem)
    assert "先经度" in explain(problem)


def test_a_border_that_crosses_itself_is_repaired_and_told() -> None:
    shapes = read(feature(polygon(BOW_TIE), name="蝴蝶"))
    (problem,) = shapes.problems
    assert (problem.message_code, problem.is_warning) == ("shape-repaired", True)
    assert "Self-intersection" in explain(problem)
    (one,) = shapes.features
    assert one.geometry.is_valid
    assert one.geometry.area == pytest.approx(0.005)
    spike = [*SQUARE[:2], [117.2, 36.0], *SQUARE[1:]]
    (mended,) = read(feature(polygon(spike))).features
    assert mended.geometry.geom_type == "Polygon"
    assert mended.geometry.area == pytest.approx(0.01)


def test_overlapping_parts_become_one_area() -> None:
    shifted = [[lon + 0.05, lat] for lon, lat in SQUARE]
    many = {"type": "MultiPolygon", "coordinates": [[SQUARE], [shifted]]}
    shapes = read(feature(many))
    assert [problem.message_code for problem in shapes.problems] == ["shape-repaired"]
    assert shapes.features[0].geometry.area == pytest.approx(0.015)


def test_equal_shapes_are_told_whatever_point_they_begin_with() -> None:
    turned = [*SQUARE[2:], SQUARE[1], SQUARE[2]]
    shapes = read(feature(polygon(SQUARE)), feature(polygon(OTHER)), feature(polygon(turned)))
    (problem,) = shapes.problems
    assert (problem.line, problem.message_code, problem.params["first"]) == (3, "shape-twice", 1)
    assert len(shapes.features) == 3
    assert explain(problem) == "第3个图形：与第1个图形完全相同"


def test_a_key_must_be_there_and_only_once() -> None:
    shapes = read(
        feature(polygon(SQUARE), adcode=370102),
        feature(polygon(OTHER), adcode="370102 "),
        feature(polygon(OTHER), name="无码"),
        key="adcode",
    )
    assert [one.index for one in shapes.features] == [1]
    twice, missing = shapes.problems
    assert explain(twice) == "第2个图形（370102）：adcode‘370102’与第1个图形重复"
    assert (missing.line, missing.message_code) == (3, "shape-key-missing")


def test_features_that_are_none() -> None:
    assert only_problem(None) == "shape-not-a-feature"
    assert only_problem({"type": "Polygon", "coordinates": []}) == "shape-not-a-feature"
    assert (
        only_problem({"type": "Feature", "properties": [], "geometry": polygon(SQUARE)}) == "shape-properties"
    )
    assert read({"type": "Feature", "properties": None, "geometry": polygon(SQUARE)}).problems == []


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "empty"),
        (b"{", "not-json"),
        (b"<html>", "not-json"),
        (b"[NaN]", "not-json"),
        (b'"\\ud800"', "not-json"),
        (b"[" * 100_000, "not-json"),
        (b"[1e999]", "not-json"),
        ('{"type":"FeatureCollection","名":1}'.encode("gbk"), "not-json"),
        (b"[]", "not-a-collection"),
        (b'{"type":"Feature"}', "not-a-collection"),
        (b'{"type":"FeatureCollection"}', "not-a-collection"),
        (b'{"type":"FeatureCollection","features":{}}', "not-a-collection"),
    ],
)
def test_files_that_are_no_collection(data: bytes, code: str) -> None:
    assert refused(data).code == code


def test_a_mistake_in_json_is_shown_with_its_line() -> None:
    no = refused(b'{"type": "FeatureCollection",\n "features": [,]}')
    assert no.params["line"] == 2
    assert "第2行" in no.explain()


def test_a_declared_plane_system_is_refused_and_degrees_are_not() -> None:
    def named(name: str) -> bytes:
        return collection(feature(polygon(SQUARE)), crs={"type": "name", "properties": {"name": name}})

    for name in ("urn:ogc:def:crs:OGC:1.3:CRS84", "EPSG:4326", "urn:ogc:def:crs:EPSG::4490"):
        assert len(read_geojson(named(name)).features) == 1
    no = refused(named("urn:ogc:def:crs:EPSG::4548"))
    assert (no.code, "4548" in no.explain()) == ("other-crs", True)
    assert refused(collection(crs={"type": "link"})).code == "other-crs"


def test_limits_and_paths(tmp_path: Path) -> None:
    data = collection(*[feature(polygon(SQUARE))] * 10)
    assert refused(data, most_bytes=500).code == "too-many-bytes"
    assert refused(data, most_points=49).code == "too-many-points"
    assert len(read_geojson(data, most_points=50).features) == 10
    file = tmp_path / "a.geojson"
    file.write_bytes(data)
    assert len(read_geojson(file).features) == 10


REAL = os.environ.get("JINGWEI_REAL_DATA", "")


@pytest.mark.real_data
@pytest.mark.skipif(not REAL, reason="JINGWEI_REAL_DATA is not set: real files are not read")
def test_the_counties_of_jinan() -> None:
    shapes = read_geojson(Path(REAL) / "geojson/370100_counties.geojson", key="adcode")
    assert [problem for problem in shapes.problems if not problem.is_warning] == []
    assert len(shapes.features) == 12
    assert {str(one.properties["adcode"])[:4] for one in shapes.features} == {"3701"}
    assert all(one.geometry.is_valid for one in shapes.features)
    west, south, east, north = shapely.total_bounds([one.geometry for one in shapes.features])
    assert (116 < west < east < 118.1, 35.9 < south < north < 37.7) == (True, True)
