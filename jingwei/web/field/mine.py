"""Who I am: my posts, my sessions, how I read."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from jingwei.kernel.models import LoginSession
from jingwei.registry.atlas import atlas
from jingwei.web import words
from jingwei.web.field.frame import field_only, frame
from jingwei.web.shell.login import OUTSIDE, posts_of
from jingwei.web.shell.who import StaffRequest


@require_GET
@field_only
def mine(request: StaffRequest) -> HttpResponse:
    """My own page."""
    staff = request.staff
    posts = [
        {
            "id": row.pk,
            "title": row.post.title,
            "here": row.pk == staff.assignment,
            "outside": row.post.role in OUTSIDE,
        }
        for row in posts_of(request.running.person)
    ]
    running = LoginSession.objects.filter(account=request.running.account, ended_at=None)
    sessions = [(row, words.device(row.device)) for row in running.order_by("-seen_at")[:10]]
    context = {
        **frame(request),
        "where": staff.organisation_name
        if staff.area_kind in ("city", "county")
        else atlas().full_name(staff.area, below="county") or staff.organisation_name,
        "login": request.running.login,
        "posts": posts,
        "sessions": sessions,
        "here": request.running.session,
    }
    return render(request, "field/me.html", context)
