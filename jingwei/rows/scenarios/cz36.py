"""CZ-36: grids without gaps, of a sensible size, each with a code of its own, as they were on any day."""

from __future__ import annotations

import shapely

from jingwei.rows import ground
from jingwei.rows.doors import CODE
from jingwei.rows.playing import Play, expect

GRIDS = 16_000
MOST = 0.5  # per cent


def prepare(play: Play) -> None:
    """A founded city, sixteen thousand grids with borders; one community has a gap, one an overlap."""
    play.doors.found()
    found = play.kept["grids"] = ground.grids(play.of(GRIDS))
    play.kept["counties"] = sorted({grid.code[:6] for grid in found})
    play.kept["communities"] = {grid.community for grid in found}
    play.doors.bring("areas", ground.write_areas(play.folder / "areas.csv", found))
    gap, overlap = found[0], found[10]
    shrunk = gap.border().buffer(-0.0004)
    for county in play.kept["counties"]:
        shapes = dict(ground.borders_of([grid for grid in found if grid.code.startswith(county)]))
        if county == gap.code[:6]:
            swollen = shapely.intersection(overlap.border().buffer(0.0004), shapes[overlap.community])
            shapes |= {gap.code: shrunk, overlap.code: swollen}
        play.doors.bring("borders", ground.write_borders(play.folder / f"{county}.geojson", shapes.items()))
    play.kept |= {"gap": gap, "overlap": overlap}
    play.doors.serve()
    play.kept["admin"] = play.doors.administrator()


def grids_fill_communities(play: Play) -> None:
    """The check names exactly the two communities that are wrong; mended, all of them are sound."""
    gap, overlap = play.kept["gap"], play.kept["overlap"]
    before = _checks(play)
    expect(set(before) == play.kept["communities"], "not every community is compared")
    wrong = {code for code, row in before.items() if max(row) >= MOST}
    expect(wrong == {gap.community, overlap.community}, f"named as wrong: {sorted(wrong)}")
    expect(before[gap.community][0] >= MOST, "the gap is not measured")
    expect(before[overlap.community][1] >= MOST, "the overlap is not measured")
    page = play.kept["admin"].open("/admin/borders", under=gap.code[:6]).text
    expect(gap.community in page and overlap.community in page, "the page does not name them")
    mended = ground.write_borders(
        play.folder / "mended.geojson", [(grid.code, grid.border()) for grid in (gap, overlap)]
    )
    play.doors.bring("borders", mended)
    after = _checks(play)
    worst = max(max(row) for row in after.values())
    expect(worst < MOST, f"a community is {worst} % wrong")
    play.note("communities", len(after))
    play.note("worst_percent", float(worst))


def _checks(play: Play) -> dict[str, tuple[float, float, float]]:
    """Gap, overlap and what sticks out of every community, in per cent, as the sheets say them."""
    found = {}
    for county in play.kept["counties"]:
        for row in play.kept["admin"].open("/admin/borders/export.xlsx", under=county).sheet():
            shares = [float(row[name]) for name in ("Gap (%)", "Overlap (%)", "Outside (%)")]
            found[str(row["Code"])] = (shares[0], shares[1], shares[2])
    return found


def sizes_are_flagged(play: Play) -> None:
    """Grids of 299 and 501 households are named, one of 300 and a special one are not."""
    found = play.kept["grids"]
    for county in play.kept["counties"]:
        page = play.kept["admin"].open("/admin/borders", under=county).words
        listed = page.partition("Grids outside the usual size")[2].partition("The three nets")[0]
        expect("None." in listed, f"{county}: a grid of a usual size is flagged: {listed[:300]}")
    rows = [(found[20], 299, ""), (found[21], 501, ""), (found[22], 300, ""), (found[23], 40, "是")]
    file = ground.write_table(
        play.folder / "sizes.csv",
        ["编码", "名称", "户数", "专属网格"],
        ([grid.code, grid.name, households, special] for grid, households, special in rows),
    )
    play.doors.bring("areas", file)
    page = play.kept["admin"].open("/admin/borders", under=found[20].code[:6])
    flagged = [row[0] for row in page.rows if len(row) == 3 and row[0].isdecimal()]
    expect(sorted(flagged) == [found[20].code, found[21].code], f"flagged: {flagged}")
    play.note("flagged", len(flagged))


