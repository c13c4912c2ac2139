"""The desk through the doors officers use: queues, the case page, acting, calls, placing, search."""

from __future__ import annotations

import html
import io
import re
from datetime import timedelta
from typing import Any

import pypdf
import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from jingwei.engine import actions, library, queries, queues, ticking
from jingwei.engine.models import Ask, Case, CaseAction, Link, Message, Rating, Task
from jingwei.kernel import ids, moments, versions
from jingwei.kernel.actors import SYSTEM
from jingwei.kernel.models import JournalLine
from jingwei.registry import areas, people
from tests.conftest import MORNING, PHONE, Faces

pytestmark = pytest.mark.usefixtures("morning")

HTMX = {"HX-Request": "true"}


def text_of(answer: Any) -> str:
    return html.unescape(answer.content.decode())


def page(client: Client, name: str, *args: Any, **query: str) -> str:
    answer = client.get(reverse(name, args=args), query)
    assert answer.status_code == 200, (name, answer.status_code)
    return text_of(answer)


def act(client: Client, case: Case, kind: str, name: str, **sent: Any) -> Any:
    return client.post(reverse("desk-act", args=[case.pk, kind, name]), sent)


def trace(case: Case) -> tuple[Any, ...]:
    """All that an action could have changed."""
    now = Case.objects.get(pk=case.pk)
    lines = JournalLine.objects.filter(subject=case.pk).count()
    return now.state, now.revision, now.seq, now.values, lines, CaseAction.objects.filter(case=case).count()


def case_addresses(case: Case) -> list[tuple[str, str]]:
    """Every address of one case, and how it is asked."""
    one = [case.pk]
    return [
        ("GET", reverse("desk-case", args=one)),
        ("GET", reverse("desk-viewers", args=one)),
        ("GET", reverse("desk-called", args=one)),
        ("GET", reverse("desk-work-order", args=one)),
        ("GET", reverse("desk-act", args=[case.pk, "move", "note"])),
        ("POST", reverse("desk-act", args=[case.pk, "move", "note"])),
        ("POST", reverse("desk-link", args=one)),
        ("POST", reverse("desk-reveal", args=one)),
        ("GET", reverse("desk-photo", args=[case.pk, case.values.get("photo", [ids.new_id()])[0]])),
    ]


# ---------------------------------------------------------------- who comes in


@pytest.mark.django_db
def test_without_signing_in_every_desk_page_leads_to_the_door_and_back(client: Client) -> None:
    names = ("desk", "desk-unlocated", "desk-asks", "desk-tasks", "search", "reminders", "desk-call", "board")
    for address in [reverse(name) for name in names] + [reverse("desk-queue", args=["open"])]:
        answer = client.get(address)
        assert (answer.status_code, answer["Location"]) == (
            302,
            f"{reverse('sign-in')}?next={address.replace('/', '%2F')}",
        )
        assert client.get(address, headers=HTMX).status_code == 401


def test_anonymous_visitors_learn_nothing_from_the_addresses_of_a_case(faces: Faces) -> None:
    case = faces.report(with_photo=True).case
    before = trace(case)
    for method, address in case_addresses(case):
        answer = faces.nobody.generic(method, address)
        assert answer.status_code == 302, address
        assert answer["Location"].startswith(reverse("sign-in")), address
    assert trace(case) == before


def test_to_strangers_a_case_does_not_exist(faces: Faces) -> None:
    case = faces.handling(with_photo=True).case
    before = trace(case)
    for name in ("stranger", "stranger_dispatcher", "other_handler", "neighbour_worker"):
        client = faces.of(name)
        for method, address in case_addresses(faces.again(case)):
            assert client.generic(method, address).status_code == 404, (name, address)
        assert str(case.pk) not in page(client, "search", q=case.number)
        assert str(case.pk) not in page(client, "search", q="井盖翘起")
        assert case.title not in page(client, "desk-queue", "all") if name != "other_handler" else True
    assert trace(case) == before


def test_a_colleague_sees_the_case_and_why_the_button_is_not_theirs(faces: Faces) -> None:
    case = faces.filed().case
    before = trace(case)
    client = faces.of("community_head")
    shown = page(client, "desk-case", case.pk)
    assert case.number in shown
    assert "由派遣员办。" in shown
    answer = act(client, case, "move", "dispatch", lead_unit=faces.stage.units["municipal"].code)
    assert answer.status_code == 422
    assert "由派遣员办。" in text_of(answer)
    assert trace(case) == before


def test_a_refusal_on_the_case_page_says_every_reason_and_changes_nothing(faces: Faces) -> None:
    case = faces.handling().case
    before = trace(case)
    answer = act(faces.of("acceptor"), case, "move", "close")
    said = text_of(answer)
    assert answer.status_code == 422
    assert "核查通过时才能办。" in said
    assert "由值班长办。" in said
    assert trace(case) == before
    empty = act(faces.of("handler"), case, "move", "feed_back")
    assert empty.status_code == 422
    assert "还没有填办理结果" in text_of(empty)
    assert "还没有填办理后照片" in text_of(empty)
    assert trace(case) == before


@pytest.mark.parametrize(
    ("kind", "name"),
    [("move", "nothing"), ("ask", "nothing"), ("grant", "999999"), ("answer", "999999"), ("what", "note")],
)
def test_there_is_no_such_thing_to_do(faces: Faces, kind: str, name: str) -> None:
    case = faces.filed().case
    before = trace(case)
    assert act(faces.of("dispatcher"), case, kind, name).status_code == 404
    assert trace(case) == before


