"""Files to import, and what came of them, as tests of every kind of import say it."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Any

from jingwei.kernel import seals
from jingwei.registry.imports import batches
from jingwei.registry.imports.batches import Result
from jingwei.registry.imports.plan import Incoming, Options

from .conftest import Town


def sheet(rows: Iterable[Sequence[object]], head: Sequence[str], name: str = "区划.csv") -> Incoming:
    """A csv file, as a spreadsheet saves it."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerows([head, *rows])
    return Incoming(name, out.getvalue().encode())


def bring(
    town: Town,
    *files: Incoming,
    kind: str = "areas",
    partial: bool = False,
    again: bool = False,
    **options: Any,
) -> Result:
    """Import files at once."""
    chosen = Options(**options)
    return batches.run_at_once(kind, files, chosen, by=town.by, partial=partial, again=again)


def counts(result: Result) -> dict[str, tuple[int, int, int]]:
    """What was made, changed and left."""
    return {noun: (c.made, c.changed, c.left) for noun, c in batches.counts_of(result.batch).items()}


def said(town: Town, *files: Incoming, kind: str = "areas", **options: Any) -> list[str]:
    """Every sentence about rows that cannot be taken."""
    plan = batches.KINDS[kind].plan(files, Options(**options))
    return [text for failed in plan.failed for text in batches.reasons_of(failed)]


def whole() -> bool:
    """Is the journal whole, apart from seals?"""
    return seals.verify().faults == []
