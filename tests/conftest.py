"""A fixed cast on a small stage. Tests go through the doors people use, as insider, colleague, stranger."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from django.conf import settings

from jingwei.engine import library, publishing
from jingwei.engine.stage import Stage, build
from jingwei.kernel import calendars, numbering, versions
from jingwei.kernel.actors import SYSTEM
from jingwei.registry import atlas

versions.LOOK_EVERY = 0.0  # a test sees at once what it changed


@pytest.fixture(scope="session", autouse=True)
def _static_folder() -> None:
    """The server of static files warns where its folder is missing, and a warning is an error here."""
    Path(settings.STATIC_ROOT).mkdir(parents=True, exist_ok=True)


@pytest.fixture(autouse=True)
def _fresh_memory() -> None:
    """What a process keeps in memory belongs to one test."""
    for forget in (
        atlas.forget,
        library.forget,
        calendars.forget,
        numbering.forget,
        library.version.cache_clear,
    ):
        forget()


@pytest.fixture
def stage(db: None) -> Stage:
    """The small city, with every playbook in force."""
    publishing.publish_all(by=SYSTEM)
    return build()


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real public data; tests that need it are skipped where it is not named."""
    folder = os.environ.get("JINGWEI_REAL_DATA")
    if not folder:
        pytest.skip("JINGWEI_REAL_DATA is not set: the folder with real public data is not here")
    return Path(folder).resolve()
