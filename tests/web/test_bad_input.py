"""Hostile values in every field of every form that people see, sent by whoever may send it.

The forms are read off the pages themselves, so that a new form cannot be forgotten. Every attack starts from
the same city and is taken back. What must hold: never an error of ours, a refusal that says in words what
would be right and changes nothing, and nothing of what was sent ever becomes part of a page's own markup.
"""

from __future__ import annotations

import base64
import hashlib
import io
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
from django.urls import reverse
from django.urls.converters import IntConverter, SlugConverter, StringConverter, UUIDConverter

from jingwei.engine import library
from jingwei.engine.models import Case, CaseAction
from jingwei.kernel import ids
from jingwei.kernel.models import Account, Attachment, LoginSession, SerialBlock, StaffAccess, Throttle
from jingwei.registry.models import Organisation
from tests.web import pages, people
from tests.web.pages import Form
from tests.web.people import City
from tests.web.test_every_route import ALL

pytestmark = pytest.mark.django_db

Sent = Mapping[str, Iterable[str | bytes]]
FORM = "application/x-www-form-urlencoded"
SCRIPT = "<script>alert(7)</script>\"'><img src=x onerror=alert(7)>"
TEMPLATE = "{{ 7|add:7 }}{% now 'Y' %}{0}%s%(x)s${7*7}"
LONG = "x" * 1_050_000  # a little over 1 MB

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
    "nothing but 0": "0000",
    "year 1": "0001-01-01T00:00",
    "year 9999": "9999-12-31T23:59",
    "year 10000": "10000-01-01",
    "no such id": str(uuid4()),
    "number of nobody": "999999999",
    "up": "../../../../etc/passwd",
    "formula": '=HYPERLINK("http://192.0.2.1","x")',
    "formula by sign": "@SUM(1+9)*cmd|' /C calc'!A0",
    "tab": "\t=1+1",
    "script": SCRIPT,
    "template": TEMPLATE,
    "SQL": "'; DROP TABLE kernel_account; --",
    "wild": "%_\\",
    "list": "[1,2]",
    "object": '{"a":1}',
    "blank": " \u3000\u00a0",
    "brackets": "((((((((((((((((((((",
}

#: for longitude and latitude: 0,0; exchanged; abroad; nowhere
POINTS = [
    ("0", "0"), ("33.02", "117.02"), ("2.35", "48.85"), ("181", "91"), ("NaN", "NaN"), ("inf", "-inf"),
    ("1e400", "33"), ("117.02", ""), ("", "33.02"), ("一百一十七", "33"), ("0x75", "33"), ("117,02", "33,02"),
]  # fmt: skip

#: what may change although the answer is no: tries that count, sign-ins that fail, when a session was last
#: seen; numbers set aside (gaps are allowed); and good pictures stay when another field is wrong, so that
#: nobody takes them again
COUNTED: set[type[Model]] = {Throttle, StaffAccess, LoginSession, Account, Attachment, SerialBlock}

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
            starts += [
                reverse(name, args=[c.pk]) for c in town.cases.values() for name in {face, "desk-case"}
            ]
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
            self.wrote |= not any(model._meta.db_table in sql for model in COUNTED)
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


def encoded(sent: Sent) -> str:
    return urlencode([(name, value) for name, values in sent.items() for value in values])


def send(client: Client, form: Form, sent: Sent) -> Any:
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


def attack(town: City, watch: Watch, target: Target, sent: Sent, what: str) -> Any:
    """Send a form, judge the answer, and take everything back."""
    with people.taken_back():
        watch.wrote = False
        with connection.execute_wrapper(watch):
            answer = send(town.client(target.who), target.form, sent)
        judged(answer, watch, f"{target} {what}")
    if watch.wrote and target.name[0].startswith("admin"):
        people.forget()  # borders, calendars: kept by version, and the version went back
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
        "field-act", "field-report", "look", "search", "find-case", "board",
        "admin-area-make", "admin-area-change", "admin-person-change", "admin-post-make",
        "admin-account-open",
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
            if one.kind == "file" or one.name == "csrfmiddlewaretoken" or (target.name[0], one.name) in met:
                continue
            met.add((target.name[0], one.name))
            for name in spread(len(met), step=14):
                sent: Sent = {**target.form.filled(), one.name: [HOSTILE[name]]}
                attack(town, watch, target, sent, f"{one.name}: {name}")
    assert len(met) > 150


