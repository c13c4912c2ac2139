"""What is known about people: declared beside every column, kept as long as said, gone when it is erased."""

from __future__ import annotations

import io
import json
import shutil
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar
from uuid import UUID

import pytest
from django.db import connection, models, transaction
from django.test import Client
from django.test.utils import isolate_apps
from django.utils.module_loading import import_string
from PIL import Image
from pydantic import BaseModel

from jingwei.city import City
from jingwei.engine import actions, conditions, keeping, library, queries, words
from jingwei.engine.actions import TakenIn
from jingwei.engine.checking import check
from jingwei.engine.models import Case, CaseAction, LegalHold
from jingwei.engine.stage import Stage
from jingwei.kernel import accounts, files, ids, moments, outbox, privacy, requests, seals, throttle
from jingwei.kernel.actors import SYSTEM, Party
from jingwei.kernel.models import (
    Attachment,
    CaseKey,
    Erasure,
    JournalLine,
    LoginSession,
    OutboxRow,
    RequestKey,
    SealedValue,
    StaffAccess,
    Throttle,
)
from jingwei.kernel.privacy import PLAIN, Personal
from jingwei.kernel.refusals import Refused
from jingwei.registry import photos

NINE = datetime.fromisoformat("2026-11-20T09:00:00+08:00")
PHONE = "10000000621"
WORDS = "杏林巷七号院后墙的雨棚松脱了"
PLACE = "后墙拐角处的雨棚"
REPLY = "不属于本平台受理范围，已转水务热线"
APPEAL = timedelta(days=conditions.REOPEN_DAYS)


# ---------------------------------------------------------------- declared


@pytest.mark.parametrize("model", privacy.every_model(), ids=lambda model: model._meta.label)
def test_every_column_that_can_hold_words_says_what_it_holds(model: type[models.Model]) -> None:
    assert privacy.undeclared(model) == []


@isolate_apps("jingwei.kernel")
def test_a_column_that_says_nothing_is_found() -> None:
    class Silent(models.Model):
        text = models.TextField()
        data = models.JSONField()
        raw = models.BinaryField()
        address = models.GenericIPAddressField()
        count = models.IntegerField()
        fixed = models.CharField(choices=[("a", "a")])
        said = models.CharField()
        privacy: ClassVar = {"said": PLAIN, "gone": PLAIN}

        class Meta:
            app_label = "kernel"

        def __str__(self) -> str:
            return self.said

    assert privacy.undeclared(Silent) == [
        f"kernel.Silent.{name}" for name in ("text", "data", "raw", "address", "gone")
    ]


def test_what_is_said_of_a_column_is_said_in_full() -> None:
    for model in privacy.every_model():
        for name, said in getattr(model, "privacy", {}).items():
            if isinstance(said, Personal):
                assert all((said.level, said.purpose, said.basis, said.keep, said.seen_by)), (
                    f"{model._meta.label}.{name}"
                )
            else:
                assert said is PLAIN


def test_no_table_and_no_column_is_one_that_must_not_exist() -> None:
    names = [model._meta.db_table for model in privacy.every_model()]
    names += [field.name for model in privacy.every_model() for field in model._meta.get_fields()]
    assert privacy.denied(names) == []


@pytest.mark.parametrize("folder", check.folders(), ids=lambda folder: folder.name)
def test_no_field_of_a_procedure_is_one_that_must_not_exist(folder: Path) -> None:
    playbook, _ = library.read_folder(folder)
    assert playbook is not None
    fields = playbook.procedure.fields
    assert fields
    assert privacy.denied(list(fields)) == []
    for rule in fields.values():
        assert all((rule.level, rule.purpose, rule.basis, rule.keep, rule.seen_by))


def test_no_field_that_goes_in_or_out_is_one_that_must_not_exist() -> None:
    import_string("jingwei.urls.urlpatterns")  # every page and interface is read by now
    ours = [schema for schema in _below(BaseModel) if schema.__module__.startswith("jingwei.")]
    assert ours
    assert privacy.denied([name for schema in ours for name in schema.model_fields]) == []