# ---------------------------------------------------------------- acting


def test_a_case_goes_its_whole_way_through_the_pages(faces: Faces) -> None:
    case = faces.report(with_photo=True).case
    s, grid = faces.stage, faces.stage.areas["grid"].code
    steps: list[tuple[str, str, dict[str, Any], str]] = [
        ("acceptor", "file", {"class": "0405", "area": f"{grid} 第三网格"}, "filed"),
        ("dispatcher", "dispatch", {"lead_unit": f"{s.units['municipal'].code} 市政"}, "dispatched"),
        ("handler", "sign", {}, "handling"),
        ("handler", "feed_back", {"result": "已换好", "evidence": [faces.picture()]}, "handled"),
        ("dispatcher", "send_check", {}, "checking"),
        ("worker", "pass", {"check_photo": [faces.picture(30)]}, "checked"),
        ("leader", "close", {"reply": "已办好"}, "closed"),
    ]
    for who, move, sent, state in steps:
        answer = act(faces.of(who), case, "move", move, revision=faces.again(case).revision, **sent)
        assert answer.status_code == 302, text_of(answer)
        assert faces.again(case).state == state
    fired = CaseAction.objects.get(case=case, name="dispatch").detail
    assert fired["row"]  # the catalogue's unit was taken: its row is kept


def test_the_catalogue_s_unit_stands_in_the_form_and_another_is_noted(faces: Faces) -> None:
    case = faces.filed().case
    client, s = faces.of("dispatcher"), faces.stage
    form = text_of(client.get(reverse("desk-act", args=[case.pk, "move", "dispatch"]), headers=HTMX))
    assert "派遣目录建议云河区市政养护中心" in form
    assert s.units["municipal"].code in form
    act(client, case, "move", "dispatch", lead_unit=s.units["patrol"].code)
    assert "row_not_followed" in CaseAction.objects.get(case=case, name="dispatch").detail


def test_a_form_is_a_fragment_for_the_page_and_a_page_without_script(faces: Faces) -> None:
    case, client = faces.filed().case, faces.of("dispatcher")
    address = reverse("desk-act", args=[case.pk, "move", "dispatch"])
    assert "<html" in text_of(client.get(address))
    assert "<html" not in text_of(client.get(address, headers=HTMX))
    done = client.post(address, {"lead_unit": faces.stage.units["municipal"].code}, headers=HTMX)
    assert (done.status_code, done["HX-Redirect"]) == (204, reverse("desk-case", args=[case.pk]))


def test_the_same_form_sent_twice_is_done_once(faces: Faces) -> None:
    case, client = faces.handling().case, faces.of("handler")
    sent = {"remark": "新井盖已领", "request": str(ids.new_id())}
    assert [act(client, case, "move", "note", **sent).status_code for _ in range(2)] == [302, 302]
    assert CaseAction.objects.filter(case=case, name="note").count() == 1
    other = act(client, case, "move", "note", **{**sent, "remark": "别的"})
    assert other.status_code == 409
    assert CaseAction.objects.filter(case=case, name="note").count() == 1


def test_the_first_write_wins_and_the_second_keeps_its_words_and_learns_what_changed(faces: Faces) -> None:
    case = faces.handling().case
    opened = faces.again(case)
    act(faces.of("handler"), case, "move", "note", remark="十四点到场", revision=opened.revision)
    before = trace(case)
    sent = {"revision": opened.revision, "seen": opened.seq, "reason": "请一并查看雨水口", "class": "0405"}
    answer = act(faces.of("dispatcher"), case, "move", "correct", **sent)
    said = text_of(answer)
    assert answer.status_code == 409
    assert f"{faces.stage.people['handler'].name}先一步改了" in said
    assert "备注" in said
    assert said.count("请一并查看雨水口") >= 2  # quoted, and still in its field
    assert trace(case) == before
    revision = re.search(r'name="revision" value="(\d+)"', said)
    assert revision is not None
    again = act(faces.of("dispatcher"), case, "move", "correct", **{**sent, "revision": revision[1]})
    assert again.status_code == 302  # knowing what changed, it may be sent
    assert CaseAction.objects.filter(case=case, name="correct").count() == 1


def test_what_was_written_too_late_can_be_added_as_a_note(faces: Faces) -> None:
    case = faces.handling().case
    opened = faces.again(case)
    act(faces.of("handler"), case, "move", "note", remark="已到场", revision=opened.revision)
    sent = {"revision": opened.revision, "seen": opened.seq, "reason": "雨水口也堵了"}
    said = text_of(act(faces.of("dispatcher"), case, "move", "correct", **sent))
    offered = re.search(r'action="(\S+/do/move/note)">(.*?)</form>', said, re.S)
    assert offered is not None
    fields = dict(re.findall(r'name="(remark|request)" value="([^"]*)"', offered[2]))
    assert faces.of("dispatcher").post(offered[1], fields).status_code == 302
    assert CaseAction.objects.filter(case=case, name="note").latest("seq").values["remark"] == "雨水口也堵了"


def test_pictures_stay_when_another_field_is_wrong(faces: Faces) -> None:
    case, client = faces.handling().case, faces.of("handler")
    refused = act(client, case, "move", "feed_back", evidence=[faces.picture(), faces.picture(30)])
    kept = re.findall(r'name="evidence_kept" value="([0-9a-f-]{36})"', text_of(refused))
    assert (refused.status_code, len(kept)) == (422, 2)
    act(client, case, "move", "feed_back", result="已换好", evidence_kept=kept)
    assert faces.again(case).values["evidence"] == kept


