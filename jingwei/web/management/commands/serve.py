"""`jingwei serve`: the web processes and a worker, ended together with Ctrl-C."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from types import FrameType
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError

from jingwei.kernel import away


class Command(BaseCommand):
    """Small cities need no more; a large one runs `web` and `worker` as services (docs/deployment.md)."""

    help = "Serve the city: web and worker."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--port", type=int, default=8000)
        parser.add_argument("--host", default="127.0.0.1")
        parser.add_argument("--processes", type=int, default=1, help="web processes; one is right for SQLite")
        parser.add_argument("--threads", type=int, default=2)
        parser.add_argument("--no-worker", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        if not (settings.CITY.home / "city.toml").exists():
            raise CommandError(
                f"There is no city in {settings.CITY.home}. "
                f"Make one: jingwei --city {settings.CITY.home.name} init"
            )
        try:
            away.look()
            call_command("migrate", verbosity=0)
        except DatabaseError as failure:
            if not away.is_away(failure):
                raise
            raise CommandError(f"The city's database cannot be used: {failure}") from failure
        commands = [web_command(options["host"], options["port"], options["processes"], options["threads"])]
        if not options["no_worker"]:
            commands.append([sys.executable, "-m", "jingwei.cli", "worker"])
        self.stdout.write(
            f"{settings.CITY.name}: http://{options['host']}:{options['port']}/  (Ctrl-C ends it)"
        )
        run_together(commands)


#: the C library keeps what was freed, for each thread, and gives little of it back:
#: after loading 16,000 grids a process held 185 MB, and 160 MB once it was made to
THRIFTY = {"MALLOC_ARENA_MAX": "2", "MALLOC_TRIM_THRESHOLD_": "131072"}


def web_command(
    host: str, port: int, processes: int, threads: int, application: str = "jingwei.wsgi:application"
) -> list[str]:
    """The command that serves the pages."""
    granian = Path(sys.executable).parent / "granian"
    return [
        str(granian),
        "--interface",
        "wsgi",
        "--host",
        host,
        "--port",
        str(port),
        "--workers",
        str(processes),
        "--blocking-threads",
        str(threads),
        "--backpressure",
        "256",
        "--no-ws",
        "--respawn-failed-workers",
        "--log-level",
        "warning",
        application,
    ]


def run_together(commands: list[list[str]]) -> None:
    """Run commands until one ends or somebody says stop; then end them all and wait."""
    environment = {**THRIFTY, **os.environ, "JINGWEI_CITY": str(settings.CITY.home) + "/"}
    running = [subprocess.Popen(command, env=environment, process_group=0) for command in commands]  # noqa: S603  (our own)
    stopping = False

    def stop(number: int, frame: FrameType | None) -> None:
        nonlocal stopping
        stopping = True

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop)
    try:
        while not stopping and all(process.poll() is None for process in running):
            time.sleep(0.2)
    finally:
        for process in running:
            if process.poll() is None:
                process.terminate()
        for process in running:
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
            with suppress(ProcessLookupError):  # what a part that was killed left behind would keep its port
                os.killpg(process.pid, signal.SIGKILL)
    if not stopping:
        sys.exit("a part of the server ended by itself; see above")
