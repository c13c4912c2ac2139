"""docs/benchmarks.md from the figures, and the figures themselves in docs/benchmarks.json."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

TOP = Path(__file__).resolve().parent.parent
FIGURES = TOP / "docs/benchmarks.json"


def read() -> dict[str, Any]:
    """The figures of the last run; a part measured alone replaces its own."""
    return dict(json.loads(FIGURES.read_text())) if FIGURES.exists() else {}


def write(figures: dict[str, Any]) -> None:
    """Keep the figures."""
    FIGURES.write_text(json.dumps(figures, indent=1, ensure_ascii=False, sort_keys=True) + "\n")
