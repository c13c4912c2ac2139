"""Kill −9 of workers in the middle of the outbox: what they had claimed is taken over, and done once."""

from __future__ import annotations

import random
import time
from datetime import UTC, datetime, timedelta

import pytest

from tests.faults import load
from tests.faults.running import City, serving, until, working

pytestmark = pytest.mark.faults

KILLS = 4
TRIES = "SELECT coalesce(sum(tries), 0) FROM kernel_outboxrow"
UNDONE = "SELECT id, tries FROM kernel_outboxrow WHERE done_at IS NULL"
DONE = "SELECT id, tries FROM kernel_outboxrow WHERE done_at IS NOT NULL"
#: how much of its two minutes a claim must have left to be waited for here
A_WHILE = timedelta(seconds=40)


def test_what_killed_workers_left_is_done_once(city: City, chance: random.Random) -> None:
    """Two workers at a time die at different moments while cases go on; all jobs are due each time."""
    with serving(city, worker=False) as server, load.at_work(city, server.port, chance) as ledger:
        for _ in range(KILLS):
            ledger.goes_on(chance)
            kill_two(city, chance)
    assert city.ask(DONE)  # they were killed at work, not before it
    claimed = city.ask(
        f"{UNDONE} AND claimed_until > '{datetime.now(UTC) + A_WHILE:%Y-%m-%d %H:%M:%S+00:00}'"
    )
    assert claimed  # and not after it
    city.run("jingwei.cli", "worker", "--once")
    undone = set(city.ask(UNDONE))
    assert undone >= set(claimed)  # what has an owner is not taken from it before its time is over
    assert load.found(city, ledger) == []
    tries = dict(city.ask(DONE))
    assert all(tries[row] == before + 1 for row, before in claimed)  # then by somebody else, once


def kill_two(city: City, chance: random.Random) -> None:
    """Start two workers and let every job be due; kill one when somebody has claimed, then the other."""
    city.do("UPDATE kernel_joblease SET next_at = '2000-01-01 00:00:00+00:00'")
    before = city.number(TRIES)
    with working(city) as one, working(city) as other:
        until(lambda: city.number(TRIES) > before, within=30, what_for="a worker claims what waits")
        time.sleep(chance.uniform(0, 0.05))
        first, second = chance.sample([one, other], 2)
        first.kill()
        time.sleep(chance.uniform(0, 0.1))
        second.kill()
