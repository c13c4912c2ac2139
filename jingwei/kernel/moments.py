"""What time it is. Simulated history and tests set it; nothing else may ask the system clock."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, date, datetime

from django.utils import timezone

_simulated: ContextVar[datetime | None] = ContextVar("simulated", default=None)


def now() -> datetime:
    """The present moment, aware, in UTC."""
    return _simulated.get() or datetime.now(UTC)


def today() -> date:
    """The city's date of the present moment."""
    return local(now()).date()


def local(moment: datetime) -> datetime:
    """A moment as the city's clocks show it."""
    return moment.astimezone(timezone.get_default_timezone())


@contextmanager
def at(moment: datetime) -> Iterator[None]:
    """Within the block, `now()` is this moment."""
    token = _simulated.set(moment.astimezone(UTC))
    try:
        yield
    finally:
        _simulated.reset(token)
