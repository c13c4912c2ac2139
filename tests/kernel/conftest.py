"""A city folder of its own for each test, and ways to do things at once: in threads and in processes."""

from __future__ import annotations

import contextvars
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from pytest_django.fixtures import Settings

from jingwei.city import City
from jingwei.kernel import sealed

Work = Callable[[], Any]


@pytest.fixture
def city(tmp_path: Path, settings: Settings) -> Iterator[City]:
    """An empty folder for keys, files and seals."""
    settings.CITY = replace(settings.CITY, home=tmp_path)
    sealed._ring.cache_clear()
    yield settings.CITY
    sealed._ring.cache_clear()


@pytest.fixture
def at_once(transactional_db: None) -> Callable[..., list[Any]]:
    """Run works in threads, each with its own connection; return what each gave back, or how it ended."""
    if connection.vendor == "sqlite":
        pytest.skip("SQLite has one writer at a time, and its test database lives in one connection")
    return _in_threads


def _in_threads(*works: Work) -> list[Any]:
    ready = threading.Barrier(len(works))
    results: list[Any] = [None] * len(works)

    def do(number: int, work: Work) -> None:
        try:
            ready.wait(timeout=20)
            results[number] = work()
        except BaseException as ended:  # the test looks at it
            results[number] = ended
        finally:
            connection.close()

    threads = [
        threading.Thread(target=contextvars.copy_context().run, args=(do, number, work))
        for number, work in enumerate(works)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
        assert not thread.is_alive()
    return results


@pytest.fixture
def in_processes(transactional_db: None, tmp_path: Path) -> Callable[[str, int], list[str]]:
    """Run a script in so many processes at a time against the test's database; return what each printed."""
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "jingwei.settings", "PYTHONWARNINGS": "error"}
    if connection.vendor == "sqlite":  # a copy in a file, because the test database is in memory
        environment["JINGWEI_CITY"] = f"{tmp_path}/"
        environment.pop("JINGWEI_DATABASE", None)
        with connection.cursor() as cursor:
            cursor.execute("VACUUM INTO %s", [str(tmp_path / "city.sqlite3")])
    else:
        address, _, _ = os.environ["JINGWEI_DATABASE"].rpartition("/")
        environment["JINGWEI_DATABASE"] = f"{address}/{connection.settings_dict['NAME']}"

    def run(script: str, count: int) -> list[str]:
        begin = "import django\ndjango.setup()\n"
        processes = [
            subprocess.Popen(
                [sys.executable, "-c", begin + script], env=environment, stdout=subprocess.PIPE, text=True
            )
            for _ in range(count)
        ]
        printed = [process.communicate(timeout=60)[0] for process in processes]
        assert [process.returncode for process in processes] == [0] * count
        return printed

    return run
