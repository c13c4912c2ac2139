"""What stands of each practice: played whole, waiting, refused by the rights ledger, or not played.

Only what `jingwei rows --play` wrote into docs/rows.json counts as played, and only while the scenario and
the clauses are those it was played with.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from jingwei.city import TOP
from jingwei.rows.practices import Practice, practices

SCENARIOS = Path(__file__).with_name("scenarios")
RECORD = TOP / "docs/rows.json"

PASSES, WAITS, REFUSED, NOT_PLAYED = "passes", "waits for", "refused", "not played"


@dataclass(frozen=True)
class State:
    """A practice with what may be claimed of it today; `ledger` stands beside where rights rewrote it."""

    id: str
    says: str
    scenario: str
    waits_for: tuple[str, ...]
    ledger: str
    zh: str
    en: str
    part_zh: str
    part_en: str

    def as_dict(self) -> dict[str, Any]:
        """The state for other programs."""
        said = asdict(self)
        return {"id": said.pop("id"), "state": said.pop("says"), **said, "waits_for": list(self.waits_for)}


def states(*, record: Path = RECORD, folder: Path = SCENARIOS) -> list[State]:
    """Return the state of every practice, in the order of the list."""
    played = recorded(record)
    return [state_of(practice, played, folder) for practice in practices()]


def state_of(practice: Practice, played: Mapping[str, Any], folder: Path = SCENARIOS) -> State:
    """Return what may be claimed of one practice.

    The ledger's refusal stands above everything. A pass counts for the very scenario and clauses it was
    played with, and never while a clause waits for something.
    """
    scenario = scenario_of(practice.id, folder)
    if practice.ledger == "refused":
        says = REFUSED
    elif practice.waits_for:
        says = WAITS
    elif scenario.exists() and _passed(played.get(practice.id), fingerprint(practice, folder)):
        says = PASSES
    else:
        says = NOT_PLAYED
    return State(
        id=practice.id,
        says=says,
        scenario=scenario.name if scenario.exists() else "",
        waits_for=practice.waits_for,
        ledger=practice.ledger,
        zh=practice.zh,
        en=practice.en,
        part_zh=practice.part.zh if practice.part else "",
        part_en=practice.part.en if practice.part else "",
    )


def _passed(entry: Any, today: str) -> bool:
    """Is this the record of a whole play at full size, of the scenario as it is today?"""
    return isinstance(entry, dict) and entry.get("size") == "full" and entry.get("scenario") == today


def scenario_of(row: str, folder: Path = SCENARIOS) -> Path:
    """The file that plays a practice; it need not exist."""
    return folder / f"{row.replace('-', '').lower()}.py"


def fingerprint(practice: Practice, folder: Path = SCENARIOS) -> str:
    """A hash over the scenario and the clauses it plays: a word changed in either is another play."""
    said = [text for clause in practice.clauses for text in (clause.zh, clause.en)]
    text = json.dumps([scenario_of(practice.id, folder).read_text("utf-8"), said], ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def recorded(file: Path = RECORD) -> dict[str, Any]:
    """What was played, by row; nothing before the first play."""
    try:
        found = json.loads(file.read_text("utf-8"))
    except FileNotFoundError:
        return {}
    return found if isinstance(found, dict) else {}
