"""The field through the doors its people use: today, a task and its moves, reporting, my grid, me."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from PIL import Image

from jingwei.engine import actions, library
from jingwei.engine.models import Case, CaseAction, Task
from jingwei.engine.stage import Stage
from jingwei.kernel import accounts, files, ids, moments, versions
from jingwei.kernel.actors import SYSTEM, Party
from jingwei.kernel.models import Attachment
from jingwei.kernel.refusals import Refused
from jingwei.registry import areas, people
from jingwei.registry.models import Assignment, Person
from jingwei.registry.staff import as_staff
from jingwei.web import words
from jingwei.web.field import task as task_page
from jingwei.web.field.phrases import phrases

PASSWORD = "Wege-und-Faden-7"
MORNING = datetime(2026, 11, 20, 2, 0, tzinfo=UTC)  # Friday, 10:00 in Shanghai


@dataclass
class Doors:
    """The stage, and a browser for everybody on it who asked for one."""

    stage: Stage
    clients: dict[str, Client] = field(default_factory=dict)

    def of(self, name: str) -> Client:
        """Somebody's browser, signed in."""
        if name not in self.clients:
            self.clients[name] = enter(self.stage.people[name])
        return self.clients[name]


@pytest.fixture(autouse=True)
def _morning() -> Iterator[None]:
    with moments.at(MORNING):
        yield


@pytest.fixture
def doors(stage: Stage) -> Doors:
    return Doors(stage)


def enter(person: Person) -> Client:
    """Open an account and sign in by the form."""
    login = f"field-{person.pk}"
    accounts.open_account(login, person.pk, by=SYSTEM, password=PASSWORD)
    client = Client()
    answer = client.post(reverse("sign-in"), {"login": login, "password": PASSWORD})
    assert answer.status_code == 302, answer.content.decode()
    return client


def picture(shade: int = 90, name: str = "photo.jpg") -> SimpleUploadedFile:
    made = io.BytesIO()
    Image.new("RGB", (64, 48), (shade, 120, 90)).save(made, "JPEG")
    return SimpleUploadedFile(name, made.getvalue(), "image/jpeg")


def stored(case: Case, shade: int = 30) -> list[str]:
    return [str(files.take_picture(case.pk, io.BytesIO(picture(shade).read())).pk)]


# ---------------------------------------------------------------- cases on their way


def reported(doors: Doors, *, about: actions.About | None = None, words: str = "井盖翘起来了") -> Case:
    place = {"lon": 117.02, "lat": 33.02, "source": "cgcs2000", "words": "槐安路12号院北门"}
    entered = {"description": words, "place": place}
    taken = actions.take_in(
        ids.new_id(), "grid_event", entered, by=Party(), source="resident", bound_to="test", about=about
    )
    return taken.case


def verifying(doors: Doors, **given: Any) -> Case:
    case = reported(doors, **given)
    return actions.move_case(case, "verify", by=doors.stage.staff("acceptor"))


def dispatched(doors: Doors, **given: Any) -> Case:
    s = doors.stage
    case = reported(doors, **given)
    actions.move_case(
        case, "file", by=s.staff("acceptor"), entered={"class": "0405", "area": s.areas["grid"].code}
    )
    return actions.move_case(
        case, "dispatch", by=s.staff("dispatcher"), entered={"lead_unit": s.units["municipal"].code}
    )


def handling(doors: Doors, **given: Any) -> Case:
    return actions.move_case(dispatched(doors, **given), "sign", by=doors.stage.staff("handler"))


def checking(doors: Doors, **given: Any) -> Case:
    case = handling(doors, **given)
    entered = {"result": "新井盖已换好", "evidence": stored(case)}
    actions.move_case(case, "feed_back", by=doors.stage.staff("handler"), entered=entered)
    return actions.move_case(case, "send_check", by=doors.stage.staff("dispatcher"))


def again(case: Case) -> Case:
    return Case.objects.get(pk=case.pk)


def page_of(client: Client, case: Case) -> str:
    answer = client.get(reverse("field-task", args=[case.pk]))
    assert answer.status_code == 200
    return answer.content.decode()


def form_of(html: str) -> dict[str, Any]:
    """The hidden inputs of the form of one thing to do, as a browser would send them."""
    form = html[html.index('id="act"') :]
    hidden = re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', form)
    return {name: value for name, value in hidden if name != "csrfmiddlewaretoken"}


def do(client: Client, case: Case, kind: str, name: str, **sent: Any) -> Any:
    return client.post(reverse("field-act", args=[case.pk, kind, name]), sent)


def label(case: Case, *path: str) -> str:
    return library.version(case.version_id).text(*path)


# ---------------------------------------------------------------- who may come in


