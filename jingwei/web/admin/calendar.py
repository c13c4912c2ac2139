"""The working calendar: years and where they come from, a new version of one, working hours from a day on."""

from __future__ import annotations

from typing import Any

from django import forms
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET

from jingwei.kernel import calendars
from jingwei.kernel.calendar import OFFICE_HOURS, WEEKEND
from jingwei.kernel.calendars import KnownYear
from jingwei.kernel.models import CalendarYear, JournalLine, WorkingTime
from jingwei.kernel.moments import today
from jingwei.kernel.refusals import Reason, Refused
from jingwei.web.admin import said
from jingwei.web.admin.forms import Asked, DayField, DaysField, HoursField, form_page
from jingwei.web.admin.frame import administrators, frame
from jingwei.web.shell.who import StaffRequest

WEEKDAYS = (
    gettext_lazy("Mon"),
    gettext_lazy("Tue"),
    gettext_lazy("Wed"),
    gettext_lazy("Thu"),
    gettext_lazy("Fri"),
    gettext_lazy("Sat"),
    gettext_lazy("Sun"),
)


@require_GET
@administrators
def calendar(request: StaffRequest) -> HttpResponse:
    """Years around this one, the working hours and those to come, what was changed."""
    this = today().year
    times = list(WorkingTime.objects.order_by("-valid_from")[:20])
    current = next((row for row in times if row.valid_from <= today()), None)
    history = JournalLine.objects.filter(kind__in=("calendar", "working-time")).order_by("-id")[:20]
    context = {
        **frame(request),
        "years": [calendars.year_known(year) for year in range(this - 1, this + 3)],
        "versions": list(CalendarYear.objects.order_by("-year", "-version")[:30]),
        "this_year": this,
        "times": [
            {"row": row, "hours": _hours(row.hours), "weekend": _weekend(row.weekend), "now": row is current}
            for row in times
        ],
        "usual": {
            "hours": _hours([[f"{a:%H:%M}", f"{b:%H:%M}"] for a, b in OFFICE_HOURS]),
            "weekend": _weekend(sorted(WEEKEND)),
            "now": current is None,
        },
        "history": said.lines(history),
    }
    return render(request, "admin/calendar.html", context)


def _hours(spans: list[list[str]]) -> str:
    return _(", ").join(f"{begin}–{end}" for begin, end in spans)


def _weekend(days: list[int]) -> str:
    return _(", ").join(str(WEEKDAYS[day]) for day in days) or _("none")


class Year(Asked):
    """The days of a year that differ from the weekend rule."""

    year = forms.IntegerField(label=gettext_lazy("Year"), min_value=2000, max_value=2100)
    off = DaysField(
        label=gettext_lazy("Days off"),
        required=False,
        help_text=gettext_lazy("One a line, or a span: 2026-10-01 – 2026-10-07. Weekends need not be named."),
    )
    worked = DaysField(
        label=gettext_lazy("Make-up days"),
        required=False,
        help_text=gettext_lazy("Weekend days that are worked."),
    )
    source = forms.CharField(
        label=gettext_lazy("Source"),
        max_length=120,
        help_text=gettext_lazy("The notice it stands in, with its number."),
    )


@administrators
def publish_year(request: StaffRequest) -> HttpResponse:
    """A year, or its next version."""
    asked = request.GET.get("year", "")
    is_year = asked.isdecimal() and len(asked) == 4 and int(asked) > 0
    known = calendars.year_known(int(asked) if is_year else today().year + 1)
    form = Year(request.POST if request.method == "POST" else None, initial=_filled(known))

    def act(entered: dict[str, Any]) -> str:
        both = sorted(set(entered["off"]) & set(entered["worked"]))
        if both:
            raise Refused(Reason("off-and-worked", "worked", {"day": both[0].isoformat()}))
        days = {**dict.fromkeys(entered["off"], False), **dict.fromkeys(entered["worked"], True)}
        calendars.publish_year(entered["year"], days, source=entered["source"], by=request.staff)
        return reverse("admin-calendar")

    return form_page(
        request,
        form,
        act,
        title=_("Publish a year"),
        back=(reverse("admin-calendar"), _("Working calendar")),
        button=_("Publish it"),
        done=_("Published; clocks that start from now on count with it."),
        fields={"days": "off"},
        about=_("A version that was published stays as it was; this becomes the next one."),
    )


def _filled(known: KnownYear) -> dict[str, Any]:
    return {
        "year": known.year,
        "off": "\n".join(day.isoformat() for day in known.off),
        "worked": "\n".join(day.isoformat() for day in known.worked),
        "source": known.source,
    }


class Hours(Asked):
    """Working hours and weekend."""

    valid_from = DayField(label=gettext_lazy("From"))
    hours = HoursField(
        label=gettext_lazy("Working hours"),
        max_length=120,
        help_text=gettext_lazy("Spans in order, like 09:00–12:00, 14:00–18:00."),
    )
    weekend = forms.MultipleChoiceField(
        label=gettext_lazy("Days off every week"),
        required=False,
        choices=list(enumerate(WEEKDAYS)),
        widget=forms.CheckboxSelectMultiple,
    )


@administrators
def set_hours(request: StaffRequest) -> HttpResponse:
    """Working hours from a day on."""
    usual = ", ".join(f"{a:%H:%M}–{b:%H:%M}" for a, b in OFFICE_HOURS)
    initial = {"valid_from": today(), "hours": usual, "weekend": sorted(WEEKEND)}
    form = Hours(request.POST if request.method == "POST" else None, initial=initial)

    def act(entered: dict[str, Any]) -> str:
        weekend = [int(day) for day in entered["weekend"]]
        calendars.set_working_time(entered["valid_from"], entered["hours"], weekend, by=request.staff)
        return reverse("admin-calendar")

    return form_page(
        request,
        form,
        act,
        title=_("Working hours"),
        back=(reverse("admin-calendar"), _("Working calendar")),
        button=_("Set them"),
        done=_("Set; clocks that start from that day on count with them."),
    )
