"""Seals: an HMAC over the journal, its key not in the database, written out of it every five minutes.

A seal covers row number and hash of every line written since the seal before, and the seal before itself. It
leaves the database as one line of seals/seals-<n>.jsonl, with the last line of every subject it covers so
that a culprit can be named; beside it goes the erasure list, one file a day. `verify` reads the whole journal
and names every line that was altered, is missing, stands in the wrong order or was cut off, and the span that
is not sealed yet.
"""

from __future__ import annotations

import hashlib
import heapq
import hmac
import json
import logging
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import groupby
from typing import Any, NamedTuple
from uuid import UUID

from django.apps import apps
from django.conf import settings
from django.db import OperationalError, connection, transaction
from django.db.models import Max
from psycopg.errors import LockNotAvailable

from jingwei import city as cities
from jingwei.kernel import journal, outside, stored
from jingwei.kernel.models import Erasure, JournalHead, Journalled, JournalLine, Seal
from jingwei.kernel.moments import now
from jingwei.kernel.worker import job

log = logging.getLogger("jingwei.seals")

SEALS_PER_FILE = 500
NAMED_AT_MOST = 20


# ---------------------------------------------------------------- sealing


@job("seal", every=timedelta(minutes=5))
def seal() -> None:
    """Seal the lines written since the last seal, then write out what is not outside the database yet."""
    try:
        top = _last_line()
    except OperationalError as busy:
        if not isinstance(busy.__cause__, LockNotAvailable):
            raise
        log.warning("somebody has been writing to the journal for long; it is sealed at the next turn")
    else:
        _seal_up_to(top)
    write_out()


def _last_line() -> int:
    """The last row number of the journal, once nobody holds a lower one that is not there yet.

    Row numbers are given before a commit. The lock waits for whoever writes, two seconds at most, and goes at
    once. SQLite has one writer only.
    """
    with transaction.atomic():
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute("SET LOCAL lock_timeout = '2s'")
                cursor.execute(f"LOCK TABLE {JournalLine._meta.db_table} IN SHARE MODE")
        return int(JournalLine.objects.aggregate(top=Max("id"))["top"] or 0)


@transaction.atomic
def _seal_up_to(top: int) -> None:
    if connection.vendor == "postgresql":  # two workers: the second waits, and finds less to do
        with connection.cursor() as cursor:
            cursor.execute(f"LOCK TABLE {Seal._meta.db_table} IN EXCLUSIVE MODE")
    last = Seal.objects.order_by("-number").first()
    first = last.last_line + 1 if last else 1
    if top < first:
        return
    covered = _covered(first, top)
    # never a number that is outside already: after a restore, what was sealed then and is gone now stays
    # apart from this
    number = max(last.number if last else 0, last_written_out()) + 1
    made = Seal(number=number, sealed_at=now(), first_line=first, last_line=top, subjects=len(covered.heads))
    made.mac = _mac(bytes(last.mac) if last else b"", made, covered)
    made.save(force_insert=True)


class _Covered(NamedTuple):
    """What a seal covers: how many lines, one hash over them all, and the last of every subject."""

    lines: int
    digest: str
    heads: list[list[Any]]


def _covered(first: int, last: int) -> _Covered:
    every = hashlib.sha256()
    lines = 0
    heads: dict[tuple[str, str], list[Any]] = {}
    for raw in stored.lines_within(first, last):
        subject, digest = stored.subject_of(raw), stored.hash_of(raw).hex()
        every.update(f"{raw[stored.ROW]} {digest}\n".encode())
        heads[raw[stored.KIND], subject] = [raw[stored.KIND], subject, raw[stored.SEQ], digest]
        lines += 1
    return _Covered(lines, every.hexdigest(), [heads[subject] for subject in sorted(heads)])


def _mac(before: bytes, made: Seal, covered: _Covered) -> bytes:
    text = json.dumps([made.number, made.first_line, made.last_line, covered.lines, covered.digest])
    return hmac.digest(cities.key(settings.CITY, "seal"), before + text.encode(), "sha256")


# ---------------------------------------------------------------- writing out


def write_out() -> None:
    """Append the seals and erasures that are not outside the database yet; safe to repeat after a crash."""
    with outside.alone():
        for made in Seal.objects.filter(number__gt=last_written_out()).order_by("number"):
            covered = _covered(made.first_line, made.last_line)
            entry = {
                "seal": made.number,
                "lines": [made.first_line, made.last_line, covered.lines],
                "mac": bytes(made.mac).hex(),
                "heads": covered.heads,
            }
            outside.append(f"seals-{made.number // SEALS_PER_FILE:06d}.jsonl", entry)
        _write_out_erasures()