def addresses(case: Case) -> list[str]:
    return [
        *(reverse(f"field-{name}") for name in ("today", "report", "grid", "grid-cases", "me")),
        reverse("field-task", args=[case.pk]),
        reverse("field-act", args=[case.pk, "move", "confirm"]),
        reverse("field-reported", args=[actions.query_code(case.pk)]),
    ]


def test_anybody_who_is_not_signed_in_is_sent_to_sign_in(doors: Doors) -> None:
    for address in addresses(verifying(doors)):
        answer = Client().get(address)
        assert answer.status_code == 302, address
        assert answer["Location"].startswith(reverse("sign-in")), address


@pytest.mark.parametrize("name", ["acceptor", "dispatcher", "intake_desk"])
def test_a_colleague_at_a_desk_finds_no_field(doors: Doors, name: str) -> None:
    case = verifying(doors)
    client = doors.of(name)
    assert [client.get(address).status_code for address in addresses(case)] == [404] * len(addresses(case))
    assert do(client, case, "move", "confirm").status_code == 404


def test_the_right_person_finds_every_page(doors: Doors) -> None:
    case = verifying(doors)
    client = doors.of("worker")
    assert [client.get(address).status_code for address in addresses(case)] == [200] * len(addresses(case))


def test_a_stranger_from_another_district_finds_no_case(doors: Doors) -> None:
    case = checking(doors)
    s = doors.stage
    community = areas.make_area(
        "community", "991104001001", "白浦社区", by=SYSTEM, parent=s.areas["far_street"]
    )
    grid = areas.make_area("grid", "991104001001001", "第一网格", by=SYSTEM, parent=community)
    stranger = people.take_on("F0001", "卫青", by=SYSTEM)
    people.assign(stranger, people.make_post("grid_worker", by=SYSTEM, area=grid), by=SYSTEM)
    client = enter(stranger)
    photo = Attachment.objects.get(case=case.pk)

    assert client.get(reverse("field-task", args=[case.pk])).status_code == 404
    assert do(client, case, "move", "pass", check_photo=picture()).status_code == 404
    assert client.get(reverse("desk-photo", args=[case.pk, photo.pk])).status_code == 404
    for name in ("field-today", "field-grid", "field-grid-cases"):
        assert case.title not in client.get(reverse(name)).content.decode()
    assert again(case).state == "checking"


def test_a_handler_has_no_grid_and_no_tab_for_one(doors: Doors) -> None:
    client = doors.of("handler")
    assert client.get(reverse("field-grid")).status_code == 404
    assert client.get(reverse("field-grid-cases")).status_code == 404
    assert reverse("field-grid") not in client.get(reverse("field-today")).content.decode()
    assert reverse("field-grid") in doors.of("worker").get(reverse("field-today")).content.decode()


def test_a_case_about_the_worker_does_not_exist_for_them(doors: Doors) -> None:
    about = actions.About(person=doors.stage.people["worker"].pk)
    case = verifying(doors, about=about, words="网格员态度不好")
    client = doors.of("worker")
    for name in ("field-today", "field-grid", "field-grid-cases"):
        assert case.title not in client.get(reverse(name)).content.decode(), name
    assert client.get(reverse("field-task", args=[case.pk])).status_code == 404
    assert do(client, case, "move", "confirm", site_photo=picture()).status_code == 404
    other = doors.of("other_worker")
    assert case.title in other.get(reverse("field-today")).content.decode()


# ---------------------------------------------------------------- today


def test_an_empty_day_says_what_would_fill_it(doors: Doors) -> None:
    html = doors.of("worker").get(reverse("field-today")).content.decode()
    assert 'class="loom"' in html
    assert html.count(reverse("field-report")) == 2  # the tab, and the next step that is offered


def test_today_lists_what_waits_the_most_urgent_first(doors: Doors) -> None:
    with moments.at(MORNING - timedelta(days=2)):
        late = verifying(doors, words="昨天就该看的")
    with moments.at(MORNING - timedelta(hours=1)):
        due_today = verifying(doors, words="今天要看的")
    with moments.at(MORNING + timedelta(hours=6)):  # 16:00: four working hours end tomorrow or later
        later = verifying(doors, words="不急的")
    html = doors.of("worker").get(reverse("field-today")).content.decode()
    at = [html.index(one.title) for one in (late, due_today, later)]
    groups = [html.index(f'id="g-{kind}"') for kind in ("late", "today", "later")]
    assert [groups[0], at[0], groups[1], at[1], groups[2], at[2]] == sorted(groups + at)
    assert doors.of("other_worker").get(reverse("field-today")).content.decode().count('class="task"') == 0


