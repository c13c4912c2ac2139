"""What can be sent: every word of every body. An unknown one is refused, whatever else is right."""

from __future__ import annotations

import unicodedata
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from django.utils import timezone
from pydantic import (
    UUID7,
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StrictBool,
    WithJsonSchema,
)
from pydantic_core import PydanticCustomError

MOST_VALUES = 60
_UUID7 = "^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-7[0-9a-fA-F]{3}-[89abAB][0-9a-fA-F]{3}-[0-9a-fA-F]{12}$"


def _shown(text: str) -> str:
    """A text of signs that can be shown, so that no database is asked for anything else."""
    if any(unicodedata.category(sign) in ("Cc", "Cs") and sign not in "\n\t\r" for sign in text):
        raise PydanticCustomError("control-signs", "signs that cannot be shown")
    return text


def _moment(given: Any) -> Any:
    """Only texts: a number is a moment to nobody but a machine."""
    if not isinstance(given, str):
        raise PydanticCustomError("not-a-time", "a date and time as a text")
    return given


def _in_our_days(moment: datetime) -> datetime:
    if not 2000 <= moment.year < 2100:
        raise PydanticCustomError("not-a-time", "a time of our days")
    return moment if timezone.is_aware(moment) else timezone.make_aware(moment)


Word = Annotated[str, Field(pattern="^[a-z][a-z0-9_]{0,39}$")]
Shown = Annotated[str, AfterValidator(_shown)]
Line = Annotated[Shown, Field(max_length=200)]
#: without a zone it is the city's time
Moment = Annotated[datetime, BeforeValidator(_moment), AfterValidator(_in_our_days)]
NewId = Annotated[UUID7, WithJsonSchema({"type": "string", "pattern": _UUID7, "title": "UUID of version 7"})]
#: a unit by its code, or by its number
Unit = Annotated[str, Field(max_length=32), AfterValidator(_shown)] | Annotated[int, Field(ge=1, le=2**62)]
Values = Annotated[
    dict[Annotated[str, Field(max_length=40), AfterValidator(_shown)], Any],
    Field(
        max_length=MOST_VALUES,
        description="Values by the field's name; GET /procedures/{name} says which there are.",
    ),
]


class Body(BaseModel):
    """Deaf to no word."""

    model_config = ConfigDict(extra="forbid")


class About(Body):
    """Whom it complains about: they are shut out of the case from its first moment."""

    unit: Unit | None = None
    post: Annotated[int, Field(ge=1, le=2**62)] | None = None
    person: Annotated[Line, Field(description="the staff number")] | None = None


class Intake(Body):
    """A new case. Its client made the id; the same id and content again is the same answer."""

    id: NewId
    procedure: Word
    source: Word
    values: Values
    happened_at: Annotated[Moment, Field(description="when it came in on paper or by telephone")] | None = (
        None
    )
    claimed_at: Annotated[Moment, Field(description="what the device says the time is")] | None = None
    about: About | None = None


class Report(Body):
    """A resident's report."""

    id: NewId
    procedure: Word = "grid_event"
    values: Values
    claimed_at: Moment | None = None


class Act(Body):
    """What is entered with a step."""

    values: Values = Field(default_factory=dict)
    claimed_at: Moment | None = None


class Question(Body):
    """What is entered with an ask, or with an answer."""

    values: Values = Field(default_factory=dict)


class Decision(Body):
    """Granted or not; not granted needs a reason."""

    granted: StrictBool
    values: Values = Field(default_factory=dict)


class Work(Body):
    """A piece of work for another unit."""

    to_unit: Unit
    due_at: Moment | None = None
    values: Values = Field(default_factory=dict)


class Tie(Body):
    """Which other case this one follows."""

    kind: Word
    other: UUID


class Callback(Body):
    """What the reporter answered when they were called."""

    answers: dict[Word, Word] = Field(max_length=12)
    remark: Line = ""


class Reading(Body):
    """Which protected value is read, and for what; the resident sees both."""

    field: Word
    purpose: Word
