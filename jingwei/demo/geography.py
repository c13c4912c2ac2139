"""The map of 经州市: counties, streets and towns, communities and villages, grids, and what lies across them.

Everything is built from the grids upward: neighbouring grids gather into communities, communities into
streets and towns, these into counties. A parent is the union of its children and nothing else. Codes follow
the national pattern (6 + 3 + 3 + 3) under the prefix 9911, which no place in the country has.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from random import Random

import shapely
from shapely import Polygon

from jingwei.demo import names
from jingwei.demo.ground import PLANS, Ground, Group, Size, cut_ground, reading_order, shares

CITY_CODE = "9911"
CITY_NAME = "经州市"
ANCHOR_COUNTY = "991103"
ANCHOR_STREET = "991103001"
ANCHOR_COMMUNITY = "991103001002"
ANCHOR_GRID = "991103001002003"

_SPECIAL_SHARE = 0.05
_SPECIAL_IN_TOWN = ("商场", "公园", "学校", "市场")
_SPECIAL_IN_COUNTRY = ("学校", "市场")


@dataclass(frozen=True)
class AreaDraft:
    """One area as an importer would read it; a parent's counts are the sums of its children's."""

    code: str
    kind: str
    name: str
    parent_code: str | None
    geometry: Polygon
    households: int
    population: int
    special: bool


@dataclass(frozen=True)
class _Count:
    households: int
    population: int
    special: str  # what the grid is reserved for, or nothing


@dataclass(frozen=True)
class _Work:
    """What every step of drafting needs at hand."""

    ground: Ground
    counts: Mapping[int, _Count]
    chance: Random
    street_words: Iterator[str]


def make_areas(size: Size, seed: int = 1) -> list[AreaDraft]:
    """Return every area of the city, parents before children, the same list for the same seed."""
    plan = PLANS[size]
    ground = cut_ground(plan, seed)
    chance = names.dice("areas", size, seed)
    work = _Work(ground, _count_people(ground, chance), chance, names.place_words(chance))
    counties = _cut_counties(work, plan.counties)
    streets, communities = shares(plan.streets, counties), shares(plan.communities, counties)
    parts = [
        _draft_county(f"{CITY_CODE}{number + 1:02d}", county, streets[number], communities[number], work)
        for number, county in enumerate(counties)
    ]
    return _join(CITY_CODE, "city", CITY_NAME, None, parts)


def _cut_counties(work: _Work, count: int) -> list[Group]:
    """Return the counties from the core outward, except that the one with the old town comes third."""
    banks = work.ground.banks()
    parts = [
        county
        for bank, into in zip(banks, shares(count, banks), strict=True)
        for county in work.ground.split(bank, into, work.chance, smallest=1)
    ]
    parts.sort(key=work.ground.from_core)
    old_town = next(part for part in parts if _nearest_to_core(work.ground) in part)
    parts.remove(old_town)
    parts.insert(int(ANCHOR_COUNTY[4:]) - 1, old_town)
    return parts


def _nearest_to_core(ground: Ground) -> int:
    return min(ground.centres, key=lambda cell: ground.from_core({cell}))


def _draft_county(code: str, cells: Group, streets: int, communities: int, work: _Work) -> list[AreaDraft]:
    groups = work.ground.split(cells, streets, work.chance, smallest=8)
    words, villages = names.place_words(work.chance), names.village_words(work.chance)
    parts = []
    for street_code, name, group, share in _name_streets(code, groups, communities, work):
        inner = work.ground.split(group, share, work.chance, smallest=3)
        numbered = _name_communities(street_code, inner, words, villages, work)
        drafts = [_draft_community(*community, street_code, work) for community in numbered]
        parts.append(_join(street_code, "street", name, code, drafts))
    return _join(code, "county", names.COUNTIES[int(code[4:]) - 1], CITY_CODE, parts)


def _name_streets(
    county: str, groups: Sequence[Group], communities: int, work: _Work
) -> list[tuple[str, str, Group, int]]:
    """Return code, name, cells and number of communities: streets from 001, towns from 100, row by row."""
    ground = work.ground
    order = ground.reading_order(groups)
    anchored = county == ANCHOR_COUNTY
    if anchored:
        order.sort(key=lambda number: _nearest_to_core(ground) not in groups[number])
    given = shares(communities, groups)
    fixed = iter(names.ANCHOR_STREETS if anchored else ())
    streets, towns, named = 0, 0, []
    for number in order:
        if ground.urban_share(groups[number]) >= 0.5:
            streets += 1
            code, name = f"{county}{streets:03d}", next(fixed, None) or f"{next(work.street_words)}街道"
        else:
            code, name = f"{county}{100 + towns:03d}", f"{next(work.street_words)}镇"
            towns += 1
        named.append((code, name, groups[number], given[number]))
    return sorted(named, key=lambda row: row[0])


def _name_communities(
    street: str, groups: list[Group], words: Iterator[str], villages: Iterator[str], work: _Work
) -> list[tuple[str, str, Group]]:
    """Return code, name and cells: communities from 001, villages from 200, in reading order."""
    ground = work.ground
    in_town = int(street[6:]) < 100
    # Even a country town has a market quarter, which is a community and no village.
    quarter = max(range(len(groups)), key=lambda number: ground.urban_share(groups[number]))
    order = ground.reading_order(groups)
    if street == ANCHOR_STREET:
        middle = min(order, key=lambda number: ground.from_core(groups[number]))
        order.remove(middle)
        order.insert(int(ANCHOR_COMMUNITY[9:]) - 1, middle)
    fixed = iter(names.ANCHOR_COMMUNITIES if street == ANCHOR_STREET else ())
    urban, rural, named = 0, 0, []
    for number in order:
        if in_town or number == quarter or ground.urban_share(groups[number]) > 0.6:
            urban += 1
            code, name = f"{street}{urban:03d}", next(fixed, None) or f"{next(words)}社区"
        else:
            code, name = f"{street}{200 + rural:03d}", f"{next(villages)}村"
            rural += 1
        named.append((code, name, groups[number]))
    return sorted(named, key=lambda row: row[0])


def _draft_community(code: str, name: str, cells: Group, street: str, work: _Work) -> list[AreaDraft]:
    members = sorted(cells)
    order = reading_order([work.ground.centres[cell] for cell in members])
    grids = []
    for number, position in enumerate(order, start=1):
        grid_code, count = f"{code}{number:03d}", work.counts[members[position]]
        if grid_code == ANCHOR_GRID:
            count = _Count(412, 1060, "")
        title = f"第{names.number_in_chinese(number)}网格" + (
            f"（{count.special}专属）" if count.special else ""
        )
        shape = work.ground.shapes[members[position]]
        grids.append(
            AreaDraft(
                grid_code, "grid", title, code, shape, count.households, count.population, bool(count.special)
            )
        )
    return _join(code, "community", name, street, [[grid] for grid in grids])


def _join(
    code: str, kind: str, name: str, parent_code: str | None, parts: Sequence[Sequence[AreaDraft]]
) -> list[AreaDraft]:
    """Return a parent that is the union and the sum of its parts, followed by everything in them."""
    heads = [part[0] for part in parts]
    shape = shapely.coverage_union_all([head.geometry for head in heads])
    if not isinstance(shape, Polygon):
        raise ValueError(f"{code} is in pieces")
    head = AreaDraft(
        code=code,
        kind=kind,
        name=name,
        parent_code=parent_code,
        geometry=shape,
        households=sum(head.households for head in heads),
        population=sum(head.population for head in heads),
        special=False,
    )
    return [head, *(area for part in parts for area in part)]


def _count_people(ground: Ground, chance: Random) -> dict[int, _Count]:
    """Return households and people of every cell; one in twenty is reserved for a mall, a park, a school."""
    cells = sorted(ground.centres)
    wanted = round(_SPECIAL_SHARE * len(cells))
    # Malls and parks stand in town: three of four reserved grids, if there is town enough.
    in_town = chance.sample(sorted(ground.urban), min(len(ground.urban), wanted * 3 // 4))
    special = {*in_town, *chance.sample(sorted(set(cells) - set(in_town)), wanted - len(in_town))}
    counts = {}
    for cell in cells:
        urban, reserved = cell in ground.urban, ""
        if cell in special:
            reserved = chance.choice(_SPECIAL_IN_TOWN if urban else _SPECIAL_IN_COUNTRY)
            households = chance.randint(0, 40)
        elif not urban:
            households = chance.randint(90, 290)
        elif chance.random() < 0.92:
            households = chance.randint(300, 500)
        else:
            households = chance.choice((chance.randint(240, 299), chance.randint(501, 580)))
        counts[cell] = _Count(households, round(households * (2.45 + 0.3 * chance.random())), reserved)
    return counts
