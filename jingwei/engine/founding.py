"""Founding a city: its area, the seats every area must have, the playbooks, and a first administrator.

Nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.db import transaction

from jingwei.engine import publishing
from jingwei.kernel import accounts, sealed
from jingwei.kernel.actors import SYSTEM
from jingwei.kernel.models import Account
from jingwei.kernel.refusals import Reason, Refused
from jingwei.registry import areas, people
from jingwei.registry.models import Area, Person, SeatRule

#: seats that every area of a kind must have filled; a city changes them on the seats page
SEAT_RULES = (
    ("grid_worker", "grid"), ("grid_chief", "grid"), ("grid_guide", "grid"), ("community_head", "community"),
    ("acceptor", "street"),
    ("dispatcher", "county"), ("shift_leader", "county"), ("intake_desk", "city"), ("supervisor", "city"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Founded:
    """What there is now."""

    city: Area
    administrator: Person
    account: Account


@transaction.atomic
def found(*, code: str, name: str, login: str, password: str, administrator: str) -> Founded:
    """Found the city in an empty database, or refuse: it has been founded, the password is weak."""
    if Area.objects.filter(kind="city").exists():
        raise Refused(Reason("founded-already"))
    sealed.make_keys()
    publishing.publish_all(by=SYSTEM)
    city = areas.make_area("city", code, name, by=SYSTEM)
    SeatRule.objects.bulk_create(SeatRule(role=role, area_kind=kind) for role, kind in SEAT_RULES)
    people.make_post("intake_desk", by=SYSTEM, area=city)
    post = people.make_post("administrator", by=SYSTEM, area=city)
    person = people.take_on("A0001", administrator, by=SYSTEM)
    people.assign(person, post, by=SYSTEM)
    account, _ = accounts.open_account(
        login, person.pk, by=SYSTEM, password=password, needs_second_factor=True
    )
    return Founded(city, person, account)
