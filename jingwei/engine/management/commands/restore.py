"""`jingwei --city NEW restore BACKUP --keys KEYS`: make a city of a backup and verify it."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError, CommandParser

from jingwei.engine import backups
from jingwei.kernel.commands import OurCommand, counted


class Command(OurCommand):
    """The city opens only when its journal is whole and the erasure list was replayed."""

    help = "Make a city of a backup."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("backup", type=Path)
        parser.add_argument("--keys", type=Path, required=True, help="the folder with the city's keys")
        parser.add_argument("--seals", type=Path, help="the newest seals folder, if it outlived the city")
        parser.add_argument("--database", default="", help="an empty postgresql://…; SQLite when left out")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["database"] and os.environ.get("JINGWEI_DATABASE") != options["database"]:
            again = [
                sys.executable,
                "-m",
                "jingwei.cli",
                *sys.argv[1:],
            ]  # the settings have chosen SQLite already
            os.execve(again[0], again, {**os.environ, "JINGWEI_DATABASE": options["database"]})  # noqa: S606
        try:
            done = backups.put_back(settings.CITY, options["backup"], options["keys"], options["seals"])
        except backups.CannotBe as reason:
            raise CommandError(str(reason)) from reason
        if done.faults:
            raise CommandError("the journal is not whole, the city stays shut:\n" + "\n".join(done.faults))
        if done.lost:
            self.stdout.write(f"lost with what was not in the backup: journal lines {done.lost} (seals/lost)")
        self.stdout.write(
            f"{settings.CITY.home}: {counted(done.lines, 'journal line')} whole, "
            f"{counted(done.erased_again, 'case')} erased again"
        )
