"""Reading tables as people really send them, and refusing what must not be opened."""

from __future__ import annotations

import io
import os
import struct
import zipfile
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from datetime import time as time_of_day
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jingwei.kernel.tables import problems as said
from jingwei.kernel.tables.cells import Unreadable, read_cell, reading_of, tidy, word
from jingwei.kernel.tables.reading import (
    Column,
    Limits,
    Problem,
    Table,
    TableError,
    explain,
    read_table,
    reasons_by_line,
)

NAME = Column("name", ("姓名", "Name"), required=True)
PHONE = Column("phone", ("手机号", "手机", "联系电话", "Phone"), "phone")
GRID = Column("grid", ("网格编码", "Grid code"), "code", width=15)
COLUMNS = (
    NAME,
    PHONE,
    GRID,
    Column("people", ("人数", "People"), "integer"),
    Column("day", ("登记日期", "Date"), "date"),
    Column("on_duty", ("在岗", "On duty"), "boolean"),
)
TWO = (NAME, PHONE)


def a_workbook(*sheets: tuple[str, Iterable[Sequence[Any]], Iterable[str]]) -> bytes:
    """An .xlsx with these sheets: name, rows, merged ranges."""
    book = openpyxl.Workbook()
    assert book.active is not None
    book.remove(book.active)
    for name, rows, merged in sheets:
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(list(row))
        for span in merged:
            sheet.merge_cells(span)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def one_sheet(*rows: Sequence[Any], merged: Iterable[str] = ()) -> bytes:
    return a_workbook(("表1", rows, merged))


def read(data: bytes, columns: Sequence[Column] = COLUMNS, filename: str = "表.xlsx", **more: Any) -> Table:
    return read_table(data, filename=filename, columns=columns, **more)


def read_csv(text: str, columns: Sequence[Column] = TWO, encoding: str = "utf-8", **more: Any) -> Table:
    return read(text.encode(encoding), columns, "表.csv", **more)


def refused(
    data: bytes, columns: Sequence[Column] = TWO, filename: str = "表.xlsx", **more: Any
) -> TableError:
    with pytest.raises(TableError) as no:
        read(data, columns, filename, **more)
    chinese, english = no.value.explain("zh-hans"), no.value.explain("en")
    assert chinese != english
    assert "{" not in chinese + english
    assert str(no.value) == f"{chinese} / {english}"
    return no.value


# ---------------------------------------------------------------- a whole table


def test_a_table_with_every_habit_reads_as_meant() -> None:
    data = one_sheet(
        ["网格员登记表"],
        ["填报单位：历下区", None, None, "填报人：王五", None, None, "日期：2026.3.4"],
        ["序号", "姓名", "聯繫方式", None, "網格編碼", "人數", "登记日期", "在崗", "备注"],
        [None, None, "手机", "座机"],
        [1, "张　三", 13912345678, None, 370102001001001, "３人", "2026.3.4", "√", "新来，请多关照"],
        [None, " 　 "],
        [2, "李四", "１３９　１２３４　５６７９", None, "370102001001002", 12, 46085, "否", None],
        [3, "王五", "139-1234-5670", None, " 370102001001003 ", "1,234", "3月4日", "Ｙ", None],
        [],
        [4],
        ["合计", None, None, None, None, 1249],
        ["备注：本表一式两份"],
        merged=["A1:I1", "C3:D3", *(f"{c}3:{c}4" for c in "ABEFGHI"), "A12:I12"],
    )  # fmt: skip
    table = read(data, default_year=2026)
    assert table.problems == []
    assert table.header_line == 4
    assert table.sheet == "表1"
    assert table.ignored == ("聯繫方式/座机", "备注")
    assert table.left_out == {11: "total", 12: "note"}
    assert [row.line for row in table.rows] == [5, 7, 8]
    assert table.rows[0].values == {
        "name": "张 三",
        "phone": "13912345678",
        "grid": "370102001001001",
        "people": 3,
        "day": date(2026, 3, 4),
        "on_duty": True,
    }
    assert table.rows[1].values["phone"] == "13912345679"
    assert table.rows[1].values["day"] == date(2026, 3, 4)
    assert table.rows[1].values["on_duty"] is False
    assert table.rows[2].values == {
        "name": "王五",
        "phone": "13912345670",
        "grid": "370102001001003",
        "people": 1234,
        "day": date(2026, 3, 4),
        "on_duty": True,
    }
    assert table.rows[0].raw["people"] == "３人"
    assert table.rows[1].raw["day"] == "46085"


