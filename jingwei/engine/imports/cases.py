"""Matters from tables of other systems: old ones as history, with what their source states, or open ones.

Every row becomes a case through `actions.take_in`; its id is made of the source and the row's own key, so
that the same row is never taken in twice. A mapping file (`case_map`) says what the columns mean. Why
history carries classes of another list apart:
docs/decisions/0010-history-keeps-the-classes-of-its-source-apart.md.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID, uuid5

from django.db.models import QuerySet
from django.utils import timezone

from jingwei.engine import actions, entering, library
from jingwei.engine.actions import Historical
from jingwei.engine.imports import case_map
from jingwei.engine.imports.case_map import CaseMap, OtherClass
from jingwei.engine.imports.names import Names
from jingwei.engine.library import Playbook
from jingwei.engine.models import Case
from jingwei.kernel.actors import Party
from jingwei.kernel.models import JournalLine
from jingwei.kernel.moments import now
from jingwei.kernel.tables.problems import TableError, say_also
from jingwei.kernel.tables.reading import Column, Row, read_table
from jingwei.registry.imports import batches, words
from jingwei.registry.imports.plan import Incoming, Options, Plan, Reading, Writing

#: ids of imported cases are made below this one
NAMESPACE = UUID("5d0a3bd2-3f0b-5b4f-9d59-0d5c7a3b7f10")
AT_ONCE = 1000
_TEXTS = ("text", "line")


def plan(files: Sequence[Incoming], options: Options) -> Plan:
    """Read matters from tables; see the module."""
    if options.mapping is None:
        raise TableError("no-mapping")
    said = case_map.read(options.mapping.data.decode("utf-8", "replace"))
    return _CasePlan(said).made_of(files)


@dataclass
class _Draft:
    """A case as its row says it is."""

    line: int
    key: str
    came_in: datetime
    ended: datetime | None
    entered: dict[str, Any]
    more: list[tuple[str, str]] = field(
        default_factory=list
    )  # what is too long for one entry: further pieces
    title: str = ""
    unit: int | None = None
    stated: dict[str, str] = field(default_factory=dict)
    counted: str = ""


class _CasePlan:
    def __init__(self, said: CaseMap) -> None:
        self.map = said
        self.playbook: Playbook = library.in_force(said.procedure)
        self.plan = Plan()
        self.columns = tuple(self._column(name) for name in said.columns())
        self.areas = Names.of_areas(said.area) if said.area else None
        self.units = Names.of_units(said.unit) if said.unit else None
        self.paths = {
            name: _paths_of(rule.list) for name, rule in said.stated.items() if isinstance(rule, OtherClass)
        }
        self.drafts: list[_Draft] = []
        self.lines: dict[str, int] = {}
        self.unlocated = 0

    def _column(self, name: str) -> Column:
        moment = name in (self.map.came_in, self.map.ended)
        must = name in (self.map.key, self.map.came_in)
        return Column(name, (name,), kind="moment" if moment else "text", required=must)

    def made_of(self, files: Sequence[Incoming]) -> Plan:
        readings = []
        for file in files:
            table = read_table(file.data, filename=file.filename, columns=self.columns)
            reading = Reading("cases", self.columns, table)
            readings.append(reading)
            for row in reading.rows:
                self._judge(reading, row)
        new = _not_taken_in(self.map.source, self.drafts)
        count = self.plan.count("case")
        count.made, count.left = len(new), len(self.drafts) - len(new)
        if self.unlocated:
            code = "history-unlocated" if self.map.mode == "history" else "cases-unlocated"
            self.plan.note(code, n=self.unlocated)
        for reading in readings:
            self.plan.failed += reading.failed()
            self.plan.left_out += reading.left_out
        if new:
            self.plan.steps.append(lambda writing: self._write(writing, new))
        return self.plan

    # ------------------------------------------------------------ judging

    def _judge(self, reading: Reading, row: Row) -> None:
        """Make a draft of a row, or say everything that is wrong with it."""
        said: Mapping[str, Any] = row.values
        key = str(said[self.map.key])
        if (first := self.lines.setdefault(key, row.line)) != row.line:
            reading.wrong(row.line, self.map.key, "code-twice", first=first)
        came_in = timezone.make_aware(said[self.map.came_in])
        ended = timezone.make_aware(said[self.map.ended]) if self.map.ended and said[self.map.ended] else None
        if came_in > now() or (ended is not None and ended > now()):
            reading.wrong(
                row.line, self.map.came_in if came_in > now() else self.map.ended, "moment-in-future"
            )
        elif ended is not None and ended < came_in:
            reading.wrong(row.line, self.map.ended, "ended-before-it-came")
        draft = _Draft(row.line, key, came_in, ended, {})
        self._enter(reading, row, draft)
        self._place(reading, row, draft)
        if self.map.mode == "history":
            self._state(reading, row, draft)
        if not reading.is_wrong(row.line):
            self.drafts.append(draft)
            self.unlocated += "area" not in draft.entered

    def _enter(self, reading: Reading, row: Row, draft: _Draft) -> None:
        """The values of the procedure's fields; a long text is kept whole, in pieces."""
        raw: dict[str, Any] = {}
        for name, columns in self.map.fields.items():
            text = "\n".join(str(row.values[column]) for column in columns if row.values[column])
            rule = self.playbook.procedure.fields[name]
            if rule.type == "place" and text:
                raw[name] = {"words": text.replace("\n", " ")[: entering.MOST_LINE]}
            elif rule.type == "text" and len(text) > entering.MOST_TEXT and self._may_add():
                first, *rest = _pieces(text, entering.MOST_TEXT)
                raw[name] = first
                draft.more += [("remark", piece) for piece in rest]
            else:
                raw[name] = text
        if rule_of_class := self.map.class_:
            typed = str(row.values[rule_of_class.column] or "")
            code = rule_of_class.to.get(typed, rule_of_class.otherwise)
            if typed and not code:
                reading.wrong(row.line, rule_of_class.column, "class-unmapped")
            raw["class"] = code
        draft.entered, wrong = entering.read(self.playbook, raw)
        for reason in wrong:
            column = self.map.fields.get(reason.field, (self.map.key,))[0]
            code = "text-too-long" if reason.code == "too-long" else "entry-refused"
            reading.wrong(row.line, column, code, **{"why": reason.code, **reason.values})

    def _may_add(self) -> bool:
        """May a reporter of this procedure add something later? History has no later."""
        add = self.playbook.procedure.moves.get("add")
        return self.map.mode == "open" and add is not None and "remark" in add.needs

    def _place(self, reading: Reading, row: Row, draft: _Draft) -> None:
        rule = self.map.area
        if rule is not None and self.areas is not None:
            found = self.areas.find(str(row.values[rule.column] or ""))
            if isinstance(found, tuple):
                reading.wrong(row.line, rule.column, found[0], **found[1])
            elif found is not None:
                draft.entered["area"] = found

    def _state(self, reading: Reading, row: Row, draft: _Draft) -> None:
        """What only history has: a title, the unit that handled it, what the source states."""
        said = row.values
        draft.title = " ".join(str(said[column]) for column in self.map.title if said[column])
        rule = self.map.unit
        if rule is not None and self.units is not None:
            found = self.units.find(str(said[rule.column] or ""))
            if isinstance(found, tuple):
                reading.wrong(row.line, rule.column, found[0], **found[1])
            else:
                draft.unit = found
        for name, stated in self.map.stated.items():
            if isinstance(stated, OtherClass):
                typed_path = [str(said[column] or "") for column in stated.path]
                path = tuple(stated.names.get(one, one) for one in typed_path)
                code = self.paths[name].get(path)
                if code is None:
                    reading.wrong(
                        row.line,
                        stated.path[-1],
                        "class-not-in-list",
                        list=stated.list,
                        path=" / ".join(path),
                    )
                else:
                    draft.stated |= {
                        name: " / ".join(typed_path),
                        f"{name}_list": stated.list,
                        f"{name}_code": code,
                    }
            elif typed := str(said[stated.column] or ""):
                draft.stated[name] = stated.to.get(typed, stated.otherwise or typed)
        draft.stated |= {"source": self.map.source, "key": draft.key}
        if self.map.counted is not None:
            typed = str(said[self.map.counted.column] or "")
            draft.counted = self.map.counted.to.get(typed, self.map.counted.otherwise)

    # ------------------------------------------------------------ writing

    def _write(self, writing: Writing, new: list[tuple[UUID, _Draft]]) -> None:
        bound_to = f"import:{self.map.source}"
        for pk, draft in new:
            taken = actions.take_in(
                pk,
                self.map.procedure,
                draft.entered,
                by=writing.by,
                source=self.map.channel,
                bound_to=bound_to,
                happened_at=draft.came_in,
                historical=self._history(draft),
            )
            for name, piece in draft.more:
                reporter = Party(id=taken.case.reporter)
                about = {"import": str(writing.batch.pk)}
                actions.move_case(taken.case, "add", by=reporter, entered={name: piece}, detail=about)
            writing.note_made("case", taken.case, draft.line)

    def _history(self, draft: _Draft) -> Historical | None:
        if self.map.mode == "open":
            return None
        return Historical(
            self.map.state,
            draft.ended,
            self.map.outcome,
            draft.title,
            draft.unit,
            draft.stated,
            draft.counted,
        )


