"""What residents of 经州市 report, what becomes of it, and when reports come in.

The words stand in matters.yaml beside this file; this module only rolls the dice.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache
from pathlib import Path
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

import yaml

from jingwei.demo import names
from jingwei.demo.geography import ANCHOR_COMMUNITY
from jingwei.demo.photos import PHOTO_KINDS, draw_photo

__all__ = ["PHOTO_KINDS", "Matter", "arrivals", "draw_photo", "make_matters", "matter", "photo_of"]

ZONE = ZoneInfo("Asia/Shanghai")

_TIMES = ("今天早上", "今天中午", "昨晚", "昨天下午", "前天傍晚", "刚才", "凌晨")
_SINCES = ("三天了", "一个多星期了", "好几天了", "半个月了", "两天了", "快一个月了")
_SPOTS = (
    "{road}{no}号门前",
    "{road}{no}号旁边",
    "{road}公交站旁",
    "{road}与{other}路口",
    "{estate}北门",
    "{estate}{b}号楼前",
    "{estate}南门外人行道",
)
# Classes where somebody has to go and do something.
_WORKS = frozenset({"03", "04", "05", "06", "07", "08", "09", "10", "12", "14"})
_ON_ROUNDS = re.compile("巡查发现|巡线发现|走访")  # only a grid worker speaks like this
# How lively each hour of a day is: a morning peak when people go out, an evening one when they come home.
_HOURS = (1, 1, 1, 1, 1, 2, 8, 22, 34, 36, 31, 24, 17, 18, 24, 27, 26, 29, 34, 33, 25, 15, 7, 3)
_WEEKDAYS = (1.18, 1.08, 1.03, 1.0, 1.02, 0.74, 0.66)


@dataclass(frozen=True)
class Matter:
    """One plausible report and how it would end."""

    code: str
    description: str
    place: str  # a spot in words, where the description names none
    urgency: str  # normal, urgent
    source: str  # resident, hotline, grid_worker, inspection, transfer
    photo: str | None  # what `draw_photo` would show, if the reporter sends a picture
    result: str
    evidence: tuple[str, ...]  # captions of the pictures that prove the result
    solved: float  # how likely a reporter says so, 0–1
    satisfied: float


def make_matters(seed: int = 1, community: str = ANCHOR_COMMUNITY) -> Iterator[Matter]:
    """Return reports without end, the same for the same seed, with the roads and estates of a community."""
    chance = names.dice("matters", seed)
    while True:
        yield matter(chance, community)


def matter(rng: Random, community: str = ANCHOR_COMMUNITY) -> Matter:
    """Return one report. Classes come as often as in a city, kinds in a class equally often.

    `community` is a community code; the report speaks of its roads and estates.
    """
    words = _words()
    codes, weights = _kinds_and_weights()
    code = rng.choices(codes, weights)[0]
    top, kind = words["classes"][code[:2]], words["kinds"][code]
    fill = _fill(rng, community)
    which = rng.randrange(len(kind["says"]))
    description = kind["says"][which].format(**fill)
    source = rng.choices(list(top["sources"]), list(top["sources"].values()))[0]
    if _ON_ROUNDS.search(description):
        source = "grid_worker"
    if source in ("resident", "hotline") and not description.endswith("？"):
        description += rng.choice(words["endings"]["works" if code[:2] in _WORKS else "words"])
    return Matter(
        code=code,
        description=description,
        place=fill["near"],
        urgency="urgent" if rng.random() < kind.get("urgent", top["urgent"]) else "normal",
        source=source,
        photo=kind.get("photo") if rng.random() < 0.7 else None,
        result=(kind["answers"][which] if "answers" in kind else rng.choice(kind["results"])).format(**fill),
        evidence=("办理后近景", "办理后远景") if "photo" in kind else (),
        solved=top["solved"],
        satisfied=top["satisfied"],
    )


def photo_of(code: str) -> str | None:
    """What a picture of this kind of matter shows, if there is anything to see."""
    shows: str | None = _words()["kinds"][code].get("photo")
    return shows


def arrivals(rng: Random, start: date, days: int, total: int) -> list[datetime]:
    """Return exactly `total` moments in the `days` from `start`, in order, in Asia/Shanghai.

    Mornings and evenings are busy, nights and weekends quiet.
    """
    slots = [(start + timedelta(days=day), hour) for day in range(days) for hour in range(24)]
    weights = [_WEEKDAYS[day.weekday()] * _HOURS[hour] for day, hour in slots]
    chosen = rng.choices(slots, weights, k=total)
    moments = [
        datetime(day.year, day.month, day.day, hour, rng.randrange(60), rng.randrange(60), tzinfo=ZONE)
        for day, hour in chosen
    ]
    return sorted(moments)


def _fill(rng: Random, community: str) -> dict[str, str]:
    """Return what the templates may name, all of one community."""
    road, other = rng.sample(names.roads_in(community[:9]), 2)
    fill = {
        "road": road,
        "other": other,
        "estate": rng.choice(names.estates_in(community)),
        "no": str(rng.randint(1, 180)),
        "b": str(rng.randint(1, 18)),
        "u": str(rng.randint(1, 4)),
        "time": rng.choice(_TIMES),
        "since": rng.choice(_SINCES),
    }
    return fill | {"near": rng.choice(_SPOTS).format(**fill)}


@cache
def _words() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load(Path(__file__).with_name("matters.yaml").read_text("utf-8"))
    return loaded


@cache
def _kinds_and_weights() -> tuple[list[str], list[float]]:
    kinds = list(_words()["kinds"])
    of_class = [sum(other[:2] == code[:2] for other in kinds) for code in kinds]
    weights = [
        _words()["classes"][code[:2]]["weight"] / count for code, count in zip(kinds, of_class, strict=True)
    ]
    return kinds, weights
