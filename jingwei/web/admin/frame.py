"""What stands around the administrator's pages: who may enter, the rail, and forms that say every reason."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import NoReverseMatch, reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from jingwei.web.desk.frame import me_of
from jingwei.web.shell.who import StaffRequest, View, roles_only

P = ParamSpec("P")
Entry = tuple[str, str, str, tuple[str, ...]]  # icon, label, page, roles that may open it

ADMINS = ("administrator",)
KEEPERS = ("administrator", "security_officer")
AUDITORS = ("administrator", "auditor")
READERS = ("auditor", "security_officer")
EVERY = ("administrator", "auditor", "security_officer")


def city_posts(*roles: str) -> Callable[[View[P]], Callable[Concatenate[HttpRequest, P], HttpResponse]]:
    """Let in these roles at the city's tier, with the second factor; to others the page does not exist.

    The account may not know yet that its owner took such a post: the factor is asked for all the same, except
    in the demo.
    """

    def wrap(view: View[P]) -> Callable[Concatenate[HttpRequest, P], HttpResponse]:
        @wraps(view)
        def checked(request: StaffRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
            if request.staff.area_kind != "city":
                raise Http404
            if request.running.second_factor_at is None and not settings.DEMO:
                answer = redirect("second-factor")
                answer["Location"] += "?" + urlencode({"next": request.get_full_path()})
                return answer
            return view(request, *args, **kwargs)

        return roles_only(*roles)(checked)

    return wrap


administrators = city_posts(*ADMINS)
account_keepers = city_posts(*KEEPERS)
auditors = city_posts(*AUDITORS)
log_readers = city_posts(*READERS)
everyone_here = city_posts(*EVERY)


def frame(request: StaffRequest) -> dict[str, Any]:
    """The context of admin/base.html."""
    return {"me": me_of(request), "nav": _rail(request.staff.role), "reminders": 0, "takes_calls": False}


def _rail(role: str) -> list[dict[str, Any]]:
    """The pages this role may open, by group; the rail shows nothing that would answer 404."""
    groups: list[tuple[str, list[Entry]]] = [
        (
            _("Overview"),
            [("home", _("Administration"), "admin-home", EVERY)],
        ),
        (
            _("What there is"),
            [
                ("map", _("Areas"), "admin-areas", ADMINS),
                ("pin", _("Who answers here"), "admin-answering", ADMINS),
                ("check", _("Border checks"), "admin-borders", ADMINS),
                ("building", _("Organisations"), "admin-organisations", ADMINS),
                ("users", _("People"), "admin-people", ADMINS),
                ("badge", _("Posts and seats"), "admin-seats", ADMINS),
                ("upload", _("Imports"), "admin-imports", ADMINS),
                ("print", _("Grid boards"), "admin-boards", ADMINS),
            ],
        ),
        (
            _("How it runs"),
            [
                ("book", _("Playbooks"), "admin-playbooks", ADMINS),
                ("split", _("Dispatch catalogue"), "admin-catalogue", ADMINS),
                ("calendar", _("Working calendar"), "admin-calendar", ADMINS),
                ("send", _("Stuck effects"), "admin-effects", ADMINS),
            ],
        ),
        (
            _("Who may, and who did"),
            [
                ("key", _("Accounts"), "admin-accounts", KEEPERS),
                ("eye", _("Sign-ins"), "admin-logins", READERS),
                ("shield", _("Audit"), "admin-audit", AUDITORS),
            ],
        ),
    ]
    shown = []
    for name, entries in groups:
        links = [_link(icon, label, page) for icon, label, page, roles in entries if role in roles]
        if any(links):
            shown.append({"name": name, "links": [link for link in links if link]})
    return shown


def _link(icon: str, label: str, page: str) -> dict[str, Any] | None:
    try:
        return {
            "icon": icon,
            "label": label,
            "url": reverse(page),
            "count": None,
            "exact": page == "admin-home",
        }
    except NoReverseMatch:
        return None


def typed(request: HttpRequest) -> str:
    """What somebody has typed into a finder so far; its field may have any name."""
    return str(next(iter(request.GET.dict().values()), "")).strip()[:80]


# ---------------------------------------------------------------- pages of a long list


class Pages:
    """A part of a list, 50 at a time: `rows`, what to say about it, and which pages lie before and after."""

    def __init__(self, request: HttpRequest, found: Any, *, total: int | None = None, size: int = 50) -> None:
        asked = request.GET.get("page", "1")
        self.number = max(1, int(asked)) if asked.isdecimal() and len(asked) < 7 else 1
        start = (self.number - 1) * size
        part: list[Any] = list(found[start : start + size + 1])
        self.rows = part[:size]
        self.first = start + 1
        self.total = total
        self.previous = self.number - 1 if self.number > 1 else ""
        self.next = self.number + 1 if len(part) > size else ""

    @property
    def said(self) -> str:
        """Which rows these are, and of how many when that is known."""
        last = self.first + len(self.rows) - 1
        if self.total is None:
            return _("rows {first}–{last}").format(first=f"{self.first:,}", last=f"{last:,}")
        return _("rows {first}–{last} of {total}").format(
            first=f"{self.first:,}", last=f"{last:,}", total=f"{self.total:,}"
        )

    @property
    def needed(self) -> bool:
        """Is there more than one page?"""
        return bool(self.previous or self.next)
