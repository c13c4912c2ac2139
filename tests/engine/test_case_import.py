"""Matters of other systems from files: history with what its source states, and messages that begin now."""

from __future__ import annotations

import csv
import io
import time
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from openpyxl import load_workbook
from pytest_django.fixtures import Settings

from jingwei.city import TOP
from jingwei.engine import actions, counting, founding, library, queries, queues
from jingwei.engine.imports import case_map
from jingwei.engine.models import Case, CaseAction, CaseClass, CaseClock, CatalogueRow, Fact, Message
from jingwei.engine.stage import Stage
from jingwei.kernel import accounts, moments, sealed, seals
from jingwei.kernel.actors import SYSTEM
from jingwei.kernel.models import OutboxRow
from jingwei.kernel.moments import now, today
from jingwei.kernel.refusals import Refused
from jingwei.kernel.tables.problems import TableError
from jingwei.registry import areas, atlas, people
from jingwei.registry.imports import batches
from jingwei.registry.imports.batches import NotWhole, Result
from jingwei.registry.imports.plan import Incoming, Options
from jingwei.registry.models import Area, ImportBatch

MAPS = TOP / "docs/examples/mappings"
HISTORY = """\
source: old_system
procedure: grid_event
mode: history
channel: history
state: closed
key: 编号
came_in: 上报时间
ended: 办结时间
title: 标题
fields: {description: 内容}
class: {column: 类别, to: {井盖: "0405", 路面: "04"}, otherwise: "99"}
area:
  column: 社区
  under: "991103"
  unknown: ["-", 不详]
  names: {老槐安: "991103001002"}
unit: {column: 处置部门, unknown: ["-"]}
stated:
  result: 结果
  nature: {column: 性质, to: {投诉举报: 投诉}}
counted: {column: 结果, to: {按期: on_time, 逾期: late}}
"""
HEAD = ["编号", "上报时间", "办结时间", "标题", "内容", "类别", "社区", "处置部门", "结果", "性质"]
OPEN = """\
source: message_board
procedure: resident_request
mode: open
channel: transfer
key: 编号
came_in: 时间
fields: {description: [标题, 内容], place: 标题}
"""
BOARD = ["编号", "时间", "标题", "内容"]
MESSAGES = [
    ["1", "2026-10-02 08:10:00", "老火车站垃圾桶满了", "三天没有人来清"],
    ["2", "2026年10月3日", "＝SUM(A1)路灯不亮", "晚上十点以后"],
    ["3", "2026.10.4", "公交站牌倒了", ""],
]


