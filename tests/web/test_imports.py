"""The import pages through their door: look, carry out, mend what failed, take back; files that are none."""

from __future__ import annotations

import io
import json
import re
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.core.management.base import CommandError
from django.test import Client
from django.urls import reverse
from openpyxl import Workbook, load_workbook
from pytest_django.fixtures import Settings

from jingwei.city import TOP
from jingwei.engine import library
from jingwei.engine.imports import case_map
from jingwei.engine.models import CaseClass, CatalogueRow
from jingwei.engine.stage import Stage
from jingwei.kernel import accounts, sealed
from jingwei.kernel.actors import SYSTEM
from jingwei.kernel.models import Account, JournalLine
from jingwei.kernel.tables.workbooks import Limits
from jingwei.registry import people
from jingwei.registry.imports import batches
from jingwei.registry.models import Area, AreaMapping, ImportBatch, Organisation, OrganisationArea, Person
from tests.web.people import signed_in

AREAS = "编码,名称\n991103009,滨河街道\n9911030090,多一位\n"
GRID = "991103001002003"


@pytest.fixture
def admin(stage: Stage, tmp_path: Path, settings: Settings) -> Iterator[Client]:
    """An administrator's browser, in a city folder of its own."""
    settings.CITY = replace(settings.CITY, home=tmp_path)
    sealed._ring.cache_clear()
    yield officer(stage, "A0001")
    sealed._ring.cache_clear()


def officer(stage: Stage, staff_no: str) -> Client:
    """Another administrator's browser."""
    post = people.make_post("administrator", by=SYSTEM, area=stage.areas["city"], title=f"管理{staff_no}")
    row = people.assign(people.take_on(staff_no, "林知行", by=SYSTEM), post, by=SYSTEM)
    return signed_in(row)


def file(data: str | bytes, name: str = "区域.csv") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, data.encode() if isinstance(data, str) else data)


def workbook(*rows: Sequence[object]) -> bytes:
    book = Workbook()
    for row in rows:
        book.worksheets[0].append(list(row))
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def send(client: Client, kind: str, *files: SimpleUploadedFile, **more: Any) -> Any:
    """Send files by the form of a kind."""
    return client.post(reverse("admin-import-send", args=[kind]), {"file": list(files), **more})


def looked_at(client: Client, kind: str, *files: SimpleUploadedFile, **more: Any) -> ImportBatch:
    """Send files and come to their preview."""
    answer = send(client, kind, *files, **more)
    assert answer.status_code == 302, text_of(answer)
    return ImportBatch.objects.get(pk=answer["Location"].rstrip("/").rsplit("/", 1)[1])


def run(client: Client, batch: ImportBatch, **how: str) -> Any:
    return client.post(reverse("admin-import-run", args=[batch.pk]), how)


def text_of(answer: Any) -> str:
    return re.sub(r"\s+", " ", answer.content.decode())


def state_of(batch: ImportBatch) -> str:
    batch.refresh_from_db()
    return str(batch.state)


# ---------------------------------------------------------------- look, carry out, take back


def test_a_preview_shows_what_would_come_and_writes_none_of_it(admin: Client, stage: Stage) -> None:
    before = Area.objects.count()
    batch = looked_at(admin, "areas", file(AREAS))

    page = text_of(admin.get(reverse("admin-import", args=[batch.pk])))

    assert "预计结果" in page
    assert "1行不能导入" in page
    assert "‘9911030090’有10位，应为4（市）、6（区县）" in page
    assert "只导入正确的行" in page
    assert Area.objects.count() == before
    assert batch.person == Person.objects.get(staff_no="A0001").pk


def test_all_or_nothing_is_refused_and_the_right_rows_are_taken(admin: Client, stage: Stage) -> None:
    batch = looked_at(admin, "areas", file(AREAS))
    answer = run(admin, batch, how="all")
    assert answer.status_code == 422
    assert "1行不能导入" in text_of(answer)
    assert not Area.objects.filter(code="991103009").exists()
    assert run(admin, batch, how="partial").status_code == 302
    assert Area.objects.get(code="991103009").parent == stage.areas["county"]
    assert state_of(batch) == "done"
    assert run(admin, batch, how="partial").status_code == 422
    assert "导入记录" in text_of(admin.get(reverse("admin-imports")))


