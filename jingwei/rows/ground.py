"""Invented ground for the plays: counties, streets, communities and grids on a lattice with crooked edges.

Neighbours share their edges point by point, so that grids fill their community without gap or overlap. It is
drawn from numbers alone: the same ground comes out every time.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from jingwei.rows.doors import CODE

#: how many stand side by side in what lies above: across, down
COUNTIES, STREETS, COMMUNITIES, GRIDS = (2, 5), (4, 4), (2, 5), (5, 2)
WEST, NORTH, WIDE, HIGH = 116.9, 34.6, 0.006, 0.0045
POINTS = 15
PER_COUNTY = 1_600


Line = np.ndarray[Any, np.dtype[np.float64]]


@dataclass(frozen=True, slots=True)
class Grid:
    """A base grid: its code, and the cell of the lattice it stands on."""

    code: str
    x: int
    y: int

    @property
    def community(self) -> str:
        return self.code[:12]

    @property
    def name(self) -> str:
        return f"第{int(self.code[-3:])}网格"

    @property
    def households(self) -> int:
        return 300 + (self.x * 37 + self.y * 53) % 201

    @property
    def middle(self) -> tuple[float, float]:
        """A point inside it."""
        return WEST + (self.x + 0.5) * WIDE, NORTH - (self.y + 0.5) * HIGH

    def border(self) -> shapely.Polygon:
        """Its border, clockwise from the upper left corner."""
        top, right = _edge(self.x, self.y, down=False), _edge(self.x + 1, self.y, down=True)
        bottom, left = _edge(self.x, self.y + 1, down=False), _edge(self.x, self.y, down=True)
        return shapely.Polygon(np.concatenate([top[:-1], right[:-1], bottom[:0:-1], left[:0:-1]]))


def grids(n: int) -> list[Grid]:
    """The first so many grids of the city, county by county; 16,000 at most."""
    return [grid for grid, _ in zip(_all(), range(n), strict=False)]


def _all() -> Iterator[Grid]:
    for a, (cx, cy) in _places(COUNTIES):
        for b, (sx, sy) in _places(STREETS):
            for c, (mx, my) in _places(COMMUNITIES):
                for d, (gx, gy) in _places(GRIDS):
                    x = ((cx * STREETS[0] + sx) * COMMUNITIES[0] + mx) * GRIDS[0] + gx
                    y = ((cy * STREETS[1] + sy) * COMMUNITIES[1] + my) * GRIDS[1] + gy
                    yield Grid(f"{CODE}{a:02}{b:03}{c:03}{d:03}", x, y)


def _places(size: tuple[int, int]) -> Iterator[tuple[int, tuple[int, int]]]:
    across, down = size
    return ((1 + y * across + x, (x, y)) for y in range(down) for x in range(across))


@cache
def _edge(x: int, y: int, *, down: bool) -> Line:
    """The edge that begins at a corner of the lattice, to the right or downwards, bent a little."""
    here, there = _corner(x, y), _corner(x, y + 1) if down else _corner(x + 1, y)
    along = np.linspace(0.0, 1.0, POINTS + 1)
    bend = _chance(f"{x} {y} {down}", 0.06) * np.sin(np.pi * along) * np.cos(5 * along)
    side = np.array([there[1] - here[1], here[0] - there[0]])
    points = here + along[:, None] * (there - here) + bend[:, None] * side
    rounded: Line = np.round(points, 6)
    return rounded


@cache
def _corner(x: int, y: int) -> Line:
    across, down = _chance(f"{x} across {y}", 0.15), _chance(f"{x} down {y}", 0.15)
    return np.array([WEST + (x + across) * WIDE, NORTH - (y + down) * HIGH])


def _chance(name: str, most: float) -> float:
    """A number between −most and most that is always the same for a name."""
    return Random(name).uniform(-most, most)  # noqa: S311


# ---------------------------------------------------------------- files


def write_table(file: Path, head: Sequence[str], rows: Iterable[Sequence[object]]) -> Path:
    """A csv file as people export it."""
    with file.open("w", encoding="utf-8-sig", newline="") as out:
        csv.writer(out).writerows([head, *rows])
    return file


def write_areas(file: Path, found: Sequence[Grid]) -> Path:
    """Everything from county to grid, one area a row."""
    rows: dict[str, tuple[str, int | str]] = {}
    for grid in found:
        for length, word in ((6, "区"), (9, "街道"), (12, "社区")):
            code = grid.code[:length]
            rows.setdefault(code, (f"第{int(code[-3 if length > 6 else -2 :])}{word}", ""))
        rows[grid.code] = (grid.name, grid.households)
    return write_table(
        file,
        ["编码", "名称", "户数"],
        ([code, name, households] for code, (name, households) in rows.items()),
    )


def write_borders(file: Path, borders: Iterable[tuple[str, BaseGeometry]]) -> Path:
    """Borders as GeoJSON, by code."""
    shapes = [
        {"type": "Feature", "properties": {"code": code}, "geometry": shapely.geometry.mapping(border)}
        for code, border in borders
    ]
    file.write_text(json.dumps({"type": "FeatureCollection", "features": shapes}), "utf-8")
    return file


def borders_of(found: Sequence[Grid]) -> list[tuple[str, BaseGeometry]]:
    """The borders of the grids, and of everything above them as far as the grids reach."""
    cells: dict[str, BaseGeometry] = {grid.code: grid.border() for grid in found}
    borders: list[tuple[str, BaseGeometry]] = list(cells.items())
    for length in (12, 9, 6):
        parts: dict[str, list[BaseGeometry]] = {}
        for code, border in cells.items():
            parts.setdefault(code[:length], []).append(border)
        cells = {code: shapely.union_all(many) for code, many in parts.items()}
        borders += cells.items()
    return borders
