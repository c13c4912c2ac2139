"""What a public grid board shows.

Who answers and for what, who else covers the place, and how its border runs.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

import numpy as np
import shapely
from django.db import transaction
from django.db.models import QuerySet

from jingwei.kernel import files, journal
from jingwei.kernel.actors import Actor
from jingwei.kernel.models import Attachment
from jingwei.kernel.moments import now
from jingwei.registry.atlas import code_range
from jingwei.registry.models import Area, AreaMapping, BoardPrint, Person, Post
from jingwei.registry.roles import label
from jingwei.registry.seats import Holder, holders

#: roles on the board itself, in their order; judges, prosecutors and police stand under “contacts”
ON_BOARD = (
    "grid_chief",
    "grid_worker",
    "grid_guide",
    "community_head",
    "courtyard_head",
    "veteran_post",
    "volunteer",
)
OFFICIALS = ("judge", "prosecutor", "police")
WIDTH, HEIGHT = 480, 320


@dataclass(frozen=True, slots=True)
class OnBoard:
    """One person (or an empty seat) as the board shows it."""

    person: int | None
    name: str
    role: str
    duty: str
    phone: str
    has_photo: bool


def people_of(area: int) -> list[OnBoard]:
    """The people of a place in the order of a board; an empty seat is shown as such."""
    found = sorted(
        (h for h in holders(areas=[area]) if h.role in ON_BOARD),
        key=lambda h: (ON_BOARD.index(h.role), h.post),
    )
    return _shown(found)


def contacts_over(area: int) -> list[OnBoard]:
    """The three officials of a grid, and the contacts of party, police and department grids over it."""
    over = list(
        AreaMapping.objects.filter(base=area, overlay__valid_to=None).values_list("overlay", flat=True)
    )
    officials = [h for h in holders(areas=[area]) if h.role in OFFICIALS]
    shown = _shown(officials + (holders(areas=over) if over else []))
    return list(dict.fromkeys(shown))  # somebody may answer for two of those grids


def _shown(found: list[Holder]) -> list[OnBoard]:
    duties = dict(Post.objects.filter(pk__in=[h.post for h in found]).values_list("pk", "duty"))
    with_photo = set(
        Person.objects.filter(
            pk__in=[h.person for h in found if h.person], photo__isnull=False, photo_consent_at__isnull=False
        ).values_list("pk", flat=True)
    )
    return [
        OnBoard(h.person, h.name, label(h.role), duties.get(h.post, ""), h.phone, h.person in with_photo)
        for h in found
    ]


def photo_of(person: Person) -> Path | None:
    """The file of somebody's picture, only with their consent."""
    if person.photo is None or person.photo_consent_at is None:
        return None
    row = Attachment.objects.filter(pk=person.photo).first()
    return files.path_of(row) if row and files.path_of(row).exists() else None


def photo_files(area: int) -> dict[int, Path]:
    """The pictures that a place's board shows, by person."""
    people = Person.objects.filter(pk__in=[one.person for one in people_of(area) if one.person])
    return {person.pk: file for person in people if (file := photo_of(person))}


# ---------------------------------------------------------------- printed boards


@dataclass(frozen=True, slots=True)
class Outdated:
    """A board on a wall that no longer says what is so: since its print, people or place have changed."""

    area: int
    code: str
    name: str
    printed_at: datetime
    people: bool
    place: bool


@transaction.atomic
def mark_printed(areas: Sequence[Area], *, by: Actor) -> None:
    """Keep what the boards of these areas say at this moment; from now on they are compared with it."""
    content, moment = _digests([area.pk for area in areas]), now()
    for area in areas:
        journal.record(area, "board-printed", by=by)
    BoardPrint.objects.bulk_create(
        [BoardPrint(area=area, printed_at=moment, digest=content[area.pk]) for area in areas],
        update_conflicts=True, unique_fields=["area"], update_fields=["printed_at", "digest"], batch_size=500,
    )  # fmt: skip


def to_reprint(*, under: str = "") -> list[Outdated]:
    """Return the printed boards that say something else by now, by code.

    The board on the web is always of now.
    """
    prints = _printed(under)
    found: list[Outdated] = []
    for start in range(0, len(prints), AT_ONCE):
        part = prints[start : start + AT_ONCE]
        content = _digests([row[0] for row in part])
        for area, code, name, printed_at, digest in part:
            before, after = bytes(digest), content[area]
            if before != after:
                found.append(
                    Outdated(
                        area,
                        code,
                        name,
                        printed_at,
                        people=before[:16] != after[:16],
                        place=before[16:] != after[16:],
                    )
                )
    return found


def never_printed(*, under: str = "") -> QuerySet[Area]:
    """The grids whose board nobody has printed yet."""
    return _in_force(under).filter(kind="grid", board_print=None).order_by("code")


AT_ONCE = 1000


def _printed(under: str) -> list[tuple[int, str, str, datetime, bytes]]:
    rows = (
        BoardPrint.objects.filter(area__in=_in_force(under))
        if under
        else BoardPrint.objects.filter(area__valid_to=None)
    )
    columns = ("area_id", "area__code", "area__name", "printed_at", "digest")
    return list(rows.order_by("area__code").values_list(*columns))


def _in_force(under: str) -> QuerySet[Area]:
    areas = Area.objects.filter(valid_to=None)
    if under:
        low, high = code_range(under)
        areas = areas.filter(code__gte=low, code__lt=high)
    return areas


