"""Who is acting: one assignment at a time, found in one statement, and nobody once it is over."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from jingwei.kernel import accounts, moments
from jingwei.kernel.accounts import Login
from jingwei.kernel.models import Account, ApiToken, LoginSession
from jingwei.registry import people, staff
from jingwei.registry.models import Area, Assignment, Organisation, Post

from .conftest import Town

pytestmark = pytest.mark.usefixtures("city_folder", "quick_hashing")

NINE = datetime.fromisoformat("2026-11-20T09:00:00+08:00")
PASSWORD = "Weft-and-Warp-7"


@pytest.fixture
def seat(town: Town) -> Assignment:
    """Mei, acceptor of a street."""
    street = town.area("991101001", town.area("991101", town.area("9911")), name="建国路街道")
    return town.seat("acceptor", street)


def log_in(
    row: Assignment, *, at: datetime = NINE, needs_second_factor: bool = False, login: str = "mei"
) -> Login:
    """A session of whoever sits there, acting from it."""
    with moments.at(at):
        if not Account.objects.filter(login=login).exists():
            accounts.open_account(
                login,
                row.person_id,
                by=staff.as_staff(row),
                password=PASSWORD,
                needs_second_factor=needs_second_factor,
            )
        session = accounts.log_in(login, PASSWORD, address="10.0.0.1")
    act_from(session, row)
    return session


def act_from(login: Login, row: Assignment | None) -> None:
    LoginSession.objects.filter(pk=login.session.pk).update(assignment=row.pk if row else None)


def found(login: Login, *, at: datetime = NINE) -> staff.Running | None:
    with moments.at(at):
        return staff.by_cookie(login.token)


def a_token(row: Assignment, login: Login, *, days: int = 30) -> tuple[ApiToken, str]:
    LoginSession.objects.filter(pk=login.session.pk).update(second_factor_at=NINE)
    login.session.refresh_from_db()
    with moments.at(NINE):
        return accounts.issue_token(
            login.session.account, login.session, assignment=row.pk, label="sensor", days=days
        )


# ---------------------------------------------------------------- by cookie


def test_a_cookie_says_who_acts_from_where(seat: Assignment) -> None:
    running = found(log_in(seat))
    assert running is not None
    assert (running.login, running.person, running.person_name, running.needs_second_factor) == (
        "mei",
        seat.person_id,
        "沈玉",
        False,
    )
    area = seat.post.area
    assert area is not None
    assert running.staff == staff.Staff(
        person=seat.person_id,
        assignment=seat.pk,
        name="沈玉",
        post=seat.post_id,
        role="acceptor",
        title="建国路街道受理员",
        area=area.pk,
        area_kind="street",
        area_code="991101001",
        second_factor=False,
    )
    assert staff.as_staff(seat) == replace(running.staff, second_factor=True)


def test_a_seat_in_a_unit_says_its_way_up(town: Town, seat: Assignment) -> None:
    bureau = town.unit("A", name="市政局")
    team = town.unit("B", name="养护队", parent=bureau)
    handler = town.seat("handler", team)
    running = found(log_in(handler))
    assert running is not None
    assert running.staff is not None
    who = running.staff
    assert (who.organisation, who.organisation_path, who.organisation_name, who.area, who.area_code) == (
        team.pk,
        f"/{bureau.pk}/{team.pk}/",
        "养护队",
        None,
        "",
    )


def test_it_is_one_statement_and_a_write_a_minute(seat: Assignment) -> None:
    login = log_in(seat)
    for seconds, statements in ((1, 1), (59, 1), (61, 2), (62, 1), (120, 1), (122, 2)):
        with CaptureQueriesContext(connection) as seen:
            assert found(login, at=NINE + timedelta(seconds=seconds)) is not None
        assert len(seen) == statements


@pytest.mark.parametrize("token", ["", "x", "x" * 10_000, "\0", "没有", "\ud83d\ude00"])
def test_any_other_cookie_is_nobody(token: str, seat: Assignment) -> None:
    log_in(seat)
    assert staff.by_cookie(token) is None


def test_before_a_post_is_chosen_there_is_a_person_and_no_staff(seat: Assignment) -> None:
    login = log_in(seat)
    act_from(login, None)
    running = found(login)
    assert running is not None
    assert (running.person, running.staff) == (seat.person_id, None)


# ---------------------------------------------------------------- over


@pytest.mark.parametrize(("needs", "minutes"), [(False, 30), (True, 15)])
def test_a_session_that_lies_idle_is_over(needs: bool, minutes: int, seat: Assignment) -> None:
    login = log_in(seat, needs_second_factor=needs)
    assert found(login, at=NINE + timedelta(minutes=minutes)) is not None
    assert found(login, at=NINE + timedelta(minutes=2 * minutes)) is not None  # it was awake in between
    assert found(login, at=NINE + timedelta(minutes=3 * minutes, seconds=1)) is None
    login = log_in(seat)
    assert found(login, at=NINE + timedelta(minutes=minutes, seconds=1)) is None


def test_no_session_is_longer_than_a_day_of_work(seat: Assignment) -> None:
    login = log_in(seat)
    moment = NINE
    while moment < NINE + accounts.LONGEST_SESSION - timedelta(minutes=20):
        moment += timedelta(minutes=20)
        assert found(login, at=moment) is not None
    assert found(login, at=NINE + accounts.LONGEST_SESSION) is not None
    assert found(login, at=NINE + accounts.LONGEST_SESSION + timedelta(seconds=1)) is None


def test_a_session_that_was_ended_is_over_and_others_are_not(seat: Assignment) -> None:
    here, elsewhere = log_in(seat), log_in(seat)
    accounts.log_out(here.session)
    assert found(here) is None
    assert found(elsewhere) is not None


def test_a_closed_account_is_over_at_once(seat: Assignment) -> None:
    login = log_in(seat)
    Account.objects.update(is_active=False)
    assert found(login) is None


def test_an_assignment_that_ended_is_no_staff_but_still_a_person(seat: Assignment) -> None:
    login = log_in(seat)
    with moments.at(NINE):
        people.end_assignment(seat, by=staff.as_staff(seat), on=date(2026, 11, 21))
    assert _staff(login, NINE) is not None
    evening = NINE.replace(hour=23, minute=50)
    LoginSession.objects.update(began_at=evening, seen_at=evening)
    assert _staff(login, evening) is not None
    assert _staff(login, evening + timedelta(minutes=10)) is None  # midnight of the city
    assert found(login, at=evening + timedelta(minutes=10)) is not None


def test_an_assignment_that_has_not_begun_is_no_staff(seat: Assignment) -> None:
    login = log_in(seat)
    Assignment.objects.filter(pk=seat.pk).update(starts=date(2026, 11, 21))
    assert _staff(login, NINE) is None


def test_a_post_that_was_given_up_is_no_staff(seat: Assignment) -> None:
    login = log_in(seat)
    Post.objects.filter(pk=seat.post_id).update(valid_to=date(2026, 11, 21))
    assert _staff(login, NINE) is not None
    Post.objects.filter(pk=seat.post_id).update(valid_to=date(2026, 11, 20))
    assert _staff(login, NINE) is None


def test_nobody_acts_from_somebody_elses_seat(town: Town, seat: Assignment) -> None:
    otto = town.sit(seat.post, town.person("罗启明"))
    login = log_in(seat)
    act_from(login, otto)
    assert _staff(login, NINE) is None


def _staff(login: Login, at: datetime) -> staff.Staff | None:
    running = found(login, at=at)
    return running.staff if running else None


# ---------------------------------------------------------------- one post at a time


def test_role_and_area_are_those_of_one_post_and_never_united(town: Town, seat: Assignment) -> None:
    mei = seat.person
    county = Area.objects.get(code="991101")
    unit = town.unit("A")
    leader = town.sit(town.post("county_leader", county), mei)
    handler = town.sit(town.post("handler", unit), mei)
    login = log_in(seat)
    seen = []
    for row in (seat, leader, handler, seat):
        act_from(login, row)
        who = _staff(login, NINE)
        assert who is not None
        seen.append((who.assignment, who.role, who.area_code, who.organisation))
    assert seen == [
        (seat.pk, "acceptor", "991101001", None),
        (leader.pk, "county_leader", "991101", None),
        (handler.pk, "handler", "", unit.pk),
        (seat.pk, "acceptor", "991101001", None),
    ]


def test_a_second_factor_belongs_to_the_session_it_was_given_in(seat: Assignment) -> None:
    one, two = log_in(seat), log_in(seat)
    LoginSession.objects.filter(pk=one.session.pk).update(second_factor_at=NINE)
    with_, without = _staff(one, NINE), _staff(two, NINE)
    assert with_ is not None
    assert without is not None
    assert (with_.second_factor, without.second_factor) == (True, False)


# ---------------------------------------------------------------- by token


def test_a_token_acts_from_its_assignment(
    seat: Assignment, django_assert_num_queries: Callable[[int], Any]
) -> None:
    token, secret = a_token(seat, log_in(seat))
    with moments.at(NINE), django_assert_num_queries(1):
        who = staff.by_token(secret)
    assert who is not None
    assert (who.assignment, who.person, who.role, who.client, who.kind, who.second_factor) == (
        seat.pk,
        seat.person_id,
        "acceptor",
        token.pk,
        "staff",
        True,
    )


def test_a_token_is_not_a_cookie_nor_a_cookie_a_token(seat: Assignment) -> None:
    login = log_in(seat)
    _, secret = a_token(seat, login)
    with moments.at(NINE):
        assert staff.by_cookie(secret) is None
        assert staff.by_token(login.token) is None
        assert staff.by_token("") is None


def test_a_token_is_over_when_it_expires_is_revoked_or_its_seat_is_left(town: Town, seat: Assignment) -> None:
    login = log_in(seat)
    token, secret = a_token(seat, login)

    def who(at: datetime = NINE) -> staff.Staff | None:
        with moments.at(at):
            return staff.by_token(secret)

    assert who(NINE + timedelta(days=30) - timedelta(seconds=1)) is not None
    assert who(NINE + timedelta(days=30)) is None
    ApiToken.objects.update(revoked_at=NINE)
    assert who() is None
    ApiToken.objects.update(revoked_at=None)
    Account.objects.update(is_active=False)
    assert who() is None
    Account.objects.update(is_active=True)
    assert who() is not None
    with moments.at(NINE):
        people.end_assignment(seat, by=town.by)
    assert who() is None
    assert token.pk


def test_a_token_for_somebody_elses_seat_acts_as_nobody(town: Town, seat: Assignment) -> None:
    other = town.sit(seat.post, town.person("罗启明"))
    _, secret = a_token(other, log_in(seat))
    with moments.at(NINE):
        assert staff.by_token(secret) is None


def test_leaving_ends_session_and_token_at_once(town: Town, seat: Assignment) -> None:
    login = log_in(seat)
    _, secret = a_token(seat, login)
    with moments.at(NINE):
        people.leave(seat.person, by=town.by)
        assert staff.by_cookie(login.token) is None
        assert staff.by_token(secret) is None


def test_a_unit_that_moved_shows_its_new_way_up(town: Town) -> None:
    one, two = town.unit("1"), town.unit("2")
    team = town.unit("1A", parent=one)
    handler = town.seat("handler", team)
    login = log_in(handler)
    people.change_organisation(Organisation.objects.get(pk=team.pk), by=town.by, parent_id=two.pk)
    who = _staff(login, NINE)
    assert who is not None
    assert who.organisation_path == f"/{two.pk}/{team.pk}/"
