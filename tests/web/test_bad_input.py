"""Hostile values in every field of every form that people see, sent by whoever may send it.

The forms are read off the pages themselves, so that a new form cannot be forgotten. Every attack starts from
the same city and is taken back. What must hold: never an error of ours, a refusal that says in words what
would be right and changes nothing, and nothing of what was sent ever becomes part of a page's own markup.
"""

from __future__ import annotations

import hashlib
import io
import itertools
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit
from uuid import uuid4

import pytest
from django.apps import apps
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.db.models import Model
from django.test import Client
from django.urls import URLPattern, reverse
from django.urls.converters import IntConverter, SlugConverter, StringConverter, UUIDConverter

from jingwei.engine import library
from jingwei.engine.models import Case, CaseAction
from jingwei.kernel import ids
from jingwei.kernel.models import Account, Attachment, LoginSession, StaffAccess, Throttle
from jingwei.registry.models import Organisation
from tests.web import pages, people
from tests.web.pages import Field, Form
from tests.web.people import City
from tests.web.test_every_route import ALL

pytestmark = pytest.mark.django_db

FORM = "application/x-www-form-urlencoded"
SCRIPT = "<script>alert(7)</script>\"'><img src=x onerror=alert(7)>"
TEMPLATE = "{{ 7|add:7 }}{% now 'Y' %}{0}%s%(x)s${7*7}"
LONG = "长" * 350_000  # a little over 1 MB

#: what is sent; bytes are no UTF-8
HOSTILE: dict[str, str | bytes] = {
    "four bytes": "😀𠮷𝒳",
    "signs upon signs": "e" + "\u0301" * 60,
    "right to left": "\u202egnp.exe\u2066\u200f\ufeff",
    "NUL": "a\0b",
    "only NUL": "\0",
    "control signs": "\x01\x07\x1b[31m\x7f\x85",
    "line ends": "a\r\nSet-Cookie: jw=1\r\n\r\nb",
    "lone surrogate": b"\xed\xa0\x80",
    "no UTF-8": b"\xff\xfe\x80abc",
    "long": LONG,
    "negative": "-1",
    "huge": "9" * 40,
    "beyond 64 bits": str(2**63),
    "beyond 32 bits": str(2**31),
    "fraction": "1.5",
    "exponent": "1e400",
    "NaN": "NaN",
    "infinite": "-inf",
    "square": "²",
    "full width": "１２３",
    "Arabic figures": "٣",
    "underscore": "1_000",
    "no such day": "2026-02-31",
    "no such time": "2026-02-31T25:61",
    "year 0": "0000-01-01",
    "year 1": "0001-01-01T00:00",
    "year 9999": "9999-12-31T23:59",
    "year 10000": "10000-01-01",
    "no such id": str(uuid4()),
    "number of nobody": "999999999",
    "up": "../../../../etc/passwd",
    "formula": "=HYPERLINK(\"http://192.0.2.1\",\"x\")",
    "formula by sign": "@SUM(1+9)*cmd|' /C calc'!A0",
    "tab": "\t=1+1",
    "script": SCRIPT,
    "template": TEMPLATE,
    "SQL": "'; DROP TABLE kernel_account; --",
    "wild": "%_\\",
    "list": "[1,2]",
    "object": "{\"a\":1}",
    "blank": " \u3000\u00a0",
    "brackets": "((((((((((((((((((((",
}

#: for longitude and latitude: 0,0; exchanged; abroad; nowhere
POINTS = [
    ("0", "0"), ("33.02", "117.02"), ("2.35", "48.85"), ("181", "91"), ("NaN", "NaN"), ("inf", "-inf"),
    ("1e400", "33"), ("117.02", ""), ("", "33.02"), ("一百一十七", "33"), ("0x75", "33"), ("117,02", "33,02"),
]  # fmt: skip

#: what may change although the answer is no: tries that count, sign-ins that fail, when a session was last
#: seen; and good pictures stay when another field is wrong, so that nobody takes them again
COUNTED: set[type[Model]] = {Throttle, StaffAccess, LoginSession, Account, Attachment}

