"""One thing to do in a case, from button to action: what it is called, what it takes, how it is done."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.http import HttpRequest
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from jingwei.engine import actions
from jingwei.engine.library import Playbook
from jingwei.engine.models import Ask, Case, Task
from jingwei.kernel.refusals import Reason, Refused
from jingwei.registry.models import Organisation
from jingwei.registry.staff import Staff
from jingwei.web.shell.typed import unit_code
from jingwei.web.shell.who import bound_to

Raw = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Sent:
    """What a form carries besides its fields: its id, what it showed of the case, to whom work is given."""

    request: UUID | None = None
    bound_to: str = ""
    revision: int | None = None
    seen: int | None = None  # the last action that it showed
    to_unit: str = ""
    due: str = ""
    detail: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Doing:
    """A move, an ask, a task to give or answer, a decision: its label, its fields, and how it is done."""

    kind: str
    name: str
    label: str
    needs: tuple[str, ...]
    may: tuple[str, ...]
    do: Callable[[Raw, Sent], object]

    @property
    def names(self) -> tuple[str, ...]:
        """Every field that the form shows, once."""
        return tuple(dict.fromkeys((*self.needs, *self.may)))


def sent_with(request: HttpRequest, *, detail: Mapping[str, Any] | None = None) -> Sent:
    """Read what the form carries besides its fields; `detail` is what the page adds, like a catalogue row."""
    return Sent(
        request=uuid_of(request.POST.get("request", "")),
        bound_to=bound_to(request),
        revision=number_of(request.POST.get("revision", "")),
        seen=number_of(request.POST.get("seen", "")),
        to_unit=unit_code(said(request.POST, "to_unit")),
        due=request.POST.get("due", ""),
        detail=detail,
    )


def uuid_of(text: str) -> UUID | None:
    """The id that a form carries, or None for anything else."""
    try:
        return UUID(text)
    except ValueError:
        return None


def said(sent: Mapping[str, str], name: str) -> str:
    """The text under a name of an address or a form, without what no column can hold."""
    return sent.get(name, "").replace("\0", "").strip()


def number_of(text: str) -> int | None:
    """A whole number that a row can have, or None for anything else (“²” is a digit, but no number)."""
    return int(text) if text.isdecimal() and len(text) < 10 else None


def doing_of(case: Case, playbook: Playbook, kind: str, name: str, *, by: Staff) -> Doing | None:
    """What an address of the form kind/name means in this case; None when there is no such thing.

    That it may be done is not asked here: the action answers that, with every reason.
    """
    make = _KINDS.get(kind)
    return make(case, playbook, name, by) if make else None


# ---------------------------------------------------------------- the kinds


def _move(case: Case, playbook: Playbook, name: str, by: Staff) -> Doing | None:
    rule = playbook.procedure.moves.get(name)
    if rule is None:
        return None
    missing = tuple(field for field in rule.has if field not in case.values)
    known = tuple(field for field in rule.has if field in case.values)

    def do(raw: Raw, sent: Sent) -> object:
        return actions.move_case(
            case,
            name,
            by=by,
            entered=raw,
            expected=sent.revision,
            request=sent.request,
            bound_to=sent.bound_to,
            detail=sent.detail,
        )

    label = playbook.text("moves", name, "label")
    return Doing("move", name, label, (*rule.needs, *missing), (*known, *rule.may), do)


def _ask(case: Case, playbook: Playbook, name: str, by: Staff) -> Doing | None:
    rule = playbook.procedure.asks.get(name)
    if rule is None:
        return None

    def do(raw: Raw, sent: Sent) -> object:
        return actions.ask(case, name, by=by, entered=raw, request=sent.request, bound_to=sent.bound_to)

    return Doing("ask", name, playbook.text("asks", name, "label"), rule.needs, (), do)


def _task(case: Case, playbook: Playbook, name: str, by: Staff) -> Doing | None:
    rule = playbook.procedure.tasks.get(name)
    if rule is None:
        return None

    def do(raw: Raw, sent: Sent) -> object:
        return actions.give_task(
            case,
            name,
            by=by,
            to_unit=_unit(sent.to_unit),
            due_at=_moment(sent.due),
            entered=raw,
            request=sent.request,
            bound_to=sent.bound_to,
        )

    return Doing("task", name, playbook.text("tasks", name, "label"), rule.needs, (), do)


def _answer(case: Case, playbook: Playbook, name: str, by: Staff) -> Doing | None:
    given = Task.objects.filter(case=case, pk=number_of(name) or 0).first()
    if given is None:
        return None

    def do(raw: Raw, sent: Sent) -> object:
        return actions.answer_task(given, by=by, entered=raw, request=sent.request, bound_to=sent.bound_to)

    label = playbook.text("tasks", given.name, "answered")
    return Doing("answer", name, label, playbook.procedure.tasks[given.name].answer, (), do)


def _decision(case: Case, playbook: Playbook, name: str, by: Staff, *, granted: bool) -> Doing | None:
    question = Ask.objects.filter(case=case, pk=number_of(name) or 0).first()
    if question is None:
        return None

    def do(raw: Raw, sent: Sent) -> object:
        return actions.decide(
            question, granted, by=by, entered=raw, request=sent.request, bound_to=sent.bound_to
        )

    label = playbook.text("asks", question.name, "granted" if granted else "refused")
    needs, may = ((), ("reason",)) if granted else (("reason",), ())
    return Doing("grant" if granted else "refuse", name, label, needs, may, do)


def _grant(case: Case, playbook: Playbook, name: str, by: Staff) -> Doing | None:
    return _decision(case, playbook, name, by, granted=True)


def _refuse(case: Case, playbook: Playbook, name: str, by: Staff) -> Doing | None:
    return _decision(case, playbook, name, by, granted=False)


_KINDS: dict[str, Callable[[Case, Playbook, str, Staff], Doing | None]] = {
    "move": _move,
    "ask": _ask,
    "task": _task,
    "answer": _answer,
    "grant": _grant,
    "refuse": _refuse,
}


def _unit(code: str) -> int:
    unit = Organisation.objects.filter(code=code, valid_to=None).only("pk").first()
    if unit is None:
        raise Refused(Reason("unknown-unit", "to_unit"))
    return unit.pk


def _moment(text: str) -> datetime | None:
    if not text:
        return None
    try:
        moment = parse_datetime(text)
    except ValueError:
        moment = None
    if moment is None:
        raise Refused(Reason("not-a-time", "due"))
    return moment if timezone.is_aware(moment) else timezone.make_aware(moment)
