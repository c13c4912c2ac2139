"""Between the web server and the views: headers, language, and refusals turned into answers."""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import suppress

from django.conf import settings
from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse
from django.utils import translation
from django.views.defaults import server_error

from jingwei.kernel import away
from jingwei.kernel.refusals import Refused
from jingwei.web.api import problems
from jingwei.web.shell import refusing

Next = Callable[[HttpRequest], HttpResponse]

#: nothing is loaded from anywhere else; style attributes carry the lengths of clocks;
#: the map's worker is one of our files
_POLICY = (
    "default-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline';"
    " img-src 'self' data: blob:; worker-src 'self' blob:;"
    " connect-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)


#: no limit on tries counts longer than this, in seconds
_WINDOW = 600


class Headers:
    """Say what a page may load and use, who may keep it, and when to come back after too many tries."""

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        answer = self.get_response(request)
        answer.headers.setdefault("Content-Security-Policy", _POLICY)
        answer.headers.setdefault("Permissions-Policy", "camera=(self), geolocation=(self), microphone=()")
        answer.headers.setdefault("Cache-Control", "private, no-cache")
        if answer.status_code == 429:
            answer.headers.setdefault("Retry-After", str(_WINDOW))
        return answer


class Language:
    """The language a reader chose (cookie), else the city's own.

    The browser's wish is not asked: counters share machines.
    """

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response
        self.known = {code for code, _ in settings.LANGUAGES}

    def __call__(self, request: HttpRequest) -> HttpResponse:
        wanted = request.COOKIES.get("language", "")
        with translation.override(wanted if wanted in self.known else settings.LANGUAGE_CODE):
            answer = self.get_response(request)
            answer.headers.setdefault("Content-Language", translation.get_language() or "")
            return answer


class Refusals:
    """A refusal that no view answered itself: every reason, as a page or a fragment.

    A database that is away is answered here too, whatever view it failed.
    """

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        try:
            away.look()
        except DatabaseError as gone:
            _receive(request)  # a line with something unread on it is closed, and what comes next is lost
            return _away(request, gone)
        if not request.path_info.startswith("/api/"):  # a program is told that it sent one
            _leave_out_nul(request)
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        if isinstance(exception, Refused):
            return refusing.answer(request, exception)
        return _away(request, exception) if away.is_away(exception) else None


def failed(request: HttpRequest) -> HttpResponse:
    """The answer to what failed: a bug, or an upload that found no room before its view began."""
    failure = sys.exc_info()[1]
    if isinstance(failure, Exception) and away.is_away(failure):
        return _away(request, failure)
    return problems.fault() if request.path_info.startswith("/api/") else server_error(request)


def _receive(request: HttpRequest) -> None:
    """Take in what is being sent, and look at nothing of it."""
    with suppress(OSError):  # whoever sent it is gone
        while request.read(65536):
            pass


def _leave_out_nul(request: HttpRequest) -> None:
    """No text that anybody looks for holds this sign, and one of the databases refuses to be asked for it."""
    query = request.META.get("QUERY_STRING", "")
    request.META["QUERY_STRING"] = query.replace("%00", "").replace("\0", "")


def _away(request: HttpRequest, failure: Exception) -> HttpResponse:
    to_program = request.path_info.startswith("/api/")
    return problems.away(failure) if to_program else refusing.away(request, failure)
