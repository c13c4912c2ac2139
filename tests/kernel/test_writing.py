"""Writing tables: the page offices expect, formulas disarmed, and the same values when read back."""

from __future__ import annotations

import io
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl.worksheet.worksheet import Worksheet

from jingwei.kernel.tables.cells import tidy
from jingwei.kernel.tables.reading import Column, Row, TableError, read_table, reasons_by_line
from jingwei.kernel.tables.writing import disarm, template, write_table

KINDS = {"community": ("社区", "Community"), "village": ("村", "Village")}
COLUMNS = (
    Column("name", ("姓名", "Name"), required=True),
    Column("note", ("说明文字", "Note")),
    Column("grid", ("网格编码", "Grid code"), "code", width=15),
    Column("phone", ("手机号", "Phone"), "phone"),
    Column("people", ("人数", "People"), "integer"),
    Column("share", ("比例", "Share"), "number"),
    Column("day", ("登记日期", "Date"), "date"),
    Column("from_", ("上班", "From"), "time"),
    Column("at", ("受理时间", "Received"), "moment"),
    Column("on_duty", ("在岗", "On duty"), "boolean"),
    Column("kind", ("类型", "Kind"), "choice", choices=KINDS),
)
ZHANG: dict[str, object] = {
    "name": "张三",
    "note": "第一行\n第二行，（有标点）",
    "grid": "037010200100100",
    "phone": "13912345678",
    "people": 3,
    "share": Decimal("0.125"),
    "day": date(2026, 3, 4),
    "from_": time(8, 30),
    "at": datetime(2026, 3, 4, 8, 30, 15),  # noqa: DTZ001
    "on_duty": True,
    "kind": "village",
}


def opened(data: bytes, name: str | None = None) -> Worksheet:
    book = openpyxl.load_workbook(io.BytesIO(data))
    sheet = book[name] if name else book.worksheets[0]
    assert isinstance(sheet, Worksheet)
    return sheet


def read(data: bytes) -> list[Row]:
    table = read_table(data, filename="表.xlsx", columns=COLUMNS)
    assert table.problems == []
    assert table.ignored == ()
    return table.rows


def a_table(**more: Any) -> bytes:
    rows = [Row(7, ZHANG), Row(9, {"name": "李四"})]
    return write_table(rows, COLUMNS, title="网格员登记表", **more)


def test_the_page_is_as_offices_keep_it() -> None:
    sheet = opened(a_table(organisation="历下区", day=date(2026, 11, 1), unit="人"))
    assert sheet["A1"].value == "网格员登记表"
    assert [str(span) for span in sheet.merged_cells.ranges] == ["A1:L1"]
    second = " ".join(str(cell.value) for cell in sheet[2] if cell.value)
    assert second == "填报单位：历下区 日期：2026-11-01 单位：人"
    assert [cell.value for cell in sheet[3]] == ["序号", *(column.labels[0] for column in COLUMNS)]
    assert [sheet["A4"].value, sheet["A5"].value] == [1, 2]
    assert (sheet.page_setup.orientation, str(sheet.page_setup.paperSize)) == ("landscape", "9")
    assert sheet.print_title_rows == "$3:$3"
    footer: Any = sheet.oddFooter
    assert footer.center.text == "第 &P 页 / 共 &N 页"
    assert sheet.freeze_panes == "A4"
    assert (sheet["D4"].value, sheet["D4"].number_format) == ("037010200100100", "@")
    assert (sheet["E4"].value, sheet["E4"].number_format) == ("13912345678", "@")
    assert (sheet["F4"].value, sheet["K4"].value, sheet["L4"].value) == (3, "是", "村")


def test_a_written_table_reads_back_to_the_same_values() -> None:
    zhang, li = read(a_table())
    assert zhang.values == ZHANG
    assert zhang.line == 4
    assert {name: value for name, value in li.values.items() if value is not None} == {"name": "李四"}


def test_an_english_table_reads_back_too() -> None:
    data = a_table(language="en", organisation="Lixia", day=date(2026, 3, 4))
    sheet = opened(data)
    assert [cell.value for cell in sheet[3]][:3] == ["No.", "Name", "Note"]
    assert (sheet["K4"].value, sheet["L4"].value) == ("yes", "Village")
    assert read(data)[0].values == ZHANG


