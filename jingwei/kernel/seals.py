"""Seals: an HMAC over the journal, with a key that is not in the database, written out of it every five minutes.

A seal covers the last line of every subject that changed since the seal before, and the seal before itself. It leaves the
database as one line of seals/<month>.jsonl, together with the erasure list. `verify` reads the whole journal and names
every line that was altered, is missing, stands in the wrong order or was cut off, and the span that is not sealed yet.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.apps import apps
from django.conf import settings
from django.db import connection, transaction
from django.db.models import Max

from jingwei import city as cities
from jingwei.kernel import journal
from jingwei.kernel.models import Erasure, JournalHead, Journalled, JournalLine, Seal
from jingwei.kernel.moments import now
from jingwei.kernel.worker import job

_ERASURES = "erasures.jsonl"


@job("seal", every=timedelta(minutes=5))
def seal() -> None:
    """Seal the lines written since the last seal, then write out what is not outside the database yet."""
    with transaction.atomic():
        _let_writers_finish()
        last = Seal.objects.order_by("-number").first()
        first_line = last.last_line + 1 if last else 1
        last_line = JournalLine.objects.aggregate(top=Max("id"))["top"] or 0
        if last_line >= first_line:
            heads = _heads_within(first_line, last_line)
            number = last.number + 1 if last else 1
            made = Seal(
                number=number,
                sealed_at=now(),
                first_line=first_line,
                last_line=last_line,
                subjects=len(heads),
            )
            made.mac = _mac(bytes(last.mac) if last else b"", made, heads)
            made.save()
    write_out()


def write_out() -> None:
    """Append the seals and erasures that are not outside the database yet; safe to repeat after a crash."""
    known = max((entry["seal"] for entry in _written_out()), default=0)
    for made in Seal.objects.filter(number__gt=known).order_by("number"):
        heads = _heads_within(made.first_line, made.last_line)
        entry = {
            "seal": made.number,
            "lines": [made.first_line, made.last_line],
            "mac": bytes(made.mac).hex(),
            "heads": heads,
        }
        _append(f"seals-{made.sealed_at:%Y-%m}.jsonl", entry)
    erased = {entry["case"] for entry in erasures_written_out()}
    for row in Erasure.objects.order_by("erased_at"):
        if str(row.case) not in erased:
            _append(_ERASURES, {"case": str(row.case), "at": row.erased_at.isoformat(), "reason": row.reason})


def erasures_written_out() -> Iterator[dict[str, str]]:
    """The erasure list as it lies outside the database; a restore replays it before it opens."""
    file = Path(settings.CITY.seals) / _ERASURES
    if file.exists():
        yield from map(json.loads, file.read_text().splitlines())


@dataclass
class Finding:
    """What `verify` found. `faults` is empty when the journal is whole."""

    lines: int = 0
    subjects: int = 0
    seals: int = 0
    unsealed: tuple[int, int] | None = None
    faults: list[str] = field(default_factory=list)


def verify() -> Finding:
    """Recompute every hash of the journal, every head and every seal."""
    found = Finding()
    heads = _verify_lines(found)
    _verify_heads(found, heads)
    _verify_seals(found)
    return found


def _verify_lines(found: Finding) -> dict[tuple[str, str], tuple[int, bytes]]:
    heads: dict[tuple[str, str], tuple[int, bytes]] = {}
    for line in _in_chain_order():
        found.lines += 1
        subject = (line.kind, str(line.subject))
        seq, head = heads.get(subject, (0, b""))
        if line.seq != seq + 1:
            found.faults.append(
                f"{line.kind}/{line.subject}: line {seq + 1} is missing before line {line.seq} (row {line.pk})"
            )
        elif bytes(line.hash) != journal.digest(line, head):
            found.faults.append(
                f"{line.kind}/{line.subject}: line {line.seq} (row {line.pk}, {line.verb}) was altered"
            )
        heads[subject] = (line.seq, bytes(line.hash))
    found.subjects = len(heads)
    return heads


def _in_chain_order() -> Iterator[JournalLine]:
    return JournalLine.objects.order_by("kind", "subject", "seq").iterator(chunk_size=5000)


def _verify_heads(found: Finding, heads: dict[tuple[str, str], tuple[int, bytes]]) -> None:
    """Every subject's row must say as many lines, and the same last hash, as there are."""
    for kind, subject, count, head in _heads_said():
        there, last = heads.pop((kind, subject), (0, b""))
        if count > there:
            found.faults.append(f"{kind}/{subject}: lines {there + 1}–{count} were cut off")
        elif count < there or head != last:
            found.faults.append(
                f"{kind}/{subject}: its row says {count} lines, the journal has {there}, or another last one"
            )
    for kind, subject in heads:
        found.faults.append(f"{kind}/{subject}: has lines, but the row they are about is gone")


