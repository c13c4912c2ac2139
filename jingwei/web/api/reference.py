"""What there is, for programs that fill forms: who I am, procedures and their fields, classes, areas."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from django.http import Http404, HttpRequest, HttpResponse
from ninja import Query, Router

from jingwei.engine import library
from jingwei.engine.definition import ClockRule, FieldRule
from jingwei.engine.library import Playbook
from jingwei.engine.models import ProcedureVersion
from jingwei.kernel.refusals import Reason, Refused
from jingwei.registry import coordinates
from jingwei.registry.atlas import atlas
from jingwei.registry.staff import Staff
from jingwei.web.api import answers, bodies
from jingwei.web.api.acting import Name
from jingwei.web.api.showing import place, sent, unit_codes
from jingwei.web.api.token import ApiRequest

router = Router(tags=["what there is"], by_alias=True)

MOST_AREAS = 1000

Kind = Literal["", "city", "county", "street", "community", "grid"]
Degrees = Annotated[float, Query(..., ge=-360, le=360, allow_inf_nan=False)]


@router.get("me", response=answers.Me)
def me(request: ApiRequest) -> HttpResponse:
    """Whose token this is, and the one post it acts from."""
    actor: Staff = request.auth
    body = {
        "name": actor.name,
        "role": actor.role,
        "title": actor.title,
        "post": actor.post,
        "area": actor.area_code,
        "area_kind": actor.area_kind,
        "unit": unit_codes([actor.organisation]).get(actor.organisation or 0),
    }
    return sent(body)


# ---------------------------------------------------------------- places


@router.get("areas", auth=None, response=answers.Places)
def areas(
    request: HttpRequest,
    under: Annotated[bodies.Line, Query("", max_length=24, description="a code, else the city")] = "",
    kind: Kind = "",
    after: Annotated[bodies.Shown, Query("", max_length=24, description="the `next` of before")] = "",
    limit: Annotated[int, Query(200, ge=1, le=MOST_AREAS)] = 200,
) -> HttpResponse:
    """Areas in force, by their code: an area and everything below it, or only one kind of them."""
    here = atlas()
    top = here.by_code.get(under) if under else here.city()
    if under and top is None:
        raise Refused(Reason("unknown-area", "under"))
    below = [p for p in here.under(top.id) if p.code > after and kind in ("", p.kind)] if top else []
    below.sort(key=lambda p: p.code)
    further = below[limit - 1].code if len(below) > limit else None
    return _kept({"areas": [place(p) for p in below[:limit]], "next": further})


@router.get("areas/locate", auth=None, response=answers.Located)
def locate(
    request: HttpRequest,
    lon: Degrees,
    lat: Degrees,
    source: Literal["cgcs2000", "wgs84", "gcj02", "bd09"] = "wgs84",
) -> HttpResponse:
    """Which area a point lies in. Say the coordinate system: maps and phones in China often use gcj02."""
    here = atlas()
    if why := coordinates.plausible(lon, lat, here.bounds):
        raise Refused(Reason(f"point-{why.replace('_', '-')}"))
    found = here.locate(*coordinates.to_cgcs2000(lon, lat, source))
    up = list(here.up(found.id)) if found else []
    body = {
        "area": place(found) if found else None,
        "above": [place(one) for one in up[1:]],
        "full_name": here.full_name(found.id) if found else "",
    }
    return sent(body)


# ---------------------------------------------------------------- procedures and classes


@router.get("procedures", auth=None, response=answers.Procedures)
def procedures(request: HttpRequest) -> HttpResponse:
    """Procedures in force."""
    return _kept({"procedures": [_listed(playbook) for playbook in library.all_in_force().values()]})


@router.get("procedures/{name}", auth=None, response=answers.ProcedureSaid)
def procedure(
    request: HttpRequest,
    name: Name,
    version: Annotated[int | None, Query(None, ge=1, le=99999, description="else the one in force")] = None,
) -> HttpResponse:
    """A procedure: its fields with their privacy declarations, states, moves, asks."""
    return _kept(_said(_version(name, version)))


@router.get("classes/{name}", auth=None, response=answers.Classes)
def classes(request: HttpRequest, name: Name) -> HttpResponse:
    """A list of classes with their standards; procedures say which list is theirs."""
    entries = library.classes(name)
    if not entries:
        raise Http404
    said = [
        {
            "code": entry.code,
            "parent": entry.parent or None,
            "name": str(entry),
            "in_use": entry.in_use,
            "limits": entry.limits,
            "filed_when": entry.filed_when,
            "closed_when": entry.closed_when,
            "evidence": entry.evidence,
        }
        for entry in entries.values()
    ]
    return _kept({"name": name, "classes": said})


def _version(name: str, number: int | None) -> Playbook:
    there = library.all_in_force().get(name)
    if there is None:
        raise Http404
    if number is None or number == there.procedure.version:
        return there
    row = ProcedureVersion.objects.filter(procedure=name, version=number).values_list("pk", flat=True).first()
    if row is None:
        raise Http404
    return library.version(row)


def _listed(playbook: Playbook) -> dict[str, Any]:
    rule = playbook.procedure
    return {
        "name": rule.procedure,
        "version": rule.version,
        "title": playbook.text("name"),
        "classes": rule.classes,
        "sources": list(rule.sources),
        "confidential": rule.confidential,
    }


def _said(playbook: Playbook) -> dict[str, Any]:
    rule, text = playbook.procedure, playbook.text
    return _listed(playbook) | {
        "roles": {
            name: {"label": text("roles", name), "post": role.post, "at": role.at, "is": role.is_}
            for name, role in rule.roles.items()
        },
        "fields": {name: _field(playbook, name, field) for name, field in rule.fields.items()},
        "intake": {
            "needs": list(rule.intake.needs),
            "may": list(rule.intake.may),
            "about": rule.intake.about,
        },
        "states": {
            name: {
                "label": text("states", name),
                "kind": state.kind,
                "owner": state.owner,
                "outcome": state.outcome,
            }
            for name, state in rule.states.items()
        },
        "moves": {
            name: {
                "label": text("moves", name, "label"),
                "from": list(move.from_),
                "to": move.to,
                "who": list(move.who),
                "needs": list(move.needs),
                "has": list(move.has),
                "may": list(move.may),
                "if": list(move.if_),
            }
            for name, move in rule.moves.items()
        },
        "asks": {
            name: {
                "label": text("asks", name, "label"),
                "while": list(ask.while_),
                "by": list(ask.by),
                "needs": list(ask.needs),
                "decided_by": list(ask.decided_by),
            }
            for name, ask in rule.asks.items()
        },
        "tasks": {
            name: {
                "label": text("tasks", name, "label"),
                "while": list(task.while_),
                "given_by": list(task.given_by),
                "to": task.to,
                "needs": list(task.needs),
                "answer": list(task.answer),
            }
            for name, task in rule.tasks.items()
        },
        "links": {
            name: {
                "label": text("links", name, "label"),
                "while": list(link.while_),
                "by": list(link.by),
                "undo_by": list(link.undo_by),
            }
            for name, link in rule.links.items()
        },
        "clocks": {name: _limit(clock) for name, clock in rule.clocks.items()},
        "rating": list(rule.rating.questions) if rule.rating else [],
    }


def _field(playbook: Playbook, name: str, rule: FieldRule) -> dict[str, Any]:
    hint = playbook.text("fields", name, "hint")
    return {
        "label": playbook.text("fields", name, "label"),
        "hint": "" if hint == "hint" else hint,
        "type": rule.type,
        "many": rule.many,
        "codes": playbook.codes(name) if rule.type == "one_of" else None,
        "level": rule.level,
        "purpose": rule.purpose,
        "basis": rule.basis,
        "keep": rule.keep,
        "seen_by": list(rule.seen_by),
    }


def _limit(rule: ClockRule) -> str:
    """`4wh`, `urgent 10m, normal 30wm`, or the class's `standard handle`."""
    limit = rule.limit
    if limit.standard:
        return f"standard {limit.standard}"
    return str(limit.every) if limit.every else f"urgent {limit.urgent}, normal {limit.normal}"


def _kept(body: Any) -> HttpResponse:
    """Public facts may be kept for a few minutes, in each language."""
    answer = sent(body)
    answer["Cache-Control"] = "public, max-age=300"
    answer["Vary"] = "Accept-Language"
    return answer
