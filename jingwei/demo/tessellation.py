"""A surface cut into cells whose borders look grown, not drawn, and fit each other to the last digit.

Seeds are triangulated. Every triangle sends a spoke from its heart to the middle of each of its sides; a cell
is the ring of spokes around its seed. A spoke is bent once and read by both cells beside it, so no gap and no
overlap can arise; it stays inside its own wedge of its own triangle, so no border can cross another.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

Points = NDArray[np.float64]
Indices = NDArray[np.int64]
Field = Callable[[Points], NDArray[np.float64]]


@dataclass(frozen=True)
class Cells:
    """The kept cells: rings as flat coordinates with their owner, centres, and which cells share a border."""

    corners: Points
    owner: Indices
    centres: Points
    areas: NDArray[np.float64]
    neighbours: Indices

    def polygons(self, place: Callable[[Points], Points]) -> NDArray[Any]:
        """Return the cells as polygons, every corner moved by `place`: the same corner to the same place."""
        rings = shapely.linearrings(place(self.corners), indices=self.owner)
        return np.asarray(shapely.polygons(rings))


def triangulate(points: Points) -> Indices:
    """Return the Delaunay triangles as rows of three point numbers, counter-clockwise."""
    parts = shapely.get_parts(shapely.delaunay_triangles(shapely.multipoints(points)))
    corners = shapely.get_coordinates(parts).reshape(-1, 4, 2)[:, :3]
    known = points[:, 0] + 1j * points[:, 1]
    order = np.argsort(known)
    found: Indices = order[np.searchsorted(known[order], corners[..., 0] + 1j * corners[..., 1])]
    backwards = _cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]) < 0
    found[backwards] = found[backwards][:, ::-1]
    return found


def relax(points: Points, *, free: NDArray[np.bool_], rounds: int) -> Points:
    """Even out the spacing of the free points while dense places stay dense; the others hold still."""
    points = points.copy()
    for _ in range(rounds):
        triangles = triangulate(points)
        corners = points[triangles]
        area = np.abs(_cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]))
        total = np.zeros(len(points))
        drawn = np.zeros_like(points)
        for corner in range(3):
            np.add.at(total, triangles[:, corner], area)
            np.add.at(drawn, triangles[:, corner], corners.mean(axis=1) * area[:, None])
        points[free] += 0.7 * (drawn[free] / total[free, None] - points[free])
    return points


def twins_along(curve: Points, *, spacing: Field, roll: np.random.Generator) -> tuple[Points, Points]:
    """Return seeds left and right of a curve, in pairs: the border between them then follows the curve."""
    steps = np.hypot(*np.diff(curve, axis=0).T)
    length = np.concatenate([[0.0], np.cumsum(steps)])
    stops, at = [], 0.0
    while at < length[-1]:
        here = np.array([np.interp(at, length, curve[:, 0]), np.interp(at, length, curve[:, 1])])
        stops.append(at)
        at += float(spacing(here[None, :])[0]) * (0.85 + 0.3 * roll.random())
    places = np.column_stack([np.interp(stops, length, curve[:, axis]) for axis in (0, 1)])
    ahead = np.column_stack([np.interp(np.array(stops) + 0.01, length, curve[:, axis]) for axis in (0, 1)])
    behind = np.column_stack([np.interp(np.array(stops) - 0.01, length, curve[:, axis]) for axis in (0, 1)])
    along = ahead - behind
    across = np.column_stack([-along[:, 1], along[:, 0]]) / np.hypot(*along.T)[:, None]
    offset = across * (0.42 * spacing(places))[:, None]
    return places + offset, places - offset


def cut(
    points: Points, *, kept: NDArray[np.bool_], wildness: Field, pieces: int, roll: np.random.Generator
) -> Cells:
    """Cut the surface into one cell for each kept point; each border gets 2 × `pieces` sections.

    `wildness` (0–1) says how much a border at a place may wander. Points that are not kept must surround the
    kept ones, or the outermost cells would stay open.
    """
    triangles = triangulate(points)
    hearts = _hearts(points[triangles])
    middles = (points[triangles] + points[np.roll(triangles, -1, axis=1)]) / 2  # of side 01, 12, 20
    spokes = _bend(points[triangles], hearts, middles, wildness=wildness, pieces=pieces, roll=roll)
    # Around the seed at corner k the ring runs from the middle of side k over the heart to that of side k-1.
    owners, angles, paths = [], [], []
    for corner in range(3):
        seed = points[triangles[:, corner]]
        inwards = spokes[:, corner, :0:-1]
        outwards = spokes[:, (corner + 2) % 3, :-1]
        owners.append(triangles[:, corner])
        angles.append(np.arctan2(*(hearts - seed).T[::-1]))
        paths.append(np.concatenate([inwards, outwards], axis=1))
    owner, angle, path = np.concatenate(owners), np.concatenate(angles), np.concatenate(paths)
    order = np.lexsort((angle, owner))
    order = order[kept[owner[order]]]
    number = np.full(len(points), -1)
    number[kept] = np.arange(kept.sum())
    ring_owner = np.repeat(number[owner[order]], path.shape[1])
    corners = path[order].reshape(-1, 2)
    sides = np.sort(np.concatenate([triangles, np.roll(triangles, -1, axis=1)]).reshape(2, -1).T, axis=1)
    sides = np.unique(sides[kept[sides].all(axis=1)], axis=0)
    rings = shapely.polygons(shapely.linearrings(corners, indices=ring_owner))
    return Cells(
        corners=corners,
        owner=ring_owner,
        centres=shapely.get_coordinates(shapely.centroid(rings)),
        areas=np.asarray(shapely.area(rings)),
        neighbours=number[sides],
    )


def _cross(a: Points, b: Points) -> NDArray[np.float64]:
    return np.asarray(a[..., 0] * b[..., 1] - a[..., 1] * b[..., 0])


def _hearts(corners: Points) -> Points:
    """Return a point strictly inside each triangle: near its circumcentre where that lies inside."""
    a, b, c = corners[:, 0], corners[:, 1], corners[:, 2]
    ab, ac = b - a, c - a
    double = 2 * _cross(ab, ac)
    ab2, ac2 = (ab**2).sum(axis=1), (ac**2).sum(axis=1)
    shift = np.column_stack([ac[:, 1] * ab2 - ab[:, 1] * ac2, ab[:, 0] * ac2 - ac[:, 0] * ab2])
    with np.errstate(divide="ignore", invalid="ignore"):
        round_centre = a + shift / double[:, None]
    middle = corners.mean(axis=1)
    longest = np.sort(((corners - np.roll(corners, -1, axis=1)) ** 2).sum(axis=2), axis=1)
    acute = longest[:, 2] < longest[:, 0] + longest[:, 1]
    hearts: Points = np.where(acute[:, None], 0.9 * round_centre + 0.1 * middle, middle)
    return hearts


def _bend(
    corners: Points,
    hearts: Points,
    middles: Points,
    *,
    wildness: Field,
    pieces: int,
    roll: np.random.Generator,
) -> Points:
    """Return each triangle's three spokes as (triangle, side, point, xy), bent as far as the wedge allows."""
    spoke = middles - hearts[:, None]
    length = np.hypot(spoke[..., 0], spoke[..., 1])
    heading = spoke / length[..., None]
    beside = np.stack([_angle(heading[:, k], heading[:, (k + 1) % 3]) for k in range(3)], axis=1)
    at_heart = 0.45 * np.minimum(beside, np.roll(beside, 1, axis=1))
    side = np.roll(corners, -1, axis=1) - corners
    side /= np.hypot(side[..., 0], side[..., 1])[..., None]
    lean = _angle(side, heading)
    at_middle = 0.9 * np.minimum(lean, np.pi - lean)
    room = np.tan(np.minimum(np.minimum(at_heart, at_middle), np.pi / 4))
    wander = room * wildness(hearts)[:, None]
    t = np.linspace(0, 1, pieces + 1)
    bow = 2 * roll.random((*length.shape, 1)) - 1
    rough = 2 * roll.random((*length.shape, pieces + 1)) - 1
    # Never further away than the nearer end times `room`: so the spoke stays inside the diamond it measures.
    away = (0.55 * bow + 0.45 * rough) * (wander * length)[..., None] * np.minimum(t, 1 - t)
    normal = np.stack([-heading[..., 1], heading[..., 0]], axis=-1)
    straight = hearts[:, None, None] + spoke[..., None, :] * t[:, None]
    straight[..., -1, :] = middles  # exactly, for the triangle on the other side computes it again
    bent: Points = straight + normal[..., None, :] * away[..., None]
    return bent


def _angle(a: Points, b: Points) -> NDArray[np.float64]:
    return np.asarray(np.arccos(np.clip((a * b).sum(axis=-1), -1, 1)))
