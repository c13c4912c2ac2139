"""The portal through the doors residents use: report, join, follow, rate, ask again, who answers here."""

from __future__ import annotations

import io
import re
from datetime import timedelta
from typing import Any

import pypdf
import pytest
from django.test import Client
from django.urls import reverse

from jingwei.engine import actions, library
from jingwei.engine.models import Ask, Case, CaseAction, Link, Rating
from jingwei.kernel import ids, moments, throttle
from jingwei.kernel.models import Attachment, JournalLine, SealedValue
from jingwei.web.portal import codes, report
from tests.conftest import MORNING, PHONE, Faces

pytestmark = pytest.mark.usefixtures("morning")

REPORT = "/report"
WORDS = "槐安路12号院北门口的井盖翘起来了"


def form(faces: Faces, **changed: Any) -> dict[str, Any]:
    """What the report form sends; `None` leaves a field out."""
    sent = {
        "id": str(ids.new_id()),
        "description": WORDS,
        "place": "槐安路12号院北门",
        "area": str(faces.stage.areas["grid"].pk),
        "urgency": "normal",
        **changed,
    }
    return {name: value for name, value in sent.items() if value is not None}


def only_case() -> Case:
    return Case.objects.get()


def code_in(address: str) -> str:
    return address.rstrip("/").rsplit("/", 1)[1]


def text_of(answer: Any) -> str:
    return str(answer.content.decode())


def follow(faces: Faces, code: str, client: Client | None = None) -> str:
    answer = (client or faces.nobody).get(reverse("follow", args=[code]))
    assert answer.status_code == 200
    return text_of(answer)


# ---------------------------------------------------------------- reporting


def test_a_report_becomes_a_case_with_a_number_a_code_and_what_happens_next(faces: Faces) -> None:
    sent = form(faces, reporter_contact=PHONE, photo=[faces.picture(), faces.picture(30)])
    answer = faces.nobody.post(REPORT, sent)
    assert answer.status_code == 302
    case, page = only_case(), text_of(faces.nobody.get(answer["Location"]))
    code = code_in(answer["Location"])
    assert (case.state, case.area_code) == ("reported", faces.stage.areas["grid"].code)
    assert case.number in page
    assert ids.show_code(code) in page
    assert "受理员受理" in page  # who does what next
    assert "今天10:30" in page  # and by when
    assert PHONE not in page
    assert len(case.values["photo"]) == 2
    assert case.values["reporter_contact"] == "sealed"
    assert SealedValue.objects.filter(case=case.pk).count() == 1
    assert "收到了，等受理" in follow(faces, code)


def test_the_code_is_remembered_on_this_device_only(faces: Faces) -> None:
    answer = faces.nobody.post(REPORT, form(faces))
    code = code_in(answer["Location"])
    assert f'value="{code}"' in text_of(faces.nobody.get("/"))
    assert code not in text_of(Client().get("/"))


def test_a_refused_report_says_every_reason_keeps_every_word_and_writes_nothing(faces: Faces) -> None:
    sent = form(faces, description=" ", place="", area="", reporter_contact="1391234567")
    answer = faces.nobody.post(REPORT, sent)
    page = text_of(answer)
    assert answer.status_code == 422
    assert "还没有填什么问题" in page
    assert "还没有填在哪里" in page
    assert "手机号是11位，现在是10位" in page
    assert "还差3处" in page
    assert 'value="1391234567"' in page
    assert sent["id"] in page
    assert not Case.objects.exists()
    assert not JournalLine.objects.filter(kind="case").exists()


def test_the_place_comes_from_the_list_from_a_point_or_from_words_alone(faces: Faces) -> None:
    grid = faces.stage.areas["grid"]
    for given in (
        {"place": None},
        {"area": None, "place": None, "lon": "117.02", "lat": "33.02", "point_source": "wgs84"},
        {"area": None},
    ):
        assert faces.nobody.post(REPORT, form(faces, **given)).status_code == 302
    areas = list(Case.objects.order_by("received_at", "pk").values_list("area", flat=True))
    assert areas == [grid.pk, grid.pk, None]


@pytest.mark.parametrize(
    ("lon", "lat", "says"),
    [
        ("0", "0", "坐标是0,0"),
        ("33.02", "117.02", "经度和纬度填反了"),
        ("-74.0", "40.7", "位置在境外"),
        ("116.4", "39.9", "位置不在本市"),
        ("nan", "33", "地球上没有这个点"),
        ("hier", "33", "经度和纬度要填数字"),
    ],
)
def test_a_point_that_cannot_be_is_refused_in_words(faces: Faces, lon: str, lat: str, says: str) -> None:
    answer = faces.nobody.post(REPORT, form(faces, area=None, place=None, lon=lon, lat=lat))
    assert answer.status_code == 422
    assert says in text_of(answer)
    assert not Case.objects.exists()


