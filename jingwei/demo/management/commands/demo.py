"""`jingwei demo`: create the demo city 经州市 if it is not there, then serve it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from jingwei import city as cities
from jingwei.demo.building import ACCOUNTS, PASSWORD
from jingwei.registry.roles import label
from jingwei.web.management.commands.serve import run_together, web_command

CITY_TOML = """\
name = "经州市"
name_en = "Jingzhou"
code = "9911"
database = "{database}"
demo = true
hosts = ["localhost", "127.0.0.1", "[::1]"]
"""


class Command(BaseCommand):
    """The city is built beside its place and moved there whole: an interrupted build leaves nothing half."""

    help = "Create and serve the demo city."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--port", type=int, default=8000)
        parser.add_argument("--host", default="127.0.0.1")
        parser.add_argument("--reset", action="store_true", help="throw the demo city away first")
        parser.add_argument(
            "--size",
            choices=["demo", "city"],
            default="demo",
            help="city: 16,000 grids, 24,000 staff, 18,700 organisations",
        )
        parser.add_argument("--cases", type=int, default=4000)
        parser.add_argument("--days", type=int, default=60)
        parser.add_argument("--seed", type=int, default=1)
        parser.add_argument("--database", default="", help="postgresql://…; SQLite when left out")
        parser.add_argument("--no-serve", action="store_true", help="only create it")

    def handle(self, *args: Any, **options: Any) -> None:
        home = Path(str(settings.CITY.home))
        if options["reset"]:
            self._throw_away(home)
        if not (home / "city.toml").exists():
            self._create(home, options)
        if not options["no_serve"]:
            self._serve(home, options["host"], options["port"])

    def _throw_away(self, home: Path) -> None:
        if (home / "city.toml").exists() and not cities.load(home).demo:
            raise CommandError(f"{home} is no demo city; it is not thrown away.")
        shutil.rmtree(home, ignore_errors=True)

    def _create(self, home: Path, options: dict[str, Any]) -> None:
        half = home.with_name(home.name + ".building")
        shutil.rmtree(half, ignore_errors=True)
        half.mkdir(parents=True)
        (half / "city.toml").write_text(CITY_TOML.format(database=options["database"]), "utf-8")
        command = [sys.executable, "-m", "jingwei.cli", "build_demo"]
        for name in ("size", "cases", "days", "seed"):
            command += [f"--{name}", str(options[name])]
        done = subprocess.run(command, env={**os.environ, "JINGWEI_CITY": f"{half}/"}, check=False)  # noqa: S603  (our own command)
        if done.returncode:
            raise CommandError(
                "The demo city could not be built; see above. Nothing is left behind but " + str(half)
            )
        shutil.rmtree(home, ignore_errors=True)
        half.rename(home)

    def _serve(self, home: Path, host: str, port: int) -> None:
        os.environ["JINGWEI_CITY"] = f"{home}/"
        self.stdout.write("")
        self.stdout.write(f"经州市 · Jingzhou: http://{host}:{port}/   (Ctrl-C ends it)")
        self.stdout.write(
            f"Staff sign in at http://{host}:{port}/sign-in — every demo account has the password {PASSWORD}"
        )
        for login, (role, _, _) in {**ACCOUNTS, "demo-admin": ("administrator", "", 0)}.items():
            self.stdout.write(f"  {login:16} {label(role)}")
        self.stdout.flush()
        run_together([web_command(host, port, 1, 2), [sys.executable, "-m", "jingwei.cli", "worker"]])