def test_hostile_values_everywhere_at_once(town: City, found: Found, watch: Watch) -> None:
    for n, target in enumerate(found.targets.values()):
        for name in spread(n, step=20):
            if name != "long":
                sent = {key: [HOSTILE[name]] for key in target.form.fields}
                attack(town, watch, target, sent, f"everywhere: {name}")


def test_fields_that_no_form_has(town: City, found: Found, watch: Watch) -> None:
    """Added fields, repeated fields and none at all change nothing about the answer being a clear one."""
    more = {
        "state": ["closed"], "is_active": ["1"], "password": ["x"], "by": ["1"], "person": ["1", "2"],
        "pk": ["1"], "role": ["administrator"], "assignment": ["1"], "__class__": ["x"],
        "about": ["1"], "constructor": [""],
        "photo_kept": ["x", str(uuid4())], "evidence_kept": ["\0"], "same_as": ["x:y:z"], "to_unit": ["\0"],
    }  # fmt: skip
    for target in found.targets.values():
        filled = target.form.filled()
        twice = {name: [*values, *values, "x"] for name, values in filled.items()}
        attack(town, watch, target, {**more, **twice}, "everything twice, and fields that it has not")
        attack(town, watch, target, {}, "nothing")


# ---------------------------------------------------------------- addresses

#: words that some page or other reads from its address
WORDS = [
    "page", "after", "q", "day", "area", "by", "class", "state", "word", "kind", "under", "order", "lon",
    "lat", "level", "grid", "code", "small", "list", "what", "event", "county", "posts", "left", "source",
    "point_source", "place", "description", "field", "name", "next", "year",
]  # fmt: skip


def test_hostile_words_in_the_query_of_an_address(town: City, found: Found, watch: Watch) -> None:
    assert len(found.queries) > 20
    for n, ((name, word), (who, link)) in enumerate(found.queries.items()):
        target = Target(who, name, Form(urlsplit(link).path, "get"))
        for value in spread(n, step=5):
            if value != "long":
                attack(town, watch, target, {word: [HOSTILE[value]]}, f"{word}: {value}")


def test_hostile_words_in_every_address(town: City, watch: Watch) -> None:
    case = town.cases["reported"]
    for n, (name, kind, pattern) in enumerate(ALL):
        if kind in ("token", "open-api") or "pdf" in name or "export" in name:
            continue
        path = reverse(
            name,
            kwargs={
                key: uuid4()
                if isinstance(converter, UUIDConverter) and key == "pk"
                else there(town, case, key)
                for key, converter in pattern.pattern.converters.items()
            },
        )
        who = {"admin": "administrator", "field": "worker"}.get(name.split("-")[0], "acceptor")
        target = Target(who, (name,), Form(path, "get"))
        for value in spread(n, step=20):
            if value != "long":
                words = {word: [HOSTILE[value]] for word in WORDS}
                attack(town, watch, target, words, f"every word: {value}")


#: cursors of lists that no page of ours made
CURSORS = [
    "W10=", "bnVsbA==", "e30=", "MQ==", "WzEsMl0=", "WyIyMDI2LTAxLTAxVDAwOjAwOjAwIiw1XQ==", "////", "é", "=",
    "WyIyMDI2LTAxLTAxVDAwOjAwOjAwIiwiMDFhMjBkODEtNWQwYy03Njc1LWI0ZDEtNGZkMmQzYjYzNjE3Il0=",
    "WyIwMDAxLTAxLTAxVDAwOjAwOjAwKzE0OjAwIiwiMDFhMjBkODEtNWQwYy03Njc1LWI0ZDEtNGZkMmQzYjYzNjE3Il0=",
    base64.urlsafe_b64encode(b"[" * 3000).decode(),
]  # fmt: skip