def sheet(rows: Iterable[Sequence[object]], head: Sequence[str], name: str = "事件.csv") -> Incoming:
    """A csv file, as a spreadsheet saves it."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerows([head, *rows])
    return Incoming(name, out.getvalue().encode())


def old(key: str = "7001", **said: str) -> list[str]:
    """A row of the old system with everything right that a test does not care about."""
    row = {
        "编号": key,
        "上报时间": "2024-03-04 09:30",
        "办结时间": "2024-03-05",
        "标题": "井盖破损",
        "内容": "槐安路口井盖破损",
        "类别": "井盖",
        "社区": "槐安社区",
        "处置部门": "云河区水务公司",
        "结果": "按期",
        "性质": "投诉举报",
    }
    return list({**row, **said}.values())


def mapping(text: str) -> Incoming:
    return Incoming("映射.yaml", text.encode())


def bring(*files: Incoming, how: str = HISTORY, **chosen: Any) -> Result:
    """Import matters at once."""
    return batches.run_at_once("cases", files, Options(mapping=mapping(how)), by=SYSTEM, **chosen)


def said(*files: Incoming, how: str = HISTORY) -> list[str]:
    """Every sentence about rows that cannot be taken."""
    plan = batches.KINDS["cases"].plan(files, Options(mapping=mapping(how)))
    return [text for failed in plan.failed for text in batches.reasons_of(failed)]


def counts(result: Result) -> dict[str, tuple[int, int, int]]:
    """What was made, changed and left."""
    return {noun: (c.made, c.changed, c.left) for noun, c in batches.counts_of(result.batch).items()}


def fold() -> None:
    """Let the worker count what has happened."""
    while counting.fold():
        pass


def whole() -> bool:
    """Is the journal whole, apart from seals?"""
    return seals.verify().faults == []


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, settings: Settings) -> None:
    """Every test has keys, files and seals of its own."""
    settings.CITY = replace(settings.CITY, home=tmp_path)
    sealed._ring.cache_clear()


# ---------------------------------------------------------------- history


def test_history_keeps_what_its_source_says_and_sets_nothing_going(stage: Stage) -> None:
    result = bring(sheet([old()], HEAD))

    assert counts(result) == {"case": (1, 0, 0)}
    case = Case.objects.get()
    assert (case.historical, case.state, case.state_kind) == (True, "closed", "done")
    assert timezone.localtime(case.received_at) == timezone.make_aware(datetime(2024, 3, 4, 9, 30))  # noqa: DTZ001
    assert case.ended_at == timezone.make_aware(datetime(2024, 3, 5))  # noqa: DTZ001
    assert (case.title, case.class_code) == ("井盖破损", "0405")
    assert (case.area, case.lead_unit) == (stage.areas["community"], stage.units["water"].pk)
    assert case.stated == {"result": "按期", "nature": "投诉", "source": "old_system", "key": "7001"}
    assert not CaseClock.objects.exists()
    assert not Message.objects.exists()
    assert not OutboxRow.objects.filter(case=case.pk).exclude(effect__startswith="index").exists()
    assert queries.visible_case(stage.staff("acceptor"), case.pk) == case
    assert queries.visible_case(stage.staff("stranger"), case.pk) is None
    assert whole()


def test_stated_results_stay_apart_from_computed_ones(stage: Stage) -> None:
    rows = [old("1"), old("2", 结果="逾期"), old("3", 结果="逾期"), old("4", 结果="撤销")]
    bring(sheet(rows, HEAD))
    fold()
    facts = dict(Fact.objects.values_list("what").distinct().values_list("what", "n"))
    assert {what for what in facts if what.startswith("stated:")} == {"stated:on_time", "stated:late"}
    assert Fact.objects.filter(what="stated:on_time").count() == 1
    assert Fact.objects.filter(what="stated:late").count() == 2
    assert not Fact.objects.filter(what__in=["on_time", "late"]).exists()
    assert counting.rebuilt() == counting.stored()


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("槐安社区", "991103001002"),
        ("槐树社区", "991103001002"),  # a second name of the area
        ("老槐安", "991103001002"),  # a name that only the mapping file knows
        ("991103001002003", "991103001002003"),  # a code
        ("不详", None),
        ("-", None),
        ("", None),
    ],
)
def test_a_place_is_found_by_any_of_its_names(stage: Stage, typed: str, found: str | None) -> None:
    areas.add_alias(stage.areas["community"], "槐树社区", by=SYSTEM)
    notes = batches.notes_of(bring(sheet([old(社区=typed)], HEAD)).batch)
    assert notes == ([] if found else ["1件没有地点，只计入全市"])
    case = Case.objects.select_related("area").get()
    assert (case.area.code if case.area else None) == found


def test_a_unit_is_found_by_its_short_and_second_names(stage: Stage) -> None:
    people.change_organisation(stage.units["water"], by=SYSTEM, short_name="水司")
    rows = [old("1", 处置部门="水司"), old("2", 处置部门="YH-SW"), old("3", 处置部门="-")]
    bring(sheet(rows, HEAD))
    assert list(Case.objects.order_by("number").values_list("lead_unit", flat=True)) == [
        stage.units["water"].pk,
        stage.units["water"].pk,
        None,
    ]


def test_the_classes_of_the_source_are_kept_under_its_own_list(stage: Stage) -> None:
    CaseClass.objects.create(list="theirs", code="00001", zh="市容", en="Streets", order=1)
    CaseClass.objects.create(list="theirs", code="0000100002", parent="00001", zh="积水", en="Water", order=2)
    library.forget()
    how = HISTORY.replace(
        "stated:\n",
        "stated:\n  class: {list: theirs, path: [类别, 标题], names: {道路积水: 积水}}\n",
    ).replace("类别, to: {井盖", "类别, to: {市容")
    bring(sheet([old(类别="市容", 标题="道路积水")], HEAD), how=how)
    stated = Case.objects.get().stated or {}
    assert (stated["class"], stated["class_list"], stated["class_code"]) == (
        "市容 / 道路积水",
        "theirs",
        "0000100002",
    )
    assert said(sheet([old(类别="市容", 标题="积雪")], HEAD), how=how) == [
        "第2行 标题：类别清单theirs里没有“市容 / 积雪”"
    ]


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"编号": ""}, "第2行 编号：必填，这里是空的"),
        ({"上报时间": ""}, "第2行 上报时间：必填，这里是空的"),
        ({"上报时间": "2024-02-30"}, "第2行 上报时间：‘2024-02-30’"),
        ({"上报时间": "2090-01-01"}, "第2行 上报时间：‘2090-01-01’在以后"),
        ({"办结时间": "2024-03-01"}, "第2行 办结时间：‘2024-03-01’早于受理时间"),
        (
            {"社区": "月球社区"},
            "第2行 社区：没有叫‘月球社区’的区划（编码以991103开头）；在映射文件的area.names",
        ),
        ({"社区": "白浦街道"}, "第2行 社区：没有叫‘白浦街道’的区划（编码以991103开头）"),  # of another county
        ({"处置部门": "不存在局"}, "第2行 处置部门：没有叫‘不存在局’的单位；先导入单位（可带别名）"),
        ({"内容": "长" * 5001}, "第2行 内容：有5001个字，最多5000个字"),
    ],
)
def test_a_row_that_is_wrong_says_what_would_be_right(
    stage: Stage, changed: dict[str, str], sentence: str
) -> None:
    file = sheet([old(**changed)], HEAD)
    assert said(file)[0].startswith(sentence)
    with pytest.raises(NotWhole):
        bring(file)
    assert not Case.objects.exists()
    assert not ImportBatch.objects.exists()


def test_two_places_of_one_name_are_told_apart_by_code(stage: Stage) -> None:
    areas.make_area("community", "991103002002", "槐安社区", by=SYSTEM, parent=stage.areas["other_street"])
    atlas.forget()
    assert said(sheet([old()], HEAD)) == ["第2行 社区：有2个叫‘槐安社区’的，在映射文件的names里写明编码"]


def test_without_a_limit_a_place_is_sought_in_the_whole_city(stage: Stage) -> None:
    how = HISTORY.replace('  under: "991103"\n', "")
    assert said(sheet([old("1", 社区="白浦街道"), old("2", 社区="月球社区")], HEAD), how=how) == [
        "第3行 社区：没有叫‘月球社区’的区划（编码以9911开头）；"
        "在映射文件的area.names里写明它是哪一个，或写进unknown"
    ]


def test_one_key_is_one_matter(stage: Stage) -> None:
    assert said(sheet([old("1"), old("1")], HEAD)) == ["第3行 编号：‘1’与第2行重复，同一个编码只能有一行"]


def test_a_class_that_nobody_explained_is_asked_for(stage: Stage) -> None:
    how = HISTORY.replace(', otherwise: "99"', "")
    assert said(sheet([old(类别="彩虹")], HEAD), how=how) == [
        "第2行 类别：‘彩虹’在映射文件的class.to里没有，也没有otherwise"
    ]


# ---------------------------------------------------------------- matters that begin now


def test_messages_begin_as_cases_of_today_and_wait_to_be_placed(stage: Stage) -> None:
    result = bring(sheet(MESSAGES, BOARD), how=OPEN)

    assert counts(result) == {"case": (3, 0, 0)}
    assert batches.notes_of(result.batch) == ["3件没有地点，会进入未定位队列"]
    queue = queues.queue(stage.staff("intake_desk"), "unlocated")
    assert queue is not None
    first, second, third = queue.order_by("number")
    assert (first.state, first.source, first.historical) == ("received", "transfer", False)
    assert first.values["description"] == "老火车站垃圾桶满了\n三天没有人来清"
    assert first.values["place"] == {"words": "老火车站垃圾桶满了"}
    assert second.values["description"] == "＝SUM(A1)路灯不亮\n晚上十点以后"
    assert third.values["description"] == "公交站牌倒了"
    assert timezone.localtime(first.happened_at).strftime("%Y-%m-%d %H:%M") == "2026-10-02 08:10"
    assert timezone.localtime(first.received_at).date() == today()  # clocks run from now
    assert CaseClock.objects.filter(case=first).exists()
    assert whole()


def test_a_text_too_long_for_one_entry_is_kept_whole(stage: Stage) -> None:
    text = "第一句。" * 2000
    bring(sheet([["1", "2026-10-02", "长信", text]], BOARD), how=OPEN)
    case = Case.objects.get()
    added = CaseAction.objects.filter(case=case, name="add").order_by("seq")
    pieces = [case.values["description"], *(action.values["remark"] for action in added)]
    assert "".join(pieces) == f"长信\n{text}"
    assert all(len(piece) <= 5000 and piece.endswith("。") for piece in pieces)


def test_who_sits_at_the_desk_places_one_or_many(stage: Stage) -> None:
    bring(sheet(MESSAGES, BOARD), how=OPEN)
    client = signed_in(stage.people["intake_desk"].pk)
    address = reverse("desk-unlocated")
    shown = client.get(address).content.decode()
    assert "公交站牌倒了" in shown
    assert "老火车站垃圾桶满了" in shown
    code = stage.areas["grid"].code
    keys = [str(pk) for pk in Case.objects.order_by("number").values_list("pk", flat=True)]
    client.post(address, {"area": code, "case": keys[:1]})
    assert Case.objects.filter(area=None).count() == 2
    client.post(address, {"area": code, "case": keys[1:]})
    assert not Case.objects.filter(area=None).exists()
    assert whole()


# ---------------------------------------------------------------- the same again, in part, and back


def test_the_same_row_is_never_taken_in_twice(stage: Stage) -> None:
    file = sheet([old("1"), old("2")], HEAD)
    bring(file)
    with pytest.raises(Refused) as no:
        bring(file)
    assert no.value.codes == ("import-same-file",)
    assert counts(bring(file, again=True)) == {"case": (0, 0, 2)}
    assert counts(bring(sheet([old("2"), old("3")], HEAD))) == {"case": (1, 0, 1)}
    assert Case.objects.count() == 3


def test_rows_that_failed_come_back_as_typed_and_can_be_mended(stage: Stage) -> None:
    file = sheet([old("1"), old("2", 社区="月球社区", 内容="=1+1"), old("3")], HEAD)
    result = bring(file, partial=True)
    assert counts(result) == {"case": (2, 0, 0)}

    body = batches.failed_sheet(result.batch, "cases", title="事项")

    page = load_workbook(io.BytesIO(body)).worksheets[0]
    rows = [[cell.value for cell in row] for row in page.iter_rows()]
    assert set(HEAD) < set(rows[2])
    assert rows[2][-1] == "错误原因"
    assert str(rows[3][-1]).startswith("第3行 社区：没有叫‘月球社区’的区划")
    content = page.cell(4, rows[2].index("内容") + 1)
    assert (content.data_type, content.value) == ("s", "'=1+1")  # a text, and never a formula
    page.cell(4, rows[2].index("社区") + 1).value = "槐安社区"
    out = io.BytesIO()
    page.parent.save(out)  # type: ignore[union-attr]
    mended = bring(Incoming("改正.xlsx", out.getvalue()))
    assert counts(mended) == {"case": (1, 0, 0)}
    assert Case.objects.count() == 3
    assert Case.objects.get(stated__key="2").values["description"] == "=1+1"


def test_an_import_is_taken_back_whole(stage: Stage) -> None:
    result = bring(sheet([old("1"), old("2", 结果="逾期")], HEAD))
    fold()
    batches.undo(result.batch, by=SYSTEM)
    assert not Case.objects.exists()
    fold()
    assert counting.rebuilt() == counting.stored()
    assert whole()
    assert counts(bring(sheet([old("1"), old("2", 结果="逾期")], HEAD))) == {"case": (2, 0, 0)}
    assert whole()


def test_cases_that_somebody_worked_on_stay(stage: Stage) -> None:
    result = bring(sheet(MESSAGES, BOARD), how=OPEN)
    case = Case.objects.order_by("number")[0]
    actions.locate(case, stage.areas["grid"].pk, by=stage.staff("intake_desk"), reason="从列表选")
    with pytest.raises(Refused) as no:
        batches.undo(result.batch, by=SYSTEM)
    assert [(r.code, r.values["n"]) for r in no.value.reasons] == [("changed-since-import", 1)]
    assert Case.objects.count() == 3


def test_after_a_day_cases_stay(stage: Stage) -> None:
    batch = bring(sheet([old()], HEAD)).batch
    with moments.at(now() + timedelta(hours=25)):
        assert [reason.code for reason in batches.why_not_undo(batch)] == ["import-too-old"]


def test_units_that_imported_cases_name_stay(stage: Stage) -> None:
    table = sheet([["SW-2", "河道管理所", "水务"]], ["单位编码", "单位名称", "单位类型"], "单位.csv")
    units = batches.run_at_once("people", [table], Options(), by=SYSTEM)
    bring(sheet([old(处置部门="河道管理所")], HEAD))
    assert {reason.values["what"] for reason in batches.why_not_undo(units.batch)} == {"case"}


# ---------------------------------------------------------------- the mapping file


@pytest.mark.parametrize(
    ("before", "after", "why"),
    [
        ("procedure: grid_event", "procedure: nothing", "第1行：procedure: there is no 'nothing'"),
        ("channel: history", "channel: pigeon", "channel: 'pigeon' is none of resident"),
        ("state: closed", "state: handling", "state: 'handling' is no final state; there are closed"),
        ("state: closed\n", "", "state is missing"),
        ("mode: history", "mode: open", "only with mode: history"),
        ("fields: {description", "fields: {colour", "fields: the procedure has no colour"),
        ('井盖: "0405"', '井盖: "777"', "class: '777' is no class of social_governance"),
        ("key: 编号\n", "", "key: is missing"),
        ("key: 编号", "kee: 编号", "第6行：kee: there is no such key"),
        ("key: 编号", "key: 编号\nkey: 编号", "第7行"),
        ("key: 编号", "key: &x 编号", "第6行"),
        ("key: 编号", "key: !!python/name:os.system 编号", "第6行"),
        ("source: old_system", "source: ../../etc", "第1行：source"),
        ("  result: 结果", "  result: {list: nowhere, path: [类别]}", "there is no class list 'nowhere'"),
    ],
)
def test_a_mapping_file_that_is_wrong_says_where(stage: Stage, before: str, after: str, why: str) -> None:
    assert before in HISTORY
    with pytest.raises(TableError) as no:
        bring(sheet([old()], HEAD), how=HISTORY.replace(before, after))
    assert why in no.value.explain()
    assert not ImportBatch.objects.exists()


@pytest.mark.parametrize("text", ["", "- 1\n", "\0", "a: [", "{" * 5000, "\ud800", "a: &a [*a]"])
def test_any_text_as_a_mapping_file_is_a_reason(stage: Stage, text: str) -> None:
    file = Incoming("x.yaml", text.encode("utf-8", "surrogatepass"))
    with pytest.raises(TableError):
        batches.preview("cases", [sheet([old()], HEAD)], Options(mapping=file), by=SYSTEM)
    assert not ImportBatch.objects.exists()


def test_cases_need_a_mapping_file(stage: Stage) -> None:
    with pytest.raises(TableError) as no:
        batches.preview("cases", [sheet([old()], HEAD)], Options(), by=SYSTEM)
    assert no.value.code == "no-mapping"


@pytest.mark.parametrize("path", sorted(MAPS.glob("*.yaml")), ids=lambda path: path.stem)
def test_mapping_files_of_real_sources_fit_their_procedures(stage: Stage, path: Path) -> None:
    CaseClass.objects.create(list="pingshan", code="00001", zh="市容", en="Streets", order=1)
    library.forget()
    assert case_map.read(path.read_text("utf-8")).source == path.stem


# ---------------------------------------------------------------- class lists and the catalogue


def test_a_class_list_is_imported_changed_and_taken_back(db: None) -> None:
    head = ["类别编码", "类别名称", "上级编码", "办理时限", "紧急时限"]
    rows = [["01", "市容", "", "5wd", "4wh"], ["0101", "乱堆物", "01", "", ""]]
    how = Options(list="tried")
    first = batches.run_at_once("classes", [sheet(rows, head)], how, by=SYSTEM)
    assert counts(first) == {"class": (2, 0, 0)}
    assert library.classes("tried")["01"].limits == {"handle": {"normal": "5wd", "urgent": "4wh"}}

    rows[1][1] = "乱堆杂物"
    second = batches.run_at_once("classes", [sheet(rows, head)], how, by=SYSTEM)
    assert counts(second) == {"class": (0, 1, 1)}
    assert library.classes("tried")["0101"].zh == "乱堆杂物"
    batches.undo(second.batch, by=SYSTEM)
    assert library.classes("tried")["0101"].zh == "乱堆物"
    batches.undo(first.batch, by=SYSTEM)
    assert not CaseClass.objects.filter(list="tried").exists()

    bad = sheet([["01", "市容", "", "五天", ""], ["0201", "孤儿", "02", "", ""]], head)
    plan = batches.KINDS["classes"].plan([bad], how)
    sentences = [text for failed in plan.failed for text in batches.reasons_of(failed)]
    assert sentences[0].startswith("第2行 办理时限：‘五天’不是时限，应写成30m、4h、8wh、5d或5wd")
    assert sentences[1].startswith("第3行 上级类别编码：上级02不在系统里")


def test_catalogue_rows_are_imported_and_end_when_taken_back(stage: Stage) -> None:
    CatalogueRow.objects.all().delete()
    head = ["类别编码", "区划编码", "承办单位编码"]
    rows = [["0405", "991103", "YH-SW"], ["0405", "991103", "YH-SZ"], ["XX", "1", "NO"]]
    how = Options(list="social_governance")
    result = batches.run_at_once("catalogue", [sheet(rows, head)], how, by=SYSTEM, partial=True)
    assert counts(result) == {"catalogue": (1, 0, 0)}
    assert len(batches.failed_of(result.batch)) == 2
    row = CatalogueRow.objects.get()
    assert (row.class_code, row.area, row.unit) == ("0405", stage.areas["county"], stage.units["water"])
    batches.undo(result.batch, by=SYSTEM)
    row.refresh_from_db()
    assert row.valid_to is not None


# ---------------------------------------------------------------- the command


def command(*arguments: str) -> str:
    """`jingwei import …`, as typed; what it says."""
    out = io.StringIO()
    call_command("import", *arguments, stdout=out)
    return out.getvalue()


def test_the_command_looks_takes_in_part_and_takes_back(stage: Stage, tmp_path: Path) -> None:
    file, how = tmp_path / "事件.csv", tmp_path / "映射.yaml"
    file.write_bytes(sheet([old("1"), old("2", 社区="月球社区")], HEAD).data)
    how.write_text(HISTORY, "utf-8")
    typed = ["cases", str(file), "--mapping", str(how)]

    looked = command(*typed, "--preview")
    assert "月球社区" in looked
    assert not Case.objects.exists()
    with pytest.raises(CommandError, match="1行不能导入"):
        command(*typed)
    assert not Case.objects.exists()
    done = command(*typed, "--partial", "--failed", str(tmp_path / "失败.xlsx"))
    assert Case.objects.count() == 1
    assert (tmp_path / "失败.xlsx").stat().st_size
    with pytest.raises(CommandError, match="导入过"):
        command(*typed, "--partial")
    undo = done.strip().splitlines()[-1].split(" import ")[1].split()
    command(*undo)
    assert not Case.objects.exists()
    with pytest.raises(CommandError):
        command("cases", str(tmp_path / "没有.csv"), "--mapping", str(how))
    with pytest.raises(CommandError):
        command("cases", "--undo", "nonsense")


# ---------------------------------------------------------------- real data


def signed_in(person: int) -> Client:
    """Somebody's browser, signed in by the form."""
    accounts.open_account(f"desk-{person}", person, by=SYSTEM, password="Wege-und-Faden-7")
    client = Client()
    answer = client.post(reverse("sign-in"), {"login": f"desk-{person}", "password": "Wege-und-Faden-7"})
    assert answer.status_code == 302
    return client


