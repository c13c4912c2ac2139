"""Reports are plausible, varied, harmless, and come in when people are awake."""

from __future__ import annotations

import io
import re
from collections import Counter
from datetime import date, timedelta
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
import yaml
from PIL import Image, ImageChops, ImageStat

from jingwei.city import TOP
from jingwei.demo import names
from jingwei.demo.matters import PHOTO_KINDS, Matter, arrivals, draw_photo, make_matters, matter
from jingwei.demo.people import CAST

CLASSES = TOP / "jingwei" / "playbooks" / "classes" / "social_governance.yaml"
Kinds = dict[str, dict[str, Any]]
MINUTES = {"m": 1, "h": 60, "wm": 1, "wh": 60, "d": 1440, "wd": 480}


def texts_of(file: Path) -> dict[str, Any]:
    found: dict[str, Any] = yaml.load(file.read_text("utf-8"), Loader=yaml.BaseLoader)  # noqa: S506 - texts only
    return found


@pytest.fixture(scope="module")
def kinds() -> Kinds:
    return {kind["code"]: kind for top in texts_of(CLASSES)["classes"] for kind in top["kinds"]}


@pytest.fixture(scope="module")
def many() -> list[Matter]:
    return list(islice(make_matters(1), 20_000))


def test_every_class_of_the_list_is_reported_and_no_other(many: list[Matter], kinds: Kinds) -> None:
    assert {one.code for one in many} == set(kinds)


def test_reports_are_varied_and_short(many: list[Matter]) -> None:
    assert len({one.description for one in many}) > 2000
    assert all(8 <= len(one.description) <= 80 for one in many)
    for one in many:
        assert not re.search(r"[{}]", one.description + one.result + one.place)


def test_the_commonest_matters_are_those_of_an_ordinary_city(many: list[Matter]) -> None:
    common = [code for code, _ in Counter(one.code[:2] for one in many).most_common(4)]
    assert common == ["03", "04", "06", "08"]


def test_each_report_says_how_it_came_and_how_it_ends(many: list[Matter]) -> None:
    for one in many:
        assert one.urgency in ("normal", "urgent")
        assert one.source in ("resident", "hotline", "grid_worker", "inspection", "transfer")
        assert one.photo is None or one.photo in PHOTO_KINDS
        assert len(one.result) >= 6
        assert 0 < one.solved <= 1
        assert 0 < one.satisfied <= 1
    assert 0.05 < sum(one.urgency == "urgent" for one in many) / len(many) < 0.2
    assert {one.source for one in many} == {"resident", "hotline", "grid_worker", "inspection", "transfer"}


def test_evidence_is_there_where_the_standard_asks_for_pictures_of_a_place(
    many: list[Matter], kinds: Kinds
) -> None:
    for one in many:
        if one.evidence:
            assert int(kinds[one.code]["evidence"]) >= 1
            assert len(one.evidence) == 2


def test_rounds_are_reported_by_grid_workers_only(many: list[Matter]) -> None:
    found = [one for one in many if "巡查发现" in one.description]
    assert found
    assert {one.source for one in found} == {"grid_worker"}


def test_nobody_can_be_recognised_and_nothing_is_political(many: list[Matter]) -> None:
    deny = re.compile("选举|示威|游行|上访|信访|维稳|宗教|民族|政府无能|党员|书记|局长|主任|先生|女士")
    cast = [member.name for member in CAST]
    for one in many:
        words = one.description + one.result
        assert not deny.search(words), words
        assert not re.search(r"\d{7,}", words), words
        assert not any(name in words for name in cast)


def test_people_in_need_are_never_given_a_door(many: list[Matter]) -> None:
    for one in many:
        if one.code[:2] in ("02", "13") or one.code == "0205":
            assert not re.search(r"\d+单元|\d+楼\d+号|\d+室", one.description), one.description


def test_reports_speak_of_their_own_community() -> None:
    community = "991101001003"
    chance = names.dice("there")
    own = {*names.roads_in(community[:9]), *names.estates_in(community)}
    foreign = {*names.ANCHOR_ROADS, *names.ANCHOR_ESTATES}
    named = [matter(chance, community) for _ in range(400)]
    assert any(word in one.description for one in named for word in own)
    assert not any(word in one.description + one.place for one in named for word in foreign)


def test_the_same_seed_tells_the_same_story() -> None:
    assert list(islice(make_matters(7), 300)) == list(islice(make_matters(7), 300))
    assert list(islice(make_matters(7), 300)) != list(islice(make_matters(8), 300))


