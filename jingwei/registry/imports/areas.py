"""Areas from tables: one area a row, or the list that statistics publish, with all tiers in every row.

Kinds follow from the length of a code and parents from its beginning; a file may say both. What is there
already is changed where the file says something else, and left where it says nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from django.conf import settings

from jingwei.kernel.moments import today
from jingwei.kernel.tables.reading import read_tables
from jingwei.kernel.versions import raise_version
from jingwei.registry import atlas
from jingwei.registry.imports.area_drafts import FORMS, LONGEST_CODE, Draft, codes_of, drafts_of
from jingwei.registry.imports.known_areas import (
    KnownAreas,
    kind_word,
    lengths_in_words,
    tier_kind,
    tier_of_kind,
)
from jingwei.registry.imports.plan import Incoming, Options, Plan, Reading, Writing
from jingwei.registry.imports.recoding import Recodings
from jingwei.registry.models import Area, AreaAlias, AreaVersion
from jingwei.registry.models.areas import TIERS


def plan(files: Sequence[Incoming], options: Options) -> Plan:
    """Read areas from tables; see the module."""
    return _AreaPlan(options).made_of(files)


class _AreaPlan:
    """Everything that is known while the files are judged."""

    def __init__(self, options: Options) -> None:
        self.options = options
        self.plan = Plan()
        self.known = KnownAreas()
        self.recodings = Recodings.read(options.mapping)
        self.readings: list[Reading] = []
        self.drafts: dict[str, Draft] = {}
        self.city = self.known.city.code if self.known.city else ""
        self.broken: dict[str, int] = {}  # codes of rows that could not be read, with their lines
        self.others: set[tuple[int, int]] = set()  # rows of other cities

    def made_of(self, files: Sequence[Incoming]) -> Plan:
        for file in files:
            for form, table in read_tables(file.data, filename=file.filename, forms=FORMS):
                reading = Reading(form, FORMS[form], table)
                if form == "recodings":
                    self.recodings.take(reading)
                else:
                    self.readings.append(reading)
        for reading in self.readings:
            for draft in drafts_of(reading):
                self._collect(draft)
            self.broken |= {code: row.line for row in reading.broken for code in codes_of(row)}
        self._judge()
        self._plan_writing()
        self.recodings.settle(self.plan, self.known, self._found, must_know=True)
        for reading in (*self.readings, *self.recodings.readings):
            self.plan.failed += reading.failed()
            self.plan.left_out += reading.left_out
        self._tell()
        if self.plan.steps:
            self.plan.steps.append(lambda writing: raise_version(atlas.COUNTER))
        return self.plan

    # ------------------------------------------------------------ collecting

    def _collect(self, draft: Draft) -> None:
        """Take a draft in under its code, or say why not. A flat list says one town in many rows."""
        own_only = self.options.own_only or draft.reading.form == "list"
        if self.city and own_only and not draft.code.startswith(self.city):
            self.others.add((id(draft.reading), draft.line))
            return
        now = self.recodings.newer(draft.code)
        if draft.code not in self.known.in_force and now in self.known.in_force:
            draft.code = now  # the file speaks of the area by its old code
        if why := self._why_not_coded(draft):
            code, params = why
            draft.wrong(code, **params)
        first = self.drafts.setdefault(draft.code, draft)
        if first is draft or draft.is_wrong:
            return
        if draft.reading.form != "list" or first.reading.form != "list":
            draft.wrong("code-twice", first=first.line)
            if first.name != draft.name:  # which of the two is meant, nobody knows
                first.wrong("code-twice", first=draft.line)
        elif first.name != draft.name:
            where = {"code": draft.code, "first": first.line, "name": first.name, "value": draft.name}
            draft.wrong("name-differs", column=draft.columns[1], **where)

    def _why_not_coded(self, draft: Draft) -> tuple[str, dict[str, Any]] | None:
        """What is wrong with code and kind, apart from anything else."""
        code, kind = draft.code, draft.kind
        if not kind:
            if not (code.isascii() and code.isdigit()):
                return "code-not-figures", {}
            kind = draft.kind = tier_kind(code)
            if not kind:
                return "code-length-unknown", {"has": len(code), "lengths": lengths_in_words()}
        if len(code) > LONGEST_CODE:
            return "text-too-long", {"length": len(code), "most": LONGEST_CODE}
        if tier_of_kind(kind):
            if not (code.isascii() and code.isdigit()):
                return "code-not-figures", {}
            if tier_kind(code) != kind:
                return "kind-other-length", {
                    "kind": kind_word(kind),
                    "has": len(code),
                    "want": _lengths()[kind],
                }
            if self.city and not code.startswith(self.city):
                return "outside-city", {"city": self.city}
        return None if self.city else ("no-city", {})

    # ------------------------------------------------------------ judging

    def _judge(self) -> None:
        """Judge the drafts from the top down, so that whatever stands above one has been judged before."""
        waiting = sorted(self.drafts.values(), key=lambda d: (tier_of_kind(d.kind) or len(TIERS) + 1, d.line))
        while waiting:
            later = [draft for draft in waiting if not self._judge_one(draft)]
            if len(later) == len(waiting):
                for draft in later:
                    draft.wrong("circle", column="parent", chain=self._circle_from(draft))
                return
            waiting = later

    def _judge_one(self, draft: Draft) -> bool:
        """Judge a draft; False when the one above it has not been judged yet."""
        if draft.is_wrong:
            return True
        there = self.known.in_force.get(draft.code)
        if there is not None and there.kind != draft.kind:
            draft.wrong("kind-differs", there=kind_word(there.kind))
            return True
        if there is None and self.known.was_used(draft.code):
            draft.wrong("code-used-before")
            return True
        above = draft.parent or ("" if there is not None else self._parent_by_code(draft))
        parent: Area | None = None
        if above:
            found = self._judged_parent(draft, above)
            if found is None:
                return draft.is_wrong
            parent = found
        if there is None:
            self._make(draft, parent)
        else:
            self._compare(draft, there, parent)
        return True

    def _parent_by_code(self, draft: Draft) -> str:
        """The code above, by the beginning of the code; other kinds must say it."""
        tier = tier_of_kind(draft.kind)
        if tier == 1:
            return ""
        if tier == 0:
            draft.wrong("required", column="parent", value="")
            return draft.code
        return draft.code[: _lengths()[TIERS[tier - 2]]]

    def _judged_parent(self, draft: Draft, code: str) -> Area | None:
        """The area above, or None: what is wrong with it has been said, or it waits to be judged itself."""
        if draft.is_wrong:
            return None
        if code not in self.drafts and code not in self.known.in_force:
            code = next((c for c in self.recodings.other(code) if self._found(c) or c in self.drafts), code)
        above = self.drafts.get(code)
        first = self.broken.get(code) if above is None else above.line if above.is_wrong else None
        if first is not None and code not in self.known.in_force:
            draft.wrong("parent-failed", parent=code, first=first)
            return None
        parent = above.area if above is not None else self.known.in_force.get(code)
        if parent is None:
            if above is None:
                draft.wrong("parent-unknown", parent=code)
            return None
        tier = tier_of_kind(draft.kind)
        if tier and not 0 < parent.tier < tier:
            draft.wrong("parent-lower", kind=kind_word(draft.kind), parent=code, above=kind_word(parent.kind))
            return None
        return parent

    def _make(self, draft: Draft, parent: Area | None) -> None:
        draft.is_new = True
        draft.area = Area(
            kind=draft.kind,
            tier=tier_of_kind(draft.kind),
            parent=parent,
            code=draft.code,
            name=draft.name,
            valid_from=today(),
            **{
                "order": draft.line,
                **{name: value for name, value in draft.says.items() if value is not None},
            },
        )
        self.plan.count(draft.kind).made += 1

    def _compare(self, draft: Draft, there: Area, parent: Area | None) -> None:
        """What the file says otherwise than the system; nothing where a cell is empty."""
        draft.area = there
        says = {"name": draft.name, **draft.says}
        draft.new = {n: v for n, v in says.items() if v is not None and v != getattr(there, n)}
        if draft.parent and parent is not None and parent.pk != there.parent_id:
            if parent.pk and there in self.known.up(parent):
                draft.wrong("circle", column="parent", chain=f"{there.code} → {parent.code} → {there.code}")
                return
            draft.new["parent"] = parent
        count = self.plan.count(draft.kind)
        if draft.new:
            count.changed += 1
        else:
            count.left += 1

    def _circle_from(self, draft: Draft) -> str:
        chain, code = [draft.code], draft.parent
        while code in self.drafts and code not in chain:
            chain.append(code)
            code = self.drafts[code].parent
        return " → ".join([*chain, code])

    def _found(self, code: str) -> Area | None:
        """The area of a code: in force, or made by this import."""
        draft = self.drafts.get(code)
        if draft is not None:
            return None if draft.is_wrong else draft.area
        return self.known.in_force.get(code)

    # ------------------------------------------------------------ planning

    def _plan_writing(self) -> None:
        good = [draft for draft in self.drafts.values() if draft.area is not None and not draft.is_wrong]
        new, changed = [d for d in good if d.is_new], [d for d in good if d.new]
        for wave in _waves(new):
            self.plan.steps.append(lambda writing, wave=wave: _write_new(writing, wave))  # type: ignore[misc]
        if changed:
            self.plan.steps.append(lambda writing: _write_changes(writing, changed))
        self._plan_aliases([draft for draft in good if draft.aliases])

    def _plan_aliases(self, drafts: list[Draft]) -> None:
        ids = [d.area.pk for d in drafts if d.area is not None and d.area.pk]
        there = set(AreaAlias.objects.filter(area__in=ids).values_list("area", "name"))
        wanted = []
        for draft in drafts:
            assert draft.area is not None  # noqa: S101  (only good ones come here)
            for name in draft.aliases:
                if (draft.area.pk, name) not in there and name != draft.area.name:
                    wanted.append((draft, name))
        if wanted:
            self.plan.count("alias").made += len(wanted)
            self.plan.steps.append(lambda writing: _write_aliases(writing, wanted))

    def _tell(self) -> None:
        """What keeps no row from being taken, but somebody should look at."""
        if self.others:
            self.plan.note("other-cities", n=len(self.others), city=self.city)
        elsewhere, doubtful = [], []
        for draft in self.drafts.values():
            area = draft.area
            if area is None or draft.is_wrong:
                continue
            above = draft.new.get("parent") or (area.parent if draft.is_new else None)
            if area.tier and above is not None and above.tier and not area.code.startswith(above.code):
                elsewhere.append(f"{draft.name}（{draft.code}）")
            households = draft.new.get("households", area.households)
            population = draft.new.get("population", area.population)
            if households and population and not 1 <= population / households <= 10:
                doubtful.append(f"{draft.name}（{draft.code}）")
        for code, names in (("code-elsewhere", elsewhere), ("density-doubtful", doubtful)):
            if names:
                self.plan.note(code, n=len(names), names="、".join(names[:20]))


def _lengths() -> dict[str, int]:
    return settings.CITY.tiers


# ---------------------------------------------------------------- writing


def _waves(drafts: Sequence[Draft]) -> Iterator[list[Draft]]:
    """New areas, parents before children."""
    depth: dict[int, int] = {}
    for draft in sorted(drafts, key=lambda d: tier_of_kind(d.kind) or len(TIERS) + 1):
        depth[id(draft.area)] = _depth(draft.area)
    for level in sorted(set(depth.values())):
        yield [draft for draft in drafts if depth[id(draft.area)] == level]


def _depth(area: Area | None) -> int:
    """How many areas above one are new as well."""
    steps = 0
    while area is not None and area._state.adding:
        steps, area = steps + 1, area.parent
    return steps


def _write_new(writing: Writing, drafts: list[Draft]) -> None:
    areas = [draft.area for draft in drafts if draft.area is not None]
    for area in areas:
        area.parent = area.parent  # its number is known by now
    writing.make(
        areas,
        "area-made",
        lines=[draft.line for draft in drafts],
        details=[{"code": area.code, "parent": area.parent_id} for area in areas],
    )


def _write_changes(writing: Writing, drafts: list[Draft]) -> None:
    found = [(draft.line, draft.area, draft.new) for draft in drafts if draft.area is not None]
    write_area_changes(
        writing, [line for line, _, _ in found], [area for _, area, _ in found], [new for _, _, new in found]
    )


def write_area_changes(
    writing: Writing, lines: Sequence[int], areas: Sequence[Area], news: Sequence[Mapping[str, Any]]
) -> None:
    """Change areas from today on; what each was before today stays as a version."""
    day = today()
    versions = _versions([area for area in areas if area.valid_from < day])
    values, details, notes = [], [], []
    for area, said in zip(areas, news, strict=True):
        new = dict(said)
        if (above := new.pop("parent", None)) is not None:
            new["parent_id"] = above.pk
        detail: dict[str, Any] = {"columns": sorted(new)}
        if "parent_id" in new:
            detail["parent_id"] = [area.parent_id, new["parent_id"]]
        version = versions.get(area.pk)
        values.append(new | {"valid_from": day} if version else new)
        details.append(detail)
        notes.append({"version": version.pk} if version else {})
    writing.change(areas, "area-changed", lines=lines, values=values, details=details, notes=notes)


def _versions(areas: Sequence[Area]) -> dict[int, AreaVersion]:
    """Write down what areas were until today, with the borders that the plan did not read."""
    borders = dict(
        Area.objects.filter(pk__in=[a.pk for a in areas], border__isnull=False).values_list("pk", "border")
    )
    made = [
        AreaVersion(
            area=area,
            valid_from=area.valid_from,
            valid_to=today(),
            parent_id=area.parent_id,
            code=area.code,
            name=area.name,
            households=area.households,
            population=area.population,
            border=borders.get(area.pk),
        )
        for area in areas
    ]
    AreaVersion.objects.bulk_create(made, batch_size=500)
    return {version.area_id: version for version in made}


def _write_aliases(writing: Writing, wanted: list[tuple[Draft, str]]) -> None:
    lines = [draft.line for draft, _ in wanted]
    new = [AreaAlias(area=draft.area, name=name, source="import") for draft, name in wanted]
    writing.add("alias", new, lines=lines)
    named: dict[int, list[int]] = {}
    for alias in new:
        named.setdefault(alias.area_id, []).append(alias.pk)
    areas = {draft.area.pk: draft for draft, _ in wanted if draft.area is not None}
    writing.change(
        [draft.area for draft in areas.values() if draft.area is not None],
        "alias-added",
        lines=[d.line for d in areas.values()],
        values=[{}] * len(areas),
        details=[{"aliases": named[pk]} for pk in areas],
    )
