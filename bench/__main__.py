"""`make bench`: measure everything and write docs/benchmarks.md.

`python -m bench --only writes` measures one part.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
from pathlib import Path

import psycopg

TOP = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(TOP / "scripts"))

import postgres  # noqa: E402

HOME = TOP / "var/bench"
PARTS = ("writes", "lists", "places", "imports", "sqlite", "portal")


def main() -> None:
    """Start a durable cluster of our own, build the city once, and run the parts in it."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--only", choices=PARTS, action="append")
    options.add_argument("--rounds", type=int, default=5)
    options.add_argument("--seconds", type=float, default=6)
    options.add_argument("--keep", action="store_true", help="use the city of the last bench again")
    chosen = options.parse_args()
    os.environ |= {
        "JINGWEI_CITY": f"{HOME}/",
        "DJANGO_SETTINGS_MODULE": "jingwei.settings",
        "PYTHONPATH": str(TOP),
    }
    settings = {
        **postgres.DURABLE,
        "shared_preload_libraries": "pg_stat_statements",
        "random_page_cost": "1.1",
        "work_mem": "16MB",
    }
    with postgres.cluster(settings, folder=postgres.keepable("bench")) as address:
        os.environ["JINGWEI_DATABASE"] = address
        if not chosen.keep or not (HOME / "city.toml").exists():
            make_city(address)
        subprocess.run(
            [sys.executable, "-m", "jingwei.cli", "migrate", "--verbosity", "0"], cwd=TOP, check=True
        )
        parts = [argument for part in chosen.only or PARTS for argument in ("--only", part)]
        measure = [
            sys.executable,
            "-m",
            "bench.running",
            *parts,
            "--rounds",
            str(chosen.rounds),
            "--seconds",
            str(chosen.seconds),
        ]
        subprocess.run(measure, cwd=TOP, check=True)


def make_city(address: str) -> None:
    """A demo city of full size (16,000 grids, 24,000 staff) without history, in an empty database."""
    with psycopg.connect(address, autocommit=True) as database:
        database.execute("DROP SCHEMA public CASCADE")
        database.execute("CREATE SCHEMA public")
    shutil.rmtree(HOME, ignore_errors=True)
    HOME.mkdir(parents=True)
    (HOME / "city.toml").write_text(
        'name = "经州市"\nname_en = "Jingzhou"\ncode = "9911"\ndemo = true\n'
        "reports_per_address = 1000000000\n"
    )
    build = [
        sys.executable,
        "-m",
        "jingwei.cli",
        "build_demo",
        "--size",
        "city",
        "--cases",
        "0",
        "--days",
        "0",
    ]
    subprocess.run(build, cwd=TOP, check=True)


if __name__ == "__main__":
    main()
