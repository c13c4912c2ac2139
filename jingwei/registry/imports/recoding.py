"""Old and new codes from a table: which code means which area, and the successions that come of it.

Statistics, civil affairs and map services write one place under several codes, and development zones are
counted under two. A row of the table ties two codes; where both are areas, the tie is kept as
`AreaSuccession`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from jingwei.kernel.moments import today
from jingwei.kernel.tables.reading import Column, Row, read_table
from jingwei.registry.imports.known_areas import KnownAreas
from jingwei.registry.imports.plan import Incoming, Plan, Reading, Writing
from jingwei.registry.models import Area, AreaSuccession

COLUMNS = (
    Column("old", ("旧编码", "原编码", "old_code", "old"), kind="code", required=True),
    Column("new", ("新编码", "现编码", "new_code", "new"), kind="code", required=True),
    Column("since", ("起始日期", "变更日期", "日期", "since"), kind="date", required=True),
    Column("reason", ("原因", "变更原因", "说明", "reason"), width=120),
    Column("ends", ("停用", "旧区划停用", "ends"), kind="boolean"),
)

Found = Callable[[str], Area | None]


@dataclass(frozen=True, slots=True)
class Recoding:
    """One row: since a day, ``new`` answers for the matters of ``old``; with ``ends`` the old one ceases."""

    line: int
    reading: Reading
    old: str
    new: str
    since: date
    reason: str
    ends: bool


@dataclass
class Recodings:
    """The whole table."""

    rows: list[Recoding] = field(default_factory=list)
    readings: list[Reading] = field(default_factory=list)

    @classmethod
    def read(cls, file: Incoming | None) -> Recodings:
        """Read the table, or none."""
        found = cls()
        if file is not None:
            table = read_table(file.data, filename=file.filename, columns=COLUMNS)
            found.take(Reading("recodings", COLUMNS, table))
        return found

    def take(self, reading: Reading) -> None:
        """Take the rows of a sheet."""
        self.readings.append(reading)
        for row in reading.rows:
            self._take(reading, row)

    def _take(self, reading: Reading, row: Row) -> None:
        said: Mapping[str, Any] = row.values
        if said["old"] == said["new"]:
            reading.wrong(row.line, "new", "recoding-same")
        elif said["since"] > today():
            reading.wrong(row.line, "since", "recoding-future")
        else:
            self.rows.append(
                Recoding(
                    row.line,
                    reading,
                    said["old"],
                    said["new"],
                    said["since"],
                    said["reason"] or "",
                    bool(said["ends"]),
                )
            )

    def newer(self, code: str) -> str:
        """The code that a code is now, followed through the table; itself where the table does not say."""
        seen = {code}
        now = {one.old: one.new for one in self.rows}
        while code in now and now[code] not in seen:
            code = now[code]
            seen.add(code)
        return code

    def other(self, code: str) -> list[str]:
        """Every code that the table ties to this one, in either direction."""
        return [one.new for one in self.rows if one.old == code] + [
            one.old for one in self.rows if one.new == code
        ]

    def settle(self, plan: Plan, known: KnownAreas, found: Found, *, must_know: bool) -> None:
        """Judge every row and plan the successions; ``found`` knows the areas that this import makes.

        With ``must_know`` a new code that is no area is an error, otherwise it is told.
        """
        new_ones: list[tuple[Recoding, Area | None, Area]] = []
        unknown: list[str] = []
        stay: list[str] = []
        pairs = set(AreaSuccession.objects.values_list("old__code", "new__code"))
        for one in self.rows:
            new = found(one.new)
            old = found(one.old) or known.ended.get(one.old)
            if new is None and must_know:
                one.reading.wrong(one.line, "new", "recoding-new-unknown")
                continue
            if new is None:
                unknown.append(one.new)
                continue
            if why := _why_not_end(one, old, known):
                column, code, params = why
                one.reading.wrong(one.line, column, code, **params)
                continue
            if (
                old is not None
                and old.valid_to is None
                and old.pk
                and known.children.get(old.pk)
                and not one.ends
            ):
                stay.append(f"{old.name}（{old.code}）")
            if (one.old, one.new) in pairs:
                plan.count("succession").left += 1
            else:
                plan.count("succession").made += 1
                new_ones.append((one, old, new))
        if unknown:
            plan.note("recoding-one-known", n=len(unknown), names="、".join(unknown[:20]))
        if stay:
            plan.note("children-stay", n=len(stay), names="、".join(stay[:20]))
        if new_ones:
            plan.steps.append(lambda writing: _write(writing, new_ones))


def _why_not_end(
    one: Recoding, old: Area | None, known: KnownAreas
) -> tuple[str, str, dict[str, Any]] | None:
    """Why the old area cannot cease, as column, code and what to fill in; None when it can or need not."""
    if not one.ends or old is None or old.valid_to is not None:
        return None
    if n := known.children.get(old.pk or 0, 0):
        return "old", "recoding-has-children", {"n": n}
    if one.since < old.valid_from:
        return "since", "since-too-early", {"start": old.valid_from}
    return None


def _write(writing: Writing, pairs: list[tuple[Recoding, Area | None, Area]]) -> None:
    """Both sides are there by now; an old code that was never an area here becomes one that has ended."""
    labels = [
        (
            one,
            Area(
                kind=new.kind,
                tier=new.tier,
                parent=new.parent,
                code=one.old,
                name=new.name,
                valid_from=one.since,
                valid_to=one.since,
            ),
        )
        for one, old, new in pairs
        if old is None
    ]
    if labels:
        writing.make(
            [area for _, area in labels],
            "area-made",
            lines=[one.line for one, _ in labels],
            details=[{"code": area.code, "parent": area.parent_id, "only": "code"} for _, area in labels],
        )
    made = {area.code: area for _, area in labels}
    sides = [(one, old if old is not None else made[one.old], new) for one, old, new in pairs]
    writing.add(
        "succession",
        [AreaSuccession(old=old, new=new, since=one.since, reason=one.reason) for one, old, new in sides],
        lines=[one.line for one, _, _ in sides],
    )
    olds = {old.pk: old for _, old, _ in sides}  # one that was split has several rows and one journal line
    first = {pk: next(one for one, old, _ in sides if old.pk == pk) for pk in olds}
    writing.change(
        list(olds.values()),
        "area-succeeded",
        lines=[one.line for one in first.values()],
        values=[{}] * len(olds),
        details=[{"by": [new.pk for _, old, new in sides if old.pk == pk]} for pk in olds],
    )
    ended = {old.pk: (one, old) for one, old, _ in sides if one.ends and old.valid_to is None}
    if ended:
        writing.change(
            [old for _, old in ended.values()],
            "area-ended",
            lines=[one.line for one, _ in ended.values()],
            values=[{"valid_to": one.since} for one, _ in ended.values()],
        )
