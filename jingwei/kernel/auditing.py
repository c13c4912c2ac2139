"""When the journal was last verified, by whom, and how many faults were found.

A line of the journal itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from jingwei.kernel import ids, journal
from jingwei.kernel.actors import Actor
from jingwei.kernel.models import JournalLine
from jingwei.kernel.seals import Finding

_KIND, _SUBJECT = "journal", ids.numbered(1)


@dataclass(frozen=True, slots=True)
class Verified:
    """A verification that was done."""

    at: datetime
    person: int | None
    lines: int
    faults: int


def note_verified(found: Finding, *, by: Actor) -> None:
    """Write down that the journal was verified and what came of it.

    The faults themselves stay with who looked.
    """
    detail = {
        "lines": found.lines,
        "subjects": found.subjects,
        "seals": found.seals,
        "faults": len(found.faults),
    }
    journal.record_apart(_KIND, _SUBJECT, "verified", by=by, detail=detail)


def last_verified() -> Verified | None:
    """The last time, or None when nobody has looked yet."""
    line = JournalLine.objects.filter(kind=_KIND, subject=_SUBJECT).order_by("-seq").first()
    if line is None:
        return None
    return Verified(line.recorded_at, line.person, line.detail["lines"], line.detail["faults"])
