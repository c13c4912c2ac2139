"""Called by bench.importing: founds an empty city, imports a generated one, and prints a line of JSON.

The files are as an office would send them: villages as a csv in GB18030 with every tier in every row, grids,
organisations and staff as .xlsx with a title and a line of particulars above the header. Every time is
from the bytes to the commit: read, judged against what is there, written with journal lines and notes for
the way back. Beside each stands a control of the same run: the same rows as csv, read by the csv module,
and copied into a bare table (COPY, executemany on SQLite), committed.
"""

from __future__ import annotations

import csv
import io
import json
import shutil
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import django
from django.conf import settings

django.setup()

from django.core.management import call_command  # noqa: E402  (settings first)
from django.db import connection, transaction  # noqa: E402
from openpyxl import Workbook  # noqa: E402

from jingwei.engine import founding  # noqa: E402
from jingwei.kernel.actors import System  # noqa: E402
from jingwei.registry.imports import batches  # noqa: E402
from jingwei.registry.imports.batches import Result  # noqa: E402
from jingwei.registry.imports.plan import Incoming, Options  # noqa: E402

CITY = "9911"
COUNTIES, TOWNS, VILLAGES, GRIDS, UNITS, STAFF = 13, 165, 5_698, 16_000, 18_700, 24_000
MUST = {"villages": 5, "organisations": 20, "staff": 60}  # seconds
ROUNDS = 3  # of every control; its median counts
BY = System(job="bench")
FAMILY, GIVEN = "赵钱孙李周吴郑王冯陈", "伟芳娜敏静丽强磊军洋"
KINDS = ("物业", "城管", "市政", "社区", "医院", "学校", "派出所", "调解")

Rows = Sequence[Sequence[str]]


@dataclass(frozen=True, slots=True)
class Sheet:
    """A table to import: what it is, its header and rows, and the file they make."""

    name: str
    kind: str
    head: Sequence[str]
    rows: Rows
    file: Incoming
    options: Options = Options()  # noqa: RUF009  (frozen)


