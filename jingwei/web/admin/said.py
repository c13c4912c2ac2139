"""Codes in people's words: kinds of areas and units, what a journal line says, who did it."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from jingwei.engine import library
from jingwei.kernel.models import JournalLine
from jingwei.registry.models import Organisation, Person
from jingwei.registry.models.areas import KINDS

AREA_KINDS = {
    "city": gettext_lazy("City"),
    "county": gettext_lazy("County or district"),
    "street": gettext_lazy("Street or town"),
    "community": gettext_lazy("Community or village"),
    "grid": gettext_lazy("Grid"),
    "party_grid": gettext_lazy("Party grid"),
    "police_grid": gettext_lazy("Police grid"),
    "department_grid": gettext_lazy("Governance grid"),
    "estate": gettext_lazy("Housing estate"),
    "building": gettext_lazy("Building"),
    "road_section": gettext_lazy("Road section"),
    "rail_section": gettext_lazy("Railway section"),
    "fleet": gettext_lazy("Fleet"),
    "cooperative": gettext_lazy("Cooperative"),
}

UNIT_KINDS = {
    "government": gettext_lazy("Government"),
    "grid_centre": gettext_lazy("Grid centre"),
    "street": gettext_lazy("Street office"),
    "community": gettext_lazy("Neighbourhood committee"),
    "urban_management": gettext_lazy("Urban management"),
    "municipal": gettext_lazy("Municipal works"),
    "drainage": gettext_lazy("Drainage"),
    "water": gettext_lazy("Water supply"),
    "power": gettext_lazy("Power supply"),
    "gas": gettext_lazy("Gas supply"),
    "heat": gettext_lazy("Heat supply"),
    "housing": gettext_lazy("Housing"),
    "property": gettext_lazy("Property firm"),
    "traffic": gettext_lazy("Traffic police"),
    "police": gettext_lazy("Police"),
    "court": gettext_lazy("Court"),
    "procuratorate": gettext_lazy("Procuratorate"),
    "market": gettext_lazy("Market supervision"),
    "environment": gettext_lazy("Environment"),
    "agriculture": gettext_lazy("Agriculture"),
    "civil_affairs": gettext_lazy("Civil affairs"),
    "emergency": gettext_lazy("Emergency management"),
    "fire": gettext_lazy("Fire and rescue"),
    "health": gettext_lazy("Health"),
    "education": gettext_lazy("Education"),
    "service_window": gettext_lazy("Service hall"),
    "industry_commerce": gettext_lazy("Federation of industry and commerce"),
    "publicity": gettext_lazy("Public information"),
    "mediation": gettext_lazy("Mediation committee"),
    "railway": gettext_lazy("Railway protection"),
    "superior": gettext_lazy("Complaints about conduct"),
    "party": gettext_lazy("Party organisation"),
}

SUBJECTS = {
    "area": gettext_lazy("The area"),
    "organisation": gettext_lazy("Organisation"),
    "post": gettext_lazy("Post"),
    "person": gettext_lazy("Person"),
    "assignment": gettext_lazy("Assignment"),
    "account": gettext_lazy("Account"),
    "case": gettext_lazy("Case"),
    "procedure": gettext_lazy("Playbook"),
    "catalogue": gettext_lazy("Catalogue row"),
    "import": gettext_lazy("Import"),
    "class-list": gettext_lazy("Class list"),
    "calendar": gettext_lazy("Calendar year"),
    "working-time": gettext_lazy("Working hours"),
    "seat-rule": gettext_lazy("Required seat"),
    "effect": gettext_lazy("Effect"),
    "export": gettext_lazy("Export"),
    "reading": gettext_lazy("Protected values"),
    "search": gettext_lazy("Search by telephone"),
    "journal": gettext_lazy("Journal"),
}

VERBS = {
    "area-made": gettext_lazy("area made"),
    "area-changed": gettext_lazy("area changed"),
    "area-ended": gettext_lazy("area ended"),
    "area-succeeded": gettext_lazy("succeeded by another area"),
    "alias-added": gettext_lazy("second name added"),
    "alias-removed": gettext_lazy("second name removed"),
    "overlay-mapped": gettext_lazy("laid over grids"),
    "overlay-unmapped": gettext_lazy("taken off a grid"),
    "board-printed": gettext_lazy("board printed"),
    "organisation-made": gettext_lazy("organisation made"),
    "organisation-changed": gettext_lazy("organisation changed"),
    "organisation-ended": gettext_lazy("organisation ended"),
    "areas-linked": gettext_lazy("areas of work added"),
    "area-unlinked": gettext_lazy("area of work removed"),
    "post-made": gettext_lazy("post made"),
    "post-changed": gettext_lazy("post changed"),
    "post-ended": gettext_lazy("post ended"),
    "person-taken-on": gettext_lazy("taken on"),
    "person-changed": gettext_lazy("card changed"),
    "photo-set": gettext_lazy("photo set, with consent"),
    "photo-withdrawn": gettext_lazy("photo withdrawn"),
    "assigned": gettext_lazy("assigned"),
    "assignment-ended": gettext_lazy("assignment ended"),
    "account-opened": gettext_lazy("account opened"),
    "account-activated": gettext_lazy("account activated"),
    "account-closed": gettext_lazy("account closed"),
    "account-reopened": gettext_lazy("account opened again"),
    "account-unlocked": gettext_lazy("account unlocked"),
    "activation-renewed": gettext_lazy("activation code renewed"),
    "sessions-ended": gettext_lazy("sessions ended"),
    "password-changed": gettext_lazy("password changed"),
    "second-factor-set": gettext_lazy("second factor set up"),
    "second-factor-removed": gettext_lazy("second factor removed"),
    "second-factor-required": gettext_lazy("second factor required"),
    "token-issued": gettext_lazy("token issued"),
    "token-revoked": gettext_lazy("token revoked"),
    "import-previewed": gettext_lazy("file previewed"),
    "imported": gettext_lazy("imported"),
    "failed-rows-taken": gettext_lazy("rows that failed downloaded"),
    "import-undone": gettext_lazy("import taken back"),
    "classes-imported": gettext_lazy("classes imported"),
    "published": gettext_lazy("published"),
    "catalogue-row-made": gettext_lazy("catalogue row made"),
    "catalogue-row-ended": gettext_lazy("catalogue row ended"),
    "year-published": gettext_lazy("calendar year published"),
    "working-time-set": gettext_lazy("working hours set"),
    "seat-required": gettext_lazy("seat required"),
    "seat-not-required": gettext_lazy("seat no longer required"),
    "tried-again": gettext_lazy("tried again"),
    "exported": gettext_lazy("exported"),
    "revealed": gettext_lazy("protected value read"),
    "searched-by-phone": gettext_lazy("searched by telephone"),
    "verified": gettext_lazy("journal verified"),
    "erased": gettext_lazy("personal values erased"),
    "intake": gettext_lazy("taken in"),
    "late": gettext_lazy("limit passed"),
    "rating": gettext_lazy("rated"),
}

COLUMNS = {
    "name": gettext_lazy("Name"),
    "short_name": gettext_lazy("Short name"),
    "kind": gettext_lazy("Kind"),
    "parent_id": gettext_lazy("Above it"),
    "area_id": gettext_lazy("Place"),
    "phone": gettext_lazy("Telephone"),
    "code": gettext_lazy("Code"),
    "households": gettext_lazy("Households"),
    "population": gettext_lazy("Inhabitants"),
    "border": gettext_lazy("Border"),
    "border_source": gettext_lazy("Coordinates"),
    "special": gettext_lazy("Special grid"),
    "order": gettext_lazy("Order"),
    "title": gettext_lazy("Title"),
    "duty": gettext_lazy("Duty"),
    "exclusive": gettext_lazy("One person at a time"),
    "work_phone": gettext_lazy("Work telephone"),
    "organisation_id": gettext_lazy("Unit"),
    "left_at": gettext_lazy("Left on"),
    "photo": gettext_lazy("Photo"),
    "photo_consent_at": gettext_lazy("Consent"),
    "valid_from": gettext_lazy("From"),
}


def area_kind(kind: str) -> str:
    """A kind of area; an unknown one speaks for itself."""
    return str(AREA_KINDS.get(kind, kind))


def unit_kind(kind: str) -> str:
    """A kind of unit; a city's own kinds speak for themselves."""
    return str(UNIT_KINDS.get(kind, kind))