def test_pictures_that_are_good_stay_when_another_field_is_wrong(faces: Faces) -> None:
    sent = form(faces, description="", photo=[faces.picture(), faces.picture(30)])
    page = text_of(faces.nobody.post(REPORT, sent))
    kept = re.findall(r'name="photo_kept" value="([0-9a-f-]{36})"', page)
    assert len(kept) == 2
    again = form(faces, id=sent["id"], photo_kept=kept)
    assert faces.nobody.post(REPORT, again).status_code == 302
    assert only_case().values["photo"] == kept


def test_a_picture_kept_by_somebody_else_cannot_be_claimed(faces: Faces) -> None:
    other = faces.report(with_photo=True).case
    stolen = other.values["photo"][0]
    answer = faces.nobody.post(REPORT, form(faces, photo_kept=stolen))
    assert answer.status_code == 422
    assert Case.objects.count() == 1


def test_what_is_no_picture_is_named_and_the_rest_is_kept(faces: Faces) -> None:
    script = faces.picture(name="evil.jpg")
    script.file = io.BytesIO(b"<script>alert(1)</script>")
    answer = faces.nobody.post(REPORT, form(faces, photo=[faces.picture(), script]))
    page = text_of(answer)
    assert answer.status_code == 422
    assert "这不是能打开的照片" in page
    assert page.count('name="photo_kept"') == 1
    assert WORDS in page
    assert not Case.objects.exists()


def test_the_same_form_sent_twice_is_one_case_and_one_code(faces: Faces) -> None:
    sent = form(faces)
    first, second = faces.nobody.post(REPORT, sent), faces.nobody.post(REPORT, sent)
    assert first["Location"] == second["Location"]
    assert Case.objects.count() == 1
    assert CaseAction.objects.count() == 1


def test_the_same_form_with_other_words_is_refused_and_changes_nothing(faces: Faces) -> None:
    sent = form(faces)
    faces.nobody.post(REPORT, sent)
    before = only_case()
    answer = faces.nobody.post(REPORT, {**sent, "description": "别的事"})
    assert answer.status_code == 409
    assert "这张表已提交过别的内容" in text_of(answer)
    assert only_case().values == before.values


def test_too_many_reports_from_one_address_wait(faces: Faces, monkeypatch: pytest.MonkeyPatch) -> None:
    two = throttle.Rate("report", 2, timedelta(minutes=10))
    monkeypatch.setattr(report, "REPORTS_PER_ADDRESS", two)
    assert [faces.nobody.post(REPORT, form(faces)).status_code for _ in range(2)] == [302, 302]
    answer = faces.nobody.post(REPORT, form(faces))
    assert answer.status_code == 429
    assert WORDS in text_of(answer)
    assert "试得太多了" in text_of(answer)
    assert Case.objects.count() == 2
    with moments.at(MORNING + timedelta(minutes=11)):
        assert faces.nobody.post(REPORT, form(faces)).status_code == 302


@pytest.mark.parametrize("value", ["\0", "𠮷🙂" * 30, "=1+1", "<b>粗</b>", "字" * 400_000])
def test_odd_words_are_kept_as_words_or_refused_in_words(faces: Faces, value: str) -> None:
    answer = faces.nobody.post(REPORT, form(faces, description=value))
    if answer.status_code == 302:
        page = follow(faces, code_in(answer["Location"]))
        assert "<b>粗</b>" not in page
        assert only_case().values["description"] == value
    else:
        assert answer.status_code == 422
        assert "什么问题" in text_of(answer)
        assert not Case.objects.exists()


@pytest.mark.parametrize("path", ["/report/nothing", "/report/nothing/similar"])
def test_what_is_not_offered_does_not_exist(faces: Faces, path: str) -> None:
    assert faces.nobody.get(path).status_code == 404


def test_a_request_may_be_made_without_any_place(faces: Faces) -> None:
    if "resident_request" not in library.all_in_force():
        pytest.skip("this city takes no requests")
    sent = form(faces, place=None, area=None, description="想问居住证怎么办")
    answer = faces.nobody.post(reverse("report-kind", args=["request"]), sent)
    assert answer.status_code == 302
    assert only_case().procedure == "resident_request"