def _below(kind: type[Any]) -> Iterator[type[Any]]:
    for one in kind.__subclasses__():
        yield one
        yield from _below(one)


@pytest.mark.parametrize(
    "name",
    [
        "id_number",
        "ethnicity",
        "religion",
        "political_view",
        "temperature",
        "location_history",
        "track",
        "resident_score",
        "watch_list",
        "relatives",
        "Face_Image",
        "last_speaker",
        "wechat_id",
        "key_person",
    ],
)
def test_the_deny_list_knows_what_the_rights_ledger_names(name: str) -> None:
    assert privacy.denied([name]) == [name]


def test_the_deny_list_leaves_ordinary_names_alone() -> None:
    ordinary = [
        "description",
        "place",
        "contact",
        "reporter",
        "population",
        "households",
        "phone",
        "name",
        "lon",
        "border",
    ]
    assert privacy.denied(ordinary) == []


# ---------------------------------------------------------------- a case that ended


def picture(colour: int = 90) -> io.BytesIO:
    made = io.BytesIO()
    Image.new("RGB", (32, 24), (colour, 40, 90)).save(made, "JPEG")
    made.seek(0)
    return made


def a_case(
    stage: Stage,
    *,
    at: datetime = NINE,
    text: str = WORDS,
    phone: str = PHONE,
    place: str = PLACE,
    lon: float = 117.012345,
    reply: str = REPLY,
) -> TakenIn:
    """A report with words, place, picture and number, answered and ended an hour later."""
    case_id = ids.new_id()
    with moments.at(at):
        photo = files.take_picture(case_id, picture())
        entered = {
            "description": text,
            "place": {"lon": lon, "lat": 33.012345, "words": place},
            "photo": [str(photo.pk)],
            "reporter_contact": phone,
            "class": "0405",
        }
        taken = actions.take_in(
            case_id, "grid_event", entered, by=Party(), source="resident", bound_to="portal"
        )
    with moments.at(at + timedelta(hours=1)):
        actions.move_case(
            taken.case,
            "reject",
            by=stage.staff("acceptor"),
            entered={"reject_code": "legal_route", "reply": reply},
        )
        while outbox.work_off():
            pass
    return taken


def after(taken: TakenIn, span: timedelta) -> datetime:
    """So long after the end of the case, and after the last day on which it could be taken up again."""
    ended = Case.objects.values_list("ended_at", flat=True).get(pk=taken.case.pk)
    assert ended is not None
    return ended + APPEAL + span


def everything() -> str:
    """Every column of every row of every table, as text."""
    found = []
    for model in privacy.every_model():
        columns = [field.attname for field in model._meta.concrete_fields]
        for row in model._default_manager.values_list(*columns):
            found += [
                bytes(cell).hex() if isinstance(cell, (bytes, memoryview)) else str(cell) for cell in row
            ]
    with connection.cursor() as cursor:
        cursor.execute("SELECT words FROM engine_words")
        found += [str(row[0]) for row in cursor.fetchall()]
    return "\n".join(found)


def hold(case: Case) -> LegalHold:
    return LegalHold.objects.create(case=case, reason="court order 12", person=1, since=moments.now())


@pytest.mark.usefixtures("city")
def test_a_number_goes_ninety_days_after_the_last_possible_appeal(stage: Stage) -> None:
    taken = a_case(stage)
    with moments.at(after(taken, timedelta(days=90))):
        assert keeping.forget_contacts() == 0
        keeping.keep_no_longer()
        assert SealedValue.objects.count() == 1
    with moments.at(after(taken, timedelta(days=90, seconds=1))):
        keeping.keep_no_longer()
        assert SealedValue.objects.count() == 0
        line = JournalLine.objects.get(kind="retention")
        assert (line.verb, line.detail) == ("contacts-forgotten", {"values": 1})
        case = Case.objects.get()
        assert (case.erased_at, case.values["description"]) == (None, WORDS)  # the case itself stays
        with pytest.raises(Refused, match="erased"):
            keeping.reveal(case, "reporter_contact", by=stage.staff("acceptor"), purpose="answer_reporter")
        assert keeping.cases_of_caller(PHONE, by=stage.staff("acceptor")) == []
        assert keeping.forget_contacts() == 0
    assert seals.verify().faults == []


