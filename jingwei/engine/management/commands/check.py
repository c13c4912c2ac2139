"""`jingwei check [FOLDER …]`: are the playbooks sound? Django's own system checks run too."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser

from jingwei.engine.checking import check, classes
from jingwei.engine.conditions import CONDITIONS
from jingwei.engine.effects import EFFECTS, LATE, TELLS
from jingwei.engine.library import PLAYBOOKS
from jingwei.kernel.commands import OurCommand, counted


def said(function: Callable[..., Any]) -> str:
    """What a condition or effect promises, in one line."""
    return " ".join((inspect.getdoc(function) or "").split())


class Command(OurCommand):
    """Explains every problem in a sentence with its file and line."""

    help = "Check playbooks (all that ship with the project, or the folders named)."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--words", action="store_true", help="list the conditions and effects a procedure may name"
        )
        parser.add_argument("folders", nargs="*", metavar="FOLDER", help="only these playbooks")

    def handle(self, *args: Any, **options: Any) -> None:
        folders = options["folders"]
        if options["words"]:
            self._list_words()
            return
        looked_at = {folder.name: check.problems(folder) for folder in map(Path, folders)}
        if not folders:
            looked_at = {folder.name: check.problems(folder) for folder in check.folders()}
            for file in sorted((PLAYBOOKS / "classes").glob("*.yaml")):
                looked_at[file.name] = classes.problems(file.name, file.read_text("utf-8"))
        for name, found in looked_at.items():
            self.stdout.write(f"{name}: {counted(len(found), 'problem') if found else 'sound'}")
            for problem in found:
                self.stdout.write(f"  {problem}")
        if problems := sum(map(len, looked_at.values())):
            raise CommandError(counted(problems, "problem"))

    def _list_words(self) -> None:
        for name, function in CONDITIONS.items():
            self.stdout.write(f"if: {name} — {said(function)}")
        for name, effect in EFFECTS.items():
            arguments = "".join(f", {argument}: …" for argument in effect.args)
            self.stdout.write(f"then: {{{name}: {effect.what}{arguments}}} — {said(effect.run)}")
        for name, what in {**TELLS, **LATE}.items():
            self.stdout.write(f"tell/late: {{{name}: {what}}}")
