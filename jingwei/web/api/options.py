"""What may be done with a case and why not, for programs: the answers of the very rules that act."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from jingwei.engine import actions
from jingwei.engine.library import Playbook
from jingwei.engine.queries import CasePage, Option
from jingwei.kernel.refusals import Reason
from jingwei.registry.staff import Staff
from jingwei.web.api import problems

_PARTS = {"move": "moves", "ask": "asks", "task": "tasks"}


def of_page(page: CasePage, actor: Staff) -> list[dict[str, Any]]:
    """Every move, ask, task, decision, answer, link and callback of the case's state, for this actor."""
    found = [_of_rule(page, option) for option in page.options]
    return found + _answering(page) + _linking(page) + _callback(page)


def _of_rule(page: CasePage, option: Option) -> dict[str, Any]:
    """A move, ask or task. What must be there and is not yet, is needed like what is entered every time."""
    missing = tuple(name for name in getattr(option.rule, "has", ()) if name not in page.case.values)
    return _choice(
        page.playbook,
        option.kind,
        option.name,
        page.playbook.text(_PARTS[option.kind], option.name, "label"),
        option.reasons,
        needs=(*option.needs, *missing),
        may=tuple(name for name in option.may if name not in missing),
    )


def _choice(
    playbook: Playbook,
    kind: str,
    name: str,
    label: str,
    why: tuple[Reason, ...],
    *,
    needs: tuple[str, ...] = (),
    may: tuple[str, ...] = (),
    number: int | None = None,
) -> dict[str, Any]:
    return {
        "kind": kind,
        "name": name,
        "label": label,
        "allowed": not why,
        "reasons": [problems.said(reason, playbook) for reason in why],
        "needs": list(needs),
        "may": list(may),
        "id": number,
    }


def _answering(page: CasePage) -> list[dict[str, Any]]:
    """Asks that wait for a decision, work that waits for an answer."""
    playbook, found = page.playbook, []
    for ask in page.asks:
        if ask.state == "open":
            label = playbook.text("asks", ask.name, "label")
            why = _only(ask.decider_role, page)
            found.append(_choice(playbook, "decision", ask.name, label, why, may=("reason",), number=ask.pk))
    for task in page.tasks:
        if task.state == "open":
            label = playbook.text("tasks", task.name, "answered")
            needs = playbook.procedure.tasks[task.name].answer
            why = _only(task.to_role, page)
            found.append(_choice(playbook, "answer", task.name, label, why, needs=needs, number=task.pk))
    return found


def _only(role: str, page: CasePage) -> tuple[Reason, ...]:
    return () if role in page.roles else (Reason("wrong-role", values={"who": [role]}),)


def _linking(page: CasePage) -> list[dict[str, Any]]:
    found = []
    for name, rule in page.playbook.procedure.links.items():
        if page.case.state not in rule.while_:
            continue
        why = () if page.roles & set(rule.by) else (Reason("wrong-role", values={"who": list(rule.by)}),)
        if name in page.case.counters:
            why = (*why, Reason("already-follows"))
        label = page.playbook.text("links", name, "label")
        found.append(_choice(page.playbook, "link", name, label, why))
    return found


def _callback(page: CasePage) -> list[dict[str, Any]]:
    """Asking the reporter by telephone what they say about the result."""
    rule = page.playbook.procedure.rating
    if rule is None or not rule.callback_by or page.case.state not in rule.asked:
        return []
    why = tuple(actions.why_not_rate(page.change, "callback"))
    return [
        _choice(
            page.playbook, "rating", "callback", _("Callback"), why, needs=rule.questions, may=("remark",)
        )
    ]
