"""Who answers, from files: organisations, posts, staff with accounts, and what lies over what."""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from typing import Any

import pytest
from openpyxl import Workbook
from pytest_django.fixtures import Settings

from jingwei.city import City
from jingwei.engine.models import CatalogueRow
from jingwei.kernel import accounts, journal, moments
from jingwei.kernel.models import Account, OutboxRow
from jingwei.kernel.moments import now, today
from jingwei.kernel.refusals import Refused
from jingwei.kernel.tables import writing
from jingwei.kernel.tables.problems import TableError
from jingwei.registry import areas, people
from jingwei.registry.imports import batches
from jingwei.registry.imports.plan import Incoming, Options
from jingwei.registry.models import (
    Area,
    AreaMapping,
    Assignment,
    ImportBatch,
    Organisation,
    OrganisationAlias,
    OrganisationArea,
    OrganisationVersion,
    Person,
    Post,
)
from jingwei.registry.seats import who_answers_for

from . import bringing
from .bringing import bring, counts, whole
from .conftest import Town

UNITS = ["单位编码", "单位名称", "单位类型", "上级单位编码", "所在区划编码", "电话", "简称", "排序", "别名"]
POSTS = ["岗位", "区划编码", "单位编码", "岗位名称", "限一人", "职责"]
STAFF = [
    "工号",
    "姓名",
    "工作电话",
    "所在单位编码",
    "岗位",
    "岗位区划编码",
    "岗位单位编码",
    "岗位名称",
    "起始日期",
    "截止日期",
    "临时顶岗",
    "登录名",
]
LINKS = ["单位编码", "网格编码", "原因"]
OVERLAYS = ["旧网格编码", "网格编码", "名称", "类型", "原因"]

GRID, NEXT = "991101001002003", "991101001002004"
SOME_UNITS: list[list[object]] = [
    ["JD", "建国路街道办事处", "街道", "", "991101001", "0531-88886666"],
    ["JD-CG", "建国路街道城管中队", "城管", "JD", "991101001", ""],
    ["JD-DZB", "槐安社区第一党支部", "党支部", "JD", "991101001002", ""],
]
SOME_STAFF: list[list[object]] = [
    ["G001", "陈立冬", "13800138000", "JD", "网格员", GRID],
    ["G002", "何秋霞", "", "JD-CG", "承办联络员"],
]


def units(rows: Iterable[Sequence[object]]) -> Incoming:
    return bringing.sheet(rows, UNITS, "单位.csv")


def posts(rows: Iterable[Sequence[object]]) -> Incoming:
    return bringing.sheet(rows, POSTS, "岗位.csv")


def staff(rows: Iterable[Sequence[object]]) -> Incoming:
    return bringing.sheet(rows, STAFF, "人员.csv")


def links(rows: Iterable[Sequence[object]]) -> Incoming:
    return bringing.sheet(rows, LINKS, "支部.csv")


def overlays(rows: Iterable[Sequence[object]]) -> Incoming:
    return bringing.sheet(rows, OVERLAYS, "旧网格.csv")


def said(town: Town, *files: Incoming, kind: str = "people", **options: Any) -> list[str]:
    return bringing.said(town, *files, kind=kind, **options)


def bring_people(town: Town, *files: Incoming, **more: Any) -> batches.Result:
    return bring(town, *files, kind="people", **more)


@pytest.fixture(autouse=True)
def folder(city_folder: City, quick_hashing: None) -> City:
    """Every test has files and seals of its own."""
    return city_folder


@pytest.fixture
def grid(town: Town) -> Area:
    """A grid with its neighbour, and everything above them."""
    street = town.area("991101001", town.area("991101", town.area("9911", name="经州市")), name="建国路街道")
    community = town.area("991101001002", street, name="槐安社区")
    town.area(NEXT, community, name="第四网格")
    return town.area(GRID, community, name="第三网格")


# ---------------------------------------------------------------- everything together