@pytest.mark.parametrize("mark", CURSORS, ids=lambda mark: mark[:12])
def test_a_cursor_that_no_page_made_begins_at_the_start(town: City, watch: Watch, mark: str) -> None:
    for name in ("open", "all", "late"):
        target = Target("acceptor", ("desk-queue",), Form(reverse("desk-queue", args=[name]), "get"))
        assert attack(town, watch, target, {"after": [mark]}, f"after={mark}").status_code == 200


def there(town: City, case: Case, key: str) -> Any:
    """Something that is there, for a word of an address."""
    known = {
        "case_id": case.pk, "code": "9911", "what": "open", "kind": "event", "name": "open", "form": "areas",
        "photo_id": uuid4(), "person": town.stage.people["worker"].pk,
    }  # fmt: skip
    return known.get(key, 1)


def test_hostile_addresses(town: City, watch: Watch) -> None:
    """Numbers that no row has, names that nothing has: not there, and never an error."""
    numbers = [0, 2**31, 2**63, 10**40]
    texts = [value for name, value in HOSTILE.items() if isinstance(value, str) and name != "long"]
    texts = [text for text in texts if "/" not in text and "\n" not in text] + ["x" * 3000, ".", ".."]
    for name, kind, pattern in ALL:
        if kind in ("token", "open-api") or not pattern.pattern.converters:
            continue
        for n in range(4 if len(pattern.pattern.converters) else 0):
            filled: dict[str, Any] = {}
            for key, converter in pattern.pattern.converters.items():
                if isinstance(converter, IntConverter):
                    filled[key] = numbers[n]
                elif isinstance(converter, UUIDConverter):
                    filled[key] = uuid4()
                elif isinstance(converter, SlugConverter):
                    filled[key] = ["x", "-", "_" * 3000, "0"][n]
                elif isinstance(converter, StringConverter):
                    filled[key] = texts[(n * 11 + len(name)) % len(texts)]
            path = reverse(name, kwargs=filled)
            for who in ("administrator", "acceptor"):
                for method in ("get", "post"):
                    answer = attack(town, watch, Target(who, (name,), Form(path, method)), {}, f"{filled}")
                    assert answer.status_code in (302, 404, 405, 422), (
                        f"{method} {path}: {answer.status_code}"
                    )


# ---------------------------------------------------------------- places


def target_of(found: Found, name: str, who: str = "") -> Target:
    return next(t for t in found.targets.values() if t.name[0] == name and who in ("", t.who))


@pytest.mark.parametrize(("lon", "lat"), POINTS)
def test_a_point_that_cannot_be_is_refused_at_its_field(
    town: City, found: Found, watch: Watch, lon: str, lat: str
) -> None:
    point = {"lon": [lon], "lat": [lat], "point_source": ["wgs84"]}
    for name in ("report", "field-report"):
        target = target_of(found, name)
        sent = {**target.form.filled(), "description": ["井盖翘起"], "area": [""], "place": [""], **point}
        answer = attack(town, watch, target, sent, f"{lon},{lat}")
        assert answer.status_code == 422, f"{target} {lon},{lat}"
    grid = target_of(found, "my-grid")
    answer = attack(town, watch, grid, {**point, "area": [""], "place": [""]}, f"{lon},{lat}")
    assert answer.status_code == 422
    for path in (reverse("name-place"), reverse("admin-answering"), reverse("similar", args=["event"])):
        target = Target("administrator", ("point",), Form(path, "get"))
        assert attack(town, watch, target, {**point, "source": ["bd09"]}, f"{lon},{lat}").status_code in (
            200,
            422,
        )


# ---------------------------------------------------------------- files

NAMES = [
    "../../../etc/passwd", "..\\..\\boot.ini", "a\0b.jpg", "x" * 4000 + ".jpg",
    "<script>alert(7)</script>.jpg",
    "\u202egpj.exe", "con.jpg", "a.php.jpg", "😀.jpg", "=1+1.jpg", "a;b=\"c\".jpg", "\n\n.jpg", " ",
]  # fmt: skip

#: what is no picture, whatever it says of itself
NO_PICTURES = {
    "a page": b"<html><script>alert(7)</script></html>",
    "a drawing with a script": b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(7)</script></svg>',
    "nothing": b"",
    "half a picture": b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01",
    "a picture and a page": b"GIF89a/*<script>alert(7)</script>*/=1;",
    "zeros": bytes(70_000),
    "a workbook": b"PK\x03\x04" + bytes(200),
}


