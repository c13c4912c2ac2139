"""Every change of areas: make, change, end, succeed, map.

What an area was is kept; codes are never used again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import shapely
from django.db import transaction
from django.db.models import Q, QuerySet
from shapely.geometry.base import BaseGeometry

from jingwei.kernel import journal, rows
from jingwei.kernel.actors import Actor
from jingwei.kernel.fitting import unfit
from jingwei.kernel.moments import today
from jingwei.kernel.refusals import Reason, Refused
from jingwei.kernel.versions import raise_version
from jingwei.registry import atlas
from jingwei.registry.models import Area, AreaAlias, AreaMapping, AreaSuccession, AreaVersion
from jingwei.registry.models.areas import OTHER_KINDS, TIERS


@transaction.atomic
def make_area(
    kind: str, code: str, name: str, *, by: Actor, parent: Area | None = None,
    border: BaseGeometry | None = None, valid_from: date | None = None, **facts: Any,
) -> Area:  # fmt: skip
    """Make an area, or refuse with every reason: code used before or of a wrong length, wrong parent."""
    if kind not in (*TIERS, *OTHER_KINDS):
        raise Refused(Reason("unknown-kind", "kind", {"kinds": list(TIERS + OTHER_KINDS)}))
    tier = TIERS.index(kind) + 1 if kind in TIERS else 0
    area = Area(
        kind=kind, tier=tier, parent=parent, code=code, name=name.strip(), valid_from=valid_from or today(),
        border=_as_stored(border), **facts,
    )  # fmt: skip
    said = {"code": code, "name": area.name, "parent_id": area.parent_id, "border": border}
    reasons = _why_not_stand(area, said)
    if area.valid_from > today():
        reasons.append(Reason("since-out-of-range", "since", {"from": None, "to": today()}))
    if reasons:
        raise Refused(*reasons)
    area.save(force_insert=True)
    journal.record(area, "area-made", by=by, detail={"code": code, "parent": parent.pk if parent else None})
    raise_version(atlas.COUNTER)
    return area


@transaction.atomic
def change_area(area: Area, *, by: Actor, since: date | None = None, **values: Any) -> Area:
    """Change name, code, parent, border, counts from a day on; the state before stays as a version.

    From a day between the last change and today: the past is not written anew, the future not written ahead.
    """
    since = since or today()
    reasons = _why_not_stand(area, {name: new for name, new in values.items() if getattr(area, name) != new})
    if "border" in values:
        values["border"] = _as_stored(values["border"])
    changed = {name: value for name, value in values.items() if getattr(area, name) != value}
    if unknown := set(changed) - set(_MAY_CHANGE):
        raise ValueError(f"of an area, {', '.join(sorted(unknown))} cannot change")
    if not changed:
        return area
    if not area.valid_from <= since <= today():
        reasons.append(Reason("since-out-of-range", "since", {"from": area.valid_from, "to": today()}))
    if reasons:
        raise Refused(*reasons)
    if (
        area.valid_from < since or "code" in changed
    ):  # several changes on one day leave one version; a code is never lost
        _keep_version(area, until=since)
    detail: dict[str, Any] = {"columns": sorted(changed)}
    detail |= {
        name: [getattr(area, name), changed[name]] for name in ("code", "parent_id") if name in changed
    }
    journal.record(area, "area-changed", by=by, detail=detail, **changed, valid_from=since)
    raise_version(atlas.COUNTER)
    return area


@transaction.atomic
def end_area(
    area: Area, *, by: Actor, on: date | None = None, successors: Iterable[Area] = (), reason: str = ""
) -> Area:
    """An area ceases; its successors answer for its matters. Its code is never given again."""
    on, successors = on or today(), list(successors)
    reasons = []
    if area.valid_to is not None:
        reasons.append(Reason("area-ended", "area"))
    if not area.valid_from <= on <= today():
        reasons.append(Reason("since-out-of-range", "on", {"from": area.valid_from, "to": today()}))
    if area.children.filter(valid_to=None).exists():
        reasons.append(Reason("has-children", values={"area": area.code}))
    if area in successors:
        reasons.append(Reason("succeeds-itself", "successors"))
    if reasons:
        raise Refused(*reasons)
    for new in successors:
        AreaSuccession.objects.get_or_create(old=area, new=new, defaults={"since": on, "reason": reason})
    journal.record(
        area, "area-ended", by=by, detail={"successors": [new.pk for new in successors]}, valid_to=on
    )
    raise_version(atlas.COUNTER)
    return area


@transaction.atomic
def succeed(old: Area, new: Area, *, by: Actor, since: date, reason: str) -> AreaSuccession:
    """Record that a code was recoded, merged or split while both rows stay (a development zone counted under
    two codes).
    """
    if old.pk == new.pk:
        raise Refused(Reason("succeeds-itself", "new"))
    row, made = AreaSuccession.objects.get_or_create(
        old=old, new=new, defaults={"since": since, "reason": reason}
    )
    if made:
        journal.record(old, "area-succeeded", by=by, detail={"by": new.pk})
        raise_version(atlas.COUNTER)
    return row


@transaction.atomic
def add_alias(area: Area, name: str, *, by: Actor, source: str = "") -> AreaAlias:
    """Note a second name of a place."""
    if reasons := unfit(AreaAlias, {"name": name.strip(), "source": source}):
        raise Refused(*reasons)
    row, made = AreaAlias.objects.get_or_create(area=area, name=name.strip(), defaults={"source": source})
    if made:
        journal.record(area, "alias-added", by=by, detail={"alias": row.pk})
    return row


@transaction.atomic
def remove_alias(alias: AreaAlias, *, by: Actor) -> None:
    """A second name was wrong, or means another place by now."""
    journal.record(alias.area, "alias-removed", by=by, detail={"alias": alias.pk})
    alias.delete()


@transaction.atomic
def unmap_overlay(overlay: Area, base: Area, *, by: Actor) -> None:
    """An area across the tree no longer lies over a base grid."""
    if AreaMapping.objects.filter(overlay=overlay, base=base).delete()[0]:
        journal.record(overlay, "overlay-unmapped", by=by, detail={"base": base.pk})


@transaction.atomic
def map_overlay(overlay: Area, bases: Iterable[Area], *, by: Actor, reason: str = "") -> list[AreaMapping]:
    """Lay an area across the tree over base grids.

    A base that has one of the same kind already needs a reason.
    """
    bases = list(bases)
    taken = AreaMapping.objects.filter(
        base__in=bases, overlay__kind=overlay.kind, overlay__valid_to=None
    ).exclude(overlay=overlay)
    doubles = sorted(set(taken.values_list("base__code", flat=True)))
    reasons = unfit(AreaMapping, {"reason": reason})
    if doubles and not reason:
        reasons.append(Reason("mapped-already", values={"codes": doubles[:10]}))
    if reasons:
        raise Refused(*reasons)
    known = set(AreaMapping.objects.filter(overlay=overlay).values_list("base", flat=True))
    new = [AreaMapping(overlay=overlay, base=base, reason=reason) for base in bases if base.pk not in known]
    AreaMapping.objects.bulk_create(new, batch_size=500)
    journal.record(overlay, "overlay-mapped", by=by, detail={"bases": [base.pk for base in bases][:500]})
    return new


# ---------------------------------------------------------------- reading


@dataclass(frozen=True, slots=True)
class AsItWas:
    """An area on a day of the past."""

    area: int
    code: str
    name: str
    parent: int | None
    households: int | None
    border: bytes | None


def on_day(day: date, *, under: str = "", kind: str = "", parent: int | None = None) -> list[AsItWas]:
    """Return the areas of a kind, under a code or right below a parent, as they were on a day, by code."""
    scope = Q(parent=parent) if parent is not None else _under(under)
    now = Area.objects.filter(scope, valid_from__lte=day).filter(Q(valid_to=None) | Q(valid_to__gt=day))
    past = AreaVersion.objects.filter(scope, valid_from__lte=day, valid_to__gt=day)
    if kind:
        now, past = now.filter(kind=kind), past.filter(area__kind=kind)
    found = [
        AsItWas(a.pk, a.code, a.name, a.parent_id, a.households, bytes(a.border) if a.border else None)
        for a in now
    ]
    found += [
        AsItWas(v.area_id, v.code, v.name, v.parent_id, v.households, bytes(v.border) if v.border else None)
        for v in past
    ]
    return sorted(found, key=lambda one: one.code)


def by_name(name: str, *, under: int | None = None, kind: str = "") -> QuerySet[Area]:
    """Return the areas of a name or alias."""
    areas = Area.objects.filter(Q(name=name) | Q(aliases__name=name), valid_to=None).distinct()
    if kind:
        areas = areas.filter(kind=kind)
    return areas.filter(parent=under) if under else areas


def answering_now(area: int) -> set[int]:
    """The area and whatever it succeeded: matters of an old code belong to who answers for the new one."""
    found, waiting = {area}, [area]
    while waiting:
        olds = AreaSuccession.objects.filter(new__in=waiting).values_list("old", flat=True)
        waiting = [old for old in olds if old not in found]
        found |= set(waiting)
    return found


@dataclass(frozen=True, slots=True)
class BorderCheck:
    """How well the grids of a community fill it: shares of its surface."""

    area: int
    code: str
    name: str
    grids: int
    gap: float
    overlap: float
    outside: float

    @property
    def sound(self) -> bool:
        """Gap, overlap and what sticks out are each under half a per cent (rules 3.8, CZ-36)."""
        return max(self.gap, self.overlap, self.outside) < MOST_MISFIT


MOST_MISFIT = 0.005
HOUSEHOLDS = (300, 500)


def check_borders(under: str, *, parent_kind: str = "community") -> list[BorderCheck]:
    """Compare the border of every parent with those of its children in force."""
    parents = Area.objects.filter(_under(under), kind=parent_kind, valid_to=None, border__isnull=False)
    children: dict[int, list[BaseGeometry]] = {}
    grids = Area.objects.filter(
        parent__in=parents, tier__gt=0, valid_to=None, border__isnull=False
    ).values_list("parent", "border")
    for parent, border in grids.iterator(chunk_size=2000):
        children.setdefault(parent or 0, []).append(shapely.from_wkb(bytes(border or b"")))
    return [_misfit(area, children.get(area.pk, [])) for area in parents.order_by("code")]


def _misfit(area: Area, parts: list[BaseGeometry]) -> BorderCheck:
    """Shares of surface in a local equal-area projection: at this size a sinusoidal one is exact enough."""
    whole = flattened(shapely.from_wkb(bytes(area.border or b"")))
    flat = [flattened(part) for part in parts]
    union = shapely.union_all(flat) if flat else shapely.Polygon()
    size = whole.area or 1.0
    return BorderCheck(
        area.pk,
        area.code,
        area.name,
        len(parts),
        gap=whole.difference(union).area / size,
        overlap=max(0.0, sum(part.area for part in flat) - union.area) / size,
        outside=union.difference(whole).area / size,
    )


def flattened(geometry: BaseGeometry) -> BaseGeometry:
    """Drawn by hand, a border may cross itself: then what it encloses counts."""
    flat = shapely.transform(
        geometry, lambda xy: np.column_stack([xy[:, 0] * np.cos(np.radians(xy[:, 1])), xy[:, 1]])
    )
    return flat if flat.is_valid else shapely.make_valid(flat)


def size_outliers(under: str) -> QuerySet[Area]:
    """Base grids whose households lie outside the usual range; special grids have their own measure."""
    low, high = HOUSEHOLDS
    grids = Area.objects.filter(_under(under), kind="grid", valid_to=None, special=False)
    return grids.filter(Q(households__lt=low) | Q(households__gt=high)).order_by("code")


def overlay_conflicts(kind: str) -> dict[str, list[str]]:
    """What is wrong with an overlay: bases with two and no reason, bases with none, over nothing."""
    doubles: dict[int, int] = {}
    rows_ = AreaMapping.objects.filter(overlay__kind=kind, overlay__valid_to=None).values_list(
        "base", "reason"
    )
    for base, reason in rows_:
        doubles[base] = doubles.get(base, 0) + (0 if reason else 1)
    grids = Area.objects.filter(kind="grid", valid_to=None)
    return {
        "two": list(
            Area.objects.filter(pk__in=[base for base, n in doubles.items() if n > 1]).values_list(
                "code", flat=True
            )
        ),
        "none": list(grids.exclude(pk__in=doubles).order_by("code").values_list("code", flat=True)),
        "over_nothing": list(
            Area.objects.filter(kind=kind, valid_to=None, bases=None).values_list("code", flat=True)
        ),
    }


# ---------------------------------------------------------------- inside


_MAY_CHANGE = (
    "code",
    "name",
    "parent_id",
    "border",
    "border_source",
    "households",
    "population",
    "order",
    "special",
)


def _why_not_stand(area: Area, new: Mapping[str, Any]) -> list[Reason]:
    """Every reason why an area cannot have these values."""
    reasons = unfit(Area, new)
    if "name" in new and not new["name"].strip():
        reasons.append(Reason("missing", "name"))
    if "code" in new:
        reasons += _why_not_coded(area, new["code"])
    if "parent_id" in new and not _may_stand_under(area, new["parent_id"]):
        reasons.append(Reason("parent-wrong", "parent", {"kind": area.kind}))
    border = new.get("border")
    if isinstance(border, BaseGeometry) and (
        border.is_empty or border.geom_type not in ("Polygon", "MultiPolygon")
    ):
        reasons.append(Reason("border-not-a-surface", "border"))
    return reasons


def _why_not_coded(area: Area, code: str) -> list[Reason]:
    """A code is figures of its tier's length, and never given twice, whatever became of who had it."""
    reasons = []
    now, past = Area.objects.filter(code=code).exclude(pk=area.pk), AreaVersion.objects.filter(code=code)
    if now.exists() or past.exclude(area=area.pk).exists():
        reasons.append(Reason("code-used", "code", {"code": code}))
    if area.tier and not (code.isascii() and code.isdigit()):
        reasons.append(Reason("code-not-figures", "code"))
    elif area.tier and atlas.tier_of(code) not in (0, area.tier):
        reasons.append(Reason("code-length", "code", {"code": code, "kind": area.kind}))
    return reasons


def _may_stand_under(area: Area, parent: int | None) -> bool:
    """A tier stands under a higher one in force; nothing stands under itself, however many steps below."""
    if parent is None:
        return area.tier <= 1
    above = Area.objects.filter(pk=parent, valid_to=None).first()
    if above is None or area.tier:
        return above is not None and 0 < above.tier < area.tier
    while above is not None and above.pk != area.pk:
        above = above.parent
    return above is None


def _as_stored(border: BaseGeometry | bytes | None) -> bytes | None:
    return shapely.to_wkb(border) if isinstance(border, BaseGeometry) else border


def _keep_version(area: Area, *, until: date) -> None:
    """What it was until the day before."""
    rows.insert(
        AreaVersion(
            area=area, valid_from=area.valid_from, valid_to=until, parent_id=area.parent_id, code=area.code,
            name=area.name, households=area.households, population=area.population, border=area.border,
        )
    )  # fmt: skip


def _under(code: str) -> Q:
    if not code:
        return Q()
    low, high = atlas.code_range(code)
    return Q(code__gte=low, code__lt=high)