def workbook(**pages: Sequence[Sequence[object]]) -> Incoming:
    """A workbook with sheets under any names."""
    book = Workbook()
    book.remove(book.worksheets[0])
    for name, rows in pages.items():
        page = book.create_sheet(name)
        for row in rows:
            page.append(list(row))
    out = io.BytesIO()
    book.save(out)
    return Incoming("底数.xlsx", out.getvalue())


def test_one_workbook_brings_units_posts_people_and_links(town: Town, grid: Area) -> None:
    file = workbook(
        填写说明=[["说明"], ["请勿修改表头"]],
        甲=[UNITS, *SOME_UNITS],
        乙=[POSTS, ["网格员", GRID, "", "", "是", "每天巡查"]],
        丙=[STAFF, *SOME_STAFF],
        丁=[LINKS, ["JD-DZB", GRID, ""]],
    )

    result = bring_people(town, file)

    assert counts(result) == {
        "organisation": (3, 0, 0),
        "post": (2, 0, 0),
        "person": (2, 0, 0),
        "assignment": (2, 0, 0),
        "link": (1, 0, 0),
    }
    assert batches.notes_of(result.batch) == ["人员表里的岗位有1个还没有，会一并建立"]
    worker = next(holder for holder in who_answers_for(grid.pk) if holder.role == "grid_worker")
    assert (worker.name, worker.phone, worker.title) == ("陈立冬", "13800138000", "第三网格网格员")
    post = Post.objects.get(role="grid_worker")
    assert (post.exclusive, post.duty) == (True, "每天巡查")
    squad = Organisation.objects.get(code="JD-CG")
    assert (squad.kind, squad.path) == (
        "urban_management",
        f"{Organisation.objects.get(code='JD').path}{squad.pk}/",
    )
    assert Organisation.objects.get(code="JD").phone == "0531-88886666"
    assert Person.objects.get(staff_no="G002").assignments.get().post.organisation == squad
    assert OrganisationArea.objects.get().organisation.code == "JD-DZB"
    for subject in (squad, post, worker_of("G001")):
        assert all(line.detail["batch"] == str(result.batch.pk) for line in journal.lines_of(subject))
    assert whole()


def worker_of(number: str) -> Person:
    return Person.objects.get(staff_no=number)


def test_several_files_are_read_together_and_again_nothing_is_new(town: Town, grid: Area) -> None:
    files = (staff(SOME_STAFF), links([["JD-DZB", GRID, ""]]), units(SOME_UNITS))
    bring_people(town, *files)

    again = bring_people(town, *files, again=True)

    assert counts(again) == {
        "organisation": (0, 0, 3),
        "person": (0, 0, 2),
        "assignment": (0, 0, 2),
        "link": (0, 0, 1),
    }
    with pytest.raises(Refused):
        bring_people(town, *files)


def test_taking_back_unmakes_everything_in_any_order(town: Town, grid: Area) -> None:
    result = bring_people(
        town, units(SOME_UNITS), staff(SOME_STAFF), links([["JD-DZB", GRID, ""]]), open_accounts=True
    )
    assert Account.objects.count() == 2

    batches.undo(result.batch, by=town.by)

    for model in (Organisation, Post, Person, Assignment, Account, OrganisationArea, OrganisationAlias):
        assert not model._default_manager.exists(), model
    assert whole()
    bring_people(town, units(SOME_UNITS), staff(SOME_STAFF))
    assert whole()


# ---------------------------------------------------------------- organisations


