"""The rows that pass whole, rehearsed at a tenth: a fresh city for each, through its public doors."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from jingwei.rows import playing

from .test_states import SEVEN

DATABASE = os.environ.get("JINGWEI_DATABASE", "")
#: on PostgreSQL the largest of them stands for all: what differs is below every door
ROWS = ("JN-17",) if DATABASE else (*SEVEN, "FZ-12")


@pytest.mark.parametrize("row", ROWS)
def test_a_tenth_of_the_row_passes_and_writes_nothing(row: str, tmp_path: Path) -> None:
    record = tmp_path / "rows.json"
    (result,) = playing.play([row], size="tenth", database=DATABASE, record=record)
    assert result.passed, "\n".join(f"{step.clause}. {step.says}" for step in result.steps)
    assert not record.exists()
