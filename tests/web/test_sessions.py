"""Sessions: cookies, leaving, lying idle, being shut out, another post; and no way out to other sites."""

from __future__ import annotations

import base64
import dataclasses
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import pyotp
import pytest
from django.conf import settings as django_settings
from django.test import Client
from django.urls import reverse
from pytest_django.fixtures import Settings

from jingwei.engine.models import Case
from jingwei.kernel import accounts, moments
from jingwei.kernel.actors import SYSTEM
from jingwei.kernel.models import LoginSession
from jingwei.kernel.moments import now
from jingwei.registry import people as registry_people
from jingwei.web.shell import login
from jingwei.web.shell.who import COOKIE
from tests.conftest import PASSWORD, Faces
from tests.web import pages

pytestmark = pytest.mark.django_db


def account_of(faces: Faces, name: str) -> tuple[str, Client]:
    """Somebody's login name, and a browser that is signed in by the form."""
    client = faces.of(name)
    return f"face-{name.replace('_', '-')}", client


def is_out(client: Client, path: str = "") -> bool:
    answer = client.get(path or reverse("me"))
    return answer.status_code == 302 and answer["Location"].startswith(reverse("sign-in"))


# ---------------------------------------------------------------- the cookie


@pytest.mark.parametrize("secure", [False, True])
def test_the_cookie_is_for_the_server_alone(faces: Faces, settings: Settings, secure: bool) -> None:
    settings.CITY = dataclasses.replace(django_settings.CITY, secure=secure)
    accounts.open_account("kx", faces.stage.people["worker"].pk, by=SYSTEM, password=PASSWORD)
    answer = Client().post(reverse("sign-in"), {"login": "kx", "password": PASSWORD})
    cookie = answer.cookies[COOKIE]
    assert cookie["httponly"] is True
    assert cookie["samesite"] == "Lax"
    assert bool(cookie["secure"]) is secure
    assert cookie["path"] == "/"
    assert not cookie["domain"]
    assert len(cookie.value) >= 43, "256 bits"
    assert not LoginSession.objects.filter(token=cookie.value.encode()).exists(), "only its hash is stored"


@pytest.mark.parametrize("secure", [False, True])
def test_every_other_cookie_stays_on_this_site(faces: Faces, settings: Settings, secure: bool) -> None:
    settings.CITY = dataclasses.replace(django_settings.CITY, secure=secure)
    looked = faces.nobody.post(reverse("look"), {"theme": "dark", "language": "en"})
    grid = faces.nobody.post(reverse("my-grid"), {"area": str(faces.stage.areas["grid"].pk)})
    reported = faces.nobody.post(reverse("report"), {"description": "井盖翘起", "place": "北门口"})
    cookies = {**looked.cookies, **grid.cookies, **reported.cookies}
    assert {"theme", "language", "grid", "last_code"} <= set(cookies)
    for name, cookie in cookies.items():
        assert cookie["samesite"] in ("Lax", "Strict"), name
        assert bool(cookie["secure"]) is secure or name == "csrftoken", name
    assert cookies["last_code"]["httponly"] is True


def test_signing_in_makes_a_cookie_of_its_own(faces: Faces) -> None:
    """Whoever slips somebody a cookie before they sign in has nothing afterwards."""
    login, _client = account_of(faces, "worker")
    victim, planted = Client(), "planted-by-somebody-else"
    victim.cookies[COOKIE] = planted
    victim.post(reverse("sign-in"), {"login": login, "password": PASSWORD})
    assert victim.cookies[COOKIE].value != planted
    assert not is_out(victim)
    attacker = Client()
    attacker.cookies[COOKIE] = planted
    assert is_out(attacker)


@pytest.mark.parametrize("value", ["", "x", "\xf0\x9f\x98\x80", "a\0b", "é" * 3000, "' OR 1=1 --", "A.B.C"])
def test_a_cookie_nobody_gave_is_nobody(stage: Any, value: str) -> None:
    client = Client()
    client.cookies[COOKIE] = value
    assert is_out(client)


# ---------------------------------------------------------------- leaving, lying idle, being shut out


