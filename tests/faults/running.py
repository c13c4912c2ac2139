"""A city of a test's own, served as people serve it.

What a test starts it ends, process by process, by number.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg

TOP = Path(__file__).resolve().parent.parent.parent
TOML = 'name = "经州市"\nname_en = "Jingzhou"\ncode = "9911"\nreports_per_address = 1000000\n'


@dataclass(frozen=True)
class City:
    """A folder, a database (an address of PostgreSQL, or empty.

    SQLite in the folder), and what programs need to know.
    """

    home: Path
    database: str
    tokens: dict[str, str] = field(default_factory=dict)
    areas: dict[str, tuple[int, str]] = field(default_factory=dict)
    units: dict[str, str] = field(default_factory=dict)

    @property
    def environment(self) -> dict[str, str]:
        """What a process of this city is started with."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith("JINGWEI_")}
        ours = {"JINGWEI_CITY": f"{self.home}/", "DJANGO_SETTINGS_MODULE": "jingwei.settings"}
        ours |= {"PYTHONPATH": str(TOP), "PYTHONWARNINGS": "ignore", "JINGWEI_DATABASE": self.database}
        return kept | ours

    def ask(self, statement: str) -> list[tuple[Any, ...]]:
        """Look into the database from outside, past everything of ours."""
        if self.database:
            with psycopg.connect(self.database) as connection:
                return connection.execute(statement).fetchall()
        with contextlib.closing(sqlite3.connect(self.home / "city.sqlite3", timeout=30)) as file:
            return file.execute(statement).fetchall()

    def number(self, statement: str) -> int:
        """The one number that a statement asks for."""
        return int(self.ask(statement)[0][0])

    def do(self, statement: str) -> None:
        """Change something in the database from outside, past everything of ours."""
        if self.database:
            with psycopg.connect(self.database) as connection:
                connection.execute(statement)
        else:
            with contextlib.closing(sqlite3.connect(self.home / "city.sqlite3", timeout=30)) as file, file:
                file.execute(statement)

    def run(self, *module: str, given: str = "") -> str:
        """Run a Python module for this city to its end; return what it printed."""
        done = subprocess.run(
            [sys.executable, "-m", *module], cwd=TOP, env=self.environment, input=given, capture_output=True,
            text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, f"{module} ended with {done.returncode}:\n{done.stdout}\n{done.stderr}"
        return done.stdout


class Family:
    """A command with everything it starts: one session of the system, so that nobody gets lost."""

    def __init__(self, command: list[str], *, environment: dict[str, str], log: Path) -> None:
        self.log = log
        with log.open("ab") as out:
            self.process = subprocess.Popen(
                command, cwd=TOP, env=environment, stdout=out, stderr=out, stdin=subprocess.DEVNULL,
                start_new_session=True,
            )  # fmt: skip

    @property
    def members(self) -> list[int]:
        """Who lives in the session now, the eldest first."""
        return sorted(pid for pid, stat in _processes() if stat.session == self.process.pid)

    def child_of(self, parent: int) -> list[int]:
        """The living children of one of them."""
        return sorted(
            pid for pid, stat in _processes() if stat.parent == parent and stat.session == self.process.pid
        )

    def kill(self) -> None:
        """Kill −9 everybody, at once."""
        for pid in self.members:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self._see_off()

    def end(self) -> None:
        """Ask the eldest to end, as Ctrl-C does.

        Whoever is left after that is a fault of ours, and is killed.
        """
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(20)
        left = self.members
        self.kill()
        assert not left, f"{len(left)} processes went on after the end: {self.log.read_text()}"

    def _see_off(self) -> None:
        self.process.wait(20)
        for _ in range(200):
            if not self.members:
                return
            time.sleep(0.05)
        raise AssertionError(f"processes {self.members} cannot be killed")


@dataclass(frozen=True)
class _Stat:
    parent: int
    session: int
    ticks: int


def _processes() -> Iterator[tuple[int, _Stat]]:
    """Every living process that may be looked at; what is dead and not yet buried does not count."""
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                said = (entry / "stat").read_text().rpartition(")")[2].split()
                if said[0] not in "ZX":
                    yield int(entry.name), _Stat(int(said[1]), int(said[3]), int(said[11]) + int(said[12]))


def children_of(parent: int) -> list[int]:
    """The living children of a process, whatever session they live in."""
    return sorted(pid for pid, stat in _processes() if stat.parent == parent)


def are_over(pids: Iterable[int]) -> bool:
    """Does none of these processes live any more?"""
    return not {pid for pid, _ in _processes()} & set(pids)


def seconds_of_work(pids: Iterable[int]) -> float:
    """How much processor time these processes have used so far."""
    wanted = set(pids)
    ticks = sum(stat.ticks for pid, stat in _processes() if pid in wanted)
    return ticks / os.sysconf("SC_CLK_TCK")


class Server:
    """`jingwei serve` of a city, on a port that stays the same however often it is killed and started."""

    def __init__(self, city: City, *, worker: bool = True) -> None:
        self.city, self.port, self.worker = city, free_port(), worker
        self.family: Family | None = None

    @property
    def log(self) -> str:
        return (self.city.home / "serve.log").read_text()

    @property
    def living(self) -> Family:
        assert self.family is not None
        return self.family

    def start(self) -> None:
        """Start it and wait until it answers."""
        processes = "2" if self.city.database else "1"
        command = [sys.executable, "-m", "jingwei.cli", "serve", "--port", str(self.port)]
        command += ["--processes", processes] + ([] if self.worker else ["--no-worker"])
        log = self.city.home / "serve.log"
        self.family = Family(command, environment=self.city.environment, log=log)
        for _ in range(600):
            assert self.family.process.poll() is None, self.log
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 0.2):
                return
            time.sleep(0.1)
        raise AssertionError("the city was not served within a minute: " + self.log)

    def kill(self) -> None:
        """Kill −9 the web processes, the worker and who watches over them."""
        self.living.kill()

    def web_processes(self) -> list[int]:
        """The processes that answer requests (not the one that looks after them)."""
        return self.living.child_of(self.master())

    def worker_process(self) -> int:
        """The worker."""
        return next(
            pid for pid in self.living.child_of(self.living.process.pid) if "worker" in _command(pid).split()
        )

    def master(self) -> int:
        """The process that looks after those that answer."""
        return next(
            pid for pid in self.living.child_of(self.living.process.pid) if "granian" in _command(pid)
        )

    def end(self) -> None:
        if self.family is not None:
            self.family.end()


