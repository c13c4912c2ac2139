"""Links from tables: which organisation works in which grid, which old grid lies over which base grids.

Both are n to m. Where a place has two of one kind, the second one needs a reason.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from jingwei.kernel.moments import today
from jingwei.kernel.tables.reading import Column, Row, read_tables
from jingwei.kernel.versions import raise_version
from jingwei.registry import atlas
from jingwei.registry.imports.known_areas import KIND_WORDS, KnownAreas, kind_word
from jingwei.registry.imports.plan import Incoming, Options, Plan, Reading, Writing
from jingwei.registry.imports.units import UnitPlan
from jingwei.registry.models import Area, AreaMapping, Organisation, OrganisationArea
from jingwei.registry.models.areas import OTHER_KINDS

LINKS = (
    Column(
        "organisation",
        ("单位编码", "组织编码", "党支部编码", "organisation_code"),
        kind="code",
        required=True,
    ),
    Column("area", ("区划编码", "网格编码", "area_code"), kind="code", required=True),
    Column("reason", ("原因", "说明", "reason"), width=120),
)
OVERLAYS = (
    Column(
        "overlay",
        ("专网编码", "旧网格编码", "部门网格编码", "警格编码", "党建网格编码", "overlay_code"),
        kind="code",
        required=True,
    ),
    Column("base", ("网格编码", "基础网格编码", "base_code"), kind="code", required=True),
    Column("name", ("专网名称", "旧网格名称", "部门网格名称", "名称", "name"), width=80),
    Column(
        "kind",
        ("专网类型", "类型", "kind"),
        kind="choice",
        choices={kind: KIND_WORDS[kind] for kind in OTHER_KINDS},
    ),
    Column("reason", ("原因", "说明", "reason"), width=120),
)
FORMS: dict[str, Sequence[Column]] = {"links": LINKS, "overlays": OVERLAYS}
LONGEST_CODE = 24


def plan(files: Sequence[Incoming], options: Options) -> Plan:
    """Read links from tables; see the module."""
    found, known = Plan(), KnownAreas()
    units = UnitPlan(found, known)
    links, overlays = LinkPlan(found, known, units), OverlayPlan(found, known)
    readings = []
    for file in files:
        for form, table in read_tables(file.data, filename=file.filename, forms=FORMS):
            reading = Reading(form, FORMS[form], table)
            readings.append(reading)
            (links if form == "links" else overlays).judge(reading)
    links.plan_writing()
    overlays.plan_writing()
    for reading in readings:
        found.failed += reading.failed()
        found.left_out += reading.left_out
    return found


# ---------------------------------------------------------------- organisations in areas


class LinkPlan:
    """Organisations and the areas they work in."""

    def __init__(self, plan: Plan, areas: KnownAreas, units: UnitPlan) -> None:
        self.plan, self.areas, self.units = plan, areas, units
        self.there: set[tuple[str, str]] = set()
        self.of_kind: dict[tuple[str, str], list[str]] = {}  # area and kind of unit → the units' codes
        rows = OrganisationArea.objects.values_list("organisation__code", "area__code", "organisation__kind")
        for unit, area, kind in rows.filter(organisation__valid_to=None, area__valid_to=None):
            self.there.add((unit, area))
            self.of_kind.setdefault((area, kind), []).append(unit)
        self._lines: dict[tuple[str, str], int] = {}
        self.new: list[tuple[int, Organisation, Area, str]] = []

    def judge(self, reading: Reading) -> None:
        """Judge the rows of a sheet."""
        for row in reading.rows:
            said: Mapping[str, Any] = row.values
            unit = self.units.find(said["organisation"])
            area = self.areas.in_force.get(said["area"])
            if unit is None:
                code, params = self.units.why_not(said["organisation"])
                reading.wrong(row.line, "organisation", code, **params)
            if area is None:
                reading.wrong(row.line, "area", "area-unknown")
            if unit is not None and area is not None:
                self._judge(reading, row, unit, area)

    def _judge(self, reading: Reading, row: Row, unit: Organisation, area: Area) -> None:
        pair, reason = (unit.code, area.code), str(row.values["reason"] or "")
        count = self.plan.count("link")
        if (first := self._lines.setdefault(pair, row.line)) != row.line:
            reading.wrong(row.line, "area", "link-twice", first=first)
        elif pair in self.there:
            count.left += 1
        elif (others := self.of_kind.get((area.code, unit.kind), [])) and not reason:
            reading.wrong(
                row.line, "reason", "reason-needed", area=f"{area.name}（{area.code}）", other=others[0]
            )
        else:
            self.of_kind.setdefault((area.code, unit.kind), []).append(unit.code)
            self.new.append((row.line, unit, area, reason))
            count.made += 1

    def plan_writing(self) -> None:
        """Plan what is to be written."""
        if self.new:
            self.plan.steps.append(lambda writing: _write_links(writing, self.new))


def _write_links(writing: Writing, new: list[tuple[int, Organisation, Area, str]]) -> None:
    rows = [OrganisationArea(organisation=unit, area=area, reason=reason) for _, unit, area, reason in new]
    writing.add("works-in", rows, lines=[line for line, *_ in new])
    areas: dict[int, list[int]] = {}
    for _, unit, area, _reason in new:
        areas.setdefault(unit.pk, []).append(area.pk)
    units = {unit.pk: (line, unit) for line, unit, *_ in reversed(new)}
    writing.change(
        [unit for _, unit in units.values()],
        "areas-linked",
        lines=[line for line, _ in units.values()],
        values=[{}] * len(units),
        details=[{"areas": areas[pk][:500]} for pk in units],
    )


# ---------------------------------------------------------------- areas over areas


@dataclass
class _Overlay:
    line: int
    area: Area
    is_new: bool


class OverlayPlan:
    """Areas across the tree and the base grids they lie over; a new one needs a name and a kind."""

    def __init__(self, plan: Plan, areas: KnownAreas) -> None:
        self.plan, self.areas = plan, areas
        self.there: set[tuple[str, str]] = set()
        self.of_kind: dict[tuple[str, str], list[str]] = {}  # base and kind of overlay → the overlays' codes
        rows = AreaMapping.objects.values_list("overlay__code", "base__code", "overlay__kind")
        for over, base, kind in rows.filter(overlay__valid_to=None, base__valid_to=None):
            self.there.add((over, base))
            self.of_kind.setdefault((base, kind), []).append(over)
        self._lines: dict[tuple[str, str], int] = {}
        self.overlays: dict[str, _Overlay] = {}
        self.new: list[tuple[int, Area, Area, str]] = []

    def judge(self, reading: Reading) -> None:
        """Judge the rows of a sheet."""
        for row in reading.rows:
            base = self.areas.in_force.get(str(row.values["base"]))
            if base is None:
                reading.wrong(row.line, "base", "area-unknown")
            elif base.kind != "grid":
                reading.wrong(row.line, "base", "area-not-grid")
            elif (over := self._overlay_of(reading, row, base)) is not None:
                self._judge(reading, row, over, base)

    def _overlay_of(self, reading: Reading, row: Row, base: Area) -> Area | None:
        said: Mapping[str, Any] = row.values
        code = said["overlay"]
        if code in self.overlays:
            return self.overlays[code].area
        there = self.areas.in_force.get(code)
        if there is not None and there.tier:
            reading.wrong(row.line, "overlay", "overlay-in-tree", kind=kind_word(there.kind))
        elif there is None and self.areas.was_used(code):
            reading.wrong(row.line, "overlay", "code-used-before")
        elif there is None and not (said["name"] and said["kind"]):
            reading.wrong(row.line, "overlay", "overlay-unknown")
        elif len(code) > LONGEST_CODE:
            reading.wrong(row.line, "overlay", "text-too-long", length=len(code), most=LONGEST_CODE)
        else:
            new = there or Area(
                kind=said["kind"],
                tier=0,
                parent=self.areas.by_id.get(base.parent_id or 0),
                code=code,
                name=said["name"],
                valid_from=today(),
            )
            self.overlays[code] = _Overlay(row.line, new, is_new=there is None)
            return new
        return None

    def _judge(self, reading: Reading, row: Row, over: Area, base: Area) -> None:
        pair, reason = (over.code, base.code), str(row.values["reason"] or "")
        count = self.plan.count("mapping")
        if (first := self._lines.setdefault(pair, row.line)) != row.line:
            reading.wrong(row.line, "base", "link-twice", first=first)
        elif pair in self.there:
            count.left += 1
        elif (others := self.of_kind.get((base.code, over.kind), [])) and not reason:
            reading.wrong(
                row.line, "reason", "reason-needed", area=f"{base.name}（{base.code}）", other=others[0]
            )
        else:
            self.of_kind.setdefault((base.code, over.kind), []).append(over.code)
            self.new.append((row.line, over, base, reason))
            count.made += 1

    def plan_writing(self) -> None:
        """Plan what is to be written: overlays that lie over something, then the mappings."""
        lying = {over.code for _, over, _, _ in self.new}
        made = [one for code, one in self.overlays.items() if one.is_new and code in lying]
        for one in made:
            self.plan.count(one.area.kind).made += 1
        if made:
            self.plan.steps.append(lambda writing: _write_overlays(writing, made))
        if self.new:
            self.plan.steps.append(lambda writing: _write_mappings(writing, self.new))


def _write_overlays(writing: Writing, made: list[_Overlay]) -> None:
    areas = [one.area for one in made]
    writing.make(
        areas,
        "area-made",
        lines=[one.line for one in made],
        details=[{"code": area.code, "parent": area.parent_id} for area in areas],
    )
    raise_version(atlas.COUNTER)


def _write_mappings(writing: Writing, new: list[tuple[int, Area, Area, str]]) -> None:
    rows = [AreaMapping(overlay=over, base=base, reason=reason) for _, over, base, reason in new]
    writing.add("mapping", rows, lines=[line for line, *_ in new])
    bases: dict[int, list[int]] = {}
    for _, over, base, _reason in new:
        bases.setdefault(over.pk, []).append(base.pk)
    overs = {over.pk: (line, over) for line, over, *_ in reversed(new)}
    writing.change(
        [over for _, over in overs.values()],
        "overlay-mapped",
        lines=[line for line, _ in overs.values()],
        values=[{}] * len(overs),
        details=[{"bases": bases[pk][:500]} for pk in overs],
    )
