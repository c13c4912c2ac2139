"""The map of a board: the borders of an area's children as SVG paths, drawn once per process and atlas."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import shapely

from jingwei.registry.atlas import Place, atlas
from jingwei.registry.models import Area

WIDTH, HEIGHT = 830, 600


@dataclass(frozen=True, slots=True)
class Shape:
    """One child: its path, and where its label goes."""

    area: int
    path: str
    x: float
    y: float


def of_children(place: Place, children: list[Place]) -> dict[int, Shape]:
    """The shapes of the children that have a border, by area."""
    return _drawn(id(atlas()), place.id, tuple(child.id for child in children))


@lru_cache(maxsize=256)
def _drawn(edition: int, place: int, children: tuple[int, ...]) -> dict[int, Shape]:
    rows = Area.objects.filter(pk__in=children, border__isnull=False).values_list("pk", "border")
    borders = {pk: shapely.from_wkb(bytes(border or b"")) for pk, border in rows}
    if not borders:
        return {}
    west, south, east, north = shapely.total_bounds(list(borders.values()))
    squeeze = float(np.cos(np.radians((south + north) / 2)))
    scale = min(WIDTH / max((east - west) * squeeze, 1e-9), HEIGHT / max(north - south, 1e-9)) * 0.96
    left, top = (west + east) / 2 - WIDTH / 2 / scale / squeeze, (south + north) / 2 + HEIGHT / 2 / scale
    return {
        pk: _shape(pk, shapely.simplify(border, 0.7 / scale), left, top, scale * squeeze, scale)
        for pk, border in borders.items()
    }


def _shape(pk: int, border: shapely.Geometry, left: float, top: float, across: float, down: float) -> Shape:
    steps = []
    for part in getattr(border, "geoms", [border]):
        if part.geom_type == "Polygon":
            points = np.asarray(part.exterior.coords)
            xs, ys = (points[:, 0] - left) * across, (top - points[:, 1]) * down
            steps.append("M" + "L".join(f"{x:.0f} {y:.0f}" for x, y in zip(xs, ys, strict=True)) + "Z")
    middle = shapely.get_coordinates(shapely.point_on_surface(border))[0]
    return Shape(pk, "".join(steps), round((middle[0] - left) * across), round((top - middle[1]) * down))
