"""Writing rows without `save()`: what is written is what the ORM reads, for every kind of column."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from django.db import IntegrityError, connection, models, transaction
from django.test.utils import CaptureQueriesContext

from jingwei.engine.models import Case, CaseAction, ProcedureVersion
from jingwei.kernel import ids, rows
from jingwei.kernel.models import (
    Account,
    Attachment,
    JournalHead,
    JournalLine,
    OutboxRow,
    RequestKey,
    SealedValue,
    SerialBlock,
)
from jingwei.registry.models import Area, Assignment, Person, Post

pytestmark = pytest.mark.django_db

MOMENT = datetime(2026, 11, 20, 1, 12, 13, 456789, tzinfo=UTC)


def an_area(code: str = "9911", **facts: Any) -> Area:
    return Area(kind="city", tier=1, code=code, name="经州市", valid_from=date(2025, 1, 1), **facts)


def a_line(**facts: Any) -> JournalLine:
    values = {
        "kind": "case",
        "subject": ids.new_id(),
        "seq": 1,
        "happened_at": MOMENT,
        "recorded_at": MOMENT,
        "actor_kind": "staff",
        "verb": "move:file",
        "hash": b"\0\xff" * 16,
        **facts,
    }
    return JournalLine(**values)


def read(model: type[models.Model], **equal: Any) -> models.Model:
    return model._default_manager.get(**equal)


def values(row: models.Model) -> dict[str, Any]:
    found = {
        f.attname: getattr(row, f.attname)
        for f in row._meta.concrete_fields
        if not isinstance(f, models.AutoField)
    }
    return {name: bytes(value) if isinstance(value, memoryview) else value for name, value in found.items()}


# ---------------------------------------------------------------- inserting


@pytest.mark.parametrize(
    "row",
    [
        an_area(border=b"\0\1\2", households=400, special=True),
        an_area(),
        a_line(detail={"a": [1, None, True, "经纬"], "b": {}}, person=2**40, party=UUID(int=7)),
        a_line(detail=[], client=0),
        a_line(detail="text"),
        OutboxRow(
            effect="tell",
            payload={"n": 1},
            key=ids.new_id(),
            created_at=MOMENT,
            due_at=MOMENT + timedelta(days=400),
        ),
        RequestKey(id=ids.new_id(), bound=b"b", content=b"", answer={}, created_at=MOMENT),
        SerialBlock(series="WG", next=2**31 - 1),
        Attachment(
            id=ids.new_id(),
            case=ids.new_id(),
            kind="picture",
            digest=b"d",
            media_type="image/jpeg",
            size=0,
            added_at=MOMENT,
        ),
        SealedValue(case=ids.new_id(), seq=1, field="contact", level="L2", box=b"\0" * 100, blind=None),
        Account(login="mei", person=7, password="!", locked_until=None, second_factor=None),
        JournalHead(kind="reading", subject=ids.new_id()),
    ],
    ids=lambda row: type(row).__name__,
)
def test_what_is_inserted_is_what_is_read(row: models.Model) -> None:
    rows.insert(row)
    found = type(row)._default_manager.get()
    assert values(found) == values(row)


def test_a_place_without_value_is_null_not_a_word(django_assert_num_queries: Callable[[int], Any]) -> None:
    rows.insert(a_line(person=None, party=None))
    assert JournalLine.objects.filter(person__isnull=True, party__isnull=True).count() == 1
    version = ProcedureVersion(procedure="p", version=1, digest="", files={}, published_at=MOMENT)
    version.save()
    rows.insert(a_case(version, stated=None), a_case(version, stated={}))
    assert Case.objects.filter(stated__isnull=True).count() == 1


def a_case(version: ProcedureVersion, **facts: Any) -> Case:
    return Case(
        id=ids.new_id(),
        number=str(ids.new_id())[-20:],
        procedure="p",
        version=version,
        state="reported",
        state_kind="new",
        source="resident",
        happened_at=MOMENT,
        received_at=MOMENT,
        state_since=MOMENT,
        **facts,
    )


def test_rows_of_many_models_are_written_together() -> None:
    version = ProcedureVersion(procedure="p", version=1, digest="", files={}, published_at=MOMENT)
    version.save()
    case = a_case(version, lon=117.123456, lat=33.5)
    action = CaseAction(
        case_id=case.pk,
        seq=1,
        kind="intake",
        name="p",
        actor_kind="party",
        at=MOMENT,
        values={"description": "井盖"},
    )
    lines = [a_line(subject=case.pk, seq=n) for n in (1, 2, 3)]
    with CaptureQueriesContext(
        connection,
    ) as seen:
        rows.write([case, action, *lines], [rows.Update(version, {"digest": "x"})])
    assert len(seen) == (1 if connection.vendor == "postgresql" else 4)
    assert Case.objects.get().lon == 117.123456
    assert CaseAction.objects.get().values == {"description": "井盖"}
    assert list(JournalLine.objects.order_by("seq").values_list("seq", flat=True)) == [1, 2, 3]
    assert ProcedureVersion.objects.get().digest == version.digest == "x"


def test_where_one_row_cannot_be_written_none_is() -> None:
    version = ProcedureVersion(procedure="p", version=1, digest="", files={}, published_at=MOMENT)
    version.save()
    twice = ids.new_id()
    with pytest.raises(IntegrityError), transaction.atomic():
        rows.write(
            [a_line(subject=twice), SerialBlock(series="WG"), a_line(subject=twice)],
            [rows.Update(version, {"digest": "x"})],
        )
    assert (JournalLine.objects.count(), SerialBlock.objects.count()) == (0, 0)
    version.refresh_from_db()
    assert version.digest == ""


def test_the_database_gives_the_keys() -> None:
    rows.insert(a_line(), a_line())
    rows.insert(a_line())
    keys = list(JournalLine.objects.order_by("pk").values_list("pk", flat=True))
    assert len(set(keys)) == 3
    JournalLine(**values(a_line())).save()
    assert JournalLine.objects.order_by("-pk")[0].pk > keys[-1]


def test_nothing_to_write_is_no_statement(django_assert_num_queries: Callable[[int], Any]) -> None:
    with django_assert_num_queries(0):
        rows.write([])


@pytest.mark.parametrize(
    "text", ["井盖𠮷", "'; DROP TABLE kernel_account; --", "%s %(x)s %%", "$1", '"quoted"', "\\", "a\nb"]
)
def test_no_text_is_taken_for_a_statement(text: str) -> None:
    area = an_area()
    area.name = text
    rows.insert(area)
    row = Area.objects.get()
    assert row.name == text
    assert rows.change(row, only_if={"name": text}, name=text + "!")
    assert Area.objects.get().name == text + "!"


# ---------------------------------------------------------------- changing


def test_a_change_is_written_if_nothing_changed_meanwhile() -> None:
    account = Account(login="mei", person=7, password="!")
    account.save()
    stale = Account.objects.get()
    changed: dict[str, Any] = {
        "journal_count": 5,
        "journal_head": b"\1" * 32,
        "is_active": False,
        "locked_until": MOMENT,
        "second_factor": b"\0",
        "login": "mei2",
        "last_counter": 2**40,
    }
    assert rows.change(account, only_if={"journal_count": 0, "journal_head": b""}, **changed) is True
    assert {name: getattr(account, name) for name in changed} == changed
    assert {name: values(Account.objects.get())[name] for name in changed} == changed
    assert rows.change(stale, only_if={"journal_count": 0}, login="other") is False
    assert (stale.login, Account.objects.get().login) == ("mei", "mei2")
    assert rows.change(account, only_if={"journal_count": 5}, locked_until=None, second_factor=None) is True
    account.refresh_from_db()
    assert (account.locked_until, account.second_factor) == (None, None)


def test_json_dates_and_keys_change_too() -> None:
    area, person = an_area(), Person(staff_no="J1", name="沈玉")
    area.save()
    person.save()
    post = Post(role="acceptor", area=area, title="受理员")
    post.save()
    seat = Assignment(person=person, post=post, starts=date(2025, 1, 1))
    seat.save()
    assert rows.change(seat, only_if={"starts": date(2025, 1, 1)}, ends=date(2026, 11, 20), substitute=True)
    seat.refresh_from_db()
    assert (seat.ends, seat.substitute) == (date(2026, 11, 20), True)
    photo = ids.new_id()
    assert rows.change(person, only_if={"name": "沈玉"}, photo=photo)
    assert Person.objects.get().photo == photo
    row = OutboxRow(effect="x", payload={}, key=ids.new_id(), created_at=MOMENT, due_at=MOMENT)
    row.save()
    assert rows.change(row, only_if={"key": row.key}, payload={"a": [1, "经"]}, case=photo)
    row.refresh_from_db()
    assert (row.payload, row.case) == ({"a": [1, "经"]}, photo)
    other = an_area("991103")
    other.save()
    assert rows.change(post, only_if={"role": "acceptor"}, area_id=other.pk)
    assert Post.objects.get().area == other


def test_a_row_that_is_gone_is_not_changed() -> None:
    area = an_area()
    area.save()
    Area.objects.all().delete()
    assert rows.change(area, only_if={"code": "9911"}, name="x") is False


def test_of_many_changing_at_once_one_does(at_once: Callable[..., list[Any]]) -> None:
    block = SerialBlock(series="WG", next=1)
    block.save()
    for n in range(1, 6):
        mine = [SerialBlock.objects.get() for _ in range(4)]
        done = at_once(
            *[lambda row=row, n=n: rows.change(row, only_if={"next": n}, next=n + 1) for row in mine]
        )
        assert sorted(done) == [False, False, False, True]


# ---------------------------------------------------------------- loading


def test_what_is_loaded_is_what_the_orm_loads() -> None:
    subject = ids.new_id()
    rows.insert(
        *[a_line(subject=subject, seq=n, detail={"n": n}, party=subject) for n in (2, 3, 1)], a_line()
    )
    by_orm = list(JournalLine.objects.filter(subject=subject).order_by("seq"))
    loaded = rows.load(JournalLine, "seq", subject=subject)
    assert loaded == by_orm
    assert [values(row) for row in loaded] == [values(row) for row in by_orm]
    assert all(not row._state.adding for row in loaded)
    assert rows.load(JournalLine, subject=ids.new_id()) == []


# ---------------------------------------------------------------- keys in advance


def test_keys_reserved_are_given_to_nobody_else() -> None:
    first = rows.reserve_keys(JournalHead, 3)
    second = rows.reserve_keys(JournalHead, 2)
    JournalHead(kind="a", subject=ids.new_id()).save()
    made = JournalHead.objects.get().pk
    third = rows.reserve_keys(JournalHead, 2)
    every = [*first, *second, made, *third]
    assert len(set(every)) == len(every) == 8
    assert first == list(range(first[0], first[0] + 3))
    JournalHead.objects.bulk_create(
        JournalHead(pk=key, kind="b", subject=ids.new_id()) for key in (*first, *second, *third)
    )
    JournalHead(kind="c", subject=ids.new_id()).save()
    assert JournalHead.objects.count() == 9


def test_keys_reserved_at_once_are_different(at_once: Callable[..., list[Any]]) -> None:
    keys = [key for some in at_once(*[lambda: rows.reserve_keys(JournalHead, 50)] * 4) for key in some]
    assert len(set(keys)) == 200


# ---------------------------------------------------------------- fresh rows and plain questions


@pytest.mark.parametrize("model", [Case, CaseAction, JournalLine, OutboxRow, Area, SealedValue])
def test_a_fresh_row_is_what_calling_the_model_makes(model: type[models.Model]) -> None:
    made, called = rows.new(model), model()
    assert values(made) == values(called)
    assert made._state.adding
    assert made._state.db is None


def test_two_fresh_rows_share_nothing() -> None:
    one, other = rows.new(Case), rows.new(Case)
    one.values["place"] = "here"
    assert other.values == {}


def test_a_fresh_row_has_only_columns_of_its_table() -> None:
    assert rows.new(CaseAction, case_id=UUID(int=7), seq=2).case_id == UUID(int=7)
    with pytest.raises(TypeError, match="nobody"):
        rows.new(CaseAction, nobody=1)


def test_a_question_is_answered_alike_with_and_without_a_log() -> None:
    rows.insert(an_area())
    question = "SELECT code, tier, households FROM registry_area WHERE code = %s"
    quietly = rows.ask(question, ["9911"])
    with CaptureQueriesContext(connection) as seen:
        assert rows.ask(question, ["9911"]) == quietly == [("9911", 1, None)]
    assert len(seen) == 1
    assert rows.run("DELETE FROM registry_area WHERE code = %s", ["9911"]) == 1
