"""FZ-11: party, governance and police grids over one base grid, and the three who answer at a place."""

from __future__ import annotations

from jingwei.rows import ground
from jingwei.rows.playing import Play, expect

GRIDS = 16_000
NETS = (
    ("DJ", "党建网格", "党建网格联络员"),
    ("ZZ", "部门网格", "综治网格联络员"),
    ("JG", "警格", "警格民警"),
)
#: how many base grids one grid of each net covers
EACH = {"DJ": 4, "ZZ": 2, "JG": 10}
HEAD = ["旧网格编码", "网格编码", "旧网格名称", "类型", "原因"]


def prepare(play: Play) -> None:
    """A founded city with its grids and their borders, and the three nets as files."""
    play.doors.found()
    found = play.kept["grids"] = ground.grids(play.of(GRIDS))
    play.doors.bring("areas", ground.write_areas(play.folder / "areas.csv", found))
    play.kept["near"] = near = found[:1_600]
    play.doors.bring("borders", ground.write_borders(play.folder / "near.geojson", ground.borders_of(near)))
    rows, staff = [], []
    for net, kind, role in NETS:
        for n, grid in enumerate(found[:-1]):  # the last grid stays without, to be listed
            code = f"{net}{n // EACH[net]:05}"
            rows.append([code, grid.code, f"{kind}{n // EACH[net]}", kind, ""])
            if not n % EACH[net]:
                staff.append([f"{net}{n:05}", f"{role}{n // EACH[net]}", f"0531-{n:08}", role, code])
    play.kept["nets"] = ground.write_table(play.folder / "nets.csv", HEAD, rows)
    play.kept["staff"] = ground.write_table(
        play.folder / "staff.csv", ["工号", "姓名", "工作电话", "岗位", "岗位区划编码"], staff
    )
    play.note("contacts", len(staff))


def three_nets_lie_over(play: Play) -> None:
    """All three come in from one file; each base grid's page names one of each kind."""
    found = play.kept["grids"]
    play.doors.bring("links", play.kept["nets"])
    play.doors.bring("people", play.kept["staff"])
    play.doors.serve()
    admin = play.kept["admin"] = play.doors.administrator()
    for n in range(0, len(found) - 1, max(1, len(found) // 40)):
        page = admin.open(f"/admin/areas/code/{found[n].code}").text
        for net, kind, _role in NETS:
            name = f"{kind}{n // EACH[net]}"
            expect(f">{name}</a>" in page, f"{found[n].code}: {name} does not lie over it")
    for county in sorted({grid.code[:6] for grid in found}):
        page = admin.open("/admin/borders", under=county).words.partition("The three nets")[2]
        last = county == found[-1].code[:6]
        expect(page.count("Every grid has one.") == (0 if last else 3), f"{county}: {page[:400]}")
    play.note("grids", len(found))
    play.note("nets", len(NETS))


def conflicts_are_listed(play: Play) -> None:
    """Listed: a grid without one of a net, a second one of a kind, one that lies over nothing."""
    found, admin = play.kept["grids"], play.kept["admin"]
    last, second = found[-1], found[4]
    page = admin.open("/admin/borders", under=last.code[:6])
    expect(page.words.count("1 grid has none:") == 3, "the grid without party, governance and police grid")
    expect(page.text.count(f">{last.code}</a>") >= 3, f"{last.code} is not named for each net")
    double = [[f"{net}00000", second.code, "", "", ""] for net, _, _ in NETS if EACH[net] <= 4]
    said = play.doors.turned_away("links", ground.write_table(play.folder / "double.csv", HEAD, double))
    for other in (f"DJ{4 // EACH['DJ']:05}", f"ZZ{4 // EACH['ZZ']:05}"):
        expect(other in said, f"the conflict with {other} is not named: {said[-400:]}")
    admin.send("/admin/areas/make", kind="police_grid", code="JG99999", name="无处警格", since=play.day(),
               parent=last.community)  # fmt: skip
    page = admin.open("/admin/borders", under=last.code[:6])
    expect("1 lies over nothing:" in page.words and "JG99999" in page.text, "JG99999 is not listed")
    police = admin.get("/admin/areas/code/JG99999").headers["location"]
    admin.send(f"{police}over", bases=last.code)
    rows = [[f"{net}90000", last.code, f"{kind}末", kind, ""] for net, kind, _ in NETS if net != "JG"]
    play.doors.bring("links", ground.write_table(play.folder / "last.csv", HEAD, rows))
    page = admin.open("/admin/borders", under=last.code[:6]).words.partition("The three nets")[2]
    for none in ("No grid has two without a reason.", "Every grid has one.", "None lies over nothing."):
        expect(page.count(none) == 3, f"mended, but the page does not say three times: {none}")


def a_place_names_three(play: Play) -> None:
    """A point and a code both answer with the three contacts and their telephones; a hole is said."""
    near, admin, slowest = play.kept["near"], play.kept["admin"], 0.0
    asked = range(0, len(near) - 1, max(1, len(near) // 20))
    for n in asked:
        lon, lat = near[n].middle
        for question in ({"lon": lon, "lat": lat, "source": "cgcs2000"}, {"place": near[n].code}):
            page = admin.open("/admin/answering", **question)
            slowest = max(slowest, page.seconds)
            expect(near[n].code in page.words, f"{question} is not found to lie in {near[n].code}")
            for net, _kind, role in NETS:
                first = n // EACH[net] * EACH[net]
                for said in (f"{role}{n // EACH[net]}", f"0531-{first:08}"):
                    expect(said in page.words, f"{near[n].code}: {said} is not named")
    page = admin.open("/admin/answering", place=play.kept["grids"][-1].code).words
    expect("No post stands there." in page, "that nobody answers in a net is not said")
    play.note("places", len(asked))
    play.note("seconds_slowest", slowest)


PREPARE = prepare
STEPS = (three_nets_lie_over, conflicts_are_listed, a_place_names_three)
