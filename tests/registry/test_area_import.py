"""Areas and borders from files: what is made, changed and left, what is wrong with a row, the way back."""

from __future__ import annotations

import io
import json
import os
import zipfile
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
import shapely
from openpyxl import Workbook, load_workbook
from pytest_django.fixtures import Settings

from jingwei.city import City
from jingwei.engine import actions
from jingwei.engine.stage import Stage
from jingwei.kernel import ids, journal, moments, seals
from jingwei.kernel.actors import Party
from jingwei.kernel.models import JournalHead, JournalLine
from jingwei.kernel.moments import now, today
from jingwei.kernel.refusals import ChangedMeanwhile, Refused
from jingwei.kernel.tables.problems import TableError
from jingwei.registry import areas, atlas
from jingwei.registry.coordinates import geometry_from_cgcs2000
from jingwei.registry.imports import batches
from jingwei.registry.imports.batches import NotWhole
from jingwei.registry.imports.plan import Count, Incoming, Options, Writing
from jingwei.registry.models import (
    Area,
    AreaAlias,
    AreaSuccession,
    AreaVersion,
    ImportBatch,
    ImportedRow,
)

from . import bringing
from .bringing import bring, counts, said, whole
from .conftest import Town

HEAD = ["编码", "名称", "类型", "上级编码", "户数", "人口", "专属网格", "排序", "别名"]
TREE = [
    ["991101", "云河区"],
    ["991101001", "建国路街道"],
    ["991101001002", "槐安社区"],
    ["991101001002003", "第三网格"],
]


def sheet(rows: Iterable[Sequence[object]], head: Sequence[str] = HEAD, name: str = "区划.csv") -> Incoming:
    """A csv file with one area a row."""
    return bringing.sheet(rows, head, name)


def parent_of(code: str) -> str:
    """The code of the area above one."""
    return str(Area.objects.values_list("parent__code", flat=True).get(code=code))


def last_day_of(area: Area) -> date | None:
    area.refresh_from_db()
    return area.valid_to


def codes() -> list[str]:
    return list(Area.objects.order_by("code").values_list("code", flat=True))


@pytest.fixture(autouse=True)
def folder(city_folder: City) -> City:
    """Every test has files and seals of its own."""
    return city_folder


@pytest.fixture
def city(town: Town) -> Area:
    return town.area("9911", name="经州市")


# ---------------------------------------------------------------- one area a row


def test_kinds_come_from_lengths_and_parents_from_beginnings(town: Town, city: Area) -> None:
    result = bring(town, sheet(reversed(TREE)))

    assert counts(result) == dict.fromkeys(("county", "street", "community", "grid"), (1, 0, 0))
    grid = Area.objects.get(code="991101001002003")
    assert (parent_of(grid.code), parent_of(parent_of(grid.code))) == ("991101001002", "991101001")
    assert (grid.kind, grid.tier, grid.valid_from) == ("grid", 5, today())
    atlas.forget()
    assert atlas.atlas().full_name(grid.pk) == "云河区 建国路街道 槐安社区 第三网格"


def test_every_area_has_its_line_with_the_batch(town: Town, city: Area) -> None:
    batch = bring(town, sheet(TREE)).batch

    street = Area.objects.get(code="991101001")
    (line,) = journal.lines_of(street)
    assert (line.verb, line.person) == ("area-made", 1)
    assert line.detail == {"code": "991101001", "parent": street.parent_id, "batch": str(batch.pk)}
    assert [line.verb for line in journal.lines_of(batch)] == ["imported"]
    assert whole()


def test_what_people_write_is_read(town: Town, city: Area) -> None:
    book = Workbook()
    page = book.worksheets[0]
    page.append(["经州市网格统计表"])
    page.merge_cells("A1:F1")
    page.append(["填报单位：民政局", None, "2026.3.4"])
    page.append(["序号", "区划编码", "区划名称", "级别", "户数", "专属网格"])
    page.append([1, 991101, "云河区", "区", "12,000户", ""])
    page.append([2, "９９１１０１００１", "建国路街道", "街道", "", "否"])
    page.append([])
    page.append([3, "991101001002", "槐安社区", "社区", "", None])
    page.append([4, "991101001002003", "万象城", "网格", 120, "√"])
    page.append(["合计", None, None, None, 12120])
    out = io.BytesIO()
    book.save(out)

    result = bring(town, Incoming("区划.xlsx", out.getvalue()))

    assert sum(made for made, _, _ in counts(result).values()) == 4
    assert Area.objects.get(code="991101").households == 12_000
    assert Area.objects.get(code="991101001002003").special is True
    assert result.batch.counts["left_out"] == 1  # 合计


