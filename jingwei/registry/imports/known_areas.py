"""The areas as an import finds them: those in force by code, and every code that was ever given."""

from __future__ import annotations

from collections.abc import Collection
from functools import cached_property

from django.conf import settings

from jingwei.registry.models import Area, AreaSuccession, AreaVersion
from jingwei.registry.models.areas import TIERS

#: kinds of areas in words, as tables write them: (Chinese, English, more Chinese …)
KIND_WORDS: dict[str, tuple[str, ...]] = {
    "city": ("市", "city", "城市", "地级市"),
    "county": ("区县", "county", "县区", "区", "县", "县级市", "区（县）", "district"),
    "street": ("街道乡镇", "street", "街道", "乡镇", "镇", "乡", "镇街", "town", "street or town"),
    "community": ("社区村", "community", "社区", "村", "村居", "社区（村）", "行政村", "village"),
    "grid": ("网格", "grid", "基础网格"),
    "party_grid": ("党建网格", "party grid"),
    "police_grid": ("警格", "police grid", "警务网格"),
    "department_grid": ("部门网格", "department grid", "综治网格", "governance grid", "旧网格"),
    "estate": ("小区", "estate", "住宅小区", "housing estate"),
    "building": ("楼栋", "building", "楼", "建筑"),
    "road_section": ("路段", "road section"),
    "rail_section": ("铁路段", "rail section", "railway section"),
    "fleet": ("船队", "fleet"),
    "cooperative": ("合作社", "cooperative"),
}


def kind_word(kind: str) -> str:
    """A kind in Chinese, for sentences in both languages: the words of the table."""
    return KIND_WORDS[kind][0] if kind in KIND_WORDS else kind


def tier_kind(code: str) -> str:
    """The kind that the length of a code names (`tiers` in city.toml); empty when none does."""
    lengths = {length: kind for kind, length in settings.CITY.tiers.items()}
    return lengths.get(len(code), "")


class KnownAreas:
    """Read once per import; borders are left in the database."""

    def __init__(self) -> None:
        rows = list(Area.objects.defer("border").order_by("tier", "pk"))
        self.by_id = {area.pk: area for area in rows}
        self.in_force = {area.code: area for area in rows if area.valid_to is None}
        self.ended: dict[str, Area] = {area.code: area for area in rows if area.valid_to is not None}
        self.city = next((area for area in rows if area.kind == "city" and area.valid_to is None), None)

    @cached_property
    def codes_before(self) -> dict[str, int]:
        """Codes that areas had before they were recoded, each with the area that had it."""
        return dict(AreaVersion.objects.values_list("code", "area"))

    @cached_property
    def children(self) -> dict[int, int]:
        """How many areas in force stand right below each."""
        found: dict[int, int] = {}
        for area in self.in_force.values():
            if area.parent_id:
                found[area.parent_id] = found.get(area.parent_id, 0) + 1
        return found

    def was_used(self, code: str) -> bool:
        """Was it the code of something that has ended or was recoded?"""
        return code in self.ended or (code in self.codes_before and code not in self.in_force)

    def following(self, code: str) -> list[Area]:
        """The areas in force that a code of former times stands for."""
        found: list[Area] = []
        if (had := self.codes_before.get(code)) and (area := self.by_id.get(had)) and area.valid_to is None:
            found.append(area)
        if old := self.ended.get(code):
            new = AreaSuccession.objects.filter(old=old).values_list("new", flat=True)
            found += [self.by_id[pk] for pk in new if self.by_id[pk].valid_to is None]
        return found

    def up(self, area: Area) -> list[Area]:
        """The area and everything above it."""
        chain = [area]
        while chain[-1].parent_id and len(chain) < 40:
            chain.append(self.by_id[chain[-1].parent_id])
        return chain

    def of_kinds(self, kinds: Collection[str]) -> list[Area]:
        """The areas in force of these kinds, by code."""
        return sorted((a for a in self.in_force.values() if a.kind in kinds), key=lambda a: a.code)


def tier_of_kind(kind: str) -> int:
    """1 for the city … 5 for a grid; 0 for kinds outside the tree."""
    return TIERS.index(kind) + 1 if kind in TIERS else 0


def lengths_in_words() -> str:
    """The lengths of codes of this city, for sentences: 6（区县）、9（街道乡镇）…"""
    return "、".join(f"{length}（{kind_word(kind)}）" for kind, length in settings.CITY.tiers.items())
