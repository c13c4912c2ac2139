"""Reporting: one page, no account, the answer is a number and a code."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta
from typing import Any
from uuid import UUID

import segno
from django.conf import settings
from django.core import signing
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from jingwei.engine import actions, library, queries
from jingwei.engine.library import Playbook
from jingwei.engine.models import Case
from jingwei.kernel import ids, throttle
from jingwei.kernel.actors import Party
from jingwei.kernel.refusals import Reason, Refused
from jingwei.registry.atlas import atlas
from jingwei.web import reasons
from jingwei.web.portal import codes, following
from jingwei.web.shell import fields, places, who
from jingwei.web.shell.doing import number_of, uuid_of
from jingwei.web.shell.refusing import status_of

#: what the portal offers, by the word in the address
KINDS = {"event": "grid_event", "request": "resident_request"}
REPORTS_PER_ADDRESS = throttle.Rate("report", settings.CITY.reports_per_address, timedelta(minutes=10))


def report(request: HttpRequest, kind: str = "event") -> HttpResponse:
    """The report form; a sent one becomes a case, or comes back with all kept and each error at its place."""
    procedure = KINDS.get(kind)
    if procedure is None or procedure not in library.all_in_force():
        raise Http404
    playbook = library.in_force(procedure)
    if request.method != "POST":
        return render(request, "portal/report.html", _page(request, playbook, kind, ids.new_id(), {}))
    return _send(request, playbook, kind)


def _send(request: HttpRequest, playbook: Playbook, kind: str) -> HttpResponse:
    case_id = uuid_of(request.POST.get("id", "")) or ids.new_id()
    names = [name for name in playbook.procedure.intake.fields if name in SHOWN]
    if request.FILES:
        try:
            throttle.refuse_if_full(REPORTS_PER_ADDRESS, of=who.address_of(request))
        except Refused:
            request.FILES.clear()  # whoever has reported too often may leave no pictures here either
    raw, wrong = fields.posted(request, playbook, names, case=case_id)

    def count() -> None:
        throttle.count(REPORTS_PER_ADDRESS, of=who.address_of(request))

    try:
        if wrong:
            raise Refused(*wrong)
        procedure = playbook.procedure.procedure
        taken = actions.take_in(
            case_id, procedure, raw, by=Party(), source="resident", bound_to="portal", first=count
        )
    except Refused as refused:
        with suppress(
            Refused
        ):  # a try counts even when it fails; what the transaction counted went back with it
            count()
        context = _page(request, playbook, kind, case_id, raw, refused.reasons)
        return render(request, "portal/report.html", context, status=status_of(refused))
    _join(request, taken.case)
    answer = redirect("reported", code=taken.code)
    codes.give_code(answer, taken.code)
    return answer


def _join(request: HttpRequest, case: Case) -> None:
    """“It is the same; I met it too”: follow the report that was offered, if it is still open."""
    mark = request.POST.get("same_as")
    if not mark:
        return
    try:
        other = Case.objects.filter(pk=signing.loads(mark, salt="similar", max_age=86400)).first()
    except signing.BadSignature:
        return
    if other is not None:
        with suppress(Refused):  # ended meanwhile, or follows itself: then the new report stands alone
            actions.link(case, other, "follows", by=Party(id=case.reporter))


#: what a resident is asked for; the rest of an intake's fields is the officers'
SHOWN = {"description", "photo", "place", "urgency", "reporter_contact"}


def _page(
    request: HttpRequest,
    playbook: Playbook,
    kind: str,
    case_id: UUID,
    raw: dict[str, Any],
    refused: list[Reason] | tuple[Reason, ...] = (),
) -> dict[str, Any]:
    place = raw.get("place") or _grid_asked_for(request)
    top = next((p for p in [atlas().city()] if p), None)
    chosen = place.get("area")
    said = [(reason.field, reasons.say(reason, playbook)) for reason in refused]
    point = places.point_of(place)
    found = atlas().locate(*point) if point else atlas().get(chosen)
    return {
        "kind": kind,
        "playbook": playbook,
        "procedure": playbook.procedure,
        "id": case_id,
        "raw": raw,
        "errors": dict(said),
        "error_list": [(f"f-{name}" if name else "", text) for name, text in said],
        "labels": {name: playbook.text("fields", name, "label") for name in playbook.procedure.fields},
        "hints": {
            name: playbook.text("fields", name, "hint")
            for name in ("description", "reporter_contact")
            if name in playbook.procedure.fields
        },
        "urgencies": playbook.codes("urgency") if "urgency" in playbook.procedure.fields else {},
        "kept": fields.kept_pictures(case_id, raw.get("photo", [])),
        "areas": [area for area in atlas().children(top.id) if area.tier] if top else [],
        "point": {name: place.get(name, "") for name in ("lon", "lat", "source")},
        "place_words": place.get("words", ""),
        "place_area": chosen or "",
        "place_named": places.named(found) if found else "",
        "areas_url": reverse("list-below"),
        "name_url": reverse("name-place"),
        "geojson": reverse("borders", args=[top.code]) if top else "",
        "similar_url": reverse("similar", args=[kind]),
    }


def _grid_asked_for(request: HttpRequest) -> dict[str, Any]:
    """A grid board's QR code opens the form with its grid already chosen."""
    place = atlas().by_code.get(request.GET.get("grid", ""))
    return {"area": place.id} if place else {}


@require_GET
def similar(request: HttpRequest, kind: str) -> HttpResponse:
    """Open reports near by that may be the same: class, rounded place and age, never words or pictures."""
    procedure = KINDS.get(kind)
    if procedure is None or procedure not in library.all_in_force():
        raise Http404
    playbook = library.in_force(procedure)
    point, words = places.point_of(request.GET), request.GET.get("description", "")[:500]
    lists = [number for choice in request.GET.getlist("area") if (number := number_of(choice))]
    if point:
        found = queries.similar(words, lon=point[0], lat=point[1])
    else:
        found = queries.similar(words, area=lists[-1]) if lists else []
    offered = [
        case for case in found if case.procedure == playbook.procedure.procedure and not _is_complaint(case)
    ]
    shown = [_as_public(case, playbook) for case in offered]
    return render(request, "portal/similar.html", {"similar": shown})


def _is_complaint(case: Case) -> bool:
    """A case about a unit or a person is offered to nobody: who it is about may stand at any phone."""
    return any((case.about_unit, case.about_post, case.about_person))


def _as_public(case: Case, playbook: Playbook) -> dict[str, Any]:
    entry = library.classes(playbook.procedure.classes).get(case.class_top)
    return {
        "class": str(entry) if entry else _("not classed yet"),
        "place": atlas().name(case.grid or case.community),
        "received_at": case.received_at,
        "mark": signing.dumps(str(case.pk), salt="similar"),
        "state": playbook.text("states", case.state),
        "kind": case.state_kind,
    }


def reported(request: HttpRequest, code: str) -> HttpResponse:
    """Thank you: the number, the code, its QR, and what happens next and by when."""
    case, _party = codes.opened(request, code)
    address = request.build_absolute_uri(reverse("follow", args=[code]))
    context = {
        "case": case,
        "code": ids.show_code(code),
        "plain_code": code,
        "qr": segno.make(address, error="m").svg_inline(scale=4, dark="#000", light="#fff"),
        "next": following.next_step(case),
        "place": atlas().full_name(case.area_id, below="county"),
    }
    return render(request, "portal/reported.html", context)
