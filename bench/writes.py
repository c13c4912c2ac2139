"""Intake and moves under load, beside the control, interleaved; their statements counted on the server."""

from __future__ import annotations

import itertools
import statistics
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from random import Random
from urllib.parse import urlencode

import shapely
from django.db import connection, transaction

from bench.client import Load, request, send
from jingwei.engine import actions
from jingwei.kernel import accounts, ids
from jingwei.kernel.actors import Party
from jingwei.kernel.models import Account
from jingwei.registry.models import Area, Assignment, Organisation, Post
from jingwei.registry.staff import as_staff

CSRF = "b" * 32


@dataclass(frozen=True)
class Ratio:
    """Requests a second of something and of the control, in the same rounds."""

    name: str
    per_second: float
    control: float
    p50: float

    @property
    def ratio(self) -> float:
        return self.per_second / self.control


def session_for(login: str) -> dict[str, str]:
    """A running staff session as request headers."""
    account = Account.objects.get(login=login)
    login_ = accounts._begin(account, address=None, device="bench", second_factor=True)
    assignment = Assignment.objects.filter(person=account.person, ends=None).order_by("pk").first()
    login_.session.assignment = assignment.pk if assignment else None
    login_.session.save()
    return {"Cookie": f"jw={login_.token}; csrftoken={CSRF}", **_FORM}


_FORM = {
    "Content-Type": "application/x-www-form-urlencoded",
    "X-CSRFToken": CSRF,
    "Origin": "http://localhost",
    "Referer": "http://localhost/",
}
PORTAL = {"Cookie": f"csrftoken={CSRF}", **_FORM}


def points(count: int, seed: int = 1) -> list[tuple[float, float]]:
    """Points spread over the grids."""
    chance = Random(seed)
    borders = [
        shapely.from_wkb(bytes(b or b""))
        for b in Area.objects.filter(kind="grid").order_by("?")[:400].values_list("border", flat=True)
    ]
    found: list[tuple[float, float]] = []
    while len(found) < count:
        middle = chance.choice(borders).representative_point()
        found.append((middle.x, middle.y))
    return found


def portal_intake(places: list[tuple[float, float]]) -> Iterator[bytes]:
    """Reports from the portal's form: words, a point, urgency, a telephone number; no photo."""
    for number in itertools.count():
        lon, lat = places[number % len(places)]
        form = {
            "id": str(ids.new_id()),
            "description": f"槐安路{number}号院北门口的井盖翘起来了，晚上没灯。",
            "lon": f"{lon:.6f}",
            "lat": f"{lat:.6f}",
            "point_source": "cgcs2000",
            "place": "北门外人行道",
            "urgency": "normal",
            "reporter_contact": f"100{number % 10**8:08d}",
        }
        yield request("POST", "/report", headers=PORTAL, body=urlencode(form).encode())


def staff_intake(places: list[tuple[float, float]], headers: dict[str, str]) -> Iterator[bytes]:
    """Calls taken down by an officer: the same words, taken in only."""
    codes = list(Area.objects.filter(kind="grid").order_by("?")[:300].values_list("code", flat=True))
    for number in itertools.count():
        form = {
            "id": str(ids.new_id()),
            "kind": "grid_event",
            "description": f"槐安路{number}号院北门口的井盖翘起来了。",
            "place": "北门外人行道",
            "area": codes[number % len(codes)],
            "urgency": "normal",
            "reporter_contact": f"100{number % 10**8:08d}",
            "then": "",
        }
        yield request("POST", "/desk/call", headers=headers, body=urlencode(form).encode())


def moves(cases: list[str], headers: dict[str, str]) -> Iterator[bytes]:
    """The unit signs for what was dispatched to it, with revision and request id, as the page's button."""
    for case in cases:
        form = {"revision": "3", "request": str(ids.new_id())}
        yield request(
            "POST", f"/desk/case/{case}/do/move/sign", headers=headers, body=urlencode(form).encode()
        )


def dispatched(count: int, unit: Organisation) -> list[str]:
    """Make cases that wait for a unit to sign, through the actions."""
    grid = Area.objects.filter(kind="grid").order_by("pk").first()
    street = grid.parent.parent if grid and grid.parent else None
    if grid is None or street is None:
        raise SystemExit("the city of the bench has no grids")
    county = street.parent
    acceptor, dispatcher = (
        _somebody(role, area) for role, area in (("acceptor", street), ("dispatcher", county))
    )
    made = []
    for start in range(0, count, 200):
        with transaction.atomic():
            for number in range(start, min(count, start + 200)):
                case = actions.take_in(
                    ids.new_id(),
                    "grid_event",
                    {"description": f"第{number}号井盖", "place": {"area": grid.pk}, "urgency": "normal"},
                    by=Party(),
                    source="resident",
                    bound_to="bench",
                ).case
                actions.move_case(case, "file", by=acceptor, entered={"class": "0405", "area": grid.pk})
                actions.move_case(case, "dispatch", by=dispatcher, entered={"lead_unit": unit.pk})
                made.append(str(case.pk))
    return made


def _somebody(role: str, area: Area | None):  # type: ignore[no-untyped-def]
    post = Post.objects.get(role=role, area=area)
    return as_staff(
        Assignment.objects.select_related("person", "post__area", "post__organisation").filter(
            post=post, ends=None
        )[0]
    )


def beside(
    control_port: int,
    port: int,
    name: str,
    requests: Callable[[], Iterator[bytes]],
    *,
    rounds: int,
    seconds: float,
    wanted: int,
) -> Ratio:
    """Measure something and the control in turn; medians of the rounds. Every status must be the wanted."""
    ours: list[Load] = []
    controls: list[Load] = []
    insert = request("POST", "/insert")
    stream = requests()
    for number in range(rounds + 1):  # the first round warms both up
        control = send(control_port, itertools.repeat(insert), seconds=seconds)
        load = send(port, stream, seconds=seconds)
        if set(load.statuses) - {wanted}:
            raise SystemExit(f"{name}: answers were {load.statuses}, not only {wanted}")
        if number:
            controls.append(control)
            ours.append(load)
    middle = statistics.median(load.per_second for load in ours)
    return Ratio(
        name,
        middle,
        statistics.median(c.per_second for c in controls),
        statistics.median(load.p50 for load in ours),
    )


def statements(port: int, requests: Iterator[bytes], *, count: int = 20) -> float:
    """Statements per request, counted on the server, BEGIN and COMMIT included."""
    send(port, itertools.islice(requests, 12), clients=1)  # memory of the process is warm
    before = _calls()
    send(port, itertools.islice(requests, count), clients=1)
    return (_calls() - before - 1) / count


def _calls() -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT COALESCE(SUM(calls), 0) FROM pg_stat_statements"
            " WHERE dbid = (SELECT oid FROM pg_database WHERE datname = current_database())"
        )
        return int(cursor.fetchone()[0])