def test_a_problem_says_line_column_and_what_would_be_right() -> None:
    good: list[list[Any]] = [["张三", "13912345678"]] * 10
    rows = [["姓名", "手机号"], *good, ["李四", 1391234567], [None, "13912345678"]]
    table = read(one_sheet(*rows), TWO)
    short, missing = table.problems
    assert explain(short) == "第12行 手机号：‘1391234567’只有10位，应为11位"
    assert explain(short, "en") == "Line 12, 手机号: ‘1391234567’ has only 10 digits, it should have 11"
    assert explain(missing) == "第13行 姓名：必填，这里是空的"
    assert table.bad_lines == {12, 13}
    assert table.rows[10].values == {"name": "李四", "phone": None}
    assert table.rows[10].raw["phone"] == "1391234567"
    assert reasons_by_line(table.problems)[13] == "第13行 姓名：必填，这里是空的"


def test_three_levels_of_header_join_with_a_slash() -> None:
    columns = (
        Column("unit", ("单位",)),
        Column("month_in", ("本月/受理/件数",), "integer"),
        Column("month_out", ("本月/办结/件数",), "integer"),
        Column("year_in", ("累计/受理/件数",), "integer"),
    )
    data = one_sheet(
        ["办理情况月报"],
        ["单位", "本月", None, "累计", None],
        [None, "受理", "办结", "受理", "办结"],
        [None, "件数", "件数", "件数", "件数"],
        ["历下区", 1, 2, 3, 4],
        merged=["A1:E1", "A2:A4", "B2:C2", "D2:E2"],
    )
    table = read(data, columns)
    assert table.header_line == 4
    assert table.rows[0].values == {"unit": "历下区", "month_in": 1, "month_out": 2, "year_in": 3}
    assert table.ignored == ("累计/办结/件数",)


def test_a_lower_level_that_nobody_asked_for_is_no_record() -> None:
    unmerged = one_sheet(
        ["姓名", "手机号", "地址", None],
        [None, None, "街道", "社区"],
        ["张三", "13912345678", "甸柳", "一社区"],
        merged=["C1:D1"],
    )
    merged = one_sheet(
        ["姓名", "手机号", "地址", None],
        [None, None, "街道", "社区"],
        ["张三", "13912345678", "甸柳", "一社区"],
        merged=["C1:D1", "A1:A2", "B1:B2"],
    )
    for data in (unmerged, merged):
        table = read(data, TWO)
        assert (table.header_line, [row.line for row in table.rows]) == (2, [3])
        assert table.ignored == ("地址/街道", "地址/社区")


def test_cells_merged_downwards_count_for_every_row() -> None:
    columns = (Column("street", ("街道",), required=True), Column("name", ("社区",), required=True))
    data = one_sheet(
        ["街道", "社区"],
        ["甸柳", "一社区"],
        [None, "二社区"],
        [None, "三社区"],
        ["建新", "四社区"],
        [None, None],
        merged=["A2:A4", "A5:A6"],
    )
    table = read(data, columns)
    assert [tuple(row.values.values()) for row in table.rows] == [
        ("甸柳", "一社区"),
        ("甸柳", "二社区"),
        ("甸柳", "三社区"),
        ("建新", "四社区"),
    ]
    assert table.problems == []


def test_subtotals_repeated_headers_and_signatures_are_no_records() -> None:
    table = read(
        one_sheet(
            ["姓名", "手机号", "街道"],
            ["张三", "13912345678", "甸柳"],
            ["小 计", None, 1],
            ["姓名", "手机号", "街道"],
            ["李四", "13912345678", "建新"],
            ["总计（人）", None, 2],
            ["填报人：王五", "审核人：赵六", None],
        ),
        TWO,
    )
    assert [row.values["name"] for row in table.rows] == ["张三", "李四"]
    assert table.left_out == {3: "total", 4: "header", 6: "total", 7: "note"}


def test_a_numbered_row_is_a_record_even_when_it_is_called_total() -> None:
    table = read(one_sheet(["序号", "姓名", "手机号"], [1, "合计", "13912345678"], ["合计", None, 1]), TWO)
    assert [row.values["name"] for row in table.rows] == ["合计"]
    assert table.left_out == {3: "total"}


def test_a_note_in_the_middle_of_a_table_stays_a_row() -> None:
    table = read(one_sheet(["姓名", "手机号"], ["说明", None], ["李四", "13912345678"]), TWO)
    assert [row.values["name"] for row in table.rows] == ["说明", "李四"]
    assert table.left_out == {}


def test_the_sheet_whose_header_fits_is_read_and_its_twin_is_told() -> None:
    data = a_workbook(
        ("填写说明", [["姓名", "手机号"], ["怎么填", "怎么填"]], []),
        ("历下", [["姓名", "手机号"], ["张三", "13912345678"]], []),
        ("市中", [["姓名", "手机号"], ["李四", "13912345678"]], []),
        ("别的", [["编号", "名称"], [1, 2]], []),
    )
    table = read(data, TWO)
    assert (table.sheet, table.rows[0].values["name"]) == ("历下", "张三")
    (problem,) = table.problems
    assert (problem.message_code, problem.is_warning, table.bad_lines) == ("other-sheet", True, set())
    assert "市中" in explain(problem)
    assert read(data, TWO, sheet="市中").rows[0].values["name"] == "李四"
    assert refused(data, sheet="没有").code == "no-sheet"


