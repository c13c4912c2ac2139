"""A town to build from nothing: areas with square borders, units, seats, people, made through the actions."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import shapely
from django.contrib.auth.hashers import Argon2PasswordHasher
from pytest_django.fixtures import Settings

from jingwei.city import City
from jingwei.kernel.actors import Actor
from jingwei.kernel.actors import Person as Acting
from jingwei.registry import areas, people
from jingwei.registry.models import Area, Assignment, Organisation, Person, Post
from jingwei.registry.models.areas import TIERS

SINCE = date(2025, 1, 1)
Box = tuple[float, float, float, float]
LENGTHS = dict(zip(TIERS, (4, 6, 9, 12, 15), strict=True))


@dataclass
class Town:
    """Builders with everything said that a test does not care about."""

    by: Actor = field(default_factory=lambda: Acting(person=1, assignment=10))
    staff: int = 0

    def area(self, code: str, parent: Area | None = None, *, box: Box | None = None, **facts: Any) -> Area:
        """An area whose kind is that of its code's length; `box` is west, south, east, north."""
        kind = facts.pop("kind", None) or next(
            kind for kind, length in LENGTHS.items() if length == len(code)
        )
        border = shapely.box(*box) if box else facts.pop("border", None)
        facts = {"valid_from": SINCE, **facts}
        return areas.make_area(
            kind, code, facts.pop("name", f"地{code}"), by=self.by, parent=parent, border=border, **facts
        )

    def unit(self, code: str = "YH-SZ", **facts: Any) -> Organisation:
        """A unit."""
        return people.make_organisation(
            code, facts.pop("name", f"单位{code}"), facts.pop("kind", "municipal"), by=self.by, **facts
        )

    def person(self, name: str = "沈玉", **facts: Any) -> Person:
        """Somebody new."""
        self.staff += 1
        return people.take_on(facts.pop("staff_no", f"J{self.staff:04}"), name, by=self.by, **facts)

    def post(self, role: str, at: Area | Organisation, **facts: Any) -> Post:
        """A seat."""
        where = {"area": at} if isinstance(at, Area) else {"organisation": at}
        return people.make_post(role, by=self.by, **where, **facts)

    def sit(self, post: Post, person: Person | None = None, **facts: Any) -> Assignment:
        """Somebody in it."""
        return people.assign(person or self.person(), post, by=self.by, **{"starts": SINCE, **facts})

    def seat(self, role: str, at: Area | Organisation, **facts: Any) -> Assignment:
        """A seat with somebody in it."""
        return self.sit(self.post(role, at), **facts)


@pytest.fixture
def town(db: None) -> Town:
    """Nothing built yet."""
    return Town()


@pytest.fixture
def quick_hashing(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same password hasher with little work."""
    monkeypatch.setattr(Argon2PasswordHasher, "time_cost", 1)
    monkeypatch.setattr(Argon2PasswordHasher, "memory_cost", 8)
    monkeypatch.setattr(Argon2PasswordHasher, "parallelism", 1)


@pytest.fixture
def city_folder(tmp_path: Path, settings: Settings) -> City:
    """An empty folder for keys, files and seals."""
    city: City = replace(settings.CITY, home=tmp_path)
    settings.CITY = city
    return city
