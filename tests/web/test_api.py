"""The API through its door: tokens, the whole way of a case, what each may see, keys, revisions, and every kind of no."""

from __future__ import annotations

import io
import json
import re
import struct
import zlib
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, get_args
from uuid import UUID, uuid4

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.http import HttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext
from PIL import Image

from jingwei.engine import actions, keeping, library, queries, queues, words
from jingwei.engine.models import Ask, Case, CaseAction, Message, Task
from jingwei.engine.stage import Stage
from jingwei.kernel import accounts, ids, moments, privacy, throttle, versions
from jingwei.kernel.actors import SYSTEM, Party
from jingwei.kernel.models import Account, ApiToken, Attachment, JournalLine, RequestKey, SealedValue
from jingwei.kernel.moments import now
from jingwei.kernel.refusals import Refused
from jingwei.registry import people
from jingwei.web.api import cases, interface
from jingwei.web.portal import codes as portal_codes
from jingwei.web.portal import report

MORNING = datetime(2026, 11, 20, 2, 0, tzinfo=UTC)  # Friday, 10:00 in Shanghai
GRID, STREET = "991103001002003", "991103001"
PHONE = "13812345678"


@pytest.fixture(autouse=True)
def _morning() -> Iterator[None]:
    with moments.at(MORNING):
        yield


def intake(**more: Any) -> dict[str, Any]:
    values = {"description": "北门口的井盖翘起来了。", "place": {"area": GRID, "words": "北门外人行道"}}
    body = {"id": str(ids.new_id()), "procedure": "grid_event", "source": "hotline", "values": values}
    values |= more.pop("values", {})
    return body | more


def taken(stage: Stage, **more: Any) -> Case:
    """A resident's report, through the action."""
    entered = {"description": "北门口的井盖翘起来了。", "place": {"area": GRID}} | more.pop("values", {})
    case = actions.take_in(
        ids.new_id(), "grid_event", entered, by=Party(), source="resident", bound_to="portal", **more
    )
    return case.case


def moved(stage: Stage, case: Case, *steps: tuple[str, str, dict[str, Any]]) -> Case:
    for who, move, entered in steps:
        actions.move_case(case, move, by=stage.staff(who), entered=entered)
    return case


FILE = ("acceptor", "file", {"class": "0405", "area": GRID})
DISPATCH = ("dispatcher", "dispatch", {"lead_unit": "YH-SZ"})
SIGN: tuple[str, str, dict[str, Any]] = ("handler", "sign", {})


def picture(shade: int = 90) -> SimpleUploadedFile:
    made = io.BytesIO()
    Image.new("RGB", (640, 480), (shade, 120, 90)).save(made, "JPEG")
    return SimpleUploadedFile("photo.jpg", made.getvalue(), "image/jpeg")


def key() -> str:
    return str(uuid4())


def codes(answer: Any) -> list[tuple[str, str]]:
    """The reasons of a problem, as code and field; and that it has the form of one."""
    assert answer["Content-Type"] == "application/problem+json", answer.content
    body = json.loads(answer.content)
    assert body["type"].startswith("urn:jingwei:problem:")
    assert body["status"] == answer.status_code
    assert body["title"]
    assert all(set(one) == {"code", "field", "text", "values"} and one["text"] for one in body["reasons"])
    return [(one["code"], one["field"]) for one in body["reasons"]]


def texts(answer: HttpResponse) -> list[str]:
    return [one["text"] for one in json.loads(answer.content)["reasons"]]


def said(answer: HttpResponse) -> Any:
    assert answer.status_code < 300, answer.content.decode()
    return json.loads(answer.content)


def everything() -> tuple[int, ...]:
    """What must not change when the answer is no."""
    counted = (Case, CaseAction, JournalLine, Attachment, RequestKey, Ask, Task, Message, SealedValue)
    return tuple(model.objects.count() for model in counted)


# ---------------------------------------------------------------- the whole way


def test_a_case_goes_the_whole_way_by_programs(callers: Any) -> None:
    acceptor, dispatcher, handler = callers.of("acceptor"), callers.of("dispatcher"), callers.of("handler")
    body = intake(values={"reporter_contact": PHONE})
    shown = said(acceptor.send_picture(body["id"], picture()))
    assert (shown["case"], shown["media_type"], shown["width"]) == (body["id"], "image/jpeg", 640)
    body["values"]["photo"] = [shown["id"]]
    begun = acceptor.post("cases", body)
    assert begun.status_code == 201
    assert begun["ETag"] == '"1"'
    assert re.fullmatch(r"WG20261120-1103-\d{5}", said(begun)["number"])
    assert len(said(begun)["code"]) == 10
    case = f"cases/{body['id']}"

    step = acceptor.post(f"{case}/moves/file", {"values": {"class": "0405", "area": GRID}}, if_match='"1"')
    assert (said(step)["state"], said(step)["seq"], step["ETag"]) == ("filed", 2, '"2"')
    said(dispatcher.post(f"{case}/moves/dispatch", {"values": {"lead_unit": "YH-SZ"}}))
    said(handler.post(f"{case}/moves/sign"))  # nothing need be entered: there is no body
    work = {"to_unit": "YH-CG", "values": {"what": "围挡"}, "due_at": "2026-11-21T18:00:00+08:00"}
    given = said(handler.post(f"{case}/tasks/co_handle", work))
    early = handler.post(f"{case}/moves/feed_back", {"values": {"result": "换了新井盖"}})
    assert codes(early) == [("task-unanswered", ""), ("missing", "evidence")]
    answered = callers.of("co_handler").post(
        f"tasks/{given['task']}/answer", {"values": {"result": "围好了"}}
    )
    assert said(answered)["task"] == given["task"]
    after = said(handler.send_picture(body["id"], picture(30)))["id"]
    feed = {
        "values": {"result": "换了新井盖", "evidence": [after]},
        "claimed_at": "2026-11-20T10:30:00+08:00",
    }
    said(handler.post(f"{case}/moves/feed_back", feed))
    said(dispatcher.post(f"{case}/moves/send_check"))
    check = said(callers.of("worker").send_picture(body["id"], picture(60)))["id"]
    said(callers.of("worker").post(f"{case}/moves/pass", {"values": {"check_photo": [check]}}))
    untold = callers.of("leader").post(f"{case}/moves/close")
    assert codes(untold) == [("reporter-not-told", "")]
    said(acceptor.post(f"{case}/moves/contact", {"values": {"reached": "reached"}}))
    said(callers.of("leader").post(f"{case}/moves/close"))
    rated = {"answers": {"solved": "yes", "satisfied": "fair"}, "remark": "来得快"}
    assert codes(acceptor.post(f"{case}/ratings", {"answers": {"solved": "yes"}})) == [
        ("missing", "satisfied")
    ]
    said(acceptor.post(f"{case}/ratings", rated))
    assert codes(acceptor.post(f"{case}/ratings", rated)) == [("already-rated", "")]

    whole = said(acceptor.get(case))
    assert (whole["state"], whole["kind"], whole["outcome"], whole["lead_unit"]) == (
        "closed",
        "done",
        "solved",
        "YH-SZ",
    )
    assert whole["ratings"][0]["answers"] == {"solved": "yes", "satisfied": "fair"}
    assert whole["values"]["place"] == {"area": GRID, "words": "北门外人行道"}
    assert {clock["status"] for clock in whole["clocks"]} == {"ended"}
    assert whole["tasks"][0]["state"] == "answered"
    story = said(acceptor.get(f"{case}/story"))["entries"]
    assert [entry["seq"] for entry in story] == list(range(1, len(story) + 1))
    assert story[2]["detail"].keys() == {"row"}, "the row of the catalogue that named the unit"
    assert story[2]["by"] == {"kind": "staff", "role": "dispatcher", "name": "罗启明", "unit": None}
    assert next(e for e in story if e["name"] == "feed_back")["claimed_at"] == "2026-11-20T02:30:00Z"
    assert said(acceptor.get(case))["revision"] == len(story)