def test_an_ask_is_decided_by_whom_it_waits_for_once(faces: Faces) -> None:
    case = faces.dispatched().case
    sent = {
        "return_code": "not_my_duty",
        "proposed_unit": faces.stage.units["water"].code,
        "reason": "归水务公司管",
    }
    assert act(faces.of("handler"), case, "ask", "return", **sent).status_code == 302
    question, client = Ask.objects.get(), faces.of("dispatcher")
    assert case.title in page(client, "desk-asks")
    shown = page(client, "desk-case", case.pk)
    assert "归水务公司管" in shown
    assert "云河区水务公司" in shown  # whom the unit proposes
    before = trace(case)
    assert act(faces.of("acceptor"), case, "grant", str(question.pk)).status_code == 422
    refusal = act(client, case, "refuse", str(question.pk))
    assert refusal.status_code == 422
    assert "还没有填说明" in text_of(refusal)
    assert trace(case) == before
    assert act(client, case, "grant", str(question.pk)).status_code == 302
    assert faces.again(case).state == "filed"
    late = act(client, case, "refuse", str(question.pk), reason="晚了")
    assert late.status_code == 422
    assert "已经有人答复了" in text_of(late)
    assert "没有等您决定的" in page(client, "desk-asks")


def test_a_task_is_given_with_its_time_answered_by_its_unit_and_holds_the_lead_back(faces: Faces) -> None:
    case = faces.handling().case
    unit = f"{faces.stage.units['patrol'].code} 城管"
    wrong = act(faces.of("handler"), case, "task", "co_handle", to_unit="nowhere", what="围挡")
    assert wrong.status_code == 422
    assert "请从列表选单位" in text_of(wrong)
    assert "围挡" in text_of(wrong)
    given = {"to_unit": unit, "what": "围挡并设警示灯", "due": "2026-11-20T14:00"}
    assert act(faces.of("handler"), case, "task", "co_handle", **given).status_code == 302
    task = Task.objects.get()
    assert task.due_at == MORNING + timedelta(hours=4)
    evidence = [faces.stored(case)]
    held = act(faces.of("handler"), case, "move", "feed_back", result="好了", evidence_kept=evidence)
    assert held.status_code == 422
    assert "还差建国路街道城管中队的协办答复" in text_of(held)
    assert case.title in page(faces.of("co_handler"), "desk-tasks")
    assert act(faces.of("other_handler"), case, "answer", str(task.pk), result="x").status_code == 404
    assert act(faces.of("co_handler"), case, "answer", str(task.pk), result="已围好").status_code == 302
    done = act(faces.of("handler"), case, "move", "feed_back", result="好了", evidence_kept=evidence)
    assert done.status_code == 302


def test_a_callback_is_offered_after_closing_and_rated_once(faces: Faces) -> None:
    case, client = faces.closed().case, faces.of("dispatcher")
    assert "/do/callback/callback" in page(client, "desk-case", case.pk)
    assert "/do/callback/callback" not in page(faces.of("handler"), "desk-case", case.pk)
    refused = act(faces.of("handler"), case, "callback", "callback", solved="yes", satisfied="yes")
    assert refused.status_code == 422
    half = act(client, case, "callback", "callback", solved="yes")
    assert half.status_code == 422
    assert not Rating.objects.exists()
    assert act(client, case, "callback", "callback", solved="yes", satisfied="fair").status_code == 302
    assert Rating.objects.get().by == "callback"
    assert "/do/callback/callback" not in page(client, "desk-case", case.pk)


def test_two_people_on_one_case_see_each_other(faces: Faces) -> None:
    case = faces.filed().case
    page(faces.of("dispatcher"), "desk-case", case.pk)
    one, other = (faces.stage.people[name].name for name in ("dispatcher", "acceptor"))
    assert f"{one}也在看" in page(faces.of("acceptor"), "desk-case", case.pk)
    assert f"{other}也在看" in page(faces.of("dispatcher"), "desk-viewers", case.pk)
    with moments.at(MORNING + timedelta(minutes=5)):
        assert "也在看" not in page(faces.of("dispatcher"), "desk-viewers", case.pk)


# ---------------------------------------------------------------- links


def test_a_case_joins_another_by_its_number_and_is_let_go_again(faces: Faces) -> None:
    leader, follower = faces.filed().case, faces.report(words="柳荫巷井盖响").case
    client, address = faces.of("acceptor"), reverse("desk-link", args=[follower.pk])
    assert client.post(address, {"number": leader.number.lower()}).status_code == 302
    assert Link.objects.get(undone_at=None).other_id == leader.pk
    assert leader.title in page(client, "desk-case", follower.pk)
    assert client.post(address, {"undo": "1"}).status_code == 302
    assert not Link.objects.filter(undone_at=None).exists()


def test_a_number_one_may_not_see_answers_like_one_that_is_not_there(faces: Faces) -> None:
    mine = faces.report().case
    far = {"area": faces.stage.areas["far_street"].pk}
    hidden = faces.report(words="远处井盖坏", place=far).case
    client, address = faces.of("acceptor"), reverse("desk-link", args=[mine.pk])
    answers = [client.post(address, {"number": n}) for n in (hidden.number, "WG20200101-0000-00001", "\0")]
    assert [answer.status_code for answer in answers] == [422, 422, 422]
    said = {re.sub(r"csrf\S+|value=\"[^\"]*\"", "", text_of(answer)) for answer in answers}
    assert len(said) == 1
    assert not Link.objects.exists()


