"""Forms of the administrator's pages.

Fields that find areas, units and people, and one way to show, refuse and do.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, time
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse_lazy
from django.utils.translation import gettext as _

from jingwei.kernel.refusals import Reason, Refused
from jingwei.registry.models import Area, Organisation, Person, Post
from jingwei.web import reasons
from jingwei.web.admin.frame import frame
from jingwei.web.shell.fields import Finder
from jingwei.web.shell.refusing import status_of
from jingwei.web.shell.who import StaffRequest

MOST_CODES = 500


class Asked(forms.Form):
    """A form whose missing fields are named in the summary, and which the server alone judges."""

    use_required_attribute = False

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("label_suffix", "")
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            said = _("{field} is still missing.").format(field=field.label)
            field.error_messages = {**field.error_messages, "required": said}


class _Found(forms.CharField):
    """A finder's text, as it is typed or chosen: the code, a blank, the name. The code counts."""

    address = ""
    unknown = "not-one-of"

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("max_length", 200)
        super().__init__(widget=Finder(reverse_lazy(self.address)), **kwargs)  # type: ignore[arg-type]

    def prepare_value(self, value: Any) -> Any:
        """Show what is there as the finder would offer it."""
        return self.shown(value) if hasattr(value, "pk") else value

    def shown(self, value: Any) -> str:
        return f"{value.code} {value.name}"

    def clean(self, value: Any) -> Any:
        """Return the row, or nothing when nothing was typed."""
        text = super().clean(value)
        if not text:
            return None
        found = self.find(text.split(" ")[0], text)
        if found is None:
            raise ValidationError(reasons.say(Reason(self.unknown)))
        return found

    def find(self, code: str, text: str) -> Any:
        raise NotImplementedError


class AreaField(_Found):
    """An area in force, by code (or by a name that only one has)."""

    address, unknown = "admin-find-area", "unknown-area"

    def find(self, code: str, text: str) -> Area | None:
        areas = Area.objects.filter(valid_to=None)
        found = areas.filter(code=code).first()
        if found is None:
            named = list(areas.filter(name=text)[:2])
            found = named[0] if len(named) == 1 else None
        return found


class UnitField(_Found):
    """A unit in force, by code (or by a name that only one has)."""

    address, unknown = "find-unit", "unknown-unit"

    def find(self, code: str, text: str) -> Organisation | None:
        units = Organisation.objects.filter(valid_to=None)
        found = units.filter(code=code).first()
        if found is None:
            named = list(units.filter(name=text)[:2])
            found = named[0] if len(named) == 1 else None
        return found


class PersonField(_Found):
    """Somebody on the staff, by number."""

    address, unknown = "admin-find-person", "unknown-person"

    def shown(self, value: Any) -> str:
        return f"{value.staff_no} {value.name}"

    def find(self, code: str, text: str) -> Person | None:
        return Person.objects.filter(staff_no=code, left_at=None).first()


class PostField(_Found):
    """A post that stands, by its row number."""

    address, unknown = "admin-find-post", "unknown-post"

    def shown(self, value: Any) -> str:
        return f"{value.pk} {value.title}"

    def find(self, code: str, text: str) -> Post | None:
        return (
            Post.objects.filter(pk=int(code), valid_to=None).first()
            if code.isdecimal() and len(code) < 18
            else None
        )


class CodesField(forms.CharField):
    """Areas by their codes, one a line (or apart by blanks and commas); unknown ones are named."""

    def __init__(self, *, kind: str = "", **kwargs: Any) -> None:
        self.kind = kind
        super().__init__(widget=forms.Textarea({"rows": 4}), max_length=MOST_CODES * 30, **kwargs)

    def clean(self, value: Any) -> list[Area]:
        """Return the areas in the order of their codes."""
        text = super().clean(value)
        for mark in "，,、;；\n\t":
            text = text.replace(mark, " ")
        codes = list(dict.fromkeys(text.split()))[: MOST_CODES + 1]
        if len(codes) > MOST_CODES:
            raise ValidationError(reasons.say(Reason("too-many", values={"most": MOST_CODES})))
        areas = Area.objects.filter(code__in=codes, valid_to=None)
        found = list((areas.filter(kind=self.kind) if self.kind else areas).order_by("code"))
        unknown = [code for code in codes if code not in {area.code for area in found}]
        if unknown:
            listed = ", ".join(unknown[:10])
            raise ValidationError(_("There is no such area in force: {codes}.").format(codes=listed))
        return found


