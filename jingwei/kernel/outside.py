"""Lines of files that leave the database for good: appended one process at a time, seen on the disk, never
changed.

What a crash left unfinished at the end of a file is cut off before the next line; whoever wrote it writes it
again.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from django.conf import settings


@contextmanager
def alone() -> Iterator[None]:
    """Within the block no other process appends."""
    folder = Path(settings.CITY.seals)
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def append(name: str, entry: dict[str, Any]) -> None:
    """Append one entry to a file; when this returns it is on the disk."""
    with (Path(settings.CITY.seals) / name).open("a+b") as out:
        _cut_unfinished(out)
        out.write(json.dumps(entry, separators=(",", ":")).encode() + b"\n")
        out.flush()
        os.fsync(out.fileno())


def files(pattern: str) -> list[Path]:
    """The files of a name, in their order."""
    return sorted(Path(settings.CITY.seals).glob(pattern))


def entries(file: Path) -> Iterator[dict[str, Any]]:
    """The entries of a file, oldest first; raises ``ValueError`` where one cannot be read."""
    yield from map(json.loads, _lines(file))


def last_entry(file: Path) -> dict[str, Any] | None:
    """The last entry of a file, reading no other."""
    last = deque(_lines(file), maxlen=1)
    return json.loads(last[0]) if last else None


def _lines(file: Path) -> Iterator[str]:
    with file.open() as lines:
        yield from (line for line in lines if line.endswith("\n"))


def _cut_unfinished(out: BinaryIO) -> None:
    if size := out.seek(0, os.SEEK_END):
        out.seek(size - 1)
        if out.read(1) != b"\n":
            out.seek(0)
            out.truncate(out.read().rfind(b"\n") + 1)
