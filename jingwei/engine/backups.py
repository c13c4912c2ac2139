"""A copy of a city to put away, and a city made of such a copy.

A backup is one folder: the seals, then the database as it was at one moment, then the files; never the keys,
which are copied apart. What was erased after it was taken is erased again before the restored city opens: the
erasure list leaves the database with the seals, so the newest `seals/` folder belongs to a restore.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import sqlite3
import subprocess
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from django.core.management import call_command
from django.db import connection
from django.db.backends.postgresql.client import DatabaseClient

from jingwei.city import KEYS, City
from jingwei.engine import keeping
from jingwei.kernel import outside, seals
from jingwei.kernel.moments import now

SQLITE, POSTGRESQL = "city.sqlite3", "city.dump"


class CannotBe(Exception):
    """The backup or restore cannot be done; says why and what would be right."""


@dataclass(frozen=True)
class Restored:
    """What the check after a restore found."""

    lines: int
    erased_again: int
    lost: str  # the journal lines that were sealed after the backup, like "97–140"
    faults: tuple[str, ...]


def take(city: City, target: Path) -> Path:
    """Copy the city into a new folder below `target`, while it runs; return the folder.

    The folder has its name only when it is whole: an interrupted backup is left as `….part`.
    """
    moment = now()
    folder = target / f"{city.home.name}-{moment:%Y%m%d-%H%M%S}"
    part = folder.with_name(folder.name + ".part")
    part.mkdir(parents=True, mode=0o700)
    shutil.copy2(city.home / "city.toml", part / "city.toml")
    _copy_folder(city.home / "seals", part / "seals")  # first: no seal in the copy is newer than its lines
    _copy_database(part)
    _copy_folder(city.home / "files", part / "files")  # then: every file that a row names is there
    said = {"city": city.name, "taken_at": moment.isoformat(), "database": connection.vendor}
    (part / "backup.json").write_text(json.dumps(said, ensure_ascii=False, indent=1) + "\n", "utf-8")
    part.rename(folder)
    return folder


def put_back(city: City, backup: Path, keys: Path, newer_seals: Path | None) -> Restored:
    """Make the unborn city out of a backup; it opens (gets its city.toml) only when it is whole.

    `newer_seals`: the seals folder as it was last, if it outlived the city. Raises ``CannotBe``.
    """
    if (city.home / "city.toml").exists():
        raise CannotBe(f"{city.home} is a city already: restore under another name")
    if not (backup / "backup.json").exists():
        raise CannotBe(f"{backup} is no whole backup: backup.json is missing")
    for name in (*KEYS, "ring.json"):
        if not (keys / name).exists():
            raise CannotBe(f"{keys} does not hold the key '{name}': nothing sealed could be read")
    city.home.mkdir(parents=True, exist_ok=True, mode=0o700)
    _load_database(backup)
    for source, name in ((keys, "keys"), (backup / "files", "files"), (backup / "seals", "seals")):
        _copy_folder(source, city.home / name)
    lost = _lost(newer_seals, city) if newer_seals else ""
    call_command("migrate", verbosity=0)
    again = keeping.replay_erasures()
    found = seals.verify()
    if not found.faults:
        database = os.environ.get("JINGWEI_DATABASE", "") if connection.vendor == "postgresql" else ""
        said = re.sub(
            r"(?m)^database *=.*$",
            f"database = {json.dumps(database)}",
            (backup / "city.toml").read_text("utf-8"),
        )
        (city.home / "city.toml").write_text(said, "utf-8")
    return Restored(found.lines, again, lost, tuple(found.faults))


def _copy_folder(source: Path, target: Path) -> None:
    """Copy what is there; a file that goes while we copy belonged to a case erased meanwhile."""
    if not source.exists():
        return
    shutil.rmtree(target, ignore_errors=True)
    try:
        shutil.copytree(source, target)
    except shutil.Error as errors:
        if any(Path(there).exists() for there, *_ in errors.args[0]):
            raise


def _lost(newer: Path, city: City) -> str:
    """Take over the newest erasure list.

    Keep aside the seals of lines that the backup has not, and name them.
    """
    (city.home / "seals/lost").mkdir(parents=True, exist_ok=True)
    last, lines = seals.last_written_out(), []
    for file in sorted(newer.glob("*.jsonl")):
        if file.name.startswith("erasures-"):
            shutil.copy2(file, city.home / "seals" / file.name)
            continue
        shutil.copy2(file, city.home / "seals/lost" / file.name)
        lines += [n for entry in outside.entries(file) if entry["seal"] > last for n in entry["lines"][:2]]
    return f"{min(lines)}–{max(lines)}" if lines else ""


# ---------------------------------------------------------------- the two databases


def _copy_database(folder: Path) -> None:
    if connection.vendor == "sqlite":
        source = connection.settings_dict["NAME"]
        with closing(sqlite3.connect(source)) as here, closing(sqlite3.connect(folder / SQLITE)) as there:
            here.backup(there, pages=4096)
            there.execute("PRAGMA journal_mode=DELETE")  # one file, no log beside it
    else:
        _run("pg_dump", ["--format=custom", f"--file={folder / POSTGRESQL}"])


def _load_database(backup: Path) -> None:
    if connection.vendor == "sqlite":
        if not (backup / SQLITE).exists():
            raise CannotBe(
                "the backup is of PostgreSQL: name an empty database with --database postgresql://…"
            )
        shutil.copy2(backup / SQLITE, connection.settings_dict["NAME"])
    else:
        if not (backup / POSTGRESQL).exists():
            raise CannotBe("the backup is of SQLite: leave --database out")
        if connection.introspection.table_names():
            raise CannotBe("the database is not empty: name an empty one")
        _run(
            "pg_restore", ["--no-owner", "--exit-on-error", "--single-transaction"], str(backup / POSTGRESQL)
        )


def _run(program: str, options: list[str], *what: str) -> None:
    """Run a program of PostgreSQL against the city's database."""
    arguments, environment = DatabaseClient.settings_to_cmd_args_env(connection.settings_dict, [])
    *where, name = arguments[1:]
    command = [_found(program), *where, f"--dbname={name}", *options, *what]
    try:
        subprocess.run(command, env={**os.environ, **(environment or {})}, check=True)  # noqa: S603  (our own words)
    except subprocess.CalledProcessError as failed:
        raise CannotBe(f"{program} failed, see above") from failed


def _found(program: str) -> str:
    """The program on the path, else where Debian puts the newest one."""
    there = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{program}"))
    found = shutil.which(program) or (str(there[-1]) if there else "")
    if not found:
        raise CannotBe(f"{program} is not installed: apt-get install postgresql-client")
    return found
