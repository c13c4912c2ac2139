"""Seals: out of the database, once, in order, whatever crashes in between; what is missing is named."""

from __future__ import annotations

import errno
import json
import os
import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction

from jingwei import city as cities
from jingwei.city import City
from jingwei.kernel import ids, journal, moments, outside, rows, seals
from jingwei.kernel.actors import SYSTEM
from jingwei.kernel.models import Erasure, JournalLine, Seal

pytestmark = pytest.mark.usefixtures("city")

NOON = datetime.fromisoformat("2026-11-20T12:00:00+08:00")


def some_lines(count: int = 3) -> UUID:
    """A subject with so many lines."""
    subject = ids.new_id()
    for _ in range(count):
        journal.record_apart("reading", subject, "revealed", by=SYSTEM)
    return subject


def written(city: City, pattern: str = "seals-*.jsonl") -> list[dict[str, Any]]:
    return [
        json.loads(line)
        for file in sorted(city.seals.glob(pattern))
        for line in file.read_text().splitlines()
    ]


def change_file(city: City, change: Callable[[list[str]], list[str]]) -> None:
    file = city.seals / "seals-000000.jsonl"
    file.write_text("".join(change(file.read_text().splitlines(keepends=True))))


# ---------------------------------------------------------------- sealing


@pytest.mark.django_db
def test_a_seal_covers_what_came_since_the_one_before(city: City) -> None:
    first = some_lines(3)
    seals.seal()
    second = some_lines(2)
    journal.record_apart("reading", first, "revealed", by=SYSTEM)
    seals.seal()
    one, two = Seal.objects.order_by("number")
    assert (one.number, one.first_line, one.subjects) == (1, 1, 1)
    assert (two.number, two.first_line, two.subjects) == (2, one.last_line + 1, 2)
    out = written(city)
    assert [(entry["seal"], entry["lines"][2]) for entry in out] == [(1, 3), (2, 3)]
    assert [(kind, UUID(subject), seq) for kind, subject, seq, _ in out[1]["heads"]] == sorted(
        [("reading", first, 4), ("reading", second, 2)], key=lambda head: head[1].hex
    )
    assert seals.verify() == seals.Finding(lines=6, subjects=2, seals=2)


@pytest.mark.django_db
def test_where_nothing_was_written_nothing_is_sealed(city: City) -> None:
    seals.seal()
    assert Seal.objects.count() == 0
    some_lines()
    seals.seal()
    seals.seal()
    assert Seal.objects.count() == len(written(city)) == 1


@pytest.mark.django_db
def test_the_span_not_sealed_yet_is_named(city: City, capsys: pytest.CaptureFixture[str]) -> None:
    some_lines(2)
    seals.seal()
    last = Seal.objects.get().last_line
    assert seals.verify().unsealed is None
    some_lines(2)
    assert seals.verify().unsealed == (last + 1, last + 2)
    call_command("audit", "verify")
    assert f"not sealed yet: rows {last + 1}–{last + 2}" in capsys.readouterr().out


@pytest.mark.django_db
def test_the_command_ends_badly_where_the_journal_is_not_whole(capsys: pytest.CaptureFixture[str]) -> None:
    subject = some_lines(3)
    call_command("audit", "seal")
    call_command("audit", "verify")
    assert "the journal is whole" in capsys.readouterr().out
    JournalLine.objects.filter(subject=subject, seq=2).update(verb="hidden")
    with pytest.raises(CommandError, match=r"^1 fault$"):
        call_command("audit", "verify")
    assert f"reading/{subject}: line 2 (row " in capsys.readouterr().out


@pytest.mark.django_db
def test_the_key_is_not_in_the_database_and_counts(city: City) -> None:
    some_lines()
    seals.seal()
    key = city.keys / "seal"
    assert key.stat().st_mode & 0o777 == 0o600
    key.write_text("00" * 32)
    cities.key.cache_clear()
    assert any(fault.startswith("seal 1: ") for fault in seals.verify().faults)


# ---------------------------------------------------------------- crashes between the database and the files


@pytest.mark.django_db
def test_a_crash_before_the_append_is_made_good(city: City, monkeypatch: pytest.MonkeyPatch) -> None:
    some_lines()

    def full(handle: int) -> None:
        raise OSError(errno.ENOSPC, "no space left on device")

    with monkeypatch.context() as broken:
        broken.setattr(os, "fsync", full)
        with pytest.raises(OSError, match="no space"):
            seals.seal()
    assert Seal.objects.count() == 1  # sealed, though perhaps not seen outside
    some_lines()
    seals.seal()
    assert [entry["seal"] for entry in written(city)] == [1, 2]
    assert seals.verify().faults == []