def area_kind_choices(kinds: Iterable[str] = ()) -> list[tuple[str, str]]:
    """Kinds of areas to choose from."""
    wanted = list(kinds) or [kind for kind, _label in KINDS]
    return [(kind, area_kind(kind)) for kind in wanted]


def column(name: str) -> str:
    """A column of a card."""
    return str(COLUMNS.get(name, name))


def verb(said: str, procedure: str = "") -> str:
    """What a journal line says was done. Lines of cases (`move:close`) speak in the words of the playbook."""
    if said in VERBS:
        return str(VERBS[said])
    first, _colon, rest = said.partition(":")
    part = {"move": "moves", "ask": "asks", "decide": "asks", "task": "tasks", "late": "clocks"}.get(first)
    if part and rest:
        playbooks = [
            p for p in library.all_in_force().values() if not procedure or p.procedure.procedure == procedure
        ]
        for playbook in playbooks:
            if playbook.texts["zh"].get(part, rest):
                words = playbook.text(part, rest, "label") if part != "clocks" else playbook.text(part, rest)
                return f"{VERBS[first]} · {words}" if first in VERBS else words
    return str(VERBS.get(first, said))


@dataclass(frozen=True, slots=True)
class Line:
    """A journal line as a page shows it."""

    id: int
    seq: int
    at: datetime
    subject: str
    verb: str
    who: str
    about: str
    detail: str


