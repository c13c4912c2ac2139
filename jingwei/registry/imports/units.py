"""Organisations from tables, parents before children; a changed one keeps its old values."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from jingwei.kernel.moments import now, today
from jingwei.kernel.tables.reading import Column, Row
from jingwei.registry.imports.known_areas import KnownAreas
from jingwei.registry.imports.plan import Plan, Reading, Writing, set_columns
from jingwei.registry.models import Organisation, OrganisationAlias, OrganisationVersion

UNITS = (
    Column("code", ("单位编码", "组织编码", "机构编码", "编码", "code"), kind="code", required=True),
    Column("name", ("单位名称", "组织名称", "机构名称", "名称", "name"), width=120, required=True),
    Column("kind", ("单位类型", "机构类型", "类型", "kind"), width=32, required=True),
    Column("parent", ("上级单位编码", "上级编码", "parent_code", "parent"), kind="code"),
    Column("area", ("所在区划编码", "区划编码", "area_code", "area"), kind="code"),
    Column("phone", ("电话", "联系电话", "值班电话", "phone"), kind="phone"),
    Column("short_name", ("简称", "short_name"), width=40),
    Column("order", ("排序", "order"), kind="integer"),
    Column("aliases", ("别名", "曾用名", "aliases"), width=600),
)
LONGEST_CODE, LONGEST_ALIAS, MOST, MOST_DEPTH = 32, 120, 2_000_000_000, 16

#: words for kinds of units, as tables write them; a city's own kinds stay as they are
KINDS = {
    "government": ("政府", "人民政府", "党委政府"),
    "grid_centre": ("网格中心", "网格化服务管理中心"),
    "street": ("街道", "街道办事处", "镇政府", "乡政府", "街道乡镇"),
    "community": ("社区", "村", "居委会", "村委会", "居民委员会", "村民委员会", "社区村"),
    "urban_management": ("城管", "城市管理", "综合执法"),
    "municipal": ("市政", "市政养护"),
    "drainage": ("排水",),
    "water": ("供水", "水务"),
    "power": ("供电", "电力"),
    "gas": ("燃气", "供气"),
    "heat": ("供热", "热力"),
    "housing": ("住建", "住房城乡建设", "房管"),
    "property": ("物业", "物业公司", "物业企业"),
    "traffic": ("交警", "交通警察"),
    "police": ("公安", "派出所"),
    "court": ("法院", "人民法院"),
    "procuratorate": ("检察院", "人民检察院"),
    "market": ("市场监管", "市场监督管理"),
    "environment": ("生态环境", "环保"),
    "agriculture": ("农业农村", "农业"),
    "civil_affairs": ("民政",),
    "emergency": ("应急", "应急管理"),
    "fire": ("消防", "消防救援"),
    "health": ("卫健", "卫生健康", "医院", "卫生"),
    "education": ("教育", "学校"),
    "service_window": ("政务服务", "政务大厅"),
    "industry_commerce": ("工商联",),
    "publicity": ("信息发布", "宣传"),
    "mediation": ("调解", "调委会", "人民调解委员会"),
    "railway": ("铁路护路", "护路"),
    "superior": ("投诉转办",),
    "party": ("党组织", "党委", "党总支", "党支部", "党建"),
}
_CODE_OF = {word: code for code, words in KINDS.items() for word in words}
#: columns whose changes are kept with old and new value
_KEPT = ("name", "short_name", "kind", "parent_id", "area_id", "phone")


@dataclass
class Draft:
    """A unit as the file says it is. ``unit`` is the row: found, or made here and not saved yet."""

    line: int
    reading: Reading
    code: str
    says: dict[str, Any]
    parent: str
    area: str
    aliases: tuple[str, ...] = ()
    unit: Organisation | None = None
    is_new: bool = False
    new: dict[str, Any] = field(default_factory=dict)

    def wrong(self, column: str, code: str, /, **params: Any) -> None:
        self.reading.wrong(self.line, column, code, **params)

    @property
    def is_wrong(self) -> bool:
        return self.reading.is_wrong(self.line)


class UnitPlan:
    """The units of a file beside those that are there; links and seats of the same import ask it for both."""

    def __init__(self, plan: Plan, areas: KnownAreas) -> None:
        self.plan, self.areas = plan, areas
        rows = list(Organisation.objects.order_by("pk"))
        self.by_id = {unit.pk: unit for unit in rows}
        self.known = {unit.code: unit for unit in rows}
        self.drafts: dict[str, Draft] = {}
        self.broken: dict[str, int] = {}  # codes of rows that could not be read, with their lines

    def take(self, reading: Reading) -> None:
        """Read the rows of a sheet."""
        for row in reading.rows:
            if (draft := _draft_of(reading, row)) is None:
                continue
            first = self.drafts.setdefault(draft.code, draft)
            if first is not draft:
                draft.wrong("code", "code-twice", first=first.line)
                if first.says != draft.says:  # which of the two is meant, nobody knows
                    first.wrong("code", "code-twice", first=draft.line)
        self.broken |= {str(row.values["code"]): row.line for row in reading.broken if row.values["code"]}

    def judge(self) -> None:
        """Judge every row and plan what is to be written."""
        for draft in self.drafts.values():
            self._judge_alone(draft)
        self._judge_parents()
        good = [draft for draft in self.drafts.values() if not draft.is_wrong]
        for draft in good:
            self._settle(draft)
        self._plan_writing(good)

    def find(self, code: str) -> Organisation | None:
        """The unit of a code, in force or made by this import."""
        draft = self.drafts.get(code)
        if draft is not None:
            return None if draft.is_wrong else draft.unit
        unit = self.known.get(code)
        return unit if unit is not None and unit.valid_to is None else None

    def why_not(self, code: str) -> tuple[str, dict[str, Any]]:
        """Why a code means no unit that can be used."""
        draft = self.drafts.get(code)
        if draft is not None or code in self.broken:
            return "unit-failed", {"value": code, "first": draft.line if draft else self.broken[code]}
        return ("unit-ended" if code in self.known else "unit-unknown"), {"value": code}

    # ------------------------------------------------------------ judging

    def _judge_alone(self, draft: Draft) -> None:
        there = self.known.get(draft.code)
        if there is not None and there.valid_to is not None:
            draft.wrong("code", "code-used-before")
        if draft.area and draft.area not in self.areas.in_force:
            draft.wrong("area", "area-unknown")

    def _judge_parents(self) -> None:
        """Parents that are not there make a row wrong, and so on down; circles, too."""
        for draft in self.drafts.values():
            if draft.parent and not draft.is_wrong:
                known = self.known.get(draft.parent)
                if draft.parent not in self.drafts and draft.parent in self.broken:
                    draft.wrong(
                        "parent", "parent-failed", parent=draft.parent, first=self.broken[draft.parent]
                    )
                elif draft.parent not in self.drafts and (known is None or known.valid_to is not None):
                    draft.wrong("parent", "parent-unknown", parent=draft.parent)
                elif (chain := self._way_up(draft.code))[-1] == draft.code:
                    draft.wrong("parent", "circle", chain=" → ".join(chain))
                elif len(chain) > MOST_DEPTH:
                    draft.wrong("parent", "too-deep", most=MOST_DEPTH)
        failing = True
        while failing:
            failing = False
            for draft in self.drafts.values():
                above = self.drafts.get(draft.parent)
                if (
                    above is not None
                    and above.is_wrong
                    and not draft.is_wrong
                    and not self._stands(draft.parent)
                ):
                    draft.wrong("parent", "parent-failed", parent=draft.parent, first=above.line)
                    failing = True

    def _stands(self, code: str) -> bool:
        """Is there such a unit in force, whatever becomes of its row?"""
        return code in self.known and self.known[code].valid_to is None

    def _way_up(self, code: str) -> list[str]:
        """The units above one, from itself up as far as a path may go; a circle ends where it began."""
        chain, at = [code], self._above(code)
        while at and at not in chain and len(chain) <= MOST_DEPTH:
            chain.append(at)
            at = self._above(at)
        return [*chain, code] if at == code else chain if len(chain) > 1 else [*chain, ""]

    def _above(self, code: str) -> str:
        draft = self.drafts.get(code)
        if draft is not None and draft.parent:
            return draft.parent
        known = self.known.get(code)
        return self.by_id[known.parent_id].code if known is not None and known.parent_id else ""

    def _settle(self, draft: Draft) -> None:
        """Make the row of a new unit, or note what the file says otherwise."""
        area = self.areas.in_force[draft.area] if draft.area else None
        there = self.known.get(draft.code)
        count = self.plan.count("organisation")
        said = {name: value for name, value in draft.says.items() if value is not None}
        if there is None:
            draft.unit, draft.is_new = (
                Organisation(code=draft.code, area=area, valid_from=today(), **said),
                True,
            )
            draft.unit.order = said.get("order", draft.line)
            count.made += 1
            return
        draft.unit = there
        draft.new = {name: value for name, value in said.items() if value != getattr(there, name)}
        if area is not None and area.pk != there.area_id:
            draft.new["area_id"] = area.pk
        parent = self.known.get(draft.parent)
        if draft.parent and (parent is None or parent.pk != there.parent_id):
            draft.new["parent"] = draft.parent
        count.changed += bool(draft.new)
        count.left += not draft.new

    # ------------------------------------------------------------ writing

    def _plan_writing(self, good: list[Draft]) -> None:
        new, changed = [d for d in good if d.is_new], [d for d in good if d.new]
        for draft in new:
            assert draft.unit is not None  # noqa: S101  (settled)
            if draft.parent:
                draft.unit.parent = self.find(draft.parent) or self.known[draft.parent]
        for wave in _waves(new):
            self.plan.steps.append(lambda writing, wave=wave: _write_new(writing, wave))  # type: ignore[misc]
        if changed:
            self.plan.steps.append(lambda writing: self._write_changes(writing, changed))
        self._plan_aliases([draft for draft in good if draft.aliases])

    def _write_changes(self, writing: Writing, drafts: list[Draft]) -> None:
        units = [draft.unit for draft in drafts if draft.unit is not None]
        values = []
        for draft in drafts:
            new = dict(draft.new)
            if code := new.pop("parent", ""):
                above = self.find(code) or self.known[code]
                new["parent_id"] = above.pk
            values.append(new)
        olds = [{name: getattr(unit, name) for name in new} for unit, new in zip(units, values, strict=True)]
        writing.change(units, "organisation-changed", lines=[d.line for d in drafts], values=values)
        keep_versions(writing.by.person, units, olds, values)
        if any("parent_id" in new for new in values):
            set_paths()

    def _plan_aliases(self, drafts: list[Draft]) -> None:
        ids = [d.unit.pk for d in drafts if d.unit is not None and d.unit.pk]
        there = set(
            OrganisationAlias.objects.filter(organisation__in=ids).values_list("organisation", "name")
        )
        wanted = [
            (draft.line, draft.unit, name)
            for draft in drafts
            for name in draft.aliases
            if draft.unit is not None and (draft.unit.pk, name) not in there and name != draft.unit.name
        ]
        if wanted:
            self.plan.count("unit-alias").made += len(wanted)
            self.plan.steps.append(lambda writing: _write_aliases(writing, wanted))


def _draft_of(reading: Reading, row: Row) -> Draft | None:
    said: Mapping[str, Any] = row.values
    aliases = tuple(
        dict.fromkeys(p.strip() for p in re.split(r"[、，,;；|\n]+", said["aliases"] or "") if p.strip())
    )
    if len(said["code"]) > LONGEST_CODE:
        reading.wrong(row.line, "code", "text-too-long", length=len(said["code"]), most=LONGEST_CODE)
    if long := next((name for name in aliases if len(name) > LONGEST_ALIAS), ""):
        reading.wrong(row.line, "aliases", "text-too-long", length=len(long), most=LONGEST_ALIAS)
    if said["order"] is not None and not 0 <= said["order"] <= MOST:
        reading.wrong(row.line, "order", "out-of-range", least=0, most=MOST)
    if reading.is_wrong(row.line):
        return None
    says = {name: said[name] for name in ("name", "short_name", "phone", "order")}
    says["kind"] = _CODE_OF.get(said["kind"], said["kind"])
    return Draft(row.line, reading, said["code"], says, said["parent"] or "", said["area"] or "", aliases)


def _waves(drafts: Sequence[Draft]) -> list[list[Draft]]:
    """New units, parents before children: a path needs the parent's."""
    depth: dict[int, int] = {}
    for draft in drafts:
        chain, unit = [], draft.unit
        while unit is not None and unit._state.adding and id(unit) not in depth:
            chain.append(unit)
            unit = unit.parent
        base = depth[id(unit)] if unit is not None and id(unit) in depth else -1
        for above, one in enumerate(reversed(chain), start=base + 1):
            depth[id(one)] = above
    levels = sorted(set(depth.values()))
    return [[draft for draft in drafts if depth[id(draft.unit)] == level] for level in levels]


