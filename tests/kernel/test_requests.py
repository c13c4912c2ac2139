"""The same request twice: one act, one answer; and nobody else's id."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID

import pytest
from django.db import transaction

from jingwei.kernel import ids, moments, requests
from jingwei.kernel.models import RequestKey
from jingwei.kernel.refusals import SameRequestOtherContent

CONTENT = '{"description": "井盖翘起来了"}'.encode()


def send(
    request: UUID, content: bytes = CONTENT, bound_to: str = "session:1", answer: int = 1
) -> dict[str, Any] | None:
    with transaction.atomic():
        return requests.seen_before(request, bound_to=bound_to, content=content, answer={"n": answer})


@pytest.mark.django_db
def test_the_same_id_and_content_is_the_same_answer() -> None:
    request = ids.new_id()
    assert send(request, answer=1) is None
    assert send(request, answer=2) == {"n": 1}
    assert send(request, answer=3) == {"n": 1}
    assert send(ids.new_id(), answer=4) is None


@pytest.mark.django_db
@pytest.mark.parametrize(
    "other",
    [{"content": CONTENT + b" "}, {"content": b""}, {"bound_to": "session:2"}, {"bound_to": "portal"}],
)
def test_other_content_or_another_sender_is_refused(other: dict[str, Any]) -> None:
    request = ids.new_id()
    send(request)
    with pytest.raises(SameRequestOtherContent) as no:
        send(request, **other)
    assert no.value.codes == ("same-id-other-content",)
    assert send(request, answer=9) == {"n": 1}


@pytest.mark.django_db
def test_a_request_that_failed_may_come_again_with_other_content() -> None:
    request = ids.new_id()
    with transaction.atomic():
        assert requests.seen_before(request, bound_to="portal", content=b"first", answer={}) is None
        transaction.set_rollback(True)
    assert send(request, b"second") is None


@pytest.mark.django_db
def test_neither_content_nor_sender_is_kept_nor_can_be_guessed_from_what_is() -> None:
    send(ids.new_id())
    row = RequestKey.objects.get()
    assert bytes(row.content) != hashlib.sha256(CONTENT).digest()
    assert bytes(row.bound) not in hashlib.sha256(b"session:1").digest()


def test_of_two_at_once_one_acts(at_once: Callable[..., list[Any]]) -> None:
    for _ in range(10):
        request = ids.new_id()
        answers = at_once(*[partial(send, request, answer=n) for n in range(4)])
        acted = [n for n, answer in enumerate(answers) if answer is None]
        assert len(acted) == 1
        assert [answer for answer in answers if answer is not None] == [{"n": acted[0]}] * 3


def test_where_the_first_is_undone_the_second_acts(at_once: Callable[..., list[Any]]) -> None:
    request = ids.new_id()
    noted, undo = threading.Event(), threading.Event()

    def first() -> None:
        with transaction.atomic():
            requests.seen_before(request, bound_to="portal", content=CONTENT, answer={"n": 1})
            noted.set()
            undo.wait(0.3)  # the second is waiting for this transaction by now
            transaction.set_rollback(True)

    def second() -> dict[str, Any] | None:
        noted.wait(30)
        return send(request, bound_to="portal", answer=2)

    assert at_once(first, second) == [None, None]
    assert send(request, bound_to="portal") == {"n": 2}


@pytest.mark.django_db
def test_when_it_came_is_kept_so_that_it_can_go() -> None:
    moment = datetime.fromisoformat("2026-11-20T09:00:00+08:00")
    with moments.at(moment):
        send(ids.new_id())
    assert RequestKey.objects.get().created_at == moment
