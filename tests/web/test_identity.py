"""Who reported stays between them and those whom the procedure names: nowhere else, in no form.

A number that somebody left is looked for in everything that leaves the system, and in all that it keeps.
"""

from __future__ import annotations

import io
import logging
import re
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import pypdf
import pytest
from django.apps import apps
from django.test import Client
from django.urls import reverse

from jingwei.engine import actions, entering, queues
from jingwei.engine.models import Case, Task
from jingwei.kernel import failures, sealed
from jingwei.kernel.models import JournalLine, OutboxRow
from jingwei.web.portal import codes, home
from tests.conftest import Faces
from tests.web import pages

pytestmark = pytest.mark.django_db

#: left as contact: nobody but who asks for it with a reason may meet it
CONTACT = "13711112222"
#: written into words, in every way that people write numbers
IN_WORDS = {
    "plain": "13933334444",
    "dashes": "139-3333-4444",
    "blanks": "139 3333 4444",
    "with +86": "+8613933334444",
    "full width": "１３９３３３３４４４４",
    "identity number": "370102199001011237",
    "identity number with X": "37010219900101123X",
    "identity number in parts": "370102 19900101 1237",
    "old identity number": "370102900101123",
}
PAGES = ("desk-case", "field-task", "desk-work-order", "desk-viewers")
LISTS = (
    "desk",
    "desk-asks",
    "desk-tasks",
    "reminders",
    "field-today",
    "field-grid",
    "field-grid-cases",
    "board",
)
HANDLING = ("handler", "crew", "co_handler")
OTHERS = ("worker", "acceptor", "leader", "neighbour_worker")


@dataclass
class Told:
    """A case that was reported, handled, checked, told and closed; with numbers left and written."""

    faces: Faces
    case: Case
    code: str


@pytest.fixture
def told(faces: Faces) -> Told:
    words = "井盖翘起，联系我" + "，".join(IN_WORDS.values())
    taken = faces.handling(words=words, with_photo=True, reporter_contact=CONTACT)
    case, unit = taken.case, faces.stage.units["patrol"].pk
    handler = faces.stage.staff("handler")
    actions.give_task(case, "co_handle", by=handler, to_unit=unit, entered={"what": words})
    faces.moved(case, "note", "handler", remark=words)
    faces.work()
    return Told(faces, faces.again(case), taken.code)


def finish(told: Told) -> None:
    """Handle, check, tell and close it."""
    faces = told.faces
    task = Task.objects.get(case=told.case)
    actions.answer_task(task, by=faces.stage.staff("co_handler"), entered={"result": IN_WORDS["plain"]})
    words, case = "，".join(IN_WORDS.values()), faces.again(told.case)
    faces.moved(case, "feed_back", "handler", result=words, evidence=[faces.stored(case, 60)])
    faces.moved(case, "send_check", "dispatcher")
    faces.moved(case, "pass", "worker", check_photo=[faces.stored(case, 120)])
    faces.moved(case, "contact", "dispatcher", reached="reached", reply=words)
    faces.moved(case, "close", "leader")
    faces.work()


def as_text(page: pages.Page) -> str:
    """What can be read in an answer; on paper, and in each part of a workbook."""
    if page.kind == "application/pdf":
        return "".join(sheet.extract_text() for sheet in pypdf.PdfReader(io.BytesIO(page.body)).pages)
    if page.address.endswith(".xlsx"):
        with zipfile.ZipFile(io.BytesIO(page.body)) as book:
            return "".join(book.read(name).decode("utf-8", "replace") for name in book.namelist())
    return page.body.decode("utf-8", "replace")


def hold(text: str) -> list[str]:
    """The numbers that stand in a text."""
    looked_for = {"contact": CONTACT, **IN_WORDS}
    return [name for name, number in looked_for.items() if number in text]


def everywhere(told: Told, who: str) -> Iterator[pages.Page]:
    """Every page that somebody reaches, and what is reached from there."""
    case = told.case
    starts = [reverse(name, args=[case.pk]) for name in PAGES]
    starts += [reverse("desk-queue", args=[name]) for name in queues.QUEUES if name != "unlocated"]
    starts += [reverse(name) for name in LISTS]
    starts += [reverse("behind", args=["open"])]
    starts += [reverse("search") + f"?q={case.number}", reverse("search") + "?q=井盖"]
    return pages.walk(told.faces.of(who), starts, skip=("board.pdf",))


@pytest.mark.parametrize("who", [*HANDLING, *OTHERS])
def test_no_page_and_no_paper_shows_a_number(told: Told, who: str) -> None:
    met = 0
    for page in everywhere(told, who):
        assert hold(as_text(page)) == [], f"{who} {page.address}"
        met += page.status == 200 and told.case.number in page.text
    assert met or who == "neighbour_worker", "the control: the case is met on the way"


def test_nor_when_all_is_done(told: Told) -> None:
    finish(told)
    for who in ("handler", "worker", "leader"):
        for page in everywhere(told, who):
            assert hold(as_text(page)) == [], f"{who} {page.address}"
    answer = told.faces.nobody.get(reverse("follow", args=[told.code]))
    assert answer.status_code == 200
    assert hold(answer.content.decode()) == [], "who knows the code may be anybody who saw it"
    assert "139****4444" in answer.content.decode()


