"""`jingwei serve`: the web processes and a worker, ended together with Ctrl-C."""

from __future__ import annotations

import argparse
import errno
import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from types import FrameType
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import CommandError, CommandParser
from django.db import DatabaseError

from jingwei.kernel import away, ending
from jingwei.kernel.commands import OurCommand


class Command(OurCommand):
    """Small cities need no more; a large one runs `web` and `worker` as services (docs/deployment.md)."""

    help = "Serve the city: web and worker."

    def add_arguments(self, parser: CommandParser) -> None:
        add_place(parser)
        parser.add_argument("--processes", type=int, default=1, help="web processes; one is right for SQLite")
        parser.add_argument("--threads", type=int, default=2, help="requests that a process answers at once")
        parser.add_argument("--no-worker", action="store_true", help="pages only; the worker runs elsewhere")

    def handle(self, *args: Any, **options: Any) -> None:
        look_at_port(options["host"], options["port"])
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


# ---------------------------------------------------------------- the port


def add_place(parser: CommandParser) -> None:
    """The options that say where a city is served."""
    parser.add_argument("--port", type=_port, default=8000, help="8000 when left out")
    parser.add_argument("--host", default="127.0.0.1", help="127.0.0.1, this machine only, when left out")


def _port(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 1 <= int(text) <= 65535):
        raise argparse.ArgumentTypeError(f"'{text}' is no port: a number from 1 to 65535, like 8000")
    return int(text)


def look_at_port(host: str, port: int) -> None:
    """Raise ``CommandError`` where nobody can listen. The web server shares a taken port and says nothing."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(
                socket.SOL_SOCKET, socket.SO_REUSEADDR, 1
            )  # what only just ended is no hindrance
            probe.bind(address)
    except OSError as failure:
        if failure.errno == errno.EADDRINUSE:
            other = port + 1 if port < 65535 else port - 1
            raise CommandError(
                f"Port {port} is in use. Choose another: --port {other}, or with make: PORT={other}"
            ) from failure
        raise CommandError(f"Nobody can listen at {host}:{port}: {failure.strerror}") from failure


# ---------------------------------------------------------------- the processes


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
    """Run commands until one ends, somebody says stop or the terminal is gone; then end them all and wait.

    They end too when this process is killed and cannot end them.
    """
    ours = {"JINGWEI_CITY": str(settings.CITY.home) + "/", "JINGWEI_TOGETHER": "1"}
    environment, tie = {**THRIFTY, **os.environ, **ours}, ending.tie_to(os.getpid())
    running = [
        subprocess.Popen(command, env=environment, process_group=0, preexec_fn=tie)  # noqa: S603  (our own)
        for command in commands
    ]
    stopping = False

    def stop(number: int, frame: FrameType | None) -> None:
        nonlocal stopping
        stopping = True

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        is_nohup = number == signal.SIGHUP and signal.getsignal(number) is signal.SIG_IGN
        if not is_nohup:  # who was started with `nohup` outlives its terminal
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
