"""The worker: runs the outbox and the standing jobs. As many as one likes may run.

A turn of a job is taken by one of them. A turn that outlasts its interval may meet the next: jobs lock what
they work on.
"""

from __future__ import annotations

import logging
import signal
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from django.db import Error, InterfaceError, OperationalError, close_old_connections, connection

from jingwei.kernel import away, failures, outbox
from jingwei.kernel.models import JobLease
from jingwei.kernel.moments import now

log = logging.getLogger("jingwei.worker")


@dataclass(frozen=True, slots=True)
class Job:
    """A standing piece of work.

    `work` returns True when there is more to do at once: its next turn is now.
    """

    name: str
    every: timedelta
    work: Callable[[], bool | None]


_jobs: dict[str, Job] = {}


def job(name: str, *, every: timedelta) -> Callable[[Callable[[], bool | None]], Callable[[], bool | None]]:
    """Register a function as a standing job."""

    def register(function: Callable[[], bool | None]) -> Callable[[], bool | None]:
        _jobs[name] = Job(name, every, function)
        return function

    return register


def run(*, once: bool = False, pause: float = 1.0) -> None:
    """Work until the process is told to end (SIGTERM, SIGINT); `once`: whatever there is now, then end.

    Once means every job, also one whose turn another worker has just taken.
    """
    enough = threading.Event()
    if not once:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: enough.set())
    while not enough.is_set():
        try:
            away.look()
            busy = one_round(early=once)
        except Error as failure:
            if once or not away.is_away(failure):
                raise
            log.error("the database is away, trying again: %s", failures.said(failure))
            connection.close()
            busy = False
            enough.wait(5)
        if once and not busy:
            return
        if not busy:
            enough.wait(pause)
        close_old_connections()


def one_round(*, early: bool = False) -> bool:
    """Run the jobs that are due (all when `early`) and one batch of the outbox; say whether there is more."""
    more = False
    for one in _jobs.values():
        if _take_turn(one) or early:
            try:
                if one.work():
                    more = True
                    JobLease.objects.filter(name=one.name).update(next_at=now())
            except (OperationalError, InterfaceError):
                raise
            except Exception as failure:
                log.error(
                    "job %s failed, it comes again in %s: %s", one.name, one.every, failures.said(failure)
                )
    return bool(outbox.work_off()) or more


def _take_turn(one: Job) -> bool:
    """Claim a job's next turn; the first worker to move its time on does it."""
    moment = now()
    lease, _ = JobLease.objects.get_or_create(name=one.name, defaults={"next_at": moment})
    if lease.next_at > moment:
        return False
    return (
        JobLease.objects.filter(name=one.name, next_at=lease.next_at).update(next_at=moment + one.every) == 1
    )