def _pieces(text: str, most: int) -> list[str]:
    """A text cut where a line or sentence ends, each piece at most so long."""
    found = []
    while len(text) > most:
        cut = max(text.rfind(sign, most // 2, most) for sign in "\n。！？；")
        cut = cut + 1 if cut >= 0 else most
        found.append(text[:cut])
        text = text[cut:]
    return [*found, text]


def _not_taken_in(source: str, drafts: Sequence[_Draft]) -> list[tuple[UUID, _Draft]]:
    """The drafts that are no case yet, with the ids their cases get.

    What was taken back keeps its journal, which has ended: taken in once more, it is another case.
    """
    new: list[tuple[UUID, _Draft]] = []
    waiting = {uuid5(NAMESPACE, f"{source}/{draft.key}"): draft for draft in drafts}
    while waiting:
        keys = list(waiting)
        written = {pk for part in _parts(keys) for pk in _first_lines(part)}
        new += [(pk, draft) for pk, draft in waiting.items() if pk not in written]
        there = {
            pk
            for part in _parts(keys)
            for pk in Case.objects.filter(pk__in=part).values_list("pk", flat=True)
        }
        waiting = {uuid5(pk, "again"): draft for pk, draft in waiting.items() if pk in written - there}
    return new


def _first_lines(keys: Sequence[UUID]) -> QuerySet[JournalLine, UUID]:
    """Those of these cases that have ever been taken in."""
    lines = JournalLine.objects.filter(kind=Case.journal_kind, subject__in=keys, seq=1)
    return lines.values_list("subject", flat=True)


def _parts(keys: Sequence[UUID]) -> Iterator[Sequence[UUID]]:
    return (keys[start : start + AT_ONCE] for start in range(0, len(keys), AT_ONCE))


def _paths_of(list_name: str) -> dict[tuple[str, ...], str]:
    """The classes of a list by the names from the top down."""
    entries = library.classes(list_name)
    found = {}
    for code, entry in entries.items():
        path = [entry.zh]
        while entry.parent in entries:
            entry = entries[entry.parent]
            path.insert(0, entry.zh)
        found[tuple(path)] = code
    return found


batches.register(batches.Kind("cases", plan, {"cases": ()}))

say_also(
    {
        "moment-in-future": ("‘{value}’在以后", "‘{value}’ is yet to come"),
        "ended-before-it-came": ("‘{value}’早于受理时间", "‘{value}’ lies before it came in"),
        "class-unmapped": (
            "‘{value}’在映射文件的class.to里没有，也没有otherwise",
            "the mapping file says nothing about ‘{value}’ (class.to), and has no otherwise",
        ),
        "class-not-in-list": (
            "类别清单{list}里没有“{path}”",
            "the class list {list} has no “{path}”",
        ),
        "entry-refused": ("‘{value}’不能用（{why}）", "‘{value}’ cannot be taken ({why})"),
    }
)
words.say_notes_also(
    {
        "cases-unlocated": (
            "{n}件没有地点，会进入未定位队列",
            "{n} have no place; they go to the queue of what is not located",
        ),
        "history-unlocated": (
            "{n}件没有地点，只计入全市",
            "{n} have no place; they count for the whole city only",
        ),
    }
)
