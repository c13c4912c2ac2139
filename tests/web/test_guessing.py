"""Limits on guessing: at query codes, passwords, printed codes and second factors, through the pages."""

from __future__ import annotations

import dataclasses
from datetime import timedelta
from typing import Any

import pyotp
import pytest
from django.conf import settings as django_settings
from django.db import connection
from django.test import Client
from django.urls import reverse
from pytest_django.fixtures import Settings

from jingwei.engine.models import Case
from jingwei.kernel import accounts, moments, throttle
from jingwei.kernel.actors import SYSTEM
from jingwei.kernel.models import Account, Attachment, LoginSession, Throttle
from jingwei.kernel.moments import now
from jingwei.web.portal import codes, report
from tests.conftest import PASSWORD, Faces
from tests.web import pages

TEN = timedelta(minutes=10)
WRONG = "0000000000"


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three tries instead of dozens: the same rule, sooner."""
    monkeypatch.setattr(codes, "TRIES_PER_ADDRESS", throttle.Rate("code", 3, TEN))
    monkeypatch.setattr(report, "REPORTS_PER_ADDRESS", throttle.Rate("report", 3, TEN))
    monkeypatch.setattr(accounts, "LOGINS_PER_ADDRESS", throttle.Rate("login", 3, TEN))
    monkeypatch.setattr(accounts, "CODES_PER_ADDRESS", throttle.Rate("activate", 3, TEN))


def guess(address: str = "192.0.2.1", code: str = WRONG, **headers: str) -> Any:
    return Client().get(reverse("follow", args=[code]), REMOTE_ADDR=address, headers=headers)


def sign_in(login: str, password: str, address: str = "192.0.2.1", **more: str) -> Any:
    sent = {"login": login, "password": password, **more}
    return Client().post(reverse("sign-in"), sent, REMOTE_ADDR=address)


def says_when(answer: Any) -> None:
    """429, with when to try again for people and for machines."""
    assert answer.status_code == 429
    assert "10分钟" in "".join(pages.alarms(answer.content.decode())).replace(" ", "")
    assert 0 < int(answer["Retry-After"]) <= 600


# ---------------------------------------------------------------- query codes


@pytest.mark.django_db
@pytest.mark.usefixtures("few")
def test_who_guesses_is_told_when_to_come_back_and_the_neighbour_reads_on(faces: Faces) -> None:
    code = faces.report().code
    assert [guess().status_code for _ in range(3)] == [404] * 3
    says_when(guess())
    says_when(guess(code=code))
    assert guess("192.0.2.2", code).status_code == 200
    with moments.at(now() + timedelta(minutes=11)):
        assert guess(code=code).status_code == 200


@pytest.mark.django_db
@pytest.mark.usefixtures("few", "stage")
@pytest.mark.parametrize(
    "name", ["X-Forwarded-For", "X-Real-IP", "Forwarded", "X-Client-IP", "True-Client-IP"]
)
def test_no_header_is_another_address(name: str) -> None:
    """Nothing stands before the server (`secure` is off): what a browser says of its address is not asked."""
    statuses = [guess(**{name: f"198.51.100.{n}"}).status_code for n in range(5)]
    assert statuses == [404, 404, 404, 429, 429]


@pytest.mark.django_db
@pytest.mark.usefixtures("few", "stage")
def test_behind_a_proxy_its_word_counts_and_a_browsers_does_not(settings: Settings) -> None:
    settings.CITY = dataclasses.replace(django_settings.CITY, secure=True)

    def tried(real: str, said: str) -> int:
        headers = {"X-Real-IP": real, "X-Forwarded-For": said}
        return int(guess("127.0.0.1", **headers).status_code)

    assert [tried("192.0.2.1", f"198.51.100.{n}") for n in range(4)] == [404, 404, 404, 429]
    assert tried("192.0.2.2", "192.0.2.1") == 404, "another resident behind the same proxy"


@pytest.mark.django_db
@pytest.mark.usefixtures("few", "stage")
def test_whoever_has_one_address_of_ipv6_has_them_all() -> None:
    statuses = [guess(f"2001:db8:1:2::{n:x}").status_code for n in range(1, 6)]
    assert statuses == [404, 404, 404, 429, 429]
    assert guess("2001:db8:1:3::1").status_code == 404, "the next subscriber"
    assert [guess(f"::ffff:192.0.2.{n}").status_code for n in (7, 8, 9, 10)] == [404] * 4, (
        "IPv4 in new clothes"
    )


@pytest.mark.django_db
def test_when_all_tries_are_used_up_a_right_guess_opens_nothing(
    faces: Faces, monkeypatch: pytest.MonkeyPatch
) -> None:
    """But on the device that reported: its cookie is signed, and nobody can make one."""
    monkeypatch.setattr(codes, "TRIES_IN_ALL", throttle.Rate("code-all", 2, TEN))
    mine = Client()
    answer = mine.post(reverse("report"), {"description": "井盖翘起", "place": "北门口"})
    code = answer["Location"].rstrip("/").rsplit("/", 1)[-1]
    assert [guess(f"192.0.2.{n}").status_code for n in range(2)] == [404, 404]
    says_when(guess("192.0.2.50", code))
    for value in (code, f"{code}:", f"{code}:1:x"):
        forged = Client()
        forged.cookies["last_code"] = value
        path = reverse("follow", args=[code])
        assert forged.get(path, REMOTE_ADDR="192.0.2.51").status_code == 429
    assert mine.get(reverse("follow", args=[code])).status_code == 200
    other = faces.report().code
    assert mine.get(reverse("follow", args=[other])).status_code == 429, "its own code only"


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("few", "stage")
def test_a_new_connection_knows_who_guessed() -> None:
    """What counts is a row: a server that starts anew, or another process, refuses the same."""
    for _ in range(3):
        guess()
    connection.close()
    says_when(guess())
    row = Throttle.objects.get(bucket__startswith="code:")
    assert row.tries == 3
    assert "192.0.2" not in row.bucket
    row.delete()
    assert guess().status_code == 404, "nothing but the row had kept it"


# ---------------------------------------------------------------- reports


@pytest.mark.django_db
@pytest.mark.usefixtures("few")
def test_who_reports_too_often_leaves_nothing_not_even_pictures(faces: Faces) -> None:
    def sent(shade: int) -> Any:
        form = {"description": "井盖翘起", "place": "北门口", "photo": [faces.picture(shade)]}
        return Client().post(reverse("report"), form, REMOTE_ADDR="192.0.2.1")

    assert [sent(n).status_code for n in (10, 20, 30)] == [302] * 3
    before = Case.objects.count(), Attachment.objects.count()
    answer = sent(40)
    says_when(answer)
    assert "井盖翘起" in answer.content.decode(), "what was typed is still there"
    assert (Case.objects.count(), Attachment.objects.count()) == before == (3, 3)


# ---------------------------------------------------------------- signing in


@pytest.mark.django_db
@pytest.mark.usefixtures("few")
def test_passwords_are_not_guessed_from_one_address(faces: Faces) -> None:
    faces.of("worker")
    for n in range(3):
        assert sign_in(f"nobody{n}", "x", "192.0.2.9").status_code == 422
    says_when(sign_in("face-worker", PASSWORD, "192.0.2.9"))
    assert sign_in("face-worker", PASSWORD, "192.0.2.10").status_code == 302


@pytest.mark.django_db
def test_five_wrong_passwords_lock_the_account_wherever_they_come_from(faces: Faces) -> None:
    faces.of("worker")
    said = [sign_in("face-worker", "wrong", f"192.0.2.{n}") for n in range(5)]
    assert {answer.status_code for answer in said} == {422}
    locked = sign_in("face-worker", PASSWORD, "192.0.2.77")
    assert locked.status_code == 422
    assert pages.alarms(locked.content.decode()) != pages.alarms(said[0].content.decode())
    assert "jw" not in locked.cookies
    with moments.at(now() + timedelta(minutes=31)):
        assert sign_in("face-worker", PASSWORD).status_code == 302


@pytest.mark.django_db
def test_nobody_learns_which_names_there_are(faces: Faces) -> None:
    faces.of("worker")
    known, unknown = sign_in("face-worker", "wrong"), sign_in("face-nobody", "wrong")
    assert pages.alarms(known.content.decode()) == pages.alarms(unknown.content.decode()) != []
    codes = [
        Client().post(
            reverse("activate"), {"login": login, "code": "AAAA", "password": PASSWORD, "again": PASSWORD}
        )
        for login in ("face-worker", "face-nobody")
    ]
    assert [answer.status_code for answer in codes] == [422, 422]
    assert pages.alarms(codes[0].content.decode()) == pages.alarms(codes[1].content.decode()) != []


@pytest.mark.django_db
def test_second_factors_are_not_guessed(faces: Faces) -> None:
    faces.of("worker")
    account = Account.objects.get(login="face-worker")
    secret = pyotp.random_base32()
    session = LoginSession.objects.get(account=account)
    accounts.confirm_second_factor(account, session, secret, pyotp.TOTP(secret).at(now()))
    right = pyotp.TOTP(secret).at(now() + timedelta(minutes=1))
    wrong = f"{(int(right) + 1) % 1_000_000:06}"
    with moments.at(now() + timedelta(minutes=1)):
        said = [sign_in("face-worker", PASSWORD, f"192.0.2.{n}", code=wrong).status_code for n in range(5)]
        assert said == [422] * 5
        locked = sign_in("face-worker", PASSWORD, "192.0.2.77", code=right)
    assert locked.status_code == 422
    assert "jw" not in locked.cookies


# ---------------------------------------------------------------- printed codes


@pytest.mark.django_db
@pytest.mark.usefixtures("few")
def test_printed_codes_are_not_guessed(faces: Faces) -> None:
    _account, code = accounts.open_account("new-one", faces.stage.people["worker"].pk, by=SYSTEM)

    def tried(typed: str, address: str, login: str = "new-one") -> Any:
        sent = {"login": login, "code": typed, "password": PASSWORD, "again": PASSWORD}
        return Client().post(reverse("activate"), sent, REMOTE_ADDR=address)

    assert [tried("AAAAAAAAAAAA", "192.0.2.1", f"other{n}").status_code for n in range(3)] == [422] * 3
    says_when(tried(code, "192.0.2.1"))
    assert tried(code, "192.0.2.2").status_code == 302, "the one it was printed for, elsewhere"
    assert [tried("AAAAAAAAAAAA", f"192.0.2.{n}").status_code for n in range(30, 34)] == [422, 422, 429, 429]
