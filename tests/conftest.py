"""A fixed cast on a small stage. Tests go through the doors people use, as insider, colleague, stranger."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from PIL import Image

from jingwei.engine import actions, counting, library, publishing
from jingwei.engine.models import Case
from jingwei.engine.stage import Stage, build
from jingwei.kernel import accounts, calendars, files, ids, moments, numbering, outbox, versions
from jingwei.kernel.actors import SYSTEM, Party
from jingwei.registry import atlas

versions.LOOK_EVERY = 0.0  # a test sees at once what it changed


@pytest.fixture(scope="session", autouse=True)
def _static_folder() -> None:
    """The server of static files warns where its folder is missing, and a warning is an error here."""
    if settings.STATIC_ROOT:
        Path(settings.STATIC_ROOT).mkdir(parents=True, exist_ok=True)


@pytest.fixture(autouse=True)
def _fresh_memory() -> None:
    """What a process keeps in memory belongs to one test."""
    for forget in (
        atlas.forget,
        library.forget,
        calendars.forget,
        numbering.forget,
        library.version.cache_clear,
    ):
        forget()


@pytest.fixture
def stage(db: None) -> Stage:
    """The small city, with every playbook in force."""
    publishing.publish_all(by=SYSTEM)
    return build()


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real public data; tests that need it are skipped where it is not named."""
    folder = os.environ.get("JINGWEI_REAL_DATA")
    if not folder:
        pytest.skip("JINGWEI_REAL_DATA is not set: the folder with real public data is not here")
    return Path(folder).resolve()


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
