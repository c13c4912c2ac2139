"""From rows to what is sent: codes for numbers, sealed values closed, texts masked. No row costs a query."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

import orjson
from django.http import HttpResponse

from jingwei.engine import entering
from jingwei.engine.definition import FieldRule
from jingwei.engine.library import Playbook
from jingwei.engine.models import Case, CaseAction, CaseClock
from jingwei.engine.rules import shown_to
from jingwei.kernel.moments import now
from jingwei.registry.atlas import Place, atlas
from jingwei.registry.models import Organisation, Person

Values = Mapping[str, Any]

#: what a list reads of a case, and what it is called outside
COLUMNS = {
    "id": "id",
    "number": "number",
    "procedure": "procedure",
    "state": "state",
    "state_kind": "kind",
    "outcome": "outcome",
    "source": "source",
    "urgency": "urgency",
    "class_code": "class",
    "title": "title",
    "area_code": "area",
    "owner_role": "owner_role",
    "owner_post": "owner_post",
    "owner_unit": "owner_unit",
    "lead_unit": "lead_unit",
    "next_due": "due",
    "next_clock": "clock",
    "happened_at": "happened_at",
    "received_at": "received_at",
    "state_since": "state_since",
    "ended_at": "ended_at",
    "revision": "revision",
}
_NAMES = tuple(COLUMNS.values())

#: what an action says about itself in codes; numbers of seats and of other cases stay inside
_DETAILS = ("row", "row_not_followed", "as", "granted", "clocks", "review_on")


def sent(body: Any, *, status: int = 200, revision: int | None = None) -> HttpResponse:
    """An answer as JSON; times in UTC. With a revision it carries the ETag that `If-Match` asks for."""
    content = orjson.dumps(body, default=str, option=orjson.OPT_UTC_Z)
    answer = HttpResponse(content, content_type="application/json", status=status)
    if revision is not None:
        answer["ETag"] = f'"{revision}"'
    return answer


def rows(found: Iterable[Sequence[Any]]) -> list[dict[str, Any]]:
    """The columns of a list, as they came from the database, named, units as codes; one query for these."""
    made = [dict(zip(_NAMES, row, strict=True)) for row in found]
    codes = unit_codes(number for row in made for number in (row["owner_unit"], row["lead_unit"]))
    for row in made:
        row["title"] = entering.masked(row["title"])
        row["owner_unit"] = codes.get(row["owner_unit"])
        row["lead_unit"] = codes.get(row["lead_unit"])
    return made


def row_of(case: Case) -> tuple[Any, ...]:
    """The same columns of a case that is in memory."""
    return tuple(getattr(case, column) for column in COLUMNS)


def values(playbook: Playbook, entered: Values, roles: Collection[str], units: Mapping[int, str]) -> Values:
    """What somebody in these roles may see of what was entered, in the form in which it could be sent again.

    A protected value shows that it is there, nothing else; it is read by `reveal`.
    """
    shown: dict[str, Any] = {}
    for name, value in entered.items():
        rule = playbook.procedure.fields.get(name)
        if rule is None or not shown_to(rule, roles=roles, is_participant=True):
            continue
        shown[name] = {"sealed": True} if rule.level in ("L2", "L3") else _value(rule, value, units)
    return shown


def _value(rule: FieldRule, value: Any, units: Mapping[int, str]) -> Any:
    if isinstance(value, list):
        return [_value(rule, one, units) for one in value]
    if rule.type in ("text", "line"):
        return entering.masked(str(value))
    if rule.type == "unit":
        return units.get(value, value)
    if rule.type == "area":
        return _area(value)
    if rule.type == "place" and isinstance(value, dict):
        place = dict(value)
        if "words" in place:
            place["words"] = entering.masked(str(place["words"]))
        if "area" in place:
            place["area"] = _area(place["area"])
        return place
    return value


def _area(number: Any) -> Any:
    """Its code; where it is no longer in force, the number it always has."""
    place = atlas().places.get(number)
    return place.code if place else number


def units_in(playbook: Playbook, *entered: Values) -> list[int]:
    """The numbers of units named in what was entered."""
    fields = playbook.procedure.fields
    found: list[int] = []
    for part in entered:
        for name, value in part.items():
            if name in fields and fields[name].type == "unit":
                found += value if isinstance(value, list) else [value]
    return found


def unit_codes(numbers: Iterable[int | None]) -> dict[int, str]:
    """Codes of units by number, in one query."""
    wanted = {number for number in numbers if number}
    found = Organisation.objects.filter(pk__in=wanted).order_by()
    return dict(found.values_list("pk", "code")) if wanted else {}


def clock(row: CaseClock) -> dict[str, Any]:
    """One run of a clock."""
    late = row.late_noted_at is not None or row.due_at < (row.ended_at or row.paused_at or now())
    return {
        "name": row.name,
        "run": row.run,
        "status": row.status,
        "limit": row.limit,
        "certain": row.certain,
        "late": late,
        "started_at": row.started_at,
        "due_at": row.due_at,
        "paused_at": row.paused_at,
        "ended_at": row.ended_at,
    }


def entries(
    playbook: Playbook, actions: Sequence[CaseAction], roles: Collection[str]
) -> list[dict[str, Any]]:
    """The story of a case, oldest first; a query for the names of people and one for units."""
    people = {action.person for action in actions if action.person}
    names = dict(Person.objects.filter(pk__in=people).values_list("pk", "name")) if people else {}
    units = unit_codes(
        [*units_in(playbook, *(action.values for action in actions)), *(action.unit for action in actions)]
    )
    return [
        {
            "seq": action.seq,
            "kind": action.kind,
            "name": action.name,
            "by": {
                "kind": action.actor_kind,
                "role": action.role,
                "name": names.get(action.person or 0, ""),
                "unit": units.get(action.unit or 0),
            },
            "from": action.from_state,
            "to": action.to_state,
            "at": action.at,
            "claimed_at": action.claimed_at,
            "values": values(playbook, action.values, roles, units),
            "detail": {name: action.detail[name] for name in _DETAILS if name in action.detail}
            | ({"climbed": True} if "climbed" in action.detail else {}),
        }
        for action in actions
    ]


def place(here: Place) -> dict[str, Any]:
    """An area by its code."""
    above = atlas().places.get(here.parent or 0)
    return {
        "code": here.code,
        "name": here.name,
        "kind": here.kind,
        "parent": above.code if above else None,
        "special": here.special,
    }