# ---------------------------------------------------------------- somebody is complained about


def complaint(faces: Faces, **about: int) -> Case:
    return faces.report(
        words="网格员收钱不办事", about=actions.About(**about), with_photo=True, reporter_contact=PHONE
    ).case


def everything_shown_to(client: Client, names: list[str]) -> str:
    shown = [page(client, "desk-queue", name) for name in names]
    shown += [page(client, name) for name in ("desk", "desk-asks", "desk-tasks", "reminders")]
    return "\n".join(shown)


QUEUES = ["mine", "late", "soon", "open", "all"]


def test_a_case_about_a_person_is_invisible_to_them_everywhere(faces: Faces) -> None:
    case = complaint(faces, person=faces.stage.people["acceptor"].pk)
    faces.work()
    before = trace(case)
    accused, colleague = faces.of("acceptor"), faces.of("community_head")
    shown = everything_shown_to(accused, QUEUES)
    for trail in (case.title, case.number, str(case.pk)):
        assert trail not in shown
    counts = queues.counts(faces.stage.staff("acceptor"))
    assert {name: n for name, n in counts.items() if n} == {}
    for looked_for in (case.number, "收钱不办事", PHONE):
        assert str(case.pk) not in page(accused, "search", q=looked_for)
    for method, address in case_addresses(case):
        assert accused.generic(method, address).status_code == 404, address
    similar = {
        "description": "网格员收钱不办事",
        "area": faces.stage.areas["grid"].code,
        "kind": "grid_event",
    }
    assert str(case.pk) not in page(accused, "desk-call-similar", **similar)
    assert trace(case) == before
    assert case.title in page(colleague, "desk-case", case.pk)
    assert faces.again(case).owner_post != faces.stage.posts["acceptor"].pk  # the superior acts instead


def test_whoever_shares_a_post_with_the_person_complained_about_still_works_and_they_still_see_nothing(
    faces: Faces,
) -> None:
    s = faces.stage
    mate = people.take_on("J9001", "苏禾", by=SYSTEM)
    s.people["mate"] = mate
    s.assignments["mate"] = people.assign(mate, s.posts["acceptor"], by=SYSTEM, starts=MORNING.date())
    case = complaint(faces, person=s.people["acceptor"].pk)
    post = s.posts["acceptor"].pk
    Message.objects.create(
        case=case, seq=1, at=MORNING, to_kind="post", to_ref=post, what="notify", key=ids.new_id()
    )
    assert case.title in everything_shown_to(faces.of("mate"), QUEUES)
    assert case.title not in everything_shown_to(faces.of("acceptor"), QUEUES)
    assert queues.counts(s.staff("acceptor"))["unread"] == 0
    assert queues.counts(s.staff("mate"))["unread"] == 1


def test_a_case_about_a_unit_is_invisible_to_that_unit_and_below(faces: Faces) -> None:
    case = complaint(faces, unit=faces.stage.units["municipal"].pk)
    faces.work()
    for name in ("handler", "crew"):
        client = faces.of(name)
        assert case.title not in everything_shown_to(client, ["unit", "late", "soon", "open", "all"])
        assert client.get(reverse("desk-case", args=[case.pk])).status_code == 404
        assert str(case.pk) not in page(client, "search", q=case.number)


# ---------------------------------------------------------------- the reporter's number


SEATS = ("acceptor", "dispatcher", "leader", "worker", "handler", "community_head", "intake_desk")


def test_the_number_is_on_no_page_of_anybody_until_it_is_opened_for_a_purpose(faces: Faces) -> None:
    case = faces.checked(reporter_contact=PHONE, words=f"井盖坏了，联系我{PHONE}").case
    faces.work()
    for name in SEATS:
        client = faces.of(name)
        shown = [page(client, "desk-case", case.pk), page(client, "desk-queue", "all"), page(client, "desk")]
        shown.append(page(client, "search", q=case.number))
        paper = client.get(reverse("desk-work-order", args=[case.pk])).content
        shown.append("".join(p.extract_text() for p in pypdf.PdfReader(io.BytesIO(paper)).pages))
        assert not [text for text in shown if PHONE in text], name


def reveal(client: Client, case: Case, **sent: str) -> Any:
    return client.post(reverse("desk-reveal", args=[case.pk]), {"field": "reporter_contact", **sent})


def test_opening_the_number_needs_a_role_and_a_purpose_and_leaves_a_line(faces: Faces) -> None:
    case = faces.handling(reporter_contact=PHONE).case
    readings = JournalLine.objects.filter(kind="reading", subject=case.pk)
    for client, sent, says in (
        (faces.of("handler"), {"purpose": "answer_reporter"}, "由受理员、派遣员、核查网格员办。"),
        (faces.of("acceptor"), {}, "请选择用途"),
        (faces.of("acceptor"), {"purpose": "curiosity"}, "请选择用途"),
    ):
        answer = reveal(client, case, **sent)
        assert answer.status_code == 422
        assert says in text_of(answer)
        assert PHONE not in text_of(answer)
    assert not readings.exists()
    opened = reveal(faces.of("acceptor"), case, purpose="answer_reporter")
    assert PHONE in text_of(opened)
    line = readings.get()
    assert line.detail == {"field": "reporter_contact", "purpose": "answer_reporter", "role": "acceptor"}
    assert PHONE not in page(faces.of("acceptor"), "desk-case", case.pk)
    assert "您这个岗位看不到" in page(faces.of("handler"), "desk-case", case.pk)


