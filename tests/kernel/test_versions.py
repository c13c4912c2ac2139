"""What is held in memory is made anew when it changed, and only then."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import transaction

from jingwei.kernel import versions
from jingwei.kernel.models import Version

COUNTER = "places"


@pytest.fixture
def made() -> list[int]:
    """How often the value was made."""
    return []


@pytest.fixture
def kept(made: list[int]) -> versions.Kept[int]:
    def make() -> int:
        made.append(1)
        return len(made)

    return versions.Kept(COUNTER, make)


@pytest.mark.django_db
def test_a_value_is_made_once_and_anew_when_its_mark_is_another(
    kept: versions.Kept[int], made: list[int]
) -> None:
    assert [kept.get(), kept.get()] == [1, 1]
    versions.raise_version("something else")
    assert kept.get() == 1
    versions.raise_version(COUNTER)
    assert [kept.get(), kept.get()] == [2, 2]
    kept.forget()
    assert kept.get() == 3
    assert len(made) == 3


@pytest.mark.django_db
def test_a_look_costs_one_statement_and_is_taken_every_two_seconds_at_most(
    kept: versions.Kept[int], django_assert_num_queries: Callable[[int], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    kept.get()
    with django_assert_num_queries(1):
        kept.get()
    monkeypatch.setattr(versions, "LOOK_EVERY", 1000.0)
    versions.raise_version(COUNTER)
    with django_assert_num_queries(0):
        assert kept.get() == 1
    monkeypatch.setattr(versions, "LOOK_EVERY", 0.0)
    assert kept.get() == 2


@pytest.mark.django_db
def test_a_change_that_was_undone_leaves_nothing_behind(kept: versions.Kept[int]) -> None:
    kept.get()
    with transaction.atomic():
        versions.raise_version(COUNTER)
        assert kept.get() == 2  # within the transaction the change is there
        transaction.set_rollback(True)
    assert kept.get() == 3  # the mark of before is another one again
    assert kept.get() == 3


@pytest.mark.django_db
def test_the_next_change_is_never_taken_for_one_that_was_undone(kept: versions.Kept[int]) -> None:
    """A dry run raises the mark, looks, rolls back; then somebody makes a change, without a look between."""
    versions.raise_version(COUNTER)
    kept.get()
    with transaction.atomic():
        versions.raise_version(COUNTER)
        undone = kept.get()
        transaction.set_rollback(True)
    versions.raise_version(COUNTER)
    assert kept.get() == undone + 1


@pytest.mark.django_db
def test_no_mark_comes_twice() -> None:
    marks = set()
    for _ in range(50):
        versions.raise_version(COUNTER)
        marks.add(Version.objects.get(name=COUNTER).number)
    assert len(marks) == 50
    assert min(marks) > 0


def test_many_may_change_at_once(kept: versions.Kept[int], at_once: Callable[..., list[Any]]) -> None:
    def change() -> None:
        for _ in range(10):
            with transaction.atomic():
                versions.raise_version(COUNTER)

    before = kept.get()
    assert at_once(change, change, change) == [None] * 3
    assert kept.get() == before + 1
