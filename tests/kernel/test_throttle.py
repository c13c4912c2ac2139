"""Limits on tries: counted in the database, for every process, without an address in it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from jingwei.kernel import moments, throttle
from jingwei.kernel.models import Throttle
from jingwei.kernel.refusals import Refused

NINE = datetime.fromisoformat("2026-11-20T09:00:00+08:00")
RATE = throttle.Rate("code", 3, timedelta(minutes=10))


def tries(count: int, of: str = "10.0.0.1", rate: throttle.Rate = RATE) -> list[str]:
    said = []
    for _ in range(count):
        try:
            throttle.count(rate, of=of)
            said.append("ok")
        except Refused as no:
            said.append(str(no))
    return said


@pytest.mark.django_db
def test_after_so_many_tries_no_more_until_the_window_is_over() -> None:
    with moments.at(NINE):
        assert tries(5) == ["ok"] * 3 + ["too-many-tries"] * 2
    with moments.at(NINE + timedelta(minutes=9, seconds=59)):
        assert tries(1) == ["too-many-tries"]
    with moments.at(NINE + timedelta(minutes=10)):
        assert tries(4) == ["ok"] * 3 + ["too-many-tries"]


@pytest.mark.django_db
def test_the_refusal_says_how_long() -> None:
    tries(3)
    with pytest.raises(Refused) as no:
        throttle.count(RATE, of="10.0.0.1")
    assert no.value.reasons[0].values == {"minutes": 10}


@pytest.mark.django_db
def test_each_address_and_each_limit_counts_for_itself_and_one_limit_for_all() -> None:
    assert tries(3) == ["ok"] * 3
    assert tries(3, of="10.0.0.2") == ["ok"] * 3
    assert tries(3, rate=throttle.Rate("login", 3, timedelta(minutes=10))) == ["ok"] * 3
    assert tries(4, of="") == ["ok"] * 3 + ["too-many-tries"]


@pytest.mark.django_db
def test_no_address_is_kept_and_none_can_be_guessed(settings: Any) -> None:
    tries(1)
    bucket = Throttle.objects.get().bucket
    assert "10.0.0.1" not in bucket
    settings.SECRET_KEY = "another"
    tries(1)
    assert Throttle.objects.count() == 2  # another key, another bucket


@pytest.mark.django_db
def test_windows_that_are_over_are_deleted() -> None:
    with moments.at(NINE):
        tries(1, of="old")
    with moments.at(NINE + timedelta(hours=20)):
        tries(1, of="newer")
    with moments.at(NINE + timedelta(hours=25)):
        assert throttle.forget_old() == 1
    assert Throttle.objects.count() == 1


def test_tries_at_once_are_all_counted(at_once: Callable[..., list[Any]]) -> None:
    rate = throttle.Rate("code", 10, timedelta(minutes=10))
    said = [one for some in at_once(*[lambda: tries(5, rate=rate)] * 5) for one in some]
    assert (said.count("ok"), said.count("too-many-tries")) == (10, 15)
