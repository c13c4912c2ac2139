"""The documents keep up: their examples run, their links lead somewhere, every word and command is named."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml
from django.core.management import get_commands

from jingwei.city import TOP
from jingwei.engine import library, publishing, scenarios
from jingwei.engine.checking import check
from jingwei.engine.conditions import CONDITIONS
from jingwei.engine.effects import EFFECTS
from jingwei.engine.stage import Stage
from jingwei.kernel.actors import SYSTEM
from jingwei.registry.imports import batches
from jingwei.registry.imports.plan import Incoming, Options

DOCS = [*sorted(TOP.glob("*.md")), *sorted((TOP / "docs").rglob("*.md"))]
LINK = re.compile(r"\]\((?!https?:|mailto:)([^)#\s]+)")
COMMAND = re.compile(r"`(?:\.venv/bin/)?jingwei (?:--city \S+ )?([a-z]+)")


@pytest.mark.parametrize("document", DOCS, ids=lambda file: file.relative_to(TOP).as_posix())
def test_links_lead_somewhere(document: Path) -> None:
    links = LINK.findall(document.read_text("utf-8"))
    gone = [link for link in links if not (document.parent / link).exists()]
    assert gone == []


@pytest.mark.parametrize("document", DOCS, ids=lambda file: file.relative_to(TOP).as_posix())
def test_commands_exist(document: Path) -> None:
    known = set(get_commands())
    assert {name for name in COMMAND.findall(document.read_text("utf-8")) if name not in known} == set()


def test_every_condition_and_effect_is_explained() -> None:
    text = (TOP / "docs/procedures.md").read_text("utf-8")
    assert [name for name in CONDITIONS if f"| `{name}` |" not in text] == []
    assert [name for name in EFFECTS if f"| `{{{name}: " not in text] == []


def test_every_part_of_the_texts_is_named() -> None:
    text = (TOP / "docs/procedures.md").read_text("utf-8")
    section = text.partition("## Texts")[2].partition("## Scenarios")[0]
    files = sorted((TOP / "jingwei/playbooks").glob("*/texts/zh.yaml"))
    parts = {part for file in files for part in yaml.safe_load(file.read_text("utf-8"))}
    assert {part for part in parts if f"`{part}`" not in section} == set()


def test_what_the_guide_says_the_checker_says(tmp_path: Path) -> None:
    guide = (TOP / "docs/how-to-add-a-playbook.md").read_text("utf-8")
    procedure = re.findall(r"```yaml\n(.*?)```", guide, re.S)[0]
    first, then = re.findall(r"```\n(texts/zh.*?)```", guide, re.S)
    folder = tmp_path / "lamp_repair"
    (folder / "texts").mkdir(parents=True)
    (folder / "procedure.yaml").write_text(procedure, "utf-8")
    assert set(first.splitlines()) <= {str(problem) for problem in check.problems(folder)}
    without = re.sub(r"^  correct:.*\n", "", procedure, flags=re.M)
    (folder / "procedure.yaml").write_text(without, "utf-8")
    for language in ("zh", "en"):
        (folder / f"texts/{language}.yaml").write_text("name: 路灯报修\n", "utf-8")
    assert set(then.splitlines()) <= {str(problem) for problem in check.problems(folder)}


def test_the_sample_of_areas_can_be_imported(stage: Stage) -> None:
    """As it stands in the guide; it may name areas that are there already."""
    guide = (TOP / "docs/importing.md").read_text("utf-8")
    sample = re.findall(r"```csv\n(区县编码.*?)```", guide, re.S)[0]
    plan = batches.KINDS["areas"].plan([Incoming("villages.csv", sample.encode())], Options())
    assert plan.failed == []
    assert sum(counts.made for counts in plan.counts.values()) > 0


def test_the_playbook_of_the_guide_is_sound_and_its_story_comes_true(tmp_path: Path, stage: Stage) -> None:
    guide = (TOP / "docs/how-to-add-a-playbook.md").read_text("utf-8")
    procedure, story = re.findall(r"```yaml\n(.*?)```", guide, re.S)
    folder = tmp_path / "lamp_repair"
    (folder / "texts").mkdir(parents=True)
    (folder / "scenarios").mkdir()
    (folder / "procedure.yaml").write_text(procedure, "utf-8")
    (folder / "scenarios/01_mended.yaml").write_text(story, "utf-8")
    for language in ("zh", "en"):
        (folder / f"texts/{language}.yaml").write_text("name: 路灯报修\n", "utf-8")
    missing = [str(problem) for problem in check.problems(folder)]
    assert missing
    assert all("no text for " in problem for problem in missing), missing
    words: dict[str, object] = {"name": "路灯报修"}
    for problem in missing:
        path = problem.partition("no text for ")[2].split(".")
        here = words
        for step in path[:-1]:
            here = here.setdefault(step, {})  # type: ignore[assignment]
        here[path[-1]] = {"yes": "是", "no": "否"} if path[0] == "codes" else "字"
    for language in ("zh", "en"):
        (folder / f"texts/{language}.yaml").write_text(yaml.dump(words, allow_unicode=True), "utf-8")
    assert [str(problem) for problem in check.problems(folder)] == []
    assert publishing.publish(folder, by=SYSTEM) is not None
    playbook = library.in_force("lamp_repair")
    (scenario,) = scenarios.of(playbook)
    scenarios.play(scenario, playbook, stage)
