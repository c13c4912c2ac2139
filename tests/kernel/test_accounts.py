"""Logging in: who gets in, who is locked out, what ends a session, and what a second factor is worth."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pyotp
import pytest
from argon2 import PasswordHasher
from django.contrib.auth.hashers import Argon2PasswordHasher
from pytest_django.fixtures import Settings

from jingwei.kernel import accounts, ids, journal, moments, seals, throttle
from jingwei.kernel.actors import SYSTEM, Person
from jingwei.kernel.models import Account, ApiToken, LoginSession, StaffAccess, Throttle
from jingwei.kernel.refusals import Refused

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("city", "quick_hashing")]

NINE = datetime.fromisoformat("2026-11-20T09:00:00+08:00")
PASSWORD = "Weft-and-Warp-7"
BOSS = Person(person=1, assignment=10)


@pytest.fixture
def quick_hashing(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same hasher with little work."""
    monkeypatch.setattr(Argon2PasswordHasher, "time_cost", 1)
    monkeypatch.setattr(Argon2PasswordHasher, "memory_cost", 8)
    monkeypatch.setattr(Argon2PasswordHasher, "parallelism", 1)


def an_account(login: str = "mei", person: int = 7, **options: Any) -> Account:
    return accounts.open_account(login, person, by=BOSS, password=PASSWORD, **options)[0]


def log_in(login: str = "mei", password: str = PASSWORD, **options: Any) -> accounts.Login:
    return accounts.log_in(login, password, address="10.0.0.1", **options)


def why_not(login: str = "mei", password: str = PASSWORD, **options: Any) -> tuple[str, ...]:
    """Why somebody does not get in; nothing when they do."""
    try:
        log_in(login, password, **options)
    except Refused as no:
        return no.codes
    return ()


def events() -> list[str]:
    return list(StaffAccess.objects.order_by("pk").values_list("event", flat=True))


# ---------------------------------------------------------------- getting in


def test_name_and_password_begin_a_session() -> None:
    account = an_account()
    with moments.at(NINE):
        login = log_in(device="Firefox")
    session = LoginSession.objects.get()
    assert session == login.session
    assert (session.account, session.began_at, session.device, session.idle_minutes) == (
        account,
        NINE,
        "Firefox",
        30,
    )
    assert bytes(session.token) == accounts.hash_of(login.token)
    assert login.token.encode() not in bytes(session.token)
    assert events() == ["login"]
    account.refresh_from_db()
    assert account.last_login == NINE


@pytest.mark.parametrize("login", ["otto", "", "mei ", "MEI", "m\0ei", "x" * 500, "\ud800", "' OR 1=1 --"])
def test_an_unknown_name_and_a_wrong_password_get_the_same_answer(login: str) -> None:
    an_account()
    assert why_not(login) == why_not("mei", "wrong") == ("login-wrong",)


def test_an_unknown_name_takes_as_much_hashing_as_a_wrong_password(monkeypatch: pytest.MonkeyPatch) -> None:
    an_account()
    accounts.open_account("new", 8, by=BOSS)  # not activated yet: no password at all
    hashed: list[str] = []
    verify, create = PasswordHasher.verify, Argon2PasswordHasher.encode

    def counting_verify(*args: Any) -> Any:
        hashed.append("once")
        return verify(*args)

    def counting_encode(*args: Any) -> Any:
        hashed.append("once")
        return create(*args)

    monkeypatch.setattr(PasswordHasher, "verify", counting_verify)
    monkeypatch.setattr(Argon2PasswordHasher, "encode", counting_encode)
    for login in ("mei", "otto", "new"):
        hashed.clear()
        assert why_not(login, "wrong") == ("login-wrong",)
        assert hashed == ["once"]


