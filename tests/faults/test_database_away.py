"""The database locked by somebody else, its file gone or damaged.

That is said plainly, and nothing is written.
"""

from __future__ import annotations

import contextlib
import random
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from tests.faults import load, saying
from tests.faults.load import Answer, Line, Request
from tests.faults.running import TOP, City, serving

pytestmark = pytest.mark.faults

#: how long a statement waits for a lock (settings), and a little more
PATIENCE = 20.0
CASES = "SELECT count(*) FROM engine_case"
KEYS = "SELECT count(*) FROM kernel_requestkey"


# ---------------------------------------------------------------- locked


def test_a_locked_database_is_said_and_nothing_is_written(city: City) -> None:
    """Reading goes on meanwhile; when the lock is gone the same request is carried out, once."""
    with serving(city) as server:
        case = load.new_key()
        sent = load.report(city, case, "井盖翘起来了")
        page = load.form(city, server.port, load.new_key(), "路灯不亮")
        before = (city.number(CASES), city.number(KEYS))
        with locked(city):
            began = time.monotonic()
            waiting = [Waiting(sent, server.port, 1), Waiting(page, server.port, 2)]
            for one in waiting:
                one.start()
            for one in waiting:
                one.join(PATIENCE * 2)
            waited = time.monotonic() - began
            assert PATIENCE * 0.9 < waited < PATIENCE * 1.75, f"{waited:.1f} s"
            assert saying.is_away_for_programs(waiting[0].heard())
            assert saying.is_away_for_people(waiting[1].heard())
            assert (city.number(CASES), city.number(KEYS)) == before
            assert saying.reading_goes_on(server.port)
        with Line(server.port, 3) as line:
            first, second = sent.by(line), sent.by(line)
            assert (first.status, first.body) == (201, second.body)
            assert page.by(line).status == 302
        assert city.number(CASES) == before[0] + 2
    assert "Traceback" not in server.log
    assert load.found(city, load.Ledger(), "--besides", "2") == []


def test_a_short_lock_is_waited_for(city: City, chance: random.Random) -> None:
    """Half a second now and then, as a backup takes it: nobody notices."""
    with serving(city) as server:
        with load.at_work(city, server.port, chance, clients=2) as ledger:
            for _ in range(4):
                ledger.goes_on(chance)
                with locked(city):
                    time.sleep(chance.uniform(0.2, 0.6))
        assert ledger.away == ledger.dropped == 0
    assert load.found(city, ledger) == []


class Waiting(threading.Thread):
    """One request whose answer takes its time."""

    def __init__(self, request: Request, port: int, number: int) -> None:
        super().__init__(daemon=True)
        self.request, self.line = request, Line(port, number, timeout=PATIENCE * 3)
        self.answer: Answer | None = None

    def run(self) -> None:
        with self.line, contextlib.suppress(load.Dropped):
            self.answer = self.request.by(self.line)

    def heard(self) -> Answer:
        assert self.answer is not None, "no answer"
        return self.answer


@contextlib.contextmanager
def locked(city: City) -> Iterator[None]:
    """Another program writes and does not come to an end."""
    if city.database:
        with psycopg.connect(city.database) as holder:
            holder.execute("LOCK TABLE kernel_requestkey IN EXCLUSIVE MODE")
            yield
            holder.rollback()
        return
    holder_ = sqlite3.connect(city.home / "city.sqlite3", timeout=30, isolation_level=None)
    try:
        holder_.execute("BEGIN IMMEDIATE")
        yield
        holder_.execute("ROLLBACK")
    finally:
        holder_.close()


# ---------------------------------------------------------------- the file is not what it was


def put_away(file: Path) -> None:
    """Somebody tidied up."""


def put_a_folder(file: Path) -> None:
    """What cannot be opened, whoever one is."""
    file.mkdir()


def put_something_else(file: Path) -> None:
    """A disk that came back with other things in it."""
    file.write_bytes(b"this is not a database at all\n" * 400)


@pytest.mark.parametrize("instead", [put_away, put_a_folder, put_something_else])
def test_a_file_that_is_gone_is_said_and_found_again(city: City, instead: Callable[[Path], None]) -> None:
    """No empty database appears in its place; with the file the city is back, without a start."""
    if city.database:
        pytest.skip("PostgreSQL keeps its own files")
    files = [city.home / f"city.sqlite3{ending}" for ending in ("", "-wal", "-shm")]
    with serving(city) as server:
        saying.it_works_again(city, server.port)
        known = city.number(CASES)
        moved = [(file, file.with_name(f"away-{file.name}")) for file in files if file.exists()]
        for file, aside in moved:
            file.rename(aside)
        instead(files[0])
        saying.everybody_is_told(city, server.port)
        saying.nobody_runs_hot(server.living.members, seconds=3)
        assert server.living.process.poll() is None
        cannot_be_served(city)
        if files[0].is_dir():
            files[0].rmdir()
        elif instead is put_away:
            assert not files[0].exists()
        for file, aside in moved:
            aside.replace(file)
        saying.it_works_again(city, server.port)
        assert city.number(CASES) == known + 1
    assert "Traceback" not in server.log
    assert load.found(city, load.Ledger(), "--besides", "2") == []


def cannot_be_served(city: City) -> None:
    """Whoever starts the city now is told in one sentence."""
    done = subprocess.run(
        [sys.executable, "-m", "jingwei.cli", "serve"], cwd=TOP, env=city.environment, capture_output=True,
        text=True, check=False, timeout=60,
    )  # fmt: skip
    assert done.returncode != 0
    assert "The city's database cannot be used" in done.stderr
    assert "Traceback" not in done.stderr