def main() -> None:
    """Import areas, organisations and staff one after the other, and take the last two back."""
    home = settings.CITY.home
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir(parents=True)
    (home / "city.toml").write_text(f'name = "经州市"\ncode = "{CITY}"\n')
    call_command("migrate", verbosity=0)
    founding.found(
        code=CITY,
        name="经州市",
        login="admin",
        password="Wege-und-Faden-7",  # noqa: S106  (of an empty city that is deleted)
        administrator="管理员",
    )
    figures: dict[str, dict[str, Any]] = {}
    durability = _durability()
    done: dict[str, Result] = {}
    for sheet in sheets():
        began = time.perf_counter()
        plan = batches.KINDS[sheet.kind].plan([sheet.file], sheet.options)
        judged = time.perf_counter() - began
        if plan.failed:
            sys.exit(f"{sheet.name}: {batches.reasons_of(plan.failed[0])}")
        del plan
        _forget_peak()
        began = time.perf_counter()
        done[sheet.name] = batches.run_at_once(sheet.kind, [sheet.file], sheet.options, by=BY)
        took, peak = time.perf_counter() - began, _peak()
        control = sorted(copied(sheet) for _ in range(ROUNDS))[ROUNDS // 2]
        figures[sheet.name] = {
            "rows": len(sheet.rows),
            "file": sheet.file.filename.rsplit(".", 1)[1],
            "bytes": len(sheet.file.data),
            "made": {n: c.made for n, c in batches.counts_of(done[sheet.name].batch).items() if c.made},
            "preview_seconds": round(judged, 2),
            "seconds": round(took, 2),
            "control_seconds": round(control, 3),
            "ratio": round(took / control, 1),
            "must": f"≤ {MUST[sheet.name]}" if sheet.name in MUST else "",
            "durability": durability,
            "peak_mb": peak,
        }
    for name in ("staff", "organisations"):
        began = time.perf_counter()
        batches.undo(done[name].batch, by=BY)
        figures[name]["undo_seconds"] = round(time.perf_counter() - began, 2)
    print(json.dumps(figures, ensure_ascii=False))


# ---------------------------------------------------------------- what is imported


def sheets() -> list[Sheet]:
    """Villages with their towns and counties, grids, organisations, staff with their seats and accounts."""
    chance = Random(7)
    villages = _villages()
    codes = [row[6] for row in villages]
    counties, towns = sorted({row[2] for row in villages}), sorted({row[4] for row in villages})
    grids = [
        (f"{codes[n % VILLAGES]}{n // VILLAGES + 1:03}", f"第{n // VILLAGES + 1}网格", str(200 + n % 150))
        for n in range(GRIDS)
    ]
    streets = [
        (f"JD{town}", f"第{town}街道办事处", "街道", "", town, _landline(n)) for n, town in enumerate(towns)
    ]
    units = [
        (
            f"DW{n:05}",
            f"{codes[n % VILLAGES][-6:]}第{n}{chance.choice(KINDS)}",
            chance.choice(KINDS),
            f"JD{codes[n % VILLAGES][:9]}",
            codes[n % VILLAGES] if n % 3 else counties[n % COUNTIES],
            _landline(n),
        )
        for n in range(UNITS - len(streets))
    ]
    staff = [
        (f"G{n:05}", _name(chance), _mobile(n), f"JD{grids[n][0][:9]}", "网格员", grids[n][0], "", "2026.3.4")
        for n in range(GRIDS)
    ] + [
        (f"D{n:05}", _name(chance), _mobile(n), units[n][0], "承办联络员", "", units[n][0], "2026年3月4日")
        for n in range(STAFF - GRIDS)
    ]
    return [
        _sheet("villages", "areas", _VILLAGES, villages, "villages.csv"),
        _sheet("grids", "areas", ("编码", "名称", "户数"), grids, "grids.xlsx"),
        _sheet("organisations", "people", _UNITS, [*streets, *units], "units.xlsx"),
        _sheet("staff", "people", _STAFF, staff, "staff.xlsx", open_accounts=True),
    ]


_VILLAGES = ("city", "city_code", "county_code", "county", "town_code", "town", "village_code", "village")
_UNITS = ("单位编码", "单位名称", "单位类型", "上级单位编码", "所在区划编码", "电话")
_STAFF = ("工号", "姓名", "工作电话", "所在单位编码", "岗位", "岗位区划编码", "岗位单位编码", "起始日期")


def _villages() -> Rows:
    towns = [f"{CITY}{n % COUNTIES + 1:02}{n // COUNTIES + 1:03}" for n in range(TOWNS)]
    found = []
    for n in range(VILLAGES):
        town = towns[n % TOWNS]
        above = ("经州市", CITY, town[:6], f"第{town[4:6]}区", town, f"第{town[6:]}街道")
        found.append((*above, f"{town}{n // TOWNS + 1:03}", f"第{n}社区居委会"))
    return found


def _sheet(name: str, kind: str, head: Sequence[str], rows: Rows, filename: str, **options: Any) -> Sheet:
    data = _csv(head, rows).encode("gb18030") if filename.endswith(".csv") else _workbook(name, head, rows)
    return Sheet(name, kind, head, rows, Incoming(filename, data), Options(**options))


def _csv(head: Sequence[str], rows: Rows) -> str:
    out = io.StringIO()
    csv.writer(out).writerows([head, *rows])
    return out.getvalue()


def _workbook(title: str, head: Sequence[str], rows: Rows) -> bytes:
    book = Workbook(write_only=True)
    sheet = book.create_sheet(title)
    sheet.append([title])
    sheet.append(["填报单位：经州市民政局", None, "2026.11.20"])
    for row in (head, *rows):
        sheet.append(list(row))
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _name(chance: Random) -> str:
    return chance.choice(FAMILY) + "".join(chance.choices(GIVEN, k=2))


def _mobile(n: int) -> str:
    return f"138{n:08}"


def _landline(n: int) -> str:
    return f"0531-8{n:07}"


# ---------------------------------------------------------------- control and conditions


def copied(sheet: Sheet) -> float:
    """Seconds to read the same rows with the csv module and put them into a bare table."""
    text, width = _csv(sheet.head, sheet.rows), len(sheet.head)
    columns = ", ".join(f"c{n} text" for n in range(width))
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS bench_control")
        cursor.execute(f"CREATE TABLE bench_control ({columns})")
    put: Callable[[Rows], None] = _by_copy if connection.vendor == "postgresql" else _by_insert
    began = time.perf_counter()
    with transaction.atomic():
        put(list(csv.reader(io.StringIO(text)))[1:])
    return time.perf_counter() - began


def _by_copy(rows: Rows) -> None:
    with connection.cursor() as cursor, cursor.copy("COPY bench_control FROM STDIN") as copy:
        for row in rows:
            copy.write_row(row)


def _by_insert(rows: Rows) -> None:
    marks = ", ".join(["%s"] * len(rows[0]))
    with connection.cursor() as cursor:
        cursor.executemany(f"INSERT INTO bench_control VALUES ({marks})", rows)


def _durability() -> str:
    """What the server says about keeping its promises."""
    if connection.vendor != "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA synchronous")
            return f"synchronous={cursor.fetchone()[0]}"
    said = []
    with connection.cursor() as cursor:
        for name in ("fsync", "synchronous_commit", "full_page_writes"):
            cursor.execute(f"SHOW {name}")
            said.append(f"{name}={cursor.fetchone()[0]}")
    return ", ".join(said)


def _forget_peak() -> None:
    """Let the kernel count the most memory anew."""
    Path("/proc/self/clear_refs").write_text("5")


def _peak() -> int:
    """The most memory that this process has held since, in MB; the reader of workbooks is another one."""
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) // 1024


if __name__ == "__main__":
    main()