# ---------------------------------------------------------------- on paper


def test_the_work_order_holds_what_the_official_form_lists(faces: Faces) -> None:
    taken = faces.closed(reporter_contact=PHONE, with_photo=True)
    actions.rate(taken.case, {"solved": "yes", "satisfied": "fair"}, by=_party(taken.case))
    answer = faces.of("dispatcher").get(reverse("desk-work-order", args=[taken.case.pk]))
    assert answer["Content-Type"] == "application/pdf"
    reader = pypdf.PdfReader(io.BytesIO(answer.content))
    said = re.sub(r"\s", "", "".join(found.extract_text() for found in reader.pages))
    case = faces.again(taken.case)
    labels = (
        "编号 来源 受理时间 上报人 联系方式 地点 类别 内容 紧急程度 承办 协办 时限"
        " 签收 办理情况 反馈 核查 回访 办结时间 流转记录"
    )
    assert [label for label in labels.split() if label not in said] == []
    values = (
        f"{case.number} 居民上报 加密保存 第三网格 {case.area_code} 一般 云河区市政养护中心"
        " 新井盖已换好，与路面齐平 已经换好，谢谢您 2026年11月20日10:00 解决了 基本满意"
        " 派遣到云河区市政养护中心 通过"
    )
    assert [value for value in values.split() if value not in said] == []
    assert PHONE not in said
    width, height = (float(side) for side in reader.pages[0].mediabox[2:])
    assert (round(width), round(height)) == (595, 842)  # A4


def _party(case: Case) -> Any:
    found = queries.case_by_code(actions.query_code(case.pk))
    assert found is not None
    return found[1]


# ---------------------------------------------------------------- queues


def test_a_queue_has_its_filters_and_goes_on_behind_the_fiftieth(faces: Faces) -> None:
    client = faces.of("acceptor")
    for n in range(53):
        faces.report(words=f"第{n}号井盖", urgency="urgent" if n % 10 == 0 else "normal")
    first = page(client, "desk-queue", "all")
    onward = re.search(r'rel="next" href="([^"]+)"', first)
    assert onward is not None
    second = text_of(client.get(reverse("desk-queue", args=["all"]) + onward[1]))
    ones, others = (set(re.findall(r'name="case" value="([^"]+)"', shown)) for shown in (first, second))
    assert (len(ones), len(others), ones & others) == (50, 3, set())
    urgent = page(client, "desk-queue", "all", urgency="urgent")
    assert len(re.findall(r'name="case" value=', urgent)) == 6
    nothing = page(client, "desk-queue", "all", state="filed")
    assert "还没有件" in nothing
    assert "全部显示" in nothing
    assert "第52号井盖" in page(client, "desk-queue", "all", after="broken")


@pytest.mark.parametrize("name", ["class", "state", "urgency", "after"])
def test_a_filter_made_by_hand_finds_nothing_and_breaks_nothing(faces: Faces, name: str) -> None:
    client = faces.of("acceptor")
    for value in ("\0", "x" * 5000, "'; DROP TABLE engine_case;--", "²"):
        assert client.get(reverse("desk-queue", args=["open"]), {name: value}).status_code == 200


def test_a_queue_this_post_does_not_have_does_not_exist(faces: Faces) -> None:
    for name, queue in (("acceptor", "unit"), ("handler", "unlocated"), ("acceptor", "nothing")):
        assert faces.of(name).get(reverse("desk-queue", args=[queue])).status_code == 404


def test_late_cases_stand_first_and_are_counted(faces: Faces) -> None:
    late = faces.report(words="昨天的井盖").case
    with moments.at(MORNING + timedelta(hours=3)):
        fresh = faces.report(words="刚报的井盖").case
        shown = page(faces.of("acceptor"), "desk-queue", "mine")
        assert shown.index(late.title) < shown.index(fresh.title)
        assert "已超时" in shown
        assert queues.counts(faces.stage.staff("acceptor"))["late"] == 1


def test_reminders_say_what_happened_and_are_read_once(faces: Faces) -> None:
    case = faces.dispatched().case
    faces.work()
    client = faces.of("handler")
    shown = page(client, "reminders")
    assert case.title in shown
    assert "派遣到云河区市政养护中心" in shown
    assert client.post(reverse("reminders")).status_code == 302
    assert case.title not in page(client, "reminders")
    assert "没有提醒" in page(client, "reminders")


def test_many_at_once_does_each_and_names_each_that_was_not(faces: Faces) -> None:
    ready, other = faces.dispatched().case, faces.handling(words="另一个井盖").case
    far = faces.report(words="远处", place={"area": faces.stage.areas["far_street"].pk}).case
    chosen = [str(ready.pk), str(other.pk), str(far.pk), "not-a-case", str(ids.new_id())]
    answer = faces.of("handler").post(reverse("desk-bulk"), {"move": "sign", "case": chosen})
    said = text_of(answer)
    assert answer.status_code == 200
    assert "办了1件" in said
    assert other.number in said
    assert "已派遣时才能办" in said
    assert far.number not in said
    assert faces.again(ready).state == "handling"
    assert CaseAction.objects.filter(case=other, name="sign").count() == 1