def test_addresses_that_try_everything_are_slowed_down(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(accounts, "LOGINS_PER_ADDRESS", throttle.Rate("login", 4, timedelta(minutes=10)))
    for n in range(4):
        assert why_not(f"guess{n}") == ("login-wrong",)
    an_account()
    assert why_not() == ("too-many-tries",)
    assert accounts.log_in("mei", PASSWORD, address="10.0.0.2").session.ended_at is None


@pytest.mark.parametrize("address", [None, "", "unix:", "1.2.3.4, 5.6.7.8", "<script>", "fe80::1"])
def test_whatever_a_proxy_passes_on_as_address_nobody_is_kept_out(address: str | None) -> None:
    an_account()
    accounts.log_in("mei", PASSWORD, address=address)
    assert StaffAccess.objects.get().address == ("fe80::1" if address == "fe80::1" else None)


# ---------------------------------------------------------------- locked out


def test_five_failures_lock_for_thirty_minutes() -> None:
    an_account()
    with moments.at(NINE):
        for _ in range(accounts.FAILURES_ALLOWED):
            assert why_not(password="wrong") == ("login-wrong",)
        assert why_not() == ("account-locked",)
    assert events() == ["failed"] * 4 + ["locked", "refused-locked"]
    with moments.at(NINE + timedelta(minutes=29, seconds=59)):
        assert why_not() == ("account-locked",)
    with moments.at(NINE + timedelta(minutes=30)):
        assert why_not() == ()


def test_the_refusal_says_until_when() -> None:
    an_account()
    with moments.at(NINE):
        for _ in range(5):
            why_not(password="wrong")
        with pytest.raises(Refused) as no:
            log_in()
    assert no.value.reasons[0].values == {"until": NINE + timedelta(minutes=30)}


def test_a_login_in_between_wipes_the_failures() -> None:
    an_account()
    for _ in range(3):
        for _ in range(4):
            why_not(password="wrong")
        assert why_not() == ()
    assert Account.objects.get().failures == 0


def test_after_a_lock_the_count_begins_anew() -> None:
    an_account()
    with moments.at(NINE):
        for _ in range(5):
            why_not(password="wrong")
    with moments.at(NINE + timedelta(minutes=31)):
        for _ in range(4):
            why_not(password="wrong")
        assert why_not() == ()


def test_an_administrator_can_unlock() -> None:
    account = an_account()
    for _ in range(5):
        why_not(password="wrong")
    account.refresh_from_db()
    accounts.unlock(account, by=BOSS)
    assert why_not() == ()
    assert journal.lines_of(account)[-1].verb == "account-unlocked"


def test_failures_at_once_are_all_counted(at_once: Callable[..., list[Any]]) -> None:
    an_account()
    said = at_once(*[lambda: why_not(password="wrong")] * 5)
    assert set(said) == {("login-wrong",)}
    assert why_not() == ("account-locked",)


def test_a_lock_that_came_meanwhile_keeps_out_who_is_already_half_in(monkeypatch: pytest.MonkeyPatch) -> None:
    """When the fifth failure is written, whoever is being checked just then stays out."""
    an_account()
    verify = PasswordHasher.verify

    def locked_while_checking(*args: Any) -> Any:
        Account.objects.update(failures=0, locked_until=moments.now() + timedelta(minutes=30))
        return verify(*args)

    monkeypatch.setattr(PasswordHasher, "verify", locked_while_checking)
    assert why_not() == ("account-locked",)
    assert LoginSession.objects.count() == 0


# ---------------------------------------------------------------- the printed code


def test_the_printed_code_becomes_a_password_once() -> None:
    account, code = accounts.open_account("mei", 7, by=BOSS)
    assert len(code) == 12
    assert code.encode() not in bytes(account.activation or b"")
    assert why_not() == ("login-wrong",)
    accounts.activate("mei", f" {code[:6].lower()} {code[6:]}", PASSWORD)  # as people type it
    assert why_not() == ()
    with pytest.raises(Refused, match="activation-code-wrong"):
        accounts.activate("mei", code, "Other-Password-8")
    assert why_not() == ()


@pytest.mark.parametrize(
    ("login", "code"), [("mei", "0" * 12), ("mei", ""), ("otto", None), ("m\0", None), ("mei", "没有")]
)
def test_a_wrong_code_or_name_gets_one_answer(login: str, code: str | None) -> None:
    _, right = accounts.open_account("mei", 7, by=BOSS)
    with pytest.raises(Refused) as no:
        accounts.activate(login, right if code is None else code, PASSWORD)
    assert no.value.codes == ("activation-code-wrong:code",)
    assert Account.objects.get().activation is not None


def test_a_code_is_good_for_fourteen_days() -> None:
    with moments.at(NINE):
        _, code = accounts.open_account("mei", 7, by=BOSS)
    with (
        moments.at(NINE + timedelta(days=14, seconds=1)),
        pytest.raises(Refused, match="activation-code-wrong"),
    ):
        accounts.activate("mei", code, PASSWORD)
    with moments.at(NINE + timedelta(days=14)):
        accounts.activate("mei", code, PASSWORD)


def test_a_weak_password_does_not_use_the_code_up() -> None:
    _, code = accounts.open_account("mei", 7, by=BOSS)
    with pytest.raises(Refused, match="password-weak"):
        accounts.activate("mei", code, "short")
    accounts.activate("mei", code, PASSWORD)


def test_a_code_used_twice_at_once_counts_once(at_once: Callable[..., list[Any]]) -> None:
    account, code = accounts.open_account("mei", 7, by=BOSS)
    results = at_once(*[lambda n=n: accounts.activate("mei", code, f"{PASSWORD}{n}") for n in range(3)])
    assert sum(isinstance(result, Account) for result in results) == 1
    assert [line.verb for line in journal.lines_of(account)] == ["account-opened", "account-activated"]


def test_guessing_at_codes_is_slowed_down() -> None:
    accounts.open_account("mei", 7, by=BOSS)
    for _ in range(accounts.LOGINS_PER_ADDRESS.most):
        with pytest.raises(Refused, match="activation-code-wrong"):
            accounts.activate("mei", ids.new_code(12), PASSWORD)
    with pytest.raises(Refused, match="too-many-tries"):
        accounts.activate("mei", ids.new_code(12), PASSWORD)


def test_a_renewed_code_ends_password_and_sessions() -> None:
    account = an_account()
    login = log_in()
    code = accounts.new_activation(account, by=BOSS)
    assert why_not() == ("login-wrong",)
    login.session.refresh_from_db()
    assert login.session.ended_at is not None
    accounts.activate("mei", code, "Other-Password-8")
    assert why_not(password="Other-Password-8") == ()
    verbs = [line.verb for line in journal.lines_of(account)]
    assert verbs == ["account-opened", "sessions-ended", "activation-renewed", "account-activated"]


# ---------------------------------------------------------------- passwords


@pytest.mark.parametrize(
    "weak",
    [
        "",
        "Ab1-",
        "Weft-Wa7",
        "weftandwarp",
        "WEFTANDWARP7",
        "1234567890",
        "weft-and-warp",
        "Password123",
        "mei-shen-wang-7",
    ],
)
def test_a_weak_password_is_refused_with_what_would_be_right(weak: str) -> None:
    account, code = accounts.open_account("mei-shen-wang", 7, by=BOSS)
    with pytest.raises(Refused) as no:
        accounts.activate("mei-shen-wang", code, weak)
    assert {reason.code for reason in no.value.reasons} == {"password-weak"}
    assert all(reason.values["why"] for reason in no.value.reasons)
    account.refresh_from_db()
    assert not account.has_usable_password()


@pytest.mark.parametrize(
    "good", ["Weft-and-Warp", "weftandwarp7!", "经纬-and-warp-7", "WEFT and WARP 7", "x" * 300 + "A1"]
)
def test_three_of_four_kinds_of_signs_are_enough(good: str) -> None:
    accounts.open_account("mei", 7, by=BOSS, password=good)
    assert why_not(password=good) == ()


def test_a_changed_password_ends_every_session() -> None:
    account = an_account()
    here, elsewhere = log_in(), log_in()
    accounts.change_password(account, PASSWORD, "Other-Password-8")
    assert LoginSession.objects.filter(ended_at=None).count() == 0
    assert {here.session.pk, elsewhere.session.pk} == set(LoginSession.objects.values_list("pk", flat=True))
    assert why_not() == ("login-wrong",)
    assert why_not(password="Other-Password-8") == ()
    assert PASSWORD not in str([line.detail for line in journal.lines_of(account)])


def test_the_old_password_cannot_be_guessed_from_an_open_session() -> None:
    account = an_account()
    with pytest.raises(Refused, match="old-password-wrong"):
        accounts.change_password(account, "wrong", "Other-Password-8")
    with pytest.raises(Refused, match="password-weak"):
        accounts.change_password(account, PASSWORD, "weak")
    for _ in range(accounts.PASSWORDS_PER_ACCOUNT.most - 2):
        with pytest.raises(Refused, match="old-password-wrong"):
            accounts.change_password(account, "wrong", "Other-Password-8")
    with pytest.raises(Refused, match="too-many-tries"):
        accounts.change_password(account, PASSWORD, "Other-Password-8")
    assert why_not() == ()


# ---------------------------------------------------------------- the second factor


def with_second_factor(account: Account, at: datetime = NINE) -> tuple[str, accounts.Login]:
    """Set one up from a session; return its secret and that session."""
    with moments.at(at):
        login = log_in(account.login)
        secret = accounts.propose_second_factor(account)
        accounts.confirm_second_factor(account, login.session, secret, pyotp.TOTP(secret).at(at))
    return secret, login


def test_a_second_factor_is_asked_for_once_it_is_set_up() -> None:
    account = an_account(needs_second_factor=True)
    secret, login = with_second_factor(account)
    login.session.refresh_from_db()
    assert login.session.second_factor_at == NINE
    assert secret.encode() not in bytes(Account.objects.get().second_factor or b"")
    later = NINE + timedelta(minutes=5)
    with moments.at(later):
        assert why_not() == ("second-factor-asked",)
        assert why_not(code="000000") == ("second-factor-wrong:code",)
        assert log_in(code=pyotp.TOTP(secret).at(later)).session.second_factor_at == later


def test_asking_for_the_code_is_no_failure() -> None:
    secret, _ = with_second_factor(an_account())
    with moments.at(NINE + timedelta(minutes=5)):
        for _ in range(12):
            assert why_not() == ("second-factor-asked",)
        assert why_not(code=pyotp.TOTP(secret).at(NINE + timedelta(minutes=5))) == ()


def test_a_code_works_once() -> None:
    secret, _ = with_second_factor(an_account())
    totp, later = pyotp.TOTP(secret), NINE + timedelta(minutes=5)
    with moments.at(NINE + timedelta(seconds=10)):
        assert why_not(code=totp.at(NINE)) == ("second-factor-wrong:code",)  # it set the factor up
    with moments.at(later):
        assert why_not(code=totp.at(later)) == ()
        assert why_not(code=totp.at(later)) == ("second-factor-wrong:code",)
        assert why_not(code=totp.at(later - timedelta(seconds=30))) == (
            "second-factor-wrong:code",
        )  # older than the last
    with moments.at(later + timedelta(seconds=30)):
        assert why_not(code=totp.at(later + timedelta(seconds=30))) == ()


def test_of_one_code_used_twice_at_once_one_gets_in(at_once: Callable[..., list[Any]]) -> None:
    secret, _ = with_second_factor(an_account())
    later = NINE + timedelta(minutes=5)
    with moments.at(later):
        said = at_once(*[lambda: why_not(code=pyotp.TOTP(secret).at(later))] * 4)
    assert sorted(said) == [(), *[("second-factor-wrong:code",)] * 3]


@pytest.mark.parametrize("seconds", [-30, 0, 30])
def test_a_clock_that_is_half_a_minute_off_is_forgiven(seconds: int) -> None:
    secret, _ = with_second_factor(an_account())
    later = NINE + timedelta(minutes=5)
    with moments.at(later):
        assert why_not(code=pyotp.TOTP(secret).at(later + timedelta(seconds=seconds))) == ()


def test_a_clock_that_is_a_minute_off_is_not() -> None:
    secret, _ = with_second_factor(an_account())
    later = NINE + timedelta(minutes=5)
    with moments.at(later):
        for seconds in (-60, 60):
            code = pyotp.TOTP(secret).at(later + timedelta(seconds=seconds))
            assert why_not(code=code) == ("second-factor-wrong:code",)


@pytest.mark.parametrize(
    "code",
    ["", " ", "12345", "1234567", "abcdef", "１２３", "\0" * 6, "没有密码啊", "\ud800" * 6, "9" * 10_000],
)
def test_whatever_is_typed_as_code_there_is_an_answer(code: str) -> None:
    with_second_factor(an_account())
    with moments.at(NINE + timedelta(minutes=5)):
        assert why_not(code=code)[0].startswith("second-factor-")


def test_full_width_figures_and_blanks_are_read_kindly() -> None:
    secret, _ = with_second_factor(an_account())
    later = NINE + timedelta(minutes=5)
    code = pyotp.TOTP(secret).at(later)
    typed = "".join(chr(ord(figure) - 0x30 + 0xFF10) for figure in code[:3]) + " " + code[3:]
    with moments.at(later):
        assert why_not(code=typed) == ()


def test_wrong_codes_lock_the_account_too() -> None:
    secret, _ = with_second_factor(an_account())
    later = NINE + timedelta(minutes=5)
    with moments.at(later):
        for _ in range(5):
            assert why_not(code="000000") == ("second-factor-wrong:code",)
        assert why_not(code=pyotp.TOTP(secret).at(later)) == ("account-locked",)


def test_a_second_factor_is_not_replaced_by_whoever_finds_a_session_open() -> None:
    account = an_account()
    _, login = with_second_factor(account)
    other = accounts.propose_second_factor(account)
    with moments.at(NINE), pytest.raises(Refused, match="second-factor-there"):
        accounts.confirm_second_factor(account, login.session, other, pyotp.TOTP(other).at(NINE))


def test_a_wrong_first_code_sets_nothing_up() -> None:
    account = an_account()
    login = log_in()
    with pytest.raises(Refused, match="second-factor-wrong"):
        accounts.confirm_second_factor(
            account, login.session, accounts.propose_second_factor(account), "000000"
        )
    assert Account.objects.get().second_factor is None


def test_for_a_lost_telephone_an_administrator_removes_it() -> None:
    account = an_account()
    with_second_factor(account)
    accounts.remove_second_factor(account, by=BOSS)
    assert LoginSession.objects.filter(ended_at=None).count() == 0
    with moments.at(NINE + timedelta(minutes=5)):
        assert why_not() == ()
    assert [line.verb for line in journal.lines_of(account)][-2:] == [
        "sessions-ended",
        "second-factor-removed",
    ]


def test_the_address_for_the_app_names_account_and_city() -> None:
    account = an_account()
    secret = accounts.propose_second_factor(account)
    assert accounts.otp_address(account, secret).startswith(f"otpauth://totp/Jingwei:mei?secret={secret}")


@pytest.mark.parametrize("sent", ["", "short", "0" * 32, "a" * 32, "A" * 1_000_000, "没有", "A" * 31 + "\n"])
def test_a_secret_that_comes_back_from_a_form_is_taken_only_if_it_is_one(sent: str) -> None:
    account = an_account()
    proposed = accounts.propose_second_factor(account, proposed=sent)
    assert proposed != sent
    assert accounts.propose_second_factor(account, proposed=proposed) == proposed
    with pytest.raises(Refused, match="second-factor-wrong"):
        accounts.confirm_second_factor(account, log_in().session, sent, "000000")


# ---------------------------------------------------------------- ends


def test_sessions_of_accounts_with_two_factors_lie_idle_half_as_long() -> None:
    an_account()
    an_account("boss", 8, needs_second_factor=True)
    assert log_in().session.idle_minutes == 30
    assert log_in("boss").session.idle_minutes == 15


def test_logging_out_ends_one_session() -> None:
    an_account()
    here, elsewhere = log_in(), log_in()
    accounts.log_out(here.session)
    assert list(LoginSession.objects.filter(ended_at=None)) == [elsewhere.session]


def test_every_session_and_token_can_be_ended() -> None:
    account = an_account()
    _, login = with_second_factor(account)
    login.session.refresh_from_db()
    with moments.at(NINE):
        token, _ = accounts.issue_token(account, login.session, assignment=70, label="sensor", days=30)
    assert accounts.end_sessions(account, by=BOSS) == 1
    token.refresh_from_db()
    assert token.revoked_at is not None
    assert journal.lines_of(account)[-1].detail == {"sessions": 1}


def test_a_closed_account_is_shut_out_at_once() -> None:
    account = an_account()
    log_in()
    accounts.close_account(account, by=BOSS)
    assert LoginSession.objects.filter(ended_at=None).count() == 0
    assert why_not() == ("login-wrong",)
    assert [line.verb for line in journal.lines_of(account)][-2:] == ["sessions-ended", "account-closed"]
    code = accounts.new_activation(account, by=BOSS)  # they come back
    accounts.activate("mei", code, PASSWORD)
    assert why_not() == ()


def test_old_sessions_are_forgotten() -> None:
    an_account()
    with moments.at(NINE):
        accounts.log_out(log_in().session)
        log_in()  # never ended
    with moments.at(NINE + timedelta(days=10)):
        newer = log_in()
    with moments.at(NINE + timedelta(days=30, hours=11)):
        accounts.forget_old()
        assert LoginSession.objects.count() == 2
    with moments.at(NINE + timedelta(days=31)):
        accounts.forget_old()
    assert list(LoginSession.objects.all()) == [newer.session]


# ---------------------------------------------------------------- tokens


def test_a_token_is_issued_after_the_second_factor_only() -> None:
    account = an_account()
    login = log_in()
    with pytest.raises(Refused, match="second-factor-needed"):
        accounts.issue_token(account, login.session, assignment=70, label="sensor", days=30)
    _, login = with_second_factor(account)
    login.session.refresh_from_db()
    with moments.at(NINE):
        token, secret = accounts.issue_token(account, login.session, assignment=70, label="x" * 99, days=30)
    token.refresh_from_db()
    assert bytes(token.token) == accounts.hash_of(secret)
    assert (token.assignment, token.expires_at, token.label) == (70, NINE + timedelta(days=30), "x" * 60)
    line = journal.lines_of(account)[-1]
    assert (line.verb, line.assignment, line.detail) == (
        "token-issued",
        70,
        {"token": token.pk, "assignment": 70},
    )


def test_a_token_needs_a_running_session_of_its_own_account() -> None:
    account, other = an_account(), an_account("otto", 8)
    _, login = with_second_factor(account)
    login.session.refresh_from_db()
    with pytest.raises(Refused, match="second-factor-needed"):
        accounts.issue_token(other, login.session, assignment=70, label="", days=30)
    accounts.log_out(login.session)
    login.session.refresh_from_db()
    with pytest.raises(Refused, match="second-factor-needed"):
        accounts.issue_token(account, login.session, assignment=70, label="", days=30)


@pytest.mark.parametrize("days", [0, -1, 367, 100_000])
def test_a_token_lasts_a_day_to_a_year(days: int) -> None:
    account = an_account()
    _, login = with_second_factor(account)
    login.session.refresh_from_db()
    with pytest.raises(Refused) as no:
        accounts.issue_token(account, login.session, assignment=70, label="", days=days)
    assert no.value.codes == ("token-days:days",)
    assert ApiToken.objects.count() == 0


def test_a_token_is_revoked_once() -> None:
    account = an_account()
    _, login = with_second_factor(account)
    login.session.refresh_from_db()
    with moments.at(NINE):
        token, _ = accounts.issue_token(account, login.session, assignment=70, label="", days=30)
    accounts.revoke_token(token, by=BOSS)
    accounts.revoke_token(token, by=BOSS)
    assert [line.verb for line in journal.lines_of(account)].count("token-revoked") == 1


# ---------------------------------------------------------------- opening


def test_a_name_and_a_person_have_one_account() -> None:
    an_account()
    for login, person, code in (("mei", 8, "login-taken:login"), ("otto", 7, "has-account:person")):
        with pytest.raises(Refused) as no:
            accounts.open_account(login, person, by=BOSS)
        assert no.value.codes == (code,)


@pytest.mark.parametrize("login", ["", "m", "mei shen", "m\0i", "x" * 41, "<b>", "-mei", "mei\n"])
def test_a_name_that_cannot_be_typed_is_refused(login: str) -> None:
    with pytest.raises(Refused, match="login-signs"):
        accounts.open_account(login, 7, by=BOSS)


def test_an_account_that_is_refused_leaves_nothing() -> None:
    with pytest.raises(Refused, match="password-weak"):
        accounts.open_account("mei", 7, by=BOSS, password="weak")
    assert Account.objects.count() == 0


def test_demo_accounts_are_refused_outside_the_demo(settings: Settings) -> None:
    settings.DEMO = True
    an_account("demo-mei", 9)
    assert why_not("demo-mei") == ()
    settings.DEMO = False
    assert why_not("demo-mei") == ("demo-accounts-only-in-demo",)
    with pytest.raises(Refused, match="demo-accounts-only-in-demo"):
        accounts.open_account("demo-otto", 10, by=SYSTEM)


def test_from_where_staff_logged_in_stands_apart_from_the_journal() -> None:
    account = an_account()
    log_in()
    assert StaffAccess.objects.get().address == "10.0.0.1"
    assert "10.0.0.1" not in str([(line.verb, line.detail) for line in journal.lines_of(account)])
    assert seals.verify().faults == []


def test_limits_on_logins_are_rows_that_every_process_sees() -> None:
    assert Throttle.objects.count() == 0
    why_not()
    assert Throttle.objects.count() == 1
