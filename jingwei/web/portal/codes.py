"""The code of a report: who may open it, how often a wrong one may be tried, which device remembers it."""

from __future__ import annotations

from datetime import timedelta
from functools import cache

from django.conf import settings
from django.core import signing
from django.http import Http404, HttpRequest, HttpResponse

from jingwei.engine import queries
from jingwei.engine.models import Case
from jingwei.kernel import ids, throttle
from jingwei.kernel.actors import Party
from jingwei.web.shell import who

TRIES_PER_ADDRESS = throttle.Rate("code", 30, timedelta(minutes=10))
LAST_CODE, LAST_CODE_KEPT = "last_code", timedelta(days=30)
TRIES_IN_ALL = throttle.Rate("code-all", 3000, timedelta(minutes=10))


def opened(request: HttpRequest, code: str) -> tuple[Case, Party]:
    """The case of a code; every wrong try counts, per address and in total, and too many end it.

    While all the city's tries are used up, codes open only on the devices that they were given to.
    """
    throttle.refuse_if_full(TRIES_PER_ADDRESS, of=who.address_of(request))
    if code_given_to(request) != ids.read_code(code):
        throttle.refuse_if_full(TRIES_IN_ALL)
    found = queries.case_by_code(code)
    if found is None:
        throttle.count(TRIES_PER_ADDRESS, of=who.address_of(request))
        throttle.count(TRIES_IN_ALL)
        raise Http404
    return found


def code_given_to(request: HttpRequest) -> str:
    """The query code that this device was given last; a cookie that is not ours says nothing."""
    try:
        return _signer().unsign(request.COOKIES.get(LAST_CODE, ""), max_age=LAST_CODE_KEPT)
    except signing.BadSignature:
        return ""


def give_code(answer: HttpResponse, code: str) -> None:
    """Let the device that reported remember the code."""
    answer.set_cookie(
        LAST_CODE, _signer().sign(code), max_age=LAST_CODE_KEPT,
        httponly=True, samesite="Lax", secure=settings.CITY.secure,
    )  # fmt: skip


@cache
def _signer() -> signing.TimestampSigner:
    return signing.TimestampSigner(salt=LAST_CODE)
