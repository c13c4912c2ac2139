"""What a source calls places and units, and which of ours they are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from jingwei.engine.imports.case_map import Named
from jingwei.kernel.tables.problems import say_also
from jingwei.registry.imports.known_areas import KnownAreas
from jingwei.registry.models import AreaAlias, Organisation, OrganisationAlias


class Names:
    """What a source calls places or units, and which they are."""

    def __init__(
        self,
        rule: Named,
        by_code: Mapping[str, int],
        by_name: Mapping[str, set[int]],
        unknown: tuple[str, dict[str, Any]],
    ) -> None:
        self.rule, self.by_code, self.by_name, self.unknown = rule, by_code, by_name, unknown

    @classmethod
    def of_areas(cls, rule: Named) -> Names:
        """Areas of the tree in force, below a code if the mapping says one."""
        known = KnownAreas()
        areas = {a.pk: a for a in known.in_force.values() if a.tier and a.code.startswith(rule.under)}
        by_name: dict[str, set[int]] = {}
        for area in areas.values():
            by_name.setdefault(area.name, set()).add(area.pk)
        for pk, name in AreaAlias.objects.values_list("area", "name"):
            if pk in areas:
                by_name.setdefault(name, set()).add(pk)
        under = rule.under or (known.city.code if known.city else "")
        by_code = {area.code: area.pk for area in areas.values()}
        return cls(rule, by_code, by_name, ("place-unknown", {"under": under}))

    @classmethod
    def of_units(cls, rule: Named) -> Names:
        """Units in force by name, short name and second names."""
        units = list(Organisation.objects.filter(valid_to=None, code__startswith=rule.under))
        by_name: dict[str, set[int]] = {}
        for unit in units:
            for name in {unit.name, unit.short_name} - {""}:
                by_name.setdefault(name, set()).add(unit.pk)
        known = {unit.pk for unit in units}
        for pk, name in OrganisationAlias.objects.values_list("organisation", "name"):
            if pk in known:
                by_name.setdefault(name, set()).add(pk)
        return cls(rule, {unit.code: unit.pk for unit in units}, by_name, ("unit-not-named", {}))

    def find(self, typed: str) -> int | tuple[str, dict[str, Any]] | None:
        """The row number, None where the source does not know, or what is wrong as a code with values."""
        if not typed or typed in self.rule.unknown:
            return None
        said = self.rule.names.get(typed, typed)
        if said in self.by_code:
            return self.by_code[said]
        if self.rule.by == "code" and said == typed:
            return self.unknown
        found = self.by_name.get(said, set())
        if len(found) > 1:
            return "name-ambiguous", {"n": len(found)}
        return next(iter(found)) if found else self.unknown


say_also(
    {
        "place-unknown": (
            "没有叫‘{value}’的区划（编码以{under}开头）；在映射文件的area.names里写明它是哪一个，或写进unknown",
            "no area below {under} is called ‘{value}’; say which one it is in the mapping file "
            "(area.names), or list "
            "it as unknown",
        ),
        "unit-not-named": (
            "没有叫‘{value}’的单位；先导入单位（可带别名），或在映射文件的unit.names里写明",
            "no unit is called ‘{value}’; import the units first (with second names), or say which one it is "
            "(unit.names)",
        ),
        "name-ambiguous": (
            "有{n}个叫‘{value}’的，在映射文件的names里写明编码",
            "{n} are called ‘{value}’; give the code in the mapping file (names)",
        ),
    }
)
