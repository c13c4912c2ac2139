"""Imports at city size into an empty city on the durable cluster of the bench, beside a control."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import psycopg
from django.db import connection

TOP = Path(__file__).resolve().parent.parent
NAME = "bench_imports"


def measure() -> dict[str, object]:
    """Run in a process and a database of its own: an import needs a city that has nothing yet."""
    address = os.environ["JINGWEI_DATABASE"]
    fresh = f"{address.rsplit('/', 1)[0]}/{NAME}"
    connection.close()
    with psycopg.connect(address, autocommit=True) as database:
        database.execute(f"DROP DATABASE IF EXISTS {NAME}")
        database.execute(f"CREATE DATABASE {NAME}")
    environment = os.environ | {"JINGWEI_DATABASE": fresh, "JINGWEI_CITY": f"{TOP / 'var/bench-imports'}/"}
    done = subprocess.run(
        [sys.executable, "-m", "bench.importing_run"],
        cwd=TOP,
        env=environment,
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    with psycopg.connect(address, autocommit=True) as database:
        database.execute(f"DROP DATABASE {NAME}")
    return dict(json.loads(done.stdout.splitlines()[-1]))
