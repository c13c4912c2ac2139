"""The board through the doors leaders use: its numbers are the database's, and every one opens its cases."""

from __future__ import annotations

import html
import re
from datetime import date, timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from jingwei.engine import actions
from jingwei.engine.models import Case
from jingwei.kernel import moments
from jingwei.web.board.scale import Scale
from tests.conftest import MORNING, Faces

pytestmark = pytest.mark.usefixtures("morning")

TODAY, YESTERDAY = date(2026, 11, 20), date(2026, 11, 19)


def text_of(answer: Any) -> str:
    return html.unescape(answer.content.decode())


def board(client: Client, **query: str) -> str:
    answer = client.get(reverse("board"), query)
    assert answer.status_code == 200, answer.status_code
    return text_of(answer)


def numbers(shown: str) -> dict[str, int]:
    """The flow of the day as the page says it: 新报, 办结, 在办, 超时."""
    found = re.findall(r"<dt>(\w+)</dt><dd><a class=\"big \w?\" href=\"[^\"]+\">([\d,]+)</a>", shown)
    return {label: int(n.replace(",", "")) for label, n in found}


def links(shown: str) -> dict[str, str]:
    """Where each number of the flow leads."""
    return dict(re.findall(r"<dt>(\w+)</dt><dd><a class=\"big \w?\" href=\"([^\"]+)\"", shown))


def listed(client: Client, address: str) -> set[str]:
    """The cases a list shows, by id."""
    answer = client.get(address)
    assert answer.status_code == 200
    return set(re.findall(r'name="case" value="([0-9a-f-]{36})"', text_of(answer)))


def shade_of(shown: str, area: str) -> str:
    """What the map says about an area below: its value, and n/d where it is a rate."""
    found = re.search(rf'aria-label="{area} ([^"]*)"', shown)
    assert found is not None, area
    return found[1].strip()


@pytest.fixture
def days(faces: Faces) -> Faces:
    """Yesterday two came and one ended; today two came in this county and one in the other; one is late."""
    far = {"area": faces.stage.areas["far_street"].pk}
    with moments.at(MORNING - timedelta(days=1)):
        faces.report(words="昨天办结的井盖")
        faces.moved(_case("昨天办结"), "reject", "acceptor", reject_code="not_there", reply="现场没有")
        faces.handling(words="昨天的路灯")
    with moments.at(MORNING - timedelta(hours=1)):
        faces.closed(words="今天办结的积水")
        faces.report(words="今天的围墙")
        faces.report(words="别区的垃圾", place=far)
    faces.work()
    return faces


def _case(words: str) -> Case:
    return Case.objects.get(title__startswith=words)


# ---------------------------------------------------------------- who looks


def test_the_board_is_for_leaders_and_each_sees_their_own_area(days: Faces) -> None:
    for name in ("handler", "acceptor", "worker", "call_taker"):
        assert days.of(name).get(reverse("board")).status_code == 404
        assert days.of(name).get(reverse("behind", args=["in"])).status_code == 404
    assert "经州市网格运行" in board(days.of("city_leader"))
    assert "云河区网格运行" in board(days.of("county_leader"))
    assert "槐安社区网格运行" in board(days.of("community_head"))


def test_drilling_down_stays_inside_the_leader_s_area(days: Faces) -> None:
    client, areas = days.of("county_leader"), days.stage.areas
    for inside in ("county", "street", "community", "grid"):
        assert areas[inside].name in board(client, area=areas[inside].code)
    for outside in ("city", "far_county", "far_street"):
        code = areas[outside].code
        assert client.get(reverse("board"), {"area": code}).status_code == 404
        for what in ("in", "out", "open", "late"):
            assert client.get(reverse("behind", args=[what]), {"area": code}).status_code == 404
    way = re.findall(r'href="\?area=(\d+)', board(client, area=areas["community"].code))
    assert areas["city"].code not in way
    assert areas["county"].code in way


