"""Imports: send files, look at what would come of them, carry it out, take it back within a day."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import quote
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from jingwei.kernel import accounts, journal
from jingwei.kernel.moments import now, today
from jingwei.kernel.refusals import Reason, Refused
from jingwei.kernel.tables import writing
from jingwei.kernel.tables.problems import TableError
from jingwei.kernel.tables.workbooks import Limits
from jingwei.registry.imports import batches
from jingwei.registry.imports.batches import Result
from jingwei.registry.imports.plan import Incoming, Options
from jingwei.registry.models import ImportBatch
from jingwei.web import reasons, words
from jingwei.web.admin import said
from jingwei.web.admin.forms import form_page
from jingwei.web.admin.frame import Pages, administrators, frame
from jingwei.web.admin.import_forms import FORMS, KINDS, STATES, language, noun
from jingwei.web.shell.refusing import status_of
from jingwei.web.shell.who import StaffRequest

_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
# ---------------------------------------------------------------- sending files


@require_GET
@administrators
def browse(request: StaffRequest) -> HttpResponse:
    """What can be imported, each with its blank sheets, and what was imported."""
    found = ImportBatch.objects.exclude(state="preview").order_by("-made_at")
    pages = Pages(request, found)
    names = said.people_names(batch.person for batch in pages.rows)
    rows = [
        [
            words.when(batch.done_at or batch.made_at, now()),
            str(KINDS.get(batch.kind, (noun(batch.kind),))[0]),
            said.cell(batch.filename, reverse("admin-import", args=[batch.pk])),
            str(STATES[batch.state]),
            sum(count.made for count in batches.counts_of(batch).values()),
            sum(count.changed for count in batches.counts_of(batch).values()),
            batch.counts.get("failed", 0),
            names.get(batch.person or 0, _("the command line")),
        ]
        for batch in pages.rows
    ]
    heads: list[tuple[str, bool] | str] = [
        _("When"),
        _("What"),
        _("File"),
        _("State"),
        (_("Made"), True),
        (_("Changed"), True),
        (_("Not taken"), True),
        _("Who"),
    ]
    kinds = [
        {
            "name": name,
            "label": label,
            "about": about,
            "blanks": [(form, noun(form)) for form in batches.KINDS[name].forms if name != "borders"],
        }
        for name, (label, about) in KINDS.items()
    ]
    context = {
        **frame(request),
        "kinds": kinds,
        "pages": pages,
        "table": said.table(_("Imports"), heads, rows),
    }
    return render(request, "admin/imports.html", context)


@administrators
def send(request: StaffRequest, kind: str) -> HttpResponse:
    """Take files in and show what would come of them."""
    if kind not in KINDS:
        raise Http404
    label, about = KINDS[kind]
    sent = request.method == "POST"
    form = FORMS[kind](request.POST if sent else None, request.FILES if sent else None)

    def act(entered: dict[str, Any]) -> str:
        try:
            files, options = _read(entered)
            batch = batches.preview(kind, files, options, by=request.staff)
        except TableError as unreadable:
            raise Refused(
                Reason("file-unreadable", "file", {"says": unreadable.explain(language())})
            ) from unreadable
        return reverse("admin-import", args=[batch.pk])

    return form_page(
        request,
        form,
        act,
        title=_("Import: {what}").format(what=label),
        back=(reverse("admin-imports"), _("Imports")),
        button=_("Look at it first"),
        about=str(about) + " " + _("Nothing is written yet."),
        files=True,
    )


def _read(entered: dict[str, Any]) -> tuple[list[Incoming], Options]:
    """The files and options of a form; a file that is too large is not read."""
    said_options = {name: value for name, value in entered.items() if name not in ("file", "mapping")}
    mapping = entered.get("mapping")
    files = [_incoming(upload) for upload in entered["file"]]
    return files, batches.any_options(**said_options, mapping=_incoming(mapping) if mapping else None)


def _incoming(upload: UploadedFile[Any]) -> Incoming:
    most, size = Limits().bytes, upload.size or 0
    if size > most:
        raise TableError("too-many-bytes", size=f"{size / 1024 / 1024:.1f}", most=f"{most / 1024 / 1024:g}")
    return Incoming(upload.name or "", upload.read())


# ---------------------------------------------------------------- one import


@dataclass(frozen=True, slots=True)
class _Wrong:
    """A row that cannot be taken, as the page shows it."""

    where: str
    line: int
    says: list[str]


@require_GET
@administrators
def one(request: StaffRequest, pk: UUID) -> HttpResponse:
    """What would come, or came, of an import: counts, notes, rows that cannot be taken, what to do."""
    batch = get_object_or_404(ImportBatch, pk=pk)
    return _page(request, batch)


def _page(request: StaffRequest, batch: ImportBatch, refused: Refused | None = None) -> HttpResponse:
    failed = batches.failed_of(batch) if _may_read_rows(request, batch) else []
    pages = Pages(request, failed, total=batch.counts.get("failed", 0))
    counts = [
        [noun(name), count.made, count.changed, count.left]
        for name, count in batches.counts_of(batch).items()
    ]
    heads: list[tuple[str, bool] | str] = [
        _("What"),
        (_("Made") if batch.state == "done" else _("Would be made"), True),
        (_("Changed"), True),
        (_("Left as it is"), True),
    ]
    twin = batches.twin_of(batch) if batch.state == "preview" else None
    why_not_undo = batches.why_not_undo(batch) if batch.state == "done" else []
    context = {
        **frame(request),
        "batch": batch,
        "kind": str(KINDS.get(batch.kind, (noun(batch.kind),))[0]),
        "state": str(STATES[batch.state]),
        "who": said.people_names([batch.person]).get(batch.person or 0, _("the command line")),
        "table": said.table(
            _("What comes of it"), heads, counts, when_empty=_("The file holds nothing new.")
        ),
        "any": any(made or changed for _name, made, changed, _left in counts),
        "notes": batches.notes_of(batch, language()),
        "pages": pages,
        "wrong": [
            _Wrong(f"{noun(f.form)} {f.sheet}".strip(), f.line, batches.reasons_of(f, language()))
            for f in pages.rows
        ],
        "failed": batch.counts.get("failed", 0),
        "forms": [(form, noun(form)) for form in dict.fromkeys(f.form for f in failed)],
        "hidden": bool(batch.counts.get("failed")) and not failed,
        "twin": twin,
        "why_not_undo": [reasons.say(reason) for reason in why_not_undo],
        "refused": reasons.say_all(refused) if refused else [],
    }
    return render(request, "admin/import_one.html", context, status=status_of(refused) if refused else 200)


def _may_read_rows(request: StaffRequest, batch: ImportBatch) -> bool:
    """Rows that failed may hold names and telephones: they are for whoever imported them."""
    return batch.person in (None, request.staff.person)


@require_POST
@administrators
def run(request: StaffRequest, pk: UUID) -> HttpResponse:
    """Carry a preview out; what was opened with it is shown once."""
    batch = get_object_or_404(ImportBatch, pk=pk)
    partial, again = request.POST.get("how") == "partial", request.POST.get("again") == "1"
    try:
        result = batches.run(batch, by=request.staff, partial=partial, again=again)
    except Refused as refused:
        return _page(request, batch, refused)
    if result.activations:
        return _codes(request, result)
    messages.success(request, _("Imported."))
    return redirect("admin-import", pk=pk)


def _codes(request: StaffRequest, result: Result) -> HttpResponse:
    """The activation codes, on the screen and on paper, this once."""
    context = {
        **frame(request),
        "batch": result.batch,
        "codes": result.activations,
        "address": settings.CITY.address + reverse("activate"),
        "until": now() + timedelta(days=accounts.ACTIVATION_DAYS),
    }
    answer = render(request, "admin/import_codes.html", context)
    answer["Cache-Control"] = "no-store"
    return answer


@require_POST
@administrators
def undo(request: StaffRequest, pk: UUID) -> HttpResponse:
    """Take an import back, or say what was built on it."""
    batch = get_object_or_404(ImportBatch, pk=pk)
    try:
        batches.undo(batch, by=request.staff)
    except Refused as refused:
        return _page(request, batch, refused)
    messages.success(request, _("Taken back: everything is as before."))
    return redirect("admin-import", pk=pk)


# ---------------------------------------------------------------- sheets


@require_GET
@administrators
def failed(request: StaffRequest, pk: UUID, form: str) -> HttpResponse:
    """The rows that were not taken, with their reasons, to be mended; who took them is written down."""
    batch = get_object_or_404(ImportBatch, pk=pk)
    if not _may_read_rows(request, batch) or form not in {one.form for one in batches.failed_of(batch)}:
        raise Http404
    body = batches.failed_sheet(batch, form, title=noun(form), language=language())
    with transaction.atomic():
        journal.record(batch, "failed-rows-taken", by=request.staff, detail={"form": form})
    return _sheet(body, f"{noun(form)}-{_('not taken')}-{today():%Y-%m-%d}.xlsx")


@require_GET
@administrators
def blank(request: StaffRequest, kind: str, form: str) -> HttpResponse:
    """An empty workbook to fill in: drop-downs, an example row, instructions."""
    if kind not in KINDS or form not in batches.KINDS[kind].forms:
        raise Http404
    body = writing.template(batches.KINDS[kind].forms[form], title=noun(form), language=language())
    return _sheet(body, f"{noun(form)}-{_('template')}.xlsx")


def _sheet(body: bytes, name: str) -> HttpResponse:
    answer = HttpResponse(body, content_type=_XLSX)
    answer["Content-Disposition"] = f"attachment; filename=\"import.xlsx\"; filename*=UTF-8''{quote(name)}"
    return answer
