"""Who acts. Every action takes `by: Actor`, one of four kinds.

Ids only — who they are, the registry knows.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Actor:
    """Base of the four. `person` and `assignment` are row numbers, `client` the number of a token."""

    kind: ClassVar[str] = ""
    person: int | None = None
    assignment: int | None = None
    client: int | None = None


@dataclass(frozen=True, slots=True)
class Person(Actor):
    """Staff as a bare person and assignment; the registry's `Staff` says more."""

    kind: ClassVar[str] = "staff"


@dataclass(frozen=True, slots=True)
class Party(Actor):
    """Somebody outside the offices, known by a random id that is good for one case and linked to nothing."""

    kind: ClassVar[str] = "party"
    id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Client(Actor):
    """Another system, by a token tied to one source."""

    kind: ClassVar[str] = "client"
    source: str = ""


@dataclass(frozen=True, slots=True)
class System(Actor):
    """The system itself: only what `late`, `at` and `joins` lines of a procedure say, and what jobs do."""

    kind: ClassVar[str] = "system"
    job: str = ""


SYSTEM = System(job="system")