def with_files(found: Found) -> list[Target]:
    return [t for t in found.targets.values() if any(f.kind == "file" for f in t.form.fields.values())]


def test_what_is_no_picture_is_refused_in_words(town: City, found: Found, watch: Watch) -> None:
    targets = with_files(found)
    assert len(targets) > 8
    for n, target in enumerate(targets):
        slots = [one.name for one in target.form.fields.values() if one.kind == "file"]
        for k, (what, raw) in enumerate(NO_PICTURES.items()):
            if (n + k) % 2 and target.name[0] in ("desk-act", "field-act"):
                continue  # one machinery, many forms: each meets half of them
            upload = SimpleUploadedFile(NAMES[(n + k) % len(NAMES)], raw, "image/jpeg")
            sent = {**target.form.filled(), **dict.fromkeys(slots, upload)}
            with people.taken_back():
                watch.wrote = False
                with connection.execute_wrapper(watch):
                    answer = town.client(target.who).post(target.form.action, sent)
                judged(answer, watch, f"{target} {what}")
                if raw:
                    assert answer.status_code in (302, 422), f"{target} {what}: {answer.status_code}"
                    assert answer.status_code == 422 or target.name[0] == "admin-import-send", (
                        f"{target} {what}"
                    )


def test_a_picture_may_be_called_anything_and_is_called_nothing(town: City, found: Found) -> None:
    for name in NAMES:
        with people.taken_back():
            upload = town.faces.picture()
            upload.name = name
            sent = {"id": str(ids.new_id()), "description": "井盖翘起", "place": "北门", "photo": upload}
            answer = town.client("anonymous").post(reverse("report"), sent)
            assert answer.status_code in (302, 422), name
            if answer.status_code == 302:
                page = town.client("anonymous").get(answer["Location"].replace("/reported/", "/f/"))
                assert not raw_markup(page.content)
                assert name not in page.content.decode() or not name.strip()


def test_forms_too_large_or_torn_are_refused(town: City, watch: Watch) -> None:
    client, path = town.client("anonymous"), reverse("report")
    part = '--b\r\nContent-Disposition: form-data; name="{n}"{more}\r\n\r\nx\r\n'
    fields = "".join(part.format(n=f"f{n}", more="") for n in range(3000)) + "--b--\r\n"
    uploads = "".join(part.format(n="photo", more='; filename="a.jpg"') for _ in range(200)) + "--b--\r\n"
    torn = part.format(n="description", more="")[:40]
    kind = "multipart/form-data; boundary=b"
    bodies = [
        (fields, kind), (uploads, kind), (torn, kind), ("", kind), ("x", "multipart/form-data"),
        ("--b--", "multipart/form-data; boundary=" + "b" * 500), ("x", "multipart/form-data; boundary=é"),
        ("&".join(f"f{n}=x" for n in range(3000)), FORM), ("description=" + "x" * 3_000_000, FORM),
        ("description=%ZZ&place=%", FORM), ("description=x&place=y", FORM + "; charset=utf-16"),
        ("description=x&place=y", FORM + "; charset=nonsense"), ('{"description": "x"}', "application/json"),
        ("--b\r\nContent-Disposition: form-data; name=\"p\"; filename*=utf-7''%FF\r\n\r\nx\r\n--b--", kind),
        ("--b\r\nContent-Disposition: form-data; name=\"description\"\r\n"
         "Content-Transfer-Encoding: base64\r\n\r\n!!!!\r\n--b--", kind),
    ]  # fmt: skip
    for body, said in bodies:
        with people.taken_back():
            watch.wrote = False
            with connection.execute_wrapper(watch):
                answer = client.generic("POST", path, body.encode(), said)
            judged(answer, watch, f"{said} {body[:40]}")
            assert answer.status_code in (302, 400, 413, 422), f"{said} {body[:40]}: {answer.status_code}"


# ---------------------------------------------------------------- what is somebody else's