def test_an_ask_is_decided_by_whom_the_procedure_names(callers: Any) -> None:
    case = moved(callers.stage, taken(callers.stage), FILE, DISPATCH)
    ask = f"cases/{case.pk}/asks/return"
    asked = {"values": {"return_code": "not_my_duty", "proposed_unit": "YH-SW", "reason": "归水务管"}}
    assert codes(callers.of("handler").post(ask, {"values": {}})) == [
        ("missing", "return_code"), ("missing", "proposed_unit"), ("missing", "reason"),
    ]  # fmt: skip
    number = said(callers.of("handler").post(ask, asked))["ask"]
    decision = f"asks/{number}/decision"
    assert codes(callers.of("dispatcher").post(decision, {"granted": False})) == [("missing", "reason")]
    assert codes(callers.of("acceptor").post(decision, {"granted": True})) == [("wrong-role", "")]
    choices = said(callers.of("dispatcher").get(f"cases/{case.pk}/options"))["options"]
    assert [(c["id"], c["allowed"]) for c in choices if c["kind"] == "decision"] == [(number, True)]
    sent = key()
    granted = callers.of("dispatcher").post(decision, {"granted": True}, idempotency_key=sent)
    assert (said(granted)["state"], said(granted)["ask"]) == ("filed", number)
    again = callers.of("dispatcher").post(decision, {"granted": True}, idempotency_key=sent)
    assert again.content == granted.content
    assert codes(callers.of("dispatcher").post(decision, {"granted": True})) == [("already-decided", "")]
    assert callers.of("dispatcher").post("asks/999999/decision", {"granted": True}).status_code == 404


def test_an_answer_carries_only_what_is_asked_for(callers: Any) -> None:
    """Nobody corrects class, place or unit in passing, with a decision, a task, its answer or a callback."""
    stage = callers.stage
    case = moved(stage, taken(stage), FILE, DISPATCH, SIGN)
    handler, helper = callers.of("handler"), callers.of("co_handler")
    given = handler.post(
        f"cases/{case.pk}/tasks/co_handle", {"to_unit": "YH-CG", "values": {"what": "x", "class": "0101"}}
    )
    assert codes(given) == [("not-asked-for", "class")]
    task = said(
        handler.post(f"cases/{case.pk}/tasks/co_handle", {"to_unit": "YH-CG", "values": {"what": "围挡"}})
    )["task"]
    answer = helper.post(
        f"tasks/{task}/answer", {"values": {"result": "好了", "lead_unit": "YH-CG", "area": STREET}}
    )
    assert codes(answer) == [("not-asked-for", "lead_unit"), ("not-asked-for", "area")]
    said(
        handler.post(
            f"cases/{case.pk}/asks/suspension", {"values": {"obstacle_code": "weather", "reason": "大雨"}}
        )
    )
    ask = Ask.objects.get(case=case)
    decided = callers.of("leader").post(
        f"asks/{ask.pk}/decision", {"granted": True, "values": {"urgency": "urgent"}}
    )
    assert codes(decided) == [("not-asked-for", "urgency")]
    case.refresh_from_db()
    assert (case.class_code, case.lead_unit, case.urgency) == ("0405", stage.units["municipal"].pk, "normal")


def test_what_may_be_done_is_what_is_done(callers: Any) -> None:
    """The list of options and the acts themselves answer alike, for everybody and in every state on the way."""
    stage = callers.stage
    case = taken(stage)
    for step in (None, FILE, DISPATCH, SIGN):
        if step:
            moved(stage, case, step)
        for who in ("acceptor", "dispatcher", "leader", "handler", "worker", "chief"):
            listed = callers.of(who).get(f"cases/{case.pk}/options")
            if listed.status_code == 404:
                continue
            for option in said(listed)["options"]:
                if option["kind"] != "move" or (option["allowed"] and not option["needs"]):
                    continue
                before = everything()
                tried = callers.of(who).post(f"cases/{case.pk}/moves/{option['name']}", {"values": {}})
                missing = [("missing", name) for name in option["needs"]]
                assert sorted(codes(tried)) == sorted(
                    [(r["code"], r["field"]) for r in option["reasons"]] + missing
                )
                assert everything() == before


def test_one_case_follows_another_and_lets_go(callers: Any) -> None:
    stage = callers.stage
    first, second = taken(stage), taken(stage)
    far = actions.take_in(
        ids.new_id(), "grid_event", {"description": "灯不亮", "place": {"area": "991104001"}},
        by=Party(), source="resident", bound_to="portal",
    ).case  # fmt: skip
    acceptor, link = callers.of("acceptor"), f"cases/{second.pk}/links"
    assert codes(acceptor.post(link, {"kind": "follows", "other": str(far.pk)})) == [("cannot-follow", "")]
    assert codes(acceptor.post(link, {"kind": "follows", "other": key()})) == [("cannot-follow", "other")]
    sent = key()
    done = acceptor.post(
        link, {"kind": "follows", "other": str(first.pk)}, idempotency_key=sent, if_match='"1"'
    )
    again = acceptor.post(
        link, {"kind": "follows", "other": str(first.pk)}, idempotency_key=sent, if_match='"1"'
    )
    assert done.content == again.content
    assert said(done)["seq"] == 2
    seen = said(acceptor.get(f"cases/{second.pk}"))["links"]
    assert seen[0]["case"] == {"id": str(first.pk), "number": first.number}
    assert said(acceptor.get(f"cases/{first.pk}"))["links"][0]["leads"] is True
    assert codes(acceptor.delete(f"{link}/continues")) == [("unknown-link", "")]
    said(acceptor.delete(f"{link}/follows", if_match='"2"'))
    assert codes(acceptor.delete(f"{link}/follows")) == [("nothing-linked", "")]