def test_a_changed_unit_keeps_what_it_was(town: Town, grid: Area) -> None:
    unit = town.unit("JD", name="建国路办事处", kind="street", phone="62130300")
    below = town.unit("JD-CG", parent=unit)
    other = town.unit("BP", name="白浦镇")

    result = bring_people(town, units([["JD", "建国路街道办事处", "街道", "BP", "991101001", ""]]))

    unit.refresh_from_db()
    below.refresh_from_db()
    assert (unit.name, unit.parent, unit.phone) == ("建国路街道办事处", other, "62130300")
    assert unit.area == Area.objects.get(code="991101001")
    assert unit.path == f"{other.path}{unit.pk}/"
    assert below.path == f"{unit.path}{below.pk}/"
    kept = {row.column: (row.old, row.line) for row in OrganisationVersion.objects.filter(organisation=unit)}
    assert kept == {"name": ("建国路办事处", 2), "parent_id": ("", 2), "area_id": ("", 2)}
    batches.undo(result.batch, by=town.by)
    unit.refresh_from_db()
    below.refresh_from_db()
    assert (unit.name, unit.parent_id, unit.area_id) == ("建国路办事处", None, None)
    assert unit.path == f"/{unit.pk}/"
    assert below.path == f"{unit.path}{below.pk}/"
    renamed = OrganisationVersion.objects.filter(organisation=unit, column="name").order_by("pk")
    assert [row.new for row in renamed] == ["建国路街道办事处", "建国路办事处"]
    assert whole()


def test_second_names_of_units_are_added(town: Town, grid: Area) -> None:
    rows = [["JD", "建国路街道办事处", "街道", "", "", "", "建国办", "7", "建国街道、建国路街办"]]
    assert counts(bring_people(town, units(rows)))["unit-alias"] == (2, 0, 0)
    unit = Organisation.objects.get()
    assert (str(unit), unit.order) == ("建国办", 7)
    assert set(OrganisationAlias.objects.values_list("name", flat=True)) == {"建国街道", "建国路街办"}


@pytest.mark.parametrize(
    ("rows", "sentence"),
    [
        ([["", "无码", "街道"]], "第2行 单位编码：必填，这里是空的"),
        ([["A", "甲", ""]], "第2行 单位类型：必填，这里是空的"),
        ([["A" * 33, "甲", "街道"]], "第2行 单位编码：有33个字，最多32个字"),
        ([["A", "甲", "街道"], ["A", "甲", "街道"]], "第3行 单位编码：‘A’与第2行重复，同一个编码只能有一行"),
        (
            [["A", "甲", "街道", "没有"]],
            "第2行 上级单位编码：上级没有不在系统里，也不在这个文件里；请先导入上级，或改正编码",
        ),
        (
            [["A", "甲", "街道", "", "370102"]],
            "第2行 所在区划编码：‘370102’不是本市在用的区划编码；请先导入区划，或改正编码",
        ),
        ([["A", "甲", "街道", "", "", "1391234567"]], "第2行 电话：‘1391234567’只有10位，应为11位"),
        (
            [["OLD", "甲", "街道"]],
            "第2行 单位编码：‘OLD’是已停用的编码，编码不会再次使用；请用新编码，沿革写进新旧编码对照表",
        ),
        (
            [["A", "甲", "街道", "B"], ["B", "乙", "街道", "A"]],
            "第2行 上级单位编码：上级关系成了循环：A → B → A",
        ),
        (
            [["A", "甲", "街道", "B"], ["B", "乙", "街道", "没有"]],
            "第2行 上级单位编码：上级B（第3行）有错误，改正后一并导入",
        ),
        ([["TOP", "甲", "街道", "LOW"]], "第2行 上级单位编码：上级关系成了循环：TOP → LOW → TOP"),
        (
            [[f"U{n}", "层", "街道", f"U{n + 1}"] for n in range(18)] + [["U18", "层", "街道"]],
            "第2行 上级单位编码：上级关系超过16层，请核对",
        ),
        ([["A", "甲", "街道", "", "", "", "", "-1"]], "第2行 排序：‘-1’应在0到2000000000之间"),
    ],
)
def test_a_unit_that_is_wrong_says_why(town: Town, grid: Area, rows: list[list[str]], sentence: str) -> None:
    people.end_organisation(town.unit("OLD"), by=town.by)
    town.unit("LOW", parent=town.unit("TOP"))
    assert sentence in said(town, units(rows))
    with pytest.raises(Refused):
        bring_people(town, units(rows))
    assert Organisation.objects.count() == 3