def test_failed_rows_are_taken_by_whoever_sent_them_and_written_down(admin: Client, stage: Stage) -> None:
    batch = looked_at(admin, "areas", file(AREAS + "99110300X,=cmd|' /C calc'!A0\n"))
    address = reverse("admin-import-failed", args=[batch.pk, "areas"])

    page = load_workbook(io.BytesIO(admin.get(address).content)).worksheets[0]

    rows = [[cell.value for cell in row] for row in page.iter_rows()]
    assert rows[2][-1] == "错误原因"
    assert [row[1] for row in rows[3:]] == ["9911030090", "99110300X"]
    assert "有10位" in str(rows[3][-1])
    assert {cell.data_type for row in page.iter_rows(min_row=4) for cell in row} <= {"s", "n", "inlineStr"}
    assert str(rows[4][2]).startswith("'=cmd")
    assert JournalLine.objects.filter(kind="import", verb="failed-rows-taken").count() == 1

    other = officer(stage, "A0002")
    assert other.get(address).status_code == 404
    shown = text_of(other.get(reverse("admin-import", args=[batch.pk])))
    assert "9911030090" not in shown
    assert "只有导入的人能看" in shown
    assert admin.get(reverse("admin-import-failed", args=[batch.pk, "list"])).status_code == 404


def test_the_same_file_is_recognised_and_taken_when_ticked(admin: Client) -> None:
    good = "编码,名称\n991103009,滨河街道\n"
    run(admin, looked_at(admin, "areas", file(good)), how="all")
    batch = looked_at(admin, "areas", file(good, "另一个名字.csv"))
    assert "这个文件以前导入过" in text_of(admin.get(reverse("admin-import", args=[batch.pk])))
    answer = run(admin, batch, how="all")
    assert answer.status_code == 422
    assert "导入过" in text_of(answer)
    assert run(admin, batch, how="all", again="1").status_code == 302
    assert state_of(batch) == "done"


def test_an_import_is_taken_back_unless_something_was_built_on_it(admin: Client) -> None:
    batch = looked_at(admin, "areas", file("编码,名称\n991103009,滨河街道\n"))
    undo = reverse("admin-import-undo", args=[batch.pk])
    assert admin.post(undo).status_code == 422  # not carried out yet
    run(admin, batch, how="all")
    later = looked_at(admin, "areas", file("编码,名称\n991103009001,河东社区\n"))
    run(admin, later, how="all")
    answer = admin.post(undo)
    assert answer.status_code in (409, 422)
    assert "导入的内容已在使用：区域（1），如河东社区" in text_of(answer)
    assert admin.post(reverse("admin-import-undo", args=[later.pk])).status_code == 302
    assert admin.post(undo).status_code == 302
    assert not Area.objects.filter(code__startswith="991103009").exists()
    assert "已撤回" in text_of(admin.get(reverse("admin-import", args=[batch.pk])))
    assert admin.post(undo).status_code == 422


def test_activation_codes_are_shown_once_and_work(admin: Client) -> None:
    table = "工号,姓名,岗位,岗位区划编码\nG900,陈立冬,网格员," + GRID + "\n"
    batch = looked_at(admin, "people", file(table, "人员.csv"), open_accounts="on")
    answer = run(admin, batch, how="all")
    assert answer.status_code == 200
    assert answer["Cache-Control"] == "no-store"
    shown = text_of(answer)
    assert "激活码只显示这一次" in shown
    (code,) = re.findall(r'<td class="mono bold">([^<]+)</td>', shown)
    assert code not in text_of(admin.get(reverse("admin-import", args=[batch.pk])))
    accounts.activate("G900", code, "Wege-und-Faden-7")
    assert Account.objects.get(login="G900").person == Person.objects.get(staff_no="G900").pk


