"""Tables as .xlsx: the same rows as on the page, who took them written into the journal."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from urllib.parse import quote
from uuid import UUID, uuid5

from django.conf import settings
from django.http import HttpResponse
from django.utils import timezone
from django.utils.translation import get_language

from jingwei.kernel import journal
from jingwei.kernel.moments import today
from jingwei.kernel.tables.cells import Column
from jingwei.kernel.tables.reading import Row
from jingwei.kernel.tables.writing import write_table
from jingwei.web.shell.who import StaffRequest

_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_TABLES = UUID("f1c7f0a4-6b43-5f6f-8a67-0d4f3c1f6b11")


def answer(
    request: StaffRequest,
    name: str,
    title: str,
    columns: Sequence[Column],
    rows: Iterable[Sequence[object]],
    *,
    purpose: str = "",
    filters: dict[str, str] | None = None,
) -> HttpResponse:
    """Return the sheet; `purpose` says what personal columns are needed for.

    Stands on the paper with who took it.
    """
    kept = [
        Row(line, {column.name: _local(value) for column, value in zip(columns, row, strict=True)})
        for line, row in enumerate(rows, start=4)
    ]
    detail = {
        "table": name,
        "rows": len(kept),
        "personal": bool(purpose),
        "columns": [c.name for c in columns],
        **(filters or {}),
    }
    journal.record_apart("export", uuid5(_TABLES, name), "exported", by=request.staff, detail=detail)
    language = get_language() or settings.LANGUAGE_CODE
    city = settings.CITY.name if language.startswith("zh") else settings.CITY.name_en
    said = f"{city} · {request.staff.name} · {purpose}" if purpose else city
    body = write_table(kept, columns, title=title, organisation=said, day=today(), language=language)
    sheet = HttpResponse(body, content_type=_XLSX)
    called = f"{city}-{title}-{today():%Y-%m-%d}.xlsx"
    sheet["Content-Disposition"] = f"attachment; filename=\"{name}.xlsx\"; filename*=UTF-8''{quote(called)}"
    return sheet


def _local(value: object) -> object:
    """A sheet knows no zones: a moment is written as the city's clock shows it."""
    return timezone.make_naive(value) if isinstance(value, datetime) else value
