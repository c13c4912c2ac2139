"""Read the tables people really have: .xlsx and .xls from Excel or WPS, and csv in any usual encoding.

A title above, 填报单位 and 日期 below it, headers of up to three levels, 序号 first, 合计 last, merged cells,
blank rows: all of that is taken as it comes. What cannot be read is said line by line.

The parts: `workbooks` opens files safely, `headers` finds columns, `cells` reads one cell, `problems` says
what is wrong, and `writing` writes tables back.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from jingwei.kernel.tables.cells import (
    Cell,
    Column,
    Reading,
    Unreadable,
    plain,
    read_cell,
    reading_of,
    shown,
    word,
)
from jingwei.kernel.tables.headers import Header, find_header, header_problems
from jingwei.kernel.tables.problems import Problem, TableError, explain, reasons_by_line
from jingwei.kernel.tables.workbooks import (
    DELIMITERS,
    Limits,
    Sheet,
    bytes_of,
    kind_of,
    sheet_of_text,
    sheets_of,
    text_of,
)

__all__ = [
    "Column",
    "Limits",
    "Problem",
    "Row",
    "Table",
    "TableError",
    "explain",
    "read_table",
    "read_tables",
    "reasons_by_line",
]


_INSTRUCTIONS = frozenset(["填写说明", "填表说明", "说明", "instructions"])  # a sheet that holds no records


@dataclass(frozen=True, slots=True)
class Row:
    """One row: its line, a value for every column (None: blank or unreadable), and what was typed."""

    line: int
    values: dict[str, object]
    raw: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Table:
    """What was read. Rows with a problem are among ``rows``; ``bad_lines`` says which.

    ``header_line`` is the last line of the header, ``ignored`` are columns nobody asked for, and ``left_out``
    tells why a line is no record: total, note, example, header.
    """

    rows: list[Row]
    problems: list[Problem]
    header_line: int
    sheet: str
    ignored: tuple[str, ...] = ()
    left_out: dict[int, str] = field(default_factory=dict)

    @property
    def bad_lines(self) -> set[int]:
        """The lines that cannot be taken as they are. When the header is at fault, that is its own line."""
        return {problem.line for problem in self.problems if not problem.is_warning}


def read_table(
    path_or_bytes: Path | str | bytes,
    *,
    filename: str,
    columns: Sequence[Column],
    limits: Limits = Limits(),  # noqa: B008  (frozen)
    default_year: int | None = None,
    sheet: str | None = None,
) -> Table:
    """Read a table, or raise ``TableError`` when the file as a whole cannot be read.

    Of several sheets the one whose header fits best is read, the first of equals; ``sheet`` names another.
    ``default_year`` is the year of days like 3月4日. ``filename`` is only shown, never opened.
    """
    data = bytes_of(path_or_bytes, limits)
    if kind_of(data, filename) == "workbook":
        sheets = list(sheets_of(data, filename, limits, only=sheet))
    else:
        sheets = [_sheet_of(text_of(data), columns, limits)]
    if not any(one.rows for one in sheets):
        raise TableError("empty")
    tables = [one for one in sheets if sheet is not None or word(one.name) not in _INSTRUCTIONS]
    found = _best([(one, find_header(one, columns)) for one in tables])
    if found is None:
        raise TableError("no-header", wanted="、".join(column.label() for column in columns))
    chosen, header, others = found
    told = [Problem(header.last, "", other, "other-sheet", {"sheet": other}) for other in others]
    return _table(chosen, header, columns, limits, default_year, told)


def read_tables(
    path_or_bytes: Path | str | bytes,
    *,
    filename: str,
    forms: Mapping[str, Sequence[Column]],
    limits: Limits = Limits(),  # noqa: B008  (frozen)
    default_year: int | None = None,
) -> list[tuple[str, Table]]:
    """Read every sheet of a file as the form whose required columns it has, and most of the others.

    Sheets without records, and those that fit no form, are left out; ``TableError`` when none is left.
    """
    data = bytes_of(path_or_bytes, limits)
    if kind_of(data, filename) == "workbook":
        sheets = [one for one in sheets_of(data, filename, limits) if word(one.name) not in _INSTRUCTIONS]
    else:
        text = text_of(data)
        every = [column for columns in forms.values() for column in columns]
        sheets = [_sheet_of(text, every, limits)]
    if not any(one.rows for one in sheets):
        raise TableError("empty")
    read = []
    for sheet in sheets:
        if fit := _best_form(sheet, forms):
            name, header = fit
            table = _table(sheet, header, forms[name], limits, default_year, [])
            if table.rows or table.problems:
                read.append((name, table))
    if not read:
        wanted = " / ".join("、".join(c.label() for c in columns if c.required) for columns in forms.values())
        raise TableError("no-header", wanted=wanted)
    return read


def _best_form(sheet: Sheet, forms: Mapping[str, Sequence[Column]]) -> tuple[str, Header] | None:
    """The form that lacks the fewest required columns.

    Of equals the one with most columns, then the first.
    """
    fits = []
    for name, columns in forms.items():
        if header := find_header(sheet, columns):
            lacking = sum(1 for c in columns if c.required and c.name not in header.places)
            fits.append((-lacking, len(header.places), name, header))
    if not fits:
        return None
    _, _, name, header = max(fits, key=lambda fit: fit[:2])
    return name, header


def _table(
    sheet: Sheet,
    header: Header,
    columns: Sequence[Column],
    limits: Limits,
    default_year: int | None,
    told: list[Problem],
) -> Table:
    problems = [*header_problems(header, columns), *told]
    left_out: dict[int, str] = {}
    rows = list(_rows(sheet, header, columns, limits, default_year, problems, left_out))
    known = set(header.places.values()) | {header.number}
    ignored = tuple(title for place, title in sorted(header.titles.items()) if place not in known)
    return Table(rows, problems, header.last, sheet.name, ignored, left_out)


def _best(found: list[tuple[Sheet, Header | None]]) -> tuple[Sheet, Header, list[str]] | None:
    """The sheet whose header names most columns, and the names of others with the same."""
    good = [(sheet, header) for sheet, header in found if header]
    if not good:
        return None
    most = max(len(header.places) for _, header in good)
    fitting = [(sheet, header) for sheet, header in good if len(header.places) == most]
    (sheet, header), *others = fitting
    return sheet, header, [one.name for one, of in others if one.rows and one.rows[-1][0] > of.last]


def _sheet_of(text: str, columns: Sequence[Column], limits: Limits) -> Sheet:
    """Split a text by the delimiter with which its header fits best."""
    tries = [sheet_of_text(text, sign, limits, only_first=30) for sign in DELIMITERS]
    fits = [len(header.places) if (header := find_header(one, columns)) else 0 for one in tries]
    return sheet_of_text(text, DELIMITERS[fits.index(max(fits))], limits)


# ---------------------------------------------------------------- the rows

_TOTAL = re.compile(
    r"(?:合计|总计|小计|共计|总合计|本页合计|本页小计|累计|total|subtotal|grandtotal|sum)(?:\(.*\))?"
)
_SUBTOTAL = re.compile(r".{1,12}(?:合计|总计|小计)")
_NOTE = re.compile(
    r"(?:备注|注|说明|填表说明|填报说明|填报人|填表人|制表人?|审核人?|负责人|联系人|填报日期|notes?|remarks?)(?:[:\d].*)?"
)
_EXAMPLES = frozenset(["例", "示例", "样例", "举例", "example", "e.g", "eg", "sample"])


def _rows(
    sheet: Sheet,
    header: Header,
    columns: Sequence[Column],
    limits: Limits,
    default_year: int | None,
    problems: list[Problem],
    left_out: dict[int, str],
) -> Iterator[Row]:
    """Read the records below the header; what is no record goes into ``left_out``."""
    plan = _plan(header, columns, default_year)
    must = {header.places[c.name] for c in columns if c.required and c.name in header.places}
    for taken, (line, cells) in enumerate(_records(sheet, header, must, left_out), start=1):
        if taken > limits.rows:
            raise TableError("too-many-rows", most=limits.rows)
        values: dict[str, object] = {column.name: None for column in columns}
        raw: dict[str, str] = {}
        for place, how, name, label in plan:
            cell = cells[place] if place < len(cells) else ""
            raw[name] = shown(cell)
            try:
                value = values[name] = read_cell(cell, how)
            except Unreadable as no:
                problems.append(Problem(line, name, raw[name], no.code, {"label": label, **no.params}))
            else:
                if value is None and how.column.required:
                    problems.append(Problem(line, name, raw[name], "required", {"label": label}))
        if len(problems) > limits.problems:
            first = explain(problems[0])
            raise TableError("too-many-problems", most=limits.problems, first=first)
        yield Row(line, values, raw)


def _plan(
    header: Header, columns: Sequence[Column], default_year: int | None
) -> list[tuple[int, Reading, str, str]]:
    plan = []
    for column in columns:
        if (place := header.places.get(column.name)) is not None:
            label = header.titles[place]
            how = reading_of(column, default_year=default_year, unit=_unit_in(label))
            plan.append((place, how, column.name, label))
    return plan


def _unit_in(label: str) -> str:
    """金额（万元） says what 3 and 3万元 mean in its column; other asides say nothing about the scale."""
    found = re.search(r"\((?:单位[::]?)?([万亿].{0,3}|%)\)", plain(label))
    return found.group(1) if found else ""


def _records(
    sheet: Sheet, header: Header, must: set[int], left_out: dict[int, str]
) -> Iterator[tuple[int, list[Cell]]]:
    """The rows below the header that are records, with cells merged downwards filled in.

    A row with a number in 序号 is always a record: a total has none.
    """
    notes: list[tuple[int, list[Cell]]] = []
    for line, own, cells in _filled(sheet, header):
        numbered, places = "", own
        if header.number in own:
            numbered = word(shown(cells[header.number]))
            places = [place for place in own if place != header.number]
        first = numbered or (_beginning(cells[places[0]]) if places else "")
        if numbered in _EXAMPLES:
            left_out[line] = "example"
        elif numbered.isdigit() and not places:
            continue  # 序号 filled in beforehand, for rows that nobody needed
        elif _TOTAL.fullmatch(first) or (_SUBTOTAL.fullmatch(first) and not must.issubset(places)):
            left_out[line] = "total"
        elif _is_header(header, places, cells):
            left_out[line] = "header"  # pages pasted one below the other
        elif _NOTE.fullmatch(first) and _is_note(header, places, cells, must):
            notes.append((line, cells))
        else:
            yield from notes  # in the middle of a table they are records after all
            notes.clear()
            yield line, cells
    left_out.update((line, "note") for line, _ in notes)


def _beginning(cell: Cell) -> str:
    return word(shown(cell)[:60])


def _is_header(header: Header, places: list[int], cells: list[Cell]) -> bool:
    return len(places) > 1 and all(
        _beginning(cells[place]) == word(header.titles.get(place, "").rsplit("/", 1)[-1]) for place in places
    )


def _is_note(header: Header, places: list[int], cells: list[Cell], must: set[int]) -> bool:
    """备注 with its text, or 填报人、审核人 side by side: too little for a record."""
    if len(header.places) < 2:
        return False
    if len(places) <= 1 or all(_NOTE.fullmatch(_beginning(cells[place])) for place in places):
        return True
    return not must.issubset(places) or (len(places) == 2 and len(header.places) > 2)


def _filled(sheet: Sheet, header: Header) -> Iterator[tuple[int, list[int], list[Cell]]]:
    """Yield line, the places a row fills itself, and its cells with those merged downwards repeated.

    街道 merged over ten 社区 is how people write it; a row that holds nothing of its own stays blank.
    """
    starts: dict[int, list[tuple[int, int]]] = {}
    for top, left, bottom, _ in sheet.merged:
        if top + 1 > header.last and bottom > top:
            starts.setdefault(top + 1, []).append((left, bottom + 1))
    open_: dict[int, tuple[int, Cell]] = {}
    for line, cells in sheet.rows:
        if line <= header.last:
            continue
        own = [place for place, cell in enumerate(cells) if not (isinstance(cell, str) and _is_blank(cell))]
        if not own:
            continue
        if open_:
            cells = [*cells, *[""] * (max(open_) + 1 - len(cells))]
            for place, (until, value) in list(open_.items()):
                if line > until:
                    del open_[place]
                elif cells[place] == "":
                    cells[place] = value
        for place, until in starts.get(line, ()):
            if place < len(cells) and cells[place] != "":
                open_[place] = (until, cells[place])
        yield line, own, cells


def _is_blank(text: str) -> bool:
    return not text or text.isspace()
