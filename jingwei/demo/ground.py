"""The ground of 经州市: where its edge and its river run, where it is crowded, and how it is cut into grids.

Distances are kilometres from the middle until the very end, where every corner becomes degrees exactly once.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any, Literal

import numpy as np
import shapely
from numpy.typing import NDArray

from jingwei.demo.grouping import connected_parts, gather, neighbours_of
from jingwei.demo.tessellation import Cells, Points, cut, relax, twins_along

Size = Literal["demo", "city"]
Group = set[int]

_MIDDLE = (117.48, 33.9)
_KM_PER_DEGREE = (92.4, 110.9)  # at this latitude
_BORDER_PIECES = 5  # a border has twice as many sections: a grid with six neighbours gets 60 corners


@dataclass(frozen=True)
class Plan:
    """How large a city is, in kilometres and in numbers."""

    radius: float
    grids: int
    counties: int
    streets: int
    communities: int
    market_towns: int
    core: float  # reach of the old town, as a share of the radius
    urban_grid: float  # a grid below this many km² lies in town


PLANS: Mapping[Size, Plan] = {
    "demo": Plan(7.0, 240, 3, 12, 40, market_towns=4, core=0.36, urban_grid=0.48),
    "city": Plan(37.0, 16000, 11, 165, 3000, market_towns=90, core=0.12, urban_grid=0.16),
}


@dataclass(frozen=True)
class Ground:
    """The cut ground and who borders whom; cell numbers stand for grids until they have codes."""

    cells: Cells
    shapes: NDArray[Any]
    beside: Mapping[int, Group]
    centres: Mapping[int, tuple[float, float]]
    urban: frozenset[int]
    north: frozenset[int]
    core: tuple[float, float]

    def centre(self, group: Collection[int]) -> tuple[float, float]:
        """Return the middle of a group of cells."""
        x, y = self.cells.centres[sorted(group)].mean(axis=0)
        return float(x), float(y)

    def from_core(self, group: Collection[int]) -> float:
        """Return how far a group lies from the old town."""
        x, y = self.centre(group)
        return float(np.hypot(x - self.core[0], y - self.core[1]))

    def urban_share(self, group: Collection[int]) -> float:
        """Return the share of a group's cells that lie in town."""
        return len(self.urban.intersection(group)) / len(group)

    def banks(self) -> list[Group]:
        """Return the cells north and south of the river; a scrap that hangs nowhere joins the other bank."""
        everything = set(range(len(self.cells.areas)))
        north = set(self.north)
        main = [connected_parts(bank, self.beside)[0] for bank in (north, everything - north)]
        scraps = everything - main[0] - main[1]
        main[0] |= scraps - north
        main[1] |= scraps & north
        return main

    def split(self, group: Group, into: int, chance: Random, *, smallest: int) -> list[Group]:
        """Part a connected group into connected groups of about the same number of cells."""
        return gather(
            group, groups=into, beside=self.beside, centres=self.centres, dice=chance, smallest=smallest
        )

    def reading_order(self, groups: Sequence[Collection[int]]) -> list[int]:
        """Return the positions of the groups row by row, as `reading_order` reads their middles."""
        return reading_order([self.centre(group) for group in groups])


def reading_order(centres: Sequence[tuple[float, float]]) -> list[int]:
    """Return the positions of the points row by row: from north to south, in each row from west to east."""
    down = sorted(range(len(centres)), key=lambda number: -centres[number][1])
    per_row = max(1, round(len(centres) ** 0.5))
    rows = [down[start : start + per_row] for start in range(0, len(down), per_row)]
    return [number for row in rows for number in sorted(row, key=lambda number: centres[number][0])]


def shares(total: int, groups: Sequence[Collection[int]]) -> list[int]:
    """Part a total over groups by their size, at least one each: the largest remainders get the rest."""
    whole = sum(map(len, groups))
    exact = [total * len(group) / whole for group in groups]
    given = [max(1, int(share)) for share in exact]
    by_need = sorted(range(len(groups)), key=lambda number: given[number] - exact[number])
    for number in by_need[: max(0, total - sum(given))]:
        given[number] += 1
    return given