def test_a_unit_sees_its_work_and_a_co_handler_what_was_asked(doors: Doors) -> None:
    case = handling(doors)
    s = doors.stage
    actions.give_task(
        case,
        "co_handle",
        by=s.staff("handler"),
        to_unit=s.units["patrol"].pk,
        due_at=MORNING + timedelta(hours=2),
        entered={"what": "围挡并设警示灯"},
    )
    assert case.title in doors.of("handler").get(reverse("field-today")).content.decode()
    html = doors.of("co_handler").get(reverse("field-today")).content.decode()
    assert case.title in html
    assert "围挡并设警示灯" in html
    assert case.title not in doors.of("other_handler").get(reverse("field-today")).content.decode()


def test_my_units_work_in_a_case_about_me_is_not_listed_to_me(doors: Doors) -> None:
    """The unit helps in a case that complains about one of its people: that one must not read of it."""
    s = doors.stage
    case = handling(doors, about=actions.About(person=s.people["co_handler"].pk))
    unit = s.units["patrol"].pk
    actions.give_task(case, "co_handle", by=s.staff("handler"), to_unit=unit, entered={"what": "围挡"})
    colleague = people.take_on("P0002", "沈立", by=SYSTEM, organisation=s.units["patrol"])
    people.assign(colleague, s.posts["co_handler"], by=SYSTEM, substitute=True)
    assert case.title in enter(colleague).get(reverse("field-today")).content.decode()
    assert case.title not in doors.of("co_handler").get(reverse("field-today")).content.decode()


@pytest.fixture
def _remembers(monkeypatch: pytest.MonkeyPatch) -> None:
    """As in a running process: what is kept in memory is not asked for anew at every step."""
    monkeypatch.setattr(versions, "LOOK_EVERY", 60.0)


@pytest.mark.usefixtures("_remembers")
def test_lists_ask_few_questions_however_long_they_are(
    doors: Doors, django_assert_max_num_queries: Any
) -> None:
    for n in range(3):
        verifying(doors, words=f"第{n}件")
    dispatched(doors)
    for name in ("worker", "handler"):
        client = doors.of(name)
        client.get(reverse("field-today"))  # the process has read what it keeps in memory
        with django_assert_max_num_queries(8):
            client.get(reverse("field-today"))
    with django_assert_max_num_queries(5):
        doors.of("worker").get(reverse("field-grid-cases"))
    for n in range(12):
        verifying(doors, words=f"又{n}件")
    with django_assert_max_num_queries(5):
        assert (
            doors.of("worker").get(reverse("field-grid-cases")).content.decode().count('class="task"') == 16
        )
    with django_assert_max_num_queries(8):
        doors.of("worker").get(reverse("field-today"))


@pytest.mark.usefixtures("_remembers")
def test_a_task_page_asks_few_questions(doors: Doors, django_assert_max_num_queries: Any) -> None:
    case = checking(doors)
    page_of(doors.of("worker"), case)
    with django_assert_max_num_queries(15):
        page_of(doors.of("worker"), case)


