"""JN-17: 16,000 grids and 24,000 grid workers, with the departments' old grids brought to the new codes."""

from __future__ import annotations

import time

from jingwei.rows import ground
from jingwei.rows.playing import Play, expect

GRIDS, STAFF = 16_000, 24_000
OLD = "BM{:05}"
OPENS_WITHIN = 3.0


def prepare(play: Play) -> None:
    """An empty city and the files of sixteen thousand grids."""
    play.doors.found()
    found = play.kept["grids"] = ground.grids(play.of(GRIDS))
    counties = sorted({grid.code[:6] for grid in found})
    play.kept["counties"] = counties
    ground.write_areas(play.folder / "areas.csv", found)
    for county in counties:
        own = [grid for grid in found if grid.code.startswith(county)]
        ground.write_borders(play.folder / f"{county}.geojson", ground.borders_of(own))
    workers = [
        [f"GW{n:05}", f"网格员{n:05}", f"13{n:09}", "网格员", found[n % len(found)].code, ""]
        for n in range(play.of(STAFF))
    ]
    leaders = [
        [f"L{n:05}", f"区长{n}", "", "区县负责人", county, f"leader{n}"] for n, county in enumerate(counties)
    ]
    head = ["工号", "姓名", "工作电话", "岗位", "岗位区划编码", "登录名"]
    ground.write_table(play.folder / "workers.csv", head, workers)
    ground.write_table(play.folder / "leaders.csv", head, leaders)


def everything_loads(play: Play) -> None:
    """Areas, borders and staff come in from files; the pages count what the files held."""
    began = time.perf_counter()
    play.doors.bring("areas", play.folder / "areas.csv")
    play.note("seconds_areas", time.perf_counter() - began)
    began = time.perf_counter()
    for county in play.kept["counties"]:
        play.doors.bring("borders", play.folder / f"{county}.geojson")
    play.note("seconds_borders", time.perf_counter() - began)
    began = time.perf_counter()
    play.doors.bring("people", play.folder / "workers.csv")
    play.note("seconds_staff", time.perf_counter() - began)
    codes = play.folder / "codes.xlsx"
    play.doors.bring("people", play.folder / "leaders.csv", more=["--open-accounts", "--codes", str(codes)])
    play.doors.serve()
    admin = play.kept["admin"] = play.doors.administrator()
    grids, staff = play.of(GRIDS), play.of(STAFF)
    page = admin.open("/admin/areas/", kind="grid").words
    expect(f"of {grids:,}" in page, f"the areas page does not count {grids:,} grids: {page[:400]}")
    page = admin.open("/admin/people/", q="GW").words
    expect(f"{staff} people" in page, f"the people page does not count {staff:,} grid workers: {page[:400]}")
    play.note("grids", grids)
    play.note("staff", staff)


def district_opens(play: Play) -> None:
    """A district's leader opens the map of the district, and the borders that its map draws."""
    slowest = slowest_borders = 0.0
    for n, county in enumerate(play.kept["counties"]):
        leader = play.doors.activated(f"leader{n}", play.folder / "codes.xlsx")
        board = leader.open("/board/", area=county)
        expect(board.text.count("<path") >= 16, f"the map of {county} does not show its 16 streets")
        slowest = max(slowest, board.seconds)
        shapes = leader.open(f"/place/borders/{county}.geojson")
        expect(len(shapes.json["features"]) == 16, f"{county}: borders of 16 streets expected")
        slowest_borders = max(slowest_borders, shapes.seconds)
    play.note("districts", len(play.kept["counties"]))
    play.within("seconds_map", slowest, OPENS_WITHIN)
    play.within("seconds_borders", slowest_borders, OPENS_WITHIN)


def old_grids_have_new_codes(play: Play) -> None:
    """Every old grid of the departments lies over new ones: one of each grid, some over two.

    An old grid without a new code is found by the page, so that its silence means something.
    """
    found, admin = play.kept["grids"], play.kept["admin"]
    rows = [[OLD.format(n), grid.code, f"旧网格{n}", "部门网格", ""] for n, grid in enumerate(found)]
    rows += [
        [OLD.format(n), found[n + 1].code, "", "", "旧网格跨两个网格"] for n in range(0, len(found) - 1, 20)
    ]
    file = ground.write_table(
        play.folder / "old.csv", ["旧网格编码", "网格编码", "旧网格名称", "类型", "原因"], rows
    )
    began = time.perf_counter()
    play.doors.bring("links", file)
    play.note("seconds_old_grids", time.perf_counter() - began)
    page = admin.open("/admin/areas/", kind="department_grid").words
    expect(f"of {len(found):,}" in page, f"not every old grid is there: {page[:400]}")
    admin.send(
        "/admin/areas/make", kind="department_grid", code="BM99999", name="没有新码的旧网格",
        since=play.day(), parent=found[0].community,
    )  # fmt: skip
    expect("BM99999" in admin.open("/admin/borders").text, "an old grid without a new code is not listed")
    lost = admin.get("/admin/areas/code/BM99999").headers["location"]
    admin.send(f"{lost}over", bases=found[0].code, reason="补对应")
    for county in play.kept["counties"]:
        page = admin.open("/admin/borders", under=county).words
        part = page.partition("The three nets")[2]
        expect(part.count("None lies over nothing.") == 3, f"{county}: an old grid lies over nothing")
    for n in range(0, len(found), max(1, len(found) // 40)):
        page = admin.open(f"/admin/areas/code/{OLD.format(n)}").text
        expect(found[n].code in page, f"the page of {OLD.format(n)} does not name {found[n].code}")
    play.note("old_grids", len(found) + 1)


def nobody_is_missing(play: Play) -> None:
    """No grid is without staff; a grid whose last worker leaves is named at once."""
    found, admin = play.kept["grids"], play.kept["admin"]
    alone = play.of(STAFF) - len(found)  # the first so many grids have two
    seats = admin.open("/admin/seats/", role="grid_worker")
    play.note("seconds_seats", seats.seconds)
    whole = f"{len(found):,}/{len(found):,}"
    expect(whole in seats.words, f"the seats page does not say {whole}: {seats.words[:600]}")
    expect("Every required seat is filled" in seats.words, "a grid is without a grid worker")
    last = found[alone]
    person = admin.open("/admin/people/", q=f"GW{alone:05}").text.split("/admin/people/")
    number = next(part.split("/")[0] for part in person if part.split("/")[0].isdecimal())
    admin.send(f"/admin/people/{number}/leave", on=play.day())
    page = admin.open("/admin/seats/", role="grid_worker").words
    expect(last.code in page, f"{last.code}, whose only worker left, is not listed")
    expect(f"{len(found) - 1:,}/{len(found):,}" in page, "the hole is not counted")
    file = ground.write_table(
        play.folder / "again.csv",
        ["工号", "姓名", "岗位", "岗位区划编码"],
        [["GW99999", "新来的", "网格员", last.code]],
    )
    play.doors.bring("people", file)
    page = admin.open("/admin/seats/", role="grid_worker").words
    expect(whole in page, "the grid is still listed although somebody sits there again")


PREPARE = prepare
STEPS = (everything_loads, district_opens, old_grids_have_new_codes, nobody_is_missing)
