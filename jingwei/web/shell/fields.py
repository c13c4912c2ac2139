"""A procedure's fields as a Django form, and a posted form as what `entering` reads.

Pages never write field lists by hand.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any, BinaryIO, cast
from uuid import UUID

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _

from jingwei.engine import library
from jingwei.engine.definition import FieldRule
from jingwei.engine.library import ClassEntry, Playbook
from jingwei.kernel import files
from jingwei.kernel.models import Attachment
from jingwei.kernel.refusals import Reason, Refused
from jingwei.web import reasons
from jingwei.web.shell import typed
from jingwei.web.shell.doing import said, uuid_of


class ManyFiles(forms.ClearableFileInput):
    """One input that takes several pictures."""

    allow_multiple_selected = True


class Finder(forms.TextInput):
    """A text with suggestions from the server: type a name or a code. Without script, the code alone does."""

    def __init__(self, address: str) -> None:
        super().__init__(
            {
                "data-finder": "",
                "autocomplete": "off",
                "hx-get": address,
                "hx-trigger": "input changed delay:200ms, focus once",
                "hx-swap": "innerHTML",
            }
        )

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None) -> dict[str, Any]:
        """Every finder has a list of its own below it."""
        context: dict[str, Any] = super().get_context(name, value, attrs)
        listed = f"{context['widget']['attrs'].get('id', name)}-list"
        context["widget"]["attrs"] |= {"list": listed, "hx-target": f"#{listed}"}
        return context

    template_name = "parts/finder.html"


def form_for(
    playbook: Playbook,
    names: Iterable[str],
    *,
    needs: Iterable[str] = (),
    prefix: str = "",
    initial: Mapping[str, Any] | None = None,
) -> forms.Form:
    """Return an unbound form with a field for each name.

    Pictures and places have templates of their own and are left out.
    """
    fields = playbook.procedure.fields
    needed = set(needs)
    made = {
        name: _field(playbook, name, fields[name], required=name in needed)
        for name in names
        if fields[name].type not in ("picture", "place")
    }
    form = type("ProcedureForm", (forms.Form,), made)(
        prefix=prefix or None, initial=dict(initial or {}), use_required_attribute=False
    )
    assert isinstance(form, forms.Form)  # noqa: S101  (made above)
    return form


def _field(playbook: Playbook, name: str, rule: FieldRule, *, required: bool) -> forms.Field:
    words: dict[str, Any] = {
        "label": playbook.text("fields", name, "label"),
        "help_text": playbook.texts["zh"].get("fields", name, "hint")
        and playbook.text("fields", name, "hint"),
        "required": required,
    }
    if rule.type == "one_of":
        return forms.ChoiceField(
            choices=list(playbook.codes(name).items()), widget=forms.RadioSelect, **words
        )
    if rule.type == "class":
        return forms.ChoiceField(choices=class_choices(playbook.procedure.classes), **words)
    if rule.type in ("area", "unit"):
        return forms.CharField(widget=Finder(reverse(f"find-{rule.type}")), **words)
    if rule.type == "time":
        return forms.CharField(widget=forms.DateTimeInput({"type": "datetime-local"}), **words)
    if rule.type == "tick":
        return forms.BooleanField(**words)
    if rule.type == "number":
        return forms.IntegerField(**words)
    if rule.type == "phone":
        return forms.CharField(widget=forms.TextInput({"inputmode": "tel", "autocomplete": "tel"}), **words)
    if rule.type == "text":
        return forms.CharField(widget=forms.Textarea({"rows": 3}), **words)
    return forms.CharField(**words)


def class_choices(list_name: str) -> list[tuple[str, Any]]:
    """Classes in use, grouped under the class above; the empty choice first."""
    entries = library.classes(list_name)
    groups: list[tuple[str, Any]] = [("", _("Choose…"))]
    names = Counter(str(e) for e in entries.values() if e.parent and e.in_use)
    for top in (e for e in entries.values() if not e.parent and e.in_use):
        kinds = [
            (e.code, _class_name(e, top, names))
            for e in entries.values()
            if e.parent == top.code and e.in_use
        ]
        groups.append((str(top), kinds or [(top.code, str(top))]))
    return groups


def _class_name(entry: ClassEntry, top: ClassEntry, names: Counter[str]) -> str:
    """Its name, with the class above beside it where another has the same: a closed list shows no group."""
    return _("{kind} ({above})").format(kind=entry, above=top) if names[str(entry)] > 1 else str(entry)


def posted(
    request: HttpRequest, playbook: Playbook, names: Iterable[str], *, case: UUID, prefix: str = ""
) -> tuple[dict[str, Any], list[Reason]]:
    """Return what a form sent, as `entering.read` takes it, and what is wrong with its pictures.

    Pictures are stored at once. Good pictures stay when another field is wrong: the form shows them again.
    """
    raw: dict[str, Any] = {}
    wrong: list[Reason] = []
    for name in names:
        rule, key = playbook.procedure.fields[name], f"{prefix}-{name}" if prefix else name
        if rule.type == "picture":
            raw[name], refused = _pictures(request, name, key, case)
            wrong += refused
        elif rule.type == "place":
            raw[name] = _place(request)
        elif rule.type == "area":
            raw[name] = typed.area_code(said(request.POST, key))
        elif rule.type == "unit":
            raw[name] = typed.unit_code(said(request.POST, key))
        else:
            raw[name] = request.POST.get(key, "")
    return raw, wrong


def _pictures(request: HttpRequest, name: str, key: str, case: UUID) -> tuple[list[str], list[Reason]]:
    kept = [pk for pk in request.POST.getlist(f"{key}_kept") if pk]
    wrong: list[Reason] = []
    for upload in request.FILES.getlist(key):
        if isinstance(upload, UploadedFile) and upload.file is not None:
            try:
                kept.append(str(files.take_picture(case, cast("BinaryIO", upload.file), field=name).pk))
            except Refused as refused:
                wrong += refused.reasons
    return list(dict.fromkeys(kept)), wrong


def _place(request: HttpRequest) -> dict[str, Any]:
    """The inputs of parts/place_input.html: a point, a list choice (the lowest one chosen), words."""
    lists = [choice for choice in request.POST.getlist("area") if choice]
    place = {
        "lon": request.POST.get("lon", ""),
        "lat": request.POST.get("lat", ""),
        "source": request.POST.get("point_source", ""),
        "area": int(lists[-1]) if lists and lists[-1].isdecimal() else "",
        "words": request.POST.get("place", "").strip(),
    }
    return {name: value for name, value in place.items() if value != ""}


def with_errors(
    form: forms.Form, refused: Iterable[Reason], playbook: Playbook, data: Mapping[str, Any]
) -> forms.Form:
    """Return the form bound to what was sent, each reason at its field, those about no field on top."""
    form.data, form.files, form.is_bound = data, {}, True  # type: ignore[assignment]
    form._errors = forms.utils.ErrorDict()  # type: ignore[attr-defined]
    form.cleaned_data = {}
    for reason in refused:
        form.add_error(reason.field if reason.field in form.fields else None, reasons.say(reason, playbook))
    return form


def kept_pictures(case: UUID, ids: Iterable[str]) -> list[Attachment]:
    """The pictures of a form that is shown again."""
    wanted = [pk for text in ids if (pk := uuid_of(text))]
    return list(Attachment.objects.filter(case=case, pk__in=wanted)) if wanted else []
