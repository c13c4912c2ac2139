"""YAML is read as people mean it: scalars stay what was written, and every trap is named with its line."""

from __future__ import annotations

import pytest

from jingwei.kernel import strict_yaml


@pytest.mark.parametrize(
    "written", ["no", "yes", "on", "1:30", "0123", "1e3", "null", "~", "2026-11-24", "0x1f", "1_000", ".inf"]
)
def test_a_scalar_stays_what_was_written(written: str) -> None:
    document = strict_yaml.read(f"plain: {written}\n{written}: key\nlist: [{written}]\n")
    assert document.data == {"plain": written, written: "key", "list": [written]}


TRAPS = {
    "two keys": ("a: 1\nb: 2\na: 3", 3, "'a' stands here twice"),
    "two keys in one line": ("a: {b: 1, b: 2}", 1, "'b' stands here twice"),
    "an anchor": ("a: 1\nb: &x 2", 2, "anchors and aliases (& and *) are not used here: write it out"),
    "an alias": ("a: 1\nb: *x", 2, "anchors and aliases (& and *) are not used here: write it out"),
    "an alias as key": ("*x : 1", 1, "anchors and aliases (& and *) are not used here: write it out"),
    "a merge key": ("a: 1\nb: {<<: {c: 1}}", 2, "merge keys (<<) are not used here: write it out"),
    "a tag": ("a: !!python/object/apply:os.system [ls]", 1, "tags (tag:yaml.org,2002:python/object/apply:os.system) are not used here"),
    "a tag of nothing": ("a: ! b", 1, "tags (!) are not used here"),
    "a tag on a mapping": ("a: 1\nb: !!map {c: 1}", 2, "tags (tag:yaml.org,2002:map) are not used here"),
    "a list as key": ("a: 1\n? [b, c]\n: 2", 2, "a key must be a plain word"),
    "a mapping as key": ("{a: 1}: 2", 1, "a key must be a plain word"),
    "a second document": ("a: 1\n---\nb: 2", 2, "one document a file: a second one begins here"),
    "too deep": ("a: " + "[" * 40 + "]" * 40, 1, "nested too deeply"),
    "deep enough to exhaust": ("[" * 100_000, 1, "nested too deeply"),
    "deep line by line": ("\n".join(" " * n + "a:" for n in range(60)), 25, "nested too deeply"),
    "too large": ("a: " + "x" * strict_yaml.MOST_BYTES, 1, "the file is larger than 512 KiB"),
    "a NUL": ("a: 1\nb: x\0y", 2, "there is a sign that no text has (such as NUL)"),
    "a control sign": ("a: 1\nb: \x07", 2, "there is a sign that no text has (such as NUL)"),
    "half a character": ("a: \ud800", 1, "there is a sign that no text has (such as NUL)"),
}  # fmt: skip


@pytest.mark.parametrize(("text", "line", "why"), TRAPS.values(), ids=TRAPS)
def test_a_trap_of_yaml_is_named_with_its_line(text: str, line: int, why: str) -> None:
    with pytest.raises(strict_yaml.BadYaml) as bad:
        strict_yaml.read(text)
    assert (bad.value.line, bad.value.why) == (line, why)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("a: 1\nb: c: d", 2),
        ("a: 1\n\tb: 2", 2),
        ("a: 'x", 1),
        ("a: 1\n}", 2),
        ("a: 1\n- b", 2),
        ("a: 1\nb", 2),
    ],
)
def test_what_is_not_yaml_names_its_line(text: str, line: int) -> None:
    with pytest.raises(strict_yaml.BadYaml) as bad:
        strict_yaml.read(text)
    assert bad.value.line == line
    assert bad.value.why
