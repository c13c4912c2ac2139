"""A PostgreSQL of a test's own that is killed and started again."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

from tests.faults.running import TOP, are_over, children_of, until

sys.path.insert(0, str(TOP / "scripts"))
import postgres


class Cluster:
    """Its processes belong to nobody else; `address` is that of its database `jingwei`."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.home = Path(unquote(address.partition("@")[2].partition(":")[0])).parent

    @property
    def pid(self) -> int:
        """The process that looks after all the others."""
        return int((self.home / "data/postmaster.pid").read_text().split()[0])

    @property
    def lives(self) -> bool:
        return (self.home / "data/postmaster.pid").exists() and not are_over([self.pid])

    def serving(self) -> list[int]:
        """The processes that each serve one connection."""
        return [pid for pid in children_of(self.pid) if b"jingwei jingwei" in _title(pid)]

    def kill(self) -> None:
        """Kill −9 everybody. The eldest is stopped first, so that it starts nobody new meanwhile."""
        eldest = self.pid
        os.kill(eldest, signal.SIGSTOP)
        family = [eldest, *children_of(eldest)]
        for pid in family:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        # wholly: one that its parent has not buried yet counts as running for whoever starts it again
        until(lambda: not any(map(_is_there, family)), within=60, what_for="the killed database is gone")

    def start(self) -> None:
        """Start it once more, as it was, and wait until it has recovered."""
        postgres.start_again(self.home)


@contextlib.contextmanager
def of_its_own() -> Iterator[Cluster]:
    """A durable cluster; whatever happens, nothing of it runs on afterwards."""
    with postgres.cluster({**postgres.DURABLE, "shared_buffers": "64MB"}) as address:
        cluster = Cluster(address)
        try:
            yield cluster
        finally:
            if not cluster.lives:
                cluster.start()


def _is_there(pid: int) -> bool:
    return Path(f"/proc/{pid}").exists()


def _title(pid: int) -> bytes:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    return b""
