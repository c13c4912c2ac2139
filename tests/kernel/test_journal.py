"""The journal: chained, first write wins, no personal value in it; nothing changed by hand goes unnoticed."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from django.db import connection, models, transaction
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st

from jingwei.engine import library, scenarios
from jingwei.engine.checking import check
from jingwei.engine.models import Case, CaseAction
from jingwei.engine.scenarios import Scenario
from jingwei.engine.stage import Stage
from jingwei.kernel import accounts, ids, journal, moments, rows, sealed, seals
from jingwei.kernel.actors import SYSTEM, Party, Person
from jingwei.kernel.models import Account, JournalLine, Seal, SealedValue
from jingwei.kernel.refusals import ChangedMeanwhile

pytestmark = pytest.mark.usefixtures("city")

MEI = Person(person=7, assignment=70)


def an_account(login: str = "mei", person: int = 7) -> Account:
    """A subject with one line."""
    return accounts.open_account(login, person, by=SYSTEM)[0]


def note(subject: Account, verb: str, **detail: Any) -> None:
    """One more line."""
    with transaction.atomic():
        journal.record(subject, verb, by=MEI, detail=detail)


# ---------------------------------------------------------------- writing


@pytest.mark.django_db
def test_the_lines_of_a_subject_hang_together() -> None:
    account = an_account()
    note(account, "first", place="991103")
    note(account, "second", person=12)
    lines = journal.lines_of(account)
    assert [(line.seq, line.verb) for line in lines] == [(1, "account-opened"), (2, "first"), (3, "second")]
    before = b""
    for line in lines:
        assert bytes(line.hash) == journal.digest(line, before)
        before = bytes(line.hash)
    account.refresh_from_db()
    assert (account.journal_count, bytes(account.journal_head)) == (3, before)
    assert (lines[1].actor_kind, lines[1].person, lines[1].assignment) == ("staff", 7, 70)


@pytest.mark.django_db
def test_when_it_happened_and_when_it_was_written_are_two_times() -> None:
    account = an_account()
    on_paper = datetime.fromisoformat("2026-11-20T09:12:00+08:00")
    with moments.at(on_paper + timedelta(hours=5)), transaction.atomic():
        journal.record(account, "came-on-paper", by=Party(id=ids.new_id()), happened_at=on_paper)
    line = journal.lines_of(account)[-1]
    assert (line.happened_at, line.recorded_at) == (on_paper, on_paper + timedelta(hours=5))
    assert line.party is not None
    assert line.person is None


@pytest.mark.django_db
def test_new_values_of_the_subject_are_written_with_the_line() -> None:
    account = an_account()
    with transaction.atomic():
        journal.record(account, "closed", by=MEI, is_active=False)
    assert account.is_active is False
    assert Account.objects.get(pk=account.pk).is_active is False


@pytest.mark.django_db
def test_the_second_of_two_writers_is_refused_and_changes_nothing() -> None:
    account = an_account()
    stale = Account.objects.get(pk=account.pk)
    note(account, "first")
    head = bytes(stale.journal_head)
    for _ in range(2):  # trying again with what one holds is no way round
        with pytest.raises(ChangedMeanwhile), transaction.atomic():
            journal.record(stale, "second", by=MEI, is_active=False)
        assert (stale.journal_count, bytes(stale.journal_head), stale.is_active) == (1, head, True)
    assert [line.verb for line in journal.lines_of(account)] == ["account-opened", "first"]
    assert seals.verify().faults == []


@pytest.mark.django_db
def test_a_row_left_over_from_a_rollback_cannot_write_on() -> None:
    account = an_account()
    other = Account.objects.get(pk=account.pk)
    with transaction.atomic():
        journal.record(account, "undone", by=MEI)
        transaction.set_rollback(True)
    assert account.journal_count == 2
    note(other, "counts")  # somebody else reaches the same count
    with pytest.raises(ChangedMeanwhile), transaction.atomic():
        journal.record(account, "third", by=MEI)
    assert [line.verb for line in journal.lines_of(other)] == ["account-opened", "counts"]
    assert seals.verify().faults == []


def test_of_two_at_once_one_wins(at_once: Callable[..., list[Any]]) -> None:
    for n in range(5):
        account = an_account(f"mei{n}", n)
        results = at_once(
            *[
                lambda mine=mine: note(mine, "wins")
                for mine in (Account.objects.get(pk=account.pk) for _ in range(4))
            ]
        )
        assert sorted(str(result) for result in results) == ["None", *["changed-meanwhile"] * 3]
        account.refresh_from_db()
        assert [line.seq for line in journal.lines_of(account)] == [1, 2]
    assert seals.verify().faults == []


def test_subjects_without_a_row_take_turns(at_once: Callable[..., list[Any]]) -> None:
    case = ids.new_id()
    results = at_once(*[lambda: journal.record_apart("reading", case, "revealed", by=MEI)] * 6)
    assert results == [None] * 6
    assert list(JournalLine.objects.order_by("seq").values_list("seq", flat=True)) == [1, 2, 3, 4, 5, 6]
    assert seals.verify().faults == []


@pytest.mark.django_db
def test_many_at_once_are_written_as_if_each_were_alone() -> None:
    def fresh(n: int) -> Account:
        return Account(login=f"many{n}", person=n, password="!")

    with moments.at(datetime.fromisoformat("2026-11-20T09:12:00+08:00")), transaction.atomic():
        journal.begin_many(
            [fresh(n) for n in range(5)],
            "account-opened",
            by=SYSTEM,
            details=[{"person": n} for n in range(5)],
            at_once=2,
        )
        alone = fresh(9)
        alone.save()
        journal.record(alone, "account-opened", by=SYSTEM, detail={"person": 9})
        note(Account.objects.get(login="many3"), "goes on")
    made = Account.objects.order_by("person")
    assert [(a.person, a.journal_count) for a in made] == [(0, 1), (1, 1), (2, 1), (3, 2), (4, 1), (9, 1)]
    first = [journal.lines_of(account)[0] for account in made]
    assert [line.detail for line in first] == [{"person": n} for n in (0, 1, 2, 3, 4, 9)]
    assert {(line.verb, line.actor_kind, line.recorded_at) for line in first} == {
        ("account-opened", "system", datetime.fromisoformat("2026-11-20T09:12:00+08:00"))
    }
    assert seals.verify().faults == []


@pytest.mark.django_db
def test_many_changes_are_written_as_if_each_were_alone() -> None:
    many = [an_account(f"many{n}", n) for n in range(4)]
    with transaction.atomic():
        values = [{"failures": n} for n in range(4)]
        journal.record_many(many, "failed", by=MEI, values=values, details=[{"n": n} for n in range(4)])
    stored = list(Account.objects.order_by("person"))
    assert [(one.failures, one.journal_count) for one in stored] == [(n, 2) for n in range(4)]
    assert [journal.lines_of(one)[-1].detail for one in stored] == [{"n": n} for n in range(4)]
    note(many[2], "goes on")
    assert seals.verify().faults == []


@pytest.mark.django_db
def test_where_one_of_many_was_changed_meanwhile_none_is_written() -> None:
    many = [an_account(f"many{n}", n) for n in range(4)]
    note(Account.objects.get(login="many2"), "first")
    with pytest.raises(ChangedMeanwhile), transaction.atomic():
        journal.record_many(many, "failed", by=MEI, values=[{"failures": 9}] * 4)
    assert set(Account.objects.values_list("failures", flat=True)) == {0}
    assert JournalLine.objects.filter(verb="failed").count() == 0
    assert seals.verify().faults == []


@pytest.mark.django_db
def test_the_lines_of_what_was_withdrawn_stay_and_are_still_counted() -> None:
    many = [an_account(f"many{n}", n) for n in range(3)]
    kept, gone = many[0], many[1:]
    with transaction.atomic():
        journal.withdraw_many(gone, "import-undone", by=MEI)
    assert list(Account.objects.all()) == [kept]
    assert JournalLine.objects.count() == 5
    assert seals.verify().faults == []
    JournalLine.objects.filter(verb="import-undone", subject=ids.numbered(gone[0].pk)).delete()
    assert seals.verify().faults == [f"account/{ids.numbered(gone[0].pk)}: lines 2–2 were cut off"]


@pytest.mark.django_db(transaction=True)
def test_no_way_of_writing_lines_works_outside_a_transaction() -> None:
    account = an_account()
    fresh = Account(login="otto", person=8, password="!")
    ways: list[Callable[[], object]] = [
        lambda: journal.record(account, "x", by=MEI),
        lambda: journal.record_many([account], "x", by=MEI, values=[{}]),
        lambda: journal.withdraw_many([account], "x", by=MEI),
        lambda: journal.begin_many([fresh], "x", by=MEI),
    ]
    for way in ways:
        with pytest.raises(transaction.TransactionManagementError):
            way()
    assert (Account.objects.count(), JournalLine.objects.count()) == (1, 1)


_WORDS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12)
_NAMES = st.text(alphabet="abc_经纬", max_size=6)
_CODES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**62), 2**62) | _WORDS,
    lambda inside: st.lists(inside, max_size=3) | st.dictionaries(_NAMES, inside, max_size=3),
    max_leaves=8,
)


@given(
    details=st.lists(st.dictionaries(st.text(alphabet="abc_-", max_size=8), _CODES, max_size=4), max_size=6)
)
@examples(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@pytest.mark.django_db
def test_what_is_read_back_has_the_hash_of_what_was_written(details: list[dict[str, Any]]) -> None:
    subject = ids.new_id()
    for detail in details:
        journal.record_apart("reading", subject, "noted", by=MEI, detail=detail)
    lines = JournalLine.objects.filter(subject=subject).order_by("seq")
    assert [line.detail for line in lines] == details
    assert seals.verify().faults == []


# ---------------------------------------------------------------- no personal value


def _every_scenario() -> list[tuple[str, Scenario]]:
    found = []
    for folder in check.folders():
        playbook, _ = library.read_folder(folder)
        assert playbook is not None
        found += [(playbook.procedure.procedure, scenario) for scenario in scenarios.of(playbook)]
    return found


@pytest.mark.parametrize(
    ("procedure", "scenario"), _every_scenario(), ids=lambda x: x if isinstance(x, str) else x.name
)
def test_no_line_holds_what_people_entered(procedure: str, scenario: Scenario, stage: Stage) -> None:
    scenarios.play(scenario, library.in_force(procedure), stage)
    entered = {text for value in _entered() for text in _texts(value)}
    assert entered
    said = [
        json.dumps([line.verb, line.detail], ensure_ascii=False)
        for line in JournalLine.objects.exclude(kind="procedure")
    ]
    for text in entered:
        for form in (text, *_hashes(text)):
            assert [line for line in said if form in line] == []


def _entered() -> Iterator[Any]:
    """Every L1 value of the actions, and every sealed one."""
    for action in CaseAction.objects.select_related("case"):
        fields = library.version(action.case.version_id).procedure.fields
        yield from (value for name, value in action.values.items() if fields[name].level != "L0")
    for box in SealedValue.objects.all():
        yield sealed.unseal(box, sealed.case_key(box.case))
    yield from Case.objects.exclude(title="").values_list("title", flat=True)


def _texts(value: Any) -> Iterator[str]:
    """The texts in a value: words, numbers of a point, ids of pictures; not an area's number, which is L0."""
    if isinstance(value, dict):
        yield from (
            text
            for name, inside in value.items()
            if name not in ("area", "source")
            for text in _texts(inside)
        )
    elif isinstance(value, list):
        yield from (text for inside in value for text in _texts(inside))
    elif isinstance(value, (str, float)) and len(str(value)) > 1:
        yield str(value)