def test_of_units_the_good_ones_are_taken_when_asked(town: Town, grid: Area) -> None:
    rows = [
        ["A", "甲", "街道", "没有"],
        ["B", "乙", "街道", "A"],
        ["C", "丙", "街道"],
        ["D", "丁", "城管", "C"],
    ]
    result = bring_people(town, units(rows), staff([["G1", "陈立冬", "", "B"]]), partial=True)
    assert set(Organisation.objects.values_list("code", flat=True)) == {"C", "D"}
    assert [one.sheet or one.form for one in batches.failed_of(result.batch)] == [
        "organisations",
        "organisations",
        "staff",
    ]
    assert "单位B（第3行）有错误" in batches.reasons_of(batches.failed_of(result.batch)[-1])[0]


# ---------------------------------------------------------------- posts


def test_posts_are_known_by_role_place_and_title(town: Town, grid: Area) -> None:
    file = posts([["网格员", GRID, "", "一岗"], ["grid_worker", GRID, "", "二岗"], ["Grid chief", GRID]])
    assert counts(bring_people(town, file)) == {"post": (3, 0, 0)}
    changed = bring_people(town, posts([["网格员", GRID, "", "一岗", "是", "巡查"], ["网格长", GRID]]))
    assert counts(changed) == {"post": (0, 1, 1)}
    assert Post.objects.get(title="一岗").duty == "巡查"
    batches.undo(changed.batch, by=town.by)
    assert (Post.objects.get(title="一岗").duty, Post.objects.get(title="一岗").exclusive) == ("", False)


@pytest.mark.parametrize(
    ("row", "sentence"),
    [
        (["督导员", GRID], "第2行 岗位：‘督导员’不是系统里的岗位，应为：网格员、网格长、"),
        (["网格员"], "第2行 区划编码：区划编码和单位编码要填一个"),
        (["网格员", GRID, "JD"], "第2行 单位编码：区划编码和单位编码只能填一个"),
        (["网格员", "991109"], "第2行 区划编码：‘991109’不是本市在用的区划编码"),
        (["承办联络员", "", "NO"], "第2行 单位编码：‘NO’不是系统里或这次导入的单位编码"),
        (["承办联络员", "", "OLD"], "第2行 单位编码：单位‘OLD’已经撤销"),
        (["网格长", GRID, "", "", "是"], "第2行 限一人：现在有2个人在这个岗位，不能改成只限一人"),
    ],
)
def test_a_post_that_is_wrong_says_why(town: Town, grid: Area, row: list[str], sentence: str) -> None:
    town.unit("JD")
    people.end_organisation(town.unit("OLD"), by=town.by)
    chief = town.post("grid_chief", grid, title="第三网格网格长")
    town.sit(chief)
    town.sit(chief)
    assert said(town, posts([row]))[0].startswith(sentence)
    assert said(town, posts([["网格员", GRID], ["网格员", GRID]])) == [
        "第3行 岗位名称：与第2行重复，同一地方同一岗位要有不同的岗位名称"
    ]


# ---------------------------------------------------------------- staff