def test_a_file_in_gb18030_is_read(town: Town, city: Area) -> None:
    text = "编码,名称\r\n991101,云河区\r\n"
    bring(town, Incoming("区划.csv", text.encode("gb18030")))
    assert Area.objects.get(code="991101").name == "云河区"


def test_what_is_there_is_changed_where_the_file_says_otherwise(town: Town, city: Area) -> None:
    county = town.area("991101", city, name="云河县", households=10, population=30)
    town.area("991102", city, name="望川区")

    result = bring(town, sheet([["991101", "云河区", "", "", "12"], ["991102", "望川区"]]))

    assert counts(result) == {"county": (0, 1, 1)}
    county.refresh_from_db()
    assert (county.name, county.households, county.population) == ("云河区", 12, 30)  # empty: as it was
    assert county.valid_from == today()
    version = AreaVersion.objects.get(area=county)
    assert (version.name, version.households, version.valid_to) == ("云河县", 10, today())
    assert [
        area.name for area in areas.on_day(today() - timedelta(days=1), kind="county", under="991101")
    ] == ["云河县"]
    last = journal.lines_of(county)[-1]
    assert (last.verb, last.detail["columns"]) == ("area-changed", ["households", "name"])
    assert whole()


def test_an_area_goes_under_another_one(town: Town, city: Area) -> None:
    county, other = town.area("991101", city), town.area("991102", city)
    street = town.area("991101001", county)

    result = bring(town, sheet([["991101001", street.name, "", "991102"]]))

    street.refresh_from_db()
    assert street.parent == other
    assert journal.lines_of(street)[-1].detail["parent_id"] == [county.pk, other.pk]
    assert "不以上级编码开头" in " ".join(batches.notes_of(result.batch))


def test_second_names_are_added_once(town: Town, city: Area) -> None:
    town.area("991101", city)
    rows = [
        ["991101", "碧岭区", "", "", "", "", "", "", "碧玲区、 碧林区"],
        ["991102", "望川区", *[""] * 6, "望江区"],
    ]

    assert counts(bring(town, sheet(rows)))["alias"] == (3, 0, 0)
    assert [area.name for area in areas.by_name("碧玲区")] == ["碧岭区"]
    assert "alias" not in counts(bring(town, sheet([*rows, ["991103", "新区"]])))
    assert AreaAlias.objects.count() == 3
    assert whole()


def test_areas_across_the_tree_say_kind_and_parent(town: Town, city: Area) -> None:
    bring(town, sheet([*TREE, ["XQ-1", "安居苑", "小区", "991101001002"], ["LD-1", "1号楼", "楼栋", "XQ-1"]]))
    building = Area.objects.get(code="LD-1")
    assert (building.kind, building.tier, parent_of("LD-1")) == ("building", 0, "XQ-1")


@pytest.mark.parametrize(
    ("row", "sentence"),
    [
        (["9911a1", "云河区"], "第2行 编码：‘9911a1’应只有数字，区划编码不含字母和符号"),
        (
            ["99110", "云河区"],
            "第2行 编码：‘99110’有5位，应为4（市）、6（区县）、9（街道乡镇）、12（社区村）、15（网格）",
        ),
        (["370101", "历下区"], "第2行 编码：‘370101’不在本市，本市的编码以9911开头"),
        (["", "云河区"], "第2行 编码：必填，这里是空的"),
        (["991101", " "], "第2行 名称：必填，这里是空的"),
        (["991101", "云" * 81], "第2行 名称：有81个字，最多80个字"),
        (["991101", "云河区", "网格"], "第2行 编码：类型写的是网格，但‘991101’有6位；网格的编码是15位"),
        (["991101", "云河区", "行星"], "第2行 类型：‘行星’不在可选范围，应为："),
        (["991101", "云河区", "", "", "-3"], "第2行 户数：‘-3’应在0到2000000000之间"),
        (["991101", "云河区", "", "", "3000000000"], "第2行 户数：‘3000000000’应在0到2000000000之间"),
        (["991101", "云河区", "", "", "三"], "第2行 户数：‘三’不是整数，应填整数，如12"),
        (
            ["991101001", "建国路街道"],
            "第2行 编码：上级991101不在系统里，也不在这个文件里；请先导入上级，或改正编码",
        ),
        (
            ["991109", "北山区"],
            "第2行 编码：‘991109’是已停用的编码，编码不会再次使用；请用新编码，沿革写进新旧编码对照表",
        ),
        (
            ["991108001", "镇", "", "991108002"],
            "第2行 编码：街道乡镇不能放在991108002（街道乡镇）之下，上级应高一级或更高",
        ),
        (["991108", "东区", "小区"], "第2行 编码：‘991108’已经是区县，类型不能改"),
        (["XQ-1", "安居苑", "小区"], "第2行 上级编码：必填，这里是空的"),
        (["XQ-" + "1" * 30, "安居苑", "小区", "991108"], "第2行 编码：有33个字，最多24个字"),
        (["991108", "东区", "", "", "", "", "", "", "别" * 81], "第2行 别名：有81个字，最多80个字"),
    ],
)
def test_a_row_that_is_wrong_says_what_would_be_right(
    town: Town, city: Area, row: list[str], sentence: str
) -> None:
    areas.end_area(town.area("991109", city), by=town.by)
    town.area("991108002", town.area("991108", city))
    before = codes()

    assert said(town, sheet([row]))[0].startswith(sentence)
    with pytest.raises(NotWhole) as no:
        bring(town, sheet([row]))
    assert no.value.codes == ("import-has-errors",)
    assert codes() == before
    assert not ImportBatch.objects.exists()


