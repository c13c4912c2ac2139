"""What a built demo leaves behind."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from django.db.models import Max
from pytest_django.fixtures import Settings

from jingwei.demo.management.commands.build_demo import seal_and_verify
from jingwei.kernel import auditing
from jingwei.kernel.models import JournalLine, Seal


@pytest.mark.usefixtures("stage")
def test_a_demo_that_was_verified_says_so_on_its_audit_page(tmp_path: Path, settings: Settings) -> None:
    settings.CITY = replace(settings.CITY, home=tmp_path)  # the seals go outside the database
    assert auditing.last_verified() is None
    found = seal_and_verify()
    told = auditing.last_verified()
    assert told is not None
    assert (told.lines, told.faults) == (found.lines, 0)
    assert found.lines > 20
    written = JournalLine.objects.aggregate(top=Max("id"))["top"]
    sealed = Seal.objects.aggregate(top=Max("last_line"))["top"]
    assert sealed == written, "nothing is left unsealed"