def test_hidden_sheets_are_not_read() -> None:
    book = openpyxl.load_workbook(
        io.BytesIO(
            a_workbook(
                ("藏", [["姓名", "手机号"], ["张三", "1"]], []),
                ("露", [["姓名", "手机号"], ["李四", ""]], []),
            )
        )
    )
    book["藏"].sheet_state = "hidden"
    book.active = 1
    out = io.BytesIO()
    book.save(out)
    table = read(out.getvalue(), TWO)
    assert (table.sheet, len(table.rows), table.problems) == ("露", 1, [])


def test_a_table_may_start_anywhere_on_the_sheet() -> None:
    data = one_sheet([], [], [None, None, "姓名", "手机号"], [None, None, "张三", 13912345678])
    table = read(data, TWO)
    assert (table.header_line, table.rows[0].line, table.rows[0].values["name"]) == (3, 4, "张三")


# ---------------------------------------------------------------- the header


def test_missing_double_and_unknown_columns_are_told() -> None:
    columns = (*TWO, Column("post", ("岗位", "职务"), required=True))
    table = read(one_sheet(["姓名", "手机号", "爱好", "手机"], ["张三", "13912345678", "棋", ""]), columns)
    codes = {problem.message_code: problem for problem in table.problems}
    assert set(codes) == {"column-missing", "column-twice"}
    assert explain(codes["column-missing"]) == "第1行 岗位：缺少必需的列，表头里应有“岗位、职务”"
    assert "B、D" in explain(codes["column-twice"])
    assert table.rows[0].values == {"name": "张三", "phone": "13912345678", "post": None}
    assert table.ignored == ("爱好", "手机")


@pytest.mark.parametrize(
    "header",
    [
        ["姓　名", "手机号（11位）"],
        ["*姓名", "手机号*"],
        ["姓名：", "联系电话(必填)"],
        ["NAME", " phone "],
        ["姓\n名", "手機號"],
        ["姓名【必填】", "聯繫電話"],
    ],
)
def test_headers_are_recognised_as_people_write_them(header: list[str]) -> None:
    table = read(one_sheet(header, ["张三", "13912345678"]), TWO)
    assert table.rows[0].values == {"name": "张三", "phone": "13912345678"}


def test_no_header_says_what_was_expected() -> None:
    no = refused(one_sheet(["甲", "乙"], [1, 2]))
    assert no.code == "no-header"
    assert "姓名、手机号" in no.explain()


def test_a_header_without_rows_is_an_empty_table() -> None:
    table = read(one_sheet(["姓名", "手机号"]), TWO)
    assert (table.rows, table.problems) == ([], [])


# ---------------------------------------------------------------- one cell


def value(kind: Any, cell: Any, year: int | None = None, header_unit: str = "", **more: Any) -> object:
    column = Column("x", ("列",), kind, **more)
    return read_cell(cell, reading_of(column, default_year=year, unit=header_unit))


def code_of(kind: Any, cell: Any, **more: Any) -> str:
    with pytest.raises(Unreadable) as no:
        value(kind, cell, **more)
    return no.value.code


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        (13912345678.0, "13912345678"),
        ("+86 139 1234 5678", "13912345678"),
        ("8613912345678", "13912345678"),
        ("'13912345678", "13912345678"),
        ("13912345678.0", "13912345678"),
        ("0531-88886666", "0531-88886666"),
        ("（0531）88886666", "0531-88886666"),
        ("053188886666", "0531-88886666"),
        (53188886666.0, "0531-88886666"),
        ("010-88886666转801", "010-88886666-801"),
        ("88886666", "88886666"),
        ("400-800-1234", "4008001234"),
        ("12345", "12345"),
        ("+852 2123 4567", "+85221234567"),
        ("——", None),
        ("无", None),
    ],
)
def test_phones(cell: Any, expected: str | None) -> None:
    assert value("phone", cell) == expected


@pytest.mark.parametrize(
    ("cell", "code"),
    [
        ("1391234567", "phone-short"),
        ("139123456789", "phone-long"),
        ("12012345678", "phone-wrong"),
        ("139****5678", "phone-masked"),
        ("13912345678、13812345678", "phone-several"),
        ("1.39123E+10", "digits-lost"),
        ("张三", "phone-wrong"),
        ("1" * 5000, "text-too-long"),
        (date(2026, 3, 4), "became-date"),
    ],
)
def test_phones_that_cannot_be_called(cell: Any, code: str) -> None:
    assert code_of("phone", cell) == code