@pytest.mark.parametrize("area", ["999999", "x", "' OR 1=1"])
def test_an_area_that_is_not_there_does_not_exist(days: Faces, area: str) -> None:
    assert days.of("city_leader").get(reverse("board"), {"area": area}).status_code == 404


# ---------------------------------------------------------------- the numbers


def counted(**where: Any) -> int:
    return Case.objects.filter(**where).count()


def test_the_numbers_of_today_are_those_of_the_database(days: Faces) -> None:
    county = days.stage.areas["county"].pk
    assert numbers(board(days.of("city_leader"))) == {
        "新报": counted(received_at__date=TODAY),
        "办结": counted(ended_at__date=TODAY),
        "在办": counted(ended_at=None),
        "超时": counted(ended_at=None, next_due__lt=MORNING),
    }
    assert numbers(board(days.of("county_leader"))) == {
        "新报": counted(received_at__date=TODAY, county=county),
        "办结": counted(ended_at__date=TODAY, county=county),
        "在办": counted(ended_at=None, county=county),
        "超时": counted(ended_at=None, next_due__lt=MORNING, county=county),
    }
    assert numbers(board(days.of("county_leader")))["新报"] == 2


def test_every_number_opens_exactly_the_cases_behind_it(days: Faces) -> None:
    for name in ("city_leader", "county_leader", "community_head"):
        client = days.of(name)
        shown = board(client)
        for label, address in links(shown).items():
            assert len(listed(client, address)) == numbers(shown)[label], (name, label)
    late = listed(days.of("city_leader"), links(board(days.of("city_leader")))["超时"])
    assert late == {str(case.pk) for case in Case.objects.filter(ended_at=None, next_due__lt=MORNING)}


def test_there_is_no_list_of_anything_else(days: Faces) -> None:
    client = days.of("city_leader")
    assert client.get(reverse("behind", args=["all"])).status_code == 404
    past = {"day": YESTERDAY.isoformat()}
    assert client.get(reverse("behind", args=["late"]), past).status_code == 404


def test_the_rates_have_their_n_and_d(days: Faces) -> None:
    closed = _case("今天办结")
    found = actions.query_code(closed.pk)
    days.nobody.post(reverse("rate", args=[found]), {"solved": "yes", "satisfied": "no"})
    days.work()
    shown = board(days.of("city_leader"))
    one = r'<div class="rate"[^>]*><span>(\w+)</span>.*?<small>([\d,]+/[\d,]+)</small>'
    rates = dict(re.findall(one, shown, re.S))
    assert rates == {"按期处置率": "1/1", "解决率": "1/1", "满意率": "0/1"}


def test_the_map_is_coloured_by_the_chosen_figure_and_leads_down(days: Faces) -> None:
    client, areas = days.of("city_leader"), days.stage.areas
    assert shade_of(board(client, by="came"), "云河区") == "4"
    assert shade_of(board(client, by="came"), "望川区") == "1"
    assert shade_of(board(client, by="open"), "云河区") == "2"
    assert shade_of(board(client, by="late"), "望川区") == "1"
    assert shade_of(board(client, by="handled_on_time"), "云河区") == "100.0% 1/1"
    assert f"?area={areas['county'].code}&by=open" in board(client, by="open")
    assert shade_of(board(client, by="nothing"), "云河区") == "100.0% 1/1"


@pytest.mark.parametrize(
    ("values", "rate", "legend", "steps"),
    [
        ([0.869, 0.897, 0.898], True, ["86–88%", "88–90%", "90–92%", "92–94%", "94–96%"], [1, 2, 2]),
        ([0.5, 1.0], True, ["50–60%", "60–70%", "70–80%", "80–90%", "90–100%"], [1, 5]),
        ([1.0, 1.0], True, ["90–92%", "92–94%", "94–96%", "96–98%", "98–100%"], [5, 5]),
        ([0, 1, 3], False, ["0", "1", "2", "3", "4"], [1, 2, 4]),
        ([97, 1450], False, ["0–499", "500–999", "1,000–1,499", "1,500–1,999", "2,000–2,499"], [1, 3]),
    ],
)
def test_the_map_has_round_steps_and_says_them(
    values: list[float], rate: bool, legend: list[str], steps: list[int]
) -> None:
    scale = Scale.of(values, rate=rate)
    assert scale is not None
    assert scale.words() == legend
    assert [scale.step(value) for value in values] == steps
    assert scale.step(None) == 0


