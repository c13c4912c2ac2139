"""How a table of matters is to be read: a small YAML file beside it. For people: docs/importing.md."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, ValidationError, model_validator

from jingwei.engine import library
from jingwei.engine.definition import Part, Word
from jingwei.engine.library import Playbook
from jingwei.kernel import strict_yaml
from jingwei.kernel.tables.problems import TableError, say_of_files_also


def _as_list(value: object) -> object:
    return [value] if isinstance(value, str) else value


Columns = Annotated[tuple[str, ...], BeforeValidator(_as_list)]
Source = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]{0,39}$")]


class Mapped(Part):
    """A column whose words mean something else here: `to` says what, `otherwise` what all others mean."""

    column: str
    to: dict[str, str] = {}
    otherwise: str = ""


class Named(Part):
    """A column that names an area or a unit. `names` explains odd spellings, `unknown` lists “not known”."""

    column: str
    by: Literal["name", "code"] = "name"
    under: str = ""
    unknown: Columns = ()
    names: dict[str, str] = {}


class OtherClass(Part):
    """Columns that name a class of another list, from the top down; `names` says what odd spellings mean."""

    list: str
    path: Columns
    names: dict[str, str] = {}


def _as_stated(value: object) -> object:
    return {"column": value} if isinstance(value, str) else value


Stated = Annotated[Mapped | OtherClass, BeforeValidator(_as_stated)]


class CaseMap(Part):
    """The whole file. `mode: open` makes cases that begin now, `mode: history` cases that ended long ago."""

    source: Source
    procedure: Word
    mode: Literal["open", "history"]
    channel: Word
    key: str
    came_in: str
    ended: str = ""
    state: str = ""
    outcome: str = ""
    title: Columns = ()
    fields: dict[Word, Columns] = {}
    class_: Mapped | None = Field(None, alias="class")
    area: Named | None = None
    unit: Named | None = None
    stated: dict[Word, Stated] = {}
    counted: Mapped | None = None

    @model_validator(mode="after")
    def _fits_its_mode(self) -> CaseMap:
        only_history = [
            n for n in ("ended", "state", "outcome", "title", "unit", "stated", "counted") if getattr(self, n)
        ]
        if self.mode == "open" and only_history:
            raise ValueError(f"{', '.join(only_history)}: only with mode: history")
        if self.mode == "history" and not self.state:
            raise ValueError("state is missing: the final state that every case of history stands in")
        return self

    def columns(self) -> list[str]:
        """Every column of the table that is read, once."""
        named = [self.key, self.came_in, self.ended, *self.title]
        named += [column for columns in self.fields.values() for column in columns]
        named += [
            rule.column for rule in (self.class_, self.area, self.unit, self.counted) if rule is not None
        ]
        for rule in self.stated.values():
            named += [rule.column] if isinstance(rule, Mapped) else rule.path
        return [column for column in dict.fromkeys(named) if column]


_SAID = {"extra_forbidden": "there is no such key", "missing": "is missing"}


def read(text: str) -> CaseMap:
    """Read a mapping file, or raise ``TableError`` with its line and what would be right."""
    try:
        document = strict_yaml.read(text)
    except strict_yaml.BadYaml as bad:
        raise TableError("bad-mapping", line=bad.line, why=bad.why) from None
    try:
        found = CaseMap.model_validate(document.data)
    except ValidationError as wrong:
        # a key that is misspelt is missing under its right name too: say what was typed first
        error = min(wrong.errors(), key=lambda one: one["type"] != "extra_forbidden")
        path = tuple(
            step for step in error["loc"] if isinstance(step, int) or not str(step).startswith("function-")
        )
        said = _SAID.get(error["type"], error["msg"].removeprefix("Value error, "))
        why = ": ".join(part for part in (".".join(map(str, path)), said) if part)
        raise TableError("bad-mapping", line=document.line(path), why=why) from None
    if why := _why_not(found):
        raise TableError("bad-mapping", line=1, why=why)
    return found


def _why_not(found: CaseMap) -> str:
    """What does not hang together with the procedure; the first thing is enough."""
    playbook = library.all_in_force().get(found.procedure)
    if playbook is None:
        return f"procedure: there is no '{found.procedure}'; there are {', '.join(library.all_in_force())}"
    procedure = playbook.procedure
    if found.channel not in procedure.sources:
        return f"channel: '{found.channel}' is none of {', '.join(procedure.sources)}"
    if found.mode == "history" and (
        found.state not in procedure.states or not procedure.is_final(found.state)
    ):
        finals = ", ".join(name for name in procedure.states if procedure.is_final(name))
        return f"state: '{found.state}' is no final state; there are {finals}"
    if unknown := [name for name in found.fields if name not in procedure.fields]:
        return f"fields: the procedure has no {', '.join(unknown)}"
    return _why_not_classes(found, playbook)


def _why_not_classes(found: CaseMap, playbook: Playbook) -> str:
    """Classes that are not in use, here or in another list."""
    if found.class_ is not None:
        known = library.classes(playbook.procedure.classes)
        said = [*found.class_.to.values(), *([found.class_.otherwise] if found.class_.otherwise else [])]
        if wrong := [code for code in said if code not in known or not known[code].in_use]:
            return f"class: '{wrong[0]}' is no class of {playbook.procedure.classes}"
    for name, rule in found.stated.items():
        if isinstance(rule, OtherClass) and not library.classes(rule.list):
            return f"stated.{name}: there is no class list '{rule.list}'; jingwei import classes makes it"
    return ""


say_of_files_also(
    {
        "bad-mapping": ("映射文件第{line}行：{why}", "line {line} of the mapping file: {why}"),
        "no-mapping": (
            "导入案件要有映射文件（--mapping），说明各列是什么",
            "cases need a mapping file (--mapping) that says what the columns are",
        ),
    }
)