def test_rows_about_one_code_must_be_one(town: Town, city: Area) -> None:
    assert said(town, sheet([["991101", "云河区"], ["991101", "云河区"]])) == [
        "第3行 编码：‘991101’与第2行重复，同一个编码只能有一行"
    ]
    # two names: which is meant, nobody knows
    assert len(said(town, sheet([["991101", "云河区"], ["991101", "望川区"]]))) == 2


def test_what_stands_above_goes_with_what_stands_below(town: Town, city: Area) -> None:
    """A wrong parent keeps its children from being taken; the others are."""
    rows = [["991101", "云" * 81], *TREE[1:], ["991102", "望川区"]]
    file = sheet(rows)
    assert said(town, file)[1] == "第3行 编码：上级991101（第2行）有错误，改正后一并导入"

    result = bring(town, file, partial=True)

    assert codes() == ["9911", "991102"]
    assert result.batch.partial
    assert result.batch.counts["failed"] == 4


def test_a_circle_is_named(town: Town, city: Area) -> None:
    rows = [["A", "甲", "小区", "B"], ["B", "乙", "小区", "C"], ["C", "丙", "小区", "A"]]
    assert said(town, sheet(rows))[0] == "第2行 上级编码：上级关系成了循环：A → B → C → A"
    county = town.area("991101", city)
    town.area("X1", county, kind="estate")
    town.area("X2", Area.objects.get(code="X1"), kind="building")
    assert "成了循环" in said(town, sheet([["X1", "地X1", "小区", "X2"]]))[0]


def test_without_a_city_nothing_can_be_imported(town: Town) -> None:
    assert said(town, sheet(TREE))[0].endswith("还没有城市，请先建立城市（jingwei init）")


# ---------------------------------------------------------------- the list that statistics publish

LIST = ["county_code", "county", "town_code", "town", "village_code", "village"]
ROWS = [
    ["991101", "云河区", "991101001", "建国路街道", "991101001002", "槐安社区"],
    ["991101", "云河区", "991101001", "建国路街道", "991101001003", "河湾社区"],
    ["991101", "云河区", "991101400", "开发区", "", ""],
    ["370102", "历下区", "370102001", "解放路街道", "370102001002", "历山社区"],
]


def test_a_list_says_counties_and_towns_in_every_row(town: Town, city: Area) -> None:
    result = bring(town, sheet(ROWS, LIST))

    assert counts(result) == {"county": (1, 0, 0), "street": (2, 0, 0), "community": (2, 0, 0)}
    assert codes() == ["9911", "991101", "991101001", "991101001002", "991101001003", "991101400"]
    assert batches.notes_of(result.batch) == ["不属于本市（编码不以9911开头）的1行没有读取"]
    assert counts(bring(town, sheet(ROWS, LIST), again=True)) == {
        "county": (0, 0, 1),
        "street": (0, 0, 2),
        "community": (0, 0, 2),
    }


def test_a_list_may_go_down_to_grids_in_chinese(town: Town, city: Area) -> None:
    head = ["区县编码", "区县", "街镇编码", "街镇", "村居编码", "村居", "网格编码", "网格"]
    bring(town, sheet([[*ROWS[0], "991101001002001", "第一网格"]], head))
    assert parent_of("991101001002001") == "991101001002"


def test_a_row_wrong_for_its_village_is_still_right_about_its_county(town: Town, city: Area) -> None:
    wrong = ["991101", "云河区", "991101001", "建国路街道", "9911010010", "槐安社区"]
    renamed = ["991101", "云河区", "991101001", "解放路街道", "991101001004", "河西社区"]
    without = ["991101", "云河区", "991101001", "建国路街道", "991101001005", ""]
    file = sheet([wrong, ROWS[1], renamed, without], LIST)
    assert [text.split("：")[0] for text in said(town, file)] == [
        "第2行 村居编码",
        "第4行 街镇",
        "第5行 村居",
    ]

    bring(town, file, partial=True)

    assert codes() == ["9911", "991101", "991101001", "991101001003", "991101001004"]


