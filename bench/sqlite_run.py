"""Called by bench.sqlite: builds a small city on SQLite and measures its intake."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys

import django
from django.conf import settings

django.setup()

from bench import control, writes  # noqa: E402  (settings first)
from bench.servers import serving  # noqa: E402


def main() -> None:
    """Print one line of JSON."""
    control_port, port, rounds, seconds = (
        int(sys.argv[1]),
        int(sys.argv[2]),
        int(sys.argv[3]),
        float(sys.argv[4]),
    )
    home = settings.CITY.home
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir(parents=True)
    (home / "city.toml").write_text(
        'name = "经州市"\ncode = "9911"\ndemo = true\nreports_per_address = 1000000000\n'
    )
    subprocess.run(
        [sys.executable, "-m", "jingwei.cli", "build_demo", "--cases", "0", "--days", "0"],
        check=True,
        stdout=sys.stderr,
    )
    control.make_table()
    places = writes.points(300)
    with (
        serving("bench.control:application", control_port, processes=1),
        serving("jingwei.wsgi:application", port, processes=1),
    ):
        found = writes.beside(
            control_port,
            port,
            "portal intake",
            lambda: writes.portal_intake(places),
            rounds=rounds,
            seconds=seconds,
            wanted=302,
        )
    print(
        json.dumps(
            {
                "per_second": round(found.per_second),
                "control": round(found.control),
                "ratio": round(found.ratio, 3),
                "p50_ms": round(found.p50, 1),
            }
        )
    )


if __name__ == "__main__":
    main()
