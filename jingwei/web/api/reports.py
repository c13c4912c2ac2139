"""Reports of residents, without a token: send one, follow one by its code. Limited as the portal is."""

from __future__ import annotations

from typing import Annotated, Any

from django.http import HttpRequest, HttpResponse
from ninja import Path, Router

from jingwei.engine import actions, entering, keeping, queries
from jingwei.engine.queries import CasePage
from jingwei.kernel import throttle
from jingwei.kernel.actors import Party
from jingwei.kernel.refusals import Reason, Refused
from jingwei.registry.atlas import atlas
from jingwei.web.api import answers, bodies
from jingwei.web.api.cases import procedure_named, same_key, taken_in
from jingwei.web.api.problems import playbook_for
from jingwei.web.api.showing import sent, unit_codes
from jingwei.web.api.token import Key
from jingwei.web.portal import codes, following
from jingwei.web.portal.report import KINDS, REPORTS_PER_ADDRESS, SHOWN
from jingwei.web.shell import who

router = Router(tags=["reports of residents"], by_alias=True)


@router.post("reports", auth=None, response={201: answers.TakenIn})
def report(request: HttpRequest, report: bodies.Report, key: Key = None) -> HttpResponse:
    """Report something. No account; the answer holds the number and the code to follow it by."""
    playbook = procedure_named(report.procedure)
    playbook_for(request, playbook)
    same_key(key, report.id)

    def count() -> None:
        throttle.count(REPORTS_PER_ADDRESS, of=who.address_of(request))

    try:
        if report.procedure not in KINDS.values():
            raise Refused(Reason("unknown-procedure", "procedure", {"known": sorted(KINDS.values())}))
        if officers := [name for name in report.values if name not in SHOWN]:
            raise Refused(*(Reason("not-asked-for", name) for name in officers))
        taken = actions.take_in(
            report.id,
            report.procedure,
            report.values,
            by=Party(),
            source="resident",
            bound_to="portal",
            claimed_at=report.claimed_at,
            first=count,
        )
    except Refused:
        count()  # what was counted in the transaction went back with it; a try counts even when it fails
        raise
    return sent(taken_in(taken), status=201)


@router.get("reports/{code}", auth=None, response=answers.Followed)
def follow(
    request: HttpRequest, code: Annotated[str, Path(..., min_length=1, max_length=40)]
) -> HttpResponse:
    """How a report goes, for whoever knows its code. After 30 wrong ones in ten minutes none is looked up."""
    case, party = codes.opened(request, code)
    page = queries.case_page(case, party)
    playbook_for(request, page.playbook)
    may = {option.name for option in page.allowed}
    step = following.next_step(case) if case.ended_at is None else None
    body = {
        "number": case.number,
        "procedure": case.procedure,
        "state": case.state,
        "kind": case.state_kind,
        "headline": page.playbook.text("headline", case.state),
        "place": atlas().full_name(case.area_id, below="county"),
        "received_at": case.received_at,
        "ended_at": case.ended_at,
        "next": {"what": step["what"], "by": step["by"] or None} if step else None,
        "answer": _reply(page),
        "line": [
            {"at": action.at, "text": text}
            for action in page.actions
            if (text := following.told(action, page.playbook))
        ],
        "may_rate": page.playbook.procedure.rating is not None
        and not actions.why_not_rate(page.change, "reporter"),
        "may_reopen": "reopening" in may,
        "readings": [
            {"at": at, "field": field, "purpose": purpose, "role": role}
            for at, field, purpose, role in keeping.readings_of(case)
        ],
    }
    return sent(body)


def _reply(page: CasePage) -> dict[str, Any] | None:
    """The latest result or reply."""
    for action in reversed(page.actions):
        text = action.values.get("reply") or action.values.get("result")
        if text:
            unit = unit_codes([action.unit]).get(action.unit or 0)
            return {"at": action.at, "text": entering.masked(str(text)), "unit": unit}
    return None
