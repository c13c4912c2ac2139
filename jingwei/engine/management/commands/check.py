"""`jingwei check [FOLDER …]`: are the playbooks sound? Django's own system checks run too."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.core.management.commands import check as django_check

from jingwei.engine import check, check_classes
from jingwei.engine.library import PLAYBOOKS
from jingwei.engine.conditions import CONDITIONS
from jingwei.engine.effects import EFFECTS, LATE, TELLS


class Command(django_check.Command):
    """Explains every problem in a sentence with its file and line."""

    help = "Check playbooks (all that ship with the project, or the folders named)."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--words", action="store_true", help="list the conditions and effects a procedure may name"
        )
        super().add_arguments(parser)

    def handle(self, *app_labels: Any, **options: Any) -> None:
        folders = app_labels  # Django's word for what stands on the line; here it is folders
        if options["words"]:
            self._list_words()
            return
        super().handle(**options)
        found = [
            problem
            for folder in (map(Path, folders) if folders else check.folders())
            for problem in self._look_at(folder)
        ]
        if not folders:
            found += [problem for file in sorted((PLAYBOOKS / "classes").glob("*.yaml")) for problem in self._classes(file)]
        if found:
            raise CommandError(f"{len(found)} problems")

    def _look_at(self, folder: Path) -> list[Any]:
        found = check.problems(folder)
        self.stdout.write(f"{folder.name}: {'sound' if not found else f'{len(found)} problems'}")
        for problem in found:
            self.stdout.write(f"  {problem}")
        return found

    def _classes(self, file: Path) -> list[Any]:
        found = check_classes.problems(file.name, file.read_text("utf-8"))
        self.stdout.write(f"{file.name}: {'sound' if not found else f'{len(found)} problems'}")
        for problem in found:
            self.stdout.write(f"  {problem}")
        return found

    def _list_words(self) -> None:
        for name, function in CONDITIONS.items():
            self.stdout.write(f"if: {name} — {function.__doc__}")
        for name, effect in EFFECTS.items():
            self.stdout.write(
                f"then: {{{name}: {effect.what}{''.join(f', {arg}: …' for arg in effect.args)}}} — {effect.run.__doc__}"
            )
        for name, what in {**TELLS, **LATE}.items():
            self.stdout.write(f"tell/late: {{{name}: {what}}}")
