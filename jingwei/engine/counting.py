"""Folding facts into sums, and reading the sums. A fact is folded within a minute and exactly once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from datetime import date, timedelta

from django.db import connection, transaction
from django.db.models import Sum
from django.utils import timezone

from jingwei.engine.models import Fact, Tally
from jingwei.kernel.worker import job
from jingwei.registry.atlas import atlas

#: the day under which what is open now is kept
STOCK = date(1970, 1, 1)
AT_ONCE = 5000

Key = tuple[date, int, int, int, str, str, str]  # day, hour, area, unit, procedure, class_top, what


@job("counts", every=timedelta(seconds=5))
def fold() -> bool:
    """Add the facts not yet folded to the sums; True when there may be more."""
    with transaction.atomic():
        waiting = Fact.objects.filter(folded=False).order_by("id")
        if connection.vendor == "postgresql":
            waiting = waiting.select_for_update(skip_locked=True)
        facts = list(waiting[:AT_ONCE])
        add(sums_of(facts))
        Fact.objects.filter(pk__in=[fact.pk for fact in facts]).update(folded=True)
    return len(facts) == AT_ONCE


def sums_of(facts: Collection[Fact]) -> Counter[Key]:
    """What these facts add to which sums."""
    city = root.id if (root := atlas().city()) else 0
    sums: Counter[Key] = Counter()
    for fact in facts:
        moment = timezone.localtime(fact.happened_at)
        day, open_now = moment.date(), _stock(fact.what) * fact.n
        for area, with_class, with_hour in (
            (city, True, True), (fact.county, True, True), (fact.street, True, False),
            (fact.community, False, False), (fact.grid, False, False),
        ):  # fmt: skip
            if area is None:
                continue
            for class_top in {"", fact.class_top} if with_class else {""}:
                sums[day, -1, area, 0, fact.procedure, class_top, fact.what] += fact.n
                if open_now:
                    sums[STOCK, -1, area, 0, fact.procedure, class_top, "open"] += open_now
            if (with_hour and fact.what in ("in",)) or (with_hour and fact.what.startswith("out:")):
                sums[day, moment.hour, area, 0, fact.procedure, "", fact.what] += fact.n
        if fact.unit:
            sums[day, -1, 0, fact.unit, fact.procedure, "", fact.what] += fact.n
    return sums


def add(sums: Counter[Key]) -> None:
    """Add to the stored sums, always in the same order so that two workers cannot wait for each other."""
    rows = [(*key, n) for key, n in sorted(sums.items()) if n]
    table = Tally._meta.db_table
    with connection.cursor() as cursor:
        for start in range(0, len(rows), 500):
            part = rows[start : start + 500]
            values = ", ".join(["(%s, %s, %s, %s, %s, %s, %s, %s)"] * len(part))
            cursor.execute(
                f"INSERT INTO {table} (day, hour, area, unit, procedure, class_top, what, n) VALUES {values}"  # noqa: S608
                " ON CONFLICT (area, unit, day, hour, what, procedure, class_top) DO UPDATE SET n = "
                f"{table}.n + EXCLUDED.n",
                [_db(cell) for row in part for cell in row],
            )


def rebuilt() -> Counter[Key]:
    """The sums as all the facts say; equal to what is stored when everything is folded."""
    sums: Counter[Key] = Counter()
    batch: list[Fact] = []
    for fact in Fact.objects.order_by("id").iterator(chunk_size=5000):
        batch.append(fact)
        if len(batch) == 5000:
            sums.update(sums_of(batch))
            batch = []
    sums.update(sums_of(batch))
    return Counter({key: n for key, n in sums.items() if n})


def stored() -> Counter[Key]:
    """The sums as they are stored."""
    columns = ("day", "hour", "area", "unit", "procedure", "class_top", "what", "n")
    return Counter(
        {
            row[:7]: row[7]
            for row in Tally.objects.exclude(n=0).values_list(*columns).iterator(chunk_size=5000)
        }
    )


def sum_of(
    what: str, *, area: int, since: date, until: date, class_top: str = "", procedure: str = ""
) -> int:
    """How many within days, both included.

    `what` may end in ':' to mean everything that begins so (`out:`).
    """
    rows = Tally.objects.filter(
        area=area, unit=0, hour=-1, day__gte=since, day__lte=until, class_top=class_top
    )
    rows = rows.filter(what__startswith=what) if what.endswith(":") else rows.filter(what=what)
    if procedure:
        rows = rows.filter(procedure=procedure)
    return int(rows.aggregate(n=Sum("n"))["n"] or 0)


def _stock(what: str) -> int:
    return 1 if what == "in" else -1 if what.startswith("out:") else 0


def _db(cell: date | int | str) -> date | int | str | None:
    return connection.ops.adapt_datefield_value(cell) if isinstance(cell, date) else cell