def test_failed_rows_come_back_as_typed_with_the_reason_last() -> None:
    book = openpyxl.Workbook()
    assert isinstance(book.active, Worksheet)
    book.active.append(["姓名", "手机号", "登记日期"])
    book.active.append(["张三", "13912345678", "2026-03-04"])
    book.active.append(["李四", "1391234567", "三月四日"])
    out = io.BytesIO()
    book.save(out)
    columns = tuple(column for column in COLUMNS if column.name in ("name", "phone", "day"))
    table = read_table(out.getvalue(), filename="a.xlsx", columns=columns)
    reasons = reasons_by_line(table.problems)
    failed = [row for row in table.rows if row.line in reasons]
    data = write_table(failed, columns, title="未导入的行", failed=reasons)
    sheet = opened(data)
    assert [cell.value for cell in sheet[3]] == ["序号", "姓名", "手机号", "登记日期", "错误原因"]
    assert [cell.value for cell in sheet[4]][1:4] == ["李四", "1391234567", "三月四日"]
    assert sheet["E4"].value == reasons[3]
    assert "只有10位" in reasons[3]
    again = read_table(data, filename="b.xlsx", columns=columns)
    assert again.ignored == ("错误原因",)
    assert {problem.message_code for problem in again.problems} == {"phone-short", "not-a-date"}


@pytest.mark.parametrize(
    "text",
    [
        "=1+1",
        "+86",
        "-5",
        "@SUM(A1)",
        "\t=1",
        "\r=1",
        '=HYPERLINK("http://x")',
        "＝1+1",
        "－5",
        "'=1",
        "''=1",
    ],
)
def test_no_text_starts_a_formula(text: str) -> None:
    assert disarm(text) == "'" + text
    rows = [Row(1, {"name": text, "note": text, "grid": None}, {"grid": text})]
    sheet = opened(write_table(rows, COLUMNS, title=text, organisation=text, failed={1: text}))
    texts = [cell for row in sheet.iter_rows() for cell in row if isinstance(cell.value, str)]
    assert len(texts) > 5
    for cell in texts:
        assert cell.data_type != "f"
        assert not str(cell.value).startswith(("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠"))
    assert tidy(disarm(text)) == text.replace("\r", "\n").strip()


@pytest.mark.parametrize(
    "text", ["5-3", "a=b", "'quoted'", "it's", "#N/A", "TRUE", "1E5", "_x000D_", "<&>\"'", "😀"]
)
def test_harmless_text_stays_as_it_is(text: str) -> None:
    assert disarm(text) == text
    (row,) = read(write_table([Row(1, {"name": text})], COLUMNS, title="表"))
    assert row.values["name"] == text


def test_text_that_no_workbook_can_hold_is_mended() -> None:
    odd = "a\x00b\x1fc\ud800d\ufffee"
    (row,) = read(write_table([Row(1, {"name": odd, "note": "长" * 40_000})], COLUMNS, title=odd))
    assert row.values["name"] == "abc?de"
    note = str(row.values["note"])
    assert (len(note), note.endswith("（太长，已截断）")) == (32_767, True)


def test_numbers_and_days_that_excel_would_bend_are_kept_as_text() -> None:
    big, old = 123_456_789_012_345_678, date(1900, 1, 5)
    exact = Decimal("1234567890.1234567890")
    (row,) = read(
        write_table(
            [Row(1, {"name": "张三", "people": big, "share": exact, "day": old})], COLUMNS, title="表"
        )
    )
    assert (row.values["people"], row.values["share"], row.values["day"]) == (big, exact, old)


def test_titles_become_names_of_sheets_without_forbidden_signs() -> None:
    assert opened(write_table([], COLUMNS, title="a/b:c[d]*?\\" + "长" * 40)).title == "a b c d " + "长" * 23
    assert opened(write_table([], COLUMNS, title="'/'")).title == "Sheet1"


def test_more_rows_than_a_sheet_has_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("jingwei.kernel.tables.writing.MOST_ROWS", 2)
    with pytest.raises(TableError) as no:
        write_table([Row(i, {}) for i in range(3)], COLUMNS, title="表")
    assert no.value.code == "too-many-rows"


# ---------------------------------------------------------------- templates


