"""Accounts: open, renew, close, unlock, end sessions; the code that is printed once.

Where staff signed in from.
"""

from __future__ import annotations

from typing import Any

import segno
from django import forms
from django.conf import settings
from django.contrib import messages
from django.db.models import Q, QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_POST

from jingwei.kernel import accounts, journal
from jingwei.kernel.models import Account, ApiToken, LoginSession, StaffAccess
from jingwei.kernel.moments import now
from jingwei.kernel.refusals import Refused
from jingwei.registry import logins
from jingwei.registry.models import Person
from jingwei.web import reasons, words
from jingwei.web.admin import said
from jingwei.web.admin.forms import Asked, PersonField, refuse
from jingwei.web.admin.frame import Pages, account_keepers, frame, log_readers
from jingwei.web.shell.refusing import status_of
from jingwei.web.shell.who import StaffRequest

EVENTS = {
    "login": gettext_lazy("signed in"),
    "failed": gettext_lazy("wrong password or code"),
    "locked": gettext_lazy("locked after five failures"),
    "refused-locked": gettext_lazy("tried while locked"),
}


@require_GET
@account_keepers
def browse(request: StaffRequest) -> HttpResponse:
    """Accounts by login name; a search by login, name or staff number.

    Those locked, not activated, or closed.
    """
    text, state = request.GET.get("q", "").strip()[:60], request.GET.get("state", "")
    found = _search(text, state)
    pages = Pages(request, found, total=found.count())
    people = Person.objects.in_bulk([account.person for account in pages.rows])
    rows = [
        [
            said.cell(account.login, reverse("admin-account", args=[account.pk])),
            people[account.person].name if account.person in people else "—",
            people[account.person].staff_no if account.person in people else "—",
            state_of(account),
            _("on") if account.second_factor else _("asked for") if account.needs_second_factor else "—",
            words.when(account.last_login, now()) if account.last_login else _("never"),
        ]
        for account in pages.rows
    ]
    heads: list[tuple[str, bool] | str] = [
        _("Login name"),
        _("Person's name"),
        _("Number"),
        _("State"),
        _("Second factor"),
        _("Last sign-in"),
    ]
    context = {
        **frame(request),
        "text": text,
        "state": state,
        "states": _states(),
        "pages": pages,
        "table": said.table(_("Accounts"), heads, rows),
    }
    return render(request, "admin/accounts.html", context)


def _states() -> list[tuple[str, str]]:
    return [("locked", _("Locked")), ("new", _("Not activated yet")), ("closed", _("Closed"))]


def _search(text: str, state: str) -> QuerySet[Account]:
    found = Account.objects.order_by("login")
    if text:
        people = Person.objects.filter(Q(name__contains=text) | Q(staff_no__istartswith=text)).values("pk")
        found = found.filter(Q(login__icontains=text) | Q(person__in=people))
    if state == "locked":
        return found.filter(is_active=True, locked_until__gt=now())
    if state == "new":
        return found.filter(is_active=True, activation__isnull=False)
    return found.filter(is_active=state != "closed")


def state_of(account: Account) -> str:
    """What an account is right now, in words."""
    if not account.is_active:
        return _("closed")
    if account.locked_until and account.locked_until > now():
        return _("locked until {until}").format(until=words.when(account.locked_until, now()))
    if account.activation is not None and account.activation_until is not None:
        if account.activation_until < now():
            return _("the activation code has run out")
        return _("waits to be activated until {until}").format(
            until=words.when(account.activation_until, now())
        )
    return _("in use")


@require_GET
@account_keepers
def one(request: StaffRequest, pk: int) -> HttpResponse:
    """One account: its state, running sessions and tokens, what was done with it."""
    account = get_object_or_404(Account, pk=pk)
    context = {
        **frame(request),
        "account": account,
        "person": Person.objects.select_related("organisation").filter(pk=account.person).first(),
        "state": state_of(account),
        "locked": bool(account.locked_until and account.locked_until > now()),
        "own": account.person == request.staff.person,
        "sessions": LoginSession.objects.filter(account=account, ended_at=None).order_by("-seen_at")[:20],
        "tokens": ApiToken.objects.filter(account=account, revoked_at=None, expires_at__gt=now()).order_by(
            "expires_at"
        )[:20],
        "history": said.lines(journal.lines_of(account)[-20:][::-1]),
    }
    return render(request, "admin/account.html", context)


class NewLogin(Asked):
    """Whose account, under which name."""

    person = PersonField(
        label=gettext_lazy("Person"), help_text=gettext_lazy("Type a name or a staff number.")
    )
    login = forms.CharField(
        label=gettext_lazy("Login name"),
        max_length=40,
        help_text=gettext_lazy("Left empty: the staff number."),
        required=False,
    )