def _hashes(text: str) -> Iterator[str]:
    for make in (hashlib.md5, hashlib.sha1, hashlib.sha256, hashlib.blake2b):
        digest = make(text.encode()).digest()
        yield digest.hex()[:16]
        yield base64.b64encode(digest).decode()[:12]


# ---------------------------------------------------------------- changed by hand


@pytest.fixture
def sealed_journal(db: None) -> list[Account]:
    """Two subjects with three and two lines, and readings beside them, all under one seal."""
    mei, otto = an_account("mei", 7), an_account("otto", 8)
    note(mei, "token-issued", token=5, assignment=70)
    note(otto, "sessions-ended", sessions=2)
    note(mei, "sessions-ended", sessions=1)
    case = ids.new_id()
    for purpose in ("audit", "complaint"):
        journal.record_apart(
            "reading", case, "revealed", by=MEI, detail={"field": "contact", "purpose": purpose}
        )
    seals.seal()
    assert seals.verify() == seals.Finding(lines=7, subjects=3, seals=1)
    return [mei, otto]


def _faults_after(*statements: tuple[str, list[Any]]) -> list[str]:
    """What is found after these statements; they are taken back."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            for statement, params in statements:
                cursor.execute(statement, params)
        faults = seals.verify().faults
        transaction.set_rollback(True)
    return faults


def _set(columns: str) -> str:
    return f"UPDATE kernel_journalline SET {columns} WHERE id = %s"  # noqa: S608


COLUMNS = [field.column for field in JournalLine._meta.concrete_fields]


@pytest.mark.parametrize("column", COLUMNS)
def test_a_changed_column_of_any_line_is_found_and_named(column: str, sealed_journal: list[Account]) -> None:
    for line in JournalLine.objects.all():
        value = getattr(line, column)
        for new in _changed(JournalLine._meta.get_field(column), value):
            cast = "::jsonb" if column == "detail" and connection.vendor == "postgresql" else ""
            faults = _faults_after((_set(f"{column} = %s{cast}"), [new, line.pk]))
            assert faults, f"{column} of row {line.pk}: {value!r} → {new!r}"
            if column == "id":
                assert any(f"row {new}" in fault or "seal 1" in fault for fault in faults)
            else:
                assert any(f"(row {line.pk}, " in fault for fault in faults), faults


def _changed(field: Any, value: Any) -> Iterable[Any]:
    """The value with a little of it changed, as the database takes it."""
    if isinstance(field, models.UUIDField):
        return [_uuid(UUID(int=(value or UUID(int=0)).int ^ bit)) for bit in (1 << 40, 1 << 127)]
    if isinstance(field, models.DateTimeField):
        return [
            field.get_db_prep_save(value + step, connection)
            for step in (timedelta(microseconds=1), timedelta(hours=-8))
        ]
    if isinstance(field, models.JSONField):
        text = json.dumps(value)
        return [text[:-1] + ', "x": 1}' if value else '{"x": 1}', "{}" if value else '{"": 0}']
    if isinstance(field, models.BinaryField):
        return [bytes([value[0] ^ 1]) + bytes(value[1:]), bytes(value[:-1]), b""]
    if isinstance(field, (models.CharField, models.TextField)):
        return [value[:-1] + chr(ord(value[-1]) ^ 1), value[:-1], value.upper()]
    return [100_000 if value is None else value + 100_000]


@pytest.mark.skipif(
    connection.vendor == "postgresql", reason="PostgreSQL stores values, not the letters they were typed in"
)
def test_a_changed_letter_anywhere_in_a_text_is_found(sealed_journal: list[Account]) -> None:
    second = JournalLine.objects.order_by("pk")[2]
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA ignore_check_constraints = ON")  # as somebody who changes the file itself
        for column in ("kind", "subject", "happened_at", "recorded_at", "actor_kind", "verb", "detail"):
            as_text = f"SELECT CAST({column} AS text) FROM kernel_journalline WHERE id = %s"  # noqa: S608
            cursor.execute(as_text, [second.pk])
            text = cursor.fetchone()[0]
            for place in range(len(text)):
                for bit in (1, 32):
                    other = text[:place] + chr(ord(text[place]) ^ bit) + text[place + 1 :]
                    faults = _faults_after((_set(f"{column} = %s"), [other, second.pk]))
                    assert any(f"(row {second.pk}, " in fault for fault in faults), (column, text, other)
        cursor.execute("PRAGMA ignore_check_constraints = OFF")


def test_a_line_taken_out_of_the_middle_is_found(sealed_journal: list[Account]) -> None:
    mei, _ = sealed_journal
    middle = journal.lines_of(mei)[1]
    faults = _faults_after(("DELETE FROM kernel_journalline WHERE id = %s", [middle.pk]))
    assert faults[0].startswith(f"account/{ids.numbered(mei.pk)}: line 2 is missing before line 3")
    assert faults[1] == f"seal 1: lines 1–{_last()} are not as they were sealed (7 then, 6 now)"


@pytest.mark.parametrize(
    "swapped", [["seq"], ["verb", "detail", "hash"], ["seq", "hash"], ["seq", "verb", "detail", "hash"]]
)
def test_two_lines_changing_places_are_found(swapped: list[str], sealed_journal: list[Account]) -> None:
    one, other = journal.lines_of(sealed_journal[0])[1:]
    aside = (_set("seq = 99"), [one.pk])
    sets = ", ".join(
        f"{column} = %s" + ("::jsonb" if column == "detail" and connection.vendor == "postgresql" else "")
        for column in swapped
    )

    def values(line: JournalLine) -> list[Any]:
        return [
            json.dumps(line.detail) if column == "detail" else getattr(line, column) for column in swapped
        ]

    faults = _faults_after(
        aside,
        (_set(sets), [*values(one), other.pk]),
        (_set(sets), [*values(other), one.pk]),
        *([] if "seq" in swapped else [(_set("seq = %s"), [one.seq, one.pk])]),
    )
    assert any(f"account/{ids.numbered(sealed_journal[0].pk)}: line " in fault for fault in faults)


def test_last_lines_cut_off_are_missed_by_the_row_they_are_about(sealed_journal: list[Account]) -> None:
    mei, _ = sealed_journal
    faults = _faults_after(
        ("DELETE FROM kernel_journalline WHERE kind = 'account' AND subject = %s AND seq > 1", [_raw(mei)])
    )
    assert f"account/{ids.numbered(mei.pk)}: lines 2–3 were cut off" in faults


def test_last_lines_cut_off_with_the_row_set_back_are_missed_by_the_seal(
    sealed_journal: list[Account],
) -> None:
    mei, _ = sealed_journal
    first = journal.lines_of(mei)[0]
    set_back = "UPDATE kernel_account SET journal_count = 1, journal_head = %s WHERE id = %s"
    faults = _faults_after(
        ("DELETE FROM kernel_journalline WHERE kind = 'account' AND subject = %s AND seq > 1", [_raw(mei)]),
        (set_back, [bytes(first.hash), mei.pk]),
    )
    last = max(_last(), JournalLine.objects.order_by("-pk")[0].pk)
    assert faults == [
        f"seal 1: lines 1–{last} are not as they were sealed (7 then, 5 now): account/{ids.numbered(mei.pk)}"
    ]


def test_a_subject_that_is_gone_is_found(sealed_journal: list[Account]) -> None:
    _, otto = sealed_journal
    name = f"account/{ids.numbered(otto.pk)}"
    row = ("DELETE FROM kernel_account WHERE id = %s", [otto.pk])
    lines = ("DELETE FROM kernel_journalline WHERE kind = 'account' AND subject = %s", [_raw(otto)])
    assert _faults_after(row) == [f"{name}: has lines, but the row they are about is gone"]
    assert _faults_after(lines)[0] == f"{name}: lines 1–2 were cut off"
    assert _faults_after(row, lines) == [
        f"seal 1: lines 1–{_last()} are not as they were sealed (7 then, 5 now): {name}"
    ]
    assert (
        "has lines, but the row they are about is gone"
        in _faults_after(("DELETE FROM kernel_journalhead", []))[0]
    )


def test_a_row_that_says_too_little_is_found(sealed_journal: list[Account]) -> None:
    mei, _ = sealed_journal
    for statement in ("SET journal_count = 0", "SET journal_count = 2", "SET journal_head = %s"):
        params: list[Any] = [b"\0" * 32] if "%s" in statement else []
        faults = _faults_after((f"UPDATE kernel_account {statement} WHERE id = %s", [*params, mei.pk]))
        assert len(faults) == 1
        assert faults[0].startswith(f"account/{ids.numbered(mei.pk)}: its row says ")


def test_a_story_written_anew_with_right_hashes_is_found_and_named(sealed_journal: list[Account]) -> None:
    """Somebody with every right on the database, but without the key."""
    mei, _ = sealed_journal
    with transaction.atomic():
        head = b""
        for line in journal.lines_of(mei):
            line.person = 8
            line.hash = head = journal.digest(line, head)
            line.save()
        Account.objects.filter(pk=mei.pk).update(journal_head=head)
        faults = seals.verify().faults
        transaction.set_rollback(True)
    assert len(faults) == 1
    assert faults[0].startswith("seal 1: ")
    assert faults[0].endswith(f": account/{ids.numbered(mei.pk)}")


def test_a_forged_line_lies_in_the_span_that_is_not_sealed(sealed_journal: list[Account]) -> None:
    mei, _ = sealed_journal
    sealed_until = _last()
    forged = journal.next_line(mei, "account-closed", by=MEI)
    rows.insert(forged)
    Account.objects.filter(pk=mei.pk).update(journal_count=mei.journal_count, journal_head=mei.journal_head)
    found = seals.verify()
    assert found.unsealed is not None
    assert found.unsealed[0] == sealed_until + 1
    assert found.unsealed[1] >= sealed_until + 1


def test_a_line_slipped_under_a_seal_is_found(sealed_journal: list[Account]) -> None:
    mei, _ = sealed_journal
    last = JournalLine.objects.order_by("-pk")[0]
    slipped = journal.next_line(mei, "account-closed", by=MEI)
    rows.insert(slipped)
    Account.objects.filter(pk=mei.pk).update(journal_count=mei.journal_count, journal_head=mei.journal_head)
    moved = _set("id = %s")
    newest = JournalLine.objects.order_by("-pk")[0].pk
    # the last line makes room: the new one takes its number within the sealed span
    faults = _faults_after((moved, [newest + 1, last.pk]), (moved, [last.pk, newest]))
    assert any("seal 1" in fault and f"account/{ids.numbered(mei.pk)}" in fault for fault in faults)


def _raw(account: Account) -> Any:
    return _uuid(ids.numbered(account.pk))


def _uuid(value: UUID) -> Any:
    return value if connection.vendor == "postgresql" else value.hex


def _last() -> int:
    """Where the first seal ends."""
    return int(Seal.objects.get(number=1).last_line)
