"""The day of somebody in the field: what is late, what is due today, what comes later."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import dateformat, timezone
from django.utils.translation import pgettext
from django.views.decorators.http import require_GET

from jingwei.kernel.moments import now
from jingwei.web import words
from jingwei.web.field import jobs
from jingwei.web.field.frame import field_only, frame
from jingwei.web.shell.who import StaffRequest


@require_GET
@field_only
def today(request: StaffRequest) -> HttpResponse:
    """My open tasks, the most urgent first."""
    found = jobs.jobs_of(request.staff)
    context = {
        **frame(request),
        "groups": jobs.groups_of(found[: jobs.MOST]),
        "more": len(found) >= jobs.MOST,
        "date": dateformat.format(timezone.localtime(now()), pgettext("date format", "j M")),
        "weekday": words.weekday(now()),
    }
    return render(request, "field/today.html", context)
