"""What stands around every desk page: who I am, the rail of queues with their counts, the bell."""

from __future__ import annotations

from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from jingwei.engine import queues
from jingwei.registry.staff import Staff
from jingwei.web.shell.login import OUTSIDE, posts_of
from jingwei.web.shell.who import StaffRequest

#: roles that answer the telephone
TAKES_CALLS = {"intake_desk", "call_taker", "acceptor", "dispatcher"}
#: roles that look at boards, and administrators' pages
LEADERS = {
    "city_leader",
    "county_leader",
    "street_leader",
    "community_head",
    "supervisor",
    "shift_leader",
    "dispatcher",
    "intake_desk",
}

_ICONS = {
    "mine": "inbox",
    "unit": "users",
    "late": "alert",
    "soon": "clock",
    "open": "list",
    "unlocated": "pin",
    "all": "book",
}
_KINDS = {"late": "late", "soon": "soon", "unlocated": "soon"}


def queue_label(name: str) -> str:
    """A queue's name as people read it."""
    return {
        "mine": _("Mine"),
        "unit": _("My unit"),
        "late": _("Late"),
        "soon": _("Soon due"),
        "open": _("All open"),
        "unlocated": _("Not located"),
        "all": _("All, newest first"),
    }[name]


def queue_empty(name: str) -> tuple[str, str]:
    """What an empty queue says: a headline, and what would fill it."""
    return {
        "mine": (
            _("Nothing in your hands"),
            _("Cases that wait for your post appear here, the most urgent first."),
        ),
        "unit": (_("Nothing in your unit's hands"), _("What is dispatched to your unit appears here.")),
        "late": (_("Nothing is late"), _("Cases past their limit appear here.")),
        "soon": (_("Nothing is due soon"), _("Cases due within four hours appear here.")),
        "open": (_("Nothing is open"), _("Every open case of your area appears here.")),
        "unlocated": (
            _("Every place is known"),
            _("Reports whose place nobody could find appear here, to be placed from the list."),
        ),
        "all": (_("No case yet"), _("Every case you may see appears here, the newest first.")),
    }[name]


def frame(request: StaffRequest, *, here: str = "", with_counts: bool = True) -> dict[str, Any]:
    """The context of desk/base.html."""
    staff = request.staff
    counts = queues.counts(staff) if with_counts else {}
    return {
        "me": me_of(request),
        "queues": _rail(staff, counts, here),
        "reminders": counts.get("unread", 0),
        "takes_calls": staff.role in TAKES_CALLS,
        "counts": counts,
    }


def me_of(request: StaffRequest) -> dict[str, Any]:
    """Who is acting; the other posts are asked for only when there is a choice to show."""
    staff = request.staff
    return {
        "name": staff.name,
        "post": staff.title,
        "unit": staff.organisation_name or staff.title,
        "photo": "",
        "posts": _posts(request) if request.running.posts > 1 else [],
    }


def _posts(request: StaffRequest) -> list[dict[str, Any]]:
    return [
        {"id": row.pk, "label": row.post.title, "here": row.pk == request.staff.assignment}
        for row in posts_of(request.running.person)
    ]


def _rail(staff: Staff, counts: dict[str, int], here: str) -> list[dict[str, Any]]:
    work = [_entry(name, counts, here) for name in queues.QUEUES if name in counts or name == "all"]
    asked = [
        {
            "icon": "help",
            "label": _("Asks to decide"),
            "url": reverse("desk-asks"),
            "count": counts.get("asks", 0),
            "kind": "soon",
            "here": here == "asks",
        },
        {
            "icon": "check",
            "label": _("Tasks to answer"),
            "url": reverse("desk-tasks"),
            "count": counts.get("tasks", 0),
            "kind": "soon",
            "here": here == "tasks",
        },
    ]
    groups = [{"name": _("Queues"), "queues": work}, {"name": _("Waiting for me"), "queues": asked}]
    more = []
    if staff.role in OUTSIDE:
        more.append(
            {
                "icon": "walk",
                "label": pgettext("face", "Field"),
                "url": reverse("field-today"),
                "count": None,
                "here": False,
            }
        )
    if staff.role in LEADERS:
        more.append(
            {"icon": "chart", "label": _("Board"), "url": reverse("board"), "count": None, "here": False}
        )
    if staff.role == "administrator":
        more.append(
            {
                "icon": "settings",
                "label": _("Administration"),
                "url": reverse("admin-home"),
                "count": None,
                "here": False,
            }
        )
    return [*groups, {"name": _("More"), "queues": more}] if more else groups


def _entry(name: str, counts: dict[str, int], here: str) -> dict[str, Any]:
    return {
        "icon": _ICONS[name],
        "label": queue_label(name),
        "url": reverse("desk-queue", args=[name]),
        "count": counts.get(name),
        "kind": _KINDS.get(name, ""),
        "here": here == name,
    }