def written(folder: Path, name: str, rows: Iterable[Sequence[object]], head: Sequence[str]) -> str:
    """A csv file made of real ones; its path."""
    path = folder / name
    path.write_bytes(sheet(rows, head).data)
    return str(path)


def dicts(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(path.read_text("utf-8").splitlines()))


@pytest.mark.real_data
def test_pingshan_whole(db: None, real_data: Path, tmp_path: Path) -> None:
    """8,000 events as history: classes, communities with their aliases, units; stated results apart."""
    founding.found(
        code="4403", name="深圳市", login="admin", password="Wege-und-Faden-7", administrator="管理员"
    )
    here, mapped = real_data / "pingshan_events", MAPS / "pingshan_events.yaml"
    streets = {
        row["name"]: row["code"]
        for row in dicts(real_data / "admin_divisions/streets_2023.csv")
        if row["areaCode"] == "440310"
    }
    communities: dict[tuple[str, str], list[str]] = {}
    for row in dicts(here / "communities.csv"):
        if row["community"] != "-":
            communities.setdefault((streets[row["street"]], row["community_code"]), []).append(
                row["community"]
            )
    table: list[list[str]] = [["440310", "坪山区", ""], *([code, name, ""] for name, code in streets.items())]
    for number, ((street, _), (name, *others)) in enumerate(communities.items(), start=1):
        table.append([f"{street}{number:03}", name, "、".join(others)])
    command("areas", written(tmp_path, "区划.csv", table, ["编码", "名称", "别名"]))
    units: dict[str, list[str]] = {}
    for row in dicts(here / "dispose_units.csv"):
        if row["code"] != "-":
            units.setdefault(row["code"], []).append(row["dispose_unit"])
    listed = [[f"PS{code}", name, "部门", "、".join(others)] for code, (name, *others) in units.items()]
    command("people", written(tmp_path, "单位.csv", listed, ["单位编码", "单位名称", "类型", "别名"]))
    command("classes", str(here / "type_tree.csv"), "--list", "pingshan", "--partial")
    assert Area.objects.filter(kind="community").count() == 23
    assert CaseClass.objects.filter(list="pingshan").count() > 372
    atlas.forget()
    library.forget()

    began = time.monotonic()
    done = command("cases", str(here / "events.csv"), "--mapping", str(mapped))
    took = time.monotonic() - began

    assert "8000" in done.splitlines()[0]
    cases = Case.objects.filter(historical=True)
    assert cases.count() == 8000
    assert Fact.objects.filter(what="stated:on_time").count() == 7206
    assert Fact.objects.filter(what="stated:late").count() == 794
    assert not Fact.objects.filter(what__in=["on_time", "late"]).exists()
    assert not CaseClock.objects.exists()
    assert not Message.objects.exists()
    events = dicts(here / "events.csv")
    assert cases.filter(area=None).count() == sum(1 for row in events if row["community"] == "-")
    spelt = next(row for row in events if row["community"] in ("碧玲社区", "碧岭社区"))
    at_biling = cases.filter(area__code__startswith=streets["碧岭街道"], area__aliases__name__contains="碧")
    assert at_biling.count() == sum(1 for row in events if row["community"] in ("碧玲社区", "碧岭社区"))
    assert (cases.get(stated__key=spelt["rec_id"]).stated or {})["class_list"] == "pingshan"
    assert cases.filter(lead_unit=None).count() == sum(1 for row in events if row["dispose_unit"] == "-")
    assert whole()
    fold()
    assert counting.rebuilt() == counting.stored()
    with pytest.raises(CommandError, match="导入过"):
        command("cases", str(here / "events.csv"), "--mapping", str(mapped))
    batches.undo(ImportBatch.objects.get(kind="cases"), by=SYSTEM)
    assert not Case.objects.exists()
    assert whole()
    print(f"8,000 events in {took:.1f} s")  # noqa: T201  (shown with -s)


