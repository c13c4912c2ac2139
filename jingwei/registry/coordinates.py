"""Coordinates at the edge: GCJ-02 (maps and phones in China) and BD-09 (Baidu) to CGCS2000, and back.

Everything stored is CGCS2000 degrees. WGS-84 differs from it by less than a metre here and counts as equal.
GCJ-02 is off by some hundred metres, BD-09 by some more. Both have published formulas; the way back has no
closed form and is iterated. Outside the rectangle around China both are the identity.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Literal, TypeVar, get_args, overload

import numpy as np
import numpy.typing as npt
import shapely

Source = Literal["cgcs2000", "wgs84", "gcj02", "bd09"]
Floats = npt.NDArray[np.float64]
Bounds = tuple[float, float, float, float]
Shape = TypeVar("Shape", bound=shapely.Geometry)
Shift = Callable[[Floats, Floats], tuple[Floats, Floats]]
Implausible = Literal["not_a_place", "zero", "swapped", "abroad", "outside_city"]

SOURCES: tuple[Source, ...] = get_args(Source)
SAME: tuple[Source, ...] = ("cgcs2000", "wgs84")  # counted as equal
DECIMALS = 6  # a decimetre, and what is stored

_AXIS, _FLATTENING = 6378245.0, 0.00669342162296594323  # Krassovsky 1940, as GCJ-02 uses it
_WEST, _EAST, _SOUTH, _NORTH = 72.004, 137.8347, 0.8293, 55.8271  # where GCJ-02 applies
_BD_ANGLE = np.pi * 3000.0 / 180.0
#: the land and sea of China, for judging points: west, south, east, north
CHINA: Bounds = (73.4, 3.4, 135.1, 53.6)


@overload
def to_cgcs2000(lon: float, lat: float, source: Source) -> tuple[float, float]: ...
@overload
def to_cgcs2000(lon: Floats, lat: Floats, source: Source) -> tuple[Floats, Floats]: ...
def to_cgcs2000(
    lon: float | Floats, lat: float | Floats, source: Source
) -> tuple[float, float] | tuple[Floats, Floats]:
    """Return longitude and latitude in CGCS2000, scalars for scalars and arrays for arrays, not rounded."""
    if source in SAME:
        return lon, lat  # type: ignore[return-value]
    x, y = _arrays(lon, lat, source)
    if source == "bd09":
        x, y = _back(_bd_shift, x, y)
    if source in ("gcj02", "bd09"):
        x, y = _back(_gcj_shift, x, y)
    return _like(lon, lat, x, y)


@overload
def from_cgcs2000(lon: float, lat: float, target: Source) -> tuple[float, float]: ...
@overload
def from_cgcs2000(lon: Floats, lat: Floats, target: Source) -> tuple[Floats, Floats]: ...
def from_cgcs2000(
    lon: float | Floats, lat: float | Floats, target: Source
) -> tuple[float, float] | tuple[Floats, Floats]:
    """Return CGCS2000 points as another system has them, for its maps."""
    x, y = _arrays(lon, lat, target)
    if target in ("gcj02", "bd09"):
        x, y = _forth(_gcj_shift, x, y)
    if target == "bd09":
        x, y = _forth(_bd_shift, x, y)
    return _like(lon, lat, x, y)


def rounded(lon: float, lat: float) -> tuple[float, float]:
    """A point as it is stored."""
    return round(float(lon), DECIMALS), round(float(lat), DECIMALS)


def geometry_to_cgcs2000(geometry: Shape, source: Source) -> Shape:
    """A geometry in CGCS2000, flat, rounded as it is stored."""

    def move(points: Floats) -> Floats:
        moved = np.column_stack(to_cgcs2000(points[:, 0], points[:, 1], source))
        return np.round(moved, DECIMALS)

    return shapely.transform(geometry, move, include_z=False)


def geometry_from_cgcs2000(geometry: Shape, target: Source) -> Shape:
    """A stored geometry as another system's map needs it."""

    def move(points: Floats) -> Floats:
        return np.column_stack(from_cgcs2000(points[:, 0], points[:, 1], target))

    return shapely.transform(geometry, move, include_z=False)


def plausible(lon: float, lat: float, bounds: Bounds | None = None) -> Implausible | None:
    """Return what is wrong with a point, or None. ``bounds`` are the city's west, south, east, north.

    ``zero`` is what a device without a fix sends; ``swapped`` lies in China once its numbers change places.
    """
    if not (math.isfinite(lon) and math.isfinite(lat)):
        return "not_a_place"
    if abs(lon) < 0.01 and abs(lat) < 0.01:
        return "zero"
    if not _within(lon, lat, CHINA):
        if _within(lat, lon, CHINA):
            return "swapped"
        return "abroad" if abs(lon) <= 180 and abs(lat) <= 90 else "not_a_place"
    if bounds is not None and not _within(lon, lat, bounds):
        return "outside_city"
    return None


