"""Every check and every test.

Style, types, boundaries, templates, texts, playbooks; then the tests on SQLite and on PostgreSQL.

The last lines are the test runner's own summary.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
import postgres

TOP = Path(__file__).resolve().parent.parent
BIN = TOP / ".venv/bin"

LINT = {
    "format": ["ruff", "format", "--check", "--quiet", "."],
    "style": ["ruff", "check", "--quiet", "."],
    "boundaries": ["lint-imports", "--no-cache"],
    "templates": ["djlint", "jingwei", "--lint", "--quiet"],
    "texts": ["python", "scripts/texts.py", "--check"],
    "privacy": ["python", "scripts/privacy.py", "--check"],
}
TYPES = {"types": ["mypy", "jingwei", "tests", "scripts"]}
PLAYBOOKS = {"playbooks": ["jingwei", "check"]}


def main() -> None:
    """Run what was asked for; stop at the first thing that fails."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--only", choices=["lint", "types", "sqlite", "postgres"])
    options.add_argument("pytest", nargs="*", help="passed on to pytest")
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory(prefix="jingwei-test-") as home:
        os.environ |= {"JINGWEI_CITY": f"{home}/city/", "PYTHONWARNINGS": "default"}
        if chosen.only in (None, "lint"):
            check(LINT)
        if chosen.only in (None, "types"):
            check(TYPES)
        if chosen.only is None:
            check(PLAYBOOKS)
        if chosen.only in (None, "sqlite"):
            pytest("SQLite", chosen.pytest)
        if chosen.only in (None, "postgres"):
            with postgres.cluster(postgres.QUICK) as address:
                pytest("PostgreSQL", ["-m", "not browser", *chosen.pytest], JINGWEI_DATABASE=address)


def check(commands: dict[str, list[str]]) -> None:
    """Run the checks in turn; show what a failing one said."""
    for name, (program, *arguments) in commands.items():
        began = time.monotonic()
        done = subprocess.run(
            [BIN / program, *arguments], cwd=TOP, capture_output=True, text=True, check=False
        )
        print(
            f"{'ok  ' if done.returncode == 0 else 'FAIL'} {name} ({time.monotonic() - began:.0f} s)",
            flush=True,
        )
        if done.returncode:
            print(done.stdout, done.stderr)
            sys.exit(f"{name} failed: {program} {' '.join(arguments)}")


def pytest(database: str, arguments: list[str], **environment: str) -> None:
    """Run the tests against one database, on both cores."""
    print(f"\n=== tests on {database} ===", flush=True)
    shutil.rmtree(os.environ["JINGWEI_CITY"], ignore_errors=True)
    done = subprocess.run(
        [BIN / "pytest", "-n", "2", "--dist", "loadfile", "-q", *arguments],
        cwd=TOP,
        env={**os.environ, **environment},
        check=False,
    )
    if done.returncode:
        sys.exit(done.returncode)


if __name__ == "__main__":
    main()