def test_arrivals_are_exact_ordered_and_follow_the_day() -> None:
    moments = arrivals(names.dice("a"), date(2026, 11, 2), 28, 40_000)
    assert len(moments) == 40_000
    assert moments == sorted(moments)
    assert {moment.date() for moment in moments} == {
        date(2026, 11, 2) + timedelta(days=day) for day in range(28)
    }
    assert all(moment.utcoffset() == timedelta(hours=8) for moment in moments)
    hours = Counter(moment.hour for moment in moments)
    assert max(hours[hour] for hour in (8, 9, 10)) > 1.6 * hours[12]
    assert hours[18] > hours[15]
    assert hours[18] > hours[20] > hours[22]
    assert max(hours[hour] for hour in range(5)) * 8 < hours[9]
    weekdays = Counter(moment.weekday() for moment in moments)
    assert weekdays[6] < weekdays[5] < min(weekdays[day] for day in range(5))
    assert arrivals(names.dice("a"), date(2026, 11, 2), 28, 40_000) == moments


def test_no_arrivals_is_none() -> None:
    assert arrivals(names.dice("a"), date(2026, 11, 2), 3, 0) == []


@pytest.mark.parametrize("kind", PHOTO_KINDS)
def test_every_photo_is_a_small_jpeg_that_shows_before_and_after(kind: str) -> None:
    shots = [draw_photo(kind, 3, after=after) for after in (False, True)]
    assert all(len(shot) <= 40_000 for shot in shots)
    before, after = (Image.open(io.BytesIO(shot)).convert("RGB") for shot in shots)
    assert before.size == after.size == (640, 480)
    red, green, blue = ImageChops.difference(before, after).split()
    changed = ImageChops.lighter(red, ImageChops.lighter(green, blue)).histogram()
    assert sum(changed[24:]) > 0.004 * 640 * 480, "nothing was put right"
    assert ImageStat.Stat(before.convert("L")).stddev[0] > 8, "an empty picture"
    assert draw_photo(kind, 3) == shots[0]
    assert draw_photo(kind, 4) != shots[0]


def test_a_photo_nobody_drew_is_an_error() -> None:
    with pytest.raises(KeyError):
        draw_photo("dragon", 1)


def minutes(limit: str) -> int:
    number, unit = re.fullmatch(r"(\d+)(m|h|wm|wh|d|wd)", limit).groups()  # type: ignore[union-attr]
    return int(number) * MINUTES[unit]


def test_the_class_list_is_complete(kinds: Kinds) -> None:
    tops = texts_of(CLASSES)["classes"]
    assert [top["code"] for top in tops] == [*(f"{number:02d}" for number in range(1, 20)), "99"]
    for top in tops:
        assert top["zh"]
        assert re.fullmatch(r"[A-Z][ -~]+", top["en"])
        assert [kind["code"] for kind in top["kinds"]] == [
            f"{top['code']}{number:02d}" for number in range(1, len(top["kinds"]) + 1)
        ]
    assert len(kinds) == 85


def test_every_class_has_a_full_standard_in_both_languages(kinds: Kinds) -> None:
    words = {"zh", "en", "filed_when", "filed_when_en", "closed_when", "closed_when_en"}
    for kind in kinds.values():
        assert set(kind) == words | {"code", "limit", "total", "lead", "evidence"}
        for word in ("zh", "filed_when", "closed_when"):
            assert re.search("[一-龥]", kind[word])
        for word in ("en", "filed_when_en", "closed_when_en"):
            assert re.fullmatch(r"[A-Z0-9][ -~]+", kind[word]), kind[word]
        assert int(kind["evidence"]) in range(4)


def test_limits_can_be_read_and_urgent_is_never_slower(
    kinds: Kinds,
) -> None:
    for kind in kinds.values():
        for name in ("limit", "total"):
            assert set(kind[name]) == {"urgent", "normal"}
        assert minutes(kind["limit"]["urgent"]) <= minutes(kind["limit"]["normal"]), kind["code"]
        assert minutes(kind["total"]["urgent"]) <= minutes(kind["total"]["normal"]), kind["code"]


def test_limits_are_those_of_the_working_rules(kinds: Kinds) -> None:
    cover = kinds["0405"]
    assert (cover["zh"], cover["lead"], cover["limit"], cover["total"]) == (
        "井盖",
        "municipal",
        {"urgent": "4h", "normal": "1wd"},
        {"urgent": "1d", "normal": "3wd"},
    )
    for code, limit in {
        "0101": "30d", "0201": "7d", "0302": "7d", "0601": "24h", "0902": "30d", "1103": "7wd",
        "1601": "10wd", "1701": "1wd", "1801": "5wd", "1901": "1wd", "9901": "5wd",
    }.items():  # fmt: skip
        assert kinds[code]["limit"]["normal"] == limit, code