def _write_out_erasures() -> None:
    """Those of the list's last two days may be missing from it; what is older was looked at before."""
    recent = outside.files("erasures-*.jsonl")[-2:]
    known = {entry["case"] for file in recent for entry in outside.entries(file)}
    waiting = Erasure.objects.order_by("erased_at", "pk")
    if len(recent) == 2:
        since = datetime.fromisoformat(recent[0].stem.removeprefix("erasures-")).replace(tzinfo=UTC)
        waiting = waiting.filter(erased_at__gte=since)
    for row in waiting.iterator(chunk_size=5000):
        if str(row.case) not in known:
            entry = {"case": str(row.case), "at": row.erased_at.isoformat(), "reason": row.reason}
            outside.append(f"erasures-{row.erased_at.astimezone(UTC):%Y-%m-%d}.jsonl", entry)


def erasures_written_out() -> Iterator[dict[str, str]]:
    """The erasure list as it lies outside the database; a restore replays it before it opens."""
    for file in outside.files("erasures-*.jsonl"):
        yield from outside.entries(file)


def last_written_out() -> int:
    """The number of the last seal outside the database; 0 when there is none."""
    for file in reversed(outside.files("seals-*.jsonl")):
        if entry := outside.last_entry(file):
            return int(entry["seal"])
    return 0


def _seals_written_out(faults: list[str]) -> Iterator[dict[str, Any]]:
    """The seals outside the database, in order, each once: a crash between writing and noting repeats one."""
    last = 0
    for file in outside.files("seals-*.jsonl"):
        try:
            for entry in outside.entries(file):
                if entry["seal"] > last:
                    last = entry["seal"]
                    yield entry
        except (ValueError, KeyError, TypeError):
            faults.append(f"{file.name}: the line after seal {last} cannot be read")


# ---------------------------------------------------------------- verifying


@dataclass
class Finding:
    """What `verify` found. `faults` is empty when the journal is whole."""

    lines: int = 0
    subjects: int = 0
    seals: int = 0
    unsealed: tuple[int, int] | None = None
    faults: list[str] = field(default_factory=list)


def verify() -> Finding:
    """Recompute every hash of the journal, every head and every seal.

    Memory stays small, however long the journal is.
    """
    found = Finding()
    for kind in _kinds():
        _verify_kind(kind, found)
    _verify_seals(found)
    return found


def _kinds() -> list[str]:
    """Every kind of subject that has lines, or whose rows say that they have."""
    apart = JournalHead.objects.values_list("kind", flat=True).distinct()
    return sorted({*_models(), *apart, *JournalLine.objects.values_list("kind", flat=True).distinct()})


def _models() -> dict[str, type[Journalled]]:
    return {model.journal_kind: model for model in apps.get_models() if issubclass(model, Journalled)}


class _Head(NamedTuple):
    """A subject, how many lines it has and the hash of the last: as its row says, or as the journal holds."""

    subject: str
    lines: int
    digest: bytes


def _verify_kind(kind: str, found: Finding) -> None:
    """Walk the lines of a kind and the rows they are about side by side, in the order of the subjects."""
    heads = _heads_said(kind)
    said = next(heads, None)
    for subject, lines in groupby(stored.lines_of_kind(kind), key=stored.subject_of):
        while said is not None and said.subject < subject:
            _note_cut_off(kind, said, 0, found)
            said = next(heads, None)
        there = _verify_chain(subject, lines, found)
        if said is None or said.subject != subject:
            found.faults.append(f"{_name(kind, subject)}: has lines, but the row they are about is gone")
            continue
        if said.lines > there.lines:
            _note_cut_off(kind, said, there.lines, found)
        elif said != there:
            found.faults.append(
                f"{_name(kind, subject)}: its row says {said.lines} lines, the journal has {there.lines},"
                " or another last one"
            )
        said = next(heads, None)
    while said is not None:
        _note_cut_off(kind, said, 0, found)
        said = next(heads, None)


