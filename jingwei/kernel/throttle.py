"""Limits on tries that hold for every process, because they live in the database."""

from __future__ import annotations

import hmac
import ipaddress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings

from jingwei.kernel import rows
from jingwei.kernel.models import Throttle
from jingwei.kernel.moments import now
from jingwei.kernel.refusals import Reason, Refused


@dataclass(frozen=True, slots=True)
class Rate:
    """At most so many tries within a window."""

    name: str
    most: int
    within: timedelta


def count(rate: Rate, *, of: str = "") -> None:
    """Count one try, or raise ``Refused`` when the window is full.

    Outside a transaction a try counts even when it fails.
    """
    moment = now()
    bucket = _bucket(rate, of)
    table = Throttle._meta.db_table
    counted = rows.ask(
        f'INSERT INTO {table} (bucket, "window", tries) VALUES (%s, %s, 1)'  # noqa: S608
        f" ON CONFLICT (bucket) DO UPDATE SET"
        f' tries = CASE WHEN {table}."window" <= %s THEN 1 ELSE {table}.tries + 1 END,'
        f' "window" = CASE WHEN {table}."window" <= %s THEN %s ELSE {table}."window" END'
        f" RETURNING tries",
        [bucket, _db(moment), _db(moment - rate.within), _db(moment - rate.within), _db(moment)],
    )
    if counted[0][0] > rate.most:
        raise _too_many(rate)


def refuse_if_full(rate: Rate, *, of: str = "") -> None:
    """Raise ``Refused`` when the window is full, counting nothing: where only failures count.

    Asked before the answer is looked for, so that whoever guesses does not learn more by going on.
    """
    within = Throttle.objects.filter(bucket=_bucket(rate, of), window__gt=now() - rate.within)
    if within.filter(tries__gte=rate.most).exists():
        raise _too_many(rate)


def forget_old() -> int:
    """Delete the windows that are over for a day: nobody needs to know that an address was here.

    Return how many.
    """
    return Throttle.objects.filter(window__lt=now() - timedelta(days=1)).delete()[0]


def _too_many(rate: Rate) -> Refused:
    minutes = max(1, round(rate.within.total_seconds() / 60))
    return Refused(Reason("too-many-tries", values={"minutes": minutes}))


def _bucket(rate: Rate, of: str) -> str:
    """The address behind a try is kept as a keyed hash only."""
    if not of:
        return rate.name
    whose = _subscriber(of).encode(errors="replace")
    hashed = hmac.digest(settings.SECRET_KEY.encode(), whose, "sha256").hex()
    return f"{rate.name}:{hashed[:32]}"


def _subscriber(of: str) -> str:
    """Who is counted behind an address: of IPv6 its first half, for whoever has one has all the others."""
    try:
        address = ipaddress.ip_address(of)
    except ValueError:  # a login name, or what a proxy passed on
        return of
    if isinstance(address, ipaddress.IPv4Address):
        return str(address)
    return str(address.ipv4_mapped or ipaddress.ip_network((int(address), 64), strict=False))


def _db(moment: datetime) -> Any:
    return rows.ready(Throttle, "window", moment)
