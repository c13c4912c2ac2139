"""YAML as people mean it: every scalar is text, nothing is guessed, and everything knows its line.

`no`, `1:30` and `0123` stay what was written. Duplicate keys, anchors, aliases, merge keys and tags are
errors that name their line, because each of them has surprised somebody.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import yaml

Path = tuple[str | int, ...]
MOST_BYTES = 512 * 1024
MOST_DEPTH = 24

#: everything that YAML calls not printable: control signs, half characters
_NO_SIGN = re.compile("[^\\t\\n\\r\\x20-\\x7e\\x85\\xa0-\\ud7ff\\ue000-\\ufffd\\U00010000-\\U0010ffff]")
#: the same parser in C where the machine has it, some twenty times as fast
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class BadYaml(Exception):
    """The file cannot be read; `line` says where (from 1)."""

    def __init__(self, line: int, why: str) -> None:
        super().__init__(f"line {line}: {why}")
        self.line, self.why = line, why


@dataclass
class Document:
    """What was read, and the line of every key and entry by its path."""

    data: Any
    lines: dict[Path, int] = field(default_factory=dict)

    def line(self, path: Path) -> int:
        """The line of a path, or of the nearest thing around it."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 1)


def read(text: str) -> Document:
    """Read one document, or raise ``BadYaml`` with the line and what would be right.

    Built from the parser's events on a stack of our own: no file, however deep or entangled, exhausts
    anything.
    """
    if len(text.encode("utf-8", "replace")) > MOST_BYTES:
        raise BadYaml(1, f"the file is larger than {MOST_BYTES // 1024} KiB")
    if strange := _NO_SIGN.search(text):
        line = text.count("\n", 0, strange.start()) + 1
        raise BadYaml(line, "there is a sign that no text has (such as NUL)")
    document = Document(data={})
    try:
        _build(document, yaml.parse(text, Loader=_LOADER))
    except yaml.MarkedYAMLError as broken:
        mark = broken.problem_mark or broken.context_mark
        # what lacks at the very end is noticed behind the last line
        line = min(mark.line + 1, text.count("\n") + 1) if mark else 1
        raise BadYaml(line, broken.problem or "this is not YAML") from broken
    except yaml.YAMLError as broken:
        raise BadYaml(1, str(broken).splitlines()[0]) from broken
    return document


@dataclass
class _Open:
    """A mapping or list that has begun and not ended; `key` is the one whose value comes next."""

    path: Path
    into: dict[str, Any] | list[Any]
    key: str | None = None


def _build(document: Document, events: Iterable[yaml.Event]) -> None:
    stack: list[_Open] = []
    documents = 0
    for event in events:
        line = event.start_mark.line + 1 if event.start_mark else 1
        if isinstance(event, yaml.DocumentStartEvent):
            documents += 1
            if documents > 1:
                raise BadYaml(line, "one document a file: a second one begins here")
        _refuse_tricks(event, line)
        if isinstance(event, yaml.CollectionEndEvent):
            stack.pop()
        elif isinstance(event, yaml.NodeEvent):
            _take(document, stack, event, line)


def _take(document: Document, stack: list[_Open], event: yaml.NodeEvent, line: int) -> None:
    """Put a scalar, mapping or list where it belongs.

    As a key, as its value, as the next entry, or as all there is.
    """
    here = stack[-1] if stack else None
    if here is not None and isinstance(here.into, dict) and here.key is None:
        here.key = _key(here, event, line)
        document.lines[(*here.path, here.key)] = line
        return
    value: Any = (
        event.value
        if isinstance(event, yaml.ScalarEvent)
        else {}
        if isinstance(event, yaml.MappingStartEvent)
        else []
    )
    path: Path = ()
    if here is None:
        document.data = value
    elif isinstance(here.into, dict):
        path = (*here.path, here.key or "")
        here.into[here.key or ""], here.key = value, None
    else:
        path = (*here.path, len(here.into))
        here.into.append(value)
    document.lines.setdefault(path, line)
    if not isinstance(event, yaml.ScalarEvent):
        stack.append(_Open(path, value))
        if len(stack) > MOST_DEPTH:
            raise BadYaml(line, "nested too deeply")


def _key(here: _Open, event: yaml.NodeEvent, line: int) -> str:
    if not isinstance(event, yaml.ScalarEvent):
        raise BadYaml(line, "a key must be a plain word")
    if event.value == "<<":
        raise BadYaml(line, "merge keys (<<) are not used here: write it out")
    if event.value in here.into:
        raise BadYaml(line, f"'{event.value}' stands here twice")
    return str(event.value)


def _refuse_tricks(event: yaml.Event, line: int) -> None:
    if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
        raise BadYaml(line, "anchors and aliases (& and *) are not used here: write it out")
    if tag := getattr(event, "tag", None):
        raise BadYaml(line, f"tags ({tag}) are not used here")
