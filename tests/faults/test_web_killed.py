"""Kill −9 of the web while programs work: nothing they were told is lost, nothing is there twice or half."""

from __future__ import annotations

import os
import random
import signal
import socket

import pytest

from tests.faults import load
from tests.faults.running import City, Server, serving, until

pytestmark = pytest.mark.faults

KILLS = 4


def test_what_was_acknowledged_outlives_the_web(city: City, chance: random.Random) -> None:
    """Now everything dies at once, now one web process, which its master starts again; then the master."""
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
            kill_the_master(server)
            server.start()
            ledger.goes_on(chance)
        assert ledger.dropped >= KILLS // 2  # the kills met requests that were under way
        assert ledger.again > 0
    assert load.found(city, ledger) == []


def kill_the_master(server: Server) -> None:
    """What looks after the web processes dies alone: `jingwei serve` ends the rest and frees the port."""
    os.kill(server.master(), signal.SIGKILL)
    until(lambda: server.living.process.poll() is not None, within=30, what_for="serve ends")
    assert server.living.process.returncode != 0
    assert server.living.members == []
    with socket.socket() as free:
        free.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        free.bind(("127.0.0.1", server.port))