def _verify_chain(subject: str, lines: Iterator[stored.Raw], found: Finding) -> _Head:
    """Follow one subject's lines; return what its row should say."""
    seq, digest, row = 0, b"", 0
    for raw in lines:
        here = _name(raw[stored.KIND], subject)
        this = f"line {raw[stored.SEQ]} (row {raw[stored.ROW]}, {raw[stored.VERB]})"
        line = stored.read(raw)
        if raw[stored.SEQ] != seq + 1:
            found.faults.append(f"{here}: line {seq + 1} is missing before {this}")
        elif line is None or stored.hash_of(raw) != journal.digest(line, digest):
            found.faults.append(f"{here}: {this} was altered")
        if raw[stored.ROW] < row:
            found.faults.append(f"{here}: {this} stands before the line it follows")
        seq = raw[stored.SEQ] if isinstance(raw[stored.SEQ], int) else seq + 1
        digest, row = stored.hash_of(raw), raw[stored.ROW]
        found.lines += 1
    found.subjects += 1
    return _Head(subject, seq, digest)


def _heads_said(kind: str) -> Iterator[_Head]:
    """What the rows of a kind say about their own lines."""
    return heapq.merge(_heads_of_rows(kind), _heads_apart(kind), key=lambda head: head.subject)


def _heads_of_rows(kind: str) -> Iterator[_Head]:
    if model := _models().get(kind):
        rows = model._default_manager.order_by("pk").only("pk", "journal_count", "journal_head")
        for row in rows.iterator(chunk_size=5000):
            yield _Head(journal.subject_id(row).hex, row.journal_count, bytes(row.journal_head))


def _heads_apart(kind: str) -> Iterator[_Head]:
    """Of subjects without a row of their own, and of those whose row was withdrawn."""
    apart = JournalHead.objects.filter(kind=kind).order_by("subject")
    for subject, count, digest in apart.values_list("subject", "journal_count", "journal_head").iterator(
        chunk_size=5000
    ):
        yield _Head(subject.hex, count, bytes(digest))


def _note_cut_off(kind: str, said: _Head, there: int, found: Finding) -> None:
    if said.lines > there:
        found.faults.append(f"{_name(kind, said.subject)}: lines {there + 1}–{said.lines} were cut off")


def _verify_seals(found: Finding) -> None:
    written = _seals_written_out(found.faults)
    said = next(written, None)
    before, end = b"", 0
    for made in Seal.objects.order_by("number").iterator(chunk_size=1000):
        while said is not None and said["seal"] < made.number:
            found.faults.append(_gone(said))
            said = next(written, None)
        if said is not None and said["seal"] == made.number:
            _verify_seal(made, said, before, end, found.faults)
            said = next(written, None)
        else:
            _verify_seal(made, None, before, end, found.faults)
            if said is not None:
                found.faults.append(f"seal {made.number}: was never written out, though later ones were")
        found.seals += 1
        before, end = bytes(made.mac), made.last_line
    while said is not None:
        found.faults.append(_gone(said))
        said = next(written, None)
    top = JournalLine.objects.aggregate(top=Max("id"))["top"] or 0
    if top > end:
        found.unsealed = (end + 1, top)


def _verify_seal(made: Seal, said: dict[str, Any] | None, before: bytes, end: int, faults: list[str]) -> None:
    span = f"seal {made.number}: lines {made.first_line}–{made.last_line}"
    if made.first_line != end + 1:
        faults.append(f"{span} do not follow line {end}: a seal before it is missing")
    covered = _covered(made.first_line, made.last_line)
    mac = _mac(before, made, covered)
    if mac != bytes(made.mac) or (said is not None and said["mac"] != mac.hex()):
        faults.append(f"{span} are not as they were sealed{_differing(said, covered)}")


def _differing(said: dict[str, Any] | None, covered: _Covered) -> str:
    """Whose lines they are, as far as what was written out can tell."""
    if said is None:
        return ""
    then, here = {tuple(head) for head in said["heads"]}, {tuple(head) for head in covered.heads}
    names = sorted({_name(kind, subject) for kind, subject, *_ in then ^ here})
    more = [f"and {len(names) - NAMED_AT_MOST} more"] if len(names) > NAMED_AT_MOST else []
    counts = f" ({said['lines'][2]} then, {covered.lines} now)" if said["lines"][2] != covered.lines else ""
    return counts + (": " + ", ".join(names[:NAMED_AT_MOST] + more) if names else "")


def _gone(said: dict[str, Any]) -> str:
    first, last, _ = said["lines"]
    return f"seal {said['seal']}: was written out for lines {first}–{last}, but is gone from the database"


def _name(kind: str, subject: str) -> str:
    """A subject as people write it: case/0190a6e8-…"""
    try:
        return f"{kind}/{UUID(subject)}"
    except ValueError:
        return f"{kind}/{subject}"
