"""docs/benchmarks.md from the figures, and the figures themselves in docs/benchmarks.json."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

TOP = Path(__file__).resolve().parent.parent
FIGURES, PAGE = TOP / "docs/benchmarks.json", TOP / "docs/benchmarks.md"

Figures = dict[str, Any]

HEAD = """# Benchmarks

Written by `make bench` (`python -m bench --only PART` measures one part, `--keep` uses the city of the last run again). What passes or fails is a ratio to a
control measured in the same run, or a curve over sizes; absolute figures say how this machine did. **Must** and **aim** are the thresholds we set ourselves before measuring.

Unless said otherwise: the demo city at full size (16,000 grids of about 60 vertices, 24,000 staff, 18,700 organisations), PostgreSQL 15 with `fsync` and `synchronous_commit` on,
keep-alive clients on the same machine, no photo.
"""


def read() -> Figures:
    """The figures of the last run; a part measured alone replaces its own."""
    return dict(json.loads(FIGURES.read_text())) if FIGURES.exists() else {}


def write(figures: Figures, *, measured: str) -> None:
    """Keep the figures and write the page; `measured` is the part that is new."""
    on = f"{date.today().isoformat()}, {os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}"  # noqa: DTZ011
    figures.setdefault("measured", {})[measured] = on
    FIGURES.write_text(json.dumps(figures, indent=1, ensure_ascii=False, sort_keys=True) + "\n")
    PAGE.write_text(page(figures))


def page(figures: Figures) -> str:
    """The whole page, from whatever was measured."""
    parts = [HEAD]
    for name, (title, said) in PARTS.items():
        if name in figures:
            on = figures.get("measured", {}).get(name, "")
            parts.append("\n".join([f"## {title}", "", *said(figures[name]), "", f"_Measured {on}._", ""]))
    return "\n".join(parts)


def _writes(found: Figures) -> Iterator[str]:
    yield (
        "Payload: a report of the portal (form, place by point, 40 signs), the same by staff (session, journalled), a move with a form. 2 processes × 2 threads,"
        " 8 keep-alive clients, interleaved with the control, median of the rounds. Control: a bare Django view that inserts 3 rows in one transaction, served alike. Durable."
    )
    must = {
        "portal intake": ("≥ 0.25", "0.33"),
        "staff intake": ("≥ 0.20", "0.25"),
        "move by staff": ("≥ 0.20", "0.25"),
    }
    rows = (
        [name, f"{one['ratio']:.2f}", *must[name], one["per_second"], one["control"], one["p50_ms"]]
        for name, one in found["ratios"].items()
    )
    yield from _table(["", "÷ control", "must", "aim", "a second", "control a second", "p50 ms"], rows)
    yield ""
    yield "Statements counted on the server, session, BEGIN and COMMIT included, with the reservation of a number block where one fell due (must: intake ≤ 12, move ≤ 14):"
    yield from _table(["", "statements"], found["statements"].items())
    yield ""
    yield f"Memory of the web processes with 16,000 grids loaded, after this load: {_and(found['worker_memory_mb'])} MB (must ≤ 200, aim 150)."


def _lists(found: Figures) -> Iterator[str]:
    yield (
        "Payload: a page of 50 rows as HTML, every queue and filter of four desks; a case page; boards from roll-ups. Data: 10 k, 100 k and 1 M cases (6,000, 10,500 and 55,500 of them open), filled in by one SQL statement a size."
        " One client, one process, one thread; median of 40. Control: the same page at 10 k cases."
    )
    times = {name: {int(size): ms for size, ms in sizes.items()} for name, sizes in found["p50_ms"].items()}
    shown = {name: {int(size): n for size, n in one.items()} for name, one in found.get("rows", {}).items()}
    sizes = sorted({size for one in times.values() for size in one})
    rows = []
    for name, one in times.items():
        share = f"{one[sizes[-1]] / one[sizes[0]]:.2f}" if sizes[0] in one and sizes[-1] in one else "—"
        statements = found["statements"].get(name, "—")
        page = "/".join(str(shown.get(name, {}).get(size, "")) for size in sizes) if "/q/" in name else ""
        rows.append([f"`{name}`", *(one.get(size, "—") for size in sizes), share, page, statements])
    head = ["p50 in ms", *(f"{size:,}" for size in sizes), "largest ÷ smallest", "rows shown", "statements"]
    yield from _table(head, rows)
    yield ""
    yield "Must: lists ≤ 15 ms at 1 M and ≤ 1.3 times the time at 10 k, ≤ 8 statements; case page ≤ 15 statements; boards ≤ 50 ms (aims 8 ms, 1.15, 5, 10, 20 ms). Only lines that show 50 rows at every size say something about growth."


def _places(found: Figures) -> Iterator[str]:
    yield "Payload: random points of the city's frame. Data: 16,000 grids of about 60 vertices in memory. No database. Control: none, the must is a rate."
    yield from _table(
        ["", "figure", "must", "aim"],
        [
            ["in bulk, points a second", f"{found['bulk_per_second']:,}", "≥ 200,000", "300,000"],
            ["one by one, points a second", f"{found['single_per_second']:,}", "", ""],
            ["loading, s", found["load_seconds"], "", ""],
            ["memory at the peak of loading, MB", found["atlas_mb"], "", ""],
        ],
    )


def _imports(found: Figures) -> Iterator[str]:
    yield (
        "Payload: generated files, brought in whole as by `jingwei import` (read, judged, journalled, written) into an empty city. Durable."
        " Villages come as a csv in GB18030 with every tier in every row, the others as .xlsx; staff with seats and accounts."
        " Control: the same rows read as plain csv and copied into a bare table, in the same run (it judges nothing and keeps no journal)."
    )
    keys = (
        "rows",
        "seconds",
        "must",
        "control_seconds",
        "ratio",
        "preview_seconds",
        "undo_seconds",
        "peak_mb",
    )
    rows = [[name, *(one.get(key, "") for key in keys)] for name, one in found.items()]
    head = [
        "",
        "rows",
        "seconds",
        "must",
        "control, s",
        "÷ control",
        "preview, s",
        "taken back, s",
        "peak MB",
    ]
    yield from _table(head, rows)


def _portal(found: Figures) -> Iterator[str]:
    together = found["together"] / 1000
    yield (
        "Payload: the portal's first page with everything it loads by itself, gzip 6; the map comes on tap. No data, no control."
        f" **{together:.0f} kB** (must ≤ 150, aim 80)."
    )
    rows = ([f"`{name}`", f"{size / 1000:.1f}"] for name, size in found.items() if name != "together")
    yield from _table(["part", "kB"], rows)


def _sqlite(found: Figures) -> Iterator[str]:
    yield (
        "Payload: the portal intake above. Data: the demo city of 240 grids. SQLite in WAL with `synchronous=FULL`, one process × 2 threads, 8 clients."
        " Control: the bare view with 3 inserts on the same settings."
    )
    rows = [
        ["portal intake", f"{found['ratio']:.2f}", "≥ 0.20", "0.25", found["per_second"], found["control"]]
    ]
    yield from _table(["", "÷ control", "must", "aim", "a second", "control a second"], rows)


PARTS: dict[str, tuple[str, Callable[[Figures], Iterator[str]]]] = {
    "writes": ("Intake and moves beside a bare view", _writes),
    "lists": ("Lists, case page and boards at three sizes", _lists),
    "places": ("Locating", _places),
    "imports": ("Imports at city size", _imports),
    "portal": ("The portal's first load", _portal),
    "sqlite": ("SQLite", _sqlite),
}


def _table(head: list[str], rows: Any) -> Iterator[str]:
    yield ""
    yield "| " + " | ".join(head) + " |"
    yield "|" + "---|" * len(head)
    for row in rows:
        yield "| " + " | ".join(str(cell) for cell in row) + " |"


def _and(numbers: list[Any]) -> str:
    return " and ".join(map(str, numbers))
