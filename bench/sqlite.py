"""The same intake on SQLite (WAL, synchronous FULL), one process, beside its own control."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

TOP = Path(__file__).resolve().parent.parent


def measure(control_port: int, port: int, rounds: int, seconds: float) -> dict[str, object]:
    """Run in a process of its own, because a process has one database."""
    home = TOP / "var/bench-sqlite"
    environment = {name: value for name, value in os.environ.items() if name != "JINGWEI_DATABASE"} | {
        "JINGWEI_CITY": f"{home}/"
    }
    command = [
        sys.executable,
        "-m",
        "bench.sqlite_run",
        str(control_port),
        str(port),
        str(rounds),
        str(seconds),
    ]
    done = subprocess.run(command, cwd=TOP, env=environment, check=True, capture_output=True, text=True)
    return dict(json.loads(done.stdout.splitlines()[-1]))
