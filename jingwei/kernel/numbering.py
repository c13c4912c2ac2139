"""Serial numbers: from blocks reserved in a short transaction of their own.

Gaps are allowed, doubles never.
"""

from __future__ import annotations

import os
import threading
from collections import OrderedDict

from django.db import connection, transaction

from jingwei.kernel.models import SerialBlock

BLOCK = 50
LONGEST_WAIT = 5.0
_SERIES_KEPT = 2000
_blocks: OrderedDict[str, list[int]] = OrderedDict()
_lock = threading.Lock()


def take(series: str) -> int:
    """Return the next number of a series, from 1.

    Call it before the transaction that uses the number: a block then outlives a rollback. Inside a
    transaction only a single number is reserved and none is kept, because a rollback gives the reservation
    back.
    """
    if connection.in_atomic_block:
        return reserve(series, 1)[0]
    if not _lock.acquire(timeout=LONGEST_WAIT):
        # somebody waits for the database with the lock in hand: waiting for both in turn would take as long
        # as there are threads
        return reserve(series, 1)[0]
    try:
        block = _blocks.get(series)
        if not block:
            block = _blocks[series] = reserve(series, BLOCK)
            if len(_blocks) > _SERIES_KEPT:
                _blocks.popitem(last=False)
        return block.pop(0)
    finally:
        _lock.release()


def reserve(series: str, count: int) -> list[int]:
    """Reserve the next numbers for good; two processes never get the same one."""
    table = SerialBlock._meta.db_table
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {table} (series, next) VALUES (%s, %s)"  # noqa: S608
            f" ON CONFLICT (series) DO UPDATE SET next = {table}.next + %s RETURNING next",
            [series, 1 + count, count],
        )
        end = int(cursor.fetchone()[0])
    return list(range(end - count, end))


def forget() -> None:
    """Drop the blocks held in memory."""
    with _lock:
        _blocks.clear()


def _begin_anew() -> None:
    """A process that was forked has the blocks of its parent in memory: it must not give them out again."""
    global _lock
    _lock = threading.Lock()
    _blocks.clear()


os.register_at_fork(after_in_child=_begin_anew)