def test_the_way_back_from_many_at_once_leads_nowhere_else(faces: Faces) -> None:
    sent = {"move": "sign", "next": "https://example.org/"}
    assert "example.org" not in text_of(faces.of("handler").post(reverse("desk-bulk"), sent))


# ---------------------------------------------------------------- search


def test_search_finds_by_number_by_words_and_by_telephone(faces: Faces) -> None:
    case = faces.report(reporter_contact=PHONE).case
    other = faces.report(words="柳荫巷路灯不亮").case
    faces.work()
    client = faces.of("acceptor")
    for looked_for in (case.number, case.number.lower(), f" {case.number} ", "井盖翘起", PHONE):
        shown = page(client, "search", q=looked_for)
        assert str(case.pk) in shown, looked_for
        assert str(other.pk) not in shown, looked_for
    assert "没有查到" in page(client, "search", q="没有这样的事")
    assert "没有查到" in page(client, "search", q="\0")


def test_a_search_by_telephone_is_noted_without_the_number(faces: Faces) -> None:
    faces.report(reporter_contact=PHONE)
    searches = JournalLine.objects.filter(kind="search")
    page(faces.of("acceptor"), "search", q="井盖")
    assert not searches.exists()
    shown = page(faces.of("acceptor"), "search", q=PHONE)
    assert "会记入日志" in shown
    line = searches.get()
    assert PHONE not in f"{line.detail} {line.subject}"
    assert line.person == faces.stage.people["acceptor"].pk
    assert "没有查到" in page(faces.of("stranger"), "search", q=PHONE)


# ---------------------------------------------------------------- not located


def test_one_or_many_are_placed_from_the_list_and_the_rest_goes_on(faces: Faces) -> None:
    lost = [faces.report(words=f"不知道在哪的井盖{n}", place=None).case for n in range(3)]
    client, grid = faces.of("intake_desk"), faces.stage.areas["grid"]
    address = reverse("desk-unlocated")
    shown = page(client, "desk-unlocated")
    assert all(case.title in shown for case in lost)
    one = client.post(address, {"area": f"{grid.code} 第三网格", "case": [str(lost[0].pk)]}, follow=True)
    assert "1件已定位到第三网格" in text_of(one)
    assert faces.again(lost[0]).area_id == grid.pk
    many = client.post(address, {"area": grid.code, "case": [str(case.pk) for case in lost[1:]]}, follow=True)
    assert "2件已定位到第三网格" in text_of(many)
    assert "地点都已定位" in text_of(many)
    assert set(Case.objects.values_list("grid", flat=True)) == {grid.pk}
    assert CaseAction.objects.filter(name="correct").count() == 3


def test_placing_says_what_is_missing_keeps_the_selection_and_changes_nothing(faces: Faces) -> None:
    case = faces.report(place=None).case
    client, address, before = faces.of("intake_desk"), reverse("desk-unlocated"), trace(case)
    for sent, says in (
        ({"area": "nowhere", "case": [str(case.pk)]}, "请从列表选地点"),
        ({"area": "\0", "case": [str(case.pk)]}, "请从列表选地点"),
        ({"area": faces.stage.areas["grid"].code}, "请先选中要定位的件"),
        ({"area": faces.stage.areas["grid"].code, "case": [""]}, "请先选中要定位的件"),
    ):
        answer = client.post(address, sent)
        assert answer.status_code == 422
        assert says in text_of(answer)
    assert "checked" in text_of(client.post(address, {"area": "nowhere", "case": [str(case.pk)]}))
    assert client.post(address, {"area": faces.stage.areas["grid"].code, "case": ["x"]}).status_code == 302
    assert trace(case) == before


def test_a_case_known_to_the_county_shows_the_county_and_is_placed_by_a_name_alone(faces: Faces) -> None:
    case = faces.report(place={"area": faces.stage.areas["county"].pk}).case
    client, address = faces.of("dispatcher"), reverse("desk-act", args=[case.pk, "move", "correct"])
    for shown in (page(client, "desk-queue", "open"), page(client, "desk-case", case.pk)):
        assert "云河区" in shown
        assert "地点未定" not in shown
    code = faces.stage.areas["county"].code
    assert f'value="{code} 云河区"' in text_of(client.get(address))
    assert client.post(address, {"reason": "问过了", "area": "建国路街"}).status_code == 422, (
        "no area has this name"
    )
    assert client.post(address, {"reason": "问过了", "area": "建国路街道"}).status_code == 302
    assert faces.again(case).area_id == faces.stage.areas["street"].pk


def test_a_name_that_two_places_have_says_to_choose(faces: Faces) -> None:
    case, grid = faces.report(place=None).case, faces.stage.areas["grid"]
    areas.make_area(
        "grid", f"{grid.code[:-3]}099", grid.name, by=SYSTEM, parent=faces.stage.areas["community"]
    )
    answer = faces.of("intake_desk").post(
        reverse("desk-unlocated"), {"area": grid.name, "case": [str(case.pk)]}
    )
    assert answer.status_code == 422
    assert "请从列表选地点" in text_of(answer)


def test_a_unit_is_known_by_its_name(faces: Faces) -> None:
    case, unit = faces.filed().case, faces.stage.units["municipal"]
    answer = act(faces.of("dispatcher"), case, "move", "dispatch", lead_unit=unit.name)
    assert answer.status_code == 302
    assert faces.again(case).lead_unit == unit.pk


