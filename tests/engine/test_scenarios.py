"""Every playbook is sound, and every scenario in its folder plays as it says."""

from __future__ import annotations

from pathlib import Path

import pytest

from jingwei.engine import library, scenarios
from jingwei.engine.checking import check
from jingwei.engine.scenarios import Scenario
from jingwei.engine.stage import Stage
from jingwei.kernel import seals


def _all() -> list[tuple[str, Scenario]]:
    found = []
    for folder in check.folders():
        playbook, _ = library.read_folder(folder)
        assert playbook is not None
        found += [(playbook.procedure.procedure, scenario) for scenario in scenarios.of(playbook)]
    return found


@pytest.mark.parametrize("folder", check.folders(), ids=lambda p: p.name)
def test_every_playbook_is_sound(folder: Path) -> None:
    assert [str(problem) for problem in check.problems(folder)] == []


@pytest.mark.parametrize(("procedure", "scenario"), _all(), ids=lambda x: x if isinstance(x, str) else x.name)
def test_the_scenario_plays_as_it_says(procedure: str, scenario: Scenario, stage: Stage) -> None:
    scenarios.play(scenario, library.in_force(procedure), stage)
    assert seals.verify().faults == []
