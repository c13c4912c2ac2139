"""Borders from GeoJSON: every shape finds its area by code, becomes CGCS2000, and is compared around.

The file does not say which coordinate system it is in; whoever imports says it, and it is kept with the
border.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import cast

import shapely
from shapely.geometry.base import BaseGeometry

from jingwei.kernel.geojson import Feature, read_geojson
from jingwei.kernel.tables.problems import Problem
from jingwei.kernel.tables.reading import Column
from jingwei.kernel.versions import raise_version
from jingwei.registry import areas, atlas, coordinates
from jingwei.registry.coordinates import Source, geometry_to_cgcs2000, plausible
from jingwei.registry.imports.areas import write_area_changes
from jingwei.registry.imports.known_areas import KnownAreas
from jingwei.registry.imports.plan import Failed, Incoming, Options, Plan, Writing
from jingwei.registry.imports.recoding import Recodings
from jingwei.registry.models import Area

#: how shapes that failed are listed
SHAPES = (
    Column("code", ("编码", "code"), kind="code"),
    Column("name", ("名称", "name")),
)
KEYS = ("adcode", "code", "区划编码", "区划代码", "编码", "代码", "网格编码")
MOST_NAMED = 20
#: square kilometres that nothing of a kind has
TOO_LARGE = {"county": 30_000, "street": 5_000, "community": 1_000, "grid": 300}
_KM2 = 111.32**2  # of a square degree, once longitudes are drawn together


@dataclass(frozen=True, slots=True)
class _Border:
    """A shape that found its area."""

    line: int
    area: Area
    geometry: BaseGeometry
    stored: bytes


def plan(files: Sequence[Incoming], options: Options) -> Plan:
    """Read borders from GeoJSON; see the module."""
    source = cast("Source", options.source or "cgcs2000")
    if source not in coordinates.SOURCES:
        raise ValueError(f"no coordinate system {source!r}")
    found = Plan()
    known = KnownAreas()
    recodings = Recodings.read(options.mapping)
    borders: dict[int, _Border] = {}
    for file in files:
        _read(file, options.key, source, found, known, recodings, borders)
    _plan_writing(found, known, list(borders.values()), source)
    recodings.settle(found, known, known.in_force.get, must_know=False)
    for reading in recodings.readings:
        found.failed += reading.failed()
    _tell_without(found, known, borders)
    _compare(found, known, borders)
    if found.steps:
        found.steps.append(lambda writing: raise_version(atlas.COUNTER))
    return found


def _read(
    file: Incoming,
    key: str,
    source: Source,
    plan: Plan,
    known: KnownAreas,
    recodings: Recodings,
    borders: dict[int, _Border],
) -> None:
    shapes = read_geojson(file.data)
    key = key or _key_of(shapes.features)
    for problem in shapes.problems:
        if problem.is_warning:
            _note_shape(plan, problem)
        else:
            plan.failed.append(Failed("borders", file.filename, problem.line, {}, (problem,)))
    if source not in ("gcj02", "bd09") and any("acroutes" in f.properties for f in shapes.features):
        plan.note("looks-like-gcj02", source=source)
    tied = []
    for feature in shapes.features:
        code = str(feature.properties.get(key) or "").strip()
        name = str(feature.properties.get("name") or "")
        where = _area_of(code, known, recodings)
        if why := _why_not(feature, key, code, where, borders):
            problem = Problem(feature.index, "geometry", code, why[0], {"label": name, **why[1]})
            plan.failed.append(
                Failed("borders", file.filename, feature.index, {"code": code, "name": name}, (problem,))
            )
            continue
        area = where[0]
        geometry = _polygons(geometry_to_cgcs2000(feature.geometry, source))
        middle = geometry.representative_point()
        if plausible(middle.x, middle.y):
            problem = Problem(feature.index, "geometry", code, "shape-abroad", {"label": name})
            plan.failed.append(
                Failed("borders", file.filename, feature.index, {"code": code, "name": name}, (problem,))
            )
            continue
        if area.code != code:
            tied.append(f"{name or code}（{code} → {area.code}）")
        borders[area.pk] = _Border(feature.index, area, geometry, shapely.to_wkb(geometry))
    if tied:
        plan.note("tied", n=len(tied), names="、".join(tied[:MOST_NAMED]))


def _key_of(features: Iterable[Feature]) -> str:
    """The property that most shapes have of those that usually hold the code."""
    there = Counter(
        key for feature in features for key in KEYS if feature.properties.get(key) not in (None, "")
    )
    return max(KEYS, key=lambda key: there[key]) if there else KEYS[0]


def _area_of(code: str, known: KnownAreas, recodings: Recodings) -> list[Area]:
    """The area in force that a code means: its own, or what the table or a former code ties it to."""
    if code in known.in_force:
        return [known.in_force[code]]
    codes = [recodings.newer(code), *recodings.other(code)]
    tied = {a.pk: a for c in codes if (a := known.in_force.get(c))} or {
        a.pk: a for a in known.following(code)
    }
    return list(tied.values())


def _why_not(
    feature: Feature, key: str, code: str, where: list[Area], borders: Mapping[int, _Border]
) -> tuple[str, dict[str, object]] | None:
    if not code:
        return "shape-key-missing", {"key": key}
    if not where:
        return "shape-code-unknown", {}
    if len(where) > 1:
        return "shape-code-ambiguous", {"codes": "、".join(area.code for area in where)}
    if first := borders.get(where[0].pk):
        return "shape-area-twice", {"first": first.line, "code": where[0].code}
    return None


def _polygons(geometry: BaseGeometry) -> BaseGeometry:
    """Rounding may let a border touch itself; what has a surface counts."""
    if geometry.is_valid:
        return geometry
    mended = shapely.make_valid(geometry, method="structure", keep_collapsed=False)
    parts = [
        p for p in shapely.get_parts(shapely.get_parts(mended)) if p.geom_type == "Polygon" and p.area > 0
    ]
    return parts[0] if len(parts) == 1 else shapely.MultiPolygon(parts)


def _note_shape(plan: Plan, problem: Problem) -> None:
    """Repaired and equal shapes are told together, by name."""
    name = str(problem.params.get("label") or problem.line)
    for place, note in enumerate(plan.notes):
        if note.code == problem.message_code:
            n = note.params["n"] + 1
            names = f"{note.params['names']}、{name}" if n <= MOST_NAMED else note.params["names"]
            plan.notes[place] = type(note)(note.code, {"n": n, "names": names})
            return
    plan.note(problem.message_code, n=1, names=name)


def _plan_writing(plan: Plan, known: KnownAreas, borders: list[_Border], source: Source) -> None:
    there = _stored(known, [one.area.pk for one in borders])
    new = [one for one in borders if there.get(one.area.pk) != one.stored or one.area.border_source != source]
    count = plan.count("border")
    count.left = len(borders) - len(new)
    count.changed = sum(1 for one in new if one.area.pk in there)
    count.made = len(new) - count.changed
    if new:
        plan.steps.append(lambda writing: _write(writing, new, there, source))


def _stored(known: KnownAreas, wanted: Iterable[int]) -> dict[int, bytes]:
    rows = Area.objects.filter(pk__in=list(wanted), border__isnull=False).values_list("pk", "border")
    return {pk: bytes(border or b"") for pk, border in rows}


def _write(writing: Writing, borders: list[_Border], there: Mapping[int, bytes], source: Source) -> None:
    for one in borders:
        one.area.border = there.get(one.area.pk)  # read with the others, not one by one
    news = [{"border": one.stored, "border_source": source} for one in borders]
    write_area_changes(writing, [one.line for one in borders], [one.area for one in borders], news)


# ---------------------------------------------------------------- telling


def _tell_without(plan: Plan, known: KnownAreas, borders: Mapping[int, _Border]) -> None:
    """The areas of the same kinds that have no border even now."""
    kinds = {one.area.kind for one in borders.values() if one.area.tier}
    with_border = set(Area.objects.filter(valid_to=None, border__isnull=False).values_list("pk", flat=True))
    without = [a for a in known.of_kinds(kinds) if a.pk not in with_border and a.pk not in borders]
    if without:
        plan.note("no-border", n=len(without), names=_named(without))


def _compare(plan: Plan, known: KnownAreas, borders: Mapping[int, _Border]) -> None:
    """Gaps, overlaps, what sticks out and sizes that cannot be, around the borders of this file."""
    parents = {one.area.parent_id for one in borders.values() if one.area.tier and one.area.parent_id}
    groups: dict[int, list[Area]] = {}
    for area in known.in_force.values():
        if area.tier and area.parent_id in parents:
            groups.setdefault(area.parent_id or 0, []).append(area)
    wanted = {area.pk for group in groups.values() for area in group} | set(groups)
    stored = _stored(known, wanted - set(borders))
    flat = {pk: areas.flattened(shapely.from_wkb(wkb)) for pk, wkb in stored.items()}
    flat |= {pk: areas.flattened(one.geometry) for pk, one in borders.items()}
    out: list[Area] = []
    overlapping: list[Area] = []
    gappy: list[Area] = []
    for above, group in groups.items():
        parent, whole = known.by_id[above], flat.get(above)
        parts = [flat[area.pk] for area in group if area.pk in flat]
        union = shapely.union_all(parts)
        size = union.area or 1.0
        if sum(part.area for part in parts) - union.area > areas.MOST_MISFIT * size:
            overlapping.append(parent)
        if whole is not None:
            out += [
                area
                for area in group
                if area.pk in borders
                and flat[area.pk].difference(whole).area > areas.MOST_MISFIT * flat[area.pk].area
            ]
            if len(parts) == len(group) and whole.difference(union).area > areas.MOST_MISFIT * whole.area:
                gappy.append(parent)
    doubtful = [
        one.area
        for one in borders.values()
        if flat[one.area.pk].area * _KM2 > TOO_LARGE.get(one.area.kind, float("inf"))
    ]
    found = (
        ("sticks-out", out),
        ("siblings-overlap", overlapping),
        ("gaps", gappy),
        ("size-doubtful", doubtful),
    )
    for code, which in found:
        if which:
            plan.note(code, n=len(which), names=_named(which))


def _named(which: Sequence[Area]) -> str:
    return "、".join(f"{area.name}（{area.code}）" for area in which[:MOST_NAMED])
