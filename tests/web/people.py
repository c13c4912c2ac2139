"""The small city with somebody in every post and a case in every state, made once for a whole module.

Each test looks at it in a transaction of its own, which is taken back; so does each attack within a test.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from uuid import uuid4

from django.db import connection, transaction
from django.test import Client
from PIL import Image

from jingwei.engine import actions, publishing
from jingwei.engine.models import Case
from jingwei.engine.stage import Stage, build
from jingwei.kernel import accounts, calendars, numbering
from jingwei.kernel.actors import SYSTEM
from jingwei.kernel.models import Account, LoginSession
from jingwei.kernel.moments import now
from jingwei.registry import areas, atlas, people, photos, posts
from jingwei.registry.models import Assignment
from jingwei.web.shell.who import COOKIE
from tests.conftest import Faces

#: what only the city's own posts may open
OFFICERS = ("administrator", "auditor", "security_officer")


@dataclass
class City:
    """The stage with its officers, everybody's browser, and cases by the state they are in."""

    faces: Faces
    assignments: dict[str, Assignment]
    cases: dict[str, Case] = field(default_factory=dict)
    codes: dict[str, str] = field(default_factory=dict)
    clients: dict[str, Client] = field(default_factory=dict)
    cookies: dict[str, str] = field(default_factory=dict)

    @property
    def stage(self) -> Stage:
        return self.faces.stage

    def client(self, who: str) -> Client:
        """Somebody's browser; one that never signed in for anybody else than staff.

        An error inside comes back as the page that people would see.
        """
        if who not in self.clients:
            row = self.assignments.get(who)
            self.clients[who] = signed_in(row) if row else Client(raise_request_exception=False)
            morsel = self.clients[who].cookies.get(COOKIE)
            self.cookies[who] = morsel.value if morsel else ""
        client, cookie = self.clients[who], self.cookies[who]
        if cookie:  # whoever signed out in an attack that was taken back is still signed in
            client.cookies[COOKIE] = cookie
        return client


def signed_in(row: Assignment, *, factor: bool = True) -> Client:
    """A browser with a running session that acts from an assignment."""
    client = Client(raise_request_exception=False)
    client.cookies[COOKIE] = session_of(row, factor=factor)
    return client


def session_of(row: Assignment, *, factor: bool = True) -> str:
    """Begin a session that acts from an assignment; return its cookie."""
    account = Account.objects.filter(person=row.person_id).first()
    if account is None:
        account, _ = accounts.open_account(f"login-{row.pk}", row.person_id, by=SYSTEM)
    token, moment = f"cookie {uuid4()}", now()
    LoginSession.objects.create(
        token=accounts.hash_of(token), account=account, assignment=row.pk,
        began_at=moment, seen_at=moment, second_factor_at=moment if factor else None,
    )  # fmt: skip
    return token


@contextmanager
def taken_back() -> Iterator[None]:
    """Whatever happens inside is undone; numbers that were set aside are given again."""
    with transaction.atomic():
        try:
            yield
        finally:
            transaction.set_rollback(True)
    numbering.forget()


def forget() -> None:
    """Let go of everything that is kept in memory."""
    atlas.forget()
    calendars.forget()
    numbering.forget()


@contextmanager
def city() -> Iterator[City]:
    """Build it in a transaction that is taken back in the end."""
    connection.ensure_connection()
    with taken_back():
        publishing.publish_all(by=SYSTEM)
        faces = Faces(build())
        rows = dict(faces.stage.assignments)
        for n, role in enumerate(OFFICERS):
            post = people.make_post(role, by=SYSTEM, area=faces.stage.areas["city"])
            person = people.take_on(f"A{n:04}", "林江高"[n] + "知行", by=SYSTEM)
            rows[role] = people.assign(person, post, by=SYSTEM)
        made = City(faces, rows)
        _furnish(made)
        _report(made)
        for who in ("anonymous", *rows):
            made.client(who)  # now: what an attack makes is taken back with it
        yield made
    forget()


def _furnish(made: City) -> None:
    """What the administrator's pages show: a photo, an alias, an overlay, a required seat, a linked unit."""
    stage = made.stage
    picture = io.BytesIO()
    Image.new("RGB", (64, 80), "#885533").save(picture, "JPEG")
    photos.set_photo(stage.people["worker"], io.BytesIO(picture.getvalue()), consent=True, by=SYSTEM)
    areas.add_alias(stage.areas["street"], "建国路", by=SYSTEM)
    overlay = areas.make_area("party_grid", "DQ-1", "第一党建网格", by=SYSTEM)
    areas.map_overlay(overlay, [stage.areas["grid"]], by=SYSTEM)
    posts.require_seat("grid_worker", "grid", 1, by=SYSTEM)
    people.link_to_areas(stage.units["municipal"], [stage.areas["street"]], by=SYSTEM)


def _report(made: City) -> None:
    """A case in every state that a form stands for."""
    faces, stage = made.faces, made.stage
    contact = {"reporter_contact": "13912345678"}
    taken = {
        "reported": faces.report(with_photo=True, **contact),
        "unlocated": faces.report(place=None),
        "filed": faces.filed(),
        "dispatched": faces.dispatched(),
        "handling": faces.handling(**contact),
        "checked": faces.checked(),
        "closed": faces.closed(),
        "request": faces.report(procedure="resident_request", words="想问居住证怎么办", **contact),
    }
    for name in ("verifying", "handled", "checking", "asked", "given"):
        taken[name] = faces.report() if name == "verifying" else faces.handling()
    cases = {name: one.case for name, one in taken.items()}
    faces.moved(cases["verifying"], "verify", "acceptor")
    for name in ("handled", "checking"):
        evidence = [faces.stored(cases[name])]
        faces.moved(cases[name], "feed_back", "handler", result="换好了", evidence=evidence)
    faces.moved(cases["checking"], "send_check", "dispatcher")
    wanted = {"reason": "配件没到", "new_due": (now() + timedelta(days=1)).isoformat()}
    actions.ask(cases["asked"], "extension", by=stage.staff("handler"), entered=wanted)
    patrol, what = stage.units["patrol"].pk, {"what": "围挡并设警示灯"}
    actions.give_task(cases["given"], "co_handle", by=stage.staff("handler"), to_unit=patrol, entered=what)
    made.cases = {name: Case.objects.get(pk=case.pk) for name, case in cases.items()}
    made.codes = {name: one.code for name, one in taken.items()}