#: where each kind of person begins
STARTS = {
    "anonymous": ("home", "report", "find-case", "my-grid", "sign-in", "activate"),
    "acceptor": ("desk", "desk-call", "me", "tokens", "choose-post", "search", "desk-asks"),
    "dispatcher": ("desk", "board"),
    "leader": ("desk",),
    "handler": ("desk", "field-today"),
    "co_handler": ("desk", "field-today"),
    "worker": ("field-today", "field-report", "desk"),
    "intake_desk": ("desk", "desk-call", "desk-unlocated"),
    "administrator": ("admin-home",),
    "auditor": ("admin-home",),
}


@pytest.fixture(scope="module")
def town(django_db_setup: None, django_db_blocker: Any) -> Iterator[City]:
    with django_db_blocker.unblock(), people.city() as made:
        yield made


@dataclass(frozen=True)
class Target:
    """A form as somebody meets it."""

    who: str
    name: tuple[str, ...]
    form: Form

    def __str__(self) -> str:
        return f"{self.form.method} {' '.join(self.name)} by {self.who}"


@dataclass
class Found:
    """What walking through the city as everybody found: forms, and the words of addresses' queries."""

    targets: dict[Any, Target] = field(default_factory=dict)
    queries: dict[tuple[tuple[str, ...], str], tuple[str, str]] = field(default_factory=dict)
    routes: set[str] = field(default_factory=set)

    def note(self, who: str, page: pages.Page) -> None:
        forms, links = pages.read(page.address, page.text)
        for form in forms:
            name = pages.route(form.action)
            if name and name != ("sign-out",):
                self.targets.setdefault((form.method, name, *sorted(form.fields)), Target(who, name, form))
                self.routes.add(name[0])
        for link in (*links, page.address):
            for word, _value in parse_qsl(urlsplit(link).query):
                if name := pages.route(link):
                    self.queries.setdefault((name, word), (who, link))


@pytest.fixture(scope="module")
def found(town: City) -> Found:
    """Every form there is, and who may send it."""
    seen = Found()
    for who, names in STARTS.items():
        starts = [reverse(name) for name in names]
        if who == "anonymous":
            starts += [reverse("follow", args=[code]) for code in town.codes.values()]
        elif not town.assignments[who].post.role.startswith(("admin", "audit")):
            face = "field-task" if who in ("worker", "handler") else "desk-case"
            starts += [reverse(name, args=[c.pk]) for c in town.cases.values() for name in {face, "desk-case"}]
        for page in pages.walk(town.client(who), starts, skip=(".pdf", ".xlsx")):
            assert page.status < 500, f"{who} {page.address}"
            if page.text:
                seen.note(who, page)
    return seen


# ---------------------------------------------------------------- sending, and looking at the answer


