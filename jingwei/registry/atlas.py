"""The tree of areas in memory: names, ancestors, and which grid a point lies in. Reloaded when the areas change."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import shapely
from django.conf import settings

from jingwei.kernel.versions import Kept
from jingwei.registry.models import Area
from jingwei.registry.models.areas import TIERS

#: rows about the tree of areas raise this counter
COUNTER = "areas"


@dataclass(frozen=True, slots=True)
class Place:
    """An area as pages and queries need it."""

    id: int
    kind: str
    tier: int
    parent: int | None
    code: str
    name: str
    special: bool


class Atlas:
    """All areas in force now. Borders are held for those in the tree; the finest one that holds a point wins."""

    def __init__(self, places: dict[int, Place], borders: list[tuple[int, shapely.Geometry]]) -> None:
        self.places = places
        self.by_code = {place.code: place for place in places.values()}
        self._children: dict[int | None, list[Place]] = {}
        for place in places.values():
            self._children.setdefault(place.parent, []).append(place)
        # the finest tier first: the first hit of a query in tree order is the answer
        borders.sort(key=lambda one: (-places[one[0]].tier, one[0]))
        self._ids = np.array([area for area, _ in borders], dtype=np.int64)
        self._tree = shapely.STRtree([border for _, border in borders])

    def get(self, area: int | None) -> Place | None:
        """The place of this id, if it is in force."""
        return self.places.get(area) if area else None

    def name(self, area: int | None) -> str:
        """Its name, or the empty string."""
        return self.places[area].name if area in self.places else ""

    def up(self, area: int | None) -> Iterator[Place]:
        """The place itself, then its ancestors up to the city."""
        while area is not None and (place := self.places.get(area)):
            yield place
            area = place.parent

    def at_tiers(self, area: int | None) -> dict[str, int]:
        """The ids of the county, street, community and grid that a place lies in, itself included."""
        return {place.kind: place.id for place in self.up(area) if place.tier}

    def full_name(self, area: int | None, *, below: str = "city") -> str:
        """Names from below a tier down to the place: 云河区 建国路街道 槐安社区 第三网格."""
        stop = TIERS.index(below) + 1
        names = [place.name for place in self.up(area) if place.tier > stop or not place.tier]
        return " ".join(reversed(names))

    def children(self, area: int | None) -> list[Place]:
        """The places right under one, in their usual order."""
        return self._children.get(area, [])

    def city(self) -> Place | None:
        """The root of the tree."""
        return next((place for place in self._children.get(None, []) if place.kind == "city"), None)

    def under(self, area: int) -> Iterator[Place]:
        """A place and everything in the tree below it."""
        if place := self.places.get(area):
            yield place
            for child in self._children.get(area, []):
                yield from self.under(child.id)

    def locate(self, lon: float, lat: float) -> Place | None:
        """The finest area whose border holds a point (CGCS2000 degrees), or None."""
        hits = self._tree.query(shapely.Point(lon, lat), predicate="intersects")
        return self.places[int(self._ids[hits.min()])] if len(hits) else None

    def locate_many(self, lons: Sequence[float], lats: Sequence[float]) -> list[int | None]:
        """The ids of the finest areas of many points."""
        found: list[int | None] = [None] * len(lons)
        points, borders = self._tree.query(
            shapely.points(np.asarray(lons), np.asarray(lats)), predicate="intersects"
        )
        if len(points):
            order = np.lexsort((borders, points))
            first = np.unique(points[order], return_index=True)
            for point, at in zip(first[0], first[1], strict=True):
                found[int(point)] = int(self._ids[borders[order[at]]])
        return found

    @cached_property
    def bounds(self) -> tuple[float, float, float, float] | None:
        """West, south, east, north of everything that has a border."""
        if not len(self._ids):
            return None
        west, south, east, north = shapely.total_bounds(self._tree.geometries)
        return float(west), float(south), float(east), float(north)


def _load() -> Atlas:
    in_force = Area.objects.filter(valid_to=None)
    rows = in_force.values_list("id", "kind", "tier", "parent_id", "code", "name", "special").order_by(
        "order", "code"
    )
    places = {row[0]: Place(*row) for row in rows.iterator(chunk_size=5000)}
    with_border = in_force.filter(tier__gt=0, border__isnull=False).values_list("id", "border").order_by("id")
    borders = [
        (area, shapely.from_wkb(bytes(border))) for area, border in with_border.iterator(chunk_size=2000)
    ]
    return Atlas(places, borders)


_kept = Kept(COUNTER, _load)


def atlas() -> Atlas:
    """The atlas of now, at most two seconds old."""
    return _kept.get()


def forget() -> None:
    """Load anew at the next call."""
    _kept.forget()


def tier_of(code: str) -> int:
    """The tier that a code of this length names (`tiers` in city.toml), 0 when none does."""
    lengths = {length: kind for kind, length in settings.CITY.tiers.items()}
    kind = lengths.get(len(code))
    return TIERS.index(kind) + 1 if kind else 0


def code_range(code: str) -> tuple[str, str]:
    """The half-open range of codes of everything under a code: an index range, whatever the collation, as codes are figures."""
    return code, str(int(code) + 1).zfill(len(code))
