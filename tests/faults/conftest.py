"""Cities to break: each test gets a copy of its own, on the database that the tests run on."""

from __future__ import annotations

import contextlib
import os
import random
import secrets
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from tests.faults.running import City, build, copy

#: another number makes other moments; a failure names it
SEED = int(os.environ.get("JINGWEI_FAULT_SEED", "20261120"))


@pytest.fixture(scope="session")
def cluster_address() -> str:
    """The PostgreSQL that the tests run on; empty when they run on SQLite."""
    return os.environ.get("JINGWEI_DATABASE", "")


@pytest.fixture(scope="session")
def pattern(tmp_path_factory: pytest.TempPathFactory, cluster_address: str) -> Iterator[City]:
    """A city, built once, that nobody serves: copies are made of it."""
    home = tmp_path_factory.mktemp("pattern") / "city"
    with database_of_its_own(cluster_address) as address:
        yield build(home, address)


@pytest.fixture
def city(pattern: City, tmp_path: Path, cluster_address: str) -> Iterator[City]:
    """A city to break."""
    with database_of_its_own(cluster_address, copy_of=pattern.database) as address:
        yield copy(pattern, tmp_path / "city", address)


@pytest.fixture
def chance(request: pytest.FixtureRequest) -> random.Random:
    """Moments by chance that come again with the same seed; each test has its own."""
    return random.Random(f"{SEED} {request.node.name}")


@contextlib.contextmanager
def database_of_its_own(cluster: str, *, copy_of: str = "") -> Iterator[str]:
    """Yield the address of a new database beside the one named; nothing on SQLite."""
    if not cluster:
        yield ""
        return
    name, beside = f"faults_{secrets.token_hex(4)}", cluster.rpartition("/")[0]
    pattern = f" TEMPLATE {copy_of.rpartition('/')[2]}" if copy_of else ""
    with psycopg.connect(cluster, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}{pattern}")
    try:
        yield f"{beside}/{name}"
    finally:
        with psycopg.connect(cluster, autocommit=True) as connection:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)")