def test_the_open_cases_are_shown_by_area_and_open_their_list(days: Faces) -> None:
    client = days.of("city_leader")
    for shown in (board(client), board(client, day=YESTERDAY.isoformat())):
        rows = dict(re.findall(r'<a class="n" href="([^"]*behind/open[^"]*)">(\d+)</a>', shown))
        assert rows
        assert sum(int(n) for n in rows.values()) == numbers(shown)["在办"]
        for address, n in rows.items():
            assert len(listed(client, address.replace("&amp;", "&"))) == int(n)


def test_the_classes_that_came_most_are_counted_and_compared(days: Faces) -> None:
    with moments.at(MORNING - timedelta(days=8)):
        days.filed(words="上周的井盖")
    days.work()
    shown = board(days.of("city_leader"))
    row = re.search(
        r'<ol class="cls mt2">.*?<span class="n">(\d+)</span><span class="c">(\S+?)</span>', shown, re.S
    )
    assert row is not None
    assert (row[1], row[2]) == ("2", "升100%")


# ---------------------------------------------------------------- another day


def test_a_past_day_shows_what_was_then(days: Faces) -> None:
    client = days.of("city_leader")
    shown = board(client, day=YESTERDAY.isoformat())
    assert numbers(shown) == {"新报": 2, "办结": 1, "在办": 1}
    assert "截至2026年11月19日" in shown
    for label, address in links(shown).items():
        assert len(listed(client, address)) == numbers(shown)[label], label
    assert shade_of(board(client, day=YESTERDAY.isoformat(), by="open"), "云河区") == "1"
    assert f"&day={YESTERDAY.isoformat()}" in shown  # drilling down stays on that day
    assert "今天的围墙" not in shown


@pytest.mark.parametrize("day", ["2099-01-01", "nonsense", "\0", "2026-13-45"])
def test_a_day_that_has_not_come_or_is_none_is_today(days: Faces, day: str) -> None:
    assert numbers(board(days.of("city_leader"), day=day)) == numbers(board(days.of("city_leader")))


# ---------------------------------------------------------------- what may not be read


def test_what_one_may_not_read_is_counted_and_said_but_not_shown(days: Faces) -> None:
    leader = days.stage.people["county_leader"].pk
    hidden = days.report(words="区领导打招呼不让查", about=actions.About(person=leader)).case
    days.work()
    client = days.of("county_leader")
    shown = board(client)
    assert "另有1件您无权查看" in shown
    assert hidden.title not in shown
    address = links(shown)["新报"]
    assert str(hidden.pk) not in listed(client, address)
    assert "其中1件您无权查看" in text_of(client.get(address))
    assert hidden.title in board(days.of("city_leader"))


# ---------------------------------------------------------------- the wall


def test_the_wall_is_dark_and_links_stay_on_it(days: Faces) -> None:
    client = days.of("city_leader")
    wall = board(client, wall="1")
    assert 'data-wall data-theme="dark"' in wall
    assert "&wall=1" in wall
    client.cookies["theme"] = "light"
    assert wall.count("data-theme") == 1
    assert 'data-theme="dark"' not in board(client, wall="1")
    assert "data-wall" not in board(client)


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_every_level_speaks_both_languages(days: Faces, language: str) -> None:
    client = days.of("city_leader")
    client.cookies["language"] = language
    for name in ("city", "county", "street", "community", "grid"):
        shown = board(client, area=days.stage.areas[name].code)
        assert not re.search(
            r"%\(\w+\)s|\{\w+\}", re.sub(r"content='[^']*'|data-say-\w+=\"[^\"]*\"", "", shown)
        )