# ---------------------------------------------------------------- who


def test_only_a_token_that_counts_opens_anything(callers: Any, stage: Stage) -> None:
    from_conftest = callers.of("acceptor")
    secret = from_conftest.token
    assert said(from_conftest.get("me")) == {
        "name": "何秋霞", "role": "acceptor", "title": "建国路街道受理员", "post": stage.posts["acceptor"].pk,
        "area": STREET, "area_kind": "street", "unit": None,
    }  # fmt: skip
    for header in (
        "",
        "Bearer",
        "Bearer ",
        f"Basic {secret}",
        f"Bearer {secret[:-1]}",
        f"Bearer {secret} x",
        "Bearer " + "x" * 9000,
    ):
        answer = Client().get("/api/v1/me", headers={"Authorization": header} if header else {})
        assert answer.status_code == 401, header
        assert codes(answer) == [("token-needed", "")]
        assert answer["WWW-Authenticate"] == "Bearer"
    with moments.at(MORNING + timedelta(days=31)):
        assert from_conftest.get("me").status_code == 401, "expired"
    with moments.at(MORNING + timedelta(days=29)):
        assert from_conftest.get("me").status_code == 200
    account = Account.objects.get(person=stage.people["acceptor"].pk)
    accounts.revoke_token(ApiToken.objects.get(account=account), by=SYSTEM)
    assert from_conftest.get("me").status_code == 401, "revoked"
    worker, handler = callers.of("worker"), callers.of("handler")
    people.end_assignment(stage.assignments["worker"], by=SYSTEM)
    assert worker.get("me").status_code == 401, "the assignment has ended"
    accounts.close_account(Account.objects.get(person=stage.people["handler"].pk), by=SYSTEM)
    assert handler.get("me").status_code == 401, "the account is closed"


def test_every_address_asks_for_a_token_or_says_that_it_is_public() -> None:
    public = {
        (path, method)
        for path, methods in interface.description()["paths"].items()
        for method, operation in methods.items()
        if "security" not in operation
    }
    assert public == {
        ("/api/v1/openapi.json", "get"), ("/api/v1/reports", "post"), ("/api/v1/reports/{code}", "get"),
        ("/api/v1/areas", "get"), ("/api/v1/areas/locate", "get"), ("/api/v1/procedures", "get"),
        ("/api/v1/procedures/{name}", "get"), ("/api/v1/classes/{name}", "get"),
    }  # fmt: skip


def every_operation(case: Case, attachment: str, ask: int, task: int) -> Iterator[tuple[str, str, Any]]:
    """Everything that is about one case: method, path, a body that would do."""
    bodies: dict[str, Any] = {
        "moves": {"values": {"remark": "看看"}}, "asks": {"values": {}},
        "tasks": {"to_unit": "YH-CG", "values": {"what": "x"}},
        "decision": {"granted": True}, "answer": {"values": {"result": "x"}}, "ratings": {"answers": {}},
        "reveal": {"field": "reporter_contact", "purpose": "audit"},
        "links": {"kind": "follows", "other": key()},
    }  # fmt: skip
    fills = {"case_id": str(case.pk), "attachment_id": attachment, "ask_id": str(ask), "task_id": str(task),
             "move": "note", "ask": "return", "task": "co_handle", "kind": "follows"}  # fmt: skip
    for path, methods in interface.description()["paths"].items():
        named = set(re.findall(r"{(\w+)}", path))
        if not named & {"case_id", "attachment_id", "ask_id", "task_id"}:
            continue
        short = path.removeprefix("/api/v1/")
        filled = re.sub(r"{(\w+)}", lambda m: fills[m[1]], short)
        words_in_path = short.split("/")
        about = next((name for name in reversed(words_in_path) if name in bodies), "")
        for method in methods:
            yield method, filled, bodies.get(about)


def test_a_stranger_finds_nothing_and_a_colleague_without_the_role_may_not(callers: Any) -> None:
    stage = callers.stage
    case = taken(stage, values={"reporter_contact": PHONE})
    shown = said(callers.of("acceptor").send_picture(case.pk, picture()))["id"]
    moved(stage, case, ("acceptor", "correct", {"reason": "补"}), FILE, DISPATCH)
    ask = actions.ask(
        case, "return", by=stage.staff("handler"),
        entered={"return_code": "not_my_duty", "proposed_unit": "YH-SW", "reason": "不归我"},
    )  # fmt: skip
    actions.decide(ask, False, by=stage.staff("dispatcher"), entered={"reason": "归你"})
    case.refresh_from_db()
    moved(stage, case, SIGN)
    actions.give_task(
        case,
        "co_handle",
        by=stage.staff("handler"),
        to_unit=stage.units["patrol"].pk,
        entered={"what": "围挡"},
    )
    task = Task.objects.get(case=case)
    strangers = ("stranger", "stranger_dispatcher", "neighbour_worker", "other_handler")
    for who in strangers:
        caller = callers.of(who)
        before = everything()
        for method, path, body in every_operation(case, shown, ask.pk, task.pk):
            if path.endswith("/attachments"):
                answer = caller.send_picture(case.pk, picture(200))
            else:
                answer = getattr(caller, method)(path, *([body] if method == "post" else []))
            assert answer.status_code == 404, f"{who} {method} {path}: {answer.content.decode()}"
            assert codes(answer) == [("not-found", "")]
        assert everything() == before
        assert said(caller.get("search?q=井盖"))["cases"] == []
        for queue in queues.QUEUES:
            listed = caller.get(f"cases?queue={queue}")
            assert listed.status_code == 404 or str(case.pk) not in listed.content.decode()

    chief = callers.of("chief")
    before = everything()  # reads the cases of the grid, and acts in none
    assert said(chief.get(f"cases/{case.pk}"))["number"] == case.number
    for path, body in (
        ("moves/feed_back", {"values": {"result": "好", "evidence": []}}), ("asks/suspension", None),
        ("tasks/co_handle", {"to_unit": "YH-CG", "values": {"what": "x"}}),
        ("reveal", {"field": "reporter_contact", "purpose": "audit"}),
    ):  # fmt: skip
        answer = chief.post(f"cases/{case.pk}/{path}", body)
        assert answer.status_code == 422
        assert ("wrong-role", "") in codes(answer), path
    assert ("wrong-role", "") in codes(chief.post(f"tasks/{task.pk}/answer", {"values": {"result": "x"}}))
    assert everything() == before


