"""Audit: is the journal whole, what stands in it about a subject, who read or took out what.

Nothing here changes anything but that a verification is noted.
"""

from __future__ import annotations

from secrets import SystemRandom
from typing import Any

from django.db.models import Max, Q
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_POST

from jingwei.engine import library
from jingwei.engine.models import Case
from jingwei.kernel import auditing, seals
from jingwei.kernel.journal import subject_id
from jingwei.kernel.models import Account, Journalled, JournalLine, Seal
from jingwei.kernel.moments import now
from jingwei.registry import roles
from jingwei.registry.models import Area, Assignment, Organisation, Person, Post
from jingwei.web import words
from jingwei.web.admin import said
from jingwei.web.admin.frame import auditors, frame
from jingwei.web.shell.who import StaffRequest

#: more lines than this are verified by `jingwei audit verify`, not inside a request (about ten seconds)
MOST_AT_ONCE = 200_000
MOST_LINES, SAMPLE, DRAWN_FROM = 200, 20, 1000

PURPOSES = {
    "answer_reporter": gettext_lazy("to answer the reporter"),
    "ask_reporter": gettext_lazy("to ask the reporter"),
    "check_result": gettext_lazy("to check the result"),
    "rights_request": gettext_lazy("for a request of the person concerned"),
    "complaint": gettext_lazy("for a complaint"),
    "audit": gettext_lazy("for an audit"),
}


@require_GET
@auditors
def audit(request: StaffRequest) -> HttpResponse:
    """Where it begins: the last verification, the seals, a search by subject."""
    last = auditing.last_verified()
    top = JournalLine.objects.aggregate(top=Max("id"))["top"] or 0
    newest = list(Seal.objects.order_by("-number")[:20])
    sealed = newest[0].last_line if newest else 0
    text = request.GET.get("q", "").strip()[:60]
    context = {
        **frame(request),
        "last": last,
        "last_by": said.people_names([last.person]).get(last.person or 0, _("the command line"))
        if last
        else "",
        "lines": top,
        "at_once": top <= MOST_AT_ONCE,
        "unsealed": top - sealed,
        "seals": said.table(
            _("Latest seals"),
            [
                (_("Number"), True),
                _("When"),
                (_("First line"), True),
                (_("Last line"), True),
                (_("Subjects"), True),
            ],
            [
                [s.number, words.when(s.sealed_at, now()), s.first_line, s.last_line, s.subjects]
                for s in newest
            ],
            when_empty=_("The worker seals every five minutes; none has been made yet."),
        ),
        "text": text,
        "found": _found(request, text) if text else [],
    }
    return render(request, "admin/audit.html", context)


@require_POST
@auditors
def verify(request: StaffRequest) -> HttpResponse:
    """Recompute every hash now; a large journal is left to the command line."""
    top = JournalLine.objects.aggregate(top=Max("id"))["top"] or 0
    if top > MOST_AT_ONCE:
        return render(
            request, "admin/verified.html", {**frame(request), "too_large": True, "lines": top}, status=422
        )
    found = seals.verify()
    auditing.note_verified(found, by=request.staff)
    context = {**frame(request), "found": found, "faults": found.faults[:200], "at": now()}
    return render(request, "admin/verified.html", context)


# ---------------------------------------------------------------- by subject


def _found(request: StaffRequest, text: str) -> list[dict[str, Any]]:
    """Every subject that a number names, with its latest lines."""
    subjects: list[tuple[str, str, Any]] = []  # name, kind, id
    for row, name in _subjects(request, text):
        subjects.append((name, row.journal_kind, subject_id(row)))
    if not subjects:
        return []
    wanted = Q()
    for _name, kind, subject in subjects:
        wanted |= Q(kind=kind, subject=subject)
    lines = list(JournalLine.objects.filter(wanted).order_by("-id")[:MOST_LINES])
    shown = {line.id: line for line in said.lines(lines)}
    return [
        {
            "name": name,
            "lines": [shown[line.pk] for line in lines if (line.kind, line.subject) == (kind, subject)],
        }
        for name, kind, subject in subjects
    ]