# ---------------------------------------------------------------- every kind has its form


def test_every_kind_is_offered_with_blank_sheets_that_explain_themselves(admin: Client) -> None:
    page = text_of(admin.get(reverse("admin-imports")))
    addresses = re.findall(r'href="([^"]*/imports/blank/[^"]+)"', page)
    assert len(addresses) == len(set(addresses)) >= 11
    for address in addresses:
        book = load_workbook(io.BytesIO(admin.get(address).content))
        assert "填写说明" in book.sheetnames, address
    for kind in ("areas", "borders", "people", "links", "classes", "catalogue"):
        assert reverse("admin-import-send", args=[kind]) in page
        assert admin.get(reverse("admin-import-send", args=[kind])).status_code == 200
    for kind, form in (("cases", "cases"), ("areas", "staff"), ("x", "y"), ("borders", "borders")):
        expected = 200 if (kind, form) == ("borders", "borders") else 404
        assert admin.get(reverse("admin-import-blank", args=[kind, form])).status_code == expected
    assert send(admin, "cases", file("x")).status_code == 404


def test_the_reference_page_names_every_column_and_its_mapping_file_is_right(stage: Stage) -> None:
    page = (TOP / "docs/importing.md").read_text("utf-8")
    named = set(re.split(r"[\s|*`]+", page))
    forms = [
        columns
        for kind in batches.KINDS.values()
        for name, columns in kind.forms.items()
        if name != "borders"
    ]
    assert [column.label() for columns in forms for column in columns if column.label() not in named] == []
    assert [f"`{kind}`" for kind in batches.KINDS if f"`{kind}`" not in page] == []
    CaseClass.objects.create(list="theirs", code="01", zh="市容", en="Streets", order=1)
    library.forget()
    (example,) = re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)
    assert case_map.read(example).procedure == "grid_event"


def test_borders_say_their_coordinate_system(admin: Client, stage: Stage) -> None:
    ring = [[117.1, 33.1], [117.15, 33.1], [117.15, 33.15], [117.1, 33.15], [117.1, 33.1]]
    shape = {
        "type": "FeatureCollection",
        "features": [
            {
                "type": "Feature",
                "properties": {"adcode": GRID, "name": "第三网格"},
                "geometry": {"type": "Polygon", "coordinates": [ring]},
            }
        ],
    }
    drawn = json.dumps(shape)
    assert send(admin, "borders", file(drawn, "边界.geojson")).status_code == 422  # which system, nobody said
    batch = looked_at(admin, "borders", file(drawn, "边界.geojson"), source="gcj02")
    assert run(admin, batch, how="all").status_code == 302
    grid = Area.objects.get(code=GRID)
    assert grid.border_source == "gcj02"
    swapped = json.loads(drawn)
    swapped["features"][0]["geometry"]["coordinates"] = [[[y, x] for x, y in ring]]
    absurd = json.loads(drawn)
    absurd["features"][0]["geometry"]["coordinates"] = [[[x * 1e6, y] for x, y in ring]]
    for wrong, says in ((swapped, "坐标(33.1, 117.1)超出范围"), (absurd, "坐标(117100000.0, 33.1)超出范围")):
        batch = looked_at(admin, "borders", file(json.dumps(wrong), "边界.geojson"), source="cgcs2000")
        page = text_of(admin.get(reverse("admin-import", args=[batch.pk])))
        assert "1行不能导入" in page
        assert says in page
        assert run(admin, batch, how="all").status_code == 422
    grid.refresh_from_db()
    assert grid.border_source == "gcj02"


