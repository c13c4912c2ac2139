"""The outbox: written with the change, run at least once, never by two at a time; what is stuck is seen."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import transaction

from jingwei.kernel import ids, moments, outbox, rows, seals
from jingwei.kernel.actors import Person
from jingwei.kernel.models import JournalLine, OutboxRow

pytestmark = pytest.mark.usefixtures("city")

NINE = datetime.fromisoformat("2026-11-20T09:00:00+08:00")
SECRET = "13800001234"


class Breaks(Exception):
    """What an effect ends with when it fails."""


@pytest.fixture
def ran() -> Iterator[list[OutboxRow]]:
    """Effects to try things with; the list fills with the rows that the effect `note` ran for."""
    done: list[OutboxRow] = []

    @outbox.effect("note")
    def note(row: OutboxRow) -> None:
        done.append(row)

    @outbox.effect("break")
    def break_(row: OutboxRow) -> None:
        done.append(row)
        raise Breaks(f"cannot reach {SECRET}")

    yield done
    for name in ("note", "break"):
        outbox._effects.pop(name)


def put(name: str = "note", **payload: Any) -> OutboxRow:
    """An effect, written."""
    row = outbox.put(name, payload)
    row.save(force_insert=True)
    return row


# ---------------------------------------------------------------- with the change


@pytest.mark.django_db
def test_an_effect_is_written_with_the_change_and_undone_with_it(ran: list[OutboxRow]) -> None:
    with transaction.atomic():
        rows.insert(outbox.put("note", {"n": 1}))
        transaction.set_rollback(True)
    assert outbox.work_off() == 0
    with transaction.atomic():
        rows.insert(outbox.put("note", {"n": 2}), outbox.put("note", {"n": 3}))
        assert ran == []
    assert outbox.work_off() == 2
    assert [row.payload for row in ran] == [{"n": 2}, {"n": 3}]


@pytest.mark.django_db
def test_an_effect_runs_once_and_is_noted(ran: list[OutboxRow]) -> None:
    row = put()
    assert outbox.work_off() == 1
    assert outbox.work_off() == 0
    row.refresh_from_db()
    assert row.done_at is not None
    assert (row.claimed_until, row.error, row.tries, len(ran)) == (None, "", 1, 1)


@pytest.mark.django_db
def test_an_effect_waits_for_its_time(ran: list[OutboxRow]) -> None:
    with moments.at(NINE):
        rows.insert(outbox.put("note", {}, due_at=NINE + timedelta(hours=1)))
        assert outbox.work_off() == 0
    with moments.at(NINE + timedelta(hours=1)):
        assert outbox.work_off() == 1


@pytest.mark.django_db
def test_the_longest_waiting_come_first_and_not_all_at_once(ran: list[OutboxRow]) -> None:
    for minutes in (3, 1, 2):
        with moments.at(NINE + timedelta(minutes=minutes)):
            put(minutes=minutes)
    with moments.at(NINE + timedelta(hours=1)):
        assert outbox.work_off(at_once=2) == 2
        assert [row.payload["minutes"] for row in ran] == [1, 2]
        assert outbox.work_off(at_once=2) == 1


@pytest.mark.django_db
def test_what_an_effect_wrote_is_undone_when_it_fails(ran: list[OutboxRow]) -> None:
    @outbox.effect("break")
    def half(row: OutboxRow) -> None:
        put("note")
        raise Breaks

    put("break")
    outbox.work_off()
    assert [row.effect for row in OutboxRow.objects.all()] == ["break"]


# ---------------------------------------------------------------- failing


@pytest.mark.django_db
def test_one_that_fails_waits_ever_longer_and_hinders_nobody(ran: list[OutboxRow]) -> None:
    waits, moment = [], NINE
    with moments.at(NINE):
        broken = put("break")
    for _ in range(14):
        with moments.at(moment):
            put("note")
            outbox.work_off()
        broken.refresh_from_db()
        waits.append((broken.due_at - moment).total_seconds())
        with moments.at(broken.due_at - timedelta(seconds=1)):
            assert outbox.work_off() == 0
        moment = broken.due_at
    assert waits[:4] == [10, 20, 40, 80]
    assert waits[-1] == waits[-2] == 3600
    assert sum(row.effect == "note" for row in ran) == 14
    assert (broken.tries, broken.done_at, broken.error) == (14, None, "Breaks")


@pytest.mark.django_db
def test_neither_row_nor_log_says_what_the_failure_said(
    ran: list[OutboxRow], caplog: pytest.LogCaptureFixture
) -> None:
    logging.getLogger("jingwei").propagate = True
    row = put("break")
    outbox.work_off()
    row.refresh_from_db()
    assert row.error == "Breaks"
    assert "Breaks at outbox.py:" in caplog.text
    assert "test_outbox.py:" in caplog.text
    assert SECRET not in caplog.text


@pytest.mark.django_db
def test_what_failed_often_is_listed_and_can_be_let_go_on(ran: list[OutboxRow]) -> None:
    with moments.at(NINE):
        row, other = put("break"), put("unheard_of")
        put("note")
    moment = NINE
    for tries in range(1, outbox.STUCK_AFTER + 1):
        with moments.at(moment):
            assert outbox.stuck() == []
            outbox.work_off()
            assert OutboxRow.objects.get(pk=row.pk).tries == tries
        moment += timedelta(hours=1)
    assert outbox.stuck() == [row, other]
    assert OutboxRow.objects.get(pk=other.pk).error == "KeyError"
    mei = Person(person=7, assignment=70)
    with moments.at(moment - timedelta(hours=1)):  # it would have to wait
        assert outbox.work_off() == 0
        assert outbox.try_again(row, by=mei) is True
        assert outbox.stuck() == [other]
        assert outbox.work_off() == 1
    line = JournalLine.objects.get(kind="effect", subject=row.key)
    assert (line.verb, line.person, line.detail) == ("tried-again", 7, {"effect": "break", "row": row.pk})
    assert seals.verify().faults == []


@pytest.mark.django_db
def test_what_is_done_is_not_tried_again(ran: list[OutboxRow]) -> None:
    row = put()
    outbox.work_off()
    assert outbox.try_again(row, by=Person(person=7)) is False
    assert outbox.work_off() == 0


# ---------------------------------------------------------------- crashes


@pytest.mark.django_db
def test_a_crash_after_the_effect_repeats_it_under_the_same_key_and_shows(ran: list[OutboxRow]) -> None:
    sent: list[Any] = []

    @outbox.effect("note")
    def send(row: OutboxRow) -> None:
        sent.append(row.key)
        if len(sent) == 1:
            raise SystemExit  # killed between sending and noting

    with moments.at(NINE):
        row = put()
        with pytest.raises(SystemExit):
            outbox.work_off()
    row.refresh_from_db()
    assert row.done_at is None
    with moments.at(NINE + outbox.CLAIM - timedelta(seconds=1)):
        assert outbox.work_off() == 0  # it might still be running
    with moments.at(NINE + outbox.CLAIM):
        assert outbox.work_off() == 1
    row.refresh_from_db()
    assert sent == [row.key, row.key]
    assert row.tries == 2  # that it was tried twice is visible
    assert row.done_at is not None


@pytest.mark.django_db
def test_a_claim_that_somebody_else_took_over_is_left_to_them(ran: list[OutboxRow]) -> None:
    with moments.at(NINE):
        put("note", n=1)
        slow = outbox._claim(10)  # this worker is held up before it begins
    with moments.at(NINE + timedelta(minutes=3)):
        assert outbox.work_off() == 1
    with moments.at(NINE + timedelta(minutes=4)):
        outbox._run(slow[0])
    assert len(ran) == 1


# ---------------------------------------------------------------- several workers


def test_two_workers_share_the_work_and_never_a_row(
    ran: list[OutboxRow], at_once: Callable[..., list[Any]]
) -> None:
    for n in range(60):
        put(n=n)
    running: set[int] = set()
    guard = threading.Lock()

    @outbox.effect("note")
    def careful(row: OutboxRow) -> None:
        with guard:
            assert row.pk not in running
            running.add(row.pk)
        time.sleep(0.002)
        with guard:
            running.remove(row.pk)
            ran.append(row)

    def work() -> int:
        tried = 0
        while some := outbox.work_off(at_once=7):
            tried += some
        return tried

    tried = at_once(work, work, work)
    assert sum(tried) == 60
    assert sum(n > 0 for n in tried) > 1
    assert sorted(row.payload["n"] for row in ran) == list(range(60))
    assert set(OutboxRow.objects.values_list("tries", flat=True)) == {1}


def test_a_slow_effect_is_not_run_by_a_second_even_when_its_claim_is_over(
    ran: list[OutboxRow], at_once: Callable[..., list[Any]]
) -> None:
    began, may_end = threading.Event(), threading.Event()

    @outbox.effect("note")
    def slow(row: OutboxRow) -> None:
        ran.append(row)
        began.set()
        may_end.wait(30)

    with moments.at(NINE):
        put()

    def first() -> int:
        with moments.at(NINE):
            return outbox.work_off()

    def second() -> int:
        began.wait(30)
        with moments.at(NINE + timedelta(hours=1)):
            tried = outbox.work_off()
        may_end.set()
        return tried

    assert at_once(first, second) == [1, 0]
    assert len(ran) == 1
    assert OutboxRow.objects.get().done_at is not None


def test_an_outbox_filled_while_workers_run_is_emptied(
    ran: list[OutboxRow], at_once: Callable[..., list[Any]]
) -> None:
    end = threading.Event()

    def fill() -> None:
        for n in range(40):
            with transaction.atomic():
                rows.insert(outbox.put("note", {"n": n}, case=ids.new_id()))
                transaction.set_rollback(n % 4 == 3)
        end.set()

    def work() -> None:
        while not end.is_set() or outbox.work_off():
            outbox.work_off()

    assert at_once(fill, work, work) == [None] * 3
    outbox.work_off()
    assert sorted(row.payload["n"] for row in ran) == [n for n in range(40) if n % 4 != 3]
