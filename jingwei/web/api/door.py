"""What every request passes before its operation: language, size and kind of the body, unknown parameters."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache, wraps
from typing import Any

from django.conf import settings
from django.core.exceptions import SuspiciousOperation
from django.http import HttpRequest, HttpResponse
from django.utils import translation
from django.utils.translation.trans_real import parse_accept_lang_header
from django.views.decorators.csrf import csrf_exempt

from jingwei.kernel import files
from jingwei.kernel.refusals import Reason
from jingwei.web.api import problems
from jingwei.web.api.described import LANGUAGES, Takes
from jingwei.web.api.problems import Wrong

MOST_JSON = 256 * 1024
MOST_PICTURE = files.MOST_BYTES + 64 * 1024
_MOST_HEADER = 200
_OURS = {code.lower(): code.lower() for code in LANGUAGES}

View = Callable[..., Any]


def door(view: View, takes: Callable[[], Mapping[str, Takes]]) -> View:
    """Let a request in to its operation, or answer it here; `takes` says by method what the address takes."""

    @wraps(view)
    def inside(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            language = language_of(request)
        except SuspiciousOperation:  # more parameters than anybody reads: said below
            language = settings.LANGUAGE_CODE
        with translation.override(language):
            try:
                answer = _let_in(request, takes()) or view(request, *args, **kwargs)
            except problems.KNOWN as no:
                answer = problems.answered(request, no)
        if "Allow" not in answer.headers and answer.status_code == 405:
            answer.headers["Allow"] = ", ".join(sorted(takes()))
        answer.headers["Content-Language"] = language
        answer.headers.setdefault("Cache-Control", "no-store")
        return answer

    return csrf_exempt(inside)  # a token is sent on purpose, never by a browser itself


def language_of(request: HttpRequest) -> str:
    """What the address asks for, else the header, else the city's own language."""
    asked = _OURS.get(request.META.get("QUERY_STRING", "") and request.GET.get("language", "").lower())
    return asked or _from_header(request.META.get("HTTP_ACCEPT_LANGUAGE", ""))


@lru_cache(maxsize=256)
def _from_header(wanted: str) -> str:
    spoken = [code for code, _name in settings.LANGUAGES]
    for code, _quality in parse_accept_lang_header(wanted[:_MOST_HEADER]):
        for ours in spoken:
            if code.split("-")[0] == ours.split("-")[0]:
                return ours
    return settings.LANGUAGE_CODE


def _let_in(request: HttpRequest, takes: Mapping[str, Takes]) -> HttpResponse | None:
    """None: let it in. Otherwise the answer; what is not right about the request is raised."""
    if not takes:  # the address leads nowhere
        return None
    known = takes.get(request.method or "")
    if known is None:
        allowed = {"allowed": sorted(takes)}
        raise Wrong("method-not-allowed", 405, Reason("method-not-allowed", values=allowed))
    if known.token and "HTTP_AUTHORIZATION" not in request.META:
        return problems.no_token()
    if request.META.get("QUERY_STRING"):
        _look_at_parameters(request, known)
    _look_at_body(request, known)
    return None


def _look_at_body(request: HttpRequest, known: Takes) -> None:
    said = str(request.META.get("CONTENT_LENGTH", ""))
    length = int(said) if said.isascii() and said.isdigit() else 0
    if not length:
        return
    most = MOST_PICTURE if known.body.startswith("multipart/") else MOST_JSON
    if length > most:
        raise Wrong("too-large", 413, Reason("body-too-large", values={"most": most // 1024}))
    if known.body and request.content_type != known.body:
        wanted = Reason("wrong-kind-of-body", values={"wanted": known.body})
        raise Wrong("wrong-kind-of-body", 415, wanted)


def _look_at_parameters(request: HttpRequest, known: Takes) -> None:
    names = sorted(known.parameters)
    why = [
        Reason("unknown-parameter", name, {"known": names})
        for name in request.GET
        if name not in known.parameters
    ]
    language = request.GET.get("language")
    if language is not None and language.lower() not in _OURS:
        why.append(Reason("not-one-of-these", "language", {"allowed": list(LANGUAGES)}))
    if why:
        raise Wrong("not-valid", 422, *why)
