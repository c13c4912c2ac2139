"""The cells and the page of a written table: text that does no harm, styles, landscape A4, page numbers."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date, time
from decimal import Decimal

from openpyxl.cell import WriteOnlyCell
from openpyxl.cell.cell import Cell
from openpyxl.styles import Alignment, Border, Font, PatternFill, Side
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.properties import PageSetupProperties
from openpyxl.worksheet.worksheet import Worksheet

from jingwei.kernel.tables.cells import Column, tidy
from jingwei.kernel.tables.reading import Row

MOST_SIGNS = 32_767
EXACT_DIGITS = 15  # what Excel keeps of a number

_WORDS: dict[str, tuple[str, str]] = {
    "number": ("序号", "No."),
    "from": ("填报单位：", "Organisation: "),
    "by": ("填报人：", "Filled in by: "),
    "day": ("日期：", "Date: "),
    "unit": ("单位：", "Unit: "),
    "reason": ("错误原因", "Reason"),
    "page": ("第 &P 页 / 共 &N 页", "Page &P of &N"),
    "cut": ("…（太长，已截断）", "… (too long, cut off)"),
    "yes": ("是", "yes"),
    "no": ("否", "no"),
    "example": ("例", "Example"),
    "how": ("填写说明", "Instructions"),
    "column": ("列", "Column"),
    "required": ("必填", "Required"),
    "fill": ("怎么填", "What to fill in"),
    "options": ("选项", "Options"),
    "pick": ("请从列表中选择", "Please choose from the list"),
}
FORMATS = {
    "code": "@",
    "phone": "@",
    "text": "@",
    "integer": "0",
    "date": "yyyy-mm-dd",
    "time": "hh:mm:ss",
    "moment": "yyyy-mm-dd hh:mm:ss",
}
_WIDTHS = {"text": 24, "code": 18, "phone": 15, "moment": 20, "choice": 14}

_LINE = Side(style="thin", color="999999")
_GRID = Border(left=_LINE, right=_LINE, top=_LINE, bottom=_LINE)
_HEAD = PatternFill("solid", fgColor="E8EEF4")


_FORMULA = re.compile(r"'*[=+\-@\t\r＝＋－＠]")
_UNPRINTABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
_LOOKS_ESCAPED = re.compile(r"_(?=x[0-9A-Fa-f]{4}_)")


def disarm(text: str) -> str:
    """Put an apostrophe before what could be taken for a formula. `cells.tidy` takes it off again."""
    return "'" + text if _FORMULA.match(text) else text


def clean(text: str, language: str) -> str:
    """Text that a workbook can hold: no control signs, no half characters, not longer than a cell."""
    text = disarm(text).encode("utf-8", "replace").decode().replace("\r\n", "\n").replace("\r", "\n")
    text = _LOOKS_ESCAPED.sub("_x005F_", _UNPRINTABLE.sub("", text))
    if len(text) > MOST_SIGNS:
        cut = say("cut", language)
        text = text[: MOST_SIGNS - len(cut)] + cut
    return text


def written(row: Row, column: Column, language: str) -> object:
    """A value as its column shows it."""
    value = row.values.get(column.name)
    if value is None:
        return row.raw.get(column.name, "")
    if isinstance(value, bool):
        return say("yes" if value else "no", language)
    if column.kind == "choice" and isinstance(column.choices, Mapping):
        values = list(column.choices)
        return column.options(language)[values.index(str(value))] if value in values else value
    return value


def put(cell: Cell, value: object, language: str) -> None:
    """Numbers and days as such where Excel keeps them exactly, everything else as text."""
    if isinstance(value, Decimal | int | float) and not isinstance(value, bool):
        if len(Decimal(str(value)).normalize().as_tuple().digits) <= EXACT_DIGITS:
            cell.value = value
            return
    elif isinstance(value, date | time) and not (isinstance(value, date) and value.year < 1902):
        cell.value = value
        return
    cell.value = clean("" if value is None else str(value), language)
    if cell.value is not None:
        cell.data_type = "s"  # otherwise "#N/A" would become an error and lose its text


def say(key: str, language: str) -> str:
    """A word of a sheet in a language."""
    return _WORDS[key][0 if language.startswith("zh") else 1]


def sheet_name(title: str) -> str:
    """A title as the name of a sheet: without the signs that Excel does not take, 31 at most."""
    name = re.sub(r"[\[\]:*?/\\\x00-\x1f]", " ", tidy(title.encode("utf-8", "replace").decode()))
    return " ".join(name.split())[:31].strip(" '") or "Sheet1"


def set_page(
    sheet: Worksheet,
    columns: Sequence[Column],
    width: int,
    language: str,
    *,
    extra: bool,
) -> None:
    """Widths, frozen head and print settings of a sheet."""
    sheet.page_setup.orientation = "landscape"
    sheet.page_setup.paperSize = 9  # A4
    sheet.page_setup.fitToHeight = 0
    sheet.sheet_properties.pageSetUpPr = PageSetupProperties(fitToPage=True)
    sheet.print_options.horizontalCentered = True
    sheet.print_title_rows = "3:3"
    sheet.oddFooter.center.text = say("page", language)  # type: ignore[union-attr]  # it always has one
    sheet.freeze_panes = "A4"
    sheet.merged_cells.add(f"A1:{get_column_letter(width)}1")
    sheet.column_dimensions["A"].width = 8
    for place, column in enumerate(columns, start=2):
        wide = max(_WIDTHS.get(column.kind, 12), 2 * len(column.label(language)) + 2)
        sheet.column_dimensions[get_column_letter(place)].width = min(wide, 60)
    if extra:
        sheet.column_dimensions[get_column_letter(width)].width = 50


def text_cell(sheet: Worksheet, text: str) -> Cell:
    """A cell that holds text and never a formula."""
    cell = WriteOnlyCell(sheet, value=clean(text, "zh-hans"))
    cell.data_type = "s"
    return cell


def title_cell(sheet: Worksheet, title: str) -> Cell:
    """The title over a table."""
    cell = text_cell(sheet, title)
    cell.font = Font(size=16, bold=True)
    cell.alignment = Alignment(horizontal="center", vertical="center")
    return cell


def head_cell(sheet: Worksheet, label: str) -> Cell:
    """The head of a column."""
    cell = text_cell(sheet, label)
    cell.font = Font(bold=True)
    cell.fill = _HEAD
    cell.border = _GRID
    cell.alignment = Alignment(horizontal="center", vertical="center", wrap_text=True)
    return cell


def body_cell(sheet: Worksheet, number_format: str) -> Cell:
    """An empty cell of the table, in the format of its column."""
    cell = WriteOnlyCell(sheet)
    cell.number_format = number_format
    cell.border = _GRID
    cell.alignment = Alignment(vertical="center", wrap_text=True)
    return cell
