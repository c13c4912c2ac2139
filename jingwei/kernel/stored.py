"""Journal lines as the database holds them. Whoever changes them by hand need not leave anything readable."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.db import connection, models

from jingwei.kernel import rows
from jingwei.kernel.models import JournalLine

Raw = tuple[Any, ...]
_COLUMNS = JournalLine._meta.concrete_fields
_NAMES = [field.attname for field in _COLUMNS]
ROW, KIND, SUBJECT, SEQ, VERB, HASH = map(_NAMES.index, ("id", "kind", "subject", "seq", "verb", "hash"))


def lines_of_kind(kind: str) -> Iterator[Raw]:
    """The lines of a kind, subject after subject, each oldest first; a few thousand in memory."""
    return _select("kind = %s ORDER BY subject, seq", [kind])


def lines_within(first: int, last: int) -> Iterator[Raw]:
    """The lines of a span of row numbers, by their number."""
    return _select("id BETWEEN %s AND %s ORDER BY id", [first, last])


def read(raw: Raw) -> JournalLine | None:
    """The line that these columns hold, or None when one of them holds what is never written so."""
    try:
        values = {f.attname: _value(f, value) for f, value in zip(_COLUMNS, raw, strict=True)}
    except (ValueError, TypeError, OverflowError):
        return None
    line = JournalLine(**values)
    # SQLite keeps texts as they were typed: a blank or capital that means nothing is not of ours either
    as_written = connection.vendor != "sqlite" or rows.stored(line) == list(raw[1:])
    return line if as_written else None


def hash_of(raw: Raw) -> bytes:
    """The hash in a line, whatever stands there."""
    value = raw[HASH]
    return value.encode() if isinstance(value, str) else bytes(value)


def subject_of(raw: Raw) -> str:
    """The subject in a line, as 32 figures where it is one."""
    return raw[SUBJECT].hex if isinstance(raw[SUBJECT], UUID) else str(raw[SUBJECT])


def _select(where: str, params: list[Any]) -> Iterator[Raw]:
    # a plain column of moments would be made one by SQLite's adapter, or end the whole walk where it is none
    as_text = models.DateTimeField if connection.vendor == "sqlite" else ()
    columns = ", ".join(
        f"CAST({f.column} AS text)" if isinstance(f, as_text) else str(f.column) for f in _COLUMNS
    )
    with connection.chunked_cursor() as cursor:
        cursor.execute(f"SELECT {columns} FROM {JournalLine._meta.db_table} WHERE {where}", params)  # noqa: S608
        while some := cursor.fetchmany(5000):
            yield from some


def _value(field: models.Field[Any, Any], value: Any) -> Any:
    if value is None:
        return None
    if isinstance(field, models.UUIDField):
        return value if isinstance(value, UUID) else UUID(value)
    if isinstance(field, models.DateTimeField):
        return value if isinstance(value, datetime) else datetime.fromisoformat(value).replace(tzinfo=UTC)
    if isinstance(field, models.JSONField):
        return json.loads(value)
    return bytes(value) if isinstance(field, models.BinaryField) else value