def test_somebody_sits_where_the_row_says(town: Town, grid: Area) -> None:
    """By title, else where nobody sits, else in the first; a new post where there is none."""
    first, second = town.post("grid_worker", grid, title="一岗"), town.post("grid_worker", grid, title="二岗")
    town.sit(first)
    rows = [
        ["G1", "甲", "", "", "网格员", GRID],
        ["G2", "乙", "", "", "网格员", GRID],
        ["G3", "丙", "", "", "网格员", GRID, "", "三岗"],
        ["G1", "甲", "", "", "网格长", GRID, "", "", "2026.1.4", "2099-1-1", "√"],
    ]
    assert counts(bring_people(town, staff(rows))) == {
        "person": (3, 0, 0),
        "post": (2, 0, 0),
        "assignment": (4, 0, 0),
    }
    workers = Assignment.objects.filter(post__role="grid_worker", person__staff_no__startswith="G")
    held = {row.person.staff_no: row.post.title for row in workers}
    assert held == {"G1": second.title, "G2": first.title, "G3": "三岗"}
    chief = Assignment.objects.get(post__role="grid_chief")
    assert (chief.starts, chief.ends, chief.substitute) == (date(2026, 1, 4), date(2099, 1, 1), True)
    # the work of a seat that is empty then goes on the day after
    row = OutboxRow.objects.get(effect="hand_over")
    assert (row.payload["post"], row.due_at > now()) == (chief.post_id, True)
    # and what nobody answered for is looked through once for each day on which somebody began
    begun = [row for row in OutboxRow.objects.filter(effect="take_over") if row.payload["post"] is None]
    assert len(begun) == len({row.starts for row in (*workers, chief)})


def test_a_changed_card_and_a_known_last_day(town: Town, grid: Area) -> None:
    unit = town.unit("JD")
    person = town.person("陈立冬", staff_no="G1", work_phone="62130308")
    seat = town.sit(town.post("grid_worker", grid), person)
    ends = (today() + timedelta(days=9)).isoformat()

    result = bring_people(town, staff([["G1", "陈立东", "", "JD", "网格员", GRID, "", "", "", ends]]))

    assert counts(result) == {"person": (0, 1, 0), "assignment": (0, 1, 0)}
    person.refresh_from_db()
    seat.refresh_from_db()
    assert (person.name, person.work_phone, person.organisation) == ("陈立东", "62130308", unit)
    assert seat.ends == today() + timedelta(days=9)
    assert OutboxRow.objects.filter(effect="hand_over").exists()
    assert journal.lines_of(person)[-1].detail["columns"] == [
        "name",
        "organisation_id",
    ]  # never what they hold
    batches.undo(result.batch, by=town.by)
    assert Person.objects.filter(pk=person.pk, name="陈立冬", organisation=None).exists()
    assert Assignment.objects.filter(pk=seat.pk, ends=None).exists()
    assert whole()


@pytest.mark.parametrize(
    ("rows", "sentence"),
    [
        ([["", "陈立冬"]], "第2行 工号：必填，这里是空的"),
        ([["G1", ""]], "第2行 姓名：必填，这里是空的"),
        ([["1" * 25, "陈立冬"]], "第2行 工号：有25个字，最多24个字"),
        ([["G1", "陈立冬", "139****4567"]], "第2行 工作电话：‘139****4567’是打了星号的号码，请填完整号码"),
        ([["G1", "陈立冬", "", "NO"]], "第2行 所在单位编码：‘NO’不是系统里或这次导入的单位编码"),
        ([["G1", "陈立冬", "", "", "飞行员", GRID]], "第2行 岗位：‘飞行员’不是系统里的岗位，应为："),
        ([["G1", "陈立冬", "", "", "网格员"]], "第2行 岗位区划编码：区划编码和单位编码要填一个"),
        (
            [["G1", "陈立冬", "", "", "网格员", GRID, "", "", "2026-3-4", "2026-3-4"]],
            "第2行 截止日期：止于2026-03-04，应晚于起始日期2026-03-04",
        ),
        ([["G1", "陈立冬", "", "", "", "", "", "", "2026-3-4"]], "第2行 岗位：填了日期，但没有岗位"),
        ([["G1", "陈立冬", "", "", "网格员", GRID, "", "", "三月"]], "第2行 起始日期：‘三月’不是日期"),
        ([["G1", "陈立冬"], ["G1", "陈立东"]], "第3行 姓名：工号G1在第2行是“陈立冬”，这里是“陈立东”，应一致"),
        (
            [["G1", "陈立冬", "", "", "网格员", GRID], ["G1", "陈立冬", "", "", "网格员", GRID]],
            "第3行 岗位：与第2行重复，同一个人在同一岗位的时间重叠",
        ),
        ([["G1", "陈立冬", "", "", "网格长", GRID]], "第2行 岗位：这个岗位只限一人，这段时间已经有人"),
        ([["LEFT", "走了的人"]], "第2行 工号：工号LEFT的人员已离职；工号不会再次使用，请用新工号"),
    ],
)
def test_a_row_about_somebody_says_why_it_is_wrong(
    town: Town, grid: Area, rows: list[list[str]], sentence: str
) -> None:
    town.sit(town.post("grid_chief", grid, exclusive=True))
    people.leave(town.person("走了的人", staff_no="LEFT"), by=town.by)
    assert said(town, staff(rows))[-1].startswith(sentence)
    with pytest.raises(Refused):
        bring_people(town, staff(rows))
    assert Person.objects.count() == 2
    assert Post.objects.count() == 1


