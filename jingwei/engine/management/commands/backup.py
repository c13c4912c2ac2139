"""`jingwei backup FOLDER`: copy the city while it runs; the keys only with --keys, and elsewhere."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError, CommandParser

from jingwei.engine import backups
from jingwei.kernel.commands import OurCommand


class Command(OurCommand):
    """Database, files and seals into FOLDER/<city>-<moment>/."""

    help = "Copy the city into a folder."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("folder", type=Path)
        parser.add_argument(
            "--keys", type=Path, help="also copy the keys into this folder; never beside the data"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        city, keys = settings.CITY, options["keys"]
        if keys and (
            keys.resolve() == options["folder"].resolve()
            or keys.resolve().is_relative_to(options["folder"].resolve())
        ):
            raise CommandError(
                "Keys beside the data open it to whoever finds both. Name another folder for --keys."
            )
        try:
            made = backups.take(city, options["folder"])
        except backups.CannotBe as reason:
            raise CommandError(str(reason)) from reason
        if keys:
            shutil.copytree(city.keys, keys, dirs_exist_ok=True)
        self.stdout.write(
            f"{made}" + (f" (keys: {keys})" if keys else "  — the keys are not in it; see --keys")
        )
