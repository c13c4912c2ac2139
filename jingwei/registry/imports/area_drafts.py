"""What the rows of area tables say: the forms of tables, and a draft for every area that a row names."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from jingwei.kernel.tables.reading import Column, Row
from jingwei.registry.imports import recoding
from jingwei.registry.imports.known_areas import KIND_WORDS
from jingwei.registry.imports.plan import Reading
from jingwei.registry.models import Area

MOST = 2_000_000_000
LONGEST_CODE = 24
LONGEST_NAME = 80

AREAS = (
    Column("code", ("编码", "区划编码", "区划代码", "网格编码", "代码", "code"), kind="code", required=True),
    Column("name", ("名称", "区划名称", "网格名称", "name"), width=LONGEST_NAME, required=True),
    Column("kind", ("类型", "级别", "区划类型", "kind"), kind="choice", choices=KIND_WORDS),
    Column("parent", ("上级编码", "上级区划编码", "所属编码", "parent_code", "parent"), kind="code"),
    Column("households", ("户数", "households"), kind="integer", unit="户"),
    Column("population", ("人口", "人口数", "population"), kind="integer", unit="人"),
    Column("special", ("专属网格", "特殊网格", "special"), kind="boolean"),
    Column("order", ("排序", "顺序", "order"), kind="integer"),
    Column("aliases", ("别名", "又名", "aliases"), width=400),
)
LIST = (
    Column("county_code", ("区县编码", "县编码", "区县代码", "county_code"), kind="code", required=True),
    Column("county", ("区县", "区县名称", "县区", "county"), width=LONGEST_NAME, required=True),
    Column(
        "town_code", ("街镇编码", "乡镇编码", "街道编码", "乡镇代码", "town_code"), kind="code", required=True
    ),
    Column("town", ("街镇", "街道乡镇", "乡镇", "街道", "town"), width=LONGEST_NAME, required=True),
    Column("village_code", ("村居编码", "社区编码", "村编码", "村居代码", "village_code"), kind="code"),
    Column("village", ("村居", "社区村", "社区", "村", "village"), width=LONGEST_NAME),
    Column("grid_code", ("网格编码", "grid_code"), kind="code"),
    Column("grid", ("网格", "网格名称", "grid"), width=LONGEST_NAME),
)
FORMS: dict[str, Sequence[Column]] = {"areas": AREAS, "list": LIST, "recodings": recoding.COLUMNS}
_LEVELS = (
    ("county", "county_code", "county"),
    ("street", "town_code", "town"),
    ("community", "village_code", "village"),
    ("grid", "grid_code", "grid"),
)


@dataclass
class Draft:
    """An area as the file says it is. ``area`` is the row: found, or made here and not saved yet."""

    line: int
    reading: Reading
    columns: tuple[str, str]  # where its code and its name stand in the file
    code: str
    kind: str
    name: str
    parent: str = ""
    says: dict[str, Any] = field(default_factory=dict)
    aliases: tuple[str, ...] = ()
    area: Area | None = None
    is_new: bool = False
    #: a row of a flat list may be wrong for its village and still be right about its county
    is_wrong: bool = False
    new: dict[str, Any] = field(default_factory=dict)

    def wrong(self, code: str, /, *, column: str = "", **params: Any) -> None:
        """Say what is wrong, at the column of the code unless another one is named."""
        self.is_wrong = True
        self.reading.wrong(self.line, column or self.columns[0], code, **{"value": self.code, **params})


def drafts_of(reading: Reading) -> Iterator[Draft]:
    """What the rows of a sheet say. Rows that are wrong are left out; new faults are noted with them."""
    for row in reading.rows:
        if reading.form == "list":
            yield from _from_list(reading, row)
        elif (draft := _from_row(reading, row)) is not None:
            yield draft


def _from_row(reading: Reading, row: Row) -> Draft | None:
    said: Mapping[str, Any] = row.values
    for name in ("households", "population", "order"):
        if said[name] is not None and not 0 <= said[name] <= MOST:
            reading.wrong(row.line, name, "out-of-range", least=0, most=MOST)
    aliases = tuple(part for part in re.split(r"[、，,;；/|\n]+", said["aliases"] or "") if part.strip())
    if too_long := next((name for name in aliases if len(name) > LONGEST_NAME), ""):
        reading.wrong(row.line, "aliases", "text-too-long", length=len(too_long), most=LONGEST_NAME)
    if reading.is_wrong(row.line):
        return None
    facts = {name: said[name] for name in ("households", "population", "special", "order")}
    return Draft(
        row.line,
        reading,
        ("code", "name"),
        said["code"],
        said["kind"] or "",
        said["name"],
        said["parent"] or "",
        facts,
        tuple(dict.fromkeys(name.strip() for name in aliases)),
    )


def _from_list(reading: Reading, row: Row) -> Iterator[Draft]:
    """One row says up to four areas, one above the other; the last ones may be left empty."""
    said: Mapping[str, Any] = row.values
    levels = [(kind, said[code], said[name], code, name) for kind, code, name in _LEVELS]
    while levels and levels[-1][1] is None and levels[-1][2] is None:
        levels.pop()
    for _kind, code, name, code_column, name_column in levels:
        if code is None:
            reading.wrong(row.line, code_column, "required")
        if name is None:
            reading.wrong(row.line, name_column, "required")
        if reading.is_wrong(row.line):
            return
    above = ""
    for kind, code, name, code_column, name_column in levels:
        yield Draft(row.line, reading, (code_column, name_column), code, kind, name, above)
        above = code


def codes_of(row: Row) -> list[str]:
    """The codes of every area that a row names, of whichever form it is."""
    columns = ("code", "county_code", "town_code", "village_code", "grid_code")
    return [str(row.values[name]) for name in columns if row.values.get(name)]
