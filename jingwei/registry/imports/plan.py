"""What an import is made of: files, how to read them, what comes of every row, notes for the way back.

An importer reads files into a `Plan` without writing anything; the plan says what would be made, changed and
left, why rows cannot be taken and what would be right, and it can write the rows that can. `batches`
decides whether it does.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, TypeVar
from uuid import UUID

from django.db import models

from jingwei.kernel import ids, journal, rows
from jingwei.kernel.actors import Actor
from jingwei.kernel.models import Journalled
from jingwei.kernel.tables.problems import Problem
from jingwei.kernel.tables.reading import Column, Row, Table
from jingwei.registry.models import ImportBatch, ImportedRow

S = TypeVar("S", bound=Journalled)
M = TypeVar("M", bound=models.Model)


@dataclass(frozen=True, slots=True)
class Incoming:
    """A file as it was sent."""

    filename: str
    data: bytes

    @property
    def digest(self) -> bytes:
        return hashlib.sha256(self.data).digest()


@dataclass(frozen=True, slots=True)
class Options:
    """How to read the files. ``mapping`` is a file that says what they do not: codes or names."""

    source: str = ""
    key: str = ""
    list: str = ""
    own_only: bool = False
    open_accounts: bool = False
    mapping: Incoming | None = None

    def stored(self) -> dict[str, Any]:
        """What of it goes into the batch's row."""
        plain = {name: getattr(self, name) for name in ("source", "key", "list", "own_only", "open_accounts")}
        return {name: value for name, value in plain.items() if value}


@dataclass(frozen=True, slots=True)
class Note:
    """Something to be told that keeps no row from being taken."""

    code: str
    params: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Failed:
    """A row that cannot be taken: where it stands, what was typed, and every reason."""

    form: str
    sheet: str
    line: int
    raw: Mapping[str, str]
    problems: tuple[Problem, ...]


@dataclass
class Count:
    """How many of a noun would be (or were) made, changed, left as they are."""

    made: int = 0
    changed: int = 0
    left: int = 0


@dataclass
class Plan:
    """What would come of the files."""

    counts: dict[str, Count] = field(default_factory=dict)
    failed: list[Failed] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)
    left_out: int = 0
    steps: list[Callable[[Writing], None]] = field(default_factory=list)

    def count(self, noun: str) -> Count:
        """The counts of a noun, in the order in which nouns are first counted."""
        return self.counts.setdefault(noun, Count())

    def note(self, code: str, **params: Any) -> None:
        """Tell something."""
        self.notes.append(Note(code, params))

    def write(self, writing: Writing) -> None:
        """Write every row that can be taken, in the caller's transaction."""
        for step in self.steps:
            step(writing)


class Reading:
    """One sheet while it is judged: its rows, and what is wrong with them so far."""

    def __init__(self, form: str, columns: Sequence[Column], table: Table) -> None:
        self.form, self.sheet, self.table = form, table.sheet, table
        self._columns = {column.name: column for column in columns}
        self._rows = {row.line: row for row in table.rows}
        self._wrong: dict[int, list[Problem]] = {}
        for problem in table.problems:
            if not problem.is_warning:
                self._wrong.setdefault(problem.line, []).append(problem)
        #: a header that is at fault leaves nothing to be taken
        self.headless = table.header_line in self._wrong

    @property
    def rows(self) -> list[Row]:
        """The rows that can be taken as far as is known."""
        return [] if self.headless else [row for row in self.table.rows if row.line not in self._wrong]

    @property
    def broken(self) -> list[Row]:
        """The rows that cannot be taken as far as is known."""
        return [row for row in self.table.rows if self.headless or row.line in self._wrong]

    def wrong(self, line: int, column: str, code: str, /, **params: Any) -> None:
        """Say what is wrong with a row; the value is what was typed, unless another one is given."""
        row = self._rows.get(line)
        typed = row.raw.get(column, "") if row else ""
        label = self._columns[column].label() if column in self._columns else ""
        value = str(params.pop("value", typed))
        self._wrong.setdefault(line, []).append(
            Problem(line, column, value, code, {"label": label, **params})
        )

    def is_wrong(self, line: int) -> bool:
        return line in self._wrong or self.headless

    def failed(self) -> list[Failed]:
        """Every row that cannot be taken, by line."""
        return [
            Failed(
                self.form, self.sheet, line, self._rows[line].raw if line in self._rows else {}, tuple(wrong)
            )
            for line, wrong in sorted(self._wrong.items())
        ]

    @property
    def left_out(self) -> int:
        """How many lines are no records: totals, notes, examples."""
        return len(self.table.left_out)


# ---------------------------------------------------------------- writing