@dataclass
class Watch:
    """Notes whether anything was written, and whether what is there is still what was there."""

    before: dict[type[Model], str] = field(default_factory=dict)
    wrote: bool = False

    def __call__(self, execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if sql.lstrip()[:6].upper() in ("INSERT", "UPDATE", "DELETE"):
            self.wrote = True
        return execute(sql, params, many, context)

    def changed(self) -> list[str]:
        """The tables that are not as they were."""
        return [model.__name__ for model, was in self.before.items() if digest(model) != was]


def tables() -> list[type[Model]]:
    labels = ("kernel", "registry", "engine")
    return [model for label in labels for model in apps.get_app_config(label).get_models()]


def digest(model: type[Model]) -> str:
    """All rows of a table as one short text."""
    rows = sorted(repr(row) for row in model._default_manager.values_list())
    return hashlib.sha256("\n".join(rows).encode(errors="replace")).hexdigest()


def encoded(sent: Mapping[str, Iterable[str | bytes]]) -> str:
    return urlencode([(name, value) for name, values in sent.items() for value in values])


def send(client: Client, form: Form, sent: Mapping[str, Iterable[str | bytes]]) -> Any:
    if form.method == "post":
        return client.generic("POST", form.action, encoded(sent), FORM)
    path = urlsplit(form.action)
    query = "&".join(part for part in (path.query, encoded(sent)) if part)
    return client.generic("GET", path.path, QUERY_STRING=query)


def judged(answer: Any, watch: Watch, what: str) -> bytes:
    """No error of ours; a refusal that says why and changed nothing. Returns the page."""
    body = pages.body_of(answer)
    assert answer.status_code < 500, f"{what}: {answer.status_code}"
    assert b"Traceback" not in body, what
    assert not raw_markup(body), f"{what}: what was sent became markup"
    if answer.status_code >= 400:
        if answer.status_code in (409, 422, 429):
            assert pages.alarms(body.decode()), f"{what}: {answer.status_code} says nothing"
        if watch.wrote:
            assert watch.changed() == [], f"{what}: {answer.status_code}, and yet something changed"
    return body


def raw_markup(body: bytes) -> bool:
    return b"<script>alert(7)" in body or b"<img src=x" in body or b"onerror=alert(7)>" in body


def attack(town: City, watch: Watch, target: Target, sent: Mapping[str, Iterable[str | bytes]], what: str) -> Any:
    """Send a form, judge the answer, and take everything back."""
    with people.taken_back():
        watch.wrote = False
        with connection.execute_wrapper(watch):
            answer = send(town.client(target.who), target.form, sent)
        judged(answer, watch, f"{target} {what}")
    return answer


@pytest.fixture(scope="module")
def watch(town: City, found: Found) -> Watch:
    """What the city is like before every attack."""
    return Watch({model: digest(model) for model in tables() if model not in COUNTED})


# ---------------------------------------------------------------- the forms of all pages


def test_every_form_of_every_page_is_found(found: Found) -> None:
    """The routes that take a form, from the table of addresses: none may be missing in the attacks below."""
    takes = {name for name, kind, _ in ALL if kind not in ("token", "open-api")}
    assert {
        "report", "report-kind", "rate", "reopen", "add", "my-grid", "sign-in", "activate", "second-factor",
        "me", "tokens", "desk-act", "desk-bulk", "desk-call", "desk-link", "desk-reveal", "desk-unlocated",
        "field-act", "field-report", "look", "switch-post", "search", "find-case", "board",
        "admin-area-make", "admin-area-change", "admin-person-change", "admin-post-make", "admin-account-open",
        "admin-calendar-publish", "admin-calendar-hours", "admin-catalogue-add", "admin-import-send",
        "admin-organisation-make", "admin-seat-rules", "admin-areas-as-of", "admin-answering",
    } <= found.routes & takes  # fmt: skip
    assert len(found.targets) > 100


def spread(n: int, *, step: int) -> list[str]:
    """Some of the hostile values, others for every field, so that each kind of field meets each value."""
    names = list(HOSTILE)
    return [names[(n + k * step) % len(names)] for k in range(len(names) // step)]


def test_one_hostile_value_among_good_ones(town: City, found: Found, watch: Watch) -> None:
    """Every field of every kind of form; the others are as a browser would send them."""
    met: set[tuple[str, str]] = set()
    for target in found.targets.values():
        for one in target.form.fields.values():
            if one.kind == "file" or (target.name[0], one.name) in met:
                continue
            met.add((target.name[0], one.name))
            for name in spread(len(met), step=6):
                sent = {**target.form.filled(), one.name: [HOSTILE[name]]}
                attack(town, watch, target, sent, f"{one.name}: {name}")
    assert len(met) > 150


def test_hostile_values_everywhere_at_once(town: City, found: Found, watch: Watch) -> None:
    for n, target in enumerate(found.targets.values()):
        for name in spread(n, step=10):
            if name != "long":
                sent = {key: [HOSTILE[name]] for key in target.form.fields}
                attack(town, watch, target, sent, f"everywhere: {name}")