@pytest.mark.usefixtures("city")
def test_a_case_is_erased_three_years_after_the_last_possible_appeal(stage: Stage) -> None:
    taken = a_case(stage)
    three_years = timedelta(days=3 * 366)
    with moments.at(after(taken, three_years)):
        keeping.keep_no_longer()
        assert Case.objects.get().erased_at is None
    moment = after(taken, three_years + timedelta(seconds=1))
    with moments.at(moment):
        assert keeping.keep_no_longer() is False
    case = Case.objects.get()
    assert case.erased_at == moment
    assert Erasure.objects.get().reason == "retention"
    assert [entry["case"] for entry in seals.erasures_written_out()] == [str(case.pk)]


@pytest.mark.usefixtures("city")
def test_a_case_that_goes_on_is_not_touched(stage: Stage) -> None:
    taken = a_case(stage)
    Case.objects.update(ended_at=None)
    with moments.at(NINE + timedelta(days=3000)):
        keeping.keep_no_longer()
    assert Case.objects.get(pk=taken.case.pk).erased_at is None
    assert SealedValue.objects.count() == 1


@pytest.mark.usefixtures("city")
def test_a_legal_hold_stops_both_until_it_is_lifted(stage: Stage) -> None:
    held, free = a_case(stage), a_case(stage, text="路灯不亮")
    order = hold(held.case)
    with moments.at(after(held, timedelta(days=2000))):
        keeping.keep_no_longer()
        assert list(SealedValue.objects.values_list("case", flat=True)) == [held.case.pk]
        assert {case.pk: case.erased_at is None for case in Case.objects.all()} == {
            held.case.pk: True,
            free.case.pk: False,
        }
        with pytest.raises(Refused, match="held"):
            keeping.erase(Case.objects.get(pk=held.case.pk), by=SYSTEM, reason="rights_request")
        order.lifted_at = moments.now()
        order.save()
        keeping.keep_no_longer()
    assert SealedValue.objects.count() == 0
    assert Case.objects.filter(erased_at=None).count() == 0


@pytest.mark.usefixtures("city")
def test_a_long_list_is_worked_off_in_parts(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keeping, "AT_ONCE", 2)
    taken = [a_case(stage, text=f"第{n}件事") for n in range(3)]
    with moments.at(after(taken[-1], timedelta(days=2000))):
        assert keeping.keep_no_longer() is True
        assert Case.objects.filter(erased_at=None).count() == 1
        assert keeping.keep_no_longer() is False
    assert Case.objects.filter(erased_at=None).count() == 0


@pytest.mark.usefixtures("city")
def test_after_an_erasure_nothing_anybody_wrote_is_left_anywhere(stage: Stage, city: City) -> None:
    taken = a_case(stage)
    other = a_case(stage, text="路灯不亮", phone="10000000777", place="仓前街", lon=117.02, reply="已修好")
    case = Case.objects.get(pk=taken.case.pk)
    for one in (case, other.case):
        outbox.put("index", {}, case=one.pk).save()
    secrets = [WORDS, "七号院后墙", REPLY, "水务热线", PLACE, "117.012345", case.title]
    there = everything()
    assert all(secret in there for secret in secrets)
    assert words.matching("雨棚") == [case.pk]
    assert files.folder_of(case.pk).exists()

    keeping.erase(case, by=stage.staff("acceptor"), reason="rights_request")

    left = everything()
    assert [secret for secret in secrets if secret in left] == []
    assert words.matching("雨棚") == []
    for rows_of_case in (CaseKey, SealedValue, Attachment, OutboxRow):
        kept = set(rows_of_case.objects.values_list("case", flat=True))
        assert kept - {None} == {other.case.pk}  # None: effects that are about no case
    assert list(RequestKey.objects.values_list("pk", flat=True)) == [other.case.pk]
    assert not files.folder_of(case.pk).exists()
    assert {path.parent for path in city.files.rglob("*.jpg")} == {files.folder_of(other.case.pk)}
    assert queries.case_by_code(taken.code) is None
    assert words.matching("路灯") == [other.case.pk]


