"""The tree of areas in memory: names, ancestors, and which grid a point lies in.

Reloaded when the areas change.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import shapely
from django.conf import settings
from django.db.models import QuerySet
from numpy.typing import NDArray

from jingwei.kernel.versions import Kept
from jingwei.registry.models import Area
from jingwei.registry.models.areas import TIERS

#: rows about the tree of areas raise this counter
COUNTER = "areas"

_LONGEST_CODE = 25  # one more than a code can have: above every code of nines


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


Bounds = tuple[float, float, float, float]


class Net:
    """Borders in a search tree, the finest tier first: the first hit in that order is the answer."""

    def __init__(self, places: dict[int, Place], borders: list[tuple[int, shapely.Geometry]]) -> None:
        borders.sort(key=lambda one: (-places[one[0]].tier, one[0]))
        self.ids = np.array([area for area, _ in borders], dtype=np.int64)
        self.tree = shapely.STRtree([border for _, border in borders])
        self.borders = self.tree.geometries

    def locate_one(self, point: shapely.Point) -> int | None:
        """The area of a point, or None."""
        hits = self.tree.query(point, predicate="intersects")
        return int(self.ids[hits.min()]) if len(hits) else None

    def locate(self, points: NDArray[np.object_]) -> list[int | None]:
        """The area of each point, or None."""
        found: list[int | None] = [None] * len(points)
        which, borders = self.tree.query(points)  # whose box holds the point
        inside = shapely.intersects(self.borders[borders], points[which])
        which, borders = which[inside], borders[inside]
        if len(which):
            order = np.lexsort((borders, which))
            hit, first = np.unique(which[order], return_index=True)
            for point, area in zip(hit.tolist(), self.ids[borders[order[first]]].tolist(), strict=True):
                found[point] = area
        return found


class Atlas:
    """The tree of areas in force now. The finest border that holds a point wins.

    Held in memory are the borders of areas whose children have none (the grids, where there are grids); those
    above them are read when a point first falls into a gap.
    """

    def __init__(
        self,
        places: dict[int, Place],
        fine: Net,
        coarse: Callable[[], Net],
        above: Collection[int],
        bounds: Bounds | None,
    ) -> None:
        self.places, self.bounds = places, bounds
        self.by_code = {place.code: place for place in places.values()}
        self._children: dict[int | None, list[Place]] = {}
        for place in places.values():
            self._children.setdefault(place.parent, []).append(place)
        self._fine, self._read_coarse = fine, coarse
        # where some places have grids and others none, a border above grids may be as fine as one without any
        # below
        finest_above = max((places[area].tier for area in above if area in places), default=0)
        self._not_finest = {area for area in fine.ids.tolist() if places[area].tier <= finest_above}

        # an intake asks twice: for the number and for the case
        self._last: tuple[tuple[float, float] | None, Place | None] = (None, None)

    @cached_property
    def _coarse(self) -> Net:
        return self._read_coarse()

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
        """Names from below a tier down to the place: 云河区 建国路街道 槐安社区 第三网格.

        A place of that tier or above it has its own name: what is known to the county only lies in 云河区.
        """
        stop = TIERS.index(below) + 1
        names = [place.name for place in self.up(area) if place.tier > stop or not place.tier]
        return " ".join(reversed(names)) or self.name(area)

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
        asked = lon, lat
        before, found = self._last
        if before == asked:
            return found
        point = shapely.Point(lon, lat)
        found = self.get(self._fine.locate_one(point))
        if found is None or found.id in self._not_finest:
            found = self._finer(found, self.get(self._coarse.locate_one(point)))
        self._last = asked, found
        return found

    def locate_many(self, lons: Sequence[float], lats: Sequence[float]) -> list[int | None]:
        """The ids of the finest areas of many points."""
        points = np.asarray(shapely.points(np.asarray(lons), np.asarray(lats)))
        found = self._fine.locate(points)
        again = [n for n, area in enumerate(found) if area is None or area in self._not_finest]
        if again:
            for n, area in zip(again, self._coarse.locate(points[again]), strict=True):
                finer = self._finer(self.get(found[n]), self.get(area))
                found[n] = finer.id if finer else None
        return found

    @staticmethod
    def _finer(one: Place | None, other: Place | None) -> Place | None:
        return max(
            (place for place in (one, other) if place),
            key=lambda place: (place.tier, -place.id),
            default=None,
        )


def _load() -> Atlas:
    in_tree = Area.objects.filter(valid_to=None, tier__gt=0)
    columns = ("id", "kind", "tier", "parent_id", "code", "name", "special")
    places = {
        row[0]: Place(*row)
        for row in in_tree.values_list(*columns).order_by("order", "code").iterator(chunk_size=5000)
    }
    bordered = in_tree.filter(border__isnull=False)
    above = set(bordered.exclude(parent=None).values_list("parent_id", flat=True))
    upper = bordered.filter(pk__in=above)  # above an area with a border there may be one without
    fine = list(_borders(bordered.exclude(pk__in=above)))
    bounds = _around(border for borders in (fine, _borders(upper)) for _, border in borders)
    return Atlas(places, Net(places, fine), lambda: _large(Net(places, list(_borders(upper)))), above, bounds)


def _large(net: Net) -> Net:
    """Borders of thousands of points, looked through once so that each question is short."""
    shapely.prepare(net.borders)
    return net


def _borders(areas: QuerySet[Area]) -> Iterator[tuple[int, shapely.Geometry]]:
    for area, border in areas.values_list("id", "border").order_by("id").iterator(chunk_size=2000):
        yield area, shapely.from_wkb(bytes(border or b""))


def _around(borders: Iterable[shapely.Geometry]) -> Bounds | None:
    """West, south, east, north of all of them, without keeping any."""
    boxes = np.array([shapely.bounds(border) for border in borders])
    if not len(boxes):
        return None
    (west, south), (east, north) = boxes[:, :2].min(axis=0), boxes[:, 2:].max(axis=0)
    return float(west), float(south), float(east), float(north)


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
    """The half-open range of codes of everything under a code: an index range, whatever the collation, as
    codes are figures.

    Raises ``ValueError`` for what is none: the codes of overlays need not be figures, and nothing stands
    under them.
    """
    if not (code.isascii() and code.isdigit()):
        raise ValueError(f"'{code}' is no code of figures")
    above = str(int(code) + 1).zfill(len(code))
    return code, above if len(above) == len(code) else "9" * _LONGEST_CODE
