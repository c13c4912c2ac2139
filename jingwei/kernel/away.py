"""The database away: gone, locked, full or damaged; or another disk full. How that is told from a bug.

And not holding on to a dead connection: one is kept for many requests. Looking whether its other end is still
there costs no statement.
"""

from __future__ import annotations

import errno
import os
import select
import threading
from pathlib import Path
from typing import Any

import psycopg
from django.db import (
    DEFAULT_DB_ALIAS,
    DatabaseError,
    InterfaceError,
    OperationalError,
    connection,
    connections,
)
from django.db.backends.base.base import BaseDatabaseWrapper

#: what a system says when there is no room: on the disk, for this user, in one file
FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)

#: the file that this thread's connection to SQLite was opened on
_opened = threading.local()


def is_away(failure: BaseException) -> bool:
    """Is it the database or the disk that failed, and not what was asked? Only then is it right to ask again.

    A damaged file is said with the bare class; data and statements that are wrong have classes of their own.
    """
    if isinstance(failure, OSError):
        return failure.errno in FULL
    return isinstance(failure, OperationalError | InterfaceError) or type(failure) is DatabaseError


def is_outcome_unknown() -> bool:
    """Did the connection break, so that nobody can say whether the last commit came through?"""
    raw = connection.connection
    return connection.vendor == "postgresql" and (raw is None or bool(raw.closed))


def look() -> None:
    """Let go of this thread's connection if its other end is gone; the next statement opens a new one.

    Raises ``OperationalError`` where SQLite's file is gone: opening it would make an empty one in its place.
    """
    here = connections[DEFAULT_DB_ALIAS]
    if here.in_atomic_block:
        return
    if here.vendor == "sqlite":
        name = str(here.settings_dict["NAME"])
        if "mode=memory" not in name:
            _look_at_file(here, name)
    elif here.connection is not None and _is_over(here.connection):
        here.close()


def _look_at_file(here: BaseDatabaseWrapper, file: str) -> None:
    """A file that was moved away goes on taking what is written, and nobody would ever find it again."""
    try:
        there = os.stat(file)
    except OSError as gone:
        here.close()
        raise OperationalError(f"the database {Path(file).name} is not there") from gone
    mark = (there.st_dev, there.st_ino)
    if here.connection is not None and getattr(_opened, "mark", mark) != mark:
        here.close()
    _opened.mark = mark


def _is_over(raw: psycopg.Connection[Any]) -> bool:
    """Has the server closed it, or something to say? Between two statements it says nothing but good-bye."""
    if raw.closed:
        return True
    ear = select.poll()
    ear.register(raw.fileno(), select.POLLIN)
    return bool(ear.poll(0))