@pytest.mark.django_db
def test_a_line_half_written_is_cut_off_and_written_again(city: City) -> None:
    for _ in range(3):
        some_lines()
        seals.seal()
    file = city.seals / "seals-000000.jsonl"
    whole = file.read_text()
    for keep in (
        1,
        len(whole) // 2,
        len(whole) - 1,
    ):  # within the first, the second, before the last sign of the third
        file.write_text(whole[:keep])
        assert seals.verify().faults == []
        seals.write_out()
        assert file.read_text() == whole
    file.unlink()
    seals.write_out()
    assert file.read_text() == whole


@pytest.mark.django_db
def test_writing_out_again_writes_nothing_twice(city: City) -> None:
    some_lines()
    seals.seal()
    before = (city.seals / "seals-000000.jsonl").read_text()
    seals.write_out()
    seals.write_out()
    assert (city.seals / "seals-000000.jsonl").read_text() == before


@pytest.mark.django_db
def test_a_seal_that_stands_twice_outside_counts_once(city: City) -> None:
    some_lines()
    seals.seal()
    change_file(city, lambda lines: lines * 2)
    assert seals.verify().faults == []


@pytest.mark.django_db
def test_a_new_file_begins_after_so_many_seals(city: City, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(seals, "SEALS_PER_FILE", 2)
    for _ in range(5):
        some_lines(1)
        seals.seal()
    assert [file.name for file in sorted(city.seals.glob("seals-*"))] == [
        f"seals-{n:06d}.jsonl" for n in range(3)
    ]
    assert [entry["seal"] for entry in written(city)] == [1, 2, 3, 4, 5]
    assert seals.verify() == seals.Finding(lines=5, subjects=5, seals=5)


# ---------------------------------------------------------------- changed by hand


@pytest.fixture
def three_seals(db: None) -> list[Seal]:
    for _ in range(3):
        some_lines(2)
        seals.seal()
    return list(Seal.objects.order_by("number"))


def test_seals_out_of_order_outside_are_found(city: City, three_seals: list[Seal]) -> None:
    change_file(city, lambda lines: [lines[1], lines[0], lines[2]])
    assert seals.verify().faults == ["seal 1: was never written out, though later ones were"]


def test_a_seal_missing_outside_is_found(city: City, three_seals: list[Seal]) -> None:
    change_file(city, lambda lines: [lines[0], lines[2]])
    assert seals.verify().faults == ["seal 2: was never written out, though later ones were"]


def test_a_seal_changed_outside_is_found(city: City, three_seals: list[Seal]) -> None:
    change_file(city, lambda lines: [lines[0].replace('"mac":"', '"mac":"0'), *lines[1:]])
    assert [fault.split(":")[0] for fault in seals.verify().faults] == ["seal 1"]


def test_a_line_that_cannot_be_read_outside_is_found_and_ends_nothing(
    city: City, three_seals: list[Seal]
) -> None:
    change_file(city, lambda lines: [lines[0], "\0" * 20 + "\n", lines[2]])
    assert "seals-000000.jsonl: the line after seal 1 cannot be read" in seals.verify().faults


def test_a_seal_taken_out_of_the_database_is_found(city: City, three_seals: list[Seal]) -> None:
    one, two, three = three_seals
    two.delete()
    faults = seals.verify().faults
    assert (
        f"seal 2: was written out for lines {two.first_line}–{two.last_line}, but is gone from the database"
        in faults
    )
    assert any(fault.endswith("a seal before it is missing") for fault in faults)
    three.delete()
    assert len(seals.verify().faults) == 2
    for file in city.seals.glob("seals-*"):  # without the files the database alone still tells
        file.unlink()
    one.delete()
    two.save(force_insert=True)
    assert any(fault.endswith("a seal before it is missing") for fault in seals.verify().faults)


@pytest.mark.parametrize("change", [{"first_line": 2}, {"last_line": 1}, {"number": 7}, {"mac": b"\0" * 32}])
def test_a_changed_seal_is_found(change: dict[str, Any], city: City, three_seals: list[Seal]) -> None:
    Seal.objects.filter(pk=three_seals[0].pk).update(**change)
    assert any("seal 1" in fault or "seal 7" in fault for fault in seals.verify().faults)


def test_after_an_older_backup_was_restored_what_is_lost_stays_named(
    city: City, three_seals: list[Seal]
) -> None:
    lost = three_seals[2]
    with connection.cursor() as cursor:  # the database as it was after the second seal
        cursor.execute("DELETE FROM kernel_seal WHERE number = 3")
        cursor.execute("DELETE FROM kernel_journalline WHERE id > %s", [three_seals[1].last_line])
        cursor.execute("DELETE FROM kernel_journalhead WHERE id = (SELECT MAX(id) FROM kernel_journalhead)")
    gone = (
        f"seal 3: was written out for lines {lost.first_line}–{lost.last_line}, but is gone from the database"
    )
    assert seals.verify().faults == [gone]
    some_lines(4)
    seals.seal()
    assert [seal.number for seal in Seal.objects.order_by("number")] == [1, 2, 4]
    assert [entry["seal"] for entry in written(city)] == [1, 2, 3, 4]
    assert seals.verify().faults == [gone]


# ---------------------------------------------------------------- several workers


def test_two_workers_sealing_at_once_make_one_row_of_seals(
    city: City, at_once: Callable[..., list[Any]]
) -> None:
    for _ in range(3):
        some_lines(2)
        assert at_once(*[seals.seal] * 4) == [None] * 4
    assert [seal.number for seal in Seal.objects.order_by("number")] == [1, 2, 3]
    assert [entry["seal"] for entry in written(city)] == [1, 2, 3]
    assert seals.verify().faults == []


def test_sealing_while_others_write_leaves_no_line_out(city: City, at_once: Callable[..., list[Any]]) -> None:
    def write() -> None:
        for _ in range(10):
            some_lines(2)

    def seal() -> None:
        for _ in range(8):
            seals.seal()

    assert at_once(write, write, write, seal) == [None] * 4
    seals.seal()
    found = seals.verify()
    assert (found.faults, found.unsealed, found.lines) == ([], None, 60)


def test_a_line_not_committed_yet_is_waited_for(city: City, at_once: Callable[..., list[Any]]) -> None:
    """Its number is lower than one that is there: a seal over the higher one must not pass it over."""
    has_written, may_commit = threading.Event(), threading.Event()

    def slow() -> None:
        with transaction.atomic():
            some_lines(1)
            has_written.set()
            may_commit.wait(30)

    def quick() -> None:
        has_written.wait(30)
        some_lines(1)
        seals.seal()  # gives up after two seconds, without an error
        assert Seal.objects.count() == 0
        may_commit.set()

    assert at_once(slow, quick) == [None, None]
    seals.seal()
    found = seals.verify()
    assert (found.faults, found.unsealed, found.seals, found.lines) == ([], None, 1, 2)


# ---------------------------------------------------------------- the erasure list


def erased(days: float = 0) -> str:
    """A case that was erased so many days after noon."""
    case = ids.new_id()
    rows.insert(Erasure(case=case, erased_at=NOON + timedelta(days=days), reason="retention"))
    return str(case)


@pytest.mark.django_db
def test_the_erasure_list_leaves_the_database_once(city: City) -> None:
    first = erased()
    seals.write_out()
    second, third = erased(0.01), erased(1.5)
    seals.write_out()
    seals.write_out()
    fourth = erased(1.4)  # committed late: the list is a little further already
    fifth = erased(30)
    seals.write_out()
    seals.write_out()
    assert [entry["case"] for entry in seals.erasures_written_out()] == [first, second, third, fourth, fifth]
    assert len(written(city, "erasures-*.jsonl")) == 5
    assert {entry["reason"] for entry in seals.erasures_written_out()} == {"retention"}


@pytest.mark.django_db
def test_an_entry_half_written_is_no_entry_and_comes_again(city: City) -> None:
    first, second = erased(), erased(0.01)
    seals.write_out()
    file = city.seals / "erasures-2026-11-20.jsonl"
    whole = file.read_text()
    file.write_text(whole[:-5])
    assert [entry["case"] for entry in seals.erasures_written_out()] == [first]
    seals.write_out()
    assert [entry["case"] for entry in seals.erasures_written_out()] == [first, second]


@pytest.mark.django_db
def test_erasures_leave_with_the_seals(city: City) -> None:
    some_lines(1)
    case = erased()
    with moments.at(NOON):
        seals.seal()
    assert [entry["case"] for entry in seals.erasures_written_out()] == [case]


def test_what_is_appended_by_many_processes_stands_whole(
    city: City, in_processes: Callable[[str, int], list[str]], tmp_path: Path
) -> None:
    (city.seals).mkdir()
    script = f"""
from dataclasses import replace
from pathlib import Path
from django.conf import settings
from jingwei.kernel import outside
settings.CITY = replace(settings.CITY, home=Path({str(tmp_path)!r}))
for n in range(40):
    with outside.alone():
        outside.append("many.jsonl", {{"n": n, "long": "x" * 20_000}})
"""
    in_processes(script, 3)
    found = [entry["n"] for entry in outside.entries(city.seals / "many.jsonl")]
    assert sorted(found) == sorted(list(range(40)) * 3)
