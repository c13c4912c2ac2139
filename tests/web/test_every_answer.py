"""What surrounds every answer, for every address of the table: headers, forged forms, sessions that ended."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client
from django.urls import URLPattern, reverse

from jingwei.engine.models import Case, CaseAction
from jingwei.kernel import accounts
from jingwei.kernel.actors import SYSTEM
from jingwei.kernel.models import Account, JournalLine
from jingwei.web.portal import home
from jingwei.web.shell.who import COOKIE
from tests.web import pages, people
from tests.web.people import City
from tests.web.test_every_route import ALL, Town
from tests.web.test_sessions import is_out

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def town(django_db_setup: None, django_db_blocker: Any) -> Iterator[City]:
    with django_db_blocker.unblock(), people.city() as made:
        yield made


def address(made: City, name: str, pattern: URLPattern) -> str:
    """A route's address, filled with things that are there."""
    case = made.cases["reported"]
    photo = case.values["photo"][0]
    return Town(made.stage, case, made.codes["reported"], photo).address(name, pattern)


def own_pages() -> list[tuple[str, URLPattern]]:
    """Every route that people's browsers use."""
    return [(name, pattern) for name, kind, pattern in ALL if kind not in ("token", "open-api")]


def test_a_revoked_session_gets_nothing_anywhere(town: City) -> None:
    with people.taken_back():
        client = people.signed_in(town.assignments["acceptor"])
        assert not is_out(client)
        account = Account.objects.get(person=town.assignments["acceptor"].person_id)
        accounts.end_sessions(account, by=SYSTEM)
        before = JournalLine.objects.count(), CaseAction.objects.count(), Case.objects.count()
        doors = [one for one in ALL if one[1] not in ("open", "code", "photo", "token", "open-api")]
        assert len(doors) > 80
        for name, kind, pattern in doors:
            path = address(town, name, pattern)
            for answer in (client.get(path), client.post(path, {})):
                pages.body_of(answer)
                assert answer.status_code in (302, 404, 405), f"{kind} {path}: {answer.status_code}"
                if answer.status_code == 302:
                    assert answer["Location"].startswith((reverse("sign-in"), reverse("me"))), path
        assert (JournalLine.objects.count(), CaseAction.objects.count(), Case.objects.count()) == before


#: changes nothing but the look, and works before any cookie is set
WITHOUT_TOKEN = {"look"}


def test_no_form_is_taken_that_is_not_ours(town: City) -> None:
    """Every address of the table: without the token of the page nothing happens."""
    with people.taken_back():
        rows = [town.assignments[who] for who in ("acceptor", "worker", "administrator")]
        clients = [Client(enforce_csrf_checks=True) for _ in rows]
        for client, row in zip(clients, rows, strict=True):
            client.cookies[COOKIE] = people.session_of(row)
        before = JournalLine.objects.count(), CaseAction.objects.count(), Case.objects.count()
        for name, pattern in own_pages():
            path = address(town, name, pattern)
            for client in clients:
                answer = client.post(
                    path, {"description": "x", "place": "y"}, headers={"Origin": "http://evil.test"}
                )
                expected = 302 if name in WITHOUT_TOKEN else 403
                assert answer.status_code == expected, f"{path}: {answer.status_code}"
        assert (JournalLine.objects.count(), CaseAction.objects.count(), Case.objects.count()) == before


# ---------------------------------------------------------------- what surrounds every answer


def test_every_answer_says_what_it_may_load_and_who_may_frame_it(
    town: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers: list[tuple[str, Any]] = []
    with people.taken_back():
        for name, pattern in own_pages():
            path = address(town, name, pattern)
            if path.endswith(".pdf"):
                continue  # a quarter of a second each; they go the same way out
            for who in ("anonymous", "acceptor", "administrator"):
                answers.append((f"GET {path}", town.client(who).get(path)))
            answers.append((f"POST {path}", town.client("acceptor").post(path, {})))
            answers.append((f"PUT {path}", town.client("acceptor").put(path)))
        client = Client(raise_request_exception=False, enforce_csrf_checks=True)
        answers += [
            ("404", client.get("/nowhere")),
            ("403", client.post("/report", {})),
            ("400", client.get(reverse("grid-board", args=["9911"]), headers={"Host": "evil.test"})),
            ("static", client.get("/static/jingwei/base.css")),
            ("static 404", client.get("/static/nothing.css")),
        ]
        with monkeypatch.context() as broken:
            broken.setattr(home, "render", None)
            answers.append(("500", client.get("/")))
    statuses = {answer.status_code for _what, answer in answers}
    assert {200, 302, 400, 403, 404, 405, 422, 500} <= statuses
    for what, answer in answers:
        body = pages.body_of(answer)
        policy = answer.headers.get("Content-Security-Policy", "")
        assert "frame-ancestors 'none'" in policy, f"{what} {answer.status_code}"
        assert "object-src 'none'" in policy, what
        assert "base-uri 'none'" in policy, what
        assert "unsafe-eval" not in policy, what
        assert "'unsafe-inline'" not in policy.split("script-src")[1].split(";")[0], what
        assert answer.headers.get("X-Content-Type-Options") == "nosniff", f"{what} {answer.status_code}"
        assert answer.headers.get("Referrer-Policy") == "same-origin", f"{what} {answer.status_code}"
        assert answer.headers.get("Content-Type", "text/html").split(";")[0] in TYPES, what
        assert b"Traceback" not in body, what
        if not what.startswith("static"):
            assert "Set-Cookie" not in answer.headers, what
            assert keeps_to_itself(answer), f"{what}: {answer.headers.get('Cache-Control')}"


#: nothing else ever leaves: none of these lets a file of somebody's run as a page
TYPES = {
    "text/html", "text/css", "text/plain", "image/jpeg", "application/geo+json", "application/pdf",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}  # fmt: skip


def keeps_to_itself(answer: Any) -> bool:
    """No machine between keeps it, but for the public facts that say so themselves."""
    said = answer.headers.get("Cache-Control", "")
    public = answer.headers.get("Content-Type", "").startswith(("application/geo+json", "image/jpeg"))
    return "private" in said or "no-store" in said or ("public" in said and public)


def test_pictures_of_a_case_stay_between_two(town: City) -> None:
    with people.taken_back():
        case = town.cases["reported"]
        photo = case.values["photo"][0]
        for client, path in (
            (town.client("acceptor"), reverse("desk-photo", args=[case.pk, photo])),
            (town.client("anonymous"), reverse("follow-photo", args=[town.codes["reported"], photo])),
        ):
            answer = client.get(path)
            assert answer.status_code == 200, path
            assert pages.body_of(answer)[:3] == b"\xff\xd8\xff"
            assert answer["Content-Type"] == "image/jpeg"
            assert "private" in answer["Cache-Control"]