def lines(found: Iterable[JournalLine]) -> list[Line]:
    """Journal lines with the names of who wrote them; one query for all names."""
    kept = list(found)
    names = people_names(line.person for line in kept)
    return [
        Line(
            line.pk,
            line.seq,
            line.happened_at,
            str(SUBJECTS.get(line.kind, line.kind)),
            verb(line.verb),
            who(line, names),
            _(", ").join(column(name) for name in line.detail.get("columns", [])),
            detail(line),
        )
        for line in kept
    ]


def who(line: JournalLine, names: dict[int, str]) -> str:
    """Who did it: a person by name, everybody else by what they are."""
    if line.person is not None:
        return names.get(line.person, _("person {number}").format(number=line.person))
    return {"party": _("a resident"), "client": _("another system"), "system": _("the system")}.get(
        line.actor_kind, ""
    )


def detail(line: JournalLine) -> str:
    """What a line notes besides, in ids and codes, short enough for a table."""
    text = (
        json.dumps(line.detail, ensure_ascii=False, separators=(", ", ": "), sort_keys=True)
        if line.detail
        else ""
    )
    return text if len(text) <= 200 else text[:199] + "…"


def people_names(numbers: Iterable[int | None]) -> dict[int, str]:
    """Names of staff by row number."""
    wanted = {number for number in numbers if number}
    return dict(Person.objects.filter(pk__in=wanted).values_list("pk", "name")) if wanted else {}


def unit_names(numbers: Iterable[int | None]) -> dict[int, str]:
    """Names of units by row number."""
    wanted = {number for number in numbers if number}
    return dict(Organisation.objects.filter(pk__in=wanted).values_list("pk", "name")) if wanted else {}


def table(
    caption: str,
    columns: list[tuple[str, bool] | str],
    rows: Iterable[list[Any]],
    *,
    when_empty: str = "",
    hide_caption: bool = True,
) -> dict[str, Any]:
    """A table for parts/table.html: a column is its label, or label and whether it holds numbers."""
    heads = [
        {"label": c, "number": False} if isinstance(c, str) else {"label": c[0], "number": c[1]}
        for c in columns
    ]
    return {
        "caption": caption,
        "columns": heads,
        "rows": list(rows),
        "when_empty": when_empty,
        "hide_caption": hide_caption,
    }


def cell(text: object, url: str) -> dict[str, str]:
    """A cell that leads somewhere."""
    return {"text": str(text), "url": url}
