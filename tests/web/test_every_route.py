"""Every route × {anonymous, stranger from another district, colleague without the role, the right person}.

The routes come from the table of addresses itself: a route that is not named here fails the first test.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from django.urls.converters import IntConverter
from PIL import Image

from jingwei.engine import actions
from jingwei.engine.models import Case, CaseAction
from jingwei.engine.stage import Stage
from jingwei.kernel import accounts, files, ids
from jingwei.kernel.actors import SYSTEM, Party
from jingwei.kernel.models import Attachment, JournalLine, LoginSession
from jingwei.kernel.moments import now
from jingwei.registry.models import Assignment
from jingwei.web.shell.who import COOKIE

pytestmark = pytest.mark.django_db

#: Who may enter: everybody; whoever is signed in; those who work outside; those who have to do with the case;
#: those who answer the telephone; the city's desk; leaders; whoever knows the query code.
DOORS = {
    "open": "home report report-kind similar find-case my-grid accessibility privacy look name-place"
    " list-below borders grid-board grid-board-pdf sign-in sign-out activate find-area health favicon",
    "signed": "choose-post switch-post me end-session find-unit desk desk-queue desk-bulk desk-asks"
    " desk-tasks search reminders tokens",
    "factor": "second-factor",
    "own": "revoke-token",
    "photo": "staff-photo",
    "code": "reported follow rate reopen add follow-photo",
    "field": "field-today field-report field-grid field-grid-cases field-me field-reported",
    "field-case": "field-task field-act",
    "calls": "desk-call desk-call-similar",
    "city": "desk-unlocated",
    "case": "desk-called desk-case desk-viewers desk-act desk-link desk-reveal desk-photo desk-work-order",
    "leaders": "board behind",
    "open-api": "api:openapi api:report api:follow api:areas api:locate api:procedures api:procedure"
    " api:classes",
}
ROUTES = {name: door for door, names in DOORS.items() for name in names.split()}
PREFIXES = {"admin-": "admin", "api:": "token", "api-nothing": "open-api", "gallery": "open"}


def routes() -> Iterator[tuple[str, str, URLPattern]]:
    """Every address of the table: its name, its face, the pattern."""

    def walk(patterns: list[Any], namespace: str) -> Iterator[tuple[str, str, URLPattern]]:
        for pattern in patterns:
            if isinstance(pattern, URLResolver):
                inner = f"{namespace}{pattern.namespace}:" if pattern.namespace else namespace
                yield from walk(pattern.url_patterns, inner)
            else:
                name = f"{namespace}{pattern.name}"
                yield name, kind_of(name), pattern

    yield from walk(get_resolver().url_patterns, "")


def kind_of(name: str) -> str:
    if name in ROUTES:
        return ROUTES[name]
    return next((kind for prefix, kind in PREFIXES.items() if name.startswith(prefix)), "")


ALL = list(routes())


def test_every_route_says_who_may_enter() -> None:
    assert [name for name, kind, _ in ALL if not kind] == []
    named = {name for name, _, _ in ALL}
    assert sorted(set(ROUTES) - named) == [], "routes that are no more"


# ---------------------------------------------------------------- the people at the door


@dataclass
class Town:
    """A case with a picture, reported from the first grid; and browsers of everybody."""

    stage: Stage
    case: Case
    code: str
    photo: str
    clients: dict[str, Client] = field(default_factory=dict)

    def client(self, who: str) -> Client:
        if who == "anonymous":
            return Client()
        if who not in self.clients:
            self.clients[who] = signed_in(self.stage.assignments[who])
        return self.clients[who]

    def bring(self, names: Iterable[str]) -> None:
        """Sign them in now: signing in is a line of the journal too."""
        for who in names:
            self.client(who)

    def address(self, name: str, pattern: URLPattern) -> str:
        """The route's address, filled with things that are there."""
        there: dict[str, Any] = {"case_id": self.case.pk, "photo_id": self.photo, "what": "open"}
        there["person"] = self.stage.people["worker"].pk
        there["kind"] = "event" if name in ("report-kind", "similar") else "move"
        there["name"] = {"desk-queue": "open", "field-act": "settle"}.get(name, "verify")
        there["code"] = self.stage.areas["grid"].code if "grid" in name or name == "borders" else self.code
        filled = {
            key: there.get(key, 1 if isinstance(converter, IntConverter) else str(uuid4()))
            for key, converter in pattern.pattern.converters.items()
        }
        return reverse(name, kwargs=filled)


