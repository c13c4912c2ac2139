"""Find the header of a table: the rows whose words name its columns, one to three levels, merged or not."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from jingwei.kernel.tables.cells import Column, letters, shown, tidy, word
from jingwei.kernel.tables.problems import Problem
from jingwei.kernel.tables.workbooks import Sheet

_AMONG = 10  # the first rows that hold anything
_LEVELS = 3


@dataclass(frozen=True, slots=True)
class Header:
    """Where the columns are: ``places`` column → position, ``titles`` position → what the file calls it."""

    first: int
    last: int
    places: dict[str, int]
    titles: dict[int, str]
    twice: dict[str, list[int]]
    number: int | None


_NUMBER_TITLES = frozenset(["序号", "序", "行号", "no", "nr", "s/n", "#", "number"])
_ASIDE = re.compile(r"[(\[【〔].*?[)\]】〕]")


def find_header(sheet: Sheet, columns: Sequence[Column]) -> Header | None:
    """Find the rows whose words name most of the columns: among the first ten, one to three levels deep."""
    labels = {word(label): column.name for column in columns for label in column.labels}
    head = sheet.rows[: _AMONG + _LEVELS - 1]
    best: Header | None = None
    for depth in range(1, _LEVELS + 1):
        for start in range(min(len(head), _AMONG)):
            lines = [line for line, _ in head[start : start + depth]]
            if len(lines) < depth or lines[-1] - lines[0] >= _LEVELS:
                continue
            header = _header_of(sheet, lines[0], lines[-1], labels)
            # of equals the shallowest, then the highest: a title above must not become a level of the header
            if best is None or len(header.places) > len(best.places):
                best = header
    if best is None or len(best.places) < min(2, len(columns)):
        return None
    last = _end_of_header(sheet, best)
    if last != best.last:
        deeper = _header_of(sheet, best.first, last, labels)
        best = deeper if len(deeper.places) >= len(best.places) else replace(best, last=last)
    return best


def _header_of(sheet: Sheet, first: int, last: int, labels: dict[str, str]) -> Header:
    """Join the levels with / and match every column by its whole path, then by its lower levels."""
    places: dict[str, tuple[int, int]] = {}
    twice: dict[str, list[int]] = {}
    titles: dict[int, str] = {}
    number = None
    for place, path in sorted(_paths(sheet, first, last).items()):
        titles[place] = "/".join(path)
        rank, name = _match(path, labels)
        if name is None:
            if number is None and word(path[-1]) in _NUMBER_TITLES:
                number = place
        elif name not in places or rank < places[name][1]:
            places[name] = (place, rank)
            twice.pop(name, None)
        elif rank == places[name][1]:
            twice.setdefault(name, [places[name][0]]).append(place)
    found = {name: place for name, (place, _) in places.items()}
    return Header(first, last, found, titles, twice, number)


def _paths(sheet: Sheet, first: int, last: int) -> dict[int, list[str]]:
    """The words above every column, from the top level down; a merged cell counts for all that it covers."""
    levels: dict[int, dict[int, str]] = {line: {} for line in range(first, last + 1)}
    for line, cells in sheet.rows[: _AMONG * 2 + _LEVELS]:
        if line in levels:
            words = {place: " ".join(tidy(shown(cell)).split()) for place, cell in enumerate(cells)}
            levels[line] = {place: said for place, said in words.items() if said}
    for top, left, bottom, right in sheet.merged:
        said = levels[top + 1].get(left) if first <= top + 1 <= last else None
        if said:
            for line in range(top + 1, min(bottom + 1, last) + 1):
                for place in range(left, min(right, left + 500) + 1):
                    levels[line].setdefault(place, said)
    paths: dict[int, list[str]] = {}
    for line in sorted(levels):
        for place, said in levels[line].items():
            path = paths.setdefault(place, [])
            if not path or path[-1] != said:
                path.append(said)
    return paths


def _match(path: list[str], labels: dict[str, str]) -> tuple[int, str | None]:
    """The column, and how roughly it matches: by the whole path, lower levels, then without asides in ()."""
    words = [word(part) for part in path]
    ends = ["/".join(words[level:]) for level in range(len(words))]
    bare = [_ASIDE.sub("", end).strip("*:") for end in ends]
    for rank, said in enumerate(ends + bare):
        if name := labels.get(said):
            return rank, name
    return 0, None


def _end_of_header(sheet: Sheet, header: Header) -> int:
    """The last line of the header, when cells reach further down than the level that was matched."""
    across, down = [], header.last
    for top, left, bottom, right in sheet.merged:
        if header.first <= top + 1 <= header.last:
            if left in header.places.values():
                down = max(down, min(bottom + 1, header.first + _LEVELS - 1))
            if right > left:
                across.append(range(left, right + 1))
    below = next((cells for line, cells in sheet.rows if line == header.last + 1), None)
    if down == header.last and below and across and header.last < header.first + _LEVELS - 1:
        # 地址 over 街道 and 社区, where 姓名 beside it was not merged downwards
        filled = {place for place, cell in enumerate(below) if cell != ""}
        if filled and all(any(place in span for span in across) for place in filled):
            down += not filled & set(header.places.values())
    return down


def header_problems(header: Header, columns: Sequence[Column]) -> Iterator[Problem]:
    """What is wrong with a header: columns that are needed and missing, and such as cannot be told apart."""
    for column in columns:
        if column.required and column.name not in header.places:
            wanted = "、".join(column.labels)
            params = {"wanted": wanted, "label": column.label()}
            yield Problem(header.last, column.name, "", "column-missing", params)
        if places := header.twice.get(column.name):
            params = {"places": "、".join(map(letters, places)), "label": header.titles[places[0]]}
            yield Problem(header.last, column.name, "", "column-twice", params)