def test_whom_a_case_is_about_never_sees_it(callers: Any) -> None:
    stage = callers.stage
    body = intake(
        values={"description": "市政养护中心半年没人管"},
        about={"unit": "YH-SZ", "person": stage.people["worker"].staff_no},
    )
    said(callers.of("acceptor").post("cases", body))
    case = Case.objects.get(pk=body["id"])
    assert (case.about_unit, case.about_person) == (stage.units["municipal"].pk, stage.people["worker"].pk)
    words.index(case)
    moved(stage, case, FILE)
    for who in ("handler", "worker"):
        caller = callers.of(who)
        assert caller.get(f"cases/{case.pk}").status_code == 404, who
        assert said(caller.get("search?q=市政养护"))["cases"] == []
        assert said(caller.get(f"search?q={case.number}"))["cases"] == []
        for queue in queues.QUEUES:
            listed = caller.get(f"cases?queue={queue}")
            assert listed.status_code == 404 or str(case.pk) not in listed.content.decode(), (who, queue)
    assert [row["id"] for row in said(callers.of("acceptor").get("search?q=市政养护"))["cases"]] == [
        str(case.pk)
    ]
    whole = callers.of("acceptor").get(f"cases/{case.pk}").content.decode()
    assert "about" not in whole
    assert stage.people["worker"].staff_no not in whole
    unknown = intake(about={"unit": "NOBODY", "post": 999_999, "person": "X1"})
    assert codes(callers.of("acceptor").post("cases", unknown)) == [
        ("unknown-unit", "about.unit"), ("unknown-post", "about.post"), ("unknown-person", "about.person"),
    ]  # fmt: skip


def test_who_reported_it_never_leaves_but_for_a_purpose(callers: Any) -> None:
    stage = callers.stage
    written = f"打我电话{PHONE}，身份证110101199003071234"
    case = taken(stage, values={"description": written, "reporter_contact": PHONE})
    moved(stage, case, FILE, DISPATCH, SIGN)
    acceptor, handler = callers.of("acceptor"), callers.of("handler")
    seen = said(acceptor.get(f"cases/{case.pk}"))
    assert seen["values"]["reporter_contact"] == {"sealed": True}
    assert seen["values"]["description"] == "打我电话138****5678，身份证110***********1234"
    theirs = said(handler.get(f"cases/{case.pk}"))
    assert "reporter_contact" not in theirs["values"], "the handling unit does not even see that there is one"
    for caller in (acceptor, handler):
        for path in (
            f"cases/{case.pk}",
            f"cases/{case.pk}/story",
            f"cases/{case.pk}/options",
            "cases?queue=open",
            "search?q=电话",
        ):
            answer = caller.get(path).content.decode()
            assert PHONE not in answer, path
            assert "110101199003071234" not in answer, path
            assert str(case.reporter) not in answer, path
    ask = {"field": "reporter_contact", "purpose": "answer_reporter"}
    assert codes(handler.post(f"cases/{case.pk}/reveal", ask)) == [("wrong-role", "")]
    assert codes(acceptor.post(f"cases/{case.pk}/reveal", ask | {"purpose": "curiosity"})) == [
        ("purpose-needed", "purpose")
    ]
    assert codes(acceptor.post(f"cases/{case.pk}/reveal", ask | {"field": "description"})) == [
        ("not-sealed", "field")
    ]
    assert codes(acceptor.post(f"cases/{case.pk}/reveal", ask | {"field": "nobody"})) == [
        ("unknown-field", "field")
    ]
    assert keeping.readings_of(case) == []
    answer = acceptor.post(f"cases/{case.pk}/reveal", ask)
    assert said(answer) == {"field": "reporter_contact", "value": PHONE}
    assert answer["Cache-Control"] == "no-store"
    assert [one[1:] for one in keeping.readings_of(case)] == [
        ("reporter_contact", "answer_reporter", "acceptor")
    ]
    code = actions.query_code(case.pk)
    readings = said(callers.of("acceptor").get(f"reports/{code}"))["readings"]
    assert [(one["field"], one["purpose"], one["role"]) for one in readings] == [
        ("reporter_contact", "answer_reporter", "acceptor")
    ]


# ---------------------------------------------------------------- the same request twice, two at once


def test_the_same_intake_again_is_the_same_answer(callers: Any) -> None:
    acceptor, body = callers.of("acceptor"), intake()
    first = acceptor.post("cases", body, idempotency_key=body["id"])
    moved(callers.stage, Case.objects.get(pk=body["id"]), FILE)
    before = everything()
    again = acceptor.post("cases", body)
    assert (again.status_code, again.content) == (first.status_code, first.content)
    for other in (
        body | {"values": body["values"] | {"urgency": "urgent"}}, body | {"source": "transfer"},
        body | {"about": {"unit": "YH-SZ"}}, body | {"happened_at": "2026-11-20T09:00:00+08:00"},
    ):  # fmt: skip
        answer = acceptor.post("cases", other)
        assert answer.status_code == 409
        assert codes(answer) == [("same-id-other-content", "")]
    assert callers.of("dispatcher").post("cases", body).status_code == 409, "somebody else's key"
    RequestKey.objects.all().delete()  # forgotten after 30 days, the case stays
    assert codes(acceptor.post("cases", body)) == [("same-id-other-content", "")]
    assert everything()[:2] == before[:2]
    assert codes(acceptor.post("cases", intake(), idempotency_key=key())) == [
        ("key-is-not-id", "Idempotency-Key")
    ]


def test_an_act_that_comes_twice_is_one_act(callers: Any) -> None:
    stage = callers.stage
    case = taken(stage)
    acceptor, path = callers.of("acceptor"), f"cases/{case.pk}/moves/file"
    sent, body = key(), {"values": {"class": "0405", "area": GRID}}
    first = acceptor.post(path, body, idempotency_key=sent, if_match='"1"')
    assert first.status_code == 200
    again = acceptor.post(path, body, idempotency_key=sent, if_match='"1"')
    assert again.content == first.content, "the key is looked at before the revision"
    moved(stage, Case.objects.get(pk=case.pk), DISPATCH, SIGN)
    later = acceptor.post(path, body, idempotency_key=sent, if_match='"1"')
    assert (later.content, later["ETag"]) == (first.content, '"2"'), "also when the case has gone on"
    for answer in (
        acceptor.post(path, {"values": {"class": "0401", "area": GRID}}, idempotency_key=sent),
        acceptor.post(f"cases/{case.pk}/moves/note", {"values": {"remark": "x"}}, idempotency_key=sent),
        callers.of("dispatcher").post(path, body, idempotency_key=sent),
    ):
        assert answer.status_code == 409
        assert codes(answer) == [("same-id-other-content", "")]
    assert CaseAction.objects.filter(case=case, name="file").count() == 1
    refused = key()
    assert codes(acceptor.post(path, body, idempotency_key=refused))[0][0] == "wrong-state"
    said(acceptor.post(f"cases/{case.pk}/moves/note", {"values": {"remark": "好"}}, idempotency_key=refused))