# ---------------------------------------------------------------- the same matter


def similar(faces: Faces, **query: str) -> str:
    where = {"area": str(faces.stage.areas["grid"].pk), "description": "井盖翘起来", **query}
    return text_of(faces.nobody.get(reverse("similar", args=["event"]), where))


def test_a_similar_report_is_offered_by_class_place_and_age_never_by_words(faces: Faces) -> None:
    faces.filed(words="王大妈家门口井盖翘起来了", with_photo=True, reporter_contact=PHONE)
    page = similar(faces)
    assert "附近有1件相像的" in page
    assert "第三网格" in page
    assert "今天10:00" in page
    for secret in ("王大妈", "12号院", PHONE, "photo", "WG2026"):
        assert secret not in page
    assert "相像的" not in similar(faces, description="问问社保")
    assert "相像的" not in similar(faces, area=str(faces.stage.areas["next_grid"].pk))


def test_met_too_joins_the_open_report_and_both_know(faces: Faces) -> None:
    leader = faces.report()
    mark = re.search(r'name="same_as" value="([^"]{10,})"', similar(faces))
    assert mark is not None
    answer = faces.nobody.post(REPORT, form(faces, same_as=mark[1]))
    follower = Case.objects.exclude(pk=leader.case.pk).get()
    link = Link.objects.get()
    assert (link.case_id, link.other_id, link.kind) == (follower.pk, leader.case.pk, "follows")
    assert faces.again(leader.case).counters["followers"] == 1
    page = follow(faces, code_in(answer["Location"]))
    assert "在您之前有人上报过同一件事" in page
    assert leader.case.number not in page


@pytest.mark.parametrize("mark", ["", "forged", "MDFhMjBkMjM:1abc:xyz"])
def test_a_mark_nobody_gave_joins_nothing(faces: Faces, mark: str) -> None:
    faces.report()
    assert faces.nobody.post(REPORT, form(faces, same_as=mark)).status_code == 302
    assert not Link.objects.exists()


def test_joining_what_has_ended_meanwhile_leaves_the_report_alone(faces: Faces) -> None:
    leader = faces.report()
    mark = re.search(r'name="same_as" value="([^"]{10,})"', similar(faces))
    assert mark is not None
    faces.moved(leader.case, "reject", "acceptor", reject_code="not_there", reply="现场没有")
    assert faces.nobody.post(REPORT, form(faces, same_as=mark[1])).status_code == 302
    assert not Link.objects.exists()


def test_a_complaint_about_somebody_is_offered_to_nobody(faces: Faces) -> None:
    faces.report(about=actions.About(person=faces.stage.people["worker"].pk))
    assert "相像的" not in similar(faces)


# ---------------------------------------------------------------- looking up by code


def spoken(code: str) -> list[str]:
    """The ways in which people type a code they wrote down."""
    wide = "".join(chr(ord(sign) + 0xFEE0) for sign in code)
    return [
        code,
        code.lower(),
        f" {code[:5]} {code[5:]} ",
        code.replace("0", "O"),
        code.replace("0", "o").replace("1", "l"),
        code.replace("1", "I"),
        wide,
        wide.lower() if wide.isascii() else wide,
        f"{code[:5]}-{code[5:]}",
        f"{code[:5]}　{code[5:]}",
    ]