# ---------------------------------------------------------------- files that are none


def bomb() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", "<workbook/>")
        archive.writestr("xl/worksheets/sheet1.xml", b"0" * 60_000_000)
    return out.getvalue()


@pytest.mark.parametrize(
    ("name", "data", "code"),
    [
        ("区划.xlsx", bomb(), "zip-bomb"),
        ("区划.xlsx", b"<html><body><table><tr><td>991101</td></tr></table></body></html>", "html-inside"),
        ("区划.csv", "姓名,电话\n沈玉,6213\n".encode(), "no-header"),
        ("区划.csv", b"", "empty"),
        ("区划.csv", b"code,name\n991101,\x00\n", "nul-bytes"),
        ("区划.xls", b"%PDF-1.7", "wrong-type"),
    ],
)
def test_what_is_no_table_is_refused_as_a_whole(
    town: Town, city: Area, name: str, data: bytes, code: str
) -> None:
    with pytest.raises(TableError) as no:
        batches.preview("areas", [Incoming(name, data)], Options(), by=town.by)
    assert no.value.code == code
    assert no.value.explain()
    assert not ImportBatch.objects.exists()
    assert not list((batches._folder()).glob("*"))


def test_a_header_without_names_takes_no_row(town: Town, city: Area) -> None:
    assert said(town, sheet([["991101", "12"]], ["编码", "户数"])) == [
        "第1行 名称：缺少必需的列，表头里应有“名称、区划名称、网格名称、name”"
    ]
    assert codes() == ["9911"]


def test_text_that_looks_like_a_formula_stays_text(town: Town, city: Area) -> None:
    bring(town, sheet([["991101", "=cmd|' /C calc'!A0"]]))
    assert Area.objects.get(code="991101").name == "=cmd|' /C calc'!A0"
    file = sheet([["991102", "=1+1", "行星"]])
    plan = batches.KINDS["areas"].plan([file], Options())
    book = load_workbook(io.BytesIO(batches.failed_rows(plan, "areas", "areas", title="区划")))
    assert [cell.data_type for cell in book.worksheets[0][4] if cell.value == "'=1+1"] == ["s"]


# ---------------------------------------------------------------- preview, run, again


def test_a_preview_writes_no_area_and_keeps_the_file_until_it_is_run(town: Town, city: Area) -> None:
    batch = batches.preview("areas", [sheet(TREE)], Options(), by=town.by)

    assert codes() == ["9911"]
    assert batches.counts_of(batch)["grid"] == Count(made=1)
    assert [file.name for file in batches._folder().glob("*/*")] == ["0"]
    result = batches.run(batch, by=town.by)
    assert len(codes()) == 5
    assert (result.batch.state, result.batch.pk) == ("done", batch.pk)
    assert not list(batches._folder().glob("*"))
    with pytest.raises(Refused) as no:
        batches.run(batch, by=town.by)
    assert no.value.codes == ("import-not-open",)


def test_a_preview_is_judged_anew_when_it_is_run(town: Town, city: Area) -> None:
    batch = batches.preview("areas", [sheet([["991101", "云河区"]])], Options(), by=town.by)
    areas.end_area(town.area("991101", city), by=town.by)
    with pytest.raises(NotWhole):
        batches.run(batch, by=town.by)
    batch.refresh_from_db()
    assert batch.state == "preview"


def test_the_same_file_is_recognised_and_taken_when_asked_again(town: Town, city: Area) -> None:
    first = bring(town, sheet(TREE)).batch
    preview = batches.preview("areas", [sheet(TREE, name="改名.csv")], Options(), by=town.by)
    assert batches.twin_of(preview) == first
    with pytest.raises(Refused) as no:
        batches.run(preview, by=town.by)
    assert no.value.codes == ("import-same-file",)
    result = batches.run(preview, by=town.by, again=True)
    assert counts(result)["county"] == (0, 0, 1)


def test_files_and_rows_are_kept_no_longer_than_needed(town: Town, city: Area) -> None:
    batch = batches.preview(
        "areas", [sheet([["991101", "云" * 81], ["991102", "望川区"]])], Options(), by=town.by
    )
    done = bring(town, sheet([["991103", "云" * 81], ["991104", "东区"]]), partial=True).batch
    with moments.at(now() + timedelta(hours=25)):
        batches.forget_old()
    assert not list(batches._folder().glob("*"))
    assert not ImportedRow.objects.exists()
    with pytest.raises(Refused):
        batches.run(batch, by=town.by)
    done.refresh_from_db()
    assert len(done.problems) == 1
    with moments.at(now() + timedelta(days=31)):
        batches.forget_old()
    done.refresh_from_db()
    assert done.problems == []


