"""Holidays and make-up days as the State Council announces them.

They come from the library `chinese_calendar`, which follows each notice.
"""

from __future__ import annotations

from datetime import date, timedelta

import chinese_calendar

from jingwei.kernel.calendar import WEEKEND


def library_year(year: int) -> dict[date, bool] | None:
    """Return the days of a year that differ from the Saturday–Sunday rule (True: worked).

    None when the library does not know the year: it says so by ``NotImplementedError``.
    """
    days: dict[date, bool] = {}
    day = date(year, 1, 1)
    while day.year == year:
        try:
            works = bool(chinese_calendar.is_workday(day))
        except NotImplementedError:
            return None
        if works != (day.weekday() not in WEEKEND):
            days[day] = works
        day += timedelta(days=1)
    return days
