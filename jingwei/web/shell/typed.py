"""What was typed or picked in a finder: a code with the name behind it, or a name that only one has."""

from __future__ import annotations

from collections.abc import Iterable

from django.db.models import Q

from jingwei.registry.atlas import atlas
from jingwei.registry.models import Area, Organisation


def area_code(typed: str) -> str:
    """The code of the area that is meant; the first word as it stands where none or several are."""
    first = typed.split(" ")[0]
    if not typed or first in atlas().by_code:
        return first
    called = Q(name=typed) | Q(aliases__name=typed)
    found = Area.objects.filter(called, valid_to=None, tier__gt=0)
    return _only(found.values_list("code", flat=True).distinct()[:2]) or first


def unit_code(typed: str) -> str:
    """The code of the unit that is meant; the first word as it stands where none or several are."""
    first, there = typed.split(" ")[0], Organisation.objects.filter(valid_to=None)
    if not typed or there.filter(code=first).exists():
        return first
    called = Q(name=typed) | Q(short_name=typed) | Q(aliases__name=typed)
    return _only(there.filter(called).values_list("code", flat=True).distinct()[:2]) or first


def _only(codes: Iterable[str]) -> str:
    found = list(codes)
    return found[0] if len(found) == 1 else ""