@pytest.mark.usefixtures("city")
def test_after_an_erasure_codes_times_and_the_journal_are_left(stage: Stage) -> None:
    taken = a_case(stage)
    before = Case.objects.get()
    with moments.at(NINE + timedelta(days=5)):
        keeping.erase(Case.objects.get(), by=stage.staff("acceptor"), reason="rights_request")
        keeping.erase(Case.objects.get(), by=SYSTEM, reason="retention")  # again: nothing more to do
    case = Case.objects.get()
    for column in (
        "number",
        "state",
        "outcome",
        "class_code",
        "area_code",
        "grid",
        "received_at",
        "ended_at",
        "owner_role",
    ):
        assert getattr(case, column) == getattr(before, column)
    assert case.values == {"class": "0405", "reject_code": "legal_route"}
    assert [action.values for action in CaseAction.objects.order_by("seq")] == [
        {"class": "0405"},
        {"reject_code": "legal_route"},
    ]
    last = JournalLine.objects.filter(kind="case", subject=case.pk).order_by("seq").last()
    assert last is not None
    assert (last.verb, last.detail, last.person) == (
        "erased",
        {"reason": "rights_request"},
        stage.people["acceptor"].pk,
    )
    assert Erasure.objects.count() == 1
    assert seals.verify().faults == []
    with pytest.raises(Refused, match="erased"):
        keeping.reveal(case, "reporter_contact", by=stage.staff("acceptor"), purpose="audit")
    assert taken.case.pk == case.pk


@pytest.mark.usefixtures("city")
def test_a_restored_backup_is_erased_again_before_it_opens(stage: Stage, city: City, tmp_path: Path) -> None:
    taken, other = a_case(stage), a_case(stage, text="路灯不亮")
    shutil.copytree(city.files, tmp_path / "backup")
    with transaction.atomic():
        keeping.erase(Case.objects.get(pk=taken.case.pk), by=SYSTEM, reason="rights_request")
        seals.write_out()
        transaction.set_rollback(True)  # the database is as it was before; the list outside is not
    shutil.rmtree(city.files)
    shutil.copytree(tmp_path / "backup", city.files)
    hold(Case.objects.get(pk=taken.case.pk))  # of a time before the erasure
    assert SealedValue.objects.filter(case=taken.case.pk).exists()

    assert keeping.replay_erasures() == 1

    assert Case.objects.get(pk=taken.case.pk).erased_at is not None
    assert not SealedValue.objects.filter(case=taken.case.pk).exists()
    assert not CaseKey.objects.filter(case=taken.case.pk).exists()
    assert not files.folder_of(taken.case.pk).exists()
    assert Case.objects.get(pk=other.case.pk).erased_at is None
    assert keeping.replay_erasures() == 0
    seals.write_out()
    assert [UUID(entry["case"]) for entry in seals.erasures_written_out()] == [taken.case.pk]
    assert seals.verify().faults == []


# ---------------------------------------------------------------- reading


@pytest.mark.usefixtures("city")
def test_a_reading_is_a_line_that_the_resident_sees(stage: Stage, client: Client) -> None:
    taken = a_case(stage)
    case = Case.objects.get()
    count = case.journal_count
    with moments.at(NINE + timedelta(days=1)):
        acceptor = stage.staff("acceptor")
        assert keeping.reveal(case, "reporter_contact", by=acceptor, purpose="answer_reporter") == PHONE
        assert keeping.reveal(case, "reporter_contact", by=acceptor, purpose="complaint") == PHONE
    at = NINE + timedelta(days=1)
    assert keeping.readings_of(case) == [
        (at, "reporter_contact", "answer_reporter", "acceptor"),
        (at, "reporter_contact", "complaint", "acceptor"),
    ]
    lines = list(JournalLine.objects.filter(kind="reading").order_by("seq"))
    assert [(line.subject, line.person, line.assignment) for line in lines] == [
        (case.pk, stage.people["acceptor"].pk, stage.assignments["acceptor"].pk)
    ] * 2
    assert PHONE not in json.dumps([line.detail for line in lines])
    case.refresh_from_db()
    assert case.journal_count == count  # looking does not collide with acting
    page = client.get(f"/f/{taken.code}").content.decode()
    assert page.count("受理员") >= 2
    assert PHONE not in page