def test_classes_of_the_same_name_say_what_they_stand_under(faces: Faces) -> None:
    options = page(faces.of("acceptor"), "desk-act", faces.report().case.pk, "move", "file")
    names = re.findall(r'<option value="\w+"[^>]*>([^<]+)</option>', options)
    assert len(names) > 50
    assert len(set(names)) == len(names)
    assert "物业维修（房屋与物业）" not in names, "the name alone where it is the only one"


def test_the_unlocated_queue_is_the_city_s_and_can_be_narrowed(faces: Faces) -> None:
    lost = faces.report(words="老火车站垃圾桶满了", place=None).case
    faces.report(words="河边围栏坏了", place=None)
    shown = page(faces.of("intake_desk"), "desk-unlocated", word="火车站")
    assert lost.title in shown
    assert "河边" not in shown
    assert page(faces.of("intake_desk"), "desk-unlocated", word="\0")
    for name in ("acceptor", "handler", "stranger"):
        assert faces.of(name).get(reverse("desk-unlocated")).status_code == 404


# ---------------------------------------------------------------- calls


def call(faces: Faces, who: str = "acceptor", **changed: Any) -> dict[str, Any]:
    sent = {
        "id": str(ids.new_id()),
        "kind": "grid_event",
        "description": "北门口井盖翘起来了",
        "place": "槐安路12号院",
        "area": f"{faces.stage.areas['grid'].code} 第三网格",
        "class": "0405",
        "urgency": "normal",
        "reporter_contact": PHONE,
        **changed,
    }
    return {name: value for name, value in sent.items() if value is not None}


def test_a_call_is_taken_down_and_filed_at_once(faces: Faces) -> None:
    answer = faces.of("acceptor").post(reverse("desk-call"), call(faces, then="file"))
    assert answer.status_code == 302
    case = Case.objects.get()
    assert (case.state, case.source, case.class_code) == ("filed", "hotline", "0405")
    told = text_of(faces.of("acceptor").get(answer["Location"]))
    assert case.number in told
    assert ids.show_code(actions.query_code(case.pk)) in told
    assert "派给承办单位" in told
    assert PHONE not in told


def test_only_taken_in_or_sent_to_be_verified(faces: Faces) -> None:
    client = faces.of("acceptor")
    client.post(reverse("desk-call"), call(faces, then=""))
    client.post(reverse("desk-call"), call(faces, then="verify", description="路灯不亮"))
    assert sorted(Case.objects.values_list("state", flat=True)) == ["reported", "verifying"]


def test_a_call_that_lacks_something_says_everything_and_takes_nothing_in(faces: Faces) -> None:
    sent = call(faces, then="file", description="", area="", reporter_contact="123", **{"class": ""})
    answer = faces.of("acceptor").post(reverse("desk-call"), sent)
    said = text_of(answer)
    assert answer.status_code == 422
    assert "还没有填类别" in said
    assert "还没有填网格或社区" in said
    assert 'value="123"' in said
    assert not Case.objects.exists()
    filled = {**sent, "class": "0405", "area": faces.stage.areas["grid"].code}
    more = text_of(faces.of("acceptor").post(reverse("desk-call"), filled))
    assert "还没有填什么问题" in more
    assert "手机号是11位，现在是3位" in more
    assert not Case.objects.exists()


def test_what_the_button_may_not_do_leaves_no_case_behind(faces: Faces) -> None:
    answer = faces.of("dispatcher").post(reverse("desk-call"), call(faces, then="file"))
    assert answer.status_code == 422
    assert "由受理员、值班长办。" in text_of(answer)
    assert not Case.objects.exists()


