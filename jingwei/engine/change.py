"""One change of one case.

Everything an action decides is gathered here and written at once, or not at all.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from django.db import models

from jingwei.engine import library
from jingwei.engine.clocks import Clocks, verdict
from jingwei.engine.definition import Procedure, Verb
from jingwei.engine.library import Playbook
from jingwei.engine.models import Ask, Case, CaseAction, CaseClock, Fact, Participant, Task
from jingwei.engine.standing import Owner, Standing
from jingwei.kernel import journal, outbox, rows, sealed
from jingwei.kernel.actors import Actor
from jingwei.kernel.calendars import calendar
from jingwei.kernel.models import Attachment
from jingwei.kernel.moments import now
from jingwei.kernel.refusals import ChangedMeanwhile, Reason, Refused
from jingwei.registry.atlas import atlas
from jingwei.registry.models import Organisation
from jingwei.registry.staff import Staff

#: fields whose value is also a column of the case, because lists and rules read it
_COLUMNS = {"class": "class_code", "urgency": "urgency"}


@dataclass(frozen=True, slots=True)
class Done:
    """What is being done: the kind of action, its name in the procedure, and the role it is done in."""

    kind: str
    name: str
    role: str = ""


@dataclass(frozen=True, slots=True)
class Did:
    """One thing that was done in a case, as conditions look at it."""

    seq: int
    name: str
    person: int | None
    at: datetime
    values: Mapping[str, Any]


class CaseChange:
    """Gathers a change. `case` is changed in memory as it goes; `save` writes it first-write-wins."""

    def __init__(
        self, case: Case, playbook: Playbook, done: Done, *, by: Actor,
        entered: Mapping[str, Any] | None = None,
        claimed_at: datetime | None = None, detail: Mapping[str, Any] | None = None,
    ) -> None:  # fmt: skip
        self.case, self.playbook, self.done, self.by = case, playbook, done, by
        self.procedure: Procedure = playbook.procedure
        self.at = now()
        self.entered = dict(entered or {})
        self.detail: dict[str, Any] = dict(detail or {})
        self.claimed_at = claimed_at
        self.asked_values: dict[str, Any] = {}  # what was entered with the ask that is being decided
        self.before = {name: getattr(case, name) for name in _MAY_CHANGE}
        self.before["values"], self.before["counters"] = dict(case.values), dict(case.counters)
        self.inserts: list[models.Model] = []
        self.updates: list[rows.Update] = []
        self.tells: list[tuple[Verb, dict[str, Any]]] = []
        self.is_new = case._state.adding
        if not self.is_new:
            case.seq += 1
        had = {} if self.is_new else case.counters
        self.asks = rows.load(Ask, "id", case_id=case.pk) if had.get("asks") else []
        self.tasks = rows.load(Task, "id", case_id=case.pk) if had.get("tasks") else []
        clock_rows = [] if self.is_new or case.historical else rows.load(CaseClock, "id", case_id=case.pk)
        self.clocks = Clocks(
            self.procedure, calendar(), case.urgency, self.standards(), clock_rows, frozenset(case.values)
        )
        self.standing = Standing(case, self.procedure, tasks=self.tasks)

    # ------------------------------------------------------------ gathering

    def standards(self) -> dict[str, dict[str, str]]:
        """The limits that the case's class sets."""
        entry = library.classes(self.procedure.classes).get(self.case.class_code)
        return entry.limits if entry else {}

    @cached_property
    def done_so_far(self) -> list[Did]:
        """What was done in the case before this change, in its order.

        Asked for once, however many conditions look.
        """
        if self.is_new:
            return []
        done = CaseAction.objects.filter(case_id=self.case.pk).order_by("seq")
        return [Did(*row) for row in done.values_list("seq", "name", "person", "at", "values")]

    def enter(self) -> None:
        """Take what was entered into the case: columns, current values, place.

        Sealed ones into their boxes.
        """
        fields = self.procedure.fields
        sealed_ones = [
            sealed.ToSeal(n, fields[n].level, str(v), findable=fields[n].type == "phone")
            for n, v in self.entered.items()
            if fields[n].level in ("L2", "L3")
        ]
        open_ones = {
            name: value for name, value in self.entered.items() if fields[name].level in ("L0", "L1")
        }
        self.entered = open_ones
        if sealed_ones:
            self._seal(sealed_ones)
        if "lead_unit" in open_ones:
            self.lead(open_ones["lead_unit"])
        self.case.values = {**self.case.values, **open_ones, **{one.field: "sealed" for one in sealed_ones}}
        self.clocks.there = frozenset(self.case.values)
        for name, column in _COLUMNS.items():
            if name in open_ones:
                setattr(self.case, column, open_ones[name])
        if "class" in open_ones:
            self.case.class_top = library.top_of(self.procedure.classes, open_ones["class"])
        # clocks that start with this very change go by the class and urgency entered in it
        self.clocks.urgency, self.clocks.standards = self.case.urgency, self.standards()
        for name, value in open_ones.items():
            if fields[name].type == "place":
                self._place(value)
            elif fields[name].type == "area" and name == "area":
                self.put_into(value)

    def lead(self, unit: int | None) -> None:
        """Say which unit leads, or that none does any more.

        What another one passed on inside goes with it.
        """
        kept = {
            name: value
            for name, value in self.case.values.items()
            if name not in ("lead_unit", "inside_unit")
        }
        self.case.values = kept if unit is None else {**kept, "lead_unit": unit}
        self.case.lead_unit = unit

    def put_into(self, area: int | None) -> None:
        """Say in which area the case lies; every tier above it follows."""
        places = atlas()
        place = places.get(area)
        if place is None:
            return
        self.case.area_id, self.case.area_code = place.id, place.code
        tiers = places.at_tiers(place.id)
        for tier in ("county", "street", "community", "grid"):
            setattr(self.case, tier, tiers.get(tier))
        self.standing = Standing(self.case, self.procedure, tasks=self.tasks)

    def go(self, to: str) -> None:
        """Change the state: clocks turn, the owner is found anew, the end of the case is noted."""
        case, before = self.case, "" if self.is_new else self.case.state
        case.state, case.state_kind = to, self.procedure.states[to].kind
        if before != to:
            case.state_since = self.at
        if not case.historical:
            self.clocks.turn(before, to, at=self.at, move=self.done.name, moved_at=self._moved_at)
        if self.procedure.is_final(to) and case.ended_at is None:
            case.ended_at = self.at
        elif not self.procedure.is_final(to) and case.ended_at is not None:
            case.ended_at, case.outcome = None, ""
        self.find_owner()

    def find_owner(self) -> None:
        """Resolve who answers for the state the case is in now."""
        owner = Owner() if self.case.ended_at else self.standing.owner(self.case.state)
        self.case.owner_role, self.case.owner_post, self.case.owner_unit = owner.role, owner.post, owner.unit
        if owner.climbed:
            self.detail["climbed"] = owner.post
        if owner.post:
            self.take_part("post", owner.post, owner.role)
        if owner.unit:
            self.take_part("unit", owner.unit, owner.role)

    def lift(self) -> None:
        """Move the ownership one tier up, or refuse when there is none."""
        case = self.case
        if case.owner_unit:
            above = (
                Organisation.objects.filter(children=case.owner_unit, valid_to=None)
                .values_list("pk", flat=True)
                .first()
            )
            if above is None:
                raise Refused("no-tier-above")
            self.lead(above)
            case.owner_unit = above
            self.take_part("unit", above, case.owner_role)
            return
        here = next((h.area for h in self.standing.answering.holders if h.post == case.owner_post), None)
        chain = self.standing.answering.chain
        above_here = chain[chain.index(here) + 1 :] if here in chain else []
        role = self.procedure.roles[case.owner_role].post or ""
        seat = next(
            (
                s
                for area in above_here
                if (s := self.standing.answering.seat(role, at=atlas().places[area].kind))
            ),
            None,
        )
        if seat is None:
            raise Refused("no-tier-above")
        case.owner_post = seat.post
        self.take_part("post", seat.post, case.owner_role)

    def take_part(self, kind: str, ref: int, role: str) -> None:
        """Make a unit or post a participant, once."""
        known = self.case.counters.get("part", [])
        mark = f"{kind[0]}{ref}"
        if mark in known:
            return
        self.case.counters = {**self.case.counters, "part": [*known, mark]}
        self.inserts.append(
            rows.new(
                Participant,
                case_id=self.case.pk,
                kind=kind,
                ref=ref,
                role=role,
                received_at=self.case.received_at,
            )
        )

    def count(self, name: str, by: int = 1) -> None:
        """Add to a counter of the case and write the fact."""
        self.case.counters = {**self.case.counters, name: self.case.counters.get(name, 0) + by}

    def fact(self, what: str, *, n: int = 1, as_before: bool = False) -> None:
        """Note something countable, with the dimensions of now (or of before this change)."""
        case, was = self.case, self.before

        def pick(name: str) -> Any:
            return was[name] if as_before else getattr(case, name)

        self.inserts.append(
            rows.new(
                Fact, recorded_at=self.at, happened_at=self._counted_at(what), case=case.pk, what=what, n=n,
                procedure=case.procedure, class_top=pick("class_top"), county=pick("county"),
                street=pick("street"),
                community=pick("community"), grid=pick("grid"), unit=pick("lead_unit"),
            )
        )  # fmt: skip

    def _counted_at(self, what: str) -> datetime:
        """The moment a fact is counted under: of an imported old case, when it came in and ended.

        Otherwise now.
        """
        if self.is_new and self.case.historical and what.startswith(("out:", "stated:")):
            return self.case.ended_at or self.case.received_at
        return self.case.received_at if self.is_new else self.at

    def tell(self, verbs: tuple[Verb, ...], **about: Any) -> None:
        """Remember what goes out after the commit."""
        self.tells += [(verb, about) for verb in verbs]

    def overtake(self) -> None:
        """A person's move ends the asks and tasks whose states were left."""
        for ask in self.asks:
            if ask.state == "open" and self.case.state not in self.procedure.asks[ask.name].while_:
                self.updates.append(
                    rows.Update(
                        ask, {"state": "overtaken", "decided_at": self.at, "decided_seq": self.case.seq}
                    )
                )
        for task in self.tasks:
            if task.state == "open" and self.case.state not in self.procedure.tasks[task.name].while_:
                self.updates.append(
                    rows.Update(
                        task, {"state": "overtaken", "answered_at": self.at, "answered_seq": self.case.seq}
                    )
                )

    # ------------------------------------------------------------ writing

    def save(self) -> CaseAction:
        """Write the change in the caller's transaction."""
        self.prepare()
        return self.write()

    def prepare(self) -> None:
        """Make everything that will be written: case, action, journal line, clocks, facts, effects.

        Of a new case this can be done before the transaction, which is the shorter for it: where there is one
        writer only, others go on.
        """
        case = self.case
        self._count_what_happened()
        case.next_due, case.next_clock = self.clocks.next_due()
        case.alarm_at = self.clocks.alarm()
        self.action = self._action()
        line = journal.next_line(
            case,
            f"{self.done.kind}:{self.done.name}",
            by=self.by,
            happened_at=case.happened_at if self.is_new else None,
            detail=self._line(),
        )
        for clock in self.clocks.rows:
            if id(clock) in self.clocks.touched:
                self._keep_clock(clock)
        effects = [
            outbox.put("tell", {"verb": v.verb, "what": v.what, "seq": case.seq, **about}, case=case.pk)
            for v, about in self.tells
            if not case.historical
        ]
        if case.ended_at and not self.before["ended_at"] and case.counters.get("followers"):
            effects.append(outbox.put("follow", {}, case=case.pk))
        if self._words_changed():
            effects.append(outbox.put("index", {}, case=case.pk))
        self.inserts = [self.action, line, *self.inserts, *effects]

    def write(self) -> CaseAction:
        """Write what was prepared in the caller's transaction; of an old case, first write wins."""
        case = self.case
        if self.is_new:
            rows.write([case, *self.inserts], self.updates)
            case._state.adding = False
        else:
            changed = {
                name: getattr(case, name) for name in _MAY_CHANGE if getattr(case, name) != self.before[name]
            }
            head = {"seq": case.seq, "journal_count": case.journal_count, "journal_head": case.journal_head}
            revision = case.revision
            if not rows.change(
                case, only_if={"revision": revision}, **changed, **head, revision=revision + 1
            ):
                raise ChangedMeanwhile()
            rows.write(self.inserts, self.updates)
        case.acted = case.seq
        return self.action

    def _action(self) -> CaseAction:
        case, by = self.case, self.by
        return rows.new(
            CaseAction, case_id=case.pk, seq=case.seq, kind=self.done.kind, name=self.done.name,
            from_state="" if self.is_new else self.before["state"],
            to_state=case.state, actor_kind=by.kind, role=self.done.role, person=by.person,
            assignment=by.assignment,
            unit=by.organisation if isinstance(by, Staff) else None, at=self.at, claimed_at=self.claimed_at,
            values=self.entered, detail=self.detail,
        )  # fmt: skip

    def _line(self) -> dict[str, Any]:
        """Before → after in ids and codes.

        The columns that changed, and which fields were entered, never with what.
        """
        names = [name for name in _JOURNALLED if self.is_new or getattr(self.case, name) != self.before[name]]
        line: dict[str, Any] = {
            name: [None if self.is_new else self.before[name], getattr(self.case, name)] for name in names
        }
        line = {name: pair for name, pair in line.items() if pair[0] != pair[1]}
        if self.entered:
            line["entered"] = sorted(self.entered)
        if self.detail:
            line["detail"] = self.detail
        return line

    def _count_what_happened(self) -> None:
        case = self.case
        if case.historical and not self.is_new:
            return
        if self.is_new:
            self.fact("in")
            self.before |= {"ended_at": None, "lead_unit": None}
        elif any(getattr(case, name) != self.before[name] for name in _DIMENSIONS):
            self.fact("in", n=-1, as_before=True)
            self.fact("in")
            if self.before["ended_at"] and case.ended_at:
                self.fact(f"out:{self.before['outcome']}", n=-1, as_before=True)
                self.fact(f"out:{case.outcome}")
        if case.lead_unit != self.before["lead_unit"]:
            if self.before["lead_unit"]:
                self.fact("given", n=-1, as_before=True)
            self.fact("given")
        if case.ended_at and not self.before["ended_at"]:
            self.fact(f"out:{case.outcome}")
        elif not case.ended_at and self.before["ended_at"] and not self.is_new:
            self.fact(f"out:{self.before['outcome']}", n=-1, as_before=True)
            self.fact("reopened")
        for clock in self.clocks.ended:
            self.fact(f"clock:{clock.name}:{verdict(clock)}")

    def _keep_clock(self, clock: CaseClock) -> None:
        if clock._state.adding:
            clock.case_id = self.case.pk
            self.inserts.append(clock)
        else:
            names = ("status", "limit", "due_at", "paused_at", "ended_at", "late_noted_at")
            self.updates.append(rows.Update(clock, {name: getattr(clock, name) for name in names}))

    def _words_changed(self) -> bool:
        return self.is_new or any(
            self.procedure.fields[name].type in ("text", "line", "place") for name in self.entered
        )

    def _seal(self, values: list[sealed.ToSeal]) -> None:
        case = self.case
        if self.is_new or "sealed" not in case.values.values():
            row, key = sealed.new_case_key(case.pk)
            self.inserts.append(row)
        else:
            key = sealed.case_key(case.pk)
        self.inserts += sealed.seal(case.pk, key, case.seq, values)

    def _place(self, value: dict[str, Any]) -> None:
        if "lon" in value:
            self.case.lon, self.case.lat = value["lon"], value["lat"]
            found = atlas().locate(value["lon"], value["lat"])
            self.put_into(found.id if found else value.get("area"))
        elif "area" in value:
            self.put_into(value["area"])

    def _moved_at(self, move: str) -> datetime | None:
        """When the case last took a move."""
        return (
            CaseAction.objects.filter(case_id=self.case.pk, kind="move", name=move)
            .order_by("-seq")
            .values_list("at", flat=True)
            .first()
        )