def test_of_staff_the_good_rows_are_taken_whole(town: Town, grid: Area) -> None:
    """Somebody whose card is wrong sits nowhere; a post that only they would sit in is not made."""
    rows = [
        ["G1", "甲", "", "", "网格员", GRID, "", "", "", "", "", "有 空格"],
        ["G1", "甲", "", "", "网格长", NEXT],
        ["G2", "乙", "", "", "网格员", NEXT],
    ]
    file = staff(rows)
    assert [text.split("：")[0] for text in said(town, file, open_accounts=True)] == [
        "第2行 登录名",
        "第3行 工号",
    ]

    result = bring_people(town, file, partial=True, open_accounts=True)

    assert counts(result) == {
        "person": (1, 0, 0),
        "post": (1, 0, 0),
        "assignment": (1, 0, 0),
        "account": (1, 0, 0),
    }
    assert [person.staff_no for person in Person.objects.all()] == ["G2"]


def test_a_seat_for_one_is_taken_by_one_of_the_file_only(town: Town, grid: Area) -> None:
    rows = [["G1", "甲", "", "", "网格员", GRID], ["G2", "乙", "", "", "网格员", GRID]]
    file = posts([["网格员", GRID, "", "", "是"]])
    assert said(town, file, staff(rows)) == ["第3行 岗位：这个岗位只限一人，这段时间已经有人"]
    later = [rows[0] + ["", "", "2026-1-1", "2026-6-1"], rows[1] + ["", "", "2026-6-1"]]
    assert said(town, file, staff(later)) == []
    standing_in = [rows[0], rows[1] + ["", "", "", "", "是"]]
    assert said(town, file, staff(standing_in)) == []


# ---------------------------------------------------------------- accounts


def test_accounts_are_opened_with_codes_that_are_shown_once(town: Town, grid: Area) -> None:
    rows: list[list[object]] = [
        *SOME_STAFF,
        ["A1", "林知行", "", "", "系统管理员", "9911", "", "", "", "", "", "lin"],
    ]
    result = bring_people(town, units(SOME_UNITS), staff(rows), open_accounts=True)

    codes = {one.login: one for one in result.activations}
    assert set(codes) == {"G001", "G002", "lin"}
    assert (codes["G002"].name, codes["G002"].organisation) == ("何秋霞", "建国路街道城管中队")
    kept = str(list(ImportBatch.objects.values())) + str(list(Account.objects.values()))
    assert not any(one.code in kept for one in result.activations)
    assert Account.objects.get(login="lin").needs_second_factor
    assert not Account.objects.get(login="G001").needs_second_factor
    account = accounts.activate("G001", codes["G001"].code, "Jingwei-2026")
    assert accounts.log_in("G001", "Jingwei-2026").session.account == account
    with pytest.raises(Refused):
        accounts.activate("G001", codes["G001"].code, "Jingwei-2027")
    assert whole()


