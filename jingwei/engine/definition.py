"""The words of a procedure: what a playbook's procedure.yaml may say.

The reference for people is docs/procedures.md. Everything is text in the file; the types below say what each
word means. Unknown words are errors. What hangs together across the file (a move to a state that is not
there) `checking` explains.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from jingwei.kernel.calendar import Limit

Word = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")]


def _as_list(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


def _as_verbs(value: Any) -> Any:
    """Read verbs as they are written: `[{count: rework}, {restart: handle, share: 1/2}]`.

    The first key is the verb, its value the object, the rest arguments.
    """
    if not isinstance(value, list):
        raise ValueError("write a list of verbs, like [{count: rework}]")
    verbs = []
    for entry in value:
        if not isinstance(entry, dict) or not entry:
            raise ValueError("each verb is written like {restart: handle, share: 1/2}")
        (verb, what), *rest = entry.items()
        verbs.append({"verb": verb, "what": what, "args": dict(rest)})
    return verbs


def _as_limit(value: Any) -> Any:
    """`4wh`, `{urgent: 10m, normal: 30wm}`, or `standard`, `standard.total`: the class's own."""
    if isinstance(value, str):
        return (
            {"standard": value.removeprefix("standard").lstrip(".") or "handle"}
            if value.startswith("standard")
            else {"every": value}
        )
    return value


def _limit(value: Any) -> Any:
    return Limit.parse(value) if isinstance(value, str) else value


Words = Annotated[tuple[Word, ...], BeforeValidator(_as_list)]
OneLimit = Annotated[Limit, BeforeValidator(_limit)]


class Part(BaseModel):
    """Base of every part: frozen, and deaf to no word."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", populate_by_name=True, arbitrary_types_allowed=True
    )


class Verb(Part):
    """One thing that happens with a move.

    `verb` names a Python function, `what` its object, `args` the rest.
    """

    verb: Word
    what: str
    args: dict[str, str] = {}


Verbs = Annotated[tuple[Verb, ...], BeforeValidator(_as_verbs)]


class LimitRule(Part):
    """How long a clock may run: the same for all, by urgency, or the class's standard."""

    every: OneLimit | None = None
    urgent: OneLimit | None = None
    normal: OneLimit | None = None
    standard: Literal["handle", "total"] | None = None

    @model_validator(mode="after")
    def _says_something(self) -> LimitRule:
        if not (self.every or self.standard or (self.urgent and self.normal)):
            raise ValueError(
                "write one limit (4wh), both urgencies ({urgent: 10m, normal: 30wm}), or standard"
            )
        return self

    def of(self, urgency: str, standards: dict[str, dict[str, str]]) -> Limit:
        """The limit of a case, from its urgency and its class's standards."""
        if self.standard:
            said = standards.get(self.standard) or {}
            return Limit.parse(said.get(urgency) or said.get("normal") or "5wd")
        chosen = self.every or (self.urgent if urgency == "urgent" else self.normal)
        assert chosen is not None  # noqa: S101  (`_says_something`)
        return chosen


Limits = Annotated[LimitRule, BeforeValidator(_as_limit)]


class Role(Part):
    """What a word means for one case.

    A post and where it stands relative to the case, or somebody the case names.
    """

    is_: Literal["reporter", "lead_unit", "task_unit"] | None = Field(None, alias="is")
    post: Word | None = None
    at: Word | None = None
    not_: Words = Field((), alias="not")

    @model_validator(mode="after")
    def _one_way(self) -> Role:
        if bool(self.is_) == bool(self.post) or bool(self.post) != bool(self.at):
            raise ValueError("a role is either {is: reporter} or {post: acceptor, at: street}")
        return self


FieldType = Literal[
    "text", "line", "picture", "phone", "class", "area", "place", "unit", "post", "one_of", "time", "tick",
    "number"
]  # fmt: skip


class FieldRule(Part):
    """A value that anybody may enter, and what privacy law wants said about it."""

    type: FieldType
    level: Literal["L0", "L1", "L2", "L3"]
    purpose: str
    basis: str
    keep: str
    seen_by: Words
    many: int = 1
    of: str | tuple[Word, ...] | None = None
    mask: Literal["personal_numbers"] | None = None


class Intake(Part):
    """What must and may be entered when a case begins."""

    needs: Words = ()
    may: Words = ()
    about: bool = False

    @property
    def fields(self) -> tuple[str, ...]:
        return (*self.needs, *self.may)


class State(Part):
    """A state, in the city's word; code asks only about its kind."""

    kind: Literal["new", "active", "waiting", "done", "dropped"]
    owner: Word | None = None
    outcome: Word | None = None


