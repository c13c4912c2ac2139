"""Units, posts and people: who sits where from when to when, what changes keep, and what leaving ends."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.db import connection

from jingwei.engine import actions
from jingwei.engine.models import Case
from jingwei.engine.stage import Stage
from jingwei.kernel import accounts, ids, journal, moments, outbox, seals
from jingwei.kernel.actors import Party
from jingwei.kernel.models import Account, OutboxRow
from jingwei.kernel.moments import today
from jingwei.kernel.refusals import Refused
from jingwei.registry import areas, people
from jingwei.registry.models import (
    Area,
    Assignment,
    Organisation,
    OrganisationArea,
    OrganisationVersion,
    Person,
    Post,
)

from .conftest import Town

FRIDAY = datetime.fromisoformat("2026-11-20T09:00:00+08:00")


def day(number: int) -> date:
    """A day of that November."""
    return date(2026, 11, number)


@pytest.fixture
def post(town: Town) -> Post:
    return town.post("grid_worker", town.area("9911"))


# ---------------------------------------------------------------- sitting


def test_somebody_is_put_into_a_post(town: Town, post: Post) -> None:
    person = town.person()
    with moments.at(FRIDAY):
        row = people.assign(person, post, by=town.by, basis="任命〔2026〕3号")
    row.refresh_from_db()
    assert (row.person, row.post, row.starts, row.ends, row.substitute, row.basis) == (
        person,
        post,
        day(20),
        None,
        False,
        "任命〔2026〕3号",
    )
    line = journal.lines_of(row)[0]
    assert (line.verb, line.detail) == ("assigned", {"person": person.pk, "post": post.pk})
    effect = OutboxRow.objects.get()
    assert (effect.effect, effect.payload, effect.due_at) == ("take_over", {"post": post.pk}, FRIDAY)


def test_a_post_is_shared_unless_it_is_one_persons(town: Town) -> None:
    shared, own = (
        town.post("grid_worker", town.area(code), exclusive=exclusive)
        for code, exclusive in (("9911", False), ("9912", True))
    )
    town.sit(shared)
    town.sit(shared)
    town.sit(own)
    with pytest.raises(Refused) as no:
        town.sit(own)
    assert no.value.codes == ("seat-taken:post",)
    town.sit(own, substitute=True)  # standing in is a seat of its own
    with pytest.raises(Refused, match="seat-taken"):
        town.sit(own, substitute=True)


@pytest.mark.parametrize(
    ("starts", "ends", "fits"),
    [
        (1, 10, True),  # ends on the day the other begins
        (1, 11, False),
        (10, 20, False),
        (12, 15, False),
        (1, 30, False),
        (19, 25, False),
        (20, 25, True),  # begins on the day after the other's last
        (1, None, False),
        (20, None, True),
    ],
)
def test_two_times_in_one_exclusive_seat_never_overlap(
    starts: int, ends: int | None, fits: bool, town: Town
) -> None:
    post = town.post("grid_worker", town.area("9911"), exclusive=True)
    town.sit(post, starts=day(10), ends=day(20))
    new: dict[str, Any] = {"starts": day(starts), "ends": day(ends) if ends else None}
    if fits:
        town.sit(post, **new)
    else:
        with pytest.raises(Refused, match="seat-taken"):
            town.sit(post, **new)


def test_nobody_sits_twice_in_one_post_at_a_time(town: Town, post: Post) -> None:
    mei = town.person()
    town.sit(post, mei, starts=day(1), ends=day(10))
    with pytest.raises(Refused, match="already-assigned"):
        town.sit(post, mei, starts=day(9))
    with pytest.raises(Refused, match="already-assigned"):
        town.sit(post, mei, starts=day(9), substitute=True)
    town.sit(post, mei, starts=day(10))


def test_every_reason_why_somebody_cannot_sit_there(town: Town) -> None:
    post = town.post("grid_worker", town.area("9911"), exclusive=True)
    mei = town.person()
    town.sit(post, mei, starts=day(1))
    post.valid_to = day(15)
    post.save()
    mei.left_at = day(10)
    mei.save()
    with pytest.raises(Refused) as no:
        town.sit(post, mei, starts=day(20), ends=day(20), basis="x" * 121)
    assert no.value.codes == (
        "too-long:basis",
        "ends-before-start:ends",
        "post-ended:post",
        "person-left:person",
        "seat-taken:post",
        "already-assigned:person",
    )
    assert Assignment.objects.count() == 1


def test_of_many_who_are_put_into_one_seat_at_once_one_gets_it(transactional_db: None) -> None:
    if connection.vendor == "sqlite":
        pytest.skip("SQLite has one writer at a time, and its test database lives in one connection")
    town = Town()
    post = town.post("grid_worker", town.area("9911"), exclusive=True)
    persons = [town.person() for _ in range(4)]
    ready = threading.Barrier(len(persons))
    said: list[str] = []

    def sit(person: Person) -> None:
        try:
            ready.wait(timeout=20)
            people.assign(person, Post.objects.get(pk=post.pk), by=town.by)
            said.append("sits")
        except Refused as no:
            said.append(str(no))
        finally:
            connection.close()

    threads = [threading.Thread(target=sit, args=(person,)) for person in persons]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    assert sorted(said) == ["seat-taken:post"] * 3 + ["sits"]
    assert Assignment.objects.count() == 1


# ---------------------------------------------------------------- ending, handing over


def test_an_assignment_ends_on_the_day_after_its_last(town: Town, post: Post) -> None:
    row = town.sit(post)
    with moments.at(FRIDAY):
        people.end_assignment(row, by=town.by)
    row.refresh_from_db()
    assert row.ends == day(20)
    assert journal.lines_of(row)[-1].verb == "assignment-ended"
    effect = OutboxRow.objects.get(effect="hand_over")
    assert (effect.payload, effect.due_at) == ({"post": post.pk}, FRIDAY)


def test_an_end_that_lies_ahead_hands_over_when_its_day_has_come(town: Town, post: Post) -> None:
    with moments.at(FRIDAY):
        row = people.end_assignment(town.sit(post), by=town.by, on=day(30))
        planned = town.sit(post, ends=day(25))
    midnights = {effect.due_at for effect in OutboxRow.objects.filter(effect="hand_over")}
    assert midnights == {datetime(2026, 11, 29, 16, tzinfo=UTC), datetime(2026, 11, 24, 16, tzinfo=UTC)}
    assert (row.ends, planned.ends) == (day(30), day(25))


def test_every_reason_why_an_assignment_cannot_end(town: Town, post: Post) -> None:
    row = town.sit(post, starts=day(10), ends=day(20))
    with pytest.raises(Refused, match="ends-before-start"):
        people.end_assignment(row, by=town.by, on=day(9))
    for on in (day(20), day(25)):  # an end is not a way to sit longer
        with pytest.raises(Refused, match="assignment-ended"):
            people.end_assignment(row, by=town.by, on=on)
    people.end_assignment(row, by=town.by, on=day(15))  # earlier than planned
    row.refresh_from_db()
    assert row.ends == day(15)
    people.end_assignment(row, by=town.by, on=day(10))  # taken back before it began
    assert not Assignment.objects.filter(ends__gt=day(10)).exists()


def test_open_work_goes_on_to_the_next_seat_when_the_last_one_leaves(stage: Stage, city_folder: Any) -> None:
    with moments.at(FRIDAY):
        case = actions.take_in(
            ids.new_id(),
            "grid_event",
            {"description": "路灯不亮", "place": {"area": stage.areas["grid"].code}},
            by=Party(),
            source="resident",
            bound_to="portal",
        ).case
        assert case.owner_post == stage.posts["acceptor"].pk
        people.assign(
            stage.people["stranger"], stage.posts["acceptor"], by=Party(), substitute=True, ends=day(25)
        )
        people.end_assignment(stage.assignments["acceptor"], by=Party(), on=day(23))
        _work()
        assert Case.objects.get().owner_post == stage.posts["acceptor"].pk
    with moments.at(FRIDAY.replace(day=23)):  # somebody stands in: nothing moves
        _work()
        assert Case.objects.get().owner_post == stage.posts["acceptor"].pk
    with moments.at(FRIDAY.replace(day=25)):  # and is gone
        _work()
        found = Case.objects.get()
        assert found.owner_post == stage.posts["dispatcher"].pk
        assert (found.state, found.owner_role) == ("reported", "acceptor")
    assert seals.verify().faults == []


@pytest.mark.parametrize("place", [{"words": "泉城广场"}, {"area": "grid"}])
def test_what_nobody_answered_for_goes_to_the_first_who_does(
    stage: Stage, city_folder: Any, place: dict[str, str]
) -> None:
    """In a city that has hardly anybody yet a report waits for a seat, until the day somebody sits in it."""
    if "area" in place:
        place = {"area": stage.areas["grid"].code}
    with moments.at(FRIDAY):
        Assignment.objects.update(ends=day(1))
        report = {"description": "路灯不亮", "place": place}
        case = actions.take_in(
            ids.new_id(), "grid_event", report, by=Party(), source="resident", bound_to="portal"
        ).case
        assert (case.owner_role, case.owner_post) == ("acceptor", None)
        desk = people.make_post("intake_desk", by=Party(), area=stage.areas["city"])
        people.assign(stage.people["stranger"], desk, by=Party(), starts=day(22))
        _work()
        assert Case.objects.get().owner_post is None
    with moments.at(FRIDAY.replace(day=22)):
        _work()
        found = Case.objects.get()
        assert (found.owner_post, found.state, found.seq) == (desk.pk, "reported", 2)
        _work()
        assert Case.objects.get().seq == 2
    assert seals.verify().faults == []


def test_a_seat_elsewhere_takes_nothing_over(stage: Stage, city_folder: Any) -> None:
    with moments.at(FRIDAY):
        Assignment.objects.update(ends=day(1))
        report = {"description": "路灯不亮", "place": {"words": "泉城广场"}}
        actions.take_in(ids.new_id(), "grid_event", report, by=Party(), source="resident", bound_to="portal")
        people.assign(stage.people["stranger"], stage.posts["acceptor"], by=Party())  # of a street
        _work()
        assert Case.objects.get().owner_post is None


def _work() -> None:
    while outbox.work_off():
        pass


def test_leaving_ends_every_seat_the_account_and_the_photo(town: Town, post: Post, city_folder: Any) -> None:
    mei = town.person("沈玉", work_phone="62130001")
    account, _ = accounts.open_account("mei", mei.pk, by=town.by)
    other = town.post("acceptor", Area.objects.get())
    with moments.at(FRIDAY):
        now = town.sit(post, mei)
        planned = town.sit(other, mei, ends=day(30))
        later = town.sit(other, mei, starts=day(30))
        over = town.sit(town.post("grid_chief", Area.objects.get()), mei, ends=day(1))
        people.leave(mei, by=town.by)
    for row, ends in ((now, day(20)), (planned, day(20)), (later, day(30)), (over, day(1))):
        row.refresh_from_db()
        assert row.ends == ends
    assert later.starts == later.ends  # it never began
    mei.refresh_from_db()
    assert (mei.left_at, mei.work_phone, mei.photo, mei.name) == (day(20), "", None, "沈玉")
    account.refresh_from_db()
    assert account.is_active is False
    assert "62130001" not in str([line.detail for line in journal.lines_of(mei)])
    assert seals.verify().faults == []


def test_somebody_without_account_or_seat_can_leave_too(town: Town) -> None:
    mei, otto = town.person(), town.person()
    accounts.open_account("otto", otto.pk, by=town.by)
    people.leave(mei, by=town.by)
    people.leave(mei, by=town.by)
    mei.refresh_from_db()
    assert mei.left_at == today()
    assert Account.objects.get().is_active is True


# ---------------------------------------------------------------- people


def test_somebody_is_taken_on_with_a_number_of_their_own(town: Town) -> None:
    mei = town.person(" 沈玉 ", staff_no="J0001")
    assert mei.name == "沈玉"
    for facts, reasons in (
        ({"staff_no": "J0001"}, ("code-used:staff_no",)),
        ({"staff_no": "x" * 25, "name": " "}, ("too-long:staff_no", "missing:name")),
        ({"name": "沈\0玉"}, ("control-signs:name",)),
        ({"work_phone": "1" * 25}, ("too-long:work_phone",)),
    ):
        with pytest.raises(Refused) as no:
            town.person(**facts)
        assert no.value.codes == reasons
    assert Person.objects.count() == 1


def test_a_change_of_a_card_says_which_columns_and_never_what(town: Town) -> None:
    mei, unit = town.person("沈玉"), town.unit()
    people.change_person(mei, by=town.by, name="沈钰", work_phone="62130001", organisation_id=unit.pk)
    people.change_person(mei, by=town.by, name="沈钰")
    lines = journal.lines_of(mei)
    assert [line.detail for line in lines] == [{}, {"columns": ["name", "organisation_id", "work_phone"]}]
    mei.refresh_from_db()
    assert (mei.name, mei.organisation) == ("沈钰", unit)
    for wrong, reason in (({"name": " "}, "missing:name"), ({"name": "长" * 61}, "too-long:name")):
        with pytest.raises(Refused) as no:
            people.change_person(mei, by=town.by, **wrong)
        assert no.value.codes == (reason,)


# ---------------------------------------------------------------- posts


def test_a_post_has_a_title_that_says_where(town: Town) -> None:
    place, unit = town.area("9911", name="经州市"), town.unit(short_name="市政中心")
    assert town.post("intake_desk", place).title == "经州市市受理台"
    assert town.post("handler", unit).title == "市政中心承办联络员"
    assert town.post("handler", unit, title="值班电话").title == "值班电话"


def test_every_reason_why_a_post_cannot_be_made(town: Town) -> None:
    with pytest.raises(Refused) as no:
        people.make_post("unheard_of", by=town.by, title="x" * 81)
    assert no.value.codes == ("too-long:title", "unknown-role:role", "missing:area")
    assert Post.objects.count() == 0


# ---------------------------------------------------------------- units


def test_a_unit_knows_its_way_up(town: Town) -> None:
    bureau = town.unit("A")
    office = town.unit("B", parent=bureau)
    team = town.unit("C", parent=office)
    assert [unit.path for unit in (bureau, office, team)] == [
        f"/{bureau.pk}/",
        f"/{bureau.pk}/{office.pk}/",
        f"/{bureau.pk}/{office.pk}/{team.pk}/",
    ]
    with pytest.raises(Refused) as no:
        town.unit("A", name=" ")
    assert no.value.codes == ("code-used:code", "missing:name")
    with pytest.raises(Refused) as no:
        town.unit("x" * 33, name="长" * 121)
    assert no.value.codes == ("too-long:code", "too-long:name")


def test_a_moved_unit_takes_everything_below_it_along(town: Town) -> None:
    one, two = town.unit("1"), town.unit("2")
    office = town.unit("1A", parent=one)
    team = town.unit("1A1", parent=office)
    person = town.unit("1A1a", parent=team)
    beside = town.unit("1B", parent=one)
    people.change_organisation(office, by=town.by, parent_id=two.pk)
    paths = dict(Organisation.objects.values_list("code", "path"))
    assert paths == {
        "1": f"/{one.pk}/",
        "2": f"/{two.pk}/",
        "1A": f"/{two.pk}/{office.pk}/",
        "1A1": f"/{two.pk}/{office.pk}/{team.pk}/",
        "1A1a": f"/{two.pk}/{office.pk}/{team.pk}/{person.pk}/",
        "1B": f"/{one.pk}/{beside.pk}/",
    }
    people.change_organisation(Organisation.objects.get(pk=office.pk), by=town.by, parent_id=None)
    assert Organisation.objects.get(pk=person.pk).path == f"/{office.pk}/{team.pk}/{person.pk}/"
    assert seals.verify().faults == []


def test_a_path_that_only_begins_alike_is_left_alone(town: Town) -> None:
    """Unit 1's subtree is not that of units 10 to 19."""
    units = [town.unit(f"U{n}") for n in range(12)]
    first = units[0]
    alike = [unit for unit in units[1:] if str(unit.pk).startswith(str(first.pk))]
    town.unit("below", parent=units[-1])
    before = dict(Organisation.objects.exclude(pk=first.pk).values_list("pk", "path"))
    people.change_organisation(first, by=town.by, parent_id=units[1].pk)
    assert dict(Organisation.objects.exclude(pk=first.pk).values_list("pk", "path")) == before
    assert alike or first.pk > 1