def test_nobody_gets_a_second_account(town: Town, grid: Area) -> None:
    accounts.open_account("chen", town.person("陈立冬", staff_no="G001").pk, by=town.by)
    result = bring_people(town, units(SOME_UNITS), staff(SOME_STAFF), open_accounts=True)
    assert [one.login for one in result.activations] == ["G002"]
    assert "1人已有账号，不再开通" in " ".join(batches.notes_of(result.batch))
    assert bring_people(town, staff([["G003", "新来的"]])).activations == ()


@pytest.mark.parametrize(
    ("login", "sentence"),
    [
        ("有 空格", "第2行 登录名：‘有 空格’不能做登录名，应为2到40个字母、数字或 . @ - _"),
        ("taken", "第2行 登录名：登录名‘taken’已有人用"),
        ("demo-x", "第2行 登录名：以demo-开头的登录名只用于演示"),
    ],
)
def test_a_login_name_that_cannot_be_is_refused(
    town: Town, grid: Area, settings: Settings, login: str, sentence: str
) -> None:
    settings.DEMO = False
    accounts.open_account("taken", town.person().pk, by=town.by)
    row = ["G1", "甲", *[""] * 9, login]
    assert said(town, staff([row]), open_accounts=True) == [sentence]
    assert said(town, staff([row])) == []  # nobody asked for accounts
    twice = [["G1", "甲", *[""] * 9, "same"], ["G2", "乙", *[""] * 9, "same"]]
    assert said(town, staff(twice), open_accounts=True) == ["第3行 登录名：登录名‘same’与第2行重复"]


def test_an_administrators_post_asks_for_a_second_factor(town: Town, grid: Area) -> None:
    account, _ = accounts.open_account("lin", town.person("林知行", staff_no="A1").pk, by=town.by)
    bring_people(town, staff([["A1", "林知行", "", "", "auditor", "9911"]]))
    account.refresh_from_db()
    assert account.needs_second_factor


# ---------------------------------------------------------------- taking back


def test_what_was_built_on_people_keeps_them(town: Town, grid: Area) -> None:
    result = bring_people(town, units(SOME_UNITS), staff(SOME_STAFF), open_accounts=True)
    squad, worker = Organisation.objects.get(code="JD-CG"), worker_of("G001")
    town.post("unit_head", squad)
    CatalogueRow.objects.create(list="social_governance", unit=squad)
    town.sit(town.post("grid_chief", grid), worker)
    accounts.activate("G002", next(a.code for a in result.activations if a.login == "G002"), "Jingwei-2026")

    with pytest.raises(Refused) as no:
        batches.undo(result.batch, by=town.by)

    assert {(reason.code, reason.values["what"], reason.values["n"]) for reason in no.value.reasons} == {
        ("built-on", "post", 1),
        ("built-on", "cataloguerow", 1),
        ("built-on", "assignment", 1),
        ("changed-since-import", "account", 1),
    }
    assert Person.objects.filter(staff_no__in=["G001", "G002"]).count() == 2


def test_an_account_opened_by_hand_keeps_its_person(town: Town, grid: Area) -> None:
    result = bring_people(town, staff([["G9", "新来的"]]))
    accounts.open_account("xin", worker_of("G9").pk, by=town.by)
    assert [reason.values["what"] for reason in batches.why_not_undo(result.batch)] == ["account"]


def test_a_day_later_people_stay(town: Town, grid: Area) -> None:
    batch = bring_people(town, staff([["G9", "新来的"]])).batch
    with moments.at(now() + timedelta(hours=25)):
        assert [reason.code for reason in batches.why_not_undo(batch)] == ["import-too-old"]


# ---------------------------------------------------------------- links


