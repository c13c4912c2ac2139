"""Starting and ending what is measured: granian with so many processes and threads, in the bench's city."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

from jingwei.web.management.commands.serve import THRIFTY, web_command

TOP = Path(__file__).resolve().parent.parent


@contextlib.contextmanager
def serving(application: str, port: int, *, processes: int = 2, threads: int = 2) -> Iterator[int]:
    """Serve a WSGI application; yield the number of the server's process."""
    command = web_command("127.0.0.1", port, processes, threads, application)
    server = subprocess.Popen(command, cwd=TOP, env={**THRIFTY, **os.environ})
    try:
        _wait_for(port, server)
        yield server.pid
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait(20)


def _wait_for(port: int, server: subprocess.Popen[bytes]) -> None:
    for _ in range(200):
        if server.poll() is not None:
            raise SystemExit("the server ended while starting")
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 0.2):
            return
        time.sleep(0.1)
    raise SystemExit("the server did not start")


def memory_of(pid: int) -> list[float]:
    """Resident memory of a server's processes, in MB, the largest first."""
    family = subprocess.run(
        ["ps", "-o", "rss=", "--ppid", str(pid)], capture_output=True, text=True, check=False
    ).stdout.split()
    return sorted((int(kilobytes) / 1024 for kilobytes in family), reverse=True)