def cut_ground(plan: Plan, seed: int) -> Ground:
    """Cut the city's ground into grids: small in town, large in the country, the river always a border."""
    roll = np.random.Generator(np.random.PCG64(seed))
    outline = _Outline(plan, roll)
    river = _River(plan, roll)
    crowd = _Crowd(plan, outline, roll)
    points, kept, free = _scatter(plan, outline, river, crowd, roll)
    points = relax(points, free=free, rounds=3)
    cells = cut(
        points,
        kept=kept,
        wildness=lambda at: np.clip(crowd.spacing(at) / (2 * plan.urban_grid**0.5), 0.3, 1.0),
        pieces=_BORDER_PIECES,
        roll=roll,
    )
    # Which bank a cell lies on, its seed knows; its centre may lie a step across where the river bends.
    north = np.flatnonzero(river.north_of(points[kept]))
    return Ground(
        cells=cells,
        shapes=cells.polygons(to_degrees),
        beside=neighbours_of(cells.neighbours.tolist(), count=plan.grids),
        centres={number: (x, y) for number, (x, y) in enumerate(cells.centres.tolist())},
        urban=frozenset(np.flatnonzero(cells.areas < plan.urban_grid).tolist()),
        north=frozenset(north.tolist()),
        core=crowd.core,
    )


def to_degrees(points: Points) -> Points:
    """Return longitude and latitude, six decimals, of places in kilometres."""
    degrees: Points = np.round(np.array(_MIDDLE) + points / np.array(_KM_PER_DEGREE), 6)
    return degrees


def _finest_wave(plan: Plan) -> float:
    """Return how many waves fit on a radius before they drown between two country grids."""
    country_spacing = 1.3 * (np.pi * plan.radius**2 / plan.grids) ** 0.5
    return float(plan.radius / (4 * country_spacing))


class _Outline:
    """The edge of the city: a circle pulled about by slow waves and roughened by quick ones."""

    def __init__(self, plan: Plan, roll: np.random.Generator) -> None:
        self._radius = plan.radius
        self._waves = np.arange(1, int(_finest_wave(plan) * 2 * np.pi) + 1)
        steep = np.minimum(0.08, 0.45 / self._waves**1.5)
        self._heights = steep * (0.3 + 0.7 * roll.random(len(self._waves)))
        self._phases = roll.random(len(self._waves)) * 2 * np.pi

    def _reach(self, angle: NDArray[np.float64]) -> NDArray[np.float64]:
        waves = np.sin(np.multiply.outer(angle, self._waves) + self._phases) * self._heights
        return np.asarray(self._radius * (1 + waves.sum(axis=-1)))

    def curve(self) -> Points:
        """Return the edge once around, counter-clockwise."""
        angle = np.linspace(0, 2 * np.pi, 2881)
        return np.asarray(self._reach(angle)[:, None] * np.column_stack([np.cos(angle), np.sin(angle)]))

    def contains(self, points: Points) -> NDArray[np.bool_]:
        """Return which points lie inside the edge."""
        angle = np.arctan2(points[:, 1], points[:, 0])
        return np.asarray(np.hypot(points[:, 0], points[:, 1]) < self._reach(angle))


class _River:
    """The river: it enters in the west, passes south of the old town and leaves in the east."""

    def __init__(self, plan: Plan, roll: np.random.Generator) -> None:
        self._radius = plan.radius
        bends = np.array([2.6, 6.3, 14.0, 27.0, 46.0])
        self._bends = bends[bends < 2 * np.pi * _finest_wave(plan)]
        self._heights = np.array([0.11, 0.055, 0.03, 0.016, 0.008])[: len(self._bends)]
        self._phases = roll.random(len(self._bends)) * 2 * np.pi
        self._fall = 0.3 + 0.2 * roll.random()

    def _north_at(self, x: NDArray[np.float64]) -> NDArray[np.float64]:
        east = x / self._radius
        sway = (np.sin(np.multiply.outer(east, self._bends) + self._phases) * self._heights).sum(axis=-1)
        at_core = (np.sin(self._phases) * self._heights).sum()
        return np.asarray(self._radius * (sway - at_core - self._fall * east - 0.05))

    def curve(self) -> Points:
        """Return the river from beyond the western edge to beyond the eastern one."""
        x = np.linspace(-1.4, 1.4, 2801) * self._radius
        return np.column_stack([x, self._north_at(x)])

    def north_of(self, points: Points) -> NDArray[np.bool_]:
        """Return which points lie on the northern bank."""
        return np.asarray(points[:, 1] > self._north_at(points[:, 0]))


