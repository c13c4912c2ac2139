"""`jingwei build_demo`: fill the city named by JINGWEI_CITY with the demo's registry and history.

`jingwei demo` calls it.
"""

from __future__ import annotations

import time
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import CommandError, CommandParser
from django.db import connection
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from jingwei.demo import building, history
from jingwei.kernel import auditing, seals
from jingwei.kernel.actors import System
from jingwei.kernel.commands import OurCommand


def seal_and_verify() -> seals.Finding:
    """Seal what was played, verify it and write that down, as the audit page shows; or say what is wrong."""
    seals.seal()
    found = seals.verify()
    if found.faults:
        raise CommandError("the journal does not verify: " + "; ".join(str(one) for one in found.faults[:3]))
    auditing.note_verified(found, by=System(job="audit"))
    seals.seal()
    return found


class Command(OurCommand):
    """Everything is played through the actions; at the end the journal is sealed and verified."""

    help = "Fill a new demo city."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--size", choices=["demo", "city"], default="demo")
        parser.add_argument("--cases", type=int, default=4000)
        parser.add_argument("--days", type=int, default=60)
        parser.add_argument("--seed", type=int, default=1)

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.DEMO:
            raise CommandError("This city is no demo city (demo = true in city.toml).")
        console, began = Console(), time.monotonic()
        call_command("migrate", verbosity=0)
        self._do_not_wait_for_the_disk()
        console.print("building 经州市 (fictional; seed {seed})".format(**options))
        built = building.build(
            size=options["size"], seed=options["seed"], say=lambda line: console.print(f"  {line}")
        )
        building.open_accounts(built)
        columns = (
            TextColumn("  {task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
        )
        with Progress(*columns, console=console) as progress:
            task = progress.add_task(f"playing {options['days']} days of cases", total=options["cases"])
            history.play(
                built,
                days=options["days"],
                total=options["cases"],
                seed=options["seed"],
                say=lambda done, of: progress.update(task, completed=done),
            )
        found = seal_and_verify()
        console.print(f"  journal: {found.lines:,} lines, verified. Done in {time.monotonic() - began:.0f} s")

    def _do_not_wait_for_the_disk(self) -> None:
        """Nothing is acknowledged while a city is built: a crash throws it away and begins anew."""
        if connection.vendor == "sqlite":
            with connection.cursor() as cursor:
                cursor.execute("PRAGMA synchronous=OFF")