@pytest.mark.real_data
def test_taidi_whole(stage: Stage, real_data: Path) -> None:
    """4,326 messages as requests of today: none has a place, and a desk officer works them off."""
    began = time.monotonic()
    done = command(
        "cases", str(real_data / "taidi_messages/hot_messages.csv"), "--mapping",
        str(MAPS / "taidi_messages.yaml"),
    )  # fmt: skip
    took = time.monotonic() - began
    assert "4326" in done.splitlines()[0]
    queue = queues.queue(stage.staff("intake_desk"), "unlocated")
    assert queue is not None
    assert queue.count() == 4326
    bodies = {
        row["msg_id"]: row for row in dicts_of_many_lines(real_data / "taidi_messages/hot_messages.csv")
    }
    longest = max(bodies.values(), key=lambda row: len(row["body"]))
    case = Case.objects.get(title__startswith=longest["title"].strip()[:20])
    kept = [case.values["description"]] + [
        action.values["remark"] for action in CaseAction.objects.filter(case=case, name="add").order_by("seq")
    ]
    assert len("".join("".join(kept).split())) == len("".join((longest["title"] + longest["body"]).split()))

    client, address = signed_in(stage.people["intake_desk"].pk), reverse("desk-unlocated")
    began = time.monotonic()
    shown = client.get(address).content.decode()
    opened = time.monotonic() - began
    code, keys = stage.areas["grid"].code, [str(one.pk) for one in queue[:50]]
    assert all(key in shown for key in keys)
    began = time.monotonic()
    assert client.post(address, {"area": code, "case": keys}).status_code == 302
    placed = time.monotonic() - began
    assert Case.objects.filter(area=None).count() == 4276
    assert client.post(address, {"area": code, "case": [str(queue[0].pk)]}).status_code == 302
    assert Case.objects.filter(grid=stage.areas["grid"].pk).count() == 51
    narrowed = client.get(address, {"word": "噪音"}).content.decode()
    assert "噪音" in narrowed
    assert whole()
    print(f"4,326 messages in {took:.1f} s; queue {opened:.2f} s; 50 placed {placed:.2f} s")  # noqa: T201


def dicts_of_many_lines(path: Path) -> list[dict[str, str]]:
    """Rows whose cells hold line breaks."""
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))
