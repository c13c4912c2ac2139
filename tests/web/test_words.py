"""How times, numbers and rates are said, in Chinese and in English."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from django.utils import timezone, translation
from hypothesis import given
from hypothesis import strategies as st

from jingwei.web import words

NOW = datetime(2026, 11, 20, 6, 50, tzinfo=UTC)  # a Friday, 14:50 in Shanghai


@pytest.fixture(autouse=True)
def shanghai() -> Iterator[None]:
    with timezone.override("Asia/Shanghai"):
        yield


def both(say: object, *given: object) -> tuple[str, str]:
    """What a function of words says in Chinese and in English."""
    assert callable(say)
    said = []
    for language in ("zh-hans", "en"):
        with translation.override(language):
            said.append(str(say(*given)))
    return said[0], said[1]


@pytest.mark.parametrize(
    ("minutes", "chinese", "english"),
    [
        (0, "不到1分", "less than 1 min"),
        (1, "1分", "1 min"),
        (59, "59分", "59 min"),
        (60, "1小时", "1 h"),
        (200, "3小时20分", "3 h 20 min"),
        (24 * 60 - 1, "23小时59分", "23 h 59 min"),
        (24 * 60, "1天", "1 day"),
        (24 * 60 + 59, "1天", "1 day"),
        (2 * 24 * 60 + 5 * 60 + 30, "2天5小时", "2 days 5 h"),
    ],
)
def test_a_span_is_hours_and_minutes_within_a_day_and_days_and_hours_beyond(
    minutes: int, chinese: str, english: str
) -> None:
    assert both(words.span, minutes) == (chinese, english)


@pytest.mark.parametrize(
    ("after", "chinese", "english"),
    [
        (timedelta(hours=3, minutes=20), "还剩3小时20分", "3 h 20 min left"),
        (timedelta(seconds=59), "还剩不到1分", "less than 1 min left"),
        (timedelta(0), "还剩不到1分", "less than 1 min left"),
        (timedelta(seconds=-1), "超时不到1分", "less than 1 min late"),
        (timedelta(minutes=-25), "超时25分", "25 min late"),
        (timedelta(minutes=-25, seconds=-59), "超时25分", "25 min late"),
        (timedelta(days=-1, hours=-2), "超时1天2小时", "1 day 2 h late"),
    ],
)
def test_time_left_and_late(after: timedelta, chinese: str, english: str) -> None:
    assert both(words.time_left, NOW + after, NOW) == (chinese, english)


@pytest.mark.parametrize(
    ("days", "chinese", "english"),
    [
        (3, "还剩3个工作日", "3 working days left"),
        (1, "还剩1个工作日", "1 working day left"),
        (0, "今天到期", "due today"),
        (-1, "超时1个工作日", "1 working day late"),
        (-2, "超时2个工作日", "2 working days late"),
    ],
)
def test_working_days(days: int, chinese: str, english: str) -> None:
    assert both(words.working_days_left, days) == (chinese, english)


@pytest.mark.parametrize(
    ("moment", "chinese", "english"),
    [
        (datetime(2026, 11, 20, 7, 31, tzinfo=UTC), "今天15:31", "today 15:31"),
        (datetime(2026, 11, 19, 1, 12, tzinfo=UTC), "昨天09:12", "yesterday 09:12"),
        (datetime(2026, 11, 20, 16, 0, tzinfo=UTC), "明天00:00", "tomorrow 00:00"),  # the local day counts
        (datetime(2026, 11, 22, 2, 0, tzinfo=UTC), "11月22日 10:00", "22 Nov 10:00"),
        (datetime(2026, 1, 2, 0, 5, tzinfo=UTC), "1月2日 08:05", "2 Jan 08:05"),
        (datetime(2025, 12, 31, 15, 59, tzinfo=UTC), "2025年12月31日 23:59", "31 Dec 2025 23:59"),
        (datetime(2025, 12, 31, 16, 0, tzinfo=UTC), "1月1日 00:00", "1 Jan 00:00"),
    ],
)
def test_a_moment_is_said_as_near_as_people_do(moment: datetime, chinese: str, english: str) -> None:
    assert both(words.when, moment, NOW) == (chinese, english)


def test_new_year_s_eve_is_yesterday_on_new_year_s_day() -> None:
    new_year = datetime(2027, 1, 1, 2, 0, tzinfo=UTC)
    assert both(words.when, new_year - timedelta(days=1), new_year) == ("昨天10:00", "yesterday 10:00")
    assert both(words.day, date(2026, 12, 31), new_year) == ("昨天", "yesterday")


@pytest.mark.parametrize(
    ("day", "chinese", "english"),
    [
        (date(2026, 11, 20), "今天", "today"),
        (date(2026, 11, 21), "明天", "tomorrow"),
        (date(2026, 11, 1), "11月1日", "1 Nov"),
        (date(2024, 2, 29), "2024年2月29日", "29 Feb 2024"),
        (datetime(2026, 11, 20, 17, 0, tzinfo=UTC), "明天", "tomorrow"),
    ],
)
def test_a_day(day: date, chinese: str, english: str) -> None:
    assert both(words.day, day, NOW) == (chinese, english)


def test_full_forms_for_hover_and_paper() -> None:
    assert both(words.exact, NOW) == ("2026年11月20日 14:50", "20 November 2026, 14:50")
    assert both(words.full_date, NOW) == ("2026年11月20日", "20 November 2026")
    assert both(words.full_date, datetime(2026, 11, 20, 16, 30, tzinfo=UTC))[0] == "2026年11月21日"
    assert both(words.weekday, NOW) == ("周五", "Fri")
    assert [both(words.weekday, date(2026, 11, 16 + n))[0] for n in range(7)] == [
        "周一", "周二", "周三", "周四", "周五", "周六", "周日",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("value", "chinese", "english"),
    [
        (None, "—", "—"),
        (0, "0", "0"),
        (1284, "1,284", "1,284"),
        (9999, "9,999", "9,999"),
        (10_000, "1万", "10k"),
        (14_402, "1.4万", "14.4k"),
        (14_500, "1.5万", "14.5k"),  # half goes up
        (99_999_999, "1亿", "100m"),  # rounding never says 10,000万
        (128_400_000, "1.3亿", "128.4m"),
        (-14_402, "-1.4万", "-14.4k"),
        (1_234_500_000_000, "12,345亿", "1,234.5bn"),
    ],
)
def test_big_numbers(value: int | None, chinese: str, english: str) -> None:
    assert both(words.big_number, value) == (chinese, english)


@pytest.mark.parametrize(
    ("part", "whole", "places", "said"),
    [
        (1204, 1289, 1, "93.4%"),
        (1, 3, 2, "33.33%"),
        (1, 8, 2, "12.50%"),
        (1, 8, 0, "13%"),  # 12.5: half up, not to the even
        (5, 1000, 0, "1%"),  # 0.5
        (Decimal("2.675"), 100, 2, "2.68%"),  # binary floats would say 2.67
        (0, 10, 1, "0.0%"),
        (7, 0, 1, "—"),
        (None, 10, 1, "—"),
        (3, None, 1, "—"),
    ],
)
def test_a_share_is_rounded_half_up_and_silent_without_a_whole(
    part: Decimal | None, whole: int | None, places: int, said: str
) -> None:
    assert words.share(part, whole, places) == said


@pytest.mark.parametrize(
    ("spent", "limit", "stopped", "drawn"),
    [
        (0, 240, False, words.Thread("ok", 0)),
        (191, 240, False, words.Thread("ok", 80)),
        (192, 240, False, words.Thread("soon", 80)),  # a fifth is left
        (240, 240, False, words.Thread("soon", 100)),
        (241, 240, False, words.Thread("late", 100, 100)),
        (480, 240, False, words.Thread("late", 100, 50)),
        (60, 240, True, words.Thread("off", 25)),
        (-5, 240, False, words.Thread("ok", 0)),
        (5, 0, False, words.Thread("late", 100, 0)),
    ],
)
def test_a_clock_is_drawn_by_its_share(spent: int, limit: int, stopped: bool, drawn: words.Thread) -> None:
    assert words.thread(spent, limit, stopped=stopped) == drawn


@given(spent=st.integers(-10_000, 10_000_000), limit=st.integers(1, 1_000_000))
def test_a_late_thread_runs_past_its_knot_and_no_other_does(spent: int, limit: int) -> None:
    drawn = words.thread(spent, limit)
    assert (drawn.kind == "late") == (spent > limit)
    assert 0 <= drawn.used <= 100
    assert 0 <= drawn.knot <= 100
    assert drawn.kind == "late" or drawn.knot == 100


@given(minutes=st.integers(-5_000_000, 5_000_000))
def test_chinese_sets_no_blank_in_a_span_and_says_exactly_one_of_left_and_late(minutes: int) -> None:
    with translation.override("zh-hans"):
        said = words.left(minutes)
    assert " " not in said
    assert said.startswith("超时") == (minutes < 0)
    assert said.startswith("还剩") == (minutes >= 0)


def test_a_clock_carries_its_words_and_its_exact_end() -> None:
    began = NOW - timedelta(hours=3, minutes=24)
    with translation.override("zh-hans"):
        clock = words.clock("处置", began=began, due=began + timedelta(hours=4), now=NOW, note="限4工作时")
    assert (clock.words, clock.kind, clock.used, clock.knot) == ("还剩36分", "soon", 85, 100)
    assert clock.exact == "2026年11月20日 15:26"
