"""A PostgreSQL 15 cluster of our own for tests and benchmarks: in a folder, on a socket there.

PostgreSQL refuses to run as root; then its programs run as the user `postgres` of the distribution's package.
Where that user cannot enter var/, a private temporary folder holds the cluster. It ends when done.
"""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

TOP = Path(__file__).resolve().parent.parent
#: as it comes, durable: what a benchmark may claim
DURABLE = {"fsync": "on", "synchronous_commit": "on", "shared_buffers": "512MB", "max_connections": "60"}
#: for tests nobody needs the data of: quicker to start and to fill
QUICK = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "shared_buffers": "256MB",
    "max_connections": "60",
}


def programs() -> Path:
    """Where the server's programs are."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=lambda p: float(p.parts[-3]))
    if not found:
        raise SystemExit("PostgreSQL's server programs are missing: apt-get install postgresql")
    return found[-1].parent


@contextlib.contextmanager
def cluster(settings: dict[str, str], *, folder: Path | None = None, port: int = 5499) -> Iterator[str]:
    """Run a cluster; yield the address of its empty database `jingwei`. A folder given is kept."""
    home = _home(folder)
    data, sockets = home / "data", home / "s"
    fresh = not (data / "PG_VERSION").exists()
    if fresh:
        _as_postgres(
            [
                str(programs() / "initdb"),
                "-D",
                str(data),
                "-U",
                "jingwei",
                "--auth=trust",
                "--encoding=UTF8",
                "--locale=C.UTF-8",
            ],
            home,
        )
        sockets.mkdir(exist_ok=True)
        _own(sockets)
    options = " ".join(
        f"-c {name}={value}"
        for name, value in {
            **settings,
            "unix_socket_directories": str(sockets),
            "listen_addresses": "",
            "port": str(port),
        }.items()
    )
    control = [str(programs() / "pg_ctl"), "-D", str(data), "-l", str(home / "log"), "-w", "-t", "60"]
    _as_postgres([*control, "-o", options, "start"], home)
    try:
        if fresh:
            _as_postgres(
                [
                    str(programs() / "createdb"),
                    "-h",
                    str(sockets),
                    "-p",
                    str(port),
                    "-U",
                    "jingwei",
                    "jingwei",
                ],
                home,
            )
        yield f"postgresql://jingwei@{str(sockets).replace('/', '%2F')}:{port}/jingwei"
    finally:
        _as_postgres([*control, "-m", "immediate", "stop"], home)
        if folder is None:
            shutil.rmtree(home, ignore_errors=True)


def start_again(home: Path) -> None:
    """Start the server of a cluster that runs or was killed once more, with the settings it had."""
    control = [str(programs() / "pg_ctl"), "-D", str(home / "data"), "-l", str(home / "log")]
    _as_postgres([*control, "-w", "-t", "60", "-m", "immediate", "restart"], home)


def keepable(name: str) -> Path:
    """A folder for a cluster that is used again: under var/ if the server's user can go there."""
    return (TOP / "var" if _can_enter(TOP / "var") else Path(tempfile.gettempdir())) / f"jingwei-pg-{name}"


def _home(folder: Path | None) -> Path:
    """A folder that the server's user can enter."""
    home = folder or Path(
        tempfile.mkdtemp(prefix="jingwei-pg-", dir=TOP / "var" if _can_enter(TOP / "var") else None)
    )
    home.mkdir(parents=True, exist_ok=True)
    _own(home)
    return home


def _can_enter(folder: Path) -> bool:
    folder.mkdir(exist_ok=True)
    if os.geteuid() != 0:
        return len(str(folder)) < 60  # a socket's path has 107 signs at most
    done = subprocess.run(["runuser", "-u", "postgres", "--", "test", "-x", str(folder)], check=False)
    return done.returncode == 0 and len(str(folder)) < 60


def _own(folder: Path) -> None:
    if os.geteuid() == 0:
        user = pwd.getpwnam("postgres")
        os.chown(folder, user.pw_uid, user.pw_gid)
        folder.chmod(0o711)


def _as_postgres(command: list[str], home: Path) -> None:
    prefix = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
    done = subprocess.run([*prefix, *command], cwd=home, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{command[0]} failed:\n{done.stdout}\n{done.stderr}\n{_last_lines(home / 'log')}")


def _last_lines(log: Path) -> str:
    return "\n".join(log.read_text().splitlines()[-20:]) if log.exists() else ""