def _within(lon: float, lat: float, bounds: Bounds) -> bool:
    west, south, east, north = bounds
    return west <= lon <= east and south <= lat <= north


# ---------------------------------------------------------------- the formulas


def _arrays(lon: float | Floats, lat: float | Floats, system: Source) -> tuple[Floats, Floats]:
    if system not in SOURCES:
        raise ValueError(f"no coordinate system {system!r}; there are {', '.join(SOURCES)}")
    return np.atleast_1d(np.asarray(lon, np.float64)), np.atleast_1d(np.asarray(lat, np.float64))


def _like(
    lon: float | Floats, lat: float | Floats, x: Floats, y: Floats
) -> tuple[float, float] | tuple[Floats, Floats]:
    return (float(x[0]), float(y[0])) if np.ndim(lon) == np.ndim(lat) == 0 else (x, y)


def _in_china(x: Floats, y: Floats) -> npt.NDArray[np.bool_]:
    return (x >= _WEST) & (x <= _EAST) & (y >= _SOUTH) & (y <= _NORTH)


def _gcj_shift(x: Floats, y: Floats) -> tuple[Floats, Floats]:
    """How far GCJ-02 moves a WGS-84 point, in degrees."""
    u, v = x - 105.0, y - 35.0
    root, pi = np.sqrt(np.abs(u)), np.pi
    short = (20.0 * np.sin(6.0 * u * pi) + 20.0 * np.sin(2.0 * u * pi)) * 2.0 / 3.0
    north = -100.0 + 2.0 * u + 3.0 * v + 0.2 * v * v + 0.1 * u * v + 0.2 * root + short
    north += (20.0 * np.sin(v * pi) + 40.0 * np.sin(v / 3.0 * pi)) * 2.0 / 3.0
    north += (160.0 * np.sin(v / 12.0 * pi) + 320.0 * np.sin(v * pi / 30.0)) * 2.0 / 3.0
    east = 300.0 + u + 2.0 * v + 0.1 * u * u + 0.1 * u * v + 0.1 * root + short
    east += (20.0 * np.sin(u * pi) + 40.0 * np.sin(u / 3.0 * pi)) * 2.0 / 3.0
    east += (150.0 * np.sin(u / 12.0 * pi) + 300.0 * np.sin(u / 30.0 * pi)) * 2.0 / 3.0
    phi = np.radians(y)
    magic = 1.0 - _FLATTENING * np.sin(phi) ** 2
    meridian = _AXIS * (1.0 - _FLATTENING) / (magic * np.sqrt(magic)) * pi / 180.0
    parallel = _AXIS / np.sqrt(magic) * np.cos(phi) * pi / 180.0
    return east / parallel, north / meridian


def _bd_shift(x: Floats, y: Floats) -> tuple[Floats, Floats]:
    """How far BD-09 moves a GCJ-02 point, in degrees."""
    far = np.hypot(x, y) + 0.00002 * np.sin(y * _BD_ANGLE)
    angle = np.arctan2(y, x) + 0.000003 * np.cos(x * _BD_ANGLE)
    return far * np.cos(angle) + 0.0065 - x, far * np.sin(angle) + 0.006 - y


def _forth(shift: Shift, x: Floats, y: Floats) -> tuple[Floats, Floats]:
    east, north = shift(x, y)
    inside = _in_china(x, y)
    return np.where(inside, x + east, x), np.where(inside, y + north, y)


def _back(shift: Shift, x: Floats, y: Floats) -> tuple[Floats, Floats]:
    """Find the point that the shift moves here. It changes so slowly that each round gains two digits."""
    inside = _in_china(x, y)
    goal_x, goal_y = x[inside], y[inside]
    guess_x, guess_y = goal_x.copy(), goal_y.copy()
    for _ in range(20):
        east, north = shift(guess_x, guess_y)
        off_x, off_y = goal_x - guess_x - east, goal_y - guess_y - north
        guess_x, guess_y = guess_x + off_x, guess_y + off_y
        if max(np.abs(off_x).max(initial=0.0), np.abs(off_y).max(initial=0.0)) < 1e-10:
            break
    found_x, found_y = x.copy(), y.copy()
    found_x[inside], found_y[inside] = guess_x, guess_y
    return found_x, found_y