def test_whoever_looked_at_another_revision_hears_what_happened(callers: Any) -> None:
    stage = callers.stage
    case = moved(stage, taken(stage), FILE, DISPATCH)
    handler = callers.of("handler")
    before = everything()
    late = handler.post(f"cases/{case.pk}/moves/sign", None, if_match='"1"')
    assert late.status_code == 409
    assert codes(late) == [("changed-meanwhile", "")]
    changed = json.loads(late.content)["changed"]
    assert (changed["state"], changed["revision"]) == ("dispatched", 3)
    assert [(one["seq"], one["name"], one["to"]) for one in changed["since"]] == [
        (2, "file", "filed"),
        (3, "dispatch", "dispatched"),
    ]
    assert everything() == before
    said(handler.post(f"cases/{case.pk}/moves/sign", None, if_match="*"))
    case.refresh_from_db()
    stale = {"if_match": f'"{case.revision - 1}"'}
    ask = handler.post(
        f"cases/{case.pk}/asks/suspension", {"values": {"obstacle_code": "weather", "reason": "雨"}}, **stale
    )
    task = handler.post(
        f"cases/{case.pk}/tasks/co_handle", {"to_unit": "YH-CG", "values": {"what": "x"}}, **stale
    )
    rated = callers.of("acceptor").post(f"cases/{case.pk}/ratings", {"answers": {}}, **stale)
    for answer in (ask, task, rated):
        assert answer.status_code == 409
        assert codes(answer) == [("changed-meanwhile", "")]
    for wrong in ("7", '"a"', 'W/"7"', '"1", "2"'):
        assert codes(
            handler.post(f"cases/{case.pk}/moves/note", {"values": {"remark": "x"}}, if_match=wrong)
        ) == [("wrong-form", "If-Match")]


# ---------------------------------------------------------------- lists


def test_a_list_is_gone_through_once_and_whole(callers: Any) -> None:
    stage = callers.stage
    made = [taken(stage) for _ in range(5)]
    held = [taken(stage) for _ in range(2)]
    for one in held:  # nothing runs against these: they come last
        Case.objects.filter(pk=one.pk).update(next_due=None)
    acceptor = callers.of("acceptor")
    for queue, wanted in (("open", [*made, *held]), ("all", [*reversed(held), *reversed(made)])):
        seen: list[str] = []
        cursor: str | None = ""
        while cursor is not None:
            part = said(acceptor.get(f"cases?queue={queue}&limit=2" + (f"&after={cursor}" if cursor else "")))
            assert len(part["cases"]) <= 2
            seen += [row["id"] for row in part["cases"]]
            cursor = part["next"]
        assert seen == [str(case.pk) for case in wanted], queue
    row = said(acceptor.get("cases?limit=1"))["cases"][0]
    assert row["area"] == GRID
    assert row["due"] == "2026-11-20T02:30:00Z"
    moved(stage, made[0], FILE, DISPATCH)
    assert [r["lead_unit"] for r in said(callers.of("handler").get("cases?queue=unit"))["cases"]] == ["YH-SZ"]
    assert [
        r["id"]
        for r in said(acceptor.get("cases?state=dispatched&class=04&procedure=grid_event&urgency=normal"))[
            "cases"
        ]
    ] == [str(made[0].pk)]
    assert said(acceptor.get("cases?state=closed"))["cases"] == []
    nowhere = taken(stage, values={"place": {"words": "那个路口"}})
    assert [r["id"] for r in said(callers.of("intake_desk").get("cases?queue=unlocated"))["cases"]] == [
        str(nowhere.pk)
    ]
    assert codes(acceptor.get("cases?queue=unlocated")) == [("no-such-queue", "queue")]
    for junk in ("x", "!!!!", "bnVsbA", "WzEsMl0", "WyIwMDAxLTAxLTAxVDAwOjAwOjAwWiIsICIxIl0", "W251bGwsIDFd"):
        assert codes(acceptor.get(f"cases?after={junk}")) == [("wrong-cursor", "after")]
    found = said(acceptor.get(f"search?q={made[1].number}"))["cases"]
    assert [r["id"] for r in found] == [str(made[1].pk)]


# ---------------------------------------------------------------- every kind of no