@pytest.mark.usefixtures("city")
def test_who_may_not_read_gets_every_reason_and_leaves_no_line(stage: Stage) -> None:
    a_case(stage)
    case = Case.objects.get()
    for who, field, purpose, codes in (
        ("stranger", "reporter_contact", "answer_reporter", ("wrong-role",)),
        ("neighbour_worker", "reporter_contact", "curiosity", ("wrong-role", "purpose-needed:purpose")),
        ("handler", "reporter_contact", "audit", ("wrong-role",)),
        ("acceptor", "reporter_contact", "", ("purpose-needed:purpose",)),
        ("acceptor", "description", "audit", ("erased",)),  # nothing of it is sealed
        ("acceptor", "unheard_of", "audit", ("wrong-role",)),
    ):
        with pytest.raises(Refused) as no:
            keeping.reveal(case, field, by=stage.staff(who), purpose=purpose)
        assert no.value.codes == codes
    assert keeping.readings_of(case) == []


@pytest.mark.usefixtures("city")
def test_looking_a_number_up_finds_its_cases_and_is_written_down_without_it(stage: Stage) -> None:
    mine = {a_case(stage).case.pk, a_case(stage, text="路灯不亮").case.pk}
    a_case(stage, text="另一件", phone="10000000777")
    assert set(keeping.cases_of_caller(PHONE, by=stage.staff("acceptor"))) == mine
    assert keeping.cases_of_caller("10000000000", by=stage.staff("acceptor")) == []
    lines = JournalLine.objects.filter(kind="search")
    assert [(line.verb, line.person, line.detail) for line in lines] == [
        ("searched-by-phone", stage.people["acceptor"].pk, {})
    ] * 2


# ---------------------------------------------------------------- traces


@pytest.mark.django_db
def test_traces_go_when_their_time_is_over(stage: Stage, city: City) -> None:
    account, _ = accounts.open_account("mei", 7, by=SYSTEM)
    photos.set_photo(stage.people["worker"], picture(10), consent=True, by=SYSTEM)
    with moments.at(NINE):
        loose = files.take_picture(ids.new_id(), picture(20))
        kept = a_case(stage)
        undone, done = outbox.put("unheard_of", {}), outbox.put("unheard_of", {})
        done.done_at = NINE
        undone.save()
        done.save()
        requests.seen_before(ids.new_id(), bound_to="portal", content=b"x", answer={})
        throttle.count(throttle.Rate("code", 3, timedelta(minutes=10)), of="10.0.0.1")
        StaffAccess.objects.create(at=NINE, event="login", address="10.0.0.1")
        LoginSession.objects.create(token=b"t", account=account, began_at=NINE, seen_at=NINE, ended_at=NINE)

    def there(days: float) -> dict[str, bool]:
        with moments.at(NINE + timedelta(days=days)):
            keeping.keep_no_longer()
        return {
            "loose picture": Attachment.objects.filter(pk=loose.pk).exists(),
            "limit": Throttle.objects.exists(),
            "request": RequestKey.objects.exclude(pk=kept.case.pk).exists(),
            "done effect": OutboxRow.objects.filter(pk=done.pk).exists(),
            "session": LoginSession.objects.exists(),
            "address": StaffAccess.objects.exists(),
        }

    assert set(there(0.9).values()) == {True}
    assert [name for name, is_there in there(1.1).items() if not is_there] == ["loose picture", "limit"]
    assert not files.folder_of(loose.case).exists()
    assert list(there(29).values()) == [False, False, True, True, True, True]
    assert list(there(30.1).values()) == [False, False, False, False, False, True]
    assert list(there(366.1).values()) == [False] * 6
    assert OutboxRow.objects.filter(pk=undone.pk).exists()  # what is not done is never forgotten
    assert Attachment.objects.filter(case=kept.case.pk).exists()
    assert Attachment.objects.filter(case=photos.folder_of(stage.people["worker"])).exists()