@pytest.mark.parametrize("who", HANDLING)
def test_who_handles_it_cannot_open_the_contact(told: Told, who: str) -> None:
    """The procedure names others for that; and no form offers it to them."""
    path = reverse("desk-reveal", args=[told.case.pk])
    sent = {"field": "reporter_contact", "purpose": "answer_reporter"}
    client = told.faces.of(who)
    before = JournalLine.objects.filter(kind="reading").count()
    answer = client.post(path, sent)
    assert answer.status_code in (404, 422)
    assert CONTACT not in answer.content.decode()
    assert JournalLine.objects.filter(kind="reading").count() == before
    page = client.get(reverse("desk-case", args=[told.case.pk]))
    assert b'name="purpose"' not in page.content


def test_the_one_who_may_reads_it_once_and_it_is_written_down(told: Told) -> None:
    """The control of all the others: the number is there, and comes out by this one door."""
    sent = {"field": "reporter_contact", "purpose": "answer_reporter"}
    answer = told.faces.of("acceptor").post(reverse("desk-reveal", args=[told.case.pk]), sent)
    assert CONTACT in answer.content.decode()
    assert "no-store" in answer["Cache-Control"]
    line = JournalLine.objects.get(kind="reading")
    assert CONTACT not in str(line.detail)


def test_no_column_keeps_the_contact_in_the_clear(told: Told) -> None:
    """Journal, outbox, messages, counts, search words, requests: every row of every table."""
    finish(told)
    labels = ("kernel", "registry", "engine")
    tables = [model for label in labels for model in apps.get_app_config(label).get_models()]
    assert {JournalLine, OutboxRow, Case} <= set(tables)
    for model in tables:
        for row in model._default_manager.values_list():
            assert CONTACT not in readable(row), model.__name__
    assert sealed.blind(CONTACT) not in (b"", None)


def test_no_journal_line_and_no_effect_quotes_what_was_entered(told: Told) -> None:
    finish(told)
    kept = [f"{line.verb} {line.detail}" for line in JournalLine.objects.all()]
    kept += [str(row.payload) for row in OutboxRow.objects.all()]
    assert len(kept) > 20
    assert [text for text in kept if hold(text) or "井盖" in text] == []


def readable(row: Iterable[Any]) -> str:
    return " ".join(bytes(v).decode("latin-1") if isinstance(v, bytes | memoryview) else str(v) for v in row)


# ---------------------------------------------------------------- the log


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """What the city's log would hold, were it told to note every answer too: the same writer, into a text."""
    text = io.StringIO()
    handler = logging.StreamHandler(text)
    handler.setFormatter(failures.Discreet("{levelname} {name}: {message}", style="{"))
    root, answers = logging.getLogger(), logging.getLogger("django.request")
    root.addHandler(handler)
    before = answers.level
    answers.setLevel(logging.WARNING)
    yield text
    answers.setLevel(before)
    root.removeHandler(handler)


def test_the_log_of_a_failure_quotes_nothing(
    faces: Faces, log: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_given: Any, **_named: Any) -> None:
        raise ValueError(f"cannot read {CONTACT}")

    monkeypatch.setattr(home, "render", broken)
    answer = Client(raise_request_exception=False).get(reverse("home"))
    assert answer.status_code == 500
    assert CONTACT not in answer.content.decode()
    assert "ValueError at" in log.getvalue(), "the control: it was logged"
    assert CONTACT not in log.getvalue()


def test_no_query_code_stands_in_the_log(told: Told, log: io.StringIO) -> None:
    refused = Client().post(reverse("rate", args=[told.code]), {})
    assert refused.status_code == 422
    Client().get(reverse("follow-photo", args=[told.code, told.case.pk]))
    Client().get(reverse("follow", args=["0000000000"]))
    Client().put(reverse("reported", args=[told.code]))
    assert "/f/…" in log.getvalue(), "the control: it was logged"
    assert told.code not in log.getvalue()
    assert "0000000000" not in log.getvalue(), "one sign off, and somebody else's"


# ---------------------------------------------------------------- masking


@pytest.mark.parametrize("name", IN_WORDS)
def test_numbers_are_masked_however_they_are_written(name: str) -> None:
    number = IN_WORDS[name]
    masked = entering.masked(f"请联系{number}，谢谢")
    assert number not in masked
    assert len(re.findall(r"\d", masked)) <= 8
    assert masked.startswith("请联系")
    assert masked.endswith("，谢谢")


@pytest.mark.parametrize(
    "text",
    [
        "0531-12345678",
        "2026-11-20 至 2026-11-24",
        "3.5公里",
        "槐安路12号院5-2-1101",
        "12345",
        "117.02, 33.02",
    ],
)
def test_what_is_no_number_of_a_person_stays(text: str) -> None:
    assert entering.masked(text) == text


def test_the_code_a_device_remembers_is_its_own(faces: Faces) -> None:
    """A cookie that anybody wrote says nothing, also not on the first page."""
    forged = Client()
    forged.cookies[codes.LAST_CODE] = "<b>AAAAA"
    assert "AAAAA" not in forged.get(reverse("home")).content.decode()
