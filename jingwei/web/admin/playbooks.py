"""Playbooks: what is in force, what the checker says, states, moves and clocks in the city's words.

Publish what ships newer.
"""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from jingwei.engine import library, publishing
from jingwei.engine.checking import check
from jingwei.engine.definition import AskRule, ClockRule, LimitRule, Move, Verb
from jingwei.engine.library import Playbook
from jingwei.engine.models import ProcedureVersion
from jingwei.kernel.calendar import Limit
from jingwei.kernel.refusals import Refused
from jingwei.registry import roles
from jingwei.web import reasons
from jingwei.web.admin import reference, said
from jingwei.web.admin.frame import administrators, frame
from jingwei.web.desk.shown import limit_words
from jingwei.web.portal.home import kept_words
from jingwei.web.shell.refusing import status_of
from jingwei.web.shell.who import StaffRequest


@require_GET
@administrators
def playbooks(request: StaffRequest) -> HttpResponse:
    """Procedures in force, and what ships with the system beside them."""
    shipped = publishing.shipped()
    published = {row.pk: row.published_at for row in ProcedureVersion.objects.only("pk", "published_at")}
    found = []
    for name, playbook in sorted(library.all_in_force().items()):
        p = playbook.procedure
        found.append(
            {
                "name": name,
                "title": playbook.text("name"),
                "version": p.version,
                "published_at": published.get(playbook.row),
                "states": len(p.states),
                "moves": len(p.moves),
                "clocks": len(p.clocks),
                "problems": check.problems_of(playbook),
            }
        )
    context = {
        **frame(request),
        "found": found,
        "shipped": shipped,
        "newer": [one for one in shipped if one.newer and not one.problems],
        "unsound": [one for one in shipped if one.problems],
    }
    return render(request, "admin/playbooks.html", context)


@require_POST
@administrators
def publish(request: StaffRequest) -> HttpResponse:
    """Put every newer playbook that ships with the system into force."""
    try:
        new = publishing.publish_newer(by=request.staff)
    except Refused as refused:
        context = {
            **frame(request),
            "reasons": reasons.say_all(refused),
            "back": (reverse("admin-playbooks"), _("Playbooks")),
        }
        return render(request, "admin/refused.html", context, status=status_of(refused))
    if new:
        messages.success(
            request,
            ngettext("{n} playbook is in force.", "{n} playbooks are in force.", len(new)).format(n=len(new)),
        )
    else:
        messages.info(request, _("Everything that ships was in force already."))
    return redirect("admin-playbooks")


@require_GET
@administrators
def one(request: StaffRequest, name: str) -> HttpResponse:
    """One procedure in force, as tables a non-programmer can read."""
    playbook = library.all_in_force().get(name)
    if playbook is None:
        raise Http404
    rows = (
        ProcedureVersion.objects.filter(procedure=name)
        .only("pk", "version", "published_at", "digest")
        .order_by("-version")
    )
    p = playbook.procedure
    context = {
        **frame(request),
        "name": name,
        "title": playbook.text("name"),
        "version": p.version,
        "confidential": p.confidential,
        "problems": check.problems_of(playbook),
        "versions": [
            {"version": row.version, "at": row.published_at, "digest": row.digest[:12]} for row in rows
        ],
        "states": [
            {
                "kind": state.kind,
                "label": playbook.text("states", key),
                "owner": _role(playbook, state.owner),
                "outcome": playbook.text("outcomes", state.outcome) if state.outcome else "",
            }
            for key, state in p.states.items()
        ],
        "tables": [
            _roles(playbook),
            _moves(playbook),
            _asks(playbook),
            _tasks(playbook),
            _clocks(playbook),
            _fields(playbook),
        ],
    }
    return render(request, "admin/playbook.html", context)


def _role(playbook: Playbook, name: str | None) -> str:
    return playbook.text("roles", name) if name else ""


def _names(playbook: Playbook, part: str, names: Any) -> str:
    return _(", ").join(
        _("any open state") if name == "any_open" else playbook.text(part, name) for name in names
    )


def _labels(playbook: Playbook, names: Any) -> str:
    return _(", ").join(playbook.text("fields", name, "label") for name in names)


def _roles(playbook: Playbook) -> dict[str, Any]:
    rows = []
    for name, role in playbook.procedure.roles.items():
        if role.post:
            at = _("organisation") if role.at == "organisation" else said.area_kind(role.at or "")
            stands = f"{roles.label(role.post)} · {at}"
        else:
            stands = {
                "reporter": _("whoever reported it"),
                "lead_unit": _("the unit the case was given to"),
                "task_unit": _("the unit of a task"),
            }[role.is_ or "reporter"]
        rows.append([playbook.text("roles", name), stands, _names(playbook, "roles", role.not_)])
    return said.table(
        _("Roles"), [_("Roles"), _("Who that is"), _("Never the same person as")], rows, hide_caption=False
    )


def _moves(playbook: Playbook) -> dict[str, Any]:
    rows = [
        [
            playbook.text("moves", name, "label"),
            _names(playbook, "states", move.from_),
            _("stays") if move.to == "same" else playbook.text("states", move.to),
            _names(playbook, "roles", move.who),
            _needed(playbook, move),
            _(", ").join(reference.condition(word) for word in move.if_),
            _(", ").join(_verb(playbook, verb) for verb in (*move.then, *move.tell)),
        ]
        for name, move in playbook.procedure.moves.items()
    ]
    heads: list[tuple[str, bool] | str] = [
        _("Move"),
        _("From state"),
        _("To state"),
        _("Who"),
        _("Needs"),
        _("If"),
        _("Then and tell"),
    ]
    return said.table(_("Moves"), heads, rows, hide_caption=False)