def test_no_unit_stands_under_itself(town: Town) -> None:
    one = town.unit("1")
    below = town.unit("1A", parent=one)
    for parent in (one, below):
        with pytest.raises(Refused, match="under-itself"):
            people.change_organisation(one, by=town.by, parent_id=parent.pk)
    one.refresh_from_db()
    assert (one.parent, one.path) == (None, f"/{one.pk}/")


def test_every_old_value_of_a_unit_stays_with_who_changed_it_and_when(town: Town) -> None:
    place = town.area("9911")
    unit = town.unit("A", name="市政处", phone="1")
    with moments.at(FRIDAY):
        people.change_organisation(unit, by=town.by, name="市政养护中心", area_id=place.pk, order=5)
        people.change_organisation(unit, by=town.by, name="市政养护中心")
        people.change_organisation(unit, by=town.by, name="市政中心", phone="")
    kept = OrganisationVersion.objects.filter(organisation=unit).order_by("line", "column")
    assert [(v.column, v.old, v.new, v.person, v.line, v.changed_at) for v in kept] == [
        ("area_id", "", str(place.pk), 1, 2, FRIDAY),
        ("name", "市政处", "市政养护中心", 1, 2, FRIDAY),
        ("name", "市政养护中心", "市政中心", 1, 3, FRIDAY),
        ("phone", "1", "", 1, 3, FRIDAY),
    ]
    assert [line.detail for line in journal.lines_of(unit)[1:]] == [
        {"columns": ["area_id", "name", "order"]},
        {"columns": ["name", "phone"]},
    ]
    with pytest.raises(Refused, match="too-long"):
        people.change_organisation(unit, by=town.by, name="长" * 121)