class DayField(forms.DateField):
    """A day, from the browser's own picker or typed."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            widget=forms.DateInput({"type": "date"}, format="%Y-%m-%d"),
            input_formats=["%Y-%m-%d", "%Y.%m.%d", "%Y/%m/%d"],
            **kwargs,
        )
        self.error_messages["invalid"] = _("write a day, like 2026-11-20.")


class DaysField(forms.CharField):
    """Days, one a line; `2026-10-01 – 2026-10-07` is a span."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            widget=forms.Textarea({"rows": 6, "inputmode": "numeric"}), max_length=8000, **kwargs
        )

    def clean(self, value: Any) -> list[date]:
        """Return the days in order, each once."""
        days: set[date] = set()
        wrong = []
        for line in super().clean(value).splitlines():
            if line.strip():
                try:
                    days |= _span(line)
                except ValueError:
                    wrong.append(line.strip()[:40])
        if wrong:
            raise ValidationError(
                _("No day: {lines}. Write 2026-10-01, or a span 2026-10-01 – 2026-10-07.").format(
                    lines="; ".join(wrong[:5])
                )
            )
        return sorted(days)


def _span(line: str) -> set[date]:
    for mark in ("——", "–", "—", "~", "～", "至", " to "):
        line = line.replace(mark, "|")
    first, _bar, last = line.replace("/", "-").replace(".", "-").partition("|")
    begin = _day(first)
    end = _day(last) if last.strip() else begin
    if end < begin or (end - begin).days > 60:
        raise ValueError(line)
    return {date.fromordinal(n) for n in range(begin.toordinal(), end.toordinal() + 1)}


def _day(text: str) -> date:
    year, month, day = text.strip().split("-")
    return date(int(year), int(month), int(day))


class HoursField(forms.CharField):
    """Working hours as spans: `09:00–12:00, 14:00–18:00`."""

    def clean(self, value: Any) -> list[tuple[time, time]]:
        """Return the spans as typed; whether they follow each other, the action judges."""
        text = super().clean(value)
        for mark in "，、;；\n":
            text = text.replace(mark, ",")
        for mark in ("–", "—", "~", "～", "至"):
            text = text.replace(mark, "-")
        try:
            spans = [part.split("-") for part in text.replace("：", ":").split(",") if part.strip()]
            return [
                (time.fromisoformat(begin.strip()), time.fromisoformat(end.strip())) for begin, end in spans
            ]
        except ValueError as wrong:
            raise ValidationError(_("write spans, like 09:00–12:00, 14:00–18:00.")) from wrong


# ---------------------------------------------------------------- show, refuse, do

Act = Callable[[dict[str, Any]], str]


def form_page(
    request: StaffRequest,
    form: Asked,
    act: Act,
    *,
    title: str,
    back: tuple[str, str],
    button: str,
    done: str = "",
    about: str = "",
    template: str = "admin/form.html",
    stop: bool = False,
    fields: Mapping[str, str] | None = None,
    **more: Any,
) -> HttpResponse:
    """Show a form; when it was sent, do it and go where `act` says, or show every reason at its field.

    `fields` names the form's field for a reason's one where the two differ. `back` is the way out.
    """
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                goal = act(form.cleaned_data)
            except Refused as refused:
                refuse(form, refused, fields or {})
                status = status_of(refused)
            else:
                if done:
                    messages.success(request, done)
                return redirect(goal)
    context = {
        "form": form,
        "title": title,
        "back": back,
        "button": button,
        "about": about,
        "stop": stop,
        **more,
    }
    return render(request, template, {**frame(request), **context}, status=status)


def refuse(form: Asked, refused: Refused, fields: Mapping[str, str]) -> None:
    """Put every reason at its field, those about none on top."""
    for reason in refused.reasons:
        name = fields.get(reason.field, reason.field)
        if name in form.fields:
            form.add_error(
                name,
                reasons.say(Reason(reason.code, "", reason.values))
                if reason.code != "missing"
                else form.fields[name].error_messages["required"],
            )
        else:
            form.add_error(None, reasons.say(reason))