def test_links_classes_and_catalogue_rows_come_by_their_forms(admin: Client, stage: Stage) -> None:
    links = looked_at(admin, "links", file(f"单位编码,网格编码,原因\nYH-CG,{GRID},\n", "关联.csv"))
    over = file(f"旧网格编码,网格编码,名称,类型,原因\nCG-1,{GRID},城管一片,部门网格,\n", "专网.csv")
    mapped = looked_at(admin, "links", over)
    classes = looked_at(admin, "classes", file("类别编码,类别名称\n01,市容\n", "类别.csv"), list="tried")
    table = file("类别编码,区划编码,承办单位编码\n0405,991103001,YH-CG\n", "目录.csv")
    rows = looked_at(admin, "catalogue", table, list="social_governance")
    for batch in (links, mapped, classes, rows):
        assert run(admin, batch, how="all").status_code == 302
    assert OrganisationArea.objects.filter(organisation__code="YH-CG", area__code=GRID).exists()
    assert AreaMapping.objects.get(overlay__code="CG-1").base.code == GRID
    assert CaseClass.objects.get(list="tried").zh == "市容"
    assert CatalogueRow.objects.filter(area=stage.areas["street"], class_code="0405").exists()
    assert send(admin, "classes", file("x"), list="Not A Name").status_code == 422


# ---------------------------------------------------------------- files that are none


