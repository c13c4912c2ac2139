"""A refusal as an answer: 409 when somebody was faster, 429 when too often, 422 when the rules say no."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from jingwei.kernel.refusals import ChangedMeanwhile, Refused, SameRequestOtherContent
from jingwei.web import reasons


def status_of(refused: Refused) -> int:
    """The HTTP status of a refusal."""
    if isinstance(refused, ChangedMeanwhile | SameRequestOtherContent):
        return 409
    return 429 if any(reason.code == "too-many-tries" for reason in refused.reasons) else 422


def answer(request: HttpRequest, refused: Refused) -> HttpResponse:
    """A page (or, for htmx, a fragment) that says every reason."""
    fragment = bool(request.headers.get("HX-Request"))
    if isinstance(refused, ChangedMeanwhile):
        return render(
            request,
            "parts/conflict.html" if fragment else "409.html",
            {"url": request.get_full_path()},
            status=409,
        )
    said = [{"text": text} for text in reasons.say_all(refused)]
    return render(
        request,
        "parts/rejected.html" if fragment else "422.html",
        {"reasons": said},
        status=status_of(refused),
    )
