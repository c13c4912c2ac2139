"""The rows of the dispatch catalogue: add, end, explain, doubt.

What suggests a unit from them is `dispatching`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from django.db import transaction
from django.db.models import Count, Q, QuerySet

from jingwei.engine import library
from jingwei.engine.models import Case, CatalogueRow
from jingwei.kernel import journal
from jingwei.kernel.actors import Actor
from jingwei.kernel.fitting import unfit
from jingwei.kernel.moments import today
from jingwei.kernel.refusals import Reason, Refused
from jingwei.registry import people
from jingwei.registry.atlas import atlas
from jingwei.registry.models import Area, Organisation


@transaction.atomic
def add_row(
    list_name: str,
    class_code: str,
    unit: Organisation,
    *,
    by: Actor,
    area: Area | None = None,
    note: str = "",
) -> CatalogueRow:
    """Say that matters of this class (or the beginning of one) in this area go to this unit.

    Refused: no such class, the unit has ended, another row says something about just this class and area.
    """
    reasons = unfit(CatalogueRow, {"note": note})
    if class_code and not any(code.startswith(class_code) for code in library.classes(list_name)):
        reasons.append(Reason("unknown-class", "class"))
    if unit.valid_to is not None:
        reasons.append(Reason("unit-ended", "unit"))
    if area is not None and area.valid_to is not None:
        reasons.append(Reason("area-ended", "area"))
    same = CatalogueRow.objects.filter(
        list=list_name, class_code=class_code, area=area, valid_to=None
    ).first()
    if same is not None:
        reasons.append(Reason("row-there", "class", {"row": same.pk, "unit": same.unit_id}))
    if reasons:
        raise Refused(*reasons)
    row = CatalogueRow(list=list_name, class_code=class_code, area=area, unit=unit, note=note)
    row.save(force_insert=True)
    detail = {"class": class_code, "area": area.pk if area else None, "unit": unit.pk}
    journal.record(row, "catalogue-row-made", by=by, detail=detail)
    return row


@transaction.atomic
def end_row(row: CatalogueRow, *, by: Actor, on: date | None = None) -> CatalogueRow:
    """A row no longer fires; dispatches that named it still can."""
    if row.valid_to is not None:
        raise Refused(Reason("row-ended", values={"row": row.pk}))
    journal.record(row, "catalogue-row-ended", by=by, valid_to=on or today())
    return row


@transaction.atomic
def end_unit(unit: Organisation, *, by: Actor, on: date | None = None) -> Organisation:
    """A unit ceases, once no catalogue row names it and no open case is in its hands."""
    reasons = people.why_not_end(unit)
    rows = CatalogueRow.objects.filter(unit=unit, valid_to=None).count()
    if rows:
        reasons.append(Reason("named-in-catalogue", values={"rows": rows}))
    held = Case.objects.filter(owner_unit=unit.pk, ended_at=None).count()
    if held:
        reasons.append(Reason("has-open-cases", values={"cases": held}))
    if reasons:
        raise Refused(*reasons)
    return people.end_organisation(unit, by=by, on=on)


# ---------------------------------------------------------------- reading


def rows_in_force(list_name: str, *, unit: int | None = None, class_code: str = "") -> QuerySet[CatalogueRow]:
    """The rows that can fire, by class and area."""
    rows = CatalogueRow.objects.filter(list=list_name, valid_to=None)
    rows = rows.select_related("unit", "area").defer("area__border")
    if unit is not None:
        rows = rows.filter(unit=unit)
    if class_code:
        beginnings = [class_code[:n] for n in range(len(class_code) + 1)]
        rows = rows.filter(Q(class_code__in=beginnings) | Q(class_code__startswith=class_code))
    return rows.order_by("class_code", "area__code", "pk")


def explain(list_name: str, class_code: str, area: int | None) -> list[CatalogueRow]:
    """Every row that fits a class in an area.

    The first is the one that fires, the others say what it stands before.
    """
    beginnings = [class_code[:n] for n in range(len(class_code), -1, -1)]
    chain = [place.id for place in atlas().up(area)]
    depth = {place: len(chain) - n for n, place in enumerate(chain)}
    fitting = (
        rows_in_force(list_name).filter(class_code__in=beginnings).filter(Q(area=None) | Q(area__in=chain))
    )
    return sorted(fitting, key=lambda row: (-len(row.class_code), -depth.get(row.area_id or 0, 0), row.pk))


@dataclass(frozen=True, slots=True)
class Doubt:
    """A row that somebody should look at: `double`, `ended_unit`, `ended_area`, `no_class`."""

    row: CatalogueRow
    why: str


def doubts(list_name: str, *, most: int = 50) -> list[Doubt]:
    """Rows to look at: two about one class and area, a unit or area that has ended, a class not in use."""
    rows = rows_in_force(list_name)
    in_use = [entry.code for entry in library.classes(list_name).values() if entry.in_use]
    named = (
        CatalogueRow.objects.filter(list=list_name, valid_to=None)
        .values_list("class_code", flat=True)
        .distinct()
    )
    idle = [code for code in named if code and not any(known.startswith(code) for known in in_use)]
    twice = rows.order_by().values("class_code", "area").annotate(n=Count("pk")).filter(n__gt=1)
    found: list[Doubt] = []
    for class_code, area in twice.values_list("class_code", "area")[:most]:
        found += [Doubt(row, "double") for row in rows.filter(class_code=class_code, area=area)]
    for why, doubtful in (
        ("ended_unit", rows.filter(unit__valid_to__isnull=False)),
        ("ended_area", rows.filter(area__valid_to__isnull=False)),
        ("no_class", rows.filter(class_code__in=idle)),
    ):
        found += [Doubt(row, why) for row in doubtful[:most]]
    return found[:most]