@pytest.mark.parametrize(
    ("cell", "width", "expected"),
    [
        (1.0, 3, "001"),
        ("１", 3, "001"),
        ("007", None, "007"),
        ('="00123"', None, "00123"),
        ("'00123", 5, "00123"),
        (370102001001001.0, 15, "370102001001001"),
        ("91370100MA3C4D5E6X", 18, "91370100MA3C4D5E6X"),
        (12.5, None, "12.5"),
        ("3-1-402", None, "3-1-402"),
    ],
)
def test_codes_keep_their_zeros(cell: Any, width: int | None, expected: str) -> None:
    assert value("code", cell, width=width) == expected


def test_codes_that_excel_has_ruined_are_not_guessed() -> None:
    assert code_of("code", 370102198001011234.0) == "digits-lost"
    assert code_of("code", "3.70102E+17") == "digits-lost"
    assert code_of("code", datetime(2026, 3, 1)) == "became-date"  # noqa: DTZ001
    assert code_of("code", "1234", width=3) == "code-length"
    assert code_of("code", "AB", width=3) == "code-length"


@pytest.mark.parametrize(
    "cell",
    [
        *("2026.3.4", "2026-03-04", "2026/3/4", "2026年3月4日", "２０２６．３．４", "20260304", "3月4日"),
        *("2026—3—4", "2026-03-04 08:30", "2026年3月4日（星期三）", "2026 年 3 月 4 号"),
        *(20260304.0, 46085.0, "46085", date(2026, 3, 4), datetime(2026, 3, 4, 8, 30)),  # noqa: DTZ001
    ],
)
def test_days(cell: Any) -> None:
    assert value("date", cell, year=2026) == date(2026, 3, 4)


@pytest.mark.parametrize(
    ("cell", "code"),
    [
        ("2026-02-30", "no-such-day"),
        ("2026.13.1", "no-such-day"),
        ("明天", "not-a-date"),
        (2026.0, "not-a-date"),
        (2026.3, "not-a-date"),
        (3.4, "not-a-date"),
        ("26.3.4", "not-a-date"),
        ("3月4日", "year-missing"),
        (True, "not-a-date"),
        ("0001-01-01", "not-a-date"),
        (1e300, "not-a-date"),
    ],
)
def test_days_that_do_not_exist(cell: Any, code: str) -> None:
    assert code_of("date", cell) == code


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("8:30", time_of_day(8, 30)),
        ("８：３０", time_of_day(8, 30)),
        ("8点半", time_of_day(8, 30)),
        ("下午3时05分", time_of_day(15, 5)),
        ("08:30:15", time_of_day(8, 30, 15)),
        (0.5, time_of_day(12)),
        (time_of_day(7, 1), time_of_day(7, 1)),
        ("3:05 PM", time_of_day(15, 5)),
    ],
)
def test_times(cell: Any, expected: time_of_day) -> None:
    assert value("time", cell) == expected


def test_moments_and_what_is_none() -> None:
    half_past = datetime(2026, 3, 4, 8, 30)  # noqa: DTZ001
    for cell in ("2026-03-04 08:30", "2026年3月4日8点半", "2026-03-04T08:30:00", 46085 + 8.5 / 24, half_past):
        assert value("moment", cell) == half_past
    assert value("moment", "2026-03-04") == datetime(2026, 3, 4)  # noqa: DTZ001
    assert code_of("moment", "08:30") == "not-a-moment"
    assert code_of("moment", "2026-03-04 25:00") == "not-a-time"
    assert code_of("time", "25:00") == "not-a-time"
    assert code_of("time", 1.5) == "not-a-time"


@pytest.mark.parametrize(
    ("cell", "unit", "expected"),
    [
        ("3人", "", "3"),
        ("３．５", "", "3.5"),
        ("1,234.50", "", "1234.50"),
        ("¥1,234", "", "1234"),
        ("-3", "", "-3"),
        ("1.2万", "", "12000"),
        ("1.2万元", "元", "12000"),
        ("3", "万元", "3"),
        ("3万元", "万元", "3"),
        ("0.5亿元", "万元", "5000"),
        ("85%", "", "0.85"),
        ("85%", "%", "85"),
        ("12㎡", "平方米", "12"),
        ("3位", "人", "3"),
        (0.1 + 0.2, "", "0.3"),
        ("1.5E+05", "", "150000"),
    ],
)
def test_numbers_with_their_units(cell: Any, unit: str, expected: str) -> None:
    assert value("number", cell, unit=unit) == Decimal(expected)


@pytest.mark.parametrize(
    "cell",
    ["三", "3-5", "3 4", "1,23", "3年5个月", "12:30", True, "=1+1", "1" * 300, date(2026, 3, 4), "1e5e5"],
)
def test_numbers_that_are_none(cell: Any) -> None:
    assert code_of("number", cell) in ("not-a-number", "text-too-long")


