"""XZ-19: a judge, a prosecutor and a police officer for every grid."""

from __future__ import annotations

import re
import time

from jingwei.rows import ground
from jingwei.rows.playing import Play, expect

GRIDS = 16_000
#: how many grids one official looks after
EACH = {"法官": 20, "检察官": 20, "社区民警": 5}
ROLES = {"法官": "judge", "检察官": "prosecutor", "社区民警": "police"}
HEAD = ["工号", "姓名", "工作电话", "岗位", "岗位区划编码"]
CHANGES_WITHIN, LISTS_WITHIN = 3_600.0, 2.0


def prepare(play: Play) -> None:
    """A founded city with its grids, and officials for all of them but the last."""
    play.doors.found()
    found = play.kept["grids"] = ground.grids(play.of(GRIDS))
    play.doors.bring("areas", ground.write_areas(play.folder / "areas.csv", found))
    rows = [
        [
            f"{ROLES[role][:2].upper()}{n // each:05}",
            f"{role}{n // each}",
            f"0531-{n // each:08}",
            role,
            grid.code,
        ]
        for role, each in EACH.items()
        for n, grid in enumerate(found[:-1])
    ]
    began = time.perf_counter()
    play.doors.bring("people", ground.write_table(play.folder / "officials.csv", HEAD, rows))
    play.kept["seconds_import"] = time.perf_counter() - began
    play.doors.serve()
    admin = play.kept["admin"] = play.doors.administrator()
    for role in ROLES.values():
        admin.send("/admin/seats/rules", role=role, least=1)


def seats_are_filled(play: Play) -> None:
    """With the last grid's three assigned, no seat of the three is empty in any grid."""
    found, admin = play.kept["grids"], play.kept["admin"]
    play.note("seconds_import", play.kept["seconds_import"])
    expect(_coverage(play) == (3 * len(found) - 3, 3 * len(found)), f"coverage is {_coverage(play)}")
    rows = [[f"{ROLES[role][:2].upper()}00000", f"{role}0", "", role, found[-1].code] for role in EACH]
    play.doors.bring("people", ground.write_table(play.folder / "last.csv", HEAD, rows))
    for role in ROLES.values():
        page = admin.open("/admin/seats/", role=role).words
        expect("Every required seat is filled" in page, f"a grid is without its {role}")
    play.note("seats", 3 * len(found))


def coverage_and_holes(play: Play) -> None:
    """Coverage is filled seats over three times the grids; an empty seat is among the holes."""
    found, admin = play.kept["grids"], play.kept["admin"]
    expect(_coverage(play) == (3 * len(found), 3 * len(found)), f"coverage is {_coverage(play)}")
    grid = found[-1]
    page = admin.open(f"/admin/areas/code/{grid.code}").text
    post = re.search(r'href="/admin/posts/(\d+)/">[^<]*法官', page)
    expect(post is not None, f"{grid.code}: the judge's post is not on its page")
    play.kept["post"] = post[1] if post else ""
    sitting = re.search(
        r"/admin/assignments/(\d+)/end", admin.open(f"/admin/posts/{play.kept['post']}/").text
    )
    admin.send(f"/admin/assignments/{sitting[1] if sitting else 0}/end", on=play.day())
    expect(_coverage(play) == (3 * len(found) - 1, 3 * len(found)), f"coverage is {_coverage(play)}")
    holes = admin.open("/admin/seats/", role="judge")
    listed = [row[0] for row in holes.rows if row and row[0].isdecimal()]
    expect(listed == [grid.code], f"listed as holes: {listed[:5]}")
    play.within("seconds_list", holes.seconds, LISTS_WITHIN)
    play.note("coverage", "/".join(map(str, _coverage(play))))


def _coverage(play: Play) -> tuple[int, int]:
    """Filled and required seats of the three together, as the page says them."""
    page = play.kept["admin"].open("/admin/seats/").words
    said = re.search(r"Judge, prosecutor and police officer together\D*[\d.]+%?\s*([\d,]+)/([\d,]+)", page)
    expect(said is not None, f"the three are not counted together: {page[-500:]}")
    return (int(said[1].replace(",", "")), int(said[2].replace(",", ""))) if said else (0, 0)


def board_follows(play: Play) -> None:
    """The public board shows the seat as vacant, and the new judge as soon as one is assigned."""
    grid, admin, resident = play.kept["grids"][-1], play.kept["admin"], play.doors.anybody()
    board = resident.open(f"/grid/{grid.code}").words
    expect("法官0" not in board and "Judge · vacant" in board, f"the board still names who left: {board}")
    began = time.perf_counter()
    admin.send(f"/admin/posts/{play.kept['post']}/assign", person="JU00001", starts=play.day())
    while "法官1" not in resident.open(f"/grid/{grid.code}").words:
        expect(time.perf_counter() - began < CHANGES_WITHIN, "the board does not change within an hour")
        time.sleep(1)
    play.note("seconds_until_shown", time.perf_counter() - began)
    board = resident.open(f"/grid/{grid.code}").text
    expect('href="tel:0531-00000001"' in board, "the new judge's work telephone is not on the board")


PREPARE = prepare
STEPS = (seats_are_filled, coverage_and_holes, board_follows)