def test_failed_rows_come_back_with_reasons_and_can_be_mended(town: Town, city: Area) -> None:
    result = bring(town, sheet([["991101", "云河区", "", "", "三"], ["991102", "望川区"]]), partial=True)
    body = batches.failed_sheet(result.batch, "areas", title="区划")

    book = load_workbook(io.BytesIO(body))
    page = book.worksheets[0]
    head = [cell.value for cell in page[3]]
    assert head[-1] == "错误原因"
    assert "‘三’不是整数" in str(page.cell(4, len(head)).value)
    page.cell(4, head.index("户数") + 1).value = 3
    out = io.BytesIO()
    book.save(out)
    bring(town, Incoming("改好.xlsx", out.getvalue()))
    assert Area.objects.get(code="991101").households == 3


def test_whoever_is_faster_wins(town: Town, city: Area) -> None:
    county = town.area("991101", city, name="云河县")
    plan = batches.KINDS["areas"].plan([sheet([["991101", "云河区"]])], Options())
    areas.change_area(county, by=town.by, name="云河市")
    batch = ImportBatch.objects.create(id=ids.new_id(), kind="areas", filename="x", digest=b"", made_at=now())
    with pytest.raises(ChangedMeanwhile):
        plan.write(Writing(batch, by=town.by))


# ---------------------------------------------------------------- taking back


def test_what_was_made_goes_and_what_was_changed_comes_back(town: Town, city: Area) -> None:
    county = town.area("991101", city, name="云河县", households=10)
    result = bring(town, sheet([["991101", "云河区", "", "", "12", "", "", "", "云川"], *TREE[1:]]))

    batches.undo(result.batch, by=town.by)

    county.refresh_from_db()
    assert (county.name, county.households) == ("云河县", 10)
    assert county.valid_from < today()
    assert codes() == ["9911", "991101"]
    assert not AreaVersion.objects.exists()
    assert not AreaAlias.objects.exists()
    result.batch.refresh_from_db()
    assert (result.batch.state, result.batch.undone_at is not None) == ("undone", True)
    assert whole()
    # what was made and unmade stays in the journal, and the codes are free
    assert JournalLine.objects.filter(kind="area", verb="import-undone").count() == 4
    assert JournalHead.objects.filter(kind="area").count() == 3
    bring(town, sheet(TREE), again=True)
    assert len(codes()) == 5
    assert whole()


def test_a_line_cut_off_from_something_withdrawn_is_missed(town: Town, city: Area) -> None:
    result = bring(town, sheet(TREE))
    batches.undo(result.batch, by=town.by)
    assert whole()
    JournalLine.objects.filter(kind="area", verb="import-undone").order_by("-pk")[:1].get().delete()
    assert "was cut off" in seals.verify().faults[0] or "were cut off" in seals.verify().faults[0]


def test_a_later_import_is_taken_back_first(town: Town, city: Area) -> None:
    first = bring(town, sheet(TREE)).batch
    second = bring(town, sheet([["991101", "云河新区"], ["991101001002004", "第四网格"]])).batch

    assert {reason.code for reason in batches.why_not_undo(first)} == {"built-on", "changed-since-import"}
    batches.undo(second, by=town.by)
    assert Area.objects.get(code="991101").name == "云河区"
    batches.undo(first, by=town.by)
    assert codes() == ["9911"]
    assert whole()


@pytest.mark.parametrize(
    ("what", "built"),
    [
        ("area", lambda town, area: town.area("991101001002003001", area, kind="building")),
        ("organisation", lambda town, area: town.unit("YH-1", area=area)),
        ("post", lambda town, area: town.post("grid_worker", area)),
        ("areaalias", lambda town, area: AreaAlias.objects.create(area=area, name="三格")),
        (
            "areasuccession",
            lambda town, area: AreaSuccession.objects.create(
                old=Area.objects.get(code="991101001002"), new=area, since=today()
            ),
        ),
        (
            "boardprint",
            lambda town, area: area.__class__.board_print.related.related_model.objects.create(
                area=area, printed_at=now(), digest=b""
            ),
        ),
    ],
)
def test_what_something_was_built_on_stays(town: Town, city: Area, what: str, built: Any) -> None:
    batch = bring(town, sheet(TREE)).batch
    built(town, Area.objects.get(code="991101001002003"))
    with pytest.raises(Refused) as no:
        batches.undo(batch, by=town.by)
    assert {(reason.code, reason.values["what"], reason.values["n"]) for reason in no.value.reasons} == {
        ("built-on", what, 1)
    }
    assert len(codes()) >= 5
    batch.refresh_from_db()
    assert batch.state == "done"


