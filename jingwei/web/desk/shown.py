"""Cases as rows and stories: names instead of numbers, words instead of codes.

Each kind of name is looked up once per page.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import Any
from uuid import UUID

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from jingwei.engine import entering, library
from jingwei.engine.library import Playbook
from jingwei.engine.models import Ask, Case, CaseAction, CaseClock, Task
from jingwei.engine.rules import shown_to
from jingwei.kernel.calendar import Limit
from jingwei.kernel.moments import now
from jingwei.registry.atlas import atlas
from jingwei.registry.models import Organisation, Person
from jingwei.web import words
from jingwei.web.desk.row import Row
from jingwei.web.portal.following import told

#: what a row shows of a case; the rest of it is not read
COLUMNS = (
    "number", "version", "title", "state", "state_kind", "urgency", "class_code", "area_id", "values",
    "counters",
    "stated", "owner_unit", "lead_unit", "next_due", "next_clock", "state_since", "ended_at", "received_at",
)  # fmt: skip


@cache
def _address() -> str:
    """The address of a case's page, with a place for its key."""
    none = UUID(int=0)
    return reverse("desk-case", args=[none]).replace(str(none), "{}")


def rows(cases: Sequence[Case], *, ticked: Collection[str] = ()) -> list[Row]:
    """The rows of a list page, those with a key in `ticked` selected; one query for the units' names."""
    units = unit_names(unit for case in cases for unit in (case.owner_unit, case.lead_unit))
    return [_row(case, units, ticked=str(case.pk) in ticked) for case in cases]


def _row(case: Case, units: dict[int, str], *, ticked: bool = False) -> Row:
    playbook = library.version(case.version_id)
    entry = library.classes(playbook.procedure.classes).get(case.class_code)
    tags = []
    if case.urgency == "urgent":
        tags.append(("late", _("urgent")))
    if case.counters.get("followers"):
        tags.append(("", _("{n} people reported it").format(n=case.counters["followers"] + 1)))
    if case.counters.get("rework"):
        tags.append(("soon", _("done again")))
    if case.stated:
        tags.append(("", _("stated: {result}").format(result=case.stated.get("result", ""))))
    return Row(
        case=case,
        title=case.title or _("(words erased)"),
        state=playbook.text("states", case.state),
        kind=case.state_kind,
        where=atlas().full_name(case.area_id, below="county")
        or entering.masked(str((case.values.get("place") or {}).get("words", "")))
        or _("not located"),
        class_name=str(entry) if entry else "",
        unit=units.get(case.owner_unit or case.lead_unit or 0, ""),
        clock=row_clock(case, playbook),
        url=_address().format(case.pk),
        tags=tuple(tags),
        ticked=ticked,
    )


def row_clock(case: Case, playbook: Playbook) -> words.Clock | None:
    """The nearest limit of a case, from when its state began."""
    if case.ended_at or case.next_due is None:
        return None
    label = playbook.text("clocks", case.next_clock) if case.next_clock else ""
    return words.clock(label, began=min(case.state_since, case.next_due), due=case.next_due, now=now())


def clocks(rows_: Iterable[CaseClock], playbook: Playbook, calendar: Any) -> list[words.Clock]:
    """The running and paused clocks of a case as bars, measured in their own running time."""
    return [_clock(row, playbook, calendar) for row in rows_ if row.status != "ended"]


def _clock(row: CaseClock, playbook: Playbook, calendar: Any) -> words.Clock:
    moment, limit = now(), Limit.parse(row.limit)
    label, note = (
        playbook.text("clocks", row.name),
        _("limit {limit}, until {due}").format(limit=limit_words(limit), due=words.when(row.due_at, moment)),
    )
    if not row.certain:
        note += _("; holidays of that year are not published yet")
    if row.status == "paused":
        drawn = words.thread(1, 2, stopped=True)
        return words.Clock(label, _("stands still"), drawn.kind, drawn.used, drawn.knot, note)
    used = float(calendar.used_share(row.started_at, row.due_at, moment, limit.unit))
    drawn = words.thread(used, 1.0)
    said = words.time_left(row.due_at, moment)
    if limit.unit == "wd" and row.due_at > moment:
        days = calendar.running(moment, row.due_at, "wd")
        said = words.working_days_left(days) if days > 1 else said
    return words.Clock(label, said, drawn.kind, drawn.used, drawn.knot, note, words.exact(row.due_at))