def signed_in(row: Assignment) -> Client:
    account, _ = accounts.open_account(f"login-{row.pk}", row.person_id, by=SYSTEM)
    token, moment = f"cookie {uuid4()}", now()
    LoginSession.objects.create(
        token=accounts.hash_of(token), account=account, assignment=row.pk,
        began_at=moment, seen_at=moment, second_factor_at=moment,
    )  # fmt: skip
    client = Client()
    client.cookies[COOKIE] = token
    return client


@pytest.fixture
def town(stage: Stage) -> Town:
    case_id = ids.new_id()
    made = io.BytesIO()
    Image.new("RGB", (64, 48), "#336699").save(made, "JPEG")
    photo = files.take_picture(case_id, io.BytesIO(made.getvalue()))
    entered = {
        "description": "槐安路12号院北门井盖翘起",
        "place": {"lon": 117.02, "lat": 33.02, "source": "cgcs2000", "words": "北门"},
        "photo": [str(photo.pk)],
        "reporter_contact": "13800000000",
    }
    taken = actions.take_in(case_id, "grid_event", entered, by=Party(), source="resident", bound_to="test")
    return Town(stage, taken.case, taken.code, str(photo.pk))


#: a handler of a unit that has nothing to do with the case: same county, no role in it
COLLEAGUE = "other_handler"
#: accepts in another district
STRANGER = "stranger"
#: the acceptor of the street the case lies in
RIGHT = "acceptor"


NOT_THERE = {404, 405}


def everything() -> tuple[int, ...]:
    """What must not change when somebody is turned away."""
    return (
        JournalLine.objects.exclude(kind="staff-access").count(),
        CaseAction.objects.count(),
        Case.objects.count(),
        Attachment.objects.count(),
    )


def knock(town: Town, who: str, name: str, pattern: URLPattern) -> list[int]:
    """The answers to looking and to sending an empty form."""
    address = town.address(name, pattern)
    client = town.client(who)
    answers = [client.get(address), client.post(address, {})]
    for answer in answers:
        if answer.streaming:  # read to its end, which closes the file
            b"".join(answer)
        assert answer.status_code < 500, f"{who} {address}: {answer.status_code}"
    return [answer.status_code for answer in answers]


def sent_to_sign_in(town: Town, name: str, pattern: URLPattern) -> None:
    address = town.address(name, pattern)
    for answer in (town.client("anonymous").get(address), town.client("anonymous").post(address, {})):
        if answer.status_code in NOT_THERE:  # a form's address that nobody looks at, a list for those inside
            continue
        assert answer.status_code == 302, f"{address}: {answer.status_code}"
        assert answer["Location"].startswith((reverse("sign-in"), reverse("me"))), answer["Location"]


# ---------------------------------------------------------------- who gets in


def of_kind(*kinds: str) -> list[tuple[str, URLPattern]]:
    return [(name, pattern) for name, kind, pattern in ALL if kind in kinds]


def test_open_to_everybody(town: Town) -> None:
    for name, pattern in of_kind("open"):
        for who in ("anonymous", STRANGER):
            answers = knock(town, who, name, pattern)
            assert min(answers) < 400 or set(answers) <= {405, 422}, f"{name}: {who} {answers}"


def test_the_anonymous_are_sent_to_sign_in(town: Town) -> None:
    before = everything()
    for name, pattern in of_kind("signed", "leaders", "calls", "city", "field", "case", "field-case"):
        sent_to_sign_in(town, name, pattern)
    assert everything() == before


def test_whoever_is_signed_in_gets_in(town: Town) -> None:
    for name, pattern in of_kind("signed"):
        for who in (STRANGER, COLLEAGUE, RIGHT):
            answers = knock(town, who, name, pattern)
            assert set(answers) & {200, 302, 422} or answers == [400, 405], f"{name}: {who} {answers}"


def test_a_case_is_not_there_for_strangers_and_colleagues(town: Town) -> None:
    for name, pattern in of_kind("case"):
        town.bring(others := (STRANGER, COLLEAGUE, "stranger_dispatcher", "neighbour_worker"))
        before = everything()
        for who in others:
            assert set(knock(town, who, name, pattern)) <= NOT_THERE, f"{name}: {who}"
        assert everything() == before
        assert not set(knock(town, RIGHT, name, pattern)) & {403, 404}, name


def test_the_field_is_for_those_outside(town: Town) -> None:
    for name, pattern in of_kind("field"):
        for who in (STRANGER, RIGHT):  # acceptors sit at a desk
            assert set(knock(town, who, name, pattern)) <= NOT_THERE, f"{name}: {who}"
        assert not set(knock(town, "worker", name, pattern)) & {403, 404}, name


