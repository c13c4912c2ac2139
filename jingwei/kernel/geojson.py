"""Read borders from GeoJSON, strictly: what is doubtful is said, shape by shape, and never guessed.

Only the form is judged here. A file does not tell which coordinate system its numbers are in (maps from
Chinese services are GCJ-02 and do not say so); whoever imports says it, and `registry.coordinates` converts.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
import shapely

from jingwei.kernel.tables.problems import Problem, TableError
from jingwei.kernel.tables.workbooks import MB, Limits, bytes_of

_DEGREES = ("CRS84", "4326", "4490")  # the names, in old files, of what the standard now takes for granted


@dataclass(frozen=True, slots=True)
class Feature:
    """A valid Polygon or MultiPolygon with its properties. ``index`` is its number in the file, from 1."""

    index: int
    properties: dict[str, Any]
    geometry: shapely.Polygon | shapely.MultiPolygon


@dataclass(frozen=True, slots=True)
class Shapes:
    """What was read. A shape with a problem is missing from ``features``, unless it is only a warning."""

    features: list[Feature]
    problems: list[Problem]


class _Wrong(ValueError):
    def __init__(self, code: str, **params: Any) -> None:
        self.code = code
        self.params = params
        super().__init__(code)


def read_geojson(
    path_or_bytes: Path | str | bytes,
    *,
    key: str = "",
    most_bytes: int = 30 * MB,
    most_points: int = 1_000_000,
) -> Shapes:
    """Read a FeatureCollection, or raise ``TableError`` when the file as a whole cannot be read.

    ``key`` names a property that every shape needs and no two may share, such as ``adcode``. Invalid borders
    are repaired, heights dropped; equal shapes are told as a warning.
    """
    features: list[Feature] = []
    problems: list[Problem] = []
    keys: dict[str, int] = {}
    shapes: dict[bytes, int] = {}
    room = most_points
    for index, said in enumerate(_features_of(_parsed(path_or_bytes, most_bytes)), start=1):
        label = ""
        try:
            properties = _properties_of(said)
            label = str(properties.get("name") or properties.get(key) or "")
            if key:
                _check_key(properties, key, keys, index)
            geometry, points = _geometry_of(said.get("geometry"))
            room -= points
            if room < 0:
                raise TableError("too-many-points", most=most_points)
            if not geometry.is_valid:
                reason = shapely.is_valid_reason(geometry)
                geometry = _repaired(geometry)
                params = {"label": label, "reason": reason}
                problems.append(Problem(index, "geometry", "", "shape-repaired", params))
            if geometry.is_empty or geometry.area == 0:
                raise _Wrong("shape-empty")
        except _Wrong as no:
            value = str(no.params.pop("value", ""))
            problems.append(Problem(index, "geometry", value, no.code, {"label": label, **no.params}))
            continue
        first = shapes.setdefault(shapely.normalize(geometry).wkb, index)
        if first != index:
            problems.append(Problem(index, "geometry", "", "shape-twice", {"label": label, "first": first}))
        features.append(Feature(index, properties, geometry))
    return Shapes(features, problems)


def _parsed(file: Path | str | bytes, most_bytes: int) -> Any:
    data = bytes_of(file, Limits(bytes=most_bytes)).removeprefix(b"\xef\xbb\xbf")
    try:
        return orjson.loads(data)
    except orjson.JSONDecodeError as no:
        try:
            data.decode()
        except UnicodeDecodeError as wrong:
            line = data.count(b"\n", 0, wrong.start) + 1
            place = wrong.start - data.rfind(b"\n", 0, wrong.start)
            raise TableError("not-json", line=line, place=place, reason="UTF-8") from None
        raise TableError("not-json", line=no.lineno, place=no.colno, reason=no.msg) from None


def _features_of(said: Any) -> Iterator[Any]:
    if not isinstance(said, dict) or said.get("type") != "FeatureCollection":
        raise TableError("not-a-collection")
    features = said.get("features")
    if not isinstance(features, list):
        raise TableError("not-a-collection")
    if crs := said.get("crs"):
        inner = crs.get("properties") if isinstance(crs, dict) else None
        name = str(inner.get("name", "")) if isinstance(inner, dict) else str(crs)
        if not name.rstrip("/").endswith(_DEGREES):
            raise TableError("other-crs", crs=name[:80])
    return iter(features)


def _properties_of(said: Any) -> dict[str, Any]:
    if not isinstance(said, dict) or said.get("type") != "Feature":
        raise _Wrong("shape-not-a-feature")
    properties = said.get("properties")
    if properties is None:
        return {}
    if not isinstance(properties, dict):
        raise _Wrong("shape-properties")
    return properties


def _check_key(properties: dict[str, Any], key: str, keys: dict[str, int], index: int) -> None:
    value = properties.get(key)
    if value is None or isinstance(value, dict | list) or not str(value).strip():
        raise _Wrong("shape-key-missing", key=key)
    first = keys.setdefault(str(value).strip(), index)
    if first != index:
        raise _Wrong("shape-key-twice", key=key, value=str(value), first=first)


def _geometry_of(said: Any) -> tuple[shapely.Polygon | shapely.MultiPolygon, int]:
    """The geometry as it stands, valid or not, and how many points it has."""
    if said is None:
        raise _Wrong("shape-missing")
    kind = said.get("type") if isinstance(said, dict) else None
    if kind not in ("Polygon", "MultiPolygon"):
        raise _Wrong("shape-other-kind", kind=str(kind)[:40])
    coordinates = said.get("coordinates")
    parts = [coordinates] if kind == "Polygon" else coordinates
    if not isinstance(parts, list) or not all(isinstance(part, list) for part in parts):
        raise _Wrong("shape-bad-coordinates")
    read = [[_ring(ring) for ring in part] for part in parts]
    if not read or not all(read):
        raise _Wrong("shape-empty")
    polygons = [shapely.Polygon(rings[0], rings[1:]) for rings in read]
    points = sum(len(ring) for rings in read for ring in rings)
    return (polygons[0] if kind == "Polygon" else shapely.MultiPolygon(polygons)), points


def _ring(said: Any) -> list[tuple[float, float]]:
    if not isinstance(said, list):
        raise _Wrong("shape-bad-coordinates")
    ring = []
    for point in said:
        # a number is a number: not "117.0", and not true
        if not isinstance(point, list) or len(point) < 2 or any(type(n) not in (int, float) for n in point):
            raise _Wrong("shape-bad-coordinates")
        lon, lat = point[0], point[1]
        if not (-180 <= lon <= 180 and -90 <= lat <= 90):
            raise _Wrong("shape-out-of-range", lon=lon, lat=lat)
        ring.append((float(lon), float(lat)))
    if len(ring) < 4:
        raise _Wrong("shape-too-few-points", has=len(ring))
    if ring[0] != ring[-1]:
        raise _Wrong("shape-not-closed")
    return ring


def _repaired(geometry: shapely.Geometry) -> shapely.Polygon | shapely.MultiPolygon:
    """Make it valid and keep what has an area."""
    mended = shapely.make_valid(geometry, method="structure", keep_collapsed=False)
    parts = [
        part
        for part in shapely.get_parts(shapely.get_parts(mended))
        if isinstance(part, shapely.Polygon) and part.area > 0
    ]
    return parts[0] if len(parts) == 1 else shapely.MultiPolygon(parts)
