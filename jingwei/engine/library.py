"""Procedures in force and of old. Folders are what is imported.

What runs are immutable rows, kept in memory by version.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from django.utils.translation import get_language
from pydantic import ValidationError

from jingwei.city import TOP
from jingwei.engine.definition import Procedure
from jingwei.engine.models import CaseClass, ProcedureVersion
from jingwei.kernel import strict_yaml
from jingwei.kernel.versions import Kept

PLAYBOOKS = TOP / "jingwei/playbooks"

#: publishing a procedure or changing a class list raises this counter
COUNTER = "library"

#: pydantic's words for what is wrong, in ours
_SAID = {
    "missing": "'{name}' is missing here",
    "extra_forbidden": "there is no word '{name}' here",
    "literal_error": "'{input}' is none of {expected}",
    "string_pattern_mismatch": (
        "'{input}' must be small letters, figures and _, beginning with a letter, at most 40"
    ),
    "int_parsing": "'{input}' is no whole number",
    "bool_parsing": "'{input}' is neither yes nor no",
    "string_type": "write one word or text here",
    "dict_type": "write words with their values here, like {{key: value}}",
    "model_type": "write words with their values here, like {{key: value}}",
    "tuple_type": "write a list here, like [a, b]",
}
#: the same for one place
_SAID_OF = {"number": "'{input}' must be two capital letters, like WG"}


@dataclass(frozen=True, slots=True)
class Problem:
    """Something wrong in a playbook: where, and what would be right."""

    file: str
    line: int
    says: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.says}"


class Texts:
    """A playbook's words in one language.

    `states.filed`, `moves.dispatch.done`, `fields.class`, `reasons.not_ours` …
    """

    def __init__(self, words: dict[str, Any]) -> None:
        self.words = words

    def get(self, *path: str) -> str:
        """The text at a path, or the empty string."""
        here: Any = self.words
        for step in path:
            if not isinstance(here, dict):
                return ""
            here = here.get(step, "")
        return here if isinstance(here, str) else str(here.get("label", "")) if isinstance(here, dict) else ""

    def part(self, *path: str) -> dict[str, str]:
        """A list of codes with their texts, such as the reasons."""
        here: Any = self.words
        for step in path:
            here = here.get(step, {}) if isinstance(here, dict) else {}
        return here if isinstance(here, dict) else {}


@dataclass(frozen=True)
class Playbook:
    """A procedure with everything that came in its folder."""

    procedure: Procedure
    files: dict[str, str]
    texts: dict[str, Texts]
    row: int = 0

    def text(self, *path: str) -> str:
        """A text in the reader's language.

        English where Chinese is missing and the other way round, then the last word of the path.
        """
        first, second = ("en", "zh") if (get_language() or "").startswith("en") else ("zh", "en")
        return self.texts[first].get(*path) or self.texts[second].get(*path) or path[-1]

    def codes(self, name: str) -> dict[str, str]:
        """A code list (`one_of`) in the reader's language."""
        rule = self.procedure.fields[name]
        if isinstance(rule.of, str):
            first = "en" if (get_language() or "").startswith("en") else "zh"
            return self.texts[first].part("codes", rule.of)
        return {code: self.text("codes", name, code) for code in rule.of or ()}


def read_folder(folder: Path) -> tuple[Playbook | None, list[Problem]]:
    """Read a playbook's folder; return it (None when it cannot stand) and everything wrong with its form."""
    names = [
        p
        for pattern in ("*.yaml", "texts/*.yaml", "scenarios/*.yaml", "documents/*")
        for p in sorted(folder.glob(pattern))
    ]
    files, problems = {}, []
    for file in names:
        name = file.relative_to(folder).as_posix()
        try:
            files[name] = file.read_text("utf-8")
        except UnicodeDecodeError as other:
            line = other.object.count(b"\n", 0, other.start) + 1
            problems.append(Problem(name, line, "this is not UTF-8: save the file as UTF-8"))
    if problems:
        return None, problems
    return parse(files)


def parse(files: dict[str, str], *, row: int = 0) -> tuple[Playbook | None, list[Problem]]:
    """Make a playbook of its files; see `read_folder`.

    A file that cannot be read is named, and nothing else can stand on it.
    """
    problems: list[Problem] = []
    read: dict[str, strict_yaml.Document] = {}
    for name, text in files.items():
        if name.endswith(".yaml"):
            try:
                read[name] = strict_yaml.read(text)
            except strict_yaml.BadYaml as bad:
                problems.append(Problem(name, bad.line, bad.why))
    document = read.get("procedure.yaml")
    if document is None:
        return None, problems or [Problem("procedure.yaml", 1, "the file is missing")]
    problems += [
        Problem(name, 1, "write words with their values, like name: …")
        for name, one in read.items()
        if not isinstance(one.data, dict)
    ]
    if not isinstance(document.data, dict):
        return None, problems
    try:
        procedure = Procedure.model_validate(document.data)
    except ValidationError as wrong:
        return None, problems + [_problem(document, error) for error in wrong.errors()]
    if problems:
        return None, problems
    texts = {
        lang: Texts(read[f"texts/{lang}.yaml"].data if f"texts/{lang}.yaml" in read else {})
        for lang in ("zh", "en")
    }
    return Playbook(procedure, files, texts, row), []


