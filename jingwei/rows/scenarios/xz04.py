"""XZ-04: a directory of 18,700 organisations, from the city's committee down to branches."""

from __future__ import annotations

import re
import time

from jingwei.rows import ground
from jingwei.rows.playing import Play, expect

UNITS = 18_700
AREAS = 1_600
OPENS_WITHIN = 1.0
HEAD = ["单位编码", "单位名称", "单位类型", "上级单位编码", "所在区划编码", "电话"]


def prepare(play: Play) -> None:
    """A founded city with its areas, and the file of organisations: one above, committees, branches."""
    play.doors.found()
    found = ground.grids(play.of(16_000))
    play.doors.bring("areas", ground.write_areas(play.folder / "areas.csv", found))
    streets = sorted({grid.code[:9] for grid in found})
    communities = sorted({grid.community for grid in found})
    rows: list[list[str]] = [["DW", "市直属委员会", "党组织", "", "9911", ""]]
    rows += [
        [f"DW{code}", f"{code[4:6]}区第{int(code[6:])}街道委员会", "党组织", "DW", code, ""]
        for code in streets
    ]
    rows += [
        [f"DZ{code}", f"{code[4:9]}第{int(code[9:])}社区总支部", "党组织", f"DW{code[:9]}", code, ""]
        for code in communities
    ]
    branches = play.of(UNITS) - len(rows)
    for n in range(branches):
        code = communities[n % len(communities)]
        rows.append([f"DB{n:05}", f"第{n:05}支部", "党组织", f"DZ{code}", code, f"0531-{n:08}"])
    play.kept |= {"rows": rows, "streets": streets, "communities": communities}
    play.kept["counties"] = sorted({grid.code[:6] for grid in found})


def directory_loads(play: Play) -> None:
    """A file with an orphan and a code given twice is refused with both named; the whole one is taken."""
    rows = play.kept["rows"]
    bad = [*rows[:50], ["DB99998", "孤立支部", "党组织", "DZ-NOWHERE", "", ""], rows[5]]
    said = play.doors.turned_away("people", ground.write_table(play.folder / "bad.csv", HEAD, bad))
    expect("DZ-NOWHERE" in said, f"the orphan is not named: {said[-500:]}")
    expect(rows[5][0] in said, f"the code given twice is not named: {said[-500:]}")
    file = ground.write_table(play.folder / "units.csv", HEAD, rows)
    began = time.perf_counter()
    play.doors.bring("people", file)
    play.note("seconds_import", time.perf_counter() - began)
    play.doors.serve()
    admin = play.kept["admin"] = play.doors.administrator()
    sheet = admin.open("/admin/organisations/export.xlsx").sheet()
    codes = [row["Code"] for row in sheet]
    orphans = [row["Code"] for row in sheet if row["Code"] != "DW" and row["Code above"] not in set(codes)]
    expect(len(codes) == len(rows), f"{len(codes):,} organisations are there, not {len(rows):,}")
    expect(len(set(codes)) == len(codes), "a code stands twice")
    expect(not orphans, f"organisations without one above: {orphans[:10]}")
    play.note("organisations", len(codes))
    play.note("orphans", len(orphans))
    play.note("double_codes", len(codes) - len(set(codes)))


def tree_opens_and_searches(play: Play) -> None:
    """The tree opens from the top to a branch; searches by name, part of a name and code find it."""
    admin = play.kept["admin"]
    page = admin.open("/admin/organisations/")
    slowest = max(page.seconds, admin.open("/admin/organisations/").seconds)
    opened, link = 0, _link(page.text, "市直属委员会")
    while link and opened < 4:
        page = admin.open(link)
        slowest, opened = max(slowest, page.seconds), opened + 1
        link = (
            _link(page.text, "第1街道委员会") or _link(page.text, "第1社区总支部") or _link(page.text, "支部")
        )
    expect(opened == 4, f"the tree opens {opened} steps down, not 4")
    play.within("seconds_tree", slowest, OPENS_WITHIN)
    slowest = 0.0
    last = play.kept["rows"][-1]
    for text in (last[1], last[1][:5], last[0], "支部"):
        page = admin.open("/admin/organisations/", q=text)
        slowest = max(slowest, page.seconds)
        expect("支部" in page.words, f"searching “{text}” finds nothing")
    expect(last[1] in admin.open("/admin/organisations/", q=last[0]).words, "the code does not find its unit")
    play.within("seconds_search", slowest, OPENS_WITHIN)


def totals_add_up(play: Play) -> None:
    """The totals by county, with the city's own beside them, are those of the file and add up to all."""
    table = {
        row[0]: int(row[1].replace(",", ""))
        for row in play.kept["admin"].open("/admin/organisations/").rows
        if len(row) == 2 and row[1].replace(",", "").isdecimal()
    }
    whole = table.pop("In all")
    expect(whole == len(play.kept["rows"]), f"in all {whole}, not {len(play.kept['rows'])}")
    expect(sum(table.values()) == whole, f"the counties add up to {sum(table.values())}, not {whole}")
    for county in play.kept["counties"]:
        name, own = f"第{int(county[4:])}区", sum(1 for row in play.kept["rows"] if row[4].startswith(county))
        expect(table.get(name) == own, f"{name}: {table.get(name)} on the page, {own} in the file")
    play.note("counties", len(play.kept["counties"]))


def changes_are_kept(play: Play) -> None:
    """Each change of name, place above and telephone keeps the old value, who and when."""
    admin, last = play.kept["admin"], play.kept["rows"][-1]
    link = _link(admin.open("/admin/organisations/", q=last[0]).text, last[1])
    before = {"code": last[0], "kind": "党组织", "parent_unit": last[3], "area": last[4]}
    admin.send(f"{link}change", **before, name="改名支部", phone="0531-1")
    above = f"DZ{play.kept['communities'][0]}"
    admin.send(f"{link}change", **{**before, "parent_unit": above}, name="改名支部", phone="0531-2")
    rows = admin.open(link).rows
    for old, new in ((last[1], "改名支部"), (last[5], "0531-1"), ("0531-1", "0531-2")):
        kept = [row for row in rows if old in row and new in row]
        expect(len(kept) == 1, f"the change from {old} to {new} is not kept: {rows[:12]}")
        expect("the-administrator" in kept[0][4], f"who changed {old} is not said: {kept[0]}")
        expect(
            bool(re.search(r"\d{1,2}:\d{2}", kept[0][0])), f"when {old} was changed is not said: {kept[0]}"
        )
    names = {row[0]: row[1] for row in play.kept["rows"]}
    moved = [row for row in rows if names[last[3]] in row and names[above] in row]
    expect(len(moved) == 1, "the change of what stands above is not kept")


def _link(page: str, text: str) -> str:
    """The address behind the first unit whose name ends so."""
    found = re.search(rf'href="(/admin/organisations/\d+/)">[^<]*{re.escape(text)}</a>', page)
    return found[1] if found else ""


PREPARE = prepare
STEPS = (directory_loads, tree_opens_and_searches, totals_add_up, changes_are_kept)
