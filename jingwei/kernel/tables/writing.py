"""Write tables as offices keep them: title, 填报单位 and date, 序号 first, codes as text, ready to print.

What is written here reads back by `reading` to the same values. Text never starts a formula.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, time
from decimal import Decimal
from typing import cast

from openpyxl import Workbook
from openpyxl.cell.cell import Cell
from openpyxl.styles import Font
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.worksheet import Worksheet

from jingwei.kernel.tables.cells import Column
from jingwei.kernel.tables.parts import (
    FORMATS,
    body_cell,
    clean,
    disarm,
    head_cell,
    put,
    say,
    set_page,
    sheet_name,
    text_cell,
    title_cell,
    written,
)
from jingwei.kernel.tables.problems import TableError
from jingwei.kernel.tables.reading import Row

__all__ = ["disarm", "template", "write_table"]

MOST_ROWS = 1_048_000  # a sheet ends at 1,048,576

_HOW: dict[str, tuple[str, str]] = {
    "text": ("文字", "text"),
    "code": ("编码，按文本填写，前面的0要保留", "a code, kept as text with its leading zeros"),
    "phone": ("11位手机号，或带区号的座机（0531-88886666）", "11 digits, or a landline with its area code"),
    "integer": ("整数", "a whole number"),
    "number": ("数字", "a number"),
    "date": ("日期，如2026-03-04", "a date, such as 2026-03-04"),
    "time": ("时间，如08:30", "a time of day, such as 08:30"),
    "moment": ("日期和时间，如2026-03-04 08:30", "a date and time, such as 2026-03-04 08:30"),
    "boolean": ("是或否", "yes or no"),
    "choice": ("从下拉列表选择", "one of the list"),
}
_EXAMPLES: dict[str, object] = {
    "phone": "13800138000",
    "integer": 12,
    "number": Decimal("12.5"),
    "date": date(2026, 3, 4),
    "time": time(8, 30),
    "moment": datetime(2026, 3, 4, 8, 30),  # noqa: DTZ001  (a sheet knows local time only)
    "boolean": True,
}


def write_table(
    rows: Iterable[Row],
    columns: Sequence[Column],
    *,
    title: str,
    failed: Mapping[int, str] | None = None,
    organisation: str = "",
    day: date | None = None,
    unit: str = "",
    language: str = "zh-hans",
) -> bytes:
    """Return an .xlsx of these rows. Where a value is None, what was typed (``raw``) is written back.

    With ``failed`` (line → reason) a last column 错误原因 says what to mend before the file is sent again.
    """
    book = Workbook(write_only=True)
    sheet = cast(Worksheet, book.create_sheet(sheet_name(title)))  # a streamed one, alike in all we use
    extra = failed is not None
    width = 1 + len(columns) + extra
    set_page(sheet, columns, width, language, extra=extra)
    sheet.append([title_cell(sheet, title)])
    sheet.append(_second_row(sheet, width, organisation, day, unit, language))
    labels = [say("number", language), *(column.label(language) for column in columns)]
    labels += [say("reason", language)] if extra else []
    sheet.append([head_cell(sheet, label) for label in labels])
    try:
        _fill(sheet, rows, columns, failed, language)
    except BaseException:
        _saved(book)  # the rows so far lie in a temporary file until the book is saved
        raise
    return _saved(book)


def _fill(
    sheet: Worksheet,
    rows: Iterable[Row],
    columns: Sequence[Column],
    failed: Mapping[int, str] | None,
    language: str,
) -> None:
    # one cell for every column, used again for every row: a streamed sheet writes it at once
    cells = [body_cell(sheet, "0"), *(body_cell(sheet, FORMATS.get(c.kind, "General")) for c in columns)]
    reason = body_cell(sheet, "@")
    reason.font = Font(color="C00000")
    for number, row in enumerate(rows, start=1):
        if number > MOST_ROWS:
            raise TableError("too-many-rows", most=MOST_ROWS)
        put(cells[0], number, language)
        for cell, column in zip(cells[1:], columns, strict=True):
            put(cell, written(row, column, language), language)
        if failed is not None:
            put(reason, failed.get(row.line, ""), language)
        sheet.append(cells if failed is None else [*cells, reason])


def _second_row(
    sheet: Worksheet, width: int, organisation: str, day: date | None, unit: str, language: str
) -> list[Cell | None]:
    """填报单位 on the left, the day in the middle, the unit on the right, as far as they are known."""
    row: list[Cell | None] = [None] * max(width, 3)
    said = (
        (0, "from", organisation),
        (max(width, 3) // 2, "day", day.isoformat() if day else ""),
        (max(width, 3) - 1, "unit", unit),
    )
    for place, key, value in said:
        if value:
            row[place] = text_cell(sheet, say(key, language) + value)
    return row


def _saved(book: Workbook) -> bytes:
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


# ---------------------------------------------------------------- templates


def template(
    columns: Sequence[Column],
    *,
    title: str,
    examples: Mapping[str, object] | None = None,
    notes: Sequence[str] = (),
    version: str = "1",
    rows: int = 2_000,
    language: str = "zh-hans",
) -> bytes:
    """Return an empty .xlsx to fill in: drop-downs, text-formatted codes, an example row, a sheet 填写说明.

    The example row says 例 in its 序号 and is left out when read. A hidden sheet holds the version.
    """
    book = Workbook()
    sheet = book.worksheets[0]
    sheet.title = sheet_name(title)
    width = 1 + len(columns)
    set_page(sheet, columns, width, language, extra=False)
    sheet.append([title_cell(sheet, title)])
    blank = "　" * 8
    sheet.append([f"{say('from', language)}{blank}{say('by', language)}{blank}{say('day', language)}"])
    labels = [column.label(language) + ("*" if column.required else "") for column in columns]
    sheet.append([head_cell(sheet, label) for label in (say("number", language), *labels)])
    shown = {column.name: (examples or {}).get(column.name, _example(column)) for column in columns}
    sheet.append(list(_example_row(sheet, columns, shown, language)))
    for place, column in enumerate(columns, start=2):
        sheet.column_dimensions[get_column_letter(place)].number_format = FORMATS.get(column.kind, "General")
    _explain_columns(book.create_sheet(say("how", language)), columns, shown, notes, language)
    hidden = book.create_sheet(say("options", language))
    hidden.sheet_state = "hidden"
    hidden.append(["version", version])
    _offer_choices(sheet, hidden, columns, rows, language)
    return _saved(book)


def _example(column: Column) -> object:
    if column.kind == "choice":
        return next(iter(column.choices))
    if column.kind == "code":
        return "1".zfill(column.width or 3)
    return _EXAMPLES.get(column.kind)


def _example_row(
    sheet: Worksheet, columns: Sequence[Column], shown: Mapping[str, object], language: str
) -> Iterator[Cell]:
    row = Row(4, dict(shown))
    values = [say("example", language), *(written(row, column, language) for column in columns)]
    formats = ["@", *(FORMATS.get(column.kind, "General") for column in columns)]
    for value, number_format in zip(values, formats, strict=True):
        cell = body_cell(sheet, number_format)
        cell.font = Font(italic=True, color="808080")
        put(cell, value, language)
        yield cell


def _explain_columns(
    sheet: Worksheet,
    columns: Sequence[Column],
    shown: Mapping[str, object],
    notes: Sequence[str],
    language: str,
) -> None:
    """The sheet 填写说明: one line for every column, then what the caller adds."""
    heads = ("column", "required", "fill", "example")
    sheet.append([head_cell(sheet, say(key, language)) for key in heads])
    for column in columns:
        how = _HOW[column.kind][0 if language.startswith("zh") else 1]
        if column.width:
            how += f"，{column.width}位" if language.startswith("zh") else f", {column.width} characters"
        if column.unit:
            how += f"（{column.unit}）" if language.startswith("zh") else f" ({column.unit})"
        if column.kind == "choice":
            how += "：" if language.startswith("zh") else ": "
            how += "、".join(column.options(language)[:50])
        cells = [body_cell(sheet, "@") for _ in heads]
        texts = [
            column.label(language),
            say("yes" if column.required else "no", language),
            how,
            written(Row(0, dict(shown)), column, language),
        ]
        for cell, text in zip(cells, texts, strict=True):
            put(cell, "" if text is None else str(text), language)
        sheet.append(cells)
    for note in notes:
        sheet.append([text_cell(sheet, note)])
    for letter, width in zip("ABCD", (20, 10, 60, 30), strict=True):
        sheet.column_dimensions[letter].width = width


def _offer_choices(
    sheet: Worksheet, hidden: Worksheet, columns: Sequence[Column], rows: int, language: str
) -> None:
    """A drop-down for every choice and boolean; the lists, of any length, stand in the hidden sheet."""
    for place, column in enumerate(columns, start=2):
        if column.kind not in ("choice", "boolean"):
            continue
        words = column.options(language) or [say("yes", language), say("no", language)]
        letter = get_column_letter(place)
        for line, said in enumerate(words, start=2):
            hidden.cell(line, place).value = clean(said, language)
            hidden.cell(line, place).data_type = "s"
        allowed = DataValidation(
            type="list",
            formula1=f"'{hidden.title}'!${letter}$2:${letter}${len(words) + 1}",
            allow_blank=True,
            showErrorMessage=True,
            error=say("pick", language),
        )
        allowed.add(f"{letter}4:{letter}{rows + 4}")
        sheet.add_data_validation(allowed)