def _write_new(writing: Writing, drafts: list[Draft]) -> None:
    units = [draft.unit for draft in drafts if draft.unit is not None]
    writing.make(
        units,
        "organisation-made",
        lines=[draft.line for draft in drafts],
        details=[{"code": unit.code} for unit in units],
        before_write=_set_path,
    )


def _set_path(unit: Organisation) -> None:
    unit.parent = unit.parent  # its number is known by now
    unit.path = f"{unit.parent.path if unit.parent else '/'}{unit.pk}/"


def _write_aliases(writing: Writing, wanted: list[tuple[int, Organisation, str]]) -> None:
    new = [OrganisationAlias(organisation=unit, name=name) for _, unit, name in wanted]
    writing.add("unit-alias", new, lines=[line for line, _, _ in wanted])
    named: dict[int, list[int]] = {}
    for alias in new:
        named.setdefault(alias.organisation_id, []).append(alias.pk)
    units = {unit.pk: (line, unit) for line, unit, _ in wanted}
    writing.change(
        [unit for _, unit in units.values()],
        "alias-added",
        lines=[line for line, _ in units.values()],
        values=[{}] * len(units),
        details=[{"aliases": named[pk]} for pk in units],
    )


def keep_versions(
    person: int | None,
    units: Sequence[Organisation],
    olds: Sequence[Mapping[str, Any]],
    news: Sequence[Mapping[str, Any]],
) -> None:
    """Keep old and new value of every public fact about units that has just changed."""
    OrganisationVersion.objects.bulk_create(
        [
            OrganisationVersion(
                organisation=unit,
                changed_at=now(),
                person=person,
                column=name,
                old=str(old[name] or "")[:120],
                new=str(new[name] or "")[:120],
                line=unit.journal_count,
            )
            for unit, old, new in zip(units, olds, news, strict=True)
            for name in new
            if name in _KEPT
        ],
        batch_size=1000,
    )


def set_paths() -> None:
    """Make the paths of all units follow from their parents again; only those that change are written."""
    units = {unit.pk: unit for unit in Organisation.objects.only("pk", "parent_id", "path")}
    paths: dict[int, str] = {}
    for unit in units.values():
        chain, at = [], unit
        while at.pk not in paths and at.parent_id:
            chain.append(at)
            at = units[at.parent_id]
        paths.setdefault(at.pk, f"/{at.pk}/")
        for below in reversed(chain):
            paths[below.pk] = f"{paths[below.parent_id or 0]}{below.pk}/"
    changed: list[tuple[Any, dict[str, Any]]] = [
        (unit, {"path": paths[pk]}) for pk, unit in units.items() if unit.path != paths[pk]
    ]
    if changed:
        set_columns(changed)