def _needed(playbook: Playbook, move: Move) -> str:
    return _labels(playbook, dict.fromkeys((*move.needs, *move.has)))


def _verb(playbook: Playbook, verb: Verb) -> str:
    """A verb of `then` or `tell` in words, with what it is about."""
    p = playbook.procedure
    parts = ("clocks", p.clocks), ("roles", p.roles), ("moves", p.moves), ("fields", p.fields)
    about = next(
        (
            playbook.text(part, verb.what, *(["label"] if part in ("moves", "fields") else []))
            for part, known in parts
            if verb.what in known
        ),
        verb.what,
    )
    more = " ({})".format(", ".join(f"{k}: {v}" for k, v in verb.args.items())) if verb.args else ""
    return _("{verb}: {about}").format(verb=reference.verb_label(verb.verb), about=about) + more


def _asks(playbook: Playbook) -> dict[str, Any] | None:
    rows = [
        [
            playbook.text("asks", name, "label"),
            _names(playbook, "states", rule.while_),
            _names(playbook, "roles", rule.by),
            _names(playbook, "roles", rule.decided_by),
            _limit(rule.within),
            _labels(playbook, rule.needs),
            _granted(playbook, rule),
        ]
        for name, rule in playbook.procedure.asks.items()
    ]
    heads: list[tuple[str, bool] | str] = [
        _("Ask"),
        _("While"),
        _("Who asks"),
        _("Who decides"),
        _("Time to decide"),
        _("Needs"),
        _("When granted"),
    ]
    return said.table(_("Asks"), heads, rows, hide_caption=False) if rows else None


def _granted(playbook: Playbook, rule: AskRule) -> str:
    parts = [playbook.text("states", rule.granted.to)] if rule.granted.to else []
    return _(", ").join(
        [*parts, *(_verb(playbook, verb) for verb in (*rule.granted.then, *rule.granted.tell))]
    )


def _tasks(playbook: Playbook) -> dict[str, Any] | None:
    rows = [
        [
            playbook.text("tasks", name, "label"),
            _names(playbook, "states", rule.while_),
            _names(playbook, "roles", rule.given_by),
            _role(playbook, rule.to),
            playbook.text("moves", rule.joins, "label") if rule.joins else "",
        ]
        for name, rule in playbook.procedure.tasks.items()
    ]
    heads: list[tuple[str, bool] | str] = [
        _("Task"),
        _("While"),
        _("Given by"),
        _("Answered by"),
        _("Waits for it"),
    ]
    return said.table(_("Tasks"), heads, rows, hide_caption=False) if rows else None


def _clocks(playbook: Playbook) -> dict[str, Any]:
    rows = [
        [
            playbook.text("clocks", name),
            _runs(playbook, rule),
            _limit(rule.limit),
            {"pause": _("stands still"), "stop": _("stops"), "reset": _("begins anew")}[rule.leaving],
            _("slips")
            if rule.late == "slips"
            else _(", ").join(_verb(playbook, verb) for verb in rule.late) or _("its owner is told"),
        ]
        for name, rule in playbook.procedure.clocks.items()
    ]
    heads: list[tuple[str, bool] | str] = [
        _("Clock"),
        _("Runs in"),
        _("Limit"),
        _("On leaving"),
        _("When late"),
    ]
    return said.table(_("Clocks"), heads, rows, hide_caption=False)


def _runs(playbook: Playbook, rule: ClockRule) -> str:
    if rule.while_:
        return _names(playbook, "states", rule.while_)
    start = rule.starts
    begins = ""
    if start and start.entering:
        begins = _("from {state} on").format(state=playbook.text("states", start.entering))
    elif start and start.at:
        begins = _("from the move {move} on").format(move=playbook.text("moves", start.at, "label"))
    paused = (
        _("; not in {states}").format(states=_names(playbook, "states", rule.pauses_in))
        if rule.pauses_in
        else ""
    )
    return begins + paused


def _limit(rule: LimitRule) -> str:
    """A limit in words: one, by urgency, or the class's own."""

    def said_(limit: Limit | None) -> str:
        return limit_words(limit) if limit else ""

    if rule.standard:
        return _("as the class says")
    if rule.every:
        return said_(rule.every)
    return _("{normal}, urgent {urgent}").format(normal=said_(rule.normal), urgent=said_(rule.urgent))


def _fields(playbook: Playbook) -> dict[str, Any]:
    rows = [
        [
            playbook.text("fields", name, "label"),
            reference.field_type(rule.type),
            rule.level,
            rule.purpose,
            kept_words(rule.keep),
            _(", ").join(
                {"participants": _("who takes part"), "everyone": _("everyone")}.get(seer)
                or playbook.text("roles", seer)
                for seer in rule.seen_by
            ),
        ]
        for name, rule in playbook.procedure.fields.items()
    ]
    heads: list[tuple[str, bool] | str] = [
        _("Field"),
        _("Type"),
        _("Level"),
        _("For what"),
        _("Kept"),
        _("Seen by"),
    ]
    return said.table(_("Fields"), heads, rows, hide_caption=False)


@require_GET
@administrators
def words_of_playbooks(request: StaffRequest) -> HttpResponse:
    """The reference: every condition and effect a playbook may name."""
    return render(request, "admin/reference.html", {**frame(request), "groups": reference.groups()})