class _Crowd:
    """How densely people live: the old town, the county seats, the market towns, and villages between."""

    def __init__(self, plan: Plan, outline: _Outline, roll: np.random.Generator) -> None:
        self.core = (0.01 * plan.radius, 0.07 * plan.radius)
        turn = roll.random() * 2 * np.pi
        seats = plan.counties - 1
        angles = turn + (np.arange(seats) + 0.3 * (roll.random(seats) - 0.5)) * 2 * np.pi / seats
        reach = plan.radius * (0.45 + 0.22 * roll.random(seats))
        towns = (2 * roll.random((plan.market_towns, 2)) - 1) * plan.radius * 0.85
        self._places = np.concatenate(
            [[self.core], np.column_stack([np.cos(angles), np.sin(angles)]) * reach[:, None], towns]
        )
        size = plan.core * plan.radius
        self._reaches = np.concatenate(
            [[size], size * (0.35 + 0.3 * roll.random(seats)), size * (0.12 + 0.1 * roll.random(len(towns)))]
        )
        self._peaks = np.concatenate([[16.0], 10 + 4 * roll.random(seats), np.full(len(towns), 7.0)])
        sample = (2 * roll.random((60000, 2)) - 1) * plan.radius * 1.4
        inside = self._weight(sample[outline.contains(sample)])
        area = (2.8 * plan.radius) ** 2 * len(inside) / len(sample)
        self._grids_per_weight = plan.grids / (area * inside.mean())
        self.most = float(self._weight(self._places).max()) * self._grids_per_weight

    def _weight(self, points: Points) -> NDArray[np.float64]:
        away = np.hypot(*(points[:, None, :] - self._places[None]).transpose(2, 0, 1)) / self._reaches
        return np.asarray(1 + (self._peaks / (1 + away**2) ** 1.8).sum(axis=1))

    def density(self, points: Points) -> NDArray[np.float64]:
        """Return grids per km²."""
        return np.asarray(self._weight(points) * self._grids_per_weight)

    def spacing(self, points: Points) -> NDArray[np.float64]:
        """Return how far apart neighbouring grids' middles lie, in kilometres."""
        return np.asarray(1 / np.sqrt(self.density(points)))


def _scatter(
    plan: Plan, outline: _Outline, river: _River, crowd: _Crowd, roll: np.random.Generator
) -> tuple[Points, NDArray[np.bool_], NDArray[np.bool_]]:
    """Return the seeds, which of them become grids, and which of them may still move.

    Pairs of seeds stand along the edge and the river. Inside, exactly as many grids as planned; a belt of
    seeds around the city closes its outermost grids.
    """
    inner, outer = twins_along(outline.curve()[:-24], spacing=crowd.spacing, roll=roll)
    edge = np.concatenate([inner, outer])
    left, right = twins_along(river.curve(), spacing=crowd.spacing, roll=roll)
    whole = _room_for(left, edge, crowd) & _room_for(right, edge, crowd)
    fixed = np.concatenate([edge, left[whole], right[whole]])
    kept_fixed = outline.contains(fixed)
    wanted = plan.grids - int(kept_fixed.sum())
    inside, belt = np.empty((0, 2)), np.empty((0, 2))
    while len(inside) < wanted:
        drawn = (2 * roll.random((40000, 2)) - 1) * plan.radius * 1.45
        drawn = drawn[roll.random(len(drawn)) * crowd.most < crowd.density(drawn)]
        drawn = drawn[_room_for(drawn, fixed, crowd)]
        within = outline.contains(drawn)
        inside, belt = np.concatenate([inside, drawn[within]]), np.concatenate([belt, drawn[~within]])
    points = np.concatenate([fixed, inside[:wanted], belt])
    kept = np.concatenate([kept_fixed, np.ones(wanted, dtype=bool), np.zeros(len(belt), dtype=bool)])
    free = np.zeros(len(points), dtype=bool)
    free[len(fixed) : len(fixed) + wanted] = True
    return points, kept, free


def _room_for(points: Points, fixed: Points, crowd: _Crowd) -> NDArray[np.bool_]:
    """Return which points keep their distance from the fixed ones."""
    tree = shapely.STRtree(np.asarray(shapely.points(fixed)))
    _, away = tree.query_nearest(np.asarray(shapely.points(points)), return_distance=True, all_matches=False)
    return np.asarray(away > 0.7 * crowd.spacing(points))