def test_whole_numbers_and_other_units() -> None:
    assert value("integer", 3.0) == 3
    assert value("integer", "1.2万") == 12_000
    assert code_of("integer", 3.5) == "not-an-integer"
    assert code_of("integer", "许多") == "not-an-integer"
    assert code_of("number", "3户", unit="人") == "other-unit"
    assert code_of("number", "5%", unit="元") == "other-unit"


def test_the_unit_in_a_header_gives_the_scale_of_its_column() -> None:
    columns = (NAME, Column("money", ("金额",), "number"))
    table = read_csv("姓名,金额（万元）\n甲,3\n乙,3万元\n丙,5000元\n", columns)
    assert [row.values["money"] for row in table.rows] == [3, 3, Decimal("0.5")]


def test_yes_and_no() -> None:
    for cell in ("是", "√", "✓", "Y", "ｙｅｓ", "1", 1.0, True, "有", "對"):
        assert value("boolean", cell) is True
    for cell in ("否", "×", "x", "N", "0", 0.0, False, "无"):
        assert value("boolean", cell) is False
    assert value("boolean", "　") is None
    assert code_of("boolean", "也许") == "not-a-boolean"


def test_choices_by_any_of_their_words() -> None:
    kinds = {"community": ("社区", "居委会", "Community"), "village": ("村", "Village")}
    for cell in ("社區", " 社 区 ", "community", "COMMUNITY", "居委会"):
        assert value("choice", cell, choices=kinds) == "community"
    assert value("choice", "B", choices=("a", "b")) == "b"
    with pytest.raises(Unreadable) as no:
        value("choice", "镇", choices=kinds)
    assert no.value.params["choices"] == "社区、村"


def test_free_text_keeps_its_punctuation_and_loses_its_dirt() -> None:
    assert tidy("　Ａ栋１２号，①施工（㎡）：好！\u200b\x07") == "A栋12号，①施工（㎡）：好！"
    assert tidy("一\r\n二\r三") == "一\n二\n三"
    assert tidy("'=1+1") == "=1+1"
    assert tidy("'hello'") == "'hello'"
    assert word(" 聯 繫 電 話：") == "联系电话"
    assert code_of("text", "一二三四", width=3) == "text-too-long"


def test_a_column_that_makes_no_sense_is_refused() -> None:
    with pytest.raises(ValueError, match="choice"):
        Column("x", ("列",), "choice")
    with pytest.raises(ValueError, match="label"):
        Column("x", ())


@given(
    st.text(max_size=300),
    st.sampled_from(["code", "phone", "integer", "number", "date", "time", "moment", "boolean"]),
)
@settings(max_examples=400)
def test_any_text_is_a_value_or_a_reason(text: str, kind: str) -> None:
    try:
        value(kind, text, year=2026)
    except Unreadable as no:
        problem = Problem(1, "x", text, no.code, no.params)
        assert explain(problem, "zh-hans")
        assert explain(problem, "en")


def test_every_sentence_fills_in_both_languages() -> None:
    for sentences in (said.CELLS, said.SHAPES, said.FILES):
        for code, (chinese, english) in sentences.items():
            holes = [{part.split("}")[0] for part in text.split("{")[1:]} for text in (chinese, english)]
            assert {hole.removesuffix("_zh") for hole in holes[0]} == {
                hole.removesuffix("_en") for hole in holes[1]
            }, code


# ---------------------------------------------------------------- csv


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "gbk", "utf-16"])
@pytest.mark.parametrize("delimiter", [",", "\t", ";"])
def test_csv_in_every_usual_encoding(encoding: str, delimiter: str) -> None:
    text = "姓名,手机号\r\n张三,13912345678\r\n".replace(",", delimiter)
    table = read_csv(text, encoding=encoding)
    assert table.rows[0].values == {"name": "张三", "phone": "13912345678"}


def test_csv_lines_are_numbered_as_excel_shows_them() -> None:
    table = read_csv('姓名,手机号\n"张\n三",13912345678\n\n李四,139\n')
    assert [row.line for row in table.rows] == [2, 4]
    assert table.rows[0].values["name"] == "张\n三"
    assert table.problems[0].line == 4


def test_csv_with_quotes_where_they_do_not_belong_is_still_read() -> None:
    table = read_csv('姓名,手机号\n"5" 管,13912345678\n乙"乙,13912345678\n')
    assert len(table.rows) == 2
    assert table.rows[1].values["name"] == '乙"乙'


def test_csv_that_is_broken_says_where() -> None:
    good = "姓名,手机号\n张三,13912345678\n"
    assert refused(good.encode()[:-20] + b"\x00\n", filename="a.csv").code == "nul-bytes"
    cut = refused((good + '李四,"139').encode(), filename="a.csv")
    assert (cut.code, cut.params["line"]) == ("quote-open", 3)
    one_bad = (good * 5).encode() + "王".encode()[:2]
    assert refused(one_bad, filename="a.csv").params == {"line": 11}
    surrogate = (good * 5).encode() + b"\xed\xa0\x80,1\n"
    assert refused(surrogate, filename="a.csv").code == "broken-text"
    gbk = (good * 5).encode("gbk") + b"\xff\xff\n"
    no = refused(gbk, filename="a.csv")
    assert (no.code, no.params["line"]) == ("wrong-encoding", 11)


