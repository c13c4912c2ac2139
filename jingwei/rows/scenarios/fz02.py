"""FZ-02: 674 branches and 4,001 groups, each at work in a grid."""

from __future__ import annotations

import re
import time

from jingwei.rows import ground
from jingwei.rows.playing import Play, expect

BRANCHES, GROUPS, EACH = 674, 4_001, 6
LINKS = ["单位编码", "网格编码", "原因"]


def prepare(play: Play) -> None:
    """A founded city with as many grids as groups and a few more, and the file of branches and groups."""
    play.doors.found()
    branches, groups = play.of(BRANCHES), play.of(GROUPS)
    found = play.kept["grids"] = ground.grids(max(groups, branches * EACH) + 5)
    play.doors.bring("areas", ground.write_areas(play.folder / "areas.csv", found))
    units = [[f"ZB{n:04}", f"第{n}网格党支部", "党支部", ""] for n in range(branches)]
    units += [[f"XZ{n:04}", f"第{n}党小组", "党小组", f"ZB{n % branches:04}"] for n in range(groups)]
    links = [[f"ZB{n // EACH:04}", found[n].code, ""] for n in range(branches * EACH)]
    links += [[f"XZ{n:04}", found[n].code, ""] for n in range(groups)]
    play.kept["units"] = ground.write_table(
        play.folder / "units.csv", ["单位编码", "单位名称", "单位类型", "上级单位编码"], units
    )
    play.kept["links"] = ground.write_table(play.folder / "links.csv", LINKS, links)
    play.kept["without"] = [grid.code for grid in found[branches * EACH :]]


def every_unit_has_a_grid(play: Play) -> None:
    """Branches and groups come in with their grids; the sheet of units says in how many each works."""
    began = time.perf_counter()
    play.doors.bring("people", play.kept["units"], play.kept["links"])
    play.note("seconds_import", time.perf_counter() - began)
    play.doors.serve()
    admin = play.kept["admin"] = play.doors.administrator()
    sheet = admin.open("/admin/organisations/export.xlsx").sheet()
    for beginning, wanted in (("ZB", play.of(BRANCHES)), ("XZ", play.of(GROUPS))):
        own = [row for row in sheet if str(row["Code"]).startswith(beginning)]
        idle = [row["Code"] for row in own if int(row["Areas it works in"] or 0) < 1]
        expect(len(own) == wanted, f"{len(own)} of {wanted} {beginning} are there")
        expect(not idle, f"without a grid: {idle[:10]}")
    play.note("branches", play.of(BRANCHES))
    play.note("groups", play.of(GROUPS))


def grids_without_are_listed(play: Play) -> None:
    """The list names exactly the grids without a branch; with the last one linked it is empty."""
    admin, without = play.kept["admin"], play.kept["without"]
    expect(_without(play) == without, f"listed: {_without(play)[:10]}, not {without[:10]}")
    link = re.search(
        r'href="(/admin/organisations/\d+/)"', admin.open("/admin/organisations/", q="ZB0000").text
    )
    expect(link is not None, "the first branch is not found")
    play.kept["first"] = first = link[1] if link else ""
    admin.send(f"{first}areas", areas="\n".join(without))
    expect(_without(play) == [], f"still listed: {_without(play)[:10]}")
    play.note("listed", len(without))


def _without(play: Play) -> list[str]:
    """The codes of all pages of the list of grids without a branch."""
    found: list[str] = []
    for page in range(1, 200):
        rows = play.kept["admin"].open("/admin/organisations/without", kind="party", page=page).rows
        codes = [row[0] for row in rows if row and row[0].isdecimal()]
        found += codes
        if len(codes) < 50:
            break
    return found


def doubles_need_a_reason(play: Play) -> None:
    """A second branch in a grid is refused without a reason, by file and by form, and stands with one."""
    grid = play.kept["grids"][EACH].code  # the second branch works there
    admin, first = play.kept["admin"], play.kept["first"]
    file = ground.write_table(play.folder / "double.csv", LINKS, [["ZB0000", grid, ""]])
    said = play.doors.turned_away("links", file)
    expect("ZB0001" in said, f"the branch that is there already is not named: {said[-300:]}")
    answer = admin.post(f"{first}areas", areas=grid, reason="")
    expect(answer.status == 422, f"the form takes a double without a reason ({answer.status})")
    expect(grid not in admin.open(first).text, "the refused link stands all the same")
    file = ground.write_table(play.folder / "reason.csv", LINKS, [["ZB0000", grid, "两个支部共管"]])
    play.doors.bring("links", file)
    page = admin.open(first).words
    expect(grid in page and "两个支部共管" in page, "the double link with its reason is not shown")


PREPARE = prepare
STEPS = (every_unit_has_a_grid, grids_without_are_listed, doubles_need_a_reason)