def _digests(areas: Sequence[int]) -> dict[int, bytes]:
    """What the boards of these areas say, as hashes; five statements for a thousand boards."""
    over: dict[int, list[int]] = {}
    for base, overlay in AreaMapping.objects.filter(base__in=areas, overlay__valid_to=None).values_list(
        "base", "overlay"
    ):
        over.setdefault(base, []).append(overlay)
    found = holders(areas=sorted({*areas, *(one for many in over.values() for one in many)}))
    at: dict[int, list[str]] = {}
    asked = set(areas)
    duties = dict(Post.objects.filter(pk__in=[h.post for h in found]).values_list("pk", "duty"))
    pictures = dict(
        Person.objects.filter(
            pk__in={h.person for h in found if h.person}, photo__isnull=False, photo_consent_at__isnull=False
        ).values_list("pk", "photo")
    )
    for h in found:
        if h.area not in asked or h.role in (*ON_BOARD, *OFFICIALS):
            said = [
                h.role,
                h.person,
                h.name,
                h.phone,
                duties.get(h.post, ""),
                str(pictures.get(h.person or 0, "")),
            ]
            at.setdefault(h.area or 0, []).append(repr(said))
    places = Area.objects.filter(pk__in=areas).values_list(
        "pk", "code", "name", "households", "population", "border"
    )
    content = {}
    for pk, *facts, border in places:
        people = [line for area in (pk, *sorted(over.get(pk, []))) for line in sorted(at.get(area, []))]
        content[pk] = _hash(people) + _hash([*map(str, facts), bytes(border or b"").hex()])
    return content


def _hash(lines: Iterable[str]) -> bytes:
    return hashlib.blake2b("\n".join(lines).encode(), digest_size=16).digest()


# ---------------------------------------------------------------- drawing


@dataclass(frozen=True, slots=True)
class Drawing:
    """A border as an SVG path within WIDTH × HEIGHT, and where its name goes."""

    path: str
    x: float
    y: float
    name: str


def drawing(area: Area) -> Drawing | None:
    """The border of an area, north up, true to shape."""
    if area.border is None:
        return None
    shape = shapely.from_wkb(bytes(area.border))
    return _drawn(shape, area.name, *_frame(shape))


def neighbours(area: Area) -> list[Drawing]:
    """The areas beside it under the same parent, in the same frame."""
    if area.border is None or area.parent_id is None:
        return []
    shape = shapely.from_wkb(bytes(area.border))
    frame = _frame(shape)
    window = shapely.box(*_window(frame))
    beside = Area.objects.filter(
        parent=area.parent_id, tier__gt=0, valid_to=None, border__isnull=False
    ).exclude(pk=area.pk)
    shapes = [(one.name, shapely.from_wkb(bytes(one.border or b""))) for one in beside.iterator()]
    seen = [
        (name, shapely.intersection(border, window)) for name, border in shapes if border.intersects(window)
    ]
    return [_kept_inside(_drawn(border, name, *frame)) for name, border in seen if border.area > 0]


def _kept_inside(drawing: Drawing) -> Drawing:
    """A neighbour's name stays whole where the frame cuts its area."""
    x, y = min(max(drawing.x, 90.0), WIDTH - 90.0), min(max(drawing.y, 20.0), HEIGHT - 14.0)
    return replace(drawing, x=x, y=y)


def together(borders: Sequence[tuple[str, bytes]]) -> list[Drawing]:
    """Several borders in one frame, as they were on whatever day; finer than a pixel is left out."""
    shapes = [(name, shapely.from_wkb(border)) for name, border in borders]
    if not shapes:
        return []
    frame = _frame(shapely.box(*shapely.total_bounds([shape for _, shape in shapes])))
    fine = 0.5 / frame[3]
    return [_drawn(shapely.simplify(shape, fine), name, *frame) for name, shape in shapes]


def pin(area: Area, lon: float, lat: float) -> tuple[float, float]:
    """Where a point lies in an area's drawing."""
    left, top, across, down = _frame(shapely.from_wkb(bytes(area.border or b"")))
    return round((lon - left) * across, 1), round((top - lat) * down, 1)


def _frame(shape: shapely.Geometry) -> tuple[float, float, float, float]:
    """West, north, pixels per degree of longitude and of latitude."""
    west, south, east, north = shapely.bounds(shape).tolist()
    squeeze = float(np.cos(np.radians((south + north) / 2)))
    scale = min(WIDTH * 0.86 / max((east - west) * squeeze, 1e-9), HEIGHT * 0.86 / max(north - south, 1e-9))
    left = (west + east) / 2 - WIDTH / 2 / scale / squeeze
    top = (south + north) / 2 + HEIGHT / 2 / scale
    return left, top, scale * squeeze, scale


def _window(frame: tuple[float, float, float, float]) -> tuple[float, float, float, float]:
    left, top, across, down = frame
    return left, top - HEIGHT / down, left + WIDTH / across, top


def _drawn(
    shape: shapely.Geometry, name: str, left: float, top: float, across: float, down: float
) -> Drawing:
    steps = []
    for ring in _rings(shape):
        points = [f"{(x - left) * across:.1f} {(top - y) * down:.1f}" for x, y in ring]
        steps.append("M" + "L".join(points) + "Z")
    middle = shapely.point_on_surface(shape)
    across_at, down_at = float(shapely.get_x(middle)), float(shapely.get_y(middle))
    return Drawing(
        "".join(steps), round((across_at - left) * across, 1), round((top - down_at) * down, 1), name
    )


def _rings(shape: shapely.Geometry) -> Iterator[list[tuple[float, float]]]:
    for part in getattr(shape, "geoms", [shape]):
        if part.geom_type == "Polygon":
            yield list(part.exterior.coords)
            yield from (list(hole.coords) for hole in part.interiors)