def test_a_template_explains_itself() -> None:
    data = template(
        COLUMNS, title="网格员登记表", notes=["一人一行。"], version="2026-11", examples={"name": "张三"}
    )
    book = openpyxl.load_workbook(io.BytesIO(data))
    assert [sheet.title for sheet in book.worksheets] == ["网格员登记表", "填写说明", "选项"]
    assert book["选项"].sheet_state == "hidden"
    assert (book["选项"]["A1"].value, book["选项"]["B1"].value) == ("version", "2026-11")
    sheet = opened(data)
    assert [cell.value for cell in sheet[3]][:3] == ["序号", "姓名*", "说明文字"]
    assert [cell.value for cell in sheet[4]][:2] == ["例", "张三"]
    assert sheet.column_dimensions["D"].number_format == "@"
    offered = {str(one.sqref).split(":")[0]: one.formula1 for one in sheet.data_validations.dataValidation}
    assert offered == {"K4": "'选项'!$K$2:$K$3", "L4": "'选项'!$L$2:$L$3"}
    assert [book["选项"][place].value for place in ("K2", "K3", "L2", "L3")] == ["是", "否", "社区", "村"]
    how = opened(data, "填写说明")
    lines = [[cell.value for cell in row] for row in how.iter_rows()]
    assert lines[0] == ["列", "必填", "怎么填", "例"]
    assert lines[1][:3] == ["姓名", "是", "文字"]
    assert lines[3] == ["网格编码", "否", "编码，按文本填写，前面的0要保留，15位", "0" * 14 + "1"]
    assert "社区、村" in str(lines[11][2])
    assert lines[12][0] == "一人一行。"


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_a_filled_in_template_is_read_without_its_example(language: str) -> None:
    book = openpyxl.load_workbook(io.BytesIO(template(COLUMNS, title="登记表", language=language)))
    sheet = book.worksheets[0]
    sheet.append([1, "李四", None, "037010200100100", "13912345678", 3, 0.5, date(2026, 3, 4)])
    out = io.BytesIO()
    book.save(out)
    table = read_table(out.getvalue(), filename="a.xlsx", columns=COLUMNS)
    assert (table.problems, table.left_out) == ([], {4: "example"})
    assert [row.values["name"] for row in table.rows] == ["李四"]
    assert table.rows[0].values["grid"] == "037010200100100"


def test_the_example_of_a_template_would_itself_be_accepted() -> None:
    examples = {"name": "张三"}
    book = openpyxl.load_workbook(io.BytesIO(template(COLUMNS, title="登记表", examples=examples)))
    book.worksheets[0]["A4"] = 1
    out = io.BytesIO()
    book.save(out)
    (row,) = read(out.getvalue())
    assert {name for name, value in row.values.items() if value is None} == {"note"}


# ---------------------------------------------------------------- round trip

WORDS = st.text(max_size=40).map(
    lambda text: tidy(disarm("".join(c for c in text if c not in "\ufffe\uffff")))
)
DAYS = st.dates(date(1900, 1, 1), date(2099, 12, 31))
ROWS = st.fixed_dictionaries(
    {
        "name": WORDS.filter(bool),
        "note": WORDS.map(lambda text: text or None),
        "grid": st.none() | st.from_regex(r"[0-9]{15}", fullmatch=True),
        "phone": st.none() | st.from_regex(r"1[3-9][0-9]{9}", fullmatch=True),
        "people": st.none() | st.integers(-(10**18), 10**18),
        "share": st.none()
        | st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**9), max_value=10**9, places=4),
        "day": st.none() | DAYS,
        "from_": st.none() | st.times().map(lambda t: t.replace(microsecond=0)),
        "at": st.none()
        | st.datetimes(datetime(1902, 1, 1), datetime(2099, 12, 31)).map(lambda t: t.replace(microsecond=0)),  # noqa: DTZ001
        "on_duty": st.none() | st.booleans(),
        "kind": st.none() | st.sampled_from(sorted(KINDS)),
    }
)


@given(st.lists(ROWS, min_size=1, max_size=6), st.sampled_from(["zh-hans", "en"]))
@settings(max_examples=60, deadline=None)
def test_whatever_is_written_reads_back(rows: list[dict[str, object]], language: str) -> None:
    data = write_table(
        [Row(line, values) for line, values in enumerate(rows, start=1)],
        COLUMNS,
        title="表",
        language=language,
    )
    assert [row.values for row in read(data)] == rows