def test_an_area_that_a_case_lies_in_stays(stage: Stage, town: Town) -> None:
    batch = bring(town, sheet([["991103001002005", "第五网格"]])).batch
    area = Area.objects.get(code="991103001002005")
    atlas.forget()
    said = {"description": "井盖翘起", "place": {"area": area.pk}}
    actions.take_in(ids.new_id(), "grid_event", said, by=Party(), source="resident", bound_to="portal")
    with pytest.raises(Refused) as no:
        batches.undo(batch, by=town.by)
    assert [reason.values["what"] for reason in no.value.reasons] == ["case"]


def test_after_a_day_an_import_stays(town: Town, city: Area) -> None:
    batch = bring(town, sheet(TREE)).batch
    with moments.at(now() + timedelta(hours=24, minutes=1)), pytest.raises(Refused) as no:
        batches.undo(batch, by=town.by)
    assert no.value.codes == ("import-too-old",)
    batches.undo(batch, by=town.by)
    with pytest.raises(Refused) as no:
        batches.undo(batch, by=town.by)
    assert no.value.codes == ("import-not-done",)


# ---------------------------------------------------------------- old and new codes

RECODED = ["旧编码", "新编码", "起始日期", "原因", "停用"]


def recoded(*rows: Sequence[object]) -> Incoming:
    return sheet(rows, RECODED, "对照.csv")


def test_a_recoding_becomes_a_succession(town: Town, city: Area) -> None:
    old = town.area("991171", city, name="高新区")
    town.area("991171001", old)

    result = bring(
        town, sheet([["991176", "高新区"]]), mapping=recoded(["991171", "991176", "2025-6-1", "民政代码不同"])
    )

    new = Area.objects.get(code="991176")
    (row,) = AreaSuccession.objects.all()
    assert (row.old, row.new, row.since, row.reason) == (old, new, date(2025, 6, 1), "民政代码不同")
    assert areas.answering_now(new.pk) == {new.pk, old.pk}
    old.refresh_from_db()
    assert old.valid_to is None  # its street still stands below it
    assert batches.notes_of(result.batch) == ["1个旧区划下还有下级，仍然在用：高新区（991171）"]
    assert [line.verb for line in journal.lines_of(old)][-1] == "area-succeeded"
    batches.undo(result.batch, by=town.by)
    assert not AreaSuccession.objects.exists()
    assert whole()


def test_an_old_area_may_end_with_its_recoding(town: Town, city: Area) -> None:
    old = town.area("991171", city)
    street = town.area("991171001", old)
    file, table = sheet([["991176", "高新区"]]), recoded(["991171", "991176", "2025-6-1", "", "是"])
    assert said(town, file, mapping=table) == [
        "第2行 旧编码：旧区划991171下还有1个区划，不能停用；请先把它们改挂，或不填“停用”"
    ]
    areas.end_area(street, by=town.by)

    result = bring(town, file, mapping=table)

    assert last_day_of(old) == date(2025, 6, 1)
    batches.undo(result.batch, by=town.by)
    assert last_day_of(old) is None
    assert whole()


def test_a_code_never_known_here_is_kept_as_one_that_has_ended(town: Town, city: Area) -> None:
    town.area("991171", city, name="高新区")
    bring(town, recoded(["991176", "991171", "2025-6-1", "统计代码"]))  # the table alone, as the file
    old = Area.objects.get(code="991176")
    assert (old.name, old.valid_to, old.tier) == ("高新区", date(2025, 6, 1), 2)
    assert areas.answering_now(Area.objects.get(code="991171").pk) >= {old.pk}
    assert "已停用的编码" in said(town, sheet([["991176", "新的区"]]))[0]
    assert whole()


@pytest.mark.parametrize(
    ("row", "sentence"),
    [
        (
            ["991171", "991177", "2025-6-1"],
            "第2行 新编码：新编码991177不在系统里，也不在这个文件里；请把新区划一并导入",
        ),
        (["991171", "991171", "2025-6-1"], "第2行 新编码：新旧编码相同"),
        (["991171", "991172", "2099-1-1"], "第2行 起始日期：日期在以后；应为今天或以前的日期"),
        (["991171", "991172", "2024-1-1", "", "是"], "第2行 起始日期：早于这个区划的起始日期2025-01-01"),
        (["991171", "991172", ""], "第2行 起始日期：必填，这里是空的"),
    ],
)
def test_a_recoding_that_cannot_be_says_why(town: Town, city: Area, row: list[str], sentence: str) -> None:
    town.area("991171", city)
    town.area("991172", city)
    assert said(town, recoded(row)) == [sentence]


def test_a_file_may_speak_of_an_area_by_its_old_code(town: Town, city: Area) -> None:
    town.area("991171", city, name="高新区")
    result = bring(
        town,
        sheet([["991176", "高新技术产业开发区"], ["991176001", "舜华路街道"]]),
        mapping=recoded(["991176", "991171", "2025-6-1"]),
    )
    assert Area.objects.get(code="991171").name == "高新技术产业开发区"
    assert parent_of("991176001") == "991171"
    assert "不以上级编码开头" in " ".join(batches.notes_of(result.batch))