def test_a_branch_works_in_grids_and_two_need_a_reason(town: Town, grid: Area) -> None:
    for code in ("Z1", "Z2"):
        town.unit(code, kind="party")
    town.unit("WY", kind="property")
    rows = [
        ["Z1", GRID, ""],
        ["Z1", NEXT, ""],
        ["Z2", GRID, ""],
        ["WY", GRID, ""],
        ["WY", GRID, ""],
        ["NO", "1", ""],
    ]
    assert said(town, links(rows), kind="links") == [
        "第4行 原因：第三网格（991101001002003）已有同类的“Z1”；一个地方有两个时要写原因",
        "第6行 区划编码：与第5行重复",
        "第7行 单位编码：‘NO’不是系统里或这次导入的单位编码",
        "第7行 区划编码：‘1’不是本市在用的区划编码；请先导入区划，或改正编码",
    ]

    rows[2][2] = "老旧小区另设"
    result = bring(town, links(rows[:4]), kind="links")

    assert counts(result) == {"link": (4, 0, 0)}
    unit = Organisation.objects.get(code="Z1")
    assert journal.lines_of(unit)[-1].verb == "areas-linked"
    assert people.areas_without("party") == []
    batches.undo(result.batch, by=town.by)
    assert not OrganisationArea.objects.exists()
    assert whole()


def test_old_grids_lie_over_base_grids_many_to_many(town: Town, grid: Area) -> None:
    rows = [
        ["CG-1", GRID, "城管一片", "部门网格", ""],
        ["CG-1", NEXT, "", "", ""],
        ["CG-2", NEXT, "城管二片", "部门网格", "跨路的一半归二片"],
        ["JG-1", GRID, "槐安警格", "警格", ""],
    ]
    result = bring(town, overlays(rows), kind="links")

    assert counts(result) == {"mapping": (4, 0, 0), "department_grid": (2, 0, 0), "police_grid": (1, 0, 0)}
    over = Area.objects.get(code="CG-1")
    assert (over.kind, over.tier, over.parent) == ("department_grid", 0, grid.parent)
    assert AreaMapping.objects.filter(overlay=over).count() == 2
    assert areas.overlay_conflicts("department_grid")["two"] == []
    assert counts(bring(town, overlays(rows), kind="links", again=True)) == {"mapping": (0, 0, 4)}
    batches.undo(result.batch, by=town.by)
    assert not Area.objects.filter(kind="department_grid").exists()
    assert whole()


@pytest.mark.parametrize(
    ("row", "sentence"),
    [
        (["CG-1", GRID], "第2行 专网编码：‘CG-1’不在系统里；同时填写名称和类型，就会新建"),
        (["CG-1", "991101", "片", "警格"], "第2行 网格编码：‘991101’不是网格，应填网格编码"),
        (["991101", GRID], "第2行 专网编码：‘991101’是区县，属于区划树，不是叠加的网格"),
        (
            ["OVER", GRID],
            "第2行 原因：第三网格（991101001002003）已有同类的“THERE”；一个地方有两个时要写原因",
        ),
        (["C" * 25, GRID, "片", "警格"], "第2行 专网编码：有25个字，最多24个字"),
    ],
)
def test_an_overlay_that_is_wrong_says_why(town: Town, grid: Area, row: list[str], sentence: str) -> None:
    areas.map_overlay(town.area("THERE", grid.parent, kind="party_grid"), [grid], by=town.by)
    town.area("OVER", grid.parent, kind="party_grid")
    assert said(town, overlays([row]), kind="links") == [sentence]


# ---------------------------------------------------------------- files that are none


def test_a_file_of_something_else_is_refused(town: Town, grid: Area) -> None:
    with pytest.raises(TableError) as no:
        batches.preview("people", [Incoming("x.csv", "甲,乙\n1,2\n".encode())], Options(), by=town.by)
    assert no.value.code == "no-header"
    assert "单位编码、单位名称、单位类型" in no.value.explain()
    assert not ImportBatch.objects.exists()


def test_templates_read_back_without_their_example(town: Town, grid: Area) -> None:
    body = writing.template(batches.KINDS["people"].forms["staff"], title="人员")
    with pytest.raises(TableError) as no:
        batches.KINDS["people"].plan([Incoming("模板.xlsx", body)], Options())
    assert no.value.code == "no-header"