@account_keepers
def open_one(request: StaffRequest) -> HttpResponse:
    """Open an account; the answer is the sheet with the activation code, to be printed once."""
    known = Person.objects.filter(staff_no=request.GET.get("person", ""), left_at=None).first()
    form = NewLogin(request.POST if request.method == "POST" else None, initial={"person": known})
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            person = form.cleaned_data["person"]
            try:
                account, code = logins.open_login(
                    person, form.cleaned_data["login"] or person.staff_no, by=request.staff
                )
            except Refused as refused:
                refuse(form, refused, {})
                status = status_of(refused)
            else:
                return _sheet(request, account, person, code)
    context = {
        **frame(request),
        "form": form,
        "title": _("Open an account"),
        "back": (reverse("admin-accounts"), _("Accounts")),
        "button": _("Open it and print the code"),
        "about": _("The code appears once, on the next page. Have the printer ready."),
    }
    return render(request, "admin/form.html", context, status=status)


@require_POST
@account_keepers
def renew(request: StaffRequest, pk: int) -> HttpResponse:
    """A fresh code for a lost password, or for somebody who comes back; the old password ends."""
    account = get_object_or_404(Account, pk=pk)
    try:
        code = logins.renew_login(account, by=request.staff)
    except Refused as refused:
        return _refused(request, account, refused)
    return _sheet(request, account, Person.objects.filter(pk=account.person).first(), code)


def _sheet(request: StaffRequest, account: Account, person: Person | None, code: str) -> HttpResponse:
    """The page with the code: shown once, kept by no cache."""
    address = request.build_absolute_uri(reverse("activate"))
    context = {
        **frame(request),
        "account": account,
        "person": person,
        "code": " ".join(code[n : n + 4] for n in range(0, len(code), 4)),
        "address": address,
        "qr": segno.make(address, error="m").svg_inline(scale=4, dark="#000", light="#fff", border=1),
        "city_name": settings.CITY.name,
    }
    answer = render(request, "admin/activation.html", context)
    answer["Cache-Control"] = "no-store"
    return answer


@require_POST
@account_keepers
def unlock(request: StaffRequest, pk: int) -> HttpResponse:
    """End a lock before its time."""
    account = get_object_or_404(Account, pk=pk)
    accounts.unlock(account, by=request.staff)
    messages.success(request, _("The account is unlocked."))
    return redirect("admin-account", pk=pk)


@require_POST
@account_keepers
def remove_second_factor(request: StaffRequest, pk: int) -> HttpResponse:
    """The telephone is lost: a new second factor is set up at the next login. Never one's own."""
    account = get_object_or_404(Account, pk=pk)
    if account.person == request.staff.person:
        return _refused(request, account, Refused("own-account"))
    accounts.remove_second_factor(account, by=request.staff)
    messages.success(request, _("The second factor is removed; a new one is set up at the next sign-in."))
    return redirect("admin-account", pk=pk)


@require_POST
@account_keepers
def end_sessions(request: StaffRequest, pk: int) -> HttpResponse:
    """End every session and token of an account."""
    account = get_object_or_404(Account, pk=pk)
    accounts.end_sessions(account, by=request.staff)
    messages.success(request, _("Every session and token of it has ended."))
    return redirect("admin-account", pk=pk)


@require_POST
@account_keepers
def close(request: StaffRequest, pk: int) -> HttpResponse:
    """Close an account at once; never one's own."""
    account = get_object_or_404(Account, pk=pk)
    if account.person == request.staff.person:
        return _refused(request, account, Refused("own-account"))
    if account.is_active:
        accounts.close_account(account, by=request.staff)
    messages.success(request, _("The account is closed."))
    return redirect("admin-account", pk=pk)


def _refused(request: StaffRequest, account: Account, refused: Refused) -> HttpResponse:
    context: dict[str, Any] = {
        **frame(request),
        "reasons": reasons.say_all(refused),
        "back": (reverse("admin-account", args=[account.pk]), account.login),
    }
    return render(request, "admin/refused.html", context, status=status_of(refused))


@require_GET
@log_readers
def recent_logins(request: StaffRequest) -> HttpResponse:
    """Where staff signed in from: a log of its own, for auditors and security officers, kept 12 months."""
    event, text = request.GET.get("event", ""), request.GET.get("q", "").strip()[:60]
    found = StaffAccess.objects.order_by("-at", "-pk").select_related("account")
    if event in EVENTS:
        found = found.filter(event=event)
    if text:
        people = Person.objects.filter(Q(name__contains=text) | Q(staff_no__istartswith=text)).values("pk")
        found = found.filter(Q(account__login__icontains=text) | Q(account__person__in=people))
    pages = Pages(request, found)
    names = said.people_names(row.account.person for row in pages.rows if row.account)
    rows = [
        [
            words.when(row.at, now()),
            row.account.login if row.account else "—",
            names.get(row.account.person, "—") if row.account else "—",
            str(EVENTS.get(row.event, row.event)),
            row.address or "—",
        ]
        for row in pages.rows
    ]
    heads: list[tuple[str, bool] | str] = [
        _("When"),
        _("Login name"),
        _("Person's name"),
        _("What"),
        _("Address"),
    ]
    context = {
        **frame(request),
        "event": event,
        "text": text,
        "events": EVENTS.items(),
        "pages": pages,
        "table": said.table(_("Sign-ins"), heads, rows),
    }
    return render(request, "admin/logins.html", context)