def limit_words(limit: Limit) -> str:
    """`4wh` as people say it: 4工作时."""
    n = limit.value
    forms = {
        "m": ngettext("{n} min", "{n} min", n),
        "h": ngettext("{n} h", "{n} h", n),
        "wm": ngettext("{n} working min", "{n} working min", n),
        "wh": ngettext("{n} working h", "{n} working h", n),
        "d": ngettext("{n} day", "{n} days", n),
        "wd": ngettext("{n} working day", "{n} working days", n),
    }
    return forms[limit.unit].format(n=n)


@dataclass
class Told:
    """An entry of the story as parts/line_entry.html shows it."""

    text: str
    at: datetime | str = ""
    kind: str = ""
    aside: str = ""
    note: str = ""
    photos: list[dict[str, str]] = field(default_factory=list)


def story(case: Case, playbook: Playbook, actions: Sequence[CaseAction], roles: Iterable[str]) -> list[Told]:
    """Everything that was done, newest first, with what this reader may see of what was entered."""
    people = person_names(action.person for action in actions)
    units = unit_names(units_in(actions))
    held = set(roles)
    return [_told(case, playbook, action, people, units, held) for action in reversed(actions)]


def _told(
    case: Case,
    playbook: Playbook,
    action: CaseAction,
    people: dict[int, str],
    units: dict[int, str],
    roles: set[str],
) -> Told:
    who = people.get(action.person or 0, "") or (_("The system") if action.actor_kind == "system" else "")
    seen = {
        n: v
        for n, v in action.values.items()
        if n in playbook.procedure.fields
        and shown_to(playbook.procedure.fields[n], roles=roles, is_participant=True)
    }
    lines = entered_words(playbook, seen, units)
    if action.detail.get("row"):
        lines.append(_("By row {row} of the dispatch catalogue").format(row=action.detail["row"]))
    if action.detail.get("climbed"):
        lines.append(_("The seat was empty; it climbed to the next filled one"))
    if action.detail.get("as"):
        said = _AS.get(str(action.detail["as"]))
        lines.append(_("By itself: {what}").format(what=said() if said else action.detail["as"]))
    kind = {"ask": "ask", "late": "now", "task": "ask"}.get(action.kind, "")
    if (
        action.to_state
        and playbook.procedure.is_final(action.to_state)
        and action.from_state != action.to_state
    ):
        kind = "end"
    what = what_was_done(playbook, action, units)
    return Told(
        _("{who}: {what}").format(who=who, what=what) if who else what,
        action.at,
        kind,
        "",
        "\n".join(lines),
        photos(case, playbook, action, seen),
    )


_AS: dict[str, Callable[[], str]] = {"counted_as_signed": lambda: _("counted as signed for")}


def what_was_done(playbook: Playbook, action: CaseAction, units: dict[int, str]) -> str:
    """An action in the staff's words."""
    text = {
        "intake": lambda: (
            playbook.text("sources", "resident") if action.actor_kind == "party" else _("taken in")
        ),
        "move": lambda: _named(playbook.text("moves", action.name, "done"), action, units),
        "ask": lambda: playbook.text("asks", action.name, "done"),
        "decide": lambda: playbook.text(
            "asks", action.name, "granted" if action.detail.get("granted") else "refused"
        ),
        "task": lambda: playbook.text("tasks", action.name, "label"),
        "answer": lambda: playbook.text("tasks", action.name, "answered"),
        "link": lambda: playbook.text("links", action.name, "done"),
        "unlink": lambda: playbook.text("links", action.name, "undone"),
        "followed": lambda: _("somebody else reported the same; it follows this one"),
        "follow": lambda: _("ended together with the case it follows"),
        "rating": lambda: _("The reporter rated it") if action.name == "reporter" else _("callback"),
        "late": lambda: _("past the limit: {clocks}").format(
            clocks=_(", ").join(playbook.text("clocks", c) for c in action.detail.get("clocks", []))
        ),
        "hand_over": lambda: _("handed over, because the seat became empty"),
        "take_over": lambda: _("taken over by the seat that answers for it now"),
        "reveal": lambda: _("read a protected value"),
    }.get(action.kind)
    return text() if text else action.name


def _named(text: str, action: CaseAction, units: dict[int, str]) -> str:
    for name in ("lead_unit", "inside_unit"):
        text = text.replace("{" + name + "}", units.get(action.values.get(name, 0), ""))
    return text


def entered_words(playbook: Playbook, values: dict[str, Any], units: dict[int, str]) -> list[str]:
    """What was entered, each value with its field's name; nothing for pictures and what is said elsewhere."""
    said = {name: value_words(playbook, name, value, units) for name, value in values.items()}
    return [
        _("{field}: {text}").format(field=playbook.text("fields", name, "label"), text=text)
        for name, text in said.items()
        if text
    ]