# ---------------------------------------------------------------- borders


def shapes(*features: tuple[object, str, shapely.Geometry], key: str = "adcode") -> Incoming:
    """A GeoJSON file."""
    made = [
        {
            "type": "Feature",
            "properties": {key: code, "name": name},
            "geometry": json.loads(shapely.to_geojson(geometry)),
        }
        for code, name, geometry in features
    ]
    return Incoming("边界.geojson", json.dumps({"type": "FeatureCollection", "features": made}).encode())


WEST, EAST = shapely.box(117.0, 33.0, 117.1, 33.1), shapely.box(117.1, 33.0, 117.2, 33.1)


def test_borders_find_their_areas_and_say_where_they_came_from(town: Town, city: Area) -> None:
    west, east = town.area("991101", city), town.area("991102", city)
    town.area("991171", city, name="高新区")
    moved = [geometry_from_cgcs2000(shape, "gcj02") for shape in (WEST, EAST)]
    file = shapes((991101, "云河区", moved[0]), (991102, "望川区", moved[1]))

    result = bring(town, file, kind="borders", source="gcj02")

    west.refresh_from_db()
    assert west.border_source == "gcj02"
    back = shapely.from_wkb(bytes(west.border or b""))
    assert back.symmetric_difference(WEST).area < 1e-9
    assert counts(result) == {"border": (2, 0, 0)}
    assert batches.notes_of(result.batch) == ["还没有边界的区划1个：高新区（991171）"]
    atlas.forget()
    found = atlas.atlas().locate(117.05, 33.05)
    assert found is not None
    assert found.code == "991101"
    assert AreaVersion.objects.filter(area=east).count() == 1
    again = bring(town, file, kind="borders", source="gcj02", again=True)
    assert counts(again) == {"border": (0, 0, 2)}
    batches.undo(again.batch, by=town.by)
    batches.undo(result.batch, by=town.by)
    west.refresh_from_db()
    assert (west.border, west.border_source, west.valid_from) == (None, "", date(2025, 1, 1))
    assert whole()


def test_a_border_without_an_area_is_named_with_what_to_do(town: Town, city: Area) -> None:
    town.area("991101", city)
    file = shapes((991101, "云河区", WEST), (991176, "高新区", EAST))
    assert said(town, file, kind="borders") == [
        "第2个图形（高新区）：编码991176不在系统里。若是改过的编码，请在新旧编码对照表里写明；若是新区划，请先导入区划"
    ]
    assert counts(bring(town, file, kind="borders", partial=True)) == {"border": (1, 0, 0)}


@pytest.mark.parametrize("pair", [["991176", "991171"], ["991171", "991176"]])
def test_a_table_of_codes_ties_a_border_to_its_area(town: Town, city: Area, pair: list[str]) -> None:
    zone = town.area("991171", city, name="高新区")
    table = recoded([*pair, "2025-6-1"])
    result = bring(town, shapes((991176, "高新区", WEST)), kind="borders", mapping=table)
    zone.refresh_from_db()
    assert zone.border is not None
    assert "高新区（991176 → 991171）" in " ".join(batches.notes_of(result.batch))
    # where both are areas now, or the old one became a name of the past, the succession is there too
    assert AreaSuccession.objects.count() == (1 if pair[0] == "991176" else 0)


def test_a_border_finds_the_successor_of_an_area_that_ended(town: Town, city: Area) -> None:
    old, new = town.area("991171", city), town.area("991172", city)
    areas.end_area(old, by=town.by, successors=[new])
    bring(town, shapes((991171, "旧区", WEST)), kind="borders")
    new.refresh_from_db()
    assert new.border is not None


def test_borders_are_compared_with_what_lies_around(town: Town, city: Area) -> None:
    areas.change_area(city, by=town.by, border=shapely.box(117.0, 33.0, 117.19, 33.1))
    town.area("991101", city, name="西区")
    town.area("991102", city, name="东区")
    overlapping = shapely.box(117.08, 33.0, 117.2, 33.1)
    notes = batches.notes_of(
        bring(town, shapes((991101, "西区", WEST), (991102, "东区", overlapping)), kind="borders").batch
    )
    assert "1个区划的边界超出上级0.5%以上：东区（991102）" in notes
    assert "1个区划的下级边界互相重叠0.5%以上：地9911（9911）" in " ".join(notes).replace("经州市", "地9911")


