"""Serial numbers: gaps allowed, doubles never."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection, transaction

from jingwei.kernel import numbering


@pytest.mark.django_db(transaction=True)
def test_numbers_begin_at_one_and_follow_each_other() -> None:
    assert [numbering.take("WG-1") for _ in range(numbering.BLOCK + 5)] == list(range(1, numbering.BLOCK + 6))
    assert numbering.take("WG-2") == 1  # every series has its own


@pytest.mark.django_db(transaction=True)
def test_a_block_is_reserved_in_one_statement_and_then_costs_none(
    django_assert_num_queries: Callable[[int], Any],
) -> None:
    numbering.take("WG")
    with django_assert_num_queries(0):
        for _ in range(numbering.BLOCK - 1):
            numbering.take("WG")
    with connection.cursor() as cursor:
        cursor.execute("SELECT next FROM kernel_serialblock WHERE series = 'WG'")
        assert cursor.fetchone() == (numbering.BLOCK + 1,)


@pytest.mark.django_db(transaction=True)
def test_a_process_that_ends_leaves_a_gap_and_nothing_else() -> None:
    first = [numbering.take("WG") for _ in range(3)]
    numbering.forget()
    second = [numbering.take("WG") for _ in range(3)]
    assert (first, second) == ([1, 2, 3], [51, 52, 53])


@pytest.mark.django_db(transaction=True)
def test_a_rollback_after_taking_takes_no_number_back() -> None:
    number = numbering.take("WG")
    with transaction.atomic():
        transaction.set_rollback(True)
    assert numbering.take("WG") == number + 1


@pytest.mark.django_db(transaction=True)
def test_inside_a_transaction_nothing_is_kept_that_a_rollback_gives_back() -> None:
    with transaction.atomic():
        assert [numbering.take("WG") for _ in range(3)] == [1, 2, 3]
        transaction.set_rollback(True)
    with transaction.atomic():
        kept = [numbering.take("WG") for _ in range(2)]
    assert kept == [1, 2]  # nobody ever saw the three
    assert numbering.take("WG") == 3


@pytest.mark.django_db(transaction=True)
def test_a_forked_process_does_not_give_out_its_parents_numbers() -> None:
    numbering.take("WG")
    child = os.fork()
    if child == 0:
        os._exit(0 if not numbering._blocks and numbering._lock.acquire(blocking=False) else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert numbering.take("WG") == 2


@pytest.mark.django_db(transaction=True)
def test_memory_for_series_does_not_grow_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(numbering, "_SERIES_KEPT", 5)
    for day in range(20):
        numbering.take(f"WG-{day}")
    assert len(numbering._blocks) == 5
    assert numbering.take("WG-0") == numbering.BLOCK + 1


def test_four_threads_take_no_number_twice(at_once: Callable[..., list[Any]]) -> None:
    taken = at_once(*[lambda: [numbering.take("WG") for _ in range(130)]] * 4)
    numbers = [number for some in taken for number in some]
    assert len(set(numbers)) == len(numbers) == 520
    assert all(some == sorted(some) for some in taken)


def test_four_transactions_reserve_no_number_twice(at_once: Callable[..., list[Any]]) -> None:
    def reserve() -> list[int]:
        kept = []
        for n in range(30):
            with transaction.atomic():
                number = numbering.take("WG")
                if n % 3 == 0:
                    transaction.set_rollback(True)
                else:
                    kept.append(number)
        return kept

    numbers = [number for some in at_once(*[reserve] * 4) for number in some]
    assert len(set(numbers)) == len(numbers) == 80


def test_four_processes_take_no_number_twice(in_processes: Callable[[str, int], list[str]]) -> None:
    script = "from jingwei.kernel import numbering\nprint(*[numbering.take('WG') for _ in range(170)])"
    taken = [[int(number) for number in printed.split()] for printed in in_processes(script, 4)]
    numbers = [number for some in taken for number in some]
    assert len(set(numbers)) == len(numbers) == 680
    assert max(numbers) <= 4 * 4 * numbering.BLOCK