@dataclass(frozen=True, slots=True)
class Activation:
    """An account that was opened, with the code that is shown once."""

    staff_no: str
    name: str
    organisation: str
    login: str
    code: str


@dataclass
class _Touched:
    line: int
    kind: str
    row: models.Model
    made: bool
    before: dict[str, Any]


class Writing:
    """Writes what a plan says, many rows at a time, and notes what it made and changed for the way back."""

    def __init__(self, batch: ImportBatch, *, by: Actor) -> None:
        self.batch, self.by = batch, by
        self.activations: list[Activation] = []
        self._touched: list[_Touched] = []

    def make(
        self,
        subjects: Sequence[S],
        verb: str,
        *,
        lines: Iterable[int],
        details: Iterable[Mapping[str, Any]] = (),
        before_write: Callable[[S], None] | None = None,
    ) -> None:
        """Insert new subjects with their first journal lines."""
        said = [self._detail(detail) for detail in details] or [self._detail({})] * len(subjects)
        journal.begin_many(subjects, verb, by=self.by, details=said, before_write=before_write)
        for line, subject in zip(lines, subjects, strict=True):
            self._touched.append(_Touched(line, subject.journal_kind, subject, made=True, before={}))

    def change(
        self,
        subjects: Sequence[S],
        verb: str,
        *,
        lines: Iterable[int],
        values: Sequence[dict[str, Any]],
        details: Iterable[Mapping[str, Any]] = (),
        notes: Iterable[Mapping[str, Any]] = (),
    ) -> None:
        """Give subjects new values, one journal line each; ``notes`` are kept beside the old values."""
        said = [self._detail(detail) for detail in details] or [
            self._detail({"columns": sorted(new)} if new else {}) for new in values
        ]
        beside = list(notes) or [{}] * len(subjects)
        olds = [
            {name: kept(getattr(one, name)) for name in new}
            for one, new in zip(subjects, values, strict=True)
        ]
        journal.record_many(subjects, verb, by=self.by, values=values, details=said)
        for line, subject, old, note in zip(lines, subjects, olds, beside, strict=True):
            before = {"values": old, **note}
            self._touched.append(_Touched(line, subject.journal_kind, subject, made=False, before=before))

    def add(self, kind: str, new: Sequence[M], *, lines: Iterable[int]) -> None:
        """Insert rows that belong to a subject and have no journal of their own: links, second names."""
        type(new[0])._default_manager.bulk_create(new, batch_size=1000) if new else None
        for line, row in zip(lines, new, strict=True):
            self._touched.append(_Touched(line, kind, row, made=True, before={}))

    def note_made(self, kind: str, row: models.Model, line: int) -> None:
        """Note a row that an action of its own has made for this import."""
        self._touched.append(_Touched(line, kind, row, made=True, before={}))

    def note_changed(self, kind: str, row: models.Model, line: int, before: dict[str, Any]) -> None:
        """Note a row without a journal of its own that was changed, with what it was before."""
        self._touched.append(_Touched(line, kind, row, made=False, before=before))

    def finish(self) -> None:
        """Write down what was made and changed, with how many journal lines each subject has by now."""
        noted = [
            ImportedRow(
                batch_id=self.batch.pk,
                line=one.line,
                kind=one.kind,
                made=one.made,
                subject=one.row.pk if isinstance(one.row.pk, UUID) else ids.numbered(one.row.pk),
                before=one.before
                | ({"lines": one.row.journal_count} if isinstance(one.row, Journalled) else {}),
            )
            for one in self._touched
        ]
        rows.insert_many(noted)

    def _detail(self, detail: Mapping[str, Any]) -> dict[str, Any]:
        return {**detail, "batch": str(self.batch.pk)}


def kept(value: Any) -> Any:
    """A column's value as JSON can keep it."""
    if isinstance(value, date):
        return value.isoformat()
    return bytes(value).hex() if isinstance(value, bytes | memoryview) else value


def given_back(model: type[models.Model], values: Mapping[str, Any]) -> dict[str, Any]:
    """Values as they were before `kept`."""
    fields = {f.attname: f for f in model._meta.concrete_fields}
    found: dict[str, Any] = {}
    for name, value in values.items():
        if value is not None and isinstance(fields[name], models.BinaryField):
            found[name] = bytes.fromhex(value)
        elif value is not None and isinstance(fields[name], models.DateField):
            found[name] = date.fromisoformat(value)
        else:
            found[name] = value
    return found


def set_columns(pairs: Sequence[tuple[models.Model, dict[str, Any]]]) -> None:
    """Write columns that are no news to anybody (a path follows from the parent), without journal lines."""
    rows.change_many([rows.Update(row, new) for row, new in pairs], only_if=[{}] * len(pairs))
