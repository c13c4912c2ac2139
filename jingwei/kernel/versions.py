"""Marks that say when something held in memory is stale: every process looks at most every two seconds."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from typing import Generic, TypeVar

from django.db import connection

from jingwei.kernel.models import Version

T = TypeVar("T")

#: how old a look may be, in seconds; tests set 0
LOOK_EVERY = 2.0


def raise_version(name: str) -> None:
    """Say inside the caller's transaction that what this mark stands for has changed.

    The new number is drawn, not counted on: a process that looked inside a transaction which was rolled back
    must not take the next change for what it has seen.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {Version._meta.db_table} (name, number) VALUES (%s, %s)"  # noqa: S608
            " ON CONFLICT (name) DO UPDATE SET number = EXCLUDED.number",
            [name, secrets.randbits(62) + 1],
        )


class Kept(Generic[T]):
    """A value made from the database and kept in this process until its mark is another."""

    def __init__(self, name: str, make: Callable[[], T]) -> None:
        self.name, self.make = name, make
        self._value: T | None = None
        self._number = -1
        self._looked = 0.0

    def get(self) -> T:
        """Return the value, made anew when the mark is another than at the last look."""
        moment = time.monotonic()
        if self._value is None or moment - self._looked >= LOOK_EVERY:
            row = Version.objects.filter(name=self.name).values_list("number", flat=True).first()
            number = row or 0
            if self._value is None or number != self._number:
                self._value, self._number = self.make(), number
            self._looked = moment
        return self._value

    def forget(self) -> None:
        """Make it anew at the next call."""
        self._value, self._looked = None, 0.0
