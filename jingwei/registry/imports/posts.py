"""Posts from tables: a role at an area or in a unit. The same role, place and title are the same post."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Count

from jingwei.kernel.tables.reading import Column, Row
from jingwei.registry.imports.known_areas import KnownAreas
from jingwei.registry.imports.plan import Plan, Reading, Writing
from jingwei.registry.imports.units import UnitPlan
from jingwei.registry.models import Area, Assignment, Organisation, Post
from jingwei.registry.roles import Role, roles
from jingwei.registry.seats import in_force

POSTS = (
    Column("role", ("岗位", "岗位类型", "角色", "role"), required=True, width=40),
    Column("area", ("区划编码", "网格编码", "area_code", "area"), kind="code"),
    Column("organisation", ("单位编码", "组织编码", "organisation_code", "organisation"), kind="code"),
    Column("title", ("岗位名称", "title"), width=80),
    Column("exclusive", ("限一人", "exclusive"), kind="boolean"),
    Column("duty", ("职责", "岗位职责", "duty"), width=200),
)

Place = tuple[str, str]  # "area" or "unit", and its code
Key = tuple[str, Place]  # role and place


@dataclass
class Draft:
    """A post as a row says it is. ``post`` is the row: found, or made here and not saved yet."""

    line: int
    post: Post
    is_new: bool
    new: dict[str, Any] = field(default_factory=dict)


class PostPlan:
    """The posts of a file beside those that are there; staff rows ask it where somebody sits."""

    def __init__(self, plan: Plan, areas: KnownAreas, units: UnitPlan) -> None:
        self.plan, self.areas, self.units = plan, areas, units
        self._role_of = {
            word: role.code for role in roles().values() for word in (role.code, role.zh, role.en.casefold())
        }
        self.at: dict[Key, list[Post]] = {}
        for post in Post.objects.filter(valid_to=None).order_by("pk"):
            if (place := self._place_of(post)) is not None:
                self.at.setdefault((post.role, place), []).append(post)
        holding = (
            Assignment.objects.filter(in_force(), substitute=False)
            .values_list("post")
            .annotate(n=Count("pk"))
            .order_by()
        )
        self._holders: dict[int, int] = dict(holding)
        self.drafts: list[Draft] = []
        self._added: dict[int, Draft] = {}
        self._lines: dict[tuple[Key, str], int] = {}

    def _place_of(self, post: Post) -> Place | None:
        """Where an existing post stands; None when that place has ended."""
        if post.area_id is not None:
            area = self.areas.by_id.get(post.area_id)
            return ("area", area.code) if area is not None else None
        unit = self.units.by_id.get(post.organisation_id or 0)
        return ("unit", unit.code) if unit is not None else None

    # ------------------------------------------------------------ rows of posts

    def judge(self, reading: Reading) -> None:
        """Judge the rows of a sheet of posts."""
        for row in reading.rows:
            key = self.key(reading, row, area="area", unit="organisation")
            if key is not None:
                self._judge(reading, row, key)

    def _judge(self, reading: Reading, row: Row, key: Key) -> None:
        said: Mapping[str, Any] = row.values
        title = said["title"] or self.title(key)
        first = self._lines.setdefault((key, title), row.line)
        if first != row.line:
            reading.wrong(row.line, "title", "post-twice", first=first)
            return
        facts = {name: said[name] for name in ("exclusive", "duty") if said[name] is not None}
        there = next((post for post in self.at.get(key, []) if post.title == title), None)
        count = self.plan.count("post")
        if there is None:
            self.drafts.append(Draft(row.line, self._add(key, title, **facts), is_new=True))
            count.made += 1
            return
        new = {name: value for name, value in facts.items() if value != getattr(there, name)}
        if new.get("exclusive") and self._holders.get(there.pk, 0) > 1:
            reading.wrong(row.line, "exclusive", "several-holders", n=self._holders[there.pk])
        elif new:
            self.drafts.append(Draft(row.line, there, is_new=False, new=new))
            count.changed += 1
        else:
            count.left += 1

    def key(self, reading: Reading, row: Row, *, area: str, unit: str) -> Key | None:
        """Role and place of a row; None when something about them is wrong, and that has been said."""
        said: Mapping[str, Any] = row.values
        typed = str(said["role"])
        role = self._role_of.get(typed) or self._role_of.get(typed.casefold())
        if role is None:
            reading.wrong(
                row.line, "role", "role-unknown", roles="、".join(one.zh for one in roles().values())
            )
        if not said[area] and not said[unit]:
            reading.wrong(row.line, area, "place-needed")
        elif said[area] and said[area] not in self.areas.in_force:
            reading.wrong(row.line, area, "area-unknown")
        elif said[unit] and self.units.find(said[unit]) is None:
            code, params = self.units.why_not(said[unit])
            reading.wrong(row.line, unit, code, **params)
        elif (
            said[area]
            and said[unit]
            and area == "area"
            and unit == "organisation"
            and reading.form == "posts"
        ):
            reading.wrong(row.line, unit, "place-both")
        if role is None or reading.is_wrong(row.line):
            return None
        return role, (("area", said[area]) if said[area] else ("unit", said[unit]))

    # ------------------------------------------------------------ posts of rows of staff

    def add(self, line: int, key: Key, title: str) -> Post:
        """A post that nobody has listed; it is made once somebody is known to sit in it (`confirm`)."""
        post = self._add(key, title or self.title(key))
        self._added[id(post)] = Draft(line, post, is_new=True)
        return post

    def confirm(self, post: Post) -> bool:
        """Somebody sits there: make it, if it is one that nobody has listed; return whether it was."""
        draft = self._added.pop(id(post), None)
        if draft is not None:
            self.drafts.append(draft)
            self.plan.count("post").made += 1
        return draft is not None

    def _add(self, key: Key, title: str, **facts: Any) -> Post:
        role, (what, code) = key
        area: Area | None = self.areas.in_force[code] if what == "area" else None
        unit: Organisation | None = self.units.find(code) if what == "unit" else None
        post = Post(role=role, area=area, organisation=unit, title=title, **facts)
        self.at.setdefault(key, []).append(post)
        return post

    def title(self, key: Key) -> str:
        """What a post is called when nobody says: its place and its role."""
        role, (what, code) = key
        unit = self.units.find(code) if what == "unit" else None
        name = (
            self.areas.in_force[code].name
            if what == "area"
            else (unit.short_name or unit.name)
            if unit
            else ""
        )
        named: Role = roles()[role]
        return f"{name}{named.zh}"[:80]

    # ------------------------------------------------------------ writing

    def plan_writing(self) -> None:
        """Plan what is to be written, once staff rows have added theirs."""
        new, changed = [d for d in self.drafts if d.is_new], [d for d in self.drafts if d.new]
        if new:
            self.plan.steps.append(lambda writing: _write_new(writing, new))
        if changed:
            self.plan.steps.append(lambda writing: _write_changes(writing, changed))


def _write_new(writing: Writing, drafts: Sequence[Draft]) -> None:
    posts = [draft.post for draft in drafts]
    for post in posts:
        post.organisation = post.organisation  # its number is known by now
    writing.make(
        posts,
        "post-made",
        lines=[draft.line for draft in drafts],
        details=[{"role": post.role, "area": post.area_id} for post in posts],
    )


def _write_changes(writing: Writing, drafts: Sequence[Draft]) -> None:
    writing.change(
        [d.post for d in drafts],
        "post-changed",
        lines=[d.line for d in drafts],
        values=[d.new for d in drafts],
    )
