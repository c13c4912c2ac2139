"""Programs that call the API, each with a token of somebody on the stage; and people at their pages."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any, cast

import pytest
from django.http import HttpResponse
from django.test import Client

from jingwei.engine.stage import Stage
from jingwei.kernel import accounts, ids
from jingwei.kernel.actors import SYSTEM
from jingwei.kernel.models import Account, ApiToken, LoginSession
from jingwei.kernel.moments import now
from jingwei.registry.models import Assignment

API = "/api/v1/"


def token_of(assignment: Assignment, *, days: int = 30) -> tuple[ApiToken, str]:
    """A token issued after a second factor, as the page issues it."""
    account = Account.objects.filter(person=assignment.person_id).first()
    if account is None:
        account, _code = accounts.open_account(f"p{assignment.person_id}", assignment.person_id, by=SYSTEM)
    session = LoginSession.objects.create(
        token=ids.new_code(32).encode(),
        account=account,
        began_at=now(),
        seen_at=now(),
        second_factor_at=now(),
    )
    return accounts.issue_token(account, session, assignment=assignment.pk, label="test", days=days)


@dataclass
class Caller:
    """A program: addresses below /api/v1/, JSON in and out, English unless it asks for something else."""

    token: str = ""
    client: Client = field(default_factory=lambda: Client(raise_request_exception=True))

    def get(self, path: str, **headers: str) -> HttpResponse:
        return self._sent("GET", path, None, headers)

    def post(self, path: str, body: Any = None, **headers: str) -> HttpResponse:
        return self._sent("POST", path, body, headers)

    def delete(self, path: str, **headers: str) -> HttpResponse:
        return self._sent("DELETE", path, None, headers)

    def raw(self, path: str, body: bytes, kind: str = "application/json") -> HttpResponse:
        """A body that no program of ours would make."""
        return cast(
            "HttpResponse", self.client.generic("POST", API + path, body, kind, headers=self._headers({}))
        )

    def send_picture(self, case: object, picture: Any, **headers: str) -> HttpResponse:
        address = f"{API}cases/{case}/attachments"
        return cast(
            "HttpResponse", self.client.post(address, {"picture": picture}, headers=self._headers(headers))
        )

    def _sent(self, method: str, path: str, body: Any, headers: dict[str, str]) -> HttpResponse:
        """Without a body nothing is sent, not even an empty form."""
        content = b"" if body is None else json.dumps(body).encode()
        sent = self.client.generic(
            method, API + path, content, "application/json", headers=self._headers(headers)
        )
        return cast("HttpResponse", sent)

    def _headers(self, more: dict[str, str]) -> dict[str, str]:
        """`if_match='"3"'` and the like are written as headers are."""
        said = {"Accept-Language": "en"}
        if self.token:
            said["Authorization"] = f"Bearer {self.token}"
        return said | {name.replace("_", "-"): value for name, value in more.items()}


@dataclass
class Callers:
    """The stage, and a program for everybody on it who asked for one."""

    stage: Stage
    made: dict[str, Caller] = field(default_factory=dict)

    def of(self, name: str) -> Caller:
        if name not in self.made:
            self.made[name] = Caller(token_of(self.stage.assignments[name])[1])
        return self.made[name]


@pytest.fixture
def callers(stage: Stage) -> Callers:
    return Callers(stage)


# ---------------------------------------------------------------- people at their pages

PASSWORD = "Wege-und-Faden-7"
MORNING = datetime(2026, 11, 20, 2, 0, tzinfo=UTC)  # Friday, 10:00 in Shanghai
PHONE = "13912345678"


@dataclass
class Faces:
    """The stage, a browser for everybody who asked for one, and cases on their way.

    Names are those of the stage; `nobody` is a browser that never signed in.
    """

    stage: Stage
    nobody: Client = field(default_factory=Client)
    clients: dict[str, Client] = field(default_factory=dict)

    def of(self, name: str) -> Client:
        """Somebody's browser, signed in by the form."""
        if name not in self.clients:
            person, login = self.stage.people[name], f"face-{name.replace('_', '-')}"
            accounts.open_account(login, person.pk, by=SYSTEM, password=PASSWORD)
            client = Client()
            answer = client.post(reverse("sign-in"), {"login": login, "password": PASSWORD})
            assert answer.status_code == 302, answer.content.decode()
            self.clients[name] = client
        return self.clients[name]

    def picture(self, shade: int = 90, name: str = "photo.jpg") -> SimpleUploadedFile:
        """A picture as a phone sends it."""
        made = io.BytesIO()
        Image.new("RGB", (64, 48), (shade, 120, 90)).save(made, "JPEG")
        return SimpleUploadedFile(name, made.getvalue(), "image/jpeg")

    def stored(self, case: Case, shade: int = 30) -> str:
        """A picture of a case, stored before its form is sent."""
        return str(files.take_picture(case.pk, io.BytesIO(self.picture(shade).read())).pk)

    def report(self, words: str = "槐安路12号院北门口的井盖翘起来了", **given: Any) -> actions.TakenIn:
        """A resident's report from the third grid; `place=None` leaves it unlocated."""
        case_id = ids.new_id()
        where = given.pop("place", {"area": self.stage.areas["grid"].pk, "words": "槐安路12号院北门"})
        entered = {"description": words, "place": where or {"words": "不知道在哪儿"}}
        about = given.pop("about", None)
        if given.pop("with_photo", False):
            entered["photo"] = [self.stored(Case(id=case_id))]
        return actions.take_in(
            case_id,
            given.pop("procedure", "grid_event"),
            {**entered, **given},
            by=Party(),
            source="resident",
            bound_to="portal",
            about=about,
        )

    def moved(self, case: Case, move: str, who: str, **entered: Any) -> Case:
        """Take a move from a seat of the stage."""
        return actions.move_case(case, move, by=self.stage.staff(who), entered=entered)

    def filed(self, **given: Any) -> actions.TakenIn:
        taken = self.report(**given)
        area = self.stage.areas["grid"].code
        self.moved(taken.case, "file", "acceptor", **{"class": "0405", "area": area})
        return taken

    def dispatched(self, **given: Any) -> actions.TakenIn:
        taken = self.filed(**given)
        self.moved(taken.case, "dispatch", "dispatcher", lead_unit=self.stage.units["municipal"].code)
        return taken

    def handling(self, **given: Any) -> actions.TakenIn:
        taken = self.dispatched(**given)
        self.moved(taken.case, "sign", "handler")
        return taken

    def checked(self, **given: Any) -> actions.TakenIn:
        taken = self.handling(**given)
        case, evidence = taken.case, [self.stored(taken.case, 60)]
        self.moved(case, "feed_back", "handler", result="新井盖已换好，与路面齐平", evidence=evidence)
        self.moved(case, "send_check", "dispatcher")
        self.moved(case, "pass", "worker", check_photo=[self.stored(case, 120)])
        return taken

    def closed(self, **given: Any) -> actions.TakenIn:
        taken = self.checked(**given)
        if "reporter_contact" in given:
            self.moved(taken.case, "contact", "dispatcher", reached="reached", reply="已经换好，谢谢您")
        self.moved(taken.case, "close", "leader")
        return taken

    def again(self, case: Case) -> Case:
        """The case as it stands in the database now."""
        return Case.objects.get(pk=case.pk)

    def work(self) -> None:
        """Let the worker do what waits: effects, search words, counts."""
        while outbox.work_off():
            pass
        while counting.fold():
            pass


@pytest.fixture
def morning() -> Iterator[None]:
    """It is ten o'clock on a Friday."""
    with moments.at(MORNING):
        yield


@pytest.fixture
def faces(stage: Stage) -> Faces:
    return Faces(stage)