def _problem(document: strict_yaml.Document, error: Any) -> Problem:
    path = tuple(step for step in error["loc"] if not str(step).endswith("]"))  # without pydantic's own steps
    name = path[-1] if path else ""
    said = _SAID_OF.get(str(name)) if error["type"] == "string_pattern_mismatch" else None
    why = (said or _SAID.get(error["type"], "{message}")).format(
        name=name,
        input=error.get("input"),
        expected=(error.get("ctx") or {}).get("expected", ""),
        message=error["msg"].removeprefix("Value error, "),
    )
    where = ".".join(map(str, path))
    return Problem("procedure.yaml", document.line(path), f"{where}: {why}" if where else why)


def digest_of(files: dict[str, str]) -> str:
    """One hash over a playbook's files."""
    return hashlib.sha256(
        "\0".join(f"{name}\0{text}" for name, text in sorted(files.items())).encode()
    ).hexdigest()


@lru_cache(maxsize=2048)
def version(row: int) -> Playbook:
    """The playbook of a published row; rows never change, so it is read once per process."""
    stored = ProcedureVersion.objects.get(pk=row)
    # scenarios are read when they are played; a process that starts need not wait for them
    needed = {name: text for name, text in stored.files.items() if not name.startswith("scenarios/")}
    playbook, problems = parse(needed, row=row)
    if playbook is None:
        raise RuntimeError(f"{stored} was published but cannot be read: {problems}")
    return replace(playbook, files=stored.files)


def _newest() -> dict[str, int]:
    found: dict[str, int] = {}
    for row in ProcedureVersion.objects.order_by("procedure", "version").values_list("procedure", "pk"):
        found[row[0]] = row[1]
    return found


_in_force = Kept(COUNTER, _newest)


def in_force(procedure: str) -> Playbook:
    """The newest published version of a procedure; raises ``KeyError`` when there is none."""
    return version(_in_force.get()[procedure])


def all_in_force() -> dict[str, Playbook]:
    """Every procedure's newest version, by name."""
    return {name: version(row) for name, row in _in_force.get().items()}


@dataclass(frozen=True, slots=True)
class ClassEntry:
    """A class as the engine needs it."""

    code: str
    parent: str
    zh: str
    en: str
    limits: dict[str, dict[str, str]]
    lead: str
    filed_when_zh: str
    closed_when_zh: str
    filed_when_en: str
    closed_when_en: str
    evidence: int
    in_use: bool

    def __str__(self) -> str:
        return self.en if (get_language() or "").startswith("en") else self.zh

    @property
    def filed_when(self) -> str:
        """When a matter counts, in the reader's language; Chinese where there is no English."""
        return self._said(self.filed_when_zh, self.filed_when_en)

    @property
    def closed_when(self) -> str:
        """When it is done, likewise."""
        return self._said(self.closed_when_zh, self.closed_when_en)

    def _said(self, zh: str, en: str) -> str:
        return (en or zh) if (get_language() or "").startswith("en") else zh


def _class_lists() -> dict[str, dict[str, ClassEntry]]:
    lists: dict[str, dict[str, ClassEntry]] = {}
    for c in CaseClass.objects.order_by("list", "order", "code"):
        entry = ClassEntry(
            c.code, c.parent, c.zh, c.en, c.limits, c.lead, c.filed_when, c.closed_when, c.filed_when_en,
            c.closed_when_en, c.evidence, c.in_use
        )  # fmt: skip
        lists.setdefault(c.list, {})[c.code] = entry
    return lists


_classes = Kept(COUNTER, _class_lists)


def classes(list_name: str) -> dict[str, ClassEntry]:
    """The classes of a list by code, in their order."""
    return _classes.get().get(list_name, {})


def top_of(list_name: str, code: str) -> str:
    """The code of the uppermost class above one."""
    entries = classes(list_name)
    while code in entries and entries[code].parent:
        code = entries[code].parent
    return code


def forget() -> None:
    """Read everything anew (tests, and after publishing in this process)."""
    _in_force.forget()
    _classes.forget()
