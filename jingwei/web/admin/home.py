"""Where an administrator's day begins: what is there, what is amiss, and for a young city what comes next."""

from __future__ import annotations

from typing import Any

from django.db.models import Count
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from jingwei.engine import publishing
from jingwei.engine.models import Case
from jingwei.kernel import auditing, outbox
from jingwei.kernel.models import Account, Seal
from jingwei.kernel.moments import now
from jingwei.registry import seats
from jingwei.registry.models import Area, Organisation, Person, Post
from jingwei.web.admin import said
from jingwei.web.admin.frame import everyone_here, frame
from jingwei.web.shell.who import StaffRequest

MOST_COUNTED = 10_000


@require_GET
@everyone_here
def home(request: StaffRequest) -> HttpResponse:
    """For administrators everything at a glance.

    For auditors the journal, for security officers the accounts.
    """
    role = request.staff.role
    context: dict[str, Any] = {**frame(request), "role": role}
    if role == "administrator":
        context |= _registry()
        context |= _running()
    if role in ("administrator", "auditor"):
        last = auditing.last_verified()
        context |= {
            "journal": True,
            "verified": last,
            "verified_by": said.people_names([last.person]).get(last.person or 0, _("the command line"))
            if last
            else "",
            "seal": Seal.objects.order_by("-number").first(),
        }
    if role in ("administrator", "security_officer"):
        active = Account.objects.filter(is_active=True)
        context |= {
            "accounts": active.count(),
            "locked": active.filter(locked_until__gt=now()).count(),
            "waiting": active.filter(activation__isnull=False).count(),
        }
    return render(request, "admin/home.html", context)


def _registry() -> dict[str, Any]:
    """What the registry holds, and which required seats are empty."""
    counts = dict(Area.objects.filter(valid_to=None).values_list("kind").annotate(n=Count("pk")).order_by())
    bordered = Area.objects.filter(valid_to=None, tier__gt=1, border__isnull=False).order_by("-tier")
    covered = seats.coverage()
    units, people = (
        Organisation.objects.filter(valid_to=None).count(),
        Person.objects.filter(left_at=None).count(),
    )
    required, filled = sum(c.required for c in covered), sum(c.filled for c in covered)
    return {
        "areas": [(kind, label, counts[kind]) for kind, label in said.area_kind_choices() if kind in counts],
        "units": units,
        "people": people,
        "posts": Post.objects.filter(valid_to=None).count(),
        "required": required,
        "empty_seats": required - filled,
        "steps": _steps(
            counts,
            units=units,
            people=people,
            required=required,
            filled=filled,
            bordered=bordered.values_list("kind", flat=True).first() or "",
        ),
    }


def _steps(
    counts: dict[str, int], *, units: int, people: int, required: int, filled: int, bordered: str
) -> list[dict[str, Any]]:
    """What a young city does next, each step done only when nothing of it is left.

    A city is grown once everything was imported and most required seats are filled: the note about empty
    seats says the rest.
    """
    has_areas, has_people = (
        sum(n for kind, n in counts.items() if kind != "city") > 0,
        units > 0 and people > 1,
    )
    if has_areas and has_people and bordered and 2 * filled >= required:
        return []
    steps = [
        (
            has_areas,
            _("Import the areas"),
            _("Counties, streets, communities and grids, from a file with their codes."),
            "admin-imports",
            "admin-areas",
        ),
        (
            has_people,
            _("Import organisations and people"),
            _("Who works where; each import prints the activation codes."),
            "admin-imports",
            "admin-people",
        ),
        (
            filled == required,
            _("Fill the seats that must be filled"),
            _("Until then their work climbs to the city's intake desk."),
            "admin-seats",
            "admin-seats",
        ),
        (
            bool(bordered),
            _("Import the borders"),
            _how_far(bordered),
            "admin-imports",
            "admin-borders",
        ),
    ]
    return [
        {"done": done, "title": title, "about": about, "url": _first(page, other)}
        for done, title, about, page, other in steps
    ]


def _how_far(bordered: str) -> str:
    """How far a point leads, by the finest kind of area that has a border."""
    if bordered in ("", "grid"):
        return _("Then a point finds its grid; without them, places are chosen from the list.")
    return _("So far a point finds its {kind}, and the rest is chosen from the list.").format(
        kind=said.area_kind(bordered)
    )


def _first(*pages: str) -> str:
    for page in pages:
        try:
            return reverse(page)
        except NoReverseMatch:
            continue
    return reverse("admin-home")


def _running() -> dict[str, Any]:
    """Cases, effects, playbooks: what waits for somebody."""
    open_cases = Case.objects.filter(ended_at=None)
    return {
        "open_cases": open_cases.order_by()[:MOST_COUNTED].count(),
        "most_counted": MOST_COUNTED,
        "unlocated": open_cases.filter(area=None).order_by()[:MOST_COUNTED].count(),
        "stuck": len(outbox.stuck()),
        "newer": [one for one in publishing.shipped() if one.newer and not one.problems],
    }
