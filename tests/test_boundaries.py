"""Boundaries are checked, not hoped for: keys and imports point down, nothing happens behind one's back."""

from __future__ import annotations

import ast
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest
from django.apps import apps
from django.core.management import call_command
from django.db import models
from django.db.models import signals

from jingwei.city import TOP
from jingwei.kernel.models import Journalled
from jingwei.kernel.privacy import every_model

#: from the bottom; what stands in one line are strangers to each other
LAYERS = (("kernel",), ("registry",), ("engine",), ("insight",), ("web",), ("rows", "demo"))
HEIGHT = {label: height for height, labels in enumerate(LAYERS) for label in labels}

MOST_LINES = 400
#: longer on purpose; a file leaves this list when it is split
LONG = {
    "engine/actions.py": "every change of a case: one function a verb, all of one shape, read side by side",
    "engine/checking/check.py": "the checker of playbooks: one rule after the other",
    "engine/change.py": "one change of a case is gathered and written by one class",
    "kernel/tables/cells.py": "readers of every kind of cell that people really have, one after the other",
    "demo/photos.py": "drawing instructions: long lists of strokes, hardly any logic",
    "demo/people.py": "names, units and seats of the demo city: mostly tables",
    "demo/history.py": "sixty days of the demo city, step after step",
    "web/shell/invented.py": "invented contents of the page that shows every part",
    "web/reasons.py": "one sentence for every reason of a refusal: a table",
    "web/desk/case.py": "the case page: one function a part of the page",
    "web/admin/seats.py": "pages of seats, posts and rules: one form and one view each",
    "web/admin/organisations.py": "pages of units: one form and one view each",
    "web/admin/people.py": "pages of people: one form and one view each",
    "web/api/answers.py": "the shapes of everything the interface answers with",
}


@cache
def sources() -> list[tuple[str, ast.Module]]:
    """Our Python files, by their path below jingwei/."""
    files = [file for file in sorted((TOP / "jingwei").rglob("*.py")) if "migrations" not in file.parts]
    return [(str(file.relative_to(TOP / "jingwei")), ast.parse(file.read_text("utf-8"))) for file in files]


# ---------------------------------------------------------------- keys


@pytest.mark.parametrize("model", every_model(), ids=lambda model: model._meta.label)
def test_keys_point_down_or_stay_within(model: type[models.Model]) -> None:
    label = model._meta.app_label
    for field in model._meta.get_fields():
        if isinstance(field, (models.ForeignKey, models.ManyToManyField)):
            assert isinstance(field.related_model, type)
            target = field.related_model._meta.app_label
            assert target in HEIGHT, (
                f"{model._meta.label}.{field.name} points out of the project, at {target}"
            )
            assert target == label or HEIGHT[target] < HEIGHT[label], (
                f"{model._meta.label}.{field.name} points up or sideways"
            )


def test_every_app_of_ours_has_its_place() -> None:
    ours = {app.label for app in apps.get_app_configs() if app.name.startswith("jingwei.")}
    assert ours == set(HEIGHT)


@pytest.mark.django_db
def test_the_migrations_make_what_the_models_say() -> None:
    call_command("makemigrations", "--check", "--dry-run", verbosity=0)


def test_every_kind_of_subject_in_the_journal_is_one_table() -> None:
    kinds = [model.journal_kind for model in apps.get_models() if issubclass(model, Journalled)]
    assert len(kinds) == len(set(kinds))
    assert all(kinds)


# ---------------------------------------------------------------- imports


def test_imports_point_down() -> None:
    """In a process of its own: the linter rearranges the loggers of the one it runs in."""
    linter = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run([linter, "--no-cache"], cwd=TOP, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_no_file_imports_a_private_name_of_another() -> None:
    taken = [
        f"{name}: {node.module}.{alias.name}"
        for name, tree in sources()
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("jingwei")
        for alias in node.names
        if alias.name.startswith("_")
    ]
    assert taken == []


# ---------------------------------------------------------------- nothing behind one's back


def test_nothing_of_ours_listens_to_signals() -> None:
    for name, tree in sources():
        for node in ast.walk(tree):
            modules = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom):
                modules = [node.module or "", *(f"{node.module}.{alias.name}" for alias in node.names)]
            assert not [m for m in modules if "signals" in m.split(".") or m.startswith("django.dispatch")], (
                name
            )


@pytest.mark.parametrize(
    "name", ["pre_save", "post_save", "pre_delete", "post_delete", "m2m_changed", "pre_init", "post_init"]
)
def test_saving_and_deleting_calls_nothing_else(name: str) -> None:
    signal: signals.ModelSignal = getattr(signals, name)
    for model in every_model():
        listening, *_ = signal._live_receivers(model)
        assert [one for one in listening if one.__module__.startswith("jingwei")] == []


@pytest.mark.parametrize("model", every_model(), ids=lambda model: model._meta.label)
def test_no_model_does_anything_when_it_is_saved_or_deleted(model: type[models.Model]) -> None:
    ours = [one for one in model.__mro__ if one.__module__.startswith("jingwei")]
    assert not [
        f"{one.__name__}.{name}"
        for one in ours
        for name in ("save", "delete", "__init__", "clean")
        if name in vars(one)
    ]


# ---------------------------------------------------------------- legible

_NAMED = (ast.FunctionDef, ast.AsyncFunctionDef)
#: every function of these gives just the example that its name says
SPEAKS_FOR_ITSELF = {"web/shell/invented.py"}


def test_every_module_and_every_public_function_says_what_it_promises() -> None:
    silent = []
    for name, tree in sources():
        if tree.body and not ast.get_docstring(tree):
            silent.append(name)
        named = [node for node in tree.body if isinstance(node, _NAMED) and not node.name.startswith("_")]
        silent += [
            f"{name}: {node.name}" for node in named if not ast.get_docstring(node) and not _is_overload(node)
        ]
    assert [one for one in silent if one.split(":")[0] not in SPEAKS_FOR_ITSELF] == []


def _is_overload(node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    return any(isinstance(one, ast.Name) and one.id == "overload" for one in node.decorator_list)


def test_no_file_is_longer_than_one_can_hold_in_the_head() -> None:
    sizes = {name: len((TOP / "jingwei" / name).read_text("utf-8").splitlines()) for name, _ in sources()}
    assert [
        f"{name}: {size} lines" for name, size in sizes.items() if size > MOST_LINES and name not in LONG
    ] == []
    assert set(LONG) <= set(sizes)


#: modules that not every system has
NOT_EVERYWHERE = {"kernel/tables/workbook_reader.py"}


def test_no_import_is_hidden_in_a_function() -> None:
    hidden = [
        f"{name}:{inside.lineno}"
        for name, tree in sources()
        for node in ast.walk(tree)
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
        for inside in ast.walk(node)
        if isinstance(inside, (ast.Import, ast.ImportFrom))
    ]
    assert [one for one in hidden if one.split(":")[0] not in NOT_EVERYWHERE] == []


def test_the_project_stands_alone() -> None:
    """No path of somebody's machine in a file."""
    for file in Path(TOP / "jingwei").rglob("*"):
        if (
            file.suffix in (".py", ".html", ".yaml", ".toml", ".css", ".js")
            and "node_modules" not in file.parts
        ):
            text = file.read_text("utf-8", errors="replace")
            assert "/work/" not in text, file
            assert "/root/" not in text, file