def test_a_case_outside_is_for_those_who_have_to_do_with_it(town: Town) -> None:
    for name, pattern in of_kind("field-case"):
        town.bring(others := (STRANGER, "neighbour_worker", COLLEAGUE))
        before = everything()
        for who in others:
            assert set(knock(town, who, name, pattern)) <= NOT_THERE, f"{name}: {who}"
        assert everything() == before
        assert not set(knock(town, "worker", name, pattern)) & {403, 404}, name


def test_the_telephone_is_for_those_who_answer_it(town: Town) -> None:
    for name, pattern in of_kind("calls"):
        town.bring(others := (COLLEAGUE, "worker"))
        before = everything()
        for who in others:
            assert set(knock(town, who, name, pattern)) <= NOT_THERE, f"{name}: {who}"
        assert everything() == before
        for who in ("call_taker", "intake_desk", RIGHT):
            assert not set(knock(town, who, name, pattern)) & {403, 404}, f"{name}: {who}"


def test_what_is_not_located_is_worked_by_the_city_desk(town: Town) -> None:
    for name, pattern in of_kind("city"):
        for who in (STRANGER, COLLEAGUE, RIGHT):
            assert set(knock(town, who, name, pattern)) <= NOT_THERE, f"{name}: {who}"
        assert not set(knock(town, "intake_desk", name, pattern)) & {403, 404}, name


def test_boards_are_for_leaders(town: Town) -> None:
    for name, pattern in of_kind("leaders"):
        for who in (STRANGER, COLLEAGUE, RIGHT, "worker"):
            assert set(knock(town, who, name, pattern)) <= NOT_THERE, f"{name}: {who}"
        for who in ("city_leader", "county_leader", "stranger_dispatcher"):
            assert not set(knock(town, who, name, pattern)) & {403, 404}, f"{name}: {who}"
        address = town.address(name, pattern) + "?area=" + town.stage.areas["county"].code
        assert town.client("stranger_dispatcher").get(address).status_code == 404, "another district's board"


def test_the_code_alone_opens_the_follow_page(town: Town) -> None:
    for name, pattern in of_kind("code"):
        assert not set(knock(town, "anonymous", name, pattern)) & {403, 404}, name
    town.bring((STRANGER, RIGHT))
    before, town.code = everything(), "2222222222"
    for name, pattern in of_kind("code"):
        for who in ("anonymous", STRANGER, RIGHT):
            assert set(knock(town, who, name, pattern)) <= NOT_THERE, f"{name}: {who} with a wrong code"
    assert everything() == before


def test_administration_is_not_there_for_others(town: Town) -> None:
    """That each administrator gets exactly into their own pages is tested with the pages."""
    for name, pattern in of_kind("admin"):
        town.bring(others := (STRANGER, COLLEAGUE, RIGHT, "city_leader"))
        before = everything()
        sent_to_sign_in(town, name, pattern)
        for who in others:
            assert set(knock(town, who, name, pattern)) <= NOT_THERE, f"{name}: {who}"
        assert everything() == before


def test_the_second_factor_needs_a_session(town: Town) -> None:
    for name, pattern in of_kind("factor"):
        assert set(knock(town, "anonymous", name, pattern)) <= {302}
        assert not set(knock(town, RIGHT, name, pattern)) & {403, 404}


def test_nobody_revokes_the_token_of_another(town: Town) -> None:
    for name, pattern in of_kind("own"):
        sent_to_sign_in(town, name, pattern)
        for who in (STRANGER, COLLEAGUE, RIGHT):
            assert set(knock(town, who, name, pattern)) <= NOT_THERE, f"{name}: {who}"


def test_a_face_is_shown_only_with_consent(town: Town) -> None:
    for name, pattern in of_kind("photo"):
        for who in ("anonymous", STRANGER, RIGHT):
            assert set(knock(town, who, name, pattern)) <= NOT_THERE, f"{name}: {who}"


def test_a_browser_without_a_token_gets_nothing_from_the_api(town: Town) -> None:
    for name, pattern in of_kind("token"):
        town.bring((RIGHT,))
        before = everything()
        address = town.address(name, pattern)
        for who in ("anonymous", RIGHT):  # a login cookie is no token
            for answer in (
                town.client(who).get(address),
                town.client(who).post(address, {}, "application/json"),
            ):
                assert answer.status_code in {401, 404, 405}, f"{address} {who} {answer.status_code}"
        assert everything() == before
