"""A small city to play scenarios and tests in.

One county, two streets, a grid with two workers, five units, somebody in every seat.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

import shapely

from jingwei.engine.models import CatalogueRow
from jingwei.kernel.actors import SYSTEM
from jingwei.registry import areas, atlas, people
from jingwei.registry.models import Area, Assignment, Organisation, Person, Post
from jingwei.registry.staff import Staff, as_staff

#: name in scenarios → role, place (area or unit); several names may share a seat
SEATS = {
    "intake_desk": ("intake_desk", "city"),
    "city_leader": ("city_leader", "city"),
    "dispatcher": ("dispatcher", "county"),
    "leader": ("shift_leader", "county"),
    "county_leader": ("county_leader", "county"),
    "acceptor": ("acceptor", "street"),
    "community_head": ("community_head", "community"),
    "worker": ("grid_worker", "grid"),
    "other_worker": ("grid_worker", "grid"),
    "chief": ("grid_chief", "grid"),
    "neighbour_worker": ("grid_worker", "next_grid"),
    "stranger": ("acceptor", "far_street"),
    "stranger_dispatcher": ("dispatcher", "far_county"),
    "handler": ("handler", "municipal"),
    "co_handler": ("handler", "patrol"),
    "other_handler": ("handler", "water"),
    "call_taker": ("call_taker", "city"),
    "supervisor": ("supervisor", "city"),
    "crew": ("handler", "crew"),
    "neighbours": ("handler", "committee"),
}

_AREAS = (  # name, kind, code, parent, label, west, south, width (degrees)
    ("city", "city", "9911", None, "经州市", 117.0, 33.0, 1.0),
    ("county", "county", "991103", "city", "云河区", 117.0, 33.0, 0.5),
    ("far_county", "county", "991104", "city", "望川区", 117.5, 33.0, 0.5),
    ("street", "street", "991103001", "county", "建国路街道", 117.0, 33.0, 0.2),
    ("other_street", "street", "991103002", "county", "仓前街道", 117.2, 33.0, 0.2),
    ("far_street", "street", "991104001", "far_county", "白浦街道", 117.5, 33.0, 0.2),
    ("community", "community", "991103001002", "street", "槐安社区", 117.0, 33.0, 0.1),
    ("grid", "grid", "991103001002003", "community", "第三网格", 117.0, 33.0, 0.05),
    ("next_grid", "grid", "991103001002004", "community", "第四网格", 117.05, 33.0, 0.05),
)

_UNITS = (  # name, code, label, kind, area, the unit above
    ("municipal", "YH-SZ", "云河区市政养护中心", "municipal", "county", None),
    ("patrol", "YH-CG", "建国路街道城管中队", "urban_management", "street", None),
    ("water", "YH-SW", "云河区水务公司", "water", "county", None),
    ("crew", "YH-SZ-1", "云河区市政养护一班", "municipal", "county", "municipal"),
    ("committee", "YH-JW", "槐安社区居民委员会", "community", "community", None),
)

_NAMES = [
    "沈玉",
    "方一鸣",
    "罗启明",
    "周文岚",
    "陈立冬",
    "何秋霞",
    "吴建峰",
    "祝平",
    "韩春",
    "石磊",
    "唐果",
    "贺兰",
    "秦川",
    "白露",
    "冯远",
    "顾清",
    "乔安",
    "谢宁",
    "江帆",
    "田野",
]


@dataclass
class Stage:
    """Who and what stands on it, by the names that scenarios use."""

    areas: dict[str, Area] = field(default_factory=dict)
    units: dict[str, Organisation] = field(default_factory=dict)
    posts: dict[str, Post] = field(default_factory=dict)
    people: dict[str, Person] = field(default_factory=dict)
    assignments: dict[str, Assignment] = field(default_factory=dict)

    def staff(self, name: str) -> Staff:
        """The actor of a seat."""
        return as_staff(
            Assignment.objects.select_related("person", "post__area", "post__organisation").get(
                pk=self.assignments[name].pk
            )
        )


def build(*, since: date = date(2025, 1, 1), class_list: str = "social_governance") -> Stage:
    """Make the small city in the present transaction."""
    stage = Stage()
    for name, kind, code, parent, label, west, south, width in _AREAS:
        border = shapely.box(west, south, west + width, south + width)
        stage.areas[name] = areas.make_area(
            kind,
            code,
            label,
            by=SYSTEM,
            parent=stage.areas[parent] if parent else None,
            border=border,
            valid_from=since,
            border_source="cgcs2000",
        )
    for name, code, label, kind, area, above in _UNITS:
        stage.units[name] = people.make_organisation(
            code, label, kind, by=SYSTEM, area=stage.areas[area], parent=stage.units[above] if above else None
        )
    for n, (name, (role, place)) in enumerate(SEATS.items()):
        post = people.make_post(
            role, by=SYSTEM, area=stage.areas.get(place), organisation=stage.units.get(place)
        )
        person = people.take_on(
            f"J{n:04}", _NAMES[n], by=SYSTEM, organisation=stage.units.get(place), work_phone=f"6213{n:04}"
        )
        stage.posts[name], stage.people[name] = post, person
        stage.assignments[name] = people.assign(person, post, by=SYSTEM, starts=since)
    for code, unit in (("04", "municipal"), ("05", "water"), ("", "patrol")):
        CatalogueRow.objects.create(
            list=class_list, class_code=code, area=stage.areas["county"], unit=stage.units[unit]
        )
    atlas.forget()
    return stage