def test_what_belongs_to_another_case_cannot_be_named(town: City, found: Found, watch: Watch) -> None:
    theirs, photo = town.cases["reported"], town.cases["reported"].values["photo"][0]
    report = target_of(found, "report")
    sent = {**report.form.filled(), "description": ["井盖翘起"], "place": ["北门"]}
    assert attack(town, watch, report, {**sent, "id": [str(theirs.pk)]}, "a case's id").status_code == 409
    for kept in (photo, str(uuid4()), "x", "\0", "9" * 40):
        answer = attack(town, watch, report, {**sent, "photo_kept": [kept]}, f"photo {kept}")
        assert answer.status_code == 422, kept
    for name, who in (("desk-bulk", "stranger"), ("desk-unlocated", "intake_desk")):
        wanted = {"case": [str(theirs.pk), "x", "\0", str(uuid4())], "move": ["verify"], "area": ["nowhere"]}
        target = Target(who, (name,), Form(reverse(name), "post"))
        with people.taken_back():
            send(town.client(who), target.form, wanted)
            assert watch.changed() == []


def test_a_request_of_somebody_else_cannot_be_sent_again(town: City) -> None:
    """The id of a form is bound to whoever opened it."""
    case = town.cases["reported"]
    path, sent = reverse("desk-act", args=[case.pk, "move", "note"]), {"request": str(ids.new_id())}
    with people.taken_back():
        assert town.client("acceptor").post(path, {**sent, "remark": "一"}).status_code == 302
        count = CaseAction.objects.count()
        assert town.client("leader").post(path, {**sent, "remark": "一"}).status_code in (404, 409)
        assert town.client("acceptor").post(path, {**sent, "remark": "二"}).status_code == 409
        assert CaseAction.objects.count() == count


# ---------------------------------------------------------------- what was accepted is shown as words

FORMULA = "=HYPERLINK(1)" + SCRIPT[:25]


def test_what_was_accepted_is_shown_as_words_everywhere(town: City, found: Found) -> None:
    """Script, template signs and formulas in every field that takes words; then every page of everybody."""
    shown = False
    with people.taken_back():
        for target in found.targets.values():
            words = {n: f for n, f in target.form.fields.items() if f.kind in ("text", "textarea", "search")}
            if target.form.method == "post" and words:
                sent = {**target.form.filled(), **{key: [SCRIPT + TEMPLATE] for key in words}}
                send(town.client(target.who), target.form, sent)
        Organisation.objects.filter(pk=town.stage.units["municipal"].pk).update(
            name=FORMULA, short_name=SCRIPT[:20]
        )
        town.faces.work()
        library.forget()
        for who in ("anonymous", "acceptor", "handler", "worker", "administrator", "auditor"):
            starts = [reverse(name) for name in STARTS[who]]
            starts += (
                [reverse("follow", args=[code]) for code in town.codes.values()] if who == "anonymous" else []
            )
            starts += (
                [reverse("desk-case", args=[c.pk]) for c in town.cases.values()] if who != "anonymous" else []
            )
            for page in pages.walk(town.client(who), starts, skip=(".pdf",)):
                assert page.status < 500, f"{who} {page.address}"
                assert not raw_markup(page.body), f"{who} {page.address}"
                shown |= "&lt;script&gt;alert(7)" in page.text
                if page.address.endswith(".xlsx") and page.status == 200:
                    assert no_formulas(page.body), page.address
        assert shown, "nothing of it was accepted anywhere"


def test_exports_keep_formulas_as_words(town: City) -> None:
    with people.taken_back():
        unit = town.stage.units["municipal"]
        Organisation.objects.filter(pk=unit.pk).update(name="=1+1|cmd", short_name="@x", phone="+8610")
        answer = town.client("administrator").get(reverse("admin-organisations-export"))
        assert answer.status_code == 200
        sheet = pages.body_of(answer)
        assert no_formulas(sheet)
        with zipfile.ZipFile(io.BytesIO(sheet)) as book:
            assert any(b"=1+1|cmd" in book.read(name) for name in book.namelist())


def no_formulas(sheet: bytes) -> bool:
    with zipfile.ZipFile(io.BytesIO(sheet)) as book:
        return not any(
            b"<f>" in book.read(n) or b"<f " in book.read(n) for n in book.namelist() if "sheet" in n
        )
