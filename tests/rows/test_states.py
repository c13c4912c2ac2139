"""What may be claimed of a row, and that only a whole play at full size may claim more."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from jingwei.rows import playing, states
from jingwei.rows.playing import Play, Scenario, expect
from jingwei.rows.practices import Clause, Practice, practices

SEVEN = ("JN-17", "CZ-36", "FZ-02", "FZ-11", "XZ-04", "XZ-19", "JN-12")
SHOWN_IN_PART = ("JN-13", "JN-14", "JN-15", "CZ-37", "CZ-39", "CZ-41", "CZ-48", "FZ-03", "HA-10")


def row(row_id: str) -> Practice:
    return next(practice for practice in practices() if practice.id == row_id)


def nothing(play: Play) -> None:
    """A step of which nothing is claimed."""


def of_size(play: Play) -> None:
    play.note("grids", play.of(16_000))


def not_so(play: Play) -> None:
    expect(False, "第三网格没有人")


def broken(play: Play) -> None:
    raise KeyError("no such column")


def slow(play: Play) -> None:
    play.within("seconds_map", 4.0, 3.0)


def scenario(*steps: Callable[[Play], None], prepare: Callable[[Play], None] = nothing) -> Scenario:
    return Scenario(prepare, steps)


def play_xz19(*steps: Callable[[Play], None], size: str = "full", **more: Any) -> playing.Result:
    """XZ-19 has three clauses."""
    return playing.play_one(row("XZ-19"), scenario(*steps, **more), size=size)


# ---------------------------------------------------------------- states


def test_a_row_passes_while_its_scenario_and_clauses_are_those_that_were_played(tmp_path: Path) -> None:
    folder = shutil.copytree(states.SCENARIOS, tmp_path / "scenarios")
    practice = row("XZ-19")
    played = {"XZ-19": {"size": "full", "scenario": states.fingerprint(practice, folder)}}
    assert states.state_of(practice, played, folder).says == "passes"
    assert states.state_of(practice, {}, folder).says == "not played"
    assert states.state_of(practice, {"XZ-19": None}, folder).says == "not played"

    clauses = (replace(practice.clauses[0], en="Most of the seats are filled"), *practice.clauses[1:])
    assert states.state_of(replace(practice, clauses=clauses), played, folder).says == "not played"
    with states.scenario_of("XZ-19", folder).open("a") as file:
        file.write("# another play\n")
    assert states.state_of(practice, played, folder).says == "not played"
    states.scenario_of("XZ-19", folder).unlink()
    assert states.state_of(practice, played, folder).says == "not played"


def test_a_rehearsal_is_no_pass() -> None:
    practice = row("XZ-19")
    played = {"XZ-19": {"size": "tenth", "scenario": states.fingerprint(practice)}}
    assert states.state_of(practice, played).says == "not played"


def test_whoever_waits_or_is_refused_never_passes() -> None:
    practice = row("XZ-19")
    played = {"XZ-19": {"size": "full", "scenario": states.fingerprint(practice)}}
    waiting = Clause("等", "It waits", ("rounds",))
    waits = replace(practice, clauses=(*practice.clauses, waiting))
    of_today = {"XZ-19": {"size": "full", "scenario": states.fingerprint(waits)}}
    assert states.state_of(waits, of_today).says == "waits for"
    assert states.state_of(replace(practice, ledger="refused"), played).says == "refused"
    rewritten = states.state_of(replace(practice, ledger="rewritten"), played)
    assert (rewritten.says, rewritten.ledger) == ("passes", "rewritten")


def test_the_list_says_what_each_row_waits_for() -> None:
    found = {state.id: state for state in states.states()}
    assert len(found) == 172
    for state in found.values():
        refused = state.ledger == "refused"
        assert (state.says == "refused") == refused, state.id
        assert (state.says == "waits for") == (bool(state.waits_for) and not refused), state.id
    for row_id in SHOWN_IN_PART:
        assert found[row_id].says == "waits for"
        assert found[row_id].part_zh
        assert found[row_id].part_en
    for row_id in SEVEN:
        assert found[row_id].says == "passes", f"{row_id}: play it again: jingwei rows --play {row_id}"
        assert found[row_id].scenario == f"{row_id.replace('-', '').lower()}.py"


def test_whatever_waits_for_nothing_has_a_scenario() -> None:
    for practice in practices():
        if practice.ledger != "refused":
            assert states.scenario_of(practice.id).exists() == (not practice.waits_for), practice.id


# ---------------------------------------------------------------- playing


def test_a_failing_step_is_reported_with_its_clause_and_the_others_are_judged() -> None:
    result = play_xz19(of_size, not_so, nothing)
    assert not result.passed
    assert [step.passed for step in result.steps] == [True, False, True]
    clause = row("XZ-19").clauses[1]
    assert (result.steps[1].clause, result.steps[1].zh, result.steps[1].en) == (2, clause.zh, clause.en)
    assert result.steps[1].wrong == "第三网格没有人"
    assert "第三网格没有人" in result.steps[1].says
    assert result.steps[0].figures == {"grids": 16_000}


def test_a_step_that_breaks_does_not_pass() -> None:
    result = play_xz19(broken, nothing, nothing)
    assert [step.passed for step in result.steps] == [False, True, True]
    assert "no such column" in result.steps[0].wrong


def test_without_its_stage_no_clause_passes() -> None:
    result = play_xz19(nothing, nothing, nothing, prepare=not_so)
    assert [step.passed for step in result.steps] == [False] * 3


def test_seconds_are_judged_at_full_size_only() -> None:
    whole, tenth = play_xz19(nothing, slow, of_size), play_xz19(nothing, slow, of_size, size="tenth")
    assert [step.passed for step in whole.steps] == [True, False, True]
    assert tenth.passed
    assert tenth.steps[1].figures == {"seconds_map": 4.0}
    assert tenth.steps[2].figures == {"grids": 1_600}


def test_every_clause_has_its_step() -> None:
    with pytest.raises(playing.NoScenario, match="3 clauses, but 2 steps"):
        play_xz19(nothing, nothing)


def test_only_a_whole_pass_at_full_size_is_written_down(tmp_path: Path) -> None:
    file, practice = tmp_path / "rows.json", row("XZ-19")
    passing, failing = scenario(nothing, of_size, nothing), scenario(nothing, not_so, nothing)
    for played, size in ((passing, "tenth"), (failing, "tenth"), (failing, "full")):
        playing.play_and_record(practice, played, size=size, record=file)
        assert not file.exists()

    assert playing.play_and_record(practice, passing, size="full", record=file).passed
    entry = json.loads(file.read_text("utf-8"))["XZ-19"]
    assert (entry["size"], entry["database"]) == ("full", "sqlite")
    assert entry["scenario"] == states.fingerprint(practice)
    assert entry["steps"][1]["figures"] == {"grids": 16_000}
    assert len(entry["date"]) == 10
    assert states.state_of(practice, states.recorded(file)).says == "passes"


def test_a_failing_play_takes_nothing_away(tmp_path: Path) -> None:
    file, practice = tmp_path / "rows.json", row("XZ-19")
    playing.play_and_record(practice, scenario(nothing, nothing, nothing), size="full", record=file)
    before = file.read_bytes()
    result = playing.play_and_record(practice, scenario(nothing, not_so, nothing), size="full", record=file)
    assert file.read_bytes() == before
    for refused in (result, replace(result, steps=(), size="tenth")):
        with pytest.raises(ValueError, match="only a whole pass"):
            playing.write_down(refused, file)


# ---------------------------------------------------------------- the command


def told(*words: str) -> str:
    out = StringIO()
    call_command("rows", *words, stdout=out)
    return out.getvalue()


def test_the_command_lists_states_parts_and_what_is_waited_for() -> None:
    said = told()
    assert said.count("\n") > 172
    assert "← deadlines, rates" in said
    assert "waits for + rewritten" in said
    assert " 4 refused" in said.splitlines()[-1]


def test_the_command_tells_other_programs() -> None:
    rows = {row["id"]: row for row in json.loads(told("--json"))}
    assert len(rows) == 172
    tiers = rows["JN-13"]
    assert (tiers["state"], tiers["waits_for"]) == ("waits for", ["deadlines", "rates"])
    assert rows["JN-17"]["scenario"] == "jn17.py"
    assert (rows["JN-07"]["state"], rows["JN-07"]["ledger"]) == ("refused", "refused")
    assert {"zh", "en"} <= tiers.keys()


def test_a_row_that_is_not_in_the_list_is_told() -> None:
    with pytest.raises(CommandError, match=r"^There is no row NOPE; `jingwei rows` lists all, from ") as no:
        told("JN-17", "NOPE")
    assert no.value.returncode == 2


def test_what_cannot_be_played_says_why() -> None:
    with pytest.raises(CommandError, match="JN-13: has no scenario; it waits for deadlines, rates"):
        told("--play", "JN-13")
    with pytest.raises(CommandError, match="JN-99: there is no such row"):
        told("--play", "JN-99")
