"""The worker: a turn is taken by one, a failing job hinders nobody, more work is done at once."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import OperationalError

from jingwei.kernel import moments, outbox, worker
from jingwei.kernel.models import JobLease

pytestmark = pytest.mark.usefixtures("city")

NINE = datetime.fromisoformat("2026-11-20T09:00:00+08:00")


@pytest.fixture
def jobs(monkeypatch: pytest.MonkeyPatch) -> dict[str, worker.Job]:
    """No jobs but those of the test."""
    fresh: dict[str, worker.Job] = {}
    monkeypatch.setattr(worker, "_jobs", fresh)
    return fresh


@pytest.mark.django_db
def test_a_job_comes_when_its_time_has_come(jobs: dict[str, worker.Job]) -> None:
    turns: list[datetime] = []
    worker.job("count", every=timedelta(minutes=5))(lambda: turns.append(moments.now()))
    for minutes in (0, 1, 4, 5, 6, 20):
        with moments.at(NINE + timedelta(minutes=minutes)):
            worker.one_round()
    assert [(turn - NINE) / timedelta(minutes=1) for turn in turns] == [0, 5, 20]


@pytest.mark.django_db
def test_a_job_with_more_to_do_comes_again_at_once(jobs: dict[str, worker.Job]) -> None:
    waiting = [3, 2, 1]

    @worker.job("some", every=timedelta(hours=1))
    def some() -> bool:
        waiting.pop()
        return bool(waiting)

    with moments.at(NINE):
        assert worker.one_round() is True
        assert worker.one_round() is True
        assert worker.one_round() is False
        assert waiting == []
        worker.one_round()
    assert JobLease.objects.get(name="some").next_at == NINE + timedelta(hours=1)


@pytest.mark.django_db
def test_a_failing_job_hinders_nobody_and_its_message_is_not_logged(
    jobs: dict[str, worker.Job], caplog: pytest.LogCaptureFixture
) -> None:
    logging.getLogger("jingwei").propagate = True
    done: list[str] = []

    @worker.job("broken", every=timedelta(minutes=1))
    def broken() -> None:
        raise ValueError("13800001234")

    worker.job("good", every=timedelta(minutes=1))(lambda: done.append("good"))
    worker.one_round()
    assert done == ["good"]
    assert "job broken failed" in caplog.text
    assert "ValueError at worker.py:" in caplog.text
    assert "13800001234" not in caplog.text


@pytest.mark.django_db
def test_a_database_that_is_away_is_no_failure_of_the_job(jobs: dict[str, worker.Job]) -> None:
    @worker.job("away", every=timedelta(minutes=1))
    def away() -> None:
        raise OperationalError

    with pytest.raises(OperationalError):
        worker.one_round()


@pytest.mark.django_db(transaction=True)
def test_once_works_until_nothing_is_left(jobs: dict[str, worker.Job]) -> None:
    ran: list[int] = []
    outbox.effect("note")(lambda row: ran.append(row.pk))
    for _ in range(120):
        outbox.put("note", {}).save()
    worker.run(once=True)
    assert len(ran) == 120
    outbox._effects.pop("note")


@pytest.mark.django_db(transaction=True)
def test_once_does_every_job_though_another_worker_took_its_turn(jobs: dict[str, worker.Job]) -> None:
    done: list[str] = []
    worker.job("counts", every=timedelta(minutes=5))(lambda: done.append("counts"))
    worker.one_round()
    worker.one_round()
    assert done == ["counts"]
    worker.run(once=True)
    assert done == ["counts"] * 2


def test_a_turn_is_taken_by_one(jobs: dict[str, worker.Job], at_once: Callable[..., list[Any]]) -> None:
    turns: list[int] = []
    worker.job("count", every=timedelta(minutes=5))(lambda: turns.append(1))
    with moments.at(NINE):
        worker.one_round()
    for minutes in range(10, 60, 10):
        with moments.at(NINE + timedelta(minutes=minutes)):
            assert at_once(*[worker.one_round] * 4) == [False] * 4
    assert len(turns) == 6