def test_the_same_call_sent_twice_is_one_case(faces: Faces) -> None:
    sent = call(faces, then="file")
    client = faces.of("acceptor")
    answers = [client.post(reverse("desk-call"), sent) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [302, 302]
    assert Case.objects.count() == 1
    assert CaseAction.objects.count() == 2  # taken in, filed


def test_while_typing_similar_cases_appear_and_the_caller_can_be_told(faces: Faces) -> None:
    case = faces.dispatched(words="北门口井盖翘起来了").case
    query = {"description": "北门口井盖", "area": faces.stage.areas["grid"].code, "kind": "grid_event"}
    shown = page(faces.of("acceptor"), "desk-call-similar", **query)
    assert case.title in shown
    assert "这件事已经有人反映。下一步：云河区市政养护中心签收" in shown
    assert case.title not in page(faces.of("stranger"), "desk-call-similar", **query)
    classed = page(faces.of("acceptor"), "desk-call-similar", **{**query, "class": "0405"})
    assert "会派给云河区市政养护中心" in classed


def test_a_call_joins_the_case_that_is_open_already(faces: Faces) -> None:
    leader = faces.filed().case
    client = faces.of("acceptor")
    answer = client.post(reverse("desk-call"), call(faces, same_as=str(leader.pk)))
    assert answer.status_code == 302
    link = Link.objects.get()
    assert link.other_id == leader.pk
    hidden = faces.report(words="远处井盖", place={"area": faces.stage.areas["far_street"].pk}).case
    refused = client.post(reverse("desk-call"), call(faces, same_as=str(hidden.pk)))
    assert refused.status_code == 422
    assert Case.objects.count() == 3
    assert Link.objects.count() == 1


def test_what_is_not_taken_in_is_told_and_noted(faces: Faces) -> None:
    if "resident_request" not in library.all_in_force():
        pytest.skip("this city takes no requests")
    client, address = faces.of("intake_desk"), reverse("desk-call")
    form = page(client, "desk-call", kind="resident_request")
    kinds = re.findall(r'name="not_taken_in" value="(\w+)"', form)
    assert len(kinds) == 6
    sent = call(faces, kind="resident_request", then="decline", place=None, area=None)
    without = client.post(address, sent)
    assert without.status_code == 422
    assert not Case.objects.exists()
    done = client.post(address, {**sent, "not_taken_in": kinds[0], "reply": "请拨打110"})
    assert done.status_code == 302
    case = Case.objects.get()
    assert (case.state, case.state_kind) == ("not_taken_in", "dropped")
    assert case.values["reply"] == "请拨打110"


def test_a_question_is_answered_in_the_call(faces: Faces) -> None:
    if "resident_request" not in library.all_in_force():
        pytest.skip("this city takes no requests")
    sent = call(
        faces, kind="resident_request", then="answer", reply="带身份证到街道办", area=None, place=None
    )
    assert faces.of("intake_desk").post(reverse("desk-call"), sent).status_code == 302
    assert Case.objects.get().state == "answered"


def test_whoever_answers_no_telephone_has_no_call_page(faces: Faces) -> None:
    for name in ("handler", "leader", "worker"):
        assert faces.of(name).get(reverse("desk-call")).status_code == 404
    assert faces.of("acceptor").get(reverse("desk-call"), {"kind": "nothing"}).status_code == 404


# ---------------------------------------------------------------- odd input, and what pages cost


def test_nothing_typed_by_hand_breaks_a_page(faces: Faces) -> None:
    case = faces.dispatched().case
    dispatcher, handler = faces.of("dispatcher"), faces.of("handler")
    odd = ["\0", "𠮷🙂", "=1+1", "<script>alert(1)</script>", "字" * 20_000, "-1", "1e999"]
    for value in odd:
        for name in (
            "lead_unit",
            "area",
            "class",
            "urgency",
            "place",
            "reason",
            "revision",
            "request",
            "seen",
        ):
            assert act(dispatcher, case, "move", "correct", **{name: value}).status_code < 500, (name, value)
        for name in ("return_code", "proposed_unit", "reason"):
            assert act(handler, case, "ask", "return", **{name: value}).status_code < 500, (name, value)
        assert dispatcher.get(reverse("search"), {"q": value}).status_code == 200
        assert dispatcher.get(reverse("find-area"), {"area": value}).status_code == 200
        assert dispatcher.get(reverse("find-unit"), {"unit": value}).status_code == 200
        assert (
            dispatcher.get(reverse("desk-call-similar"), {"description": value, "area": value}).status_code
            == 200
        )
        assert dispatcher.post(reverse("desk-bulk"), {"move": value, "case": [value]}).status_code == 200
        sent = call(faces, then=value, same_as=value, description=value, kind="grid_event")
        assert dispatcher.post(reverse("desk-call"), sent).status_code < 500
    assert faces.again(case).state == "dispatched"


def test_what_was_typed_is_never_markup(faces: Faces) -> None:
    evil = "<img src=x onerror=alert(1)>"
    case = faces.report(words=evil).case
    client = faces.of("acceptor")
    act(client, case, "move", "note", remark=evil)
    for answer in (
        client.get(reverse("desk-case", args=[case.pk])),
        client.get(reverse("desk-queue", args=["all"])),
        client.get(reverse("search"), {"q": evil}),
    ):
        assert evil not in answer.content.decode()


def test_a_list_of_fifty_and_a_case_page_ask_the_database_little(
    faces: Faces, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(versions, "LOOK_EVERY", 3600.0)  # as in a process that runs
    for n in range(50):
        faces.report(words=f"第{n}号井盖")
    case = faces.closed(with_photo=True, reporter_contact=PHONE).case
    client = faces.of("acceptor")
    page(client, "desk-queue", "all")
    page(client, "desk-case", case.pk)
    with CaptureQueriesContext(
        connection,
    ) as listed:
        page(client, "desk-queue", "all")
    with CaptureQueriesContext(connection) as shown:
        page(client, "desk-case", case.pk)
    assert len(listed) <= 8
    assert len(shown) <= 15


def test_time_passing_shows_on_the_page_in_words(faces: Faces) -> None:
    case = faces.handling().case
    with moments.at(MORNING + timedelta(days=4)):
        ticking.tick()
        shown = page(faces.of("dispatcher"), "desk-case", case.pk)
        assert "超时" in shown
        assert "超过时限：处置时限" in shown


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_every_page_speaks_both_languages_and_leaves_no_mark_unfilled(faces: Faces, language: str) -> None:
    case = faces.handling(with_photo=True, reporter_contact=PHONE).case
    client = faces.of("dispatcher")
    client.cookies["language"] = language
    shown = [
        page(client, name) for name in ("desk", "desk-asks", "desk-tasks", "search", "reminders", "desk-call")
    ]
    shown += [page(client, "desk-case", case.pk), page(client, "desk-act", case.pk, "move", "correct")]
    for text in shown:
        bare = re.sub(r"data-say-\w+=\"[^\"]*\"|hx-\w+='[^']*'|content='[^']*'", "", text)
        assert not re.search(r"%\(\w+\)s|\{\w+\}", bare)