def _command(pid: int) -> str:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ")
    return ""


@contextlib.contextmanager
def serving(city: City, *, worker: bool = True) -> Iterator[Server]:
    """Serve a city; whatever happens, nothing of it runs on afterwards."""
    server = Server(city, worker=worker)
    try:
        server.start()
        yield server
    except BaseException:
        if server.family is not None:
            server.family.kill()
        raise
    else:
        server.end()


@contextlib.contextmanager
def working(city: City) -> Iterator[Family]:
    """Run a worker alone; whatever happens, it is gone afterwards."""
    command = [sys.executable, "-m", "jingwei.cli", "worker"]
    family = Family(command, environment=city.environment, log=city.home / "worker.log")
    try:
        yield family
    finally:
        family.kill()


def free_port() -> int:
    """A port that nobody uses now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def until(what: Any, *, within: float, what_for: str) -> None:
    """Wait until something is so; fail when it is not so in time."""
    ends = time.monotonic() + within
    while not what():
        assert time.monotonic() < ends, f"not within {within:.0f} s: {what_for}"
        time.sleep(0.05)


# ---------------------------------------------------------------- making cities


def build(home: Path, database: str) -> City:
    """The small stage in a new folder, and in an empty database where one is named."""
    home.mkdir(parents=True, exist_ok=True)
    (home / "city.toml").write_text(TOML, "utf-8")
    told = json.loads(City(home, database).run("tests.faults.build"))
    places = {name: (int(area[0]), str(area[1])) for name, area in told["areas"].items()}
    return City(home, database, told["tokens"], places, told["units"])


def copy(pattern: City, home: Path, database: str) -> City:
    """The same city once more; a database that is named is a copy already."""
    shutil.copytree(pattern.home, home)
    return City(home, database, pattern.tokens, pattern.areas, pattern.units)