def test_every_request_that_cannot_be_read_is_told_why(callers: Any) -> None:
    acceptor = callers.of("acceptor")
    good = json.dumps(intake(), ensure_ascii=False)
    deep = json.dumps(intake(values={"remark": [[[[[[[[["x"]]]]]]]]]}))
    raw: list[tuple[str, bytes, str, int, tuple[str, str]]] = [
        ("no JSON", b"{nope", "application/json", 400, ("not-readable-json", "")),
        ("no UTF-8", good.encode("gb18030"), "application/json", 400, ("not-readable-json", "")),
        (
            "a mark before it",
            b"\xef\xbb\xbf" + good.encode(),
            "application/json",
            400,
            ("not-readable-json", ""),
        ),
        (
            "half a sign",
            good.replace("北门口", r"\ud83d").encode(),
            "application/json",
            400,
            ("not-readable-json", ""),
        ),
        (
            "no number",
            good.replace('"hotline"', "NaN").encode(),
            "application/json",
            400,
            ("not-readable-json", ""),
        ),
        ("too deep", deep.encode(), "application/json", 400, ("too-deep", "")),
        ("far too deep", b"[" * 5000 + b"]" * 5000, "application/json", 400, ("not-readable-json", "")),
        (
            "too large",
            good.replace("北门口", "北" * 400_000).encode(),
            "application/json",
            413,
            ("body-too-large", ""),
        ),
        ("a form", b"id=1", "application/x-www-form-urlencoded", 415, ("wrong-kind-of-body", "")),
        ("no object", b"[1]", "application/json", 422, ("not-an-object", "")),
        ("nothing", b"", "application/json", 422, ("missing", "")),
    ]
    before = everything()
    for what, body, kind, status, reason in raw:
        answer = acceptor.raw("cases", body, kind)
        assert (answer.status_code, codes(answer)) == (status, [reason]), what
    bodies: list[tuple[str, dict[str, Any], list[tuple[str, str]]]] = [
        ("unknown word", {"colour": "red"}, [("unknown-field", "colour")]),
        ("unknown word inside", {"about": {"colour": 1}}, [("unknown-field", "about.colour")]),
        ("an id of chance", {"id": str(uuid4())}, [("not-a-uuid7", "id")]),
        ("no id", {"id": "x"}, [("not-a-uuid", "id")]),
        ("NUL", {"source": "a\0b"}, [("wrong-form", "source")]),
        ("a number", {"procedure": 7}, [("not-a-text", "procedure")]),
        ("a list", {"values": []}, [("not-an-object", "values")]),
        ("too many", {"values": {f"x{n}": 1 for n in range(70)}}, [("too-many", "values")]),
        ("no time", {"happened_at": 12}, [("not-a-time", "happened_at")]),
        ("no time at all", {"claimed_at": "yesterday"}, [("not-a-time", "claimed_at")]),
        ("another age", {"claimed_at": "0001-01-01T00:00:00Z"}, [("not-a-time", "claimed_at")]),
        ("tomorrow", {"happened_at": "2026-11-21T10:00:00"}, [("time-out-of-range", "happened_at")]),
        ("unknown procedure", {"procedure": "no_such"}, [("unknown-procedure", "procedure")]),
        ("unknown source", {"source": "rumour"}, [("unknown-source", "source")]),
        ("a post without end", {"about": {"post": 10**30}}, [("not-a-number", "about.post")]),
        ("several at once", {"id": 1, "source": None, "x": 1}, [("not-a-uuid", "id"), ("not-a-text", "source"), ("unknown-field", "x")]),
    ]  # fmt: skip
    for what, more, reasons in bodies:
        answer = acceptor.post("cases", intake() | more)
        assert answer.status_code == 422, (what, answer.content)
        assert codes(answer) == reasons, what
    paths: list[tuple[str, int, tuple[str, str]]] = [
        ("cases?colour=red", 422, ("unknown-parameter", "colour")),
        ("cases?limit=0", 422, ("too-few", "limit")),
        ("cases?limit=201", 422, ("too-many", "limit")), ("cases?limit=x", 422, ("not-a-number", "limit")),
        ("cases?queue=hers", 422, ("not-one-of-these", "queue")),
        ("cases?state=%00", 422, ("control-signs", "state")),
        ("cases?language=fr", 422, ("not-one-of-these", "language")), ("search", 422, ("missing", "q")),
        ("search?q=", 422, ("text-too-short", "q")), ("search?q=a%00b", 422, ("control-signs", "q")),
        ("nowhere", 404, ("not-found", "")), ("cases/7", 404, ("not-found", "")),
        ("asks/1/decision", 405, ("method-not-allowed", "")),
        ("asks/99999999999999999999999/decision", 405, ("method-not-allowed", "")),
        (f"cases/{ids.new_id()}", 404, ("not-found", "")), ("attachments/" + key(), 404, ("not-found", "")),
        ("areas?under=%00", 422, ("control-signs", "under")),
        ("areas?under=77", 422, ("unknown-area", "under")),
        ("areas/locate?lon=0&lat=0", 422, ("point-zero", "")),
        ("areas/locate?lon=33&lat=117", 422, ("point-swapped", "")),
        ("areas/locate?lon=2&lat=48", 422, ("point-abroad", "")),
        ("areas/locate?lon=200&lat=100", 422, ("point-not-a-place", "")),
        ("areas/locate?lon=nan&lat=1", 422, ("not-a-decimal", "lon")),
        ("areas/locate?lon=1e999&lat=1", 422, ("not-a-decimal", "lon")),
        ("areas/locate?lon=1", 422, ("missing", "lat")), ("classes/nothing", 404, ("not-found", "")),
        ("procedures/nothing", 404, ("not-found", "")),
        ("procedures/grid_event?version=99", 404, ("not-found", "")),
    ]  # fmt: skip
    for path, status, reason in paths:
        answer = acceptor.get(path)
        assert (answer.status_code, codes(answer)) == (status, [reason]), path
    assert acceptor.client.put("/api/v1/cases", headers=acceptor._headers({})).status_code == 405
    allowed = acceptor.client.patch("/api/v1/cases", headers=acceptor._headers({}))
    assert allowed["Allow"] == "GET, POST"
    huge = acceptor.post("asks/99999999999999999999999/decision", {"granted": True})
    assert codes(huge) == [("too-many", "ask_id")]
    assert codes(acceptor.post(f"cases/{ids.new_id()}/moves/file", {}, idempotency_key="x")) == [
        ("not-a-uuid", "Idempotency-Key")
    ]
    assert everything() == before


def test_every_value_is_told_what_would_be_right_in_the_reader_s_words(callers: Any) -> None:
    acceptor = callers.of("acceptor")
    wrong = {
        "description": "井" * 5001, "place": {"lon": 2.3, "lat": 48.8}, "class": "9999", "urgency": "very",
        "photo": [key()], "reporter_contact": "1381234567", "lead_unit": "YH-SZ", "nothing": "x",
        "area": True,
    }  # fmt: skip
    before = everything()
    answer = acceptor.post("cases", intake(values=wrong))
    assert {field: code for code, field in codes(answer)} == {
        "description": "too-long", "place": "point-abroad", "class": "unknown-class", "urgency": "not-one-of",
        "photo": "not-a-picture", "reporter_contact": "phone-length", "lead_unit": "not-asked-for",
        "nothing": "unknown-field",
        "area": "unknown-area",
    }  # fmt: skip
    assert "What is the matter: at most 5000 characters; there are 5001." in texts(answer)
    chinese = acceptor.post("cases", intake(values=wrong), accept_language="zh-CN,zh;q=0.9,en;q=0.5")
    assert chinese["Content-Language"] == "zh-hans"
    assert any(text.startswith("什么问题：") for text in texts(chinese))
    assert acceptor.post("cases?language=zh-Hans", intake(values=wrong))["Content-Language"] == "zh-hans"
    assert acceptor.get("nowhere", accept_language="fr, *;q=0.1")["Content-Language"] == "zh-hans", (
        "the city's own"
    )
    assert acceptor.get("nowhere", accept_language="en-GB")["Content-Language"] == "en"
    assert acceptor.get("nowhere", accept_language="x" * 5000)["Content-Language"] == "zh-hans"
    case = moved(callers.stage, taken(callers.stage), FILE)
    for unit in ("\0", "NOBODY", -1, 10**25, True, 2.5, {"a": 1}, ["YH-SZ"]):
        path = f"cases/{case.pk}/moves/dispatch"
        assert codes(callers.of("dispatcher").post(path, {"values": {"lead_unit": unit}})) == [
            ("unknown-unit", "lead_unit")
        ], unit
    moved(callers.stage, case, DISPATCH, SIGN)
    for time in ("0001-01-01T00:00", "9999-12-31T23:59:59Z", "2026-13-40", 7):
        asked = {"values": {"reason": "要等材料", "new_due": time}}
        assert codes(callers.of("handler").post(f"cases/{case.pk}/asks/extension", asked)) == [
            ("not-a-time", "new_due")
        ]
    assert everything()[0] == before[0] + 1


# ---------------------------------------------------------------- pictures


def bomb() -> bytes:
    """A PNG of a few bytes that claims to be 40,000 by 40,000."""
    head = struct.pack(">IIBBBBB", 40_000, 40_000, 8, 2, 0, 0, 0)
    chunks = [(b"IHDR", head), (b"IDAT", zlib.compress(b"\0" * 1000)), (b"IEND", b"")]
    made = [struct.pack(">I", len(d)) + n + d + struct.pack(">I", zlib.crc32(n + d)) for n, d in chunks]
    return b"\x89PNG\r\n\x1a\n" + b"".join(made)