# ---------------------------------------------------------------- .xls


def biff(rows: Iterable[tuple[int, int, Any]], merged: Sequence[tuple[int, int, int, int]] = ()) -> bytes:
    """A minimal BIFF8 workbook stream. A date is written as its serial number in a date format."""

    def record(number: int, body: bytes = b"") -> bytes:
        return struct.pack("<HH", number, len(body)) + body

    def begin(kind: int) -> bytes:
        return record(0x809, struct.pack("<HHHHII", 0x600, kind, 0, 1997, 0, 6))

    def words(text: str, size: str) -> bytes:
        return struct.pack(f"<{size}B", len(text), 1) + text.encode("utf-16-le")

    body = begin(0x10)
    for line, place, cell in rows:
        if isinstance(cell, str):
            body += record(0x204, struct.pack("<HHH", line, place, 0) + words(cell, "H"))
        else:
            serial = (cell - date(1899, 12, 30)).days if isinstance(cell, date) else cell
            body += record(0x203, struct.pack("<HHHd", line, place, isinstance(cell, date), serial))
    body += record(0xE5, struct.pack("<H", len(merged)) + b"".join(struct.pack("<HHHH", *m) for m in merged))
    body += record(0x0A)
    head = begin(5) + record(0x42, struct.pack("<H", 1200))
    head += b"".join(record(0xE0, struct.pack("<HHH", 0, form, 0) + b"\0" * 14) for form in (0, 14))
    name = struct.pack("<BB", 0, 0) + words("表一", "B")
    start = len(head) + len(record(0x85, b"0000" + name)) + 4
    return head + record(0x85, struct.pack("<I", start) + name) + record(0x0A) + body


def compound(stream: bytes, name: str = "Workbook") -> bytes:
    """Wrap one stream as old Office files do: 512-byte sectors, allocation tables, one directory."""
    end, free = 0xFFFFFFFE, 0xFFFFFFFF
    stream = stream.ljust(max(4096, -(-len(stream) // 512) * 512), b"\0")
    sectors = len(stream) // 512
    tables = 1
    while tables * 128 < tables + 1 + sectors:
        tables += 1
    chain = [0xFFFFFFFD] * tables + [end] + [tables + 2 + i for i in range(sectors - 1)] + [end]
    chain += [free] * (tables * 128 - len(chain))

    def entry(label: str, kind: int, child: int, first: int, size: int) -> bytes:
        raw = label.encode("utf-16-le")
        fixed = struct.pack("<HBBIII", len(raw) + 2 if label else 0, kind, 1, free, free, child)
        return raw.ljust(64, b"\0") + fixed + b"\0" * 36 + struct.pack("<IQ", first, size)

    directory = entry("Root Entry", 5, 1, end, 0) + entry(name, 2, free, tables + 1, len(stream))
    directory += entry("", 0, free, 0, 0) * 2
    head = bytes.fromhex("D0CF11E0A1B11AE1") + b"\0" * 16 + struct.pack("<HHHHH6x", 0x3E, 3, 0xFFFE, 9, 6)
    head += struct.pack("<9I", 0, tables, tables, 0, 4096, end, 0, end, 0)
    head += struct.pack("<109I", *range(tables), *[free] * (109 - tables))
    return head + struct.pack(f"<{len(chain)}I", *chain) + directory + stream


def test_an_xls_reads_like_an_xlsx() -> None:
    cells = [
        (0, 0, "登记表"), (1, 1, "姓名"), (1, 2, "手机号"), (1, 3, "登记日期"),
        (2, 1, "张三"), (2, 2, 13912345678.0), (2, 3, date(2026, 3, 4)),
        (3, 2, "13912345679"), (3, 3, 46086.0), (4, 1, "合计"),
    ]  # fmt: skip
    data = compound(biff(cells, merged=[(0, 0, 0, 3), (2, 3, 1, 1)]))
    for filename in ("表.xls", "表.et", "表.xlsx"):
        table = read(data, filename=filename)
        assert (table.sheet, table.header_line, table.problems) == ("表一", 2, [])
        assert [row.values["name"] for row in table.rows] == ["张三", "张三"]
        assert [row.values["phone"] for row in table.rows] == ["13912345678", "13912345679"]
        assert [row.values["day"] for row in table.rows] == [date(2026, 3, 4), date(2026, 3, 5)]


def test_old_files_with_a_password_or_another_content_are_named() -> None:
    stream = biff([(0, 0, "姓名")])
    locked = stream[:20] + struct.pack("<HH", 0x2F, 6) + b"\0" * 6 + stream[20:]
    assert refused(compound(locked), filename="a.xls").code == "encrypted"
    assert refused(compound(b"x" * 5000, "EncryptedPackage")).code == "encrypted"
    word_file = refused(compound(b"x" * 5000, "WordDocument"), filename="a.xls")
    assert (word_file.code, "Word" in word_file.explain()) == ("wrong-type", True)
    assert refused(compound(stream)[:2000], filename="a.xls").code == "broken"


# ---------------------------------------------------------------- what must not be opened


def test_web_pages_and_text_in_disguise_are_named_with_what_to_do() -> None:
    page = "<html><head><meta charset=gbk></head><table><tr><td>姓名</td></tr></table></html>".encode("gbk")
    for data in (
        page,
        b"\xef\xbb\xbf\r\n  <TABLE border=1>",
        b"<?xml version='1.0'?><html/>",
        b"MIME-Version: 1.0\r\n",
    ):
        no = refused(data, filename="导出.xls")
        assert no.code == "html-inside"
        assert "导出.xls" in no.explain()
        assert "另存为.xlsx" in no.explain()
    assert refused("姓名\t手机号\n".encode("gbk"), filename="a.xls").code == "text-inside"
    assert refused("姓名,手机号\n".encode(), filename="a.xlsx").code == "text-inside"
    assert refused(b"<?xml version='1.0'?><Workbook/>", filename="a.xls").code == "xml-inside"


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "empty"),
        (b"\xef\xbb\xbf\r\n ", "empty"),
        (b"%PDF-1.7", "wrong-type"),
        (b"\x89PNG\r\n", "wrong-type"),
        (b"Rar!\x1a", "wrong-type"),
        (b'{"type": "FeatureCollection"}', "wrong-type"),
        (b"\x09\x04\x06\x00", "wrong-type"),
        (b"PK\x03\x04 and no more", "broken"),
        (b"\x01\x02\x03\x04" * 100, "broken"),
    ],
)
def test_other_files_are_named(data: bytes, code: str) -> None:
    assert refused(data).code == code


