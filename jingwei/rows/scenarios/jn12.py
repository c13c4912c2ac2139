"""JN-12: the public board of a grid, on the web and on paper."""

from __future__ import annotations

import io
import re
import time
from itertools import pairwise

import segno
from PIL import Image
from pypdf import PdfReader

from jingwei.rows import ground
from jingwei.rows.doors import Answer
from jingwei.rows.playing import Play, expect

GRIDS, PRINTED = 1_600, 40
ROLES = {"网格长": "综合协调本网格事务", "网格员": "每日走访并上报问题"}
CHANGES_WITHIN = 3_600.0


def prepare(play: Play) -> None:
    """A founded city whose grids have borders, a chief and a worker each, with duties and telephones."""
    play.doors.found()
    found = play.kept["grids"] = ground.grids(play.of(GRIDS))
    play.doors.bring("areas", ground.write_areas(play.folder / "areas.csv", found))
    borders = ground.write_borders(play.folder / "borders.geojson", ground.borders_of(found))
    play.doors.bring("borders", borders)
    posts = [[role, grid.code, duty] for role, duty in ROLES.items() for grid in found]
    staff = [
        [f"{kind}{n:05}", f"{role}{n:05}", f"0531-{kind == 'Y':d}{n:07}", role, grid.code]
        for kind, role in (("Z", "网格长"), ("Y", "网格员"))
        for n, grid in enumerate(found)
    ]
    play.doors.bring(
        "people",
        ground.write_table(play.folder / "posts.csv", ["岗位", "区划编码", "职责"], posts),
        ground.write_table(
            play.folder / "staff.csv", ["工号", "姓名", "工作电话", "岗位", "岗位区划编码"], staff
        ),
    )
    play.doors.serve()
    admin = play.kept["admin"] = play.doors.administrator()
    step = max(1, len(found) // play.of(PRINTED))
    play.kept["chosen"] = list(range(0, len(found), step))[: play.of(PRINTED)]
    for n in play.kept["chosen"]:
        for number in (f"Z{n:05}", f"Y{n:05}"):
            person = _person(play, number)
            admin.send(f"{person}photo", photo=_portrait(n), consent="on")


def boards_say_all(play: Play) -> None:
    """The PDF of each grid of a sample across the city: chief, worker, duties, telephones, map and photos."""
    resident, slowest = play.doors.anybody(), 0.0
    for n in play.kept["chosen"]:
        grid = play.kept["grids"][n]
        paper = resident.open(f"/grid/{grid.code}/board.pdf")
        slowest = max(slowest, paper.seconds)
        page = PdfReader(io.BytesIO(paper.body)).pages[0]
        text = re.sub(r"\s", "", page.extract_text())
        for wanted in (
            f"网格长{n:05}",
            f"网格员{n:05}",
            f"0531-0{n:07}",
            f"0531-1{n:07}",
            *ROLES.values(),
            grid.code,
        ):
            expect(wanted in text, f"{grid.code}: “{wanted}” is not on the board: {text[:300]}")
        expect(text.count(grid.name) >= 2, f"{grid.code}: the map does not name the grid")
        expect(len(page.images) == 2, f"{grid.code}: {len(page.images)} photos, not 2")
        web = resident.open(f"/grid/{grid.code}").text
        expect('class="cell-on"' in web, f"{grid.code}: no border is drawn")
    play.note("boards", len(play.kept["chosen"]))
    play.note("seconds_slowest", slowest)


def changes_are_listed(play: Play) -> None:
    """Printed boards that say something else by now are listed, and no other; the new PDF is of now."""
    admin, found, chosen = play.kept["admin"], play.kept["grids"], play.kept["chosen"]
    first, resident = found[chosen[0]], play.doors.anybody()
    numbers = [_area(play, found[n].code) for n in chosen]
    for start in range(0, len(numbers), 10):
        printed = admin.post("/admin/boards", area=numbers[start : start + 10])
        expect(printed.body[:5] == b"%PDF-", f"printing answers {printed.status}: {printed.words[:300]}")
    expect(_listed(admin.open("/admin/boards")) == [], "boards printed a moment ago are listed")
    began = time.perf_counter()
    admin.send(f"{_person(play, f'Y{chosen[0]:05}')}leave", on=play.day())
    file = ground.write_table(
        play.folder / "new.csv", ["工号", "姓名", "工作电话", "岗位", "岗位区划编码"],
        [["Y99999", "新来的网格员", "0531-77777777", "网格员", first.code]],
    )  # fmt: skip
    play.doors.bring("people", file)
    while _listed(admin.open("/admin/boards")) != [first.code]:
        expect(time.perf_counter() - began < CHANGES_WITHIN, "the board is not listed within an hour")
        time.sleep(1)
    paper = PdfReader(io.BytesIO(resident.open(f"/grid/{first.code}/board.pdf").body)).pages[0]
    play.note("seconds_until_changed", time.perf_counter() - began)
    text = re.sub(r"\s", "", paper.extract_text())
    expect("新来的网格员" in text and "0531-77777777" in text, "the new worker is not on the new board")
    expect(f"网格员{chosen[0]:05}" not in text, "who left is still on the board")
    sheet = admin.open("/admin/boards/export.xlsx").sheet()
    expect([row["Code"] for row in sheet] == [first.code], "the sheet to carry along names other boards")
    admin.post("/admin/boards", area=[_area(play, first.code)])
    expect(_listed(admin.open("/admin/boards")) == [], "printed again, it is still listed")


def _listed(page: Answer) -> list[str]:
    return [row[1] for row in page.rows if len(row) > 3 and row[1].isdecimal()]


def qr_opens_the_form(play: Play) -> None:
    """The code holds the address of the report form; there the grid is chosen, and the case lies in it."""
    grid, resident = play.kept["grids"][play.kept["chosen"][-1]], play.doors.anybody()
    web = resident.open(f"/grid/{grid.code}").text
    address = re.search(r'href="(http://[^"]*/report\?grid=\d+)"', web)
    expect(address is not None, "the board has no address of its report form")
    told = address[1] if address else ""
    expect(told.endswith(f"/report?grid={grid.code}"), f"the address is that of another grid: {told}")
    paper = PdfReader(io.BytesIO(resident.open(f"/grid/{grid.code}/board.pdf").body)).pages[0]
    contents = paper.get_contents()
    drawn = _drawn(b"" if contents is None else contents.get_data())
    expect(drawn == _runs(told), f"the code on paper does not say {told}: {sorted(drawn ^ _runs(told))[:8]}")
    form = resident.open(f"/report?grid={grid.code}")
    place = f"第{int(grid.code[6:9])}街道 第{int(grid.code[9:12])}社区 {grid.name}"
    expect(place in form.words, f"the form does not open with {place}: {form.words[:600]}")


def _runs(text: str) -> set[tuple[int, int, int]]:
    """The dark runs of a QR code: row, first column, the column after the last; two light ones around it."""
    found = set()
    for y, row in enumerate(segno.make(text, error="m").matrix_iter(border=2)):
        marks = [0, *row, 0]
        steps = [(x, after - before) for x, (before, after) in enumerate(pairwise(marks))]
        starts, ends = [x for x, step in steps if step == 1], [x for x, step in steps if step == -1]
        found |= {(y, start, end) for start, end in zip(starts, ends, strict=True)}
    return found


def _drawn(page: bytes) -> set[tuple[int, int, int]]:
    """The same as lines of the paper's drawing: each run is a line through the middle of its row."""
    code = page.rpartition(b"6 0 0 6 0 0 cm\n")[2]  # six pixels a module; what stands before is the map
    lines = re.findall(rb"(\d+) (\d+)\.5 m\n(\d+) \2\.5 l\n", code)
    return {(int(y), int(start), int(end)) for start, y, end in lines}


def _person(play: Play, number: str) -> str:
    """The address of somebody's page."""
    page = play.kept["admin"].open("/admin/people/", q=number).text
    found = re.search(r'href="(/admin/people/\d+/)"', page)
    expect(found is not None, f"{number} is not among the people")
    return found[1] if found else ""


def _area(play: Play, code: str) -> str:
    """The number that the page of boards knows an area by."""
    return str(play.kept["admin"].get(f"/admin/areas/code/{code}").headers["location"].split("/")[-2])


def _portrait(n: int) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (240, 320), (60 + n % 120, 90, 120)).save(out, "JPEG")
    return out.getvalue()


PREPARE = prepare
STEPS = (boards_say_all, changes_are_listed, qr_opens_the_form)
