"""The two demo cities, built once for all tests of this folder."""

from __future__ import annotations

import pytest

from jingwei.demo.geography import AreaDraft, make_areas


@pytest.fixture(scope="session")
def demo() -> list[AreaDraft]:
    return make_areas("demo")


@pytest.fixture(scope="session")
def city() -> list[AreaDraft]:
    return make_areas("city")
