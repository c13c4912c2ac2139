"""The administrator's pages through their own door.

Who gets in, what each form does and refuses, what each list costs.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import shapely
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import translation
from openpyxl import load_workbook
from PIL import Image
from pypdf import PdfReader
from pytest_django.fixtures import Settings

from jingwei.engine import catalogue, dispatching, publishing
from jingwei.engine.conditions import CONDITIONS
from jingwei.engine.effects import EFFECTS, LATE, TELLS
from jingwei.engine.keeping import keep_no_longer
from jingwei.engine.models import CaseClass, CatalogueRow, ProcedureVersion
from jingwei.engine.stage import Stage
from jingwei.kernel import accounts, calendars, files, journal, outbox, sealed, seals, versions
from jingwei.kernel.actors import SYSTEM
from jingwei.kernel.calendar import Limit
from jingwei.kernel.models import (
    Account,
    Attachment,
    CalendarYear,
    JournalLine,
    LoginSession,
    OutboxRow,
    StaffAccess,
    WorkingTime,
)
from jingwei.kernel.moments import at, now, today
from jingwei.registry import areas, atlas, boards, people, photos, posts, seats
from jingwei.registry.imports import batches
from jingwei.registry.imports.plan import Incoming, Options
from jingwei.registry.models import (
    Area,
    Assignment,
    BoardPrint,
    Organisation,
    OrganisationVersion,
    Person,
    Post,
    SeatRule,
)
from jingwei.web.admin import reference, said, urls
from jingwei.web.desk.shown import limit_words
from jingwei.web.shell.who import COOKIE


@dataclass
class Office:
    """The small city with somebody in the three posts that run it."""

    stage: Stage
    assignments: dict[str, Assignment]

    def client(self, name: str, *, factor: bool = True) -> Client:
        """A browser in which somebody is signed in, acting from their post."""
        row = self.assignments.get(name) or self.stage.assignments[name]
        account = Account.objects.filter(person=row.person_id).first()
        if account is None:
            account, _ = accounts.open_account(f"login-{name}", row.person_id, by=SYSTEM)
        token, moment = f"cookie of {name} {uuid4()}", now()
        LoginSession.objects.create(
            token=accounts.hash_of(token),
            account=account,
            assignment=row.pk,
            began_at=moment,
            seen_at=moment,
            second_factor_at=moment if factor else None,
        )
        client = Client(headers={"accept-language": "zh-hans"})
        client.cookies[COOKIE] = token
        return client

    def person(self, name: str) -> Person:
        row = self.assignments.get(name) or self.stage.assignments[name]
        return row.person


@pytest.fixture
def folder(tmp_path: Path, settings: Settings) -> Iterator[None]:
    """A city folder of its own: pictures and seals of other tests are not in it."""
    settings.CITY = replace(settings.CITY, home=tmp_path)
    sealed._ring.cache_clear()
    yield
    sealed._ring.cache_clear()


@pytest.fixture
def office(folder: None, stage: Stage) -> Office:
    rows = {}
    for n, role in enumerate(("administrator", "auditor", "security_officer")):
        post = people.make_post(role, by=SYSTEM, area=stage.areas["city"])
        person = people.take_on(f"A{n:04}", "林江高"[n] + "知行", by=SYSTEM)
        rows[role] = people.assign(person, post, by=SYSTEM)
    return Office(stage, rows)


@pytest.fixture
def admin(office: Office) -> Client:
    return office.client("administrator")


def wrote(office: Office, verb: str, *, name: str = "administrator") -> int:
    """How many journal lines of this verb somebody has written."""
    return JournalLine.objects.filter(verb=verb, person=office.person(name).pk).count()


def text_of(answer: Any) -> str:
    return str(answer.content.decode())


def sheet_of(answer: Any) -> list[list[Any]]:
    """The rows of an .xlsx answer, from its header on."""
    rows = [
        [cell.value for cell in row]
        for row in load_workbook(io.BytesIO(answer.content)).worksheets[0].iter_rows()
    ]
    return rows[2:]


def picture(colour: str = "#336699") -> SimpleUploadedFile:
    out = io.BytesIO()
    Image.new("RGB", (64, 80), colour).save(out, "PNG")
    return SimpleUploadedFile("face.png", out.getvalue(), content_type="image/png")


# ---------------------------------------------------------------- doors

AUDIT = {"admin-audit", "admin-audit-verify", "admin-audit-readings", "admin-audit-exports"}
ACCOUNTS = {
    "admin-accounts",
    "admin-account-open",
    "admin-account",
    "admin-account-renew",
    "admin-account-unlock",
    "admin-account-second-factor",
    "admin-account-end-sessions",
    "admin-account-close",
}
LOGINS = {"admin-logins"}
EVERYBODY = {"admin-home"}


def addresses(office: Office) -> dict[str, str]:
    """Every address of these pages, from the table of addresses itself, filled with things that are there."""
    stage = office.stage
    overlay = areas.make_area("party_grid", "99DJ01", "第一党建网格", by=SYSTEM)
    areas.map_overlay(overlay, [stage.areas["grid"]], by=SYSTEM)
    alias = areas.add_alias(stage.areas["grid"], "老三格", by=SYSTEM)
    rule, _ = SeatRule.objects.get_or_create(role="grid_worker", area_kind="grid")
    account, _ = accounts.open_account("somebody", stage.people["stranger"].pk, by=SYSTEM)
    table = Incoming("区划.csv", "编码,名称\n991199,望川区\n9911990,多一位\n".encode())
    batch = batches.preview("areas", [table], Options(), by=SYSTEM)
    filled: dict[str, dict[str, Any]] = {
        "admin-area-alias-remove": {"pk": stage.areas["grid"].pk, "alias": alias.pk},
        "admin-area-over": {"pk": overlay.pk},
        "admin-area-over-remove": {"pk": overlay.pk, "base": stage.areas["grid"].pk},
        "admin-area-by-code": {"code": stage.areas["grid"].code},
        "admin-organisation-unlink": {"pk": stage.units["water"].pk, "area": stage.areas["grid"].pk},
        "admin-seat-rule-drop": {"pk": rule.pk},
        "admin-playbook": {"name": "grid_event"},
        "admin-catalogue-end": {"pk": CatalogueRow.objects.first().pk},  # type: ignore[union-attr]
        "admin-assignment-end": {"pk": stage.assignments["worker"].pk},
        "admin-import-send": {"kind": "areas"},
        "admin-import-blank": {"kind": "areas", "form": "list"},
        "admin-import-failed": {"pk": batch.pk, "form": "areas"},
    }
    pks = {
        "admin-area": stage.areas["grid"].pk,
        "admin-organisation": stage.units["water"].pk,
        "admin-person": stage.people["worker"].pk,
        "admin-post": stage.posts["worker"].pk,
        "admin-account": account.pk,
        "admin-import": batch.pk,
    }
    found = {}
    for pattern in urls.urlpatterns:
        kwargs = filled.get(str(pattern.name))
        if kwargs is None and "pk" in pattern.pattern.converters:
            kwargs = {"pk": next(pk for name, pk in pks.items() if str(pattern.name).startswith(name))}
        found[str(pattern.name)] = reverse(str(pattern.name), kwargs=kwargs)
    return found


def knock(client: Client, address: str) -> Any:
    """Open an address, or send it an empty form where it takes nothing else."""
    answer = client.get(address)
    return client.post(address) if answer.status_code == 405 else answer


def test_every_page_has_a_door_and_nobody_slips_through(office: Office) -> None:
    where = addresses(office)
    allowed = {
        "auditor": AUDIT | LOGINS | EVERYBODY,
        "security_officer": ACCOUNTS | LOGINS | EVERYBODY,
        "handler": set(),
        "worker": set(),
        "city_leader": set(),
    }
    for name, pages in allowed.items():
        client = office.client(name)
        refused = {page for page, address in where.items() if knock(client, address).status_code == 404}
        assert refused == set(where) - pages, name


def test_the_administrator_may_open_everything_but_the_log_of_addresses(office: Office) -> None:
    admin = office.client("administrator")
    where = addresses(office)
    ending = (
        "-drop",
        "-remove",
        "-end",
        "-close",
        "-end-sessions",
        "-withdraw",
        "-unlink",
        "-renew",
        "-unlock",
        "-second-factor",
    )
    reading = {page: address for page, address in where.items() if not page.endswith(ending)}
    shut = {
        page for page, address in reading.items() if knock(admin, address).status_code not in (200, 302, 422)
    }
    assert shut == LOGINS | {"admin-person-photo-file"}  # nobody has a photo yet


def test_strangers_are_sent_to_sign_in(office: Office) -> None:
    where = addresses(office)
    before = JournalLine.objects.count()
    for page, address in where.items():
        answer = knock(Client(), address)
        assert answer.status_code == 302, page
        assert answer["Location"].startswith(reverse("sign-in")), page
    assert JournalLine.objects.count() == before


def test_the_second_factor_is_asked_for_even_when_the_account_does_not_know(office: Office) -> None:
    client = office.client("administrator", factor=False)
    Account.objects.filter(login="login-administrator").update(needs_second_factor=False)
    answer = client.get(reverse("admin-home"))
    assert answer.status_code == 302
    assert answer["Location"].startswith(reverse("second-factor"))


def test_an_administrator_of_a_county_is_none_of_the_city(office: Office) -> None:
    post = people.make_post("administrator", by=SYSTEM, area=office.stage.areas["county"])
    office.assignments["county_admin"] = people.assign(office.stage.people["stranger"], post, by=SYSTEM)
    assert office.client("county_admin").get(reverse("admin-home")).status_code == 404


def test_the_rail_shows_nothing_that_would_not_open(office: Office) -> None:
    for name in ("administrator", "auditor", "security_officer"):
        client = office.client(name)
        page = text_of(client.get(reverse("admin-home")))
        rail = page[page.index('<nav class="side"') : page.index("</nav>")]
        links = re.findall(r'<a href="([^"]+)"', rail)
        assert len(links) >= 3, name
        assert [link for link in links if client.get(link).status_code != 200] == [], name


# ---------------------------------------------------------------- first page


def test_a_young_city_is_told_what_comes_next_and_a_grown_one_is_not(office: Office, admin: Client) -> None:
    assert "导入边界" not in text_of(admin.get(reverse("admin-home")))
    Area.objects.update(border=None)
    page = admin.get(reverse("admin-home"))
    assert [step["done"] for step in page.context["steps"]] == [True, True, True, False]
    assert "没有边界，就从列表选" in text_of(page)
    assert {step["url"] for step in page.context["steps"]} <= {
        step["url"] for step in page.context["steps"] if admin.get(step["url"]).status_code == 200
    }


def test_a_step_is_done_when_nothing_of_it_is_left(office: Office, admin: Client) -> None:
    """Two seats are filled of many that must be; the counties have borders, nothing below them has."""
    Area.objects.filter(tier__gt=2).update(border=None)
    for kind in ("county", "street", "community", "grid"):
        SeatRule.objects.create(role="grid_guide", area_kind=kind)
    page = admin.get(reverse("admin-home"))
    assert page.context["empty_seats"] > 0
    assert [step["done"] for step in page.context["steps"]] == [True, True, False, True]
    assert "现在按坐标能定位到区县" in text_of(page)
    SeatRule.objects.all().delete()
    assert admin.get(reverse("admin-home")).context["steps"] == []


def test_the_first_page_names_what_is_amiss(office: Office, admin: Client) -> None:
    SeatRule.objects.create(role="grid_guide", area_kind="grid")
    OutboxRow.objects.create(
        effect="tell", payload={}, key=uuid4(), created_at=now(), due_at=now(), tries=5, error="KeyError"
    )
    page = admin.get(reverse("admin-home"))
    assert (page.context["empty_seats"], page.context["stuck"], page.context["unlocated"]) == (2, 1, 0)
    assert page.context["verified"] is None


# ---------------------------------------------------------------- areas


def test_areas_are_found_by_name_second_name_and_code(office: Office, admin: Client) -> None:
    areas.add_alias(office.stage.areas["grid"], "老三格", by=SYSTEM)
    for text in ("第三网格", "老三", "991103001002003"):
        page = admin.get(reverse("admin-areas"), {"q": text})
        assert [row.code for row in page.context["pages"].rows] == ["991103001002003"], text
    assert "没有叫这个名字的区域" in text_of(admin.get(reverse("admin-areas"), {"q": "没有这种地方"}))


def test_an_area_is_made_below_another(office: Office, admin: Client) -> None:
    community = office.stage.areas["community"]
    form = admin.get(reverse("admin-area-make"), {"under": community.code}).context["form"]
    assert form.initial["code"] == "991103001002005"
    sent = {
        "kind": "grid",
        "code": "991103001002005",
        "name": "第五网格",
        "parent": f"{community.code} {community.name}",
        "households": "312",
        "since": today().isoformat(),
    }
    answer = admin.post(reverse("admin-area-make"), sent)
    made = Area.objects.get(code="991103001002005")
    assert answer["Location"] == reverse("admin-area", args=[made.pk])
    assert (made.parent_id, made.households, wrote(office, "area-made")) == (community.pk, 312, 1)


def test_an_area_is_refused_with_every_reason(office: Office, admin: Client) -> None:
    sent = {"kind": "grid", "code": "991103001002003", "name": "", "parent": "nowhere", "since": "gestern"}
    answer = admin.post(reverse("admin-area-make"), sent)
    assert answer.status_code == 422
    assert set(answer.context["form"].errors) == {"name", "parent", "since"}
    sent |= {
        "name": "又一个",
        "parent": office.stage.areas["county"].code,
        "since": today().isoformat(),
        "code": "99110300100200A",
    }
    refused = admin.post(reverse("admin-area-make"), sent)
    assert refused.status_code == 422
    assert "code" in refused.context["form"].errors
    assert wrote(office, "area-made") == 0


def test_a_change_keeps_what_was_and_yesterday_can_be_shown(office: Office, admin: Client) -> None:
    grid = office.stage.areas["grid"]
    page = admin.get(reverse("admin-area-change", args=[grid.pk]))
    sent = {
        "code": grid.code,
        "name": "槐安第三网格",
        "parent": page.context["form"].initial["parent"].code,
        "households": "410",
        "since": today().isoformat(),
    }
    assert admin.post(reverse("admin-area-change", args=[grid.pk]), sent).status_code == 302
    assert wrote(office, "area-changed") == 1
    yesterday = (today() - timedelta(days=1)).isoformat()
    before = admin.get(
        reverse("admin-areas-as-of"), {"day": yesterday, "under": office.stage.areas["community"].code}
    )
    now_ = admin.get(reverse("admin-areas-as-of"), {"under": office.stage.areas["community"].code})
    assert [row[1] for row in before.context["table"]["rows"]] == ["第三网格", "第四网格"]
    assert [row[1] for row in now_.context["table"]["rows"]] == ["槐安第三网格", "第四网格"]
    assert len(before.context["drawn"]) == 2
    assert "2025-01-01" not in text_of(admin.get(reverse("admin-area", args=[grid.pk])))
    assert [
        version.name for version in admin.get(reverse("admin-area", args=[grid.pk])).context["versions"]
    ] == ["第三网格"]


def test_days_that_are_none_or_to_come_are_named(admin: Client) -> None:
    for day in ("2026-13-45", (today() + timedelta(days=2)).isoformat()):
        answer = admin.get(reverse("admin-areas-as-of"), {"day": day})
        assert answer.status_code == 422
        assert answer.context["error"]


def test_an_area_ends_with_its_successors(office: Office, admin: Client) -> None:
    grid, other = office.stage.areas["grid"], office.stage.areas["next_grid"]
    refused = admin.post(
        reverse("admin-area-end", args=[office.stage.areas["community"].pk]),
        {"on": today().isoformat(), "reason": "撤并"},
    )
    assert refused.status_code == 422
    assert len(refused.context["form"].non_field_errors()) == 1
    unknown = admin.post(
        reverse("admin-area-end", args=[grid.pk]),
        {"on": today().isoformat(), "reason": "撤并", "successors": "123"},
    )
    assert "123" in str(unknown.context["form"].errors["successors"])
    done = admin.post(
        reverse("admin-area-end", args=[grid.pk]),
        {"on": today().isoformat(), "reason": "并入第四网格", "successors": other.code},
    )
    assert done.status_code == 302
    assert (wrote(office, "area-ended"), areas.answering_now(other.pk)) == (1, {other.pk, grid.pk})
    page = admin.get(reverse("admin-area", args=[grid.pk]))
    assert not page.context["in_force"]
    assert "并入第四网格" in text_of(page)


def test_second_names_come_and_go(office: Office, admin: Client) -> None:
    grid = office.stage.areas["grid"]
    assert admin.post(reverse("admin-area-alias", args=[grid.pk]), {"name": ""}).status_code == 422
    admin.post(reverse("admin-area-alias", args=[grid.pk]), {"name": "老三格", "source": "居民"})
    alias = grid.aliases.get()
    admin.post(reverse("admin-area-alias-remove", args=[grid.pk, alias.pk]))
    assert (wrote(office, "alias-added"), wrote(office, "alias-removed"), grid.aliases.count()) == (1, 1, 0)


def test_an_area_across_the_tree_is_laid_over_grids(office: Office, admin: Client) -> None:
    one = areas.make_area("party_grid", "99DJ01", "第一党建网格", by=SYSTEM)
    two = areas.make_area("party_grid", "99DJ02", "第二党建网格", by=SYSTEM)
    grid = office.stage.areas["grid"]
    assert admin.post(reverse("admin-area-over", args=[one.pk]), {"bases": grid.code}).status_code == 302
    refused = admin.post(
        reverse("admin-area-over", args=[two.pk]),
        {"bases": f"{grid.code}，{office.stage.areas['next_grid'].code}"},
    )
    assert refused.status_code == 422
    assert grid.code in str(refused.context["form"].non_field_errors())
    with_reason = {"bases": grid.code, "reason": "两个支部共管"}
    assert admin.post(reverse("admin-area-over", args=[two.pk]), with_reason).status_code == 302
    admin.post(reverse("admin-area-over-remove", args=[two.pk, grid.pk]))
    assert (wrote(office, "overlay-mapped"), wrote(office, "overlay-unmapped"), grid.overlays.count()) == (
        2,
        1,
        1,
    )


def test_who_answers_is_told_by_code_by_list_and_by_point(office: Office, admin: Client) -> None:
    overlay = areas.make_area("police_grid", "99JG01", "第一警格", by=SYSTEM)
    areas.map_overlay(overlay, [office.stage.areas["grid"]], by=SYSTEM)
    officer = people.make_post("police_contact", by=SYSTEM, area=overlay)
    people.assign(office.stage.people["stranger"], officer, by=SYSTEM)
    grid = office.stage.areas["grid"]
    for asked in (
        {"place": grid.code},
        {"area": grid.pk},
        {"lon": "117.01", "lat": "33.02", "source": "cgcs2000"},
    ):
        page = admin.get(reverse("admin-answering"), asked)
        assert page.context["place"].id == grid.pk, asked
        police = next(net for net in page.context["nets"] if net.kind == "police_grid")
        assert [h.name for _area, held in police.areas for h in held] == [
            office.stage.people["stranger"].name
        ]
        assert {row[2] for row in page.context["table"]["rows"]} >= {"网格员", "网格长", "受理员", "派遣员"}
        party = next(net for net in page.context["nets"] if net.kind == "party_grid")
        assert party.wrong
    for wrong in (
        {"place": "123"},
        {"lon": "x", "lat": "1"},
        {"lon": "0", "lat": "0"},
        {"lon": "33", "lat": "117"},
    ):
        answer = admin.get(reverse("admin-answering"), wrong)
        assert (answer.status_code, bool(answer.context["why"])) == (422, True), wrong


def test_border_checks_name_gaps_sizes_and_nets(office: Office, admin: Client) -> None:
    areas.change_area(office.stage.areas["grid"], by=SYSTEM, households=120)
    page = admin.get(reverse("admin-borders"), {"under": "991103"})
    # two grids of 0.05° lie in a community of 0.1°: half of it is a gap, and the lower corner lies within
    assert [one.check.name for one in page.context["wrong"]] == ["槐安社区"]
    assert page.context["wrong"][0].check.gap > 0.4
    assert [area.code for area in page.context["sizes"]] == ["991103001002003"]
    party = page.context["nets"][0]
    assert party["none_count"] == 2
    rows = sheet_of(admin.get(reverse("admin-borders-export"), {"under": "991103"}))
    assert rows[1][1:4] == ["991103001002", "槐安社区", 2]


def test_nets_are_compared_where_no_border_is_drawn(office: Office, admin: Client) -> None:
    county = areas.make_area("county", "991190", "新区", by=SYSTEM, parent=office.stage.areas["city"])
    assert admin.get(reverse("admin-borders"), {"under": county.code}).context["nets"] == []
    bare = areas.make_area("grid", "991190001001001", "新网格", by=SYSTEM, parent=county)
    areas.make_area("police_grid", "JG9", "云河九号警格", by=SYSTEM, parent=county)
    page = admin.get(reverse("admin-borders"), {"under": county.code})
    police = page.context["nets"][2]
    assert (police["none"], police["over_nothing"]) == ([bare.code], ["JG9"])
    assert text_of(page).count(bare.code) >= 3
    assert "JG9" in text_of(page)


# ---------------------------------------------------------------- organisations


def test_a_unit_is_made_changed_and_its_story_told(office: Office, admin: Client) -> None:
    stage = office.stage
    sent = {
        "code": "YH-YL",
        "name": "云河区园林所",
        "kind": "市政养护",
        "area": stage.areas["county"].code,
        "parent_unit": stage.units["municipal"].code,
    }
    assert admin.post(reverse("admin-organisation-make"), sent).status_code == 302
    unit = Organisation.objects.get(code="YH-YL")
    assert (unit.kind, unit.parent_id, wrote(office, "organisation-made")) == (
        "municipal",
        stage.units["municipal"].pk,
        1,
    )
    again = admin.post(reverse("admin-organisation-make"), sent | {"name": ""})
    assert set(again.context["form"].errors) == {"name"}
    assert set(admin.post(reverse("admin-organisation-make"), sent).context["form"].errors) == {"code"}
    changed = admin.post(
        reverse("admin-organisation-change", args=[unit.pk]),
        sent | {"name": "云河区园林绿化所", "phone": "6213 9000"},
    )
    assert changed.status_code == 302
    versions = OrganisationVersion.objects.filter(organisation=unit)
    assert {(v.column, v.old, v.new) for v in versions} == {
        ("name", "云河区园林所", "云河区园林绿化所"),
        ("phone", "", "6213 9000"),
    }
    page = text_of(admin.get(reverse("admin-organisation", args=[unit.pk])))
    assert "云河区园林所" in page
    assert office.person("administrator").name in page


def test_a_unit_never_stands_under_itself(office: Office, admin: Client) -> None:
    top = office.stage.units["municipal"]
    below = people.make_organisation("YH-1", "一所", "municipal", by=SYSTEM, parent=top)
    sent = {"code": top.code, "name": top.name, "kind": top.kind, "parent_unit": below.code}
    refused = admin.post(reverse("admin-organisation-change", args=[top.pk]), sent)
    assert (refused.status_code, set(refused.context["form"].errors)) == (422, {"parent_unit"})


def test_where_a_unit_works_needs_a_reason_where_another_does(office: Office, admin: Client) -> None:
    stage, grid = office.stage, office.stage.areas["grid"]
    people.link_to_areas(stage.units["water"], [grid], by=SYSTEM)
    other = people.make_organisation("YH-S2", "第二水务公司", "water", by=SYSTEM)
    assert (
        admin.post(reverse("admin-organisation-link", args=[other.pk]), {"areas": grid.code}).status_code
        == 422
    )
    done = admin.post(
        reverse("admin-organisation-link", args=[other.pk]), {"areas": grid.code, "reason": "两家分片供水"}
    )
    assert done.status_code == 302
    admin.post(reverse("admin-organisation-unlink", args=[other.pk, grid.pk]))
    assert (wrote(office, "areas-linked"), wrote(office, "area-unlinked"), other.works_in.count()) == (
        1,
        1,
        0,
    )


def test_a_unit_ends_when_nothing_hangs_on_it(office: Office, admin: Client) -> None:
    stage = office.stage
    refused = admin.post(reverse("admin-organisation-end", args=[stage.units["water"].pk]))
    assert refused.status_code == 422
    assert len(refused.context["form"].non_field_errors()) == 2  # a post, and a row of the catalogue
    lone = people.make_organisation("YH-X", "临时指挥部", "emergency", by=SYSTEM)
    assert admin.post(reverse("admin-organisation-end", args=[lone.pk])).status_code == 302
    lone.refresh_from_db()
    assert (lone.valid_to, wrote(office, "organisation-ended")) == (today(), 1)


def test_totals_by_county_add_up(office: Office, admin: Client) -> None:
    people.make_organisation("SZ", "市政府", "government", by=SYSTEM, area=office.stage.areas["city"])
    people.make_organisation("WD", "没有地址的协会", "superior", by=SYSTEM)
    totals = admin.get(reverse("admin-organisations")).context["totals"]
    assert (
        sum(row[1] for row in totals["rows"])
        == totals["total"][1]
        == Organisation.objects.filter(valid_to=None).count()
    )
    in_county = Organisation.objects.filter(area__code__startswith="991103").count()
    assert [row[1] for row in totals["rows"]] == [in_county, 0, 1, 1]


def test_units_are_found_and_exported_as_shown(office: Office, admin: Client) -> None:
    found = admin.get(reverse("admin-organisations"), {"q": "水务", "county": "991103"})
    assert [unit.code for unit in found.context["pages"].rows] == ["YH-SW"]
    rows = sheet_of(admin.get(reverse("admin-organisations-export"), {"q": "水务"}))
    assert [row[1:3] for row in rows[1:]] == [["YH-SW", "云河区水务公司"]]
    line = JournalLine.objects.get(verb="exported")
    assert (line.person, line.detail["table"], line.detail["personal"]) == (
        office.person("administrator").pk,
        "organisations",
        False,
    )


def test_grids_that_no_unit_of_a_kind_covers_are_listed(office: Office, admin: Client) -> None:
    address = reverse("admin-organisations-without")
    assert admin.get(address).context["pages"].rows == []
    grid = office.stage.areas["grid"]
    branch = people.make_organisation("DZB", "第一党支部", "party", by=SYSTEM)
    people.link_to_areas(branch, [grid], by=SYSTEM)
    bare = areas.make_area("grid", f"{grid.code[:12]}901", "无支部网格", by=SYSTEM, parent=grid.parent)
    listed = [row[0] for row in admin.get(address, {"kind": "party"}).context["table"]["rows"]]
    assert bare.code in listed
    assert grid.code not in listed
    county = {"kind": "party", "county": grid.code[:6]}
    assert bare.code in [row[0] for row in admin.get(address, county).context["table"]["rows"]]
    people.link_to_areas(branch, people.areas_without("party"), by=SYSTEM)
    assert admin.get(address, {"kind": "party"}).context["table"]["rows"] == []
    rows = sheet_of(admin.get(reverse("admin-organisations-export"), {"q": "DZB"}))
    assert rows[1][-1] == len(listed) + 1


def test_judge_prosecutor_and_police_officer_are_counted_together(office: Office, admin: Client) -> None:
    for role in ("judge", "prosecutor"):
        posts.require_seat(role, "grid", 1, by=SYSTEM)
    assert admin.get(reverse("admin-seats")).context["officials"] is None
    posts.require_seat("police", "grid", 1, by=SYSTEM)
    before = admin.get(reverse("admin-seats")).context["officials"]
    grid = office.stage.areas["grid"]
    post = people.make_post("judge", by=SYSTEM, area=grid)
    people.assign(people.take_on("FG1", "卢明", by=SYSTEM), post, by=SYSTEM)
    after = admin.get(reverse("admin-seats")).context["officials"]
    assert after["d"] == before["d"] == 3 * Area.objects.filter(kind="grid", valid_to=None).count()
    assert after["n"] == before["n"] + 1


# ---------------------------------------------------------------- people


def test_somebody_is_taken_on_changed_and_leaves(office: Office, admin: Client) -> None:
    sent = {"staff_no": "J9001", "name": "丁一", "unit": "YH-SW 云河区水务公司", "work_phone": "6213 9001"}
    assert admin.post(reverse("admin-person-take-on"), sent).status_code == 302
    person = Person.objects.get(staff_no="J9001")
    assert set(admin.post(reverse("admin-person-take-on"), sent).context["form"].errors) == {"staff_no"}
    admin.post(reverse("admin-person-change", args=[person.pk]), {"name": "丁一一", "work_phone": ""})
    person.refresh_from_db()
    assert (person.name, person.organisation_id, person.staff_no) == ("丁一一", None, "J9001")
    line = JournalLine.objects.get(verb="person-changed")
    assert "丁一" not in str(line.detail)
    people.assign(person, office.stage.posts["handler"], by=SYSTEM)
    account, _ = accounts.open_account("J9001", person.pk, by=SYSTEM)
    assert admin.post(reverse("admin-person-leave", args=[person.pk]), {"on": "soon"}).status_code == 422
    admin.post(reverse("admin-person-leave", args=[person.pk]), {"on": today().isoformat()})
    person.refresh_from_db()
    account.refresh_from_db()
    assert (person.left_at, account.is_active, person.assignments.filter(ends=None).exists()) == (
        today(),
        False,
        False,
    )
    assert wrote(office, "assignment-ended") == 1
    staff, gone = (admin.get(reverse("admin-people"), {"q": "J9001", **left}) for left in ({}, {"left": "1"}))
    assert ([p.pk for p in staff.context["pages"].rows], [p.pk for p in gone.context["pages"].rows]) == (
        [],
        [person.pk],
    )


def test_a_photo_needs_consent_stays_and_goes_with_it(
    office: Office, admin: Client, django_capture_on_commit_callbacks: Any
) -> None:
    person = office.stage.people["worker"]
    address = reverse("admin-person-photo", args=[person.pk])
    refused = admin.post(address, {"photo": picture()})
    assert (refused.status_code, set(refused.context["form"].errors)) == (422, {"consent"})
    broken = admin.post(address, {"photo": SimpleUploadedFile("x.png", b"<svg/>"), "consent": "on"})
    assert (broken.status_code, set(broken.context["form"].errors)) == (422, {"photo"})
    assert Attachment.objects.count() == 0
    assert admin.post(address, {"photo": picture(), "consent": "on"}).status_code == 302
    assert admin.post(address, {"photo": picture("#996633"), "consent": "on"}).status_code == 302
    kept = Attachment.objects.get()
    person.refresh_from_db()
    assert (person.photo, kept.case, wrote(office, "photo-set")) == (kept.pk, photos.folder_of(person), 2)
    with at(now() + timedelta(days=3)):  # forms never sent are cleared away; this is none
        keep_no_longer()
    assert admin.get(reverse("admin-person-photo-file", args=[person.pk])).status_code == 200
    with django_capture_on_commit_callbacks(execute=True):
        admin.post(reverse("admin-person-photo-withdraw", args=[person.pk]))
    assert (wrote(office, "photo-withdrawn"), Attachment.objects.count(), files.path_of(kept).exists()) == (
        1,
        0,
        False,
    )
    assert admin.get(reverse("admin-person-photo-file", args=[person.pk])).status_code == 404


def test_the_sheet_of_seats_holds_names_only_for_a_purpose(office: Office, admin: Client) -> None:
    name = office.stage.people["worker"].name
    plain = sheet_of(admin.get(reverse("admin-people-export")))
    assert name not in str(plain)
    assert "工号" not in plain[0]
    personal = sheet_of(admin.post(reverse("admin-people-export"), {"purpose": "roster"}))
    assert name in str(personal)
    assert [
        line.detail["personal"] for line in JournalLine.objects.filter(verb="exported").order_by("id")
    ] == [False, True]
    assert admin.post(reverse("admin-people-export"), {"purpose": "curiosity"}).status_code == 404


def test_finders_offer_people_posts_and_areas(office: Office, admin: Client) -> None:
    worker = office.stage.people["worker"]
    assert worker.staff_no in text_of(admin.get(reverse("admin-find-person"), {"person": worker.name[:2]}))
    post = office.stage.posts["worker"]
    assert f'value="{post.pk} ' in text_of(admin.get(reverse("admin-find-post"), {"post": "第三网格"}))
    assert f'value="{post.pk} ' in text_of(admin.get(reverse("admin-find-post"), {"post": "991103001002003"}))
    areas.make_area("party_grid", "99DJ01", "第一党建网格", by=SYSTEM)
    assert "99DJ01" in text_of(admin.get(reverse("admin-find-area"), {"area": "第一党建"}))


# ---------------------------------------------------------------- seats


def test_required_seats_are_ruled_counted_and_listed(office: Office, admin: Client) -> None:
    assert "还没有规定应配岗位" in text_of(admin.get(reverse("admin-seats")))
    assert admin.post(reverse("admin-seat-rules"), {"role": "grid_chief", "least": "0"}).status_code == 422
    admin.post(reverse("admin-seat-rules"), {"role": "grid_chief", "least": "1"})
    admin.post(reverse("admin-seat-rules"), {"role": "grid_worker", "least": "2"})
    assert wrote(office, "seat-required") == 2
    page = admin.get(reverse("admin-seats"))
    assert [(c["role"], c["n"], c["d"]) for c in page.context["covered"]] == [
        ("grid_chief", 1, 2),
        ("grid_worker", 1, 2),
    ]
    assert [(hole.area_code[-3:], hole.role) for hole in page.context["pages"].rows] == [
        ("004", "grid_chief"),
        ("004", "grid_worker"),
    ]
    only = admin.get(reverse("admin-seats"), {"role": "grid_chief"})
    assert len(only.context["pages"].rows) == 1
    rows = sheet_of(admin.get(reverse("admin-seats-export")))
    assert [row[3] for row in rows[1:]] == ["网格长", "网格员"]
    admin.post(reverse("admin-seat-rule-drop", args=[SeatRule.objects.get(role="grid_chief").pk]))
    assert (wrote(office, "seat-not-required"), SeatRule.objects.count()) == (1, 1)


def test_holes_come_in_pages(office: Office, admin: Client) -> None:
    SeatRule.objects.create(role="grid_guide", area_kind="grid")
    for n in range(5, 75):
        areas.make_area(
            "grid", f"991103001002{n:03}", f"第{n}网格", by=SYSTEM, parent=office.stage.areas["community"]
        )
    first, second = (admin.get(reverse("admin-seats"), {"page": n}).context["pages"] for n in (1, 2))
    assert (len(first.rows), len(second.rows), first.next, second.next) == (50, 22, 2, "")
    assert not {hole.area for hole in first.rows} & {hole.area for hole in second.rows}


def test_a_hole_leads_to_the_form_that_fills_it(office: Office, admin: Client) -> None:
    there = admin.get(reverse("admin-fill"), {"role": "grid_worker", "area": "991103001002003"})
    assert there["Location"] == reverse("admin-post-assign", args=[office.stage.posts["worker"].pk])
    missing = admin.get(reverse("admin-fill"), {"role": "grid_guide", "area": "991103001002004"}, follow=True)
    assert missing.context["form"].initial["area"].code == "991103001002004"
    assert missing.context["form"].initial["role"] == "grid_guide"


def test_a_post_is_made_filled_substituted_emptied_and_given_up(office: Office, admin: Client) -> None:
    stage = office.stage
    assert admin.post(reverse("admin-post-make"), {"role": "grid_guide"}).status_code == 422
    admin.post(
        reverse("admin-post-make"),
        {"role": "grid_guide", "area": "991103001002004", "duty": "联系网格", "exclusive": "on"},
    )
    post = Post.objects.get(role="grid_guide")
    assert (post.duty, post.exclusive, wrote(office, "post-made")) == ("联系网格", True, 1)
    seat = reverse("admin-post-assign", args=[post.pk])
    worker, other = stage.people["worker"], stage.people["other_worker"]
    assert (
        admin.post(
            seat, {"person": worker.staff_no, "starts": today().isoformat(), "basis": "街道任命"}
        ).status_code
        == 302
    )
    taken = admin.post(seat, {"person": other.staff_no, "starts": today().isoformat()})
    assert taken.status_code == 422
    nobody = admin.post(seat, {"person": "J0 nobody", "starts": ""})
    assert set(nobody.context["form"].errors) == {"person", "starts"}
    stand_in = {
        "person": other.staff_no,
        "starts": today().isoformat(),
        "ends": (today() + timedelta(days=7)).isoformat(),
        "substitute": "on",
    }
    assert admin.post(seat, stand_in).status_code == 302
    assert (wrote(office, "assigned"), post.assignments.filter(substitute=True).count()) == (2, 1)
    held = admin.post(reverse("admin-post-end", args=[post.pk]))
    assert held.status_code == 422
    for row in post.assignments.all():
        assert (
            admin.post(
                reverse("admin-assignment-end", args=[row.pk]), {"on": today().isoformat()}
            ).status_code
            == 302
        )
    handed_over = OutboxRow.objects.filter(effect="hand_over", payload={"post": post.pk})
    before = handed_over.count()
    assert admin.post(reverse("admin-post-end", args=[post.pk])).status_code == 302
    assert (before >= 2, handed_over.count()) == (True, before + 1)
    assert (wrote(office, "assignment-ended"), wrote(office, "post-ended")) == (2, 1)
    early = admin.post(
        reverse("admin-assignment-end", args=[stage.assignments["worker"].pk]), {"on": "2001-01-01"}
    )
    assert (early.status_code, set(early.context["form"].errors)) == (422, {"on"})


def test_a_post_changes_its_words_only(office: Office, admin: Client) -> None:
    post = office.stage.posts["worker"]
    address = reverse("admin-post-change", args=[post.pk])
    assert admin.post(address, {"title": "", "duty": ""}).status_code == 422
    admin.post(address, {"title": "第三网格专职网格员", "duty": "每天巡查"})
    post.refresh_from_db()
    assert (post.title, post.duty, wrote(office, "post-changed")) == ("第三网格专职网格员", "每天巡查", 1)


def test_a_person_is_given_a_post_from_their_own_page(office: Office, admin: Client) -> None:
    person, post = office.stage.people["worker"], office.stage.posts["chief"]
    address = reverse("admin-person-assign", args=[person.pk])
    assert admin.post(address, {"post": "nothing", "starts": today().isoformat()}).status_code == 422
    assert (
        admin.post(address, {"post": f"{post.pk} {post.title}", "starts": today().isoformat()}).status_code
        == 302
    )
    assert person.assignments.filter(post=post).exists()


def test_whoever_takes_an_administrators_post_needs_two_factors(office: Office) -> None:
    person = office.stage.people["worker"]
    account, _ = accounts.open_account("worker", person.pk, by=SYSTEM)
    people.assign(person, Post.objects.get(role="auditor"), by=SYSTEM)
    account.refresh_from_db()
    assert account.needs_second_factor


# ---------------------------------------------------------------- accounts


def test_an_account_is_opened_with_a_code_that_works_once(office: Office, admin: Client) -> None:
    person = office.stage.people["worker"]
    assert admin.post(reverse("admin-account-open"), {"person": ""}).status_code == 422
    bad = admin.post(reverse("admin-account-open"), {"person": person.staff_no, "login": "no blanks please"})
    assert set(bad.context["form"].errors) == {"login"}
    sheet = admin.post(
        reverse("admin-account-open"), {"person": f"{person.staff_no} {person.name}", "login": "shi.lei"}
    )
    assert (sheet.status_code, sheet["Cache-Control"]) == (200, "no-store")
    code = sheet.context["code"]
    assert code in text_of(sheet)
    again = admin.post(reverse("admin-account-open"), {"person": person.staff_no, "login": "shi.lei2"})
    assert set(again.context["form"].errors) == {"person"}
    accounts.activate("shi.lei", code, "Kezhan-2026!")
    assert accounts.log_in("shi.lei", "Kezhan-2026!").token
    assert wrote(office, "account-opened") == 1
    assert code not in text_of(
        admin.get(reverse("admin-account", args=[Account.objects.get(login="shi.lei").pk]))
    )


def test_an_account_is_renewed_unlocked_signed_out_closed_and_opened_again(office: Office) -> None:
    keeper = office.client("security_officer")
    worker = office.client("worker")
    account = Account.objects.get(login="login-worker")
    Account.objects.filter(pk=account.pk).update(failures=4, locked_until=now() + timedelta(minutes=20))
    assert "已锁定" in text_of(keeper.get(reverse("admin-accounts"), {"state": "locked"}))
    keeper.post(reverse("admin-account-unlock", args=[account.pk]))
    account.refresh_from_db()
    assert (account.failures, account.locked_until) == (0, None)
    keeper.post(reverse("admin-account-end-sessions", args=[account.pk]))
    assert worker.get(reverse("desk")).status_code == 302
    sheet = keeper.post(reverse("admin-account-renew", args=[account.pk]))
    assert re.fullmatch(r"(\w{4} ){2}\w{4}", sheet.context["code"])
    keeper.post(reverse("admin-account-close", args=[account.pk]))
    assert Account.objects.filter(pk=account.pk, is_active=False).exists()
    keeper.post(reverse("admin-account-renew", args=[account.pk]))
    assert Account.objects.filter(pk=account.pk, is_active=True).exists()
    verbs = ["account-unlocked", "sessions-ended", "activation-renewed", "account-closed", "account-reopened"]
    assert [bool(wrote(office, verb, name="security_officer")) for verb in verbs] == [True] * 5


def test_nobody_closes_or_loosens_their_own_account(office: Office) -> None:
    keeper = office.client("security_officer")
    own = Account.objects.get(login="login-security_officer")
    for page in ("admin-account-close", "admin-account-second-factor"):
        assert keeper.post(reverse(page, args=[own.pk])).status_code == 422
    own.refresh_from_db()
    assert own.is_active


def test_somebody_who_left_gets_no_account(office: Office, admin: Client) -> None:
    person = office.stage.people["worker"]
    account, _ = accounts.open_account("gone", person.pk, by=SYSTEM)
    people.leave(person, by=SYSTEM)
    assert admin.post(reverse("admin-account-renew", args=[account.pk])).status_code == 422
    account.refresh_from_db()
    assert not account.is_active
    assert (
        "person"
        in admin.post(reverse("admin-account-open"), {"person": person.staff_no}).context["form"].errors
    )


def test_sign_ins_with_their_addresses_are_for_auditors(office: Office) -> None:
    account, _ = accounts.open_account("worker", office.stage.people["worker"].pk, by=SYSTEM)
    StaffAccess.objects.create(account=account, at=now(), event="failed", address="203.0.113.9")
    StaffAccess.objects.create(account=account, at=now(), event="login", address="203.0.113.10")
    page = text_of(office.client("auditor").get(reverse("admin-logins"), {"event": "failed"}))
    assert "203.0.113.9<" in page
    assert "203.0.113.10" not in page
    assert office.client("administrator").get(reverse("admin-logins")).status_code == 404


# ---------------------------------------------------------------- how it runs


def test_playbooks_speak_in_the_citys_words(office: Office, admin: Client) -> None:
    page = admin.get(reverse("admin-playbooks"))
    assert [one["name"] for one in page.context["found"]] == sorted(
        {one.procedure for one in page.context["shipped"]}
    )
    assert all(one["problems"] == [] for one in page.context["found"])
    shown = text_of(admin.get(reverse("admin-playbook", args=["grid_event"])))
    for words in ("已派遣", "派遣员", "核查通过", "处置时限", "申请延期"):
        assert words in shown, words
    with translation.override("zh-hans"):
        assert limit_words(Limit.parse("4wh")) in shown
    assert admin.get(reverse("admin-playbook", args=["nothing"])).status_code == 404


def test_what_ships_newer_is_published_and_nothing_else(office: Office, admin: Client) -> None:
    assert admin.get(reverse("admin-playbooks")).context["newer"] == []
    admin.post(reverse("admin-playbooks-publish"))
    assert wrote(office, "published") == 0
    ProcedureVersion.objects.filter(procedure="grid_event").update(version=0)
    assert [one.procedure for one in admin.get(reverse("admin-playbooks")).context["newer"]] == ["grid_event"]
    admin.post(reverse("admin-playbooks-publish"))
    assert (wrote(office, "published"), [one.newer for one in publishing.shipped()].count(True)) == (1, 0)


def test_every_word_a_playbook_may_name_is_explained(admin: Client) -> None:
    assert set(CONDITIONS) == set(reference.CONDITION_WORDS)
    assert set(EFFECTS) | set(TELLS) | set(LATE) == set(reference.VERB_WORDS)
    page = text_of(admin.get(reverse("admin-playbook-words")))
    for name in (*CONDITIONS, *EFFECTS, *TELLS, *LATE):
        assert name in page, name


def test_a_row_of_the_catalogue_is_added_tried_and_ended(office: Office, admin: Client) -> None:
    stage, add = office.stage, reverse("admin-catalogue-add")
    assert set(admin.post(add, {"class_code": "0401", "unit": ""}).context["form"].errors) == {"unit"}
    sent = {
        "class_code": "0401",
        "area": stage.areas["street"].code,
        "unit": stage.units["patrol"].code,
        "note": "街道清单第3条",
    }
    assert admin.post(add, sent).status_code == 302
    row = CatalogueRow.objects.get(note="街道清单第3条")
    assert (row.class_code, wrote(office, "catalogue-row-made")) == ("0401", 1)
    double = admin.post(add, sent)
    assert (double.status_code, set(double.context["form"].errors)) == (422, {"class_code"})
    tried = admin.get(reverse("admin-catalogue-try"), {"class": "0401", "area": stage.areas["grid"].code})
    assert [one["row"].unit.code for one in tried.context["rows"]] == ["YH-CG", "YH-SZ", "YH-CG"]
    elsewhere = admin.get(
        reverse("admin-catalogue-try"), {"class": "0401", "area": stage.areas["far_street"].code}
    )
    assert elsewhere.context["rows"] == []
    assert admin.get(reverse("admin-catalogue-try"), {"class": "0401", "area": "nowhere"}).status_code == 422
    admin.post(reverse("admin-catalogue-end", args=[row.pk]))
    assert wrote(office, "catalogue-row-ended") == 1
    assert admin.post(reverse("admin-catalogue-end", args=[row.pk])).status_code == 422
    rows = sheet_of(admin.get(reverse("admin-catalogue-export")))
    assert "街道清单第3条" not in str(rows)
    assert len(rows) == 1 + CatalogueRow.objects.filter(valid_to=None).count()


def test_the_row_that_is_explained_first_is_the_one_that_fires(office: Office) -> None:
    grid = office.stage.areas["grid"].pk
    for code in CaseClass.objects.filter(list="social_governance").values_list("code", flat=True):
        explained = catalogue.explain("social_governance", code, grid)
        suggested = dispatching.suggest("social_governance", code, grid)
        assert suggested is not None
        assert explained[0].pk == suggested.row, code


def test_rows_in_doubt_are_named(office: Office, admin: Client) -> None:
    stage = office.stage
    CatalogueRow.objects.create(
        list="social_governance", class_code="04", area=stage.areas["county"], unit=stage.units["water"]
    )
    CatalogueRow.objects.create(
        list="social_governance", class_code="ZZ", area=None, unit=stage.units["water"]
    )
    Organisation.objects.filter(code="YH-CG").update(valid_to=today())
    assert {doubt.why for doubt in catalogue.doubts("social_governance")} == {
        "double",
        "no_class",
        "ended_unit",
    }
    assert len(admin.get(reverse("admin-catalogue")).context["doubts"]) == 4


def test_a_year_is_published_and_counts(office: Office, admin: Client) -> None:
    year, address = today().year + 2, reverse("admin-calendar-publish")
    sent = {
        "year": year,
        "off": f"{year}-10-01 – {year}-10-07\n{year}/05/01",
        "worked": f"{year}-10-10",
        "source": "国办发明电〔2026〕9号",
    }
    wrong = admin.post(address, sent | {"off": "next week", "source": ""})
    assert set(wrong.context["form"].errors) == {"off", "source"}
    other = admin.post(address, sent | {"worked": f"{year + 1}-01-02"})
    assert (other.status_code, set(other.context["form"].errors)) == (422, {"off"})
    both = admin.post(address, sent | {"worked": f"{year}-10-03"})
    assert set(both.context["form"].errors) == {"worked"}
    assert CalendarYear.objects.count() == 0
    assert admin.post(address, sent).status_code == 302
    row = CalendarYear.objects.get()
    assert (row.version, len(row.days), wrote(office, "year-published")) == (1, 9, 1)
    calendar = calendars.calendar()
    assert not calendar.is_working(date(year, 10, 4))
    assert calendar.is_working(date(year, 10, 10))
    same = admin.post(address, sent)
    assert same.status_code == 422
    admin.post(address, sent | {"worked": ""})
    assert [v.version for v in CalendarYear.objects.order_by("version")] == [1, 2]
    page = text_of(admin.get(reverse("admin-calendar")))
    assert "国办发明电〔2026〕9号" in page


def test_working_hours_begin_on_a_day(office: Office, admin: Client) -> None:
    address = reverse("admin-calendar-hours")
    sent = {"valid_from": today().isoformat(), "hours": "08:30–12:00，13:30–17:00", "weekend": ["6"]}
    for wrong, field in (
        ({"hours": "all day"}, "hours"),
        ({"hours": "12:00–08:30"}, "hours"),
        ({"weekend": list("0123456")}, "weekend"),
        ({"valid_from": (today() - timedelta(days=1)).isoformat()}, "valid_from"),
    ):
        answer = admin.post(address, sent | wrong)
        assert (answer.status_code, set(answer.context["form"].errors)) == (422, {field}), wrong
    assert WorkingTime.objects.count() == 0
    assert admin.post(address, sent).status_code == 302
    assert set(admin.post(address, sent).context["form"].errors) == {"valid_from"}
    later = sent | {"valid_from": (today() + timedelta(days=1)).isoformat(), "hours": "09:00–17:00"}
    admin.post(address, later)
    assert wrote(office, "working-time-set") == 2
    assert len(calendars.calendar().hours) == 2
    with at(
        now() + timedelta(days=1)
    ):  # the other hours begin at midnight, without anybody publishing anything
        assert len(calendars.calendar().hours) == 1
    assert len(calendars.calendar().hours) == 2


def test_a_stuck_effect_is_shown_and_tried_again(office: Office, admin: Client) -> None:
    assert "没有卡住的" in text_of(admin.get(reverse("admin-effects")))
    row = outbox.put("hand_over", {"post": office.stage.posts["worker"].pk})
    row.tries, row.error, row.due_at = 5, "KeyError", now() + timedelta(hours=1)
    row.save()
    assert "KeyError" in text_of(admin.get(reverse("admin-effects")))
    admin.post(reverse("admin-effects"), {"row": row.pk})
    assert wrote(office, "tried-again") == 1
    outbox.work_off()
    row.refresh_from_db()
    assert row.done_at is not None
    admin.post(reverse("admin-effects"), {"row": row.pk})  # done by now: nothing happens
    assert wrote(office, "tried-again") == 1


# ---------------------------------------------------------------- boards


def test_boards_are_printed_and_those_that_changed_are_listed(office: Office, admin: Client) -> None:
    stage, page = office.stage, reverse("admin-boards")
    assert admin.post(page, {}).status_code == 422
    grids = [stage.areas["grid"], stage.areas["next_grid"]]
    printed = admin.post(page, {"area": [grid.pk for grid in grids]})
    assert printed["Content-Type"] == "application/pdf"
    assert len(PdfReader(io.BytesIO(printed.content)).pages) == 2
    assert (wrote(office, "board-printed"), BoardPrint.objects.count()) == (2, 2)
    assert boards.to_reprint() == []
    people.assign(people.take_on("J9009", "新来的", by=SYSTEM), stage.posts["chief"], by=SYSTEM)
    areas.change_area(
        Area.objects.get(pk=grids[1].pk), by=SYSTEM, border=shapely.box(117.05, 33.0, 117.09, 33.04)
    )
    found = boards.to_reprint()
    assert [(one.code[-3:], one.people, one.place) for one in found] == [
        ("003", True, False),
        ("004", False, True),
    ]
    shown = admin.get(page)
    assert [row["code"] for row in shown.context["rows"]] == [one.code for one in found]
    rows = sheet_of(admin.get(reverse("admin-boards-export")))
    assert [row[4] for row in rows[1:]] == ["人员或电话", "名称或边界"]
    admin.post(page, {"area": [stage.areas["grid"].pk]})
    assert [one.code[-3:] for one in boards.to_reprint()] == ["004"]
    assert boards.to_reprint(under="991104") == []


def test_what_does_not_stand_on_a_board_does_not_age_it(office: Office) -> None:
    stage = office.stage
    boards.mark_printed([stage.areas["grid"]], by=SYSTEM)
    people.make_post("acceptor", by=SYSTEM, area=stage.areas["grid"])
    people.change_person(stage.people["neighbour_worker"], by=SYSTEM, work_phone="1")
    assert boards.to_reprint() == []
    people.change_person(stage.people["worker"], by=SYSTEM, work_phone="6213 7777")
    assert [one.people for one in boards.to_reprint()] == [True]


def test_at_most_so_many_boards_at_a_time(office: Office, admin: Client) -> None:
    made = [
        areas.make_area(
            "grid", f"991103001002{n:03}", f"第{n}网格", by=SYSTEM, parent=office.stage.areas["community"]
        )
        for n in range(5, 26)
    ]
    answer = admin.post(reverse("admin-boards"), {"area": [area.pk for area in made]})
    assert (answer.status_code, BoardPrint.objects.count()) == (422, 0)
    assert len(admin.get(reverse("admin-boards"), {"show": "never"}).context["rows"]) == 23


# ---------------------------------------------------------------- audit


def test_the_journal_is_verified_and_a_changed_byte_named(office: Office) -> None:
    auditor = office.client("auditor")
    seals.seal()
    whole = auditor.post(reverse("admin-audit-verify"))
    assert (whole.status_code, whole.context["found"].faults) == (200, [])
    assert wrote(office, "verified", name="auditor") == 1
    assert "完整" in text_of(auditor.get(reverse("admin-audit")))
    line = JournalLine.objects.filter(verb="post-made").first()
    assert line is not None
    JournalLine.objects.filter(pk=line.pk).update(detail={"role": "city_leader"})
    found = auditor.post(reverse("admin-audit-verify"))
    assert any(f"row {line.pk}" in fault for fault in found.context["found"].faults)
    assert office.client("administrator").get(reverse("admin-home")).context["verified"].faults > 0


def test_lines_are_found_by_any_number(office: Office) -> None:
    auditor, stage = office.client("auditor"), office.stage
    for text, verb in (
        ("991103001002003", "area-made"),
        ("YH-SW", "organisation-made"),
        (stage.people["worker"].staff_no, "person-taken-on"),
        ("login-auditor", "account-opened"),
    ):
        found = auditor.get(reverse("admin-audit"), {"q": text}).context["found"]
        assert str(said.VERBS[verb]) in {line.verb for one in found for line in one["lines"]}, text
    assert "没有这个编号" in text_of(auditor.get(reverse("admin-audit"), {"q": "nothing"}))


def test_readings_and_exports_are_shown_to_auditors(office: Office, admin: Client) -> None:
    case, auditor = uuid4(), office.client("auditor")
    journal.record_apart(
        "reading",
        case,
        "revealed",
        by=office.stage.staff("worker"),
        detail={"field": "reporter_contact", "purpose": "answer_reporter", "role": "grid_worker"},
    )
    journal.record_apart("search", uuid4(), "searched-by-phone", by=office.stage.staff("acceptor"))
    page = text_of(auditor.get(reverse("admin-audit-readings")))
    for words in ("答复上报人", office.stage.people["worker"].name, office.stage.people["acceptor"].name):
        assert words in page, words
    admin.get(reverse("admin-areas-export"))
    rows = auditor.get(reverse("admin-audit-exports")).context["table"]["rows"]
    assert [row[4] for row in rows] == [office.person("administrator").name]


def test_looking_writes_nothing(office: Office) -> None:
    auditor = office.client("auditor")
    before = JournalLine.objects.count()
    for page in ("admin-audit", "admin-audit-readings", "admin-audit-exports", "admin-logins"):
        auditor.get(reverse(page))
    assert JournalLine.objects.count() == before


# ---------------------------------------------------------------- what a list costs


def statements(client: Client, address: str, query: dict[str, Any] | None = None) -> int:
    with CaptureQueriesContext(connection) as seen:
        assert client.get(address, query or {}).status_code == 200
    return len(seen)


LISTS: tuple[tuple[str, dict[str, str]], ...] = (
    ("admin-areas", {"kind": "grid"}),
    ("admin-organisations", {"q": "公司"}),
    ("admin-people", {}),
    ("admin-seats", {}),
    ("admin-accounts", {}),
    ("admin-boards", {}),
    ("admin-catalogue", {}),
)


def test_a_list_costs_the_same_however_long_it_is(
    office: Office, admin: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        versions, "LOOK_EVERY", 60.0
    )  # as in service: what is kept in memory is not asked for at every look
    SeatRule.objects.create(role="grid_worker", area_kind="grid")
    boards.mark_printed([office.stage.areas["grid"]], by=SYSTEM)
    people.change_person(office.stage.people["worker"], by=SYSTEM, work_phone="1")
    for page, query in LISTS:
        admin.get(reverse(page), query)  # what a process keeps in memory is there
    few = {page: statements(admin, reverse(page), query) for page, query in LISTS}
    _grow(office.stage)
    atlas.forget()
    for page, query in LISTS:
        admin.get(reverse(page), query)
    many = {page: statements(admin, reverse(page), query) for page, query in LISTS}
    assert many == few
    assert max(many.values()) <= 14, many


def _grow(stage: Stage) -> None:
    grids = []
    for n in range(5, 35):
        grid = areas.make_area(
            "grid", f"991103001002{n:03}", f"第{n}网格", by=SYSTEM, parent=stage.areas["community"]
        )
        unit = people.make_organisation(
            f"G{n}", f"第{n}物业公司", "property", by=SYSTEM, parent=stage.units["municipal"], area=grid
        )
        person = people.take_on(f"G{n:04}", f"某{n}", by=SYSTEM, organisation=unit)
        people.assign(person, people.make_post("grid_chief", by=SYSTEM, area=grid), by=SYSTEM)
        accounts.open_account(f"g{n}", person.pk, by=SYSTEM)
        CatalogueRow.objects.create(list="social_governance", class_code="05", area=grid, unit=unit)
        grids.append(grid)
    boards.mark_printed(grids, by=SYSTEM)
    for person in Person.objects.filter(staff_no__startswith="G"):
        people.change_person(person, by=SYSTEM, work_phone="2")
    assert seats.holes() != []


def test_moments_are_the_citys(office: Office) -> None:
    """A line written at one in the morning, city time, is of that day."""
    with at(datetime(2026, 11, 20, 17, 30, tzinfo=UTC)):
        areas.change_area(office.stage.areas["grid"], by=SYSTEM, households=400)
    assert office.stage.areas["grid"].valid_from == date(2026, 11, 21)