def _subjects(request: StaffRequest, text: str) -> list[tuple[Journalled, str]]:
    found: list[tuple[Journalled, str]] = []
    cases = Case.objects.filter(number=text.upper()).exclude(about_person=request.staff.person)
    if request.staff.role != "auditor":
        cases = cases.filter(
            confidential=False
        )  # that one exists at all is for its own readers, and for auditors
    found += [(case, _("Case {number}").format(number=case.number)) for case in cases]
    areas = Area.objects.filter(code=text).defer("border").order_by("-valid_from")[:5]
    found += [(area, _("Area {code} {name}").format(code=area.code, name=area.name)) for area in areas]
    found += [
        (unit, _("Organisation {code} {name}").format(code=unit.code, name=unit.name))
        for unit in Organisation.objects.filter(code=text)
    ]
    for person in Person.objects.filter(staff_no__iexact=text):
        found.append((person, _("Staff {number} {name}").format(number=person.staff_no, name=person.name)))
        found += [
            (account, _("Account {login}").format(login=account.login))
            for account in Account.objects.filter(person=person.pk)
        ]
        rows = Assignment.objects.filter(person=person).select_related("post").order_by("-starts")[:20]
        found += [(row, _("Assignment as {post}").format(post=row.post.title)) for row in rows]
    found += [
        (account, _("Account {login}").format(login=account.login))
        for account in Account.objects.filter(login=text)
    ]
    if text.isdecimal() and len(text) < 12:
        found += [
            (post, _("Post {number} {title}").format(number=post.pk, title=post.title))
            for post in Post.objects.filter(pk=int(text))
        ]
    unique = {(row.journal_kind, row.pk): (row, name) for row, name in found}
    return list(unique.values())


# ---------------------------------------------------------------- readings and exports


@require_GET
@auditors
def readings(request: StaffRequest) -> HttpResponse:
    """A sample of who read protected values and for what; drawn anew with every look.

    And every search by telephone number.
    """
    newest = list(
        JournalLine.objects.filter(kind="reading").order_by("-id").values_list("id", flat=True)[:DRAWN_FROM]
    )
    drawn = SystemRandom().sample(newest, min(SAMPLE, len(newest)))
    lines = list(JournalLine.objects.filter(pk__in=drawn).order_by("-id"))
    searches = list(JournalLine.objects.filter(kind="search").order_by("-id")[:SAMPLE])
    names = said.people_names(line.person for line in [*lines, *searches])
    numbers = dict(Case.objects.filter(pk__in=[line.subject for line in lines]).values_list("pk", "number"))
    rows = [
        [
            words.when(line.recorded_at, now()),
            numbers.get(line.subject, "—"),
            _field(str(line.detail.get("field", ""))),
            str(PURPOSES.get(str(line.detail.get("purpose", "")), line.detail.get("purpose", ""))),
            said.who(line, names),
            roles.label(str(line.detail.get("role", ""))),
        ]
        for line in lines
    ]
    heads: list[tuple[str, bool] | str] = [
        _("When"),
        _("Case"),
        _("What"),
        _("For what"),
        _("Who"),
        _("Role"),
    ]
    context = {
        **frame(request),
        "drawn_from": len(newest),
        "table": said.table(
            _("Readings"), heads, rows, when_empty=_("Nobody has read a protected value yet.")
        ),
        "searches": said.table(
            _("Searches by telephone number"),
            [_("When"), _("Who")],
            [[words.when(line.recorded_at, now()), said.who(line, names)] for line in searches],
            when_empty=_("Nobody has searched by telephone number yet."),
            hide_caption=False,
        ),
    }
    return render(request, "admin/readings.html", context)


def _field(name: str) -> str:
    for playbook in library.all_in_force().values():
        if name in playbook.procedure.fields:
            return playbook.text("fields", name, "label")
    return name


@require_GET
@auditors
def exports(request: StaffRequest) -> HttpResponse:
    """Which tables left the system, with or without personal columns, and who took them."""
    lines = list(JournalLine.objects.filter(kind="export").order_by("-id")[:MOST_LINES])
    names = said.people_names(line.person for line in lines)
    rows = [
        [
            words.when(line.recorded_at, now()),
            _table(str(line.detail.get("table", ""))),
            line.detail.get("rows"),
            _("yes") if line.detail.get("personal") else _("no"),
            said.who(line, names),
        ]
        for line in lines
    ]
    heads: list[tuple[str, bool] | str] = [
        _("When"),
        _("Table"),
        (_("Rows"), True),
        _("Personal columns"),
        _("Who"),
    ]
    context = {
        **frame(request),
        "table": said.table(_("Exports"), heads, rows, when_empty=_("No table has been taken out yet.")),
    }
    return render(request, "admin/exports.html", context)


def _table(name: str) -> str:
    return {
        "areas": _("Areas"),
        "organisations": _("Organisations"),
        "people": _("Who sits where"),
        "holes": _("Empty required seats"),
        "catalogue": _("Dispatch catalogue"),
        "boards": _("Boards to print again"),
        "border-checks": _("Border checks"),
    }.get(name, name)
