"""Tokens for programs that act from one of my posts: make one after the second factor, list them, end one."""

from __future__ import annotations

from typing import Any

from django import forms
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from jingwei.kernel import accounts
from jingwei.kernel.models import Account, ApiToken, LoginSession
from jingwei.kernel.moments import now
from jingwei.kernel.refusals import Reason, Refused
from jingwei.registry.models import Assignment
from jingwei.web import reasons
from jingwei.web.shell.login import posts_of
from jingwei.web.shell.refusing import status_of
from jingwei.web.shell.who import StaffRequest, staff_only

MOST_SHOWN = 100
USUAL_DAYS, MOST_DAYS = 90, 366


class NewToken(forms.Form):
    """What the token is for, which post it acts from, how long it counts."""

    use_required_attribute = False
    label = forms.CharField(
        label=gettext_lazy("What it is for"),
        help_text=gettext_lazy("The program, or the office that runs it."),
        max_length=60,
    )
    assignment = forms.ChoiceField(label=gettext_lazy("Acts from"))
    days = forms.IntegerField(
        label=gettext_lazy("Counts for so many days"), min_value=1, max_value=MOST_DAYS, initial=USUAL_DAYS
    )

    def __init__(self, posts: list[Assignment], data: Any = None) -> None:
        super().__init__(data, label_suffix="")
        choices = [(str(row.pk), row.post.title) for row in posts]
        self.fields["assignment"] = forms.ChoiceField(
            label=gettext_lazy("Acts from"), choices=choices, initial=choices[0][0] if choices else None
        )
        for field in self.fields.values():
            missing = _("{field} is still missing.").format(field=field.label)
            field.error_messages = {**field.error_messages, "required": missing}
        between = reasons.say(Reason("token-days", values={"most": MOST_DAYS}))
        for bound in self.fields["days"].validators:
            bound.message = between  # type: ignore[attr-defined]


@staff_only
def tokens(request: StaffRequest) -> HttpResponse:
    """My tokens, and the form for one more. A new one's secret is shown once, in the answer to the form."""
    form = NewToken(posts_of(request.running.person), request.POST if request.method == "POST" else None)
    if request.method != "POST":
        return render(request, "shell/tokens.html", _page(request, form))
    if not form.is_valid():
        return render(request, "shell/tokens.html", _page(request, form), status=422)
    try:
        token, secret = accounts.issue_token(
            _account(request),
            LoginSession.objects.get(pk=request.running.session),
            assignment=int(form.cleaned_data["assignment"]),
            label=form.cleaned_data["label"],
            days=form.cleaned_data["days"],
        )
    except Refused as refused:
        for text in reasons.say_all(refused):
            form.add_error(None, text)
        return render(request, "shell/tokens.html", _page(request, form), status=status_of(refused))
    made = {"secret": secret, "made": token}
    answer = render(request, "shell/tokens.html", {**_page(request, form), **made})
    answer["Cache-Control"] = "no-store"
    return answer


@require_POST
@staff_only
def revoke(request: StaffRequest, pk: int) -> HttpResponse:
    """End one of my tokens at once."""
    account = _account(request)
    token = get_object_or_404(ApiToken.objects.select_related("account"), pk=pk, account=account)
    accounts.revoke_token(token, by=accounts.themselves(account, request.staff.assignment))
    return redirect("tokens")


def _account(request: StaffRequest) -> Account:
    return Account.objects.get(pk=request.running.account)


def _page(request: StaffRequest, form: NewToken) -> dict[str, Any]:
    mine = list(ApiToken.objects.filter(account=request.running.account).order_by("-pk")[:MOST_SHOWN])
    posts = Assignment.objects.select_related("post").in_bulk([token.assignment for token in mine])
    return {
        "form": form,
        "may_make": request.running.second_factor_at is not None,
        "tokens": [
            {"token": token, "post": posts[token.assignment].post.title, **_state(token)}
            for token in mine
            if token.assignment in posts
        ],
    }


def _state(token: ApiToken) -> dict[str, Any]:
    """What a token is now, in a word, and since or until when."""
    if token.revoked_at is not None:
        return {"state": _("ended"), "at": token.revoked_at, "counts": False}
    if token.expires_at <= now():
        return {"state": _("expired"), "at": token.expires_at, "counts": False}
    return {"state": _("counts until"), "at": token.expires_at, "counts": True}
