"""Kill −9 of workers in the middle of the outbox: what they had claimed is taken over, and done once."""

from __future__ import annotations

import random
import time

import pytest

from tests.faults import load
from tests.faults.running import City, serving, until, working

pytestmark = pytest.mark.faults

KILLS = 4
CLAIMED = "SELECT count(*) FROM kernel_outboxrow WHERE done_at IS NULL AND claimed_until IS NOT NULL"
TRIES = "SELECT coalesce(sum(tries), 0) FROM kernel_outboxrow"
UNDONE = "SELECT id, tries FROM kernel_outboxrow WHERE done_at IS NULL ORDER BY id"
DONE = "SELECT count(*) FROM kernel_outboxrow WHERE done_at IS NOT NULL"


def test_what_killed_workers_left_is_done_once(city: City, chance: random.Random) -> None:
    """Two workers at a time die at different moments while cases go on; all jobs are due each time."""
    with serving(city, worker=False) as server, load.at_work(city, server.port, chance) as ledger:
        for _ in range(KILLS):
            ledger.goes_on(chance)
            kill_two(city, chance)
    done = city.number(DONE)
    assert done > 0  # they were killed at work, not before it
    left = city.ask(UNDONE)
    claimed = city.number(CLAIMED)
    assert claimed > 0  # and not after it
    city.run("jingwei.cli", "worker", "--once")
    untouched = city.ask(UNDONE)
    assert len(untouched) == claimed  # what has an owner is not taken from it before its time is over
    assert set(untouched) <= set(left)
    assert load.found(city, ledger) == []
    tries = dict(city.ask("SELECT id, tries FROM kernel_outboxrow WHERE done_at IS NOT NULL"))
    assert all(tries[row] > 1 for row, _tries in untouched)  # by somebody else than who had claimed it


def kill_two(city: City, chance: random.Random) -> None:
    """Start two workers and let every job be due; kill one when somebody has claimed, then the other."""
    city.do("UPDATE kernel_joblease SET next_at = '2026-01-01 00:00:00+00:00'")
    before = city.number(TRIES)
    with working(city) as one, working(city) as other:
        until(lambda: city.number(TRIES) > before, within=30, what_for="a worker claims what waits")
        time.sleep(chance.uniform(0, 0.05))
        first, second = chance.sample([one, other], 2)
        first.kill()
        time.sleep(chance.uniform(0, 0.1))
        second.kill()
