"""Going on behind a row: a cursor on the order's own column, so that page 100 costs what page 1 costs."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from django.db.models import Q, QuerySet

from jingwei.engine.models import Case
from jingwei.kernel.refusals import Reason
from jingwei.web.api.problems import Wrong

Row = Sequence[Any]
Mark = tuple[datetime | None, UUID]


def part(
    cases: QuerySet[Case], order: str, columns: Sequence[str], *, after: str, limit: int
) -> tuple[list[Row], str | None]:
    """Return so many rows behind a cursor, and the cursor behind the last (None: that was all).

    What has no time in the order's column (nothing runs against it) comes last, on every database alike.
    """
    column, down = order.removeprefix("-"), order.startswith("-")
    mark = _read(after) if after else None
    found: list[Row] = []
    timed = cases.filter(**{f"{column}__isnull": False}) if not down else cases
    if mark is None or mark[0] is not None:
        sorted_ = _behind(timed, column, mark, down=down).order_by(order, "-pk" if down else "pk")
        found = list(sorted_.values_list(*columns)[: limit + 1])
    if len(found) <= limit and not down:
        last = mark[1] if mark and mark[0] is None else None
        rest = cases.filter(**{f"{column}__isnull": True}).order_by("pk")
        rest = rest.filter(pk__gt=last) if last else rest
        found += list(rest.values_list(*columns)[: limit + 1 - len(found)])
    if len(found) <= limit:
        return found, None
    row = dict(zip(columns, found[limit - 1], strict=True))
    return found[:limit], _written(row[column.rpartition("__")[2]], row["id"])


def _behind(cases: QuerySet[Case], column: str, mark: Mark | None, *, down: bool) -> QuerySet[Case]:
    if mark is None:
        return cases
    beyond = "lt" if down else "gt"
    # the first condition is the index range, the second leaves out what was shown at just this moment
    within = cases.filter(**{f"{column}__{beyond}e": mark[0]})
    return within.filter(Q(**{f"{column}__{beyond}": mark[0]}) | Q(**{f"pk__{beyond}": mark[1]}))


def _written(moment: datetime | None, pk: UUID) -> str:
    return base64.urlsafe_b64encode(orjson.dumps([moment, pk])).decode().rstrip("=")


def _read(cursor: str) -> Mark:
    try:
        moment, pk = orjson.loads(base64.urlsafe_b64decode(cursor.encode() + b"=" * (-len(cursor) % 4)))
        at = None if moment is None else datetime.fromisoformat(moment)
        if at is not None and (at.tzinfo is None or not 1900 < at.year < 2200):
            raise ValueError("no moment of ours")
        return at, UUID(pk)
    except (ValueError, TypeError, AttributeError, binascii.Error) as wrong:
        raise Wrong("not-valid", 422, Reason("wrong-cursor", "after")) from wrong