def test_a_second_factor_that_was_scanned_stays_good_until_it_is_confirmed(faces: Faces) -> None:
    """The page was loaded again meanwhile: the code that the app read before is still the one."""
    browser, address = faces.of("acceptor"), reverse("second-factor")
    first = browser.get(address).context["secret"]
    assert browser.get(address).context["secret"] == first
    kept = browser.cookies[login.OFFERED]
    assert first not in kept.value
    assert first not in base64.urlsafe_b64decode(kept.value.split(":")[0] + "==").decode("latin-1")
    assert (kept["httponly"], kept["samesite"]) == (True, "Lax")
    colleague = faces.of("handler")
    colleague.cookies[login.OFFERED] = kept.value
    assert colleague.get(address).context["secret"] != first, "another account's offer is none"
    assert browser.post(address, {"code": pyotp.TOTP(first).at(moments.now())}).status_code == 302
    assert browser.cookies[login.OFFERED].value == ""


@pytest.mark.parametrize("value", ["x", "AAAA:BBBB", "", "é"])
def test_an_offer_nobody_made_is_none(faces: Faces, value: str) -> None:
    browser, address = faces.of("acceptor"), reverse("second-factor")
    browser.cookies[login.OFFERED] = value
    assert browser.get(address).status_code == 200


def test_lying_idle_ends_it(faces: Faces) -> None:
    _login, client = account_of(faces, "acceptor")
    start = now()
    with moments.at(start + timedelta(minutes=29)):
        assert not is_out(client)
    with moments.at(start + timedelta(minutes=58)):
        assert not is_out(client), "it was used in between"
    with moments.at(start + timedelta(minutes=89)):
        assert is_out(client)


def test_after_twelve_hours_everybody_signs_in_again(faces: Faces) -> None:
    _login, client = account_of(faces, "acceptor")
    start = now()
    for quarter in range(1, 48):
        with moments.at(start + timedelta(minutes=15 * quarter)):
            assert not is_out(client), f"after {15 * quarter} minutes"
    with moments.at(start + timedelta(hours=12, minutes=1)):
        assert is_out(client)


def test_signing_out_ends_it_in_the_database(faces: Faces) -> None:
    _login, client = account_of(faces, "acceptor")
    kept = client.cookies[COOKIE].value
    client.post(reverse("sign-out"))
    assert not client.cookies[COOKIE].value
    assert LoginSession.objects.filter(ended_at=None).count() == 0
    thief = Client()
    thief.cookies[COOKIE] = kept
    assert is_out(thief)


def test_one_ends_only_ones_own_sessions(faces: Faces) -> None:
    _login, mine = account_of(faces, "acceptor")
    _login, other = account_of(faces, "worker")
    theirs = LoginSession.objects.get(account__login="face-worker")
    mine.post(reverse("end-session"), {"session": str(theirs.pk)})
    assert not is_out(other)
    elsewhere = Client()
    elsewhere.post(reverse("sign-in"), {"login": "face-acceptor", "password": PASSWORD})
    here = LoginSession.objects.filter(account__login="face-acceptor").latest("pk")
    mine.post(reverse("end-session"), {"session": str(here.pk)})
    assert is_out(elsewhere)
    assert not is_out(mine)


def test_a_changed_password_shuts_every_browser_out(faces: Faces) -> None:
    login, mine = account_of(faces, "acceptor")
    elsewhere = Client()
    elsewhere.post(reverse("sign-in"), {"login": login, "password": PASSWORD})
    new = "Kette-und-Schuss-8"
    assert mine.post(reverse("me"), {"old": PASSWORD, "new": new, "again": new}).status_code == 302
    assert is_out(mine)
    assert is_out(elsewhere)