def bomb() -> bytes:
    """A workbook of a few kilobytes that would unpack to a gigabyte."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", "<workbook/>")
        archive.writestr("xl/worksheets/sheet1.xml", b"0" * (64 * 1024 * 1024))
    return out.getvalue()


#: how to make it, its name, and what is said of it
HOSTILE = {
    "a bomb": (bomb, "区域.xlsx", "压缩比异常"),
    "a page": (
        lambda: b"<html><table><tr><td>991103009</td></tr></table></html>",
        "区域.xlsx",
        "内容是网页（HTML）",
    ),
    "cut off": (
        lambda: workbook(["编码", "名称"], ["991103009", "街道"])[:-400],
        "区域.xlsx",
        "不完整或已损坏",
    ),
    "a picture": (lambda: b"\x89PNG\r\n\x1a\n" + b"0" * 100, "区域.csv", "是图片，不是表格"),
    "a NUL": (lambda: "编码,名称\n991103009,街\0道\n".encode(), "区域.csv", "第2行有空字符"),
    "nothing": (lambda: b"", "区域.csv", "空文件"),
    "blanks": (lambda: b" \n \n", "区域.csv", "文件是空的"),
    "a megabyte in a cell": (
        lambda: f"编码,名称\n991103009,{'长' * 1_048_576}\n".encode(),
        "区域.csv",
        "第2行有一个单元格的内容太长",
    ),
    "a quote left open": (
        lambda: '编码,名称\n991103009,"街道\n'.encode(),
        "区域.csv",
        "从第2行开始的引号没有结束",
    ),
    "no header": (lambda: b"1,2\n3,4\n", "区域.csv", "没有找到表头"),
    "half a sign": (
        lambda: "编码,名称\n991103009,街道".encode()[:-1] + b"\xff\xff",
        "区域.csv",
        "第2行的文字编码看不懂",
    ),
    "a name with a path": (lambda: b"<html>", "../../区域.xlsx", "文件名是“区域.xlsx”"),
}


@pytest.mark.parametrize("what", HOSTILE)
def test_a_file_that_is_none_is_answered_at_its_field_and_kept_nowhere(
    admin: Client, tmp_path: Path, what: str
) -> None:
    make, name, _ = HOSTILE[what]
    before = Area.objects.count()
    answer = send(admin, "areas", file(make(), name))
    assert answer.status_code == 422, what
    (says,) = answer.context["form"].errors["file"]
    assert HOSTILE[what][2] in says
    assert Area.objects.count() == before
    assert not ImportBatch.objects.exists()
    assert not [path for path in (tmp_path / "files").rglob("*") if path.is_file()]


def test_the_command_takes_a_map_of_areas_as_their_borders(stage: Stage, tmp_path: Path) -> None:
    drawn = {
        "type": "Feature",
        "properties": {"code": GRID},
        "geometry": {
            "type": "Polygon",
            "coordinates": [[[117, 33], [117.05, 33], [117.05, 33.04], [117, 33.04], [117, 33]]],
        },
    }
    path, out = tmp_path / "边界.geojson", io.StringIO()
    path.write_text(json.dumps({"type": "FeatureCollection", "features": [drawn]}))
    call_command("import", "areas", str(path), "--source", "wgs84", stdout=out)
    assert "边界：新建0，修改1" in out.getvalue()
    assert Area.objects.get(code=GRID).border_source == "wgs84"
    with pytest.raises(CommandError, match="JSON数据（区域边界请用“边界”导入）"):
        call_command("import", "people", str(path), stdout=out)


def test_the_command_says_what_can_be_done_next(stage: Stage, tmp_path: Path, settings: Settings) -> None:
    settings.CITY = replace(settings.CITY, home=tmp_path)
    path, out = tmp_path / "区域.csv", io.StringIO()
    path.write_text(AREAS, "utf-8")
    call_command("import", "areas", str(path), "--preview", stdout=out)
    assert out.getvalue().endswith(
        "照现在这样，一行也不会导入：要么全部导入，要么都不导入。\n"
        "只导入正确的行：--partial；把其余的行连同原因写入文件：--failed FILE.xlsx\n"
    )
    partial = io.StringIO()
    call_command("import", "areas", str(path), "--preview", "--partial", stdout=partial)
    assert "一行也不会导入" not in partial.getvalue()
    with pytest.raises(CommandError, match="--partial"):
        call_command("import", "areas", str(path), stdout=out)
    assert not ImportBatch.objects.exists()

    call_command("import", "areas", str(path), "--partial", stdout=out)
    assert f"--city {settings.CITY.home}/ import areas --undo " in out.getvalue()
    with pytest.raises(CommandError, match="仍要再导入一次：--again"):
        call_command("import", "areas", str(path), "--partial", stdout=out)
    with pytest.raises(CommandError, match=rf"^{tmp_path}/none\.csv：找不到文件"):
        call_command("import", "areas", str(tmp_path / "none.csv"), stdout=out)


@pytest.mark.parametrize(
    "text",
    ["{}", "[]", "{", '{"type":"FeatureCollection","features":{}}', "null", "[" * 100_000, "编码,名称"],
)
def test_what_is_no_geojson_is_answered(admin: Client, text: str) -> None:
    answer = send(admin, "borders", file(text, "边界.geojson"), source="wgs84")
    assert answer.status_code == 422
    assert list(answer.context["form"].errors) == ["file"]
    assert "未提交" not in str(answer.context["form"].errors)
    assert not ImportBatch.objects.exists()


def test_a_file_too_large_is_not_read(admin: Client) -> None:
    answer = send(admin, "areas", file(b"1" * (Limits().bytes + 1)))
    assert answer.status_code == 422
    assert "30" in str(answer.context["form"].errors["file"])


def test_text_that_looks_like_a_page_or_a_formula_stays_text(admin: Client) -> None:
    rows = "编码,名称\n991103009,<script>alert(1)</script>\n991103010,=1+1\n99110X,<img src=x>\n"
    batch = looked_at(admin, "areas", file(rows))
    page = admin.get(reverse("admin-import", args=[batch.pk])).content.decode()
    assert "<img src=x>" not in page
    assert "<script>alert" not in page
    run(admin, batch, how="partial")
    assert Area.objects.get(code="991103010").name == "=1+1"
    address = reverse("admin-area", args=[Area.objects.get(code="991103009").pk])
    assert "<script>alert" not in admin.get(address).content.decode()


def test_a_code_of_another_import_is_nobodys(admin: Client) -> None:
    missing = "0192f0c1-0000-7000-8000-000000000000"
    for name, method in (
        ("admin-import", "get"),
        ("admin-import-run", "post"),
        ("admin-import-undo", "post"),
    ):
        assert getattr(admin, method)(reverse(name, args=[missing])).status_code == 404
    assert batches.KINDS.keys() >= {"areas", "borders", "people", "links", "classes", "catalogue", "cases"}
    assert Organisation.objects.exists()
