"""`jingwei demo`: create the demo city 经州市 if it is not there, then serve it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError, CommandParser

from jingwei import city as cities
from jingwei.demo.building import ACCOUNTS, PASSWORD
from jingwei.kernel.commands import OurCommand
from jingwei.registry.roles import label
from jingwei.web.management.commands.serve import add_place, look_at_port, run_together, web_command

CITY_TOML = """\
name = "经州市"
name_en = "Jingzhou"
code = "9911"
database = "{database}"
demo = true
hosts = ["localhost", "127.0.0.1", "[::1]"]
"""


class Command(OurCommand):
    """The city is built beside its place and moved there whole: until then the old one stays as it is."""

    help = "Create and serve the demo city."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        add_place(parser)
        parser.add_argument("--reset", action="store_true", help="build it anew in place of the one there is")
        parser.add_argument(
            "--size",
            choices=["demo", "city"],
            default="demo",
            help="city: 16,000 grids, 24,000 staff, 18,700 organisations",
        )
        parser.add_argument("--cases", type=int, default=4000, help="how many cases are played")
        parser.add_argument("--days", type=int, default=60, help="over how many days")
        parser.add_argument("--seed", type=int, default=1, help="another number makes another city")
        parser.add_argument("--database", default="", help="postgresql://…; SQLite when left out")
        parser.add_argument("--no-serve", action="store_true", help="only create it")

    def handle(self, *args: Any, **options: Any) -> None:
        home = Path(str(settings.CITY.home))
        if not options["no_serve"]:
            look_at_port(options["host"], options["port"])  # before anything is built
        self._refuse_what_is_no_demo(home)
        if options["reset"] or not cities.is_born(home):
            self._create(home, options)
        if not options["no_serve"]:
            self._serve(home, options["host"], options["port"])

    def _refuse_what_is_no_demo(self, home: Path) -> None:
        """A folder of somebody's own is never replaced; one with nothing but keys was left by a beginning."""
        if cities.is_born(home):
            if not cities.load(home).demo:
                raise CommandError(f"{home} is a city, and no demo: {cities.called(home)} serve")
        elif home.exists() and {file.name for file in home.iterdir()} - {"keys"}:
            raise CommandError(f"{home} holds something else, and no city. Choose another place with --city.")

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
            kept = " The demo city that was there stays as it is." if cities.is_born(home) else ""
            raise CommandError(
                f"The demo city could not be built; see above. Nothing is left behind but {half}.{kept}"
            )
        _put_in_place(half, home)

    def _serve(self, home: Path, host: str, port: int) -> None:
        look_at_port(host, port)  # building took minutes
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


def _put_in_place(new: Path, home: Path) -> None:
    """Put the whole city where the old one was; the old one goes when the new one stands there."""
    old = home.with_name(home.name + ".old")
    shutil.rmtree(old, ignore_errors=True)
    if home.exists():
        home.rename(old)
    new.rename(home)
    shutil.rmtree(old, ignore_errors=True)