def test_a_unit_works_in_areas_and_a_second_of_its_kind_says_why(town: Town) -> None:
    root = town.area("9911")
    grids = [town.area(f"991101001001{n:03}", root) for n in range(1, 4)]
    branch, second, firm = (
        town.unit("P1", kind="party_branch"),
        town.unit("P2", kind="party_branch"),
        town.unit("W1", kind="property_firm"),
    )
    assert people.link_to_areas(branch, grids[:2], by=town.by) == 2
    assert people.link_to_areas(branch, grids[:2], by=town.by) == 0
    assert people.link_to_areas(firm, grids, by=town.by) == 3  # of another kind
    with pytest.raises(Refused) as no:
        people.link_to_areas(second, grids, by=town.by)
    assert (no.value.codes, no.value.reasons[0].values) == (
        ("linked-already",),
        {"codes": [grid.code for grid in grids[:2]]},
    )
    assert [area.code for area in people.areas_without("party_branch")] == [grids[2].code]
    assert people.link_to_areas(second, grids, by=town.by, reason="流动党员支部") == 3
    assert people.areas_without("party_branch") == []
    assert set(OrganisationArea.objects.filter(organisation=second).values_list("reason", flat=True)) == {
        "流动党员支部"
    }
    people.unlink_area(second, grids[2], by=town.by)
    assert [area.code for area in people.areas_without("party_branch")] == [grids[2].code]
    assert [area.code for area in people.areas_without("party_branch", area_kind="city")] == ["9911"]
    assert [area.code for area in people.areas_without("party_branch", under=grids[2].code[:6])] == [
        grids[2].code
    ]
    assert people.areas_without("party_branch", under="991199") == []


