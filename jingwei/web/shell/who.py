"""Who is asking: the login cookie becomes a session, a person and the one assignment acted from."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar, cast

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.utils.encoding import iri_to_uri
from django.utils.http import url_has_allowed_host_and_scheme, urlencode

from jingwei.registry import staff as registry_staff
from jingwei.registry.staff import Running, Staff

COOKIE = "jw"
P = ParamSpec("P")
R = TypeVar("R", bound=HttpResponseBase)


class StaffRequest(HttpRequest):
    """A request of somebody logged in and acting from an assignment."""

    running: Running
    staff: Staff


View = Callable[Concatenate[StaffRequest, P], HttpResponse]


def running(request: HttpRequest) -> Running | None:
    """The login session behind a request, looked up once."""
    if not hasattr(request, "_running"):
        token = request.COOKIES.get(COOKIE, "")
        request._running = registry_staff.by_cookie(token) if token else None  # type: ignore[attr-defined]
    return cast("Running | None", request._running)  # type: ignore[attr-defined]


def staff_only(
    view: Callable[Concatenate[StaffRequest, P], R],
) -> Callable[Concatenate[HttpRequest, P], R | HttpResponse]:
    """Let staff in who act from an assignment; others log in, set up the second factor, or choose a post."""

    @wraps(view)
    def guarded(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> R | HttpResponse:
        session = running(request)
        if session is None:
            return _elsewhere(request, "sign-in")
        if session.needs_second_factor and session.second_factor_at is None and not settings.DEMO:
            return _elsewhere(request, "second-factor")
        if session.staff is None:
            return _elsewhere(request, "choose-post")
        asked = cast("StaffRequest", request)
        asked.running, asked.staff = session, session.staff
        return view(asked, *args, **kwargs)

    return guarded


def roles_only(*roles: str) -> Callable[[View[P]], Callable[Concatenate[HttpRequest, P], HttpResponse]]:
    """Like `staff_only`, for posts of these roles; to everybody else the page does not exist."""

    def wrap(view: View[P]) -> Callable[Concatenate[HttpRequest, P], HttpResponse]:
        @wraps(view)
        def checked(request: StaffRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
            if request.staff.role not in roles:
                raise Http404
            return view(request, *args, **kwargs)

        return staff_only(checked)

    return wrap


def address_of(request: HttpRequest) -> str:
    """Where a request comes from; behind a proxy (`secure` in city.toml) the address it passes on."""
    if settings.CITY.secure:
        return str(request.META.get("HTTP_X_REAL_IP") or request.META.get("REMOTE_ADDR", ""))
    return str(request.META.get("REMOTE_ADDR", ""))


def safe_next(request: HttpRequest, default: str) -> str:
    """The address to go on to, if it is one of ours: a path, written as a header can carry it."""
    wanted = request.POST.get("next") or request.GET.get("next") or ""
    ours = wanted.startswith("/") and url_has_allowed_host_and_scheme(wanted, allowed_hosts=None)
    return iri_to_uri(wanted) if ours else default


def _elsewhere(request: HttpRequest, name: str) -> HttpResponse:
    if request.headers.get("HX-Request"):
        return HttpResponse(status=401)
    answer = redirect(name)
    answer["Location"] += "?" + urlencode({"next": request.get_full_path()})
    return answer


def bound_to(request: HttpRequest, *, session: Any = None) -> str:
    """What a client-made request id is bound to: the login session, or the portal."""
    found = session or getattr(request, "running", None)
    return f"session:{found.session}" if found else "portal"