def purpose_words(purpose: str) -> str:
    """For what somebody reads a protected value, as the staff say it."""
    return {
        "answer_reporter": _("to answer the reporter"),
        "ask_reporter": _("to ask the reporter"),
        "check_result": _("to check the result"),
        "rights_request": _("for a request of the person concerned"),
        "complaint": _("for a complaint"),
        "audit": _("for an audit"),
    }.get(purpose, purpose)


def value_words(playbook: Playbook, name: str, value: Any, units: dict[int, str]) -> str:
    """One entered value in words; pictures and what is said elsewhere are left out."""
    rule = playbook.procedure.fields[name]
    if rule.type == "picture" or name in ("lead_unit", "inside_unit"):
        return ""
    if rule.type == "unit":
        return _(", ").join(units.get(one, "") for one in (value if isinstance(value, list) else [value]))
    if rule.type == "class":
        entry = library.classes(playbook.procedure.classes).get(str(value))
        return str(entry) if entry else str(value)
    if rule.type == "area":
        return atlas().full_name(value, below="county")
    if rule.type == "place":
        return " ".join(
            filter(
                None,
                [
                    atlas().full_name(value.get("area"), below="county"),
                    entering.masked(str(value.get("words", ""))),
                ],
            )
        )
    if rule.type == "one_of":
        return playbook.codes(name).get(str(value), str(value))
    if rule.type == "time":
        return words.when(datetime.fromisoformat(str(value)), now())
    if rule.type == "tick":
        return _("yes")
    return entering.masked(str(value))


def photos(case: Case, playbook: Playbook, action: CaseAction, seen: dict[str, Any]) -> list[dict[str, str]]:
    """The pictures entered in an action, with who and when as caption."""
    found = []
    for name, value in seen.items():
        if playbook.procedure.fields[name].type == "picture":
            for pk in value if isinstance(value, list) else [value]:
                url = reverse("desk-photo", args=[case.pk, pk])
                label = playbook.text("fields", name, "label")
                found.append(
                    {
                        "url": url,
                        "thumb": url + "?small",
                        "words": label,
                        "caption": f"{label} {words.clock_time(action.at)}",
                    }
                )
    return found


def told_lines(actions: Sequence[CaseAction], playbook: Playbook) -> list[tuple[datetime, str]]:
    """What the resident reads, newest first."""
    return [(action.at, text) for action in reversed(actions) if (text := told(action, playbook))]


def change_words(playbook: Playbook, action: CaseAction, units: dict[int, str]) -> dict[str, str]:
    """What somebody did meanwhile, and the state before and after."""
    before, after = (playbook.text("states", s) if s else "" for s in (action.from_state, action.to_state))
    what = what_was_done(playbook, action, units)
    return {"field": what, "before": before if before != after else "", "after": after}


def stated_words(case: Case) -> list[str]:
    """What an imported case's source says of it, a line each."""
    return [
        _("{field}: {text}").format(field=key, text=entering.masked(str(value)))
        for key, value in (case.stated or {}).items()
    ]


def ask_words(ask: Ask, playbook: Playbook) -> str:
    """An open ask as a headline: 申请延期."""
    return playbook.text("asks", ask.name, "label")


def task_words(task: Task, playbook: Playbook) -> str:
    """A task as a headline."""
    return playbook.text("tasks", task.name, "label")


def unit_names(numbers: Iterable[int | None]) -> dict[int, str]:
    """Names of units by number, in one query."""
    return {pk: str(unit) for pk, unit in units(numbers).items()}


def units(numbers: Iterable[int | None]) -> dict[int, Organisation]:
    """Units by number with their names and telephones, in one query."""
    wanted = {n for n in numbers if n}
    if not wanted:
        return {}
    return Organisation.objects.only("pk", "name", "short_name", "phone").in_bulk(wanted)


def person_names(numbers: Iterable[int | None]) -> dict[int, str]:
    """Names of people by number, in one query."""
    wanted = {n for n in numbers if n}
    return dict(Person.objects.filter(pk__in=wanted).values_list("pk", "name")) if wanted else {}


def units_in(actions: Iterable[CaseAction]) -> list[int]:
    """The numbers of the units that actions name."""
    found = []
    for action in actions:
        for name in ("lead_unit", "inside_unit", "proposed_unit", "units"):
            value = action.values.get(name)
            found += value if isinstance(value, list) else [value] if value else []
    return found
