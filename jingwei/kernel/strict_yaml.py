"""YAML as people mean it: every scalar is text, nothing is guessed, and everything knows its line.

`no`, `1:30` and `0123` stay what was written. Duplicate keys, anchors, aliases, merge keys and tags are errors that name
their line, because each of them has surprised somebody.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import yaml

Path = tuple[str | int, ...]
MOST_BYTES = 512 * 1024
MOST_DEPTH = 24


class BadYaml(Exception):  # noqa: N818  (it is an answer to whoever wrote the file)
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
    """Read one document, or raise ``BadYaml`` with the line and what would be right."""
    if len(text.encode()) > MOST_BYTES:
        raise BadYaml(1, f"the file is larger than {MOST_BYTES // 1024} KiB")
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as broken:
        mark = broken.problem_mark or broken.context_mark
        raise BadYaml(mark.line + 1 if mark else 1, broken.problem or "this is not YAML") from broken
    except yaml.YAMLError as broken:
        raise BadYaml(1, str(broken).splitlines()[0]) from broken
    except RecursionError as deep:
        raise BadYaml(1, "nested too deeply") from deep
    document = Document(data={})
    if node is not None:
        _refuse_aliases(text)
        document.data = _plain(node, (), document.lines)
    return document


def _refuse_aliases(text: str) -> None:
    for event in yaml.parse(text, Loader=yaml.SafeLoader):
        line = event.start_mark.line + 1
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            raise BadYaml(line, "anchors and aliases (& and *) are not used here: write it out")
        if getattr(event, "tag", None):
            raise BadYaml(line, f"tags ({event.tag}) are not used here")


def _plain(node: yaml.Node, path: Path, lines: dict[Path, int]) -> Any:
    if len(path) > MOST_DEPTH:
        raise BadYaml(node.start_mark.line + 1, "nested too deeply")
    lines.setdefault(path, node.start_mark.line + 1)
    if isinstance(node, yaml.ScalarNode):
        return node.value
    if isinstance(node, yaml.SequenceNode):
        return [_plain(item, (*path, n), lines) for n, item in enumerate(node.value)]
    found: dict[str, Any] = {}
    for key, value in node.value:
        line = key.start_mark.line + 1
        if not isinstance(key, yaml.ScalarNode):
            raise BadYaml(line, "a key must be a plain word")
        if key.value == "<<":
            raise BadYaml(line, "merge keys (<<) are not used here: write it out")
        if key.value in found:
            raise BadYaml(line, f"'{key.value}' stands here twice")
        lines[(*path, key.value)] = line
        found[key.value] = _plain(value, (*path, key.value), lines)
    return found
