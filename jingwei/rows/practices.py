"""The 172 practices as data: what a city does, cut into clauses that can be played and judged one by one.

The list is `practices.yaml` beside this file. It is read strictly: a key or a word that is not known here is
an error and never a silent gap, because what the list says decides what may be claimed.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

LIST = Path(__file__).with_name("practices.yaml")

#: Where the practices were described, and how each group's ids begin.
ARTICLES = {"XZ": "徐州", "HA": "淮安", "CZ": "滁州", "JN": "济南", "FZ": "其他九市"}

#: The letter of a template code → its mechanism, and how many templates the mechanism has.
TEMPLATES = {
    "A": ("AREA", 5),
    "P": ("POST", 7),
    "R": ("REG", 6),
    "C": ("CASE", 19),
    "N": ("ROUND", 9),
    "S": ("ROSTER", 7),
    "O": ("NOTICE", 5),
    "E": ("PERMIT", 3),
    "K": ("STOCK", 4),
    "G": ("PROG", 11),
    "D": ("DELIB", 5),
    "B": ("BOOK", 5),
}
MECHANISMS = frozenset(mechanism for mechanism, _ in TEMPLATES.values())
TEMPLATE_CODES = frozenset(
    f"{letter}{number}" for letter, (_, count) in TEMPLATES.items() for number in range(1, count + 1)
)

#: What a clause may wait for, in the order a row names them. Who builds one takes its word out in both.
NOT_BUILT = (
    "rounds",
    "rosters",
    "notices",
    "permits",
    "stock",
    "programmes",
    "councils",
    "bookings",
    "registers",
    "documents",
    "deadlines",  # the ladder of slips and automatic climbing; plain due times are there
    "joint_handling",  # whistle, co-handlers, lead and co-handlers assessed
    "rates",  # the three rates and published indicators; live counts are there
    "offline",
    "parties",  # several parties of one case, each with a consent and a page of its own
    "emergency_switch",
    "insight",  # finding what is alike among many; while one report is typed, it is offered already
    "adapters",
    "seats",  # those that units must have, and kinds where no post stands; required seats of areas are there
    "playbook",  # a procedure that is still to be written; what it asks of the engine is there
)

LEDGER = ("", "rewritten", "refused")


class BadList(ValueError):
    """The list of practices says something this file does not understand; the message names the row."""


@dataclass(frozen=True)
class Words:
    """One text for people, in both languages."""

    zh: str
    en: str


@dataclass(frozen=True)
class Clause:
    """One step of an acceptance statement, and what must be built before it can pass."""

    zh: str
    en: str
    waits_for: tuple[str, ...]


@dataclass(frozen=True)
class Practice:
    """One practice: its acceptance statement in clauses, and what stands instead where rights exclude it."""

    id: str
    zh: str
    en: str
    clauses: tuple[Clause, ...]
    mechanisms: tuple[str, ...]
    templates: tuple[str, ...]
    ledger: str
    part: Words | None
    built_instead: Words | None

    @property
    def article(self) -> str:
        """Return the two letters of the group this practice was described in."""
        return self.id.partition("-")[0]

    @property
    def waits_for(self) -> tuple[str, ...]:
        """Return everything any clause waits for; empty means the whole statement can be played today."""
        return _in_order(word for clause in self.clauses for word in clause.waits_for)


@cache
def practices() -> tuple[Practice, ...]:
    """Return all practices in the order of the list."""
    return read(LIST.read_text(encoding="utf-8"))


def read(text: str) -> tuple[Practice, ...]:
    """Read a list of practices, or raise ``BadList`` at the first thing that is not understood."""
    try:
        rows = yaml.load(text, Loader=_StringLoader)  # noqa: S506 - makes strings, lists and mappings, never objects
    except yaml.YAMLError as error:
        raise BadList(str(error)) from error
    if not isinstance(rows, list):
        raise BadList("the list of practices is not a list")
    found = tuple(_practice(row, f"row {number}") for number, row in enumerate(rows, start=1))
    seen: set[str] = set()
    for practice in found:
        if practice.id in seen:
            raise BadList(f"{practice.id}: stands in the list twice")
        seen.add(practice.id)
    return found


class _StringLoader(yaml.BaseLoader):
    """Reads every scalar as the string that was written, and refuses what YAML would let pass unseen."""

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        event = self.peek_event()  # type: ignore[no-untyped-call]
        if getattr(event, "anchor", None) or getattr(event, "tag", None):
            raise yaml.YAMLError(f"line {event.start_mark.line + 1}: anchors, aliases and tags are not read")
        return super().compose_node(parent, index)

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        keys = [key.value for key, _ in node.value]
        for key in keys:
            if keys.count(key) > 1:
                # Without this the later one would win and the earlier clause would be gone.
                raise yaml.YAMLError(f"line {node.start_mark.line + 1}: {key!r} is written twice")
        return super().construct_mapping(node, deep)


def _practice(row: Any, where: str) -> Practice:
    if isinstance(row, dict) and isinstance(row.get("id"), str):
        where = row["id"]
    _check_keys(
        row,
        where,
        needs={"id", "zh", "en", "clauses", "mechanisms", "templates", "ledger"},
        may={"part", "built_instead"},
    )
    practice = Practice(
        id=_id(row["id"], where),
        zh=_text(row["zh"], f"{where}: zh"),
        en=_text(row["en"], f"{where}: en"),
        clauses=_clauses(row["clauses"], where),
        mechanisms=_codes(row["mechanisms"], MECHANISMS, f"{where}: mechanisms"),
        templates=_codes(row["templates"], TEMPLATE_CODES, f"{where}: templates"),
        ledger=_text(row["ledger"], f"{where}: ledger", may_be_empty=True),
        part=_words(row.get("part", ""), f"{where}: part"),
        built_instead=_words(row.get("built_instead", ""), f"{where}: built_instead"),
    )
    for code in practice.templates:
        if TEMPLATES[code[0]][0] not in practice.mechanisms:
            raise BadList(
                f"{where}: template {code} belongs to {TEMPLATES[code[0]][0]}, which the row does not name"
            )
    if practice.ledger not in LEDGER:
        raise BadList(f"{where}: ledger: {practice.ledger!r} is not one of {', '.join(filter(None, LEDGER))}")
    if bool(practice.ledger) != (practice.built_instead is not None):
        raise BadList(f"{where}: a row in the rights ledger, and only such a row, says what is built instead")
    if bool(practice.waits_for) != ("part" in row):
        raise BadList(
            f"{where}: a waiting row, and only such a row, says which part can be shown ('' if none)"
        )
    return practice


def _clauses(rows: Any, where: str) -> tuple[Clause, ...]:
    if not isinstance(rows, list) or not rows:
        raise BadList(f"{where}: clauses: a practice has at least one")
    return tuple(_clause(row, f"{where}, clause {number}") for number, row in enumerate(rows, start=1))


def _clause(row: Any, where: str) -> Clause:
    _check_keys(row, where, needs={"zh", "en"}, may={"waits_for"})
    waits_for = _codes(row.get("waits_for", []), frozenset(NOT_BUILT), f"{where}: waits_for")
    return Clause(
        zh=_text(row["zh"], f"{where}: zh"),
        en=_text(row["en"], f"{where}: en"),
        waits_for=_in_order(waits_for),
    )


def _words(value: Any, where: str) -> Words | None:
    if value == "":
        return None
    _check_keys(value, where, needs={"zh", "en"})
    return Words(zh=_text(value["zh"], f"{where}: zh"), en=_text(value["en"], f"{where}: en"))


def _check_keys(row: Any, where: str, *, needs: set[str], may: Iterable[str] = ()) -> None:
    if not isinstance(row, dict):
        raise BadList(f"{where}: expected {', '.join(sorted(needs))}")
    if missing := needs - row.keys():
        raise BadList(f"{where}: {', '.join(sorted(missing))} missing")
    if unknown := row.keys() - needs - set(may):
        raise BadList(f"{where}: unknown key {', '.join(sorted(unknown))}")


def _id(value: Any, where: str) -> str:
    article, _, number = _text(value, where).partition("-")
    if article not in ARTICLES or len(number) != 2 or not number.isdecimal():
        raise BadList(f"{where}: an id is a group ({', '.join(ARTICLES)}), a hyphen and two digits")
    return f"{article}-{number}"


def _text(value: Any, where: str, *, may_be_empty: bool = False) -> str:
    if not isinstance(value, str):
        raise BadList(f"{where}: expected text")
    if not value.strip() and not may_be_empty:
        raise BadList(f"{where}: is empty")
    return value


def _codes(value: Any, known: frozenset[str], where: str) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise BadList(f"{where}: expected a list")
    for code in value:
        if not isinstance(code, str) or code not in known:
            raise BadList(f"{where}: {code!r} is not known")
        if value.count(code) > 1:
            raise BadList(f"{where}: {code!r} is named twice")
    return tuple(value)


def _in_order(words: Iterable[str]) -> tuple[str, ...]:
    named = set(words)
    return tuple(word for word in NOT_BUILT if word in named)
