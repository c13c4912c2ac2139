"""What lies across the grids: party, police and department grids, estates, a road section, buildings.

The old divisions of other offices never fit the new grids cleanly, so some base grids belong to two of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from random import Random

import numpy as np
import shapely
from shapely import Polygon
from shapely.affinity import scale

from jingwei.demo import names
from jingwei.demo.geography import ANCHOR_COMMUNITY, ANCHOR_GRID, ANCHOR_STREET, AreaDraft
from jingwei.demo.grouping import gather, neighbours_of
from jingwei.demo.tessellation import Points

_DEPARTMENTS = (("CG", "城管"), ("XF", "消防"))
_HALF_LANE = 0.00012  # degrees: a road with its pavements is some 25 metres wide


@dataclass(frozen=True)
class OverlayDraft:
    """A second division of the same ground, tied to grids by code; a shape only where somebody drew one."""

    kind: str
    code: str
    name: str
    base_codes: tuple[str, ...]
    geometry: Polygon | None


@dataclass(frozen=True)
class _Grids:
    """All grids by number, and who borders whom."""

    drafts: Sequence[AreaDraft]
    beside: Mapping[int, set[int]]
    centres: Mapping[int, tuple[float, float]]

    def within(self, code: str) -> list[int]:
        return [number for number, grid in enumerate(self.drafts) if grid.code.startswith(code)]

    def codes(self, numbers: Iterable[int]) -> tuple[str, ...]:
        return tuple(sorted(self.drafts[number].code for number in numbers))

    def union(self, numbers: Iterable[int]) -> Polygon | None:
        shape = shapely.coverage_union_all([self.drafts[number].geometry for number in sorted(numbers)])
        return shape if isinstance(shape, Polygon) else None


def make_overlays(areas: Sequence[AreaDraft], seed: int = 1) -> list[OverlayDraft]:
    """Return the overlays of a city, the same list for the same areas and seed."""
    chance = names.dice("overlays", seed)
    grids = _index([area for area in areas if area.kind == "grid"])
    named = {area.code: area.name for area in areas}
    overlays: list[OverlayDraft] = []
    numbers = range(len(grids.drafts))
    for street, members in groupby(numbers, key=lambda number: grids.drafts[number].code[:9]):
        inside = list(members)
        overlays += _police_grids(street, named[street], inside, grids, chance)
        for letters, office in _DEPARTMENTS:
            overlays += _department_grids(street, named[street], letters, office, inside, grids, chance)
        for community, few in groupby(inside, key=lambda number: grids.drafts[number].code[:12]):
            part = list(few)
            overlays += _party_grids(community, named[community], part, grids, chance)
            if int(community[9:]) < 200:
                overlays += _estates(community, part, grids, chance)
    overlays.append(_road_section(areas, grids))
    overlays += _buildings(grids)
    return overlays


def _index(drafts: Sequence[AreaDraft]) -> _Grids:
    shapes = np.array([draft.geometry for draft in drafts])
    corners, owner = shapely.get_coordinates(shapes, return_index=True)
    # Two grids are neighbours when they have a stretch of border in common: at least two corners.
    _, corner = np.unique(corners[:, 0] + 1j * corners[:, 1], return_inverse=True)
    meetings = np.unique(np.column_stack([corner, owner]), axis=0)
    pairs = []
    for step in (1, 2):
        same = meetings[step:, 0] == meetings[:-step, 0]
        pairs.append(np.column_stack([meetings[:-step, 1][same], meetings[step:, 1][same]]))
    borders, common = np.unique(np.concatenate(pairs), axis=0, return_counts=True)
    middles = shapely.get_coordinates(shapely.centroid(shapes)).tolist()
    return _Grids(
        drafts=drafts,
        beside=neighbours_of(borders[common >= 2].tolist(), count=len(drafts)),
        centres={number: (x, y) for number, (x, y) in enumerate(middles)},
    )


def _regroup(members: list[int], about: int, grids: _Grids, chance: Random) -> list[set[int]]:
    """Return connected groups of about so many grids, in the order of their first grid."""
    into = max(1, round(len(members) / about))
    groups = gather(members, groups=into, beside=grids.beside, centres=grids.centres, dice=chance)
    return sorted(groups, key=min)


def _shared(group: set[int], members: list[int], grids: _Grids, chance: Random) -> set[int]:
    """Return one grid across the border that this group claims too, or none."""
    across = sorted(
        {other for number in group for other in grids.beside[number]}.intersection(members) - group
    )
    return {chance.choice(across)} if across and chance.random() < 0.4 else set()


def _party_grids(
    community: str, name: str, members: list[int], grids: _Grids, chance: Random
) -> list[OverlayDraft]:
    return [
        OverlayDraft(
            "party_grid",
            f"{community}D{number:02d}",
            f"{name}第{names.number_in_chinese(number)}党建网格",
            grids.codes(group),
            grids.union(group),
        )
        for number, group in enumerate(_regroup(members, 3, grids, chance), start=1)
    ]


def _police_grids(
    street: str, name: str, members: list[int], grids: _Grids, chance: Random
) -> list[OverlayDraft]:
    drafts = []
    for number, group in enumerate(_regroup(members, 8, grids, chance), start=1):
        extra = _shared(group, members, grids, chance)
        title = f"{name}第{names.number_in_chinese(number)}警格"
        shape = None if extra else grids.union(group)  # a beat that splits a grid was never drawn
        drafts.append(
            OverlayDraft("police_grid", f"{street}J{number:02d}", title, grids.codes(group | extra), shape)
        )
    return drafts


def _department_grids(
    street: str, name: str, letters: str, office: str, members: list[int], grids: _Grids, chance: Random
) -> list[OverlayDraft]:
    return [
        OverlayDraft(
            "department_grid",
            f"{street}{letters}{number:02d}",
            f"{name}{office}第{names.number_in_chinese(number)}网格",
            grids.codes(group | _shared(group, members, grids, chance)),
            None,  # such tables list places, nobody ever drew them
        )
        for number, group in enumerate(_regroup(members, 12, grids, chance), start=1)
    ]


def _estates(community: str, members: list[int], grids: _Grids, chance: Random) -> list[OverlayDraft]:
    """Return up to three estates: two inside one grid each, the third lies in two grids."""
    homes = [number for number in members if not grids.drafts[number].special]
    chance.shuffle(homes)
    if community == ANCHOR_COMMUNITY:
        homes.sort(key=lambda number: grids.drafts[number].code != ANCHOR_GRID)
    drafts = []
    for number, (name, home) in enumerate(zip(names.estates_in(community), homes[:3], strict=False), start=1):
        code = f"{community}X{number:02d}"
        beyond = sorted(grids.beside[home].intersection(members))
        if number == 3 and beyond:
            both = grids.codes([home, beyond[0]])
            drafts.append(OverlayDraft("estate", code, name, both, None))
        else:
            shape = _inner(grids.drafts[home].geometry, 0.5)
            drafts.append(OverlayDraft("estate", code, name, grids.codes([home]), shape))
    return drafts


def _inner(shape: Polygon, share: float) -> Polygon:
    """Return the shape shrunk towards an inner point until it lies inside itself."""
    while True:
        small = _rounded(scale(shape, share, share, origin=shape.representative_point()))
        if small.within(shape):
            return small
        share *= 0.8


def _rounded(shape: Polygon) -> Polygon:
    def six_decimals(corners: Points) -> Points:
        rounded: Points = np.round(corners, 6)
        return rounded

    return shapely.transform(shape, six_decimals)


def _road_section(areas: Sequence[AreaDraft], grids: _Grids) -> OverlayDraft:
    """Return 建国路 through its street: one strip of road that many grids share."""
    street = next(area.geometry for area in areas if area.code == ANCHOR_STREET)
    anchor = next(grid.geometry for grid in grids.drafts if grid.code == ANCHOR_GRID)
    west, _, east, _ = street.bounds
    latitude = anchor.representative_point().y
    steps = np.linspace(west, east, 40)
    bends = latitude + 0.0004 * np.sin(np.linspace(0, 5, 40))
    strip = shapely.LineString(np.column_stack([steps, bends])).buffer(_HALF_LANE, cap_style="flat")
    pieces = shapely.get_parts(strip.intersection(street))
    road = _rounded(max(pieces, key=lambda piece: piece.area))
    crossed = [
        number for number in grids.within(ANCHOR_STREET) if grids.drafts[number].geometry.intersects(road)
    ]
    return OverlayDraft("road_section", "JGL-K000", "建国路K0+000至K2+000段", grids.codes(crossed), road)


def _buildings(grids: _Grids) -> list[OverlayDraft]:
    """Return the four houses of 槐安路12号院, in a row."""
    yard = _inner(next(grid.geometry for grid in grids.drafts if grid.code == ANCHOR_GRID), 0.5)
    west, south, east, north = yard.bounds
    middle = yard.representative_point()
    width, depth = (east - west) / 14, (north - south) / 30
    drafts = []
    for number in range(4):
        left = middle.x + (number - 2) * width * 1.25
        house = _rounded(shapely.box(left, middle.y, left + width, middle.y + depth))
        code = f"{ANCHOR_GRID}{number + 1:03d}"
        drafts.append(OverlayDraft("building", code, f"槐安路12号院{number + 1}号楼", (ANCHOR_GRID,), house))
    return drafts
