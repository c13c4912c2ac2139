"""What a built demo leaves behind."""

from __future__ import annotations

import pytest
from django.db.models import Max

from jingwei.demo.management.commands.build_demo import seal_and_verify
from jingwei.engine.stage import Stage
from jingwei.kernel import auditing
from jingwei.kernel.models import JournalLine, Seal


@pytest.mark.usefixtures("stage")
def test_a_demo_that_was_verified_says_so_on_its_audit_page(stage: Stage) -> None:
    assert auditing.last_verified() is None
    found = seal_and_verify()
    told = auditing.last_verified()
    assert told is not None
    assert (told.lines, told.faults) == (found.lines, 0)
    assert found.lines > 20
    top = JournalLine.objects.aggregate(top=Max("id"))["top"]
    assert Seal.objects.order_by("number").last().last_line == top, "nothing is left unsealed"