def _heads_said() -> Iterator[tuple[str, str, int, bytes]]:
    for model in apps.get_models():
        if issubclass(model, Journalled):
            rows = model._default_manager.filter(journal_count__gt=0).only(
                "pk", "journal_count", "journal_head"
            )  # type: ignore[attr-defined]
            for row in rows.iterator(chunk_size=5000):
                yield (
                    model.journal_kind,
                    str(journal.subject_id(row)),
                    row.journal_count,
                    bytes(row.journal_head),
                )
    for apart in JournalHead.objects.filter(journal_count__gt=0).iterator(chunk_size=5000):
        yield apart.kind, str(apart.subject), apart.journal_count, bytes(apart.journal_head)


def _verify_seals(found: Finding) -> None:
    outside = _written_out()
    before, end = b"", 0
    for made in Seal.objects.order_by("number"):
        found.seals += 1
        said = next((entry for entry in outside if entry["seal"] >= made.number), None)
        if said and said["seal"] != made.number:
            found.faults.append(f"seal {made.number}: was never written out, though later ones were")
            said = None
        heads = _heads_within(made.first_line, made.last_line)
        mac = _mac(before, made, heads)
        if made.first_line != end + 1 or made.number != found.seals:
            found.faults.append(f"seal {made.number}: a seal before it is missing")
        if mac != bytes(made.mac) or (said is not None and said["mac"] != mac.hex()):
            found.faults.append(
                f"seal {made.number}: lines {made.first_line}–{made.last_line} are not as they were sealed{_differing(said, heads)}"
            )
        before, end = bytes(made.mac), made.last_line
    for said in outside:
        found.faults.append(f"seal {said['seal']}: was written out, but is gone from the database")
    top = JournalLine.objects.aggregate(top=Max("id"))["top"] or 0
    if top > end:
        found.unsealed = (end + 1, top)


def _differing(said: dict[str, Any] | None, heads: list[list[Any]]) -> str:
    if said is None:
        return ""
    differing = {tuple(h[:2]) for h in said["heads"] if h not in heads} | {
        tuple(h[:2]) for h in heads if h not in said["heads"]
    }
    return (
        ": " + ", ".join(f"{kind}/{subject}" for kind, subject in sorted(differing)[:20]) if differing else ""
    )


def _heads_within(first: int, last: int) -> list[list[Any]]:
    """The last line of every subject within a span of rows: kind, subject, seq, hash."""
    table = JournalLine._meta.db_table
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT l.kind, l.subject, l.seq, l.hash FROM {table} l JOIN ("  # noqa: S608
            f"SELECT kind, subject, MAX(seq) AS seq FROM {table} WHERE id BETWEEN %s AND %s GROUP BY kind, subject"
            ") m ON m.kind = l.kind AND m.subject = l.subject AND m.seq = l.seq",
            [first, last],
        )
        found = cursor.fetchall()
    return sorted(
        [kind, str(subject).replace("-", ""), seq, bytes(digest).hex()]
        for kind, subject, seq, digest in found
    )


def _mac(before: bytes, made: Seal, heads: list[list[Any]]) -> bytes:
    text = json.dumps([made.number, made.first_line, made.last_line, heads], separators=(",", ":"))
    return hmac.new(cities.key(settings.CITY, "seal"), before + text.encode(), hashlib.sha256).digest()


def _let_writers_finish() -> None:
    """Row numbers are given before a commit: wait until nobody holds one that is not there yet. SQLite has one writer only."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL lock_timeout = '2s'")
            cursor.execute(f"LOCK TABLE {JournalLine._meta.db_table} IN SHARE MODE")


def _written_out() -> Iterator[dict[str, Any]]:
    """The seals outside the database, in order, each once: a crash between writing and noting repeats the last."""
    last = 0
    for file in sorted(Path(settings.CITY.seals).glob("seals-*.jsonl")):
        with file.open() as lines:
            for entry in map(json.loads, lines):
                if entry["seal"] > last:
                    last = entry["seal"]
                    yield entry


def _append(name: str, entry: dict[str, Any]) -> None:
    """Append one line and see it on the disk."""
    file = Path(settings.CITY.seals) / name
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("a") as out:
        out.write(json.dumps(entry, separators=(",", ":")) + "\n")
        out.flush()
        os.fsync(out.fileno())
