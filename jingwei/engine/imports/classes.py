"""Class lists and rows of the dispatch catalogue from tables."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid5

from jingwei.engine import catalogue, library
from jingwei.engine.models import Case, CaseClass, CatalogueRow
from jingwei.kernel import journal
from jingwei.kernel.actors import Actor
from jingwei.kernel.calendar import Limit
from jingwei.kernel.refusals import Reason
from jingwei.kernel.tables.problems import TableError, say_also, say_of_files_also
from jingwei.kernel.tables.reading import Column, Row, read_tables
from jingwei.kernel.versions import raise_version
from jingwei.registry.imports import batches, undoing
from jingwei.registry.imports.known_areas import KnownAreas
from jingwei.registry.imports.plan import Incoming, Options, Plan, Reading, Writing
from jingwei.registry.imports.undoing import Made
from jingwei.registry.models import Area, ImportBatch, ImportedRow, Organisation

CLASSES = (
    Column("code", ("类别编码", "编码", "code"), kind="code", required=True),
    Column("zh", ("类别名称", "类别", "名称", "name", "zh"), width=80, required=True),
    Column("en", ("英文名称", "English", "en"), width=120),
    Column("parent", ("上级类别编码", "上级编码", "大类编码", "parent"), kind="code"),
    Column("normal", ("办理时限", "普通时限", "limit"), width=12),
    Column("urgent", ("紧急时限", "urgent_limit"), width=12),
    Column("total", ("总时限", "total_limit"), width=12),
    Column("lead", ("牵头单位类型", "lead"), width=32),
    Column("filed_when", ("立案条件", "filed_when"), width=200),
    Column("closed_when", ("结案条件", "closed_when"), width=200),
)
TREE = (
    Column("code1", ("一级编码", "大类编码", "event_type_code"), kind="code", required=True),
    Column("name1", ("一级类别", "大类", "event_type"), width=80, required=True),
    Column("code2", ("二级编码", "中类编码", "main_type_code"), kind="code", required=True),
    Column("name2", ("二级类别", "中类", "main_type"), width=80, required=True),
    Column("code3", ("三级编码", "小类编码", "sub_type_code"), kind="code"),
    Column("name3", ("三级类别", "小类", "sub_type"), width=80),
)
ROWS = (
    Column("class_code", ("类别编码", "class_code"), kind="code"),
    Column("area", ("区划编码", "area_code"), kind="code"),
    Column("unit", ("单位编码", "承办单位编码", "unit_code"), kind="code", required=True),
    Column("note", ("备注", "依据", "note"), width=120),
)
FORMS: dict[str, Sequence[Column]] = {"classes": CLASSES, "tree": TREE}
CATALOGUE_FORMS: dict[str, Sequence[Column]] = {"catalogue": ROWS}

LONGEST, LEVEL = 16, 5  # of a code; of each level of a tree whose levels have codes of their own
_LISTS = UUID("3b0ef8b4-8d3f-5c3c-8f22-2d6f5d0c1a77")


# ---------------------------------------------------------------- class lists


@dataclass
class _Draft:
    line: int
    reading: Reading
    code: str
    parent: str
    says: dict[str, Any] = field(default_factory=dict)
    row: CaseClass | None = None
    new: dict[str, Any] = field(default_factory=dict)
    column: str = "zh"


def plan_classes(files: Sequence[Incoming], options: Options) -> Plan:
    """Read a class list: a class a row, or a tree of three levels in every row. Others stay."""
    if not options.list:
        raise TableError("no-list")
    plan = Plan()
    drafts: dict[str, _Draft] = {}
    readings: list[Reading] = []
    for file in files:
        for form, table in read_tables(file.data, filename=file.filename, forms=FORMS):
            reading = Reading(form, FORMS[form], table)
            readings.append(reading)
            for draft in _drafts_of(reading):
                first = drafts.setdefault(draft.code, draft)
                if first is not draft and form == "classes":
                    reading.wrong(draft.line, "code", "code-twice", first=first.line)
                elif first is not draft and first.says["zh"] != draft.says["zh"]:
                    where = {
                        "code": draft.code,
                        "first": first.line,
                        "name": first.says["zh"],
                        "value": draft.says["zh"],
                    }
                    reading.wrong(draft.line, draft.column, "name-differs", **where)
    _settle(plan, options.list, drafts)
    for reading in readings:
        plan.failed += reading.failed()
        plan.left_out += reading.left_out
    return plan


def _drafts_of(reading: Reading) -> Iterator[_Draft]:
    for row in reading.rows:
        if reading.form == "classes":
            if draft := _from_row(reading, row):
                yield draft
        else:
            yield from _from_tree(reading, row)


def _from_row(reading: Reading, row: Row) -> _Draft | None:
    said: Mapping[str, Any] = row.values
    limits: dict[str, dict[str, str]] = {}
    for column, name, urgency in (
        ("normal", "handle", "normal"),
        ("urgent", "handle", "urgent"),
        ("total", "total", "normal"),
    ):
        if said[column]:
            try:
                Limit.parse(said[column])
            except ValueError:
                reading.wrong(row.line, column, "limit-unreadable")
            else:
                limits.setdefault(name, {})[urgency] = said[column]
    if len(said["code"]) > LONGEST:
        reading.wrong(row.line, "code", "text-too-long", length=len(said["code"]), most=LONGEST)
    if reading.is_wrong(row.line):
        return None
    says = {name: said[name] for name in ("zh", "en", "filed_when", "closed_when", "lead")}
    return _Draft(row.line, reading, said["code"], said["parent"] or "", says | {"limits": limits or None})


def _from_tree(reading: Reading, row: Row) -> Iterator[_Draft]:
    """Codes of a level begin with those above, so that the beginning of a code names a group."""
    above = ""
    for level in ("1", "2", "3"):
        own, name = row.values[f"code{level}"], row.values[f"name{level}"]
        if own is None and name is None and level == "3":
            return
        if own is None or name is None:
            reading.wrong(row.line, f"{'code' if own is None else 'name'}{level}", "required")
            return
        if len(str(own)) > LEVEL:
            reading.wrong(row.line, f"code{level}", "text-too-long", length=len(str(own)), most=LEVEL)
            return
        code = above + str(own).zfill(LEVEL)
        yield _Draft(row.line, reading, code, above, {"zh": str(name)}, column=f"name{level}")
        above = code


def _settle(plan: Plan, list_name: str, drafts: Mapping[str, _Draft]) -> None:
    """Compare with what is there and plan what is to be written."""
    known = {row.code: row for row in CaseClass.objects.filter(list=list_name)}
    new, changed = [], []
    count = plan.count("class")
    for order, draft in enumerate(drafts.values()):
        if draft.reading.form == "classes":
            if draft.parent and draft.parent not in drafts and draft.parent not in known:
                draft.reading.wrong(draft.line, "parent", "parent-unknown", parent=draft.parent)
            if draft.reading.is_wrong(draft.line):
                continue  # of a tree, a row may be wrong for its last level and right about those above
        says = {name: value for name, value in draft.says.items() if value is not None}
        there = known.get(draft.code)
        if there is None:
            english = says.pop("en", "") or says["zh"]
            draft.row = CaseClass(
                list=list_name, code=draft.code, parent=draft.parent, en=english, order=order, **says
            )
            new.append(draft)
            continue
        says |= {"in_use": True} | ({"parent": draft.parent} if draft.parent else {})
        draft.row, draft.new = there, {n: v for n, v in says.items() if v != getattr(there, n)}
        changed += [draft] if draft.new else []
        count.left += not draft.new
    count.made, count.changed = len(new), len(changed)
    if new or changed:
        plan.steps.append(lambda writing: _write_classes(writing, list_name, new, changed))


def _write_classes(writing: Writing, list_name: str, new: list[_Draft], changed: list[_Draft]) -> None:
    rows = [draft.row for draft in new if draft.row is not None]
    writing.add("class", rows, lines=[draft.line for draft in new])
    for draft in changed:
        assert draft.row is not None  # noqa: S101  (settled)
        old = {name: getattr(draft.row, name) for name in draft.new}
        CaseClass.objects.filter(pk=draft.row.pk).update(**draft.new)
        writing.note_changed("class", draft.row, draft.line, {"values": old})
    detail = {"list": list_name, "made": len(new), "changed": len(changed), "batch": str(writing.batch.pk)}
    journal.record_apart(
        "class-list", uuid5(_LISTS, list_name), "classes-imported", by=writing.by, detail=detail
    )
    raise_version(library.COUNTER)


def _classes_used(noted: Sequence[ImportedRow], made: Made) -> list[Reason]:
    """Classes that cases or catalogue rows name by now."""
    keys = [row.subject.int for row in noted if row.made]
    codes = dict(CaseClass.objects.filter(pk__in=keys).values_list("code", "list"))
    lists = set(codes.values())
    following = [name for name, p in library.all_in_force().items() if p.procedure.classes in lists]
    cases = Case.objects.filter(class_code__in=list(codes), procedure__in=following)
    rows = CatalogueRow.objects.filter(class_code__in=list(codes), list__in=lists, valid_to=None)
    found = [("case", cases.count(), str(cases.first())), ("cataloguerow", rows.count(), str(rows.first()))]
    return [
        Reason("built-on", values={"what": what, "n": n, "example": example})
        for what, n, example in found
        if n
    ]


def _classes_back(noted: Sequence[ImportedRow], by: Actor, batch: ImportBatch) -> None:
    CaseClass.objects.filter(pk__in=[row.subject.int for row in noted if row.made]).delete()
    for row in noted:
        if not row.made:
            CaseClass.objects.filter(pk=row.subject.int).update(**row.before["values"])
    name = str(batch.options["list"])
    journal.record_apart(
        "class-list", uuid5(_LISTS, name), "import-undone", by=by, detail={"batch": str(batch.pk)}
    )
    raise_version(library.COUNTER)


# ---------------------------------------------------------------- the dispatch catalogue


def plan_catalogue(files: Sequence[Incoming], options: Options) -> Plan:
    """Read rows of the dispatch catalogue: class (or the beginning of one), area, unit."""
    list_name = options.list or "social_governance"
    if not library.classes(list_name):
        raise TableError("no-list")
    plan, known = Plan(), KnownAreas()
    units = {unit.code: unit for unit in Organisation.objects.filter(valid_to=None)}
    ended = set(Organisation.objects.exclude(valid_to=None).values_list("code", flat=True))
    there = {
        (row.class_code, row.area_id): row for row in catalogue.rows_in_force(list_name).defer("area__border")
    }
    classes = library.classes(list_name)
    new: list[tuple[int, str, Area | None, Organisation, str]] = []
    lines: dict[tuple[str, int | None], int] = {}
    for file in files:
        for _, table in read_tables(file.data, filename=file.filename, forms=CATALOGUE_FORMS):
            reading = Reading("catalogue", ROWS, table)
            for row in reading.rows:
                said: Mapping[str, Any] = row.values
                code, area = said["class_code"] or "", known.in_force.get(said["area"] or "")
                unit = units.get(said["unit"])
                if code and not any(known_code.startswith(code) for known_code in classes):
                    reading.wrong(row.line, "class_code", "class-not-in-list", list=list_name, path=code)
                if said["area"] and area is None:
                    reading.wrong(row.line, "area", "area-unknown")
                if unit is None:
                    reading.wrong(row.line, "unit", "unit-ended" if said["unit"] in ended else "unit-unknown")
                key = (code, area.pk if area else None)
                if (first := lines.setdefault(key, row.line)) != row.line:
                    reading.wrong(row.line, "class_code", "link-twice", first=first)
                if reading.is_wrong(row.line) or unit is None:
                    continue
                same = there.get(key)
                if same is not None and same.unit_id != unit.pk:
                    reading.wrong(row.line, "unit", "catalogue-row-there", row=same.pk, unit=same.unit.name)
                elif same is not None:
                    plan.count("catalogue").left += 1
                else:
                    new.append((row.line, code, area, unit, said["note"] or ""))
            plan.failed += reading.failed()
            plan.left_out += reading.left_out
    plan.count("catalogue").made = len(new)
    if new:
        plan.steps.append(lambda writing: _write_rows(writing, list_name, new))
    return plan


def _write_rows(
    writing: Writing, list_name: str, new: list[tuple[int, str, Area | None, Organisation, str]]
) -> None:
    rows = [
        CatalogueRow(list=list_name, class_code=code, area=area, unit=unit, note=note)
        for _, code, area, unit, note in new
    ]
    writing.make(
        rows,
        "catalogue-row-made",
        lines=[line for line, *_ in new],
        details=[{"class": row.class_code, "area": row.area_id, "unit": row.unit_id} for row in rows],
    )


def _nothing(noted: Sequence[ImportedRow], made: Made) -> list[Reason]:
    return []


def _rows_back(noted: Sequence[ImportedRow], by: Actor, batch: ImportBatch) -> None:
    """Rows are ended, not deleted: a dispatch that named one still can."""
    for row in CatalogueRow.objects.filter(pk__in=[one.subject.int for one in noted], valid_to=None):
        catalogue.end_row(row, by=by)


undoing.MODELS |= {"class": CaseClass, "catalogue": CatalogueRow}
undoing.WAYS["catalogue"] = undoing.Way(_nothing, _rows_back)
undoing.WAYS["class"] = undoing.Way(_classes_used, _classes_back)
batches.register(batches.Kind("classes", plan_classes, FORMS))
batches.register(batches.Kind("catalogue", plan_catalogue, CATALOGUE_FORMS))

say_of_files_also(
    {
        "no-list": ("请写明类别清单的名称（--list）", "say which class list it is (--list)"),
    }
)
say_also(
    {
        "limit-unreadable": (
            "‘{value}’不是时限，应写成30m、4h、8wh、5d或5wd（wh、wd为工作时间）",
            "‘{value}’ is no limit; write 30m, 4h, 8wh, 5d or 5wd (wh and wd are working time)",
        ),
        "catalogue-row-there": (
            "目录第{row}条已把这个类别、这个区域派给{unit}；请先停用那一条",
            "row {row} of the catalogue sends this class in this area to {unit}; end that one first",
        ),
    }
)
