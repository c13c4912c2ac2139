"""A refusal as an answer: 409 when somebody was faster, 429 when too often, 422 when the rules say no.

503 when the database is away.
"""

from __future__ import annotations

import logging

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from jingwei.engine.library import Playbook
from jingwei.kernel import failures
from jingwei.kernel.refusals import ChangedMeanwhile, Refused, SameRequestOtherContent
from jingwei.web import reasons

log = logging.getLogger("jingwei.web")

#: when to try again while the database is away, in seconds
TRY_AGAIN = 5


def status_of(refused: Refused) -> int:
    """The HTTP status of a refusal."""
    if isinstance(refused, ChangedMeanwhile | SameRequestOtherContent):
        return 409
    return 429 if any(reason.code == "too-many-tries" for reason in refused.reasons) else 422


def answer(request: HttpRequest, refused: Refused, playbook: Playbook | None = None) -> HttpResponse:
    """A page (or, for htmx, a fragment) that says every reason, in the words of the case's playbook."""
    fragment = bool(request.headers.get("HX-Request"))
    if isinstance(refused, ChangedMeanwhile):
        return render(
            request,
            "parts/conflict.html" if fragment else "409.html",
            {"url": request.get_full_path()},
            status=409,
        )
    said = [{"text": text} for text in reasons.say_all(refused, playbook)]
    return render(
        request,
        "parts/rejected.html" if fragment else "422.html",
        {"reasons": said},
        status=status_of(refused),
    )


def away(request: HttpRequest, failure: Exception) -> HttpResponse:
    """A plain page that asks nothing of the database: it says that sending again is safe."""
    log.error("the database is away: %s", failures.said(failure))
    page = render(request, "503.html", status=503)
    page["Retry-After"] = str(TRY_AGAIN)
    return page
