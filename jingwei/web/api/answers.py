"""What comes back, for the description only: answers are made by `showing` and sent unchecked.

A test sends everything the description allows and compares each answer with these.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field


class Answer(BaseModel):
    """Nothing comes back that is not said here."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)


class Why(Answer):
    """One reason: a code for programs, the field it is about, a sentence, and what would be right."""

    code: str
    field: str
    text: str
    values: dict[str, Any]


class Problem(Answer):
    """A no, as RFC 9457 shapes it."""

    type: str
    title: str
    status: int
    reasons: list[Why]
    changed: dict[str, Any] | None = Field(None, description="409: what is different now")


# ---------------------------------------------------------------- cases


class TakenIn(Answer):
    """A case that was begun. `code` opens its follow page and is what the reporter gets."""

    id: UUID
    number: str
    code: str
    procedure: str
    received_at: datetime


class Done(Answer):
    """An act that stands: which action of the case it is, the state and revision after it."""

    case: UUID
    number: str
    seq: int
    revision: int
    state: str
    ask: int | None = Field(None, description="the number of the ask that was made")
    task: int | None = Field(None, description="the number of the work that was given")


class Row(Answer):
    """A case in a list: codes and times."""

    id: UUID
    number: str
    procedure: str
    state: str
    kind: str
    outcome: str
    source: str
    urgency: str
    class_: str = Field(alias="class")
    title: str
    area: str
    owner_role: str
    owner_post: int | None
    owner_unit: str | None
    lead_unit: str | None
    due: datetime | None
    clock: str
    happened_at: datetime
    received_at: datetime
    state_since: datetime
    ended_at: datetime | None
    revision: int


class Rows(Answer):
    """Part of a list. `next` is the cursor of the part after it."""

    cases: list[Row]
    next: str | None


class Clock(Answer):
    name: str
    run: int
    status: str
    limit: str
    certain: bool
    late: bool
    started_at: datetime
    due_at: datetime
    paused_at: datetime | None
    ended_at: datetime | None


class Asked(Answer):
    id: int
    name: str
    round: int
    state: str
    asked_at: datetime
    due_at: datetime | None
    decider_role: str
    decided_at: datetime | None


class Given(Answer):
    id: int
    name: str
    state: str
    given_at: datetime
    due_at: datetime | None
    to_role: str
    to_unit: str | None
    answered_at: datetime | None


class Other(Answer):
    id: UUID
    number: str


class Linked(Answer):
    """`case` is empty where you may not see it. `leads`: this one is followed by it."""

    kind: str
    leads: bool
    case: Other | None
    made_at: datetime


class Rated(Answer):
    by: str
    answers: dict[str, str]
    at: datetime


class Whole(Row):
    """A case as you may see it. A protected value is {"sealed": true}; what is not yours to see is absent."""

    version: int
    historical: bool
    confidential: bool
    values: dict[str, Any]
    counts: dict[str, int]
    stated: dict[str, Any] | None
    clocks: list[Clock]
    asks: list[Asked]
    tasks: list[Given]
    links: list[Linked]
    ratings: list[Rated]


class Doer(Answer):
    kind: str
    role: str
    name: str
    unit: str | None


class Entry(Answer):
    """One thing that was done, with what you may see of what was entered."""

    seq: int
    kind: str
    name: str
    by: Doer
    from_: str = Field(alias="from")
    to: str
    at: datetime
    claimed_at: datetime | None
    values: dict[str, Any]
    detail: dict[str, Any]


class Story(Answer):
    entries: list[Entry]


class Choice(Answer):
    """Something that could be done: allowed, or every reason why not; which fields it needs and may have."""

    kind: str
    name: str
    label: str
    allowed: bool
    reasons: list[Why]
    needs: list[str]
    may: list[str]
    id: int | None = Field(None, description="of the ask to decide, or the work to answer")


class Choices(Answer):
    revision: int
    options: list[Choice]


class Revealed(Answer):
    field: str
    value: str


class Picture(Answer):
    id: UUID
    case: UUID
    media_type: str
    size: int
    width: int
    height: int
    added_at: datetime


# ---------------------------------------------------------------- reports of residents


class Said(Answer):
    at: datetime
    text: str


class Reply(Answer):
    at: datetime
    text: str
    unit: str | None


class NextStep(Answer):
    what: str
    by: datetime | None


class Read(Answer):
    """Somebody read a protected value of yours."""

    at: datetime
    field: str
    purpose: str
    role: str


class Followed(Answer):
    """How a report goes, in plain words."""

    number: str
    procedure: str
    state: str
    kind: str
    headline: str
    place: str
    received_at: datetime
    ended_at: datetime | None
    next: NextStep | None
    answer: Reply | None
    line: list[Said]
    may_rate: bool
    may_reopen: bool
    readings: list[Read]


# ---------------------------------------------------------------- what there is


class Me(Answer):
    """Whose token this is, and the one post it acts from."""

    name: str
    role: str
    title: str
    post: int
    area: str
    area_kind: str
    unit: str | None


class Place(Answer):
    code: str
    name: str
    kind: str
    parent: str | None
    special: bool


class Places(Answer):
    areas: list[Place]
    next: str | None


class Located(Answer):
    """Where a point lies: the finest area that holds it, or null, and every one above."""

    area: Place | None
    above: list[Place]
    full_name: str


class Listed(Answer):
    name: str
    version: int
    title: str
    classes: str
    sources: list[str]
    confidential: bool


class Procedures(Answer):
    procedures: list[Listed]


class FieldSaid(Answer):
    """A field with its privacy declaration: why, on what basis, how long it is kept, who sees it."""

    label: str
    hint: str
    type: str
    many: int
    codes: dict[str, str] | None
    level: str
    purpose: str
    basis: str
    keep: str
    seen_by: list[str]


class StateSaid(Answer):
    label: str
    kind: str
    owner: str | None
    outcome: str | None


class MoveSaid(Answer):
    label: str
    from_: list[str] = Field(alias="from")
    to: str
    who: list[str]
    needs: list[str]
    has: list[str]
    may: list[str]
    if_: list[str] = Field(alias="if")


class AskSaid(Answer):
    label: str
    while_: list[str] = Field(alias="while")
    by: list[str]
    needs: list[str]
    decided_by: list[str]


class TaskSaid(Answer):
    label: str
    while_: list[str] = Field(alias="while")
    given_by: list[str]
    to: str
    needs: list[str]
    answer: list[str]


class LinkSaid(Answer):
    label: str
    while_: list[str] = Field(alias="while")
    by: list[str]
    undo_by: list[str]


class RoleSaid(Answer):
    label: str
    post: str | None
    at: str | None
    is_: str | None = Field(alias="is")


class Needed(Answer):
    needs: list[str]
    may: list[str]
    about: bool


class ProcedureSaid(Listed):
    roles: dict[str, RoleSaid]
    fields: dict[str, FieldSaid]
    intake: Needed
    states: dict[str, StateSaid]
    moves: dict[str, MoveSaid]
    asks: dict[str, AskSaid]
    tasks: dict[str, TaskSaid]
    links: dict[str, LinkSaid]
    clocks: dict[str, str]
    rating: list[str]


class ClassSaid(Answer):
    code: str
    parent: str | None
    name: str
    in_use: bool
    limits: dict[str, dict[str, str]]
    filed_when: str
    closed_when: str
    evidence: int


class Classes(Answer):
    name: str
    classes: list[ClassSaid]
