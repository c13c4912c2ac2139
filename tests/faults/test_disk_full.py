"""A full disk: said plainly, nothing is there half, and with room again everything goes on.

Two ways to make it full. A limit on the size of the files of our processes works for everybody; a small disk
in memory is a real one, and needs root.
"""

from __future__ import annotations

import os
import pwd
import random
import resource
import secrets
import shutil
import subprocess
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from tests.faults import cluster, load
from tests.faults.load import Answer, Line
from tests.faults.running import City, Server, build, serving, until

pytestmark = pytest.mark.faults

JOBS_DUE = "UPDATE kernel_joblease SET next_at = '2000-01-01 00:00:00+00:00'"


def test_files_that_may_not_grow(city: City, chance: random.Random) -> None:
    """No process writes past the first sector of a file: pictures, uploads, logs, seals, SQLite."""
    with serving(city) as server, load.at_work(city, server.port, chance) as ledger:
        ledger.goes_on(chance)
        with limited(server, 512):
            refused(city, server, chance)
            meets_it(ledger)
        ledger.goes_on(chance)
        city.do(JOBS_DUE)
        ledger.goes_on(chance)
    assert nothing_half_written(city)
    assert load.found(city, ledger) == []


def test_a_city_folder_without_room(city: City, chance: random.Random, tmp_path: Path) -> None:
    """A real disk with nothing left on it holds keys, pictures and seals, and SQLite."""
    with a_small_disk(tmp_path / "disk", megabytes=24) as disk:
        crowded = City(disk / "city", city.database, city.tokens, city.areas, city.units)
        shutil.copytree(city.home, crowded.home)
        with serving(crowded) as server, load.at_work(crowded, server.port, chance) as ledger:
            ledger.goes_on(chance)
            with filled(disk):
                refused(crowded, server, chance)
                meets_it(ledger)
            ledger.goes_on(chance)
            crowded.do(JOBS_DUE)
            ledger.goes_on(chance)
        assert nothing_half_written(crowded)
        assert load.found(crowded, ledger) == []


def test_a_database_without_room(cluster_address: str, chance: random.Random, tmp_path: Path) -> None:
    """PostgreSQL's tables on a real disk with nothing left on it."""
    if not cluster_address:
        pytest.skip("SQLite lies in the city's folder: see above")
    with (
        cluster.of_its_own() as own,
        a_small_disk(own.home / "small", megabytes=96, owner="postgres") as disk,
    ):
        name = f"crowded_{secrets.token_hex(4)}"
        with psycopg.connect(own.address, autocommit=True) as connection:
            connection.execute(f"CREATE TABLESPACE small LOCATION '{disk}'")
            connection.execute(f"CREATE DATABASE {name} TABLESPACE small")
        city = build(tmp_path / "city", f"{own.address.rpartition('/')[0]}/{name}")
        with serving(city) as server, load.at_work(city, server.port, chance) as ledger:
            ledger.goes_on(chance)
            with filled(disk):
                meets_it(ledger)
            ledger.goes_on(chance)
        assert "Traceback" not in server.log
        assert load.found(city, ledger) == []
        with psycopg.connect(own.address, autocommit=True) as connection:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)")
            connection.execute("DROP TABLESPACE small")


# ---------------------------------------------------------------- what is said


def refused(city: City, server: Server, chance: random.Random) -> None:
    """A picture that does not fit, small or large, from a program or a form: a plain answer, no row."""
    for size in (64, 1800):
        photo = load.jpeg(0, size=size, noise=chance)
        case, key = load.new_key(), load.new_key()
        with Line(server.port, 80) as line:
            by_program = load.picture(case, token=city.tokens["worker"], key=key, content=photo).by(line)
        with Line(server.port, 81) as line:
            by_form = load.form(city, server.port, case, "路灯不亮", photo=photo).by(line)
        assert is_no_room(by_program), by_program
        assert int(by_program.headers["retry-after"]) > 0
        assert by_form.status in (422, 503), by_form
        assert "no room left" in by_form.body.decode() or "send it once more" in by_form.body.decode()
        assert not reported(city, case)


def is_no_room(answer: Answer) -> bool:
    return answer.status == 503 and answer.reasons in (["disk-full"], ["database-away"])


def reported(city: City, case: str) -> int:
    """How many rows there are of a case that was refused."""
    stored = case if city.database else case.replace("-", "")
    rows = ("engine_case WHERE id", 'kernel_attachment WHERE "case"', "kernel_requestkey WHERE id")
    return sum(city.number(f"SELECT count(*) FROM {row} = '{stored}'") for row in rows)  # noqa: S608


def meets_it(ledger: load.Ledger) -> None:
    """The programs are refused, come again and lose nothing."""
    before = ledger.away
    until(lambda: ledger.away >= before + 8 or ledger.wrong, within=60, what_for="programs meet it")


def nothing_half_written(city: City) -> bool:
    """No draft lies about, and no file of a picture without its row."""
    there = {path.name for path in (city.home / "files").rglob("*") if path.is_file()}
    rows = [str(row[0]) for row in city.ask("SELECT id FROM kernel_attachment")]
    wanted = {f"{as_uuid(row)}{ending}" for row in rows for ending in (".jpg", ".s.jpg")}
    assert there == wanted, there ^ wanted
    return True


def as_uuid(text: str) -> str:
    bare = text.replace("-", "")
    return "-".join((bare[:8], bare[8:12], bare[12:16], bare[16:20], bare[20:]))


# ---------------------------------------------------------------- making it full


@contextmanager
def limited(server: Server, most: int) -> Iterator[None]:
    """No file of the server's processes may grow past a size; what was larger stays as it is."""
    members = server.living.members
    limit(members, most)
    try:
        yield
    finally:
        limit(members, resource.RLIM_INFINITY)


def limit(pids: Iterable[int], most: int) -> None:
    for pid in pids:
        _, hard = resource.prlimit(pid, resource.RLIMIT_FSIZE)
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (most if hard < 0 else min(most, hard), hard))


@contextmanager
def a_small_disk(place: Path, *, megabytes: int, owner: str = "") -> Iterator[Path]:
    """A disk in memory, gone afterwards."""
    if os.geteuid() != 0:
        pytest.skip("only root may mount a disk: run the tests as root to try a real one")
    place.mkdir()
    options = f"size={megabytes}m"
    if owner:
        user = pwd.getpwnam(owner)
        options += f",uid={user.pw_uid},gid={user.pw_gid},mode=700"
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", options, "tmpfs", place], capture_output=True, text=True, check=False
    )
    if done.returncode:
        pytest.skip(f"no disk may be mounted here: {done.stderr.strip()}")
    try:
        yield place
    finally:
        subprocess.run(["umount", "--lazy", place], check=True)


@contextmanager
def filled(disk: Path) -> Iterator[None]:
    """Take all the room there is, to the last byte, until the block ends."""
    filler = disk / "filler"
    with filler.open("wb", buffering=0) as out:
        for size in (1 << 20, 4096, 1):
            try:
                while out.write(b"\0" * size):
                    pass
            except OSError:
                continue
    try:
        yield
    finally:
        filler.unlink()