def test_a_picture_is_seen_by_whoever_may_see_what_it_was_entered_in(callers: Any) -> None:
    stage, acceptor = callers.stage, callers.of("acceptor")
    body = intake()
    pk = said(acceptor.send_picture(body["id"], picture()))["id"]
    assert said(acceptor.send_picture(body["id"], picture()))["id"] == pk, "the same bytes are one picture"
    assert acceptor.get(f"attachments/{pk}").status_code == 404, "it has been entered nowhere"
    body["values"]["photo"] = [pk]
    said(acceptor.post("cases", body))
    moved(stage, Case.objects.get(pk=body["id"]), FILE, DISPATCH)
    for who in ("acceptor", "handler", "chief"):
        answer = callers.of(who).get(f"attachments/{pk}")
        assert (answer.status_code, answer["Content-Type"], answer["Cache-Control"]) == (
            200,
            "image/jpeg",
            "private, max-age=3600",
        )
        assert Image.open(io.BytesIO(b"".join(answer.streaming_content))).size == (640, 480)
    small = callers.of("handler").get(f"attachments/{pk}?small=true")
    assert Image.open(io.BytesIO(b"".join(small.streaming_content))).width == 360
    assert callers.of("stranger").get(f"attachments/{pk}").status_code == 404
    theirs = intake(values={"photo": [pk]})
    assert codes(acceptor.post("cases", theirs)) == [("not-a-picture", "photo")], "a picture of another case"

    sent = key()
    one = said(acceptor.send_picture(body["id"], picture(100), idempotency_key=sent))
    assert said(acceptor.send_picture(body["id"], picture(100), idempotency_key=sent)) == one
    before = everything()
    assert acceptor.send_picture(body["id"], picture(160), idempotency_key=sent).status_code == 409
    for bad, code in (
        (b"GIF89a", "not-a-picture"), (b"<svg onload=alert(1)>", "not-a-picture"), (b"", "not-a-picture"),
        (picture(77).read()[:1500], "not-a-picture"), (bomb(), "picture-too-large"),
    ):  # fmt: skip
        assert codes(acceptor.send_picture(body["id"], SimpleUploadedFile("x.jpg", bad, "image/jpeg"))) == [
            (code, "picture")
        ]
    address = f"/api/v1/cases/{body['id']}/attachments"
    headers = acceptor._headers({})
    assert codes(acceptor.client.post(address, {"photo": picture()}, headers=headers)) == [
        ("missing", "picture")
    ]
    broken = acceptor.client.generic("POST", address, b"x", "multipart/form-data", headers=headers)
    assert codes(broken) == [("not-readable", "")]
    assert codes(acceptor.raw(f"cases/{body['id']}/attachments", b"{}")) == [("wrong-kind-of-body", "")]
    large = acceptor.client.generic(
        "POST",
        address,
        b"x",
        "multipart/form-data; boundary=x",
        headers=headers | {"Content-Length": "99999999"},
    )
    assert codes(large) == [("body-too-large", "")]
    assert everything() == before
    keeping.erase(Case.objects.get(pk=body["id"]), by=SYSTEM, reason="test")
    assert acceptor.get(f"attachments/{pk}").status_code == 404
    assert codes(acceptor.send_picture(body["id"], picture(220))) == [("erased", "")]


# ---------------------------------------------------------------- residents


def test_a_resident_reports_and_follows_without_a_token(stage: Stage, callers: Any) -> None:
    resident = type(callers.of("acceptor"))()
    body: dict[str, Any] = {
        "id": str(ids.new_id()),
        "values": {
            "description": "路灯不亮",
            "place": {"lon": 117.02, "lat": 33.02},
            "reporter_contact": PHONE,
        },
    }
    first = resident.post("reports", body)
    assert first.status_code == 201
    assert resident.post("reports", body).content == first.content
    assert resident.post("reports", body | {"claimed_at": "2026-11-20T10:00:00"}).status_code == 409
    case = Case.objects.get(pk=body["id"])
    assert (case.source, case.procedure, case.area_code) == ("resident", "grid_event", GRID)
    moved(stage, case, FILE, DISPATCH, SIGN)
    code = said(first)["code"]
    seen = said(resident.get(f"reports/{code.lower()[:5]}%20{code[5:]}"))
    assert seen["headline"] == "Being handled"
    assert [line["text"] for line in seen["line"]] == [
        "You reported it",
        "Filed",
        "Given to 云河区市政养护中心",
        "The unit has taken it on",
    ]
    assert PHONE not in json.dumps(seen)
    assert (seen["may_rate"], seen["may_reopen"], seen["answer"]) == (False, False, None)
    officer = {
        "id": str(ids.new_id()),
        "values": {"description": "x", "place": {"area": GRID}, "class": "0405", "area": GRID},
    }
    assert codes(resident.post("reports", officer)) == [("not-asked-for", "class"), ("not-asked-for", "area")]
    assert codes(resident.post("reports", officer | {"procedure": "no_such"})) == [
        ("unknown-procedure", "procedure")
    ]
    assert codes(resident.post("reports", {"id": str(ids.new_id()), "values": {}})) == [
        ("missing", "description"),
        ("missing", "place"),
    ]