def test_a_unit_ends_when_nothing_stands_below_it(town: Town) -> None:
    unit = town.unit("A")
    below = town.unit("B", parent=unit)
    post = town.post("handler", unit)
    with pytest.raises(Refused) as no:
        people.end_organisation(unit, by=town.by)
    assert no.value.codes == ("has-units-below", "has-posts")
    people.end_organisation(below, by=town.by)
    post.valid_to = today()
    post.save()
    people.end_organisation(unit, by=town.by, on=today() - timedelta(days=1))
    assert [why.code for why in people.why_not_end(unit)] == ["unit-ended"]
    assert unit.valid_to == today() - timedelta(days=1)


def test_areas_of_ended_units_count_as_without(town: Town) -> None:
    grid = town.area("991101001001001", town.area("9911"))
    unit = town.unit("A", kind="party_branch")
    people.link_to_areas(unit, [grid], by=town.by)
    people.end_organisation(unit, by=town.by)
    assert people.areas_without("party_branch") == [grid]
    areas.end_area(grid, by=town.by)
    assert people.areas_without("party_branch") == []


def test_a_list_of_posts_is_not_read_one_by_one(
    town: Town, post: Post, django_assert_num_queries: Callable[[int], Any]
) -> None:
    for _ in range(5):
        town.sit(post)
    with django_assert_num_queries(1):
        assert len([str(row) for row in Assignment.objects.select_related("person", "post")]) == 5
