"""A process of its own that opens one workbook: bytes on stdin, rows as JSON lines on stdout.

A 5 kB workbook with a value in its last cell makes any reader ask for hundreds of gigabytes, and the
allocation that fails takes the whole process along. So the workbook is opened where that harms nobody, with
a ceiling on memory. `workbooks` starts this file and reads its lines; it imports nothing of ours.
"""

from __future__ import annotations

import datetime
import io
import sys
from collections.abc import Iterator
from typing import Any

import orjson
import python_calamine
from python_calamine import CalamineSheet, CalamineWorkbook, SheetTypeEnum, SheetVisibleEnum


def lines(data: bytes, limits: dict[str, Any]) -> Iterator[dict[str, Any] | list[Any]]:
    """Yield for every sheet its name and merged ranges, then its rows; {"end"} last, or {"error"}."""
    book = CalamineWorkbook.from_filelike(io.BytesIO(data))
    tables = [one for one in book.sheets_metadata if one.typ is SheetTypeEnum.WorkSheet]
    seen = [one for one in tables if one.visible is SheetVisibleEnum.Visible] or tables
    if limits["sheet"] is not None:
        seen = [one for one in tables if one.name == limits["sheet"]]
        if not seen:
            yield {"error": "no-sheet", "sheet": limits["sheet"]}
            return
    for one in seen:
        sheet = book.get_sheet_by_name(one.name)
        yield {"sheet": one.name, "merged": sheet.merged_cell_ranges or []}
        yield from rows(sheet, limits)
    yield {"end": True}


def rows(sheet: CalamineSheet, limits: dict[str, Any]) -> Iterator[dict[str, Any] | list[Any]]:
    """Yield [line, [cells from column A on]] for the rows that hold anything."""
    if not sheet.start or not sheet.end:
        return
    first = sheet.start[1]
    if sheet.end[1] >= limits["columns"]:
        yield {"error": "too-many-columns", "most": limits["columns"]}
        return
    left, longest, found = [""] * first, limits["cell"], 0
    for line, row in enumerate(sheet.iter_rows(), start=1):
        width = len(row)
        while width and row[width - 1] == "":
            width -= 1
        if not width:
            continue
        found += 1
        if found > limits["rows"] + 50:  # a title, a header, totals and notes are not counted
            yield {"error": "too-many-rows", "most": limits["rows"]}
            return
        for place, cell in enumerate(row):
            if isinstance(cell, str) and len(cell) > longest:
                yield {"error": "cell-too-long", "line": line, "place": first + place + 1, "most": longest}
                return
        yield [line, left + row[:width]]


def day_or_time(value: object) -> dict[str, Any]:
    """JSON has no days: {"d": day}, {"m": day and time}, {"t": time of day}, {"s": seconds}."""
    if isinstance(value, datetime.timedelta):
        return {"s": value.total_seconds()}
    if isinstance(value, datetime.datetime):
        return {"m": value.isoformat()}
    if isinstance(value, datetime.date):
        return {"d": value.isoformat()}
    if isinstance(value, datetime.time):
        return {"t": value.isoformat()}
    raise TypeError(type(value))


def main() -> None:
    """Write the lines. Whatever goes wrong is a line too, unless the process dies of it."""
    limits = orjson.loads(sys.argv[1])
    try:
        import resource  # noqa: PLC0415  (Windows has none, and is then without this ceiling)

        resource.setrlimit(resource.RLIMIT_AS, (limits["memory"], limits["memory"]))
    except ImportError:
        pass
    out, room = sys.stdout.buffer, limits["unpacked"]
    options = orjson.OPT_PASSTHROUGH_DATETIME | orjson.OPT_APPEND_NEWLINE
    try:
        for line in lines(sys.stdin.buffer.read(), limits):
            said = orjson.dumps(line, default=day_or_time, option=options)
            room -= len(said)
            if room < 0:
                raise MemoryError
            out.write(said)
            if isinstance(line, dict) and "error" in line:
                return
    except MemoryError:
        out.write(b'{"error":"too-much-inside"}\n')
    except python_calamine.PasswordError:
        out.write(b'{"error":"encrypted"}\n')
    except BaseException:  # a panic inside the reader is no Exception
        out.write(b'{"error":"broken"}\n')


if __name__ == "__main__":
    main()
