"""Logging in and out, the first password, the second factor, choosing and switching the post acted from."""

from __future__ import annotations

from datetime import timedelta

import segno
from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from jingwei.kernel import accounts, passwords, throttle
from jingwei.kernel.models import Account, LoginSession
from jingwei.kernel.moments import now
from jingwei.kernel.refusals import Reason, Refused
from jingwei.registry.models import Assignment
from jingwei.registry.seats import running_assignments
from jingwei.web import reasons
from jingwei.web.shell import who
from jingwei.web.shell.doing import number_of
from jingwei.web.shell.refusing import status_of

#: where a role begins its day; everybody else at the desk
START = {
    "grid_worker": "field-today",
    "grid_chief": "field-today",
    "grid_guide": "field-today",
    "city_leader": "board",
    "county_leader": "board",
    "street_leader": "board",
    "administrator": "admin-home",
    "auditor": "admin-home",
    "security_officer": "admin-home",
}

#: the cookie with the second factor that was offered, sealed, until it is confirmed
OFFERED, OFFER_KEPT = "second_factor_offered", timedelta(hours=1)

#: the posts that work outside: the field's pages exist for them only
OUTSIDE = ("grid_worker", "grid_chief", "grid_guide", "community_head", "handler")


def sign_in(request: HttpRequest) -> HttpResponse:
    """Name and password (and the six figures, when the account has a second factor)."""
    typed = request.POST.get("login", "")
    context = {
        "login": typed,
        "next": who.safe_next(request, ""),
        "demo_accounts": demo_accounts() if settings.DEMO else [],
    }
    if request.method == "POST":
        try:
            login = accounts.log_in(
                typed.strip(),
                request.POST.get("password", ""),
                code=request.POST.get("code", ""),
                address=who.address_of(request) or None,
                device=request.headers.get("User-Agent", "")[:80],
            )
        except Refused as refused:
            asks_code = any(reason.code.startswith("second-factor") for reason in refused.reasons)
            return render(
                request,
                "shell/sign_in.html",
                {**context, "errors": reasons.say_all(refused), "asks_code": asks_code},
                status=status_of(refused),
            )
        return _begin(request, login)
    return render(request, "shell/sign_in.html", context)


def demo_accounts() -> list[dict[str, str]]:
    """The accounts of the demo city, one a role, for the sign-in page."""
    rows = Account.objects.filter(login__startswith=passwords.DEMO_PREFIX, is_active=True).order_by("pk")
    posts = {
        a.person_id: a.post
        for a in running_assignments().filter(person__in=[row.person for row in rows]).select_related("post")
    }
    return [{"login": row.login, "post": posts[row.person].title} for row in rows if row.person in posts]


@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    """End this session."""
    if session := who.running(request):
        LoginSession.objects.filter(pk=session.session).update(ended_at=now())
    answer = redirect("home")
    answer.delete_cookie(who.COOKIE)
    return answer


def activate(request: HttpRequest) -> HttpResponse:
    """The printed one-time code becomes a password."""
    errors: list[str] = []
    status = 200
    if request.method == "POST":
        try:
            throttle.count(accounts.CODES_PER_ADDRESS, of=who.address_of(request))
            if request.POST.get("password") != request.POST.get("again"):
                raise Refused(Reason("passwords-differ", "password"))
            login = request.POST.get("login", "").strip()
            accounts.activate(login, request.POST.get("code", ""), request.POST.get("password", ""))
            return _begin(
                request,
                accounts.log_in(
                    login, request.POST.get("password", ""), address=who.address_of(request) or None
                ),
            )
        except Refused as refused:
            errors, status = reasons.say_all(refused), status_of(refused)
    return render(
        request,
        "shell/activate.html",
        {"errors": errors, "login": request.POST.get("login", "")},
        status=status,
    )