def test_a_code_is_read_kindly(faces: Faces, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(actions, "query_code", lambda case_id: "A0B1C2D3E0")
    assert faces.report().code == "A0B1C2D3E0"
    for typed in spoken("A0B1C2D3E0"):
        answer = faces.nobody.get(reverse("find-case"), {"code": typed})
        assert answer.status_code == 302, typed
        assert answer["Location"] == reverse("follow", args=["A0B1C2D3E0"])
    assert "收到了" in follow(faces, "A0B1C2D3E0")
    assert "收到了" in follow(faces, "aOb1c2d3eo")


def test_a_code_of_another_length_says_how_long_it_must_be(faces: Faces) -> None:
    answer = faces.nobody.get(reverse("find-case"), {"code": "K7QM3 XW9P"})
    assert answer.status_code == 422
    assert "查询码是10位，现在只有9位" in text_of(answer)
    assert 'value="K7QM3 XW9P"' in text_of(answer)


def test_a_mistyped_code_is_told_so_and_may_be_typed_again(faces: Faces) -> None:
    answer = faces.nobody.get(reverse("find-case"), {"code": "K7QM3 XW9P1"}, follow=True)
    assert answer.status_code == 404
    shown = text_of(answer)
    assert "没有这个查询码" in shown
    assert "每组五位" in shown
    assert 'value="K7QM3XW9P1"' in shown
    assert f'action="{reverse("find-case")}"' in shown
    assert "协办" not in shown, "what the staff is told is nothing to a resident"


def test_what_is_known_of_a_place_is_shown_be_it_the_county_only(faces: Faces) -> None:
    code = faces.report(place={"area": faces.stage.areas["county"].pk}).code
    for name in ("reported", "follow"):
        shown = text_of(faces.nobody.get(reverse(name, args=[code])))
        assert "云河区" in shown
        assert "地点待定" not in shown
        assert "还不知道具体位置" not in shown


def test_only_who_left_a_number_is_told_who_does_not_see_it(faces: Faces) -> None:
    assert "看不到您的电话" not in follow(faces, faces.closed().code)
    assert "看不到您的电话" in follow(faces, faces.closed(words="路灯不亮", reporter_contact=PHONE).code)


ROUTES_BY_CODE = ("follow", "reported", "rate", "reopen", "add", "follow-photo")


def test_a_wrong_code_opens_nothing_counts_and_at_last_shuts_the_address_out(
    faces: Faces, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(codes, "TRIES_PER_ADDRESS", throttle.Rate("code", 3, timedelta(minutes=10)))
    right = faces.report().code

    def tried(name: str, code: str, address: str) -> int:
        path = reverse(name, args=[code, ids.new_id()] if name == "follow-photo" else [code])
        method = "POST" if name in ("rate", "reopen", "add") else "GET"
        return faces.nobody.generic(method, path, REMOTE_ADDR=address).status_code

    for n, name in enumerate(ROUTES_BY_CODE):
        statuses = [tried(name, "0000000000", f"192.0.2.{n}") for _ in range(4)]
        assert statuses == [404, 404, 404, 429], name
        assert tried(name, right, f"192.0.2.{n}") == 429, "who guessed so often learns nothing by going on"
    assert tried("follow", right, "192.0.2.99") == 200
    with moments.at(MORNING + timedelta(minutes=11)):
        assert tried("follow", right, "192.0.2.0") == 200
    assert CaseAction.objects.count() == 1


def test_all_wrong_tries_together_are_limited_too(faces: Faces, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(codes, "TRIES_IN_ALL", throttle.Rate("code-all", 2, timedelta(minutes=10)))
    statuses = [
        faces.nobody.get(reverse("follow", args=["0000000000"]), REMOTE_ADDR=f"192.0.2.{n}").status_code
        for n in range(4)
    ]
    assert statuses == [404, 404, 429, 429]


# ---------------------------------------------------------------- following


def test_the_follow_page_tells_the_way_in_plain_words_and_names_no_staff(faces: Faces) -> None:
    taken = faces.closed(reporter_contact=PHONE, with_photo=True)
    page = follow(faces, taken.code)
    for told in ("您上报了", "交给云河区市政养护中心办", "另一位网格员核查", "结案，请您评价"):
        assert told in page
    assert "新井盖已换好，与路面齐平" in page
    assert "已经换好，谢谢您" in page
    assert "办理前" in page
    assert "办理后" in page
    names = [person.name for person in faces.stage.people.values()]
    assert [name for name in names if name in page] == []
    assert PHONE not in page


def test_an_open_case_says_what_comes_next_and_by_when(faces: Faces) -> None:
    page = follow(faces, faces.dispatched().code)
    assert "下一步：云河区市政养护中心签收" in page
    assert "今天16:00前" in page  # four working hours


def test_a_number_in_the_words_is_masked_on_the_page(faces: Faces) -> None:
    page = follow(faces, faces.report(words=f"井盖坏了，打我电话{PHONE}").code)
    assert PHONE not in page
    assert "139****5678" in page


def test_who_read_the_number_stands_on_the_page_the_number_does_not(faces: Faces) -> None:
    taken = faces.report(reporter_contact=PHONE)
    sent = {"field": "reporter_contact", "purpose": "ask_reporter"}
    faces.of("acceptor").post(reverse("desk-reveal", args=[taken.case.pk]), sent)
    page = follow(faces, taken.code)
    assert "谁看过您的号码" in page
    assert "受理员" in page
    assert "向您了解情况" in page
    assert PHONE not in page


def test_pictures_of_the_reporter_and_the_evidence_are_shown_others_are_not(faces: Faces) -> None:
    taken = faces.closed(with_photo=True)
    case = faces.again(taken.case)
    stranger = faces.report(with_photo=True).case

    def status(picture: str) -> int:
        answer = faces.nobody.get(reverse("follow-photo", args=[taken.code, picture]))
        if answer.streaming:  # read to its end, which closes the file
            b"".join(answer)
        return answer.status_code

    assert status(case.values["photo"][0]) == 200
    assert status(case.values["evidence"][0]) == 200
    assert status(case.values["check_photo"][0]) == 404
    assert status(stranger.values["photo"][0]) == 404


# ---------------------------------------------------------------- rating, asking again, adding


def rate(faces: Faces, code: str, **answers: str) -> Any:
    return faces.nobody.post(reverse("rate", args=[code]), answers)


def test_the_reporter_rates_once(faces: Faces) -> None:
    taken = faces.closed()
    assert "请您评一评" in follow(faces, taken.code)
    assert rate(faces, taken.code, solved="yes", satisfied="fair").status_code == 302
    page = follow(faces, taken.code)
    assert "您评价了" in page
    assert "提交评价" not in page
    answer = rate(faces, taken.code, solved="no", satisfied="no")
    assert answer.status_code == 422
    assert "已经评价过" in text_of(answer)
    assert Rating.objects.get().answers == {"solved": "yes", "satisfied": "fair"}


def test_the_same_rating_sent_twice_is_one(faces: Faces) -> None:
    taken, request = faces.closed(), str(ids.new_id())
    answers = {"solved": "yes", "satisfied": "yes", "request": request}
    assert [rate(faces, taken.code, **answers).status_code for _ in range(2)] == [302, 302]
    assert Rating.objects.count() == 1


def test_a_rating_without_answers_names_each_that_is_missing(faces: Faces) -> None:
    taken = faces.closed()
    answer = rate(faces, taken.code)
    assert answer.status_code == 422
    assert "还没有填问题解决了吗" in text_of(answer)
    assert "还没有填对办理满意吗" in text_of(answer)
    assert not Rating.objects.exists()


def test_an_open_case_cannot_be_rated_and_a_closed_one_not_for_ever(faces: Faces) -> None:
    open_one, taken = faces.handling(), faces.closed()
    assert rate(faces, open_one.code, solved="yes", satisfied="yes").status_code == 422
    with moments.at(MORNING + timedelta(days=9)):
        answer = rate(faces, taken.code, solved="yes", satisfied="yes")
        assert answer.status_code == 422
        assert "评价时间已过" in text_of(answer)
        assert "提交评价" not in follow(faces, taken.code)
    assert not Rating.objects.exists()


def test_asking_to_have_it_done_again_waits_for_the_leader_and_only_once(faces: Faces) -> None:
    taken = faces.closed()
    address = reverse("reopen", args=[taken.code])
    without = faces.nobody.post(address, {"reason": ""})
    assert without.status_code == 422
    assert "还没有填说明" in text_of(without)
    assert not Ask.objects.exists()
    assert faces.nobody.post(address, {"reason": "井盖又晃了"}).status_code == 302
    assert "您申请了重办" in follow(faces, taken.code)
    again = faces.nobody.post(address, {"reason": "还是晃"})
    assert again.status_code == 422
    assert "已经申请过" in text_of(again)
    assert "还是晃" not in {str(a.values.get("reason")) for a in CaseAction.objects.all()}
    question = Ask.objects.get()
    faces.of("leader").post(reverse("desk-act", args=[taken.case.pk, "grant", question.pk]))
    assert faces.again(taken.case).state == "handling"
    assert "同意重办" in follow(faces, taken.code)


def test_reopening_has_its_time(faces: Faces) -> None:
    taken = faces.closed()
    with moments.at(MORNING + timedelta(days=40)):
        answer = faces.nobody.post(reverse("reopen", args=[taken.code]), {"reason": "又坏了"})
        assert answer.status_code == 422
        assert "申请重办" in text_of(answer)
    assert not Ask.objects.exists()


def test_adding_something_keeps_words_and_pictures_when_it_is_refused(faces: Faces) -> None:
    taken = faces.handling()
    address = reverse("add", args=[taken.code])
    refused = faces.nobody.post(address, {"remark": "", "photo": [faces.picture()]})
    page = text_of(refused)
    assert refused.status_code == 422
    assert "还没有填" in page
    kept = re.findall(r'name="photo_kept" value="([0-9a-f-]{36})"', page)
    assert len(kept) == 1
    assert CaseAction.objects.filter(name="add").count() == 0
    assert faces.nobody.post(address, {"remark": "夜里更危险", "photo_kept": kept}).status_code == 302
    added = CaseAction.objects.get(name="add")
    assert added.values == {"remark": "夜里更危险", "photo": kept}
    assert "夜里更危险" in follow(faces, taken.code)


def test_what_is_no_picture_adds_nothing(faces: Faces) -> None:
    taken = faces.handling()
    bad = faces.picture()
    bad.file = io.BytesIO(b"%PDF-1.7")
    answer = faces.nobody.post(reverse("add", args=[taken.code]), {"remark": "看照片", "photo": [bad]})
    assert answer.status_code == 422
    assert "这不是能打开的照片" in text_of(answer)
    assert "看照片" in text_of(answer)
    assert not CaseAction.objects.filter(name="add").exists()
    assert not Attachment.objects.filter(case=taken.case.pk).exists()


# ---------------------------------------------------------------- who answers, and the standing pages


def test_my_grid_is_remembered_by_the_device_and_named_on_the_first_page(faces: Faces) -> None:
    grid, client = faces.stage.areas["grid"], Client()
    answer = client.post(reverse("my-grid"), {"area": [str(faces.stage.areas["county"].pk), str(grid.pk)]})
    assert answer["Location"] == reverse("grid-board", args=[grid.code])
    page = text_of(client.get("/"))
    for word in ("第三网格", faces.stage.people["worker"].name, faces.stage.people["worker"].work_phone):
        assert word in page
    assert "第三网格" not in text_of(Client().get("/"))


def test_my_grid_is_found_by_position(faces: Faces) -> None:
    answer = faces.nobody.post(reverse("my-grid"), {"lon": "117.06", "lat": "33.02"})
    assert answer["Location"] == reverse("grid-board", args=[faces.stage.areas["next_grid"].code])


@pytest.mark.parametrize(
    "sent",
    [{}, {"area": "²"}, {"area": "9" * 5000}, {"lon": "nan", "lat": "nan"}, {"lon": "x", "lat": "1"}],
    ids=["nothing", "not-a-number", "too-long", "nan", "words"],
)
def test_no_place_chosen_asks_again(faces: Faces, sent: dict[str, str]) -> None:
    answer = faces.nobody.post(reverse("my-grid"), sent)
    assert answer.status_code == 422
    assert "请从列表选地方" in text_of(answer)
    assert "grid" not in answer.cookies


def test_the_grid_board_names_who_answers_on_the_page_and_on_paper(faces: Faces) -> None:
    grid = faces.stage.areas["grid"]
    page = text_of(faces.nobody.get(reverse("grid-board", args=[grid.code])))
    paper = faces.nobody.get(reverse("grid-board-pdf", args=[grid.code]))
    printed = pypdf.PdfReader(io.BytesIO(paper.content))
    said = "".join(found.extract_text() for found in printed.pages)
    worker = faces.stage.people["worker"]
    for word in (worker.name, worker.work_phone, grid.code, "第三网格"):
        assert word in page
        assert word in said.replace("\n", "")
    width, height = (float(side) for side in printed.pages[0].mediabox[2:])
    assert (round(width), round(height)) == (1191, 842)  # A3, lying
    assert faces.nobody.get(reverse("grid-board", args=["999999"])).status_code == 404


def test_the_privacy_page_names_every_field_a_resident_fills_and_how_long_it_stays(faces: Faces) -> None:
    page = text_of(faces.nobody.get(reverse("privacy")))
    for playbook in library.all_in_force().values():
        for name in playbook.procedure.intake.fields:
            assert playbook.text("fields", name, "label") in page
    assert "办结后90天" in page
    assert "个人信息，加密" in page


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_every_page_speaks_both_languages_and_leaves_no_mark_unfilled(faces: Faces, language: str) -> None:
    client = Client()
    client.cookies["language"] = language
    for path in ("/", "/report", "/follow", "/my-grid", "/privacy", "/accessibility"):
        page = text_of(client.get(path))
        assert f'lang="{"zh-CN" if language == "zh-hans" else "en"}"' in page
        bare = re.sub(r"data-say-\w+=\"[^\"]*\"", "", page)
        assert not re.search(r"%\(\w+\)s|\{\w+\}", bare), path
        if language == "en":
            words = re.sub(r"<[^>]+>|中文|经州市|云河区|望川区", " ", page)
            assert not re.search(r"[\u4e00-\u9fff]{2,}", words), path