def test_empty_workbooks_and_files_that_are_not_there(tmp_path: Path) -> None:
    assert refused(one_sheet()).code == "empty"
    assert refused(b",,,\n,,\n", filename="a.csv").code == "empty"
    with pytest.raises(TableError) as no:
        read_table(tmp_path / "none.xlsx", filename="none.xlsx", columns=TWO)
    assert no.value.code == "not-found"


def test_a_path_is_read_like_bytes(tmp_path: Path) -> None:
    file = tmp_path / "a.xlsx"
    file.write_bytes(one_sheet(["姓名", "手机号"], ["张三", "13912345678"]))
    assert read_table(file, filename="a.xlsx", columns=TWO).rows[0].values["name"] == "张三"
    with pytest.raises(TableError) as no:
        read_table(str(file), filename="a.xlsx", columns=TWO, limits=Limits(bytes=100))
    assert no.value.code == "too-many-bytes"


def zipped(entries: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in entries.items():
            archive.writestr(name, data)
    return out.getvalue()


def test_zip_bombs_are_refused_by_their_directory() -> None:
    huge = zipped({"xl/workbook.xml": b"0" * 40_000_000})
    assert len(huge) < 100_000
    assert refused(huge).code == "zip-bomb"
    assert refused(huge, limits=Limits(unpacked=1_000_000)).code == "too-much-inside"
    assert refused(zipped({f"{i}.xml": b"" for i in range(2_100)})).code == "too-much-inside"


def test_other_archives_are_named() -> None:
    word_file = refused(zipped({"word/document.xml": b"<x/>"}), filename="a.xlsx")
    assert (word_file.code, "Word" in word_file.explain("en")) == ("wrong-type", True)
    assert "解压" in refused(zipped({"a.xlsx": b"x"}), filename="a.zip").explain()


def test_a_value_in_the_last_cell_of_a_sheet_takes_nothing_down() -> None:
    book = openpyxl.Workbook()
    assert book.active is not None
    book.active["A1"] = "姓名"
    book.active["XFD1048576"] = "x"
    out = io.BytesIO()
    book.save(out)
    assert len(out.getvalue()) < 10_000
    assert refused(out.getvalue()).code == "too-much-inside"


def test_a_short_text_repeated_without_end_is_stopped() -> None:
    rows = [["姓名", "手机号"], *[["长" * 30_000, ""]] * 200]
    assert refused(one_sheet(*rows), limits=Limits(unpacked=5_000_000)).code == "too-much-inside"


def test_a_workbook_that_takes_too_long_is_given_up() -> None:
    assert refused(one_sheet(["姓名", "手机号"]), limits=Limits(seconds=0)).code == "too-much-inside"


def test_truncated_workbooks_are_broken() -> None:
    data = one_sheet(["姓名", "手机号"], ["张三", "13912345678"])
    assert {refused(data[:size]).code for size in range(4, len(data), 400)} == {"broken"}


def test_limits_of_rows_columns_cells_and_problems() -> None:
    rows = [["姓名", "手机号"], *[["张三", "139"]] * 80]
    for data, filename in (
        (one_sheet(*rows), "a.xlsx"),
        ("\n".join(",".join(row) for row in rows).encode(), "a.csv"),
    ):
        assert refused(data, filename=filename, limits=Limits(rows=79)).code == "too-many-rows"
        assert refused(data, filename=filename, limits=Limits(rows=5)).code == "too-many-rows"
        assert len(read(data, TWO, filename, limits=Limits(rows=80)).rows) == 80
        no = refused(data, filename=filename, limits=Limits(problems=10))
        assert (no.code, "第2行 手机号" in no.explain()) == ("too-many-problems", True)
        assert refused(data, filename=filename, limits=Limits(columns=1)).code == "too-many-columns"


def test_a_cell_of_a_megabyte_is_refused_with_its_place() -> None:
    text = "姓名,手机号\n张三," + "1" * 40_000 + "\n"
    no = refused(text.encode(), filename="a.csv")
    assert (no.code, no.params["where"]) == ("cell-too-long", "B2")
    huge = "姓名,手机号\n张三," + "1" * 1_000_000 + "\n"
    assert refused(huge.encode(), filename="a.csv").params == {"line": 2, "most": 32_767}
    # Excel and openpyxl cannot write one, a crafted file can
    data = zipfile.ZipFile(io.BytesIO(one_sheet(["姓名", "手机号"], ["张三", "标记"])))
    parts = {name: data.read(name) for name in data.namelist()}
    long_ = {name: part.replace("标记".encode(), b"1" * 1_000_000) for name, part in parts.items()}
    assert refused(zipped(long_)).params["where"] == "B2"


def test_names_of_files_do_no_harm_in_sentences() -> None:
    no = refused(b"%PDF", filename="../../x/\udcff\n" + "长" * 500 + ".xlsx")
    assert no.explain().encode()
    assert len(no.explain()) < 150


@given(st.binary(max_size=2_000), st.sampled_from(["a.csv", "a.xls", "a.txt"]))
@settings(max_examples=200)
def test_any_bytes_are_a_table_or_a_reason(data: bytes, filename: str) -> None:
    try:
        read(data, TWO, filename)
    except TableError as no:
        sentences = {no.explain("zh-hans"), no.explain("en")}
    else:
        return
    assert len(sentences) == 2


# ---------------------------------------------------------------- size, and real data


def test_a_city_of_grid_workers_reads_whole() -> None:
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet("网格员")
    sheet.append(["序号", *(column.labels[0] for column in COLUMNS)])
    for i in range(24_000):
        sheet.append([i, f"张{i}", 13900000000 + i, f"{370102001000000 + i}", "3人", "2026.3.4", "√"])
    out = io.BytesIO()
    book.save(out)
    table = read(out.getvalue())
    assert (len(table.rows), table.problems) == (24_000, [])


REAL = os.environ.get("JINGWEI_REAL_DATA", "")
needs_real_data = pytest.mark.skipif(not REAL, reason="JINGWEI_REAL_DATA is not set: real files are not read")


@pytest.mark.real_data
@needs_real_data
def test_the_villages_of_five_cities() -> None:
    code = [Column(f"{tier}_code", (f"{tier}_code",), "code") for tier in ("city", "county", "town")]
    name = [Column(tier, (tier,), required=True) for tier in ("city", "county", "town")]
    village = (Column("village_code", ("village_code",), "code", width=12), Column("village", ("village",)))
    table = read_table(
        Path(REAL) / "admin_divisions/villages_5cities_2021.csv",
        filename="villages_5cities_2021.csv",
        columns=(*name, *code, *village),
    )
    assert (len(table.rows), table.problems, table.left_out) == (13_038, [], {})
    jinan = [row for row in table.rows if row.values["city_code"] == "3701" and row.values["village"]]
    assert len(jinan) == 5_698
    assert len({row.values["town_code"] for row in table.rows if row.values["city_code"] == "3701"}) == 165


@pytest.mark.real_data
@needs_real_data
def test_the_hot_messages_of_a_city() -> None:
    columns = (
        Column("id", ("msg_id",), "code", required=True),
        Column("title", ("title",), required=True),
        Column("at", ("time",), "moment", required=True),
        Column("body", ("body",)),
        Column("likes", ("likes",), "integer"),
    )
    table = read_table(Path(REAL) / "taidi_messages/hot_messages.csv", filename="hot.csv", columns=columns)
    assert len(table.rows) == 4_326
    assert table.problems == []
    assert table.ignored == ("user", "dislikes", "likes_swapped_fixed")
    assert table.rows[0].values["at"] == datetime(2019, 2, 28, 11, 25, 5)  # noqa: DTZ001