def second_factor(request: HttpRequest) -> HttpResponse:
    """Set up the authenticator app; administrators must. What was scanned is good until it is confirmed."""
    session = who.running(request)
    if session is None:
        return redirect("sign-in")
    account = Account.objects.get(pk=session.account)
    if account.second_factor is not None:
        return redirect("me")
    before = request.POST.get("secret") or accounts.open_offer(account, _offered(request))
    secret = accounts.propose_second_factor(account, proposed=before)
    errors: list[str] = []
    if request.method == "POST":
        try:
            accounts.confirm_second_factor(
                account, LoginSession.objects.get(pk=session.session), secret, request.POST.get("code", "")
            )
            done = redirect(who.safe_next(request, "/desk/"))
            done.delete_cookie(OFFERED)
            return done
        except Refused as refused:
            errors = reasons.say_all(refused)
    context = {"secret": secret, "qr": _qr(accounts.otp_address(account, secret)), "errors": errors}
    answer = render(request, "shell/second_factor.html", context, status=422 if errors else 200)
    answer.set_signed_cookie(
        OFFERED, accounts.seal_offer(account, secret), salt=OFFERED, max_age=OFFER_KEPT,
        httponly=True, samesite="Lax", secure=settings.CITY.secure,
    )  # fmt: skip
    return answer


def _offered(request: HttpRequest) -> str:
    """What this device was offered and has not confirmed; a cookie that is not ours says nothing."""
    return str(request.get_signed_cookie(OFFERED, "", salt=OFFERED, max_age=OFFER_KEPT) or "")


def choose_post(request: HttpRequest) -> HttpResponse:
    """Which post to act from, when somebody holds several (or none)."""
    session = who.running(request)
    if session is None:
        return redirect("sign-in")
    mine = posts_of(session.person)
    if len(mine) == 1:
        return _act_from(request, session.session, mine[0])
    return render(request, "shell/choose_post.html", {"posts": mine, "next": who.safe_next(request, "")})


@require_POST
def switch_post(request: HttpRequest) -> HttpResponse:
    """Act from another of one's own posts."""
    session = who.running(request)
    if session is None:
        return redirect("sign-in")
    chosen = next(
        (row for row in posts_of(session.person) if str(row.pk) == request.POST.get("assignment")), None
    )
    if chosen is None:
        raise Refused(Reason("unknown-post", "post"))
    return _act_from(request, session.session, chosen)


def me(request: HttpRequest) -> HttpResponse:
    """One's own account: sessions, password, second factor."""
    session = who.running(request)
    if session is None:
        return redirect("sign-in")
    account = Account.objects.get(pk=session.account)
    errors: list[str] = []
    if request.method == "POST":
        try:
            if request.POST.get("new") != request.POST.get("again"):
                raise Refused(Reason("passwords-differ", "password"))
            accounts.change_password(account, request.POST.get("old", ""), request.POST.get("new", ""))
            return redirect("sign-in")
        except Refused as refused:
            errors = reasons.say_all(refused)
    sessions = LoginSession.objects.filter(account=account, ended_at=None).order_by("-seen_at")[:20]
    context = {
        "account": account,
        "sessions": sessions,
        "here": session.session,
        "person": session.person_name,
        "errors": errors,
    }
    return render(request, "shell/me.html", context, status=422 if errors else 200)


@require_POST
def end_session(request: HttpRequest) -> HttpResponse:
    """End one of one's own sessions elsewhere."""
    session = who.running(request)
    if session is not None:
        chosen = number_of(request.POST.get("session", "")) or 0
        LoginSession.objects.filter(pk=chosen, account=session.account, ended_at=None).update(ended_at=now())
    return redirect("me")


def posts_of(person: int) -> list[Assignment]:
    """The assignments a person may act from today."""
    return list(
        running_assignments()
        .filter(person=person)
        .select_related("post", "post__area", "post__organisation")
        .order_by("pk")
    )


def _begin(request: HttpRequest, login: accounts.Login) -> HttpResponse:
    """Set the cookie and go on: with one post straight to work, with several to the choice."""
    mine = posts_of(login.session.account.person)
    one = len(mine) == 1
    answer = _act_from(request, login.session.pk, mine[0]) if one else redirect("choose-post")
    answer.set_cookie(
        who.COOKIE, login.token, httponly=True, secure=settings.CITY.secure, samesite="Lax", max_age=12 * 3600
    )
    return answer


def _act_from(request: HttpRequest, session: int, assignment: Assignment) -> HttpResponseRedirect:
    LoginSession.objects.filter(pk=session).update(assignment=assignment.pk)
    start = START.get(assignment.post.role, "desk")
    answer = redirect(start)
    wanted = who.safe_next(request, "")
    if wanted:
        answer["Location"] = wanted
    return answer


def _qr(text: str) -> str:
    return segno.make(text, error="m").svg_inline(
        scale=5, dark="#000", light="#fff", title=_("Code for the authenticator app")
    )