def test_another_post_sees_other_things_at_once(faces: Faces) -> None:
    """The acceptor of one street takes a post in another district too: never both at once."""
    case = faces.report().case
    stage = faces.stage
    second = registry_people.assign(
        stage.people["acceptor"], stage.assignments["stranger_dispatcher"].post, by=SYSTEM
    )
    client = Client()
    accounts.open_account("two", stage.people["acceptor"].pk, by=SYSTEM, password=PASSWORD)
    answer = client.post(reverse("sign-in"), {"login": "two", "password": PASSWORD})
    assert answer["Location"] == reverse("choose-post")
    path = reverse("desk-case", args=[case.pk])
    assert client.get(path).status_code == 302, "no post chosen yet: nothing is shown"
    seen: dict[int, list[int]] = {}
    for row in (stage.assignments["acceptor"], second, stage.assignments["acceptor"]):
        client.post(reverse("switch-post"), {"assignment": str(row.pk)})
        seen.setdefault(row.pk, []).append(client.get(path).status_code)
    assert seen == {stage.assignments["acceptor"].pk: [200, 200], second.pk: [404]}
    registry_people.end_assignment(stage.assignments["acceptor"], by=SYSTEM)
    assert client.get(path).status_code == 302, "the post is over, and with it what it showed"


def test_nobody_takes_a_post_of_somebody_else(faces: Faces) -> None:
    _login, client = account_of(faces, "worker")
    theirs = faces.stage.assignments["city_leader"]
    answer = client.post(reverse("switch-post"), {"assignment": str(theirs.pk)})
    assert answer.status_code == 422
    assert client.get(reverse("board")).status_code == 404


# ---------------------------------------------------------------- forms that another site sends


def test_a_form_of_ours_is_taken(faces: Faces) -> None:
    """The control of the test above: with the page's own token the same report goes through."""
    client = Client(enforce_csrf_checks=True)
    form = next(
        f
        for f in pages.read("/report", client.get("/report").content.decode())[0]
        if "description" in f.fields
    )
    sent = {**form.filled(), "description": ["井盖翘起"], "place": ["北门口"]}
    answer = client.post("/report", urlencode(sent, doseq=True), "application/x-www-form-urlencoded")
    assert answer.status_code == 302
    assert Case.objects.count() == 1


# ---------------------------------------------------------------- ways out


ELSEWHERE = [
    "https://evil.test/", "//evil.test/", "///evil.test", "/\\evil.test", "\\\\evil.test", "http:evil.test",
    "https:/evil.test", "javascript:alert(1)", "JaVaScRiPt:alert(1)", " //evil.test", "\t//evil.test",
    "/\t/evil.test", "/\n/evil.test", "data:text/html,x", "http://testserver@evil.test/", "evil.test",
    "desk-case", "%2f%2fevil.test", "／／evil.test", "\0//evil.test", "//[evil", "/\r\nSet-Cookie: a=b",
]  # fmt: skip


@pytest.mark.parametrize("wanted", ELSEWHERE)
def test_no_next_leads_away(faces: Faces, wanted: str) -> None:
    login, client = account_of(faces, "acceptor")
    mine = str(faces.stage.assignments["acceptor"].pk)
    query = "?" + urlencode({"next": wanted})
    answers = [
        client.post(reverse("sign-in"), {"login": login, "password": PASSWORD, "next": wanted}),
        client.post(reverse("sign-in") + query, {"login": login, "password": PASSWORD}),
        client.post(reverse("switch-post"), {"assignment": mine, "next": wanted}),
        client.get(reverse("choose-post") + query),
        client.post(reverse("look"), {"theme": "dark", "next": wanted}),
    ]
    for answer in answers:
        assert answer.status_code == 302
        goal = answer["Location"]
        assert goal.startswith("/"), goal
        assert not goal.startswith(("//", "/\\", "/\t", "/\n")), goal
        assert "\n" not in goal
        assert "a" not in answer.cookies
    bulk = client.post(reverse("desk-bulk"), {"next": wanted}).content.decode()
    assert all(link.startswith(("/", "#")) and not link.startswith("//") for link in pages.read("/", bulk)[1])


@pytest.mark.parametrize("wanted", ["/desk/q/open?class=04", "/desk/search?q=井盖", "/f/AAAAA"])
def test_a_next_of_ours_is_kept(faces: Faces, wanted: str) -> None:
    login, client = account_of(faces, "acceptor")
    answer = client.post(reverse("sign-in"), {"login": login, "password": PASSWORD, "next": wanted})
    assert answer["Location"].isascii()
    assert answer["Location"].startswith(wanted[:8])