def test_gaps_and_sizes_that_cannot_be_are_told(town: Town, city: Area) -> None:
    areas.change_area(city, by=town.by, border=shapely.box(116.0, 33.0, 119.0, 36.0))
    street = town.area("991101001", town.area("991101", city, box=(116.0, 33.0, 119.0, 36.0)))
    town.area("991101001002", street, name="龙池社区")
    huge = shapely.box(117.0, 33.0, 118.5, 34.5)  # some 21,000 square kilometres
    notes = " ".join(
        batches.notes_of(bring(town, shapes(("991101001002", "龙池社区", huge)), kind="borders").batch)
    )
    assert "1个区划的面积不像是真的，请核对：龙池社区（991101001002）" in notes
    assert "没有被下级边界填满" not in notes  # the street has no border to fill


@pytest.mark.parametrize(
    ("feature", "sentence"),
    [
        (("", "无名", WEST), "第1个图形（无名）：没有adcode"),
        ((991101, "云河区", shapely.box(2.0, 48.0, 2.1, 48.1)), "第1个图形（云河区）：图形不在中国境内"),
        (
            (991101, "云河区", shapely.Point(117, 33)),
            "第1个图形（云河区）：类型是Point，应为Polygon或MultiPolygon",
        ),
        ((991101, "云河区", shapely.box(33.0, 117.0, 33.1, 117.1)), "第1个图形（云河区）：坐标"),
    ],
)
def test_a_shape_that_is_wrong_says_why(town: Town, city: Area, feature: Any, sentence: str) -> None:
    town.area("991101", city)
    assert said(town, shapes(feature), kind="borders")[0].startswith(sentence)


def test_two_shapes_of_one_area_are_one_too_many(town: Town, city: Area) -> None:
    town.area("991101", city)
    file = shapes((991101, "西", WEST), (991101, "东", EAST))
    assert said(town, file, kind="borders") == ["第2个图形（东）：与第1个图形是同一个区划（991101）"]
    with pytest.raises(TableError):
        said(town, Incoming("边界.geojson", b"{}"), kind="borders")


# ---------------------------------------------------------------- real data


@pytest.mark.real_data
def test_jinan_whole(town: Town, real_data: Path, settings: Settings) -> None:
    """13 counties, 165 towns, 5,698 villages and communities; borders for 12, the thirteenth reported."""
    settings.CITY = replace(settings.CITY, code="3701")
    city = town.area("3701", name="济南市")
    villages = real_data / "admin_divisions/villages_5cities_2021.csv"

    result = bring(town, Incoming(villages.name, villages.read_bytes()))
    assert counts(result) == {"county": (13, 0, 0), "street": (165, 0, 0), "community": (5698, 0, 0)}
    assert Area.objects.filter(valid_to=None).count() == 1 + 13 + 165 + 5698
    atlas.forget()
    assert len(list(atlas.atlas().under(city.pk))) == 5877

    borders = real_data / "geojson/370100_counties.geojson"
    drawn = bring(town, Incoming(borders.name, borders.read_bytes()), kind="borders", source="gcj02")
    assert counts(drawn) == {"border": (12, 0, 0)}
    assert batches.notes_of(drawn.batch) == ["还没有边界的区划1个：济南高新技术产业开发区（370171）"]
    atlas.forget()
    square = atlas.atlas().locate(117.0241, 36.6625)  # Quancheng Square
    assert square is not None
    assert square.name == "历下区"

    zone = Area.objects.get(code="370171")
    recoding = recoded(["370171", "370176", "2021-1-1", "民政代码与统计代码不同"])
    bring(town, sheet([["370176", "济南高新技术产业开发区"]]), mapping=recoding)
    new = Area.objects.get(code="370176")
    assert AreaSuccession.objects.get().old == zone
    assert areas.answering_now(new.pk) == {new.pk, zone.pk}
    assert whole()


@pytest.mark.real_data
def test_the_towns_of_2023_meet_the_list_of_2021(town: Town, real_data: Path) -> None:
    """Two years of one source: what is new is made, what is there is left, nothing is dropped silently."""
    city = town.area("3701", name="济南市")
    villages = real_data / "admin_divisions/villages_5cities_2021.csv"
    bring(town, Incoming(villages.name, villages.read_bytes()))
    streets = real_data / "admin_divisions/streets_2023.csv"
    plan = batches.KINDS["areas"].plan([Incoming(streets.name, streets.read_bytes())], Options(own_only=True))
    count = plan.counts["street"]
    failed = [one for one in plan.failed if one.raw["code"].startswith(city.code)]
    total = sum(1 for line in streets.read_text().splitlines() if line.startswith(city.code))
    assert count.made + count.changed + count.left + len(failed) == total
    assert {one.raw["code"][:6] for one in failed} <= {"370176"}  # the zone under its other code
    assert os.environ["JINGWEI_REAL_DATA"]
