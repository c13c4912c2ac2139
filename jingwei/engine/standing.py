"""Where somebody stands to a case.

The roles they hold in it, whether they may see it, and who would own a state.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from functools import cached_property

from django.db.models import Q

from jingwei.engine.definition import Procedure, Role
from jingwei.engine.models import Case, CaseAction, Participant, Task
from jingwei.kernel.actors import Actor, Client, Party
from jingwei.registry.roles import desk_roles
from jingwei.registry.seats import Answering, Seat
from jingwei.registry.staff import Staff

#: roles whose area shows them everything below it, when a procedure names them or they are a tier's desk
TIER_COLUMNS = {"county": "county", "street": "street", "community": "community", "grid": "grid"}


@dataclass(frozen=True, slots=True)
class Owner:
    """Who answers for a case in a state: a post, or a unit."""

    role: str = ""
    post: int | None = None
    unit: int | None = None
    climbed: bool = False


def _by_role(done: Iterable[tuple[str, int | None]]) -> dict[str, set[int]]:
    found: dict[str, set[int]] = {}
    for role, person in done:
        if person is not None:
            found.setdefault(role, set()).add(person)
    return found


class Standing:
    """The seats around one case, asked for once, and what follows from them for one actor after another."""

    def __init__(self, case: Case, procedure: Procedure, *, tasks: Collection[Task] = ()) -> None:
        self.case, self.procedure, self.tasks = case, procedure, tasks
        self._held: dict[Actor, frozenset[str]] = {}

    @cached_property
    def answering(self) -> Answering:
        return Answering(self.case.area_id)

    @cached_property
    def _acted(self) -> dict[str, set[int]]:
        """Persons who acted in the case, by the role they acted in."""
        done = CaseAction.objects.filter(case_id=self.case.pk, person__isnull=False)
        return _by_role(done.values_list("role", "person"))

    def know(self, actions: Iterable[CaseAction]) -> None:
        """Take over the case's actions from a reader who has them all, instead of asking for them again."""
        self._acted = _by_role((action.role, action.person) for action in actions)

    def roles_of(self, actor: Actor) -> frozenset[str]:
        """Every role of the procedure that the actor holds in this case; with one, `participants` as well."""
        if actor not in self._held:
            self._held[actor] = self._roles_of(actor)
        return self._held[actor]

    def _roles_of(self, actor: Actor) -> frozenset[str]:
        if isinstance(actor, Party):
            held = {
                name
                for name, role in self.procedure.roles.items()
                if role.is_ == "reporter" and actor.id == self.case.reporter
            }
        elif isinstance(actor, Staff) and not self.is_about(actor):
            held = {name for name, role in self.procedure.roles.items() if self._holds(actor, role)}
            owner = self.procedure.roles.get(self.case.owner_role)
            if owner and actor.post == self.case.owner_post and actor.person not in self._excluded(owner):
                held.add(
                    self.case.owner_role
                )  # whoever shares the seat has the role, but for those it excludes
        else:
            return frozenset()
        return frozenset(held | {"participants"}) if held else frozenset()

    def seat(self, name: str) -> Seat | None:
        """Where a post role of the procedure sits for this case, climbing over empty and excluded seats."""
        role = self.procedure.roles[name]
        if role.post is None or role.at is None:
            return None
        not_at = [self.case.about_post] if self.case.about_post else []
        return self.answering.seat(role.post, at=role.at, without=self._excluded(role), not_at=not_at)

    def owner(self, state: str) -> Owner:
        """Who answers for the case in a state."""
        name = self.procedure.states[state].owner
        if name is None:
            return Owner()
        return self.answerer(name)

    def answerer(self, name: str) -> Owner:
        """The post or unit that a role means for this case."""
        role = self.procedure.roles[name]
        if role.is_ == "lead_unit":
            return Owner(name, unit=self.case.values.get("inside_unit") or self.case.lead_unit)
        if role.is_:
            return Owner(name)
        seat = self.seat(name)
        return Owner(name, post=seat.post, climbed=seat.climbed) if seat else Owner(name)

    def is_about(self, actor: Staff) -> bool:
        """Is the case a complaint about this person, their post or their unit?"""
        case = self.case
        return (
            (case.about_person is not None and case.about_person == actor.person)
            or (case.about_post is not None and case.about_post == actor.post)
            or (case.about_unit is not None and case.about_unit in path_of(actor))
        )

    def _holds(self, actor: Staff, role: Role) -> bool:
        if role.is_ == "lead_unit":
            return actor.organisation is not None and actor.organisation in acting_units(self.case)
        if role.is_ == "task_unit":
            return any(
                task.state == "open" and task.to_unit == actor.organisation
                for task in self.tasks
                if task.to_unit
            )
        if role.post is None or actor.role not in (role.post, *desk_roles().values()):
            return False  # a seat is of the role itself, or the desk it climbed to
        if actor.area not in self.answering.chain or actor.person in self._excluded(role):
            return False
        seat = next((self.seat(name) for name, other in self.procedure.roles.items() if other is role), None)
        return seat is not None and actor.role == seat.role and actor.area == seat.area

    def _excluded(self, role: Role) -> set[int]:
        persons = {person for name in role.not_ for person in self._acted.get(name, set())}
        if self.case.about_person:
            persons.add(self.case.about_person)
        if self.case.about_unit:
            persons |= self._persons_of_unit
        return persons

    @cached_property
    def _persons_of_unit(self) -> set[int]:
        """Who sits in the unit complained about, among those who answer around here."""
        unit = self.case.about_unit
        return {
            holder.person
            for holder in self.answering.holders
            if holder.organisation == unit and holder.person is not None
        }


def path_of(actor: Staff) -> list[int]:
    """The numbers of the actor's unit and of every unit above it."""
    return [int(step) for step in actor.organisation_path.split("/") if step]


def acting_units(case: Case) -> set[int]:
    """The unit that leads, and the one inside it that the work was passed on to."""
    return {unit for unit in (case.lead_unit, case.values.get("inside_unit")) if unit is not None}


def readers_of(procedure: Procedure) -> set[str]:
    """The post roles that see this procedure's cases of their area."""
    named = {role.post for role in procedure.roles.values() if role.post} | set(procedure.readers)
    return named if procedure.confidential else named | set(desk_roles().values())


def may_see(actor: Actor, case: Case, procedure: Procedure) -> bool:
    """May the actor see this case at all? Someone else's case is a 404."""
    if isinstance(actor, Party):
        return actor.id is not None and actor.id == case.reporter
    if isinstance(actor, Client):
        return case.source == actor.source
    if not isinstance(actor, Staff) or Standing(case, procedure).is_about(actor):
        return False
    if actor.post == case.owner_post or actor.organisation in acting_units(case):
        return True
    if actor.role in readers_of(procedure) and covers(actor, case):
        return True
    return Participant.objects.filter(_takes_part(actor), case_id=case.pk).exists()


def covers(actor: Staff, case: Case) -> bool:
    """Does the case lie in the actor's area?"""
    if actor.area_kind == "city":
        return True
    column = TIER_COLUMNS.get(actor.area_kind)
    return column is not None and actor.area is not None and getattr(case, column) == actor.area


def _takes_part(actor: Staff) -> Q:
    return Q(kind="unit", ref=actor.organisation or 0) | Q(kind="post", ref=actor.post)