def codes_are_unique(play: Play) -> None:
    """A code is taken once: not twice in a file, not by another grid, not after its grid has ended."""
    found, admin = play.kept["grids"], play.kept["admin"]
    twice = [["991101001001901", "甲网格"], ["991101001001901", "乙网格"]]
    said = play.doors.turned_away(
        "areas", ground.write_table(play.folder / "twice.csv", ["编码", "名称"], twice)
    )
    expect("991101001001901" in said, f"the code given twice is not named: {said[-300:]}")
    new = {"kind": "grid", "parent": found[0].community, "name": "又一网格", "since": play.day()}
    answer = admin.post("/admin/areas/make", **new, code=found[0].code)
    expect(answer.status == 422, f"a code that is taken is given again ({answer.status})")
    ended = admin.send("/admin/areas/make", **new, code="991101001001902")
    admin.send(f"{ended}end", on=play.day(), reason="试划后撤销")
    answer = admin.post("/admin/areas/make", **new, code="991101001001902")
    expect(answer.status == 422, f"the code of an ended grid is given again ({answer.status})")
    codes = [row["Code"] for row in admin.open("/admin/areas/export.xlsx", kind="grid").sheet()]
    expect(len(codes) == len(set(codes)) == len(found), f"{len(codes)} codes, {len(set(codes))} different")
    play.note("codes", len(codes))


def every_day_is_kept(play: Play) -> None:
    """A community drawn two years ago and changed since is shown as it was on each day."""
    admin, above = play.kept["admin"], "991150001001"
    start, renamed, split = play.day(ago=730), play.day(ago=500), play.day(ago=200)
    tree = (("county", above[:6], CODE, "老区"), ("street", above[:9], above[:6], "老街道"))
    for kind, code, parent, name in (*tree, ("community", above, above[:9], "老社区")):
        admin.send("/admin/areas/make", kind=kind, code=code, parent=parent, name=name, since=start)
    new = {"kind": "grid", "parent": above}
    first = admin.send(
        "/admin/areas/make", **new, code=f"{above}001", name="老网格", since=start, households=400
    )
    other = admin.send(
        "/admin/areas/make", **new, code=f"{above}002", name="邻网格", since=start, households=400
    )
    changed = {"parent": above, "code": f"{above}011", "name": "新名网格", "households": 450}
    admin.send(f"{first}change", **changed, since=renamed)
    admin.send("/admin/areas/make", **new, code=f"{above}003", name="分出网格", since=split, households=300)
    admin.send(f"{other}end", on=split, successors=f"{above}003", reason="拆分")
    drawn = [(f"{above}011", ground.grids(1)[0].border())]
    play.doors.bring("borders", ground.write_borders(play.folder / "old.geojson", drawn))
    old, neighbour = (f"{above}001", "老网格", "400", "none"), (f"{above}002", "邻网格", "400", "none")
    called, parted = (f"{above}011", "新名网格", "450", "none"), (f"{above}003", "分出网格", "300", "none")
    shown = {
        play.day(ago=731): set(),
        start: {old, neighbour},
        play.day(ago=501): {old, neighbour},
        renamed: {called, neighbour},
        play.day(ago=201): {called, neighbour},
        split: {called, parted},
        play.day(ago=1): {called, parted},
        play.day(): {(*called[:3], "drawn"), parted},
    }
    for day, there in shown.items():
        page = admin.open("/admin/areas/as-of", day=day, under=above)
        rows = {tuple(row) for row in page.rows if len(row) == 4 and row[0].isdecimal()}
        expect(rows == there, f"on {day}: {sorted(rows)}, not {sorted(there)}")
    play.note("days", len(shown))


PREPARE = prepare
STEPS = (grids_fill_communities, sizes_are_flagged, codes_are_unique, every_day_is_kept)