class Move(Part):
    """From → to, by whom, with what.

    `needs` is entered in this very move; `has` is there, whoever entered it.
    """

    from_: Words = Field(alias="from")
    to: Word
    who: Words
    needs: Words = ()
    has: Words = ()
    may: Words = ()
    if_: Words = Field((), alias="if")
    then: Verbs = ()
    tell: Verbs = ()
    outcome: Word | None = None
    bulk: bool = False


class LinkRule(Part):
    """A tie to another case: who may make and undo it, in which states."""

    while_: Words = Field(alias="while")
    by: Words
    undo_by: Words


class Decision(Part):
    """What follows when an ask is decided."""

    to: Word | None = None
    then: Verbs = ()
    tell: Verbs = ()


class AskRule(Part):
    """One asks, another decides.

    `decided_by: [first, second]`: a second dispute goes to the second, whose ruling binds.
    """

    while_: Words = Field(alias="while")
    by: Words
    needs: Words = ()
    if_: Words = Field((), alias="if")
    decided_by: Words
    within: Limits
    granted: Decision = Decision()
    refused: Decision = Decision()
    most: int | None = None


class TaskRule(Part):
    """Work given inside a state, answered by another. `joins` names the move that waits for the answers."""

    while_: Words = Field(alias="while")
    given_by: Words
    to: Word
    needs: Words = ()
    answer: Words = ()
    joins: Word | None = None


class Start(Part):
    """When a clock starts: on entering a state, or at a move (at another one, when this one came late)."""

    entering: Word | None = None
    at: Word | None = None
    if_late: Word | None = None


class ClockRule(Part):
    """A limit on time. It runs in the `while` states; leaving them pauses, stops or resets it.

    `has`: it runs only where these values are there. `ends`: the end of the case ends every clock; a move
    named here ends this one.
    """

    while_: Words = Field((), alias="while")
    starts: Start | None = None
    has: Words = ()
    ends: Words = ()
    pauses_in: Words = ()
    limit: Limits
    leaving: Literal["pause", "stop", "reset"] = "pause"
    warn: tuple[str, ...] = ()
    late: Annotated[
        tuple[Verb, ...] | Literal["slips"], BeforeValidator(lambda v: v if v == "slips" else _as_verbs(v))
    ] = ()


class RatingRule(Part):
    """What the reporter is asked about the result in which final states, and for how long."""

    asked: Words
    of: Word
    questions: Words
    within: OneLimit
    callback_by: Words = ()
    unsolved: Literal["offer reopen"] | None = None


class Procedure(Part):
    """A whole procedure."""

    procedure: Word
    version: int
    number: Annotated[str, Field(pattern="^[A-Z]{2}$")]
    classes: Word
    sources: Words
    confidential: bool = False
    readers: Words = ()
    intake: Intake
    roles: dict[Word, Role]
    fields: dict[Word, FieldRule]
    states: dict[Word, State]
    moves: dict[Word, Move]
    links: dict[Word, LinkRule] = {}
    asks: dict[Word, AskRule] = {}
    tasks: dict[Word, TaskRule] = {}
    clocks: dict[Word, ClockRule] = {}
    rating: RatingRule | None = None
    documents: dict[Word, str] = {}

    @model_validator(mode="before")
    @classmethod
    def _spread_defaults(cls, data: Any) -> Any:
        """`fields: {defaults: …}` gives every field what it does not say itself."""
        if not isinstance(data, dict) or not isinstance(data.get("fields"), dict):
            return data
        fields = dict(data["fields"])
        defaults = fields.pop("defaults", {})
        if not isinstance(defaults, dict):
            raise ValueError("fields.defaults: write words with their values here, like {level: L0}")
        spread = {
            name: (defaults | field if isinstance(field, dict) else field) for name, field in fields.items()
        }
        return data | {"fields": spread}

    @property
    def start(self) -> str:
        """The state a case begins in: the first one of kind `new`."""
        return next(name for name, state in self.states.items() if state.kind == "new")

    def is_final(self, state: str) -> bool:
        return self.states[state].kind in ("done", "dropped")

    def moves_from(self, state: str) -> dict[str, Move]:
        """The moves that lead out of a state (or stay in it)."""
        return {name: move for name, move in self.moves.items() if self.leads_from(move, state)}

    def leads_from(self, move: Move, state: str) -> bool:
        return state in move.from_ or ("any_open" in move.from_ and not self.is_final(state))


def share_of(text: str) -> Fraction:
    """`1/2`, `50%` or `1/1` as a fraction; raises ``ValueError``."""
    return Fraction(text[:-1]) / 100 if text.endswith("%") else Fraction(text)
