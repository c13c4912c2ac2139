"""A text that a column cannot hold is answered with what would fit, alike on both databases."""

from __future__ import annotations

import pytest

from jingwei.kernel.fitting import unfit
from jingwei.registry.models import Area, Person


def test_a_text_longer_than_its_column_is_said_with_both_lengths() -> None:
    reasons = unfit(Area, {"name": "长" * 81, "code": "9" * 24})
    assert [(reason.code, reason.field, reason.values) for reason in reasons] == [
        ("too-long", "name", {"most": 80, "length": 81})
    ]
    assert unfit(Area, {"name": "𠮷" * 80}) == []  # signs are counted, not bytes


@pytest.mark.parametrize("sign", ["\0", "\x07", "\n", "\x85", "\ud800"])
def test_signs_that_cannot_be_shown_are_refused(sign: str) -> None:
    assert [str(reason) for reason in unfit(Person, {"name": f"沈{sign}玉", "staff_no": "J1"})] == [
        "control-signs:name"
    ]


def test_what_is_no_text_always_fits() -> None:
    assert unfit(Area, {"households": 5, "border": b"\0", "parent_id": None, "special": True}) == []
