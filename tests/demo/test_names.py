"""Names are invented, plausible and do not repeat; numbers cannot be real."""

from __future__ import annotations

import re
from itertools import islice

from jingwei.demo import names


def test_numbers_are_written_as_people_write_them() -> None:
    written = [names.number_in_chinese(number) for number in (1, 9, 10, 11, 20, 21, 100, 105, 110, 118, 999)]
    assert " ".join(written) == "一 九 十 十一 二十 二十一 一百 一百零五 一百一十 一百一十八 九百九十九"


def test_words_do_not_repeat_and_avoid_known_places() -> None:
    words = list(names.place_words(names.dice(1)))
    assert len(set(words)) == len(words) > 1500
    assert not {"云和", "兰溪", "青浦", "桐庐", "瑞安"} & set(words)
    villages = list(names.village_words(names.dice(1)))
    assert len(set(villages)) == len(villages) > 3000


def test_the_same_seed_gives_the_same_words() -> None:
    assert list(islice(names.place_words(names.dice("x", 1)), 50)) == list(
        islice(names.place_words(names.dice("x", 1)), 50)
    )
    assert list(islice(names.place_words(names.dice("x", 1)), 50)) != list(
        islice(names.place_words(names.dice("x", 2)), 50)
    )


def test_roads_and_estates_belong_to_their_place() -> None:
    assert names.roads_in("991103001")[0] == "槐安路"
    assert names.estates_in("991103001002")[0] == "槐安路12号院"
    for street in ("991101001", "991104103"):
        assert names.roads_in(street) == names.roads_in(street)
        assert len(set(names.roads_in(street))) == 6
    estates = names.estates_in("991101001007")
    assert len(set(estates)) == 4
    assert estates[-1].startswith(names.roads_in("991101001"))


def test_people_have_a_surname_and_two_more_characters() -> None:
    chance = names.dice("people")
    people = [names.person_name(chance) for _ in range(5000)]
    assert all(re.fullmatch("[一-龥]{3}", name) for name in people)
    assert len(set(people)) > 4500
    assert sum(name[0] in "王李张刘陈" for name in people) > 800


def test_telephone_numbers_cannot_be_real() -> None:
    assert names.landline(308) == "6213 0308"
    assert re.fullmatch(r"6213 \d{4}", names.landline(123_456))
    assert names.mobile(62_130_001) == "10062130001"
    assert all(re.fullmatch(r"100\d{8}", names.mobile(number)) for number in (0, 7, 99_999_999, 10**9))
