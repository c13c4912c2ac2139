"""The dispatch catalogue: which unit a matter goes to. Data, explained.

The row that fired is named every time.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Q
from django.db.models.functions import Length

from jingwei.engine.models import Case, CatalogueRow
from jingwei.registry.atlas import atlas


@dataclass(frozen=True, slots=True)
class Suggestion:
    """What the catalogue says: the unit, and the row it says so in."""

    unit: int
    row: int
    class_code: str
    area: int | None


def suggest(list_name: str, class_code: str, area: int | None) -> Suggestion | None:
    """Return what the most specific matching row says: the longest class first, then the lowest area.

    Then the oldest row.
    """
    beginnings = [class_code[:n] for n in range(len(class_code), -1, -1)]
    chain = [place.id for place in atlas().up(area)]
    rows = CatalogueRow.objects.filter(list=list_name, class_code__in=beginnings, valid_to=None).filter(
        Q(area=None) | Q(area__in=chain)
    )
    found = list(
        rows.annotate(size=Length("class_code")).values_list("unit", "id", "class_code", "area", "size")
    )
    if not found:
        return None
    depth = {area_id: len(chain) - n for n, area_id in enumerate(chain)}
    unit, row, code, where, _ = min(found, key=lambda r: (-r[4], -depth.get(r[3], 0), r[1]))
    return Suggestion(unit, row, code, where)


def suggestion_for(case: Case, list_name: str) -> Suggestion | None:
    """What the catalogue says about a case as it is now."""
    return suggest(list_name, case.class_code, case.area_id)