def test_reports_and_wrong_codes_are_limited(
    stage: Stage, callers: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    resident = type(callers.of("acceptor"))()
    monkeypatch.setattr(
        "jingwei.web.api.reports.REPORTS_PER_ADDRESS", throttle.Rate("report", 2, timedelta(minutes=10))
    )
    body = {"values": {"description": "路灯不亮", "place": {"area": GRID}}}
    code = said(resident.post("reports", body | {"id": str(ids.new_id())}))["code"]
    assert resident.post("reports", {"id": str(ids.new_id()), "values": {}}).status_code == 422, (
        "a try counts, refused or not"
    )
    third = resident.post("reports", body | {"id": str(ids.new_id())})
    assert third.status_code == 429
    assert codes(third) == [("too-many-tries", "")]
    assert third["Retry-After"] == "600"
    assert Case.objects.count() == 1
    assert report.REPORTS_PER_ADDRESS.name == "report", "the portal's own limit: both doors count together"

    monkeypatch.setattr(portal_codes, "TRIES_PER_ADDRESS", throttle.Rate("code", 3, timedelta(minutes=10)))
    for wrong in ("2222222222", "x", "22222%2022223"):
        assert resident.get(f"reports/{wrong}").status_code == 404
    assert resident.get("reports/2222222224").status_code == 429
    assert resident.get(f"reports/{code}").status_code == 429, "who guesses does not learn more by going on"
    elsewhere = Client(REMOTE_ADDR="10.1.1.1").get(f"/api/v1/reports/{code}")
    assert elsewhere.status_code == 200
    with moments.at(MORNING + timedelta(minutes=11)):
        assert resident.get(f"reports/{code}").status_code == 200


# ---------------------------------------------------------------- what there is


def test_forms_can_be_made_from_what_there_is(callers: Any) -> None:
    public = type(callers.of("acceptor"))()
    listed = said(public.get("procedures"))["procedures"]
    assert {one["name"] for one in listed} == set(library.all_in_force())
    for one in listed:
        whole = said(public.get(f"procedures/{one['name']}"))
        rule = library.in_force(one["name"]).procedure
        assert set(whole["fields"]) == set(rule.fields)
        for name, field in whole["fields"].items():
            declared = rule.fields[name]
            assert (field["level"], field["purpose"], field["basis"], field["keep"], tuple(field["seen_by"])) == (
                declared.level, declared.purpose, declared.basis, declared.keep, declared.seen_by,
            )  # fmt: skip
        assert whole["moves"].keys() == rule.moves.keys()
    event = said(public.get("procedures/grid_event?version=1"))
    assert event["fields"]["urgency"]["codes"] == {"urgent": "Urgent", "normal": "Normal"}
    assert event["clocks"]["accept"] == "urgent 10m, normal 30wm"
    assert event["clocks"]["total"] == "standard total"
    assert event["moves"]["file"]["has"] == ["class", "area"]
    classes = {one["code"]: one for one in said(public.get("classes/social_governance"))["classes"]}
    assert classes["0405"]["parent"] == "04"
    grids = said(public.get(f"areas?under={STREET}&kind=grid"))
    assert [one["code"] for one in grids["areas"]] == [GRID, "991103001002004"]
    seen: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        part = said(public.get(f"areas?limit=4&after={cursor}"))
        seen += [one["code"] for one in part["areas"]]
        cursor = part["next"]
    assert seen == sorted(area.code for area in callers.stage.areas.values())
    here = said(public.get("areas/locate?lon=117.02&lat=33.02"))
    assert (here["area"]["code"], here["full_name"]) == (GRID, "云河区 建国路街道 槐安社区 第三网格")
    assert [one["kind"] for one in here["above"]] == ["community", "street", "county", "city"]
    assert said(public.get("areas/locate?lon=117.9&lat=33.9"))["area"]["kind"] == "city"
    answer = public.get("openapi.json")
    assert said(answer)["openapi"] == "3.1.0"
    assert answer["Cache-Control"] == "public, max-age=300"


def names_in(part: Any) -> Iterator[str]:
    """Every name of a field or parameter that a description mentions."""
    if isinstance(part, dict):
        yield from part.get("properties", {}) if isinstance(part.get("properties"), dict) else ()
        if isinstance(part.get("in"), str) and isinstance(part.get("name"), str):
            yield part["name"]
        for below in part.values():
            yield from names_in(below)
    elif isinstance(part, list):
        for below in part:
            yield from names_in(below)


def test_no_field_of_the_api_is_on_the_deny_list(stage: Stage) -> None:
    names = set(names_in(interface.description()))
    assert {"values", "description", "number", "If-Match", "lon", "area"} - names <= {"description"}
    fields = {name for playbook in library.all_in_force().values() for name in playbook.procedure.fields}
    assert privacy.denied(sorted(names | fields)) == []
    assert set(get_args(cases.QueueName)) == set(queues.QUEUES)


# ---------------------------------------------------------------- cost


def test_each_request_costs_few_statements(callers: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Counted in this process, where savepoints stand for BEGIN and COMMIT; on the server the same numbers come out.

    Left out: the look at a version mark (every two seconds and process at most) and reserving a block of numbers.
    SQLite, which cannot write into several tables in one statement, needs one for each of the eight more.
    """
    monkeypatch.setattr(versions, "LOOK_EVERY", 3600.0)
    stage = callers.stage
    acceptor, handler = callers.of("acceptor"), callers.of("handler")
    waiting = [moved(stage, taken(stage), FILE, DISPATCH) for _ in range(2)]
    for _ in range(5):
        taken(stage, values={"reporter_contact": PHONE})
    said(acceptor.post("cases", intake()))
    said(acceptor.get("cases"))
    said(sign(handler, waiting[0]))

    def statements(send: Callable[[], HttpResponse]) -> list[str]:
        with CaptureQueriesContext(connection) as seen:
            said(send())
        sent = [query["sql"] for query in seen.captured_queries]
        blocks = [n for n, sql in enumerate(sent) if "kernel_serialblock" in sql]
        return [sql for n, sql in enumerate(sent) if not any(abs(n - block) <= 1 for block in blocks)]

    body = intake(values={"reporter_contact": PHONE})
    more = 0 if connection.vendor == "postgresql" else 8
    costs = {
        "intake": (statements(lambda: acceptor.post("cases", body)), 8 + more),
        "move": (statements(lambda: sign(handler, waiting[1])), 11 + more),
        "list": (statements(lambda: acceptor.get("cases?limit=50")), 4),
        "case": (statements(lambda: acceptor.get(f"cases/{body['id']}")), 9),
        "story": (statements(lambda: acceptor.get(f"cases/{body['id']}/story")), 9),
    }
    for what, (sent, most) in costs.items():
        assert len(sent) <= most, f"{what}: {len(sent)}\n" + "\n".join(sql[:160] for sql in sent)
    assert len(said(acceptor.get("cases?limit=50"))["cases"]) > 5
    for _ in range(5):
        moved(stage, taken(stage), FILE, DISPATCH)
    more_rows = statements(lambda: acceptor.get("cases?limit=50"))
    assert len(costs["list"][0]) == len(more_rows), "no row costs a statement"


def sign(handler: Any, case: Case) -> HttpResponse:
    answer: HttpResponse = handler.post(
        f"cases/{case.pk}/moves/sign", None, if_match='"3"', idempotency_key=key()
    )
    return answer


def test_whoever_failed_too_often_is_not_answered(db: None) -> None:
    rate = throttle.Rate("tries", 2, timedelta(minutes=5))
    throttle.refuse_if_full(rate, of="a")
    throttle.count(rate, of="a")
    throttle.refuse_if_full(rate, of="a")
    throttle.count(rate, of="a")
    with pytest.raises(Refused) as no:
        throttle.refuse_if_full(rate, of="a")
    assert no.value.codes == ("too-many-tries",)
    throttle.refuse_if_full(rate, of="b")
    with moments.at(now() + timedelta(minutes=6)):
        throttle.refuse_if_full(rate, of="a")


def test_ids_are_of_version_7() -> None:
    assert UUID(intake()["id"]).version == 7


def test_a_bug_is_told_as_one_and_nothing_about_it(callers: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError("the secret of the machine")

    monkeypatch.setattr(queries, "search", broken)
    acceptor = callers.of("acceptor")
    acceptor.client.raise_request_exception = False
    answer = acceptor.get("search?q=x")
    assert (answer.status_code, codes(answer)) == (500, [("fault", "")])
    assert b"secret" not in answer.content