def pictures_belong(case: Case, playbook: Playbook, entered: Mapping[str, Any]) -> list[Reason]:
    """Reasons for pictures that are not attachments of this very case."""
    named = {n: v for n, v in entered.items() if playbook.procedure.fields[n].type == "picture"}
    wanted = {str(one) for value in named.values() for one in (value if isinstance(value, list) else [value])}
    if not wanted:
        return []
    there = {
        str(pk) for pk in Attachment.objects.filter(case=case.pk, pk__in=wanted).values_list("pk", flat=True)
    }
    return [
        Reason("not-a-picture", name)
        for name, value in named.items()
        if not {str(one) for one in (value if isinstance(value, list) else [value])} <= there
    ]


def not_about(case: Case, entered: Mapping[str, Any], to_unit: int | None = None) -> list[Reason]:
    """Reasons for units that would handle a complaint about themselves, or about a unit above them."""
    if case.about_unit is None:
        return []
    named = {name: entered[name] for name in ("lead_unit", "inside_unit") if name in entered}
    named |= {"to_unit": to_unit} if to_unit else {}
    below = set(
        Organisation.objects.filter(pk__in=named.values(), path__contains=f"/{case.about_unit}/").values_list(
            "pk", flat=True
        )
    )
    return [Reason("complained-about", name) for name, unit in named.items() if unit in below]


def refuse_if(reasons: list[Reason]) -> None:
    """Raise ``Refused`` with every reason, if there is one."""
    if reasons:
        raise Refused(*reasons)


#: columns an action may change; what differs from before is written
_MAY_CHANGE = (
    "state", "state_kind", "outcome", "urgency", "class_code", "class_top", "title", "area_id", "area_code",
    "county", "street", "community", "grid",
    "lon", "lat", "owner_role", "owner_post", "owner_unit", "lead_unit", "next_due", "next_clock", "alarm_at",
    "state_since", "ended_at",
    "values", "counters",
)  # fmt: skip

#: columns whose change stands in the journal: codes and ids only
_JOURNALLED = (
    "state", "outcome", "urgency", "class_code", "area_code", "owner_post", "owner_unit", "lead_unit",
)  # fmt: skip

#: what facts are counted by
_DIMENSIONS = ("class_top", "county", "street", "community", "grid")
