"""Kill −9 of the database while programs work.

Everybody is told to wait, and it goes on by itself afterwards.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults import cluster, load, saying
from tests.faults.running import TOP, City, build, serving

pytestmark = pytest.mark.faults


@pytest.fixture
def own(cluster_address: str) -> Iterator[cluster.Cluster]:
    """A cluster that nobody else works on."""
    if not cluster_address:
        pytest.skip("SQLite lives in the process that uses it: there is no database process to kill")
    with cluster.of_its_own() as made:
        yield made


def test_what_was_acknowledged_outlives_the_database(
    own: cluster.Cluster, tmp_path: Path, chance: random.Random
) -> None:
    """The whole of it dies twice, then one process of a connection; web and worker stay as they are."""
    city = build(tmp_path / "city", own.address)
    with serving(city) as server:
        started = server.web_processes()
        with load.at_work(city, server.port, chance) as ledger:
            for _ in range(2):
                ledger.goes_on(chance)
                own.kill()
                saying.everybody_is_told(city, server.port)
                saying.nobody_runs_hot([server.worker_process()], seconds=2)
                own.start()
            ledger.goes_on(chance)
            os.kill(chance.choice(own.serving()), signal.SIGKILL)
            ledger.goes_on(chance)
        assert ledger.away > 0  # the programs met it too, and kept on
        assert server.web_processes() == started
        saying.it_works_again(city, server.port)
    assert "Traceback" not in server.log
    assert load.found(city, ledger, "--besides", "1") == []


def test_a_city_without_its_database_is_not_served(own: cluster.Cluster, tmp_path: Path) -> None:
    """The command ends at once with one sentence, so that whoever watches over it sees it."""
    city = City(tmp_path / "city", own.address)
    city.home.mkdir()
    (city.home / "city.toml").write_text('name = "经州市"\n', "utf-8")
    own.kill()
    done = subprocess.run(
        [sys.executable, "-m", "jingwei.cli", "serve"], cwd=TOP, env=city.environment, capture_output=True,
        text=True, check=False, timeout=60,
    )  # fmt: skip
    assert done.returncode != 0
    assert "The city's database cannot be used" in done.stderr
    assert "Traceback" not in done.stderr
