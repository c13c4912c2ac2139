"""Playing practices through the public doors of a fresh city, one numbered step for each clause.

Only a play at full size in which every step passed is written down, with what was measured. A tenth is a
rehearsal: what a clause says about seconds is noted, not judged.
"""

from __future__ import annotations

import json
import subprocess
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from importlib import import_module
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from jingwei.city import TOP
from jingwei.rows import states
from jingwei.rows.doors import Doors, NotSo, own_database
from jingwei.rows.practices import Practice, practices

SIZES = {"full": 1, "tenth": 10}


@dataclass
class Play:
    """One practice being played: the doors of its city, its size, what the running step measured."""

    doors: Doors
    size: str
    figures: dict[str, float | int | str] = field(default_factory=dict)
    #: what one step leaves for the next
    kept: dict[str, Any] = field(default_factory=dict)

    @property
    def folder(self) -> Path:
        """Where the play puts its files."""
        return self.doors.home.parent

    def of(self, n: int) -> int:
        """So many at full size, a tenth of them in a rehearsal."""
        return -(-n // SIZES[self.size])

    def day(self, *, ago: int = 0) -> str:
        """Today in the city, or so many days ago."""
        return (datetime.now(ZoneInfo("Asia/Shanghai")).date() - timedelta(days=ago)).isoformat()

    def note(self, name: str, figure: float | int | str) -> None:
        """Write a figure down."""
        self.figures[name] = round(figure, 3) if isinstance(figure, float) else figure

    def within(self, name: str, seconds: float, limit: float) -> None:
        """Note how long something took; at full size it must have taken less than the limit."""
        self.note(name, seconds)
        if self.size == "full" and seconds >= limit:
            raise NotSo(f"{name}: {seconds:.2f} s, not under {limit:g} s")


def expect(is_so: bool, otherwise: str) -> None:
    """Go on where something is so; else the clause fails with this sentence."""
    if not is_so:
        raise NotSo(otherwise)


@dataclass(frozen=True)
class Scenario:
    """How a practice is played."""

    prepare: Callable[[Play], None]
    steps: tuple[Callable[[Play], None], ...]


@dataclass(frozen=True)
class Step:
    """One clause as it was played. The words are those of the list, so that they cannot drift."""

    clause: int
    zh: str
    en: str
    passed: bool
    seconds: float
    figures: dict[str, float | int | str]
    wrong: str = ""

    @property
    def says(self) -> str:
        figures = ", ".join(f"{name} {value}" for name, value in self.figures.items())
        return self.zh + (f" — {self.wrong}" if self.wrong else f" ({figures})" if figures else "")


@dataclass(frozen=True)
class Result:
    """One practice as it was played."""

    row: str
    size: str
    database: str
    scenario: str
    seconds: float
    steps: tuple[Step, ...]

    @property
    def passed(self) -> bool:
        return all(step.passed for step in self.steps)


class NoScenario(Exception):
    """A row that was asked for cannot be played; the message says why."""


def playable(rows: Sequence[str] = ()) -> list[Practice]:
    """The practices asked for, or all that have a scenario; raises ``NoScenario`` for one that has none."""
    found = {practice.id: practice for practice in practices()}
    if not rows:
        return [one for one in found.values() if states.scenario_of(one.id).exists()]
    for row in rows:
        if row not in found:
            raise NoScenario(f"{row}: there is no such row")
        if not states.scenario_of(row).exists():
            waits = ", ".join(found[row].waits_for)
            raise NoScenario(f"{row}: has no scenario" + (f"; it waits for {waits}" if waits else ""))
    return [found[row] for row in rows]


def play(
    rows: Sequence[str], *, size: str, database: str = "", record: Path = states.RECORD
) -> Iterator[Result]:
    """Play rows one after the other, each in a city of its own."""
    for practice in playable(rows):
        module = import_module(f"jingwei.rows.scenarios.{states.scenario_of(practice.id).stem}")
        scenario = Scenario(module.PREPARE, module.STEPS)
        yield play_and_record(practice, scenario, size=size, database=database, record=record)


def play_and_record(
    practice: Practice, scenario: Scenario, *, size: str, database: str = "", record: Path = states.RECORD
) -> Result:
    """Play one practice; a whole pass at full size is written down at once.

    A play that fails writes nothing and takes nothing away: an older pass stays, and the command says so.
    """
    result = play_one(practice, scenario, size=size, database=database)
    if result.passed and size == "full":
        write_down(result, record)
    return result


def play_one(practice: Practice, scenario: Scenario, *, size: str, database: str = "") -> Result:
    """Play one practice in a city of its own, which is gone afterwards."""
    if len(scenario.steps) != len(practice.clauses):
        raise NoScenario(f"{practice.id}: {len(practice.clauses)} clauses, but {len(scenario.steps)} steps")
    began = time.perf_counter()
    fingerprint = states.fingerprint(practice)
    with tempfile.TemporaryDirectory(prefix="jingwei-rows-") as folder, own_database(database) as address:
        doors = Doors(Path(folder) / "city", address)
        stage = Play(doors, size)
        try:
            wrong = _wrong(scenario.prepare, stage)
            steps = tuple(
                _step(number, practice, step, stage, wrong)
                for number, step in enumerate(scenario.steps, start=1)
            )
        finally:
            doors.end()
    database_kind = "postgresql" if database else "sqlite"
    seconds = round(time.perf_counter() - began, 1)
    return Result(practice.id, size, database_kind, fingerprint, seconds, steps)


def _step(
    number: int, practice: Practice, step: Callable[[Play], None], stage: Play, unprepared: str
) -> Step:
    """Play one clause. Where the stage could not even be set, no clause passes."""
    clause, began = practice.clauses[number - 1], time.perf_counter()
    stage.figures = {}
    wrong = unprepared or _wrong(step, stage)
    seconds = round(time.perf_counter() - began, 2)
    return Step(number, clause.zh, clause.en, not wrong, seconds, stage.figures, wrong)


def _wrong(part: Callable[[Play], None], stage: Play) -> str:
    """What is wrong with a part of a play; a part that breaks is as wrong as one that is not so."""
    try:
        part(stage)
    except NotSo as no:
        return str(no)
    except Exception:
        return traceback.format_exc(limit=-3)
    return ""


def write_down(result: Result, file: Path) -> None:
    """Keep a whole pass: commit, day, scenario, and what each step measured."""
    if not result.passed or result.size != "full":
        raise ValueError(f"{result.row}: only a whole pass at full size is written down")
    commit, changed = _commit()
    entry = {
        "size": result.size,
        "scenario": result.scenario,
        "commit": commit,
        "with_uncommitted_changes": changed,
        "date": datetime.now(UTC).date().isoformat(),
        "database": result.database,
        "seconds": result.seconds,
        "steps": [
            {"clause": step.clause, "seconds": step.seconds, "figures": step.figures} for step in result.steps
        ],
    }
    order = {practice.id: place for place, practice in enumerate(practices())}
    whole = states.recorded(file) | {result.row: entry}
    kept = dict(sorted(whole.items(), key=lambda one: order.get(one[0], len(order))))
    file.write_text(json.dumps(kept, ensure_ascii=False, indent=1) + "\n", "utf-8")


def _commit() -> tuple[str, bool]:
    """The commit that was played, and whether the tree differs from it in more than the record itself."""
    try:
        changed = _git("status", "--porcelain", "--", ".", ":!docs/rows.json")
        return _git("rev-parse", "--short=12", "HEAD"), bool(changed)
    except (OSError, subprocess.CalledProcessError):
        return "", True


def _git(*words: str) -> str:
    done = subprocess.run(["git", *words], cwd=TOP, capture_output=True, text=True, check=True)  # noqa: S603, S607
    return done.stdout.strip()
