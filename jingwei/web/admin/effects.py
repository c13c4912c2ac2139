"""Stuck effects: what should have left the system and did not, with “try again”."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from jingwei.engine.models import Case
from jingwei.kernel import outbox
from jingwei.kernel.models import OutboxRow
from jingwei.kernel.moments import now
from jingwei.web.admin.frame import administrators, frame
from jingwei.web.shell.who import StaffRequest

EFFECTS = {
    "tell": gettext_lazy("tell somebody"),
    "index": gettext_lazy("put the words into the search"),
    "follow": gettext_lazy("end what follows a case"),
    "hand_over": gettext_lazy("hand open work over"),
    "take_over": gettext_lazy("take over what nobody answered for"),
}


@administrators
def effects(request: StaffRequest) -> HttpResponse:
    """Effects that failed five times or more; trying again starts their count anew."""
    if request.method == "POST":
        return _again(request)
    rows = outbox.stuck()
    numbers = dict(
        Case.objects.filter(pk__in=[row.case for row in rows if row.case]).values_list("pk", "number")
    )
    moment = now()
    waiting = OutboxRow.objects.filter(done_at=None)
    context = {
        **frame(request),
        "rows": [
            {
                "row": row,
                "what": EFFECTS.get(row.effect, row.effect),
                "case": numbers.get(row.case) if row.case else None,
            }
            for row in rows
        ],
        "waiting": waiting.filter(due_at__lte=moment)[:1000].count(),
        "oldest": waiting.filter(due_at__lte=moment, tries=0)
        .order_by("due_at")
        .values_list("due_at", flat=True)
        .first(),
        "stuck_after": outbox.STUCK_AFTER,
    }
    return render(request, "admin/effects.html", context)


def _again(request: StaffRequest) -> HttpResponse:
    chosen = [int(text) for text in request.POST.getlist("row")[:200] if text.isdecimal() and len(text) < 18]
    done = sum(
        outbox.try_again(row, by=request.staff)
        for row in OutboxRow.objects.filter(pk__in=chosen, done_at=None)
    )
    if done:
        messages.success(
            request, ngettext("{n} effect runs again.", "{n} effects run again.", done).format(n=done)
        )
    else:
        messages.info(request, _("Nothing was chosen, or it has been done by now."))
    return redirect("admin-effects")