def test_a_long_list_goes_on_on_further_pages(doors: Doors, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("jingwei.web.field.grid.PAGE", 2)
    titles = [verifying(doors, words=f"第{n}件").title for n in range(3)]
    client = doors.of("worker")
    first = client.get(reverse("field-grid-cases")).content.decode()
    second = client.get(reverse("field-grid-cases"), {"page": "1"}).content.decode()
    assert [title in first for title in titles] == [True, True, False]
    assert [title in second for title in titles] == [False, False, True]
    for odd in ("-1", "x", "9" * 30, "²"):
        assert client.get(reverse("field-grid-cases"), {"page": odd}).status_code == 200


# ---------------------------------------------------------------- a task: verify


def test_a_task_says_what_where_and_whom_to_call_but_never_the_reporter(doors: Doors) -> None:
    case = reported(doors, words="井盖翘起来了，我的电话13912345678")
    actions.move_case(case, "verify", by=doors.stage.staff("acceptor"))
    html = page_of(doors.of("worker"), case)
    assert "139****5678" in html
    assert "13912345678" not in html
    assert 'href="geo:33.020000,117.020000?q=33.020000,117.020000(' in html
    assert f'href="tel:{doors.stage.people["acceptor"].work_phone}"' in html
    assert f'href="tel:{doors.stage.people["worker"].work_phone}"' not in html


def test_verifying_takes_class_grid_and_photo(doors: Doors) -> None:
    case = verifying(doors)
    client = doors.of("worker")
    sent = form_of(page_of(client, case))
    grid = doors.stage.areas["grid"]
    answer = do(
        client, case, "move", "confirm", **sent, **{"class": "0405"}, area=grid.code, site_photo=picture()
    )
    assert answer.status_code == 302
    assert answer["Location"] == reverse("field-today")
    found = again(case)
    assert (found.state, found.class_code, found.grid) == ("filed", "0405", grid.pk)
    assert Attachment.objects.filter(case=case.pk, pk=found.values["site_photo"][0]).exists()


def test_what_is_missing_is_said_at_its_field_and_nothing_is_lost(doors: Doors) -> None:
    case = verifying(doors)
    client = doors.of("worker")
    sent = form_of(page_of(client, case))
    answer = do(client, case, "move", "confirm", **sent, **{"class": ""}, area="", site_photo=picture())
    assert answer.status_code == 422
    html = answer.content.decode()
    assert 'id="id_class_error"' in html
    kept = re.findall(r'name="site_photo_kept" value="([^"]+)" checked', html)
    assert len(kept) == 1
    assert again(case).state == "verifying"

    sent = {**form_of(html), "class": "0405", "area": doors.stage.areas["grid"].code, "site_photo_kept": kept}
    assert do(client, case, "move", "confirm", **sent).status_code == 302
    assert again(case).values["site_photo"] == kept


@pytest.mark.parametrize(
    "bad",
    [
        SimpleUploadedFile("a.jpg", b"<svg xmlns='http://www.w3.org/2000/svg'><script/></svg>", "image/jpeg"),
        SimpleUploadedFile("a.jpg", b"", "image/jpeg"),
        SimpleUploadedFile("a.jpg", picture().read()[:200], "image/jpeg"),
        SimpleUploadedFile("a.jpg", b"GIF89a" + b"\0" * 40, "image/jpeg"),
    ],
    ids=["script", "empty", "truncated", "another kind"],
)
def test_bad_pictures_are_refused_and_the_words_stay(doors: Doors, bad: SimpleUploadedFile) -> None:
    case = checking(doors)
    before = Attachment.objects.filter(case=case.pk).count()
    client = doors.of("worker")
    sent = form_of(page_of(client, case))
    bad.seek(0)
    answer = do(client, case, "move", "pass", **sent, remark="看过了", check_photo=bad)
    html = answer.content.decode()
    assert answer.status_code == 422
    assert "看过了" in html
    assert 'id="f-check_photo"' in html
    assert 'class="err"' in html
    assert again(case).state == "checking"
    assert Attachment.objects.filter(case=case.pk).count() == before


def test_another_button_brings_along_what_was_entered(doors: Doors) -> None:
    case = checking(doors)
    client = doors.of("worker")
    sent = form_of(page_of(client, case))
    answer = do(client, case, "move", "rework", **sent, open="1", remark="还在晃", check_photo=picture())
    html = answer.content.decode()
    assert answer.status_code == 200
    assert 'class="err"' not in html
    assert re.search(r'<textarea name="reason"[^>]*>\s*还在晃', html)
    kept = re.findall(r'name="check_photo_kept" value="([^"]+)" checked', html)
    assert len(kept) == 1
    assert again(case).state == "checking"

    sent = {**form_of(html), "reason": "还在晃", "check_photo_kept": kept}
    assert do(client, case, "move", "rework", **sent).status_code == 302
    found = again(case)
    assert (found.state, found.counters["rework"], found.values["check_photo"]) == ("handling", 1, kept)


def test_cannot_verify_gives_it_back_with_a_reason(doors: Doors) -> None:
    case = verifying(doors)
    client = doors.of("worker")
    assert do(client, case, "move", "cannot_verify").status_code == 422
    assert again(case).state == "verifying"
    assert do(client, case, "move", "cannot_verify", reason="院门锁着，进不去").status_code == 302
    assert again(case).state == "reported"


# ---------------------------------------------------------------- a task: check


def test_a_check_shows_the_standard_the_result_and_the_pictures(doors: Doors) -> None:
    case = checking(doors)
    html = page_of(doors.of("worker"), case)
    for text in task_page.standard_of(case, library.version(case.version_id)):
        assert text in html
    assert "新井盖已换好" in html
    photo = Attachment.objects.get(case=case.pk)
    address = reverse("desk-photo", args=[case.pk, photo.pk])
    assert address in html
    answer = doors.of("worker").get(address)
    assert answer.status_code == 200
    assert b"".join(answer.streaming_content).startswith(b"\xff\xd8")  # type: ignore[attr-defined]


def test_the_standard_is_a_list_of_things_to_look_at(doors: Doors) -> None:
    playbook = library.in_force("grid_event")

    def standard(code: str, unit: int | None) -> list[str]:
        return task_page.standard_of(Case(class_code=code, lead_unit=unit), playbook)

    assert standard("0403", 1) == ["修补完成", "与路面齐平", "无遗留料"]
    assert standard("0101", 1) == ["达成协议并签字，或终止调解并告知其他途径"]
    assert standard("0405", None) == ["井盖缺失、破损、翘起或移位"]
    assert standard("04", 1) == []
    assert standard("", None) == []


def test_a_worker_who_did_not_handle_it_passes_the_check(doors: Doors) -> None:
    case = checking(doors)
    client = doors.of("worker")
    sent = form_of(page_of(client, case))
    assert do(client, case, "move", "pass", **sent, check_photo=picture()).status_code == 302
    done = CaseAction.objects.filter(case=case).latest("seq")
    assert (again(case).state, done.role, done.person) == (
        "checked",
        "checker",
        doors.stage.people["worker"].pk,
    )


def test_whoever_handled_it_must_not_check_it_from_another_seat(doors: Doors) -> None:
    """The handler also sits in the grid's first seat: the check goes to the other worker, and only there."""
    s = doors.stage
    Assignment.objects.filter(pk=s.assignments["worker"].pk).update(ends=date(2026, 11, 1))
    seat = people.assign(s.people["handler"], s.posts["worker"], by=SYSTEM, starts=date(2026, 11, 1))
    case = checking(doors)
    assert case.owner_post == s.posts["other_worker"].pk

    client = enter(s.people["handler"])
    client.post(reverse("switch-post"), {"assignment": seat.pk})
    assert case.title not in client.get(reverse("field-today")).content.decode()
    html = page_of(client, case)
    assert label(case, "moves", "pass", "label") in html
    assert 'id="act"' not in html
    answer = do(client, case, "move", "pass", check_photo=picture())
    assert answer.status_code == 422
    assert label(case, "roles", "checker") in answer.content.decode()
    assert again(case).state == "checking"

    assert do(doors.of("other_worker"), case, "move", "pass", check_photo=picture()).status_code == 302
    assert again(case).state == "checked"


def test_whoever_handled_it_must_not_check_it_as_a_stand_in_either(doors: Doors) -> None:
    """Two people share one seat; the check belongs to the seat, but not to the one of them who handled it."""
    s = doors.stage
    seat = people.assign(
        s.people["handler"], s.posts["worker"], by=SYSTEM, starts=date(2026, 11, 1), substitute=True
    )
    case = checking(doors)
    assert case.owner_post == s.posts["worker"].pk
    client = enter(s.people["handler"])
    client.post(reverse("switch-post"), {"assignment": seat.pk})
    assert do(client, case, "move", "pass", check_photo=picture()).status_code == 422
    assert again(case).state == "checking"
    assert do(doors.of("worker"), case, "move", "pass", check_photo=picture(120)).status_code == 302


# ---------------------------------------------------------------- a task: the unit


def test_a_unit_signs_feeds_back_and_is_told_what_is_missing(doors: Doors) -> None:
    case = dispatched(doors)
    client = doors.of("handler")
    sent = form_of(page_of(client, case))
    answer = do(client, case, "move", "sign", **sent)
    assert answer["Location"] == reverse("field-task", args=[case.pk])  # still in my unit's hands
    sent = form_of(page_of(client, case))
    assert do(client, case, "move", "feed_back", **sent, result="换好了").status_code == 422
    assert again(case).state == "handling"
    answer = do(client, case, "move", "feed_back", **sent, result="换好了", evidence=picture())
    assert answer["Location"] == reverse("field-today")
    assert again(case).state == "handled"


def test_a_unit_asks_to_return_and_for_more_time(doors: Doors) -> None:
    s = doors.stage
    client = doors.of("handler")
    case = dispatched(doors)
    sent = {
        "return_code": "not_my_duty",
        "proposed_unit": f"{s.units['water'].code} 水务",
        "reason": "是水井",
    }
    assert do(client, case, "ask", "return", **sent).status_code == 302
    assert case.asks.get().name == "return"
    other = handling(doors, words="路面有坑")
    assert do(client, other, "ask", "extension", reason="等材料").status_code == 422
    assert not other.asks.exists()
    assert (
        do(client, other, "ask", "extension", reason="等材料", new_due="2026-11-25T12:00").status_code == 302
    )
    assert other.asks.get().name == "extension"


def test_what_waits_for_a_co_handler_is_refused_with_its_reason_until_they_answer(doors: Doors) -> None:
    case = handling(doors)
    s = doors.stage
    client = doors.of("handler")
    request = str(ids.new_id())
    sent = {
        "request": request,
        "to_unit": f"{s.units['patrol'].code} 城管",
        "what": "围挡",
        "due": "2026-11-20T14:00",
    }
    assert do(client, case, "task", "co_handle", **sent).status_code == 302
    assert do(client, case, "task", "co_handle", **sent).status_code == 302
    given = Task.objects.get(case=case)  # the same form twice gives the work once
    assert given.due_at == datetime(2026, 11, 20, 6, 0, tzinfo=UTC)
    assert str(s.units["patrol"]) in page_of(client, case)  # what it waits for is named

    helper = doors.of("co_handler")
    assert reverse("field-act", args=[case.pk, "answer", given.pk]) in page_of(helper, case)
    sent = {"request": str(ids.new_id()), "result": "已围挡"}
    assert do(helper, case, "answer", str(given.pk), **sent).status_code == 302
    assert do(helper, case, "answer", str(given.pk), **sent).status_code == 302
    assert CaseAction.objects.filter(case=case, kind="answer").count() == 1
    assert do(client, case, "move", "feed_back", result="好了", evidence=picture()).status_code == 302


def test_a_task_to_nobody_is_refused_with_everything_kept(doors: Doors) -> None:
    case = handling(doors)
    sent = {"to_unit": "没有这个单位", "what": "围挡", "due": "后天"}
    answer = do(doors.of("handler"), case, "task", "co_handle", **sent)
    html = answer.content.decode()
    assert answer.status_code == 422
    assert "没有这个单位" in html
    assert "围挡" in html
    assert not Task.objects.exists()


def test_what_is_not_there_is_not_found(doors: Doors) -> None:
    case = handling(doors)
    client = doors.of("handler")
    for kind, name in (("move", "fly"), ("ask", "fly"), ("task", "fly"), ("answer", "9"), ("grant", "9"),
                       ("refuse", "9" * 40), ("answer", "x"), ("dance", "sign")):  # fmt: skip
        assert do(client, case, kind, name).status_code == 404, (kind, name)
    assert client.get(reverse("field-task", args=[ids.new_id()])).status_code == 404


# ---------------------------------------------------------------- twice, and two at once


def test_the_same_form_sent_twice_is_done_once(doors: Doors) -> None:
    case = checking(doors)
    client = doors.of("worker")
    sent = form_of(page_of(client, case))
    for _ in range(2):
        assert do(client, case, "move", "pass", **sent, check_photo=picture()).status_code == 302
    assert CaseAction.objects.filter(case=case, name="pass").count() == 1
    answer = do(client, case, "move", "pass", **sent, check_photo=picture(), remark="另一句")
    assert answer.status_code == 409  # other content under the same id


def test_somebody_was_faster_says_who_and_what_and_keeps_what_was_typed(doors: Doors) -> None:
    case = verifying(doors)
    client = doors.of("worker")
    sent = form_of(page_of(client, case))
    actions.move_case(again(case), "note", by=doors.stage.staff("acceptor"), entered={"remark": "居民又来电"})
    answer = do(client, case, "move", "cannot_verify", **sent, reason="院门锁着")
    html = answer.content.decode()
    assert answer.status_code == 409
    assert doors.stage.people["acceptor"].name in html
    assert label(case, "moves", "note", "done") in html
    assert html.count("院门锁着") >= 2  # in its field, and quoted to be added as a note
    assert again(case).state == "verifying"

    assert do(client, case, "move", "cannot_verify", **form_of(html), reason="院门锁着").status_code == 302
    assert again(case).state == "reported"


def test_news_while_i_went_from_button_to_form_are_still_told(doors: Doors) -> None:
    """The second form goes by what was seen on the first page; and it is a form of its own."""
    case = verifying(doors)
    client = doors.of("worker")
    first = form_of(page_of(client, case))
    actions.move_case(again(case), "note", by=doors.stage.staff("acceptor"), entered={"remark": "居民又来电"})
    second = form_of(do(client, case, "move", "cannot_verify", **first, open="1").content.decode())
    assert second["revision"] == first["revision"]
    assert second["request"] != first["request"]
    answer = do(client, case, "move", "cannot_verify", **second, reason="院门锁着")
    assert answer.status_code == 409
    third = form_of(answer.content.decode())
    assert (third["revision"], third["request"]) == (str(again(case).revision), second["request"])


# ---------------------------------------------------------------- reporting


def report(client: Client, **sent: Any) -> Any:
    return client.post(reverse("field-report"), sent)


def blank(client: Client) -> dict[str, Any]:
    """What the empty form carries, the place it starts with included."""
    html = client.get(reverse("field-report")).content.decode()
    first = re.search(r'data-area>\s*<option value="(\d+)"', html)
    assert first is not None
    return {**form_of(html), "area": first[1]}


def test_a_report_takes_a_photo_a_phrase_and_send(doors: Doors) -> None:
    client = doors.of("worker")
    phrase = phrases("social_governance")[1]
    answer = report(client, **blank(client), photo=picture(), phrase=phrase.class_code)
    case = Case.objects.get()
    assert answer.status_code == 302
    assert (case.state, case.source, case.class_code) == ("reported", "grid_worker", phrase.class_code)
    assert (case.grid, case.title) == (doors.stage.areas["grid"].pk, str(phrase))
    assert len(case.values["photo"]) == 1
    page = client.get(answer["Location"]).content.decode()
    assert case.number in page
    assert ids.show_code(actions.query_code(case.pk)) in page


def test_own_words_and_a_point_win_over_phrase_and_list(doors: Doors) -> None:
    client = doors.of("worker")
    sent = {**blank(client), "lon": "117.06", "lat": "33.02", "point_source": "cgcs2000"}
    report(client, **sent, phrase="0405", description="3号楼前井盖响", **{"class": "0403"})
    case = Case.objects.get()
    assert (case.title, case.class_code) == ("3号楼前井盖响", "0403")
    assert case.grid == doors.stage.areas["next_grid"].pk


def test_the_same_report_twice_is_one_case(doors: Doors) -> None:
    client = doors.of("worker")
    sent = blank(client)
    first = report(client, **sent, photo=picture(), phrase="0405")
    second = report(client, **sent, photo=picture(), phrase="0405")
    assert first["Location"] == second["Location"]
    assert Case.objects.count() == 1
    assert report(client, **sent, phrase="0401").status_code == 409


def test_settled_on_the_spot_is_reported_and_closed_in_one_request(doors: Doors) -> None:
    client = doors.of("worker")
    sent = {**blank(client), "phrase": "0401", "settled": "on"}
    answers = [report(client, **sent, photo=picture(10), evidence=picture(200)) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [302, 302]
    case = Case.objects.get()
    assert (case.state, case.outcome) == ("self_solved", "self_solved")
    assert case.values["result"] == next(
        p.settled for p in phrases("social_governance") if p.class_code == "0401"
    )
    assert len(case.values["evidence"]) == 1
    assert [done.name for done in case.actions.order_by("seq")] == ["grid_event", "settle"]
    assert label(case, "headline", "self_solved") in client.get(answers[0]["Location"]).content.decode()


def test_settling_outside_my_grid_is_refused_before_anything_is_written(doors: Doors) -> None:
    client = doors.of("worker")
    sent = {**blank(client), "lon": "117.06", "lat": "33.02", "point_source": "cgcs2000"}
    answer = report(client, **sent, phrase="0401", settled="on", photo=picture(), result="扫干净了")
    html = answer.content.decode()
    assert answer.status_code == 422
    assert doors.stage.areas["next_grid"].name in html
    assert "扫干净了" in html
    assert 'name="photo_kept"' in html
    assert not Case.objects.exists()


def test_only_who_settles_is_offered_to(doors: Doors) -> None:
    for name, offered in (("worker", True), ("chief", False), ("community_head", False), ("handler", False)):
        html = doors.of(name).get(reverse("field-report")).content.decode()
        assert ('name="settled"' in html) is offered, name
    report(doors.of("chief"), **blank(doors.of("chief")), phrase="0401", settled="on")
    assert Case.objects.get().state == "reported"  # what was not offered is not done


def test_a_report_without_words_is_refused_with_the_photo_kept(doors: Doors) -> None:
    client = doors.of("worker")
    sent = blank(client)
    answer = report(client, **sent, photo=picture(), place="槐安路口")
    html = answer.content.decode()
    assert answer.status_code == 422
    assert 'href="#f-description"' in html
    assert "槐安路口" in html
    kept = re.findall(r'name="photo_kept" value="([^"]+)"', html)
    assert form_of(html)["id"] == sent["id"]
    assert not Case.objects.exists()
    answer = report(client, **form_of(html), area=sent["area"], photo_kept=kept, phrase="0405")
    assert answer.status_code == 302
    assert Case.objects.get().pk == UUID(sent["id"])
    assert Case.objects.get().values["photo"] == kept


@pytest.mark.parametrize(
    "point",
    [
        {"lon": "0", "lat": "0"},
        {"lon": "33.02", "lat": "117.02"},
        {"lon": "x", "lat": "33"},
        {"lon": "8.5", "lat": "47"},
    ],
    ids=["zero", "swapped", "letters", "abroad"],
)
def test_a_point_that_cannot_be_is_refused_and_forgotten(doors: Doors, point: dict[str, str]) -> None:
    client = doors.of("worker")
    answer = report(
        client, **{**blank(client), **point, "point_source": "wgs84"}, phrase="0405", settled="on"
    )
    html = answer.content.decode()
    assert answer.status_code == 422
    assert 'href="#f-place"' in html
    assert not Case.objects.exists()
    assert form_of(html)["lon"] == ""


def test_a_bad_picture_stops_a_report_and_says_so(doors: Doors) -> None:
    client = doors.of("worker")
    bad = SimpleUploadedFile("a.jpg", b"not a picture", "image/jpeg")
    answer = report(client, **blank(client), photo=bad)
    html = answer.content.decode()
    assert answer.status_code == 422
    assert 'href="#f-photo"' in html
    assert 'href="#f-description"' in html  # everything is said at once
    assert not Case.objects.exists()


def test_a_unit_reports_from_where_it_works(doors: Doors) -> None:
    client = doors.of("handler")
    report(client, **blank(client), phrase="0405")
    case = Case.objects.get()
    assert (case.source, case.county) == ("transfer", doors.stage.areas["county"].pk)


def test_what_becomes_of_a_report_in_another_grid_is_still_answered(doors: Doors) -> None:
    """The code opens the answer, although the case then lies where this post sees nothing."""
    client = doors.of("worker")
    sent = {**blank(client), "lon": "117.6", "lat": "33.02", "point_source": "cgcs2000", "phrase": "0405"}
    answer = report(client, **sent)
    case = Case.objects.get()
    page = client.get(answer["Location"]).content.decode()
    assert case.number in page
    assert reverse("field-task", args=[case.pk]) not in page
    assert client.get(reverse("field-task", args=[case.pk])).status_code == 404


def test_a_settling_that_came_too_late_leaves_the_report_and_says_why(
    doors: Doors, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the two steps somebody at the desk files it; a second step cannot be forced on them."""
    s = doors.stage
    take_in = actions.take_in

    def then_filed(*given: Any, **named: Any) -> actions.TakenIn:
        taken = take_in(*given, **named)
        entered = {"area": s.areas["grid"].code}
        actions.move_case(again(taken.case), "file", by=s.staff("acceptor"), entered=entered)
        return taken

    monkeypatch.setattr("jingwei.web.field.report.actions.take_in", then_filed)
    client = doors.of("worker")
    answer = report(client, **blank(client), phrase="0401", settled="on")
    assert answer.status_code == 302
    assert Case.objects.get().state == "filed"
    assert label(Case.objects.get(), "states", "reported") in client.get(answer["Location"]).content.decode()


# ---------------------------------------------------------------- my grid, and me


def test_my_grid_shows_who_answers_its_border_and_what_is_open(doors: Doors) -> None:
    case = verifying(doors)
    html = doors.of("worker").get(reverse("field-grid")).content.decode()
    for name in ("worker", "other_worker", "chief"):
        assert doors.stage.people[name].name in html
    assert '<path class="cell-on"' in html
    assert doors.stage.areas["next_grid"].name in html
    assert case.title in html
    assert case.title not in doors.of("neighbour_worker").get(reverse("field-grid")).content.decode()
    assert case.title in doors.of("community_head").get(reverse("field-grid")).content.decode()


def test_me_shows_my_posts_and_switching_leads_on(doors: Doors) -> None:
    s = doors.stage
    outside = people.assign(
        s.people["worker"], people.make_post("grid_guide", by=SYSTEM, area=s.areas["next_grid"]), by=SYSTEM
    )
    inside = people.assign(s.people["worker"], s.posts["acceptor"], by=SYSTEM)
    client = doors.of("worker")
    client.post(reverse("switch-post"), {"assignment": s.assignments["worker"].pk})
    html = client.get(reverse("field-me")).content.decode()
    for assignment in (outside, inside):
        assert assignment.post.title in html
    answer = client.post(reverse("switch-post"), {"assignment": outside.pk, "next": reverse("field-today")})
    assert answer["Location"] == reverse("field-today")
    assert s.areas["next_grid"].name in client.get(reverse("field-grid")).content.decode()
    assert client.post(reverse("switch-post"), {"assignment": inside.pk})["Location"] == reverse("desk")
    assert client.get(reverse("field-me")).status_code == 404


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("Mozilla/5.0 (Linux; Android 12; HarmonyOS; NOH-AN00)", "HarmonyOS"),
        ("Mozilla/5.0 (Linux; Android 13; Redmi 12C) Mobile", "Android"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X)", "iPhone"),
        ("curl/8", ""),
    ],
)
def test_a_device_is_called_as_people_call_it(said: str, shown: str) -> None:
    assert words.device(said) == shown


def test_me_ends_another_session_and_signs_out(doors: Doors) -> None:
    client = doors.of("worker")
    elsewhere = Client()
    elsewhere.post(
        reverse("sign-in"), {"login": f"field-{doors.stage.people['worker'].pk}", "password": PASSWORD}
    )
    html = client.get(reverse("field-me")).content.decode()
    other = re.search(r'name="session" value="(\d+)"', html)
    assert other is not None
    client.post(reverse("end-session"), {"session": other[1]})
    assert elsewhere.get(reverse("field-me")).status_code == 302
    client.post(reverse("sign-out"))
    assert client.get(reverse("field-me")).status_code == 302


def test_as_staff_and_as_browser_are_the_same_actor(doors: Doors) -> None:
    """What a page may do is what the actor of the seat may do: the button and the action never differ."""
    case = checking(doors)
    offered = {
        name: reverse("field-act", args=[case.pk, "move", name])
        for name in ("pass", "rework", "close", "reject")
    }
    html = page_of(doors.of("worker"), case)
    actor = as_staff(doors.stage.assignments["worker"])
    for name, address in offered.items():
        may = name in ("pass", "rework")
        assert (address in html) is may, name
        if not may:
            with pytest.raises(Refused) as no:
                actions.move_case(again(case), name, by=actor)
            assert "wrong-role" in no.value.codes
