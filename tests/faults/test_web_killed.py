"""Kill −9 of the web while programs work: nothing they were told is lost, nothing is there twice or half."""

from __future__ import annotations

import json
import os
import random
import signal

import pytest

from tests.faults import load
from tests.faults.running import City, serving

pytestmark = pytest.mark.faults

KILLS = 5


def test_what_was_acknowledged_outlives_the_web(city: City, chance: random.Random) -> None:
    """Now everything dies at once, now one of the web processes, which its master starts again."""
    with serving(city) as server:
        with load.at_work(city, server.port, chance) as ledger:
            for kill in range(KILLS):
                ledger.goes_on(chance)
                if kill % 2 == 0:
                    server.kill()
                    server.start()
                else:
                    os.kill(chance.choice(server.web_processes()), signal.SIGKILL)
            ledger.goes_on(chance)
        assert ledger.dropped >= KILLS // 2  # the kills met requests that were under way
        assert ledger.again > 0
    assert found(city, ledger) == []


def found(city: City, ledger: load.Ledger, *arguments: str) -> list[str]:
    """What is wrong with a city, in a process that sees only the city."""
    faults: list[str] = json.loads(city.run("tests.faults.looking", *arguments, given=ledger.written()))
    return faults
