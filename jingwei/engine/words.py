"""Finding cases by words. One tokeniser for both databases, so that Chinese is found alike.

Every two neighbouring signs are a word.

PostgreSQL keeps a tsvector (GIN), SQLite an FTS5 table. Only masked L0/L1 text goes in, never that of a
confidential procedure.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from uuid import UUID

from django.db import connection

from jingwei.engine import library
from jingwei.engine.entering import masked
from jingwei.engine.models import Case

_RUNS = re.compile(r"[a-z0-9]+|[\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]+")
MOST_WORDS = 2000


def tokens(text: str) -> list[str]:
    """Latin words and numbers whole, Chinese as pairs of neighbouring signs (a lone one stands alone)."""
    found: list[str] = []
    for run in _RUNS.findall(unicodedata.normalize("NFKC", text).lower()):
        if run[0].isascii() or len(run) == 1:
            found.append(run)
        else:
            found += [run[n : n + 2] for n in range(len(run) - 1)]
    return found[:MOST_WORDS]


def index(case: Case) -> None:
    """Replace the words of a case in the index; a confidential, erased or empty one has none."""
    playbook = library.version(case.version_id)
    text = [] if case.confidential or case.erased_at else [case.number, *_texts(case, playbook)]
    signs = _safe(tokens(" ".join(text)))
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            vector = " ".join(f"'{sign}'" for sign in dict.fromkeys(signs))
            cursor.execute(
                "INSERT INTO engine_words (case_id, words) VALUES (%s, %s::tsvector) "
                "ON CONFLICT (case_id) DO UPDATE SET words = EXCLUDED.words",
                [case.pk, vector],
            )
        else:
            cursor.execute("DELETE FROM engine_words WHERE case_id = %s", [case.pk.hex])
            cursor.execute(
                "INSERT INTO engine_words (case_id, words) VALUES (%s, %s)", [case.pk.hex, " ".join(signs)]
            )


def forget(case: UUID) -> None:
    """Take a case out of the index."""
    with connection.cursor() as cursor:
        cursor.execute(
            "DELETE FROM engine_words WHERE case_id = %s",
            [case if connection.vendor == "postgresql" else case.hex],
        )


def matching(query: str, *, most: int = 500) -> list[UUID]:
    """Return cases that have every word of a query, newest first."""
    signs = _safe(tokens(query))[:24]
    if not signs:
        return []
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(
                "SELECT case_id FROM engine_words WHERE words @@ %s::tsquery ORDER BY case_id DESC LIMIT %s",
                [" & ".join(f"'{sign}'" for sign in signs), most],
            )
        else:
            cursor.execute(
                "SELECT case_id FROM engine_words WHERE words MATCH %s ORDER BY case_id DESC LIMIT %s",
                [" AND ".join(f'"{sign}"' for sign in signs), most],
            )
        return [row[0] if isinstance(row[0], UUID) else UUID(row[0]) for row in cursor.fetchall()]


def _texts(case: Case, playbook: library.Playbook) -> list[str]:
    fields = playbook.procedure.fields
    found = [case.title]
    for name, value in case.values.items():
        if name in fields and fields[name].level in ("L0", "L1"):
            if fields[name].type in ("text", "line") and isinstance(value, str):
                found.append(masked(value))
            elif fields[name].type == "place" and isinstance(value, dict):
                found.append(masked(str(value.get("words", ""))))
    return found


def _safe(signs: Sequence[str]) -> list[str]:
    """Tokens hold letters, figures and Chinese signs only; nothing to quote."""
    return [sign for sign in signs if sign.isalnum()]
